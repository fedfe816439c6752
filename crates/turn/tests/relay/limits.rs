//! Credentials and quotas, over sockets.

use std::{
    num::NonZeroU64,
    time::{Duration, SystemTime},
};

use vitrine_turn::{Config, Credentials, Dropped, Relay, Secret, credentials};

use crate::{
    client::{Client, config, credentials_for, peer, relay, secret, until},
    message::channel_data,
};

#[tokio::test]
async fn wrong_and_expired_credentials_are_refused_over_udp_and_tcp() {
    let relay = relay().await;
    let expired = credentials::issue(&secret(), "alice", SystemTime::now() - Duration::from_secs(1));
    let foreign = credentials::issue(&Secret::from("another"), "alice", SystemTime::now() + Duration::from_secs(9));
    let guessed = Credentials { password: "guessed".to_owned(), ..credentials_for("alice") };
    for wrong in [expired, foreign, guessed] {
        for mut client in [Client::udp(&relay, "").await, Client::tcp(&relay, "").await] {
            client.credentials = wrong.clone();
            assert_eq!(client.try_allocate().await.code, Some(401), "{wrong:?}");
        }
    }
    assert_eq!((relay.metrics().allocations, relay.metrics().refused(401)), (0, 6));
}

#[tokio::test]
async fn allocations_are_limited_per_user_across_credentials() {
    let mut config = config();
    config.limits.allocations_per_user = 2;
    let relay = Relay::bind(config).await.unwrap();
    let mut first = Client::udp(&relay, "alice").await;
    let mut second = Client::tcp(&relay, "alice").await;
    let mut third = Client::udp(&relay, "alice").await;
    third.credentials = credentials::issue(&secret(), "alice", SystemTime::now() + Duration::from_secs(77));
    first.allocate().await;
    second.allocate().await;
    assert_eq!(third.try_allocate().await.code, Some(486));
    Client::udp(&relay, "bob").await.allocate().await;
    first.refresh(0).await.succeeded();
    third.allocate().await;
}

#[tokio::test]
async fn allocations_are_limited_per_address_across_users() {
    let mut config = config();
    config.limits.allocations_per_address = 2;
    let relay = Relay::bind(config).await.unwrap();
    let mut first = Client::udp(&relay, "alice").await;
    let mut second = Client::tcp(&relay, "bob").await;
    let mut third = Client::udp(&relay, "carol").await;
    first.allocate().await;
    second.allocate().await;
    assert_eq!(third.try_allocate().await.code, Some(486));
    let server = relay.udp_addresses()[0];
    Client::udp_from("127.0.0.2".parse().unwrap(), server, "carol").await.allocate().await;
    first.refresh(0).await.succeeded();
    third.allocate().await;
}

#[tokio::test]
async fn allocations_are_limited_in_total() {
    let mut config = config();
    config.limits.allocations = 1;
    let relay = Relay::bind(config).await.unwrap();
    let mut first = Client::udp(&relay, "alice").await;
    first.allocate().await;
    let mut second = Client::udp(&relay, "bob").await;
    assert_eq!(second.try_allocate().await.code, Some(508));
    first.refresh(0).await.succeeded();
    second.allocate().await;
}

#[tokio::test]
async fn allocation_without_a_free_port_is_refused() {
    let holder = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let relay = Relay::bind(Config { relay_ports: port..=port, ..config() }).await.unwrap();
    assert_eq!(Client::udp(&relay, "alice").await.try_allocate().await.code, Some(508));
    assert_eq!((relay.metrics().allocations, relay.metrics().refused(508)), (0, 1));
}

#[tokio::test]
async fn relayed_ports_are_in_the_range() {
    let relay = Relay::bind(Config { relay_ports: 21_000..=29_999, ..config() }).await.unwrap();
    for _ in 0..5 {
        let relayed = Client::udp(&relay, "alice").await.allocate().await;
        assert!((21_000..=29_999).contains(&relayed.port()));
    }
}

#[tokio::test]
async fn allocation_is_closed_at_its_total_lifetime() {
    let mut config = config();
    config.limits.total_lifetime = Duration::from_millis(300);
    let relay = Relay::bind(config).await.unwrap();
    let mut client = Client::udp(&relay, "alice").await;
    client.allocate().await;
    until(&relay, |metrics| metrics.allocations == 0 && metrics.allocations_made == 1).await;
    assert_eq!(client.refresh(600).await.code, Some(437));
    client.allocate().await;
}

#[tokio::test]
async fn packets_above_the_bandwidth_are_dropped() {
    let mut config = config();
    config.limits.bandwidth = NonZeroU64::new(1000);
    let relay = Relay::bind(config).await.unwrap();
    let (mut client, peer) = (Client::udp(&relay, "alice").await, peer().await);
    let relayed = client.allocate().await;
    client.bind(0x4000, peer.local_addr().unwrap()).await.succeeded();
    for _ in 0..3 {
        client.send(&channel_data(0x4000, &[7; 900])).await;
        peer.send_to(&[7; 900], relayed).await.unwrap();
    }
    until(&relay, |metrics| metrics.dropped(Dropped::Bandwidth) >= 2).await;
}
