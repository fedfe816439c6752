//! The codec: frames known from the protocols' own documents, refusals, and properties.

use proptest::prelude::*;
use serde_json::{Map, Value};
use vitrine_protocol::json::Json;
use vitrine_protocol::socket_io::{DecodeError, Handshake, MAX_ACK_ID, Message, Packet};

/// What `serde_json` makes of the literal, as the codec's own value.
macro_rules! json {
    ($($literal:tt)+) => { own(&serde_json::json!($($literal)+)) };
}

fn own(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => Json::Number(number.to_string()),
        Value::String(text) => Json::Text(text.clone()),
        Value::Array(values) => Json::List(values.iter().map(own).collect()),
        Value::Object(fields) => Json::Object(fields.iter().map(|(name, value)| (name.clone(), own(value))).collect()),
    }
}

fn event(name: &str, data: Vec<Json>, ack: Option<u64>) -> Packet {
    Packet::Message(Message::Event { name: name.to_owned(), data, ack })
}

/// Both ways: the frame reads as the packet, and the packet is written as the frame.
#[track_caller]
fn assert_frame(frame: &str, packet: &Packet) {
    assert_eq!(Packet::decode(frame).as_ref(), Ok(packet));
    assert_eq!(packet.encode(), frame);
}

#[track_caller]
fn assert_reads(frame: &str, packet: Packet) {
    assert_eq!(Packet::decode(frame), Ok(packet));
}

#[track_caller]
fn assert_refused(frame: &str, error: DecodeError) {
    assert_eq!(Packet::decode(frame), Err(error));
}

#[test]
fn engine_io_frames_of_the_protocol_document() {
    let handshake = Handshake {
        sid: "lv_VI97HAXpY6yYWAAAC".to_owned(),
        upgrades: vec!["websocket".to_owned()],
        ping_interval_ms: 25_000,
        ping_timeout_ms: 20_000,
        max_payload: Some(1_000_000),
    };
    assert_frame(
        r#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#,
        &Packet::Open(handshake),
    );
    assert_frame("1", &Packet::Close);
    assert_frame("2", &Packet::Ping(String::new()));
    assert_frame("3", &Packet::Pong(String::new()));
    assert_frame("2probe", &Packet::Ping("probe".to_owned()));
    assert_frame("3probe", &Packet::Pong("probe".to_owned()));
    assert_frame("5", &Packet::Upgrade);
    assert_frame("6", &Packet::Noop);
}

#[test]
fn socket_io_frames_of_the_protocol_document() {
    assert_frame("40", &Packet::Message(Message::Connect(None)));
    assert_frame(
        r#"40{"sid":"oSO0OpakMV_3jnilAAAA"}"#,
        &Packet::Message(Message::Connect(Some(json!({"sid": "oSO0OpakMV_3jnilAAAA"})))),
    );
    assert_frame("41", &Packet::Message(Message::Disconnect));
    assert_frame(r#"42["foo"]"#, &event("foo", vec![], None));
    assert_frame(r#"4212["foo"]"#, &event("foo", vec![], Some(12)));
    assert_frame(r#"43456["bar"]"#, &Packet::Message(Message::Ack { id: 456, data: vec![json!("bar")] }));
    assert_frame("4312[]", &Packet::Message(Message::Ack { id: 12, data: vec![] }));
    assert_reads(
        r#"44{"message":"Not authorized"}"#,
        Packet::Message(Message::ConnectError { message: "Not authorized".to_owned(), data: None }),
    );
}

#[test]
fn frames_of_vitrines_own_signaling() {
    assert_frame(r#"420["join-room","R"]"#, &event("join-room", vec![json!("R")], Some(0)));
    assert_frame(
        r#"430[{"success":true}]"#,
        &Packet::Message(Message::Ack { id: 0, data: vec![json!({"success": true})] }),
    );
    assert_frame(r#"42["user-joined",{"userId":"x"}]"#, &event("user-joined", vec![json!({"userId": "x"})], None));
}

#[test]
fn text_is_quoted_as_json_does() {
    assert_frame(r#"42["a\"b\\",null,"방\n"]"#, &event("a\"b\\", vec![Json::Null, json!("방\n")], None));
}

#[test]
fn a_connect_error_may_carry_data() {
    let error = |data| Packet::Message(Message::ConnectError { message: "no".to_owned(), data });
    assert_reads(r#"44{"message":"no","data":{"code":1}}"#, error(Some(json!({"code": 1}))));
    assert_eq!(Packet::decode(&error(Some(json!([1]))).encode()), Ok(error(Some(json!([1])))));
    // Before protocol revision 5 it was a string.
    assert_reads(r#"44"no""#, error(None));
}

#[test]
fn a_handshake_may_lack_what_is_optional_and_have_what_is_unknown() {
    let handshake = Handshake {
        sid: "s".to_owned(),
        upgrades: vec![],
        ping_interval_ms: 300,
        ping_timeout_ms: 200,
        max_payload: None,
    };
    assert_reads(r#"0{"sid":"s","pingInterval":300,"pingTimeout":200,"future":[1]}"#, Packet::Open(handshake));
}

#[test]
fn the_default_namespace_may_be_spelled_out() {
    assert_reads(r#"40/,{"sid":"s"}"#, Packet::Message(Message::Connect(Some(json!({"sid": "s"})))));
    assert_reads("40/", Packet::Message(Message::Connect(None)));
    assert_reads("40/,", Packet::Message(Message::Connect(None)));
    assert_reads("41/,", Packet::Message(Message::Disconnect));
    assert_reads(r#"42/,7["foo",1]"#, event("foo", vec![json!(1)], Some(7)));
    assert_reads(r#"43/,7[]"#, Packet::Message(Message::Ack { id: 7, data: vec![] }));
}

#[test]
fn other_namespaces_are_refused() {
    for frame in [r#"40/admin,{"sid":"s"}"#, "41/admin,", r#"42/admin,["foo"]"#, "40/admin", "44/admin,{}"] {
        assert_refused(frame, DecodeError::OtherNamespace("/admin".to_owned()));
    }
    assert_refused("40/?token=1,", DecodeError::OtherNamespace("/?token=1".to_owned()));
}

#[test]
fn binary_packets_are_refused() {
    for frame in ["bAQIDBA==", r#"451-["foo",{"_placeholder":true,"num":0}]"#, r#"461-12["bar"]"#] {
        assert_refused(frame, DecodeError::Binary);
    }
}

#[test]
fn frames_without_a_known_type_are_refused() {
    assert_refused("", DecodeError::Empty);
    assert_refused("7", DecodeError::UnknownPacketType('7'));
    assert_refused("한", DecodeError::UnknownPacketType('한'));
    assert_refused("4", DecodeError::UnknownMessageType);
    assert_refused("47[]", DecodeError::UnknownMessageType);
    assert_refused("4한", DecodeError::UnknownMessageType);
}

#[test]
fn malformed_events_are_refused() {
    assert_refused("42[]", DecodeError::EmptyEvent);
    assert_refused("42[1]", DecodeError::EventNameNotAString);
    assert_refused("42[null,1]", DecodeError::EventNameNotAString);
    assert_refused(r#"42{"foo":1}"#, DecodeError::NotAnArray);
    assert_refused(r#"42"foo""#, DecodeError::NotAnArray);
    assert_refused(r#"43[]"#, DecodeError::MissingAckId);
    assert_refused(r#"431{}"#, DecodeError::NotAnArray);
}

#[test]
fn what_is_no_json_is_refused() {
    for frame in ["42", r#"42["foo""#, "42[foo]", "421", "431", "40{", "44"] {
        assert!(matches!(Packet::decode(frame), Err(DecodeError::MalformedJson(_))), "{frame}");
    }
    let deep = format!("42{}", "[".repeat(100_000));
    assert!(matches!(Packet::decode(&deep), Err(DecodeError::MalformedJson(_))));
}

#[test]
fn absurd_ack_ids_are_refused() {
    assert_reads(&format!(r#"42{MAX_ACK_ID}["foo"]"#), event("foo", vec![], Some(MAX_ACK_ID)));
    assert_refused(&format!(r#"42{}["foo"]"#, MAX_ACK_ID + 1), DecodeError::AckIdOutOfRange);
    assert_refused(&format!(r#"42{}["foo"]"#, "9".repeat(100)), DecodeError::AckIdOutOfRange);
    assert_refused(&format!(r#"43{}["foo"]"#, "9".repeat(100)), DecodeError::AckIdOutOfRange);
}

#[test]
fn malformed_connects_are_refused() {
    assert_refused("40[]", DecodeError::MalformedConnect);
    assert_refused("40null", DecodeError::MalformedConnect);
    assert_refused("44{}", DecodeError::MalformedConnectError);
    assert_refused(r#"44{"message":1}"#, DecodeError::MalformedConnectError);
    assert_refused("44[]", DecodeError::MalformedConnectError);
    for frame in ["0", "0{}", r#"0{"sid":1,"pingInterval":1,"pingTimeout":1}"#, r#"0{"sid":"s","pingInterval":-1}"#] {
        assert!(matches!(Packet::decode(frame), Err(DecodeError::MalformedHandshake(_))), "{frame}");
    }
}

#[test]
fn what_follows_the_end_of_a_packet_is_refused() {
    for frame in ["1x", "5probe", "61", "41{}", "41/,x", r#"42["foo"]x"#, "431[][]", "40{}{}", r#"44{"message":""},"#] {
        assert_refused(frame, DecodeError::TrailingData);
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 4.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            fields(inner).prop_map(Value::Object),
        ]
    })
}

fn fields(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(any::<String>(), value, 0..4).prop_map(|fields| fields.into_iter().collect())
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    fields(json_value())
}

fn packet() -> impl Strategy<Value = Packet> {
    let json_value = || json_value().prop_map(|value| own(&value));
    let data = || prop::collection::vec(json_value(), 0..4);
    let handshake = (any::<String>(), any::<Vec<String>>(), any::<u64>(), any::<u64>(), any::<Option<u64>>()).prop_map(
        |(sid, upgrades, ping_interval_ms, ping_timeout_ms, max_payload)| {
            Packet::Open(Handshake { sid, upgrades, ping_interval_ms, ping_timeout_ms, max_payload })
        },
    );
    let message = prop_oneof![
        prop::option::of(object().prop_map(|fields| own(&Value::Object(fields)))).prop_map(Message::Connect),
        Just(Message::Disconnect),
        (any::<String>(), data(), prop::option::of(0..=MAX_ACK_ID)).prop_map(|(name, data, ack)| Message::Event {
            name,
            data,
            ack
        }),
        (0..=MAX_ACK_ID, data()).prop_map(|(id, data)| Message::Ack { id, data }),
        (any::<String>(), prop::option::of(json_value()))
            .prop_map(|(message, data)| Message::ConnectError { message, data }),
    ];
    prop_oneof![
        handshake,
        Just(Packet::Close),
        any::<String>().prop_map(Packet::Ping),
        any::<String>().prop_map(Packet::Pong),
        Just(Packet::Upgrade),
        Just(Packet::Noop),
        message.prop_map(Packet::Message),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_packet_survives_the_round_trip(packet in packet()) {
        prop_assert_eq!(Packet::decode(&packet.encode()), Ok(packet));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = Packet::decode(&text);
    }

    #[test]
    fn no_text_behind_a_packet_type_makes_the_reader_panic(text in "[0-6][0-6]?/?[a-z]?,?[0-9]{0,30}\\PC{0,20}") {
        let _ = Packet::decode(&text);
    }

    /// What a damaged frame still reads as is a packet like any other: it can be written and read again.
    #[test]
    fn a_damaged_frame_is_refused_or_reads_as_a_packet(
        packet in packet(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(any::<char>()), 0..2_usize), 1..4),
    ) {
        let mut frame: Vec<char> = packet.encode().chars().collect();
        for (place, insert, remove) in damage {
            let at = place.index(frame.len() + 1);
            let end = (at + remove).min(frame.len());
            frame.splice(at..end, insert);
        }
        if let Ok(read) = Packet::decode(&frame.into_iter().collect::<String>()) {
            prop_assert_eq!(Packet::decode(&read.encode()), Ok(read));
        }
    }
}
