//! The limits on streams: their number, their timeouts and their send queues.

use std::time::Duration;

use stun_types::message::BINDING;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    net::TcpStream,
};
use vitrine_turn::{Dropped, Relay};

use crate::{
    client::{Client, config, datagram, peer, until, wait_closed},
    message::{Incoming, channel_data, request},
};

/// A stream whose other end the relay serves, with a buffer of `buffer` bytes.
fn stream(relay: &Relay, buffer: usize) -> DuplexStream {
    let (near, far) = tokio::io::duplex(buffer);
    let [local, remote] = ["127.0.0.1:443", "192.0.2.1:5000"].map(|address| address.parse().unwrap());
    tokio::spawn(relay.serve_stream(far, local, remote, Vec::new()));
    near
}

#[tokio::test]
async fn slow_reader_loses_data_without_affecting_others() {
    let mut config = config();
    config.limits.bandwidth = None;
    config.limits.stream_queue = 8000;
    let relay = Relay::bind(config).await.unwrap();
    let peer = peer().await;
    let address = peer.local_addr().unwrap();
    let mut slow = Client::stream(stream(&relay, 1000), "slow");
    let flooded = slow.allocate().await;
    slow.bind(0x4000, address).await.succeeded();
    let mut other = Client::udp(&relay, "other").await;
    let relayed = other.allocate().await;
    other.bind(0x4000, address).await.succeeded();

    for round in 0..50_u8 {
        for _ in 0..20 {
            peer.send_to(&[7; 900], flooded).await.unwrap();
        }
        other.send(&channel_data(0x4000, &[round])).await;
        assert_eq!(datagram(&peer).await, (vec![round], relayed));
        peer.send_to(&[round], relayed).await.unwrap();
        assert_eq!(other.receive().await, Incoming::ChannelData { number: 0x4000, data: vec![round] });
    }
    until(&relay, |metrics| metrics.dropped(Dropped::Slow) > 0).await;
    // The queued messages arrive complete.
    for _ in 0..8 {
        assert_eq!(slow.receive().await, Incoming::ChannelData { number: 0x4000, data: vec![7; 900] });
    }
    slow.send(&channel_data(0x4000, b"back")).await;
    assert_eq!(datagram(&peer).await, (b"back".to_vec(), flooded));
}

#[tokio::test]
async fn client_that_never_reads_is_paused_and_then_closed() {
    let mut config = config();
    config.limits.stream_queue = 1000;
    config.limits.stream_stall = Duration::from_millis(100);
    let relay = Relay::bind(config).await.unwrap();
    let mut near = stream(&relay, 1000);
    let questions = request(BINDING).plain().repeat(100);
    // The loop ends only because the relay stops reading and then closes the stream.
    while near.write_all(&questions).await.is_ok() {}
    until(&relay, |metrics| metrics.streams == 0).await;
}

#[tokio::test]
async fn stream_without_an_allocation_times_out_despite_traffic() {
    let mut config = config();
    config.limits.stream_idle = Duration::from_millis(200);
    let relay = Relay::bind(config).await.unwrap();
    let address = relay.tcp_addresses()[0];
    let mut silent = TcpStream::connect(address).await.unwrap();
    let mut partial = TcpStream::connect(address).await.unwrap();
    partial.write_all(&request(BINDING).plain()[..10]).await.unwrap();
    let mut busy = TcpStream::connect(address).await.unwrap();
    wait_closed(&mut silent).await;
    wait_closed(&mut partial).await;
    while busy.write_all(&request(BINDING).plain()).await.is_ok() {
        if !matches!(busy.read(&mut [0; 100]).await, Ok(1..)) {
            break;
        }
    }
    until(&relay, |metrics| metrics.streams == 0).await;
}

#[tokio::test]
async fn stream_stays_open_as_long_as_its_allocation() {
    let mut config = config();
    config.limits.stream_idle = Duration::from_millis(50);
    config.limits.total_lifetime = Duration::from_millis(500);
    let relay = Relay::bind(config).await.unwrap();
    let started = std::time::Instant::now();
    let mut client = Client::tcp(&relay, "alice").await;
    client.allocate().await;
    until(&relay, |metrics| metrics.streams == 0).await;
    assert!(started.elapsed() >= Duration::from_millis(500));
}

#[tokio::test]
async fn streams_are_limited_per_address() {
    let mut config = config();
    config.limits.streams_per_address = 1;
    let relay = Relay::bind(config).await.unwrap();
    let mut first = Client::tcp(&relay, "alice").await;
    first.ask(&request(BINDING).plain()).await.succeeded();
    let mut second = TcpStream::connect(relay.tcp_addresses()[0]).await.unwrap();
    wait_closed(&mut second).await;
    assert_eq!((relay.metrics().streams, relay.metrics().streams_refused), (1, 1));
    drop(first);
    until(&relay, |metrics| metrics.streams == 0).await;
    Client::tcp(&relay, "alice").await.ask(&request(BINDING).plain()).await.succeeded();
}

#[tokio::test]
async fn stream_without_an_allocation_is_evicted() {
    let mut config = config();
    config.limits.streams = 2;
    let relay = Relay::bind(config).await.unwrap();
    let mut holder = Client::tcp(&relay, "alice").await;
    holder.allocate().await;
    let mut silent = stream(&relay, 1000);
    until(&relay, |metrics| metrics.streams == 2).await;
    let mut second = Client::tcp(&relay, "bob").await;
    second.allocate().await;
    wait_closed(&mut silent).await;
    // All streams have an allocation now.
    wait_closed(&mut stream(&relay, 1000)).await;
    holder.refresh(600).await.succeeded();
    second.refresh(600).await.succeeded();
    assert_eq!((relay.metrics().streams, relay.metrics().streams_refused), (2, 2));
}

#[tokio::test]
async fn other_protocol_or_too_long_message_closes_the_stream() {
    let relay = Relay::bind(config()).await.unwrap();
    for bytes in [&b"GET / HTTP/1.1\r\n"[..], &[0x40, 0, 0xff, 0xff], &[0x16, 3, 1, 2], &[0, 1, 0xff, 0xff]] {
        let mut stream = TcpStream::connect(relay.tcp_addresses()[0]).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        wait_closed(&mut stream).await;
    }
}

#[tokio::test]
async fn messages_received_together_are_all_answered() {
    let relay = Relay::bind(config()).await.unwrap();
    let mut near = stream(&relay, 64 * 1024);
    near.write_all(&request(BINDING).plain().repeat(1000)).await.unwrap();
    let mut answers = vec![0; 1000 * 32];
    near.read_exact(&mut answers).await.unwrap();
}
