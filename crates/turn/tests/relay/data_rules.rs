//! Relaying of data: permissions, channels, peers and bandwidth, without sockets and with a simulated clock.

use std::{net::SocketAddr, num::NonZeroU64};

use stun_types::{attribute::RawAttribute, prelude::*};
use turn_types::{
    attribute::{ChannelNumber, XorPeerAddress},
    message::{CHANNEL_BIND, CREATE_PERMISSION},
};
use vitrine_turn::{Dropped, session::Transport};

use crate::{
    message::{Incoming, channel_data, request, send_indication},
    scene::{Sent, address, config, peer, scene, scene_with},
};
#[test]
fn permission_allows_data_in_both_directions() {
    let mut scene = scene().allocated();
    assert_eq!(scene.send(&send_indication(peer(), b"early")), Sent::Dropped(Dropped::NoPermission));
    assert_eq!(scene.deliver(peer(), b"early"), Err(Dropped::NoPermission));
    scene.permit(peer()).succeeded();
    assert_eq!(scene.send(&send_indication(peer(), b"out")), Sent::To(peer(), b"out".to_vec()));
    let data = b"in".to_vec();
    assert_eq!(scene.deliver(peer(), b"in"), Ok(Incoming::Data { peer: peer(), data }));
}

#[test]
fn permission_covers_every_port_of_an_address() {
    let mut scene = scene().allocated();
    scene.permit(address("192.0.2.9:1")).succeeded();
    assert!(matches!(scene.send(&send_indication(address("192.0.2.9:2"), b"x")), Sent::To(..)));
    assert!(scene.deliver(address("192.0.2.9:3"), b"x").is_ok());
    assert_eq!(scene.deliver(address("192.0.2.10:1"), b"x"), Err(Dropped::NoPermission));
}

#[test]
fn permission_lasts_five_minutes_and_only_requests_refresh_it() {
    let mut scene = scene().allocated();
    scene.refresh(3600);
    scene.permit(peer()).succeeded();
    scene.advance(299);
    assert!(matches!(scene.send(&send_indication(peer(), b"x")), Sent::To(..)));
    scene.permit(peer()).succeeded();
    scene.advance(299);
    assert!(scene.deliver(peer(), b"x").is_ok());
    scene.advance(1);
    assert_eq!(scene.deliver(peer(), b"x"), Err(Dropped::NoPermission));
    assert_eq!(scene.send(&send_indication(peer(), b"x")), Sent::Dropped(Dropped::NoPermission));
}

#[test]
fn permissions_of_a_request_are_installed_together_or_not_at_all() {
    let mut scene = scene().allocated();
    let two = request(CREATE_PERMISSION).peer(address("192.0.2.1:1")).peer(address("192.0.2.2:1"));
    scene.call(two).succeeded();
    assert!(scene.deliver(address("192.0.2.1:1"), b"x").is_ok());
    assert!(scene.deliver(address("192.0.2.2:1"), b"x").is_ok());
    let mixed = request(CREATE_PERMISSION).peer(address("192.0.2.3:1")).peer(address("10.0.0.1:1"));
    assert_eq!(scene.call(mixed).code, Some(403));
    assert!(scene.deliver(address("192.0.2.3:1"), b"x").is_err());
    assert_eq!(scene.call(request(CREATE_PERMISSION)).code, Some(400));
}

#[test]
fn permissions_and_channels_are_limited() {
    let mut scene = scene().allocated();
    let nth = |n: u16| SocketAddr::from(([192, 0, 2, u8::try_from(n).unwrap()], 9));
    for n in 0..128 {
        scene.bind(0x4000 + n, nth(n)).succeeded();
    }
    assert_eq!(scene.permit(nth(128)).code, Some(508));
    assert_eq!(scene.bind(0x4100, address("192.0.2.1:10")).code, Some(508));
    scene.bind(0x4001, nth(1)).succeeded();
    let many = (0..129).fold(request(CREATE_PERMISSION), |request, n| request.peer(nth(n)));
    assert_eq!(scene.call(many).code, Some(508));
    scene.refresh(3600);
    scene.advance(600);
    scene.bind(0x4100, address("192.0.2.1:10")).succeeded();
}

#[test]
fn channel_carries_data_in_both_directions() {
    let mut scene = scene().allocated();
    assert_eq!(scene.send(&channel_data(0x4001, b"early")), Sent::Dropped(Dropped::NoAllocation));
    scene.bind(0x4001, peer()).succeeded();
    assert_eq!(scene.send(&channel_data(0x4001, b"out")), Sent::To(peer(), b"out".to_vec()));
    let data = b"in".to_vec();
    assert_eq!(scene.deliver(peer(), b"in"), Ok(Incoming::ChannelData { number: 0x4001, data }));
    let data = b"other port".to_vec();
    let elsewhere = address("192.0.2.9:7001");
    assert_eq!(scene.deliver(elsewhere, b"other port"), Ok(Incoming::Data { peer: elsewhere, data }));
}

#[test]
fn channel_data_may_be_empty_and_must_be_complete() {
    let mut scene = scene().allocated();
    scene.bind(0x4001, peer()).succeeded();
    assert_eq!(scene.send(&channel_data(0x4001, b"")), Sent::To(peer(), Vec::new()));
    assert_eq!(scene.send(&[0x40, 1, 0, 2, 7]), Sent::Dropped(Dropped::Malformed));
    assert_eq!(scene.send(&[0x40, 1, 0]), Sent::Dropped(Dropped::Malformed));
}

#[test]
fn channel_data_is_padded_on_streams_only() {
    for (transport, length) in [(Transport::Datagram, 5), (Transport::Stream, 8)] {
        let mut scene = scene_with(config(), transport).allocated();
        scene.bind(0x4001, peer()).succeeded();
        let mut out = b"what was there before".to_vec();
        scene.session.deliver(scene.now(), peer(), b"x", &mut out).unwrap();
        assert_eq!(out.len(), length);
    }
}

#[test]
fn channel_binds_one_number_to_one_peer() {
    let mut scene = scene().allocated();
    scene.bind(0x4001, peer()).succeeded();
    scene.bind(0x4001, peer()).succeeded();
    assert_eq!(scene.bind(0x4002, peer()).code, Some(400));
    assert_eq!(scene.bind(0x4001, address("192.0.2.10:7000")).code, Some(400));
    for number in [0, 0x3fff, 0x8000, 0xffff] {
        assert_eq!(scene.bind(number, address("192.0.2.11:1")).code, Some(400), "{number:#x}");
    }
    scene.bind(0x7fff, address("192.0.2.11:1")).succeeded();
    assert_eq!(scene.call(request(CHANNEL_BIND).peer(peer())).code, Some(400));
    assert_eq!(scene.call(request(CHANNEL_BIND).with(&ChannelNumber::new(0x4003))).code, Some(400));
}

#[test]
fn channel_lasts_ten_minutes_and_its_permission_five() {
    let mut scene = scene().allocated();
    scene.refresh(3600);
    scene.bind(0x4001, peer()).succeeded();
    scene.advance(299);
    assert!(scene.deliver(peer(), b"x").is_ok());
    scene.advance(1);
    assert_eq!(scene.deliver(peer(), b"x"), Err(Dropped::NoPermission));
    scene.permit(peer()).succeeded();
    assert!(matches!(scene.deliver(peer(), b"x"), Ok(Incoming::ChannelData { .. })));
    scene.advance(300);
    scene.permit(peer()).succeeded();
    assert!(matches!(scene.deliver(peer(), b"x"), Ok(Incoming::Data { .. })));
    assert_eq!(scene.send(&channel_data(0x4001, b"x")), Sent::Dropped(Dropped::NoAllocation));
    scene.bind(0x4002, peer()).succeeded();
}

#[test]
fn peers_outside_the_internet_are_forbidden() {
    let mut scene = scene().allocated();
    for ip in [
        "0.0.0.0",
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[64:ff9b::10.0.0.1]",
        "[2002:a00:1::1]",
    ] {
        let peer = address(&format!("{ip}:80"));
        assert_eq!(scene.permit(peer).code, Some(403), "{ip}");
        assert_eq!(scene.bind(0x4001, peer).code, Some(403), "{ip}");
        assert_eq!(scene.send(&send_indication(peer, b"x")), Sent::Dropped(Dropped::NoPermission), "{ip}");
    }
}

#[test]
fn network_can_be_allowed() {
    let mut config = config();
    config.allow_peers = vec!["10.1.0.0/16".parse().unwrap()];
    let mut scene = scene_with(config, Transport::Datagram).allocated();
    scene.permit(address("10.1.2.3:1")).succeeded();
    assert_eq!(scene.permit(address("10.2.0.1:1")).code, Some(403));
}

#[test]
fn peer_of_another_family_is_refused() {
    let mut scene = scene().allocated();
    let peer = address("[2001:db8::1]:1");
    assert_eq!(scene.permit(peer).code, Some(443));
    assert_eq!(scene.bind(0x4001, peer).code, Some(443));
}

#[test]
fn own_address_is_a_peer_while_an_allocation_is_there() {
    let mut scene = scene().allocated();
    let own = address("198.51.100.1:50001");
    assert_eq!(scene.permit(own).code, Some(403));
    scene.rules.policy.add_relayed(own.ip());
    scene.permit(own).succeeded();
    assert_eq!(scene.send(&send_indication(own, b"x")), Sent::ToOwn(own, b"x".to_vec()));
}

#[test]
fn address_that_becomes_own_is_no_longer_sent_to() {
    let mut scene = scene().allocated();
    scene.bind(0x4001, peer()).succeeded();
    assert!(matches!(scene.send(&channel_data(0x4001, b"x")), Sent::To(..)));
    scene.rules.policy.set_interfaces(vec![peer().ip()]);
    assert!(matches!(scene.send(&channel_data(0x4001, b"x")), Sent::ToOwn(..)));
    assert!(matches!(scene.send(&send_indication(peer(), b"x")), Sent::ToOwn(..)));
}

#[test]
fn malformed_peer_is_a_bad_request() {
    let mut scene = scene().allocated();
    for value in [&[][..], &[0, 1, 0, 80], &[0, 3, 0, 80, 1, 1, 1, 1], &[0, 1, 0, 80, 1, 1, 1, 1, 1]] {
        let peer = RawAttribute::new(XorPeerAddress::TYPE, value);
        assert_eq!(scene.call(request(CREATE_PERMISSION).with(&peer)).code, Some(400), "{value:?}");
    }
}

#[test]
fn send_indication_with_missing_or_unknown_attributes_is_dropped() {
    let mut scene = scene().allocated();
    scene.permit(peer()).succeeded();
    let good = send_indication(peer(), b"abcd");
    assert!(matches!(scene.send(&good), Sent::To(..)));
    let with = |attribute: &[u8]| {
        let mut bytes = [&good[..], attribute].concat();
        let length = u16::try_from(bytes.len() - 20).unwrap();
        bytes[2..4].copy_from_slice(&length.to_be_bytes());
        bytes
    };
    let dont_fragment = [0x00, 0x1a, 0, 0];
    assert_eq!(scene.send(&with(&dont_fragment)), Sent::Dropped(Dropped::Malformed));
    assert!(matches!(scene.send(&with(&[0x8a, 0xbc, 0, 0])), Sent::To(..)));
    let mut without_data = good[..32].to_vec();
    without_data[3] = 12;
    assert_eq!(scene.send(&without_data), Sent::Dropped(Dropped::Malformed));
}

#[test]
fn packets_above_the_bandwidth_are_dropped_in_each_direction() {
    let mut config = config();
    config.limits.bandwidth = NonZeroU64::new(1000);
    let mut scene = scene_with(config, Transport::Datagram).allocated();
    scene.bind(0x4001, peer()).succeeded();
    // 1000 bytes with headers.
    let second = [7; 952];
    assert!(matches!(scene.send(&channel_data(0x4001, &[7; 800])), Sent::To(..)));
    assert_eq!(scene.send(&channel_data(0x4001, &[7; 300])), Sent::Dropped(Dropped::Bandwidth));
    assert!(scene.deliver(peer(), &second).is_ok());
    assert_eq!(scene.deliver(peer(), &[]), Err(Dropped::Bandwidth));
    scene.advance(1);
    assert!(matches!(scene.send(&channel_data(0x4001, &second)), Sent::To(..)));
    assert_eq!(scene.send(&channel_data(0x4001, &[])), Sent::Dropped(Dropped::Bandwidth));
    assert!(scene.deliver(peer(), &second).is_ok());
}
