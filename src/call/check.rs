//! The check before a call: whether the STUN and TURN servers do what a call needs of them. All URLs are tried at the same
//! time: a STUN server by gathering candidates with it, a relay by a connection from this page to this page through it.
//! What that shows is decided in [`vitrine_insight::check`]. A part of the engine, which owns all of it.

use vitrine_insight::check::{Evidence, Line, Moment, Outcome, Service, compare, plan};
use vitrine_protocol::signaling::IceServer;

use super::{
    engine::{Engine, ticks},
    peer::sink,
};
use crate::browser::{ControlChannelEvent, JsError, PeerConnection, PeerConnectionEvent, Task, takes_ice_server};

/// Ticks that the signaling server may take to name its ICE servers; a plain one never does.
const NAMED_WITHIN: u32 = 8;
/// Ticks that an attempt may take. Browsers go on for longer, for a server that would be of no use in a call.
const LONGEST: u32 = 40;

/// A check under way, or what it found; given up on drop.
pub struct Check {
    /// None before it is known which servers there are.
    pub lines: Option<Vec<Line>>,
    attempts: Vec<Attempt>,
    ticks: u32,
    _ticks: Task,
}

/// One URL being tried.
struct Attempt {
    /// The number of its line.
    line: usize,
    /// One connection, or the two ends of a connection through a relay, each with its key.
    ends: Vec<(u64, PeerConnection)>,
    /// How many of them are gathering candidates.
    gathering: usize,
    evidence: Evidence,
}

impl Engine {
    /// Starts from the beginning: the servers are those that a call would be given now.
    pub(super) fn start_check(&mut self) {
        let _ticks = ticks(&self.events);
        self.check = Some(Check { lines: None, attempts: Vec::new(), ticks: 0, _ticks });
        self.ask_for_ice_servers();
    }

    /// Whether a check waits to be told which servers there are.
    pub(super) fn plans_check(&self) -> bool {
        self.check.as_ref().is_some_and(|check| check.lines.is_none())
    }

    /// The server named these, or none.
    pub(super) fn plan_check(&mut self, named: Option<Vec<IceServer>>) {
        let servers = named.unwrap_or_else(|| self.config.ice_servers.clone());
        let mut attempts = Vec::new();
        let mut lines = Vec::new();
        for (mut line, of) in plan(&servers) {
            if line.outcome.is_none() {
                let mut server = servers[of].clone();
                server.urls = vec![line.url.clone()];
                // A connection would skip a URL that the browser does not take.
                let attempt = takes_ice_server(&server).then(|| self.attempt(lines.len(), line.service, &[server]));
                match attempt {
                    Some(Ok(attempt)) => attempts.push(attempt),
                    _ => line.outcome = Some(Outcome::Unusable),
                }
            }
            lines.push(line);
        }
        if let Some(check) = &mut self.check {
            (check.lines, check.attempts, check.ticks) = (Some(lines), attempts, 0);
        }
    }

    fn attempt(&mut self, line: usize, service: Service, server: &[IceServer]) -> Result<Attempt, JsError> {
        let relays = service != Service::Stun;
        let mut ends = Vec::new();
        for _ in 0..=u32::from(relays) {
            self.serial += 1;
            let sink = sink(self.serial, &self.events);
            let mut end = PeerConnection::new(server, relays, self.certificate.as_ref(), sink.clone())?;
            // Something to gather candidates for, and to send through the relay.
            end.open_control(sink)?;
            ends.push((self.serial, end));
        }
        ends[0].1.set_local_description();
        let evidence = Evidence::new(ends[0].1.tells_errors());
        Ok(Attempt { line, gathering: ends.len(), ends, evidence })
    }

    /// Something happened on a connection that is not a peer's.
    pub(super) fn attempt_event(&mut self, key: u64, event: PeerConnectionEvent) {
        let Some(check) = &mut self.check else { return };
        for attempt in &mut check.attempts {
            if let Some(end) = attempt.ends.iter().position(|(end, _)| *end == key) {
                attempt.handle(end, event);
                break;
            }
        }
        self.settle_check();
    }

    /// Looks after the check; called at every tick.
    pub(super) fn tick_check(&mut self) {
        let Some(check) = &mut self.check else { return };
        check.ticks += 1;
        if check.lines.is_none() && check.ticks >= NAMED_WITHIN {
            self.plan_check(None);
        }
        self.settle_check();
    }

    /// Ends the attempts whose outcome is known.
    fn settle_check(&mut self) {
        let Some(Check { lines: Some(lines), attempts, ticks, .. }) = &mut self.check else { return };
        attempts.retain(|attempt| {
            let line = &mut lines[attempt.line];
            let moment = match attempt.gathering {
                _ if *ticks >= LONGEST => Moment::Late,
                0 => Moment::Gathered,
                _ => Moment::Gathering,
            };
            line.outcome = attempt.evidence.outcome(line.service, moment);
            line.outcome.is_none()
        });
        compare(lines);
    }
}

impl Attempt {
    fn handle(&mut self, end: usize, event: PeerConnectionEvent) {
        let other = self.ends.get(1 - end).map(|(_, other)| other);
        match (event, other) {
            (PeerConnectionEvent::Candidate(candidate), other) => {
                self.evidence.candidate(&candidate.candidate);
                if let Some(other) = other {
                    other.add_candidate(candidate);
                }
            }
            (PeerConnectionEvent::CandidateError { code, .. }, _) => self.evidence.error(code),
            (PeerConnectionEvent::Gathered, _) => self.gathering = self.gathering.saturating_sub(1),
            (PeerConnectionEvent::LocalDescriptionSet(description), Some(other)) => {
                other.set_remote_description(description);
            }
            (PeerConnectionEvent::RemoteDescriptionSet, _) if end == 1 => self.ends[1].1.set_local_description(),
            (PeerConnectionEvent::Control(ControlChannelEvent::Open), _) => self.evidence.carried(),
            _ => {}
        }
    }
}
