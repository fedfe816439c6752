//! The messages as they stand on the wire, in literal JSON: what Vitrine writes, and what plain Socket.IO clients and
//! servers write.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use serde_json::{Value, json};
use vitrine_protocol::control::ControlMessage;
use vitrine_protocol::signaling::{
    Entered, ErrorCode, IceCandidate, IceServer, Left, Presence, Refused, RequestError, SdpType, SessionDescription,
    UserId,
};

/// Both ways.
#[track_caller]
fn assert_wire<T>(value: &T, json: Value)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    assert_eq!(serde_json::to_value(value).unwrap(), json);
    assert_eq!(&serde_json::from_value::<T>(json).unwrap(), value);
}

#[track_caller]
fn assert_reads<T>(json: Value, value: T)
where
    T: serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    assert_eq!(serde_json::from_value::<T>(json).unwrap(), value);
}

#[test]
fn descriptions_are_those_of_the_browser() {
    let description = |kind, sdp: &str| SessionDescription::new(kind, sdp);
    assert_wire(&description(SdpType::Offer, "v=0\r\n"), json!({"type": "offer", "sdp": "v=0\r\n"}));
    assert_wire(&description(SdpType::Answer, "v=0\r\n"), json!({"type": "answer", "sdp": "v=0\r\n"}));
    assert_wire(&description(SdpType::Pranswer, ""), json!({"type": "pranswer", "sdp": ""}));
    assert_reads(json!({"type": "rollback"}), description(SdpType::Rollback, ""));
    assert_reads(json!({"type": "offer", "sdp": "v=0\r\n", "extra": 1}), description(SdpType::Offer, "v=0\r\n"));
    assert!(serde_json::from_value::<SessionDescription>(json!({"type": "OFFER", "sdp": ""})).is_err());
    assert!(serde_json::from_value::<SessionDescription>(json!({"sdp": ""})).is_err());
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
        assert!(serde_json::from_value::<IceServer>(malformed).is_err());
    }
}

#[test]
fn a_plain_server_acknowledges_with_little() {
    let granted = Entered { success: true, ..Entered::default() };
    assert_wire(&granted, json!({"success": true}));
    assert_reads(
        json!({"success": true, "roomId": "R", "existingUsers": ["a", "b"], "motd": "hi"}),
        Entered {
            room_id: Some("R".to_owned()),
            existing_users: Some(vec![UserId("a".to_owned()), UserId("b".to_owned())]),
            ..granted
        },
    );
    assert_reads(json!({}), Entered::default());
    assert_reads(json!({"success": true}), Left { success: true, error: None });
}

#[test]
fn vitrines_server_acknowledges_with_everything() {
    let server = IceServer { urls: vec!["stun:x".to_owned()], username: None, credential: None };
    let entered = Entered {
        success: true,
        room_id: Some("R".to_owned()),
        existing_users: Some(vec![]),
        ice_servers: Some(vec![server]),
        error: None,
    };
    assert_wire(
        &entered,
        json!({"success": true, "roomId": "R", "existingUsers": [], "iceServers": [{"urls": ["stun:x"]}]}),
    );
}

#[test]
fn refusals_name_a_code_and_say_it_in_words() {
    let error = RequestError { code: ErrorCode::RoomFull, message: "full".to_owned() };
    let json = json!({"code": "room-full", "message": "full"});
    assert_wire(
        &Entered { error: Some(error.clone()), ..Entered::default() },
        json!({"success": false, "error": json}),
    );
    assert_wire(&Left { success: false, error: Some(error.clone()) }, json!({"success": false, "error": json}));
    assert_wire(&Refused { event: "offer".to_owned(), error }, json!({"event": "offer", "error": json}));
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
    ];
    for (code, word) in codes {
        assert_wire(&code, json!(word));
    }
    assert!(serde_json::from_value::<ErrorCode>(json!("teapot")).is_err());
}

#[test]
fn presence_names_the_participant() {
    assert_wire(&Presence { user_id: UserId("x".to_owned()) }, json!({"userId": "x"}));
}

#[test]
fn control_messages_are_tagged_by_type() {
    assert_wire(
        &ControlMessage::Hello { name: "지수".to_owned(), session_id: "s".to_owned(), version: 1 },
        json!({"type": "hello", "name": "지수", "sessionId": "s", "version": 1}),
    );
    assert_wire(
        &ControlMessage::Media { audio: true, video: false },
        json!({"type": "media", "audio": true, "video": false}),
    );
    assert_reads(
        json!({"type": "media", "audio": true, "video": false, "hand": "raised"}),
        ControlMessage::Media { audio: true, video: false },
    );
}

/// A reader skips messages of a later version, and can tell them from damaged ones.
#[test]
fn an_unknown_control_message_is_told_apart_from_a_damaged_one() {
    let read = |text| serde_json::from_str::<ControlMessage>(text).unwrap_err();
    let unknown = read(r#"{"type":"confetti","amount":3}"#);
    assert!(unknown.is_data() && unknown.to_string().contains("unknown variant `confetti`"), "{unknown}");
    let damaged = read(r#"{"type":"media","audio":true}"#);
    assert!(damaged.is_data() && damaged.to_string().contains("missing field"), "{damaged}");
    assert!(read(r#"{"type":"media""#).is_eof());
    assert!(read("hello").is_syntax());
}
