//! The peers that the relay sends to and receives from, over sockets.

use std::net::SocketAddr;

use vitrine_turn::{Config, Dropped, Relay};

use crate::{
    client::{Client, config, datagram, peer, relay, until},
    message::{Incoming, channel_data, send_indication},
};

#[tokio::test]
async fn clients_of_one_relay_are_connected_without_the_network() {
    let relay = relay().await;
    let mut alice = Client::udp(&relay, "alice").await;
    let mut bob = Client::tcp(&relay, "bob").await;
    let (from, to) = (alice.allocate().await, bob.allocate().await);
    alice.bind(0x4000, to).await.succeeded();
    bob.permit(from).await.succeeded();
    alice.send(&channel_data(0x4000, b"hello")).await;
    assert_eq!(bob.receive().await, Incoming::Data { peer: from, data: b"hello".to_vec() });
    bob.send(&send_indication(from, b"hello yourself")).await;
    assert_eq!(alice.receive().await, Incoming::ChannelData { number: 0x4000, data: b"hello yourself".to_vec() });
}

#[tokio::test]
async fn clients_reach_each_other_by_external_addresses_behind_nat() {
    let external = vec!["203.0.113.7".parse().unwrap()];
    let relay = Relay::bind(Config { external, ..config() }).await.unwrap();
    let mut alice = Client::udp(&relay, "alice").await;
    let mut bob = Client::udp(&relay, "bob").await;
    let (from, to) = (alice.allocate().await, bob.allocate().await);
    assert!([from, to].iter().all(|address| address.ip().to_string() == "203.0.113.7"));
    alice.permit(to).await.succeeded();
    bob.permit(from).await.succeeded();
    alice.send(&send_indication(to, b"through no NAT")).await;
    assert_eq!(bob.receive().await, Incoming::Data { peer: from, data: b"through no NAT".to_vec() });
    // Other peers see the bound address as the source.
    let peer = peer().await;
    alice.permit(peer.local_addr().unwrap()).await.succeeded();
    alice.send(&send_indication(peer.local_addr().unwrap(), b"out")).await;
    let bound = SocketAddr::from(([127, 0, 0, 1], from.port()));
    assert_eq!(datagram(&peer).await, (b"out".to_vec(), bound));
}

#[tokio::test]
async fn permissions_apply_between_clients_of_one_relay() {
    let relay = relay().await;
    let mut alice = Client::udp(&relay, "alice").await;
    let mut bob = Client::udp(&relay, "bob").await;
    alice.allocate().await;
    let to = bob.allocate().await;
    alice.permit(to).await.succeeded();
    alice.send(&send_indication(to, b"unasked")).await;
    until(&relay, |metrics| metrics.dropped(Dropped::NoPermission) == 1).await;
}

#[tokio::test]
async fn client_can_send_to_itself() {
    let relay = relay().await;
    let mut client = Client::udp(&relay, "alice").await;
    let relayed = client.allocate().await;
    client.bind(0x4000, relayed).await.succeeded();
    client.send(&channel_data(0x4000, b"echo")).await;
    assert_eq!(client.receive().await, Incoming::ChannelData { number: 0x4000, data: b"echo".to_vec() });
}

#[tokio::test]
async fn other_ports_of_the_relays_machine_are_unreachable() {
    let relay = relay().await;
    let service = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = service.local_addr().unwrap();
    let mut client = Client::udp(&relay, "alice").await;
    client.allocate().await;
    client.bind(0x4000, address).await.succeeded();
    for bytes in [channel_data(0x4000, b"attack"), send_indication(address, b"attack")] {
        client.send(&bytes).await;
    }
    client.permit(relay.udp_addresses()[0]).await.succeeded();
    client.send(&send_indication(relay.udp_addresses()[0], b"loop")).await;
    until(&relay, |metrics| metrics.dropped(Dropped::NothingThere) == 3).await;
    peer().await.send_to(b"first", address).await.unwrap();
    assert_eq!(datagram(&service).await.0, b"first");
}

#[tokio::test]
async fn allowed_network_does_not_open_the_relays_machine() {
    // Every address is allowed, and the machine's address has no allocation yet. A loopback address without an
    // interface and the unspecified address lead to the machine's services as well.
    let external = vec!["203.0.113.7".parse().unwrap()];
    let allow_peers = vec!["0.0.0.0/0".parse().unwrap()];
    let relay = Relay::bind(Config { external, allow_peers, ..config() }).await.unwrap();
    let mut client = Client::udp(&relay, "alice").await;
    client.allocate().await;
    for peer in ["127.0.0.1:22", "127.0.0.2:22", "127.255.255.254:22", "0.0.0.0:22"] {
        assert_eq!(client.permit(peer.parse().unwrap()).await.code, Some(403), "{peer}");
        assert_eq!(client.bind(0x4000, peer.parse().unwrap()).await.code, Some(403), "{peer}");
    }
    client.permit("10.0.0.1:22".parse().unwrap()).await.succeeded();
}

#[tokio::test]
async fn loopback_and_private_networks_are_refused_by_default() {
    let relay = Relay::bind(Config { allow_peers: Vec::new(), ..config() }).await.unwrap();
    let mut client = Client::udp(&relay, "alice").await;
    client.allocate().await;
    for peer in ["127.0.0.2:80", "10.0.0.1:80", "192.168.1.1:80", "169.254.169.254:80", "224.0.0.1:80"] {
        assert_eq!(client.permit(peer.parse().unwrap()).await.code, Some(403), "{peer}");
        assert_eq!(client.bind(0x4000, peer.parse().unwrap()).await.code, Some(403), "{peer}");
    }
    assert_eq!(relay.metrics().refused(403), 10);
}

#[tokio::test]
async fn peer_without_permission_cannot_reach_the_client() {
    let relay = relay().await;
    let mut client = Client::udp(&relay, "alice").await;
    let relayed = client.allocate().await;
    let (friend, stranger) = (peer().await, tokio::net::UdpSocket::bind("127.0.0.3:0").await.unwrap());
    client.permit(friend.local_addr().unwrap()).await.succeeded();
    stranger.send_to(b"unasked", relayed).await.unwrap();
    until(&relay, |metrics| metrics.dropped(Dropped::NoPermission) == 1).await;
    friend.send_to(b"asked", relayed).await.unwrap();
    let expected = Incoming::Data { peer: friend.local_addr().unwrap(), data: b"asked".to_vec() };
    assert_eq!(client.receive().await, expected);
}
