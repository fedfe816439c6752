//! Entering and leaving rooms, and the notifications of the other participants.

use std::{collections::HashMap, time::Duration};

use serde_json::{Value, json};
use vitrine_protocol::signaling::IceServer;
use vitrine_server::Config;

use crate::client::{Client, Event, Server};

fn told(event: &Event) -> (&str, &str) {
    (event.name.as_str(), event.data["userId"].as_str().unwrap())
}

#[tokio::test]
async fn created_room_can_be_joined() {
    let server = Server::start().await;
    let mut a = server.client().await;
    let answer = a.request("create-room", &json!("  my room ")).await;
    let stun = json!([{"urls": ["stun:stun.l.google.com:19302"]}]);
    assert_eq!(answer, json!({"success": true, "roomId": "my room", "iceServers": stun}));

    let mut b = server.client().await;
    let answer = b.request("join-room", &json!("my room")).await;
    assert_eq!(answer, json!({"success": true, "roomId": "my room", "existingUsers": [a.id], "iceServers": stun}));
    assert_eq!(told(&a.event().await), ("user-joined", b.id.as_str()));

    let mut c = server.client().await;
    let answer = c.request("join-room", &json!("my room")).await;
    assert_eq!(answer["existingUsers"], json!([a.id, b.id]));
    assert_eq!(told(&a.event().await), ("user-joined", c.id.as_str()));
    assert_eq!(told(&b.event().await), ("user-joined", c.id.as_str()));
    assert_eq!(c.settle().await, []);
}

#[tokio::test]
async fn equivalent_names_are_one_room() {
    let server = Server::start().await;
    let (mut members, mut clients) = (Vec::new(), Vec::new());
    for name in [
        "caf\u{e9} 회의",
        "cafe\u{301} 회의",
        "caf\u{e9}\u{3000}\u{1112}\u{116c}\u{110b}\u{1174}",
        "\u{feff}café\u{a0}회\u{200b}의",
    ] {
        let mut client = server.client().await;
        let answer = client.request("join-room", &json!(name)).await;
        assert_eq!(answer["roomId"], "café 회의", "{name:?}");
        assert_eq!(answer["existingUsers"], json!(members), "{name:?}");
        members.push(client.id.clone());
        clients.push(client);
    }
    // Case and width differ on purpose.
    for name in ["Café 회의", "ｃafé 회의"] {
        assert_eq!(server.client().await.request("join-room", &json!(name)).await["existingUsers"], json!([]));
    }
}

#[tokio::test]
async fn joining_an_empty_room_creates_it() {
    let server = Server::start().await;
    let mut a = server.client().await;
    let answer = a.request("join-room", &json!("방")).await;
    assert_eq!((&answer["success"], &answer["existingUsers"]), (&json!(true), &json!([])));
    // Once all participants have left, the room can be created again.
    a.request("leave-room", &json!(null)).await;
    let answer = a.request("create-room", &json!("방")).await;
    assert_eq!(answer["success"], true);
}

#[tokio::test]
async fn room_can_be_entered_without_an_acknowledgement() {
    let server = Server::start().await;
    let mut a = server.participant("room").await;
    let mut b = server.client().await;
    b.emit("join-room", &json!("room")).await;
    assert_eq!(told(&a.event().await), ("user-joined", b.id.as_str()));
    assert_eq!(b.settle().await, []);
}

#[tokio::test]
async fn every_way_of_leaving_is_announced_once() {
    let server = Server::start().await;
    let mut stays = server.participant("room").await;

    let mut leaver = server.participant("room").await;
    assert_eq!(told(&stays.event().await), ("user-joined", leaver.id.as_str()));
    assert_eq!(leaver.request("leave-room", &json!(null)).await, json!({"success": true}));
    assert_eq!(told(&stays.event().await), ("user-left", leaver.id.as_str()));
    // Its connection stays open, and closing it sends no second notification.
    leaver.close().await;

    let closer = server.participant("room").await;
    assert_eq!(told(&stays.event().await), ("user-joined", closer.id.as_str()));
    let id = closer.id.clone();
    closer.close().await;
    assert_eq!(told(&stays.event().await), ("user-left", id.as_str()));

    let vanisher = server.participant("room").await;
    assert_eq!(told(&stays.event().await), ("user-joined", vanisher.id.as_str()));
    let id = vanisher.id.clone();
    vanisher.vanish();
    assert_eq!(told(&stays.event().await), ("user-left", id.as_str()));

    let mut disconnector = server.participant("room").await;
    assert_eq!(told(&stays.event().await), ("user-joined", disconnector.id.as_str()));
    disconnector.send("41").await;
    assert_eq!(told(&stays.event().await), ("user-left", disconnector.id.as_str()));
    disconnector.close().await;

    assert_eq!(stays.settle().await, []);
}

#[tokio::test]
async fn connection_without_pong_leaves_the_room() {
    let server = Server::with(Config {
        ping_interval: Duration::from_secs(1),
        ping_timeout: Duration::from_secs(2),
        ..Config::default()
    })
    .await;
    let mut stays = server.participant("room").await;
    // The connection stays open without pongs: the client answers pings only while the test reads from it.
    let ghost = server.participant("room").await;
    assert_eq!(told(&stays.event().await), ("user-joined", ghost.id.as_str()));
    assert_eq!(told(&stays.event().await), ("user-left", ghost.id.as_str()));
}

#[tokio::test]
async fn participant_can_leave_and_reenter() {
    let server = Server::start().await;
    let mut a = server.participant("room").await;
    let mut b = server.participant("room").await;
    assert_eq!(told(&a.event().await), ("user-joined", b.id.as_str()));
    for _ in 0..10 {
        b.request("leave-room", &json!(null)).await;
        assert_eq!(told(&a.event().await), ("user-left", b.id.as_str()));
        let answer = b.request("join-room", &json!("room")).await;
        assert_eq!(answer["existingUsers"], json!([a.id]));
        assert_eq!(told(&a.event().await), ("user-joined", b.id.as_str()));
    }
    // A new connection, as after an outage, before the server notices that the old one is dead.
    let mut again = server.client().await;
    let answer = again.request("join-room", &json!("room")).await;
    assert_eq!(answer["existingUsers"], json!([a.id, b.id]));
    let old = b.id.clone();
    b.vanish();
    assert_eq!(told(&a.event().await), ("user-joined", again.id.as_str()));
    assert_eq!(told(&a.event().await), ("user-left", old.as_str()));
}

#[tokio::test]
async fn participant_can_move_to_another_room() {
    let server = Server::start().await;
    let mut a = server.participant("one").await;
    let mut b = server.participant("two").await;
    let mut mover = server.participant("one").await;
    assert_eq!(told(&a.event().await), ("user-joined", mover.id.as_str()));
    mover.request("leave-room", &json!(null)).await;
    mover.request("join-room", &json!("two")).await;
    assert_eq!(told(&a.event().await), ("user-left", mover.id.as_str()));
    assert_eq!(told(&b.event().await), ("user-joined", mover.id.as_str()));
    mover.close().await;
    assert_eq!(told(&b.event().await).0, "user-left");
    assert_eq!(a.settle().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_joins_fill_the_room_and_agree_on_its_members() {
    let server = Server::start().await;
    let mut joining = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let mut client = server.client().await;
        joining.spawn(async move {
            let answer = client.request("join-room", &json!("room")).await;
            (client, answer)
        });
    }
    let (mut inside, outside): (Vec<_>, Vec<_>) =
        joining.join_all().await.into_iter().partition(|(_, answer)| answer["success"] == true);
    assert_eq!(inside.len(), 12);
    for (mut client, answer) in outside {
        assert_eq!(answer["error"]["code"], "room-full");
        assert_eq!(client.settle().await, []);
    }

    // `existingUsers` and the `user-joined` events together name each of the others exactly once.
    let mut ids: Vec<String> = inside.iter().map(|(client, _)| client.id.clone()).collect();
    ids.sort();
    let mut earlier: HashMap<String, Vec<String>> = HashMap::new();
    for (client, answer) in &mut inside {
        let existing: Vec<String> = serde_json::from_value(answer["existingUsers"].clone()).unwrap();
        let mut known = existing.clone();
        for event in client.settle().await {
            assert_eq!(event.name, "user-joined");
            known.push(event.data["userId"].as_str().unwrap().to_owned());
        }
        known.push(client.id.clone());
        known.sort();
        assert_eq!(known, ids);
        earlier.insert(client.id.clone(), existing);
    }
    // They agree on the order of entry.
    let mut places: Vec<usize> = earlier.values().map(Vec::len).collect();
    places.sort_unstable();
    assert_eq!(places, (0..12).collect::<Vec<_>>());
}

#[tokio::test]
async fn leaving_frees_a_place_in_a_full_room() {
    let server = Server::with(Config { max_participants: 2, ..Config::default() }).await;
    let mut a = server.participant("room").await;
    let b = server.participant("room").await;
    let mut c = server.client().await;
    assert_eq!(c.request("join-room", &json!("room")).await["error"]["code"], "room-full");
    // The limit is per room.
    assert_eq!(c.request("join-room", &json!("other")).await["success"], true);
    assert_eq!(c.request("leave-room", &json!(null)).await["success"], true);
    b.close().await;
    assert_eq!(a.event().await.name, "user-joined");
    assert_eq!(a.event().await.name, "user-left");
    assert_eq!(c.request("join-room", &json!("room")).await["success"], true);
}

#[tokio::test]
async fn configured_ice_servers_are_issued() {
    let turn = IceServer {
        urls: vec!["turn:turn.example:3478".into()],
        username: Some("alice".into()),
        credential: Some("secret".into()),
    };
    let server = Server::with(Config { ice_servers: vec![turn], ..Config::default() }).await;
    let answer = server.client().await.request("join-room", &json!("room")).await;
    assert_eq!(
        answer["iceServers"],
        json!([{"urls": ["turn:turn.example:3478"], "username": "alice", "credential": "secret"}])
    );
    let none = IceServer { urls: Vec::new(), username: None, credential: None };
    let server = Server::with(Config { ice_servers: vec![none], ..Config::default() }).await;
    let answer = server.client().await.request("create-room", &json!("room")).await;
    assert_eq!(answer["iceServers"], json!([]));
}

#[tokio::test]
async fn stopping_server_sends_no_user_left() {
    let server = Server::start().await;
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..4 {
        clients.push(server.participant("room").await);
    }
    for client in &mut clients {
        client.settle().await;
    }
    server.stop().await.unwrap();
    for mut client in clients {
        // The connection closes without a Socket.IO disconnect, after which clients would not reconnect.
        assert_eq!(client.frame().await, None::<String>);
    }
}

#[tokio::test]
async fn unknown_events_and_fields_are_ignored() {
    let server = Server::start().await;
    let mut a = server.participant("room").await;
    a.emit("no-such-event", &json!({"a": 1})).await;
    a.send(r#"42["leave-room",1,2,3]"#).await;
    a.send(r#"42["join-room","room",{"later":"extension"}]"#).await;
    assert_eq!(a.settle().await, Vec::<Event>::new());
    let answer: Value = a.request("join-room", &json!("room")).await;
    assert_eq!(answer["error"]["code"], "already-in-room");
}
