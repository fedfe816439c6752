//! Every rule of a session, without a socket and with a clock of the test's own.

use std::{
    net::SocketAddr,
    num::NonZeroU64,
    time::{Duration, Instant, UNIX_EPOCH},
};

use stun_types::{
    AddressFamily,
    attribute::{Nonce, RawAttribute, Realm, Username},
    message::{BINDING, Message, Method, TransactionId},
    prelude::*,
};
use turn_types::{
    attribute::{
        AdditionalAddressFamily, ChannelNumber, DontFragment, EvenPort, Lifetime, RequestedAddressFamily,
        RequestedTransport, ReservationToken, XorPeerAddress,
    },
    message::{ALLOCATE, CHANNEL_BIND, CONNECT, CREATE_PERMISSION, REFRESH},
};
use vitrine_turn::{
    Config, Credentials, Dropped, Secret, credentials,
    session::{Exhausted, Now, Rules, Session, Step, Transport},
};

use crate::message::{
    Incoming, REALM, Request, Response, allocate, channel_data, key, read, request, request_again, response,
    send_indication,
};

const SECONDS: u64 = 1_700_000_000;

const RELAYED: &str = "198.51.100.1:50000";

/// A client before a relay that has one client.
struct Scene {
    rules: Rules,
    session: Session,
    start: Instant,
    /// Seconds since the start.
    time: u64,
    credentials: Credentials,
    nonce: String,
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn secret() -> Secret {
    Secret::from("a secret")
}

fn credentials_for(user: &str, seconds: u64) -> Credentials {
    credentials::issue(&secret(), user, UNIX_EPOCH + Duration::from_secs(SECONDS + seconds))
}

fn config() -> Config {
    Config { udp: vec![address("198.51.100.1:3478")], ..Config::new(secret()) }
}

fn scene() -> Scene {
    scene_with(config(), Transport::Datagram)
}

fn scene_with(config: Config, transport: Transport) -> Scene {
    let mut scene = Scene {
        rules: Rules::new(&config).unwrap(),
        session: Session::new(address("203.0.113.7:4000"), transport),
        start: Instant::now(),
        time: 0,
        credentials: credentials_for("alice", 3600),
        nonce: String::new(),
    };
    scene.nonce = scene.reply(&allocate().plain()).nonce.unwrap();
    scene
}

/// What became of a packet to a peer.
#[derive(Debug, PartialEq)]
enum Sent {
    To(SocketAddr, Vec<u8>),
    ToOwn(SocketAddr, Vec<u8>),
    Dropped(Dropped),
}

impl Scene {
    fn now(&self) -> Now {
        Now { instant: self.start + Duration::from_secs(self.time), unix: SECONDS + self.time }
    }

    /// The relay's response; allocations that it wants are given.
    #[track_caller]
    fn reply(&mut self, bytes: &[u8]) -> Response {
        let now = self.now();
        match self.session.handle(&self.rules, now, bytes) {
            Step::Reply(reply) | Step::Delete(reply) => {
                let response = response(&reply.message);
                assert_eq!(reply.refused, response.code);
                response
            }
            Step::Allocate(request) => {
                let reply = self.session.allocated(&self.rules, now, request, address(RELAYED));
                response(&reply.message)
            }
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn call(&mut self, request: Request) -> Response {
        let bytes = request.signed(&self.credentials, &self.nonce);
        self.reply(&bytes)
    }

    #[track_caller]
    fn silence(&mut self, bytes: &[u8]) -> Dropped {
        match self.session.handle(&self.rules, self.now(), bytes) {
            Step::Drop(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Sent {
        match self.session.handle(&self.rules, self.now(), bytes) {
            Step::Relay { peer, own: false, data } => Sent::To(peer, data.to_vec()),
            Step::Relay { peer, own: true, data } => Sent::ToOwn(peer, data.to_vec()),
            Step::Drop(reason) => Sent::Dropped(reason),
            other => panic!("{other:?}"),
        }
    }

    fn deliver(&mut self, peer: SocketAddr, data: &[u8]) -> Result<Incoming, Dropped> {
        let mut out = Vec::new();
        self.session.deliver(self.now(), peer, data, &mut out).map(|()| read(&out))
    }

    #[track_caller]
    fn allocated(mut self) -> Self {
        self.call(allocate()).succeeded();
        self
    }

    fn permit(&mut self, peer: SocketAddr) -> Response {
        self.call(request(CREATE_PERMISSION).peer(peer))
    }

    fn bind(&mut self, number: u16, peer: SocketAddr) -> Response {
        self.call(request(CHANNEL_BIND).with(&ChannelNumber::new(number)).peer(peer))
    }

    fn refresh(&mut self, seconds: u32) -> Response {
        self.call(request(REFRESH).with(&Lifetime::new(seconds)))
    }

    /// Lets time pass, with a nonce that is fresh at its end.
    fn pass(&mut self, seconds: u64) {
        self.time += seconds;
        self.nonce = self.reply(&allocate().plain()).nonce.unwrap();
    }
}

const PEER: &str = "192.0.2.9:7000";

fn peer() -> SocketAddr {
    address(PEER)
}

// STUN.

#[test]
fn binding_tells_the_clients_own_address_and_nothing_else() {
    let mut scene = scene();
    let answer = scene.reply(&request(BINDING).plain()).succeeded();
    assert_eq!(answer.mapped, Some(address("203.0.113.7:4000")));
    assert!(!answer.fingerprint && !answer.signed);
    assert!(scene.reply(&request(BINDING).with_fingerprint()).fingerprint);
}

#[test]
fn a_response_belongs_to_its_request() {
    let mut scene = scene();
    let transaction = TransactionId::generate();
    let answer = scene.reply(&request_again(BINDING, transaction).plain());
    assert_eq!((answer.method, answer.transaction), (BINDING.value(), transaction.into()));
}

#[test]
fn who_has_proved_nothing_gets_at_most_three_bytes_for_one() {
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
        assert_eq!(scene.silence(&bytes), Dropped::Malformed, "{kind:#06x}");
    }
    assert_eq!(scene.silence(&request(CONNECT).plain()), Dropped::Malformed);
}

#[test]
fn what_is_no_message_is_not_answered() {
    let mut scene = scene();
    let good = request(BINDING).with_fingerprint();
    let mut wrong_cookie = request(BINDING).plain();
    wrong_cookie[4] ^= 1;
    let mut wrong_fingerprint = good.clone();
    *wrong_fingerprint.last_mut().unwrap() ^= 1;
    let too_long = [&good[..], &[0; 4]].concat();
    for bytes in [&[][..], &[0], &[0, 1, 0, 0], &good[..27], &too_long, &wrong_cookie, &wrong_fingerprint, b"GET / "] {
        assert_eq!(scene.silence(bytes), Dropped::Malformed, "{bytes:?}");
    }
}

#[test]
fn an_attribute_that_must_be_understood_and_is_not_is_named() {
    let unknown = RawAttribute::new(0x7abc.into(), &[1, 2, 3]);
    let optional = RawAttribute::new(0x8abc.into(), &[1, 2, 3]);
    let mut scene = scene();
    let answer = scene.reply(&request(BINDING).with(&unknown).plain());
    assert_eq!((answer.code, &answer.unknown[..2]), (Some(420), &[0x7a, 0xbc][..]));
    scene.reply(&request(BINDING).with(&optional).plain()).succeeded();
    assert_eq!(scene.call(allocate().with(&unknown)).code, Some(420));
    scene.call(allocate().with(&optional)).succeeded();
}

// Credentials.

#[test]
fn a_request_without_credentials_is_challenged() {
    let mut scene = scene();
    for method in [ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND] {
        let answer = scene.reply(&request(method).plain());
        assert_eq!((answer.code, answer.realm.as_deref(), answer.signed), (Some(401), Some(REALM), false));
    }
}

#[test]
fn a_request_with_half_of_the_credentials_is_bad() {
    let mut scene = scene();
    let key = key(&scene.credentials, REALM);
    for missing in 0..3 {
        let parts: [Box<dyn AttributeWrite>; 3] = [
            Box::new(Username::new(&scene.credentials.username).unwrap()),
            Box::new(Realm::new(REALM).unwrap()),
            Box::new(Nonce::new(&scene.nonce).unwrap()),
        ];
        let mut message = Message::builder_request(ALLOCATE, stun_types::message::MessageWriteVec::new());
        for (_, part) in parts.iter().enumerate().filter(|(index, _)| *index != missing) {
            message.add_attribute(&**part).unwrap();
        }
        message.add_message_integrity_with_key(&key, stun_types::message::IntegrityAlgorithm::Sha1).unwrap();
        assert_eq!(scene.reply(&message.finish()).code, Some(400));
    }
}

#[test]
fn issued_credentials_are_good_and_the_response_is_signed() {
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
fn a_request_that_was_changed_on_the_way_is_refused() {
    let mut scene = scene();
    let bytes = allocate().with(&Lifetime::new(777)).signed(&scene.credentials, &scene.nonce);
    let at = bytes.windows(4).position(|four| four == 777_u32.to_be_bytes()).unwrap();
    let mut changed = bytes.clone();
    changed[at + 3] ^= 1;
    assert_eq!(scene.reply(&changed).code, Some(401));
}

#[test]
fn expired_credentials_make_no_allocation() {
    let mut scene = scene();
    scene.pass(3599);
    let bytes = allocate().signed(&scene.credentials, &scene.nonce);
    assert!(matches!(scene.session.handle(&scene.rules, scene.now(), &bytes), Step::Allocate(_)));
    scene.pass(1);
    assert_eq!(scene.call(allocate()).code, Some(401));
}

#[test]
fn an_allocation_goes_on_with_the_credentials_that_it_was_made_with() {
    let mut scene = scene();
    scene.credentials = credentials_for("alice", 100);
    let mut scene = scene.allocated();
    scene.pass(300);
    scene.refresh(600).succeeded();
    scene.permit(peer()).succeeded();
    scene.bind(0x4000, peer()).succeeded();
}

#[test]
fn another_user_name_is_refused_on_an_allocation() {
    let mut scene = scene().allocated();
    for credentials in [credentials_for("bob", 3600), credentials_for("alice", 3601)] {
        scene.credentials = credentials;
        assert_eq!(scene.refresh(0).code, Some(441));
        assert_eq!(scene.permit(peer()).code, Some(441));
    }
}

#[test]
fn a_stale_or_foreign_nonce_is_replaced() {
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

// Allocate.

#[test]
fn an_allocation_is_described_to_the_client() {
    let answer = scene().call(allocate()).succeeded();
    assert_eq!(answer.relayed, Some(address(RELAYED)));
    assert_eq!(answer.mapped, Some(address("203.0.113.7:4000")));
    assert_eq!(answer.lifetime, Some(600));
    assert!(answer.signed);
}

#[test]
fn a_lifetime_is_ten_minutes_to_an_hour() {
    for (wish, given) in [(0, 600), (1, 600), (600, 600), (1800, 1800), (3600, 3600), (u32::MAX, 3600)] {
        let answer = scene().call(allocate().with(&Lifetime::new(wish)));
        assert_eq!(answer.lifetime, Some(given), "{wish}");
    }
}

#[test]
fn an_allocate_request_that_comes_again_gets_the_same_answer() {
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
fn an_ipv6_address_is_asked_for_by_its_family() {
    let mut scene = scene();
    let bytes =
        allocate().with(&RequestedAddressFamily::new(AddressFamily::IPV6)).signed(&scene.credentials, &scene.nonce);
    let Step::Allocate(wish) = scene.session.handle(&scene.rules, scene.now(), &bytes) else { panic!() };
    assert!(wish.wants_ipv6());
    let ipx = RawAttribute::new(RequestedAddressFamily::TYPE, &[3, 0, 0, 0]);
    assert_eq!(scene.call(allocate().with(&ipx)).code, Some(440));
}

#[test]
fn a_second_family_is_politely_refused() {
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
fn fragmentation_cannot_be_forbidden() {
    let mut scene = scene();
    let answer = scene.call(allocate().with(&DontFragment::new()));
    assert_eq!((answer.code, &answer.unknown[..2]), (Some(420), &[0x00, 0x1a][..]));
}

#[test]
fn without_a_relayed_address_the_client_is_told_why() {
    let mut scene = scene();
    let bytes = allocate().signed(&scene.credentials, &scene.nonce);
    let Step::Allocate(wish) = scene.session.handle(&scene.rules, scene.now(), &bytes) else { panic!() };
    for (why, code) in [(Exhausted::User, 486), (Exhausted::Relay, 508), (Exhausted::Family, 440)] {
        let reply = scene.session.exhausted(&wish, why);
        assert_eq!((reply.refused, response(&reply.message).code), (Some(code), Some(code)));
    }
}

// Refresh.

#[test]
fn a_refresh_extends_and_ends_an_allocation() {
    let mut scene = scene().allocated();
    scene.pass(599);
    assert_eq!(scene.refresh(900).lifetime, Some(900));
    scene.pass(899);
    assert_eq!(scene.call(request(REFRESH)).lifetime, Some(600));
    assert_eq!(scene.refresh(0).succeeded().lifetime, Some(0));
    assert_eq!(scene.session.expires(), None);
    assert_eq!(scene.refresh(0).code, Some(437));
    scene.call(allocate()).succeeded();
}

#[test]
fn an_allocation_that_is_not_refreshed_expires() {
    let mut scene = scene().allocated();
    scene.permit(peer()).succeeded();
    scene.pass(600);
    assert_eq!(scene.deliver(peer(), b"late"), Err(Dropped::NoAllocation));
    assert_eq!(scene.refresh(600).code, Some(437));
    scene.call(allocate()).succeeded();
}

#[test]
fn no_refresh_extends_an_allocation_past_its_total_lifetime() {
    let mut config = config();
    config.limits.total_lifetime = Duration::from_secs(1000);
    let mut scene = scene_with(config, Transport::Datagram).allocated();
    scene.pass(500);
    assert_eq!(scene.refresh(3600).lifetime, Some(500));
    scene.pass(499);
    assert_eq!(scene.refresh(3600).lifetime, Some(1));
    scene.pass(1);
    assert_eq!(scene.refresh(3600).code, Some(437));
}

#[test]
fn a_refresh_of_another_family_is_refused() {
    let mut scene = scene().allocated();
    let family = |family| request(REFRESH).with(&RequestedAddressFamily::new(family));
    assert_eq!(scene.call(family(AddressFamily::IPV6)).code, Some(443));
    scene.call(family(AddressFamily::IPV4)).succeeded();
}

#[test]
fn without_an_allocation_there_is_nothing_to_refresh_or_permit() {
    let mut scene = scene();
    assert_eq!(scene.refresh(600).code, Some(437));
    assert_eq!(scene.permit(peer()).code, Some(437));
    assert_eq!(scene.bind(0x4000, peer()).code, Some(437));
    assert_eq!(scene.silence(&send_indication(peer(), b"x")), Dropped::NoAllocation);
    assert_eq!(scene.silence(&channel_data(0x4000, b"x")), Dropped::NoAllocation);
}

// Permissions.

#[test]
fn data_passes_both_ways_with_a_permission() {
    let mut scene = scene().allocated();
    assert_eq!(scene.send(&send_indication(peer(), b"early")), Sent::Dropped(Dropped::NoPermission));
    assert_eq!(scene.deliver(peer(), b"early"), Err(Dropped::NoPermission));
    scene.permit(peer()).succeeded();
    assert_eq!(scene.send(&send_indication(peer(), b"out")), Sent::To(peer(), b"out".to_vec()));
    let data = b"in".to_vec();
    assert_eq!(scene.deliver(peer(), b"in"), Ok(Incoming::Data { peer: peer(), data }));
}

#[test]
fn a_permission_is_for_an_address_whatever_the_port() {
    let mut scene = scene().allocated();
    scene.permit(address("192.0.2.9:1")).succeeded();
    assert!(matches!(scene.send(&send_indication(address("192.0.2.9:2"), b"x")), Sent::To(..)));
    assert!(scene.deliver(address("192.0.2.9:3"), b"x").is_ok());
    assert_eq!(scene.deliver(address("192.0.2.10:1"), b"x"), Err(Dropped::NoPermission));
}

#[test]
fn a_permission_lasts_five_minutes_and_is_renewed_by_asking_again_only() {
    let mut scene = scene().allocated();
    scene.refresh(3600);
    scene.permit(peer()).succeeded();
    scene.pass(299);
    assert!(matches!(scene.send(&send_indication(peer(), b"x")), Sent::To(..)));
    scene.permit(peer()).succeeded();
    scene.pass(299);
    assert!(scene.deliver(peer(), b"x").is_ok());
    scene.pass(1);
    assert_eq!(scene.deliver(peer(), b"x"), Err(Dropped::NoPermission));
    assert_eq!(scene.send(&send_indication(peer(), b"x")), Sent::Dropped(Dropped::NoPermission));
}

#[test]
fn several_permissions_are_given_together_or_not_at_all() {
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
fn permissions_and_channels_are_bounded() {
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
    scene.pass(600);
    scene.bind(0x4100, address("192.0.2.1:10")).succeeded();
}

// Channels.

#[test]
fn channel_data_passes_both_ways_on_a_channel() {
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
fn channel_data_is_padded_on_streams_alone() {
    for (transport, length) in [(Transport::Datagram, 5), (Transport::Stream, 8)] {
        let mut scene = scene_with(config(), transport).allocated();
        scene.bind(0x4001, peer()).succeeded();
        let mut out = b"what was there before".to_vec();
        scene.session.deliver(scene.now(), peer(), b"x", &mut out).unwrap();
        assert_eq!(out.len(), length);
    }
}

#[test]
fn a_channel_is_one_number_and_one_peer() {
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
fn a_channel_lasts_ten_minutes_and_its_permission_five() {
    let mut scene = scene().allocated();
    scene.refresh(3600);
    scene.bind(0x4001, peer()).succeeded();
    scene.pass(299);
    assert!(scene.deliver(peer(), b"x").is_ok());
    scene.pass(1);
    assert_eq!(scene.deliver(peer(), b"x"), Err(Dropped::NoPermission));
    scene.permit(peer()).succeeded();
    assert!(matches!(scene.deliver(peer(), b"x"), Ok(Incoming::ChannelData { .. })));
    scene.pass(300);
    scene.permit(peer()).succeeded();
    assert!(matches!(scene.deliver(peer(), b"x"), Ok(Incoming::Data { .. })));
    assert_eq!(scene.send(&channel_data(0x4001, b"x")), Sent::Dropped(Dropped::NoAllocation));
    scene.bind(0x4002, peer()).succeeded();
}

// Peers.

#[test]
fn peers_that_are_not_on_the_internet_are_forbidden() {
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
fn a_network_can_be_allowed() {
    let mut config = config();
    config.allow_peers = vec!["10.1.0.0/16".parse().unwrap()];
    let mut scene = scene_with(config, Transport::Datagram).allocated();
    scene.permit(address("10.1.2.3:1")).succeeded();
    assert_eq!(scene.permit(address("10.2.0.1:1")).code, Some(403));
}

#[test]
fn a_peer_is_of_the_allocations_family() {
    let mut scene = scene().allocated();
    let peer = address("[2001:db8::1]:1");
    assert_eq!(scene.permit(peer).code, Some(443));
    assert_eq!(scene.bind(0x4001, peer).code, Some(443));
}

#[test]
fn the_relays_own_addresses_are_peers_while_an_allocation_is_there_and_are_reached_inside() {
    let mut scene = scene().allocated();
    let own = address("198.51.100.1:50001");
    assert_eq!(scene.permit(own).code, Some(403));
    scene.rules.policy.relayed_begins(own.ip());
    scene.permit(own).succeeded();
    assert_eq!(scene.send(&send_indication(own, b"x")), Sent::ToOwn(own, b"x".to_vec()));
}

#[test]
fn an_address_that_becomes_the_machines_own_is_no_longer_sent_to() {
    let mut scene = scene().allocated();
    scene.bind(0x4001, peer()).succeeded();
    assert!(matches!(scene.send(&channel_data(0x4001, b"x")), Sent::To(..)));
    scene.rules.policy.set_interfaces(vec![peer().ip()]);
    assert!(matches!(scene.send(&channel_data(0x4001, b"x")), Sent::ToOwn(..)));
    assert!(matches!(scene.send(&send_indication(peer(), b"x")), Sent::ToOwn(..)));
}

#[test]
fn a_malformed_peer_is_a_bad_request() {
    let mut scene = scene().allocated();
    for value in [&[][..], &[0, 1, 0, 80], &[0, 3, 0, 80, 1, 1, 1, 1], &[0, 1, 0, 80, 1, 1, 1, 1, 1]] {
        let peer = RawAttribute::new(XorPeerAddress::TYPE, value);
        assert_eq!(scene.call(request(CREATE_PERMISSION).with(&peer)).code, Some(400), "{value:?}");
    }
}

#[test]
fn a_send_indication_needs_its_attributes_and_no_unknown_ones() {
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

// Bandwidth.

#[test]
fn what_is_above_the_bandwidth_is_dropped_in_each_direction() {
    let mut config = config();
    config.limits.bandwidth = NonZeroU64::new(1000);
    let mut scene = scene_with(config, Transport::Datagram).allocated();
    scene.bind(0x4001, peer()).succeeded();
    assert!(matches!(scene.send(&channel_data(0x4001, &[7; 800])), Sent::To(..)));
    assert_eq!(scene.send(&channel_data(0x4001, &[7; 300])), Sent::Dropped(Dropped::Bandwidth));
    assert!(scene.deliver(peer(), &[7; 1000]).is_ok());
    assert_eq!(scene.deliver(peer(), &[7; 1]), Err(Dropped::Bandwidth));
    scene.pass(1);
    assert!(matches!(scene.send(&channel_data(0x4001, &[7; 1000])), Sent::To(..)));
    assert!(scene.deliver(peer(), &[7; 1000]).is_ok());
}

// Methods that are not of this relay.

#[test]
fn every_method_has_its_own_number_in_the_response() {
    let mut scene = scene();
    for method in [ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND] as [Method; 4] {
        assert_eq!(scene.reply(&request(method).plain()).method, method.value());
    }
}
