//! Nonsense. It never stops the relay, is never remembered, and never costs anybody else.

use std::{
    net::SocketAddr,
    time::{Duration, Instant, UNIX_EPOCH},
};

use proptest::prelude::*;
use stun_types::message::BINDING;
use turn_types::{
    attribute::ChannelNumber,
    message::{CHANNEL_BIND, CREATE_PERMISSION, REFRESH},
};
use vitrine_turn::{
    Config, Secret, credentials,
    session::{Now, Rules, Session, Step, Transport},
};

use crate::{
    client::{Client, relay, until},
    message::{allocate, channel_data, request, response, send_indication},
};

const NOW: u64 = 1_700_000_000;

/// A relay's rules, a session with an allocation and a permission, and messages that would be good there.
fn scene() -> (Rules, Session, Now, Vec<Vec<u8>>) {
    let now = Now { instant: Instant::now(), unix: NOW };
    let peer: SocketAddr = "192.0.2.9:7000".parse().unwrap();
    let rules = Rules::new(&Config::new(Secret::from("s"))).unwrap();
    let mut session = Session::new("203.0.113.7:4000".parse().unwrap(), Transport::Datagram);
    let nonce = match session.handle(&rules, now, &allocate().plain()) {
        Step::Reply(reply) => response(&reply.message).nonce.unwrap(),
        other => panic!("{other:?}"),
    };
    let credentials = credentials::issue(&Secret::from("s"), "alice", UNIX_EPOCH + Duration::from_secs(NOW + 60));
    let ask = allocate().signed(&credentials, &nonce);
    let Step::Allocate(wish) = session.handle(&rules, now, &ask) else { panic!() };
    session.allocated(&rules, now, wish, "198.51.100.1:50000".parse().unwrap());
    let bind = request(CHANNEL_BIND).with(&ChannelNumber::new(0x4000)).peer(peer);
    let messages = vec![
        ask,
        request(BINDING).with_fingerprint(),
        request(CREATE_PERMISSION).peer(peer).signed(&credentials, &nonce),
        bind.signed(&credentials, &nonce),
        request(REFRESH).signed(&credentials, &nonce),
        send_indication(peer, b"data"),
        channel_data(0x4000, b"data"),
    ];
    for message in &messages {
        session.handle(&rules, now, message);
    }
    (rules, session, now, messages)
}

proptest! {
    #[test]
    fn random_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (rules, mut session, now, _) = scene();
        session.handle(&rules, now, &bytes);
        let mut stranger = Session::new("203.0.113.8:4000".parse().unwrap(), Transport::Stream);
        stranger.handle(&rules, now, &bytes);
        prop_assert!(stranger.expires().is_none());
    }

    #[test]
    fn good_messages_with_changed_bytes_are_survived(
        which in 0..7_usize,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
        keep in any::<proptest::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let (rules, mut session, now, messages) = scene();
        let mut bytes = messages[which].clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if !whole {
            bytes.truncate(keep.index(bytes.len()));
        }
        session.handle(&rules, now, &bytes);
    }

    #[test]
    fn attributes_of_every_kind_and_length_are_survived(
        kind in prop_oneof![0..0x40_u16, 0x8000..0x8040_u16, any::<u16>()],
        value in proptest::collection::vec(any::<u8>(), 0..40),
        method in prop_oneof![Just(1_u16), Just(3), Just(4), Just(8), Just(9), Just(0x16)],
    ) {
        let (rules, mut session, now, _) = scene();
        let mut bytes = request(BINDING).plain();
        bytes[..2].copy_from_slice(&method.to_be_bytes());
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(&value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        let length = u16::try_from(bytes.len() - 20).unwrap();
        bytes[2..4].copy_from_slice(&length.to_be_bytes());
        session.handle(&rules, now, &bytes);
    }
}

#[tokio::test]
async fn floods_of_nonsense_leave_nothing_and_others_are_served() {
    let relay = relay().await;
    let mut flood = Client::udp(&relay, "").await;
    let mut client = Client::udp(&relay, "alice").await;
    client.allocate().await;
    for round in 0..200_u8 {
        flood.send(&[round; 60]).await;
        flood.send(&[0, 1, 0, round]).await;
        flood.send(&channel_data(0x4000, &[round])).await;
        client.refresh(600).await.succeeded();
    }
    until(&relay, |metrics| metrics.dropped.iter().map(|(_, count)| count).sum::<u64>() >= 600).await;
    assert_eq!(relay.metrics().allocations, 1);
}

#[tokio::test]
async fn strangers_who_ask_for_allocations_leave_nothing() {
    let relay = relay().await;
    for _ in 0..50 {
        let mut stranger = Client::udp(&relay, "").await;
        assert_eq!(stranger.ask(&allocate().plain()).await.code, Some(401));
    }
    assert_eq!((relay.metrics().allocations, relay.metrics().refused(401)), (0, 50));
}
