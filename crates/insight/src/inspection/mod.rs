//! What an inspector shows of one connection, made from its trace: rows of tables, bars of charts, points of plots. It says
//! nothing that the trace does not hold. The wording, the order on the page and the drawing are not here.

mod detour;
mod ice;
mod media;
mod security;
mod states;
mod timeline;

use crate::{
    finding::Finding,
    rules::ConnectionReport,
    series::{self, Point, Quantity},
    trace::{Carrier, ConnectionTrace, EventKind, Side},
    verdict::Verdict,
};

pub use self::{
    detour::Detour,
    ice::{CandidateFailure, FoundCandidate, Pair, PathChange, round_trip},
    media::{Channel, Source, Track, Way},
    security::Security,
    states::{Span, Strip},
    timeline::{Incident, IncidentKind, Lane, STEPS, StepBar, Timeline},
};

/// One connection, ready to be shown. Times are in milliseconds of the trace's clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// The connection's name in the trace.
    pub id: String,
    /// When the first thing was recorded.
    pub start: f64,
    /// When the last thing was recorded.
    pub end: f64,
    /// How the connection stands.
    pub verdict: Verdict,
    /// How it stood, each with the time from which on it did.
    pub history: Vec<(f64, Verdict)>,
    /// What was found, root causes first.
    pub findings: Vec<Finding>,
    /// Why media takes a relay, if it does.
    pub detour: Option<Detour>,
    /// The last round-trip time of the path, in seconds.
    pub round_trip: Option<f64>,
    /// How the connection came to be.
    pub timeline: Timeline,
    /// The states of the connection's machines.
    pub states: Vec<Strip>,
    /// The descriptions that were set, in the order of time.
    pub descriptions: Vec<Description>,
    /// The candidates of both sides, in the order of time.
    pub candidates: Vec<FoundCandidate>,
    /// Servers that gave no candidate.
    pub candidate_failures: Vec<CandidateFailure>,
    /// The candidate pairs of the last sample, the one in use first.
    pub pairs: Vec<Pair>,
    /// The pairs that were in use.
    pub path_changes: Vec<PathChange>,
    /// What was measured, as far as it was.
    pub plots: Vec<(Quantity, Vec<Point>)>,
    /// The times in which an encoder was held back, each with the browser's reason.
    pub limitations: Vec<(f64, f64, String)>,
    /// The streams of the last sample.
    pub tracks: Vec<Track>,
    /// What is captured here, as of the last sample.
    pub sources: Vec<Source>,
    /// The data channels of the last sample.
    pub channels: Vec<Channel>,
    /// The messages of the signaling, in the order of time.
    pub messages: Vec<Message>,
    /// How the connection is encrypted.
    pub security: Security,
}

/// A description that was set.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// When.
    pub time: f64,
    /// Whose.
    pub side: Side,
    /// `offer`, `answer`, `pranswer` or `rollback`.
    pub kind: String,
    /// The text.
    pub sdp: String,
}

/// A message of the signaling.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// When it was sent or came.
    pub time: f64,
    /// Who sent it.
    pub side: Side,
    /// What carried it.
    pub carrier: Carrier,
    /// `offer`, `answer` or `candidate`.
    pub name: String,
    /// Its length, in bytes.
    pub bytes: u32,
}

impl Inspection {
    /// Of a connection and of what was found about it.
    pub fn of(connection: &ConnectionTrace, report: &ConnectionReport) -> Self {
        let plots = Quantity::ALL.into_iter().map(|quantity| (quantity, series::series(connection, quantity)));
        Self {
            id: connection.id.clone(),
            start: connection.start().unwrap_or_default(),
            end: connection.end().unwrap_or_default(),
            verdict: report.verdict,
            history: report.history.clone(),
            findings: report.findings.clone(),
            detour: detour::of(connection, report.verdict, &report.findings),
            round_trip: connection.samples.iter().rev().find_map(ice::round_trip),
            timeline: timeline::of(connection),
            states: states::of(connection),
            descriptions: descriptions(connection),
            candidates: ice::candidates(connection),
            candidate_failures: ice::failures(connection),
            pairs: ice::pairs(connection),
            path_changes: ice::path_changes(connection),
            plots: plots.filter(|(_, points)| !points.is_empty()).collect(),
            limitations: series::limitations(connection),
            tracks: media::tracks(connection),
            sources: media::sources(connection),
            channels: media::channels(connection),
            messages: messages(connection),
            security: security::of(connection),
        }
    }

    /// The description that `description` answers, or that it follows: an answer's offer, or the same side's one before.
    pub fn predecessor(&self, index: usize) -> Option<&Description> {
        let description = self.descriptions.get(index)?;
        let earlier = self.descriptions.get(..index)?.iter().rev();
        if description.kind == "answer" {
            earlier.clone().find(|one| one.side != description.side && one.kind == "offer")
        } else {
            earlier.clone().find(|one| one.side == description.side)
        }
    }
}

/// The text of a description is recorded with the call, or with its end if the browser made it then.
fn descriptions(connection: &ConnectionTrace) -> Vec<Description> {
    let mut descriptions: Vec<Description> = Vec::new();
    for event in &connection.events {
        let (EventKind::SetDescription { side, kind, sdp: Some(sdp) }
        | EventKind::DescriptionSet { side, kind, sdp: Some(sdp) }) = &event.kind
        else {
            continue;
        };
        let is_known = descriptions.iter().rev().take(2).any(|known| known.side == *side && known.sdp == *sdp);
        if !is_known {
            let kind = kind.clone().unwrap_or_default();
            descriptions.push(Description { time: event.time, side: *side, kind, sdp: sdp.clone() });
        }
    }
    descriptions
}

fn messages(connection: &ConnectionTrace) -> Vec<Message> {
    let message = |event: &crate::trace::Event| match &event.kind {
        EventKind::Message { side, carrier, name, bytes } => {
            Some(Message { time: event.time, side: *side, carrier: *carrier, name: name.clone(), bytes: *bytes })
        }
        _ => None,
    };
    connection.events.iter().filter_map(message).collect()
}
