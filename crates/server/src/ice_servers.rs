//! What participants are told to use for STUN and TURN (`iceServers`), each with credentials of his or her own that
//! expire. It names servers and signs credentials; relaying is the business of `vitrine_turn`.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, SystemTime},
};

use axum::http::uri::Authority;
use vitrine_protocol::signaling::IceServer;
use vitrine_turn::{Secret, credentials};

use crate::addresses::is_loopback;

/// Named where this server answers no STUN that the participant could reach, and nothing else is named.
const PUBLIC_STUN: &str = "stun:stun.l.google.com:19302";

/// The servers to name, and how to sign for them.
#[derive(Debug)]
pub struct IceServers {
    /// Those of `--ice-server`, the same for everybody; `None` where nothing was said.
    pub named: Option<Vec<IceServer>>,
    /// TURN servers that take signed credentials.
    pub turn: Option<Turn>,
}

/// The relay in this program and TURN servers that share a secret with it.
#[derive(Debug)]
pub struct Turn {
    /// What the credentials are signed with.
    pub secret: Secret,
    /// How long they are good for.
    pub lifetime: Duration,
    /// The relay in this program, if there is one.
    pub here: Option<Here>,
    /// URLs of those elsewhere.
    pub elsewhere: Vec<String>,
}

/// Where the relay in this program is: under the name by which the participant reached this server.
#[derive(Debug)]
pub struct Here {
    /// The name to use instead.
    pub host: Option<String>,
    /// Port of STUN and of TURN over UDP.
    pub udp: Option<u16>,
    /// Port of TURN over TCP.
    pub tcp: Option<u16>,
    /// TURN over TLS is answered where the page is.
    pub tls: bool,
    /// Only this machine can reach it.
    pub loopback: bool,
    /// How this machine reaches it. For `localhost` browsers ask at `::1` as well, and wait for an answer that does
    /// not come.
    pub localhost: Option<IpAddr>,
}

/// What one participant is told.
#[derive(Debug, PartialEq)]
pub struct Issued {
    /// The servers.
    pub servers: Vec<IceServer>,
    /// For how many seconds from now; `None` where nothing expires.
    pub lifetime: Option<u64>,
}

impl IceServers {
    /// The servers for `user`, who reached this server under the name `host`.
    pub fn issue(&self, user: &str, host: Option<&Authority>, now: SystemTime) -> Issued {
        let mut servers = self.named.clone().unwrap_or_default();
        let mut lifetime = None;
        if let Some(turn) = &self.turn {
            let (stun, mut urls) = turn.here.as_ref().map(|here| here.urls(host)).unwrap_or_default();
            urls.extend(turn.elsewhere.iter().cloned());
            servers.extend(stun.map(plain));
            if !urls.is_empty() {
                let credentials = credentials::issue(&turn.secret, user, now + turn.lifetime);
                servers.push(IceServer {
                    urls,
                    username: Some(credentials.username),
                    credential: Some(credentials.password),
                });
                lifetime = Some(turn.lifetime.as_secs());
            }
        }
        if servers.is_empty() && self.named.is_none() {
            servers.push(plain(PUBLIC_STUN.to_owned()));
        }
        Issued { servers, lifetime }
    }
}

impl Here {
    /// The STUN URL, if any, and those of TURN.
    fn urls(&self, reached: Option<&Authority>) -> (Option<String>, Vec<String>) {
        let Self { host, udp, tcp, tls, loopback, localhost } = self;
        let Some(name) = host.as_deref().or(reached.map(Authority::host)) else {
            return (None, Vec::new());
        };
        let here = localhost.filter(|_| host.is_none() && name.eq_ignore_ascii_case("localhost"));
        // Behind a proxy on this machine, unless told otherwise, the relay is where no participant gets.
        if host.is_none() && *loopback && !is_loopback(name) {
            return (None, Vec::new());
        }
        let at = |port: u16| match here {
            Some(address) => SocketAddr::new(address, port).to_string(),
            None => format!("{name}:{port}"),
        };
        let mut urls = Vec::new();
        urls.extend(udp.map(|port| format!("turn:{}?transport=udp", at(port))));
        urls.extend(tcp.map(|port| format!("turn:{}?transport=tcp", at(port))));
        if *tls {
            let port = reached.and_then(Authority::port_u16).unwrap_or(443);
            urls.push(format!("turns:{name}:{port}?transport=tcp"));
        }
        (udp.map(|port| format!("stun:{}", at(port))), urls)
    }
}

fn plain(url: String) -> IceServer {
    IceServer { urls: vec![url], username: None, credential: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn here(host: Option<&str>, loopback: bool) -> IceServers {
        let (udp, tcp, localhost) = (Some(3478), Some(3478), Some("127.0.0.1".parse().unwrap()));
        let here = Here { host: host.map(str::to_owned), udp, tcp, tls: true, loopback, localhost };
        let (secret, elsewhere) = (Secret::from("secret"), Vec::new());
        IceServers { named: None, turn: Some(Turn { secret, lifetime: HOUR, here: Some(here), elsewhere }) }
    }

    fn urls(servers: &IceServers, host: &str) -> Vec<String> {
        let authority = host.parse().unwrap();
        let issued = servers.issue("ada", Some(&authority), SystemTime::UNIX_EPOCH);
        issued.servers.into_iter().flat_map(|server| server.urls).collect()
    }

    #[test]
    fn the_relay_is_named_as_the_participant_named_the_server() {
        assert_eq!(
            urls(&here(None, false), "calls.example:8443"),
            [
                "stun:calls.example:3478",
                "turn:calls.example:3478?transport=udp",
                "turn:calls.example:3478?transport=tcp",
                "turns:calls.example:8443?transport=tcp"
            ]
        );
        assert_eq!(urls(&here(None, false), "[2001:db8::1]")[3], "turns:[2001:db8::1]:443?transport=tcp");
    }

    #[test]
    fn a_name_given_by_the_operator_goes_first() {
        assert_eq!(urls(&here(Some("turn.example"), true), "calls.example")[0], "stun:turn.example:3478");
    }

    #[test]
    fn a_relay_that_only_this_machine_reaches_is_named_to_this_machine_only() {
        assert_eq!(urls(&here(None, true), "localhost:8080")[0], "stun:127.0.0.1:3478");
        assert_eq!(urls(&here(None, true), "[::1]:8080")[0], "stun:[::1]:3478");
        assert_eq!(urls(&here(None, true), "calls.example"), [PUBLIC_STUN]);
    }

    #[test]
    fn turn_servers_elsewhere_are_named_beside_the_relay_here() {
        let mut servers = here(Some("calls.example"), false);
        servers.turn.as_mut().unwrap().elsewhere = vec!["turns:turn.example:5349".to_owned()];
        let issued = servers.issue("ada", None, SystemTime::UNIX_EPOCH);
        assert_eq!(issued.servers.len(), 2);
        assert_eq!(issued.servers[1].urls[0], "turn:calls.example:3478?transport=udp");
        assert_eq!(issued.servers[1].urls.last().map(String::as_str), Some("turns:turn.example:5349"));
        // And alone, to whom the one here is out of reach.
        let mut servers = here(None, true);
        servers.turn.as_mut().unwrap().elsewhere = vec!["turns:turn.example:5349".to_owned()];
        assert_eq!(urls(&servers, "calls.example"), ["turns:turn.example:5349"]);
    }

    #[test]
    fn credentials_are_the_participant_s_own_and_expire() {
        let authority = "calls.example".parse().unwrap();
        let issue = |user| here(None, false).issue(user, Some(&authority), SystemTime::UNIX_EPOCH);
        let (ada, ben) = (issue("ada"), issue("ben"));
        assert_eq!(ada.lifetime, Some(3600));
        assert_eq!(ada.servers[1].username.as_deref(), Some("3600:ada"));
        assert_ne!(ada.servers[1].credential, ben.servers[1].credential);
    }

    #[test]
    fn what_was_named_none_stays_none() {
        let none = IceServers { named: Some(Vec::new()), turn: None };
        assert_eq!(none.issue("ada", None, SystemTime::UNIX_EPOCH), Issued { servers: Vec::new(), lifetime: None });
    }
}
