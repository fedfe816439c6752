//! Interoperability with coturn's client programs, `turnutils_uclient` and `turnutils_stunclient` (Debian package
//! `coturn`). They are found on PATH, or at the paths in `VITRINE_TURNUTILS_UCLIENT` and
//! `VITRINE_TURNUTILS_STUNCLIENT`. Without them these tests fail.

use std::{
    env,
    net::SocketAddr,
    process::Output,
    time::{Duration, SystemTime},
};

use tokio::{net::UdpSocket, process::Command, time::timeout};
use vitrine_turn::{Config, Credentials, Relay, credentials};

use crate::client::{config, credentials_for, relay, secret};

/// Messages that a client of coturn sends.
const COUNT: &str = "20";

async fn run(program: &str, variable: &str, arguments: &[&str]) -> Output {
    let path = env::var_os(variable).unwrap_or_else(|| program.into());
    let mut command = Command::new(&path);
    command.args(arguments).kill_on_drop(true);
    let output = command.output();
    let output =
        timeout(Duration::from_secs(60), output).await.unwrap_or_else(|_| panic!("{program} does not exit in time"));
    output.unwrap_or_else(|error| {
        panic!("{program} cannot be run ({error}): install the package `coturn`, or set {variable} to its path")
    })
}

async fn uclient(server: SocketAddr, credentials: &Credentials, more: &[&str]) -> (bool, String) {
    let (ip, port) = (server.ip().to_string(), server.port().to_string());
    // A later -e in `more` overrides this peer.
    let mut arguments = vec!["-e", "127.0.0.2", "-c", "-v", "-n", COUNT, "-p", &port];
    arguments.extend(["-u", &credentials.username, "-w", &credentials.password]);
    arguments.extend(more);
    arguments.push(&ip);
    let output = run("turnutils_uclient", "VITRINE_TURNUTILS_UCLIENT", &arguments).await;
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// A peer that echoes datagrams.
async fn echo() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 2000];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let _ = socket.send_to(&buffer[..length], from).await;
        }
    });
    address
}

#[track_caller]
fn lost_nothing((success, text): &(bool, String)) {
    assert!(success, "{text}");
    assert!(text.contains("Total lost packets 0 (0.000000%)"), "{text}");
    let received = format!("tot_recv_msgs={COUNT}");
    assert!(text.contains(&received), "{text}");
}

async fn through_a_peer(relay: &Relay, server: SocketAddr, more: &[&str]) {
    let peer = echo().await;
    let (ip, port) = (peer.ip().to_string(), peer.port().to_string());
    let arguments = [&["-e", &ip, "-r", &port][..], more].concat();
    lost_nothing(&uclient(server, &credentials_for("alice"), &arguments).await);
    assert!(relay.metrics().to_peers.packets >= 20);
}

#[tokio::test]
async fn coturns_client_relays_over_udp() {
    let relay = relay().await;
    through_a_peer(&relay, relay.udp_addresses()[0], &[]).await;
}

#[tokio::test]
async fn coturns_client_relays_over_udp_with_send_indications() {
    let relay = relay().await;
    through_a_peer(&relay, relay.udp_addresses()[0], &["-s"]).await;
}

#[tokio::test]
async fn coturns_client_relays_over_tcp() {
    let relay = relay().await;
    through_a_peer(&relay, relay.tcp_addresses()[0], &["-t"]).await;
}

#[tokio::test]
async fn coturns_client_relays_over_tcp_with_send_indications() {
    let relay = relay().await;
    through_a_peer(&relay, relay.tcp_addresses()[0], &["-t", "-s"]).await;
}

#[tokio::test]
async fn coturns_client_allocates_with_extra_attributes() {
    let relay = relay().await;
    through_a_peer(&relay, relay.udp_addresses()[0], &["-G", "-X", "-D"]).await;
}

#[tokio::test]
async fn coturns_clients_talk_to_each_other_through_the_relay() {
    let relay = relay().await;
    let outcome = uclient(relay.udp_addresses()[0], &credentials_for("alice"), &["-y"]).await;
    assert!(outcome.0 && outcome.1.contains("Total lost packets 0 (0.000000%)"), "{}", outcome.1);
}

#[tokio::test]
async fn coturns_client_is_refused_with_wrong_and_expired_credentials() {
    let relay = relay().await;
    let wrong = Credentials { password: "guessed".to_owned(), ..credentials_for("alice") };
    let expired = credentials::issue(&secret(), "alice", SystemTime::now() - Duration::from_secs(60));
    for credentials in [wrong, expired] {
        for (server, more) in [(relay.udp_addresses()[0], &[][..]), (relay.tcp_addresses()[0], &["-t"])] {
            let (success, text) = uclient(server, &credentials, more).await;
            assert!(!success && text.contains("Cannot complete Allocation"), "{text}");
        }
    }
    assert_eq!(relay.metrics().allocations_made, 0);
    assert!(relay.metrics().refused(401) >= 4);
}

#[tokio::test]
async fn coturns_client_is_refused_beyond_the_quota() {
    let mut config = config();
    config.limits.allocations_per_user = 0;
    let relay = Relay::bind(config).await.unwrap();
    let (success, text) = uclient(relay.udp_addresses()[0], &credentials_for("alice"), &[]).await;
    assert!(!success && text.contains("486"), "{text}");
}

#[tokio::test]
async fn coturns_client_is_refused_a_forbidden_peer() {
    let relay = Relay::bind(Config { allow_peers: Vec::new(), ..config() }).await.unwrap();
    let (success, text) = uclient(relay.udp_addresses()[0], &credentials_for("alice"), &["-e", "10.0.0.1"]).await;
    assert!(!success && text.contains("403"), "{text}");
}

#[tokio::test]
async fn coturns_stun_client_learns_its_address() {
    let relay = relay().await;
    let server = relay.udp_addresses()[0];
    let (ip, port) = (server.ip().to_string(), server.port().to_string());
    let output = run("turnutils_stunclient", "VITRINE_TURNUTILS_STUNCLIENT", &["-p", &port, &ip]).await;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(text.contains("UDP reflexive addr: 127.0.0.1:"), "{text}");
}
