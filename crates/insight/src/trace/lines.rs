//! JSON lines, one event each: `{"t": milliseconds, "pc": "PC_0" or null, "event": name, "value": …}`, with the names of
//! rtcstats.

use serde::Deserialize;
use serde_json::Value;

use super::{NoteKind, Reader, event::EventKind, finite};
use crate::stats::reports_in;

#[derive(Deserialize)]
struct Line {
    t: f64,
    pc: Option<String>,
    event: String,
    #[serde(default)]
    value: Value,
}

/// Whether a file that begins so is of this format.
pub fn is_of_this_format(start: &str) -> bool {
    let first = start.lines().next().unwrap_or_default();
    // A cut first line is still recognised.
    let has = |name: &str| first.contains(&format!("\"{name}\""));
    first.starts_with('{') && has("t") && has("event")
}

/// Reads the file.
pub fn read(text: &str, reader: &mut Reader) {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).peekable();
    while !reader.is_full
        && let Some((index, line)) = lines.next()
    {
        let is_last = lines.peek().is_none();
        match serde_json::from_str::<Line>(line) {
            Err(error) => reader.bad_line(index + 1, is_last, &error),
            Ok(line) => match finite(line.t) {
                None => reader.note(NoteKind::Malformed, Some(index + 1), None, "the time is no number"),
                Some(time) => add(time, line, reader),
            },
        }
    }
}

fn add(time: f64, line: Line, reader: &mut Reader) {
    match (&*line.event, &line.pc) {
        ("getStats", Some(connection)) => sample(time, connection, line.value, reader),
        (method, connection) => reader.event(time, connection.as_deref(), EventKind::interpret(method, &line.value)),
    }
}

/// Adds a sample, from whole reports. Those of the callback API are noted and not read.
pub fn sample(time: f64, connection: &str, value: Value, reader: &mut Reader) {
    if is_legacy(&value) {
        return reader.legacy_stats(connection);
    }
    // Reports in an object are named by their key.
    let value = match value {
        Value::Object(reports) => Value::Array(
            reports
                .into_iter()
                .map(|(id, mut report)| {
                    if let Some(members) = report.as_object_mut() {
                        members.entry("id").or_insert(Value::String(id));
                    }
                    report
                })
                .collect(),
        ),
        other => other,
    };
    reader.sample(time, connection, reports_in(value).unwrap_or_default());
}

/// Whether these are statistics of the callback API.
fn is_legacy(value: &Value) -> bool {
    let reports = value.as_object().into_iter().flat_map(|reports| reports.values());
    let mut types = reports.filter_map(|report| report.get("type")?.as_str());
    types.any(is_legacy_type)
}

/// Whether this is a type of the callback API: they begin with `goog`, or are `ssrc`.
pub fn is_legacy_type(name: &str) -> bool {
    name.starts_with("goog") || name == "ssrc"
}
