//! Whether a peer is alive, over which path, how well, and whether it speaks: [`Liveness`] fed with messages, states and
//! statistics, and what else is read of the connection. It acts on nothing; the peer carries out the decisions.

use vitrine_insight::{
    path::MediaPath,
    quality::{QualityMeter, Signs},
    stats::Stats,
};
use vitrine_negotiation::{
    Role,
    liveness::{Decision, Liveness, PathState, Snapshot},
};
use vitrine_protocol::control::{ControlMessage, Limit, RelayProtocol};

use super::{
    control::Control,
    ear::Ear,
    listing::Listing,
    negotiator::Negotiator,
    route::Way,
    stats::{Connection, Reading, StatsMonitor},
};
use crate::call::state::ConnectionState;

/// The signs of life of one peer. All times are in milliseconds of a clock that stops while the page cannot listen.
pub struct Vitals {
    began: f64,
    liveness: Liveness,
    stats: StatsMonitor,
    is_stalled: bool,
    quality: QualityMeter,
    ear: Ear,
    /// What the peer was told of this side's limit.
    told_limit: Option<Limit>,
}

/// What the peer knows at a tick.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The server is connected and lists this side.
    pub is_online: bool,
    /// The server lists the peer.
    pub is_listed: bool,
    /// The control channel is open, or was when the path was lost.
    pub has_control: bool,
    /// An offer of this side waits for its answer.
    pub awaits_answer: bool,
}

impl Facts {
    /// Of the parts of a peer.
    pub fn of(is_online: bool, listing: &Listing, control: &Control, negotiator: &Negotiator) -> Self {
        Self {
            is_online,
            is_listed: listing.is_listed(),
            has_control: control.is_open(),
            awaits_answer: negotiator.awaits_answer(),
        }
    }
}

impl Vitals {
    /// Of a peer whose connection is begun at `now`.
    pub fn new(role: Role, now: f64) -> Self {
        Self {
            began: now,
            liveness: Liveness::new(role, now),
            stats: StatsMonitor::default(),
            is_stalled: false,
            quality: QualityMeter::default(),
            ear: Ear::default(),
            told_limit: None,
        }
    }

    /// How old the connection is.
    pub fn age(&self, now: f64) -> f64 {
        now - self.began
    }

    /// Something came from the peer this way.
    pub fn heard(&mut self, way: Way, now: f64) {
        match way {
            Way::Signaling => self.liveness.on_sign_of_life(now),
            Way::Control => self.liveness.on_direct_sign_of_life(now),
        }
    }

    /// The other side offered, perhaps to restart ICE.
    pub fn offer_received(&mut self, now: f64) {
        self.liveness.on_remote_offer(now);
    }

    /// There may be another path now, or the user asks for another attempt.
    pub fn try_again(&mut self) {
        self.liveness.try_again();
    }

    /// The connection's state changed; `has_connected` before.
    pub fn state_changed(&mut self, state: ConnectionState, has_connected: bool, now: f64) {
        let path = match state {
            ConnectionState::New | ConnectionState::Connecting => PathState::Connecting,
            ConnectionState::Connected => PathState::Connected,
            ConnectionState::Disconnected => PathState::Disconnected,
            ConnectionState::Failed | ConnectionState::Closed => PathState::Failed,
        };
        self.liveness.on_path_state(path, now);
        self.stats.state_changed(has_connected);
    }

    /// Whether what is sent over the control channel arrives.
    pub fn is_reachable(&self, now: f64) -> bool {
        self.liveness.is_reachable(now)
    }

    /// Whether the peer was heard just now over an established connection.
    pub fn is_responsive(&self, now: f64) -> bool {
        self.liveness.is_responsive(now)
    }

    /// Whether nothing arrives, though the browser holds on to the path; as of the last tick.
    pub fn is_stalled(&self) -> bool {
        self.is_stalled
    }

    /// The path, if it is known.
    pub fn path(&self) -> Option<MediaPath> {
        self.stats.path()
    }

    /// Decides what is to be done at a tick.
    pub fn tick(&mut self, facts: Facts, now: f64) -> Vec<Decision> {
        let stalled = self.stats.is_stalled();
        self.is_stalled = stalled && !self.liveness.is_reachable(now);
        self.liveness.tick(Snapshot {
            now,
            online: facts.is_online,
            listed: facts.is_listed,
            control_open: facts.has_control,
            awaits_answer: facts.awaits_answer,
            stalled,
        })
    }

    /// Watches the connection between the readings of its statistics: whether to read them now, and whether a stall ended.
    pub fn watch(&mut self, is_connected: bool, control: &Control, now: f64) -> (bool, bool) {
        if !is_connected {
            self.stats.reset();
            self.quality = QualityMeter::default();
            return (false, false);
        }
        let is_silent = control.is_open() && self.liveness.is_control_silent(now);
        let is_recovered = !is_silent && self.stats.control_heard();
        (self.stats.tick(is_silent), is_recovered)
    }

    /// Takes the statistics that were read. They say nothing of a path before there is one.
    pub fn take_stats(&mut self, reports: &[Stats], is_connected: bool, control: &Control, now: f64) -> Reading {
        if !is_connected {
            return Reading::default();
        }
        let connection = Connection {
            has_control: control.is_open(),
            is_silent: self.liveness.is_control_silent(now),
            announces_media: control.told().announces_media(),
        };
        self.quality.read(reports, now);
        let reading = self.stats.read(reports, now, connection);
        if reading.is_alive {
            self.liveness.on_direct_sign_of_life(now);
        }
        reading
    }

    /// The peer reports how its relay is reached, or that its path has none.
    pub fn take_relay(&mut self, relay: Option<RelayProtocol>) {
        self.stats.take_relay(relay);
    }

    /// What the peer is to be told of this side's relay and limit, if it was told something else before.
    pub fn untold(&self) -> Vec<ControlMessage> {
        let relay = self.stats.untold_relay().map(|relay| ControlMessage::Path { relay });
        let limit = self.quality.signs(None).limit();
        let limit = (limit != self.told_limit).then_some(ControlMessage::Limit { by: limit });
        relay.into_iter().chain(limit).collect()
    }

    /// The peer was told this.
    pub fn told(&mut self, message: &ControlMessage) {
        match message {
            ControlMessage::Path { relay } => self.stats.relay_told(*relay),
            ControlMessage::Limit { by } => self.told_limit = *by,
            _ => {}
        }
    }

    /// What is wrong with the connection.
    pub fn signs(&self, control: &Control) -> Signs {
        self.quality.signs(control.told().limit())
    }

    /// Listens to the peer as long as it may speak.
    pub fn listen(&mut self, may_speak: bool, negotiator: &Negotiator) {
        self.ear.listen(may_speak, negotiator);
    }

    /// The peer begins or ends to speak.
    pub fn heard_speech(&mut self, is_speaking: bool) {
        self.ear.heard(is_speaking);
    }

    /// Whether the peer speaks.
    pub fn is_speaking(&self) -> bool {
        self.ear.hears_speech()
    }
}
