//! The Socket.IO codec: frames of the protocol documents, rejected frames, and properties.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helpers fail by panicking")]

use proptest::prelude::*;
use serde_json::{Value, json};
use vitrine_protocol::signaling::UserId;
use vitrine_protocol::socket_io::{
    Acknowledgement, ConnectError, Connected, DecodeError, Handshake, MAX_ACK_ID, Message, Packet,
};

fn event(payload: &str, ack: Option<u64>) -> Packet<'_> {
    Packet::Message(Message::Event { ack, payload })
}

/// The frame decodes to the packet, and the packet encodes to the frame.
#[track_caller]
fn assert_frame(frame: &str, packet: &Packet<'_>) {
    assert_eq!(Packet::decode(frame).as_ref(), Ok(packet));
    assert_eq!(packet.encode(), frame);
}

#[track_caller]
fn assert_reads(frame: &str, packet: Packet<'_>) {
    assert_eq!(Packet::decode(frame), Ok(packet));
}

#[track_caller]
fn assert_rejected(frame: &str, error: DecodeError) {
    assert_eq!(Packet::decode(frame), Err(error));
}

#[test]
fn engine_io_frames_are_those_of_the_protocol_document() {
    let payload = r#"{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    assert_frame(&format!("0{payload}"), &Packet::Open(payload));
    let handshake = Handshake {
        sid: "lv_VI97HAXpY6yYWAAAC".to_owned(),
        upgrades: vec!["websocket".to_owned()],
        ping_interval_ms: 25_000,
        ping_timeout_ms: 20_000,
        max_payload: Some(1_000_000),
    };
    assert_eq!(serde_json::to_string(&handshake).unwrap(), payload);
    assert_eq!(serde_json::from_str::<Handshake>(payload).unwrap(), handshake);
    assert_frame("1", &Packet::Close);
    assert_frame("2", &Packet::Ping(""));
    assert_frame("3", &Packet::Pong(""));
    assert_frame("2probe", &Packet::Ping("probe"));
    assert_frame("3probe", &Packet::Pong("probe"));
    assert_frame("5", &Packet::Upgrade);
    assert_frame("6", &Packet::Noop);
}

#[test]
fn socket_io_frames_are_those_of_the_protocol_document() {
    assert_frame("40", &Packet::Message(Message::Connect("")));
    let payload = r#"{"sid":"oSO0OpakMV_3jnilAAAA"}"#;
    assert_frame(&format!("40{payload}"), &Packet::Message(Message::Connect(payload)));
    let connected = Connected { sid: UserId("oSO0OpakMV_3jnilAAAA".to_owned()) };
    assert_eq!(serde_json::from_str::<Connected>(payload).unwrap(), connected);
    assert_frame("41", &Packet::Message(Message::Disconnect));
    assert_frame(r#"42["foo"]"#, &event(r#"["foo"]"#, None));
    assert_frame(r#"4212["foo"]"#, &event(r#"["foo"]"#, Some(12)));
    assert_frame(r#"43456["bar"]"#, &Packet::Message(Message::Ack { id: 456, payload: r#"["bar"]"# }));
    assert_frame("4312[]", &Packet::Message(Message::Ack { id: 12, payload: "[]" }));
    let payload = r#"{"message":"Not authorized"}"#;
    assert_frame(&format!("44{payload}"), &Packet::Message(Message::ConnectError(payload)));
}

#[test]
fn signaling_frames_survive_the_round_trip() {
    assert_frame(r#"420["join-room","R"]"#, &event(r#"["join-room","R"]"#, Some(0)));
    let payload = r#"[{"success":true}]"#;
    assert_frame(r#"430[{"success":true}]"#, &Packet::Message(Message::Ack { id: 0, payload }));
    assert_frame(r#"42["user-joined",{"userId":"x"}]"#, &event(r#"["user-joined",{"userId":"x"}]"#, None));
}

#[test]
fn payload_is_not_validated() {
    for payload in ["", "[", "x[]", r#"{"foo":1}"#, r#"["a\"b\\",null,"방\n"]"#, r#"["foo"]x"#] {
        assert_frame(&format!("42{payload}"), &event(payload, None));
        assert_frame(&format!("431{payload}"), &Packet::Message(Message::Ack { id: 1, payload }));
        assert_frame(&format!("0{payload}"), &Packet::Open(payload));
    }
}

#[test]
fn connect_error_is_an_object_or_a_string() {
    let message = |text| serde_json::from_str::<ConnectError>(text).unwrap().into_message();
    assert_eq!(message(r#"{"message":"no","data":{"code":1}}"#), "no");
    // Before protocol revision 5.
    assert_eq!(message(r#""no""#), "no");
}

#[test]
fn first_argument_of_an_acknowledgement_is_read() {
    let first = |text| serde_json::from_str::<Acknowledgement<Value>>(text).map(|Acknowledgement(first)| first);
    assert_eq!(first(r#"["bar"]"#).unwrap(), json!("bar"));
    assert_eq!(first(r#"[null,1,{}]"#).unwrap(), Value::Null);
    assert!(first("[]").is_err());
}

#[test]
fn handshake_may_lack_optional_members_and_have_unknown_ones() {
    let handshake = Handshake {
        sid: "s".to_owned(),
        upgrades: vec![],
        ping_interval_ms: 300,
        ping_timeout_ms: 200,
        max_payload: None,
    };
    let text = r#"{"sid":"s","pingInterval":300,"pingTimeout":200,"future":[1]}"#;
    assert_eq!(serde_json::from_str::<Handshake>(text).unwrap(), handshake);
}

#[test]
fn default_namespace_may_be_written_out() {
    assert_reads(r#"40/,{"sid":"s"}"#, Packet::Message(Message::Connect(r#"{"sid":"s"}"#)));
    assert_reads("40/", Packet::Message(Message::Connect("")));
    assert_reads("40/,", Packet::Message(Message::Connect("")));
    assert_reads("41/,", Packet::Message(Message::Disconnect));
    assert_reads(r#"42/,7["foo",1]"#, event(r#"["foo",1]"#, Some(7)));
    assert_reads(r#"43/,7[]"#, Packet::Message(Message::Ack { id: 7, payload: "[]" }));
}

#[test]
fn other_namespaces_are_rejected() {
    for frame in [r#"40/admin,{"sid":"s"}"#, "41/admin,", r#"42/admin,["foo"]"#, "40/admin", "44/admin,{}"] {
        assert_rejected(frame, DecodeError::OtherNamespace("/admin".to_owned()));
    }
    assert_rejected("40/?token=1,", DecodeError::OtherNamespace("/?token=1".to_owned()));
}

#[test]
fn binary_packets_are_rejected() {
    for frame in ["bAQIDBA==", r#"451-["foo",{"_placeholder":true,"num":0}]"#, r#"461-12["bar"]"#] {
        assert_rejected(frame, DecodeError::Binary);
    }
}

#[test]
fn frames_without_a_known_type_are_rejected() {
    assert_rejected("", DecodeError::Empty);
    assert_rejected("7", DecodeError::UnknownPacketType('7'));
    assert_rejected("한", DecodeError::UnknownPacketType('한'));
    assert_rejected("4", DecodeError::UnknownMessageType);
    assert_rejected("47[]", DecodeError::UnknownMessageType);
    assert_rejected("4한", DecodeError::UnknownMessageType);
}

#[test]
fn acknowledgement_without_an_id_is_rejected() {
    assert_rejected("43[]", DecodeError::MissingAckId);
    assert_rejected("43", DecodeError::MissingAckId);
    assert_rejected("43x[]", DecodeError::MissingAckId);
}

#[test]
fn ack_ids_out_of_range_are_rejected() {
    assert_reads(&format!(r#"42{MAX_ACK_ID}["foo"]"#), event(r#"["foo"]"#, Some(MAX_ACK_ID)));
    assert_rejected(&format!(r#"42{}["foo"]"#, MAX_ACK_ID + 1), DecodeError::AckIdOutOfRange);
    assert_rejected(&format!(r#"42{}["foo"]"#, "9".repeat(100)), DecodeError::AckIdOutOfRange);
    assert_rejected(&format!(r#"43{}["foo"]"#, "9".repeat(100)), DecodeError::AckIdOutOfRange);
}

#[test]
fn data_after_a_packet_without_payload_is_rejected() {
    for frame in ["1x", "5probe", "61", "41{}", "41/,x"] {
        assert_rejected(frame, DecodeError::TrailingData);
    }
}

/// The frame of a packet with a JSON payload.
fn frame() -> impl Strategy<Value = String> {
    let array = prop::collection::vec(any::<String>(), 0..4).prop_map(|values| json!(values).to_string());
    let object = any::<String>().prop_map(|sid| json!({"sid": sid}).to_string());
    let payload = prop_oneof![array, object];
    let ack = prop_oneof![Just(String::new()), (0..=MAX_ACK_ID).prop_map(|id| id.to_string())];
    prop_oneof![
        payload.clone().prop_map(|payload| format!("0{payload}")),
        any::<String>().prop_map(|text| format!("2{text}")),
        payload.clone().prop_map(|payload| format!("40{payload}")),
        (ack, payload.clone()).prop_map(|(ack, payload)| format!("42{ack}{payload}")),
        (0..=MAX_ACK_ID, payload.clone()).prop_map(|(id, payload)| format!("43{id}{payload}")),
        payload.prop_map(|payload| format!("44{payload}")),
        Just("40".to_owned()),
        Just("41".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_packet_survives_the_round_trip(frame in frame()) {
        let packet = Packet::decode(&frame);
        prop_assert_eq!(packet.map(|packet| packet.encode()), Ok(frame));
    }

    #[test]
    fn no_text_makes_the_decoder_panic(text in any::<String>()) {
        let _ = Packet::decode(&text);
    }

    #[test]
    fn no_text_after_a_packet_type_makes_the_decoder_panic(text in "[0-6][0-6]?/?[a-z]?,?[0-9]{0,30}\\PC{0,20}") {
        let _ = Packet::decode(&text);
    }

    /// A damaged frame that still decodes survives the round trip.
    #[test]
    fn damaged_frame_is_rejected_or_decodes_to_a_packet(
        frame in frame(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(any::<char>()), 0..2_usize), 1..4),
    ) {
        let mut frame: Vec<char> = frame.chars().collect();
        for (place, insert, remove) in damage {
            let at = place.index(frame.len() + 1);
            let end = (at + remove).min(frame.len());
            frame.splice(at..end, insert);
        }
        let frame: String = frame.into_iter().collect();
        if let Ok(read) = Packet::decode(&frame) {
            let written = read.encode();
            prop_assert_eq!(Packet::decode(&written), Ok(read));
        }
    }
}
