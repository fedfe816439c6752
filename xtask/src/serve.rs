//! `cargo xtask serve`: from a fresh clone to a page in the browser. Everything is built in release, as it would be
//! deployed; development with hot reload is `cargo xtask trunk serve`.

use crate::dist;
use crate::process::{Failure, Outcome, become_program, say};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, ExitCode};

/// Where the server listens unless told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// Builds what is out of date and becomes `vitrine-server`, to which `extra` goes.
pub fn serve(root: &Path, target: &Path, listen: &str, extra: &[String]) -> Outcome<ExitCode> {
    let address: SocketAddr =
        listen.parse().map_err(|_| Failure(format!("`{listen}` is not an address such as {DEFAULT_LISTEN}")))?;
    // Before the build: a port in use is better heard of now than in minutes.
    check_free(address)?;
    let dist = dist::build(root, target)?;
    let server = dist::build_server(root, target)?;
    check_free(address)?;
    say(format!("Vitrine is at {} (ctrl-c stops it)", link(address)));
    let mut command = Command::new(server);
    command.current_dir(root).arg("--listen").arg(listen).arg("--dist").arg(dist).args(extra);
    become_program(&mut command)
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

/// Cameras are only for secure pages, and plain HTTP is one only under the name `localhost`.
fn link(address: SocketAddr) -> String {
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_is_one_that_a_browser_trusts_with_a_camera() {
        let link = |text: &str| link(text.parse().unwrap());
        assert_eq!(link("127.0.0.1:8080"), "http://localhost:8080");
        assert_eq!(link("[::]:80"), "http://localhost:80");
        assert_eq!(link("192.0.2.1:8080"), "http://192.0.2.1:8080");
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
