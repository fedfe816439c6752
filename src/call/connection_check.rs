//! The check before a call: whether the STUN and TURN servers do what a call needs. All URLs are tried at the same time: a
//! STUN server by gathering candidates with it, a relay by a connection from this page to this page through it. What that
//! shows is decided in [`vitrine_insight::connection_check`].

use vitrine_insight::connection_check::{CheckProgress, Observations, Outcome, ServerCheck, Service, plan, reconcile};
use vitrine_insight::trace::StateMachine;
use vitrine_protocol::signaling::IceServer;
use wasm_bindgen::JsValue;

use super::event::{Events, next_key};
use crate::browser::{
    ControlChannelEvent, JsError, NegotiationEvent, PeerConnection, PeerConnectionEvent, accepts_ice_server,
};

/// Ticks that the signaling server may take to name its ICE servers; a plain one never does.
const NAMING_TIMEOUT: u32 = 8;
/// Ticks that an attempt may take. Browsers try for longer, for a server that would be of no use in a call.
const ATTEMPT_TIMEOUT: u32 = 40;

/// A check under way, or what it found. It ends on drop.
#[derive(Default)]
pub struct ConnectionCheck {
    /// None before the servers are known.
    servers: Option<Vec<ServerCheck>>,
    attempts: Vec<Attempt>,
    ticks: u32,
}

/// One URL being tried.
struct Attempt {
    /// The position of its server.
    position: usize,
    /// One connection, or the two ends of a connection through a relay, each with its key.
    ends: Vec<(u64, PeerConnection)>,
    /// How many ends are gathering candidates.
    gathering: usize,
    observations: Observations,
}

impl ConnectionCheck {
    /// What is known of each server; none before it is known which there are.
    pub fn view(&self) -> Option<Vec<ServerCheck>> {
        self.servers.clone()
    }

    /// Whether the check waits to be told which servers there are.
    pub fn awaits_servers(&self) -> bool {
        self.servers.is_none()
    }

    /// Begins to try these servers.
    pub fn begin(&mut self, servers: &[IceServer], certificate: Option<&JsValue>, events: &Events) {
        let mut checks = Vec::new();
        for (mut check, index) in plan(servers) {
            if check.outcome.is_none() {
                let mut server = servers[index].clone();
                server.urls = vec![check.url.clone()];
                // A connection would skip a URL that the browser does not accept.
                let attempt = accepts_ice_server(&server)
                    .then(|| Attempt::begin(checks.len(), check.service, &server, certificate, events));
                match attempt {
                    Some(Ok(attempt)) => self.attempts.push(attempt),
                    _ => check.outcome = Some(Outcome::Unusable),
                }
            }
            checks.push(check);
        }
        self.servers = Some(checks);
        self.ticks = 0;
    }

    /// Something happened on the connection with this key.
    pub fn handle(&mut self, key: u64, event: PeerConnectionEvent) {
        let end = |attempt: &Attempt| attempt.ends.iter().position(|(end, _)| *end == key);
        if let Some((attempt, end)) =
            self.attempts.iter_mut().find_map(|attempt| end(attempt).map(|end| (attempt, end)))
        {
            attempt.handle(end, event);
            self.settle();
        }
    }

    /// 250 ms have passed. Returns whether the signaling server has taken too long to name its servers.
    pub fn tick(&mut self) -> bool {
        self.ticks += 1;
        self.settle();
        self.awaits_servers() && self.ticks >= NAMING_TIMEOUT
    }

    /// Ends the attempts whose outcome is known.
    fn settle(&mut self) {
        let Self { servers: Some(servers), attempts, ticks } = self else { return };
        attempts.retain(|attempt| {
            let check = &mut servers[attempt.position];
            let progress = match attempt.gathering {
                _ if *ticks >= ATTEMPT_TIMEOUT => CheckProgress::TimedOut,
                0 => CheckProgress::Gathered,
                _ => CheckProgress::Gathering,
            };
            check.outcome = attempt.observations.outcome(check.service, progress);
            check.outcome.is_none()
        });
        reconcile(servers);
    }
}

impl Attempt {
    fn begin(
        position: usize,
        service: Service,
        server: &IceServer,
        certificate: Option<&JsValue>,
        events: &Events,
    ) -> Result<Self, JsError> {
        let is_relay = service != Service::Stun;
        let mut ends = Vec::new();
        for _ in 0..=u32::from(is_relay) {
            let key = next_key();
            let sink = events.of_check(key);
            let servers = std::slice::from_ref(server);
            let mut end = PeerConnection::new(servers, is_relay, certificate, sink.clone())?;
            // Something to gather candidates for, and to send through the relay.
            end.open_control(sink)?;
            ends.push((key, end));
        }
        ends[0].1.set_local_description();
        let observations = Observations::new(ends[0].1.reports_candidate_errors());
        Ok(Self { position, gathering: ends.len(), ends, observations })
    }

    fn handle(&mut self, end: usize, event: PeerConnectionEvent) {
        let other = self.ends.get(1 - end).map(|(_, other)| other);
        match (event, other) {
            (PeerConnectionEvent::Candidate { candidate, .. }, other) => {
                self.observations.on_candidate(&candidate.candidate);
                if let Some(other) = other {
                    other.add_candidate(candidate);
                }
            }
            (PeerConnectionEvent::CandidateError { code, .. }, _) => self.observations.on_candidate_error(code),
            (PeerConnectionEvent::State(StateMachine::Gathering, state), _) if state == "complete" => {
                self.gathering = self.gathering.saturating_sub(1);
            }
            (PeerConnectionEvent::Negotiation(NegotiationEvent::LocalDescriptionSet(description)), Some(other)) => {
                other.set_remote_description(description);
            }
            (PeerConnectionEvent::Negotiation(NegotiationEvent::RemoteDescriptionSet), _) if end == 1 => {
                self.ends[1].1.set_local_description();
            }
            (PeerConnectionEvent::Control(ControlChannelEvent::Open), _) => self.observations.on_channel_open(),
            _ => {}
        }
    }
}
