//! The requests of a client and their responses: authentication, checks and effects. These are methods of [`Session`];
//! data is handled in the parent module.

use std::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    time::Duration,
};

use stun_types::{
    AddressFamily,
    attribute::{ErrorCode, MessageIntegrity, Nonce, Realm, Username, XorMappedAddress},
    message::{BINDING, IntegrityAlgorithm, IntegrityKey, LongTermKeyCredentials, Message},
    prelude::*,
};
use turn_types::{
    attribute::{
        AdditionalAddressFamily, AddressErrorCode, ChannelNumber, EvenPort, Lifetime, RequestedAddressFamily,
        RequestedTransport, ReservationToken, XorPeerAddress, XorRelayedAddress,
    },
    message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH},
};

use super::{AllocateRequest, Dropped, Exhausted, Now, Reply, Rules, Session, Step, canonical};
use crate::{
    allocation::{Allocation, Grant},
    credentials,
    wire::{self, Refusal, RequestInfo, Response},
};

/// Channel numbers that a client may bind: the range of RFC 5766 section 11. RFC 8656 section 12 reduced it to 0x4000
/// to 0x4fff, but older clients, coturn's among them, use all of it, and the rest has no other use here.
const CHANNELS: RangeInclusive<u16> = 0x4000..=0x7fff;

/// The sender of a request, authenticated by its MESSAGE-INTEGRITY.
struct Proof {
    username: String,
    key: IntegrityKey,
}

enum Outcome {
    Success(Response),
    Allocate(Box<AllocateRequest>),
    Delete(Response),
}

impl Session {
    /// Creates the allocation with the relayed address `relayed`. Returns the reply to the request.
    pub fn allocated(&mut self, rules: &Rules, now: Now, request: AllocateRequest, relayed: SocketAddr) -> Reply {
        let AllocateRequest { info, grant, .. } = request;
        let allocation = self.allocation.insert(Allocation::new(grant, relayed, &rules.limits, now.instant));
        let response = describe(Response::success(info), allocation, info, self.client, now);
        Reply { message: response.finish(Some(&allocation.grant.key)), refused: None }
    }

    /// Returns the reply to a request for which there is no relayed address.
    pub fn exhausted(&self, request: &AllocateRequest, why: Exhausted) -> Reply {
        let refusal = match why {
            Exhausted::User | Exhausted::Address => Refusal::AllocationQuotaReached,
            Exhausted::Relay => Refusal::InsufficientCapacity,
            Exhausted::Family => Refusal::AddressFamilyNotSupported,
        };
        refused(Response::error(request.info, &refusal), &refusal, Some(&request.grant.key))
    }

    pub(super) fn request<'a>(&mut self, rules: &Rules, now: Now, message: &Message<'_>) -> Step<'a> {
        let info = RequestInfo::of(message);
        match info.method {
            BINDING => return Step::Reply(self.binding(info, message)),
            ALLOCATE | REFRESH | CREATE_PERMISSION | CHANNEL_BIND => {}
            _ => return Step::Drop(Dropped::Malformed),
        }
        let proof = match self.authenticate(rules, now, message) {
            Ok(proof) => proof,
            Err(refusal) => return Step::Reply(self.challenge(rules, now, info, &refusal)),
        };
        let key = proof.key.clone();
        let success = |response: Response| Reply { message: response.finish(Some(&key)), refused: None };
        match self.serve(rules, now, message, info, proof) {
            Ok(Outcome::Success(response)) => Step::Reply(success(response)),
            Ok(Outcome::Delete(response)) => Step::Delete(success(response)),
            Ok(Outcome::Allocate(request)) => Step::Allocate(*request),
            Err(refusal) => Step::Reply(refused(Response::error(info, &refusal), &refusal, Some(&key))),
        }
    }

    fn binding(&self, info: RequestInfo, message: &Message<'_>) -> Reply {
        let unknown = wire::unknown_required(message);
        if unknown.is_empty() {
            let address = XorMappedAddress::new(self.client, info.transaction);
            Reply { message: Response::success(info).add(&address).finish(None), refused: None }
        } else {
            let refusal = Refusal::UnknownAttributes(unknown);
            refused(Response::error(info, &refusal), &refusal, None)
        }
    }

    /// RFC 8489 section 9.2.4, with passwords derived from user names.
    fn authenticate(&self, rules: &Rules, now: Now, message: &Message<'_>) -> Result<Proof, Refusal> {
        if !message.has_attribute(MessageIntegrity::TYPE) {
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
        // Existing allocations outlive their credentials.
        if message.method() == ALLOCATE && expiry <= now.unix {
            return Err(Refusal::Unauthorized);
        }
        Ok(Proof { username: username.to_owned(), key })
    }

    /// The response to an unauthenticated request.
    fn challenge(&self, rules: &Rules, now: Now, info: RequestInfo, refusal: &Refusal) -> Reply {
        let mut response = Response::error(info, refusal);
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
        info: RequestInfo,
        proof: Proof,
    ) -> Result<Outcome, Refusal> {
        let unknown = wire::unknown_required(message);
        if !unknown.is_empty() {
            return Err(Refusal::UnknownAttributes(unknown));
        }
        if info.method == ALLOCATE {
            return self.allocate(now, message, info, proof);
        }
        let allocation = self.allocation.as_mut().ok_or(Refusal::AllocationMismatch)?;
        if allocation.grant.username != proof.username {
            return Err(Refusal::WrongCredentials);
        }
        match info.method {
            REFRESH => {
                let done = refresh(allocation, now, message, info)?;
                if matches!(done, Outcome::Delete(_)) {
                    self.allocation = None;
                }
                return Ok(done);
            }
            CREATE_PERMISSION => create_permission(rules, allocation, now, message)?,
            _ => channel_bind(rules, allocation, now, message)?,
        }
        Ok(Outcome::Success(Response::success(info)))
    }

    /// RFC 8656 section 7.2.
    fn allocate(&self, now: Now, message: &Message<'_>, info: RequestInfo, proof: Proof) -> Result<Outcome, Refusal> {
        if let Some(allocation) = &self.allocation {
            if allocation.grant.transaction != info.transaction || allocation.grant.username != proof.username {
                return Err(Refusal::AllocationMismatch);
            }
            let response = describe(Response::success(info), allocation, info, self.client, now);
            return Ok(Outcome::Success(response));
        }
        if wire::required::<RequestedTransport>(message)?.protocol() != RequestedTransport::UDP {
            return Err(Refusal::UnsupportedTransport);
        }
        let even_port = wire::optional::<EvenPort>(message)?;
        let requested = message.raw_attribute(RequestedAddressFamily::TYPE);
        let additional = message.raw_attribute(AdditionalAddressFamily::TYPE);
        if message.has_attribute(ReservationToken::TYPE) {
            let excluded = even_port.is_some() || requested.is_some() || additional.is_some();
            // Ports cannot be reserved here, so no token is valid.
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
        // The client gets IPv4 already (section 7.2, step 8).
        let additional_family_asked = match additional.map(AdditionalAddressFamily::from_raw) {
            None => false,
            Some(Ok(family)) if family.family() == AddressFamily::IPV6 => true,
            Some(_) => return Err(Refusal::BadRequest),
        };
        let grant = Grant {
            username: proof.username,
            key: proof.key,
            transaction: info.transaction,
            lifetime: lifetime(message)?,
            additional_family_asked,
        };
        let request = AllocateRequest { info, grant, family, even_port: even_port.is_some() };
        Ok(Outcome::Allocate(Box::new(request)))
    }
}

/// RFC 8656 section 8.2.
fn refresh(
    allocation: &mut Allocation,
    now: Now,
    message: &Message<'_>,
    info: RequestInfo,
) -> Result<Outcome, Refusal> {
    if let Some(family) = message.raw_attribute(RequestedAddressFamily::TYPE) {
        let family = RequestedAddressFamily::from_raw(family).map_err(|_| Refusal::PeerAddressFamilyMismatch)?;
        if family.family() != AddressFamily::from(&allocation.relayed) {
            return Err(Refusal::PeerAddressFamilyMismatch);
        }
    }
    let requested = lifetime(message)?;
    let response = Response::success(info);
    if requested == Some(Duration::ZERO) {
        return Ok(Outcome::Delete(response.add(&Lifetime::new(0))));
    }
    allocation.refresh(now.instant, requested);
    Ok(Outcome::Success(response.add(&Lifetime::new(allocation.remaining(now.instant)))))
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
        ips.push(check_peer(rules, allocation, address.addr(message.transaction_id()))?.ip());
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
    let peer = check_peer(rules, allocation, address.addr(message.transaction_id()))?;
    allocation.bind(now.instant, number, peer)
}

/// Checks that the allocation may have `peer` as a peer, and returns its canonical address.
fn check_peer(rules: &Rules, allocation: &Allocation, peer: SocketAddr) -> Result<SocketAddr, Refusal> {
    let peer = canonical(peer);
    if !rules.policy.permits(peer.ip()) {
        return Err(Refusal::Forbidden);
    }
    if peer.is_ipv4() != allocation.relayed.is_ipv4() {
        return Err(Refusal::PeerAddressFamilyMismatch);
    }
    Ok(peer)
}

/// The requested lifetime.
fn lifetime(message: &Message<'_>) -> Result<Option<Duration>, Refusal> {
    let requested = wire::optional::<Lifetime>(message)?;
    Ok(requested.map(|lifetime| Duration::from_secs(lifetime.seconds().into())))
}

/// Adds the attributes that describe an allocation to `response` (RFC 8656 section 7.2).
fn describe(response: Response, allocation: &Allocation, info: RequestInfo, client: SocketAddr, now: Now) -> Response {
    let response = response
        .add(&XorRelayedAddress::new(allocation.relayed, info.transaction))
        .add(&Lifetime::new(allocation.remaining(now.instant)))
        .add(&XorMappedAddress::new(client, info.transaction));
    if !allocation.grant.additional_family_asked {
        return response;
    }
    // An allocation has one address only.
    match ErrorCode::new(440, "Address Family not Supported") {
        Ok(error) => response.add(&AddressErrorCode::new(AddressFamily::IPV6, error)),
        Err(_) => response,
    }
}

fn refused(response: Response, refusal: &Refusal, key: Option<&IntegrityKey>) -> Reply {
    Reply { message: response.finish(key), refused: Some(refusal.code()) }
}
