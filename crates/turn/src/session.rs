//! One client of the relay, without any I/O: bytes and times go in, what to do comes out. A session is a five-tuple
//! (RFC 8656 section 3.1) with at most one allocation; it decides who may do what, and leaves sockets, quotas and ports
//! to its caller. A session without an allocation holds nothing, so one can be made for each message of a stranger.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use stun_types::{
    AddressFamily,
    attribute::{Nonce, Realm, Username, XorMappedAddress},
    message::{BINDING, IntegrityAlgorithm, IntegrityKey, LongTermKeyCredentials, Message, MessageClass},
    prelude::*,
};
use turn_types::{
    attribute::{
        AdditionalAddressFamily, AddressErrorCode, ChannelNumber, EvenPort, Lifetime, RequestedAddressFamily,
        RequestedTransport, ReservationToken, XorPeerAddress, XorRelayedAddress,
    },
    message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH, SEND},
};

use crate::{
    allocation::{Allocation, Grant},
    config::{Config, Limits},
    credentials::{self, Secret},
    nonce::Nonces,
    policy::{Policy, Verdict},
    wire::{self, Origin, Refusal, Response},
};

/// Channel numbers that a client may bind (RFC 8656 section 12).
const CHANNELS: std::ops::RangeInclusive<u16> = 0x4000..=0x4fff;

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
    /// There are as many as there may be, or no port is free (508).
    Relay,
    /// The relay has no address of that family (440).
    Family,
}

/// Who sent a request, as proved by its MESSAGE-INTEGRITY.
struct Proof {
    username: String,
    key: IntegrityKey,
}

enum Done {
    Success(Response),
    Allocate(Box<AllocateRequest>),
    Delete(Response),
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
            Some(64..=79) => self.channel_data(rules, now, bytes),
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
    pub fn from_peer(&mut self, now: Now, peer: SocketAddr, data: &[u8], out: &mut Vec<u8>) -> Result<(), Dropped> {
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

    /// The client has `relayed` from now on. Returns the reply to its request.
    pub fn allocated(&mut self, rules: &Rules, now: Now, request: AllocateRequest, relayed: SocketAddr) -> Reply {
        let AllocateRequest { origin, grant, .. } = request;
        let allocation = self.allocation.insert(Allocation::new(grant, relayed, &rules.limits, now.instant));
        let response = described(Response::success(origin), allocation, origin, self.client, now);
        Reply { message: response.finish(Some(&allocation.grant.key)), refused: None }
    }

    /// There is no relayed address for the client. Returns the reply to its request.
    pub fn exhausted(&self, request: &AllocateRequest, why: Exhausted) -> Reply {
        let refusal = match why {
            Exhausted::User => Refusal::AllocationQuotaReached,
            Exhausted::Relay => Refusal::InsufficientCapacity,
            Exhausted::Family => Refusal::AddressFamilyNotSupported,
        };
        refused(Response::error(request.origin, &refusal), &refusal, Some(&request.grant.key))
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

    fn request<'a>(&mut self, rules: &Rules, now: Now, message: &Message<'_>) -> Step<'a> {
        let origin = Origin::of(message);
        match origin.method {
            BINDING => return Step::Reply(self.binding(origin, message)),
            ALLOCATE | REFRESH | CREATE_PERMISSION | CHANNEL_BIND => {}
            _ => return Step::Drop(Dropped::Malformed),
        }
        let proof = match self.authenticate(rules, now, message) {
            Ok(proof) => proof,
            Err(refusal) => return Step::Reply(self.challenge(rules, now, origin, &refusal)),
        };
        let key = proof.key.clone();
        let success = |response: Response| Reply { message: response.finish(Some(&key)), refused: None };
        match self.serve(rules, now, message, origin, proof) {
            Ok(Done::Success(response)) => Step::Reply(success(response)),
            Ok(Done::Delete(response)) => Step::Delete(success(response)),
            Ok(Done::Allocate(request)) => Step::Allocate(*request),
            Err(refusal) => Step::Reply(refused(Response::error(origin, &refusal), &refusal, Some(&key))),
        }
    }

    fn binding(&self, origin: Origin, message: &Message<'_>) -> Reply {
        let unknown = wire::not_understood(message);
        if unknown.is_empty() {
            let address = XorMappedAddress::new(self.client, origin.transaction);
            Reply { message: Response::success(origin).add(&address).finish(None), refused: None }
        } else {
            let refusal = Refusal::UnknownAttributes(unknown);
            refused(Response::error(origin, &refusal), &refusal, None)
        }
    }

    /// RFC 8489 section 9.2.4, with passwords that follow from user names.
    fn authenticate(&self, rules: &Rules, now: Now, message: &Message<'_>) -> Result<Proof, Refusal> {
        if !message.has_attribute(stun_types::attribute::MessageIntegrity::TYPE) {
            return Err(Refusal::Unauthorized);
        }
        let username = wire::required::<Username>(message)?;
        let realm = wire::required::<Realm>(message)?;
        let nonce = wire::required::<Nonce>(message)?;
        if !rules.nonces.is_fresh(nonce.nonce(), self.client, now.unix) {
            return Err(Refusal::StaleNonce);
        }
        let username = username.username();
        let (expiry, _) = credentials::parse(username).ok_or(Refusal::Unauthorized)?;
        if realm.realm() != rules.realm {
            return Err(Refusal::Unauthorized);
        }
        let known = self.allocation.as_ref().filter(|allocation| allocation.grant.username == username);
        let key = known.map_or_else(
            || {
                let password = credentials::password(&rules.secret, username);
                let credentials = LongTermKeyCredentials::new(username.to_owned(), password, rules.realm.clone());
                credentials.make_key(IntegrityAlgorithm::Sha1)
            },
            |allocation| allocation.grant.key.clone(),
        );
        message.validate_integrity_with_key(&key).map_err(|_| Refusal::Unauthorized)?;
        // What was made in time goes on.
        if message.method() == ALLOCATE && expiry <= now.unix {
            return Err(Refusal::Unauthorized);
        }
        Ok(Proof { username: username.to_owned(), key })
    }

    /// The answer to who has proved nothing.
    fn challenge(&self, rules: &Rules, now: Now, origin: Origin, refusal: &Refusal) -> Reply {
        let mut response = Response::error(origin, refusal);
        if matches!(refusal, Refusal::Unauthorized | Refusal::StaleNonce) {
            let nonce = rules.nonces.issue(self.client, now.unix);
            response = response.text(Realm::TYPE, &rules.realm).text(Nonce::TYPE, &nonce);
        }
        refused(response, refusal, None)
    }

    fn serve(
        &mut self,
        rules: &Rules,
        now: Now,
        message: &Message<'_>,
        origin: Origin,
        proof: Proof,
    ) -> Result<Done, Refusal> {
        let unknown = wire::not_understood(message);
        if !unknown.is_empty() {
            return Err(Refusal::UnknownAttributes(unknown));
        }
        if origin.method == ALLOCATE {
            return self.allocate(now, message, origin, proof);
        }
        let allocation = self.allocation.as_mut().ok_or(Refusal::AllocationMismatch)?;
        if allocation.grant.username != proof.username {
            return Err(Refusal::WrongCredentials);
        }
        match origin.method {
            REFRESH => {
                let done = refresh(allocation, now, message, origin)?;
                if matches!(done, Done::Delete(_)) {
                    self.allocation = None;
                }
                return Ok(done);
            }
            CREATE_PERMISSION => create_permission(rules, allocation, now, message)?,
            _ => channel_bind(rules, allocation, now, message)?,
        }
        Ok(Done::Success(Response::success(origin)))
    }

    /// RFC 8656 section 7.2.
    fn allocate(&self, now: Now, message: &Message<'_>, origin: Origin, proof: Proof) -> Result<Done, Refusal> {
        if let Some(allocation) = &self.allocation {
            if allocation.grant.transaction != origin.transaction || allocation.grant.username != proof.username {
                return Err(Refusal::AllocationMismatch);
            }
            let response = described(Response::success(origin), allocation, origin, self.client, now);
            return Ok(Done::Success(response));
        }
        if wire::required::<RequestedTransport>(message)?.protocol() != RequestedTransport::UDP {
            return Err(Refusal::UnsupportedTransport);
        }
        let even_port = wire::optional::<EvenPort>(message)?;
        let requested = message.raw_attribute(RequestedAddressFamily::TYPE);
        let additional = message.raw_attribute(AdditionalAddressFamily::TYPE);
        if message.has_attribute(ReservationToken::TYPE) {
            let excluded = even_port.is_some() || requested.is_some() || additional.is_some();
            // Ports are not reserved here, so no token is good.
            return Err(if excluded { Refusal::BadRequest } else { Refusal::InsufficientCapacity });
        }
        if requested.is_some() && additional.is_some() {
            return Err(Refusal::BadRequest);
        }
        if even_port.as_ref().is_some_and(EvenPort::requested) {
            return Err(Refusal::InsufficientCapacity);
        }
        let family = match requested.map(RequestedAddressFamily::from_raw) {
            None => AddressFamily::IPV4,
            Some(Ok(family)) => family.family(),
            Some(Err(_)) => return Err(Refusal::AddressFamilyNotSupported),
        };
        // IPv4 is what it already gets (section 7.2, step 8).
        let additional_family_asked = match additional.map(AdditionalAddressFamily::from_raw) {
            None => false,
            Some(Ok(family)) if family.family() == AddressFamily::IPV6 => true,
            Some(_) => return Err(Refusal::BadRequest),
        };
        let grant = Grant {
            username: proof.username,
            key: proof.key,
            transaction: origin.transaction,
            lifetime: lifetime(message)?,
            additional_family_asked,
        };
        let request = AllocateRequest { origin, grant, family, even_port: even_port.is_some() };
        Ok(Done::Allocate(Box::new(request)))
    }
}

/// RFC 8656 section 8.2.
fn refresh(allocation: &mut Allocation, now: Now, message: &Message<'_>, origin: Origin) -> Result<Done, Refusal> {
    if let Some(family) = message.raw_attribute(RequestedAddressFamily::TYPE) {
        let family = RequestedAddressFamily::from_raw(family).map_err(|_| Refusal::PeerAddressFamilyMismatch)?;
        if family.family() != AddressFamily::from(&allocation.relayed) {
            return Err(Refusal::PeerAddressFamilyMismatch);
        }
    }
    let wish = lifetime(message)?;
    let response = Response::success(origin);
    if wish == Some(Duration::ZERO) {
        return Ok(Done::Delete(response.add(&Lifetime::new(0))));
    }
    allocation.refresh(now.instant, wish);
    Ok(Done::Success(response.add(&Lifetime::new(allocation.remaining(now.instant)))))
}

/// RFC 8656 section 10.2: all of the addresses or none.
fn create_permission(
    rules: &Rules,
    allocation: &mut Allocation,
    now: Now,
    message: &Message<'_>,
) -> Result<(), Refusal> {
    let mut ips: Vec<IpAddr> = Vec::new();
    for (_, attribute) in message.iter_attributes().filter(|(_, each)| each.get_type() == XorPeerAddress::TYPE) {
        let address = XorPeerAddress::try_from(&attribute).map_err(|_| Refusal::BadRequest)?;
        ips.push(acceptable(rules, allocation, address.addr(message.transaction_id()))?.ip());
    }
    if ips.is_empty() {
        return Err(Refusal::BadRequest);
    }
    allocation.permit(now.instant, &ips)
}

/// RFC 8656 section 12.2.
fn channel_bind(rules: &Rules, allocation: &mut Allocation, now: Now, message: &Message<'_>) -> Result<(), Refusal> {
    let number = wire::required::<ChannelNumber>(message)?.channel();
    let address = wire::required::<XorPeerAddress>(message)?;
    if !CHANNELS.contains(&number) {
        return Err(Refusal::BadRequest);
    }
    let peer = acceptable(rules, allocation, address.addr(message.transaction_id()))?;
    allocation.bind(now.instant, number, peer)
}

/// The peer, if it may be one.
fn acceptable(rules: &Rules, allocation: &Allocation, peer: SocketAddr) -> Result<SocketAddr, Refusal> {
    let peer = canonical(peer);
    if !rules.policy.permits(peer.ip()) {
        return Err(Refusal::Forbidden);
    }
    if peer.is_ipv4() != allocation.relayed.is_ipv4() {
        return Err(Refusal::PeerAddressFamilyMismatch);
    }
    Ok(peer)
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

/// The wished lifetime.
fn lifetime(message: &Message<'_>) -> Result<Option<Duration>, Refusal> {
    let wish = wire::optional::<Lifetime>(message)?;
    Ok(wish.map(|lifetime| Duration::from_secs(lifetime.seconds().into())))
}

/// Adds to `response` what a client has to know about its allocation (RFC 8656 section 7.2).
fn described(response: Response, allocation: &Allocation, origin: Origin, client: SocketAddr, now: Now) -> Response {
    let response = response
        .add(&XorRelayedAddress::new(allocation.relayed, origin.transaction))
        .add(&Lifetime::new(allocation.remaining(now.instant)))
        .add(&XorMappedAddress::new(client, origin.transaction));
    if !allocation.grant.additional_family_asked {
        return response;
    }
    // One address is what an allocation has here.
    match stun_types::attribute::ErrorCode::new(440, "Address Family not Supported") {
        Ok(error) => response.add(&AddressErrorCode::new(AddressFamily::IPV6, error)),
        Err(_) => response,
    }
}

fn refused(response: Response, refusal: &Refusal, key: Option<&IntegrityKey>) -> Reply {
    Reply { message: response.finish(key), refused: Some(refusal.code()) }
}

/// The address without what only one machine knows of it, and an IPv4 address as one.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
