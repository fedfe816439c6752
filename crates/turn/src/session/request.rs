//! The requests of a client and their responses: who asks, whether that may be, and what comes of it. Methods of
//! [`Session`], kept apart from what moves data.

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
    wire::{self, Origin, Refusal, Response},
};

/// Channel numbers that a client may bind. RFC 8656 section 12 leaves 0x4000 to 0x4fff of what RFC 5766 section 11 had;
/// clients of that time go further, coturn's among them, and nothing here uses the rest otherwise.
const CHANNELS: RangeInclusive<u16> = 0x4000..=0x7fff;

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

impl Session {
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
            Exhausted::User | Exhausted::Address => Refusal::AllocationQuotaReached,
            Exhausted::Relay => Refusal::InsufficientCapacity,
            Exhausted::Family => Refusal::AddressFamilyNotSupported,
        };
        refused(Response::error(request.origin, &refusal), &refusal, Some(&request.grant.key))
    }

    pub(super) fn request<'a>(&mut self, rules: &Rules, now: Now, message: &Message<'_>) -> Step<'a> {
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
    match ErrorCode::new(440, "Address Family not Supported") {
        Ok(error) => response.add(&AddressErrorCode::new(AddressFamily::IPV6, error)),
        Err(_) => response,
    }
}

fn refused(response: Response, refusal: &Refusal, key: Option<&IntegrityKey>) -> Reply {
    Reply { message: response.finish(key), refused: Some(refusal.code()) }
}
