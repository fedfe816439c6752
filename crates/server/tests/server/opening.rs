//! Opening connections: detection of the protocol, timeouts, and the limit on connections that are opening.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc,
    time::timeout,
};
use vitrine_server::{AcceptLimits, ByteStream, Config, Dist, StunStream, StunStreams};

use crate::{
    client::{Server, TIMEOUT},
    http::{get, request_over},
    https::{secured, secured_files},
    static_files::directory,
};

/// The first bytes of a STUN Binding request (RFC 8489 section 5).
const BINDING: [u8; 8] = [0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42];

/// Longer than any test.
const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(100);

/// A server that echoes connections that speak STUN, and a channel with the addresses of each and whether it is
/// encrypted.
fn echoing() -> (Config, mpsc::UnboundedReceiver<(std::net::SocketAddr, std::net::SocketAddr, bool)>) {
    let (seen, sights) = mpsc::unbounded_channel();
    let stun_streams = StunStreams::new(move |StunStream { mut stream, local, remote, is_tls }| {
        seen.send((local, remote, is_tls)).unwrap();
        async move {
            let mut message = [0; BINDING.len()];
            while stream.read_exact(&mut message).await.is_ok() {
                if stream.write_all(&message).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
        }
    });
    (Config { stun_streams: Some(stun_streams), ..Config::default() }, sights)
}

async fn assert_echoed(stream: &mut (impl ByteStream + ?Sized)) {
    for _ in 0..2 {
        stream.write_all(&BINDING).await.unwrap();
        stream.flush().await.unwrap();
        let mut answer = [0; BINDING.len()];
        timeout(TIMEOUT, stream.read_exact(&mut answer)).await.expect("a response in time").unwrap();
        assert_eq!(answer, BINDING);
    }
}

async fn assert_closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // A reset closes the connection, too.
    let _ = timeout(TIMEOUT, stream.read_to_end(&mut rest)).await.expect("the connection closes in time");
}

#[tokio::test]
async fn first_byte_tells_stun_from_http() {
    let (config, mut sights) = echoing();
    let server = Server::with(config).await;
    let mut stun = TcpStream::connect(server.address).await.unwrap();
    let client = stun.local_addr().unwrap();
    assert_echoed(&mut stun).await;
    assert_eq!(sights.recv().await.unwrap(), (server.address, client, false));
    assert_eq!(get(server.address, "/healthz", &[]).await.text(), "ok");
    server.participant("room").await;
    // The connection closes with the server.
    server.stop().await.unwrap();
    assert_closed(&mut stun).await;
}

#[tokio::test]
async fn first_byte_inside_tls_tells_stun_from_https() {
    let (config, mut sights) = echoing();
    let (server, trust) = secured("opening-tls", config).await;
    let mut stun = trust.connect(&server).await.unwrap();
    let address = stun.get_ref().0.local_addr().unwrap();
    assert_echoed(&mut stun).await;
    assert_eq!(sights.recv().await.unwrap(), (server.address, address, true));
    let https = trust.connect(&server).await.unwrap();
    assert_eq!(request_over(https, server.address, "GET", "/healthz", &[], "").await.text(), "ok");
    // Also without TLS on the port of HTTPS: STUN messages contain no secrets.
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    assert_echoed(&mut plain).await;
    assert!(!sights.recv().await.unwrap().2);
}

#[tokio::test]
async fn stun_without_a_handler_is_a_bad_http_request() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&BINDING).await.unwrap();
    let mut answer = Vec::new();
    timeout(TIMEOUT, stream.read_to_end(&mut answer)).await.expect("the connection closes in time").unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 400 "));
}

#[tokio::test]
async fn connection_that_does_not_open_times_out() {
    let limits = AcceptLimits { opening_time: SHORT, ..AcceptLimits::default() };
    let (server, trust) = secured("opening-slow", Config { limits, ..Config::default() }).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    // An incomplete TLS record, and a handshake without any data after it.
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).await.unwrap();
    assert_closed(&mut silent).await;
    assert_closed(&mut half).await;
    // On a busy machine, the handshake itself may time out.
    if let Ok(through) = trust.connect(&server).await {
        assert_closed(&mut through.into_inner().0).await;
    }
}

#[tokio::test]
async fn oldest_opening_connections_are_evicted() {
    let limits = AcceptLimits { opening_connections: 4, opening_time: LONG, ..AcceptLimits::default() };
    let (server, trust) = secured("opening-many", Config { limits, ..Config::default() }).await;
    let mut halves = Vec::new();
    for _ in 0..20 {
        let mut half = TcpStream::connect(server.address).await.unwrap();
        half.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).await.unwrap();
        halves.push(half);
        let stream = trust.connect(&server).await.unwrap();
        assert_eq!(request_over(stream, server.address, "GET", "/healthz", &[], "").await.text(), "ok");
    }
    for half in &mut halves[..16] {
        assert_closed(half).await;
    }
    // The remaining ones do not delay the shutdown.
    server.stop().await.unwrap();
}

#[tokio::test]
async fn open_connection_is_not_evicted() {
    let limits = AcceptLimits { opening_connections: 1, ..AcceptLimits::default() };
    let server = Server::with(Config { limits, ..Config::default() }).await;
    let mut first = server.participant("room").await;
    for _ in 0..4 {
        server.participant("another").await.settle().await;
    }
    first.settle().await;
}

#[tokio::test]
async fn incomplete_request_times_out() {
    let limits = AcceptLimits { request_time: SHORT, ..AcceptLimits::default() };
    let server = Server::with(Config { limits, ..Config::default() }).await;
    let mut head = TcpStream::connect(server.address).await.unwrap();
    head.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n").await.unwrap();
    assert_closed(&mut head).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert_closed(&mut idle).await;
    // A WebSocket in use has no such timeout.
    let mut client = server.participant("room").await;

    let open = get(server.address, "/socket.io/?EIO=4&transport=polling", &[]).await;
    let session: serde_json::Value = serde_json::from_str(open.text().strip_prefix('0').unwrap()).unwrap();
    let mut body = TcpStream::connect(server.address).await.unwrap();
    let path = format!("/socket.io/?EIO=4&transport=polling&sid={}", session["sid"].as_str().unwrap());
    let request = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n40");
    body.write_all(request.as_bytes()).await.unwrap();
    assert_closed(&mut body).await;
    client.settle().await;
}

#[tokio::test]
async fn client_that_reads_no_response_times_out() {
    let limits = AcceptLimits { request_time: SHORT, ..AcceptLimits::default() };
    let dist = directory("opening-stalled");
    std::fs::write(dist.join("index.html"), "").unwrap();
    // More than the system's socket buffers hold.
    std::fs::write(dist.join("large.bin"), vec![7; 32 * 1024 * 1024]).unwrap();
    let config = Config { limits, dist: Dist::Directory(dist), ..Config::default() };
    let (server, trust) = secured_files("opening-stalled-tls", config.clone()).await;
    let plain = Server::with_files(config).await;
    let encrypted = trust.connect(&server).await.unwrap();
    let streams: [Box<dyn ByteStream>; 2] =
        [Box::new(TcpStream::connect(plain.address).await.unwrap()), Box::new(encrypted)];
    for mut stream in streams {
        let request = b"GET /large.bin HTTP/1.1\r\nhost: localhost\r\n\r\n";
        // The client sends requests until the server closes the connection.
        let asking = async { while stream.write_all(request).await.is_ok() && stream.flush().await.is_ok() {} };
        timeout(TIMEOUT, asking).await.expect("the connection closes in time");
    }
}

#[tokio::test]
async fn too_large_request_head_is_refused() {
    let server = Server::start().await;
    let long = "x".repeat(20_000);
    let response = get(server.address, "/healthz", &[("x-long", &long)]).await;
    assert_eq!(response.status, 431);
    let fitting = "x".repeat(10_000);
    assert_eq!(get(server.address, "/healthz", &[("x-fitting", &fitting)]).await.status, 200);
}
