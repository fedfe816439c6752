//! Records what happens to one connection: the page's API calls, the browser's events, the messages of the signaling, and the
//! statistics that are read anyway. What it means is decided in [`vitrine_insight`], and only when somebody looks.

use std::sync::Arc;

use vitrine_insight::{
    candidate::Candidate,
    stats::Stats,
    trace::{Carrier, ConnectionTrace, Event, EventKind, IceServerUrl, Sample, Side, StateMachine},
};
use vitrine_protocol::{
    control::RelayProtocol,
    signaling::{IceCandidate, SdpType, SessionDescription},
};

use super::{route::Way, stats};
use crate::{
    browser::{MediaKind, NegotiationEvent, OutgoingMedia, PeerConnection, PeerConnectionEvent, wall_now},
    call::state::{ConnectionState, connection_name},
};

/// Most events that are kept of a connection. The first ones say how it came to be; of the rest, the latest are kept.
const MAX_EVENTS: usize = 1_000;
/// How many of the first ones are kept.
const FIRST_EVENTS: usize = 200;
/// Most samples that are kept: at one every two seconds, those of five minutes.
const MAX_SAMPLES: usize = 150;
/// Ticks between two readings of all statistics while somebody looks.
const TICKS: u32 = 4;
/// Samples are at least so far apart, in milliseconds: a little less than those ticks. While a peer says nothing, the statistics
/// are read far more often than the record needs.
const APART: f64 = 900.0;

/// The record of one connection.
#[derive(Debug, Default)]
pub struct Recorder {
    trace: ConnectionTrace,
    /// Ticks until the next reading for those who look, if somebody looks.
    inspected: Option<u32>,
}

impl Recorder {
    /// Of a new connection, the page's connection of this number.
    pub fn new(key: u64, connection: &PeerConnection) -> Self {
        let urls = connection.ice_servers().into_iter().flat_map(|server| server.urls);
        let ice_servers = urls.map(IceServerUrl).collect();
        let trace = ConnectionTrace { id: connection_name(key), ..ConnectionTrace::default() };
        let mut recorder = Self { trace, inspected: None };
        recorder.did(EventKind::Created { ice_servers, is_relay_only: connection.is_relay_only() });
        recorder.did(EventKind::Other("addEventListener".to_owned()));
        recorder
    }

    /// What was recorded.
    pub fn trace(&self) -> &ConnectionTrace {
        &self.trace
    }

    /// The whole record, of a connection that closes now.
    pub fn close(mut self) -> ConnectionTrace {
        self.did(EventKind::Closed);
        self.trace
    }

    /// Somebody begins to look, or nobody looks any more.
    pub fn set_inspected(&mut self, is_inspected: bool) {
        self.inspected = is_inspected.then(|| self.inspected.unwrap_or(0));
    }

    /// Called every 250 ms, with whether the statistics are read now anyway. Returns whether to read them.
    pub fn tick(&mut self, is_due: bool) -> bool {
        let Some(wait) = &mut self.inspected else { return is_due };
        let starts = is_due || *wait == 0;
        *wait = if starts { TICKS - 1 } else { *wait - 1 };
        starts
    }

    /// Which statistics to read.
    pub fn wanted(&self) -> fn(&str) -> bool {
        if self.inspected.is_some() { |_| true } else { stats::needs }
    }

    /// The page did this, or it happened.
    pub fn did(&mut self, kind: EventKind) {
        // Every answer names the media again.
        let adds = matches!(&kind, EventKind::TrackAdded { .. } | EventKind::Other(_));
        if adds && self.trace.events.iter().any(|event| event.kind == kind) {
            return;
        }
        let events = &mut self.trace.events;
        if events.len() >= MAX_EVENTS {
            events.remove(FIRST_EVENTS);
        }
        events.push(Arc::new(Event { time: wall_now(), kind }));
    }

    /// The browser reports this.
    pub fn happened(&mut self, event: &PeerConnectionEvent) {
        let kind = match event {
            PeerConnectionEvent::Negotiation(NegotiationEvent::Needed) => EventKind::NegotiationNeeded,
            PeerConnectionEvent::Negotiation(NegotiationEvent::LocalDescriptionSet(description)) => {
                let (kind, sdp) = (Some(name(description.kind).to_owned()), Some(description.sdp.clone()));
                EventKind::DescriptionSet { side: Side::Local, kind, sdp }
            }
            PeerConnectionEvent::Negotiation(NegotiationEvent::RemoteDescriptionSet) => {
                EventKind::DescriptionSet { side: Side::Remote, kind: self.last_setting().1, sdp: None }
            }
            PeerConnectionEvent::Negotiation(NegotiationEvent::DescriptionFailed(error)) => {
                let (side, _) = self.last_setting();
                let method = if side == Some(Side::Local) { "setLocalDescription" } else { "setRemoteDescription" };
                EventKind::Failed { method: method.to_owned(), error: error.to_string() }
            }
            PeerConnectionEvent::Negotiation(NegotiationEvent::CandidateFailed(_, error)) => {
                EventKind::Failed { method: "addIceCandidate".to_owned(), error: error.to_string() }
            }
            PeerConnectionEvent::Candidate { candidate, url } => found(Side::Local, candidate, url.clone()),
            PeerConnectionEvent::CandidateError { url, code, text } => {
                EventKind::CandidateError { url: url.clone(), code: *code, text: text.clone(), address: None }
            }
            PeerConnectionEvent::State(StateMachine::Gathering, state) if state == "complete" => {
                self.did(EventKind::State(StateMachine::Gathering, state.clone()));
                EventKind::Candidate { side: Side::Local, candidate: None, url: None }
            }
            PeerConnectionEvent::State(machine, state) => EventKind::State(*machine, state.clone()),
            PeerConnectionEvent::ConnectionState(state) => {
                EventKind::State(StateMachine::Connection, ConnectionState::from(*state).name().to_owned())
            }
            PeerConnectionEvent::Track(received) => {
                EventKind::TrackReceived { kind: received.track.kind(), id: received.track.id() }
            }
            PeerConnectionEvent::Stats(_) | PeerConnectionEvent::Speaking(_) | PeerConnectionEvent::Control(_) => {
                return;
            }
        };
        self.did(kind);
    }

    /// A description of the other side came.
    pub fn description_came(&mut self, description: &SessionDescription, way: Way) {
        self.message(Side::Remote, way, name(description.kind), description.sdp.len());
    }

    /// A candidate of the other side came.
    pub fn candidate_came(&mut self, candidate: &IceCandidate, way: Way) {
        self.message(Side::Remote, way, "candidate", candidate.candidate.len());
        self.did(found(Side::Remote, candidate, None));
    }

    /// The other side told the protocol to its relay.
    pub fn relay_told(&mut self, relay: Option<RelayProtocol>) {
        self.did(EventKind::PeerRelay(relay));
    }

    /// The last round-trip time of the path, in milliseconds.
    pub fn round_trip(&self) -> Option<f64> {
        Some(vitrine_insight::inspection::round_trip(self.trace.samples.last()?)? * 1_000.0)
    }

    /// The statistics were read.
    pub fn sampled(&mut self, reports: Vec<Stats>) {
        let (time, samples) = (wall_now(), &mut self.trace.samples);
        if samples.last().is_some_and(|last| time - last.time < APART) {
            return;
        }
        if samples.len() >= MAX_SAMPLES {
            samples.remove(0);
        }
        samples.push(Arc::new(Sample { time, reports }));
    }

    fn message(&mut self, side: Side, way: Way, name: &str, bytes: usize) {
        self.did(message(side, way, name, bytes));
    }

    /// The description that is being set, or was set last: whose, and its kind. Only one is set at a time.
    fn last_setting(&self) -> (Option<Side>, Option<String>) {
        let setting = self.trace.events.iter().rev().find_map(|event| match &event.kind {
            EventKind::SetDescription { side, kind, .. } => Some((Some(*side), kind.clone())),
            _ => None,
        });
        setting.unwrap_or_default()
    }
}

/// The name of a kind of description.
pub fn name(kind: SdpType) -> &'static str {
    match kind {
        SdpType::Offer => "offer",
        SdpType::Pranswer => "pranswer",
        SdpType::Answer => "answer",
        SdpType::Rollback => "rollback",
    }
}

/// The media that is offered, or answered with.
pub fn added(media: &OutgoingMedia) -> impl Iterator<Item = EventKind> {
    [MediaKind::Audio, MediaKind::Video].into_iter().map(|kind| match media.track(kind) {
        Some(track) => EventKind::TrackAdded { kind: kind.name().to_owned(), id: track.id() },
        None => EventKind::Other("addTransceiver".to_owned()),
    })
}

/// A message of the signaling.
pub fn message(side: Side, way: Way, name: &str, bytes: usize) -> EventKind {
    let carrier = match way {
        Way::Signaling => Carrier::SignalingServer,
        Way::Control => Carrier::ControlChannel,
    };
    EventKind::Message { side, carrier, name: name.to_owned(), bytes: u32::try_from(bytes).unwrap_or(u32::MAX) }
}

fn found(side: Side, candidate: &IceCandidate, url: Option<String>) -> EventKind {
    EventKind::Candidate { side, candidate: candidate.candidate.parse::<Candidate>().ok(), url }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_read_each_second_for_those_who_look_whoever_else_reads_them() {
        let mut recorder = Recorder::default();
        let ticks = |recorder: &mut Recorder, due: [bool; 9]| due.map(|is_due| recorder.tick(is_due));
        let due = [false, false, true, false, false, false, false, false, false];
        assert_eq!(ticks(&mut recorder, due), due);
        recorder.set_inspected(true);
        assert_eq!(ticks(&mut recorder, due), [true, false, true, false, false, false, true, false, false]);
    }
}
