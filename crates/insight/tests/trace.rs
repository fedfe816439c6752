//! Recorded calls, as files.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helpers fail by panicking")]

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use vitrine_insight::{
    candidate::CandidateKind,
    stats::Stats,
    trace::{
        CaptureKind, CaptureStep, EventKind, MAX_BYTES, Note, NoteKind, Redaction, Side, StateMachine, Trace,
        TraceError, export,
    },
};

fn file(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/data/rtcstats/{name}.jsonl", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn trace(text: &str) -> Trace {
    Trace::read(text).unwrap()
}

#[test]
fn lines_of_a_real_call_are_read() {
    let trace = trace(&file("chrome-relay"));
    assert!(trace.notes.is_empty(), "{:?}", trace.notes);
    let [connection] = &trace.connections[..] else { panic!("one connection") };
    assert_eq!(connection.id, "PC_0");
    assert_eq!(connection.samples.len(), 13);
    assert!(connection.samples.iter().all(|sample| sample.reports.len() > 10));
    let has = |wanted: &dyn Fn(&EventKind) -> bool| connection.events.iter().any(|event| wanted(&event.kind));
    assert!(has(&|kind| matches!(kind, EventKind::Created { ice_servers, .. } if ice_servers[0].is_turn())));
    assert!(has(&|kind| *kind == EventKind::State(StateMachine::Connection, "connected".to_owned())));
    let relay = |kind: &EventKind| matches!(kind, EventKind::Candidate { side: Side::Local, candidate: Some(candidate), .. } if candidate.kind == CandidateKind::Relay);
    assert!(has(&relay));
    let pairs = connection.samples[0].reports.iter().filter(|report| matches!(report, Stats::CandidatePair(_)));
    assert!(pairs.count() > 0);
}

#[test]
fn failed_captures_are_events_of_the_page() {
    let trace = trace(&file("chrome-standard-pc-failed"));
    let failed = EventKind::Capture(CaptureKind::Devices, CaptureStep::Failed("NotReadableError".to_owned()));
    assert!(trace.page.iter().any(|event| event.kind == failed));
    let ids: Vec<_> = trace.connections.iter().map(|connection| &*connection.id).collect();
    assert_eq!(ids, ["PC_0", "PC_1", "PC_2"]);
}

#[test]
fn descriptions_are_kept() {
    let trace = trace(&file("google-standard-stats-p2p"));
    let sdp = trace.connections[0].events.iter().find_map(|event| match &event.kind {
        EventKind::SetDescription { side: Side::Local, kind, sdp } => Some((kind.clone()?, sdp.clone()?)),
        _ => None,
    });
    let (kind, sdp) = sdp.unwrap();
    assert_eq!(kind, "offer");
    assert!(vitrine_insight::sdp::Sdp::parse(&sdp).unwrap().sections.len() >= 2);
}

#[test]
fn statistics_of_the_callback_api_are_not_misread() {
    let trace = trace(&file("chrome96-standard-stats-p2p-add-transceiver"));
    assert!(trace.connections.iter().any(|connection| connection.has_legacy_stats));
    assert!(trace.connections.iter().all(|connection| connection.samples.is_empty()));
}

#[test]
fn cut_file_keeps_what_came_before_and_names_the_place() {
    let whole = file("chrome-relay");
    let cut = &whole[..whole.len() / 2];
    let trace = trace(cut);
    assert!(!trace.connections[0].events.is_empty());
    let [note] = &trace.notes[..] else { panic!("one note: {:?}", trace.notes) };
    assert_eq!(note.kind, NoteKind::Truncated);
    assert_eq!(note.line, Some(cut.lines().count()));
    assert!(note.column.is_some());
}

#[test]
fn bad_line_in_the_middle_costs_only_itself() {
    let text = file("chrome-relay");
    let mut lines: Vec<_> = text.lines().collect();
    lines[5] = "{\"t\": 11, \"pc\": \"PC_0\", \"event\": [}";
    let trace = trace(&lines.join("\n"));
    assert_eq!(
        trace.notes.iter().map(|note| (note.kind, note.line)).collect::<Vec<_>>(),
        [(NoteKind::Malformed, Some(6))]
    );
    assert_eq!(trace.connections[0].samples.len(), 13);
}

/// A dump of format 3: two samples, of which the second holds what changed.
const DUMP: &str = r#"RTCStatsDump
{"fileFormat":3,"url":"/","userAgent":"x"}
[39,"PC_0",{"iceServers":[{"urls":["turn:a","stun:b"]}],"iceTransportPolicy":"relay"},1000]
[3,"PC_0",{"type":"offer","sdp":"v=0\r\ns=-\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\nm=video 9 RTP/AVP 96\r\na=mid:1\r\n"},"2-0",5]
[6,"PC_0",{"type":"offer","sdp":"v=\r\nm=\r\nm=video 9 RTP/AVP 97\r\na=mid:1\r\n"},"6-0",5]
[25,"PC_0","connected",90]
["g","PC_0",{"0":{"type":1,"10":7,"11":"audio","41":1000},"1":{"type":5,"125":"2"},"t":1100},100]
["g","PC_0",{"0":{"41":2500},"1":null,"t":2100},1000]
[65,null,"NotAllowedError: Permission denied","60-0",1]
"#;

#[test]
fn rtcstats_dump_is_decompressed() {
    let trace = trace(DUMP);
    assert!(trace.notes.is_empty(), "{:?}", trace.notes);
    let connection = &trace.connections[0];
    assert_eq!(connection.events.iter().map(|event| event.time).collect::<Vec<_>>(), [1000.0, 1005.0, 1010.0, 1100.0]);
    assert!(
        matches!(&connection.events[0].kind, EventKind::Created { is_relay_only: true, ice_servers } if ice_servers.len() == 2)
    );
    let EventKind::SetDescription { sdp: Some(sdp), .. } = &connection.events[2].kind else { panic!("a description") };
    assert_eq!(sdp, "v=0\r\ns=-\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\nm=video 9 RTP/AVP 97\r\na=mid:1\r\n");
    assert_eq!(connection.samples.iter().map(|sample| sample.reports.len()).collect::<Vec<_>>(), [2, 1]);
    let Stats::InboundRtp(inbound) = &connection.samples[1].reports[0] else { panic!("an inbound stream") };
    assert_eq!((inbound.kind.as_deref(), inbound.bytes_received), (Some("audio"), Some(2500.0)));
    assert_eq!(inbound.timestamp, Some(2100.0));
    assert!(
        matches!(&trace.page[0].kind, EventKind::Capture(CaptureKind::Devices, CaptureStep::Failed(error)) if error.starts_with("NotAllowedError"))
    );
}

/// A `webrtc-internals` dump as of Chromium 142 and later.
const INTERNALS: &str = r#"{
  "getUserMedia": [
    {"request_type": "getUserMedia", "timestamp": 900.0, "audio": "", "pid": 1, "rid": 1},
    {"request_type": "getUserMedia", "timestamp": 950.0, "error": "NotFoundError", "error_message": "no device", "pid": 1, "rid": 1}
  ],
  "PeerConnections": {
    "1-2": {
      "rtcConfiguration": {"iceServers": [{"urls": ["stun:stun.example:3478"]}]},
      "updateLog": [
        {"time": "x", "timestamp": 1000.0, "type": "setLocalDescription", "value": "{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n\"}"},
        {"time": "x", "timestamp": 1010.0, "type": "icecandidate", "value": "{\"sdpMid\":\"0\",\"candidate\":\"candidate:1 1 udp 2122260223 10.0.0.2 50000 typ host\",\"url\":\"\"}"},
        {"time": "x", "timestamp": 1020.0, "type": "icecandidateerror", "value": "{\"url\":\"stun:stun.example:3478\",\"errorCode\":701,\"errorText\":\"timeout\"}"},
        {"time": "x", "timestamp": 1100.0, "type": "connectionstatechange", "value": "\"connected\""}
      ],
      "stats": {
        "IT1-bytesReceived": {"statsType": "inbound-rtp", "values": "[100,300]"},
        "IT1-kind": {"statsType": "inbound-rtp", "values": "[\"video\",\"video\"]"},
        "IT1-mid": {"statsType": "inbound-rtp", "values": "[1,1]"},
        "IT1-framesDecoded": {"statsType": "inbound-rtp", "values": "[9]"},
        "IT1-timestamp": {"statsType": "inbound-rtp", "values": "[1200.1,2200.2]"},
        "IT1-[bytesReceived_in_bits/s]": {"statsType": "inbound-rtp", "values": "[0,1600]"},
        "T1-dtlsState": {"statsType": "transport", "values": "[\"connected\"]"},
        "T1-timestamp": {"statsType": "transport", "values": "[1201.0]"}
      }
    }
  },
  "UserAgent": "x"
}"#;

#[test]
fn webrtc_internals_dump_is_read() {
    let trace = trace(INTERNALS);
    assert!(trace.notes.is_empty(), "{:?}", trace.notes);
    let connection = &trace.connections[0];
    assert_eq!(connection.id, "1-2");
    assert!(connection.events.iter().any(|event| matches!(&event.kind, EventKind::CandidateError { code: 701, .. })));
    assert!(
        connection
            .events
            .iter()
            .any(|event| event.kind == EventKind::State(StateMachine::Connection, "connected".to_owned()))
    );
    assert_eq!(connection.samples.len(), 2, "reports of one moment are one sample: {:?}", connection.samples);
    let frames: Vec<_> = connection
        .samples
        .iter()
        .flat_map(|sample| &sample.reports)
        .filter_map(|report| match report {
            Stats::InboundRtp(inbound) => {
                assert_eq!(inbound.mid.as_deref(), Some("1"), "saved as a number");
                Some((inbound.bytes_received, inbound.frames_decoded))
            }
            _ => None,
        })
        .collect();
    assert_eq!(frames, [(Some(100.0), None), (Some(300.0), Some(9.0))], "a member that came late belongs to the end");
    assert!(
        matches!(&trace.page[1].kind, EventKind::Capture(_, CaptureStep::Failed(error)) if error.starts_with("NotFoundError"))
    );
}

#[test]
fn files_that_are_no_trace_are_refused_in_words() {
    assert_eq!(Trace::read("  \n"), Err(TraceError::Empty));
    assert_eq!(Trace::read("hello"), Err(TraceError::UnknownFormat));
    assert_eq!(Trace::read("{\"a\": 1}"), Err(TraceError::UnknownFormat));
    assert_eq!(Trace::read("[1, 2]"), Err(TraceError::UnknownFormat));
    assert_eq!(Trace::read("RTCStatsDump\n{\"fileFormat\":2}\n"), Err(TraceError::UnknownVersion("2".to_owned())));
    let cut = &INTERNALS[..INTERNALS.len() / 2];
    assert!(matches!(Trace::read(cut), Err(TraceError::Malformed { line, .. }) if line > 5));
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[test]
fn packed_file_reads_as_its_content() {
    let text = file("chrome-relay");
    assert_eq!(Trace::read_file(packed(text.as_bytes())), Ok(trace(&text)));
    assert_eq!(Trace::read_file(text.clone().into_bytes()), Ok(trace(&text)));
}

#[test]
fn damaged_packed_file_gives_what_comes_before_the_damage() {
    let packed = packed(file("chrome-relay").as_bytes());
    let half = Trace::read_file(packed[..packed.len() / 2].to_vec()).unwrap();
    assert!(half.connections[0].events.len() > 10);
    let told = |note: &Note| note.kind == NoteKind::Truncated && note.reason.contains("compressed file is damaged");
    assert!(half.notes.iter().any(told), "{:?}", half.notes);
    assert!(matches!(Trace::read_file(packed[..12].to_vec()), Err(TraceError::Damaged(_))));
    assert!(matches!(Trace::read_file(vec![0x1f, 0x8b, 8, 0]), Err(TraceError::Damaged(_))));
}

#[test]
fn packed_file_that_is_too_large_is_not_unpacked_whole() {
    let zeros = packed(&vec![b'0'; MAX_BYTES + 4096]);
    assert_eq!(Trace::read_file(zeros), Err(TraceError::TooLarge(MAX_BYTES + 1)));
}

#[test]
fn hostile_files_are_read_without_a_panic() {
    let nested = "[".repeat(100_000);
    for text in [
        format!("RTCStatsDump\n{{\"fileFormat\":3}}\n{nested}"),
        format!("{{\"PeerConnections\": {nested}"),
        "{\"PeerConnections\": {\"a\": 1, \"b\": {\"updateLog\": [1, {\"type\": 5}], \"stats\": {\"x-y\": 1, \"-timestamp\": {\"values\": \"[-1]\"}, \"-\": {\"values\": [1]}}}}}".to_owned(),
        "{\"t\": 1e999, \"pc\": null, \"event\": \"x\"}\n".to_owned(),
        "{\"t\": 1, \"pc\": \"a\", \"event\": \"getStats\", \"value\": [1, null, {\"type\": \"transport\"}]}\n{\"t\": 2, \"pc\": \"a\", \"event\": \"onicecandidate\", \"value\": \"candidate: \"}\n".to_owned(),
        "RTCStatsDump\n{\"fileFormat\":3}\n[\"g\",\"a\",{\"0\":{\"96\":{\"cpu\":1}}},1]\n[\"g\",\"a\",{\"0\":{\"96\":5}},1]\n[\"g\",\"a\",7,1]\n[1]\n[]\n[{},null,1,1]\n".to_owned(),
    ] {
        let _ = Trace::read(&text);
    }
}

#[test]
fn exported_trace_reads_as_it_was() {
    for text in
        [file("google-standard-stats-p2p"), file("firefox97-standard-stats-sfu"), INTERNALS.to_owned(), DUMP.to_owned()]
    {
        let before = trace(&text);
        let after = trace(&export(&before, "a browser", Redaction::Whole));
        assert!(after.notes.is_empty(), "{:?}", after.notes);
        let reports = |trace: &Trace| {
            let samples = trace.connections.iter().flat_map(|connection| &connection.samples);
            samples.map(|sample| sample.reports.len()).collect::<Vec<_>>()
        };
        assert_eq!(reports(&after), reports(&before));
        let codes = |trace: &Trace| {
            let report = vitrine_insight::rules::explain(trace);
            let codes = report.connections.into_iter().map(|connection| {
                let codes: Vec<_> = connection.findings.iter().map(|finding| finding.code).collect();
                (connection.pc, connection.verdict, codes)
            });
            let mut codes: Vec<_> = codes.collect();
            codes.sort_by(|one, other| one.0.cmp(&other.0));
            codes
        };
        assert_eq!(codes(&after), codes(&before));
    }
}

#[test]
fn redacted_export_has_no_address_password_or_fingerprint() {
    let sdp = "v=0\r\no=- 1 2 IN IP4 198.51.100.4\r\nc=IN IP6 2001:db8::7\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:abcd\r\n\
        a=ice-pwd:verysecretpassword\r\na=fingerprint:sha-256 AB:CD:EF\r\na=candidate:1 1 udp 1 198.51.100.4 5 typ srflx raddr 10.1.2.3 rport 7\r\n";
    let line = |event: &str, value: serde_json::Value| {
        serde_json::json!({ "t": 1, "pc": "A", "event": event, "value": value }).to_string()
    };
    let text = [
        line("setLocalDescription", serde_json::json!({ "type": "offer", "sdp": sdp })),
        line(
            "onicecandidate",
            serde_json::json!({ "candidate": "candidate:1 1 udp 1 198.51.100.4 5 typ srflx raddr 10.1.2.3 rport 7" }),
        ),
        line("onicecandidateerror", serde_json::json!({ "url": "stun:a", "errorCode": 701, "address": "10.1.2.3" })),
        line(
            "getStats",
            serde_json::json!({
                "L": { "type": "local-candidate", "address": "10.1.2.3", "ip": "10.1.2.3" },
                "C": { "type": "certificate", "fingerprint": "AB:CD:EF" },
            }),
        ),
    ];
    let read = trace(&text.join("\n"));
    let whole = export(&read, "a browser", Redaction::Whole);
    let redacted = export(&read, "a browser", Redaction::Redacted);
    for secret in ["198.51.100.4", "2001:db8::7", "10.1.2.3", "verysecretpassword", "AB:CD:EF"] {
        assert!(whole.contains(secret), "{secret}");
        assert!(!redacted.contains(secret), "{secret}");
    }
    assert!(redacted.contains("a=ice-ufrag:abcd"));
    assert!(trace(&redacted).notes.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn changed_files_are_read_and_explained_without_a_panic(
        which in 0..3_usize,
        cut in 0.0..1.0,
        changes in proptest::collection::vec((0.0..1.0, any::<u8>()), 0..8),
    ) {
        let text = vec![file("firefox97-standard-stats-sfu"), DUMP.to_owned(), INTERNALS.to_owned()].swap_remove(which);
        let mut bytes = text.into_bytes();
        for (place, byte) in changes {
            let place = (bytes.len() as f64 * place) as usize;
            bytes[place] = byte;
        }
        bytes.truncate((bytes.len() as f64 * (1.0 - cut * cut)) as usize);
        if let Ok(trace) = Trace::read(&String::from_utf8_lossy(&bytes)) {
            vitrine_insight::rules::explain(&trace);
        }
    }
}
