//! What the statistics of one connection tell: which path the media takes, and whether anything arrives over it. They are
//! read when the connection is established, every few seconds from then on (a path may change without an event), and at
//! every tick while the control channel is silent. What a path means is decided in [`vitrine_insight::path`], what a
//! silence means in [`vitrine_negotiation::liveness`].

use vitrine_insight::{
    path::{MediaPath, PathTracker, SelectedPair},
    quality::QualityMeter,
    stats::Stats,
};
use vitrine_protocol::control::RelayProtocol;

/// Ticks between two readings.
const TICKS: u32 = 8;
/// The same while the path is about to be known.
const TICKS_AWAITED: u32 = 4;

/// Bytes each second that the control channel alone may bring. A microphone alone brings twice as many.
const CONTROL_ALONE: f64 = 1_500.0;
/// Over how long that is measured, in milliseconds: a long message is no media.
const MEASURED_OVER: f64 = 8_000.0;
/// How long nothing may arrive over a connection without media, in milliseconds. The browsers check such a path every
/// 2.5 s.
const CHECKED_WITHIN: f64 = 3_000.0;

/// Follows the statistics of one connection.
#[derive(Debug, Default)]
pub struct StatsMonitor {
    tracker: PathTracker,
    /// The protocol of the peer's relay, as the peer reports it.
    reported_relay: Option<RelayProtocol>,
    /// What the peer was told of this side's relay.
    told_relay: Option<RelayProtocol>,
    /// Ticks until the next reading.
    wait: u32,
    /// A reading is under way.
    is_reading: bool,
    /// Bytes and time of the last reading while the control channel was not silent.
    counted: Option<(u64, f64)>,
    /// Whether media arrived between the last two such readings.
    is_flowing: Option<bool>,
    arrival: Arrival,
}

/// What arrives while the control channel is silent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Arrival {
    /// The control channel is not silent.
    #[default]
    NotWatched,
    /// So many bytes had arrived at this time, and none since.
    Waiting(u64, f64),
    /// Nothing has arrived for too long. So many bytes had arrived before.
    Stalled(u64),
}

/// What the peer knows of the connection at a reading.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// The control channel is open, or was when the path was lost.
    pub has_control: bool,
    /// The control channel is silent, though the connection is said to be established.
    pub is_silent: bool,
    /// The participant has not said that both its devices are off.
    pub announces_media: bool,
}

/// What a reading shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Something arrived while the control channel was silent: the peer is alive.
    pub is_alive: bool,
    /// Media flows again after a stall.
    pub is_recovered: bool,
    /// The path is another one.
    pub path_changed: bool,
}

/// Whether reports of this type are needed.
pub fn needs(kind: &str) -> bool {
    SelectedPair::needs(kind) || QualityMeter::needs(kind)
}

impl StatsMonitor {
    /// The connection's state changed. An established connection may have another path after that; the first reading of a
    /// new one waits until its media flows.
    pub fn state_changed(&mut self, has_connected: bool) {
        self.wait = if has_connected { 0 } else { TICKS_AWAITED };
    }

    /// Whether nothing at all arrives.
    pub fn is_stalled(&self) -> bool {
        matches!(self.arrival, Arrival::Stalled(_))
    }

    /// The path, if it is known.
    pub fn path(&self) -> Option<MediaPath> {
        self.tracker.path(self.reported_relay)
    }

    /// The connection is not established: what was read of it before is void.
    pub fn reset(&mut self) {
        self.tracker = PathTracker::default();
        self.arrival = Arrival::NotWatched;
    }

    /// The control channel is not silent. Returns whether a stall ended with that.
    pub fn control_heard(&mut self) -> bool {
        matches!(std::mem::take(&mut self.arrival), Arrival::Stalled(_))
    }

    /// A tick of an established connection. Returns whether to read the statistics now.
    pub fn tick(&mut self, is_silent: bool) -> bool {
        self.wait = self.wait.saturating_sub(1);
        let starts = (is_silent || self.wait == 0) && !self.is_reading;
        if starts {
            self.is_reading = true;
            self.wait = TICKS;
        }
        starts
    }

    /// Takes a reading; `now` is in milliseconds.
    pub fn read(&mut self, reports: &[Stats], now: f64, connection: Connection) -> Reading {
        self.is_reading = false;
        let before = self.path();
        self.tracker.update(SelectedPair::find(reports), now);
        let mut reading = Reading::default();
        if connection.is_silent && connection.has_control {
            self.watch_arrival(now, connection.announces_media, &mut reading);
        } else if connection.has_control {
            self.measure_flow(now);
        }
        if self.tracker.is_pending(self.reported_relay) {
            self.wait = self.wait.min(TICKS_AWAITED);
        }
        reading.path_changed = self.path() != before;
        reading
    }

    /// The peer reports how its relay is reached, or that its path has none.
    pub fn take_relay(&mut self, relay: Option<RelayProtocol>) {
        self.reported_relay = relay;
    }

    /// What the peer is to be told of this side's relay, if that is another one than it was told before.
    pub fn untold_relay(&self) -> Option<Option<RelayProtocol>> {
        let relay = self.tracker.pair().and_then(|pair| pair.own_relay);
        (relay != self.told_relay).then_some(relay)
    }

    /// The peer was told of this relay.
    pub fn relay_told(&mut self, relay: Option<RelayProtocol>) {
        self.told_relay = relay;
    }

    /// While the control channel works: whether media arrives besides its messages.
    fn measure_flow(&mut self, now: f64) {
        let Some(received) = self.tracker.pair().and_then(|pair| pair.bytes_received) else { return };
        if self.counted.is_some_and(|(_, at)| now - at < MEASURED_OVER) {
            return;
        }
        if let Some((before, at)) = self.counted.replace((received, now)) {
            let per_second = received.saturating_sub(before) as f64 * 1_000.0 / (now - at);
            self.is_flowing = Some(per_second > CONTROL_ALONE);
        }
    }

    /// While the control channel is silent: whether anything else arrived since the last reading. The peer's browser
    /// answers connectivity checks even while its page is too busy to answer pings.
    fn watch_arrival(&mut self, now: f64, announces_media: bool, reading: &mut Reading) {
        let pair = self.tracker.pair();
        let received = pair.map_or(0, |pair| pair.bytes_received.unwrap_or(0) + pair.check_responses.unwrap_or(0));
        let timeout = if self.is_flowing.unwrap_or(announces_media) { 0.0 } else { CHECKED_WITHIN };
        self.arrival = match self.arrival {
            Arrival::NotWatched => Arrival::Waiting(received, now),
            Arrival::Waiting(before, since) if received <= before && now - since < timeout => {
                Arrival::Waiting(before, since)
            }
            Arrival::Waiting(before, _) | Arrival::Stalled(before) if received <= before => Arrival::Stalled(before),
            Arrival::Waiting(..) | Arrival::Stalled(_) => {
                // After a stall, the browser has taken another path without an event.
                reading.is_alive = true;
                reading.is_recovered = self.is_stalled();
                Arrival::NotWatched
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use vitrine_insight::stats::{CandidatePairStats, CandidateStats};

    use super::*;

    const SILENT: Connection = Connection { has_control: true, is_silent: true, announces_media: true };
    const HEARD: Connection = Connection { is_silent: false, ..SILENT };

    /// The reports of a direct pair over which so many bytes have arrived.
    fn reports(bytes: u64) -> Vec<Stats> {
        let candidate = |id: &str| CandidateStats {
            id: Some(id.to_owned()),
            candidate_type: Some("host".to_owned()),
            ..CandidateStats::default()
        };
        let pair = CandidatePairStats {
            local_candidate_id: Some("local".to_owned()),
            remote_candidate_id: Some("remote".to_owned()),
            selected: Some(true),
            bytes_received: Some(bytes as f64),
            ..CandidatePairStats::default()
        };
        vec![
            Stats::CandidatePair(pair),
            Stats::LocalCandidate(candidate("local")),
            Stats::RemoteCandidate(candidate("remote")),
        ]
    }

    #[test]
    fn connection_with_media_is_stalled_when_the_next_reading_shows_no_bytes() {
        let mut stats = StatsMonitor::default();
        stats.read(&reports(1_000), 0.0, SILENT);
        assert!(!stats.is_stalled());
        stats.read(&reports(1_000), 250.0, SILENT);
        assert!(stats.is_stalled());
        let reading = stats.read(&reports(2_000), 500.0, SILENT);
        assert!(reading.is_alive && reading.is_recovered);
        assert!(!stats.is_stalled());
    }

    #[test]
    fn connection_without_media_has_time_for_a_connectivity_check() {
        let quiet = Connection { announces_media: false, ..SILENT };
        let mut stats = StatsMonitor::default();
        for now in [0.0, 1_000.0, 2_900.0] {
            stats.read(&reports(1_000), now, quiet);
            assert!(!stats.is_stalled(), "after {now} ms");
        }
        stats.read(&reports(1_000), 3_000.0, quiet);
        assert!(stats.is_stalled());
    }

    #[test]
    fn measured_flow_outweighs_what_the_participant_announced() {
        let mut stats = StatsMonitor::default();
        stats.read(&reports(0), 0.0, HEARD);
        stats.read(&reports(1_000), 8_000.0, HEARD);
        stats.read(&reports(1_000), 9_000.0, SILENT);
        stats.read(&reports(1_000), 10_000.0, SILENT);
        assert!(!stats.is_stalled(), "no media flowed before the silence");
    }

    #[test]
    fn heard_control_channel_ends_a_stall_once() {
        let mut stats = StatsMonitor::default();
        stats.read(&reports(1_000), 0.0, SILENT);
        stats.read(&reports(1_000), 250.0, SILENT);
        assert!(stats.control_heard());
        assert!(!stats.control_heard());
    }

    #[test]
    fn silent_connection_is_read_at_every_tick_but_once_at_a_time() {
        let mut stats = StatsMonitor::default();
        stats.state_changed(false);
        assert_eq!((0..TICKS_AWAITED).filter(|_| stats.tick(false)).count(), 1);
        assert!(!stats.tick(true), "a reading is under way");
        stats.read(&reports(0), 0.0, HEARD);
        assert!(stats.tick(true));
    }
}
