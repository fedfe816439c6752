//! The door of the signaling: how many connections an address may have, how often it may connect, how much each
//! connection may send, and how often somebody may try to enter a room. Which pages may come at all, and who may speak
//! on a connection, is the business of [`crate::gate`]; what is asked for inside, that of [`crate::signaling`].
//!
//! What an outsider can learn. There is no list of rooms, and no event tells of a room but those that enter it. Whoever
//! asks to create a room learns whether it has participants; whoever asks to join it learns who they are, if there is
//! a place, and they learn of the newcomer. That much joining needs: who knows the name of a room may be in it. To learn
//! a name by trying names is what the limits on entering are for, granted or refused, for each connection and each
//! address; beyond them every name gets the same answer, for no room is looked up. An address that guesses without a
//! pause has two attempts a second with the defaults: enough for a name that people choose as they choose passwords,
//! hopeless against the 80 random bits of a generated one. To offers, answers and candidates the server says of
//! somebody in another room exactly what it says of nobody.

mod address;
mod bucket;
mod options;
mod pass;

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

use self::bucket::{Bucket, Rate};
pub use self::{
    address::{Party, client_address},
    options::{DoorOptions, Readers},
    pass::{Pass, Verdict},
};
use crate::{
    Config,
    metrics::Metrics,
    refusals::{Reason, Refusals},
};

/// Events that may come at once, for each participant of a full room: an offer or answer and all candidates of a
/// machine with many networks, two or three times over.
const BURST_PER_PARTICIPANT: f32 = 100.0;

/// How often one connection may try to enter a room. Nobody leaves and enters faster by hand.
const ENTRIES: Rate = Rate { burst: 30.0, per_second: 1.0 };

/// Addresses that are remembered before those are forgotten that would be treated like new ones.
const REMEMBERED: usize = 1024;

/// Addresses that are remembered at most for what they did before, with nothing open now.
const MOST_REMEMBERED: usize = 64 * 1024;

/// Seconds after which whoever was refused may try again.
const RETRY_SECONDS: &str = "10";

/// The limits, and what was done by whom.
#[derive(Debug)]
pub struct Door {
    limits: Limits,
    trusted: Vec<IpNet>,
    addresses: Mutex<Addresses>,
    metrics: Arc<Metrics>,
    refusals: Arc<Refusals>,
    untrusted_proxy: Once,
}

#[derive(Debug)]
struct Limits {
    /// Whether there are limits for a session.
    per_session: bool,
    events: Rate,
    entries: Rate,
    per_address: Option<AddressLimits>,
}

/// What one address may do.
#[derive(Clone, Copy, Debug)]
struct AddressLimits {
    /// Sessions that are open.
    open: u32,
    /// Sessions that are opened.
    arrivals: Rate,
    /// Attempts to enter a room.
    entries: Rate,
}

impl AddressLimits {
    fn new(connections: NonZeroU32) -> Self {
        let count = connections.get() as f32;
        Self {
            open: connections.get(),
            arrivals: Rate { burst: 2.0 * count, per_second: count / 10.0 },
            entries: Rate { burst: 2.0 * count, per_second: count / 50.0 },
        }
    }
}

/// What is known of the addresses that were here lately.
#[derive(Debug)]
struct Addresses {
    known: HashMap<Party, Address>,
    /// How many may be known before it is looked whom to forget.
    sweep_at: usize,
}

#[derive(Debug)]
struct Address {
    open: u32,
    arrivals: Bucket,
    entries: Bucket,
}

impl Addresses {
    /// The one of `party`, which becomes known if it was not.
    fn of(&mut self, party: Party, limits: AddressLimits, now: Instant) -> &mut Address {
        if self.known.len() >= self.sweep_at && !self.known.contains_key(&party) {
            self.sweep(limits, now);
        }
        self.known.entry(party).or_insert_with(|| Address {
            open: 0,
            arrivals: Bucket::full(limits.arrivals, now),
            entries: Bucket::full(limits.entries, now),
        })
    }

    /// Forgets those that would be treated no differently as new ones; and the rest of those that have gone, if they are
    /// too many.
    fn sweep(&mut self, limits: AddressLimits, now: Instant) {
        self.known.retain(|_, address| {
            address.open > 0
                || !address.arrivals.is_full(limits.arrivals, now)
                || !address.entries.is_full(limits.entries, now)
        });
        if self.known.len() > MOST_REMEMBERED {
            self.known.retain(|_, address| address.open > 0);
        }
        // Twice what is left: each sweep is paid for by as many arrivals.
        self.sweep_at = REMEMBERED.max(2 * self.known.len());
    }
}

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TurnedAway {
    /// As many are open as may be.
    #[error("there are too many connections from this address")]
    TooMany,
    /// Too many were opened in a short time.
    #[error("this address connects too often: try again in a while")]
    TooFast,
}

impl TurnedAway {
    fn reason(self) -> Reason {
        match self {
            Self::TooMany => Reason::Connections,
            Self::TooFast => Reason::Rate,
        }
    }
}

impl IntoResponse for TurnedAway {
    fn into_response(self) -> Response {
        (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, RETRY_SECONDS)], self.to_string()).into_response()
    }
}

impl Door {
    /// A door with nobody inside.
    pub fn new(config: &Config, metrics: Arc<Metrics>, refusals: Arc<Refusals>) -> Self {
        let options = &config.door;
        let events = Rate {
            burst: BURST_PER_PARTICIPANT * f32::from(config.max_participants),
            per_second: options.rate_limit.map_or(0.0, |rate| rate.get() as f32),
        };
        Self {
            limits: Limits {
                per_session: options.rate_limit.is_some(),
                events,
                entries: ENTRIES,
                per_address: options.max_connections_per_address.map(AddressLimits::new),
            },
            trusted: options.trusted_proxies.clone(),
            addresses: Mutex::new(Addresses { known: HashMap::new(), sweep_at: REMEMBERED }),
            metrics,
            refusals,
            untrusted_proxy: Once::new(),
        }
    }

    /// Whom a request of `peer` is counted for, if for anybody.
    fn party(&self, peer: IpAddr, headers: &HeaderMap) -> Option<Party> {
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

    /// Lets a request of `peer` open a session.
    ///
    /// # Errors
    /// [`TurnedAway`], which is an answer to the request.
    pub fn knock(self: &Arc<Self>, peer: SocketAddr, headers: &HeaderMap) -> Result<Pass, TurnedAway> {
        self.admit(self.party(peer.ip(), headers), Instant::now()).inspect_err(|turned_away| {
            self.refusals.request(turned_away.reason(), peer.ip(), headers);
        })
    }

    fn admit(self: &Arc<Self>, party: Option<Party>, now: Instant) -> Result<Pass, TurnedAway> {
        if let (Some(party), Some(limits)) = (party, self.limits.per_address) {
            let mut addresses = self.addresses();
            let address = addresses.of(party, limits, now);
            if address.open >= limits.open {
                return Err(TurnedAway::TooMany);
            }
            if !address.arrivals.spend(limits.arrivals, 1.0, now) {
                return Err(TurnedAway::TooFast);
            }
            address.open += 1;
        }
        Ok(Pass::new(self.clone(), party, now))
    }

    /// Counts an attempt to enter a room; whether it is granted.
    fn may_enter(&self, party: Option<Party>, now: Instant) -> bool {
        let (Some(party), Some(limits)) = (party, self.limits.per_address) else {
            return true;
        };
        self.addresses().of(party, limits, now).entries.spend(limits.entries, 1.0, now)
    }

    /// A session of `party` has ended.
    fn depart(&self, party: Option<Party>) {
        if let Some(party) = party
            && let Some(address) = self.addresses().known.get_mut(&party)
        {
            address.open = address.open.saturating_sub(1);
        }
    }

    fn addresses(&self) -> MutexGuard<'_, Addresses> {
        // Whole between any two statements that could panic.
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn door() -> Arc<Door> {
        door_with(&Config::default())
    }

    fn door_with(config: &Config) -> Arc<Door> {
        Arc::new(Door::new(config, Arc::default(), Arc::default()))
    }

    fn party(number: usize) -> Option<Party> {
        Some(IpAddr::from(u32::try_from(number).unwrap().to_be_bytes()).into())
    }

    fn known(door: &Door) -> usize {
        door.addresses().known.len()
    }

    #[test]
    fn addresses_are_forgotten_once_nothing_is_held_against_them() {
        let (door, start) = (door(), Instant::now());
        let inside = door.admit(party(0), start).unwrap();
        for number in 1..REMEMBERED {
            drop(door.admit(party(number), start).unwrap());
        }
        assert_eq!(known(&door), REMEMBERED);
        drop(door.admit(party(REMEMBERED), start + Duration::from_secs(3600)).unwrap());
        // The newcomer, and whoever is still there.
        assert_eq!(known(&door), 2);
        drop(inside);
    }

    #[test]
    fn not_even_a_storm_of_addresses_is_remembered_without_end() {
        let (door, now) = (door(), Instant::now());
        for number in 0..10 * MOST_REMEMBERED {
            drop(door.admit(party(number), now).unwrap());
            assert!(known(&door) <= 2 * MOST_REMEMBERED + 1);
        }
    }

    #[test]
    fn who_was_turned_away_has_spent_nothing() {
        let door = door_with(&Config {
            door: DoorOptions { max_connections_per_address: NonZeroU32::new(1), ..DoorOptions::default() },
            ..Config::default()
        });
        let now = Instant::now();
        let inside = door.admit(party(1), now).unwrap();
        for _ in 0..10 {
            assert_eq!(door.admit(party(1), now).err(), Some(TurnedAway::TooMany));
        }
        drop(inside);
        drop(door.admit(party(1), now).unwrap());
        assert_eq!(door.admit(party(1), now).err(), Some(TurnedAway::TooFast));
    }
}
