//! The search for what was written before the user came: one participant after the other is asked, until one tells it.
//! Where the messages go is not decided here.

use vitrine_protocol::{
    chat::{MAX_BYTES, MAX_MESSAGES},
    control::{ChatRecord, ControlMessage},
};

/// How long a participant may be silent before the next one is asked, in milliseconds.
const SILENT_AFTER: f64 = 4_000.0;
/// How long the search goes on when nobody is left to ask, in milliseconds. Connections may still come about.
const GIVE_UP_AFTER: f64 = 15_000.0;

/// A search under way.
#[derive(Debug)]
pub struct Search {
    began: f64,
    /// Nothing written before is needed.
    since: Option<f64>,
    /// The connections whose participants were asked.
    asked: Vec<u64>,
    current: Option<Current>,
}

/// The participant who is asked.
#[derive(Debug)]
struct Current {
    key: u64,
    deadline: f64,
    messages: usize,
    bytes: usize,
}

impl Search {
    /// A search that begins at `now`, for what was written since.
    pub fn new(since: Option<f64>, now: f64) -> Self {
        Self { began: now, since, asked: Vec::new(), current: None }
    }

    /// Whether nobody is left to ask.
    pub fn is_over(&self, now: f64) -> bool {
        self.current.is_none() && now - self.began >= GIVE_UP_AFTER
    }

    /// Asks the next participant, if none is asked or the one who is has been silent for too long. `keys` are the
    /// connections over which one can ask, those that were there first.
    pub fn tick(&mut self, keys: &[u64], now: f64, send: impl Fn(u64, &ControlMessage) -> bool) {
        if self.current.as_ref().is_some_and(|current| !keys.contains(&current.key) || now >= current.deadline) {
            self.current = None;
        }
        if self.current.is_some() {
            return;
        }
        let since = self.since.map(|since| (now - since).clamp(0.0, f64::from(u32::MAX)) as u32);
        for key in keys.iter().filter(|key| !self.asked.contains(key)) {
            if send(*key, &ControlMessage::ChatHistoryRequest { since }) {
                self.current = Some(Current { key: *key, deadline: now + SILENT_AFTER, messages: 0, bytes: 0 });
                break;
            }
        }
        self.asked.extend(self.current.as_ref().map(|current| current.key));
    }

    /// Takes a piece of an answer. Returns the messages to keep, and whether they are the last. What was not asked for,
    /// and what is more than the limits, is dropped.
    pub fn take(
        &mut self,
        key: u64,
        messages: Option<Vec<ChatRecord>>,
        more: bool,
        now: f64,
    ) -> (Vec<ChatRecord>, bool) {
        let Some(current) = self.current.as_mut().filter(|current| current.key == key) else {
            return (Vec::new(), false);
        };
        let Some(mut messages) = messages else {
            self.current = None;
            return (Vec::new(), false);
        };
        let is_empty = messages.is_empty();
        current.deadline = now + SILENT_AFTER;
        messages.retain(|record| {
            current.messages += 1;
            current.bytes += record.text.len();
            current.messages <= MAX_MESSAGES && current.bytes <= MAX_BYTES
        });
        let is_full = current.messages >= MAX_MESSAGES || current.bytes >= MAX_BYTES;
        (messages, !more || is_full || is_empty)
    }
}
