//! The state of one allocation: lifetime, permissions, channels and bandwidth. It compares times when called, runs no
//! timer, and holds a bounded amount.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU64,
    time::{Duration, Instant},
};

use stun_types::message::{IntegrityKey, TransactionId};
use vitrine_protocol::rate_limiter::{RateLimit, RateLimiter};

use crate::{config::Limits, wire::Refusal};

/// The default and shortest lifetime (RFC 8656 section 3.2).
pub(crate) const DEFAULT_LIFETIME: Duration = Duration::from_secs(600);

/// The longest lifetime that a request is granted.
pub(crate) const MAX_LIFETIME: Duration = Duration::from_secs(3600);

/// Lifetime of a permission (RFC 8656 section 9).
pub(crate) const PERMISSION_LIFETIME: Duration = Duration::from_secs(300);

/// Lifetime of a channel binding (RFC 8656 section 12).
pub(crate) const CHANNEL_LIFETIME: Duration = Duration::from_secs(600);

/// Most permissions, and most channels, of one allocation. A browser makes an allocation for each peer, and permissions
/// for that peer's candidates.
pub(crate) const MAX_PEERS: usize = 128;

/// Bytes that a packet counts beside its payload: the headers of IPv6 and UDP. Otherwise empty packets would be free,
/// and small ones cheap.
pub(crate) const PACKET_OVERHEAD: usize = 48;

struct Permission {
    ip: IpAddr,
    expires: Instant,
}

struct Channel {
    number: u16,
    peer: SocketAddr,
    expires: Instant,
}

/// The authenticated request for an allocation.
pub(crate) struct Grant {
    pub(crate) username: String,
    pub(crate) key: IntegrityKey,
    pub(crate) transaction: TransactionId,
    /// The requested lifetime; zero counts as none.
    pub(crate) lifetime: Option<Duration>,
    /// Whether the client requested a second address family.
    pub(crate) additional_family_asked: bool,
}

/// An allocation (RFC 8656 section 6).
pub(crate) struct Allocation {
    pub(crate) grant: Grant,
    /// The relayed transport address, which peers see.
    pub(crate) relayed: SocketAddr,
    /// The end that no refresh can pass. `None` if it is beyond the clock's range.
    ends: Option<Instant>,
    expires: Instant,
    permissions: Vec<Permission>,
    channels: Vec<Channel>,
    pub(crate) to_peers: Bandwidth,
    pub(crate) to_client: Bandwidth,
}

impl Allocation {
    pub(crate) fn new(grant: Grant, relayed: SocketAddr, limits: &Limits, now: Instant) -> Self {
        let wish = grant.lifetime;
        let mut allocation = Self {
            grant,
            relayed,
            ends: now.checked_add(limits.total_lifetime),
            expires: now,
            permissions: Vec::new(),
            channels: Vec::new(),
            to_peers: Bandwidth::new(limits.bandwidth, now),
            to_client: Bandwidth::new(limits.bandwidth, now),
        };
        allocation.refresh(now, wish);
        allocation
    }

    pub(crate) fn expires(&self) -> Instant {
        self.expires
    }

    /// Extends the lifetime; a requested lifetime of zero counts as none (RFC 8656 section 7.2).
    pub(crate) fn refresh(&mut self, now: Instant, wish: Option<Duration>) {
        let lifetime = wish.unwrap_or_default().clamp(DEFAULT_LIFETIME, MAX_LIFETIME);
        let expires = now + lifetime;
        self.expires = self.ends.map_or(expires, |ends| expires.min(ends));
    }

    /// The remaining lifetime, in seconds.
    pub(crate) fn remaining(&self, now: Instant) -> u32 {
        // A lifetime is an hour at most.
        u32::try_from(self.expires.saturating_duration_since(now).as_secs()).unwrap_or(u32::MAX)
    }

    /// Installs or refreshes the permission of each of `ips`, or of none of them.
    pub(crate) fn permit(&mut self, now: Instant, ips: &[IpAddr]) -> Result<(), Refusal> {
        if ips.len() > MAX_PEERS {
            return Err(Refusal::InsufficientCapacity);
        }
        self.permissions.retain(|permission| permission.expires > now);
        let kept = self.permissions.len();
        for &ip in ips {
            if self.permissions.iter().any(|permission| permission.ip == ip) {
                continue;
            }
            if self.permissions.len() == MAX_PEERS {
                self.permissions.truncate(kept);
                return Err(Refusal::InsufficientCapacity);
            }
            self.permissions.push(Permission { ip, expires: now });
        }
        for permission in self.permissions.iter_mut().filter(|permission| ips.contains(&permission.ip)) {
            permission.expires = now + PERMISSION_LIFETIME;
        }
        Ok(())
    }

    pub(crate) fn permits(&self, now: Instant, ip: IpAddr) -> bool {
        self.permissions.iter().any(|permission| permission.ip == ip && permission.expires > now)
    }

    /// Binds or refreshes a channel, and with it the peer's permission (RFC 8656 section 12.2).
    pub(crate) fn bind(&mut self, now: Instant, number: u16, peer: SocketAddr) -> Result<(), Refusal> {
        self.channels.retain(|channel| channel.expires > now);
        let touched = |channel: &Channel| channel.number == number || channel.peer == peer;
        let known = self.channels.iter().position(touched);
        if known.is_some_and(|at| self.channels[at].number != number || self.channels[at].peer != peer) {
            return Err(Refusal::BadRequest);
        }
        if known.is_none() && self.channels.len() == MAX_PEERS {
            return Err(Refusal::InsufficientCapacity);
        }
        self.permit(now, &[peer.ip()])?;
        let expires = now + CHANNEL_LIFETIME;
        match known {
            Some(at) => self.channels[at].expires = expires,
            None => self.channels.push(Channel { number, peer, expires }),
        }
        Ok(())
    }

    pub(crate) fn peer_of(&self, now: Instant, number: u16) -> Option<SocketAddr> {
        let mut channels = self.channels.iter();
        channels.find(|channel| channel.number == number && channel.expires > now).map(|channel| channel.peer)
    }

    pub(crate) fn channel_to(&self, now: Instant, peer: SocketAddr) -> Option<u16> {
        let mut channels = self.channels.iter();
        channels.find(|channel| channel.peer == peer && channel.expires > now).map(|channel| channel.number)
    }
}

/// Limits one direction of an allocation to a number of bytes each second, with a second's worth as burst.
pub(crate) struct Bandwidth {
    /// `None` without a limit.
    limiter: Option<RateLimiter>,
    /// Origin of the rate limiter's clock.
    started: Instant,
}

impl Bandwidth {
    pub(crate) fn new(bytes_per_second: Option<NonZeroU64>, now: Instant) -> Self {
        // Far below 2^53.
        #[allow(clippy::cast_precision_loss)]
        let limiter = bytes_per_second.map(|rate| {
            let rate = rate.get() as f64;
            RateLimiter::full(RateLimit { burst: rate, per_second: rate }, 0.0)
        });
        Self { limiter, started: now }
    }

    /// Takes the cost of a packet with `payload` bytes; false if the limit is exceeded.
    pub(crate) fn try_take(&mut self, now: Instant, payload: usize) -> bool {
        let Some(limiter) = &mut self.limiter else { return true };
        let now_ms = now.saturating_duration_since(self.started).as_secs_f64() * 1000.0;
        // Far below 2^53.
        #[allow(clippy::cast_precision_loss)]
        let cost = (payload + PACKET_OVERHEAD) as f64;
        limiter.try_take(now_ms, cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_second_of_bandwidth_is_granted_at_once_then_the_rate() {
        let start = Instant::now();
        let mut bandwidth = Bandwidth::new(NonZeroU64::new(1000), start);
        assert!(bandwidth.try_take(start, 600 - PACKET_OVERHEAD));
        assert!(bandwidth.try_take(start, 400 - PACKET_OVERHEAD));
        assert!(!bandwidth.try_take(start, 0));
        assert!(bandwidth.try_take(start + Duration::from_millis(100), 99 - PACKET_OVERHEAD));
        assert!(!bandwidth.try_take(start + Duration::from_millis(100), 0));
        let later = start + Duration::from_secs(60);
        assert!(!bandwidth.try_take(later, 1001 - PACKET_OVERHEAD));
        assert!(bandwidth.try_take(later, 1000 - PACKET_OVERHEAD));
        // A time that was read earlier and arrives later adds nothing.
        assert!(!bandwidth.try_take(start, 0));
    }

    #[test]
    fn empty_packet_costs_its_headers() {
        let start = Instant::now();
        let mut bandwidth = Bandwidth::new(NonZeroU64::new(10 * PACKET_OVERHEAD as u64), start);
        assert!((0..10).all(|_| bandwidth.try_take(start, 0)));
        assert!(!bandwidth.try_take(start, 0));
    }

    #[test]
    fn without_a_limit_every_packet_is_granted() {
        let start = Instant::now();
        let mut bandwidth = Bandwidth::new(None, start);
        assert!((0..100).all(|_| bandwidth.try_take(start, 60_000)));
    }
}
