//! Writes a trace as an rtcstats dump of format 3, which third-party importers open, too. What tells of persons and secrets can
//! be left out.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    Event, Trace,
    event::{CaptureKind, CaptureStep, Carrier, EventKind, Side, StateMachine},
    rtcstats::MAGIC,
};
use crate::{
    candidate::{Candidate, Family, family},
    stats::Stats,
};

/// What is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redaction {
    /// Nothing.
    Whole,
    /// Addresses, passwords and fingerprints. The user names of ICE stay: they are no secret, and tell generations apart.
    Redacted,
}

/// What stands in place of something that is left out.
const REDACTED: &str = "redacted";

/// The trace as text. `user_agent` names the browser.
pub fn export(trace: &Trace, user_agent: &str, redaction: Redaction) -> String {
    let mut lines: Vec<(f64, Value, Value, Value)> = Vec::new();
    let mut add = |connection: Value, event: &Event| {
        if let Some((method, value)) = written(&event.kind, redaction) {
            lines.push((event.time, method.into(), connection, value));
        }
    };
    for event in &trace.page {
        add(Value::Null, event);
    }
    for connection in &trace.connections {
        for event in &connection.events {
            add(connection.id.clone().into(), event);
        }
    }
    for connection in &trace.connections {
        let mut before = Map::new();
        for sample in &connection.samples {
            let whole = reports(&sample.reports, redaction);
            let changes = changes(&before, &whole);
            lines.push((sample.time, "getStats".into(), connection.id.clone().into(), Value::Object(changes)));
            before = whole;
        }
    }
    lines.sort_by(|one, other| one.0.total_cmp(&other.0));
    let start = lines.first().map_or(0.0, |(time, ..)| *time);
    let metadata =
        json!({ "fileFormat": 3, "clientProtocol": "rtcstats#4.0", "userAgent": user_agent, "startTime": start });
    let mut text = format!("{MAGIC}\n{metadata}\n");
    let mut last = 0.0;
    for (time, method, connection, value) in lines {
        text.push_str(&json!([method, connection, value, time - last]).to_string());
        text.push('\n');
        last = time;
    }
    text
}

/// Name and value of an event, as rtcstats has them.
fn written(kind: &EventKind, redaction: Redaction) -> Option<(String, Value)> {
    let description = |kind: &Option<String>, sdp: &Option<String>| match (kind, sdp) {
        (None, None) => Value::Null,
        (kind, sdp) => json!({ "type": kind, "sdp": sdp.as_deref().map(|sdp| redact_sdp(sdp, redaction)) }),
    };
    let of_side = |side: &Side, end: &str| {
        let side = if *side == Side::Local { "Local" } else { "Remote" };
        format!("set{side}Description{end}")
    };
    let (method, value) = match kind {
        EventKind::Created { ice_servers, is_relay_only } => {
            let servers: Vec<_> = ice_servers.iter().map(|url| json!({ "urls": url.0 })).collect();
            let policy = if *is_relay_only { "relay" } else { "all" };
            ("create".to_owned(), json!({ "iceServers": servers, "iceTransportPolicy": policy }))
        }
        EventKind::NegotiationNeeded => ("onnegotiationneeded".to_owned(), Value::Null),
        EventKind::SetDescription { side, kind, sdp } => (of_side(side, ""), description(kind, sdp)),
        EventKind::DescriptionSet { side, kind, sdp } => (of_side(side, "OnSuccess"), description(kind, sdp)),
        EventKind::DescriptionCreated { kind, sdp } => {
            let method = if kind == "offer" { "createOfferOnSuccess" } else { "createAnswerOnSuccess" };
            (method.to_owned(), description(&Some(kind.clone()), sdp))
        }
        EventKind::Candidate { side, candidate, url } => {
            let method = if *side == Side::Local { "onicecandidate" } else { "addIceCandidate" };
            let value = candidate.as_ref().map_or(Value::Null, |candidate| {
                json!({ "candidate": redact_candidate(candidate.clone(), redaction).to_string(), "url": url })
            });
            (method.to_owned(), value)
        }
        EventKind::CandidateError { url, code, text, address } => {
            let address = address.as_deref().map(|address| redact_address(address, redaction));
            let value = json!({ "url": url, "errorCode": code, "errorText": text, "address": address });
            ("onicecandidateerror".to_owned(), value)
        }
        EventKind::State(machine, state) => {
            let method = match machine {
                StateMachine::Signaling => "onsignalingstatechange",
                StateMachine::Gathering => "onicegatheringstatechange",
                StateMachine::Ice => "oniceconnectionstatechange",
                StateMachine::Connection => "onconnectionstatechange",
                StateMachine::Dtls => "ondtlsstatechange",
            };
            (method.to_owned(), state.clone().into())
        }
        EventKind::Failed { method, error } => (format!("{method}OnFailure"), error.clone().into()),
        EventKind::TrackReceived { kind, id } => ("ontrack".to_owned(), json!([kind, id, ""])),
        EventKind::TrackAdded { kind, id } => ("addTrack".to_owned(), json!([kind, id, ""])),
        EventKind::TrackMuted { id, is_muted } => {
            (format!("MediaStreamTrack.on{}", if *is_muted { "mute" } else { "unmute" }), id.clone().into())
        }
        EventKind::TrackEnded { id } => ("MediaStreamTrack.onended".to_owned(), id.clone().into()),
        EventKind::RestartIce => ("restartIce".to_owned(), Value::Null),
        EventKind::Closed => ("close".to_owned(), Value::Null),
        EventKind::Capture(kind, step) => {
            let kind = if *kind == CaptureKind::Devices { "getUserMedia" } else { "getDisplayMedia" };
            let method = format!("navigator.mediaDevices.{kind}");
            match step {
                CaptureStep::Asked { audio, video } => (method, json!({ "audio": audio, "video": video })),
                CaptureStep::Given => (method + "OnSuccess", json!([])),
                CaptureStep::Failed(error) => (method + "OnFailure", error.clone().into()),
            }
        }
        EventKind::SignalingServer(is_up) => ("signalingServer".to_owned(), (*is_up).into()),
        EventKind::PeerRelay(relay) => ("peerRelay".to_owned(), json!(relay)),
        EventKind::Message { side, carrier, name, bytes } => {
            let sender = if *side == Side::Local { "local" } else { "remote" };
            let carrier = if *carrier == Carrier::ControlChannel { "control" } else { "server" };
            let value = json!({ "sender": sender, "carrier": carrier, "name": name, "bytes": bytes });
            ("signalingMessage".to_owned(), value)
        }
        EventKind::Other(name) if name.is_empty() => return None,
        EventKind::Other(name) => (name.clone(), Value::Null),
    };
    Some((method, value))
}

/// The reports of a sample by id.
fn reports(reports: &[Stats], redaction: Redaction) -> Map<String, Value> {
    let mut by_id = BTreeMap::new();
    for (index, report) in reports.iter().enumerate() {
        let Ok(Value::Object(mut members)) = serde_json::to_value(report) else { continue };
        let id =
            members.remove("id").and_then(|id| id.as_str().map(str::to_owned)).unwrap_or_else(|| index.to_string());
        if redaction == Redaction::Redacted {
            for member in ["address", "ip", "relatedAddress"] {
                if let Some(Value::String(address)) = members.get_mut(member) {
                    *address = redact_address(address, redaction);
                }
            }
            for member in ["fingerprint", "base64Certificate"] {
                if let Some(secret) = members.get_mut(member) {
                    *secret = REDACTED.into();
                }
            }
        }
        by_id.insert(id, Value::Object(members));
    }
    by_id.into_iter().collect()
}

/// What differs from the sample before: changed members, and `null` for a report that is gone.
fn changes(before: &Map<String, Value>, whole: &Map<String, Value>) -> Map<String, Value> {
    let mut changes = Map::new();
    for (id, report) in whole {
        let known = before.get(id);
        let changed: Map<_, _> = report
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(member, value)| known.and_then(|known| known.get(*member)) != Some(value))
            .map(|(member, value)| (member.clone(), value.clone()))
            .collect();
        if !changed.is_empty() {
            changes.insert(id.clone(), Value::Object(changed));
        }
    }
    for id in before.keys().filter(|id| !whole.contains_key(*id)) {
        changes.insert(id.clone(), Value::Null);
    }
    changes
}

fn redact_candidate(mut candidate: Candidate, redaction: Redaction) -> Candidate {
    candidate.address = redact_address(&candidate.address, redaction);
    if let Some((address, _)) = &mut candidate.related {
        *address = redact_address(address, redaction);
    }
    candidate
}

/// An address of the same family that tells nothing. A name that the browser made up for the purpose tells nothing already.
fn redact_address(address: &str, redaction: Redaction) -> String {
    match (redaction, family(address)) {
        (Redaction::Redacted, Family::V4) => "x.x.x.x".to_owned(),
        (Redaction::Redacted, Family::V6) => "x:x:x:x:x:x:x:x".to_owned(),
        _ => address.to_owned(),
    }
}

fn redact_sdp(sdp: &str, redaction: Redaction) -> String {
    if redaction == Redaction::Whole {
        return sdp.to_owned();
    }
    let line = |line: &str| -> String {
        let words = |prefix: &str| line.strip_prefix(prefix).map(|rest| rest.split(' ').collect::<Vec<_>>());
        if let Some(candidate) = line.strip_prefix("a=candidate:") {
            let candidate = candidate.parse::<Candidate>();
            return candidate.map_or_else(
                |_| format!("a=candidate:{REDACTED}"),
                |candidate| format!("a={}", redact_candidate(candidate, redaction)),
            );
        }
        if line.starts_with("a=ice-pwd:") {
            return format!("a=ice-pwd:{REDACTED}");
        }
        if let Some(words) = words("a=fingerprint:") {
            return format!("a=fingerprint:{} {REDACTED}", words[0]);
        }
        if line.starts_with("a=crypto:") {
            return format!("a=crypto:{REDACTED}");
        }
        // The address is the last word of `c=`, `o=` and `a=rtcp`.
        if ["c=", "o=", "a=rtcp:", "a=remote-candidates:"].iter().any(|prefix| line.starts_with(prefix)) {
            return line.split(' ').map(|word| redact_address(word, redaction)).collect::<Vec<_>>().join(" ");
        }
        line.to_owned()
    };
    sdp.lines().map(|text| line(text.trim_end()) + "\r\n").collect()
}
