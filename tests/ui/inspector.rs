//! The inspector in a real browser: what it shows of a record made for the test, and what it asks of the engine.

use std::sync::Arc;

use crate::support::{Page, attribute, in_call, peer, until};
use leptos::task::tick;
use serde_json::{Value, json};
use vitrine::call::{CallInspection, CallState, Command, Inspected, MeshCell, connection_name};
use vitrine_insight::{
    finding::{Cause, Evidence, Finding, FindingCode, Severity},
    inspection::Inspection,
    rules::explain,
    trace::{Redaction, Trace},
};
use vitrine_protocol::control::{MeshLink, MeshLinkState};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{HtmlElement, HtmlSelectElement};

/// A relayed call that this side offered.
fn relayed() -> Vec<(f64, &'static str, Value)> {
    let sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 AA:BB\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
               a=mid:0\r\na=rtpmap:111 opus/48000/2\r\na=setup:actpass\r\n";
    let theirs = sdp.replace("AA:BB", "CC:DD").replace("actpass", "active");
    let candidate =
        |kind: &str| json!({ "candidate": format!("candidate:1 1 udp 2122260223 192.0.2.7 50000 typ {kind}") });
    let sample = |bytes: u32| {
        json!({
            "T": { "type": "transport", "selectedCandidatePairId": "P", "dtlsState": "connected", "tlsVersion": "FEFD" },
            "P": { "type": "candidate-pair", "id": "P", "localCandidateId": "L", "remoteCandidateId": "R", "state": "succeeded",
                   "nominated": true, "currentRoundTripTime": 0.04, "requestsSent": 9, "responsesReceived": 9 },
            "D": { "type": "candidate-pair", "localCandidateId": "H", "remoteCandidateId": "R", "state": "failed",
                   "requestsSent": 7, "responsesReceived": 0 },
            "L": { "type": "local-candidate", "candidateType": "relay", "relayProtocol": "udp", "address": "192.0.2.7", "port": 1 },
            "H": { "type": "local-candidate", "candidateType": "host", "address": "10.0.0.1", "port": 2 },
            "R": { "type": "remote-candidate", "candidateType": "srflx", "address": "192.0.2.9", "port": 3 },
            "I": { "type": "inbound-rtp", "kind": "audio", "mid": "0", "bytesReceived": bytes, "packetsReceived": bytes / 100 },
            "C": { "type": "data-channel", "label": "control", "state": "open", "messagesSent": 3, "messagesReceived": 4 },
        })
    };
    vec![
        (0.0, "create", json!({ "iceServers": [{ "urls": "turn:turn.example" }] })),
        (1.0, "addEventListener", json!(null)),
        (2.0, "addTrack", json!(["audio", "t", ""])),
        (3.0, "setLocalDescription", json!({ "type": "offer" })),
        (5.0, "setLocalDescriptionOnSuccess", json!({ "type": "offer", "sdp": sdp })),
        (6.0, "signalingMessage", json!({ "sender": "local", "carrier": "server", "name": "offer", "bytes": 1500 })),
        (7.0, "onicecandidate", candidate("relay")),
        (60.0, "signalingMessage", json!({ "sender": "remote", "carrier": "server", "name": "answer", "bytes": 900 })),
        (60.0, "setRemoteDescription", json!({ "type": "answer", "sdp": theirs })),
        (64.0, "setRemoteDescriptionOnSuccess", json!({ "type": "answer" })),
        (65.0, "addIceCandidate", candidate("srflx")),
        (66.0, "onconnectionstatechange", json!("connecting")),
        (67.0, "ontrack", json!(["audio", "r", ""])),
        (90.0, "onconnectionstatechange", json!("connected")),
        (1_000.0, "getStats", sample(0)),
        (2_000.0, "getStats", sample(5_000)),
        (3_000.0, "getStats", sample(10_000)),
    ]
}

fn inspection(events: &[(f64, &str, Value)]) -> Inspection {
    let line = |(time, name, value): &(f64, &str, Value)| {
        json!({ "t": time, "pc": "PC_1", "event": name, "value": value }).to_string()
    };
    let trace = Trace::read(&events.iter().map(line).collect::<Vec<_>>().join("\n")).unwrap();
    let report = explain(&trace);
    Inspection::new(trace.connections[0].clone(), report.connections[0].clone())
}

/// A call with one other, whose connection is looked at.
fn inspected(events: &[(f64, &str, Value)]) -> CallState {
    let one = peer("one");
    let inspection = inspection(events);
    let cell =
        |from, to, state| MeshCell::new(from, to, &MeshLink { session_id: String::new(), state, round_trip: Some(40) });
    let cells =
        vec![cell(None, Some(one.key), MeshLinkState::RelayUdp), cell(Some(one.key), None, MeshLinkState::DirectLocal)];
    let inspection = CallInspection {
        version: 1,
        connection: Some((one.key, Arc::new(inspection))),
        start: 0.0,
        findings: Vec::new(),
        cells,
    };
    CallState { inspection: Some(inspection), ..in_call(vec![one]) }
}

async fn open_section(page: &Page, id: &str) {
    let summary = page.find(&format!("[data-section={id}] > summary")).unwrap();
    summary.unchecked_ref::<HtmlElement>().click();
    until(|| page.find(&format!("[data-section={id}] > .inspect-content")).is_some()).await;
}

async fn choose(page: &Page, value: &str) {
    let select: HtmlSelectElement = page.get("inspect-peer").unchecked_into();
    select.set_value(value);
    select.dispatch_event(&web_sys::Event::new("change").unwrap()).unwrap();
    tick().await;
    tick().await;
}

#[wasm_bindgen_test]
async fn engine_is_asked_while_the_inspector_is_open() {
    let page = Page::open("", in_call(vec![peer("one"), peer("two")])).await;
    page.sent();
    page.click("open-inspector").await;
    assert_eq!(page.sent(), [Command::Inspect(Some(Inspected::Call))], "with several, nobody is chosen yet");
    let one = peer("one");
    choose(&page, &one.person()).await;
    assert_eq!(page.sent(), [Command::Inspect(Some(Inspected::Peer(one.key)))]);
    // The participant is there over another connection.
    page.update(|state| state.peers[0].key += 1).await;
    assert_eq!(page.sent(), [Command::Inspect(Some(Inspected::Peer(one.key + 1)))]);
    page.update(|state| drop(state.peers.remove(0))).await;
    assert_eq!(page.sent(), [Command::Inspect(Some(Inspected::Call))]);
    page.click("close-panel").await;
    assert_eq!(page.sent(), [Command::Inspect(None)]);
}

#[wasm_bindgen_test]
async fn engine_is_asked_on_when_the_language_changes() {
    let page = Page::open("", in_call(vec![peer("one")])).await;
    page.click("open-inspector").await;
    for language in ["ko", "en"] {
        page.sent();
        let select: HtmlSelectElement = page.get("language").unchecked_into();
        select.set_value(language);
        select.dispatch_event(&web_sys::Event::new("change").unwrap()).unwrap();
        tick().await;
        tick().await;
        assert!(page.find("[data-testid=inspector]").is_some());
        let asked = page.sent().into_iter().rfind(|command| matches!(command, Command::Inspect(_)));
        assert!(!matches!(asked, Some(Command::Inspect(None))), "{language}: the engine is told that nobody looks");
    }
}

#[wasm_bindgen_test]
async fn tile_opens_the_inspector_on_its_connection() {
    let page = Page::open("", in_call(vec![peer("one"), peer("two")])).await;
    page.sent();
    let two = peer("two");
    let button = page.find(&format!("[data-peer={}] [data-testid=inspect-tile]", two.id.0)).unwrap();
    button.unchecked_ref::<HtmlElement>().click();
    tick().await;
    tick().await;
    assert_eq!(page.sent(), [Command::Inspect(Some(Inspected::Peer(two.key)))]);
}

#[wasm_bindgen_test]
async fn verdict_says_the_way_why_not_directly_and_what_would_change_it() {
    let page = Page::open("", inspected(&relayed())).await;
    page.click("open-inspector").await;
    assert_eq!(attribute(&page.get("verdict"), "data-code"), "relay-udp");
    assert_eq!(page.text("round-trip"), "40 ms");
    let detour = page.get("detour");
    assert_eq!(attribute(&detour, "data-code"), "nothing-answered");
    assert!(detour.text_content().unwrap().len() > 80);
}

#[wasm_bindgen_test]
async fn steps_have_the_guides_order_lanes_and_explanations() {
    let page = Page::open("", inspected(&relayed())).await;
    page.click("open-inspector").await;
    let rows = page.root.query_selector_all("[data-testid=steps] > li").unwrap();
    let row = |index| rows.get(index).unwrap().unchecked_into::<HtmlElement>();
    let numbers: Vec<_> = (0..rows.length()).map(|index| attribute(&row(index), "data-step")).collect();
    assert_eq!(numbers, (1..=13).map(|number| number.to_string()).collect::<Vec<_>>());
    assert!((0..13).all(|index| row(index).has_attribute("data-reached")), "{}", page.text("steps"));
    assert_eq!((attribute(&row(0), "data-lane"), attribute(&row(4), "data-lane")), ("here".into(), "there".into()));
    assert!(row(4).has_attribute("data-estimated"), "the other page does it");
    let explanation = row(3).query_selector(".hint").unwrap().unwrap();
    assert!(explanation.text_content().unwrap().contains("createOffer"));
}

#[wasm_bindgen_test]
async fn sections_are_made_only_when_they_are_opened() {
    let page = Page::open("", inspected(&relayed())).await;
    page.click("open-inspector").await;
    assert!(page.root.query_selector_all(".inspect-section").unwrap().length() >= 10);
    assert_eq!(page.root.query_selector_all(".inspect-content").unwrap().length(), 1, "the timeline alone is open");
    for (id, expected) in [
        ("pairs", "192.0.2.7:1"),
        ("candidates", "126"),
        ("states", "connected"),
        ("tracks", "kbit/s"),
        ("channels", "control"),
        ("messages", "1.5 kB"),
        ("security", "AA:BB"),
        ("plots", "40 ms"),
    ] {
        open_section(&page, id).await;
        let text = page.find(&format!("[data-section={id}]")).unwrap().text_content().unwrap();
        assert!(text.contains(expected), "{id}: {text}");
    }
    assert!(page.text("safety-code").chars().filter(char::is_ascii_digit).count() == 25);
    let paths = page.root.query_selector_all("[data-testid=plot] path").unwrap();
    let drawn =
        (0..paths.length()).any(|index| attribute(paths.get(index).unwrap().unchecked_ref(), "d").starts_with('M'));
    assert!(drawn);
}

#[wasm_bindgen_test]
async fn description_is_explained_and_compared() {
    let page = Page::open("", inspected(&relayed())).await;
    page.click("open-inspector").await;
    open_section(&page, "descriptions").await;
    assert_eq!(page.root.query_selector_all("[data-testid=description]").unwrap().length(), 2);
    // The latest comes first: the answer.
    let answer = page.get("description");
    answer.query_selector("summary").unwrap().unwrap().unchecked_ref::<HtmlElement>().click();
    until(|| page.find(".sdp-card").is_some()).await;
    let text = answer.text_content().unwrap();
    assert!(text.contains("111 opus") && text.contains("a=setup:active"), "{text}");
    let changes = answer.query_selector(".changes").unwrap().unwrap().text_content().unwrap();
    assert!(changes.contains("a=setup:active") && changes.contains("a=setup:actpass"), "{changes}");
}

#[wasm_bindgen_test]
async fn mesh_shows_each_connection_from_both_ends() {
    let page = Page::open("", inspected(&relayed())).await;
    page.click("open-inspector").await;
    choose(&page, "").await;
    let cell = |from: &str, to: &str| {
        let cell = page.find(&format!("[data-testid=mesh-cell][data-from='{from}'][data-to='{to}']")).unwrap();
        (attribute(&cell, "data-state"), cell.text_content().unwrap())
    };
    assert_eq!(cell("", "one").0, "relay-udp");
    let (state, words) = cell("one", "");
    assert_eq!(state, "direct-local");
    assert!(words.contains("40 ms"), "{words}");
}

#[wasm_bindgen_test]
async fn finding_has_meaning_advice_and_evidence() {
    let mut events = relayed();
    events.push((4_000.0, "onconnectionstatechange", json!("disconnected")));
    events.push((19_000.0, "onconnectionstatechange", json!("failed")));
    let page = Page::open("", inspected(&events)).await;
    page.click("open-inspector").await;
    let finding = page.find("[data-testid=finding][data-code=path-lost]").unwrap();
    assert_eq!((attribute(&finding, "data-pc"), attribute(&finding, "data-severity")), ("PC_1".into(), "error".into()));
    assert!(finding.query_selector("details td").unwrap().is_some(), "{}", finding.outer_html());
    assert_eq!(attribute(&page.get("verdict"), "data-code"), "lost");
}

#[wasm_bindgen_test]
async fn finding_about_the_whole_call_counts_from_its_beginning() {
    let denied = json!({ "t": 1_700_000_002_500.0, "event": "navigator.mediaDevices.getUserMediaOnFailure",
        "value": "NotAllowedError" });
    let findings = explain(&Trace::read(&denied.to_string()).unwrap()).findings;
    let mut state = inspected(&relayed());
    let inspection = state.inspection.as_mut().unwrap();
    (inspection.start, inspection.findings) = (1_700_000_000_000.0, findings);
    let page = Page::open("", state).await;
    page.click("open-inspector").await;
    choose(&page, "").await;
    let finding = page.find("[data-testid=finding][data-code=device-refused]").unwrap();
    assert!(finding.text_content().unwrap().contains("2.5 s"), "{}", finding.outer_html());
}

#[wasm_bindgen_test]
async fn finding_names_the_person_at_the_other_end() {
    let mut state = inspected(&relayed());
    let evidence = |name: String| Evidence { time: 0.0, name, value: "lost".to_owned() };
    let (from, to) = (0.0, 1_000.0);
    let evidence = vec![evidence(connection_name(state.peers[0].key)), evidence("PC_unknown".to_owned())];
    let code = FindingCode::PairBroken;
    let finding = Finding { code, severity: Severity::Error, cause: Cause::Between, from, to, evidence };
    state.inspection.as_mut().unwrap().findings = vec![finding];
    let page = Page::open("", state).await;
    page.click("open-inspector").await;
    choose(&page, "").await;
    let finding = page.find("[data-testid=finding][data-code=pair-broken]").unwrap();
    let words = finding.text_content().unwrap();
    assert!(words.contains("To Name of one") && words.contains("PC_unknown"), "{words}");
}

#[wasm_bindgen_test]
async fn record_is_saved_without_what_tells_of_persons_unless_wanted() {
    let page = Page::open("", in_call(vec![peer("one")])).await;
    page.click("open-inspector").await;
    page.sent();
    page.click("save-record").await;
    page.click("redact").await;
    page.click("save-record").await;
    assert_eq!(page.sent(), [Command::SaveRecord(Redaction::Redacted), Command::SaveRecord(Redaction::Whole)]);
}
