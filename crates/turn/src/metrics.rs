//! What a relay counts. Sockets' tasks count for themselves and add up after each burst, so that no two of them wait for
//! each other.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::{session::Dropped, wire::REFUSAL_CODES};

/// Packets and the bytes of data in them, without what carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Traffic {
    pub(crate) fn add(&mut self, bytes: usize) {
        self.packets += 1;
        self.bytes += bytes as u64;
    }
}

/// What a relay has done since it started, and what it has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Allocations that live.
    pub allocations: u64,
    /// Allocations made.
    pub allocations_made: u64,
    /// Stream connections that are open.
    pub streams: u64,
    /// Stream connections that were closed because there were too many: at once, or, without an allocation, to make
    /// way.
    pub streams_refused: u64,
    /// Relayed from clients to peers.
    pub to_peers: Traffic,
    /// Relayed from peers to clients.
    pub to_clients: Traffic,
    /// Requests refused, by the code of their ERROR-CODE.
    pub refused: [(u16, u64); REFUSAL_CODES.len()],
    /// What came in and went nowhere, by reason.
    pub dropped: [(Dropped, u64); Dropped::ALL.len()],
}

impl Metrics {
    /// Requests refused with `code`.
    pub fn refused(&self, code: u16) -> u64 {
        self.refused.iter().find(|(each, _)| *each == code).map_or(0, |(_, count)| *count)
    }

    /// What went nowhere for `reason`.
    pub fn dropped(&self, reason: Dropped) -> u64 {
        self.dropped[reason as usize].1
    }
}

impl Dropped {
    /// Every reason, in the order of their numbers.
    pub(crate) const ALL: [Self; 8] = [
        Self::Malformed,
        Self::NoAllocation,
        Self::NoPermission,
        Self::Forbidden,
        Self::NothingThere,
        Self::Bandwidth,
        Self::Slow,
        Self::Failed,
    ];

    /// The reason as a label: one word in small letters, hyphens between.
    pub fn label(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NoAllocation => "no-allocation",
            Self::NoPermission => "no-permission",
            Self::Forbidden => "forbidden",
            Self::NothingThere => "nothing-there",
            Self::Bandwidth => "bandwidth",
            Self::Slow => "slow",
            Self::Failed => "failed",
        }
    }
}

/// What one task counted in one burst.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) to_peers: Traffic,
    pub(crate) to_clients: Traffic,
    dropped: [u64; Dropped::ALL.len()],
}

impl Tally {
    pub(crate) fn drop(&mut self, reason: Dropped) {
        self.dropped[reason as usize] += 1;
    }
}

#[derive(Default)]
struct AtomicTraffic {
    packets: AtomicU64,
    bytes: AtomicU64,
}

impl AtomicTraffic {
    fn add(&self, traffic: Traffic) {
        if traffic.packets > 0 {
            self.packets.fetch_add(traffic.packets, Relaxed);
            self.bytes.fetch_add(traffic.bytes, Relaxed);
        }
    }

    fn read(&self) -> Traffic {
        Traffic { packets: self.packets.load(Relaxed), bytes: self.bytes.load(Relaxed) }
    }
}

/// The sums.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) allocations: AtomicU64,
    pub(crate) allocations_made: AtomicU64,
    pub(crate) streams_refused: AtomicU64,
    to_peers: AtomicTraffic,
    to_clients: AtomicTraffic,
    refused: [AtomicU64; REFUSAL_CODES.len()],
    dropped: [AtomicU64; Dropped::ALL.len()],
}

impl Counters {
    /// Takes what `tally` holds and leaves it empty.
    pub(crate) fn add(&self, tally: &mut Tally) {
        let Tally { to_peers, to_clients, dropped } = std::mem::take(tally);
        self.to_peers.add(to_peers);
        self.to_clients.add(to_clients);
        for (sum, count) in self.dropped.iter().zip(dropped).filter(|(_, count)| *count > 0) {
            sum.fetch_add(count, Relaxed);
        }
    }

    pub(crate) fn refuse(&self, code: u16) {
        if let Some(index) = REFUSAL_CODES.iter().position(|&each| each == code) {
            self.refused[index].fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn read(&self, streams: usize) -> Metrics {
        Metrics {
            allocations: self.allocations.load(Relaxed),
            allocations_made: self.allocations_made.load(Relaxed),
            streams: streams as u64,
            streams_refused: self.streams_refused.load(Relaxed),
            to_peers: self.to_peers.read(),
            to_clients: self.to_clients.read(),
            refused: std::array::from_fn(|index| (REFUSAL_CODES[index], self.refused[index].load(Relaxed))),
            dropped: std::array::from_fn(|index| (Dropped::ALL[index], self.dropped[index].load(Relaxed))),
        }
    }
}
