//! A relay with one client, without sockets and with a simulated clock.

use std::{
    net::SocketAddr,
    time::{Duration, Instant, UNIX_EPOCH},
};

use turn_types::{
    attribute::{ChannelNumber, Lifetime},
    message::{CHANNEL_BIND, CREATE_PERMISSION, REFRESH},
};
use vitrine_turn::{
    Config, Credentials, Dropped, Secret, credentials,
    session::{Now, Rules, Session, Step, Transport},
};

use crate::message::{Incoming, Request, Response, allocate, read, request, response};
pub const SECONDS: u64 = 1_700_000_000;

pub const RELAYED: &str = "198.51.100.1:50000";

/// A relay with one client.
pub struct Scene {
    pub rules: Rules,
    pub session: Session,
    start: Instant,
    /// Seconds since the start.
    pub time: u64,
    pub credentials: Credentials,
    pub nonce: String,
}

pub fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub fn secret() -> Secret {
    Secret::from("a secret")
}

pub fn credentials_for(user: &str, seconds: u64) -> Credentials {
    credentials::issue(&secret(), user, UNIX_EPOCH + Duration::from_secs(SECONDS + seconds))
}

pub fn config() -> Config {
    Config { udp: vec![address("198.51.100.1:3478")], ..Config::new(secret()) }
}

pub fn scene() -> Scene {
    scene_with(config(), Transport::Datagram)
}

pub fn scene_with(config: Config, transport: Transport) -> Scene {
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

/// The fate of a packet to a peer.
#[derive(Debug, PartialEq)]
pub enum Sent {
    To(SocketAddr, Vec<u8>),
    ToOwn(SocketAddr, Vec<u8>),
    Dropped(Dropped),
}

impl Scene {
    pub fn now(&self) -> Now {
        Now { instant: self.start + Duration::from_secs(self.time), unix: SECONDS + self.time }
    }

    /// Handles a message and ignores the result. Requested allocations are granted.
    pub fn handle(&mut self, bytes: &[u8]) {
        let now = self.now();
        if let Step::Allocate(request) = self.session.handle(&self.rules, now, bytes) {
            self.session.allocated(&self.rules, now, request, address(RELAYED));
        }
        let _ = self.deliver(peer(), bytes);
    }

    /// Handles a request and returns the response. Requested allocations are granted.
    #[track_caller]
    pub fn reply(&mut self, bytes: &[u8]) -> Response {
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
    pub fn call(&mut self, request: Request) -> Response {
        let bytes = request.signed(&self.credentials, &self.nonce);
        self.reply(&bytes)
    }

    #[track_caller]
    pub fn dropped(&mut self, bytes: &[u8]) -> Dropped {
        match self.session.handle(&self.rules, self.now(), bytes) {
            Step::Drop(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    pub fn send(&mut self, bytes: &[u8]) -> Sent {
        match self.session.handle(&self.rules, self.now(), bytes) {
            Step::Relay { peer, own: false, data } => Sent::To(peer, data.to_vec()),
            Step::Relay { peer, own: true, data } => Sent::ToOwn(peer, data.to_vec()),
            Step::Drop(reason) => Sent::Dropped(reason),
            other => panic!("{other:?}"),
        }
    }

    pub fn deliver(&mut self, peer: SocketAddr, data: &[u8]) -> Result<Incoming, Dropped> {
        let mut out = Vec::new();
        self.session.deliver(self.now(), peer, data, &mut out).map(|()| read(&out))
    }

    #[track_caller]
    pub fn allocated(mut self) -> Self {
        self.call(allocate()).succeeded();
        self
    }

    pub fn permit(&mut self, peer: SocketAddr) -> Response {
        self.call(request(CREATE_PERMISSION).peer(peer))
    }

    pub fn bind(&mut self, number: u16, peer: SocketAddr) -> Response {
        self.call(request(CHANNEL_BIND).with(&ChannelNumber::new(number)).peer(peer))
    }

    pub fn refresh(&mut self, seconds: u32) -> Response {
        self.call(request(REFRESH).with(&Lifetime::new(seconds)))
    }

    /// Advances the clock and gets a fresh nonce.
    pub fn advance(&mut self, seconds: u64) {
        self.time += seconds;
        self.nonce = self.reply(&allocate().plain()).nonce.unwrap();
    }
}

pub const PEER: &str = "192.0.2.9:7000";

pub fn peer() -> SocketAddr {
    address(PEER)
}
