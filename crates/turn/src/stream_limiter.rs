//! The limit on open streams, in total and by address. A client with an allocation is authenticated; a stream without
//! one is evicted when there are too many.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

use crate::counts::{Counts, address_key};

#[derive(Default)]
struct Open {
    /// By sequence number, so the oldest comes first.
    streams: BTreeMap<u64, Stream>,
    by_address: Counts<IpAddr>,
    next: u64,
}

/// An open stream.
struct Stream {
    network: IpAddr,
    /// Evicts the stream.
    end: CancellationToken,
    /// Cancelled when the stream's allocation is closed; `None` if it never had one.
    allocation: Option<CancellationToken>,
}

impl Open {
    /// Evicts the oldest stream without an allocation. Returns false if there is none.
    fn evict_oldest_idle(&mut self) -> bool {
        let is_idle = |stream: &Stream| stream.allocation.as_ref().is_none_or(CancellationToken::is_cancelled);
        let Some(number) = self.streams.iter().find(|(_, stream)| is_idle(stream)).map(|(number, _)| *number) else {
            return false;
        };
        self.remove(number);
        true
    }

    fn remove(&mut self, number: u64) {
        // The stream may have been evicted already.
        if let Some(stream) = self.streams.remove(&number) {
            self.by_address.remove(&stream.network);
            stream.end.cancel();
        }
    }
}

/// Limits open streams, in total and by address.
pub(crate) struct StreamLimiter {
    limit: usize,
    limit_by_address: usize,
    open: Mutex<Open>,
}

/// Counts one stream as open until dropped.
pub(crate) struct StreamPermit<'a> {
    stream_limiter: &'a StreamLimiter,
    number: u64,
    /// Cancelled when the stream is evicted.
    pub(crate) evicted: CancellationToken,
}

impl StreamLimiter {
    pub(crate) fn new(limit: usize, limit_by_address: usize) -> Self {
        Self { limit, limit_by_address, open: Mutex::default() }
    }

    pub(crate) fn count(&self) -> usize {
        self.open().streams.len()
    }

    /// Takes a permit for a stream, evicting the oldest one without an allocation if necessary. `None` if the address
    /// has too many streams, or all streams have an allocation.
    pub(crate) fn try_acquire(&self, remote: IpAddr) -> Option<StreamPermit<'_>> {
        let network = address_key(remote);
        let mut open = self.open();
        if open.by_address.get(&network) >= self.limit_by_address {
            return None;
        }
        if open.streams.len() >= self.limit && !open.evict_oldest_idle() {
            return None;
        }
        let number = open.next;
        let evicted = CancellationToken::new();
        open.next += 1;
        open.by_address.add(&network);
        open.streams.insert(number, Stream { network, end: evicted.clone(), allocation: None });
        Some(StreamPermit { stream_limiter: self, number, evicted })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StreamPermit<'_> {
    /// Protects the stream from eviction until its allocation is `closed`.
    pub(crate) fn set_allocation(&self, closed: CancellationToken) {
        if let Some(stream) = self.stream_limiter.open().streams.get_mut(&self.number) {
            stream.allocation = Some(closed);
        }
    }
}

impl Drop for StreamPermit<'_> {
    fn drop(&mut self) {
        self.stream_limiter.open().remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn try_acquire<'a>(stream_limiter: &'a StreamLimiter, ip: &str) -> Option<StreamPermit<'a>> {
        stream_limiter.try_acquire(ip.parse().unwrap())
    }

    /// A stream with an allocation, and the token that closes the allocation.
    fn allocated<'a>(stream_limiter: &'a StreamLimiter, ip: &str) -> (StreamPermit<'a>, CancellationToken) {
        let (permit, closed) = (try_acquire(stream_limiter, ip).unwrap(), CancellationToken::new());
        permit.set_allocation(closed.clone());
        (permit, closed)
    }

    #[test]
    fn streams_are_limited_in_total_and_by_address() {
        let stream_limiter = StreamLimiter::new(3, 2);
        let first = allocated(&stream_limiter, "192.0.2.1");
        let _second = allocated(&stream_limiter, "::ffff:192.0.2.1");
        assert!(try_acquire(&stream_limiter, "192.0.2.1").is_none());
        let _third = allocated(&stream_limiter, "192.0.2.2");
        assert!(try_acquire(&stream_limiter, "192.0.2.3").is_none());
        drop(first);
        assert_eq!(stream_limiter.count(), 2);
        assert!(try_acquire(&stream_limiter, "192.0.2.1").is_some());
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_a_limit() {
        let stream_limiter = StreamLimiter::new(9, 1);
        let _first = try_acquire(&stream_limiter, "2001:db8:0:1::1").unwrap();
        assert!(try_acquire(&stream_limiter, "2001:db8:0:1:ffff::2").is_none());
        assert!(try_acquire(&stream_limiter, "2001:db8:0:2::1").is_some());
    }

    #[test]
    fn oldest_stream_without_an_allocation_is_evicted() {
        let stream_limiter = StreamLimiter::new(3, 3);
        let (first, closed) = allocated(&stream_limiter, "192.0.2.1");
        let second = try_acquire(&stream_limiter, "192.0.2.2").unwrap();
        let third = try_acquire(&stream_limiter, "192.0.2.3").unwrap();
        let (fourth, _) = allocated(&stream_limiter, "192.0.2.4");
        let evicted = |all: &[&StreamPermit<'_>]| -> Vec<bool> {
            all.iter().map(|permit| permit.evicted.is_cancelled()).collect()
        };
        assert_eq!(evicted(&[&first, &second, &third, &fourth]), [false, true, false, false]);
        // Dropping an evicted stream does not count twice.
        drop(second);
        assert_eq!(stream_limiter.count(), 3);
        // A closed allocation protects no longer.
        closed.cancel();
        let _fifth = allocated(&stream_limiter, "192.0.2.5");
        assert_eq!(evicted(&[&first, &third, &fourth]), [true, false, false]);
        let _sixth = allocated(&stream_limiter, "192.0.2.6");
        assert_eq!(evicted(&[&third, &fourth]), [true, false]);
        assert!(try_acquire(&stream_limiter, "192.0.2.7").is_none());
    }
}
