//! The send queue of a client on a stream. Relaying tasks push messages without waiting; the stream's own task writes
//! them as fast as the client reads. The queue is bounded: relayed messages beyond the limit are dropped.

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::session::Dropped;

/// Capacity that a stream keeps after a burst, in bytes.
const SPARE: usize = 16 * 1024;

/// The bytes queued for a client.
pub(crate) struct Outbox {
    waiting: Mutex<Vec<u8>>,
    limit: usize,
    filled: Notify,
    emptied: Notify,
}

impl Outbox {
    /// A queue for `limit` bytes of relayed messages.
    pub(crate) fn new(limit: usize) -> Self {
        Self { waiting: Mutex::default(), limit, filled: Notify::new(), emptied: Notify::new() }
    }

    /// Queues a relayed message, or drops it if the queue is full.
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

    /// Queues a reply. Replies are never dropped: the next request is read only after [`Outbox::room`].
    pub(crate) fn reply(&self, message: &[u8]) {
        self.waiting().extend_from_slice(message);
        self.filled.notify_one();
    }

    /// Waits until at most `most` bytes are queued, or the limit of the queue if that is less.
    pub(crate) async fn room(&self, most: usize) {
        while self.waiting().len() > most.min(self.limit) {
            self.emptied.notified().await;
        }
    }

    /// Waits for bytes and swaps them with `spare`, which is cleared first.
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
