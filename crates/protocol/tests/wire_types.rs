//! The messages as they stand on the wire, in literal JSON: what Vitrine writes, and what plain Socket.IO clients and
//! servers write.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use proptest::prelude::*;
use serde_json::{Value, json};
use vitrine_protocol::control::{ControlMessage, ControlMessageError, RelayProtocol};
use vitrine_protocol::json::Json;
use vitrine_protocol::signaling::{
    Acquaintance, DescriptionTag, Entered, ErrorCode, IceCandidate, IceServer, IceServers, Introduction, Left,
    Presence, Refused, RequestError, SdpType, SessionDescription, UserId,
};
use vitrine_protocol::wire::Read;

/// Both ways.
#[track_caller]
fn assert_wire<T>(value: &T, json: Value)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    assert_eq!(serde_json::to_value(value).unwrap(), json);
    assert_eq!(&serde_json::from_value::<T>(json).unwrap(), value);
}

/// As the server reads it, and as the page does.
#[track_caller]
fn assert_reads<T>(json: Value, value: T)
where
    T: serde::de::DeserializeOwned + Read + PartialEq + std::fmt::Debug,
{
    assert_eq!(T::read(&own(&json)).as_ref(), Ok(&value));
    assert_eq!(serde_json::from_value::<T>(json).unwrap(), value);
}

/// Neither the server nor the page reads it.
#[track_caller]
fn assert_refused<T: serde::de::DeserializeOwned + Read>(json: Value) {
    assert!(T::read(&own(&json)).is_err(), "{json}");
    assert!(serde_json::from_value::<T>(json).is_err());
}

/// Both ways, on the server and in the page.
#[track_caller]
fn assert_page_wire<T>(value: &T, json: Value)
where
    T: serde::Serialize + serde::de::DeserializeOwned + Read + PartialEq + std::fmt::Debug,
    Json: for<'a> From<&'a T>,
{
    assert_eq!(T::read(&own(&json)).as_ref(), Ok(value));
    assert_eq!(serde_json::from_str::<Value>(&Json::from(value).encode()).unwrap(), json);
    assert_wire(value, json);
}

fn own(json: &Value) -> Json {
    Json::parse(&json.to_string()).unwrap()
}

#[test]
fn descriptions_are_those_of_the_browser() {
    let description = |kind, sdp: &str| SessionDescription::new(kind, sdp);
    assert_page_wire(&description(SdpType::Offer, "v=0\r\n"), json!({"type": "offer", "sdp": "v=0\r\n"}));
    assert_page_wire(&description(SdpType::Answer, "v=0\r\n"), json!({"type": "answer", "sdp": "v=0\r\n"}));
    assert_page_wire(&description(SdpType::Pranswer, ""), json!({"type": "pranswer", "sdp": ""}));
    assert_reads(json!({"type": "rollback"}), description(SdpType::Rollback, ""));
    assert_reads(json!({"type": "offer", "sdp": "v=0\r\n", "extra": 1}), description(SdpType::Offer, "v=0\r\n"));
    for malformed in
        [json!({"type": "OFFER", "sdp": ""}), json!({"sdp": ""}), json!({"type": "offer", "sdp": null}), json!(1)]
    {
        assert_refused::<SessionDescription>(malformed);
    }
}

#[test]
fn a_candidate_is_the_browsers_whole_json() {
    let candidate = IceCandidate {
        candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host generation 0 ufrag abcd".to_owned(),
        sdp_mid: Some("0".to_owned()),
        sdp_m_line_index: Some(0),
        username_fragment: Some("abcd".to_owned()),
        ..IceCandidate::default()
    };
    assert_page_wire(
        &candidate,
        json!({
            "candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host generation 0 ufrag abcd",
            "sdpMid": "0",
            "sdpMLineIndex": 0,
            "usernameFragment": "abcd",
        }),
    );
}

#[test]
fn a_candidate_may_lack_members_have_nulls_and_have_unknown_ones() {
    let candidate = IceCandidate { candidate: "candidate:1".to_owned(), ..IceCandidate::default() };
    assert_reads(json!({"candidate": "candidate:1"}), candidate.clone());
    assert_reads(
        json!({"candidate": "candidate:1", "sdpMid": null, "sdpMLineIndex": null, "usernameFragment": null, "foundation": "1"}),
        candidate,
    );
}

#[test]
fn urls_of_an_ice_server_are_a_string_or_an_array() {
    let stun = IceServer { urls: vec!["stun:stun.l.google.com:19302".to_owned()], username: None, credential: None };
    assert_page_wire(&stun, json!({"urls": ["stun:stun.l.google.com:19302"]}));
    assert_reads(json!({"urls": "stun:stun.l.google.com:19302"}), stun);
    let turn = IceServer {
        urls: vec!["turn:turn.example.com:3478".to_owned(), "turns:turn.example.com:5349".to_owned()],
        username: Some("user".to_owned()),
        credential: Some("password".to_owned()),
    };
    let urls = ["turn:turn.example.com:3478", "turns:turn.example.com:5349"];
    assert_page_wire(&turn, json!({"urls": urls, "username": "user", "credential": "password"}));
    for malformed in [json!({}), json!({"urls": 1}), json!({"urls": [1]}), json!({"urls": null})] {
        assert_refused::<IceServer>(malformed);
    }
}

#[test]
fn a_plain_server_acknowledges_with_little() {
    let granted = Entered { success: true, ..Entered::default() };
    assert_wire(&granted, json!({"success": true}));
    assert_reads(json!({"success": true}), granted.clone());
    assert_reads(
        json!({"success": true, "roomId": "R", "existingUsers": ["a", "b"], "motd": "hi"}),
        Entered {
            room_id: Some("R".to_owned()),
            existing_users: Some(vec![UserId("a".to_owned()), UserId("b".to_owned())]),
            ..granted
        },
    );
    assert_reads(json!({}), Entered::default());
    assert_wire(&Left { success: true, error: None }, json!({"success": true}));
}

#[test]
fn vitrines_server_acknowledges_with_everything() {
    let server = IceServer { urls: vec!["stun:x".to_owned()], username: None, credential: None };
    let entered = Entered {
        success: true,
        room_id: Some("R".to_owned()),
        existing_users: Some(vec![]),
        ice_servers: Some(vec![server]),
        ice_servers_lifetime: Some(86_400),
        error: None,
    };
    let json = json!({"success": true, "roomId": "R", "existingUsers": [], "iceServers": [{"urls": ["stun:x"]}],
        "iceServersLifetime": 86_400});
    assert_wire(&entered, json.clone());
    assert_reads(json, entered);
    assert_refused::<Entered>(json!({"success": true, "existingUsers": [1]}));
    assert_refused::<Entered>(json!({"success": "yes"}));
}

#[test]
fn one_unreadable_ice_server_takes_no_other_with_it() {
    let json =
        json!({"success": true, "iceServers": [{"url": "stun:y", "credential": "secret"}, {"urls": "stun:z"}, 7]});
    let server = |url: &str| IceServer { urls: vec![url.to_owned()], username: None, credential: None };
    let servers = vec![server(r#"{"url":"stun:y"}"#), server("stun:z"), server("7")];
    let read = IceServers { success: true, ice_servers: Some(servers), ..IceServers::default() };
    assert_eq!(IceServers::read(&own(&json)), Ok(read));
}

#[test]
fn ice_servers_are_named_anew() {
    let server = IceServer { urls: vec!["stun:x".to_owned()], username: None, credential: None };
    let granted = IceServers { success: true, ice_servers: Some(vec![server]), ..IceServers::default() };
    let json = json!({"success": true, "iceServers": [{"urls": ["stun:x"]}]});
    assert_wire(&granted, json.clone());
    assert_reads(json, granted.clone());
    let json = json!({"success": true, "iceServers": [{"urls": "stun:x"}], "iceServersLifetime": 600});
    assert_reads(json, IceServers { ice_servers_lifetime: Some(600), ..granted });
    assert_reads(json!({"success": false}), IceServers::default());
    for malformed in [json!({"success": true, "iceServersLifetime": -1}), json!({"iceServers": {}})] {
        assert_refused::<IceServers>(malformed);
    }
}

#[test]
fn refusals_name_a_code_and_say_it_in_words() {
    let error = RequestError { code: ErrorCode::RoomFull, message: "full".to_owned() };
    let json = json!({"code": "room-full", "message": "full"});
    let entered = Entered { error: Some(error.clone()), ..Entered::default() };
    assert_wire(&entered, json!({"success": false, "error": json}));
    assert_reads(json!({"success": false, "error": json}), entered);
    assert_wire(&Left { success: false, error: Some(error.clone()) }, json!({"success": false, "error": json}));
    let refused = Refused { event: "offer".to_owned(), error };
    assert_wire(&refused, json!({"event": "offer", "error": json}));
    assert_reads(json!({"event": "offer", "error": json}), refused);
}

#[test]
fn error_codes_are_a_closed_set_of_words() {
    let codes = [
        (ErrorCode::InvalidRoomName, "invalid-room-name"),
        (ErrorCode::RoomExists, "room-exists"),
        (ErrorCode::RoomFull, "room-full"),
        (ErrorCode::AlreadyInRoom, "already-in-room"),
        (ErrorCode::NotInRoom, "not-in-room"),
        (ErrorCode::TargetNotInRoom, "target-not-in-room"),
        (ErrorCode::PayloadTooLarge, "payload-too-large"),
        (ErrorCode::MalformedPayload, "malformed-payload"),
        (ErrorCode::ShuttingDown, "shutting-down"),
        (ErrorCode::RateLimited, "rate-limited"),
    ];
    for (code, word) in codes {
        assert_wire(&code, json!(word));
        assert_eq!(code.name(), word);
        assert_reads(json!({"code": word, "message": ""}), RequestError { code, message: String::new() });
    }
    assert_refused::<RequestError>(json!({"code": "teapot", "message": ""}));
}

#[test]
fn presence_names_the_participant() {
    assert_wire(&Presence { user_id: UserId("x".to_owned()) }, json!({"userId": "x"}));
}

#[track_caller]
fn assert_control(message: ControlMessage, text: &str) {
    assert_eq!(Json::from(&message).encode(), text);
    assert_eq!(ControlMessage::read(&Json::parse(text).unwrap()), Ok(message));
}

#[test]
fn control_messages_are_tagged_by_type() {
    assert_control(
        ControlMessage::Hello { name: "지수".to_owned(), session_id: "s".to_owned(), version: 1 },
        r#"{"type":"hello","name":"지수","sessionId":"s","version":1}"#,
    );
    assert_control(
        ControlMessage::Returning { user_id: UserId("b".to_owned()) },
        r#"{"type":"returning","userId":"b"}"#,
    );
    assert_control(
        ControlMessage::Media { audio: true, video: false },
        r#"{"type":"media","audio":true,"video":false}"#,
    );
    assert_control(ControlMessage::Ping, r#"{"type":"ping"}"#);
    assert_control(ControlMessage::Pong, r#"{"type":"pong"}"#);
    assert_control(
        ControlMessage::Description { description: SessionDescription::new(SdpType::Offer, "v=0\r\n") },
        r#"{"type":"description","description":{"type":"offer","sdp":"v=0\r\n"}}"#,
    );
    let candidate = IceCandidate { candidate: "candidate:1".to_owned(), ..IceCandidate::default() };
    assert_control(
        ControlMessage::Candidate { candidate },
        r#"{"type":"candidate","candidate":{"candidate":"candidate:1","sdpMid":null,"sdpMLineIndex":null,"usernameFragment":null}}"#,
    );
    for (relay, name) in [(RelayProtocol::Udp, "udp"), (RelayProtocol::Tcp, "tcp"), (RelayProtocol::Tls, "tls")] {
        let text = format!(r#"{{"type":"path","relay":"{name}"}}"#);
        assert_control(ControlMessage::Path { relay: Some(relay) }, &text);
    }
    assert_control(ControlMessage::Path { relay: None }, r#"{"type":"path"}"#);
    let later = Json::parse(r#"{"type":"path","relay":"quic"}"#).unwrap();
    let relay = Some(RelayProtocol::Unknown);
    assert_eq!(ControlMessage::read(&later), Ok(ControlMessage::Path { relay }));
    let more = Json::parse(r#"{"type":"media","audio":true,"video":false,"hand":"raised"}"#).unwrap();
    assert_eq!(ControlMessage::read(&more), Ok(ControlMessage::Media { audio: true, video: false }));
}

/// A reader skips messages of a later version, and can tell them from damaged ones.
#[test]
fn an_unknown_control_message_is_told_apart_from_a_damaged_one() {
    let read = |text| ControlMessage::read(&Json::parse(text).unwrap()).unwrap_err();
    assert_eq!(read(r#"{"type":"confetti","amount":3}"#), ControlMessageError::Unknown("confetti".to_owned()));
    for damaged in [r#"{"type":"media","audio":true}"#, r#"{"type":1}"#, "{}", "[]", "1"] {
        assert!(matches!(read(damaged), ControlMessageError::Malformed(_)), "{damaged}");
    }
    assert_eq!(read(r#"{"type":"media","audio":true}"#).to_string(), "no usable field `video`");
}

fn description() -> impl Strategy<Value = SessionDescription> {
    let tag = (any::<String>(), any::<Option<String>>(), any::<u32>(), any::<Option<u32>>(), any::<bool>()).prop_map(
        |(connection, to, serial, answers, polite)| DescriptionTag { connection, to, serial, answers, polite },
    );
    let kinds = [SdpType::Offer, SdpType::Pranswer, SdpType::Answer, SdpType::Rollback];
    (prop::sample::select(kinds.to_vec()), any::<String>(), prop::option::of(tag))
        .prop_map(|(kind, sdp, tag)| SessionDescription { kind, sdp, tag })
}

fn candidate() -> impl Strategy<Value = IceCandidate> {
    let acquaintances = vec![Acquaintance::Unknown, Acquaintance::Connected, Acquaintance::Stranger];
    let introduction = (any::<String>(), prop::sample::select(acquaintances))
        .prop_map(|(session, acquaintance)| Introduction { session, acquaintance });
    let fields = (any::<String>(), any::<Option<String>>(), any::<Option<u16>>(), any::<Option<String>>());
    (fields, prop::option::of(introduction)).prop_map(
        |((candidate, sdp_mid, sdp_m_line_index, username_fragment), introduction)| IceCandidate {
            candidate,
            sdp_mid,
            sdp_m_line_index,
            username_fragment,
            introduction,
        },
    )
}

fn ice_servers() -> impl Strategy<Value = IceServers> {
    let server = (prop::collection::vec(any::<String>(), 0..3), any::<Option<String>>(), any::<Option<String>>())
        .prop_map(|(urls, username, credential)| IceServer { urls, username, credential });
    let servers = prop::option::of(prop::collection::vec(server, 0..3));
    (any::<bool>(), servers, any::<Option<u64>>()).prop_map(|(success, ice_servers, ice_servers_lifetime)| IceServers {
        success,
        ice_servers,
        ice_servers_lifetime,
        error: None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn page_and_server_write_and_read_descriptions_alike(description in description()) {
        let json = serde_json::to_value(&description).unwrap();
        assert_page_wire(&description, json);
    }

    #[test]
    fn page_and_server_write_and_read_candidates_alike(candidate in candidate()) {
        let json = serde_json::to_value(&candidate).unwrap();
        assert_page_wire(&candidate, json);
    }

    #[test]
    fn the_page_reads_ice_servers_as_the_server_writes_them(servers in ice_servers()) {
        let json = serde_json::to_value(&servers).unwrap();
        assert_reads(json.clone(), servers.clone());
        let IceServers { success, ice_servers, ice_servers_lifetime, error } = servers;
        assert_reads(json, Entered { success, ice_servers, ice_servers_lifetime, error, ..Entered::default() });
    }
}
