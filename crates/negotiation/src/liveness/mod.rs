//! Decides whether a peer is still there and when a troubled connection is tried again: events and [`Snapshot`]s with
//! their times go in, [`Decision`]s come out. It holds no timer, sends nothing, and knows of offers only whether one is
//! unanswered.
//!
//! Times are milliseconds of a monotonic clock. The clock must stop while this side cannot listen (a sleeping machine),
//! or that silence counts against the peer. Call [`Liveness::tick`] every 250 ms.

mod rules;
#[cfg(test)]
mod tests;
mod timing;

use self::timing::{REACHABLE_WITHIN, RESPONSIVE_WITHIN};
use crate::Role;

/// `RTCPeerConnectionState` (W3C webrtc-pc §4.3.3) as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathState {
    /// `new` or `connecting`.
    Connecting,
    /// `connected`.
    Connected,
    /// `disconnected`.
    Disconnected,
    /// `failed`.
    Failed,
}

/// What the call knows of the peer at a tick.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot {
    /// The time.
    pub now: f64,
    /// This side is connected to the signaling server and in the room.
    pub online: bool,
    /// The signaling server lists the peer in the room.
    pub listed: bool,
    /// The control channel is open, or was when the connection was lost.
    pub control_open: bool,
    /// An own offer waits for its answer.
    pub awaits_answer: bool,
    /// The statistics, read since the control channel fell silent, show that nothing arrives at all. A busy page answers
    /// no ping, but its media may still arrive.
    pub stalled: bool,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Send a ping over the control channel.
    Ping,
    /// Restart ICE.
    RestartIce,
    /// The offer or its answer was lost: offer again.
    OfferAgain,
    /// Report to the user that there is no connection. Given once until the next connection.
    ReportFailure,
    /// The peer never connected and has long been silent: ask it to offer a connection.
    RequestConnection,
    /// The peer is gone: remove it.
    RemovePeer,
}

/// The liveness of one peer.
///
/// ```
/// use vitrine_negotiation::Role;
/// use vitrine_negotiation::liveness::{Decision, Liveness, PathState, Snapshot};
///
/// let mut liveness = Liveness::new(Role::Impolite, 0.0);
/// liveness.on_path_state(PathState::Connected, 0.0);
///
/// // The peer has been silent for half a second, so it is pinged.
/// let snapshot =
///     Snapshot { now: 500.0, online: true, listed: true, control_open: true, awaits_answer: false, stalled: false };
/// assert_eq!(liveness.tick(snapshot), [Decision::Ping]);
///
/// // No pong, and no media either: the path is dead before the browser says so.
/// let stalled = Snapshot { now: 1_000.0, stalled: true, ..snapshot };
/// assert_eq!(liveness.tick(stalled), [Decision::Ping, Decision::RestartIce]);
/// ```
#[derive(Clone, Debug)]
pub struct Liveness {
    role: Role,
    state: PathState,
    /// When `state` was entered.
    state_since: f64,
    was_connected: bool,
    /// When the peer was last heard, by any route.
    last_heard: f64,
    /// When the peer was last heard over the connection itself.
    last_heard_directly: f64,
    last_ping: f64,
    /// When either side last restarted ICE.
    last_restart: Option<f64>,
    /// Restarts since the last connection.
    restarts: u32,
    /// [`Self::try_again`] was called, and no attempt was made since.
    retry_requested: bool,
    /// Since when an answer is due.
    answer_due_since: Option<f64>,
    /// How often the answer timeout has doubled.
    answer_timeout_doublings: u32,
    last_connection_request: f64,
    /// Since when there has been no connection.
    unconnected_since: f64,
    failure_reported: bool,
}

impl Liveness {
    /// The liveness of a peer first met at `now`.
    pub fn new(role: Role, now: f64) -> Self {
        Self {
            role,
            state: PathState::Connecting,
            state_since: now,
            was_connected: false,
            last_heard: now,
            last_heard_directly: now,
            last_ping: now,
            last_restart: None,
            restarts: 0,
            retry_requested: false,
            answer_due_since: None,
            answer_timeout_doublings: 0,
            last_connection_request: now,
            unconnected_since: now,
            failure_reported: false,
        }
    }

    /// A message of the peer arrived through the signaling server. The peer is there, but its connection may be dead.
    pub fn on_sign_of_life(&mut self, now: f64) {
        self.last_heard = now;
    }

    /// A message or media of the peer arrived over the connection.
    pub fn on_direct_sign_of_life(&mut self, now: f64) {
        self.last_heard = now;
        self.last_heard_directly = now;
    }

    /// The state of the connection changed.
    pub fn on_path_state(&mut self, state: PathState, now: f64) {
        if state == self.state {
            return;
        }
        if self.state == PathState::Connected {
            self.unconnected_since = now;
        }
        if state == PathState::Connected {
            self.failure_reported = false;
            self.was_connected = true;
            self.restarts = 0;
            self.retry_requested = false;
            self.on_direct_sign_of_life(now);
        }
        self.state = state;
        self.state_since = now;
    }

    /// The peer offered, perhaps to restart ICE. Its attempt gets time to work.
    pub fn on_remote_offer(&mut self, now: f64) {
        if self.state != PathState::Connected || self.is_control_silent(now) {
            self.last_restart = Some(now);
        }
    }

    /// The network changed, or the user asks for another attempt. The next tick restarts ICE unless the peer is connected.
    pub fn try_again(&mut self) {
        self.retry_requested = true;
    }

    /// Whether the peer was heard within 1 s over the connection, so that a message sent over it should arrive.
    pub fn is_reachable(&self, now: f64) -> bool {
        self.state == PathState::Connected && now - self.last_heard_directly < REACHABLE_WITHIN
    }

    /// Whether the peer was heard within 750 ms over the connection.
    pub fn is_responsive(&self, now: f64) -> bool {
        self.state == PathState::Connected && now - self.last_heard_directly < RESPONSIVE_WITHIN
    }

    /// Whether the browser says `connected` while the control channel is silent. If media of the peer still arrives, call
    /// [`Self::on_direct_sign_of_life`].
    pub fn is_control_silent(&self, now: f64) -> bool {
        self.state == PathState::Connected && !self.is_responsive(now)
    }
}
