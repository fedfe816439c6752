//! The configuration of a relay, and the errors of its start. Reading files or the environment is the program's
//! business.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    num::NonZeroU64,
    ops::RangeInclusive,
    time::Duration,
};

use ipnet::IpNet;
use thiserror::Error;

use crate::credentials::Secret;

/// The longest realm, in bytes. Unauthenticated senders receive it, so it bounds amplification.
const MAX_REALM: usize = 127;

/// The configuration of a relay.
#[derive(Clone, Debug)]
pub struct Config {
    /// The realm of the long-term credentials (RFC 8489 section 9.2): 1 to 127 bytes.
    pub realm: String,
    /// The secret shared with the issuer of credentials: see [`crate::credentials::issue`].
    pub secret: Secret,
    /// Addresses to listen on over UDP. Port 0 takes any free port. `[::]` accepts IPv4 as well, unless `0.0.0.0` is
    /// listed too.
    pub udp: Vec<SocketAddr>,
    /// Addresses to listen on over TCP, likewise.
    pub tcp: Vec<SocketAddr>,
    /// Addresses to advertise instead of those that relay sockets are bound to, one for IPv4 and one for IPv6: those of
    /// a NAT in front of this machine that maps each port to itself.
    pub external: Vec<IpAddr>,
    /// Ports of relay sockets.
    pub relay_ports: RangeInclusive<u16>,
    /// Networks that are not on the internet but may be relayed to. They do not open this machine: never its own
    /// addresses, and loopback only if the network is all loopback, such as 127.0.0.0/8. That network opens the
    /// services of this machine that are reachable at 127.0.0.2, among them every service that listens on all
    /// addresses.
    pub allow_peers: Vec<IpNet>,
    /// Quotas, bandwidth and timeouts.
    pub limits: Limits,
}

impl Config {
    /// A relay without sockets of its own, with the ports of RFC 8656 and default limits.
    pub fn new(secret: Secret) -> Self {
        Self {
            realm: "vitrine".to_owned(),
            secret,
            udp: Vec::new(),
            tcp: Vec::new(),
            external: Vec::new(),
            relay_ports: 49152..=65535,
            allow_peers: Vec::new(),
            limits: Limits::default(),
        }
    }

    /// Checks the configuration.
    ///
    /// # Errors
    /// [`Error::Realm`], [`Error::Secret`], [`Error::RelayPorts`], [`Error::External`].
    pub fn check(&self) -> Result<(), Error> {
        if self.realm.is_empty() || self.realm.len() > MAX_REALM {
            return Err(Error::Realm);
        }
        if self.secret.is_empty() {
            return Err(Error::Secret);
        }
        if self.relay_ports.is_empty() || *self.relay_ports.start() == 0 {
            return Err(Error::RelayPorts(self.relay_ports.clone()));
        }
        let mut external = self.external.iter();
        match external.find(|ip| ip.is_unspecified() || ip.is_multicast()) {
            Some(&ip) => Err(Error::External(ip)),
            None => Ok(()),
        }
    }
}

/// Limits that protect users from each other and the machine from all of them.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Allocations of one user at a time.
    pub allocations_per_user: usize,
    /// Allocations of clients at one IPv4 address or in one IPv6 network of 64 bits.
    pub allocations_per_address: usize,
    /// Allocations of all users together. Each needs a port and a file descriptor.
    pub allocations: usize,
    /// Bytes per second that one allocation may relay in each direction; packets above the limit are dropped. Each
    /// packet counts 48 bytes, the headers of IPv6 and UDP, beside its payload. `None` for no limit.
    pub bandwidth: Option<NonZeroU64>,
    /// How long refreshes can extend an allocation in total.
    pub total_lifetime: Duration,
    /// Open TCP connections and other streams. One more evicts the oldest without an allocation; if all have one, it is
    /// refused.
    pub streams: usize,
    /// Open streams from one IPv4 address or one IPv6 network of 64 bits.
    pub streams_per_address: usize,
    /// Timeout of a stream without an allocation.
    pub stream_idle: Duration,
    /// Write timeout of a stream.
    pub stream_stall: Duration,
    /// Bytes queued for a client that reads slowly. Relayed packets beyond them are dropped.
    pub stream_queue: usize,
}

impl Default for Limits {
    /// A browser makes an allocation for each peer, server address and network interface, so a user has dozens in a
    /// call of twelve; many users may share one address. 10 Mbit/s carry more than one camera and one screen.
    fn default() -> Self {
        Self {
            allocations_per_user: 128,
            allocations_per_address: 1000,
            allocations: 4000,
            bandwidth: NonZeroU64::new(1_250_000),
            total_lifetime: Duration::from_secs(24 * 60 * 60),
            streams: 4000,
            streams_per_address: 500,
            stream_idle: Duration::from_secs(30),
            stream_stall: Duration::from_secs(30),
            stream_queue: 128 * 1024,
        }
    }
}

/// Why a relay could not start.
#[derive(Debug, Error)]
pub enum Error {
    /// An address cannot be listened on.
    #[error("cannot listen on {transport} {address}: {source}")]
    Listen {
        /// `UDP` or `TCP`.
        transport: &'static str,
        /// The address as configured.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// The realm is empty or too long.
    #[error("the realm of the TURN relay must have 1 to {MAX_REALM} bytes")]
    Realm,
    /// The secret is empty.
    #[error("the secret of the TURN relay is empty")]
    Secret,
    /// The range of relay ports is empty or contains port 0.
    #[error("{}-{} is no range of relay ports", .0.start(), .0.end())]
    RelayPorts(RangeInclusive<u16>),
    /// An external address is unspecified or multicast.
    #[error("{0} is no external address")]
    External(IpAddr),
    /// The system does not list the addresses of this machine, which the relay must know in order to protect them.
    #[error("cannot list the addresses of this machine: {0}")]
    Interfaces(#[source] io::Error),
    /// The system gave no random bytes.
    #[error("no random bytes from the system: {0}")]
    Random(#[from] getrandom::Error),
}
