//! What an inspector shows of one connection, made from its trace when it is asked for: rows of
//! tables, bars of charts, points of plots. It says
//! nothing that the trace does not hold. The wording, the order on the page and the drawing are not here.

mod detour;
mod ice;
mod media;
mod security;
mod states;
mod timeline;

use std::sync::Arc;

use crate::{
    finding::Finding,
    rules::ConnectionReport,
    series::{self, Point, Quantity},
    trace::{Carrier, ConnectionTrace, Event, EventKind, Side},
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

/// One connection, to be shown. Each part is made when it is asked for: what nobody looks at costs nothing. Times are in
/// milliseconds of the trace's clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    trace: ConnectionTrace,
    report: ConnectionReport,
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
    pub fn new(trace: ConnectionTrace, report: ConnectionReport) -> Self {
        Self { trace, report }
    }

    /// The connection's name in the trace.
    pub fn id(&self) -> &str {
        &self.trace.id
    }

    /// When the first thing was recorded.
    pub fn start(&self) -> f64 {
        self.trace.start().unwrap_or_default()
    }

    /// When the last thing was recorded.
    pub fn end(&self) -> f64 {
        self.trace.end().unwrap_or_default()
    }

    /// How the connection stands.
    pub fn verdict(&self) -> Verdict {
        self.report.verdict
    }

    /// How it stood, each with the time from which on it did.
    pub fn history(&self) -> &[(f64, Verdict)] {
        &self.report.history
    }

    /// What was found, root causes first.
    pub fn findings(&self) -> &[Finding] {
        &self.report.findings
    }

    /// Why media takes a relay, if it does.
    pub fn detour(&self) -> Option<Detour> {
        detour::of(&self.trace, self.report.verdict, &self.report.findings)
    }

    /// The last round-trip time of the path, in seconds.
    pub fn round_trip(&self) -> Option<f64> {
        self.trace.samples.iter().rev().find_map(|sample| ice::round_trip(sample))
    }

    /// How the connection came to be.
    pub fn timeline(&self) -> Timeline {
        timeline::of(&self.trace)
    }

    /// The states of the connection's machines.
    pub fn states(&self) -> Vec<Strip> {
        states::of(&self.trace)
    }

    /// The descriptions that were set, in the order of time.
    pub fn descriptions(&self) -> Vec<Description> {
        descriptions(&self.trace)
    }

    /// The candidates of both sides, in the order of time.
    pub fn candidates(&self) -> Vec<FoundCandidate> {
        ice::candidates(&self.trace)
    }

    /// Servers that gave no candidate.
    pub fn candidate_failures(&self) -> Vec<CandidateFailure> {
        ice::failures(&self.trace)
    }

    /// The candidate pairs of the last sample, the one in use first.
    pub fn pairs(&self) -> Vec<Pair> {
        ice::pairs(&self.trace)
    }

    /// The pairs that were in use.
    pub fn path_changes(&self) -> Vec<PathChange> {
        ice::path_changes(&self.trace)
    }

    /// One quantity over time; empty if it was not measured.
    pub fn plot(&self, quantity: Quantity) -> Vec<Point> {
        series::series(&self.trace, quantity)
    }

    /// The times in which an encoder was held back, each with the browser's reason.
    pub fn limitations(&self) -> Vec<(f64, f64, String)> {
        series::limitations(&self.trace)
    }

    /// Whether statistics were recorded.
    pub fn is_measured(&self) -> bool {
        self.trace.samples.len() > 1
    }

    /// The streams of the last sample.
    pub fn tracks(&self) -> Vec<Track> {
        media::tracks(&self.trace)
    }

    /// What is captured here, as of the last sample.
    pub fn sources(&self) -> Vec<Source> {
        media::sources(&self.trace)
    }

    /// The data channels of the last sample.
    pub fn channels(&self) -> Vec<Channel> {
        media::channels(&self.trace)
    }

    /// The messages of the signaling, in the order of time.
    pub fn messages(&self) -> Vec<Message> {
        messages(&self.trace)
    }

    /// How the connection is encrypted.
    pub fn security(&self) -> Security {
        security::of(&self.trace)
    }
}

/// The description that the one at this place answers, or that it follows: an answer's offer, or the same side's one before.
pub fn predecessor(descriptions: &[Description], place: usize) -> Option<&Description> {
    let description = descriptions.get(place)?;
    let earlier = &descriptions[..place];
    if description.kind == "answer" {
        earlier.iter().rev().find(|one| one.side != description.side && one.kind == "offer")
    } else {
        earlier.iter().rev().find(|one| one.side == description.side)
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
    let message = |event: &Arc<Event>| match &event.kind {
        EventKind::Message { side, carrier, name, bytes } => {
            Some(Message { time: event.time, side: *side, carrier: *carrier, name: name.clone(), bytes: *bytes })
        }
        _ => None,
    };
    connection.events.iter().filter_map(message).collect()
}
