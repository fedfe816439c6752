//! The flags for limits, trusted proxies and access to the metrics.

use std::num::NonZeroU32;

use clap::Args;
use ipnet::IpNet;

const OFF: &str = "off";
const RATE_LIMIT: NonZeroU32 = NonZeroU32::new(100).unwrap();
const MAX_CONNECTIONS: NonZeroU32 = NonZeroU32::new(100).unwrap();

/// Limits per connection and per address, trusted proxies, and access to the metrics.
#[derive(Clone, Debug, Args)]
pub struct AccessOptions {
    /// Events a second that one connection may send in the long run, or "off".
    ///
    /// The burst is a hundred for each participant that a room may have: enough for a newcomer to a full room, and for
    /// a whole room that reconnects. An event counts once more for every 8 KiB. Events beyond the limit are refused
    /// with the code "rate-limited"; a client that goes on sending is disconnected. "off" also lifts the limit of one
    /// attempt a second, thirty at once, to enter a room.
    #[arg(
        long, env = "VITRINE_RATE_LIMIT", value_name = "EVENTS_PER_SECOND", default_value = "100",
        value_parser = parse_limit
    )]
    pub rate_limit: std::option::Option<NonZeroU32>,

    /// Signaling connections that one address may have open, or "off"; a /64 of IPv6 counts as one address.
    ///
    /// The default is enough for an office behind one address. The limits on connecting (twice as many at once, a tenth
    /// of it a second in the long run) and on attempts to enter a room (twice as many at once, a fiftieth of it a
    /// second) follow from it, so that guessing the names of rooms does not pay. A connection too many is refused with
    /// the status 429. Connections from this machine itself are not counted unless a --trusted-proxy is named: a proxy
    /// here would make all clients one address.
    #[arg(
        long, env = "VITRINE_MAX_CONNECTIONS_PER_ADDRESS", value_name = "COUNT", default_value = "100",
        value_parser = parse_limit
    )]
    pub max_connections_per_address: std::option::Option<NonZeroU32>,

    /// Address of a proxy whose X-Forwarded-For is trusted, such as 127.0.0.1 or 10.0.0.0/8; may be given several
    /// times.
    ///
    /// The last address in it that is not one of these proxies is the client's. Without the flag the header is ignored,
    /// since any client can send it, and a proxy on another machine counts as one client: for the signaling, and for
    /// the limit of 512 HTTP connections. In the environment variable, several are separated by spaces.
    #[arg(
        long = "trusted-proxy", env = "VITRINE_TRUSTED_PROXY", value_name = "ADDRESS[/BITS]", value_delimiter = ' ',
        value_parser = parse_network
    )]
    pub trusted_proxies: Vec<IpNet>,

    /// Token for GET /metrics, sent as "Authorization: Bearer TOKEN"; "off" switches the page off.
    ///
    /// Without the flag the page is for programs on this machine that ask for localhost or a loopback address. Requests
    /// that a proxy passes on are refused: they have a header Forwarded, X-Forwarded-For, X-Real-IP or Via, or another
    /// Host. Behind a proxy on this machine that adds none of these and changes Host, set a token. The page has counts
    /// of sockets, rooms, participants, messages and refusals, for Prometheus; no names and no addresses.
    #[arg(long, env = "VITRINE_METRICS_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub metrics_token: Option<String>,
}

impl Default for AccessOptions {
    fn default() -> Self {
        Self {
            rate_limit: Some(RATE_LIMIT),
            max_connections_per_address: Some(MAX_CONNECTIONS),
            trusted_proxies: Vec::new(),
            metrics_token: None,
        }
    }
}

/// Which requests for the metrics are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsAccess<'a> {
    /// Those of programs on this machine.
    Local,
    /// Those with this bearer token.
    Token(&'a str),
    /// None.
    Off,
}

impl AccessOptions {
    /// Which requests for the metrics are answered.
    pub fn metrics_access(&self) -> MetricsAccess<'_> {
        match self.metrics_token.as_deref() {
            None => MetricsAccess::Local,
            Some(OFF) => MetricsAccess::Off,
            Some(token) => MetricsAccess::Token(token),
        }
    }
}

fn parse_limit(text: &str) -> Result<Option<NonZeroU32>, String> {
    match text {
        OFF => Ok(None),
        _ => text.parse().map(Some).map_err(|_| "it must be a number from 1 on, or \"off\"".to_owned()),
    }
}

fn parse_network(text: &str) -> Result<IpNet, String> {
    let network = text.parse().or_else(|_| text.parse().map(|address: std::net::IpAddr| address.into()));
    network.map_err(|_| "it must look like 192.0.2.1, 10.0.0.0/8 or fd00::/8".to_owned())
}
