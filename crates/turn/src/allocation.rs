//! What one allocation may do and until when: its lifetime, its permissions, its channels and its share of the line. It
//! compares times when it is asked, runs no timer, and holds a bounded amount.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU64,
    time::{Duration, Instant},
};

use stun_types::message::{IntegrityKey, TransactionId};

use crate::{config::Limits, wire::Refusal};

/// The lifetime without a wish, and the least that is given (RFC 8656 section 3.2).
pub(crate) const DEFAULT_LIFETIME: Duration = Duration::from_secs(600);

/// The longest lifetime that a request is given.
pub(crate) const MAX_LIFETIME: Duration = Duration::from_secs(3600);

/// RFC 8656 section 9.
pub(crate) const PERMISSION_LIFETIME: Duration = Duration::from_secs(300);

/// RFC 8656 section 12.
pub(crate) const CHANNEL_LIFETIME: Duration = Duration::from_secs(600);

/// Permissions, and channels, of one allocation. A browser makes one allocation for each participant, and permissions
/// for that participant's candidates.
pub(crate) const MAX_PEERS: usize = 128;

/// What a packet costs beside its payload, in bytes: the headers of IPv6 and UDP. Empty packets are not free, then, nor
/// are small ones cheap.
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

/// What it takes to begin an allocation.
pub(crate) struct Grant {
    pub(crate) username: String,
    pub(crate) key: IntegrityKey,
    pub(crate) transaction: TransactionId,
    /// What the client wished for; zero counts as no wish.
    pub(crate) lifetime: Option<Duration>,
    /// The client asked for a second address family as well.
    pub(crate) additional_family_asked: bool,
}

/// An allocation (RFC 8656 section 6).
pub(crate) struct Allocation {
    pub(crate) grant: Grant,
    /// The address that peers see.
    pub(crate) relayed: SocketAddr,
    /// Past this, no refresh helps. None where the clock does not go so far.
    ends: Option<Instant>,
    expires: Instant,
    permissions: Vec<Permission>,
    channels: Vec<Channel>,
    pub(crate) to_peers: Bucket,
    pub(crate) to_client: Bucket,
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
            to_peers: Bucket::new(limits.bandwidth, now),
            to_client: Bucket::new(limits.bandwidth, now),
        };
        allocation.refresh(now, wish);
        allocation
    }

    pub(crate) fn expires(&self) -> Instant {
        self.expires
    }

    /// Extends the lifetime as a request wishes; zero counts as no wish. RFC 8656 section 7.2.
    pub(crate) fn refresh(&mut self, now: Instant, wish: Option<Duration>) {
        let lifetime = wish.unwrap_or_default().clamp(DEFAULT_LIFETIME, MAX_LIFETIME);
        let expires = now + lifetime;
        self.expires = self.ends.map_or(expires, |ends| expires.min(ends));
    }

    /// What is left of the lifetime, in seconds.
    pub(crate) fn remaining(&self, now: Instant) -> u32 {
        // A lifetime is an hour at most.
        u32::try_from(self.expires.saturating_duration_since(now).as_secs()).unwrap_or(u32::MAX)
    }

    /// Gives or renews the permission of each of `ips`, or of none of them.
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

    /// Binds or renews a channel, and with it the peer's permission (RFC 8656 section 12.2).
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

/// A token bucket: so many bytes of packets each second, and as many at once after a pause.
pub(crate) struct Bucket {
    rate: Option<NonZeroU64>,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    pub(crate) fn new(rate: Option<NonZeroU64>, now: Instant) -> Self {
        Self { rate, tokens: Self::capacity(rate), filled: now }
    }

    /// Takes what a packet with so many bytes of `payload` costs, if it is there.
    pub(crate) fn take(&mut self, now: Instant, payload: usize) -> bool {
        if self.rate.is_none() {
            return true;
        }
        let capacity = Self::capacity(self.rate);
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = self.filled.max(now);
        self.tokens = (self.tokens + elapsed * capacity).min(capacity);
        // Far below 2^53.
        #[allow(clippy::cast_precision_loss)]
        let cost = (payload + PACKET_OVERHEAD) as f64;
        let enough = cost <= self.tokens;
        if enough {
            self.tokens -= cost;
        }
        enough
    }

    /// One second's worth.
    #[allow(clippy::cast_precision_loss)]
    fn capacity(rate: Option<NonZeroU64>) -> f64 {
        rate.map_or(0.0, |rate| rate.get() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_a_second_at_once_and_its_rate_after() {
        let start = Instant::now();
        let mut bucket = Bucket::new(NonZeroU64::new(1000), start);
        assert!(bucket.take(start, 600 - PACKET_OVERHEAD));
        assert!(bucket.take(start, 400 - PACKET_OVERHEAD));
        assert!(!bucket.take(start, 0));
        assert!(bucket.take(start + Duration::from_millis(100), 99 - PACKET_OVERHEAD));
        assert!(!bucket.take(start + Duration::from_millis(100), 0));
        let later = start + Duration::from_secs(60);
        assert!(!bucket.take(later, 1001 - PACKET_OVERHEAD));
        assert!(bucket.take(later, 1000 - PACKET_OVERHEAD));
        // A clock that was read earlier and used later gives nothing.
        assert!(!bucket.take(start, 0));
    }

    #[test]
    fn an_empty_packet_costs_its_headers() {
        let start = Instant::now();
        let mut bucket = Bucket::new(NonZeroU64::new(10 * PACKET_OVERHEAD as u64), start);
        assert!((0..10).all(|_| bucket.take(start, 0)));
        assert!(!bucket.take(start, 0));
    }

    #[test]
    fn a_bucket_without_a_rate_gives_everything() {
        let start = Instant::now();
        let mut bucket = Bucket::new(None, start);
        assert!((0..100).all(|_| bucket.take(start, 60_000)));
    }
}
