//! How far a connection has come, and what is wrong with it: the facts that the interface is shown. It neither acts nor
//! logs.

use web_sys::RtcPeerConnectionState;

use crate::call::{
    state::{ConnectionState, Departure, Trouble},
    steps::{Step, Steps},
};

impl From<RtcPeerConnectionState> for ConnectionState {
    fn from(state: RtcPeerConnectionState) -> Self {
        match state {
            RtcPeerConnectionState::Connecting => Self::Connecting,
            RtcPeerConnectionState::Connected => Self::Connected,
            RtcPeerConnectionState::Disconnected => Self::Disconnected,
            RtcPeerConnectionState::Failed => Self::Failed,
            RtcPeerConnectionState::Closed => Self::Closed,
            _ => Self::New,
        }
    }
}

/// The course of one connection.
#[derive(Debug)]
pub struct Progress {
    /// When the connection was begun, in milliseconds.
    began: f64,
    /// `RTCPeerConnection.connectionState`.
    browser_state: ConnectionState,
    has_connected: bool,
    /// The user was told that there is no connection, and there has been none since.
    is_failure_reported: bool,
    /// Anything came from the participant.
    was_heard: bool,
    trouble: Option<Trouble>,
    /// How many candidates were found since gathering ended last.
    gathered: u32,
    steps: Steps,
    /// A track arrived.
    has_media: bool,
}

impl Progress {
    /// Of a connection begun at `now`, whose first offer this side makes or not.
    pub fn new(now: f64, is_offerer: bool) -> Self {
        Self {
            began: now,
            browser_state: ConnectionState::New,
            has_connected: false,
            is_failure_reported: false,
            was_heard: false,
            trouble: None,
            gathered: 0,
            steps: Steps { offerer: is_offerer, ..Steps::default() },
            has_media: false,
        }
    }

    /// `RTCPeerConnection.connectionState`.
    pub fn browser_state(&self) -> ConnectionState {
        self.browser_state
    }

    /// Whether the connection is established.
    pub fn is_connected(&self) -> bool {
        self.browser_state == ConnectionState::Connected
    }

    /// Whether the connection is or was established.
    pub fn has_connected(&self) -> bool {
        self.has_connected
    }

    /// Whether the user was told that there is no connection, and there has been none since.
    pub fn is_failure_reported(&self) -> bool {
        self.is_failure_reported
    }

    /// Whether the first offer is this side's, and the connection may be established any moment.
    pub fn is_offering(&self) -> bool {
        let is_trying = matches!(self.browser_state, ConnectionState::New | ConnectionState::Connecting);
        self.steps.offerer && is_trying && !self.has_connected && !self.is_failure_reported
    }

    /// What is wrong with the connection.
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble
    }

    /// How the connection came about.
    pub fn steps(&self) -> &Steps {
        &self.steps
    }

    /// The browser's state changed. Returns it, and whether the connection is established again, not for the first time.
    pub fn state_changed(&mut self, state: RtcPeerConnectionState) -> (ConnectionState, bool) {
        self.browser_state = state.into();
        let is_connected = self.is_connected();
        self.is_failure_reported &= !is_connected;
        let is_again = is_connected && self.has_connected;
        self.has_connected |= is_connected;
        (self.browser_state, is_again)
    }

    /// A track arrived.
    pub fn track_arrived(&mut self) {
        self.has_media = true;
    }

    /// Notes that `step` is reached at `now`, and [`Step::Direct`] with it once media arrives over an established
    /// connection. Returns the steps that were not reached before, with the milliseconds since the beginning.
    pub fn reach(&mut self, step: Step, now: f64) -> Vec<(Step, f64)> {
        let direct = (self.has_media && self.is_connected()).then_some(Step::Direct);
        let time = (now - self.began).round();
        let is_new = |step: &Step| self.steps.reached.iter().all(|(reached, _)| reached != step);
        let new: Vec<_> = std::iter::once(step).chain(direct).filter(is_new).map(|step| (step, time)).collect();
        self.steps.reached.extend(&new);
        new
    }

    /// A candidate of this side was found. The empty one, which ends them, does not count.
    pub fn candidate_sent(&mut self, candidate: &str) {
        if !candidate.is_empty() {
            self.steps.candidates_sent += 1;
            self.gathered += 1;
            self.mended(Trouble::NoRelay);
        }
    }

    /// All candidates were found. Of a side that uses relays only, there are none if no relay works.
    pub fn gathered(&mut self, relay_only: bool) {
        if relay_only && self.gathered == 0 {
            self.troubled(Trouble::NoRelay);
        }
        self.gathered = 0;
    }

    /// A candidate of the other side came.
    pub fn candidate_received(&mut self, candidate: &str) {
        self.steps.candidates_received += u32::from(!candidate.is_empty());
    }

    /// Anything came from the participant.
    pub fn heard(&mut self) {
        self.was_heard = true;
        self.trouble.take_if(|trouble| *trouble == Trouble::Unanswered);
    }

    /// This is wrong with the connection now.
    pub fn troubled(&mut self, trouble: Trouble) {
        self.trouble = Some(trouble);
    }

    /// This is not wrong any more.
    pub fn mended(&mut self, trouble: Trouble) {
        self.trouble.take_if(|current| *current == trouble);
    }

    /// There is no connection, and the user is told so.
    pub fn failure_reported(&mut self, awaits_answer: bool) {
        self.is_failure_reported = true;
        if !self.has_connected && (awaits_answer || !self.was_heard) {
            self.trouble.get_or_insert(Trouble::Unanswered);
        }
    }

    /// How to call the end of a peer of which nothing is heard any more.
    pub fn departure(&self, is_listed: bool) -> Departure {
        match (self.has_connected, is_listed) {
            (true, _) => Departure::Lost,
            (false, true) => Departure::Unanswered,
            (false, false) => Departure::Left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_is_reached_once() {
        let mut progress = Progress::new(1_000.0, true);
        assert_eq!(progress.reach(Step::Offer, 1_250.4), [(Step::Offer, 250.0)]);
        assert_eq!(progress.reach(Step::Offer, 2_000.0), []);
        assert_eq!(progress.steps().reached, [(Step::Offer, 250.0)]);
    }

    #[test]
    fn reported_failure_ends_with_the_connection() {
        let mut progress = Progress::new(0.0, true);
        progress.failure_reported(true);
        assert_eq!(progress.trouble(), Some(Trouble::Unanswered));
        progress.state_changed(RtcPeerConnectionState::Connecting);
        assert!(progress.is_failure_reported());
        progress.heard();
        assert_eq!(progress.trouble(), None);
        assert_eq!(progress.state_changed(RtcPeerConnectionState::Connected), (ConnectionState::Connected, false));
        assert!(!progress.is_failure_reported());
    }

    #[test]
    fn side_that_hides_its_address_and_finds_no_candidate_has_no_relay() {
        let mut progress = Progress::new(0.0, true);
        progress.candidate_sent("");
        progress.gathered(false);
        assert_eq!(progress.trouble(), None);
        progress.gathered(true);
        assert_eq!(progress.trouble(), Some(Trouble::NoRelay));
        progress.candidate_sent("candidate:1 1 udp 1 192.0.2.1 9 typ relay");
        assert_eq!(progress.trouble(), None);
        progress.gathered(true);
        assert_eq!(progress.trouble(), None);
        progress.gathered(true);
        assert_eq!(progress.trouble(), Some(Trouble::NoRelay), "after a restart the relay may be gone");
    }

    #[test]
    fn connection_is_established_again_after_a_loss() {
        let mut progress = Progress::new(0.0, false);
        progress.state_changed(RtcPeerConnectionState::Connected);
        progress.state_changed(RtcPeerConnectionState::Failed);
        assert_eq!(progress.state_changed(RtcPeerConnectionState::Connected), (ConnectionState::Connected, true));
    }

    #[test]
    fn slow_offer_is_not_under_way_after_it_failed() {
        let mut progress = Progress::new(0.0, true);
        assert!(progress.is_offering());
        progress.failure_reported(true);
        assert!(!progress.is_offering());
        assert!(!Progress::new(0.0, false).is_offering(), "the other side offers");
    }
}
