//! `cargo xtask serve`: from a fresh clone to a page in the browser. Everything is built in release, as it would be
//! deployed; development with hot reload is `cargo xtask trunk serve`.

use crate::process::{Failure, Outcome, become_program, say};
use crate::{dist, server};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, ExitCode};

/// Where the server listens unless told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// Builds what is out of date and becomes `vitrine-server`, to which `extra` goes. It prints where it is to be found.
pub fn serve(root: &Path, target: &Path, listen: Option<&str>, extra: &[String]) -> Outcome<ExitCode> {
    let among_extra = value_of("--listen", extra);
    let listen = listen.or(among_extra).unwrap_or(DEFAULT_LISTEN);
    let address: SocketAddr =
        listen.parse().map_err(|_| Failure(format!("`{listen}` is not an address such as {DEFAULT_LISTEN}")))?;
    // Before the build: a port in use is better heard of now than in minutes.
    check_free(address)?;
    let dist = dist::build(root, target)?;
    let server = server::build(root, target)?;
    check_free(address)?;
    say("starting vitrine-server (ctrl-c stops it)");
    let mut command = Command::new(server);
    command.current_dir(root).arg("--dist").arg(dist).args(extra);
    if among_extra.is_none() {
        command.arg("--listen").arg(listen);
    }
    become_program(&mut command)
}

/// The value of a flag among those of another program.
fn value_of<'a>(flag: &str, arguments: &'a [String]) -> Option<&'a str> {
    let with_value = |word: &'a String| word.strip_prefix(flag)?.strip_prefix('=');
    let after = arguments.iter().skip_while(|word| *word != flag).nth(1).map(String::as_str);
    after.or_else(|| arguments.iter().find_map(with_value))
}

fn check_free(address: SocketAddr) -> Outcome {
    TcpListener::bind(address).map(drop).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Failure(format!(
            "port {} is in use by another program. Choose another, for example:\n    \
             cargo xtask serve --listen {}:{}",
            address.port(),
            address.ip(),
            address.port().wrapping_add(1)
        )),
        _ => Failure(format!("cannot listen on {address}: {error}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_given_to_the_server_itself() {
        let value = |text: &str| {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            value_of("--listen", &words).map(str::to_owned)
        };
        assert_eq!(value("--tls-self-signed --listen 0.0.0.0:8443").as_deref(), Some("0.0.0.0:8443"));
        assert_eq!(value("--listen=0.0.0.0:8443 --tls-self-signed").as_deref(), Some("0.0.0.0:8443"));
        assert_eq!(value("--listener 1 --tls-self-signed"), None);
    }

    #[test]
    fn a_port_in_use_is_said_with_what_to_do() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let failure = check_free(address).unwrap_err().to_string();
        assert!(failure.contains(&address.port().to_string()) && failure.contains("--listen"), "{failure}");
        drop(listener);
        check_free(address).unwrap();
    }
}
