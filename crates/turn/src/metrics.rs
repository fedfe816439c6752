//! The counters of a relay. The tasks of sockets count on their own and add up after each burst, to avoid contention.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::{session::Dropped, wire::REFUSAL_CODES};

/// Packets and their payload bytes, without headers.
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

/// Counters since the start of a relay, and its current state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Open allocations.
    pub allocations: u64,
    /// Allocations made.
    pub allocations_made: u64,
    /// Open stream connections.
    pub streams: u64,
    /// Stream connections closed because there were too many: refused, or evicted without an allocation.
    pub streams_refused: u64,
    /// Relayed from clients to peers.
    pub to_peers: Traffic,
    /// Relayed from peers to clients.
    pub to_clients: Traffic,
    /// Requests refused, by the code of their ERROR-CODE.
    pub refused: [(u16, u64); REFUSAL_CODES.len()],
    /// Packets dropped, by reason.
    pub dropped: [(Dropped, u64); Dropped::ALL.len()],
}

impl Metrics {
    /// Requests refused with `code`.
    pub fn refused(&self, code: u16) -> u64 {
        self.refused.iter().find(|(each, _)| *each == code).map_or(0, |(_, count)| *count)
    }

    /// Packets dropped for `reason`.
    pub fn dropped(&self, reason: Dropped) -> u64 {
        self.dropped[reason as usize].1
    }
}

impl Dropped {
    /// Every reason, in the order of their discriminants.
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

    /// The reason as a label in kebab case.
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

/// The counts of one task in one burst.
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

/// The counters of the whole relay.
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
    /// Adds `tally` and resets it.
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
