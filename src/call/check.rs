//! The check before a call: whether the STUN and TURN servers do what a call needs of them. All are tried at the same
//! time, each by connections of its own that last no longer than the attempt; what the outcome is, decides
//! [`vitrine_insight::check`].

use futures_channel::mpsc::unbounded;
use futures_util::{
    StreamExt,
    future::{Either, select},
};
use gloo_timers::future::TimeoutFuture;
use vitrine_insight::check::{Evidence, Line, Moment, Outcome, Service, blame_network, plan};
use vitrine_protocol::signaling::{IceServer, event};
use wasm_bindgen::JsValue;

use super::{
    engine::{Engine, Event},
    ice_servers::read,
};
use crate::browser::{ControlChannelEvent, JsError, PeerConnection, PeerConnectionEvent, Task};

/// How long the signaling server may take to name its ICE servers, in milliseconds; a plain one never does.
const NAMED_WITHIN: u32 = 2_000;
/// How long an attempt may take, in milliseconds. Browsers give a STUN server nine and a half seconds.
const LONGEST: u32 = 10_000;

/// A check under way, or what it found; given up on drop.
pub struct Check {
    serial: u64,
    lines: Option<Vec<Line>>,
    _tasks: Vec<Task>,
}

impl Check {
    /// What there is to show.
    pub fn lines(&self) -> Option<Vec<Line>> {
        self.lines.clone()
    }
}

impl Engine {
    /// Starts from the beginning: the servers are those that a call would be given now.
    pub(super) fn start_check(&mut self) {
        self.serial += 1;
        let (serial, events, ours) = (self.serial, self.events.clone(), self.config.ice_servers.clone());
        let named = self.signaling.request(event::ICE_SERVERS, None);
        let task = Task::spawn(async move {
            let named = match select(Box::pin(named), TimeoutFuture::new(NAMED_WITHIN)).await {
                Either::Left((answer, _)) => read(answer).and_then(|answer| answer.ice_servers),
                Either::Right(_) => None,
            };
            let _ = events.unbounded_send(Event::CheckPlanned(serial, named.unwrap_or(ours)));
        });
        self.check = Some(Check { serial, lines: None, _tasks: vec![task] });
    }

    /// It is known which servers there are.
    pub(super) fn check_planned(&mut self, serial: u64, servers: &[IceServer]) {
        let Some(check) = self.check.as_mut().filter(|check| check.serial == serial) else { return };
        let (lines, servers): (Vec<_>, Vec<_>) = plan(servers).into_iter().unzip();
        let attempts = lines.iter().zip(servers).enumerate().filter_map(|(number, (line, server))| {
            let (service, server, certificate) = (line.service, server?, self.certificate.clone());
            let events = self.events.clone();
            Some(Task::spawn(async move {
                let outcome = attempt(service, server, certificate).await.unwrap_or(Outcome::Unusable);
                let _ = events.unbounded_send(Event::Checked(serial, number, outcome));
            }))
        });
        check._tasks = attempts.collect();
        check.lines = Some(lines);
    }

    /// An attempt has ended.
    pub(super) fn checked(&mut self, serial: u64, number: usize, outcome: Outcome) {
        let Some(check) = self.check.as_mut().filter(|check| check.serial == serial) else { return };
        let Some(lines) = &mut check.lines else { return };
        if let Some(line) = lines.get_mut(number) {
            line.outcome = Some(outcome);
        }
        blame_network(lines);
    }
}

/// Tries `server`, which has one URL: a STUN server by gathering candidates with it, a relay by a connection from this
/// page to this page through it. Fails where the browser does not take the URL.
async fn attempt(service: Service, server: IceServer, certificate: Option<JsValue>) -> Result<Outcome, JsError> {
    let relays = service != Service::Stun;
    let (events, mut queue) = unbounded();
    let mut ends = Vec::new();
    for end in 0..=usize::from(relays) {
        let events = events.clone();
        let sink = move |event| drop(events.unbounded_send((end, event)));
        let mut connection =
            PeerConnection::new(std::slice::from_ref(&server), relays, certificate.as_ref(), sink.clone())?;
        // Something to gather candidates for, and to send through the relay.
        connection.open_control(move |event| sink(PeerConnectionEvent::Control(event)))?;
        ends.push(connection);
    }
    ends[0].set_local_description();
    let mut evidence = Evidence::new(ends[0].tells_errors());
    let mut gathering = ends.len() as i32;
    let mut timer = TimeoutFuture::new(LONGEST);
    loop {
        let (end, event) = match select(queue.next(), timer).await {
            Either::Left((Some(happened), rest)) => {
                timer = rest;
                happened
            }
            _ => return Ok(evidence.outcome(service, Moment::Late).unwrap_or(Outcome::Silent)),
        };
        let (this, other) = (&ends[end], ends.get(1 - end));
        match event {
            PeerConnectionEvent::Candidate(candidate) => {
                evidence.candidate(&candidate.candidate);
                if let Some(other) = other {
                    other.add_candidate(candidate);
                }
            }
            PeerConnectionEvent::CandidateError { code, .. } => evidence.error(code),
            PeerConnectionEvent::Gathered => gathering -= 1,
            PeerConnectionEvent::LocalDescriptionSet(description) => {
                if let Some(other) = other {
                    other.set_remote_description(description);
                }
            }
            PeerConnectionEvent::RemoteDescriptionSet if end == 1 => this.set_local_description(),
            PeerConnectionEvent::Control(ControlChannelEvent::Open) => evidence.carried(),
            _ => continue,
        }
        let moment = if gathering == 0 { Moment::Gathered } else { Moment::Gathering };
        if let Some(outcome) = evidence.outcome(service, moment) {
            return Ok(outcome);
        }
    }
}
