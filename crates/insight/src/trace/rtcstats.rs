//! An rtcstats dump of format 3: the word `RTCStatsDump`, a line of metadata, and lines
//! `[method, connection, value, …, milliseconds since the line before]`. Statistics hold only what changed, and names that
//! occur often are numbers.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{
    NoteKind, Reader, TraceError,
    event::EventKind,
    finite,
    lines::sample,
    rtcstats_tables::{MEMBERS, METHODS, TYPES, name},
};

/// The first line.
pub const MAGIC: &str = "RTCStatsDump";

/// The only format that is read.
const FORMAT: u64 = 3;

/// The last statistics of each connection, whole, and its last descriptions.
#[derive(Default)]
struct Memory {
    stats: HashMap<String, Map<String, Value>>,
    descriptions: HashMap<(String, String), String>,
}

/// Reads the file.
///
/// # Errors
/// If the metadata cannot be read, or tells of another format.
pub fn read(text: &str, reader: &mut Reader) -> Result<(), TraceError> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).skip(1).peekable();
    let (index, metadata) = lines.next().unwrap_or((1, ""));
    let malformed = |error: &serde_json::Error| TraceError::Malformed {
        line: index + 1,
        column: error.column(),
        reason: error.to_string(),
    };
    let metadata: Map<String, Value> = serde_json::from_str(metadata).map_err(|error| malformed(&error))?;
    let format = metadata.get("fileFormat").cloned().unwrap_or_default();
    if format.as_u64() != Some(FORMAT) {
        return Err(TraceError::UnknownVersion(format.to_string().chars().take(40).collect()));
    }
    let (mut memory, mut time) = (Memory::default(), 0.0);
    while !reader.is_full
        && let Some((index, line)) = lines.next()
    {
        let is_last = lines.peek().is_none();
        match serde_json::from_str::<Value>(line) {
            Err(error) => reader.bad_line(index + 1, is_last, &error),
            Ok(Value::Array(parts)) => match memory.add(parts, &mut time, reader) {
                Some(()) => {}
                None => reader.note(NoteKind::Malformed, Some(index + 1), None, "the line is no event with a time"),
            },
            // Other lines are reserved.
            Ok(_) => {}
        }
    }
    Ok(())
}

impl Memory {
    /// Adds a line; `None` if it is no event. `time` is that of the line before.
    fn add(&mut self, mut parts: Vec<Value>, time: &mut f64, reader: &mut Reader) -> Option<()> {
        let elapsed = parts.pop()?.as_f64()?;
        *time = finite(*time + elapsed)?;
        let mut parts = parts.into_iter();
        let method = match parts.next()? {
            Value::String(method) => method,
            number @ Value::Number(_) => number.to_string(),
            _ => return None,
        };
        let method = name(&METHODS, &method);
        let connection = match parts.next()? {
            Value::Null => None,
            Value::String(connection) => Some(connection),
            other => Some(other.to_string()),
        };
        let value = parts.next().unwrap_or_default();
        match (method, connection) {
            ("getStats", Some(connection)) => {
                let whole = self.decompress_stats(&connection, value);
                sample(*time, &connection, whole, reader);
            }
            (method, connection) => {
                let value = connection.as_deref().map_or(value.clone(), |id| self.decompress_sdp(id, method, value));
                reader.event(*time, connection.as_deref(), EventKind::interpret(method, &value));
            }
        }
        Some(())
    }

    /// The whole statistics: what changed, over those of before.
    fn decompress_stats(&mut self, connection: &str, delta: Value) -> Value {
        let Value::Object(delta) = delta else { return Value::Null };
        let whole = self.stats.entry(connection.to_owned()).or_default();
        let timestamp = delta.get("t").cloned();
        for (id, report) in delta {
            match report {
                Value::Object(changed) => {
                    let known = whole.entry(id.clone()).or_insert_with(|| Value::Object(Map::new()));
                    let Some(known) = known.as_object_mut() else { continue };
                    known.insert("id".to_owned(), Value::String(id));
                    if let Some(timestamp) = &timestamp {
                        known.insert("timestamp".to_owned(), timestamp.clone());
                    }
                    for (member, value) in changed {
                        merge(known, &member, value);
                    }
                }
                // The object is gone.
                Value::Null => drop(whole.remove(&id)),
                _ => {}
            }
        }
        if let Some(timestamp) = timestamp {
            for report in whole.values_mut().filter_map(Value::as_object_mut) {
                report.entry("timestamp").or_insert(timestamp.clone());
            }
        }
        Value::Object(whole.clone())
    }

    /// The whole description: a section that did not change is written as `v=` or `m=` alone.
    fn decompress_sdp(&mut self, connection: &str, method: &str, mut value: Value) -> Value {
        let side = if method.contains("Remote") { "remote" } else { "local" };
        let Some(kind) = value.get("type").and_then(Value::as_str).map(str::to_owned) else { return value };
        let Some(sdp) = value.get("sdp").and_then(Value::as_str) else { return value };
        let key = (connection.to_owned(), format!("{side} {kind}"));
        let sections = |sdp: &str| -> Vec<String> {
            let parts = sdp.trim_end().split("\nm=").enumerate();
            parts
                .map(|(index, part)| if index == 0 { part.trim().to_owned() } else { format!("m={}", part.trim()) })
                .collect()
        };
        let before = self.descriptions.get(&key).map(|sdp| sections(sdp)).unwrap_or_default();
        let whole: Vec<_> = sections(sdp)
            .into_iter()
            .enumerate()
            .map(|(index, section)| match before.get(index) {
                Some(before) if section == if index == 0 { "v=" } else { "m=" } => before.clone(),
                _ => section,
            })
            .collect();
        let whole = whole.join("\r\n") + "\r\n";
        self.descriptions.insert(key, whole.clone());
        value["sdp"] = Value::String(whole);
        value
    }
}

/// Writes a changed member into a report. Objects within it are merged, too.
fn merge(report: &mut Map<String, Value>, member: &str, value: Value) {
    let member = name(&MEMBERS, member);
    let value = match (member, value) {
        ("type", Value::Number(number)) => Value::String(name(&TYPES, &number.to_string()).to_owned()),
        (_, value) => value,
    };
    match (report.get_mut(member), value) {
        (Some(Value::Object(known)), Value::Object(changed)) => known.extend(changed),
        (_, value) => drop(report.insert(member.to_owned(), value)),
    }
}
