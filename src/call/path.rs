//! Which way the media of one connection goes: read from the browser's statistics when the connection stands and every
//! few seconds from then on, because a path may change without a word. What the statistics mean is decided in
//! [`vitrine_insight::path`].

use vitrine_insight::path::{Path, SelectedPair};
use vitrine_protocol::{
    control::{ControlMessage, RelayProtocol},
    json::Json,
};

use super::{ConnectionState, peer::Peer};

/// Ticks from one reading to the next.
const TICKS: u32 = 20;
/// The same while the path is not known.
const TICKS_UNKNOWN: u32 = 6;

/// What is known of a connection's path.
#[derive(Default)]
pub struct Watch {
    pair: Option<SelectedPair>,
    /// How the other side's relay is spoken with, by its word.
    told: Option<RelayProtocol>,
    /// What the other side was told of ours.
    said: Option<RelayProtocol>,
    /// Ticks until the next reading.
    wait: u32,
}

impl Watch {
    /// The next look reads at once.
    pub fn look_at_once(&mut self) {
        self.wait = 0;
    }
}

impl Peer {
    /// Reads the path if it is time to; called at every tick.
    pub(super) fn tend_path(&mut self) {
        if self.view.connection != ConnectionState::Connected {
            self.watch.pair = None;
            self.view.path = None;
        } else if self.watch.wait > 0 {
            self.watch.wait -= 1;
        } else {
            self.watch.wait = if self.view.path.is_some() { TICKS } else { TICKS_UNKNOWN };
            let sink = self.sink();
            self.connection.read_stats(SelectedPair::needs, sink);
        }
    }

    /// The reading is there.
    pub(super) fn path_read(&mut self, reports: &[Json]) {
        let before = self.view.path;
        self.watch.pair = SelectedPair::find(reports);
        self.judge_path();
        if self.view.path != before {
            self.describe(self.view.path.map_or("its path is not known", Path::name));
        }
        let relay = self.watch.pair.and_then(|pair| pair.relay);
        if relay != self.watch.said && self.send(&ControlMessage::Path { relay }) {
            self.watch.said = relay;
        }
    }

    /// The other side said how its relay is spoken with, or that it has none in the path.
    pub(super) fn path_told(&mut self, relay: Option<RelayProtocol>) {
        self.watch.told = relay;
        self.judge_path();
    }

    fn judge_path(&mut self) {
        if self.view.connection == ConnectionState::Connected {
            self.view.path = self.watch.pair.and_then(|pair| pair.path(self.watch.told));
        }
    }
}
