//! What recorded connections measured, for plots.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helpers fail by panicking")]

use serde_json::json;
use vitrine_insight::{
    series::{Quantity, limitations, series},
    trace::{ConnectionTrace, Trace},
};

fn made(samples: &[(f64, serde_json::Value)]) -> ConnectionTrace {
    let line = |(time, reports): &(f64, serde_json::Value)| {
        json!({ "t": time, "pc": "A", "event": "getStats", "value": reports }).to_string()
    };
    let text: Vec<_> = samples.iter().map(line).collect();
    Trace::read(&text.join("\n")).unwrap().connections.remove(0)
}

#[test]
fn rate_is_what_all_streams_gained() {
    let sample = |time: f64, audio: f64, video: f64| {
        (
            time,
            json!({
                "A": { "type": "inbound-rtp", "kind": "audio", "bytesReceived": audio },
                "V": { "type": "inbound-rtp", "kind": "video", "bytesReceived": video },
            }),
        )
    };
    let trace = made(&[sample(0.0, 0.0, 0.0), sample(1_000.0, 100.0, 900.0), sample(3_000.0, 300.0, 2_700.0)]);
    let points = series(&trace, Quantity::BitrateReceived);
    assert_eq!(points, [(1_000.0, Some(8_000.0)), (3_000.0, Some(8_000.0))]);
    assert_eq!(series(&trace, Quantity::RoundTripTime), []);
}

#[test]
fn gap_and_counter_that_began_again_have_no_value() {
    let sample =
        |time: f64, bytes: f64| (time, json!({ "A": { "type": "outbound-rtp", "kind": "audio", "bytesSent": bytes } }));
    let trace = made(&[
        sample(0.0, 0.0),
        sample(1_000.0, 125.0),
        sample(2_000.0, 10.0),
        sample(3_000.0, 135.0),
        sample(30_000.0, 9_000.0),
    ]);
    let values: Vec<_> = series(&trace, Quantity::BitrateSent).into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, [Some(1_000.0), None, Some(1_000.0), None]);
}

#[test]
fn limitations_are_bands() {
    let sample = |time: f64, reason: &str| {
        (time, json!({ "V": { "type": "outbound-rtp", "kind": "video", "qualityLimitationReason": reason } }))
    };
    let trace = made(&[sample(0.0, "none"), sample(1_000.0, "cpu"), sample(2_000.0, "cpu"), sample(3_000.0, "none")]);
    assert_eq!(limitations(&trace), [(0.0, 2_000.0, "cpu".to_owned())]);
}

#[test]
fn real_call_has_every_quantity() {
    let path = format!("{}/tests/data/rtcstats/google-standard-stats-p2p.jsonl", env!("CARGO_MANIFEST_DIR"));
    let trace = Trace::read(&std::fs::read_to_string(path).unwrap()).unwrap();
    let missing: Vec<_> =
        Quantity::ALL.into_iter().filter(|quantity| series(&trace.connections[0], *quantity).is_empty()).collect();
    // That Chromium did not report these two yet.
    assert_eq!(missing, [Quantity::BitrateTarget, Quantity::LossSent]);
}
