//! Logs and counts refused connections, with address and reason, for the operator. Each reason is logged at most once a
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

use crate::{client_address::client_address, metrics::Metrics, refusal_reason::Reason};

/// Shortest time between two lines for the same reason.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Logs and counts refused connections.
#[derive(Debug, Default)]
pub struct RefusalLog {
    trusted: Vec<IpNet>,
    metrics: Arc<Metrics>,
    entries: Mutex<[Entry; Reason::ALL.len()]>,
}

/// The refusals for one reason.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    last: Option<Instant>,
    last_logged: Option<Instant>,
    /// Refusals since the last line in the log.
    suppressed: u64,
}

impl Entry {
    /// Counts a refusal. If it is to be logged, returns how many before it were not.
    fn add(&mut self, now: Instant) -> Option<u64> {
        self.last = Some(now);
        if self.last_logged.is_some_and(|logged| now.saturating_duration_since(logged) < LOG_INTERVAL) {
            self.suppressed += 1;
            return None;
        }
        self.last_logged = Some(now);
        Some(std::mem::take(&mut self.suppressed))
    }
}

impl RefusalLog {
    /// An empty log. `trusted` proxies may report the address of their client.
    pub fn new(trusted: Vec<IpNet>, metrics: Arc<Metrics>) -> Self {
        Self { trusted, metrics, entries: Mutex::default() }
    }

    /// Logs a refused request of `peer`.
    pub fn log_request(&self, reason: Reason, peer: IpAddr, headers: &HeaderMap) {
        let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
        self.log(reason, client_address(peer, headers, &self.trusted), origin);
    }

    /// Logs a refused connection of `peer`.
    pub fn log_connection(&self, reason: Reason, peer: IpAddr) {
        self.log(reason, peer.to_canonical(), "");
    }

    fn log(&self, reason: Reason, address: IpAddr, origin: &str) {
        self.metrics.connections_refused.add(reason.name());
        let logged = self.with_entry(reason, |entry| entry.add(Instant::now()));
        match logged {
            Some(suppressed) => tracing::warn!(
                reason = reason.name(),
                %address,
                origin,
                untold = suppressed,
                "signaling refused: {}",
                reason.explain()
            ),
            None => tracing::debug!(reason = reason.name(), %address, origin, "signaling refused"),
        }
    }

    /// Whether a connection was refused for `reason` within the last minute.
    pub fn is_recent(&self, reason: Reason) -> bool {
        self.with_entry(reason, |entry| entry.last.is_some_and(|last| last.elapsed() < LOG_INTERVAL))
    }

    fn with_entry<T>(&self, reason: Reason, act: impl FnOnce(&mut Entry) -> T) -> T {
        // The entries are consistent between any two statements that could panic.
        act(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner)[reason as usize])
    }
}

/// The peer address of a request, which the acceptor adds to its extensions.
pub fn peer(extensions: &Extensions) -> IpAddr {
    let unknown = || IpAddr::from([0, 0, 0, 0]);
    extensions.get().map_or_else(unknown, |ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_is_logged_once_a_minute_with_the_suppressed_count() {
        let (mut entry, start) = (Entry::default(), Instant::now());
        assert_eq!(entry.add(start), Some(0));
        for second in 1..60 {
            assert_eq!(entry.add(start + Duration::from_secs(second)), None);
        }
        assert_eq!(entry.add(start + LOG_INTERVAL), Some(59));
        assert_eq!(entry.add(start + LOG_INTERVAL), None);
        assert_eq!(entry.add(start + 3 * LOG_INTERVAL), Some(1));
    }

    #[test]
    fn reasons_are_tracked_separately() {
        let refusals = RefusalLog::default();
        for reason in Reason::ALL {
            assert!(!refusals.is_recent(reason));
            refusals.log_connection(reason, IpAddr::from([192, 0, 2, 1]));
            assert!(refusals.is_recent(reason));
        }
    }
}
