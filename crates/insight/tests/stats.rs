//! Statistics read from JSON files. The app's `tests/engine/json.rs` reads the same sample in browsers.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helpers fail by panicking")]

mod sample;

use vitrine_insight::stats::{Stats, reports_in};

fn reports(text: &str) -> Option<Vec<Stats>> {
    reports_in(serde_json::from_str(text).unwrap())
}

#[test]
fn report_is_read_from_an_object_by_id() {
    sample::assert_is_sample(&reports(sample::SAMPLE).unwrap());
}

#[test]
fn report_is_read_from_an_array() {
    let by_id: serde_json::Map<String, serde_json::Value> = serde_json::from_str(sample::SAMPLE).unwrap();
    let array: Vec<_> = by_id.into_iter().map(|(_, report)| report).collect();
    sample::assert_is_sample(&reports_in(array.into()).unwrap());
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
        let stats = Stats::of_type(kind, serde_json::json!({ "type": kind })).unwrap();
        assert_eq!(serde_json::to_value(stats.unwrap()).unwrap(), serde_json::json!({ "type": kind }));
    }
}

#[test]
fn what_is_no_report_is_refused_and_what_is_unknown_left_out() {
    for text in ["null", "1", "\"x\""] {
        assert_eq!(reports(text), None, "{text}");
    }
    assert_eq!(
        reports(r#"[1, null, {}, {"type": 7}, {"type": "track"}, {"type": "codec", "clockRate": "x"}]"#),
        Some(Vec::new())
    );
}
