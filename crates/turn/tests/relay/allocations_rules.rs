//! The life of allocations, without sockets and with a simulated clock.

use std::time::Duration;

use stun_types::{AddressFamily, attribute::RawAttribute, message::TransactionId, prelude::*};
use turn_types::{
    attribute::{
        AdditionalAddressFamily, DontFragment, EvenPort, Lifetime, RequestedAddressFamily, RequestedTransport,
        ReservationToken,
    },
    message::{ALLOCATE, REFRESH},
};
use vitrine_turn::{
    Dropped,
    session::{Exhausted, Step, Transport},
};

use crate::{
    message::{allocate, channel_data, request, request_again, response, send_indication},
    scene::{RELAYED, address, config, peer, scene, scene_with},
};
#[test]
fn allocate_response_describes_the_allocation() {
    let answer = scene().call(allocate()).succeeded();
    assert_eq!(answer.relayed, Some(address(RELAYED)));
    assert_eq!(answer.mapped, Some(address("203.0.113.7:4000")));
    assert_eq!(answer.lifetime, Some(600));
    assert!(answer.signed);
}

#[test]
fn lifetime_is_between_ten_minutes_and_an_hour() {
    for (wish, given) in [(0, 600), (1, 600), (600, 600), (1800, 1800), (3600, 3600), (u32::MAX, 3600)] {
        let answer = scene().call(allocate().with(&Lifetime::new(wish)));
        assert_eq!(answer.lifetime, Some(given), "{wish}");
    }
}

#[test]
fn retransmitted_allocate_request_gets_the_same_response() {
    let mut scene = scene();
    let transaction = TransactionId::generate();
    let again = || {
        request_again(ALLOCATE, transaction)
            .with(&RequestedTransport::new(RequestedTransport::UDP))
            .with(&Lifetime::new(1000))
    };
    let first = scene.call(again()).succeeded();
    assert_eq!(scene.call(again()), first);
    assert_eq!(scene.call(allocate()).code, Some(437));
}

#[test]
fn only_udp_is_relayed() {
    let mut scene = scene();
    let tcp = request(ALLOCATE).with(&RequestedTransport::new(RequestedTransport::TCP));
    assert_eq!(scene.call(tcp).code, Some(442));
    assert_eq!(scene.call(request(ALLOCATE)).code, Some(400));
    let short = RawAttribute::new(RequestedTransport::TYPE, &[17]);
    assert_eq!(scene.call(request(ALLOCATE).with(&short)).code, Some(400));
}

#[test]
fn ipv6_address_is_requested_by_family() {
    let mut scene = scene();
    let bytes =
        allocate().with(&RequestedAddressFamily::new(AddressFamily::IPV6)).signed(&scene.credentials, &scene.nonce);
    let Step::Allocate(wish) = scene.session.handle(&scene.rules, scene.now(), &bytes) else { panic!() };
    assert!(wish.wants_ipv6());
    let ipx = RawAttribute::new(RequestedAddressFamily::TYPE, &[3, 0, 0, 0]);
    assert_eq!(scene.call(allocate().with(&ipx)).code, Some(440));
}

#[test]
fn additional_family_is_refused_without_failing_the_allocation() {
    let both = scene().call(allocate().with(&AdditionalAddressFamily::new(AddressFamily::IPV6))).succeeded();
    assert!(both.additional_family_refused);
    let mut scene = scene();
    let ipv4 = RawAttribute::new(AdditionalAddressFamily::TYPE, &[1, 0, 0, 0]);
    assert_eq!(scene.call(allocate().with(&ipv4)).code, Some(400));
    let contradiction = allocate()
        .with(&RequestedAddressFamily::new(AddressFamily::IPV4))
        .with(&AdditionalAddressFamily::new(AddressFamily::IPV6));
    assert_eq!(scene.call(contradiction).code, Some(400));
}

#[test]
fn ports_can_be_even_but_not_reserved() {
    let mut scene = scene();
    let bytes = allocate().with(&EvenPort::new(false)).signed(&scene.credentials, &scene.nonce);
    let Step::Allocate(wish) = scene.session.handle(&scene.rules, scene.now(), &bytes) else { panic!() };
    assert!(wish.wants_even_port());
    assert_eq!(scene.call(allocate().with(&EvenPort::new(true))).code, Some(508));
    assert_eq!(scene.call(allocate().with(&ReservationToken::new(7))).code, Some(508));
    let both = allocate().with(&ReservationToken::new(7)).with(&EvenPort::new(false));
    assert_eq!(scene.call(both).code, Some(400));
}

#[test]
fn dont_fragment_is_refused_as_unknown() {
    let mut scene = scene();
    let answer = scene.call(allocate().with(&DontFragment::new()));
    assert_eq!((answer.code, &answer.unknown[..2]), (Some(420), &[0x00, 0x1a][..]));
}

#[test]
fn missing_relayed_address_is_refused_with_the_reason() {
    let mut scene = scene();
    let bytes = allocate().signed(&scene.credentials, &scene.nonce);
    let Step::Allocate(wish) = scene.session.handle(&scene.rules, scene.now(), &bytes) else { panic!() };
    for (why, code) in
        [(Exhausted::User, 486), (Exhausted::Address, 486), (Exhausted::Relay, 508), (Exhausted::Family, 440)]
    {
        let reply = scene.session.exhausted(&wish, why);
        assert_eq!((reply.refused, response(&reply.message).code), (Some(code), Some(code)));
    }
}

#[test]
fn refresh_extends_and_deletes_an_allocation() {
    let mut scene = scene().allocated();
    scene.advance(599);
    assert_eq!(scene.refresh(900).lifetime, Some(900));
    scene.advance(899);
    assert_eq!(scene.call(request(REFRESH)).lifetime, Some(600));
    assert_eq!(scene.refresh(0).succeeded().lifetime, Some(0));
    assert_eq!(scene.session.expires(), None);
    assert_eq!(scene.refresh(0).code, Some(437));
    scene.call(allocate()).succeeded();
}

#[test]
fn allocation_without_refresh_expires() {
    let mut scene = scene().allocated();
    scene.permit(peer()).succeeded();
    scene.advance(600);
    assert_eq!(scene.deliver(peer(), b"late"), Err(Dropped::NoAllocation));
    assert_eq!(scene.refresh(600).code, Some(437));
    scene.call(allocate()).succeeded();
}

#[test]
fn refresh_cannot_exceed_the_total_lifetime() {
    let mut config = config();
    config.limits.total_lifetime = Duration::from_secs(1000);
    let mut scene = scene_with(config, Transport::Datagram).allocated();
    scene.advance(500);
    assert_eq!(scene.refresh(3600).lifetime, Some(500));
    scene.advance(499);
    assert_eq!(scene.refresh(3600).lifetime, Some(1));
    scene.advance(1);
    assert_eq!(scene.refresh(3600).code, Some(437));
}

#[test]
fn refresh_of_another_family_is_refused() {
    let mut scene = scene().allocated();
    let family = |family| request(REFRESH).with(&RequestedAddressFamily::new(family));
    assert_eq!(scene.call(family(AddressFamily::IPV6)).code, Some(443));
    scene.call(family(AddressFamily::IPV4)).succeeded();
}

#[test]
fn requests_without_an_allocation_are_refused() {
    let mut scene = scene();
    assert_eq!(scene.refresh(600).code, Some(437));
    assert_eq!(scene.permit(peer()).code, Some(437));
    assert_eq!(scene.bind(0x4000, peer()).code, Some(437));
    assert_eq!(scene.dropped(&send_indication(peer(), b"x")), Dropped::NoAllocation);
    assert_eq!(scene.dropped(&channel_data(0x4000, b"x")), Dropped::NoAllocation);
}
