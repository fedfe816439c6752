//! The messages on the wire, in literal JSON, as Vitrine and as plain Socket.IO clients and servers write them.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use proptest::prelude::*;
use serde_json::{Value, json};
use vitrine_protocol::control::{ChatRecord, ControlMessage, Limit, MeshLink, MeshLinkState, Reaction, RelayProtocol};
use vitrine_protocol::signaling::{
    Ack, DescriptionTag, ErrorCode, IceCandidate, IceServer, IceServersAck, JoinAck, LinkState, Presence, Refused,
    RequestError, SdpType, SessionAnnouncement, SessionDescription, UserId,
};

/// The value serializes to the JSON, and the JSON deserializes to the value.
#[track_caller]
fn assert_wire<T>(value: &T, json: Value)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    assert_eq!(serde_json::to_value(value).unwrap(), json);
    assert_eq!(&serde_json::from_value::<T>(json).unwrap(), value);
}

#[track_caller]
fn assert_reads<T: serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(json: Value, value: T) {
    assert_eq!(serde_json::from_value::<T>(json).unwrap(), value);
}

#[track_caller]
fn assert_rejected<T: serde::de::DeserializeOwned>(json: Value) {
    assert!(serde_json::from_value::<T>(json).is_err());
}

#[test]
fn descriptions_have_the_browsers_form() {
    let description = |kind, sdp: &str| SessionDescription::new(kind, sdp);
    assert_wire(&description(SdpType::Offer, "v=0\r\n"), json!({"type": "offer", "sdp": "v=0\r\n"}));
    assert_wire(&description(SdpType::Answer, "v=0\r\n"), json!({"type": "answer", "sdp": "v=0\r\n"}));
    assert_wire(&description(SdpType::Pranswer, ""), json!({"type": "pranswer", "sdp": ""}));
    assert_reads(json!({"type": "rollback"}), description(SdpType::Rollback, ""));
    assert_reads(json!({"type": "offer", "sdp": "v=0\r\n", "extra": 1}), description(SdpType::Offer, "v=0\r\n"));
    for malformed in
        [json!({"type": "OFFER", "sdp": ""}), json!({"sdp": ""}), json!({"type": "offer", "sdp": null}), json!(1)]
    {
        assert_rejected::<SessionDescription>(malformed);
    }
}

#[test]
fn candidate_has_all_members_of_the_browsers_json() {
    let candidate = IceCandidate {
        candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host generation 0 ufrag abcd".to_owned(),
        sdp_mid: Some("0".to_owned()),
        sdp_m_line_index: Some(0),
        username_fragment: Some("abcd".to_owned()),
        ..IceCandidate::default()
    };
    assert_wire(
        &candidate,
        json!({
            "candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host generation 0 ufrag abcd",
            "sdpMid": "0",
            "sdpMLineIndex": 0,
            "usernameFragment": "abcd",
        }),
    );
}

/// The names on the wire differ from those of the fields.
#[test]
fn session_announcement_keeps_its_wire_names() {
    for (link, name) in
        [(LinkState::Unknown, "unknown"), (LinkState::Connected, "connected"), (LinkState::Missing, "stranger")]
    {
        let announcement = Some(SessionAnnouncement { session_id: "s".to_owned(), link });
        assert_wire(
            &IceCandidate { announcement, ..IceCandidate::default() },
            json!({
                "candidate": "",
                "sdpMid": null,
                "sdpMLineIndex": null,
                "usernameFragment": null,
                "introduction": {"session": "s", "acquaintance": name},
            }),
        );
    }
}

#[test]
fn candidate_may_have_missing_null_and_unknown_members() {
    let candidate = IceCandidate { candidate: "candidate:1".to_owned(), ..IceCandidate::default() };
    assert_reads(json!({"candidate": "candidate:1"}), candidate.clone());
    assert_reads(
        json!({"candidate": "candidate:1", "sdpMid": null, "sdpMLineIndex": null, "usernameFragment": null, "foundation": "1"}),
        candidate,
    );
}

#[test]
fn ice_server_urls_are_a_string_or_an_array() {
    let stun = IceServer { urls: vec!["stun:stun.l.google.com:19302".to_owned()], username: None, credential: None };
    assert_wire(&stun, json!({"urls": ["stun:stun.l.google.com:19302"]}));
    assert_reads(json!({"urls": "stun:stun.l.google.com:19302"}), stun);
    let turn = IceServer {
        urls: vec!["turn:turn.example.com:3478".to_owned(), "turns:turn.example.com:5349".to_owned()],
        username: Some("user".to_owned()),
        credential: Some("password".to_owned()),
    };
    let urls = ["turn:turn.example.com:3478", "turns:turn.example.com:5349"];
    assert_wire(&turn, json!({"urls": urls, "username": "user", "credential": "password"}));
    for malformed in [json!({}), json!({"urls": 1}), json!({"urls": [1]}), json!({"urls": null})] {
        assert_rejected::<IceServer>(malformed);
    }
}

#[test]
fn acknowledgement_of_a_plain_server_is_read() {
    let granted = JoinAck { success: true, ..JoinAck::default() };
    assert_wire(&granted, json!({"success": true}));
    assert_reads(json!({"success": true}), granted.clone());
    assert_reads(
        json!({"success": true, "roomId": "R", "existingUsers": ["a", "b"], "motd": "hi"}),
        JoinAck {
            room_id: Some("R".to_owned()),
            existing_users: Some(vec![UserId("a".to_owned()), UserId("b".to_owned())]),
            ..granted
        },
    );
    assert_reads(json!({}), JoinAck::default());
    assert_wire(&Ack { success: true, error: None }, json!({"success": true}));
}

#[test]
fn acknowledgement_of_vitrines_server_has_all_members() {
    let server = IceServer { urls: vec!["stun:x".to_owned()], username: None, credential: None };
    let entered = JoinAck {
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
    assert_rejected::<JoinAck>(json!({"success": true, "existingUsers": [1]}));
    assert_rejected::<JoinAck>(json!({"success": "yes"}));
}

#[test]
fn ice_servers_acknowledgement_has_servers_and_lifetime() {
    let server = IceServer { urls: vec!["stun:x".to_owned()], username: None, credential: None };
    let granted = IceServersAck { success: true, ice_servers: Some(vec![server]), ..IceServersAck::default() };
    let json = json!({"success": true, "iceServers": [{"urls": ["stun:x"]}]});
    assert_wire(&granted, json.clone());
    assert_reads(json, granted.clone());
    let json = json!({"success": true, "iceServers": [{"urls": "stun:x"}], "iceServersLifetime": 600});
    assert_reads(json, IceServersAck { ice_servers_lifetime: Some(600), ..granted });
    assert_reads(json!({"success": false}), IceServersAck::default());
    for malformed in [json!({"success": true, "iceServersLifetime": -1}), json!({"iceServers": {}})] {
        assert_rejected::<IceServersAck>(malformed);
    }
}

#[test]
fn refusal_has_a_code_and_a_message() {
    let error = RequestError { code: ErrorCode::RoomFull, message: "full".to_owned() };
    let json = json!({"code": "room-full", "message": "full"});
    let entered = JoinAck { error: Some(error.clone()), ..JoinAck::default() };
    assert_wire(&entered, json!({"success": false, "error": json}));
    assert_reads(json!({"success": false, "error": json}), entered);
    assert_wire(&Ack { success: false, error: Some(error.clone()) }, json!({"success": false, "error": json}));
    let refused = Refused { event: "offer".to_owned(), error };
    assert_wire(&refused, json!({"event": "offer", "error": json}));
    assert_reads(json!({"event": "offer", "error": json}), refused);
}

#[test]
fn error_codes_are_a_closed_set() {
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
    assert_eq!(codes.map(|(code, _)| code), ErrorCode::ALL);
    for (code, word) in codes {
        assert_wire(&code, json!(word));
        assert_eq!(code.to_string(), word);
        assert_reads(json!({"code": word, "message": ""}), RequestError { code, message: String::new() });
    }
    assert_rejected::<RequestError>(json!({"code": "teapot", "message": ""}));
}

#[test]
fn presence_has_the_user_id() {
    assert_wire(&Presence { user_id: UserId("x".to_owned()) }, json!({"userId": "x"}));
}

#[track_caller]
fn assert_control(message: ControlMessage, text: &str) {
    assert_eq!(serde_json::to_string(&message).unwrap(), text);
    assert_eq!(serde_json::from_str::<ControlMessage>(text).unwrap(), message);
}

/// A link in a state that only later versions know.
fn new_link() -> MeshLink {
    MeshLink { session_id: "t".to_owned(), state: MeshLinkState::Unknown, round_trip: None }
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
    assert_control(ControlMessage::Name { name: "지수".to_owned() }, r#"{"type":"name","name":"지수"}"#);
    assert_control(ControlMessage::Hand { raised: true, age: 5 }, r#"{"type":"hand","raised":true,"age":5}"#);
    assert_reads(json!({"type": "hand", "raised": false}), ControlMessage::Hand { raised: false, age: 0 });
    let reactions = [
        (Reaction::ThumbsUp, "thumbs-up"),
        (Reaction::Heart, "heart"),
        (Reaction::Applause, "applause"),
        (Reaction::Laugh, "laugh"),
        (Reaction::Surprise, "surprise"),
        (Reaction::Party, "party"),
    ];
    for (kind, name) in reactions {
        assert_control(ControlMessage::Reaction { kind }, &format!(r#"{{"type":"reaction","kind":"{name}"}}"#));
    }
    let kind = Reaction::Unknown;
    assert_reads(json!({"type": "reaction", "kind": "wave"}), ControlMessage::Reaction { kind });
    assert_control(ControlMessage::AskToMute, r#"{"type":"asktomute"}"#);
    for (by, name) in [(Limit::Cpu, "cpu"), (Limit::Bandwidth, "bandwidth")] {
        assert_control(ControlMessage::Limit { by: Some(by) }, &format!(r#"{{"type":"limit","by":"{name}"}}"#));
    }
    assert_control(ControlMessage::Limit { by: None }, r#"{"type":"limit"}"#);
    let link = MeshLink { session_id: "s".to_owned(), state: MeshLinkState::RelayUdp, round_trip: Some(40) };
    assert_control(
        ControlMessage::Links { links: vec![link, new_link()] },
        r#"{"type":"links","links":[{"sessionId":"s","state":"relay-udp","roundTrip":40},{"sessionId":"t","state":"unknown"}]}"#,
    );
    let later = ControlMessage::Links { links: vec![new_link()] };
    assert_reads(json!({"type": "links", "links": [{"sessionId": "t", "state": "over-the-moon"}]}), later);
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
    assert_control(
        ControlMessage::Chat { number: 3, previous: 1, age: 0, text: "안녕\n\"Ben\"".to_owned(), private: false },
        r#"{"type":"chat","number":3,"previous":1,"age":0,"text":"안녕\n\"Ben\""}"#,
    );
    assert_control(
        ControlMessage::Chat { number: 4, previous: 3, age: 7, text: "psst".to_owned(), private: true },
        r#"{"type":"chat","number":4,"previous":3,"age":7,"text":"psst","private":true}"#,
    );
    assert_control(ControlMessage::ChatReceived { number: 3 }, r#"{"type":"chatreceived","number":3}"#);
    assert_control(ControlMessage::ChatHistoryRequest { since: None }, r#"{"type":"chathistoryrequest"}"#);
    assert_control(ControlMessage::ChatHistoryRequest { since: Some(9) }, r#"{"type":"chathistoryrequest","since":9}"#);
    assert_control(ControlMessage::ChatHistory { messages: None, more: false }, r#"{"type":"chathistory"}"#);
    let record = ChatRecord { author: "s".into(), name: "Ada".into(), number: 1, age: 60_000, text: "hi".into() };
    assert_control(
        ControlMessage::ChatHistory { messages: Some(vec![record]), more: true },
        r#"{"type":"chathistory","messages":[{"author":"s","name":"Ada","number":1,"age":60000,"text":"hi"}],"more":true}"#,
    );
    assert_control(ControlMessage::Screen { stream: Some("s".to_owned()) }, r#"{"type":"screen","stream":"s"}"#);
    assert_control(ControlMessage::Screen { stream: None }, r#"{"type":"screen"}"#);
    let relay = Some(RelayProtocol::Unknown);
    assert_reads(json!({"type": "path", "relay": "quic"}), ControlMessage::Path { relay });
    let more = json!({"type": "media", "audio": true, "video": false, "hand": "raised"});
    assert_reads(more, ControlMessage::Media { audio: true, video: false });
}

#[test]
fn relay_protocols_are_ordered_by_cost() {
    let ordered = [RelayProtocol::Unknown, RelayProtocol::Udp, RelayProtocol::Tcp, RelayProtocol::Tls];
    assert!(ordered.is_sorted());
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
    let links = vec![LinkState::Unknown, LinkState::Connected, LinkState::Missing];
    let announcement = (any::<String>(), prop::sample::select(links))
        .prop_map(|(session_id, link)| SessionAnnouncement { session_id, link });
    let fields = (any::<String>(), any::<Option<String>>(), any::<Option<u16>>(), any::<Option<String>>());
    (fields, prop::option::of(announcement)).prop_map(
        |((candidate, sdp_mid, sdp_m_line_index, username_fragment), announcement)| IceCandidate {
            candidate,
            sdp_mid,
            sdp_m_line_index,
            username_fragment,
            announcement,
        },
    )
}

fn ice_servers() -> impl Strategy<Value = IceServersAck> {
    let server = (prop::collection::vec(any::<String>(), 0..3), any::<Option<String>>(), any::<Option<String>>())
        .prop_map(|(urls, username, credential)| IceServer { urls, username, credential });
    let servers = prop::option::of(prop::collection::vec(server, 0..3));
    (any::<bool>(), servers, any::<Option<u64>>()).prop_map(|(success, ice_servers, ice_servers_lifetime)| {
        IceServersAck { success, ice_servers, ice_servers_lifetime, error: None }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn descriptions_survive_the_round_trip(description in description()) {
        assert_wire(&description, serde_json::to_value(&description).unwrap());
    }

    #[test]
    fn candidates_survive_the_round_trip(candidate in candidate()) {
        assert_wire(&candidate, serde_json::to_value(&candidate).unwrap());
    }

    #[test]
    fn ice_servers_survive_the_round_trip(servers in ice_servers()) {
        let json = serde_json::to_value(&servers).unwrap();
        assert_wire(&servers, json.clone());
        let IceServersAck { success, ice_servers, ice_servers_lifetime, error } = servers;
        assert_reads(json, JoinAck { success, ice_servers, ice_servers_lifetime, error, ..JoinAck::default() });
    }
}
