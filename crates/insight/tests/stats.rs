//! Statistics read from JSON files. The app's `tests/json.rs` reads the same sample in browsers.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helpers fail by panicking")]

mod sample;

use vitrine_insight::stats::{Stats, StatsReport};

#[test]
fn report_is_read_from_an_object_by_id() {
    sample::assert_is_sample(&serde_json::from_str(sample::SAMPLE).unwrap());
}

#[test]
fn report_is_read_from_an_array() {
    let by_id: serde_json::Map<String, serde_json::Value> = serde_json::from_str(sample::SAMPLE).unwrap();
    let array: Vec<_> = by_id.into_iter().map(|(_, report)| report).collect();
    sample::assert_is_sample(&serde_json::from_value(array.into()).unwrap());
}

#[test]
fn every_member_is_optional() {
    for kind in [
        "codec",
        "inbound-rtp",
        "outbound-rtp",
        "remote-inbound-rtp",
        "remote-outbound-rtp",
        "media-source",
        "media-playout",
        "peer-connection",
        "data-channel",
        "transport",
        "candidate-pair",
        "local-candidate",
        "remote-candidate",
        "certificate",
    ] {
        let stats: Stats = serde_json::from_str(&format!(r#"{{"type":"{kind}"}}"#)).unwrap();
        assert_ne!(stats, Stats::Unknown, "{kind}");
    }
}

#[test]
fn malformed_report_is_rejected() {
    for text in ["", "null", "1", "\"x\"", "{", "[1"] {
        assert!(serde_json::from_str::<StatsReport>(text).is_err(), "{text}");
    }
}
