//! What waits for a client on a stream. Whoever relays puts messages in and never waits; the stream's own task takes them
//! out as fast as the client reads. It holds a bounded amount: what is relayed past it is dropped, message by message.

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::session::Dropped;

/// What a stream keeps of its memory after a burst, in bytes.
const SPARE: usize = 16 * 1024;

/// Bytes on their way to a client.
pub(crate) struct Outbox {
    waiting: Mutex<Vec<u8>>,
    limit: usize,
    filled: Notify,
    emptied: Notify,
}

impl Outbox {
    /// An outbox for `limit` bytes of relayed messages.
    pub(crate) fn new(limit: usize) -> Self {
        Self { waiting: Mutex::default(), limit, filled: Notify::new(), emptied: Notify::new() }
    }

    /// Adds a relayed message, if there is room.
    pub(crate) fn push(&self, message: &[u8]) -> Result<(), Dropped> {
        {
            let mut waiting = self.waiting();
            if waiting.len() + message.len() > self.limit {
                return Err(Dropped::Slow);
            }
            waiting.extend_from_slice(message);
        }
        self.filled.notify_one();
        Ok(())
    }

    /// Adds a reply, which is never dropped: who asks waits for [`Outbox::room`] before the next question.
    pub(crate) fn reply(&self, message: &[u8]) {
        self.waiting().extend_from_slice(message);
        self.filled.notify_one();
    }

    /// Waits until no more than `most` bytes wait, or as many as may be.
    pub(crate) async fn room(&self, most: usize) {
        while self.waiting().len() > most.min(self.limit) {
            self.emptied.notified().await;
        }
    }

    /// Waits for bytes and takes them all, leaving the emptied `spare` in their place.
    pub(crate) async fn take(&self, spare: &mut Vec<u8>) {
        spare.clear();
        spare.shrink_to(SPARE);
        loop {
            {
                let mut waiting = self.waiting();
                if !waiting.is_empty() {
                    mem::swap(&mut *waiting, spare);
                    break;
                }
            }
            self.filled.notified().await;
        }
        self.emptied.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<u8>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
