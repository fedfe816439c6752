//! Every refused request, with and without an acknowledgement.

use serde_json::{Value, json};
use vitrine_server::{AccessOptions, Config};

use crate::client::{Client, Server};

/// Sends an event with and without an acknowledgement, and expects the same refusal.
async fn refused(client: &mut Client, event: &str, data: &Value, code: &str) {
    let answer = client.request(event, data).await;
    assert_eq!((&answer["success"], &answer["error"]["code"]), (&json!(false), &json!(code)), "{data}");
    assert!(!answer["error"]["message"].as_str().unwrap().is_empty());

    client.emit(event, data).await;
    let refusal = client.event().await;
    assert_eq!(refusal.name, "refused");
    assert_eq!(refusal.data, json!({"event": event, "error": answer["error"]}));
}

#[tokio::test]
async fn invalid_room_name_is_refused() {
    let server = Server::start().await;
    let mut client = server.client().await;
    for name in [
        "",
        "   ",
        "\u{200B}\u{2060} \u{FEFF}",
        "\u{3164}",
        "line\nbreak",
        "nul\0",
        "abc\u{202E}def",
        "\u{2066}abc",
        &"x".repeat(65),
        &"한".repeat(65),
    ] {
        refused(&mut client, "join-room", &json!(name), "invalid-room-name").await;
        refused(&mut client, "create-room", &json!(name), "invalid-room-name").await;
    }
    for name in ["x", "한국어 방", "👩\u{200D}💻", "a/b?c#d", &"한".repeat(64), &format!(" {} ", "x".repeat(64))]
    {
        let answer = client.request("join-room", &json!(name)).await;
        assert_eq!((&answer["success"], &answer["roomId"]), (&json!(true), &json!(name.trim())));
        client.request("leave-room", &json!(null)).await;
    }
}

#[tokio::test]
async fn creating_an_existing_room_is_refused() {
    let server = Server::start().await;
    let _inside = server.participant("room").await;
    let mut client = server.client().await;
    refused(&mut client, "create-room", &json!("room"), "room-exists").await;
    refused(&mut client, "create-room", &json!(" room"), "room-exists").await;
}

#[tokio::test]
async fn joining_a_full_room_is_refused() {
    let server = Server::with(Config { max_participants: 1, ..Config::default() }).await;
    let _inside = server.participant("room").await;
    let mut client = server.client().await;
    refused(&mut client, "join-room", &json!("room"), "room-full").await;
}

#[tokio::test]
async fn entering_a_second_room_is_refused() {
    let server = Server::start().await;
    let mut other = server.participant("room").await;
    let mut client = server.participant("room").await;
    for room in ["room", "other room"] {
        refused(&mut client, "join-room", &json!(room), "already-in-room").await;
        refused(&mut client, "create-room", &json!(room), "already-in-room").await;
    }
    // The other participant saw one entry.
    assert_eq!(other.settle().await.len(), 1);
}

#[tokio::test]
async fn events_outside_a_room_are_refused() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let peer = server.participant("room").await;
    for event in ["offer", "answer", "ice-candidate"] {
        refused(&mut client, event, &json!({"target": peer.id}), "not-in-room").await;
        refused(&mut client, event, &json!({"target": "nobody"}), "not-in-room").await;
    }
    refused(&mut client, "leave-room", &json!(null), "not-in-room").await;
}

#[tokio::test]
async fn unknown_target_is_refused() {
    let server = Server::start().await;
    let mut client = server.participant("room").await;
    let itself = client.id.clone();
    for target in ["", "nobody", "0000000000000000", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "room", &itself] {
        refused(&mut client, "offer", &json!({"target": target}), "target-not-in-room").await;
    }
}

#[tokio::test]
async fn malformed_payload_is_refused() {
    let server = Server::start().await;
    let mut client = server.participant("room").await;
    for data in [
        json!(null),
        json!("text"),
        json!(1),
        json!([]),
        json!({}),
        json!({"offer": {"type": "offer"}}),
        json!({"target": null}),
        json!({"target": 7}),
        json!({"target": {"id": "x"}}),
    ] {
        refused(&mut client, "offer", &data, "malformed-payload").await;
        refused(&mut client, "ice-candidate", &data, "malformed-payload").await;
    }
    client.request("leave-room", &json!(null)).await;
    for data in [json!(null), json!(7), json!({"room": "x"}), json!(["x"])] {
        refused(&mut client, "join-room", &data, "malformed-payload").await;
    }
    for array in [r#"["join-room"]"#, r#"["offer"]"#] {
        assert_eq!(client.request_text(array).await["error"]["code"], "malformed-payload");
    }
}

#[tokio::test]
async fn binary_attachment_is_refused() {
    let server = Server::start().await;
    let mut client = server.participant("room").await;
    client.send(r#"451-7["offer",{"target":"x","offer":{"_placeholder":true,"num":0}}]"#).await;
    client.send_binary(&[1, 2, 3]).await;
    let answer = client.frame().await.unwrap();
    assert!(answer.starts_with("437[") && answer.contains("malformed-payload"), "{answer}");
}

/// A payload for `peer` of exactly `size` bytes of JSON.
fn payload(peer: &Client, field: &str, size: usize) -> Value {
    let frame = json!({"target": peer.id, field: ""}).to_string().len();
    json!({"target": peer.id, field: "x".repeat(size - frame)})
}

#[tokio::test]
async fn too_large_payload_is_refused() {
    // Large events would exceed the rate limit.
    let server = Server::with(Config {
        access: AccessOptions { rate_limit: None, ..AccessOptions::default() },
        ..Config::default()
    })
    .await;
    let mut client = server.participant("room").await;
    let mut peer = server.participant("room").await;
    client.settle().await;
    // The limit is exact, and the connection survives payloads far above it.
    let huge = payload(&peer, "offer", 900 * 1024);
    for (event, field, most) in
        [("offer", "offer", 256 * 1024), ("answer", "answer", 256 * 1024), ("ice-candidate", "candidate", 64 * 1024)]
    {
        let (fits, large) = (payload(&peer, field, most), payload(&peer, field, most + 1));
        assert_eq!(client.request(event, &fits).await["success"], true, "{event}");
        refused(&mut client, event, &large, "payload-too-large").await;
    }
    refused(&mut client, "offer", &huge, "payload-too-large").await;
    refused(&mut client, "leave-room", &huge, "payload-too-large").await;
    assert_eq!(peer.settle().await.len(), 3);
    assert_eq!(client.request("offer", &json!({"target": peer.id})).await["success"], true);
}

#[tokio::test]
async fn frame_beyond_the_hard_limit_closes_only_its_own_connection() {
    let server = Server::start().await;
    let mut peer = server.participant("room").await;
    let mut client = server.participant("room").await;
    assert_eq!(peer.event().await.name, "user-joined");
    let frame = format!("42{}", json!(["offer", "x".repeat(1024 * 1024)]));
    // The server may close the connection while the frame is in flight.
    let _ = client.try_send(&frame).await;
    assert_eq!(client.frame().await, None);
    assert_eq!(peer.event().await.name, "user-left");
}
