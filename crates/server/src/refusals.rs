//! Refused signaling connections, logged for the operator with address and reason. Each kind is logged at most once a
//! minute, so that no client can fill the log.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap, header::ORIGIN},
};
use ipnet::IpNet;

use crate::{door::client_address, metrics::Metrics};

/// Shortest time between two lines of one kind.
const QUIET: Duration = Duration::from_secs(60);

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The page is of an origin that is not allowed.
    Origin,
    /// Too many signaling connections of one address are open.
    Connections,
    /// An address connects too often.
    Rate,
    /// A WebSocket's handshake came without its `Upgrade` header.
    Upgrade,
    /// The client speaks another version or transport.
    Protocol,
    /// Too many HTTP connections of one address are open.
    Http,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Origin, Self::Connections, Self::Rate, Self::Upgrade, Self::Protocol, Self::Http];

    /// Stable name, for the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Connections => "connections",
            Self::Rate => "rate",
            Self::Upgrade => "upgrade",
            Self::Protocol => "protocol",
            Self::Http => "http",
        }
    }

    /// What happened and what can be done, for the log.
    fn explain(self) -> &'static str {
        match self {
            Self::Origin => "its page is of an origin that --allowed-origin does not name",
            Self::Connections => "its address has as many connections as --max-connections-per-address allows",
            Self::Rate => "its address connects too often for --max-connections-per-address",
            Self::Upgrade => {
                "its WebSocket came without the Upgrade header: a proxy on the way has to pass Upgrade and Connection on"
            }
            Self::Protocol => "it speaks neither WebSocket nor long-polling of Engine.IO 4",
            Self::Http => "its address has as many HTTP connections as one may have",
        }
    }
}

/// What was refused, for the log and the metrics.
#[derive(Debug, Default)]
pub struct Refusals {
    trusted: Vec<IpNet>,
    metrics: Arc<Metrics>,
    kinds: Mutex<[Kind; Reason::ALL.len()]>,
}

/// The refusals for one reason.
#[derive(Clone, Copy, Debug, Default)]
struct Kind {
    last: Option<Instant>,
    told: Option<Instant>,
    /// Refusals since the last line in the log.
    untold: u64,
}

impl Kind {
    /// Counts one more. Returns how many were not logged before it, if it is to be logged.
    fn add(&mut self, now: Instant) -> Option<u64> {
        self.last = Some(now);
        if self.told.is_some_and(|told| now.saturating_duration_since(told) < QUIET) {
            self.untold += 1;
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

impl Refusals {
    /// None yet; what proxies at `trusted` addresses say of their clients is believed.
    pub fn new(trusted: Vec<IpNet>, metrics: Arc<Metrics>) -> Self {
        Self { trusted, metrics, kinds: Mutex::default() }
    }

    /// A request of `peer` was refused.
    pub fn request(&self, reason: Reason, peer: IpAddr, headers: &HeaderMap) {
        let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
        self.note(reason, client_address(peer, headers, &self.trusted), origin);
    }

    /// A connection of `peer` was refused.
    pub fn connection(&self, reason: Reason, peer: IpAddr) {
        self.note(reason, peer.to_canonical(), "");
    }

    fn note(&self, reason: Reason, address: IpAddr, origin: &str) {
        self.metrics.turned_away.add(reason.name());
        let told = self.with_kind(reason, |kind| kind.add(Instant::now()));
        match told {
            Some(untold) => tracing::warn!(
                reason = reason.name(),
                %address,
                origin,
                untold,
                "signaling refused: {}",
                reason.explain()
            ),
            None => tracing::debug!(reason = reason.name(), %address, origin, "signaling refused"),
        }
    }

    /// Whether a connection was refused for this reason within the last minute.
    pub fn is_recent(&self, reason: Reason) -> bool {
        self.with_kind(reason, |kind| kind.last.is_some_and(|last| last.elapsed() < QUIET))
    }

    fn with_kind<T>(&self, reason: Reason, act: impl FnOnce(&mut Kind) -> T) -> T {
        // Whole between any two statements that could panic.
        act(&mut self.kinds.lock().unwrap_or_else(PoisonError::into_inner)[reason as usize])
    }
}

/// Who sent a request, as the acceptor notes it.
pub fn peer(extensions: &Extensions) -> IpAddr {
    let unknown = || IpAddr::from([0, 0, 0, 0]);
    extensions.get().map_or_else(unknown, |ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_told_of_once_a_minute_with_how_many_were_not() {
        let (mut kind, start) = (Kind::default(), Instant::now());
        assert_eq!(kind.add(start), Some(0));
        for second in 1..60 {
            assert_eq!(kind.add(start + Duration::from_secs(second)), None);
        }
        assert_eq!(kind.add(start + QUIET), Some(59));
        assert_eq!(kind.add(start + QUIET), None);
        assert_eq!(kind.add(start + 3 * QUIET), Some(1));
    }

    #[test]
    fn every_reason_has_a_place_of_its_own() {
        let refusals = Refusals::default();
        for reason in Reason::ALL {
            assert!(!refusals.is_recent(reason));
            refusals.connection(reason, IpAddr::from([192, 0, 2, 1]));
            assert!(refusals.is_recent(reason));
        }
    }
}
