//! `cargo xtask serve`: builds the app and the server in release, and runs the server. A fresh clone needs no other
//! command. For development with hot reload, there is `cargo xtask trunk serve`.

use crate::process::{Failure, Outcome, become_program, say};
use crate::{dist, server};
use std::env;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs, UdpSocket};
use std::path::Path;
use std::process::{Command, ExitCode};

/// Default address of the server.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// Default port of the server for STUN and TURN.
const TURN_PORT: u16 = 3478;

/// Builds what is out of date and runs `vitrine-server` with the flags `extra`. The server prints its address.
pub fn serve(root: &Path, target: &Path, listen: Option<&str>, extra: &[String]) -> Outcome<ExitCode> {
    let listen_in_extra = flag_value(extra, "--listen");
    let listen = listen.or(listen_in_extra).unwrap_or(DEFAULT_LISTEN);
    let address = resolve(listen)?;
    // Report a port in use now, not after minutes of building.
    check_free(address)?;
    // Build the app and the server side by side: the app's link-time optimisation keeps only one core busy.
    dist::ensure_tools(root, target)?;
    let server = server::start_build(root, target)?;
    let dist = dist::build(root, target)?;
    let server = server.finish()?;
    check_free(address)?;
    say("starting vitrine-server (ctrl-c stops it)");
    let mut command = Command::new(server);
    command.current_dir(root).arg("--dist").arg(dist).args(extra);
    if listen_in_extra.is_none() {
        command.arg("--listen").arg(address.to_string());
    }
    if !sets_turn(extra)
        && let Some(port) = alternative_turn_port(address.ip(), TURN_PORT)
    {
        say(format!("port {TURN_PORT} is in use by another program; using port {port} for STUN and TURN"));
        command.arg("--turn-listen").arg(SocketAddr::new(address.ip(), port).to_string());
    }
    become_program(&mut command)
}

/// The value of `flag` in the arguments of another program.
fn flag_value<'a>(arguments: &'a [String], flag: &str) -> Option<&'a str> {
    let with_value = |word: &'a String| word.strip_prefix(flag)?.strip_prefix('=');
    let after = arguments.iter().skip_while(|word| *word != flag).nth(1).map(String::as_str);
    after.or_else(|| arguments.iter().find_map(with_value))
}

/// Looks a name up by the server's own rule: the first IPv4 address, or else the first IPv6 address.
fn resolve(listen: &str) -> Outcome<SocketAddr> {
    let found = listen.to_socket_addrs().ok().and_then(|found| found.min_by_key(SocketAddr::is_ipv6));
    found.ok_or_else(|| {
        Failure(format!("`{listen}` is not an address; write, for example, {DEFAULT_LISTEN} or localhost:8080"))
    })
}

/// Whether a flag or a variable already sets the address of STUN and TURN.
fn sets_turn(extra: &[String]) -> bool {
    let flags = ["--turn-listen", "--turn-url"];
    let is_flag = |word: &String| flags.contains(&word.split('=').next().unwrap_or_default());
    extra.iter().any(is_flag)
        || ["VITRINE_TURN_LISTEN", "VITRINE_TURN_URL"].iter().any(|name| env::var_os(name).is_some())
}

/// A free port after `default`, if `default` is in use, so that a second server can run on the same machine.
fn alternative_turn_port(address: IpAddr, default: u16) -> Option<u16> {
    let is_free = |port: &u16| UdpSocket::bind((address, *port)).is_ok() && TcpListener::bind((address, *port)).is_ok();
    if is_free(&default) { None } else { (default..default.saturating_add(100)).find(is_free) }
}

fn check_free(address: SocketAddr) -> Outcome {
    TcpListener::bind(address).map(drop).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Failure(format!(
            "port {} is in use by another program. Use another port, for example:\n    \
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
    fn listen_flag_is_found_among_server_flags() {
        let value = |text: &str| {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            flag_value(&words, "--listen").map(str::to_owned)
        };
        assert_eq!(value("--tls-self-signed --listen 0.0.0.0:8443").as_deref(), Some("0.0.0.0:8443"));
        assert_eq!(value("--listen=0.0.0.0:8443 --tls-self-signed").as_deref(), Some("0.0.0.0:8443"));
        assert_eq!(value("--listener 1 --tls-self-signed"), None);
    }

    #[test]
    fn host_names_are_resolved() {
        assert!(resolve("localhost:8080").unwrap().ip().is_loopback());
        assert_eq!(resolve("[::]:1").unwrap(), "[::]:1".parse().unwrap());
        assert!(resolve("8080").is_err());
    }

    #[test]
    fn alternative_turn_port_is_used_when_default_is_taken() {
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (address, default) = (taken.local_addr().unwrap().ip(), taken.local_addr().unwrap().port());
        let alternative = alternative_turn_port(address, default).unwrap();
        assert_ne!(alternative, default);
        assert_eq!(alternative_turn_port(address, alternative), None);
    }

    #[test]
    fn given_turn_address_is_kept() {
        let sets = |text: &str| sets_turn(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert!(sets("--turn-listen none") && sets("--turn-url=turn:a"));
        assert!(!sets("--turn-host a"));
    }

    #[test]
    fn port_in_use_is_reported_with_an_alternative() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let failure = check_free(address).unwrap_err().to_string();
        assert!(failure.contains(&address.port().to_string()) && failure.contains("--listen"), "{failure}");
        drop(listener);
        check_free(address).unwrap();
    }
}
