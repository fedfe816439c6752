//! A recorded call: API calls, events and samples of statistics of its peer connections, read from a file or added while the
//! call goes on. What they mean is decided by the rules, not here.
//!
//! [`Trace::read`], or [`Trace::read_file`] for one that may be packed with gzip, takes a `webrtc-internals` dump of Chromium, an rtcstats dump (`RTCStatsDump`, format 3), or JSON lines of
//! `{"t", "pc", "event", "value"}`. What cannot be read is left out and noted with its place; only a file of which nothing can
//! be read is an error.

mod event;
mod export;
mod file;
mod internals;
mod lines;
mod rtcstats;
mod rtcstats_tables;

use std::{collections::BTreeMap, sync::Arc};

use crate::{finding::Evidence, stats::Stats};

pub use self::export::{Redaction, export};
pub use self::file::GZIP;

pub use self::event::{CaptureKind, CaptureStep, Carrier, EventKind, IceServerUrl, Side, StateMachine};

/// Largest file that is read, in bytes.
pub const MAX_BYTES: usize = 256 << 20;
/// Most events that are kept of a file.
pub const MAX_EVENTS: usize = 200_000;
/// Most reports of statistics that are kept of a file; a sample of one connection has some thirty.
pub const MAX_REPORTS: usize = 500_000;
/// Most connections that are kept of a file.
pub const MAX_CONNECTIONS: usize = 1_000;
/// Most notes that are kept of a file.
const MAX_NOTES: usize = 20;

/// A recorded call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// The peer connections in the order in which they appear.
    pub connections: Vec<ConnectionTrace>,
    /// The events of no connection: captures, and what is recorded of the page.
    pub page: Vec<Event>,
    /// What could not be read.
    pub notes: Vec<Note>,
}

/// What is recorded of one peer connection. Cheap to clone, so that it can be shown while it grows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectionTrace {
    /// Its name in the file.
    pub id: String,
    /// API calls and events, in the order of time.
    pub events: Vec<Arc<Event>>,
    /// Samples of statistics, in the order of time.
    pub samples: Vec<Arc<Sample>>,
    /// Statistics of the callback API, which are not read.
    pub has_legacy_stats: bool,
}

/// An API call or an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When, in milliseconds of the trace's clock.
    pub time: f64,
    /// What happened.
    pub kind: EventKind,
}

/// The statistics of one connection at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// When, in milliseconds of the trace's clock.
    pub time: f64,
    /// The reports.
    pub reports: Vec<Stats>,
}

/// Something in a file that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What is wrong.
    pub kind: NoteKind,
    /// The line, from 1, if the file has lines.
    pub line: Option<usize>,
    /// The column, from 1.
    pub column: Option<usize>,
    /// In words.
    pub reason: String,
}

/// What is wrong with a part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// It is not what the format says.
    Malformed,
    /// The file ends in the middle, or is longer than what is kept.
    Truncated,
}

/// Why nothing of a file can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// Nothing but white space.
    #[error("the file is empty")]
    Empty,
    /// Larger than [`MAX_BYTES`].
    #[error("the file has {0} bytes, more than the {MAX_BYTES} that are read")]
    TooLarge(usize),
    /// It is packed with gzip, and cannot be unpacked.
    #[error("the compressed file is damaged: {0}")]
    Damaged(String),
    /// None of the formats.
    #[error("the file is no recorded call: neither a webrtc-internals dump, nor an rtcstats dump, nor lines of events")]
    UnknownFormat,
    /// An rtcstats dump of another format.
    #[error("the rtcstats dump has format {0}; only 3 is read")]
    UnknownVersion(String),
    /// JSON that ends early, or is none.
    #[error("line {line}, column {column}: {reason}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// In words.
        reason: String,
    },
}

impl Trace {
    /// Reads a file, whose format is recognised by its beginning.
    ///
    /// # Errors
    /// If nothing of it can be read.
    pub fn read(text: &str) -> Result<Self, TraceError> {
        if text.len() > MAX_BYTES {
            return Err(TraceError::TooLarge(text.len()));
        }
        let text = text.trim_start_matches('\u{feff}');
        let start = text.trim_start();
        if start.is_empty() {
            return Err(TraceError::Empty);
        }
        let mut reader = Reader::default();
        if start.starts_with(rtcstats::MAGIC) {
            rtcstats::read(text, &mut reader)?;
        } else if lines::is_of_this_format(start) {
            lines::read(text, &mut reader);
        } else if start.starts_with('{') {
            internals::read(text, &mut reader)?;
        } else {
            return Err(TraceError::UnknownFormat);
        }
        Ok(reader.finish())
    }

    /// When the first thing was recorded, in milliseconds of the trace's clock.
    pub fn start(&self) -> Option<f64> {
        let connections = self.connections.iter().filter_map(ConnectionTrace::start);
        connections.chain(self.page.first().map(|event| event.time)).reduce(f64::min)
    }
}

impl ConnectionTrace {
    /// When the first thing was recorded of it.
    pub fn start(&self) -> Option<f64> {
        let (event, sample) = (self.events.first().map(|event| event.time), self.samples.first().map(|one| one.time));
        [event, sample].into_iter().flatten().reduce(f64::min)
    }

    /// When the last thing was recorded of it.
    pub fn end(&self) -> Option<f64> {
        let (event, sample) = (self.events.last().map(|event| event.time), self.samples.last().map(|one| one.time));
        [event, sample].into_iter().flatten().reduce(f64::max)
    }

    /// When an offer of this side was rolled back, with what shows it. Browsers roll back by themselves when an offer is set
    /// (webrtc-pc §4.4.1.5); some then pass through `stable`, which looks like an answer.
    pub(crate) fn rollbacks(&self) -> Vec<Evidence> {
        let mut rollbacks = Vec::new();
        let mut has_offered = false;
        for event in &self.events {
            let (name, value) = match &event.kind {
                EventKind::SetDescription { kind: Some(kind), .. } if kind == "rollback" => {
                    ("setLocalDescription", "rollback")
                }
                EventKind::SetDescription { side: Side::Remote, kind: Some(kind), .. }
                    if has_offered && kind == "offer" =>
                {
                    ("setRemoteDescription", "an offer in have-local-offer")
                }
                EventKind::State(StateMachine::Signaling, state) => {
                    let is_rolled_back = has_offered && state == "have-remote-offer";
                    has_offered = state == "have-local-offer";
                    if !is_rolled_back {
                        continue;
                    }
                    ("signalingState", "have-local-offer to have-remote-offer")
                }
                _ => continue,
            };
            has_offered = false;
            rollbacks.push(Evidence { time: event.time, name: name.to_owned(), value: value.to_owned() });
        }
        rollbacks
    }
}

/// Collects what a file holds, within the limits.
#[derive(Default)]
struct Reader {
    trace: Trace,
    /// The places of the connections by id.
    places: BTreeMap<String, usize>,
    events: usize,
    reports: usize,
    is_full: bool,
}

impl Reader {
    /// Adds an event, of a connection or of the page.
    fn event(&mut self, time: f64, connection: Option<&str>, kind: EventKind) {
        self.events += 1;
        if self.events > MAX_EVENTS {
            return self.full("events", MAX_EVENTS);
        }
        let event = Event { time, kind };
        match connection {
            None => self.trace.page.push(event),
            Some(id) => self.with_connection(id, |connection| connection.events.push(event.into())),
        }
    }

    /// Adds a sample of statistics.
    fn sample(&mut self, time: f64, connection: &str, reports: Vec<Stats>) {
        self.reports += reports.len();
        if self.reports > MAX_REPORTS {
            return self.full("reports of statistics", MAX_REPORTS);
        }
        self.with_connection(connection, |connection| connection.samples.push(Sample { time, reports }.into()));
    }

    fn legacy_stats(&mut self, connection: &str) {
        self.with_connection(connection, |connection| connection.has_legacy_stats = true);
    }

    fn with_connection(&mut self, id: &str, change: impl FnOnce(&mut ConnectionTrace)) {
        let count = self.trace.connections.len();
        if let Some(place) = self.places.get(id) {
            change(&mut self.trace.connections[*place]);
        } else if count < MAX_CONNECTIONS {
            self.places.insert(id.to_owned(), count);
            let mut connection = ConnectionTrace { id: id.to_owned(), ..ConnectionTrace::default() };
            change(&mut connection);
            self.trace.connections.push(connection);
        } else {
            self.full("connections", MAX_CONNECTIONS);
        }
    }

    fn full(&mut self, what: &str, most: usize) {
        if !std::mem::replace(&mut self.is_full, true) {
            let reason = format!("the file holds more than {most} {what}; the rest is left out");
            self.trace.notes.push(Note { kind: NoteKind::Truncated, line: None, column: None, reason });
        }
    }

    fn note(&mut self, kind: NoteKind, line: Option<usize>, column: Option<usize>, reason: impl Into<String>) {
        if self.trace.notes.len() < MAX_NOTES {
            self.trace.notes.push(Note { kind, line, column, reason: reason.into() });
        }
    }

    /// Notes a line that is no JSON, as cut off if it is the last one and ends too early.
    fn bad_line(&mut self, line: usize, is_last: bool, error: &serde_json::Error) {
        let kind = if is_last && error.is_eof() { NoteKind::Truncated } else { NoteKind::Malformed };
        self.note(kind, Some(line), Some(error.column()), error.to_string());
    }

    fn finish(mut self) -> Trace {
        let by_time = |one: &f64, other: &f64| one.total_cmp(other);
        self.trace.page.sort_by(|one, other| by_time(&one.time, &other.time));
        for connection in &mut self.trace.connections {
            connection.events.sort_by(|one, other| by_time(&one.time, &other.time));
            connection.samples.sort_by(|one, other| by_time(&one.time, &other.time));
        }
        self.trace
    }
}

/// A time that is a number.
fn finite(time: f64) -> Option<f64> {
    time.is_finite().then_some(time)
}
