//! What can be configured, and why a relay could not start. Nothing here is read from files or the environment: that is
//! the program's matter.

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

/// The longest realm, in bytes. It goes to senders who have proved nothing.
const MAX_REALM: usize = 127;

/// What a relay is to be.
#[derive(Clone, Debug)]
pub struct Config {
    /// The realm of the long-term credentials (RFC 8489 section 9.2): 1 to 127 bytes.
    pub realm: String,
    /// Who knows it can issue credentials: see [`crate::credentials::issue`].
    pub secret: Secret,
    /// Addresses to answer on over UDP. Port 0 takes any free port. `[::]` takes IPv4 as well, unless `0.0.0.0` is here
    /// too.
    pub udp: Vec<SocketAddr>,
    /// Addresses to answer on over TCP, likewise.
    pub tcp: Vec<SocketAddr>,
    /// Addresses that clients are told in the place of those that relay sockets are bound to, one for IPv4 and one for
    /// IPv6: those of a NAT before this machine that maps each port to the same port.
    pub external: Vec<IpAddr>,
    /// Ports of relay sockets.
    pub relay_ports: RangeInclusive<u16>,
    /// Networks to relay to although they are not on the internet. They do not open this machine: not its own
    /// addresses, and loopback only where a network is all loopback, such as 127.0.0.0/8. That one opens the services
    /// of this machine that answer on 127.0.0.2, which are all that listen on every address.
    pub allow_peers: Vec<IpNet>,
    /// How much there may be of everything.
    pub limits: Limits,
}

impl Config {
    /// A relay for streams that others accept, with the ports of RFC 8656 and default limits.
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

    /// Finds what would stop a relay from being of use.
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

/// Bounds that keep one user from taking what others need, and the whole from taking what the machine needs.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Allocations of one user at a time.
    pub allocations_per_user: usize,
    /// Allocations of clients at one IPv4 address or in one IPv6 network of 64 bits.
    pub allocations_per_address: usize,
    /// Allocations of all users together. Each takes a port and a file descriptor.
    pub allocations: usize,
    /// Bytes each second that one allocation may relay in each direction; what is above is dropped. Each packet counts
    /// 48 bytes, the headers of IPv6 and UDP, beside what is in it. `None`: no bound.
    pub bandwidth: Option<NonZeroU64>,
    /// How long an allocation can be kept by refreshing it.
    pub total_lifetime: Duration,
    /// Connections over TCP and other streams at a time. One more ends the oldest that has no allocation; where all
    /// have one, it is refused.
    pub streams: usize,
    /// Those from one IPv4 address or one IPv6 network of 64 bits.
    pub streams_per_address: usize,
    /// How long a stream may be without an allocation.
    pub stream_idle: Duration,
    /// How long a stream may take none of the bytes that wait for it.
    pub stream_stall: Duration,
    /// Bytes that may wait for a client that reads slowly. What is relayed beyond them is dropped.
    pub stream_queue: usize,
}

impl Default for Limits {
    /// A browser makes an allocation for each participant, server address and network of its machine, so a user has
    /// dozens in a call of twelve; many users may sit behind one address. 10 Mbit/s carry more than one camera and one
    /// screen.
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
    /// An address could not be listened on.
    #[error("cannot listen on {transport} {address}: {source}")]
    Listen {
        /// `UDP` or `TCP`.
        transport: &'static str,
        /// The address as configured.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The realm is empty or too long.
    #[error("the realm of the TURN relay must have 1 to {MAX_REALM} bytes")]
    Realm,
    /// The secret is empty.
    #[error("the secret of the TURN relay is empty")]
    Secret,
    /// There is no port for relay sockets.
    #[error("{}-{} is no range of relay ports", .0.start(), .0.end())]
    RelayPorts(RangeInclusive<u16>),
    /// Nobody can be reached at that address.
    #[error("{0} is no external address")]
    External(IpAddr),
    /// The system did not tell the addresses of this machine, which the relay must know in order to protect them.
    #[error("cannot list the addresses of this machine: {0}")]
    Interfaces(#[source] io::Error),
    /// The system gave no random bytes.
    #[error("no random bytes from the system: {0}")]
    Random(#[from] getrandom::Error),
}
