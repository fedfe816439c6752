//! Texts that no Vitrine client or server sends, and their expected results. One corpus for both readers: `serde_json`
//! natively, `JSON.parse` and `serde-wasm-bindgen` in browsers, each behind the check of size and nesting.
#![allow(missing_docs, clippy::panic, reason = "a test's helpers fail by panicking")]

use std::fmt::Debug;

use serde::de::{DeserializeOwned, IgnoredAny};
use vitrine_protocol::{
    control::{ControlMessage, RelayProtocol},
    json_limits::{MAX_BYTES, MAX_DEPTH},
    server_event::ServerEvent,
    signaling::{Ack, IceServer, IceServerEntries, IceServersAck, JoinAck, Presence, UserId},
    socket_io::{Acknowledgement, ConnectError, Connected, Handshake},
};

/// Reads JSON text as the program under test does.
pub trait Reader {
    fn read<T: DeserializeOwned>(text: &str) -> Result<T, String>;
}

/// Runs the whole corpus.
pub fn check<R: Reader>() {
    text_that_is_not_json_is_rejected::<R>();
    truncated_event_is_rejected::<R>();
    nesting_and_size_are_limited::<R>();
    wrong_types_are_rejected::<R>();
    wrong_numbers_are_rejected::<R>();
    unknown_variant_and_malformed_one_have_different_errors::<R>();
    unknown_fields_are_ignored::<R>();
    prototype_is_not_read::<R>();
    lone_surrogate_is_rejected_or_replaced::<R>();
    duplicate_key_is_rejected_or_the_last_counts::<R>();
    broken_ice_server_does_not_lose_the_others::<R>();
}

#[track_caller]
fn assert_rejected<R: Reader, T: DeserializeOwned + Debug>(texts: &[&str]) {
    for text in texts {
        if let Ok(value) = R::read::<T>(text) {
            panic!("{text:.200} was accepted as {value:?}");
        }
    }
}

#[track_caller]
fn assert_reads<R: Reader, T: DeserializeOwned + Debug + PartialEq>(text: &str, expected: &T) {
    match R::read::<T>(text) {
        Ok(value) => assert_eq!(&value, expected, "{text:.200}"),
        Err(error) => panic!("{text:.200} was rejected: {error}"),
    }
}

fn text_that_is_not_json_is_rejected<R: Reader>() {
    const NOT_JSON: &[&str] = &[
        "",
        " ",
        "nul",
        "truex",
        "01",
        "1.",
        ".5",
        "-",
        "+1",
        "1e",
        "0x1",
        "NaN",
        "Infinity",
        "undefined",
        "'a'",
        "\"a",
        "\"\\x\"",
        "\"\n\"",
        "\"\0\"",
        "\"\\u12\"",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[",
        "]",
        "[}",
        "{\"a\"}",
        "{a:1}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{1:1}",
        "1 2",
        "[]]",
        "{} {}",
        "[\"offer\"]x",
        "\u{feff}1",
        "\u{a0}1",
        "//",
        "[1] // comment",
        "한",
    ];
    assert_rejected::<R, IgnoredAny>(NOT_JSON);
    assert_rejected::<R, ControlMessage>(NOT_JSON);
    assert_rejected::<R, ServerEvent>(NOT_JSON);
    assert_rejected::<R, IceServerEntries>(NOT_JSON);
}

fn truncated_event_is_rejected<R: Reader>() {
    const EVENT: &str = r#"["offer",{"from":"b","offer":{"type":"offer","sdp":"v=0\r\n한\u0041","tag":{"connection":"c","serial":1}}}]"#;
    assert!(R::read::<ServerEvent>(EVENT).is_ok());
    for (end, _) in EVENT.char_indices() {
        assert_rejected::<R, ServerEvent>(&[&EVENT[..end]]);
    }
}

fn nesting_and_size_are_limited<R: Reader>() {
    let lists = |depth| "[".repeat(depth) + &"]".repeat(depth);
    assert!(R::read::<IgnoredAny>(&lists(MAX_DEPTH)).is_ok());
    let objects = "{\"a\":".repeat(MAX_DEPTH + 1) + "1" + &"}".repeat(MAX_DEPTH + 1);
    for deep in [lists(MAX_DEPTH + 1), objects, "[".repeat(100_000), "[{\"\":".repeat(100_000), lists(200_000)] {
        assert_rejected::<R, IgnoredAny>(&[&deep]);
        assert_rejected::<R, ControlMessage>(&[&deep, &format!(r#"{{"type":"ping","deep":{deep}}}"#)]);
        assert_rejected::<R, ServerEvent>(&[&deep, &format!(r#"["user-left",{{"userId":"b"}},{deep}]"#)]);
        assert_rejected::<R, Acknowledgement<JoinAck>>(&[&format!("[{deep}]")]);
    }
    // The deepest text that a tagged enum reads by recursion.
    let ping = format!(r#"{{"type":"ping","deep":{}}}"#, lists(MAX_DEPTH - 1));
    assert_reads::<R, _>(&ping, &ControlMessage::Ping);
    // Brackets in strings are no nesting.
    let name = "[{".repeat(10_000) + r#"\"[\\"#;
    let hello = format!(r#"{{"type":"hello","name":"{name}","sessionId":"s","version":1}}"#);
    assert!(R::read::<ControlMessage>(&hello).is_ok());
    let long = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    assert!(R::read::<IgnoredAny>(&long(MAX_BYTES)).is_ok());
    assert_rejected::<R, IgnoredAny>(&[&long(MAX_BYTES + 1)]);
}

fn wrong_types_are_rejected<R: Reader>() {
    const FOREIGN: &[&str] = &["null", "true", "7", "-0.5", "[null]", "[1,2]", r#"{"":null}"#, r#"{"type":null}"#];
    assert_rejected::<R, ControlMessage>(FOREIGN);
    assert_rejected::<R, ControlMessage>(&[
        "[]",
        "{}",
        "[[]]",
        "[\"\"]",
        "\"ping\"",
        r#"{"type":1}"#,
        r#"{"type":["ping"]}"#,
        r#"{"type":"PING"}"#,
        r#"{"type":"media"}"#,
        r#"{"type":"media","audio":true}"#,
        r#"{"type":"media","audio":"loud","video":[]}"#,
        r#"{"type":"media","audio":null,"video":true}"#,
        r#"{"type":"hello","name":null,"sessionId":"s","version":1}"#,
        r#"{"type":"hello","name":"a","sessionId":{},"version":1}"#,
        r#"{"type":"returning","userId":7}"#,
        r#"{"type":"description","description":null}"#,
        r#"{"type":"description","description":{"type":"answer","sdp":7}}"#,
        r#"{"type":"description","description":{"type":"answer","sdp":null}}"#,
        r#"{"type":"description","description":{"type":"nonsense","sdp":""}}"#,
        r#"{"type":"candidate"}"#,
        r#"{"type":"candidate","candidate":"candidate:1"}"#,
        r#"{"type":"candidate","candidate":{"candidate":7}}"#,
        r#"{"type":"candidate","candidate":{"candidate":"","introduction":{"session":"s","acquaintance":"friend"}}}"#,
        r#"{"type":"path","relay":7}"#,
    ]);
    assert_rejected::<R, ServerEvent>(FOREIGN);
    assert_rejected::<R, ServerEvent>(&[
        "[]",
        "{}",
        "\"offer\"",
        r#"{"offer":{}}"#,
        r#"["offer"]"#,
        r#"["offer",null]"#,
        r#"["offer",1]"#,
        r#"["offer","x"]"#,
        r#"["offer",{}]"#,
        r#"["offer",{"from":"b"}]"#,
        r#"["offer",{"from":7,"offer":{"type":"offer","sdp":""}}]"#,
        r#"["offer",{"from":"b","offer":{"type":"nonsense","sdp":7}}]"#,
        r#"["offer",{"from":"b","offer":{"sdp":""}}]"#,
        r#"["answer",{"from":"b","offer":{"type":"answer","sdp":""}}]"#,
        r#"["ice-candidate",{"from":7,"candidate":[]}]"#,
        r#"["ice-candidate",{"from":"b","candidate":1}]"#,
        r#"["user-joined",{"userId":7}]"#,
        r#"["user-joined",null]"#,
        r#"["user-left",{"userId":null}]"#,
        r#"["refused",{"event":[],"error":1}]"#,
        r#"["refused",{"event":"offer","error":{"code":"teapot","message":""}}]"#,
        r#"[1,{"userId":"b"}]"#,
    ]);
    assert_rejected::<R, Acknowledgement<JoinAck>>(FOREIGN);
    assert_rejected::<R, Acknowledgement<JoinAck>>(&[
        "[]",
        "{}",
        r#"{"success":true}"#,
        r#"[{"success":"yes"}]"#,
        r#"[{"success":null}]"#,
        r#"[{"success":true,"roomId":1}]"#,
        r#"[{"success":true,"existingUsers":[1]}]"#,
        r#"[{"success":true,"existingUsers":{}}]"#,
        r#"[{"success":true,"existingUsers":"ab"}]"#,
        r#"[{"success":true,"iceServers":{}}]"#,
        r#"[{"success":true,"iceServers":7}]"#,
        r#"[{"success":false,"error":1}]"#,
        r#"[{"success":false,"error":{"code":"teapot","message":""}}]"#,
        r#"[{"success":false,"error":{"code":"room-full"}}]"#,
    ]);
    assert_rejected::<R, Handshake>(FOREIGN);
    assert_rejected::<R, Handshake>(&["[]", "{}", r#"{"sid":1,"pingInterval":1,"pingTimeout":1}"#, r#"{"sid":"s"}"#]);
    assert_rejected::<R, Connected>(FOREIGN);
    assert_rejected::<R, Connected>(&["[]", "{}", "\"s\"", r#"{"sid":null}"#, r#"{"sid":7}"#]);
    assert_rejected::<R, ConnectError>(&["null", "7", "[]", "{}", r#"{"message":1}"#]);
    assert_rejected::<R, IceServerEntries>(&["null", "7", "{}", "\"stun:a\"", r#"{"urls":"stun:a"}"#]);
    assert_rejected::<R, IceServer>(&["{}", r#"{"urls":1}"#, r#"{"urls":[1]}"#, r#"{"urls":null}"#, "null"]);
}

fn wrong_numbers_are_rejected<R: Reader>() {
    for number in ["-1", "1.5", "4294967296", "1e400", "-1e400", "18446744073709551616", "\"1\"", "null", "[1]", "{}"] {
        assert_rejected::<R, ControlMessage>(&[
            &format!(r#"{{"type":"hello","name":"a","sessionId":"s","version":{number}}}"#),
            &format!(
                r#"{{"type":"description","description":{{"type":"offer","sdp":"","tag":{{"connection":"c","serial":{number}}}}}}}"#
            ),
        ]);
    }
    for number in ["-1", "1.5", "65536", "1e400", "\"0\"", "[0]"] {
        let candidate = format!(r#"{{"candidate":"candidate:1","sdpMLineIndex":{number}}}"#);
        assert_rejected::<R, ControlMessage>(&[&format!(r#"{{"type":"candidate","candidate":{candidate}}}"#)]);
        assert_rejected::<R, ServerEvent>(&[&format!(r#"["ice-candidate",{{"from":"b","candidate":{candidate}}}]"#)]);
    }
    for number in ["-1", "1.5", "1e300", "1e400", "\"1\"", "[1]"] {
        assert_rejected::<R, Acknowledgement<IceServersAck>>(&[&format!(
            r#"[{{"success":true,"iceServersLifetime":{number}}}]"#
        )]);
        assert_rejected::<R, Handshake>(&[
            &format!(r#"{{"sid":"s","pingInterval":{number},"pingTimeout":1}}"#),
            &format!(r#"{{"sid":"s","pingInterval":1,"pingTimeout":{number}}}"#),
        ]);
    }
}

/// A reader skips messages of later versions, and its log distinguishes them from malformed ones.
fn unknown_variant_and_malformed_one_have_different_errors<R: Reader>() {
    let reason = |text: &str| R::read::<ControlMessage>(text).map_or_else(|reason| reason, |read| format!("{read:?}"));
    let unknown = reason(r#"{"type":"confetti","amount":3}"#);
    assert!(unknown.contains("unknown variant `confetti`"), "{unknown}");
    let malformed = reason(r#"{"type":"media","audio":true}"#);
    assert!(malformed.contains("missing field `video`"), "{malformed}");
    let reason = |text: &str| R::read::<ServerEvent>(text).map_or_else(|reason| reason, |read| format!("{read:?}"));
    for name in ["news", "disconnect", "__proto__", "constructor"] {
        let unknown = reason(&format!(r#"["{name}",{{}}]"#));
        assert!(unknown.contains(&format!("unknown variant `{name}`")), "{unknown}");
    }
    let malformed = reason(r#"["user-left",{}]"#);
    assert!(malformed.contains("missing field `userId`"), "{malformed}");
}

fn unknown_fields_are_ignored<R: Reader>() {
    let media = ControlMessage::Media { audio: true, video: false };
    let later = r#""hand":"raised","n":1e308,"m":123456789012345678901234567890,"o":{"p":[null,{"q":[]}]}"#;
    assert_reads::<R, _>(&format!(r#"{{{later},"type":"media","audio":true,"video":false}}"#), &media);
    assert_reads::<R, _>(r#"{"type":"path","relay":null}"#, &ControlMessage::Path { relay: None });
    let relay = Some(RelayProtocol::Unknown);
    assert_reads::<R, _>(r#"{"type":"path","relay":"quic"}"#, &ControlMessage::Path { relay });
    let joined = ServerEvent::UserJoined(Presence { user_id: UserId("b".to_owned()) });
    assert_reads::<R, _>(&format!(r#"["user-joined",{{"userId":"b",{later}}},[],null]"#), &joined);
    let left = Acknowledgement(Ack { success: true, error: None });
    assert_reads::<R, _>(&format!(r#"[{{"success":true,"error":null,{later}}},"more",{{}}]"#), &left);
}

fn prototype_is_not_read<R: Reader>() {
    assert_reads::<R, _>(r#"{"type":"ping","__proto__":{"type":"pong"}}"#, &ControlMessage::Ping);
    assert_rejected::<R, ControlMessage>(&[r#"{"__proto__":{"type":"ping"}}"#]);
    assert_rejected::<R, Connected>(&[r#"{"__proto__":{"sid":"s"}}"#, r#"{"constructor":{"prototype":{"sid":"s"}}}"#]);
    assert_rejected::<R, ServerEvent>(&[r#"["user-left",{"__proto__":{"userId":"b"}}]"#]);
}

/// `JSON.parse` accepts a lone surrogate, which becomes U+FFFD in Rust.
fn lone_surrogate_is_rejected_or_replaced<R: Reader>() {
    for half in ["\\ud800", "\\udc00", "\\ud800\\u0041", "\\udc00\\ud800"] {
        let read = R::read::<Connected>(&format!(r#"{{"sid":"a{half}b"}}"#));
        assert!(read.as_ref().map_or(true, |read| read.sid.0.contains('\u{fffd}')), "{half}: {read:?}");
    }
    let smile = Connected { sid: UserId("\"\\/\u{8}\u{c}\n\r\tA한😀".to_owned()) };
    assert_reads::<R, _>(r#" {"sid": "\"\\\/\b\f\n\r\t\u0041\ud55c\ud83d\uDE00"} "#, &smile);
}

/// `serde_json` rejects it; a JavaScript object keeps the last value.
fn duplicate_key_is_rejected_or_the_last_counts<R: Reader>() {
    let media = R::read::<ControlMessage>(r#"{"type":"media","audio":true,"video":true,"audio":false}"#);
    assert!(media.as_ref().map_or(true, |read| *read == ControlMessage::Media { audio: false, video: true }));
    let pong = R::read::<ControlMessage>(r#"{"type":"ping","type":"pong"}"#);
    assert!(pong.as_ref().map_or(true, |read| *read == ControlMessage::Pong), "{pong:?}");
    let connected = R::read::<Connected>(r#"{"sid":"a","sid":"b"}"#);
    assert!(connected.as_ref().map_or(true, |read| read.sid.0 == "b"), "{connected:?}");
}

fn broken_ice_server_does_not_lose_the_others<R: Reader>() {
    let server = |url: &str| IceServer { urls: vec![url.to_owned()], username: None, credential: None };
    let relay = IceServer {
        urls: vec!["turn:a".to_owned(), "turns:a".to_owned()],
        username: Some("u".to_owned()),
        credential: Some("c".to_owned()),
    };
    let text = r#"[{"url":"stun:y","credential":"secret"},{"urls":"stun:z"},7,null,[null],
        {"urls":["turn:a",1],"credential":"secret"},{"urls":["turn:a","turns:a"],"username":"u","credential":"c"}]"#;
    let expected = vec![
        server(r#"{"url":"stun:y"}"#),
        server("stun:z"),
        server("entry 3 without usable urls"),
        server("entry 4 without usable urls"),
        server("entry 5 without usable urls"),
        server("entry 6 without usable urls"),
        relay,
    ];
    assert_reads::<R, _>(text, &IceServerEntries(expected.clone()));
    let answer = IceServersAck { success: true, ice_servers: Some(expected), ..IceServersAck::default() };
    assert_reads::<R, _>(&format!(r#"[{{"success":true,"iceServers":{text}}}]"#), &Acknowledgement(answer));
    let none = Acknowledgement(IceServersAck { success: true, ..IceServersAck::default() });
    for answer in [r#"[{"success":true}]"#, r#"[{"success":true,"iceServers":null,"iceServersLifetime":null}]"#] {
        assert_reads::<R, _>(answer, &none);
    }
}
