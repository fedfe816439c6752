//! Forwarding of offers, answers and candidates: unchanged, and to the target only.

use serde_json::json;

use crate::client::Server;

const FORWARDED: [&str; 3] = ["offer", "answer", "ice-candidate"];

#[tokio::test]
async fn payloads_are_forwarded_byte_for_byte() {
    let server = Server::start().await;
    let mut a = server.participant("room").await;
    let mut b = server.participant("room").await;
    assert_eq!(a.event().await.name, "user-joined");
    // Spacing, number formats, escapes, unknown fields and repeated keys inside the values must all survive.
    let fields = concat!(
        r#""offer":{"type":"offer","sdp":"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n\u0041 é 한"}"#,
        r#","candidate":{ "candidate":"candidate:1 1 udp 2122260223 192.0.2.1 5000 typ host","sdpMid":"0","#,
        r#""sdpMLineIndex":0, "usernameFragment":"aBcD","new":1.0}"#,
        r#","unknown":[1e3,12345678901234567890123,null,{"a":1,"a":2}],"":true"#
    );
    for event in FORWARDED {
        let (from_a, from_b) = (a.id.clone(), b.id.clone());
        a.send(&format!(r#"42["{event}",{{"target":"{from_b}",{fields}}}]"#)).await;
        let got = b.event().await;
        assert_eq!((got.name.as_str(), got.text), (event, format!(r#"{{"from":"{from_a}",{fields}}}"#)));
        b.send(&format!(r#"42["{event}",{{{fields},"target":"{from_a}"}}]"#)).await;
        let got = a.event().await;
        assert_eq!((got.name.as_str(), got.text), (event, format!(r#"{{"from":"{from_b}",{fields}}}"#)));
    }
}

#[tokio::test]
async fn events_of_one_sender_stay_in_order() {
    let server = Server::start().await;
    let mut a = server.participant("room").await;
    let mut b = server.participant("room").await;
    for number in 0..500 {
        let event = FORWARDED[number % 3];
        a.emit(event, &json!({"target": b.id, "number": number})).await;
    }
    for number in 0..500 {
        let got = b.event().await;
        assert_eq!((got.name.as_str(), &got.data["number"]), (FORWARDED[number % 3], &json!(number)));
    }
}

#[tokio::test]
async fn sender_cannot_be_forged() {
    let server = Server::start().await;
    let mut a = server.participant("room").await;
    let mut b = server.participant("room").await;
    let victim = server.participant("room").await;
    let (id, target, victim) = (&a.id, &b.id, &victim.id);
    let mut got = Vec::new();
    for text in [
        format!(r#"["offer",{{"target":"{target}","from":"{victim}"}}]"#),
        format!(r#"["offer",{{"from":"{victim}","target":"{target}","from":"{victim}"}}]"#),
        format!(r#"["offer",{{"target":"{target}","fr\u006fm":"{victim}"}}]"#),
    ] {
        got.push((text, format!(r#"{{"from":"{id}"}}"#)));
    }
    for (text, expected) in got {
        let answer = a.request_text(&text).await;
        assert_eq!(answer, json!({"success": true}));
        loop {
            let event = b.event().await;
            if event.name != "user-joined" {
                assert_eq!(event.text, expected);
                break;
            }
        }
    }
}

#[tokio::test]
async fn last_of_repeated_targets_counts() {
    let server = Server::start().await;
    let mut a = server.participant("room").await;
    let mut b = server.participant("room").await;
    let mut c = server.participant("room").await;
    b.settle().await;
    a.request_text(&format!(r#"["offer",{{"target":"{}","target":"{}"}}]"#, b.id, c.id)).await;
    assert_eq!(c.event().await.text, format!(r#"{{"from":"{}"}}"#, a.id));
    assert_eq!(b.settle().await, []);
}

#[tokio::test]
async fn events_are_not_forwarded_between_rooms() {
    let server = Server::start().await;
    let mut a = server.participant("one").await;
    let mut b = server.participant("other").await;
    let mut outside = server.client().await;
    for event in FORWARDED {
        let answer = a.request(event, &json!({"target": b.id})).await;
        assert_eq!(answer["error"]["code"], "target-not-in-room");
        let answer = a.request(event, &json!({"target": outside.id})).await;
        assert_eq!(answer["error"]["code"], "target-not-in-room");
        let answer = outside.request(event, &json!({"target": a.id})).await;
        assert_eq!(answer["error"]["code"], "not-in-room");
    }
    for client in [&mut a, &mut b, &mut outside] {
        assert_eq!(client.settle().await, []);
    }
}

#[tokio::test]
async fn participant_that_left_receives_no_events() {
    let server = Server::start().await;
    let mut a = server.participant("room").await;
    let mut b = server.participant("room").await;
    b.request("leave-room", &json!(null)).await;
    let answer = a.request("offer", &json!({"target": b.id})).await;
    assert_eq!(answer["error"]["code"], "target-not-in-room");
    assert_eq!(b.settle().await, []);
}

#[tokio::test]
async fn only_the_target_receives_the_event() {
    let server = Server::start().await;
    let mut a = server.participant("room").await;
    let mut b = server.participant("room").await;
    let mut c = server.participant("room").await;
    for client in [&mut a, &mut b, &mut c] {
        client.settle().await;
    }
    a.request("offer", &json!({"target": b.id, "offer": 1})).await;
    assert_eq!(b.settle().await.len(), 1);
    assert_eq!(a.settle().await, []);
    assert_eq!(c.settle().await, []);
}
