//! The door: how much one connection may send, how many connections an address may have, and what a stranger learns.

use std::{collections::HashSet, num::NonZeroU32};

use serde_json::{Value, json};
use tokio::time::timeout;
use vitrine_server::{Config, DoorOptions};

use crate::{
    client::{Client, PATIENCE, Server, parse_event},
    http::{get, get_from},
};

const HANDSHAKE: &str = "/socket.io/?EIO=4&transport=polling";

/// Who may connect `count` times from each address. Clients of this machine are counted, since the proxy that is
/// trusted is none of them.
async fn server_with_places(count: u32) -> Server {
    let door = DoorOptions {
        max_connections_per_address: NonZeroU32::new(count),
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        ..DoorOptions::default()
    };
    Server::with(Config { door, ..Config::default() }).await
}

/// One event a second, after two hundred at once.
async fn server_with_little_patience() -> Server {
    let door = DoorOptions { rate_limit: NonZeroU32::new(1), ..DoorOptions::default() };
    Server::with(Config { door, max_participants: 2, ..Config::default() }).await
}

#[tokio::test]
async fn a_newcomer_to_a_full_room_is_not_held_up_and_nor_are_restarts_of_ice() {
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
    // All of it, and nothing else: no refusals.
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
async fn a_newcomer_with_many_media_sections_is_not_held_up() {
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
async fn a_flood_is_refused_then_ended_and_nobody_else_is_disturbed() {
    let server = server_with_little_patience().await;
    let mut victim = server.participant("room").await;
    let mut flooder = server.participant("room").await;
    let mut a = server.participant("other room").await;
    let mut b = server.participant("other room").await;
    a.settle().await;

    // The server may hang up while more is on its way.
    let flood = json!({"target": victim.id, "candidate": "x"});
    for _ in 0..1000 {
        if flooder.try_send(&format!("42{}", json!(["ice-candidate", flood]))).await.is_err() {
            break;
        }
    }
    while flooder.frame().await.is_some() {}

    // What passed is one burst and what time gave back, and then the flooder left.
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
async fn a_flooder_that_listens_is_told_all_the_while_and_then_disconnected() {
    let server = server_with_little_patience().await;
    let mut client = server.client().await;
    let mut refused = 0;
    loop {
        client.emit("offer", &json!(null)).await;
        let frame = client.frame().await.expect("a word");
        if frame == "41" {
            break;
        }
        let code = parse_event(&frame).data["error"]["code"].clone();
        assert!(code == "malformed-payload" && refused == 0 || code == "rate-limited", "{frame}");
        refused += usize::from(code == "rate-limited");
    }
    assert!((200..=220).contains(&refused), "{refused} refused");
    assert_eq!(client.frame().await, None);
    // It may come again.
    assert_eq!(server.client().await.request("join-room", &json!("room")).await["success"], true);
}

#[tokio::test]
async fn unknown_events_and_large_ones_count_too() {
    let server = server_with_little_patience().await;
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
async fn without_a_limit_everything_passes() {
    let door = DoorOptions { rate_limit: None, ..DoorOptions::default() };
    let server = Server::with(Config { door, ..Config::default() }).await;
    let mut a = server.participant("room").await;
    let mut b = server.participant("room").await;
    for number in 0..5000 {
        a.emit("ice-candidate", &json!({"target": b.id, "candidate": number})).await;
        assert_eq!(b.event().await.data["candidate"], number);
    }
}

/// Leaves and tries to enter until that is refused for being too often; how often it was not, and the refusal.
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
async fn guessing_is_slowed_down_and_then_every_room_looks_the_same() {
    let server = Server::start().await;
    let mut inside = server.participant("taken").await;
    inside.settle().await;
    let mut client = server.client().await;
    // Refused or not, each guess counts.
    let (guesses, taken) = guess(&mut client, "create-room", "taken").await;
    assert!((30..=40).contains(&guesses), "{guesses} guesses");
    let (_, free) = guess(&mut client, "create-room", "free").await;
    let (_, joined) = guess(&mut client, "join-room", "taken").await;
    assert_eq!((&free, &joined), (&taken, &taken));
    // Whoever is in the room hears nothing of those who were refused.
    let told = inside.settle().await;
    let joined: HashSet<&Value> = told.iter().map(|event| &event.data["userId"]).collect();
    assert!(joined.iter().all(|user| **user == json!(client.id)), "{told:?}");
    // And whoever did not guess is not held up.
    assert_eq!(server.client().await.request("join-room", &json!("taken")).await["success"], true);
}

#[tokio::test]
async fn refused_attempts_tell_the_room_nothing() {
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
async fn of_somebody_in_another_room_the_server_says_what_it_says_of_nobody() {
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
async fn guessing_from_many_connections_of_one_address_is_slowed_down_too() {
    let server = server_with_places(10).await;
    let mut guesses = 0;
    let mut clients = Vec::new();
    for _ in 0..10 {
        let mut client = Client::connect_from("127.0.0.2", server.address, &[]).await.unwrap();
        let (granted, _) = guess(&mut client, "join-room", "room").await;
        guesses += granted;
        clients.push(client);
    }
    // Twenty at once and one in five seconds, not thirty for each connection.
    assert!((20..=30).contains(&guesses), "{guesses} guesses");
    let mut other = Client::connect_from("127.0.0.3", server.address, &[]).await.unwrap();
    assert_eq!(other.request("join-room", &json!("room")).await["success"], true);
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_gets_the_next_when_one_ends() {
    let server = server_with_places(2).await;
    let mut first = Client::connect_from("127.0.0.2", server.address, &[]).await.unwrap();
    let second = Client::connect_from("127.0.0.2", server.address, &[]).await.unwrap();
    assert_eq!(Client::connect_from("127.0.0.2", server.address, &[]).await.err(), Some(429));
    let refusal = get_from("127.0.0.2", server.address, HANDSHAKE, &[("origin", "https://calls.example")]).await;
    assert_eq!((refusal.status, refusal.header("retry-after")), (429, "10"));
    assert_eq!(refusal.text(), "there are too many connections from this address");
    assert_eq!(refusal.header("access-control-allow-origin"), "*");
    // Others come in, and whoever is in stays in.
    assert!(Client::connect_from("127.0.0.3", server.address, &[]).await.is_ok());
    assert_eq!(first.request("join-room", &json!("room")).await["success"], true);
    second.vanish();
    let third = async { while Client::connect_from("127.0.0.2", server.address, &[]).await.is_err() {} };
    timeout(PATIENCE, third).await.expect("a place becomes free");
    let figures = get(server.address, "/metrics", &[]).await;
    assert!(!figures.text().contains("refused_total{reason=\"connections\"} 0"), "{}", figures.text());
}

#[tokio::test]
async fn an_address_that_connects_again_and_again_is_slowed_down() {
    let server = server_with_places(10).await;
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
                // The last ones may still be counted as open.
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
async fn what_a_trusted_proxy_says_of_its_clients_counts() {
    let server = server_with_places(1).await;
    let connect =
        async |forwarded| Client::connect_from("127.0.0.1", server.address, &[("x-forwarded-for", forwarded)]).await;
    let _one = connect("192.0.2.1").await.unwrap();
    assert_eq!(connect("192.0.2.1").await.err(), Some(429));
    // What stands before it, its client wrote.
    assert_eq!(connect("192.0.2.7, 192.0.2.1").await.err(), Some(429));
    let _other = connect("192.0.2.1, 192.0.2.2").await.unwrap();
    // Of IPv6 a network counts.
    let _ipv6 = connect("2001:db8::1").await.unwrap();
    assert_eq!(connect("2001:db8::2").await.err(), Some(429));
    assert!(connect("2001:db8:0:1::1").await.is_ok());
}

#[tokio::test]
async fn what_anybody_else_says_does_not_count() {
    let server = server_with_places(1).await;
    let connect =
        async |forwarded| Client::connect_from("127.0.0.2", server.address, &[("x-forwarded-for", forwarded)]).await;
    let _one = connect("192.0.2.1").await.unwrap();
    assert_eq!(connect("192.0.2.2").await.err(), Some(429));
    assert_eq!(connect("127.0.0.1").await.err(), Some(429));
}

#[tokio::test]
async fn clients_of_this_machine_are_not_counted_where_no_proxy_is_trusted() {
    let door = DoorOptions { max_connections_per_address: NonZeroU32::new(1), ..DoorOptions::default() };
    let server = Server::with(Config { door, ..Config::default() }).await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(
            Client::connect_from("127.0.0.1", server.address, &[("x-forwarded-for", "192.0.2.1")]).await.unwrap(),
        );
    }
}

#[tokio::test]
async fn addresses_can_be_left_uncounted() {
    let door = DoorOptions {
        max_connections_per_address: None,
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        ..DoorOptions::default()
    };
    let server = Server::with(Config { door, ..Config::default() }).await;
    let mut clients = Vec::new();
    for _ in 0..300 {
        clients.push(Client::connect_from("127.0.0.2", server.address, &[]).await.unwrap());
    }
}

#[tokio::test]
async fn who_asks_for_a_websocket_without_a_handshake_is_told_why_there_is_none() {
    const ENDPOINT: &str = "/socket.io/?EIO=4&transport=websocket";
    let handshake = [("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), ("sec-websocket-version", "13")];
    let other_page = ("origin", "https://elsewhere.example");
    let server = server_with_places(2).await;
    let upgrade = async |headers: &[(&str, &str)]| {
        let response = get(server.address, ENDPOINT, headers).await;
        assert_eq!((response.status, response.header("access-control-allow-origin")), (400, "*"));
        serde_json::from_slice::<Value>(&response.body).unwrap()["upgrade"].clone()
    };
    assert_eq!(upgrade(&[other_page]).await, "missing");
    // A proxy passes all of a handshake on but the headers that it takes for its own.
    assert_eq!(upgrade(&handshake).await, "dropped");
    assert_eq!(upgrade(&[other_page]).await, "dropped");
    // Asking takes nobody's place.
    let _one = Client::connect_from("127.0.0.2", server.address, &[]).await.unwrap();
    assert_eq!(get_from("127.0.0.2", server.address, ENDPOINT, &[other_page]).await.status, 400);
    let _other = Client::connect_from("127.0.0.2", server.address, &[]).await.unwrap();
    assert_eq!(get_from("127.0.0.2", server.address, ENDPOINT, &[other_page]).await.status, 429);

    let config = Config { allowed_origins: vec!["https://calls.example".to_owned()], ..Config::default() };
    let refusal = get(Server::with(config).await.address, ENDPOINT, &[other_page]).await;
    assert_eq!((refusal.status, refusal.text()), (403, "this origin is not allowed"));
    assert_eq!(refusal.header("access-control-allow-origin"), "*");
}
