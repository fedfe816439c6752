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
use crate::browser::now;

/// Ticks from one reading to the next.
const TICKS: u32 = 40;
/// The same while the path is not known.
const TICKS_UNKNOWN: u32 = 12;
/// The same while it is about to be.
const TICKS_AWAITED: u32 = 4;

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
    silence: Silence,
}

/// What comes while the control channel is silent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Silence {
    /// It is not silent.
    #[default]
    None,
    /// So many bytes had come at the last look.
    Counted(Option<u64>),
    /// Nothing has come since the look before, when it was so many bytes.
    Standstill(Option<u64>),
}

impl Watch {
    /// The next look reads at once.
    pub fn look_at_once(&mut self) {
        self.wait = 0;
    }

    /// Whether nothing at all comes.
    pub fn standstill(&self) -> bool {
        matches!(self.silence, Silence::Standstill(_))
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
        let silent = self.has_control() && self.liveness.is_silent(now());
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
        self.watch.verdict.read(SelectedPair::find(reports), now());
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
        if !(self.has_control() && self.liveness.is_silent(now())) {
            return;
        }
        let received = self.watch.verdict.pair().and_then(|pair| pair.received);
        self.watch.silence = match self.watch.silence {
            Silence::None => Silence::Counted(received),
            Silence::Counted(before) | Silence::Standstill(before) if received <= before => Silence::Standstill(before),
            Silence::Counted(_) => {
                self.liveness.heard_directly(now());
                Silence::None
            }
            Silence::Standstill(_) => {
                // Over another path, which the browser has taken without a word.
                self.liveness.heard_directly(now());
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
