//! `GET /metrics`: the counters, and access to them.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use vitrine_server::{AccessOptions, Config};

use crate::{
    client::{HERE, Server, connect_from},
    http::{get, get_from},
};

/// The value of a metric.
async fn metric(server: &Server, name: &str) -> u64 {
    let response = get(server.address, "/metrics", &[]).await;
    assert_eq!(response.status, 200);
    let found = response.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    found.unwrap_or_else(|| panic!("{name} is not in {}", response.text()))
}

/// Waits until a metric has the expected value.
async fn wait_for_metric(server: &Server, name: &str, expected: u64) {
    let noticed = async {
        while metric(server, name).await != expected {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(std::time::Duration::from_secs(10), noticed).await;
    assert!(in_time.is_ok(), "{name} does not become {expected}");
}

#[tokio::test]
async fn sockets_rooms_forwards_and_refusals_are_counted() {
    let server = Server::start().await;
    let mut a = server.participant("the-room-name").await;
    let mut b = server.participant("the-room-name").await;
    let mut outside = server.client().await;
    for _ in 0..3 {
        a.request("offer", &json!({"target": b.id})).await;
    }
    b.request("answer", &json!({"target": a.id})).await;
    b.request("answer", &json!({"target": "nobody"})).await;
    outside.request("create-room", &json!("the-room-name")).await;
    for (name, expected) in [
        ("vitrine_sockets", 3),
        ("vitrine_rooms", 1),
        ("vitrine_participants", 2),
        ("vitrine_signaling_relayed_total{event=\"offer\"}", 3),
        ("vitrine_signaling_relayed_total{event=\"answer\"}", 1),
        ("vitrine_signaling_relayed_total{event=\"ice-candidate\"}", 0),
        ("vitrine_refusals_total{code=\"target-not-in-room\"}", 1),
        ("vitrine_refusals_total{code=\"room-exists\"}", 1),
        ("vitrine_refusals_total{code=\"rate-limited\"}", 0),
        ("vitrine_connections_refused_total{reason=\"origin\"}", 0),
        ("vitrine_flooders_disconnected_total", 0),
    ] {
        assert_eq!(metric(&server, name).await, expected, "{name}");
    }
    a.close().await;
    outside.vanish();
    wait_for_metric(&server, "vitrine_sockets", 1).await;
    wait_for_metric(&server, "vitrine_participants", 1).await;
    b.request("leave-room", &json!(null)).await;
    assert_eq!(metric(&server, "vitrine_rooms").await, 0);
}

#[tokio::test]
async fn metrics_are_valid_prometheus_text_without_personal_data() {
    let server = Server::start().await;
    let a = server.participant("the-room-name").await;
    let response = get(server.address, "/metrics", &[]).await;
    assert_eq!(response.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    for secret in ["the-room-name", &a.id, "127.0.0.1"] {
        assert!(!response.text().contains(secret), "{}", response.text());
    }
    // Every sample belongs to a family with a help text and a type.
    let mut family = "";
    for line in response.text().lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            family = rest.split(' ').next().unwrap();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(name, family);
            assert_eq!(kind, if name.ends_with("_total") { "counter" } else { "gauge" });
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert_eq!(name.split('{').next().unwrap(), family);
            value.parse::<u64>().unwrap();
        }
    }
}

#[tokio::test]
async fn metrics_are_readable_from_this_machine_but_not_through_a_proxy() {
    let server = Server::start().await;
    assert_eq!(get(server.address, "/metrics", &[]).await.status, 200);
    assert_eq!(get_from("127.0.0.9", server.address, "/metrics", &[]).await.status, 200);
    for header in [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
        ("via", "1.1 proxy"),
    ] {
        let response = get(server.address, "/metrics", &[header]).await;
        assert_eq!(response.status, 403, "{header:?}");
        assert!(!response.text().contains("vitrine_sockets"));
    }
}

#[tokio::test]
async fn metrics_request_for_another_host_is_refused() {
    let server = Server::start().await;
    let ask = async |head: &str| {
        let mut stream = connect_from(HERE, server.address).await;
        stream.write_all(format!("GET /metrics HTTP/1.0\r\n{head}\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().parse::<u16>().unwrap()
    };
    for host in ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.9:8080", "[::1]", "[::1]:8080"] {
        assert_eq!(ask(&format!("host: {host}\r\n")).await, 200, "{host}");
    }
    assert_eq!(ask("").await, 200);
    for host in ["calls.example", "calls.example:443", "192.0.2.1", "[2001:db8::1]:443", "localhost.example", ""] {
        assert_eq!(ask(&format!("host: {host}\r\n")).await, 403, "{host}");
    }
    assert_eq!(ask("host: localhost\r\nhost: calls.example\r\n").await, 403);
}

#[tokio::test]
async fn metrics_token_is_required_when_configured() {
    let access = AccessOptions { metrics_token: Some("sesame".to_owned()), ..AccessOptions::default() };
    let server = Server::with(Config { access, ..Config::default() }).await;
    let with = async |headers: &[(&str, &str)]| get(server.address, "/metrics", headers).await;
    for wrong in ["Bearer open", "Bearer ", "Basic sesame", "sesame"] {
        let response = with(&[("authorization", wrong)]).await;
        assert_eq!((response.status, response.header("www-authenticate")), (401, "Bearer"), "{wrong}");
    }
    assert_eq!(with(&[]).await.status, 401);
    // Also through a proxy.
    let shown = [("authorization", "Bearer sesame"), ("x-forwarded-for", "192.0.2.1")];
    assert_eq!(with(&shown).await.status, 200);
}

#[tokio::test]
async fn metrics_can_be_switched_off() {
    let access = AccessOptions { metrics_token: Some("off".to_owned()), ..AccessOptions::default() };
    let server = Server::with(Config { access, ..Config::default() }).await;
    for headers in [&[][..], &[("authorization", "Bearer off")]] {
        assert_eq!(get(server.address, "/metrics", headers).await.status, 404);
    }
}
