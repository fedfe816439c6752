//! What the rules find: in real calls, and in made ones with samples one and ten seconds apart.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helpers fail by panicking")]

use serde_json::{Value, json};
use vitrine_insight::{
    Language,
    finding::{Cause, Finding, FindingCode as Code, Severity},
    rules::{ConnectionReport, Report, explain},
    trace::Trace,
    verdict::Verdict,
    words,
};

fn real(name: &str) -> Report {
    let path = format!("{}/tests/data/rtcstats/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    explain(&Trace::read(&std::fs::read_to_string(path).unwrap()).unwrap())
}

fn connection<'a>(report: &'a Report, pc: &str) -> &'a ConnectionReport {
    report.connections.iter().find(|connection| connection.pc == pc).unwrap()
}

fn codes(findings: &[Finding]) -> Vec<Code> {
    findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn relayed_call_over_tls_is_called_so_and_udp_is_not_blamed() {
    let report = real("chrome-relay");
    let connection = connection(&report, "PC_0");
    assert_eq!(connection.verdict, Verdict::RelayTls);
    // TLS was the only way that was configured.
    assert!(!codes(&connection.findings).contains(&Code::UdpBlocked));
    assert!(connection.findings.iter().all(|finding| finding.severity != Severity::Error), "{:?}", connection.findings);
}

#[test]
fn call_that_was_lost_for_a_moment_is_connected_again() {
    let report = real("safari-relay");
    let connection = connection(&report, "PC_0");
    assert_eq!(connection.verdict, Verdict::RelayTls);
    let lost: Vec<_> = connection.findings.iter().filter(|finding| finding.code == Code::PathLost).collect();
    assert_eq!(lost.iter().map(|finding| (finding.from, finding.to)).collect::<Vec<_>>(), [(153_552.0, 153_986.0)]);
    assert!(connection.history.iter().any(|(_, verdict)| *verdict == Verdict::Reconnecting));
}

#[test]
fn connections_that_needed_turn_say_so_first() {
    for name in ["chrome-standard-pc-failed", "chrome-standard-pc-reconnect"] {
        let report = real(name);
        for pc in ["PC_1", "PC_2"] {
            let connection = connection(&report, pc);
            assert_eq!(connection.verdict, Verdict::NeverConnected, "{name} {pc}");
            let first = &connection.findings[0];
            assert_eq!((first.code, first.cause, first.severity), (Code::TurnNeeded, Cause::Operator, Severity::Error));
            assert!(
                first.evidence.iter().any(|evidence| evidence.name == "responsesReceived" && evidence.value == "0")
            );
        }
        assert_eq!(connection(&report, "PC_0").verdict, Verdict::Lost, "{name}");
        assert_eq!(codes(&report.findings), [Code::DeviceBusy], "{name}");
    }
    let report = real("chrome-standard-pc-reconnect");
    let findings = codes(&connection(&report, "PC_0").findings);
    assert!(findings.contains(&Code::PathUnstable) && findings.contains(&Code::PathLost), "{findings:?}");
}

#[test]
fn call_within_one_network_is_local() {
    let report = real("google-standard-stats-p2p");
    assert_eq!(connection(&report, "PC_0").verdict, Verdict::DirectLocal);
    assert_eq!(connection(&report, "PC_1").verdict, Verdict::DirectInternet);
    let bad = |finding: &&Finding| finding.severity == Severity::Error;
    assert_eq!(connection(&report, "PC_0").findings.iter().filter(bad).count(), 0);
}

#[test]
fn old_statistics_are_refused_in_words() {
    let report = real("chrome96-standard-stats-p2p-add-transceiver");
    for connection in &report.connections {
        assert_eq!(codes(&connection.findings), [Code::LegacyStats]);
        assert_eq!(connection.verdict, Verdict::Connected);
    }
}

#[test]
fn picture_that_froze_in_firefox_is_found() {
    let report = real("firefox97-standard-stats-sfu");
    let connection = connection(&report, "PC_0");
    // The nominated pair of the statistics is not the one in use.
    assert_eq!(connection.verdict, Verdict::DirectInternet);
    assert_eq!(codes(&connection.findings), [Code::StuckDecoder]);
    assert_eq!(connection.findings[0].severity, Severity::Error);
}

/// A made call of one connection.
struct Call {
    lines: Vec<Value>,
}

impl Call {
    /// A connection of this id that is tried at 0 ms.
    fn tried(pc: &str, servers: &Value) -> Self {
        let mut call = Self { lines: Vec::new() };
        call.event(0.0, pc, "create", json!({ "iceServers": servers }));
        call.event(1.0, pc, "setLocalDescription", json!({ "type": "offer" }));
        call.event(1.0, pc, "onicegatheringstatechange", json!("gathering"));
        call.event(2.0, pc, "onconnectionstatechange", json!("connecting"));
        call
    }

    /// One that connects after 200 ms.
    fn connected(pc: &str) -> Self {
        let mut call = Self::tried(pc, &json!([{ "urls": "stun:a" }]));
        call.event(150.0, pc, "oniceconnectionstatechange", json!("connected"));
        call.event(200.0, pc, "onconnectionstatechange", json!("connected"));
        call
    }

    fn event(&mut self, time: f64, pc: &str, name: &str, value: Value) -> &mut Self {
        self.lines.push(json!({ "t": time, "pc": pc, "event": name, "value": value }));
        self
    }

    fn candidate(&mut self, time: f64, pc: &str, candidate: &str, url: &str) -> &mut Self {
        self.event(time, pc, "onicecandidate", json!({ "candidate": format!("candidate:{candidate}"), "url": url }))
    }

    /// Samples over a minute, made of what `reports` gives for each time in seconds.
    fn samples(&mut self, pc: &str, every: f64, reports: impl Fn(f64) -> Value) -> &mut Self {
        let mut seconds = 1.0;
        while seconds <= 61.0 {
            self.event(seconds * 1_000.0, pc, "getStats", reports(seconds));
            seconds += every;
        }
        self
    }

    fn explain(&self) -> Report {
        let lines: Vec<_> = self.lines.iter().map(Value::to_string).collect();
        explain(&Trace::read(&lines.join("\n")).unwrap())
    }

    fn findings(&self) -> Vec<Finding> {
        self.explain().connections.remove(0).findings
    }
}

/// Reports of a healthy call after so many seconds, changed by `change`.
fn healthy(seconds: f64, change: impl Fn(&mut Value)) -> Value {
    let mut reports = json!({
        "T": { "type": "transport", "selectedCandidatePairId": "P", "dtlsState": "connected", "bytesReceived": seconds * 100_000.0, "bytesSent": seconds * 100_000.0 },
        "P": { "type": "candidate-pair", "localCandidateId": "L", "remoteCandidateId": "R", "state": "succeeded", "nominated": true, "currentRoundTripTime": 0.02, "requestsSent": seconds, "responsesReceived": seconds, "bytesReceived": seconds * 100_000.0 },
        "L": { "type": "local-candidate", "candidateType": "host", "address": "192.168.1.2" },
        "R": { "type": "remote-candidate", "candidateType": "host", "address": "192.168.1.3" },
        "IA": { "type": "inbound-rtp", "kind": "audio", "bytesReceived": seconds * 5_000.0, "packetsReceived": seconds * 50.0, "packetsLost": 0, "totalSamplesReceived": seconds * 48_000.0, "concealedSamples": 0, "silentConcealedSamples": 0, "jitterBufferDelay": seconds * 480.0, "jitterBufferEmittedCount": seconds * 48_000.0 },
        "IV": { "type": "inbound-rtp", "kind": "video", "bytesReceived": seconds * 90_000.0, "packetsReceived": seconds * 90.0, "packetsLost": 0, "framesReceived": seconds * 30.0, "framesDecoded": seconds * 30.0, "framesDropped": 0, "totalDecodeTime": seconds * 0.09, "pliCount": 0 },
        "OA": { "type": "outbound-rtp", "kind": "audio", "mediaSourceId": "SA", "packetsSent": seconds * 50.0, "bytesSent": seconds * 5_000.0 },
        "OV": { "type": "outbound-rtp", "kind": "video", "mediaSourceId": "SV", "packetsSent": seconds * 90.0, "framesEncoded": seconds * 30.0, "totalEncodeTime": seconds * 0.15, "qualityLimitationReason": "none" },
        "SA": { "type": "media-source", "kind": "audio", "audioLevel": 0.1, "totalAudioEnergy": seconds * 0.01 },
        "SV": { "type": "media-source", "kind": "video", "framesPerSecond": 30 },
        "RI": { "type": "remote-inbound-rtp", "kind": "video", "fractionLost": 0.0 },
    });
    change(&mut reports);
    reports
}

/// The findings on a call that is healthy but for `change`, which must be the same for both distances of samples.
fn changed(change: impl Fn(f64, &mut Value)) -> Vec<Finding> {
    let findings = |every| {
        let mut call = Call::connected("A");
        call.samples("A", every, |seconds| healthy(seconds, |reports| change(seconds, reports)));
        call.findings()
    };
    let (often, seldom) = (findings(1.0), findings(10.0));
    assert_eq!(codes(&often), codes(&seldom));
    often
}

#[test]
fn healthy_call_has_no_finding() {
    assert_eq!(changed(|_, _| {}), []);
}

#[test]
fn each_trouble_of_media_is_found_alone() {
    type Change = Box<dyn Fn(f64, &mut Value)>;
    let cases: Vec<(Code, Change)> = vec![
        (Code::CpuLimited, Box::new(|_, reports| reports["OV"]["qualityLimitationReason"] = "cpu".into())),
        (Code::CpuLimited, Box::new(|seconds, reports| reports["OV"]["totalEncodeTime"] = (seconds * 0.9).into())),
        (Code::DecodeLimited, Box::new(|seconds, reports| reports["IV"]["framesDropped"] = (seconds * 6.0).into())),
        (Code::PacketLoss, Box::new(|seconds, reports| reports["IA"]["packetsLost"] = (seconds * 5.0).into())),
        (Code::PacketLoss, Box::new(|_, reports| reports["RI"]["fractionLost"] = 0.08.into())),
        (Code::HighLatency, Box::new(|_, reports| reports["P"]["currentRoundTripTime"] = 0.45.into())),
        (
            Code::HighLatency,
            Box::new(|seconds, reports| reports["IA"]["jitterBufferDelay"] = (seconds * 48_000.0 * 0.3).into()),
        ),
        (
            Code::AudibleConcealment,
            Box::new(|seconds, reports| reports["IA"]["concealedSamples"] = (seconds * 4_800.0).into()),
        ),
        (
            Code::SilentMicrophone,
            Box::new(|_, reports| {
                reports["SA"]["totalAudioEnergy"] = 0.0.into();
                reports["SA"]["audioLevel"] = 0.0.into();
            }),
        ),
        (Code::NoMediaSent, Box::new(|_, reports| reports["OV"]["packetsSent"] = 90.into())),
        (
            Code::MutedRemote,
            Box::new(|_, reports| {
                reports["IA"] =
                    json!({ "type": "inbound-rtp", "kind": "audio", "bytesReceived": 5_000, "packetsReceived": 50 })
            }),
        ),
        (
            Code::StuckDecoder,
            Box::new(|seconds, reports| {
                reports["IV"]["framesDecoded"] = 30.into();
                reports["IV"]["pliCount"] = seconds.into();
            }),
        ),
        (
            Code::CameraLimited,
            Box::new(|seconds, reports| {
                // Found between second 20 and 50, where samples of either distance fall.
                let frames = if (20.0..50.0).contains(&seconds) { 8 } else { 30 };
                reports["SV"]["framesPerSecond"] = frames.into();
                if frames == 8 {
                    reports["OV"]["qualityLimitationReason"] = Value::Null;
                }
            }),
        ),
    ];
    for (code, change) in cases {
        let findings = changed(change);
        assert_eq!(codes(&findings), [code]);
        assert!(!findings[0].evidence.is_empty(), "{code:?}");
        assert!(findings[0].from >= 1_000.0 && findings[0].to > findings[0].from, "{code:?}");
    }
}

#[test]
fn connection_over_which_nothing_arrives_is_an_error() {
    let findings = changed(|_, reports| {
        for (id, member) in
            [("T", "bytesReceived"), ("P", "bytesReceived"), ("IA", "bytesReceived"), ("IV", "bytesReceived")]
        {
            reports[id][member] = 1_000.into();
        }
        for id in ["IA", "IV"] {
            reports[id] = json!({ "type": "inbound-rtp", "kind": if id == "IA" { "audio" } else { "video" }, "bytesReceived": 500, "packetsReceived": 5 });
        }
    });
    assert_eq!(codes(&findings), [Code::NoMediaReceived]);
    assert_eq!(findings[0].severity, Severity::Error);
}

#[test]
fn counters_that_start_again_are_no_trouble() {
    // Half a minute in, every counter begins again, as after a new SSRC.
    assert_eq!(
        changed(|seconds, reports| {
            if seconds > 30.0 {
                *reports = healthy(seconds - 30.0, |_| {});
            }
        }),
        []
    );
}

#[test]
fn busy_machine_comes_before_the_delay_that_it_causes() {
    let findings = changed(|_, reports| {
        reports["OV"]["qualityLimitationReason"] = "cpu".into();
        reports["P"]["currentRoundTripTime"] = 0.45.into();
    });
    assert_eq!(codes(&findings), [Code::CpuLimited, Code::HighLatency]);
}

#[test]
fn congestion_needs_a_change_of_the_delay() {
    let held_back = |reports: &mut Value| reports["OV"]["qualityLimitationReason"] = "bandwidth".into();
    assert_eq!(changed(|_, reports| held_back(reports)), []);
    let findings = changed(|seconds, reports| {
        held_back(reports);
        reports["P"]["currentRoundTripTime"] = (if seconds > 40.0 { 0.28 } else { 0.02 }).into();
    });
    assert_eq!(codes(&findings), [Code::Congestion]);
}

#[test]
fn narrow_upload_is_congestion_once_it_lasts() {
    let narrow = |reports: &mut Value, bits: f64| {
        reports["OV"]["qualityLimitationReason"] = "bandwidth".into();
        reports["P"]["availableOutgoingBitrate"] = bits.into();
    };
    let findings = changed(|_, reports| narrow(reports, 280_000.0));
    assert_eq!(codes(&findings), [Code::Congestion]);
    assert!(findings[0].evidence.iter().any(|evidence| evidence.value == "280 kbit/s"), "{findings:?}");
    // A call begins with a low estimate.
    assert_eq!(changed(|seconds, reports| narrow(reports, if seconds < 10.0 { 300_000.0 } else { 2_000_000.0 })), []);
    assert_eq!(changed(|_, reports| reports["P"]["availableOutgoingBitrate"] = 280_000.0.into()), []);
}

#[test]
fn page_that_slept_is_told_and_measures_nothing_meanwhile() {
    let mut call = Call::connected("A");
    for second in (1..20).chain(60..80) {
        // The time asleep is as if everything was lost.
        let lost = if second >= 60 { 9_000.0 } else { 0.0 };
        let reports = healthy(f64::from(second), |reports| reports["IA"]["packetsLost"] = lost.into());
        call.event(f64::from(second) * 1_000.0, "A", "getStats", reports);
    }
    let findings = call.findings();
    assert_eq!(codes(&findings), [Code::PageSlept]);
    assert_eq!((findings[0].from, findings[0].to), (19_000.0, 60_000.0));
}

#[test]
fn other_page_that_slept_is_told_apart_from_a_lost_path() {
    let control = |seconds: f64, reports: &mut Value, received: f64| {
        // Not in every interval.
        let sent = (seconds / 3.0).floor() * 6.0;
        reports["D"] =
            json!({ "type": "data-channel", "label": "control", "messagesSent": sent, "messagesReceived": received });
    };
    assert_eq!(changed(|seconds, reports| control(seconds, reports, seconds * 4.0)), []);
    let findings = changed(|seconds, reports| control(seconds, reports, seconds.min(21.0) * 4.0));
    assert_eq!(codes(&findings), [Code::PageSlept]);
    assert_eq!((findings[0].cause, findings[0].from), (Cause::Theirs, 21_000.0));
    let words = [Language::English, Language::Korean].map(|language| words::meaning(&findings[0], language));
    assert!(words[0].contains("other side") && words[1].contains("상대방"), "{words:?}");
    // When nothing arrives at all, the path may be the reason.
    let findings = changed(|seconds, reports| {
        control(seconds, reports, seconds.min(21.0) * 4.0);
        reports["T"]["bytesReceived"] = (seconds.min(21.0) * 100_000.0).into();
        reports["IA"]["bytesReceived"] = (seconds.min(21.0) * 5_000.0).into();
        reports["IV"]["bytesReceived"] = (seconds.min(21.0) * 90_000.0).into();
    });
    assert!(!codes(&findings).contains(&Code::PageSlept), "{findings:?}");
}

const HOST: &str = "1 1 udp 2122260223 192.168.1.2 50000 typ host";
const REFLEXIVE: &str = "2 1 udp 1686052607 198.51.100.7 40000 typ srflx raddr 192.168.1.2 rport 50000";

#[test]
fn relay_that_never_answers_is_told_though_the_search_never_ends() {
    let mut call = Call::tried("A", &json!([{ "urls": "turn:a:3478" }]));
    call.candidate(5.0, "A", HOST, "");
    assert_eq!(call.findings(), []);
    for restart in 1..4 {
        call.event(f64::from(restart) * 8_000.0, "A", "onicegatheringstatechange", json!("gathering"));
    }
    call.event(25_000.0, "A", "onconnectionstatechange", json!("failed"));
    assert_eq!(codes(&call.findings()), [Code::TurnUnreachable]);
}

#[test]
fn servers_that_refuse_are_told_with_their_reason() {
    for (number, code) in [(401, Code::TurnCredentials), (486, Code::TurnQuota), (701, Code::TurnUnreachable)] {
        let mut call = Call::tried("A", &json!([{ "urls": "turn:a:3478" }]));
        call.candidate(5.0, "A", HOST, "")
            .event(
                60.0,
                "A",
                "onicecandidateerror",
                json!({ "url": "turn:a:3478", "errorCode": number, "errorText": "no" }),
            )
            .event(70.0, "A", "onicegatheringstatechange", json!("complete"))
            .event(15_100.0, "A", "onconnectionstatechange", json!("failed"));
        let findings = call.findings();
        assert_eq!(codes(&findings), [code]);
        assert_eq!(findings[0].severity, Severity::Error);
        assert!(findings[0].evidence.iter().any(|evidence| evidence.value.starts_with(&number.to_string())));
    }
}

#[test]
fn failed_address_of_a_server_that_answered_is_harmless() {
    let mut call = Call::tried("A", &json!([{ "urls": "stun:a:3478" }]));
    call.candidate(5.0, "A", HOST, "")
        .candidate(60.0, "A", REFLEXIVE, "stun:a:3478")
        .event(61.0, "A", "onicecandidateerror", json!({ "url": "stun:a:3478", "errorCode": 701, "errorText": "IPv6" }))
        .event(70.0, "A", "onicegatheringstatechange", json!("complete"))
        .event(200.0, "A", "onconnectionstatechange", json!("connected"));
    assert_eq!(call.findings(), []);
}

#[test]
fn stun_that_does_not_answer_is_told_but_not_for_a_public_address() {
    let findings =
        |host: &str| {
            let mut call = Call::tried("A", &json!([{ "urls": "stun:a:3478" }]));
            call.candidate(5.0, "A", host, "")
                .event(9_000.0, "A", "onicegatheringstatechange", json!("complete"))
                .event(9_100.0, "A", "onconnectionstatechange", json!("connected"));
            codes(&call.findings())
        };
    assert_eq!(findings(HOST), [Code::StunUnreachable]);
    assert_eq!(findings("1 1 udp 2122260223 203.0.113.9 50000 typ host"), []);
}

#[test]
fn router_with_another_port_for_each_server_is_a_symmetric_nat() {
    let other = REFLEXIVE.replace("40000", "40001").replace("2 1 udp", "3 1 udp");
    let mut call = Call::tried("A", &json!([{ "urls": ["stun:a", "stun:b"] }]));
    call.candidate(5.0, "A", HOST, "")
        .candidate(20.0, "A", REFLEXIVE, "stun:a")
        .candidate(30.0, "A", &other, "stun:b")
        .event(15_000.0, "A", "onconnectionstatechange", json!("failed"));
    let findings = codes(&call.findings());
    assert_eq!(findings, [Code::SymmetricNat, Code::TurnNeeded]);
}

#[test]
fn udp_is_blocked_if_it_was_wanted_and_only_tls_came() {
    let relay = "4 1 udp 8331263 203.0.113.1 57514 typ relay raddr 0.0.0.0 rport 0";
    let findings = |servers: Value| {
        let mut call = Call::tried("A", &servers);
        call.candidate(5.0, "A", HOST, "")
            .candidate(90.0, "A", relay, "turns:a:443?transport=tcp")
            .event(9_000.0, "A", "onicegatheringstatechange", json!("complete"))
            .event(9_500.0, "A", "onconnectionstatechange", json!("connected"));
        codes(&call.findings())
    };
    assert_eq!(findings(json!([{ "urls": ["turn:a:3478", "turns:a:443?transport=tcp"] }])), [Code::UdpBlocked]);
    assert_eq!(findings(json!([{ "urls": "turns:a:443?transport=tcp" }])), []);
}

#[test]
fn slow_server_delays_by_more_than_half_a_second() {
    let findings = |time| {
        let mut call = Call::tried("A", &json!([{ "urls": "stun:a" }]));
        call.candidate(5.0, "A", HOST, "").candidate(time, "A", REFLEXIVE, "stun:a").event(
            time + 100.0,
            "A",
            "onconnectionstatechange",
            json!("connected"),
        );
        codes(&call.findings())
    };
    assert_eq!(findings(400.0), []);
    assert_eq!(findings(900.0), [Code::SlowGathering]);
}

#[test]
fn path_without_encryption_is_told() {
    let mut call = Call::tried("A", &json!([{ "urls": "stun:a" }]));
    call.candidate(5.0, "A", HOST, "")
        .candidate(50.0, "A", REFLEXIVE, "stun:a")
        .event(100.0, "A", "oniceconnectionstatechange", json!("connected"))
        .event(30_000.0, "A", "onconnectionstatechange", json!("failed"));
    let report = call.explain();
    assert_eq!(codes(&report.connections[0].findings), [Code::DtlsFailed]);
    assert_eq!(report.connections[0].verdict, Verdict::NeverConnected);
}

#[test]
fn relay_that_passes_nothing_on_is_told() {
    let mut call = Call::tried("A", &json!([{ "urls": "turn:a" }]));
    call.candidate(90.0, "A", "4 1 udp 41885695 203.0.113.1 57514 typ relay raddr 0.0.0.0 rport 0", "turn:a")
        .event(100.0, "A", "onicegatheringstatechange", json!("complete"))
        .event(10_000.0, "A", "getStats", json!({
            "P": { "type": "candidate-pair", "localCandidateId": "L", "remoteCandidateId": "R", "requestsSent": 12, "responsesReceived": 0 },
            "L": { "type": "local-candidate", "candidateType": "relay", "relayProtocol": "udp", "address": "203.0.113.1" },
            "R": { "type": "remote-candidate", "candidateType": "srflx", "address": "198.51.100.1" },
        }))
        .event(16_000.0, "A", "onconnectionstatechange", json!("failed"));
    assert_eq!(codes(&call.findings()), [Code::PeerPermission]);
}

#[test]
fn answer_that_does_not_come_is_told() {
    let mut call = Call::tried("A", &json!([]));
    call.event(3.0, "A", "onsignalingstatechange", json!("have-local-offer")).event(40_000.0, "A", "other", json!(1));
    let findings = call.findings();
    assert_eq!(codes(&findings), [Code::AnswerMissing]);
    assert_eq!(findings[0].severity, Severity::Error);
}

#[test]
fn offers_that_cross_are_glare() {
    let mut call = Call::connected("A");
    call.event(5_000.0, "A", "onsignalingstatechange", json!("have-local-offer"))
        .event(5_010.0, "A", "onsignalingstatechange", json!("have-remote-offer"))
        .event(5_020.0, "A", "onsignalingstatechange", json!("stable"));
    let findings = call.findings();
    assert_eq!((codes(&findings), findings[0].severity), (vec![Code::Glare], Severity::Info));
    // As Chromium tells of it: the rollback passes through `stable`.
    let mut call = Call::connected("A");
    call.event(5_000.0, "A", "onsignalingstatechange", json!("have-local-offer"))
        .event(5_010.0, "A", "setRemoteDescription", json!({ "type": "offer" }))
        .event(5_011.0, "A", "onsignalingstatechange", json!("stable"))
        .event(5_012.0, "A", "onsignalingstatechange", json!("have-remote-offer"))
        .event(5_020.0, "A", "onsignalingstatechange", json!("stable"));
    let findings = call.findings();
    assert_eq!((codes(&findings), findings[0].severity), (vec![Code::Glare], Severity::Info));
    assert_eq!(findings[0].evidence.len(), 1);
    // An answer is none.
    let mut call = Call::connected("A");
    call.event(5_000.0, "A", "onsignalingstatechange", json!("have-local-offer"))
        .event(5_010.0, "A", "setRemoteDescription", json!({ "type": "answer" }))
        .event(5_011.0, "A", "onsignalingstatechange", json!("stable"))
        .event(9_000.0, "A", "setRemoteDescription", json!({ "type": "offer" }))
        .event(9_012.0, "A", "onsignalingstatechange", json!("have-remote-offer"));
    assert_eq!(call.findings(), []);
}

#[test]
fn one_broken_pair_of_a_working_room_is_named() {
    let mut room = Call::connected("A");
    for pc in ["B", "C"] {
        room.lines.extend(Call::connected(pc).lines);
        room.event(30_000.0, pc, "other", json!(1));
    }
    room.event(30_000.0, "A", "other", json!(1));
    let mut broken = Call::tried("D", &json!([{ "urls": "turn:a" }]));
    broken.candidate(5.0, "D", "4 1 udp 41885695 203.0.113.1 57514 typ relay raddr 0.0.0.0 rport 0", "turn:a");
    broken.event(15_000.0, "D", "onconnectionstatechange", json!("failed"));
    room.lines.extend(broken.lines);
    let report = room.explain();
    assert_eq!(codes(&report.findings), [Code::PairBroken]);
    assert_eq!(codes(&connection(&report, "D").findings), [Code::PairBroken]);
    assert_eq!(connection(&report, "A").findings, []);
}

#[test]
fn full_upload_of_all_connections_is_one_finding() {
    for every in [1.0, 10.0] {
        let mut room = Call::connected("A");
        room.lines.extend(Call::connected("B").lines);
        for pc in ["A", "B"] {
            room.samples(pc, every, |seconds| {
                healthy(seconds, |reports| {
                    reports["OV"]["qualityLimitationReason"] = "bandwidth".into();
                    reports["P"]["availableOutgoingBitrate"] = 820_000.into();
                })
            });
        }
        assert_eq!(codes(&room.explain().findings), [Code::UplinkShared], "every {every} s");
    }
}

#[test]
fn device_problems_belong_to_the_page() {
    for (error, code) in [
        ("NotAllowedError: Permission denied", Code::DeviceRefused),
        ("NotReadableError", Code::DeviceBusy),
        ("NotFoundError: Requested device not found", Code::DeviceMissing),
    ] {
        let mut call = Call::connected("A");
        call.lines.push(
            json!({ "t": 0, "pc": null, "event": "navigator.mediaDevices.getUserMediaOnFailure", "value": error }),
        );
        assert_eq!(codes(&call.explain().findings), [code]);
    }
}

#[test]
fn verdict_is_how_it_stood_before_it_was_closed() {
    let mut call = Call::connected("A");
    call.samples("A", 10.0, |seconds| healthy(seconds, |_| {})).event(62_000.0, "A", "close", Value::Null).event(
        62_001.0,
        "A",
        "onconnectionstatechange",
        json!("closed"),
    );
    let report = call.explain();
    assert_eq!(report.connections[0].verdict, Verdict::DirectLocal);
    let names: Vec<_> = report.connections[0].history.iter().map(|(_, verdict)| verdict.name()).collect();
    assert_eq!(names, ["connecting", "direct-local"]);
    let mut untried = Call { lines: Vec::new() };
    untried.event(0.0, "A", "create", json!({})).event(5.0, "A", "close", Value::Null);
    assert_eq!(untried.explain().connections[0].verdict, Verdict::Closed);
}

#[test]
fn every_kind_of_finding_has_words_in_both_languages() {
    for code in Code::ALL {
        let finding = Finding {
            code: *code,
            severity: Severity::Info,
            cause: Cause::Ours,
            from: 0.0,
            to: 0.0,
            evidence: Vec::new(),
        };
        for words in [words::meaning, words::advice] {
            let (english, korean) = (words(&finding, Language::English), words(&finding, Language::Korean));
            assert!(english.ends_with('.') && korean.ends_with('.') && english != korean, "{code:?}");
        }
    }
}

#[test]
fn report_is_json_of_a_fixed_form() {
    let report = serde_json::to_value(real("chrome-standard-pc-failed")).unwrap();
    let finding = &report["connections"][1]["findings"][0];
    assert_eq!(report["connections"][1]["verdict"], "never-connected");
    assert_eq!(finding["code"], "turn-needed");
    assert_eq!(finding["severity"], "error");
    for member in ["from", "to", "evidence", "meaning", "advice"] {
        assert!(!finding[member].is_null(), "{member}");
    }
    assert_eq!(report["findings"][0]["code"], "device-busy");
}
