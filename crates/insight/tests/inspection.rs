//! What an inspector shows: of real calls, and of small ones made for a question.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helpers fail by panicking")]

use serde_json::json;
use vitrine_insight::{
    Language,
    inspection::{IncidentKind, Inspection, Lane, STEPS, Way, predecessor},
    rules::explain,
    series::Quantity,
    trace::{Side, StateMachine, Trace},
    verdict::Verdict,
    words,
};

fn inspect(text: &str) -> Vec<Inspection> {
    let trace = Trace::read(text).unwrap();
    let report = explain(&trace);
    trace
        .connections
        .into_iter()
        .zip(report.connections)
        .map(|(trace, report)| Inspection::new(trace, report))
        .collect()
}

fn real(name: &str) -> Inspection {
    let path = format!("{}/tests/data/rtcstats/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    inspect(&std::fs::read_to_string(path).unwrap()).remove(0)
}

/// A trace of one connection with these events.
fn made(events: &[(f64, &str, serde_json::Value)]) -> Inspection {
    let line = |(time, name, value): &(f64, &str, serde_json::Value)| {
        json!({ "t": time, "pc": "PC_0", "event": name, "value": value }).to_string()
    };
    inspect(&events.iter().map(line).collect::<Vec<_>>().join("\n")).remove(0)
}

fn time(inspection: &Inspection, number: u8) -> Option<(f64, f64)> {
    inspection.timeline().steps.iter().find(|step| step.number == number).unwrap().time
}

#[test]
fn every_connection_has_all_steps_in_order() {
    for name in ["chrome-relay", "google-standard-stats-p2p", "safari-relay", "firefox97-standard-stats-sfu"] {
        let numbers: Vec<_> = real(name).timeline().steps.iter().map(|step| step.number).collect();
        assert_eq!(numbers, (1..=STEPS).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn offerer_sees_what_the_other_page_does_between_offer_and_answer() {
    let call = real("google-standard-stats-p2p");
    assert!(call.timeline().is_offerer);
    assert_eq!(time(&call, 1), Some((35_235.0, 35_235.0)));
    for number in 5..=8_u8 {
        let step = &call.timeline().steps[usize::from(number) - 1];
        assert_eq!((step.lane, step.is_estimated), (Lane::There, true));
        assert_eq!(step.time, Some((35_311.0, 36_991.0)));
    }
    assert_eq!(time(&call, 11), Some((36_790.0, 37_050.0)));
    assert_eq!((call.timeline().start, call.timeline().end), (35_235.0, 37_191.0));
}

#[test]
fn answerer_has_the_guides_other_steps() {
    // This recording has no descriptions: their times follow from `signalingState`.
    let call = real("chrome-relay");
    assert!(!call.timeline().is_offerer);
    assert_eq!((time(&call, 5), time(&call, 8)), (Some((21.0, 21.0)), Some((66.0, 66.0))));
    assert_eq!(time(&call, 6), Some((0.0, 0.0)));
    assert_eq!(call.timeline().steps[8].lane, Lane::There);
}

#[test]
fn step_that_was_not_reached_has_no_time() {
    let call = made(&[
        (0.0, "create", json!({})),
        (5.0, "setLocalDescription", json!({ "type": "offer", "sdp": "v=0\r\n" })),
        (9.0, "setLocalDescriptionOnSuccess", json!({ "type": "offer" })),
        (10.0, "signalingMessage", json!({ "sender": "local", "carrier": "server", "name": "offer", "bytes": 5 })),
    ]);
    assert_eq!(time(&call, 4), Some((5.0, 10.0)));
    assert!((5..=13).all(|number| time(&call, number).is_none()), "{:?}", call.timeline().steps);
    assert_eq!((call.messages().len(), call.messages()[0].bytes), (1, 5));
}

#[test]
fn incidents_begin_and_end() {
    let state = |time, state: &str| (time, "onconnectionstatechange", json!(state));
    let signaling = |time, state: &str| (time, "onsignalingstatechange", json!(state));
    let call = made(&[
        (0.0, "create", json!({})),
        signaling(1.0, "have-local-offer"),
        signaling(2.0, "have-remote-offer"),
        signaling(3.0, "stable"),
        state(4.0, "connected"),
        (50.0, "signalingServer", json!(false)),
        state(60.0, "disconnected"),
        (61.0, "restartIce", json!(null)),
        signaling(62.0, "have-local-offer"),
        signaling(63.0, "stable"),
        state(70.0, "connected"),
    ]);
    let incidents: Vec<_> = call.timeline().incidents.iter().map(|one| (one.kind, one.from, one.to)).collect();
    assert_eq!(
        incidents,
        [
            (IncidentKind::Rollback, 2.0, Some(2.0)),
            (IncidentKind::SignalingLost, 50.0, None),
            (IncidentKind::PathLost, 60.0, Some(70.0)),
            (IncidentKind::IceRestart, 61.0, Some(70.0)),
            (IncidentKind::Renegotiation, 62.0, Some(63.0)),
        ]
    );
}

#[test]
fn states_have_no_gaps() {
    let call = real("google-standard-stats-p2p");
    let machines: Vec<_> = call.states().iter().map(|strip| strip.machine).collect();
    assert_eq!(machines.len(), 5);
    for strip in &call.states() {
        assert!(strip.spans.windows(2).all(|pair| pair[0].to == pair[1].from && pair[0].state != pair[1].state));
        assert_eq!(strip.spans.last().unwrap().to, call.end());
    }
    let ice = call.states().into_iter().find(|strip| strip.machine == StateMachine::Ice).unwrap();
    assert_eq!((ice.spans[0].from, &*ice.spans[0].state), (36_790.0, "checking"));
}

#[test]
fn pair_in_use_comes_first_with_its_checks() {
    let call = real("chrome-relay");
    assert_eq!(call.verdict(), Verdict::RelayTls);
    let pair = &call.pairs()[0];
    assert!(pair.is_selected && call.pairs()[1..].iter().all(|other| !other.is_selected));
    assert_eq!(pair.local, "relay (tls) udp x.x.x.x:57514");
    assert_eq!((pair.checks_sent, pair.checks_received), ((Some(50.0), Some(50.0)), (Some(31.0), Some(31.0))));
    assert_eq!((call.path_changes().len(), call.path_changes()[0].verdict), (1, Some(Verdict::RelayTls)));
    assert_eq!(call.round_trip(), Some(0.026));
}

#[test]
fn answer_follows_the_offer_that_it_answers() {
    let call = real("google-standard-stats-p2p");
    let place = call.descriptions().iter().position(|one| one.kind == "answer").unwrap();
    let descriptions = call.descriptions();
    let offer = predecessor(&descriptions, place).unwrap();
    assert_eq!((offer.side, &*offer.kind), (Side::Local, "offer"));
    assert_eq!(predecessor(&descriptions, 0), None);
}

#[test]
fn tracks_have_rates_and_codecs() {
    let call = real("google-standard-stats-p2p");
    let video = call.tracks().into_iter().find(|track| (track.way, &*track.kind) == (Way::Received, "video")).unwrap();
    assert_eq!((video.codec.as_deref(), video.size), (Some("H264"), Some((1280.0, 720.0))));
    assert!(video.bitrate.is_some_and(|bitrate| bitrate > 1_000_000.0));
    assert!(video.frames.is_some_and(|frames| (25.0..35.0).contains(&frames)));
    let is_measured = |quantity| !call.plot(quantity).is_empty();
    assert!(is_measured(Quantity::BitrateReceived) && is_measured(Quantity::RoundTripTime));
}

#[test]
fn encryption_is_told() {
    let security = real("chrome-relay").security();
    assert_eq!((security.dtls_version.as_deref(), security.dtls_role.as_deref()), (Some("1.2"), Some("client")));
    let security = real("google-standard-stats-p2p").security();
    assert_eq!(security.local_fingerprint.unwrap().0, "sha-256");
    assert!(security.remote_fingerprint.is_some());
}

#[test]
fn relay_that_the_other_side_told_is_in_the_verdict() {
    let sample = json!({
        "T": { "type": "transport", "selectedCandidatePairId": "P" },
        "P": { "type": "candidate-pair", "localCandidateId": "L", "remoteCandidateId": "R", "state": "succeeded" },
        "L": { "type": "local-candidate", "candidateType": "host", "address": "192.0.2.1" },
        "R": { "type": "remote-candidate", "candidateType": "relay", "address": "192.0.2.2" },
    });
    let call = |told: &[(f64, &'static str, serde_json::Value)]| {
        let mut events = vec![
            (0.0, "create", json!({})),
            (1.0, "onconnectionstatechange", json!("connected")),
            (2.0, "getStats", sample.clone()),
        ];
        events.extend_from_slice(told);
        made(&events)
    };
    assert_eq!(call(&[]).verdict(), Verdict::Relay);
    let told = call(&[(3.0, "peerRelay", json!("tcp"))]);
    assert_eq!((told.verdict(), told.path_changes()[0].verdict), (Verdict::RelayTcp, Some(Verdict::RelayTcp)));
}

#[test]
fn everything_shown_has_words_in_both_languages() {
    for number in 1..=STEPS {
        let [english, korean] =
            [Language::English, Language::Korean].map(|language| words::step(number, language).unwrap());
        assert!(
            !english.title.is_empty() && english.title != korean.title && english.explanation != korean.explanation
        );
    }
    assert_eq!((words::step(0, Language::English), words::step(STEPS + 1, Language::English)), (None, None));
    for kind in IncidentKind::ALL {
        assert_ne!(kind.words(Language::English), kind.words(Language::Korean), "{}", kind.name());
    }
    // Every state that the real calls went through.
    for name in ["chrome-relay", "google-standard-stats-p2p", "safari-relay", "chrome-standard-pc-failed"] {
        for strip in real(name).states() {
            for span in strip.spans {
                for language in [Language::English, Language::Korean] {
                    assert!(
                        words::state(strip.machine, &span.state, language).is_some(),
                        "{:?} {}",
                        strip.machine,
                        span.state
                    );
                }
            }
        }
    }
}
