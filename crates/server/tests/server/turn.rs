//! STUN and TURN for participants: the ICE servers that they are issued, and that these work. The relay itself is
//! tested in `vitrine-turn`.

use std::{collections::HashSet, net::SocketAddr, path::Path, process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, UdpSocket},
    process::Command,
    time::timeout,
};
use vitrine_server::{Config, Dist, ServeError, TurnListen, TurnOptions, serve};

use crate::{
    client::{Server, TIMEOUT},
    http::get,
};

/// Messages that coturn's client sends.
const COUNT: &str = "10";

fn options() -> TurnOptions {
    TurnOptions {
        turn_listen: vec![TurnListen::On(([127, 0, 0, 1], 0).into())],
        turn_allow_peers: vec!["127.0.0.0/8".parse().unwrap()],
        ..TurnOptions::default()
    }
}

async fn server(turn: TurnOptions) -> Server {
    Server::with(Config { turn, ..Config::default() }).await
}

/// The only URL with this start and end.
fn url<'a>(answer: &'a Value, start: &str, end: &str) -> &'a str {
    let servers = answer["iceServers"].as_array().unwrap();
    let urls = servers.iter().flat_map(|server| server["urls"].as_array().unwrap());
    let mut urls = urls.map(|url| url.as_str().unwrap()).filter(|url| url.starts_with(start) && url.ends_with(end));
    let url = urls.next().unwrap_or_else(|| panic!("no {start}…{end} in {answer}"));
    assert_eq!(urls.next(), None);
    url
}

fn address(url: &str) -> SocketAddr {
    let (_, rest) = url.split_once(':').unwrap();
    rest.split('?').next().unwrap().parse().unwrap()
}

fn credentials(answer: &Value) -> (&str, &str) {
    let servers = answer["iceServers"].as_array().unwrap();
    let server = servers.iter().find(|server| server.get("username").is_some()).unwrap();
    (server["username"].as_str().unwrap(), server["credential"].as_str().unwrap())
}

/// Runs coturn's client against a TURN server. Returns whether every message came back, and the client's output.
async fn relays(server: SocketAddr, answer: &Value, more: &[&str]) -> (bool, String) {
    let (username, credential) = credentials(answer);
    let mut command = Command::new(std::env::var_os("VITRINE_TURNUTILS_UCLIENT").unwrap_or("turnutils_uclient".into()));
    command.args(["-c", "-y", "-v", "-n", COUNT, "-p", &server.port().to_string(), "-u", username, "-w", credential]);
    command.args(more).arg(server.ip().to_string()).kill_on_drop(true);
    let output = timeout(Duration::from_secs(60), command.output()).await.expect("coturn's client exits in time");
    let output = output.expect("turnutils_uclient, of the package `coturn`");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.success() && text.contains("Total lost packets 0 (0.000000%)"), text)
}

#[tokio::test]
async fn relay_accepts_issued_credentials() {
    let server = server(options()).await;
    let answer = server.client().await.request("create-room", &json!("room")).await;
    for (transport, more) in [("udp", &[][..]), ("tcp", &["-t"])] {
        let relay = address(url(&answer, "turn:", &format!("?transport={transport}")));
        let (good, text) = relays(relay, &answer, more).await;
        assert!(good, "{transport}: {text}");
    }
    let mut forged = answer.clone();
    let servers = forged["iceServers"].as_array_mut().unwrap();
    servers.last_mut().unwrap()["credential"] = json!("guessed");
    let (good, text) = relays(address(url(&answer, "turn:", "udp")), &forged, &[]).await;
    assert!(!good, "{text}");
}

#[tokio::test]
async fn issued_stun_url_answers() {
    let server = server(options()).await;
    let answer = server.client().await.request("join-room", &json!("room")).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(address(url(&answer, "stun:", ""))).await.unwrap();
    let mut request = [7; 20];
    request[..8].copy_from_slice(&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
    socket.send(&request).await.unwrap();
    let mut response = [0; 200];
    let length = timeout(TIMEOUT, socket.recv(&mut response)).await.expect("a response in time").unwrap();
    assert!(length > 20 && response[..2] == [1, 1] && response[4..20] == request[4..], "{:?}", &response[..length]);
}

#[tokio::test]
async fn credentials_are_per_participant_and_renewable() {
    let server = server(TurnOptions { turn_lifetime: 600, ..options() }).await;
    let mut usernames = HashSet::new();
    for _ in 0..3 {
        let mut client = server.client().await;
        // In the lobby, on entering, and in the call.
        for (event, data) in [("ice-servers", json!(null)), ("join-room", json!("room")), ("ice-servers", json!(null))]
        {
            let answer = client.request(event, &data).await;
            assert_eq!((&answer["success"], &answer["iceServersLifetime"]), (&json!(true), &json!(600)), "{answer}");
            let (username, _) = credentials(&answer);
            let (expiry, user) = username.split_once(':').unwrap();
            assert_eq!(user, client.id);
            let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
            assert!((now + 500..=now + 600).contains(&expiry.parse().unwrap()), "{username} at {now}");
            usernames.insert(user.to_owned());
        }
    }
    assert_eq!(usernames.len(), 3);
}

#[tokio::test]
async fn reconnected_session_keeps_its_turn_user() {
    let server = server(options()).await;
    let mut client = server.client().await;
    let user = |answer: &Value| credentials(answer).0.split_once(':').unwrap().1.to_owned();
    assert_eq!(user(&client.request("ice-servers", &json!(null)).await), client.id);
    for _ in 0..2 {
        client.send("41").await;
        client.send("40").await;
        let connected = client.frame().await.unwrap();
        assert!(connected.starts_with("40{") && !connected.contains(&client.id), "{connected}");
        for (event, data) in [("ice-servers", json!(null)), ("join-room", json!("room"))] {
            assert_eq!(user(&client.request(event, &data).await), client.id);
        }
    }
}

#[tokio::test]
async fn external_turn_server_is_issued_beside_the_relay() {
    let elsewhere = "turns:turn.example:5349".to_owned();
    let turn = TurnOptions { turn_urls: vec![elsewhere.clone()], turn_secret: Some("north-star".into()), ..options() };
    let server = server(turn).await;
    let answer = server.client().await.request("join-room", &json!("room")).await;
    assert_eq!(url(&answer, "turns:", ""), elsewhere);
    assert_ne!(address(url(&answer, "turn:", "?transport=udp")).port(), 0);
    // One secret signs for both, so they share one entry.
    let servers = answer["iceServers"].as_array().unwrap();
    assert_eq!(servers.iter().filter(|server| server.get("credential").is_some()).count(), 1);
}

#[tokio::test]
async fn metrics_include_the_relay() {
    let server = server(options()).await;
    let answer = server.client().await.request("join-room", &json!("room")).await;
    assert!(relays(address(url(&answer, "turn:", "udp")), &answer, &[]).await.0);
    let text = get(server.address, "/metrics", &[]).await.text().to_owned();
    let value = |name: &str| -> u64 {
        let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).rsplit_once(' ').unwrap().1.parse().unwrap()
    };
    assert!(value("vitrine_turn_allocations_total") >= 2);
    assert!(value("vitrine_turn_relayed_bytes_total{direction=\"to-peers\"}") > 0);
    assert!(value("vitrine_turn_refusals_total{code=\"401\"}") > 0);
}

#[tokio::test]
async fn port_in_use_is_reported_with_the_flag_to_change() {
    let taken = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let turn = TurnOptions { turn_listen: vec![TurnListen::On(taken.local_addr().unwrap())], ..TurnOptions::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = Config { turn, dist: Dist::None, ..Config::default() };
    let error = serve(config, listener, std::future::pending()).await.unwrap_err();
    assert!(matches!(error, ServeError::Turn(_)) && error.to_string().contains("--turn-listen"), "{error}");
}

/// coturn on its own port; it stops with the test.
async fn coturn(secret: &str, directory: &Path) -> (tokio::process::Child, SocketAddr) {
    // Bound and released: coturn does not report a port that it picks itself.
    let address = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut command = Command::new(std::env::var_os("VITRINE_TURNSERVER").unwrap_or("turnserver".into()));
    command.args(["-n", "--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--allow-loopback-peers"]);
    command.args(["--listening-port", &address.port().to_string(), "--no-cli", "--no-tls", "--no-dtls"]);
    command.args(["--use-auth-secret", "--static-auth-secret", secret, "--realm", "test", "--log-file", "stdout"]);
    command.arg("--pidfile").arg(directory.join("pid")).arg("--userdb").arg(directory.join("users"));
    command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let child = command.spawn().expect("turnserver, of the package `coturn`");
    let up = async { while tokio::net::TcpStream::connect(address).await.is_err() {} };
    timeout(TIMEOUT, up).await.expect("coturn listens");
    (child, address)
}

#[tokio::test]
async fn coturn_accepts_issued_credentials() {
    let directory = std::env::temp_dir().join(format!("vitrine-coturn-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let (_coturn, address) = coturn("north-star", &directory).await;
    let elsewhere = |secret: &str| TurnOptions {
        turn_urls: vec![format!("turn:{address}?transport=udp")],
        turn_secret: Some(secret.into()),
        ..TurnOptions::default()
    };
    for (secret, right) in [("north-star", true), ("south-star", false)] {
        let server = server(elsewhere(secret)).await;
        let answer = server.client().await.request("join-room", &json!("room")).await;
        let (good, text) = relays(address, &answer, &[]).await;
        assert_eq!(good, right, "{text}");
    }
    std::fs::remove_dir_all(&directory).unwrap();
}
