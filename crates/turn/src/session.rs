//! One client of the relay, without any I/O: bytes and times go in, what to do comes out. A session is a five-tuple
//! (RFC 8656 section 3.1) with at most one allocation; it decides who may do what, and leaves sockets, quotas and ports
//! to its caller. A session without an allocation holds nothing, so one can be made for each message of a stranger.

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
    policy::{Policy, Verdict},
    wire::{self, Origin},
};

/// What all sessions of a relay go by.
pub struct Rules {
    realm: String,
    secret: Secret,
    nonces: Nonces,
    /// Whom may be sent to.
    pub policy: Policy,
    /// How much there may be of everything.
    pub limits: Limits,
}

impl Rules {
    /// The rules that `config` states. The addresses of this machine's interfaces are not in it: see
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

/// A moment on both clocks: lifetimes run on the one that never jumps, credentials expire by the one on the wall.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The steady clock.
    pub instant: Instant,
    /// Seconds since 1970.
    pub unix: u64,
}

impl Now {
    /// What the clocks show.
    pub fn read() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self { instant: Instant::now(), unix }
    }
}

/// Whether messages come one by one or in a stream, where channel data is padded (RFC 8656 section 12.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// UDP.
    Datagram,
    /// TCP, TLS, or any other stream of bytes.
    Stream,
}

/// Why something that came in went nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// It is no message, or not one for a server.
    Malformed,
    /// Data, but no allocation or no such channel.
    NoAllocation,
    /// No permission for that peer, or for that sender.
    NoPermission,
    /// The peer's address is one that is not relayed to.
    Forbidden,
    /// The peer's address is the relay's own, and no allocation is at that port.
    NothingThere,
    /// The allocation's share of the line is used up.
    Bandwidth,
    /// The client reads too slowly, or the system's buffer is full.
    Slow,
    /// The system refused to send it.
    Failed,
}

/// A response to a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// What goes to the client.
    pub message: Vec<u8>,
    /// The code, if it is an error.
    pub refused: Option<u16>,
}

/// What the caller is to do about a message.
#[derive(Debug)]
pub enum Step<'a> {
    /// Nothing.
    Drop(Dropped),
    /// Send the reply to the client.
    Reply(Reply),
    /// Send `data` to `peer` from the relayed address; if the peer's address is the relay's `own`, to the allocation
    /// there and not into the network.
    Relay {
        /// Where to.
        peer: SocketAddr,
        /// Whether that is the relay itself.
        own: bool,
        /// What.
        data: &'a [u8],
    },
    /// Find a relayed address for the client and say it to [`Session::allocated`], or why there is none to
    /// [`Session::exhausted`].
    Allocate(AllocateRequest),
    /// The allocation is deleted: send the reply and close its socket.
    Delete(Reply),
}

/// A client that has proved who it is wants an allocation.
pub struct AllocateRequest {
    origin: Origin,
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
    /// The user that the allocation counts for, whichever credentials he or she shows.
    pub fn user(&self) -> &str {
        credentials::parse(&self.grant.username).map_or("", |(_, user)| user)
    }

    /// Whether the relayed address is to be an IPv6 address.
    pub fn wants_ipv6(&self) -> bool {
        self.family == AddressFamily::IPV6
    }

    /// Whether its port is to be even.
    pub fn wants_even_port(&self) -> bool {
        self.even_port
    }
}

/// Why there is no relayed address to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// The user has as many allocations as one may have (486).
    User,
    /// The client's address has as many as one may have (486).
    Address,
    /// There are as many as there may be, or no port is free (508).
    Relay,
    /// The relay has no address of that family (440).
    Family,
}

/// One client, by its five-tuple.
pub struct Session {
    client: SocketAddr,
    transport: Transport,
    allocation: Option<Allocation>,
}

impl Session {
    /// A session of `client`, who has no allocation yet.
    pub fn new(client: SocketAddr, transport: Transport) -> Self {
        Self { client, transport, allocation: None }
    }

    /// When the allocation expires unless it is refreshed.
    pub fn expires(&self) -> Option<Instant> {
        self.allocation.as_ref().map(Allocation::expires)
    }

    /// Takes one whole message of the client.
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

    /// Takes a packet that `peer` sent to the relayed address; puts what goes to the client into `out`.
    ///
    /// # Errors
    /// Why nothing goes to the client.
    pub fn deliver(&mut self, now: Now, peer: SocketAddr, data: &[u8], out: &mut Vec<u8>) -> Result<(), Dropped> {
        let padded = self.transport == Transport::Stream;
        let now = now.instant;
        let allocation = self.allocation.as_mut().filter(|allocation| allocation.expires() > now);
        let Some(allocation) = allocation else { return Err(Dropped::NoAllocation) };
        if !allocation.permits(now, peer.ip()) {
            return Err(Dropped::NoPermission);
        }
        if !allocation.to_client.take(now, data.len()) {
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

    /// A Send indication (RFC 8656 section 11.2).
    fn send<'a>(&mut self, rules: &Rules, now: Now, message: &Message<'_>, bytes: &'a [u8]) -> Step<'a> {
        let Some(allocation) = &mut self.allocation else { return Step::Drop(Dropped::NoAllocation) };
        let (Ok(peer), Some(data)) = (wire::required::<XorPeerAddress>(message), wire::data(message, bytes)) else {
            return Step::Drop(Dropped::Malformed);
        };
        // DONT-FRAGMENT among them.
        if !wire::not_understood(message).is_empty() {
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
    // Asked for each packet: addresses of this machine may have changed since the permission was given.
    let own = match rules.policy.verdict(peer.ip()) {
        Verdict::Reachable => false,
        Verdict::Own => true,
        Verdict::Forbidden => return Step::Drop(Dropped::Forbidden),
    };
    if !allocation.to_peers.take(now.instant, data.len()) {
        return Step::Drop(Dropped::Bandwidth);
    }
    Step::Relay { peer, own, data }
}

/// The address without what only one machine knows of it, and an IPv4 address as one.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
