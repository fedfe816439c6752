//! A `webrtc-internals` dump of Chromium: one JSON object with `PeerConnections`, each with a log of API calls and events
//! and, for each member of each report, the series of its values. The series have one common clock for each report.

use std::collections::BTreeMap;

use serde::{Deserialize, de::value::MapDeserializer};
use serde_json::{Map, Value};

use crate::stats::Stats;

use super::{NoteKind, Reader, TraceError, event::EventKind, finite, lines::is_legacy_type};

#[derive(Deserialize)]
struct Dump {
    #[serde(rename = "PeerConnections")]
    connections: Map<String, Value>,
    #[serde(default, rename = "getUserMedia")]
    captures: Vec<Value>,
}

#[derive(Deserialize)]
struct LoggedEvent {
    timestamp: Option<f64>,
    #[serde(rename = "type")]
    name: String,
    #[serde(default)]
    value: Value,
}

/// Members that are text: the tool saves whatever looks like a number as one, such as the `mid` "0".
const TEXTS: [&str; 5] = ["label", "mid", "protocol", "rid", "trackIdentifier"];

/// Most moments of one connection.
const MAX_SAMPLES: usize = 100_000;

/// Reads the file.
///
/// # Errors
/// If it is no JSON, or holds no `PeerConnections`.
pub fn read(text: &str, reader: &mut Reader) -> Result<(), TraceError> {
    let dump: Dump = serde_json::from_str(text).map_err(|error| {
        if error.is_data() && !text.contains("\"PeerConnections\"") {
            return TraceError::UnknownFormat;
        }
        TraceError::Malformed { line: error.line(), column: error.column(), reason: error.to_string() }
    })?;
    for capture in &dump.captures {
        capture_event(capture, reader);
    }
    for (id, connection) in dump.connections {
        let empty = Vec::new();
        let log = connection.get("updateLog").and_then(Value::as_array).unwrap_or(&empty);
        let events: Vec<LoggedEvent> = log.iter().filter_map(|entry| LoggedEvent::deserialize(entry).ok()).collect();
        let unread = log.len() - events.len();
        let start = events.iter().find_map(|event| event.timestamp).unwrap_or_default();
        let configuration = connection.get("rtcConfiguration").cloned().unwrap_or_default();
        reader.event(start, Some(&id), EventKind::interpret("create", &configuration));
        for event in &events {
            match event.timestamp.and_then(finite) {
                Some(time) if event.name != "create" => {
                    reader.event(time, Some(&id), EventKind::interpret(&event.name, &event.value));
                }
                Some(_) => {}
                None => {
                    reader.note(
                        NoteKind::Malformed,
                        None,
                        None,
                        format!("{id}: an event \"{}\" has no time", event.name),
                    );
                }
            }
        }
        if unread > 0 {
            reader.note(NoteKind::Malformed, None, None, format!("{id}: {unread} events cannot be read"));
        }
        if let Some(stats) = connection.get("stats").and_then(Value::as_object) {
            read_stats(&id, stats, reader);
        }
    }
    Ok(())
}

fn capture_event(capture: &Value, reader: &mut Reader) {
    let of = |name: &str| capture.get(name).and_then(Value::as_str);
    let Some(time) = capture.get("timestamp").and_then(Value::as_f64).and_then(finite) else { return };
    let method = of("request_type").unwrap_or("getUserMedia");
    let kind = if let Some(error) = of("error") {
        let words = of("error_message").map_or_else(|| error.to_owned(), |message| format!("{error}: {message}"));
        EventKind::interpret(&format!("{method}OnFailure"), &Value::String(words))
    } else if of("audio_track_info").or(of("video_track_info")).is_some() {
        EventKind::interpret(&format!("{method}OnSuccess"), &Value::Null)
    } else {
        EventKind::interpret(method, capture)
    };
    reader.event(time, None, kind);
}

/// The series of one report.
#[derive(Default)]
struct Report<'a> {
    /// The `type`.
    kind: &'a str,
    /// When each value was read.
    clock: Vec<f64>,
    /// The members with their values. A member may come late; it does not go early.
    members: Vec<(&'a str, Vec<Value>)>,
}

/// The reports of one moment, by id.
type Reports<'a> = BTreeMap<&'a str, Stats>;

/// Turns the series of each member back into samples: all reports at each time.
fn read_stats(connection: &str, stats: &Map<String, Value>, reader: &mut Reader) {
    if reader.is_full {
        return;
    }
    let mut reports: BTreeMap<&str, Report<'_>> = BTreeMap::new();
    for (name, series) in stats {
        // `[bytesSent_in_bits/s]` and the like are derived.
        let Some((id, member)) =
            name.rsplit_once('-').filter(|(_, member)| !member.starts_with('[') && !member.ends_with(']'))
        else {
            continue;
        };
        let report = reports.entry(id).or_default();
        if let Some(kind) = series.get("statsType").and_then(Value::as_str) {
            report.kind = kind;
        }
        if member == "timestamp" {
            report.clock = values(series).iter().filter_map(Value::as_f64).collect();
        } else {
            report.members.push((member, values(series)));
        }
    }
    let unclocked: usize =
        reports.values().filter(|report| report.clock.is_empty()).map(|report| report.members.len()).sum();
    if unclocked > 0 {
        let reason =
            format!("{connection}: {unclocked} series have no times; the dump is of a Chromium before 117, or edited");
        reader.note(NoteKind::Malformed, None, None, reason);
    }
    if reports.values().any(|report| is_legacy_type(report.kind)) {
        return reader.legacy_stats(connection);
    }
    let mut samples: BTreeMap<u64, Reports<'_>> = BTreeMap::new();
    for (id, report) in reports {
        for (time, stats) in report.in_time(id) {
            // To the millisecond: all reports of a sample have about the same time.
            let moment = time.round() as u64;
            if samples.len() < MAX_SAMPLES || samples.contains_key(&moment) {
                samples.entry(moment).or_default().insert(id, stats);
            }
        }
    }
    for (time, reports) in merged(samples) {
        reader.sample(time, connection, reports.into_values().collect());
    }
}

impl<'a> Report<'a> {
    /// The report as it was at each time, if something was read then that is understood.
    fn in_time(self, id: &'a str) -> impl Iterator<Item = (f64, Stats)> {
        let Self { kind, clock, members } = self;
        let count = clock.len();
        let mut members: Vec<_> = members
            .into_iter()
            .map(|(name, values)| (name, count.saturating_sub(values.len()), values.into_iter()))
            .collect();
        clock.into_iter().enumerate().filter_map(move |(index, time)| {
            let read = members.iter_mut().filter(|(_, late, _)| index >= *late);
            let read = read.filter_map(|(name, _, values)| {
                let value = match values.next()? {
                    Value::Number(number) if TEXTS.contains(name) => number.to_string().into(),
                    value => value,
                };
                Some((*name, value))
            });
            // Read in any case, so that each member stays with the clock.
            let members: Vec<_> = read.collect();
            let time = finite(time).filter(|time| *time >= 0.0 && !members.is_empty())?;
            let known = [("id", Value::from(id)), ("timestamp", Value::from(time))];
            let members = members.into_iter().filter(|(name, _)| *name != "id").chain(known);
            let report = MapDeserializer::<_, serde_json::Error>::new(members);
            Some((time, Stats::of_type(kind, report).ok().flatten()?))
        })
    }
}

/// Joins what belongs to one sample: reports that are less than 100 ms apart, and each at most once.
fn merged(samples: BTreeMap<u64, Reports<'_>>) -> Vec<(f64, Reports<'_>)> {
    const TOGETHER: u64 = 100;
    let mut joined: Vec<(u64, Reports<'_>)> = Vec::new();
    for (time, reports) in samples {
        match joined.last_mut() {
            Some((start, known)) if time - *start < TOGETHER && reports.keys().all(|id| !known.contains_key(id)) => {
                known.extend(reports);
            }
            _ => joined.push((time, reports)),
        }
    }
    joined.into_iter().map(|(time, reports)| (time as f64, reports)).collect()
}

/// The values of a series: JSON in a string, or an array.
fn values(series: &Value) -> Vec<Value> {
    match series.get("values") {
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        Some(Value::Array(values)) => values.clone(),
        _ => Vec::new(),
    }
}
