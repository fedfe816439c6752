//! The STUN and TURN options: flags, the start of the relay inside the program, and other TURN servers that share its
//! secret. Relaying is `vitrine_turn`'s business; the ICE servers of a participant are [`crate::ice_servers`]'s.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU64,
    ops::RangeInclusive,
    time::Duration,
};

use clap::Args;
use vitrine_protocol::ice_url;
use vitrine_turn::{IpNet, Limits, Relay, Secret};

use crate::{
    addresses,
    ice_servers::{LocalRelay, Turn},
};

/// The port of STUN and TURN (RFC 8489 section 18.6).
const PORT: u16 = 3478;

/// Bytes per second in a kbit/s.
const KBIT: u64 = 125;

/// Length of a generated secret, in bytes.
const SECRET_BYTES: usize = 32;

/// Options of the relay and of other TURN servers.
#[derive(Clone, Debug, Args)]
// The comments are the text of --help, where links have no brackets.
#[allow(rustdoc::bare_urls)]
pub struct TurnOptions {
    /// Address and port to answer STUN and TURN on, over UDP and TCP, or "none"; may be given several times.
    ///
    /// Without it, that is port 3478 of the address of --listen, and none with --turn-url. Behind a proxy on the same
    /// machine give it, for example 0.0.0.0:3478: browsers reach the relay directly, not through the proxy. With HTTPS,
    /// the port of HTTPS answers TURN over TLS as well. In the environment variable, several are separated by spaces.
    #[arg(
        long, env = "VITRINE_TURN_LISTEN", value_name = "ADDRESS:PORT", value_delimiter = ' ',
        value_parser = parse_listen
    )]
    pub turn_listen: Vec<TurnListen>,

    /// Name or address of the relay in the ICE servers of browsers.
    ///
    /// Without it, that is the name by which a browser reached the signaling.
    #[arg(long, env = "VITRINE_TURN_HOST", value_name = "HOST", value_parser = parse_host)]
    pub turn_host: Option<String>,

    /// Public address of this machine, where it has a private one behind a NAT that maps every port to itself, as in
    /// most clouds; one for IPv4 and one for IPv6.
    #[arg(long, env = "VITRINE_EXTERNAL_IP", value_name = "ADDRESS", value_delimiter = ' ')]
    pub external_ip: Vec<IpAddr>,

    /// UDP ports for allocations. A firewall has to let them in.
    #[arg(
        long, env = "VITRINE_TURN_RELAY_PORTS", value_name = "MIN-MAX", default_value = "49152-65535",
        value_parser = parse_ports
    )]
    pub turn_relay_ports: RangeInclusive<u16>,

    /// Network that is not on the internet but may be relayed to, such as 192.168.0.0/16; may be given several times.
    ///
    /// Otherwise loopback, private, link-local, shared and multicast addresses are refused, so that the relay gives no
    /// access to the inside of your network. This machine itself stays closed: a network that contains its addresses or
    /// loopback among others, such as 0.0.0.0/0, does not open them. A network that is all loopback does: 127.0.0.0/8
    /// opens every UDP service of this machine that listens on all addresses or on a loopback address other than
    /// 127.0.0.1.
    #[arg(long = "turn-allow-peer", env = "VITRINE_TURN_ALLOW_PEER", value_name = "NETWORK", value_delimiter = ' ')]
    pub turn_allow_peers: Vec<IpNet>,

    /// Allocations of one participant at a time. A browser makes several for each peer.
    #[arg(
        long, env = "VITRINE_TURN_USER_QUOTA", value_name = "COUNT",
        default_value_t = Limits::default().allocations_per_user
    )]
    pub turn_user_quota: usize,

    /// Allocations at a time of all participants at one address; a /64 of IPv6 counts as one address.
    #[arg(
        long, env = "VITRINE_TURN_ADDRESS_QUOTA", value_name = "COUNT",
        default_value_t = Limits::default().allocations_per_address
    )]
    pub turn_address_quota: usize,

    /// Allocations of all participants together.
    #[arg(
        long, env = "VITRINE_TURN_TOTAL_QUOTA", value_name = "COUNT", default_value_t = Limits::default().allocations
    )]
    pub turn_total_quota: usize,

    /// Bandwidth of one allocation in each direction, in kbit/s; 0 for no limit.
    ///
    /// A packet counts with its headers, as 48 bytes more than its payload.
    #[arg(long, env = "VITRINE_TURN_BANDWIDTH", value_name = "KBIT", default_value_t = 10_000)]
    pub turn_bandwidth: u64,

    /// Another TURN server; may be given several times.
    ///
    /// It is used instead of the relay in this program or, with --turn-listen, beside it. It has to accept credentials
    /// that are signed with --turn-secret, as coturn does with use-auth-secret. It looks like
    /// turn:HOST:PORT?transport=udp, turn:HOST:PORT?transport=tcp or turns:HOST:PORT.
    #[arg(
        long = "turn-url", env = "VITRINE_TURN_URL", value_name = "URL", value_delimiter = ' ',
        requires = "turn_secret", value_parser = parse_turn_url
    )]
    pub turn_urls: Vec<String>,

    /// Secret that signs TURN credentials. Prefer the environment variable: every user of a machine sees the arguments
    /// of its programs.
    ///
    /// Without it, the relay in this program generates one at every start.
    #[arg(long, env = "VITRINE_TURN_SECRET", value_name = "SECRET", hide_env_values = true, value_parser = parse_secret)]
    pub turn_secret: Option<Secret>,

    /// Seconds for which TURN credentials are valid. Calls that last longer get new ones.
    #[arg(
        long, env = "VITRINE_TURN_LIFETIME", value_name = "SECONDS", default_value_t = 4 * 60 * 60,
        value_parser = clap::value_parser!(u64).range(10..=7 * 24 * 60 * 60)
    )]
    pub turn_lifetime: u64,
}

/// Where the relay listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnListen {
    /// Nowhere.
    Nowhere,
    /// At this address.
    On(SocketAddr),
}

impl Default for TurnOptions {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            turn_listen: Vec::new(),
            turn_host: None,
            external_ip: Vec::new(),
            turn_relay_ports: 49152..=65535,
            turn_allow_peers: Vec::new(),
            turn_user_quota: limits.allocations_per_user,
            turn_address_quota: limits.allocations_per_address,
            turn_total_quota: limits.allocations,
            turn_bandwidth: 10_000,
            turn_urls: Vec::new(),
            turn_secret: None,
            turn_lifetime: 4 * 60 * 60,
        }
    }
}

impl TurnOptions {
    /// Starts the relay, if configured, for a server that listens on `listen`. Returns it, and the TURN servers for
    /// participants. `tls` is whether the server accepts TURN over TLS.
    ///
    /// # Errors
    /// When the relay cannot start.
    pub(crate) async fn start(
        &self,
        listen: SocketAddr,
        tls: bool,
    ) -> Result<(Option<Relay>, Option<Turn>), vitrine_turn::Error> {
        let lifetime = Duration::from_secs(self.turn_lifetime);
        let external = self.turn_urls.clone();
        let addresses = self.addresses(listen);
        if addresses.is_empty() {
            let secret = self.turn_secret.clone().filter(|_| !external.is_empty());
            return Ok((None, secret.map(|secret| Turn { secret, lifetime, local: None, external })));
        }
        let secret = match &self.turn_secret {
            Some(secret) => secret.clone(),
            None => random_secret()?,
        };
        let relay = Relay::bind(self.relay_config(addresses, secret.clone())).await?;
        tracing::info!(udp = ?relay.udp_addresses(), tcp = ?relay.tcp_addresses(), "answering STUN and TURN");
        let local = LocalRelay {
            host: self.turn_host.clone(),
            udp: relay.udp_addresses().first().map(SocketAddr::port),
            tcp: relay.tcp_addresses().first().map(SocketAddr::port),
            tls,
            loopback: relay.udp_addresses().iter().all(|address| address.ip().is_loopback()),
            localhost: localhost(relay.udp_addresses()),
        };
        Ok((Some(relay), Some(Turn { secret, lifetime, local: Some(local), external })))
    }

    /// The configuration of a relay at `addresses`.
    fn relay_config(&self, addresses: Vec<SocketAddr>, secret: Secret) -> vitrine_turn::Config {
        vitrine_turn::Config {
            udp: addresses.clone(),
            tcp: addresses,
            external: self.external_ip.clone(),
            relay_ports: self.turn_relay_ports.clone(),
            allow_peers: self.turn_allow_peers.clone(),
            limits: Limits {
                allocations_per_user: self.turn_user_quota,
                allocations_per_address: self.turn_address_quota,
                allocations: self.turn_total_quota,
                bandwidth: NonZeroU64::new(self.turn_bandwidth.saturating_mul(KBIT)),
                ..Limits::default()
            },
            ..vitrine_turn::Config::new(secret)
        }
    }

    fn addresses(&self, listen: SocketAddr) -> Vec<SocketAddr> {
        if self.turn_listen.is_empty() && self.turn_urls.is_empty() {
            return vec![SocketAddr::new(listen.ip(), PORT)];
        }
        let on = |listen: &TurnListen| match listen {
            TurnListen::Nowhere => None,
            TurnListen::On(address) => Some(*address),
        };
        self.turn_listen.iter().filter_map(on).collect()
    }
}

/// The address at which this machine itself reaches a relay at `addresses`.
fn localhost(addresses: &[SocketAddr]) -> Option<IpAddr> {
    if addresses.iter().any(|address| address.ip().is_unspecified()) {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    addresses.iter().map(SocketAddr::ip).find(IpAddr::is_loopback)
}

fn random_secret() -> Result<Secret, getrandom::Error> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(Secret::from(bytes))
}

fn parse_listen(text: &str) -> Result<TurnListen, String> {
    match text {
        "none" => Ok(TurnListen::Nowhere),
        address => addresses::resolve(address)
            .map(TurnListen::On)
            .map_err(|error| format!("{error}; \"none\" switches STUN and TURN off")),
    }
}

/// Parses a name or an address without a port, and writes it as in a URL.
fn parse_host(text: &str) -> Result<String, String> {
    if let Ok(IpAddr::V6(address)) = text.trim_start_matches('[').trim_end_matches(']').parse() {
        return Ok(format!("[{address}]"));
    }
    let is_host = !text.contains([':', '?']) && ice_url::check(&format!("turn:{text}")).is_ok();
    if is_host { Ok(text.to_owned()) } else { Err("it must be a name or an address, without a port".to_owned()) }
}

fn parse_ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let range = text.split_once('-').and_then(|(min, max)| Some(min.trim().parse().ok()?..=max.trim().parse().ok()?));
    range
        .filter(|range| !range.is_empty() && *range.start() > 0)
        .ok_or_else(|| "it must look like 49152-65535, two ports of which the first is not the larger".to_owned())
}

fn parse_turn_url(text: &str) -> Result<String, String> {
    const FORM: &str = "it must look like turn:HOST:PORT?transport=udp or turns:HOST:PORT";
    ice_url::check(text).map_err(|error| format!("{error}; {FORM}"))?;
    if text.starts_with("turn") { Ok(text.to_owned()) } else { Err(FORM.to_owned()) }
}

fn parse_secret(text: &str) -> Result<Secret, String> {
    if text.is_empty() { Err("it must not be empty".to_owned()) } else { Ok(Secret::from(text)) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// The relay's configuration for the given arguments.
    fn relay_config(arguments: &str) -> vitrine_turn::Config {
        #[derive(Parser)]
        struct Program {
            #[command(flatten)]
            turn: TurnOptions,
        }
        let arguments = ["program"].into_iter().chain(arguments.split_whitespace());
        let program = Program::try_parse_from(arguments).unwrap();
        program.turn.relay_config(vec!["192.0.2.1:3478".parse().unwrap()], Secret::from("secret"))
    }

    #[test]
    fn flags_reach_the_relay() {
        let config = relay_config(
            "--turn-user-quota 11 --turn-address-quota 22 --turn-total-quota 33 --turn-bandwidth 44 \
             --turn-relay-ports 50000-50100 --turn-allow-peer 10.0.0.0/8 --external-ip 198.51.100.1",
        );
        let Limits { allocations_per_user, allocations_per_address, allocations, bandwidth, .. } = config.limits;
        assert_eq!((allocations_per_user, allocations_per_address, allocations), (11, 22, 33));
        // 44 kbit are 5500 bytes.
        assert_eq!(bandwidth, NonZeroU64::new(5500));
        assert_eq!(config.relay_ports, 50000..=50100);
        assert_eq!(config.allow_peers, ["10.0.0.0/8".parse().unwrap()]);
        assert_eq!(config.external, ["198.51.100.1".parse::<IpAddr>().unwrap()]);
        assert_eq!((&config.udp, &config.tcp), (&vec!["192.0.2.1:3478".parse().unwrap()], &config.udp));
        assert_eq!(relay_config("--turn-bandwidth 0").limits.bandwidth, None);
    }

    #[test]
    fn without_flags_the_relay_has_its_default_limits() {
        let limits = |config: vitrine_turn::Config| format!("{:?} {:?}", config.relay_ports, config.limits);
        let by_default = limits(vitrine_turn::Config::new(Secret::from("secret")));
        assert_eq!(limits(relay_config("")), by_default);
        let options = TurnOptions::default();
        assert_eq!(limits(options.relay_config(Vec::new(), Secret::from("secret"))), by_default);
    }

    #[test]
    fn relay_listens_on_the_address_of_the_server_by_default() {
        let listen = "192.0.2.1:443".parse().unwrap();
        let addresses = |options: TurnOptions| options.addresses(listen);
        assert_eq!(addresses(TurnOptions::default()), ["192.0.2.1:3478".parse().unwrap()]);
        let external = TurnOptions { turn_urls: vec!["turn:a".to_owned()], ..TurnOptions::default() };
        assert_eq!(addresses(external), []);
        let told = |text| TurnOptions { turn_listen: vec![parse_listen(text).unwrap()], ..TurnOptions::default() };
        assert_eq!(addresses(told("none")), []);
        assert_eq!(addresses(told("[::]:1")), ["[::]:1".parse().unwrap()]);
    }

    #[test]
    fn hosts_ports_and_urls_are_validated() {
        assert_eq!(parse_host("turn.example").as_deref(), Ok("turn.example"));
        assert_eq!(parse_host("2001:db8::1").as_deref(), Ok("[2001:db8::1]"));
        assert!(parse_host("turn.example:3478").is_err() && parse_host("").is_err() && parse_host("a b").is_err());
        assert!(parse_host("turn.example?x").is_err() && parse_host("192.0.2.256").is_err());
        assert_eq!(parse_ports("50000-50100"), Ok(50000..=50100));
        for wrong in ["", "1", "2-1", "0-1", "a-b", "1-70000"] {
            assert!(parse_ports(wrong).is_err(), "{wrong}");
        }
        assert!(parse_turn_url("turn:a:1?transport=tcp").is_ok() && parse_turn_url("turns:a").is_ok());
        for wrong in
            ["", "turn:", "turn://a", "stun:a", "a", "turn:a:b", "turn:a:0", "turn:a?transport=sctp", "turn:a,b"]
        {
            assert!(parse_turn_url(wrong).is_err(), "{wrong}");
        }
    }
}
