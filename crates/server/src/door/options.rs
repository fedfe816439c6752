//! The flags of the door.

use std::num::NonZeroU32;

use clap::Args;
use ipnet::IpNet;

const OFF: &str = "off";
const RATE_LIMIT: NonZeroU32 = NonZeroU32::new(100).unwrap();
const MAX_CONNECTIONS: NonZeroU32 = NonZeroU32::new(100).unwrap();

/// How much each connection and each address may do, and who may read the figures.
#[derive(Clone, Debug, Args)]
pub struct DoorOptions {
    /// Events a second that one connection may send in the long run, or "off".
    ///
    /// A hundred for each participant that a room may have come at once: that lets a newcomer into a full room, and a
    /// whole room back in after a loss. An event counts once more for every 8 KiB. What goes beyond is refused with
    /// the code "rate-limited"; whoever goes on all the same is disconnected. "off" also lifts the limit of one
    /// attempt a second, thirty at once, to enter a room.
    #[arg(
        long, env = "VITRINE_RATE_LIMIT", value_name = "EVENTS_PER_SECOND", default_value = "100",
        value_parser = parse_limit
    )]
    pub rate_limit: std::option::Option<NonZeroU32>,

    /// Signaling connections that one address may have open, or "off"; a /64 of IPv6 counts as one address.
    ///
    /// The default lets an office behind one address in. From it follow how often one address may connect (twice as
    /// many at once, a tenth of it a second in the long run) and try to enter a room (twice as many at once, a fiftieth
    /// of it a second), so that guessing the names of rooms does not pay. A connection too many is refused with the
    /// status 429. Connections from this machine itself are not counted unless a --trusted-proxy is named: a proxy
    /// here would make one address of everybody.
    #[arg(
        long, env = "VITRINE_MAX_CONNECTIONS_PER_ADDRESS", value_name = "COUNT", default_value = "100",
        value_parser = parse_limit
    )]
    pub max_connections_per_address: std::option::Option<NonZeroU32>,

    /// Address of a proxy whose X-Forwarded-For is believed, such as 127.0.0.1 or 10.0.0.0/8; may be given several
    /// times.
    ///
    /// Its last address that is not one of these proxies is the client's. Without the flag the header is not believed,
    /// since anybody can send it, and a proxy on another machine counts as one client: for the signaling, and among
    /// those that have 512 HTTP connections at most. In the environment variable, several are separated by spaces.
    #[arg(
        long = "trusted-proxy", env = "VITRINE_TRUSTED_PROXY", value_name = "ADDRESS[/BITS]", value_delimiter = ' ',
        value_parser = parse_network
    )]
    pub trusted_proxies: Vec<IpNet>,

    /// What a reader of GET /metrics has to show, as "Authorization: Bearer TOKEN"; or "off" for no such page.
    ///
    /// Without the flag it is there for programs on this machine that ask for localhost or a loopback address, and not
    /// for what a proxy passes on (it tells by the headers Forwarded, X-Forwarded-For, X-Real-IP and Via, and by a Host
    /// other than those; behind a proxy here that adds none and changes Host, set a token). Counts of sockets, rooms,
    /// participants, messages and refusals, for Prometheus; no names and no addresses.
    #[arg(long, env = "VITRINE_METRICS_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub metrics_token: Option<String>,
}

impl Default for DoorOptions {
    fn default() -> Self {
        Self {
            rate_limit: Some(RATE_LIMIT),
            max_connections_per_address: Some(MAX_CONNECTIONS),
            trusted_proxies: Vec::new(),
            metrics_token: None,
        }
    }
}

/// Who may read the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers<'a> {
    /// Programs on this machine.
    Local,
    /// Whoever shows this token.
    Holders(&'a str),
    /// Nobody.
    Nobody,
}

impl DoorOptions {
    /// Who may read the metrics.
    pub fn readers(&self) -> Readers<'_> {
        match self.metrics_token.as_deref() {
            None => Readers::Local,
            Some(OFF) => Readers::Nobody,
            Some(token) => Readers::Holders(token),
        }
    }
}

fn parse_limit(text: &str) -> Result<Option<NonZeroU32>, String> {
    match text {
        OFF => Ok(None),
        _ => text.parse().map(Some).map_err(|_| "it is a number from 1 on, or \"off\"".to_owned()),
    }
}

fn parse_network(text: &str) -> Result<IpNet, String> {
    let network = text.parse().or_else(|_| text.parse().map(|address: std::net::IpAddr| address.into()));
    network.map_err(|_| "it looks like 192.0.2.1, 10.0.0.0/8 or fd00::/8".to_owned())
}
