//! HTTP long-polling, which socket.io-client starts with: the same events, from any origin, and only for the client
//! that opened the session.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use vitrine_server::Config;

use crate::{
    client::{Client, HERE, Server, TIMEOUT, connect_from, parse_event},
    http::{Response, get, request},
};

/// A Socket.IO connection over long-polling.
struct Poller {
    server: SocketAddr,
    session: String,
    id: String,
}

impl Poller {
    async fn connect(server: SocketAddr) -> Self {
        let response = get(server, "/socket.io/?EIO=4&transport=polling", &[]).await;
        assert_eq!(response.status, 200);
        let open: Value = serde_json::from_str(response.text().strip_prefix('0').unwrap()).unwrap();
        let session = open["sid"].as_str().unwrap().to_owned();
        assert_eq!(open["upgrades"], json!(["websocket"]));
        let mut poller = Self { server, session, id: String::new() };
        poller.post("40").await;
        let connected = poller.poll().await.remove(0);
        let json: Value = serde_json::from_str(connected.strip_prefix("40").unwrap()).unwrap();
        poller.id = json["sid"].as_str().unwrap().to_owned();
        poller
    }

    fn path(&self) -> String {
        format!("/socket.io/?EIO=4&transport=polling&sid={}", self.session)
    }

    async fn post(&self, packets: &str) {
        let response = request(self.server, "POST", &self.path(), &[], packets).await;
        assert_eq!((response.status, response.text()), (200, "ok"));
    }

    /// The next packets except pings, which are answered. In a response, U+001E separates packets.
    async fn poll(&self) -> Vec<String> {
        loop {
            let response = get(self.server, &self.path(), &[]).await;
            assert_eq!(response.status, 200);
            let mut packets: Vec<String> = response.text().split('\u{1e}').map(str::to_owned).collect();
            if packets.iter().any(|packet| packet == "2") {
                self.post("3").await;
                packets.retain(|packet| packet != "2");
            }
            if !packets.is_empty() {
                return packets;
            }
        }
    }
}

#[tokio::test]
async fn polling_and_websocket_clients_exchange_events() {
    let server = Server::start().await;
    let mut client = server.participant("room").await;
    let poller = Poller::connect(server.address).await;
    poller.post(r#"420["join-room","room"]"#).await;
    let packets = poller.poll().await;
    let [answer]: [Value; 1] = serde_json::from_str(packets[0].strip_prefix("430").unwrap()).unwrap();
    assert_eq!(answer["existingUsers"], json!([client.id]));
    assert_eq!(client.event().await.data, json!({"userId": poller.id}));

    client.emit("offer", &json!({"target": poller.id, "offer": {"sdp": "a\r\n"}})).await;
    let offer = parse_event(&poller.poll().await[0]);
    assert_eq!((offer.name.as_str(), offer.data), ("offer", json!({"from": client.id, "offer": {"sdp": "a\r\n"}})));

    // Two packets in one request, and a request that is refused.
    let answer = json!(["answer", {"target": client.id, "answer": 1}]);
    poller.post(&format!("42{answer}\u{1e}42[\"offer\",{{}}]")).await;
    assert_eq!(client.event().await.data, json!({"from": poller.id, "answer": 1}));
    assert_eq!(parse_event(&poller.poll().await[0]).data["error"]["code"], "malformed-payload");

    // Closing the session leaves the room.
    poller.post("1").await;
    let left = client.event().await;
    assert_eq!((left.name.as_str(), left.data), ("user-left", json!({"userId": poller.id})));
}

#[tokio::test]
async fn large_descriptions_pass_over_long_polling() {
    const SDP: usize = 192 * 1024;
    let server = Server::start().await;
    let mut client = server.participant("room").await;
    let poller = Poller::connect(server.address).await;
    poller.post(r#"42["join-room","room"]"#).await;
    assert_eq!(client.event().await.data, json!({"userId": poller.id}));

    client.emit("offer", &json!({"target": poller.id, "offer": {"sdp": "x".repeat(SDP)}})).await;
    let offer = parse_event(&poller.poll().await[0]);
    assert_eq!(offer.data["offer"]["sdp"].as_str().map(str::len), Some(SDP));

    let answer = json!(["answer", {"target": client.id, "answer": {"sdp": "x".repeat(SDP)}}]);
    poller.post(&format!("42{answer}")).await;
    assert_eq!(client.event().await.data["answer"]["sdp"].as_str().map(str::len), Some(SDP));
}

#[tokio::test]
async fn polling_session_upgrades_to_websocket() {
    let server = Server::start().await;
    let poller = Poller::connect(server.address).await;
    poller.post(r#"42["join-room","room"]"#).await;
    let mut client = Client::upgrade(server.address, &poller.session, &poller.id).await.unwrap();
    let mut other = server.participant("room").await;
    assert_eq!(client.event().await.data, json!({"userId": other.id}));
    client.emit("offer", &json!({"target": other.id})).await;
    assert_eq!(other.event().await.data, json!({"from": poller.id}));
}

#[tokio::test]
async fn pending_poll_is_released_by_a_probe_and_no_packet_is_lost() {
    let server = Server::start().await;
    let poller = Poller::connect(server.address).await;
    poller.post(r#"42["join-room","room"]"#).await;
    let path = poller.path();
    let waiting = tokio::spawn(async move { get(server.address, &path, &[]).await });
    let mut client = Client::probe(server.address, &poller.session).await;
    // Whether the poll arrived before or after the probe.
    assert_eq!(waiting.await.unwrap().text(), "6");
    client.send("5").await;
    client.emit("offer", &json!({"target": "nobody"})).await;
    assert_eq!(client.event().await.name, "refused");
    // The session has left long-polling for good.
    assert_eq!(get(server.address, &poller.path(), &[]).await.status, 400);
    assert_eq!(Client::upgrade(server.address, &poller.session, &poller.id).await.err(), Some(400));
}

#[tokio::test]
async fn abandoned_probe_leaves_the_polling_session_usable() {
    let server = Server::start().await;
    let poller = Poller::connect(server.address).await;
    poller.post(r#"42["join-room","room"]"#).await;
    Client::probe(server.address, &poller.session).await.vanish();
    let mut other = server.participant("room").await;
    // During the probe, polls are released with a noop packet.
    let packet = loop {
        let packet = poller.poll().await.remove(0);
        if packet != "6" {
            break packet;
        }
    };
    assert_eq!(parse_event(&packet).data, json!({"userId": other.id}));
    poller.post(&format!(r#"42["offer",{{"target":"{}"}}]"#, other.id)).await;
    assert_eq!(other.event().await.name, "offer");
}

#[tokio::test]
async fn polling_session_without_pong_is_closed() {
    let server = Server::with(Config {
        ping_interval: Duration::from_secs(1),
        ping_timeout: Duration::from_secs(1),
        ..Config::default()
    })
    .await;
    let mut witness = server.participant("room").await;
    let poller = Poller::connect(server.address).await;
    poller.post(r#"42["join-room","room"]"#).await;
    assert_eq!(witness.event().await.name, "user-joined");
    assert_eq!(witness.event().await.name, "user-left");
    assert_eq!(get(server.address, &poller.path(), &[]).await.status, 400);
}

#[tokio::test]
async fn poller_is_pinged_at_the_announced_interval() {
    let interval = Duration::from_secs(1);
    let server = Server::with(Config { ping_interval: interval, ping_timeout: interval, ..Config::default() }).await;
    let poller = Poller::connect(server.address).await;
    let ping = async || {
        assert_eq!(get(server.address, &poller.path(), &[]).await.text(), "2");
        let at = Instant::now();
        poller.post("3").await;
        at
    };
    let first = ping().await;
    ping().await;
    let third = ping().await;
    assert!(third - first < 3 * interval, "{:?}", third - first);
}

#[tokio::test]
async fn upgraded_session_is_pinged_at_once() {
    // Longer than the test waits.
    let ping_interval = 2 * TIMEOUT;
    let server = Server::with(Config { ping_interval, ..Config::default() }).await;
    let poller = Poller::connect(server.address).await;
    let mut client = Client::upgrade(server.address, &poller.session, &poller.id).await.unwrap();
    client.ping().await;
}

#[tokio::test]
async fn concurrent_polls_close_the_session() {
    let server = Server::start().await;
    let mut witness = server.participant("room").await;
    let poller = Poller::connect(server.address).await;
    poller.post(r#"42["join-room","room"]"#).await;
    assert_eq!(witness.event().await.name, "user-joined");
    let path = poller.path();
    let (a, b) = tokio::join!(get(server.address, &path, &[]), get(server.address, &path, &[]));
    assert!([a.status, b.status].contains(&400), "{a:?}, {b:?}");
    assert_eq!(witness.event().await.name, "user-left");
}

/// Sends the head of a POST request with a body of two bytes.
async fn begin_post(server: SocketAddr, path: &str) -> TcpStream {
    let mut stream = connect_from(HERE, server).await;
    let head = format!("POST {path} HTTP/1.1\r\nhost: here\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server sends 100 Continue when it starts reading the body.
    let mut answer = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    timeout(TIMEOUT, stream.read_exact(&mut answer)).await.expect("a response in time").unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 100 "));
    stream
}

#[tokio::test]
async fn concurrent_posts_close_the_session() {
    let server = Server::start().await;
    let mut witness = server.participant("room").await;
    let poller = Poller::connect(server.address).await;
    poller.post(r#"42["join-room","room"]"#).await;
    assert_eq!(witness.event().await.name, "user-joined");
    let mut first = begin_post(server.address, &poller.path()).await;
    let second = request(server.address, "POST", &poller.path(), &[], "3").await;
    assert_eq!(second.status, 400);
    assert_eq!(witness.event().await.name, "user-left");
    // The body of the first request is ignored. Otherwise it would open a connection in a closed session.
    first.write_all(b"40").await.unwrap();
    let mut answer = vec![0; 1000];
    let count = timeout(TIMEOUT, first.read(&mut answer)).await.expect("a response in time").unwrap();
    let answer = String::from_utf8_lossy(&answer[..count]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

/// Every participant of a room knows the others' ids. An id must not give access to its session.
#[tokio::test]
async fn participant_id_gives_no_access_to_its_session() {
    let server = Server::start().await;
    let victim = Poller::connect(server.address).await;
    victim.post(r#"42["join-room","room"]"#).await;
    let mut witness = server.participant("room").await;
    parse_event(&victim.poll().await[0]);
    let other = Poller::connect(server.address).await;
    assert_ne!(victim.session, victim.id);
    for session in [
        victim.id.clone(),
        other.id.clone(),
        format!("{}.", victim.id),
        format!("{}&sid={}", victim.id, other.session),
        format!("%{:X}{}", victim.session.as_bytes()[0], &victim.session[1..]),
        String::new(),
    ] {
        let path = format!("/socket.io/?EIO=4&transport=polling&sid={session}");
        let forged = json!(["offer", {"target": witness.id}]);
        for response in [
            get(server.address, &path, &[]).await,
            request(server.address, "POST", &path, &[], &format!("42{forged}")).await,
        ] {
            assert_eq!(response.status, 400, "{session}");
            assert_eq!(serde_json::from_slice::<Value>(&response.body).unwrap()["code"], json!(1));
        }
        assert_eq!(Client::upgrade(server.address, &session, &victim.id).await.err(), Some(400));
    }
    assert_eq!(witness.settle().await, []);
    // The victim's session is unaffected.
    victim.post(&format!(r#"42["offer",{{"target":"{}"}}]"#, witness.id)).await;
    assert_eq!(witness.event().await.data, json!({"from": victim.id}));
}

async fn handshake(server: &Server, origin: &str) -> Response {
    get(server.address, "/socket.io/?EIO=4&transport=polling", &[("origin", origin)]).await
}

#[tokio::test]
async fn every_origin_is_allowed_by_default() {
    let server = Server::start().await;
    for origin in ["https://static.example", "null"] {
        let response = handshake(&server, origin).await;
        assert_eq!((response.status, response.header("access-control-allow-origin")), (200, "*"));
        assert!(Client::connect_with_origin(server.address, Some(origin)).await.is_ok());
    }
    // Error responses too, or a page could not tell a lost session from a lost network.
    let path = "/socket.io/?EIO=4&transport=polling&sid=unknown";
    let response = get(server.address, path, &[("origin", "https://static.example")]).await;
    assert_eq!((response.status, response.header("access-control-allow-origin")), (400, "*"));
    // The preflight of a page that sets the content type.
    let preflight = [
        ("origin", "https://static.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    let response = request(server.address, "OPTIONS", "/socket.io/", &preflight, "").await;
    assert_eq!(response.status, 200);
    assert!(response.header("access-control-allow-methods").contains("POST"));
    assert_eq!(response.header("access-control-allow-headers"), "content-type");
}

#[tokio::test]
async fn origins_can_be_limited() {
    let server = Server::with(Config {
        allowed_origins: vec!["https://calls.example".into(), "http://localhost:8081".into()],
        ..Config::default()
    })
    .await;
    for origin in ["https://calls.example", "http://localhost:8081"] {
        let response = handshake(&server, origin).await;
        assert_eq!((response.status, response.header("access-control-allow-origin")), (200, origin));
        assert!(Client::connect_with_origin(server.address, Some(origin)).await.is_ok());
    }
    for origin in ["https://evil.example", "http://calls.example", "https://calls.example:444", "null"] {
        let response = handshake(&server, origin).await;
        // The page can read the refusal only.
        assert_eq!((response.status, response.header("access-control-allow-origin")), (403, "*"), "{origin}");
        let refused = Client::connect_with_origin(server.address, Some(origin)).await;
        assert_eq!(refused.err(), Some(403), "{origin}");
    }
    // A page of this server itself, and a client that is no page.
    let own = format!("http://{}", server.address);
    assert!(Client::connect_with_origin(server.address, Some(&own)).await.is_ok());
    assert!(Client::connect_with_origin(server.address, None).await.is_ok());
}
