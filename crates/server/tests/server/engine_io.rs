//! Engine.IO: invalid requests and packets, and sessions that do not connect or do not read.

use std::time::Duration;

use serde_json::{Value, json};
use vitrine_server::{AccessOptions, Config};

use crate::{
    client::{Client, Server},
    http::{get, request},
};

#[tokio::test]
async fn invalid_engine_io_request_is_refused_with_its_error_code() {
    let server = Server::start().await;
    for (method, query, code) in [
        ("GET", "", 0),
        ("GET", "?EIO=4", 0),
        ("GET", "?EIO=4&transport=pigeon", 0),
        ("GET", "?EIO=4&transport=polling&sid=nobody", 1),
        ("POST", "?EIO=4&transport=polling", 2),
        ("GET", "?EIO=3&transport=polling", 5),
        ("GET", "?transport=polling", 5),
    ] {
        let response = request(server.address, method, &format!("/socket.io/{query}"), &[], "").await;
        assert_eq!(response.status, 400, "{query}");
        assert_eq!(serde_json::from_str::<Value>(response.text()).unwrap()["code"], code, "{query}");
    }
    // A WebSocket request without an upgrade.
    let response = get(server.address, "/socket.io/?EIO=4&transport=websocket", &[]).await;
    assert!((400..500).contains(&response.status), "{response:?}");
}

#[tokio::test]
async fn malformed_packet_closes_only_its_own_connection() {
    let server = Server::start().await;
    let mut witness = server.participant("room").await;
    for frame in ["", "9", "x", "한국어", "4", "47", "45[\"offer\"]", "4299999999999999999999[\"offer\"]"] {
        let mut client = server.participant("room").await;
        assert_eq!(witness.event().await.name, "user-joined");
        client.send(frame).await;
        assert_eq!(client.frame().await, None, "{frame}");
        assert_eq!(witness.event().await.name, "user-left", "{frame}");
    }
    // Packets without effect are ignored.
    let mut client = server.participant("room").await;
    for frame in ["2", "3", "6", "430[]", "461-0[]", "42{}", "42", "42[]", "42[7]", "42/admin,[\"offer\"]", "41/admin,"]
    {
        client.send(frame).await;
    }
    client.send_binary(&[0, 255]).await;
    assert_eq!(client.settle().await, []);
}

#[tokio::test]
async fn unknown_namespace_is_refused() {
    let server = Server::start().await;
    let mut client = server.client().await;
    client.send("40/admin,").await;
    assert_eq!(client.frame().await.as_deref(), Some(r#"44/admin,{"message":"Invalid namespace"}"#));
    // The existing connection goes on, and repeated connects are ignored.
    client.send("40").await;
    assert_eq!(client.request("join-room", &json!("room")).await["success"], true);
}

#[tokio::test]
async fn session_can_reconnect_its_namespace() {
    let server = Server::start().await;
    let mut witness = server.participant("room").await;
    let mut client = server.participant("room").await;
    assert_eq!(witness.event().await.name, "user-joined");
    client.send("41").await;
    assert_eq!(witness.event().await.data, json!({"userId": client.id}));
    client.emit("join-room", &json!("room")).await;
    client.send("40").await;
    let connected = client.frame().await.unwrap();
    let json: Value = serde_json::from_str(connected.strip_prefix("40").unwrap()).unwrap();
    assert_ne!(json["sid"], json!(client.id));
    assert_eq!(client.request("join-room", &json!("room")).await["existingUsers"], json!([witness.id]));
}

fn short_pings() -> Config {
    let access = AccessOptions { rate_limit: None, ..AccessOptions::default() };
    let (ping_interval, ping_timeout) = (Duration::from_millis(200), Duration::from_millis(500));
    Config { ping_interval, ping_timeout, access, ..Config::default() }
}

#[tokio::test]
async fn session_without_a_namespace_connection_is_closed() {
    let server = Server::with(short_pings()).await;
    let mut client = Client::unconnected(server.address).await;
    assert_eq!(client.frame().await, None);
}

#[tokio::test]
async fn client_that_reads_nothing_is_disconnected_without_blocking_the_sender() {
    let server = Server::with(short_pings()).await;
    let mut sender = server.participant("room").await;
    let deaf = server.participant("room").await;
    let offer = json!({"target": deaf.id, "offer": "x".repeat(60_000)});
    let mut codes = Vec::new();
    // Far more than the buffers between the two hold.
    while codes.last() != Some(&json!("target-not-in-room")) {
        codes.push(sender.request("offer", &offer).await["error"]["code"].clone());
        assert!(codes.len() < 100_000);
    }
    let mut other = server.participant("room").await;
    assert_eq!(sender.request("offer", &json!({"target": other.id})).await["success"], true);
    while other.event().await.name != "offer" {}
}
