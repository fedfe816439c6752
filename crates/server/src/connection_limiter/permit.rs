//! The permit of one signaling connection: its place among the open connections of its address, and its own rate
//! limiters.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vitrine_protocol::rate_limiter::RateLimiter;

use super::ConnectionLimiter;
use crate::client_address::AddressKey;

/// An event costs one token, and one more for each such number of bytes.
const BYTES_PER_TOKEN: usize = 8 * 1024;

/// What to do with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateDecision {
    /// Handle it.
    Allow,
    /// Refuse it: the connection sends too many.
    Refuse,
    /// Close the connection: it goes on sending after refusals.
    Disconnect,
}

/// Counts one Engine.IO session as an open connection of its address until dropped.
#[derive(Debug)]
pub struct Permit {
    limiter: Arc<ConnectionLimiter>,
    key: Option<AddressKey>,
    rates: Mutex<Rates>,
}

#[derive(Debug)]
struct Rates {
    events: RateLimiter,
    /// The same limit again, for refused events.
    refused_events: RateLimiter,
    entries: RateLimiter,
}

impl Permit {
    /// A permit for a connection that the limiter has already counted under `key`; `None` does not count.
    pub(super) fn new(limiter: Arc<ConnectionLimiter>, key: Option<AddressKey>, now_ms: f64) -> Self {
        limiter.metrics.sockets.add(1);
        let limits = &limiter.limits;
        let rates = Rates {
            events: RateLimiter::full(limits.events, now_ms),
            refused_events: RateLimiter::full(limits.events, now_ms),
            entries: RateLimiter::full(limits.entries, now_ms),
        };
        Self { key, rates: Mutex::new(rates), limiter }
    }

    /// Counts an event of `bytes` bytes.
    pub fn check_event(&self, bytes: usize) -> RateDecision {
        let limits = &self.limiter.limits;
        if !limits.per_connection {
            return RateDecision::Allow;
        }
        let now_ms = self.limiter.now_ms();
        // An event larger than a burst is granted after a long pause, not never.
        let cost = ((1 + bytes / BYTES_PER_TOKEN) as f64).min(limits.events.burst);
        let mut rates = self.rates();
        if rates.events.try_take(now_ms, cost) {
            RateDecision::Allow
        } else if rates.refused_events.try_take(now_ms, cost) {
            RateDecision::Refuse
        } else {
            self.limiter.metrics.floods.add(1);
            RateDecision::Disconnect
        }
    }

    /// Counts an attempt to enter a room, for the connection and for its address; false if there were too many.
    /// Successful attempts count too: they reveal as much about a room as refused ones.
    pub fn try_enter_room(&self) -> bool {
        let (now_ms, limits) = (self.limiter.now_ms(), &self.limiter.limits);
        let connection_may = !limits.per_connection || self.rates().entries.try_take(now_ms, 1.0);
        connection_may && self.limiter.try_enter_room(self.key, now_ms)
    }

    fn rates(&self) -> MutexGuard<'_, Rates> {
        // Nothing that holds the lock can panic half-way.
        self.rates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.limiter.metrics.sockets.sub(1);
        self.limiter.release(self.key);
    }
}
