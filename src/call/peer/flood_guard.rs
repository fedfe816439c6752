//! How much of what a peer sends is read: a flood costs the sender, not this page. It counts messages of both ways and
//! knows nothing of their meaning.

use vitrine_protocol::rate_limiter::{RateLimit, RateLimiter};

/// Messages of one peer. A connection with many network interfaces sends a few dozen candidates at once.
const MESSAGES: RateLimit = RateLimit { burst: 300.0, per_second: 60.0 };
/// A description counts once more for each so many bytes.
const BYTES_PER_MESSAGE: usize = 16 * 1024;
/// What a new connection counts for, in messages: it is expensive.
const MESSAGES_PER_CONNECTION: f64 = 30.0;
/// Dropped messages after which the control channel is not read any more.
const MAX_DROPPED: u32 = 200;
/// Most notes of one peer's negotiation that are logged. The peer can cause any number.
const MAX_NOTES: u32 = 20;

/// The limits of one participant. They outlive its connections.
#[derive(Clone, Copy, Debug)]
pub struct FloodGuard {
    limiter: RateLimiter,
    dropped: u32,
    notes: u32,
    has_complained: bool,
}

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Read it.
    Accept,
    /// Drop it.
    Drop,
    /// Drop it, and stop reading the control channel: even reading and dropping would keep the page from its other work.
    /// Returned once.
    StopReading,
}

impl FloodGuard {
    /// The limits of a participant met at `now`, in milliseconds.
    pub fn new(now: f64) -> Self {
        Self { limiter: RateLimiter::full(MESSAGES, now), dropped: 0, notes: 0, has_complained: false }
    }

    /// Decides on a message with `bytes` more than an ordinary one.
    pub fn admit(&mut self, now: f64, bytes: usize) -> Verdict {
        let messages = 1 + bytes / BYTES_PER_MESSAGE;
        if self.limiter.try_take(now, messages as f64) {
            return Verdict::Accept;
        }
        let before = self.dropped;
        self.dropped = before.saturating_add(messages as u32);
        if before < MAX_DROPPED && self.dropped >= MAX_DROPPED { Verdict::StopReading } else { Verdict::Drop }
    }

    /// Whether the peer may begin a new connection.
    pub fn admit_connection(&mut self, now: f64) -> bool {
        self.limiter.try_take(now, MESSAGES_PER_CONNECTION)
    }

    /// Whether another note of the negotiation may be logged.
    pub fn admit_note(&mut self) -> bool {
        self.notes = self.notes.saturating_add(1);
        self.notes <= MAX_NOTES
    }

    /// What to log about a verdict: the first of each kind.
    pub fn complaint(&mut self, verdict: Verdict) -> Option<&'static str> {
        match verdict {
            Verdict::Accept => None,
            Verdict::Drop => self.is_first_complaint().then_some("sends too much: some of it is dropped"),
            Verdict::StopReading => Some("sends far too much: the control channel is not read any more"),
        }
    }

    /// Whether this is the first complaint about the peer. Only that one is logged.
    pub fn is_first_complaint(&mut self) -> bool {
        !std::mem::replace(&mut self.has_complained, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flood_is_dropped_and_then_not_read() {
        let mut guard = FloodGuard::new(0.0);
        let verdicts: Vec<_> = (0..1_000).map(|_| guard.admit(0.0, 0)).collect();
        let count = |verdict| verdicts.iter().filter(|other| **other == verdict).count();
        assert_eq!(count(Verdict::Accept), 300);
        assert_eq!(count(Verdict::StopReading), 1);
        assert_eq!(verdicts[300 + 199], Verdict::StopReading);
        assert_eq!(guard.admit(1_000.0, 0), Verdict::Accept, "a pause refills the allowance");
    }

    #[test]
    fn long_description_counts_for_many_messages() {
        let mut guard = FloodGuard::new(0.0);
        let accepted = (0..100).filter(|_| guard.admit(0.0, 9 * BYTES_PER_MESSAGE) == Verdict::Accept).count();
        assert_eq!(accepted, 30);
    }

    #[test]
    fn new_connections_are_limited() {
        let mut guard = FloodGuard::new(0.0);
        assert_eq!((0..100).filter(|_| guard.admit_connection(0.0)).count(), 10);
    }
}
