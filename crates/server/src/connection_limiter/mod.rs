//! Limits on signaling: open connections and connection attempts of each client address, events of each connection, and
//! attempts to enter a room. Which page origins may connect is [`crate::origin_check`]'s business; what an event does,
//! [`crate::signaling`]'s.
//!
//! What an outsider can learn. The server publishes no list of rooms, and events about a room reach its participants
//! only. A client that asks to create a room learns whether the room has participants. A client that joins a room
//! learns their ids, and they learn its id. Joining needs that much: the name of a room is the key to it.
//!
//! The limits on entering stop a client from guessing names. Every attempt counts, granted or refused, per connection
//! and per address. Beyond the limit every name gets the same refusal, because no room is looked up. With the defaults,
//! an address that guesses without pause has two attempts a second. That is enough for names that people choose as they
//! choose passwords, and hopeless against the 80 random bits of a generated name.
//!
//! For offers, answers and candidates, a target in another room and a target that does not exist get the same refusal.

mod permit;

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, Once, PoisonError},
    time::Instant,
};

use axum::{
    http::{HeaderMap, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use ipnet::IpNet;
use vitrine_protocol::rate_limiter::{RateLimit, RateLimiter};

pub use self::permit::{Permit, RateDecision};
use crate::{
    Config,
    client_address::{AddressKey, client_address},
    metrics::Metrics,
    refusal_log::RefusalLog,
    refusal_reason::Reason,
};

/// Event burst for each participant of a full room: an offer or answer and all candidates of a machine with many
/// networks, two or three times over.
const BURST_PER_PARTICIPANT: f64 = 100.0;

/// Attempts of one connection to enter a room. No user leaves and enters faster by hand.
const ENTRY_LIMIT: RateLimit = RateLimit { burst: 30.0, per_second: 1.0 };

/// Number of known addresses below which none is forgotten.
const MIN_KNOWN: usize = 1024;

/// Most addresses that stay known without an open connection.
const MAX_IDLE: usize = 64 * 1024;

/// `Retry-After` of a refusal, in seconds.
const RETRY_SECONDS: &str = "10";

/// Counts signaling connections and attempts per client address, and hands out the [`Permit`] of each connection.
#[derive(Debug)]
pub struct ConnectionLimiter {
    limits: Limits,
    trusted: Vec<IpNet>,
    /// Origin of the rate limiters' clock.
    started: Instant,
    addresses: Mutex<Addresses>,
    metrics: Arc<Metrics>,
    refusals: Arc<RefusalLog>,
    untrusted_proxy: Once,
}

#[derive(Debug)]
struct Limits {
    /// Whether `events` and `entries` apply.
    per_connection: bool,
    events: RateLimit,
    entries: RateLimit,
    per_address: Option<AddressLimits>,
}

/// The limits of one address.
#[derive(Clone, Copy, Debug)]
struct AddressLimits {
    /// Connections open at a time.
    open: u32,
    /// New connections.
    connects: RateLimit,
    /// Attempts to enter a room.
    entries: RateLimit,
}

impl AddressLimits {
    fn new(connections: NonZeroU32) -> Self {
        let count = f64::from(connections.get());
        Self {
            open: connections.get(),
            connects: RateLimit { burst: 2.0 * count, per_second: count / 10.0 },
            entries: RateLimit { burst: 2.0 * count, per_second: count / 50.0 },
        }
    }
}

/// The addresses with open or recent connections.
#[derive(Debug)]
struct Addresses {
    known: HashMap<AddressKey, Address>,
    /// Size of `known` at which the next new address triggers a sweep.
    sweep_at: usize,
}

#[derive(Debug)]
struct Address {
    open: u32,
    connects: RateLimiter,
    entries: RateLimiter,
}

impl Addresses {
    /// Returns the entry of `key`, inserting it with full rate limiters if it is new.
    fn entry(&mut self, key: AddressKey, limits: AddressLimits, now_ms: f64) -> &mut Address {
        if self.known.len() >= self.sweep_at && !self.known.contains_key(&key) {
            self.sweep(now_ms);
        }
        self.known.entry(key).or_insert_with(|| Address {
            open: 0,
            connects: RateLimiter::full(limits.connects, now_ms),
            entries: RateLimiter::full(limits.entries, now_ms),
        })
    }

    /// Forgets the addresses that are in the same state as a new one. If too many are left, forgets every address
    /// without an open connection.
    fn sweep(&mut self, now_ms: f64) {
        self.known.retain(|_, address| {
            address.open > 0 || !address.connects.is_full(now_ms) || !address.entries.is_full(now_ms)
        });
        if self.known.len() > MAX_IDLE {
            self.known.retain(|_, address| address.open > 0);
        }
        // Doubling keeps the cost of sweeps constant per new address.
        self.sweep_at = MIN_KNOWN.max(2 * self.known.len());
    }
}

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The address has as many connections open as the limit allows.
    #[error("there are too many connections from this address")]
    TooManyOpen,
    /// The address opened too many connections in a short time.
    #[error("this address connects too often: try again in a while")]
    TooFrequent,
}

impl Rejected {
    fn reason(self) -> Reason {
        match self {
            Self::TooManyOpen => Reason::Connections,
            Self::TooFrequent => Reason::Rate,
        }
    }
}

impl IntoResponse for Rejected {
    fn into_response(self) -> Response {
        (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, RETRY_SECONDS)], self.to_string()).into_response()
    }
}

impl ConnectionLimiter {
    /// A limiter without connections.
    pub fn new(config: &Config, metrics: Arc<Metrics>, refusals: Arc<RefusalLog>) -> Self {
        let options = &config.access;
        let events = RateLimit {
            burst: BURST_PER_PARTICIPANT * f64::from(config.max_participants),
            per_second: options.rate_limit.map_or(0.0, |rate| f64::from(rate.get())),
        };
        Self {
            limits: Limits {
                per_connection: options.rate_limit.is_some(),
                events,
                entries: ENTRY_LIMIT,
                per_address: options.max_connections_per_address.map(AddressLimits::new),
            },
            trusted: options.trusted_proxies.clone(),
            started: Instant::now(),
            addresses: Mutex::new(Addresses { known: HashMap::new(), sweep_at: MIN_KNOWN }),
            metrics,
            refusals,
            untrusted_proxy: Once::new(),
        }
    }

    /// The key that a request of `peer` counts under; `None` if it does not count.
    fn key(&self, peer: IpAddr, headers: &HeaderMap) -> Option<AddressKey> {
        let client = client_address(peer, headers, &self.trusted);
        if client.is_loopback() && self.trusted.is_empty() {
            if headers.contains_key("x-forwarded-for") {
                self.untrusted_proxy.call_once(|| {
                    tracing::warn!(
                        "a proxy on this machine is not trusted, so the limits for each address do not apply: name it \
                         with --trusted-proxy {client}"
                    );
                });
            }
            return None;
        }
        Some(client.into())
    }

    /// Takes a permit for a connection that a request of `peer` opens.
    ///
    /// # Errors
    /// [`Rejected`], which is the response to the request.
    pub fn try_acquire(self: &Arc<Self>, peer: SocketAddr, headers: &HeaderMap) -> Result<Permit, Rejected> {
        self.try_acquire_at(self.now_ms(), self.key(peer.ip(), headers)).inspect_err(|rejected| {
            self.refusals.log_request(rejected.reason(), peer.ip(), headers);
        })
    }

    fn try_acquire_at(self: &Arc<Self>, now_ms: f64, key: Option<AddressKey>) -> Result<Permit, Rejected> {
        if let (Some(key), Some(limits)) = (key, self.limits.per_address) {
            let mut addresses = self.addresses();
            let address = addresses.entry(key, limits, now_ms);
            if address.open >= limits.open {
                return Err(Rejected::TooManyOpen);
            }
            if !address.connects.try_take(now_ms, 1.0) {
                return Err(Rejected::TooFrequent);
            }
            address.open += 1;
        }
        Ok(Permit::new(self.clone(), key, now_ms))
    }

    /// Counts an attempt to enter a room; false if the address has had too many.
    fn try_enter_room(&self, key: Option<AddressKey>, now_ms: f64) -> bool {
        let (Some(key), Some(limits)) = (key, self.limits.per_address) else {
            return true;
        };
        self.addresses().entry(key, limits, now_ms).entries.try_take(now_ms, 1.0)
    }

    /// Counts a connection as closed.
    fn release(&self, key: Option<AddressKey>) {
        if let Some(key) = key
            && let Some(address) = self.addresses().known.get_mut(&key)
        {
            address.open = address.open.saturating_sub(1);
        }
    }

    /// Milliseconds of the rate limiters' clock.
    fn now_ms(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1000.0
    }

    fn addresses(&self) -> MutexGuard<'_, Addresses> {
        // The table is consistent between any two statements that could panic.
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_options::AccessOptions;

    const HOUR_MS: f64 = 3_600_000.0;

    fn limiter() -> Arc<ConnectionLimiter> {
        limiter_with(&Config::default())
    }

    fn limiter_with(config: &Config) -> Arc<ConnectionLimiter> {
        Arc::new(ConnectionLimiter::new(config, Arc::default(), Arc::default()))
    }

    fn key(number: usize) -> Option<AddressKey> {
        Some(IpAddr::from(u32::try_from(number).unwrap().to_be_bytes()).into())
    }

    fn known(limiter: &ConnectionLimiter) -> usize {
        limiter.addresses().known.len()
    }

    #[test]
    fn idle_address_is_forgotten_once_its_limiters_are_full() {
        let limiter = limiter();
        let permit = limiter.try_acquire_at(0.0, key(0)).unwrap();
        for number in 1..MIN_KNOWN {
            drop(limiter.try_acquire_at(0.0, key(number)).unwrap());
        }
        assert_eq!(known(&limiter), MIN_KNOWN);
        drop(limiter.try_acquire_at(HOUR_MS, key(MIN_KNOWN)).unwrap());
        // The new address, and the one with an open connection.
        assert_eq!(known(&limiter), 2);
        drop(permit);
    }

    #[test]
    fn number_of_known_addresses_is_bounded() {
        let limiter = limiter();
        for number in 0..10 * MAX_IDLE {
            drop(limiter.try_acquire_at(0.0, key(number)).unwrap());
            assert!(known(&limiter) <= 2 * MAX_IDLE + 1);
        }
    }

    #[test]
    fn rejected_connection_does_not_count_as_an_attempt() {
        let limiter = limiter_with(&Config {
            access: AccessOptions { max_connections_per_address: NonZeroU32::new(1), ..AccessOptions::default() },
            ..Config::default()
        });
        let permit = limiter.try_acquire_at(0.0, key(1)).unwrap();
        for _ in 0..10 {
            assert_eq!(limiter.try_acquire_at(0.0, key(1)).err(), Some(Rejected::TooManyOpen));
        }
        drop(permit);
        drop(limiter.try_acquire_at(0.0, key(1)).unwrap());
        assert_eq!(limiter.try_acquire_at(0.0, key(1)).err(), Some(Rejected::TooFrequent));
    }
}
