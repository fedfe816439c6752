//! Authentication, without sockets.

use std::time::{Duration, UNIX_EPOCH};

use stun_types::{
    attribute::{Nonce, Realm, Username},
    message::{IntegrityAlgorithm, Message, MessageWriteVec},
    prelude::*,
};
use turn_types::{
    attribute::Lifetime,
    message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH},
};
use vitrine_turn::{
    Credentials, Secret, credentials,
    session::{Session, Step, Transport},
};

use crate::{
    message::{REALM, allocate, key, request},
    scene::{RELAYED, SECONDS, address, credentials_for, peer, scene},
};
#[test]
fn request_without_credentials_is_challenged() {
    let mut scene = scene();
    for method in [ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND] {
        let answer = scene.reply(&request(method).plain());
        assert_eq!((answer.code, answer.realm.as_deref(), answer.signed), (Some(401), Some(REALM), false));
    }
}

#[test]
fn request_with_incomplete_credentials_is_bad() {
    let mut scene = scene();
    let key = key(&scene.credentials, REALM);
    for missing in 0..3 {
        let parts: [Box<dyn AttributeWrite>; 3] = [
            Box::new(Username::new(&scene.credentials.username).unwrap()),
            Box::new(Realm::new(REALM).unwrap()),
            Box::new(Nonce::new(&scene.nonce).unwrap()),
        ];
        let mut message = Message::builder_request(ALLOCATE, MessageWriteVec::new());
        for (_, part) in parts.iter().enumerate().filter(|(index, _)| *index != missing) {
            message.add_attribute(&**part).unwrap();
        }
        message.add_message_integrity_with_key(&key, IntegrityAlgorithm::Sha1).unwrap();
        assert_eq!(scene.reply(&message.finish()).code, Some(400));
    }
}

#[test]
fn issued_credentials_are_accepted_and_the_response_is_signed() {
    let mut scene = scene();
    let bytes = allocate().signed(&scene.credentials, &scene.nonce);
    let now = scene.now();
    let Step::Allocate(request) = scene.session.handle(&scene.rules, now, &bytes) else { panic!() };
    assert_eq!((request.user(), request.wants_ipv6(), request.wants_even_port()), ("alice", false, false));
    let reply = scene.session.allocated(&scene.rules, now, request, address(RELAYED));
    let message = Message::from_bytes(&reply.message).unwrap();
    message.validate_integrity_with_key(&key(&scene.credentials, REALM)).unwrap();
}

#[test]
fn wrong_credentials_are_challenged_again() {
    let mut scene = scene();
    let right = scene.credentials.clone();
    let wrong = [
        Credentials { password: "guess".to_owned(), ..right.clone() },
        Credentials { username: right.username.replace("alice", "bob"), ..right.clone() },
        Credentials { username: "alice".to_owned(), password: "guess".to_owned() },
        credentials::issue(&Secret::from("another"), "alice", UNIX_EPOCH + Duration::from_secs(SECONDS + 9)),
    ];
    for credentials in wrong {
        let answer = scene.reply(&allocate().signed(&credentials, &scene.nonce.clone()));
        assert_eq!((answer.code, answer.nonce.is_some()), (Some(401), true), "{credentials:?}");
    }
    let answer = scene.reply(&allocate().signed_in(&right, "elsewhere", &scene.nonce.clone()));
    assert_eq!(answer.code, Some(401));
}

#[test]
fn modified_request_is_refused() {
    let mut scene = scene();
    let bytes = allocate().with(&Lifetime::new(777)).signed(&scene.credentials, &scene.nonce);
    let at = bytes.windows(4).position(|four| four == 777_u32.to_be_bytes()).unwrap();
    let mut changed = bytes.clone();
    changed[at + 3] ^= 1;
    assert_eq!(scene.reply(&changed).code, Some(401));
}

#[test]
fn expired_credentials_cannot_allocate() {
    let mut scene = scene();
    scene.advance(3599);
    let bytes = allocate().signed(&scene.credentials, &scene.nonce);
    assert!(matches!(scene.session.handle(&scene.rules, scene.now(), &bytes), Step::Allocate(_)));
    scene.advance(1);
    assert_eq!(scene.call(allocate()).code, Some(401));
}

#[test]
fn allocation_outlives_its_credentials() {
    let mut scene = scene();
    scene.credentials = credentials_for("alice", 100);
    let mut scene = scene.allocated();
    scene.advance(300);
    scene.refresh(600).succeeded();
    scene.permit(peer()).succeeded();
    scene.bind(0x4000, peer()).succeeded();
}

#[test]
fn other_username_is_refused_on_an_allocation() {
    let mut scene = scene().allocated();
    for credentials in [credentials_for("bob", 3600), credentials_for("alice", 3601)] {
        scene.credentials = credentials;
        assert_eq!(scene.refresh(0).code, Some(441));
        assert_eq!(scene.permit(peer()).code, Some(441));
    }
}

#[test]
fn stale_or_foreign_nonce_is_replaced() {
    let mut scene = scene().allocated();
    scene.time += 601;
    let bytes = request(REFRESH).signed(&scene.credentials, &scene.nonce);
    let answer = scene.reply(&bytes);
    assert_eq!(answer.code, Some(438));
    let fresh = answer.nonce.unwrap();
    let mut other = Session::new(address("203.0.113.8:4000"), Transport::Datagram);
    let bytes = allocate().signed(&scene.credentials, &fresh);
    match other.handle(&scene.rules, scene.now(), &bytes) {
        Step::Reply(reply) => assert_eq!(reply.refused, Some(438)),
        other => panic!("{other:?}"),
    }
}
