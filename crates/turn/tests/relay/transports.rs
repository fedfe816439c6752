//! An allocation over each transport, and the rules that are specific to one transport.

use std::net::{IpAddr, SocketAddr};
use stun_types::{
    AddressFamily,
    message::{BINDING, TransactionId},
};

use tokio::net::TcpListener;
use turn_types::{
    attribute::{RequestedAddressFamily, RequestedTransport},
    message::ALLOCATE,
};
use vitrine_turn::{Config, Dropped, Error, Relay, Traffic};

use crate::{
    client::{Client, config, datagram, peer, relay, until, until_true, wait_closed},
    message::{Incoming, allocate, channel_data, request, request_again, send_indication},
};

/// Allocates, relays with a permission and on a channel, refreshes and deletes.
async fn live(relay: &Relay, mut client: Client) {
    let peer = peer().await;
    let address = peer.local_addr().unwrap();
    let relayed = client.allocate().await;
    assert_eq!(relayed.ip(), "127.0.0.1".parse::<IpAddr>().unwrap());
    client.permit(address).await.succeeded();

    client.send(&send_indication(address, b"one")).await;
    assert_eq!(datagram(&peer).await, (b"one".to_vec(), relayed));
    peer.send_to(b"two", relayed).await.unwrap();
    assert_eq!(client.receive().await, Incoming::Data { peer: address, data: b"two".to_vec() });

    client.bind(0x4000, address).await.succeeded();
    client.send(&channel_data(0x4000, b"three")).await;
    assert_eq!(datagram(&peer).await, (b"three".to_vec(), relayed));
    peer.send_to(b"four", relayed).await.unwrap();
    assert_eq!(client.receive().await, Incoming::ChannelData { number: 0x4000, data: b"four".to_vec() });

    assert_eq!(client.refresh(1200).await.succeeded().lifetime, Some(1200));
    assert_eq!(relay.metrics().allocations, 1);
    client.refresh(0).await.succeeded();
    assert_eq!(relay.metrics().allocations, 0);
    assert_eq!(client.refresh(600).await.code, Some(437));
    // Its port is free again soon.
    until_true(|| std::net::UdpSocket::bind(relayed).is_ok()).await;

    let metrics = relay.metrics();
    assert_eq!(metrics.to_peers, Traffic { packets: 2, bytes: 8 });
    assert_eq!(metrics.to_clients, Traffic { packets: 2, bytes: 7 });
    assert_eq!((metrics.allocations_made, metrics.refused(437)), (1, 1));
    client.allocate().await;
}

#[tokio::test]
async fn allocation_works_over_udp() {
    let relay = relay().await;
    live(&relay, Client::udp(&relay, "alice").await).await;
}

#[tokio::test]
async fn allocation_works_over_tcp() {
    let relay = relay().await;
    live(&relay, Client::tcp(&relay, "alice").await).await;
}

#[tokio::test]
async fn allocation_works_on_a_stream_of_the_caller() {
    let relay = relay().await;
    let (near, far) = tokio::io::duplex(1000);
    let [local, remote] = ["127.0.0.1:443", "192.0.2.1:5000"].map(|address| address.parse().unwrap());
    tokio::spawn(relay.serve_stream(far, local, remote, Vec::new()));
    live(&relay, Client::stream(near, "alice")).await;
}

#[tokio::test]
async fn bytes_read_before_the_handover_are_handled() {
    let relay = relay().await;
    let (near, far) = tokio::io::duplex(1000);
    let [local, remote] = ["127.0.0.1:443", "192.0.2.1:5000"].map(|address| address.parse().unwrap());
    let bytes = request(BINDING).plain();
    tokio::spawn(relay.serve_stream(far, local, remote, bytes[..7].to_vec()));
    let answer = Client::stream(near, "alice").ask(&bytes[7..]).await.succeeded();
    assert_eq!(answer.mapped, Some(remote));
}

#[tokio::test]
async fn binding_is_answered_over_udp_and_tcp() {
    let relay = relay().await;
    let mut client = Client::udp(&relay, "").await;
    let answer = client.ask(&request(BINDING).plain()).await.succeeded();
    assert_eq!(answer.mapped, Some(client.address()));
    let answer = Client::tcp(&relay, "").await.ask(&request(BINDING).with_fingerprint()).await.succeeded();
    assert!(answer.fingerprint && answer.mapped.is_some());
}

#[tokio::test]
async fn retransmitted_allocate_request_makes_one_allocation() {
    let relay = relay().await;
    let mut client = Client::udp(&relay, "alice").await;
    let transaction = TransactionId::generate();
    let again = || request_again(ALLOCATE, transaction).with(&RequestedTransport::new(RequestedTransport::UDP));
    let first = client.call(again).await.succeeded().relayed;
    assert_eq!(client.call(again).await.succeeded().relayed, first);
    assert_eq!((relay.metrics().allocations, relay.metrics().allocations_made), (1, 1));
}

#[tokio::test]
async fn closing_a_stream_closes_its_allocation() {
    let relay = relay().await;
    let mut client = Client::tcp(&relay, "alice").await;
    client.allocate().await;
    assert_eq!((relay.metrics().allocations, relay.metrics().streams), (1, 1));
    drop(client);
    until(&relay, |metrics| metrics.allocations == 0 && metrics.streams == 0).await;
}

#[tokio::test]
async fn ipv6_is_relayed_between_two_allocations() {
    let udp = vec!["[::1]:0".parse().unwrap()];
    let relay = Relay::bind(Config { udp, tcp: Vec::new(), ..config() }).await.unwrap();
    let ask = || allocate().with(&RequestedAddressFamily::new(AddressFamily::IPV6));
    let mut alice = Client::udp(&relay, "alice").await;
    assert_eq!(alice.try_allocate().await.code, Some(440));
    let mut bob = Client::udp(&relay, "bob").await;
    let from = alice.call(ask).await.succeeded().relayed.unwrap();
    let to = bob.call(ask).await.succeeded().relayed.unwrap();
    assert!(from.is_ipv6() && to.is_ipv6());
    alice.permit(to).await.succeeded();
    bob.permit(from).await.succeeded();
    alice.send(&send_indication(to, b"six")).await;
    assert_eq!(bob.receive().await, Incoming::Data { peer: from, data: b"six".to_vec() });
}

#[tokio::test]
async fn relay_on_all_addresses_serves_both_families() {
    let any = || vec!["[::]:0".parse().unwrap()];
    let relay = Relay::bind(Config { udp: any(), tcp: any(), ..config() }).await.unwrap();
    let port = relay.udp_addresses()[0].port();
    for host in ["127.0.0.1", "::1"] {
        let ip: IpAddr = host.parse().unwrap();
        let mut client = Client::udp_from(ip, SocketAddr::new(ip, port), "alice").await;
        let answer = client.ask(&request(BINDING).plain()).await.succeeded();
        assert_eq!(answer.mapped, Some(client.address()));
    }
}

#[tokio::test]
async fn relay_on_all_addresses_responds_from_the_requested_address() {
    for any in ["0.0.0.0:0", "[::]:0"] {
        let udp = vec![any.parse().unwrap()];
        let relay = Relay::bind(Config { udp, tcp: Vec::new(), ..config() }).await.unwrap();
        let server = SocketAddr::from(([127, 0, 0, 5], relay.udp_addresses()[0].port()));
        let mut client = Client::udp_from("127.0.0.1".parse().unwrap(), server, "alice").await;
        let relayed = client.allocate().await;
        assert_eq!(relayed.ip(), server.ip());
        let peer = peer().await;
        client.bind(0x4000, peer.local_addr().unwrap()).await.succeeded();
        client.send(&channel_data(0x4000, b"out")).await;
        assert_eq!(datagram(&peer).await, (b"out".to_vec(), relayed));
        peer.send_to(b"in", relayed).await.unwrap();
        assert_eq!(client.receive().await, Incoming::ChannelData { number: 0x4000, data: b"in".to_vec() });
    }
}

#[tokio::test]
async fn address_in_use_is_reported() {
    let holder = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap();
    let failed = Relay::bind(Config { udp: vec![taken], ..config() }).await.err().unwrap();
    assert!(matches!(&failed, Error::Listen { transport: "UDP", address, .. } if *address == taken));
    assert!(failed.to_string().starts_with(&format!("cannot listen on UDP {taken}: ")), "{failed}");
    let holder = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = holder.local_addr().unwrap();
    let failed = Relay::bind(Config { tcp: vec![taken], ..config() }).await.err().unwrap();
    assert!(failed.to_string().starts_with(&format!("cannot listen on TCP {taken}: ")), "{failed}");
}

#[tokio::test]
async fn invalid_configuration_is_refused() {
    let cases = [
        (Config { realm: String::new(), ..config() }, "the realm"),
        (Config { realm: "x".repeat(128), ..config() }, "the realm"),
        (Config { secret: "".into(), ..config() }, "the secret"),
        #[allow(clippy::reversed_empty_ranges)]
        (Config { relay_ports: 5..=4, ..config() }, "5-4 is no range"),
        (Config { relay_ports: 0..=4, ..config() }, "0-4 is no range"),
        (Config { external: vec!["0.0.0.0".parse().unwrap()], ..config() }, "0.0.0.0 is no external"),
    ];
    for (config, words) in cases {
        let failed = Relay::bind(config).await.err().unwrap().to_string();
        assert!(failed.starts_with(words), "{failed}");
    }
}

#[tokio::test]
async fn shutdown_closes_everything() {
    let relay = relay().await;
    let (udp, tcp) = (relay.udp_addresses()[0], relay.tcp_addresses()[0]);
    let mut client = Client::udp(&relay, "alice").await;
    let relayed = client.allocate().await;
    let mut stream = tokio::net::TcpStream::connect(tcp).await.unwrap();
    until(&relay, |metrics| metrics.streams == 1).await;
    relay.shutdown().await;
    wait_closed(&mut stream).await;
    for address in [udp, relayed] {
        std::net::UdpSocket::bind(address).unwrap();
    }
    assert!(tokio::net::TcpStream::connect(tcp).await.is_err());
}

#[tokio::test]
async fn dropped_relay_stops() {
    let relay = relay().await;
    let address = relay.udp_addresses()[0];
    let mut client = Client::udp(&relay, "alice").await;
    let relayed = client.allocate().await;
    drop(relay);
    until_true(|| std::net::UdpSocket::bind(address).is_ok() && std::net::UdpSocket::bind(relayed).is_ok()).await;
}

#[tokio::test]
async fn data_without_an_allocation_is_dropped_and_counted() {
    let relay = relay().await;
    let mut client = Client::udp(&relay, "alice").await;
    client.send(&channel_data(0x4000, b"x")).await;
    client.send(&send_indication("192.0.2.1:9".parse().unwrap(), b"x")).await;
    until(&relay, |metrics| metrics.dropped(Dropped::NoAllocation) == 2).await;
}
