//! Malformed and unauthenticated input. It must not stop the relay, leave state or affect other clients.

use proptest::{prelude::*, sample::Index};
use stun_types::message::BINDING;
use turn_types::{
    attribute::ChannelNumber,
    message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH},
};

use crate::{
    client::{Client, relay, until},
    message::{Request, allocate, channel_data, request, send_indication},
    scene::{Scene, peer, scene},
};

/// A client with an allocation, a permission and a channel, and valid messages for it.
fn allocated() -> (Scene, Vec<Vec<u8>>) {
    let mut scene = scene();
    let sign = |request: Request| request.signed(&scene.credentials, &scene.nonce);
    let messages = vec![
        sign(allocate()),
        request(BINDING).with_fingerprint(),
        sign(request(CREATE_PERMISSION).peer(peer())),
        sign(request(CHANNEL_BIND).with(&ChannelNumber::new(0x4000)).peer(peer())),
        sign(request(REFRESH)),
        send_indication(peer(), b"data"),
        channel_data(0x4000, b"data"),
    ];
    messages.iter().for_each(|message| scene.handle(message));
    assert!(scene.session.expires().is_some());
    (scene, messages)
}

proptest! {
    #[test]
    fn random_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut stranger = scene();
        stranger.handle(&bytes);
        prop_assert!(stranger.session.expires().is_none());
    }

    #[test]
    fn mutated_messages_do_not_panic(
        which in 0..7_usize,
        changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 0..8),
        kept in any::<Index>(),
        whole in any::<bool>(),
    ) {
        let (mut scene, messages) = allocated();
        let mut bytes = messages[which].clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if !whole {
            bytes.truncate(kept.index(bytes.len()));
        }
        scene.handle(&bytes);
    }

    #[test]
    fn attributes_of_any_type_and_length_do_not_panic(
        kind in prop_oneof![0..0x40_u16, 0x8000..0x8040_u16, any::<u16>()],
        value in proptest::collection::vec(any::<u8>(), 0..40),
        method in proptest::sample::select(&[BINDING, ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND][..]),
    ) {
        let mut scene = scene();
        let mut attribute = [kind.to_be_bytes(), u16::try_from(value.len()).unwrap().to_be_bytes()].concat();
        attribute.extend_from_slice(&value);
        attribute.resize(attribute.len().next_multiple_of(4), 0);
        scene.handle(&request(method).raw(&attribute).plain());
        let signed = request(method).raw(&attribute).signed(&scene.credentials, &scene.nonce);
        scene.handle(&signed);
    }
}

#[tokio::test]
async fn flood_of_malformed_messages_leaves_no_state_and_others_are_served() {
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
async fn unauthenticated_requests_leave_no_state() {
    let relay = relay().await;
    for _ in 0..50 {
        let mut stranger = Client::udp(&relay, "").await;
        assert_eq!(stranger.ask(&allocate().plain()).await.code, Some(401));
    }
    assert_eq!((relay.metrics().allocations, relay.metrics().refused(401)), (0, 50));
}
