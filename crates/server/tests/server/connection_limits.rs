//! Limits on events, connections and attempts to enter a room, and what an outsider learns about rooms.

use std::{collections::HashSet, num::NonZeroU32};

use serde_json::{Value, json};
use tokio::time::timeout;
use vitrine_server::{AccessOptions, Config};

use crate::{
    client::{Client, Server, TIMEOUT, parse_event},
    http::{get, get_from},
};

const HANDSHAKE: &str = "/socket.io/?EIO=4&transport=polling";

/// A server that allows `count` connections per address. Loopback clients are counted, because a trusted proxy is
/// configured and they are not it.
async fn server_with_connection_limit(count: u32) -> Server {
    let access = AccessOptions {
        max_connections_per_address: NonZeroU32::new(count),
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        ..AccessOptions::default()
    };
    Server::with(Config { access, ..Config::default() }).await
}

/// A server that allows one event a second, with a burst of two hundred.
async fn server_with_low_rate_limit() -> Server {
    let access = AccessOptions { rate_limit: NonZeroU32::new(1), ..AccessOptions::default() };
    Server::with(Config { access, max_participants: 2, ..Config::default() }).await
}

#[tokio::test]
async fn joining_a_full_room_and_ice_restarts_stay_within_the_rate_limit() {
    const CANDIDATES: usize = 40;
    let server = Server::start().await;
    let mut others = Vec::new();
    for _ in 0..11 {
        others.push(server.participant("room").await);
    }
    let mut newcomer = server.participant("room").await;
    let (mut sent, mut expected) = (0, 0);
    for _ in 0..2 {
        for other in &mut others {
            other.emit("offer", &json!({"target": newcomer.id, "offer": {"sdp": "x".repeat(6000)}})).await;
            newcomer.emit("answer", &json!({"target": other.id, "answer": {"sdp": "x".repeat(6000)}})).await;
            for number in 0..CANDIDATES {
                other.emit("ice-candidate", &json!({"target": newcomer.id, "candidate": number})).await;
                newcomer.emit("ice-candidate", &json!({"target": other.id, "candidate": number})).await;
            }
            sent += 1 + CANDIDATES;
            expected += 1 + CANDIDATES;
        }
    }
    // Every event, and no refusals.
    let mut got = newcomer.settle().await;
    while got.len() < expected {
        got.push(newcomer.event().await);
    }
    assert!(got.iter().all(|event| matches!(event.name.as_str(), "offer" | "ice-candidate")));
    let mut arrived = 0;
    for other in &mut others {
        let events = other.settle().await;
        assert!(events.iter().all(|event| event.name != "refused"));
        arrived += events.iter().filter(|event| matches!(event.name.as_str(), "answer" | "ice-candidate")).count();
    }
    assert_eq!(arrived, sent);
}

#[tokio::test]
async fn answers_with_many_media_sections_stay_within_the_rate_limit() {
    const SDP: usize = 192 * 1024;
    let server = Server::start().await;
    let mut others = Vec::new();
    for _ in 0..11 {
        others.push(server.participant("room").await);
    }
    let mut newcomer = server.participant("room").await;
    let answer = json!({"sdp": "x".repeat(SDP)});
    for other in &others {
        let answered = newcomer.request("answer", &json!({"target": other.id, "answer": answer})).await;
        assert_eq!(answered["success"], true, "{answered}");
    }
}

#[tokio::test]
async fn flood_is_refused_then_disconnected_and_others_are_unaffected() {
    let server = server_with_low_rate_limit().await;
    let mut victim = server.participant("room").await;
    let mut flooder = server.participant("room").await;
    let mut a = server.participant("other room").await;
    let mut b = server.participant("other room").await;
    a.settle().await;

    // The server may close the connection while more events are in flight.
    let flood = json!({"target": victim.id, "candidate": "x"});
    for _ in 0..1000 {
        if flooder.try_send(&format!("42{}", json!(["ice-candidate", flood]))).await.is_err() {
            break;
        }
    }
    while flooder.frame().await.is_some() {}

    // One burst and the refill have passed, then the sender was disconnected.
    let mut passed = 0;
    loop {
        let event = victim.event().await;
        match event.name.as_str() {
            "ice-candidate" => passed += 1,
            "user-left" => break,
            _ => assert_eq!(event.name, "user-joined"),
        }
    }
    assert!((150..=250).contains(&passed), "{passed} passed");
    assert_eq!(a.request("offer", &json!({"target": b.id})).await["success"], true);
    assert_eq!(b.event().await.name, "offer");
    assert_eq!(a.settle().await, []);
}

#[tokio::test]
async fn every_event_beyond_the_limit_is_refused_until_the_disconnect() {
    let server = server_with_low_rate_limit().await;
    let mut client = server.client().await;
    let mut refused = 0;
    loop {
        client.emit("offer", &json!(null)).await;
        let frame = client.frame().await.expect("a refusal or a disconnect");
        if frame == "41" {
            break;
        }
        let code = parse_event(&frame).data["error"]["code"].clone();
        assert!(code == "malformed-payload" && refused == 0 || code == "rate-limited", "{frame}");
        refused += usize::from(code == "rate-limited");
    }
    assert!((200..=220).contains(&refused), "{refused} refused");
    assert_eq!(client.frame().await, None);
    // The client may connect again.
    assert_eq!(server.client().await.request("join-room", &json!("room")).await["success"], true);
}

#[tokio::test]
async fn unknown_events_count_and_large_events_count_more() {
    let server = server_with_low_rate_limit().await;
    let mut client = server.client().await;
    for _ in 0..200 {
        client.emit("unknown", &json!(null)).await;
    }
    assert_eq!(client.request("offer", &json!(null)).await["error"]["code"], "rate-limited");

    let mut client = server.client().await;
    let large = json!("x".repeat(60 * 1024));
    let mut answered = 0;
    while client.request("offer", &large).await["error"]["code"] == "malformed-payload" {
        answered += 1;
    }
    assert!((20..=50).contains(&answered), "{answered} answered");
}

#[tokio::test]
async fn rate_limit_can_be_switched_off() {
    let access = AccessOptions { rate_limit: None, ..AccessOptions::default() };
    let server = Server::with(Config { access, ..Config::default() }).await;
    let mut a = server.participant("room").await;
    let mut b = server.participant("room").await;
    for number in 0..5000 {
        a.emit("ice-candidate", &json!({"target": b.id, "candidate": number})).await;
        assert_eq!(b.event().await.data["candidate"], number);
    }
}

/// Leaves and enters until the rate limit refuses it. Returns the number of granted attempts and the refusal.
async fn guess(client: &mut Client, event: &str, room: &str) -> (usize, Value) {
    for granted in 0..1000 {
        client.request("leave-room", &json!(null)).await;
        let answer = client.request(event, &json!(room)).await;
        if answer["error"]["code"] == "rate-limited" {
            return (granted, answer);
        }
    }
    panic!("{room} could be guessed a thousand times");
}

#[tokio::test]
async fn guessing_room_names_is_limited_and_the_refusal_reveals_nothing() {
    let server = Server::start().await;
    let mut inside = server.participant("taken").await;
    inside.settle().await;
    let mut client = server.client().await;
    // Every guess counts, refused or not.
    let (guesses, taken) = guess(&mut client, "create-room", "taken").await;
    assert!((30..=40).contains(&guesses), "{guesses} guesses");
    let (_, free) = guess(&mut client, "create-room", "free").await;
    let (_, joined) = guess(&mut client, "join-room", "taken").await;
    assert_eq!((&free, &joined), (&taken, &taken));
    // The participant in the room is not notified of refused attempts.
    let told = inside.settle().await;
    let joined: HashSet<&Value> = told.iter().map(|event| &event.data["userId"]).collect();
    assert!(joined.iter().all(|user| **user == json!(client.id)), "{told:?}");
    // Other clients are unaffected.
    assert_eq!(server.client().await.request("join-room", &json!("taken")).await["success"], true);
}

#[tokio::test]
async fn refused_entry_is_not_announced_to_the_room() {
    let server = Server::with(Config { max_participants: 1, ..Config::default() }).await;
    let mut inside = server.participant("room").await;
    let mut client = server.client().await;
    for event in ["create-room", "join-room"] {
        let code = client.request(event, &json!("room")).await["error"]["code"].clone();
        assert_eq!(code, if event == "create-room" { "room-exists" } else { "room-full" });
    }
    assert_eq!(inside.settle().await, []);
}

#[tokio::test]
async fn target_in_another_room_is_refused_like_an_unknown_target() {
    let server = Server::start().await;
    let elsewhere = server.participant("elsewhere").await;
    let unconnected = server.client().await;
    let mut client = server.participant("room").await;
    let mut outside = server.client().await;
    for event in ["offer", "answer", "ice-candidate"] {
        for asking in [&mut client, &mut outside] {
            let of_nobody = asking.request(event, &json!({"target": "AAAAAAAAAAAAAAAA"})).await;
            for id in [&elsewhere.id, &unconnected.id] {
                assert_eq!(asking.request(event, &json!({"target": id})).await, of_nobody);
            }
        }
    }
    for path in ["/rooms", "/socket.io/rooms", "/socket.io/rooms/"] {
        assert_eq!(get(server.address, path, &[]).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn guessing_room_names_is_limited_per_address() {
    let server = server_with_connection_limit(10).await;
    let mut guesses = 0;
    let mut clients = Vec::new();
    for _ in 0..10 {
        let mut client = Client::connect_from("127.0.0.2", server.address, &[]).await.unwrap();
        let (granted, _) = guess(&mut client, "join-room", "room").await;
        guesses += granted;
        clients.push(client);
    }
    // A burst of twenty and one in five seconds per address, not thirty per connection.
    assert!((20..=30).contains(&guesses), "{guesses} guesses");
    let mut other = Client::connect_from("127.0.0.3", server.address, &[]).await.unwrap();
    assert_eq!(other.request("join-room", &json!("room")).await["success"], true);
}

#[tokio::test]
async fn connections_per_address_are_limited_and_closing_frees_a_place() {
    let server = server_with_connection_limit(2).await;
    let mut first = Client::connect_from("127.0.0.2", server.address, &[]).await.unwrap();
    let second = Client::connect_from("127.0.0.2", server.address, &[]).await.unwrap();
    assert_eq!(Client::connect_from("127.0.0.2", server.address, &[]).await.err(), Some(429));
    let refusal = get_from("127.0.0.2", server.address, HANDSHAKE, &[("origin", "https://calls.example")]).await;
    assert_eq!((refusal.status, refusal.header("retry-after")), (429, "10"));
    assert_eq!(refusal.text(), "there are too many connections from this address");
    assert_eq!(refusal.header("access-control-allow-origin"), "*");
    // Other addresses can connect, and open connections stay open.
    assert!(Client::connect_from("127.0.0.3", server.address, &[]).await.is_ok());
    assert_eq!(first.request("join-room", &json!("room")).await["success"], true);
    second.vanish();
    let third = async { while Client::connect_from("127.0.0.2", server.address, &[]).await.is_err() {} };
    timeout(TIMEOUT, third).await.expect("closing a connection frees a place");
    let figures = get(server.address, "/metrics", &[]).await;
    assert!(!figures.text().contains("refused_total{reason=\"connections\"} 0"), "{}", figures.text());
}

#[tokio::test]
async fn connection_attempts_per_address_are_limited() {
    let server = server_with_connection_limit(10).await;
    let mut connected = 0;
    let words = loop {
        match Client::connect_from("127.0.0.2", server.address, &[]).await {
            Ok(client) => {
                connected += 1;
                client.close().await;
            }
            Err(status) => {
                assert_eq!(status, 429);
                let refusal = get_from("127.0.0.2", server.address, HANDSHAKE, &[]).await;
                // The last connections may still count as open.
                if refusal.text() != "there are too many connections from this address" {
                    break refusal;
                }
            }
        }
        assert!(connected < 100, "there is a limit");
    };
    assert!(connected >= 20, "{connected} connected");
    assert_eq!((words.status, words.text()), (429, "this address connects too often: try again in a while"));
    assert!(Client::connect_from("127.0.0.3", server.address, &[]).await.is_ok());
}

#[tokio::test]
async fn address_reported_by_a_trusted_proxy_counts() {
    let server = server_with_connection_limit(1).await;
    let connect =
        async |forwarded| Client::connect_from("127.0.0.1", server.address, &[("x-forwarded-for", forwarded)]).await;
    let _one = connect("192.0.2.1").await.unwrap();
    assert_eq!(connect("192.0.2.1").await.err(), Some(429));
    // The address before the last is the client's own claim.
    assert_eq!(connect("192.0.2.7, 192.0.2.1").await.err(), Some(429));
    let _other = connect("192.0.2.1, 192.0.2.2").await.unwrap();
    // IPv6 counts by network.
    let _ipv6 = connect("2001:db8::1").await.unwrap();
    assert_eq!(connect("2001:db8::2").await.err(), Some(429));
    assert!(connect("2001:db8:0:1::1").await.is_ok());
}

#[tokio::test]
async fn address_reported_by_an_untrusted_client_is_ignored() {
    let server = server_with_connection_limit(1).await;
    let connect =
        async |forwarded| Client::connect_from("127.0.0.2", server.address, &[("x-forwarded-for", forwarded)]).await;
    let _one = connect("192.0.2.1").await.unwrap();
    assert_eq!(connect("192.0.2.2").await.err(), Some(429));
    assert_eq!(connect("127.0.0.1").await.err(), Some(429));
}

#[tokio::test]
async fn loopback_clients_are_not_limited_without_a_trusted_proxy() {
    let access = AccessOptions { max_connections_per_address: NonZeroU32::new(1), ..AccessOptions::default() };
    let server = Server::with(Config { access, ..Config::default() }).await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(
            Client::connect_from("127.0.0.1", server.address, &[("x-forwarded-for", "192.0.2.1")]).await.unwrap(),
        );
    }
}

#[tokio::test]
async fn connection_limit_can_be_switched_off() {
    let access = AccessOptions {
        max_connections_per_address: None,
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        ..AccessOptions::default()
    };
    let server = Server::with(Config { access, ..Config::default() }).await;
    let mut clients = Vec::new();
    for _ in 0..300 {
        clients.push(Client::connect_from("127.0.0.2", server.address, &[]).await.unwrap());
    }
}

#[tokio::test]
async fn websocket_request_without_upgrade_is_refused_with_the_reason() {
    const ENDPOINT: &str = "/socket.io/?EIO=4&transport=websocket";
    let handshake = [("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), ("sec-websocket-version", "13")];
    let other_page = ("origin", "https://elsewhere.example");
    let server = server_with_connection_limit(2).await;
    let upgrade = async |headers: &[(&str, &str)]| {
        let response = get(server.address, ENDPOINT, headers).await;
        assert_eq!((response.status, response.header("access-control-allow-origin")), (400, "*"));
        serde_json::from_slice::<Value>(&response.body).unwrap()["upgrade"].clone()
    };
    assert_eq!(upgrade(&[other_page]).await, "missing");
    // A proxy passes the handshake on without the hop-by-hop headers.
    assert_eq!(upgrade(&handshake).await, "dropped");
    assert_eq!(upgrade(&[other_page]).await, "dropped");
    // A refused request takes no place.
    let _one = Client::connect_from("127.0.0.2", server.address, &[]).await.unwrap();
    assert_eq!(get_from("127.0.0.2", server.address, ENDPOINT, &[other_page]).await.status, 400);
    let _other = Client::connect_from("127.0.0.2", server.address, &[]).await.unwrap();
    assert_eq!(get_from("127.0.0.2", server.address, ENDPOINT, &[other_page]).await.status, 429);

    let config = Config { allowed_origins: vec!["https://calls.example".to_owned()], ..Config::default() };
    let refusal = get(Server::with(config).await.address, ENDPOINT, &[other_page]).await;
    assert_eq!((refusal.status, refusal.text()), (403, "this origin is not allowed"));
    assert_eq!(refusal.header("access-control-allow-origin"), "*");
}
