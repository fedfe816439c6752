//! Why a connection is poor, and on whose side the cause is: from two readings of the statistics, from what the other side
//! tells of itself, and from the connections to the other participants. Each sign has to persist, so that a mark neither
//! flickers nor stays.
//!
//! The thresholds: 5 % of lost packets is what Chromium's bandwidth estimation and observertc call lossy; 10 % of dropped
//! frames or 80 % of the time spent decoding is observertc's rule for a slow receiver; a round trip that grows by a third, at
//! least by 50 ms, is its rule for congestion.

use vitrine_protocol::control::Limit;

use crate::{
    reports::{all, streams},
    stats::{InboundRtpStats, OutboundRtpStats, RemoteInboundRtpStats, Stats},
};

/// A fraction of lost packets that is heard or seen.
const LOSSY: f64 = 0.05;
/// Fewer expected packets than this say nothing.
const MIN_PACKETS: f64 = 50.0;
/// A fraction of dropped frames that is seen.
const DROPPING: f64 = 0.1;
/// A fraction of the time spent on decoding that leaves too little.
const DECODING: f64 = 0.8;
/// Fewer frames than this say nothing.
const MIN_FRAMES: f64 = 10.0;
/// A video with fewer bits per second is poor.
const POOR_VIDEO: f64 = 200_000.0;
/// How long the browser may take to find out what the network carries, in milliseconds.
const RAMP_UP: f64 = 15_000.0;
/// The weight of a new round-trip time in the usual one.
const ROUND_TRIP_WEIGHT: f64 = 0.1;
/// So many bad readings in a row are a sign.
const BAD_READINGS: u32 = 2;
/// So many good readings in a row end it.
const GOOD_READINGS: u32 = 3;

/// What is wrong with one connection, as far as this side can see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// Packets from the peer are lost.
    pub loses_incoming: bool,
    /// Packets to the peer are lost.
    pub loses_outgoing: bool,
    /// The network carries less video to the peer than it should.
    pub is_narrow: bool,
    /// This machine is too slow to encode for the peer, or to decode what comes.
    pub is_busy: bool,
    /// This machine is too slow to encode.
    pub encodes_slowly: bool,
    /// What limits the peer, as it says.
    pub told: Option<Limit>,
}

impl Signs {
    /// What the peer has to be told.
    pub fn limit(&self) -> Option<Limit> {
        match self {
            Self { encodes_slowly: true, .. } => Some(Limit::Cpu),
            Self { is_narrow: true, .. } => Some(Limit::Bandwidth),
            _ => None,
        }
    }

    fn is_lossy(&self) -> bool {
        self.loses_incoming || self.loses_outgoing
    }
}

/// Why a connection is poor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Weakness {
    /// This machine is busy.
    OwnMachine,
    /// The peer's machine is busy.
    TheirMachine,
    /// This side's network loses packets.
    OwnLoss,
    /// The peer's network loses packets.
    TheirLoss,
    /// Packets are lost on the way; on whose side is not known.
    Loss,
    /// This side's upload is full.
    OwnUpload,
    /// The peer's upload is full.
    TheirUpload,
    /// The peer's network is slower than those of others.
    TheirNetwork,
    /// This side's network is slow: everybody's video is limited on the way here.
    OwnNetwork,
}

impl Weakness {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::OwnMachine,
        Self::TheirMachine,
        Self::OwnLoss,
        Self::TheirLoss,
        Self::Loss,
        Self::OwnUpload,
        Self::TheirUpload,
        Self::TheirNetwork,
        Self::OwnNetwork,
    ];

    /// Stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::OwnMachine => "own-machine",
            Self::TheirMachine => "their-machine",
            Self::OwnLoss => "own-loss",
            Self::TheirLoss => "their-loss",
            Self::Loss => "loss",
            Self::OwnUpload => "own-upload",
            Self::TheirUpload => "their-upload",
            Self::TheirNetwork => "their-network",
            Self::OwnNetwork => "own-network",
        }
    }
}

/// Why the connection with these signs is poor. What the connections to `others` share with it is on this side.
pub fn weakness(signs: Signs, others: &[Signs]) -> Option<Weakness> {
    let is_shared = |has: &dyn Fn(&Signs) -> bool| {
        let count = others.iter().filter(|other| has(other)).count();
        !others.is_empty() && 2 * count > others.len()
    };
    if signs.is_busy || signs.encodes_slowly {
        return Some(Weakness::OwnMachine);
    }
    if signs.told == Some(Limit::Cpu) {
        return Some(Weakness::TheirMachine);
    }
    if signs.is_lossy() {
        return Some(match (signs.loses_incoming, signs.loses_outgoing) {
            _ if is_shared(&Signs::is_lossy) => Weakness::OwnLoss,
            _ if !others.is_empty() => Weakness::TheirLoss,
            // Uploads are narrower than downloads: who sends loses more often than who receives.
            (true, false) => Weakness::TheirLoss,
            (false, true) => Weakness::OwnLoss,
            _ => Weakness::Loss,
        });
    }
    if signs.is_narrow {
        let is_own = others.is_empty() || is_shared(&|other| other.is_narrow);
        return Some(if is_own { Weakness::OwnUpload } else { Weakness::TheirNetwork });
    }
    if signs.told == Some(Limit::Bandwidth) {
        let is_own = is_shared(&|other| other.told == Some(Limit::Bandwidth));
        return Some(if is_own { Weakness::OwnNetwork } else { Weakness::TheirUpload });
    }
    None
}

/// Follows the quality of one connection.
#[derive(Clone, Debug, Default)]
pub struct QualityMeter {
    previous: Option<Totals>,
    began: Option<f64>,
    /// The usual round-trip time, in seconds.
    round_trip: Option<f64>,
    incoming_loss: Persistent,
    outgoing_loss: Persistent,
    narrow: Persistent,
    slow_encoder: Persistent,
    slow_decoder: Persistent,
}

impl QualityMeter {
    /// Whether reports of this type are needed.
    pub fn needs(kind: &str) -> bool {
        matches!(kind, "inbound-rtp" | "outbound-rtp" | "remote-inbound-rtp")
    }

    /// Takes a reading at `now`, in milliseconds.
    pub fn read(&mut self, reports: &[Stats], now: f64) {
        let totals = Totals::of(reports, now);
        let began = *self.began.get_or_insert(now);
        let interval = self.previous.replace(totals).and_then(|before| totals.since(&before));
        if let Some(interval) = interval {
            let loss = interval.loss();
            self.incoming_loss.update(loss.is_some_and(|loss| loss >= LOSSY));
            self.slow_decoder.update(loss.is_none_or(|loss| loss < LOSSY / 2.0) && interval.decodes_slowly());
        }
        let outgoing: Vec<&RemoteInboundRtpStats> = all(reports).collect();
        let is_lossy = outgoing.iter().any(|report| report.fraction_lost.is_some_and(|lost| lost >= LOSSY));
        self.outgoing_loss.update(is_lossy);
        let has_grown = self.has_round_trip_grown(&outgoing);
        let videos = || streams::<OutboundRtpStats>(reports, "video");
        let is_limited =
            |reason: &str| videos().any(|video| video.quality_limitation_reason.as_deref() == Some(reason));
        let is_poor = videos().any(|video| video.target_bitrate.is_some_and(|bitrate| bitrate < POOR_VIDEO));
        self.narrow.update(now - began >= RAMP_UP && is_limited("bandwidth") && (is_poor || has_grown));
        self.slow_encoder.update(is_limited("cpu"));
    }

    /// What is wrong now; `told` is what the peer says of its own limits.
    pub fn signs(&self, told: Option<Limit>) -> Signs {
        Signs {
            loses_incoming: self.incoming_loss.is_on,
            loses_outgoing: self.outgoing_loss.is_on,
            is_narrow: self.narrow.is_on,
            is_busy: self.slow_decoder.is_on,
            encodes_slowly: self.slow_encoder.is_on,
            told,
        }
    }

    /// Whether the round trip takes much longer than usual, as it does when a buffer on the way is full.
    fn has_round_trip_grown(&mut self, reports: &[&RemoteInboundRtpStats]) -> bool {
        let latest = reports.iter().filter_map(|report| report.round_trip_time).reduce(f64::max);
        let Some(latest) = latest else { return false };
        let usual = *self.round_trip.get_or_insert(latest);
        let has_grown = latest - usual > (usual * 0.33).clamp(0.05, 0.15);
        self.round_trip = Some(usual + (latest - usual) * ROUND_TRIP_WEIGHT);
        has_grown
    }
}

/// Counters of everything that is received, or their growth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Totals {
    /// Milliseconds.
    time: f64,
    lost: f64,
    received: f64,
    frames: f64,
    dropped: f64,
    /// Seconds.
    decoding: f64,
}

impl Totals {
    fn of(reports: &[Stats], time: f64) -> Self {
        let mut totals = Self { time, ..Self::default() };
        for report in all::<InboundRtpStats>(reports) {
            totals.lost += report.packets_lost.unwrap_or_default();
            totals.received += report.packets_received.unwrap_or_default();
            totals.frames += report.frames_received.or(report.frames_decoded).unwrap_or_default();
            totals.dropped += report.frames_dropped.unwrap_or_default();
            totals.decoding += report.total_decode_time.unwrap_or_default();
        }
        totals
    }

    /// The growth since `before`; none if a stream is new, gone or counts anew.
    fn since(&self, before: &Self) -> Option<Self> {
        let growth = Self {
            time: self.time - before.time,
            lost: self.lost - before.lost,
            received: self.received - before.received,
            frames: self.frames - before.frames,
            dropped: self.dropped - before.dropped,
            decoding: self.decoding - before.decoding,
        };
        let Self { time, received, frames, dropped, decoding, .. } = growth;
        (time > 0.0 && [received, frames, dropped, decoding].iter().all(|grown| *grown >= 0.0)).then_some(growth)
    }

    /// The fraction of packets lost. Late packets make the count fall.
    fn loss(&self) -> Option<f64> {
        let lost = self.lost.max(0.0);
        let expected = lost + self.received;
        (expected >= MIN_PACKETS).then(|| lost / expected)
    }

    fn decodes_slowly(&self) -> bool {
        self.frames >= MIN_FRAMES
            && (self.dropped / self.frames > DROPPING || self.decoding * 1_000.0 / self.time > DECODING)
    }
}

/// A sign that has to persist before it counts, and before it is over.
#[derive(Clone, Copy, Debug, Default)]
struct Persistent {
    is_on: bool,
    /// Readings in a row that say otherwise.
    against: u32,
}

impl Persistent {
    fn update(&mut self, is_bad: bool) {
        self.against = if is_bad == self.is_on { 0 } else { self.against + 1 };
        if self.against >= if is_bad { BAD_READINGS } else { GOOD_READINGS } {
            *self = Self { is_on: is_bad, against: 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reports of a connection that receives 100 packets and 50 frames each reading, with these counters.
    #[derive(Clone, Copy, Default)]
    struct Scene {
        reading: f64,
        lost: f64,
        dropped: f64,
        fraction_lost: f64,
        reason: Option<&'static str>,
        bitrate: f64,
        round_trip: f64,
    }

    impl Scene {
        fn reports(self) -> Vec<Stats> {
            let inbound = InboundRtpStats {
                packets_received: Some(100.0 * self.reading),
                packets_lost: Some(self.lost),
                frames_received: Some(50.0 * self.reading),
                frames_dropped: Some(self.dropped),
                total_decode_time: Some(0.1 * self.reading),
                ..InboundRtpStats::default()
            };
            let outbound = OutboundRtpStats {
                kind: Some("video".to_owned()),
                quality_limitation_reason: self.reason.map(str::to_owned),
                target_bitrate: Some(self.bitrate),
                ..OutboundRtpStats::default()
            };
            let remote = RemoteInboundRtpStats {
                fraction_lost: Some(self.fraction_lost),
                round_trip_time: Some(self.round_trip),
                ..RemoteInboundRtpStats::default()
            };
            vec![
                Stats::InboundRtp(Box::new(inbound)),
                Stats::OutboundRtp(Box::new(outbound)),
                Stats::RemoteInboundRtp(remote),
            ]
        }
    }

    /// The signs after each of `count` readings, two seconds apart.
    fn signs(count: u32, scene: impl Fn(u32) -> Scene) -> Vec<Signs> {
        let mut meter = QualityMeter::default();
        let reading = |number: u32| {
            let scene = Scene { reading: f64::from(number), ..scene(number) };
            meter.read(&scene.reports(), 2_000.0 * f64::from(number));
            meter.signs(None)
        };
        (0..count).map(reading).collect()
    }

    fn only(signs: impl FnOnce(&mut Signs)) -> Signs {
        let mut only = Signs::default();
        signs(&mut only);
        only
    }

    #[test]
    fn loss_is_shown_after_two_bad_readings_and_gone_after_three_good_ones() {
        // Ten of a hundred packets are lost in the second, third and fourth interval.
        let lost = |number: u32| Scene { lost: 10.0 * f64::from(number.clamp(1, 4) - 1), ..Scene::default() };
        let shown: Vec<_> = signs(9, lost).iter().map(|signs| signs.loses_incoming).collect();
        assert_eq!(shown, [false, false, false, true, true, true, true, false, false]);
    }

    #[test]
    fn little_loss_and_late_packets_are_no_sign() {
        let lost = |number: u32| Scene { lost: 4.0 * f64::from(number), ..Scene::default() };
        assert!(signs(20, lost).iter().all(|signs| *signs == Signs::default()));
        let late = |number: u32| Scene { lost: 20.0 - f64::from(number), ..Scene::default() };
        assert!(signs(20, late).iter().all(|signs| *signs == Signs::default()));
    }

    #[test]
    fn counters_that_begin_anew_are_no_sign() {
        let mut meter = QualityMeter::default();
        for (number, reading) in [50.0, 51.0, 1.0, 2.0, 3.0].into_iter().enumerate() {
            let lost = if reading > 10.0 { 0.0 } else { 500.0 };
            meter.read(&Scene { reading, lost, ..Scene::default() }.reports(), 2_000.0 * number as f64);
        }
        assert_eq!(meter.signs(None), Signs::default());
    }

    #[test]
    fn outgoing_loss_is_what_the_peer_reports() {
        let shown = signs(3, |_| Scene { fraction_lost: 0.1, ..Scene::default() });
        assert_eq!(shown[2], only(|signs| signs.loses_outgoing = true));
    }

    #[test]
    fn narrow_network_is_reported_once_the_browser_knows_it() {
        let narrow = |_| Scene { reason: Some("bandwidth"), bitrate: 90_000.0, ..Scene::default() };
        let shown: Vec<_> = signs(12, narrow).iter().map(|signs| signs.is_narrow).collect();
        assert_eq!(shown.iter().position(|narrow| *narrow), Some(9), "after {RAMP_UP} ms and two readings: {shown:?}");
        let good_enough = |_| Scene { reason: Some("bandwidth"), bitrate: 900_000.0, ..Scene::default() };
        assert!(signs(20, good_enough).iter().all(|signs| !signs.is_narrow));
    }

    #[test]
    fn growing_round_trip_tells_congestion() {
        let congested = |number| {
            let round_trip = if number < 10 { 0.03 } else { 0.4 };
            Scene { reason: Some("bandwidth"), bitrate: 900_000.0, round_trip, ..Scene::default() }
        };
        let shown: Vec<_> = signs(14, congested).iter().map(|signs| signs.is_narrow).collect();
        assert!(!shown[10] && shown[11], "{shown:?}");
    }

    #[test]
    fn busy_machine_drops_frames_or_encodes_less() {
        let dropping = |number| Scene { dropped: 10.0 * f64::from(number), ..Scene::default() };
        assert_eq!(signs(4, dropping)[3], only(|signs| signs.is_busy = true));
        let encoding = |_| Scene { reason: Some("cpu"), ..Scene::default() };
        let shown = signs(4, encoding)[3];
        assert_eq!(shown.limit(), Some(Limit::Cpu));
        assert_eq!(weakness(shown, &[]), Some(Weakness::OwnMachine));
        let lossy =
            |number| Scene { dropped: 10.0 * f64::from(number), lost: 30.0 * f64::from(number), ..Scene::default() };
        assert!(!signs(5, lossy)[4].is_busy, "frames that miss packets are dropped by a fast machine too");
    }

    #[test]
    fn cause_is_on_this_side_if_most_connections_share_it() {
        let incoming = only(|signs| signs.loses_incoming = true);
        let outgoing = only(|signs| signs.loses_outgoing = true);
        let both = Signs { loses_incoming: true, ..outgoing };
        let good = Signs::default();
        assert_eq!(weakness(incoming, &[]), Some(Weakness::TheirLoss));
        assert_eq!(weakness(outgoing, &[]), Some(Weakness::OwnLoss));
        assert_eq!(weakness(both, &[]), Some(Weakness::Loss));
        assert_eq!(weakness(incoming, &[incoming, good, outgoing]), Some(Weakness::OwnLoss));
        assert_eq!(weakness(outgoing, &[good, good]), Some(Weakness::TheirLoss));
        let narrow = only(|signs| signs.is_narrow = true);
        assert_eq!(weakness(narrow, &[]), Some(Weakness::OwnUpload));
        assert_eq!(weakness(narrow, &[narrow]), Some(Weakness::OwnUpload));
        assert_eq!(weakness(narrow, &[good]), Some(Weakness::TheirNetwork));
        let told = only(|signs| signs.told = Some(Limit::Bandwidth));
        assert_eq!(weakness(told, &[]), Some(Weakness::TheirUpload));
        assert_eq!(weakness(told, &[told]), Some(Weakness::OwnNetwork));
        assert_eq!(weakness(told, &[good]), Some(Weakness::TheirUpload));
        assert_eq!(weakness(only(|signs| signs.told = Some(Limit::Cpu)), &[]), Some(Weakness::TheirMachine));
        assert_eq!(weakness(good, &[narrow, both]), None);
    }
}
