//! From a recorded call to what is wrong with it: findings with evidence, and a verdict on each connection. Rules are
//! functions of a trace; they work with samples a second apart, as in a running call, and ten seconds apart, as in many
//! files. Each names its source: the numbers are those of the field, not ours.

mod connectivity;
mod devices;
mod facts;
mod mesh;
mod receiving;
mod runs;
mod sending;
mod signaling;

use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::{
    finding::{self, Cause, Finding, FindingCode, Severity},
    trace::{ConnectionTrace, Event, Note, NoteKind, Trace},
    verdict::{self, Verdict},
    words::{Language, advice, meaning},
};

use self::facts::Facts;

/// What is wrong with a recorded call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The connections, in the trace's order.
    pub connections: Vec<ConnectionReport>,
    /// Findings of no single connection.
    pub findings: Vec<Finding>,
}

/// What is wrong with one connection.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionReport {
    /// Its name in the trace.
    pub pc: String,
    /// How it stood before it was closed.
    pub verdict: Verdict,
    /// How it stood before, each with the time from which on it did.
    pub history: Vec<(f64, Verdict)>,
    /// What was found, root causes first.
    pub findings: Vec<Finding>,
}

/// Explains a recorded call.
pub fn explain(trace: &Trace) -> Report {
    let connections: Vec<_> = trace.connections.iter().collect();
    explain_parts(&connections, &trace.page, &trace.notes)
}

/// Explains a call whose parts are kept apart: see the members of [`Trace`].
pub fn explain_parts(connections: &[&ConnectionTrace], page: &[Event], notes: &[Note]) -> Report {
    let facts: Vec<_> = connections.iter().copied().map(Facts::of).collect();
    let mut reports: Vec<_> = facts
        .iter()
        .map(|facts| {
            let mut findings = Vec::new();
            if facts.connection.has_legacy_stats {
                findings.push(legacy_stats(facts));
            }
            findings.extend(signaling::find(facts));
            findings.extend(connectivity::find(facts));
            findings.extend(sending::find(facts));
            findings.extend(receiving::find(facts));
            ConnectionReport {
                pc: facts.connection.id.clone(),
                verdict: verdict::last(facts.connection),
                history: facts.history.clone(),
                findings: finding::order(findings),
            }
        })
        .collect();
    let start = connections.iter().filter_map(|connection| connection.start()).reduce(f64::min);
    let end = connections.iter().filter_map(|connection| connection.end()).reduce(f64::max);
    let start = start.or_else(|| Some(page.first()?.time)).unwrap_or_default();
    let mut findings: Vec<_> = of_notes(notes, start, end.unwrap_or(start));
    findings.extend(devices::find(page, end));
    findings.extend(mesh::find(&facts, &mut reports));
    Report { connections: reports, findings: finding::order(findings) }
}

fn legacy_stats(facts: &Facts<'_>) -> Finding {
    let (from, to) = (facts.start, facts.end);
    Finding::new(FindingCode::LegacyStats, Severity::Warning, Cause::Recording, from, to).because(
        from,
        "getStats",
        "goog… reports of the callback API",
    )
}

fn of_notes(notes: &[Note], start: f64, end: f64) -> Vec<Finding> {
    let findings = notes.iter().map(|note| {
        let (code, at) = match note.kind {
            NoteKind::Malformed => (FindingCode::Malformed, start),
            NoteKind::Truncated => (FindingCode::Truncated, end),
        };
        let place = match (note.line, note.column) {
            (Some(line), Some(column)) => format!("line {line}, column {column}"),
            (Some(line), None) => format!("line {line}"),
            _ => "file".to_owned(),
        };
        Finding::new(code, Severity::Warning, Cause::Recording, at, end).because(at, &place, &note.reason)
    });
    findings.collect()
}

/// A finding with its words, as JSON has it.
struct Worded<'a>(&'a Finding);

impl Serialize for Worded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let finding = self.0;
        let mut object = serializer.serialize_struct("Finding", 8)?;
        object.serialize_field("code", &finding.code)?;
        object.serialize_field("severity", &finding.severity)?;
        object.serialize_field("side", &finding.cause)?;
        object.serialize_field("from", &finding.from)?;
        object.serialize_field("to", &finding.to)?;
        object.serialize_field("evidence", &finding.evidence)?;
        object.serialize_field("meaning", meaning(finding, Language::English))?;
        object.serialize_field("advice", advice(finding, Language::English))?;
        object.end()
    }
}

impl Serialize for ConnectionReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("ConnectionReport", 4)?;
        object.serialize_field("pc", &self.pc)?;
        object.serialize_field("verdict", &self.verdict)?;
        object.serialize_field("history", &self.history)?;
        object.serialize_field("findings", &self.findings.iter().map(Worded).collect::<Vec<_>>())?;
        object.end()
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Report", 2)?;
        object.serialize_field("connections", &self.connections)?;
        object.serialize_field("findings", &self.findings.iter().map(Worded).collect::<Vec<_>>())?;
        object.end()
    }
}
