//! The rules of a tick: when a peer is pinged, reconnected, reported and removed. They read what the events recorded in
//! [`Liveness`], and record only what they decided.

use super::timing::*;
use super::{Decision, Liveness, PathState, Snapshot};
use crate::Role;

impl Liveness {
    /// Decides what to do at the snapshot's time. [`Decision::RemovePeer`] comes alone.
    pub fn tick(&mut self, snapshot: Snapshot) -> Vec<Decision> {
        let now = snapshot.now;
        if self.is_gone(snapshot) {
            return vec![Decision::RemovePeer];
        }
        let mut decisions = Vec::new();
        if snapshot.control_open && now - self.last_ping >= PING_INTERVAL {
            self.last_ping = now;
            decisions.push(Decision::Ping);
        }
        if self.needs_restart(snapshot) {
            self.retry_requested = false;
            self.last_restart = Some(now);
            self.restarts += 1;
            decisions.push(Decision::RestartIce);
        }
        self.check_answer(snapshot, &mut decisions);
        if self.needs_connection_request(snapshot) {
            self.retry_requested = false;
            self.last_connection_request = now;
            decisions.push(Decision::RequestConnection);
        }
        let unconnected_for = now - self.unconnected_since;
        if self.state != PathState::Connected && !self.failure_reported && unconnected_for >= REPORT_FAILURE_AFTER {
            self.failure_reported = true;
            decisions.push(Decision::ReportFailure);
        }
        decisions
    }

    fn is_gone(&self, snapshot: Snapshot) -> bool {
        let silence = snapshot.now - self.last_heard;
        let connected = self.state == PathState::Connected;
        if !snapshot.online {
            let lasted = silence.min(snapshot.now - self.state_since);
            return !connected && self.was_connected && lasted >= REMOVE_OFFLINE_AFTER;
        }
        match (snapshot.listed, snapshot.control_open) {
            (true, true) => !connected && silence >= REMOVE_AFTER,
            (false, true) => silence >= REMOVE_UNLISTED_AFTER,
            // A plain client sends no signs of life. While it is connected or sends anything, the server's list counts.
            // But not every server reports who left.
            (true, false) => {
                let timeout = if self.was_connected { REMOVE_OFFLINE_AFTER } else { REMOVE_NEVER_CONNECTED_AFTER };
                !connected && silence.min(snapshot.now - self.unconnected_since) >= timeout
            }
            (false, false) => {
                matches!(self.state, PathState::Disconnected | PathState::Failed)
                    || !self.was_connected && silence >= REMOVE_AFTER
            }
        }
    }

    fn needs_restart(&self, snapshot: Snapshot) -> bool {
        let now = snapshot.now;
        let delay = if self.role == Role::Polite { POLITE_DELAY } else { 0.0 };
        let silence = now - self.last_heard_directly;
        let path_is_dead = snapshot.control_open
            && if self.state == PathState::Connected {
                snapshot.stalled && silence >= REACHABLE_WITHIN + delay
            } else {
                silence >= REACHABLE_WITHIN
            };
        if self.state == PathState::Connected && !path_is_dead {
            return false;
        }
        // Without a route to the peer, the offer would be lost.
        if !(snapshot.online && snapshot.listed) && (!snapshot.control_open || path_is_dead) {
            return false;
        }
        if self.retry_requested && self.was_connected {
            return self.last_restart.is_none_or(|last| now - last >= RETRY_COOL_DOWN);
        }
        let state_lasted = now - self.state_since;
        let due = match self.state {
            PathState::Connected => true,
            PathState::Failed => self.retry_requested || state_lasted >= delay,
            PathState::Disconnected => state_lasted >= DISCONNECTED_GRACE + delay,
            PathState::Connecting => self.last_restart.is_some_and(|last| now - last >= CHECKS_TIMEOUT + delay),
        };
        due && self.last_restart.is_none_or(|last| self.retry_requested || now - last >= self.cool_down())
    }

    fn cool_down(&self) -> f64 {
        (COOL_DOWN * f64::from(1 << self.restarts.saturating_sub(1).min(8))).min(MAX_COOL_DOWN)
    }

    /// Only for a peer that never connected: an own offer is made again first, and with a peer that sent anything, an ICE
    /// restart is enough.
    fn needs_connection_request(&self, snapshot: Snapshot) -> bool {
        if !snapshot.online || !snapshot.listed || snapshot.control_open || self.was_connected {
            return false;
        }
        let retry = self.retry_requested
            && self.failure_reported
            && !snapshot.awaits_answer
            && self.last_heard <= self.unconnected_since;
        retry || snapshot.now - self.last_heard.max(self.last_connection_request) >= CONNECTION_REQUEST_INTERVAL
    }

    fn check_answer(&mut self, snapshot: Snapshot, decisions: &mut Vec<Decision>) {
        if !snapshot.awaits_answer {
            self.answer_due_since = None;
            self.answer_timeout_doublings = 0;
            return;
        }
        let due_since = *self.answer_due_since.get_or_insert(snapshot.now);
        let retry = self.state == PathState::Connecting && std::mem::take(&mut self.retry_requested);
        let timeout = ANSWER_TIMEOUT * f64::from(1 << self.answer_timeout_doublings);
        if retry || snapshot.now - due_since >= timeout {
            self.answer_due_since = Some(snapshot.now);
            self.answer_timeout_doublings = (self.answer_timeout_doublings + 1).min(ANSWER_TIMEOUT_DOUBLINGS);
            decisions.push(Decision::OfferAgain);
        }
    }
}
