//! The state machine of one client, without I/O: messages and times go in, a [`Step`] for the caller comes out. A
//! session is a five-tuple (RFC 8656 section 3.1) with at most one allocation. It authenticates and authorizes, and
//! leaves sockets, quotas and ports to its caller. A session without an allocation has no state, so a new one will do
//! for each message.

mod request;

use std::{
    net::SocketAddr,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use stun_types::{
    AddressFamily,
    message::{Message, MessageClass},
};
use turn_types::{attribute::XorPeerAddress, message::SEND};

use crate::{
    allocation::{Allocation, Grant},
    config::{Config, Limits},
    credentials::{self, Secret},
    nonce::Nonces,
    policy::{PeerAccess, Policy},
    wire::{self, RequestInfo},
};

/// The configuration shared by all sessions of a relay.
pub struct Rules {
    realm: String,
    secret: Secret,
    nonces: Nonces,
    /// The peers that may be sent to.
    pub policy: Policy,
    /// Quotas, bandwidth and timeouts.
    pub limits: Limits,
}

impl Rules {
    /// The rules of `config`. The addresses of this machine's interfaces must be set in addition: see
    /// [`Policy::set_interfaces`].
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new(config: &Config) -> Result<Self, getrandom::Error> {
        let listening = config.udp.iter().chain(&config.tcp).map(SocketAddr::ip);
        Ok(Self {
            realm: config.realm.clone(),
            secret: config.secret.clone(),
            nonces: Nonces::new()?,
            policy: Policy::new(config.allow_peers.clone(), listening.chain(config.external.iter().copied())),
            limits: config.limits.clone(),
        })
    }
}

/// A time on two clocks: lifetimes use the monotonic clock, credentials expire by the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The monotonic clock.
    pub instant: Instant,
    /// The wall clock, in seconds since 1970.
    pub unix: u64,
}

impl Now {
    /// Reads both clocks.
    pub fn read() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self { instant: Instant::now(), unix }
    }
}

/// The kind of transport. On a stream, channel data is padded (RFC 8656 section 12.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// UDP.
    Datagram,
    /// TCP, TLS, or any other stream of bytes.
    Stream,
}

/// Why a packet was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// It is no message, or none for a server.
    Malformed,
    /// It is data, but there is no allocation or no such channel.
    NoAllocation,
    /// There is no permission for the peer.
    NoPermission,
    /// The policy forbids the peer's address.
    Forbidden,
    /// The peer's address is the relay's own, and its port has no allocation.
    NothingThere,
    /// The allocation's bandwidth is used up.
    Bandwidth,
    /// The client reads too slowly, or the system's buffer is full.
    Slow,
    /// The system failed to send it.
    Failed,
}

/// A response to a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// The message for the client.
    pub message: Vec<u8>,
    /// The error code, if it is an error response.
    pub refused: Option<u16>,
}

/// The action that a message asks of the caller.
#[derive(Debug)]
pub enum Step<'a> {
    /// Do nothing.
    Drop(Dropped),
    /// Send the reply to the client.
    Reply(Reply),
    /// Send `data` to `peer` from the relayed address. If the peer's address is the relay's `own`, pass it to the
    /// allocation there instead of the network.
    Relay {
        /// The destination.
        peer: SocketAddr,
        /// Whether the destination is an address of the relay itself.
        own: bool,
        /// The payload.
        data: &'a [u8],
    },
    /// Bind a relayed address for the client and call [`Session::allocated`], or [`Session::exhausted`] if there is
    /// none.
    Allocate(AllocateRequest),
    /// Send the reply and close the socket of the deleted allocation.
    Delete(Reply),
}

/// An authenticated request for an allocation.
pub struct AllocateRequest {
    info: RequestInfo,
    grant: Grant,
    family: AddressFamily,
    even_port: bool,
}

impl std::fmt::Debug for AllocateRequest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AllocateRequest").field("user", &self.user()).finish_non_exhaustive()
    }
}

impl AllocateRequest {
    /// The user that the allocation counts for. A user may have several credentials.
    pub fn user(&self) -> &str {
        credentials::parse(&self.grant.username).map_or("", |(_, user)| user)
    }

    /// Whether the client requested an IPv6 address.
    pub fn wants_ipv6(&self) -> bool {
        self.family == AddressFamily::IPV6
    }

    /// Whether the client requested an even port.
    pub fn wants_even_port(&self) -> bool {
        self.even_port
    }
}

/// Why there is no relayed address for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// The quota of the user is used up (486).
    User,
    /// The quota of the client's address is used up (486).
    Address,
    /// The quota of the relay is used up, or no port is free (508).
    Relay,
    /// The relay has no address of the requested family (440).
    Family,
}

/// One client, identified by its five-tuple.
///
/// ```
/// use vitrine_turn::{
///     Config, Secret,
///     session::{Now, Rules, Session, Step, Transport},
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let rules = Rules::new(&Config::new(Secret::from("secret")))?;
/// let mut session = Session::new("192.0.2.1:5000".parse()?, Transport::Datagram);
///
/// // A STUN Binding request: type, length, magic cookie, transaction id.
/// let request = [&[0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
/// let Step::Reply(reply) = session.handle(&rules, Now::read(), &request) else {
///     return Err("a Binding request gets a response".into());
/// };
///
/// assert_eq!(reply.refused, None);
/// assert_eq!(reply.message[..2], [0x01, 0x01], "a Binding success response");
/// assert_eq!(reply.message[8..20], request[8..20], "the transaction id of the request");
/// # Ok(())
/// # }
/// ```
pub struct Session {
    client: SocketAddr,
    transport: Transport,
    allocation: Option<Allocation>,
}

impl Session {
    /// A session of `client` without an allocation.
    pub fn new(client: SocketAddr, transport: Transport) -> Self {
        Self { client, transport, allocation: None }
    }

    /// When the allocation expires unless refreshed; `None` without one.
    pub fn expires(&self) -> Option<Instant> {
        self.allocation.as_ref().map(Allocation::expires)
    }

    /// Handles one complete message of the client.
    pub fn handle<'a>(&mut self, rules: &Rules, now: Now, bytes: &'a [u8]) -> Step<'a> {
        if self.expires().is_some_and(|expires| expires <= now.instant) {
            self.allocation = None;
        }
        match bytes.first() {
            Some(64..=127) => self.channel_data(rules, now, bytes),
            Some(0..=3) => match wire::parse(bytes) {
                Some(message) => match message.class() {
                    MessageClass::Request => self.request(rules, now, &message),
                    MessageClass::Indication if message.method() == SEND => self.send(rules, now, &message, bytes),
                    _ => Step::Drop(Dropped::Malformed),
                },
                None => Step::Drop(Dropped::Malformed),
            },
            _ => Step::Drop(Dropped::Malformed),
        }
    }

    /// Handles a packet that `peer` sent to the relayed address, and writes the message for the client to `out`.
    ///
    /// # Errors
    /// [`Dropped`] when the packet is not relayed.
    pub fn deliver(&mut self, now: Now, peer: SocketAddr, data: &[u8], out: &mut Vec<u8>) -> Result<(), Dropped> {
        let padded = self.transport == Transport::Stream;
        let now = now.instant;
        let allocation = self.allocation.as_mut().filter(|allocation| allocation.expires() > now);
        let Some(allocation) = allocation else { return Err(Dropped::NoAllocation) };
        if !allocation.permits(now, peer.ip()) {
            return Err(Dropped::NoPermission);
        }
        if !allocation.to_client.try_take(now, data.len()) {
            return Err(Dropped::Bandwidth);
        }
        match allocation.channel_to(now, peer) {
            Some(number) => wire::write_channel_data(number, data, padded, out),
            None => wire::write_data_indication(peer, data, out),
        }
        Ok(())
    }

    fn channel_data<'a>(&mut self, rules: &Rules, now: Now, bytes: &'a [u8]) -> Step<'a> {
        let Some((number, data)) = wire::read_channel_data(bytes) else { return Step::Drop(Dropped::Malformed) };
        let Some(allocation) = &mut self.allocation else { return Step::Drop(Dropped::NoAllocation) };
        let Some(peer) = allocation.peer_of(now.instant, number) else { return Step::Drop(Dropped::NoAllocation) };
        relay(rules, allocation, now, peer, data)
    }

    /// Handles a Send indication (RFC 8656 section 11.2).
    fn send<'a>(&mut self, rules: &Rules, now: Now, message: &Message<'_>, bytes: &'a [u8]) -> Step<'a> {
        let Some(allocation) = &mut self.allocation else { return Step::Drop(Dropped::NoAllocation) };
        let (Ok(peer), Some(data)) = (wire::required::<XorPeerAddress>(message), wire::data(message, bytes)) else {
            return Step::Drop(Dropped::Malformed);
        };
        // DONT-FRAGMENT is one of them.
        if !wire::unknown_required(message).is_empty() {
            return Step::Drop(Dropped::Malformed);
        }
        let peer = canonical(peer.addr(message.transaction_id()));
        if !allocation.permits(now.instant, peer.ip()) {
            return Step::Drop(Dropped::NoPermission);
        }
        relay(rules, allocation, now, peer, data)
    }
}

fn relay<'a>(rules: &Rules, allocation: &mut Allocation, now: Now, peer: SocketAddr, data: &'a [u8]) -> Step<'a> {
    // Checked for each packet: addresses of this machine may have changed since the permission was installed.
    let own = match rules.policy.access(peer.ip()) {
        PeerAccess::Reachable => false,
        PeerAccess::Own => true,
        PeerAccess::Forbidden => return Step::Drop(Dropped::Forbidden),
    };
    if !allocation.to_peers.try_take(now.instant, data.len()) {
        return Step::Drop(Dropped::Bandwidth);
    }
    Step::Relay { peer, own, data }
}

/// The address without IPv6 scope and flow, and with mapped IPv4 as IPv4.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
