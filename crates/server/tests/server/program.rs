//! The program: flags, output, signals, exit codes and logs.

use std::{path::Path, process::Stdio};

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, ChildStderr, Command},
    time::timeout,
};

use crate::{
    client::{Client, TIMEOUT},
    http::get,
    static_files::directory,
};

/// The program, with an empty environment, and without the relay, whose default port is the same for all tests.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vitrine-server"));
    command
        .args(arguments)
        .env_clear()
        .env("VITRINE_TURN_LISTEN", "none")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs the program and returns exit code, standard output and standard error.
pub async fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let output = timeout(TIMEOUT, command.output()).await.expect("the program exits in time").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Starts the program and waits for the line with its address.
pub async fn start(command: &mut Command) -> (Child, std::net::SocketAddr, ChildStderr) {
    let mut child = command.spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    let stderr = child.stderr.take().unwrap();
    let mut lines = BufReader::new(stdout).lines();
    let line = timeout(TIMEOUT, lines.next_line()).await.expect("a line in time").unwrap().expect("a line");
    let (_, address) = line.split_once("listening on http").unwrap_or_else(|| panic!("{line}"));
    let address = address.strip_prefix('s').unwrap_or(address).strip_prefix("://").unwrap();
    (child, address.parse().unwrap(), stderr)
}

async fn send_signal(name: &str, child: &Child) {
    let id = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-s", name, &id]).status().await.unwrap().success());
}

#[tokio::test]
async fn signal_closes_connections_without_user_left_and_exits_with_zero() {
    for signal in ["TERM", "INT"] {
        let arguments = ["--listen", "127.0.0.1:0", "--dist", "none", "--log", "trace"];
        let (mut child, address, mut stderr) = start(&mut program(&arguments)).await;
        assert_eq!(get(address, "/healthz", &[]).await.text(), "ok");
        let mut a = Client::connect(address).await;
        a.request("join-room", &json!("the-room-name")).await;
        let mut b = Client::connect(address).await;
        b.request("join-room", &json!("the-room-name")).await;
        let secret = json!({"target": b.id, "offer": {"type": "offer", "sdp": "v=0 secret-sdp 192.0.2.77"}});
        assert_eq!(a.request("offer", &secret).await["success"], true);
        assert_eq!(b.event().await.name, "offer");
        assert_eq!(a.settle().await.len(), 1);
        // An incomplete request must not delay the shutdown.
        let mut unfinished = tokio::net::TcpStream::connect(address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut unfinished, b"GET / HTTP/1.1\r\n").await.unwrap();

        send_signal(signal, &child).await;
        let status = timeout(TIMEOUT, child.wait()).await.expect("the program exits in time").unwrap();
        assert_eq!(status.code(), Some(0), "{signal}");
        assert_eq!(a.frame().await, None);
        assert_eq!(b.frame().await, None);

        // The log has events, but no payloads and no room names.
        let mut log = String::new();
        stderr.read_to_string(&mut log).await.unwrap();
        assert!(log.contains("entered") && log.contains(&a.id) && log.contains("shutting down"), "{log}");
        for secret in ["the-room-name", "secret-sdp", "192.0.2.77"] {
            assert!(!log.contains(secret), "{log}");
        }
    }
}

#[tokio::test]
async fn invalid_configuration_exits_with_an_error_message() {
    let missing = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-such-directory");
    let empty = directory("program-no-app");
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let holder = std::net::TcpListener::bind(&taken);
    for (arguments, expected) in [
        (vec!["--no-such-flag"], "--no-such-flag"),
        (vec!["--listen", "nonsense"], "--listen"),
        (vec!["--dist", missing.to_str().unwrap()], "no-such-directory"),
        (vec!["--dist", "none", "--listen", &taken], "cannot listen on"),
        (vec!["--max-participants", "0"], "--max-participants"),
        (vec!["--ice-server", "https://stun.example"], "stun:, stuns:, turn: or turns:"),
        (vec!["--ice-server", "stun:"], "stun:HOST:PORT"),
        (vec!["--ice-server", "turn:turn.example:3478"], "turn:HOST:PORT,USERNAME,CREDENTIAL"),
        (vec!["--ice-server", "turn:turn.example:3478,alice"], "turn:HOST:PORT,USERNAME,CREDENTIAL"),
        (vec!["--ice-server", "stun:stun.example,alice,secret"], "no user name"),
        (vec!["--ice-server", "turn:h:notaport,u,p"], "\"notaport\" is not a port"),
        (vec!["--ice-server", "stun:h?transport=udp"], "a STUN URL takes no ?transport=udp"),
        (vec!["--turn-url", "turn:h:notaport", "--turn-secret", "secret"], "\"notaport\" is not a port"),
        (vec!["--turn-url", "stun:h", "--turn-secret", "secret"], "turn:HOST:PORT"),
        (vec!["--listen", "localhost"], "localhost:8080"),
        (vec!["--listen", "nowhere.invalid:8080"], "nowhere.invalid"),
        (vec!["--dist", empty.to_str().unwrap()], "no index.html"),
        (vec!["--allow-embedding", "intranet.example"], "https://calls.example"),
        (vec!["--ping-interval", "0"], "--ping-interval"),
        (vec!["--turn-listen", "3478"], "\"none\" switches STUN and TURN off"),
        (vec!["--turn-host", "turn.example:3478"], "without a port"),
        (vec!["--turn-relay-ports", "2000-1000"], "49152-65535"),
        (vec!["--turn-allow-peer", "here"], "--turn-allow-peer"),
        (vec!["--turn-url", "turn.example", "--turn-secret", "secret"], "turn:HOST:PORT"),
        (vec!["--turn-url", "turn:turn.example"], "--turn-secret"),
        (vec!["--turn-lifetime", "1"], "--turn-lifetime"),
        (vec!["--allowed-origin", "calls.example"], "https://calls.example"),
        (vec!["--allowed-origin", "https://calls.example/app"], "https://calls.example"),
        (vec!["--rate-limit", "0"], "--rate-limit"),
        (vec!["--rate-limit", "fast"], "\"off\""),
        (vec!["--max-connections-per-address", "0"], "--max-connections-per-address"),
        (vec!["--trusted-proxy", "proxy.example"], "10.0.0.0/8"),
        (vec!["--trusted-proxy", "10.0.0.0/33"], "10.0.0.0/8"),
        (vec!["--dist", "none", "--log", "a=b=c"], "--log"),
        (vec!["--dist", "embedded"], "built without the app"),
        (vec!["--tls-cert", "cert.pem"], "--tls-key"),
        (vec!["--tls-key", "key.pem"], "--tls-cert"),
        (vec!["--tls-cert", "cert.pem", "--tls-key", "key.pem", "--tls-self-signed"], "--tls-self-signed"),
        (vec!["--dist", "none", "--tls-cert", "no-such-file", "--tls-key", "key.pem"], "no-such-file"),
        (vec!["--tls-self-signed="], "--tls-self-signed"),
        (vec!["--qr-code", "sometimes"], "--qr-code"),
    ] {
        let (code, stdout, stderr) = run(&mut program(&arguments)).await;
        assert!(code.is_some_and(|code| code != 0), "{arguments:?}: {code:?}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
        assert_eq!(stdout, "", "{arguments:?}");
    }
    drop(holder);
}

#[tokio::test]
async fn address_is_announced_only_after_every_port_is_bound() {
    let holder = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let arguments = ["--listen", "127.0.0.1:0", "--dist", "none", "--turn-listen", &taken];
    let (code, stdout, stderr) = run(&mut program(&arguments)).await;
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("--turn-listen"), "{stderr}");
}

#[tokio::test]
async fn host_names_are_resolved() {
    let arguments = ["--listen", "localhost:0", "--turn-listen", "localhost:0", "--dist", "none"];
    let (_child, address, _stderr) = start(&mut program(&arguments)).await;
    assert!(address.ip().is_loopback());
    assert_eq!(get(address, "/healthz", &[]).await.text(), "ok");
}

#[tokio::test]
async fn flags_are_read_from_environment_variables() {
    let mut command = program(&[]);
    command
        .env("VITRINE_LISTEN", "127.0.0.1:0")
        .env("VITRINE_DIST", "none")
        .env("VITRINE_MAX_PARTICIPANTS", "1")
        .env("VITRINE_ICE_SERVER", "stun:stun.example:3478 turn:turn.example:3478?transport=tcp,alice,se,cret")
        .env("VITRINE_ALLOWED_ORIGIN", "https://calls.example/ https://two.example")
        .env("VITRINE_PING_INTERVAL", "21")
        .env("VITRINE_PING_TIMEOUT", "12")
        .env("VITRINE_RATE_LIMIT", "off")
        .env("VITRINE_MAX_CONNECTIONS_PER_ADDRESS", "2")
        .env("VITRINE_TRUSTED_PROXY", "10.0.0.0/8 127.0.0.1")
        .env("VITRINE_METRICS_TOKEN", "secret")
        .env("VITRINE_LOG", "off");
    let (mut child, address, mut stderr) = start(&mut command).await;
    let mut client = Client::connect_with_origin(address, Some("https://two.example")).await.ok().unwrap();
    assert!(Client::connect_with_origin(address, Some("https://calls.example")).await.is_ok());
    assert!(Client::connect_with_origin(address, Some("https://three.example")).await.is_err());
    let answer = client.request("join-room", &json!("room")).await;
    assert_eq!(
        answer["iceServers"],
        json!([
            {"urls": ["stun:stun.example:3478"]},
            {"urls": ["turn:turn.example:3478?transport=tcp"], "username": "alice", "credential": "se,cret"}
        ])
    );
    // Another address: the server may still count the connection that was dropped above.
    let from_elsewhere = ("x-forwarded-for", "192.0.2.3");
    let mut other = Client::connect_from("127.0.0.1", address, &[from_elsewhere]).await.unwrap();
    assert_eq!(other.request("join-room", &json!("room")).await["error"]["code"], "room-full");
    let proxied = ("x-forwarded-for", "192.0.2.1");
    for expected in [200, 200, 429] {
        let response = get(address, "/socket.io/?EIO=4&transport=polling", &[proxied]).await;
        assert_eq!(response.status, expected);
    }
    let open = get(address, "/socket.io/?EIO=4&transport=polling", &[("x-forwarded-for", "192.0.2.2")]).await;
    let open: serde_json::Value = serde_json::from_str(open.text().strip_prefix('0').unwrap()).unwrap();
    assert_eq!((&open["pingInterval"], &open["pingTimeout"]), (&json!(21_000), &json!(12_000)));
    assert_eq!(get(address, "/metrics", &[]).await.status, 401);
    assert_eq!(get(address, "/metrics", &[("authorization", "Bearer secret")]).await.status, 200);
    send_signal("TERM", &child).await;
    timeout(TIMEOUT, child.wait()).await.expect("the program exits in time").unwrap();
    let mut log = String::new();
    stderr.read_to_string(&mut log).await.unwrap();
    assert_eq!(log, "");
}

#[tokio::test]
async fn each_refusal_reason_is_logged_once_a_minute_with_the_address() {
    const ENDPOINT: &str = "/socket.io/?EIO=4&transport=websocket";
    let arguments = [
        "--listen",
        "127.0.0.1:0",
        "--dist",
        "none",
        "--allowed-origin",
        "https://calls.example",
        "--max-connections-per-address",
        "1",
        "--trusted-proxy",
        "127.0.0.1",
    ];
    let (mut child, address, mut stderr) = start(&mut program(&arguments)).await;
    let from = |client| ("x-forwarded-for", client);
    let _client = Client::connect_from("127.0.0.1", address, &[from("192.0.2.1")]).await.unwrap();
    let handshake = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    for _ in 0..3 {
        for (headers, query, status) in [
            ([from("192.0.2.1"), ("accept", "*/*")], ENDPOINT, 429),
            ([from("192.0.2.2"), ("origin", "https://elsewhere.example")], ENDPOINT, 403),
            ([from("192.0.2.4"), ("accept", "*/*")], "/socket.io/?EIO=3&transport=websocket", 400),
        ] {
            assert_eq!(get(address, query, &headers).await.status, status);
        }
    }
    // The burst of an address is two connection attempts.
    for status in [400, 400, 429, 429] {
        assert_eq!(get(address, ENDPOINT, &[from("192.0.2.3"), handshake]).await.status, status);
    }
    send_signal("TERM", &child).await;
    timeout(TIMEOUT, child.wait()).await.expect("the program exits in time").unwrap();
    let mut log = String::new();
    stderr.read_to_string(&mut log).await.unwrap();
    for (address, reason) in [
        ("192.0.2.1", "--max-connections-per-address allows"),
        ("192.0.2.2", "https://elsewhere.example"),
        ("192.0.2.2", "--allowed-origin"),
        ("192.0.2.3", "the Upgrade header"),
        ("192.0.2.3", "too often"),
        ("192.0.2.4", "Engine.IO 4"),
    ] {
        let lines = log.lines().filter(|line| line.contains(address) && line.contains(reason)).count();
        assert_eq!(lines, 1, "{address} {reason}: {log}");
    }
    assert_eq!(log.lines().filter(|line| line.contains("signaling refused")).count(), 5, "{log}");
}

#[tokio::test]
async fn ice_servers_can_be_switched_off() {
    let arguments = ["--listen", "127.0.0.1:0", "--dist", "none", "--ice-server", "none"];
    let (_child, address, _stderr) = start(&mut program(&arguments)).await;
    let answer = Client::connect(address).await.request("join-room", &json!("room")).await;
    assert_eq!(answer["iceServers"], json!([]));
}

#[tokio::test]
async fn help_lists_every_flag_and_variable() {
    let (code, stdout, _) = run(&mut program(&["--help"])).await;
    assert_eq!(code, Some(0));
    for flag in [
        "listen",
        "dist",
        "tls-cert",
        "tls-key",
        "tls-self-signed",
        "qr-code",
        "max-participants",
        "ice-server",
        "allowed-origin",
        "allow-embedding",
        "ping-interval",
        "ping-timeout",
        "turn-listen",
        "turn-host",
        "external-ip",
        "turn-relay-ports",
        "turn-allow-peer",
        "turn-user-quota",
        "turn-address-quota",
        "turn-total-quota",
        "turn-bandwidth",
        "turn-url",
        "turn-secret",
        "turn-lifetime",
        "rate-limit",
        "max-connections-per-address",
        "trusted-proxy",
        "metrics-token",
        "log",
    ] {
        assert!(stdout.contains(&format!("--{flag} ")) || stdout.contains(&format!("--{flag}[=")), "{flag}");
        let variable = format!("VITRINE_{}", flag.to_uppercase().replace('-', "_"));
        assert!(stdout.contains(&variable), "{variable}");
    }
    assert!(stdout.starts_with("Serves the Vitrine app") && stdout.contains("Examples:"), "{stdout}");
}
