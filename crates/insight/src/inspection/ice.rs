//! Candidates, candidate pairs, and which pair was in use when.

use std::sync::Arc;

use vitrine_protocol::control::RelayProtocol;

use crate::{
    candidate::Candidate,
    path::SelectedPair,
    reports::{all, candidate, selected_pair},
    stats::{CandidatePairStats, CandidateStats},
    trace::{ConnectionTrace, Event, EventKind, Sample, Side},
    verdict::{Verdict, told_relay},
};

/// A candidate, and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundCandidate {
    /// When it was found here, or came.
    pub time: f64,
    /// Whose.
    pub side: Side,
    /// The candidate.
    pub candidate: Candidate,
    /// The server that gave it.
    pub url: Option<String>,
}

/// A server that gave no candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct CandidateFailure {
    /// When.
    pub time: f64,
    /// The server.
    pub url: String,
    /// STUN's error code, or 701 if the server was not reached.
    pub code: u16,
    /// The browser's words.
    pub text: String,
}

/// A candidate pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// This side's candidate in short.
    pub local: String,
    /// The other side's.
    pub remote: String,
    /// The browser's name of its state.
    pub state: String,
    /// It was chosen by the side that controls ICE.
    pub is_nominated: bool,
    /// Media takes it.
    pub is_selected: bool,
    /// The last round-trip time, in seconds.
    pub round_trip: Option<f64>,
    /// Connectivity checks of this side, and how many were answered.
    pub checks_sent: (Option<f64>, Option<f64>),
    /// Checks of the other side, and how many this side answered.
    pub checks_received: (Option<f64>, Option<f64>),
    /// Bytes sent and received.
    pub bytes: (Option<f64>, Option<f64>),
}

/// From when on a pair was in use.
#[derive(Clone, Debug, PartialEq)]
pub struct PathChange {
    /// When it was seen first.
    pub time: f64,
    /// The way, if it can be known.
    pub verdict: Option<Verdict>,
    /// This side's candidate in short.
    pub local: String,
    /// The other side's.
    pub remote: String,
}

/// The round-trip time of the pair in use, in seconds.
pub fn round_trip(sample: &Sample) -> Option<f64> {
    selected_pair(&sample.reports)?.current_round_trip_time
}

/// The candidates of both sides.
pub fn candidates(connection: &ConnectionTrace) -> Vec<FoundCandidate> {
    let found = |event: &Arc<Event>| match &event.kind {
        EventKind::Candidate { side, candidate: Some(candidate), url } => {
            let (candidate, url) = (candidate.clone(), url.clone().filter(|url| !url.is_empty()));
            Some(FoundCandidate { time: event.time, side: *side, candidate, url })
        }
        _ => None,
    };
    connection.events.iter().filter_map(found).collect()
}

/// The servers that gave none.
pub fn failures(connection: &ConnectionTrace) -> Vec<CandidateFailure> {
    let failed = |event: &Arc<Event>| match &event.kind {
        EventKind::CandidateError { url, code, text, .. } => {
            Some(CandidateFailure { time: event.time, url: url.clone(), code: *code, text: text.clone() })
        }
        _ => None,
    };
    connection.events.iter().filter_map(failed).collect()
}

/// The pairs of the last sample that has some.
pub fn pairs(connection: &ConnectionTrace) -> Vec<Pair> {
    let has_pairs = |sample: &&Arc<Sample>| all::<CandidatePairStats>(&sample.reports).next().is_some();
    let Some(sample) = connection.samples.iter().rev().find(has_pairs) else { return Vec::new() };
    let selected = selected_pair(&sample.reports);
    let pair = |pair: &CandidatePairStats| Pair {
        local: end(sample, pair.local_candidate_id.as_ref()),
        remote: end(sample, pair.remote_candidate_id.as_ref()),
        state: pair.state.clone().unwrap_or_default(),
        is_nominated: pair.nominated == Some(true),
        is_selected: selected.is_some_and(|selected| std::ptr::eq(selected, pair)),
        round_trip: pair.current_round_trip_time,
        checks_sent: (pair.requests_sent, pair.responses_received),
        checks_received: (pair.requests_received, pair.responses_sent),
        bytes: (pair.bytes_sent, pair.bytes_received),
    };
    let mut pairs: Vec<_> = all::<CandidatePairStats>(&sample.reports).map(pair).collect();
    pairs.sort_by_key(|pair| (!pair.is_selected, !pair.is_nominated, pair.state != "succeeded"));
    pairs
}

/// The pairs that were in use, one after the other.
pub fn path_changes(connection: &ConnectionTrace) -> Vec<PathChange> {
    let told = told_relay(connection);
    let mut changes: Vec<PathChange> = Vec::new();
    for sample in &connection.samples {
        let Some(pair) = selected_pair(&sample.reports) else { continue };
        let local = end(sample, pair.local_candidate_id.as_ref());
        let remote = end(sample, pair.remote_candidate_id.as_ref());
        if changes.last().is_none_or(|last| (&last.local, &last.remote) != (&local, &remote)) {
            let path = SelectedPair::find(&sample.reports).and_then(|pair| pair.path(told));
            let verdict = path.map(Verdict::from);
            changes.push(PathChange { time: sample.time, verdict, local, remote });
        }
    }
    changes
}

/// A candidate in short: kind, transport and address.
fn end(sample: &Sample, id: Option<&String>) -> String {
    let Some(candidate) = candidate(&sample.reports, id) else { return String::new() };
    let CandidateStats { candidate_type, protocol, address, ip, port, relay_protocol, .. } = candidate;
    let address = address.as_ref().or(ip.as_ref()).filter(|address| !address.is_empty());
    let place = match (address, port) {
        (Some(address), Some(port)) if address.contains(':') => format!("[{address}]:{port}"),
        (Some(address), Some(port)) => format!("{address}:{port}"),
        (Some(address), None) => address.clone(),
        (None, Some(port)) => format!(":{port}"),
        (None, None) => String::new(),
    };
    let relay = relay_protocol.map(|protocol| match protocol {
        RelayProtocol::Udp => "(udp)",
        RelayProtocol::Tcp => "(tcp)",
        RelayProtocol::Tls => "(tls)",
        RelayProtocol::Unknown => "",
    });
    let words = [candidate_type.clone(), relay.map(str::to_owned), protocol.clone(), Some(place)];
    words.into_iter().flatten().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
