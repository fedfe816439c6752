//! What the user is told about the signaling server, and which problem is shown. It acts on nothing.

use vitrine_protocol::signaling::Refused;

use super::state::{Problem, SignalingState};
use crate::{
    browser::{has_webrtc, is_secure, log},
    signaling::Refusal,
};

/// The signaling connection's state, and the problem that is shown.
#[derive(Debug, Default)]
pub struct Status {
    signaling: SignalingState,
    /// Why there is no connection to the server, if that was found out.
    refusal: Option<Refusal>,
    problem: Option<Problem>,
    is_refusal_logged: bool,
}

impl Status {
    /// Before the first attempt to connect has ended: whether a call is possible on this page at all.
    pub fn of_this_page() -> Self {
        let problem =
            if !has_webrtc() { Some(Problem::NoWebRtc) } else { (!is_secure()).then_some(Problem::InsecurePage) };
        Self { problem, ..Self::default() }
    }

    /// The signaling connection's state.
    pub fn signaling(&self) -> SignalingState {
        self.signaling
    }

    /// Why there is no connection to the server, if that was found out.
    pub fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    /// The problem that is shown.
    pub fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// The server is connected. Problems that say the opposite are mended.
    pub fn connected(&mut self) {
        self.signaling = SignalingState::Online;
        self.refusal = None;
        if self.is_about_connection() || self.problem == Some(Problem::RequestTimedOut) {
            self.problem = None;
        }
    }

    /// The server is lost, or an attempt failed. In a call the connections go on, and the indicator tells the rest.
    pub fn lost(&mut self, is_in_call: bool) {
        self.signaling = SignalingState::Offline;
        if !is_in_call && self.problem.is_none() {
            self.problem = Some(Problem::not_connected(self.refusal));
        }
    }

    /// It was found out, or is not known any more, why attempts fail.
    pub fn refused(&mut self, refusal: Option<Refusal>) {
        self.refusal = refusal;
        if self.is_about_connection() {
            self.problem = Some(Problem::not_connected(refusal));
        }
    }

    /// The user enters a room.
    pub fn stay_begun(&mut self) {
        let is_offline = self.signaling == SignalingState::Offline;
        self.problem = is_offline.then(|| Problem::not_connected(self.refusal));
    }

    /// The server refused an event. Only the first is logged.
    pub fn log_refusal(&mut self, refused: &Refused) {
        if !std::mem::replace(&mut self.is_refusal_logged, true) {
            log(&format!("the server refused {}: {}", refused.event, refused.error.message));
        }
    }

    /// Shows this problem.
    pub fn report(&mut self, problem: Problem) {
        self.problem = Some(problem);
    }

    /// The user has read the problem.
    pub fn dismiss(&mut self) {
        self.problem = None;
    }

    fn is_about_connection(&self) -> bool {
        matches!(self.problem, Some(Problem::ServerUnreachable | Problem::NotConnected(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_mends_the_problems_that_deny_it() {
        for (problem, is_mended) in
            [(Problem::ServerUnreachable, true), (Problem::RequestTimedOut, true), (Problem::InsecurePage, false)]
        {
            let mut status = Status::default();
            status.report(problem.clone());
            status.connected();
            assert_eq!(status.problem().is_none(), is_mended, "{problem:?}");
        }
    }

    #[test]
    fn lost_server_is_no_problem_in_a_call() {
        let mut status = Status::default();
        status.lost(true);
        assert_eq!(status.problem(), None);
        status.lost(false);
        assert_eq!(status.problem(), Some(&Problem::ServerUnreachable));
    }

    #[test]
    fn reason_for_failed_attempts_is_told_once_it_is_known() {
        let mut status = Status::default();
        status.lost(false);
        status.refused(Some(Refusal::Offline));
        assert_eq!(status.problem(), Some(&Problem::NotConnected(Refusal::Offline)));
        status.refused(None);
        assert_eq!(status.problem(), Some(&Problem::ServerUnreachable));
    }

    #[test]
    fn entering_while_offline_says_so_at_once() {
        let mut status = Status::default();
        status.lost(false);
        status.dismiss();
        status.stay_begun();
        assert_eq!(status.problem(), Some(&Problem::ServerUnreachable));
    }
}
