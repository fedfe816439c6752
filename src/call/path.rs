//! Which way the media of one connection goes, and whether anything comes that way: read from the browser's statistics
//! when the connection stands and every few seconds from then on, because a path may change without a word, and at every
//! tick while the control channel is silent. What the statistics mean is decided in [`vitrine_insight::path`], and what a
//! silence means in [`vitrine_negotiation::liveness`].

use vitrine_insight::path::{Path, SelectedPair, Verdict};
use vitrine_protocol::{
    control::{ControlMessage, RelayProtocol},
    json::Json,
};

use super::{ConnectionState, peer::Peer};
use crate::browser::listening_now;

/// Ticks from one reading to the next.
const TICKS: u32 = 40;
/// The same while the path is not known.
const TICKS_UNKNOWN: u32 = 12;
/// The same while it is about to be.
const TICKS_AWAITED: u32 = 4;

/// Bytes a second that a control channel without media may bring. A microphone alone brings twice as many.
const CONTROL_ALONE: f64 = 1_500.0;
/// How long nothing may come over a connection without media, in milliseconds: the browsers check such a path every two
/// and a half seconds.
const CHECKED_WITHIN: f64 = 3_000.0;

/// What is known of a connection's path.
#[derive(Default)]
pub struct Watch {
    verdict: Verdict,
    /// How the other side's relay is spoken with, by its word.
    told: Option<RelayProtocol>,
    /// What the other side was told of ours.
    said: Option<RelayProtocol>,
    /// Ticks until the next reading.
    wait: u32,
    /// A reading is under way.
    reading: bool,
    /// Bytes and time of the last reading while the control channel was not silent.
    counted: Option<(u64, f64)>,
    /// Whether media came between the last two such readings, if there were two.
    flows: Option<bool>,
    silence: Silence,
}

/// What comes while the control channel is silent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Silence {
    /// It is not silent.
    #[default]
    None,
    /// So much had come at this time, and nothing since.
    Counted(u64, f64),
    /// Nothing has come for long enough: so much had come before.
    Standstill(u64),
}

impl Watch {
    /// The state of the connection has changed. A connection that `has_stood` before may have another path now; the first
    /// reading of a new one waits until its media flows.
    pub fn look(&mut self, has_stood: bool) {
        self.wait = if has_stood { 0 } else { TICKS_AWAITED };
    }

    /// Whether nothing at all comes.
    pub fn standstill(&self) -> bool {
        matches!(self.silence, Silence::Standstill(_))
    }

    /// Compares what had come by two readings of a connection whose control channel works.
    fn count(&mut self, received: Option<u64>, now: f64) {
        let Some(received) = received else { return };
        if let Some((before, at)) = self.counted.replace((received, now))
            && now > at
        {
            let per_second = received.saturating_sub(before) as f64 * 1_000.0 / (now - at);
            self.flows = Some(per_second > CONTROL_ALONE);
        }
    }
}

impl Peer {
    /// Reads the path if it is time to; called at every tick.
    pub(super) fn tend_path(&mut self) {
        if self.view.connection != ConnectionState::Connected {
            self.watch.verdict = Verdict::default();
            self.view.path = None;
            self.watch.silence = Silence::None;
            return;
        }
        let silent = self.has_control() && self.liveness.is_silent(listening_now());
        if !silent {
            if self.watch.standstill() {
                self.refresh_pictures();
            }
            self.watch.silence = Silence::None;
        }
        self.watch.wait = self.watch.wait.saturating_sub(1);
        if (silent || self.watch.wait == 0) && !std::mem::replace(&mut self.watch.reading, true) {
            self.watch.wait = if self.view.path.is_some() { TICKS } else { TICKS_UNKNOWN };
            let sink = self.sink();
            self.connection.read_stats(SelectedPair::needs, sink);
        }
    }

    /// The reading is there.
    pub(super) fn path_read(&mut self, reports: &[Json]) {
        self.watch.reading = false;
        let before = self.view.path;
        self.watch.verdict.read(SelectedPair::find(reports), listening_now());
        self.listen();
        self.judge_path();
        if self.watch.verdict.is_awaited(self.watch.told) {
            self.watch.wait = self.watch.wait.min(TICKS_AWAITED);
        }
        if self.view.path != before {
            self.describe(self.view.path.map_or("its path is not known", Path::name));
        }
        let relay = self.watch.verdict.pair().and_then(|pair| pair.relay);
        if relay != self.watch.said && self.send(&ControlMessage::Path { relay }) {
            self.watch.said = relay;
        }
    }

    /// While the control channel is silent: whether anything else has come since the last look.
    fn listen(&mut self) {
        let now = listening_now();
        if !self.has_control() {
            return;
        }
        if !self.liveness.is_silent(now) {
            return self.watch.count(self.watch.verdict.pair().and_then(|pair| pair.received), now);
        }
        // The other side's browser answers checks while its page is too busy to answer anything.
        let pair = self.watch.verdict.pair();
        let received = pair.map_or(0, |pair| pair.received.unwrap_or(0) + pair.responses.unwrap_or(0));
        let announced = self.view.audio != Some(false) || self.view.video != Some(false);
        let longest = if self.watch.flows.unwrap_or(announced) { 0.0 } else { CHECKED_WITHIN };
        self.watch.silence = match self.watch.silence {
            Silence::None => Silence::Counted(received, now),
            Silence::Counted(before, since) if received <= before && now - since < longest => {
                Silence::Counted(before, since)
            }
            Silence::Counted(before, _) | Silence::Standstill(before) if received <= before => {
                Silence::Standstill(before)
            }
            Silence::Counted(..) => {
                self.liveness.heard_directly(now);
                Silence::None
            }
            Silence::Standstill(_) => {
                // Over another path, which the browser has taken without a word.
                self.liveness.heard_directly(now);
                self.refresh_pictures();
                Silence::None
            }
        };
    }

    /// The other side said how its relay is spoken with, or that it has none in the path.
    pub(super) fn path_told(&mut self, relay: Option<RelayProtocol>) {
        self.watch.told = relay;
        self.judge_path();
    }

    fn judge_path(&mut self) {
        if self.view.connection == ConnectionState::Connected {
            self.view.path = self.watch.verdict.path(self.watch.told);
        }
    }
}
