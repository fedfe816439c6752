//! Conversion between JavaScript, JSON and Rust in a real browser: the corpus of hostile texts and the sample of
//! statistics that the native tests use, and the browser's own objects.

#[path = "../../crates/protocol/tests/corpus/mod.rs"]
mod corpus;
#[path = "../../crates/insight/tests/sample/mod.rs"]
mod sample;

use serde::de::DeserializeOwned;
use vitrine::browser::{
    json::{JsonError, from_js, parse, to_js, to_text},
    statistics,
};
use vitrine_insight::stats::Stats;
use vitrine_protocol::{
    client_event::{ClientEvent, ToPeer},
    control::{ChatRecord, ControlMessage, Limit, MeshLink, MeshLinkState, Reaction, RelayProtocol},
    json_limits::LimitError,
    signaling::{DescriptionTag, IceCandidate, IceServer, SdpType, SessionDescription, UserId},
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{RtcIceCandidate, RtcIceCandidateInit, RtcPeerConnection, RtcStatsReport};

struct InBrowser;

impl corpus::Reader for InBrowser {
    fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
        parse(text).map_err(|error| error.to_string())
    }
}

#[wasm_bindgen_test]
fn hostile_texts_do_no_harm() {
    corpus::check::<InBrowser>();
}

#[wasm_bindgen_test]
fn statistics_read_the_same_from_file_and_browser() {
    let by_id = js_sys::JSON::parse(sample::SAMPLE).unwrap();
    // A browser's report is a map.
    let map = js_sys::Map::new();
    for entry in js_sys::Object::entries(by_id.unchecked_ref()).iter() {
        let entry: js_sys::Array = entry.unchecked_into();
        map.set(&entry.get(0), &entry.get(1));
    }
    sample::assert_is_sample(&statistics::read(map.unchecked_ref(), |_| true));
    assert_eq!(statistics::read(map.unchecked_ref(), |name| name == "transport").len(), 1);
}

#[wasm_bindgen_test]
async fn browsers_own_statistics_are_read() {
    let connection = RtcPeerConnection::new().unwrap();
    connection.create_data_channel("any");
    let report: RtcStatsReport = JsFuture::from(connection.get_stats()).await.unwrap().unchecked_into();
    let read = statistics::read(&report, |_| true);
    connection.close();
    // Firefox has no report of the connection itself.
    let is_known = |stats: &&Stats| matches!(stats, Stats::PeerConnection(_) | Stats::DataChannel(_));
    assert!(read.iter().any(|stats| is_known(&stats)), "{read:?}");
}

#[wasm_bindgen_test]
fn messages_serialize_as_with_serde_json() {
    let tag = DescriptionTag { connection: "c".to_owned(), to: None, serial: u32::MAX, polite: true, answers: Some(1) };
    let offer = SessionDescription { kind: SdpType::Offer, sdp: "v=0\r\n한\u{1f600}\0".to_owned(), tag: Some(tag) };
    let candidate = IceCandidate { candidate: "candidate:1".to_owned(), ..IceCandidate::default() };
    let record = ChatRecord { author: "s".into(), name: "지수".into(), number: 1, age: 60_000, text: "hi".into() };
    let messages = [
        ControlMessage::Hello { name: "\"지수\\".to_owned(), session_id: "s".to_owned(), version: 1 },
        ControlMessage::Returning { user_id: UserId("b".to_owned()) },
        ControlMessage::Description { description: offer.clone() },
        ControlMessage::Candidate { candidate },
        ControlMessage::Name { name: "\"지수\\".to_owned() },
        ControlMessage::Hand { raised: true, age: u32::MAX },
        ControlMessage::Reaction { kind: Reaction::ThumbsUp },
        ControlMessage::AskToMute,
        ControlMessage::Limit { by: Some(Limit::Bandwidth) },
        ControlMessage::Limit { by: None },
        ControlMessage::Links {
            links: vec![MeshLink { session_id: "s".to_owned(), state: MeshLinkState::RelayTls, round_trip: None }],
        },
        ControlMessage::Ping,
        ControlMessage::Media { audio: true, video: false },
        ControlMessage::Path { relay: None },
        ControlMessage::Screen { stream: None },
        ControlMessage::Screen { stream: Some("{screen}".to_owned()) },
        ControlMessage::Path { relay: Some(RelayProtocol::Tls) },
        ControlMessage::Chat { number: 4, previous: 3, age: 7, text: "\n안녕\u{2028}".to_owned(), private: true },
        ControlMessage::ChatReceived { number: u32::MAX },
        ControlMessage::ChatHistoryRequest { since: None },
        ControlMessage::ChatHistory { messages: Some(vec![record]), more: true },
        ControlMessage::ChatHistory { messages: None, more: false },
    ];
    for message in messages {
        let text = to_text(&message).unwrap();
        assert_eq!(text, serde_json::to_string(&message).unwrap());
        assert_eq!(parse(&text), Ok(message));
    }
    let event = ClientEvent::ToPeer(ToPeer { target: UserId("b".to_owned()), signal: offer.into() });
    for event in [event, ClientEvent::JoinRoom("R".to_owned()), ClientEvent::LeaveRoom] {
        assert_eq!(to_text(&event).unwrap(), serde_json::to_string(&event).unwrap());
    }
}

#[wasm_bindgen_test]
fn candidate_round_trips_through_browser() {
    let init = RtcIceCandidateInit::new("candidate:1 1 udp 1 192.0.2.1 9 typ host");
    init.set_sdp_mid(Some("0"));
    init.set_sdp_m_line_index(Some(0));
    let candidate = RtcIceCandidate::new(&init).unwrap();
    let read: IceCandidate = from_js(candidate.to_json().into()).unwrap();
    assert_eq!(read.candidate, "candidate:1 1 udp 1 192.0.2.1 9 typ host");
    assert_eq!((read.sdp_mid.as_deref(), read.sdp_m_line_index), (Some("0"), Some(0)));
    let written: RtcIceCandidateInit = to_js(&read).unwrap().unchecked_into();
    assert_eq!(RtcIceCandidate::new(&written).unwrap().candidate(), read.candidate);
}

#[wasm_bindgen_test]
fn ice_servers_omit_missing_fields() {
    let server = IceServer { urls: vec!["stun:a".to_owned()], username: None, credential: None };
    let written = to_js(&[server]).unwrap();
    assert_eq!(String::from(js_sys::JSON::stringify(&written).unwrap()), r#"[{"urls":["stun:a"]}]"#);
}

#[wasm_bindgen_test]
fn error_messages_are_short() {
    assert_eq!(parse::<UserId>(&"[".repeat(65)), Err(JsonError::Limit(LimitError::TooDeep)));
    assert!(matches!(parse::<UserId>("{"), Err(JsonError::Syntax(_))));
    let wrong = from_js::<ControlMessage>(JsValue::from("x".repeat(100_000))).unwrap_err();
    assert!(wrong.to_string().chars().count() <= 200, "{wrong}");
}
