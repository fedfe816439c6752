//! What a session shows for having come through the door: what it may still do, and a place among those of its address
//! until it ends.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::{Door, address::Party, bucket::Bucket};

/// For each so many bytes, an event counts once more.
const BYTES_PER_EVENT: usize = 8 * 1024;

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is carried out.
    Granted,
    /// It is refused, since there were too many.
    Refused,
    /// There were so many that the session is to be ended.
    Flood,
}

/// The allowance of one Engine.IO session, which counts among those of its address until this is dropped.
#[derive(Debug)]
pub struct Pass {
    door: Arc<Door>,
    party: Option<Party>,
    allowance: Mutex<Allowance>,
}

#[derive(Debug)]
struct Allowance {
    events: Bucket,
    /// As much again, for what is refused.
    patience: Bucket,
    entries: Bucket,
}

impl Pass {
    /// For a session of `party`, which is counted already; `None` if it is not to be counted.
    pub(super) fn new(door: Arc<Door>, party: Option<Party>, now: Instant) -> Self {
        door.metrics.sockets.add(1);
        let limits = &door.limits;
        let allowance = Allowance {
            events: Bucket::full(limits.events, now),
            patience: Bucket::full(limits.events, now),
            entries: Bucket::full(limits.entries, now),
        };
        Self { party, allowance: Mutex::new(allowance), door }
    }

    /// Counts an event of so many bytes.
    pub fn event(&self, bytes: usize) -> Verdict {
        let limits = &self.door.limits;
        if !limits.per_session {
            return Verdict::Granted;
        }
        let (now, rate) = (Instant::now(), limits.events);
        let cost = (1 + bytes / BYTES_PER_EVENT) as f32;
        let mut allowance = self.allowance();
        if allowance.events.spend(rate, cost, now) {
            Verdict::Granted
        } else if allowance.patience.spend(rate, cost, now) {
            Verdict::Refused
        } else {
            self.door.metrics.flooders.add(1);
            Verdict::Flood
        }
    }

    /// Counts an attempt to enter a room, for the session and for its address; whether it is granted. Each attempt
    /// counts, since one that succeeds tells as much of a room as one that does not.
    pub fn may_enter(&self) -> bool {
        let (now, limits) = (Instant::now(), &self.door.limits);
        let of_session = !limits.per_session || self.allowance().entries.spend(limits.entries, 1.0, now);
        of_session && self.door.may_enter(self.party, now)
    }

    fn allowance(&self) -> MutexGuard<'_, Allowance> {
        // Nothing in there could panic half-way.
        self.allowance.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.door.metrics.sockets.sub(1);
        self.door.depart(self.party);
    }
}
