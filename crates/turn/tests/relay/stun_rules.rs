//! STUN rules: Binding, and messages that get no response. Without sockets.

use stun_types::{
    attribute::RawAttribute,
    message::{BINDING, TransactionId},
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CONNECT, CREATE_PERMISSION, REFRESH};
use vitrine_turn::{
    Dropped,
    session::{Session, Step, Transport},
};

use crate::{
    message::{allocate, request, request_again},
    scene::{address, credentials_for, scene},
};
#[test]
fn binding_response_has_the_clients_address_only() {
    let mut scene = scene();
    let answer = scene.reply(&request(BINDING).plain()).succeeded();
    assert_eq!(answer.mapped, Some(address("203.0.113.7:4000")));
    assert!(!answer.fingerprint && !answer.signed);
    assert!(scene.reply(&request(BINDING).with_fingerprint()).fingerprint);
}

#[test]
fn response_has_the_transaction_id_of_its_request() {
    let mut scene = scene();
    let transaction = TransactionId::generate();
    let answer = scene.reply(&request_again(BINDING, transaction).plain());
    assert_eq!((answer.method, answer.transaction), (BINDING.value(), transaction.into()));
}

#[test]
fn unauthenticated_response_is_at_most_three_times_the_request() {
    let mut scene = scene();
    scene.session = Session::new(address("[2001:db8::7]:4000"), Transport::Datagram);
    let unknown = RawAttribute::new(0x7abc.into(), &[]);
    let mut requests = vec![
        request(BINDING).plain(),
        request(BINDING).with_fingerprint(),
        request(BINDING).with(&unknown).plain(),
        allocate().plain(),
        allocate().with_fingerprint(),
    ];
    requests.extend([ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND].map(|method| request(method).plain()));
    requests.push(allocate().signed(&credentials_for("mallory", 9), "a made-up nonce"));
    for bytes in requests {
        match scene.session.handle(&scene.rules, scene.now(), &bytes) {
            Step::Reply(reply) => {
                assert!(reply.message.len() <= 3 * bytes.len(), "{} for {}", reply.message.len(), bytes.len());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn responses_indications_and_unknown_methods_are_not_answered() {
    let mut scene = scene();
    let good = request(BINDING).plain();
    for kind in [0x0101_u16, 0x0111, 0x0011, 0x0103, 0x0113, 0x0017, 0x000f] {
        let bytes = [&kind.to_be_bytes(), &good[2..]].concat();
        assert_eq!(scene.dropped(&bytes), Dropped::Malformed, "{kind:#06x}");
    }
    assert_eq!(scene.dropped(&request(CONNECT).plain()), Dropped::Malformed);
}

#[test]
fn malformed_message_is_not_answered() {
    let mut scene = scene();
    let good = request(BINDING).with_fingerprint();
    let mut wrong_cookie = request(BINDING).plain();
    wrong_cookie[4] ^= 1;
    let mut wrong_fingerprint = good.clone();
    *wrong_fingerprint.last_mut().unwrap() ^= 1;
    let too_long = [&good[..], &[0; 4]].concat();
    for bytes in [&[][..], &[0], &[0, 1, 0, 0], &good[..27], &too_long, &wrong_cookie, &wrong_fingerprint, b"GET / "] {
        assert_eq!(scene.dropped(bytes), Dropped::Malformed, "{bytes:?}");
    }
}

#[test]
fn unknown_comprehension_required_attribute_is_reported() {
    let unknown = RawAttribute::new(0x7abc.into(), &[1, 2, 3]);
    let optional = RawAttribute::new(0x8abc.into(), &[1, 2, 3]);
    let mut scene = scene();
    let answer = scene.reply(&request(BINDING).with(&unknown).plain());
    assert_eq!((answer.code, &answer.unknown[..2]), (Some(420), &[0x7a, 0xbc][..]));
    scene.reply(&request(BINDING).with(&optional).plain()).succeeded();
    assert_eq!(scene.call(allocate().with(&unknown)).code, Some(420));
    scene.call(allocate().with(&optional)).succeeded();
}

#[test]
fn response_has_the_method_of_its_request() {
    let mut scene = scene();
    for method in [ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND] {
        assert_eq!(scene.reply(&request(method).plain()).method, method.value());
    }
}
