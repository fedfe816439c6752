//! The `iceServers` of each participant: STUN and TURN URLs, and TURN credentials that are the participant's own and
//! expire. Relaying itself is `vitrine_turn`'s business.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, SystemTime},
};

use axum::http::uri::Authority;
use vitrine_protocol::signaling::IceServer;
use vitrine_turn::{Secret, credentials};

use crate::addresses::is_loopback;

/// The fallback if the participant cannot reach STUN on this server and no other server is configured.
const PUBLIC_STUN: &str = "stun:stun.l.google.com:19302";

/// Issues the `iceServers` of participants.
#[derive(Debug)]
pub struct IceServers {
    /// The servers of `--ice-server`, the same for every participant; `None` without the flag.
    pub configured: Option<Vec<IceServer>>,
    /// TURN servers that accept signed credentials.
    pub turn: Option<Turn>,
}

/// The relay in this program and TURN servers that share a secret with it.
#[derive(Debug)]
pub struct Turn {
    /// The secret that signs the credentials.
    pub secret: Secret,
    /// How long the credentials are valid.
    pub lifetime: Duration,
    /// The relay in this program.
    pub local: Option<LocalRelay>,
    /// URLs of other TURN servers.
    pub external: Vec<String>,
}

/// How participants reach the relay in this program. By default, under the name by which they reached this server.
#[derive(Debug)]
pub struct LocalRelay {
    /// The name of --turn-host, which takes precedence.
    pub host: Option<String>,
    /// Port of STUN and of TURN over UDP.
    pub udp: Option<u16>,
    /// Port of TURN over TCP.
    pub tcp: Option<u16>,
    /// Whether the port of HTTPS answers TURN over TLS.
    pub tls: bool,
    /// Whether the relay listens on loopback only.
    pub loopback: bool,
    /// The address for participants on this machine. With the name `localhost`, browsers try `::1` as well and wait for
    /// a response that never comes.
    pub localhost: Option<IpAddr>,
}

/// The ICE servers issued to one participant.
#[derive(Debug, PartialEq)]
pub struct Issued {
    /// The servers.
    pub servers: Vec<IceServer>,
    /// Seconds until the credentials expire; `None` without credentials.
    pub lifetime: Option<u64>,
}

impl IceServers {
    /// Issues the servers for `user`, which reached this server under the name `host`.
    pub fn issue(&self, user: &str, host: Option<&Authority>, now: SystemTime) -> Issued {
        let mut servers = self.configured.clone().unwrap_or_default();
        let mut lifetime = None;
        if let Some(turn) = &self.turn {
            let (stun, mut urls) = turn.local.as_ref().map(|local| local.urls(host)).unwrap_or_default();
            urls.extend(turn.external.iter().cloned());
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
        if servers.is_empty() && self.configured.is_none() {
            servers.push(plain(PUBLIC_STUN.to_owned()));
        }
        Issued { servers, lifetime }
    }
}

impl LocalRelay {
    /// The STUN URL, if any, and the TURN URLs.
    fn urls(&self, reached: Option<&Authority>) -> (Option<String>, Vec<String>) {
        let Self { host, udp, tcp, tls, loopback, localhost } = self;
        let Some(name) = host.as_deref().or(reached.map(Authority::host)) else {
            return (None, Vec::new());
        };
        let address = localhost.filter(|_| host.is_none() && name.eq_ignore_ascii_case("localhost"));
        // Behind a proxy on this machine, participants cannot reach a relay that listens on loopback.
        if host.is_none() && *loopback && !is_loopback(name) {
            return (None, Vec::new());
        }
        let at = |port: u16| match address {
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

    fn local_relay(host: Option<&str>, loopback: bool) -> IceServers {
        let (udp, tcp, localhost) = (Some(3478), Some(3478), Some("127.0.0.1".parse().unwrap()));
        let local = LocalRelay { host: host.map(str::to_owned), udp, tcp, tls: true, loopback, localhost };
        let (secret, external) = (Secret::from("secret"), Vec::new());
        IceServers { configured: None, turn: Some(Turn { secret, lifetime: HOUR, local: Some(local), external }) }
    }

    fn urls(servers: &IceServers, host: &str) -> Vec<String> {
        let authority = host.parse().unwrap();
        let issued = servers.issue("ada", Some(&authority), SystemTime::UNIX_EPOCH);
        issued.servers.into_iter().flat_map(|server| server.urls).collect()
    }

    #[test]
    fn relay_urls_use_the_name_by_which_the_participant_reached_the_server() {
        assert_eq!(
            urls(&local_relay(None, false), "calls.example:8443"),
            [
                "stun:calls.example:3478",
                "turn:calls.example:3478?transport=udp",
                "turn:calls.example:3478?transport=tcp",
                "turns:calls.example:8443?transport=tcp"
            ]
        );
        assert_eq!(urls(&local_relay(None, false), "[2001:db8::1]")[3], "turns:[2001:db8::1]:443?transport=tcp");
    }

    #[test]
    fn configured_relay_name_takes_precedence() {
        assert_eq!(urls(&local_relay(Some("turn.example"), true), "calls.example")[0], "stun:turn.example:3478");
    }

    #[test]
    fn loopback_relay_is_issued_to_this_machine_only() {
        assert_eq!(urls(&local_relay(None, true), "localhost:8080")[0], "stun:127.0.0.1:3478");
        assert_eq!(urls(&local_relay(None, true), "[::1]:8080")[0], "stun:[::1]:3478");
        assert_eq!(urls(&local_relay(None, true), "calls.example"), [PUBLIC_STUN]);
    }

    #[test]
    fn external_turn_servers_are_issued_beside_the_local_relay() {
        let mut servers = local_relay(Some("calls.example"), false);
        servers.turn.as_mut().unwrap().external = vec!["turns:turn.example:5349".to_owned()];
        let issued = servers.issue("ada", None, SystemTime::UNIX_EPOCH);
        assert_eq!(issued.servers.len(), 2);
        assert_eq!(issued.servers[1].urls[0], "turn:calls.example:3478?transport=udp");
        assert_eq!(issued.servers[1].urls.last().map(String::as_str), Some("turns:turn.example:5349"));
        // And alone, if the participant cannot reach the local relay.
        let mut servers = local_relay(None, true);
        servers.turn.as_mut().unwrap().external = vec!["turns:turn.example:5349".to_owned()];
        assert_eq!(urls(&servers, "calls.example"), ["turns:turn.example:5349"]);
    }

    #[test]
    fn credentials_are_per_participant_and_expire() {
        let authority = "calls.example".parse().unwrap();
        let issue = |user| local_relay(None, false).issue(user, Some(&authority), SystemTime::UNIX_EPOCH);
        let (ada, ben) = (issue("ada"), issue("ben"));
        assert_eq!(ada.lifetime, Some(3600));
        assert_eq!(ada.servers[1].username.as_deref(), Some("3600:ada"));
        assert_ne!(ada.servers[1].credential, ben.servers[1].credential);
    }

    #[test]
    fn configured_empty_list_stays_empty() {
        let none = IceServers { configured: Some(Vec::new()), turn: None };
        assert_eq!(none.issue("ada", None, SystemTime::UNIX_EPOCH), Issued { servers: Vec::new(), lifetime: None });
    }
}
