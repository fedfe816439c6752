//! Test helpers: a TURN client over sockets, relays for it, and waiting for conditions.

use std::{
    collections::VecDeque,
    net::{IpAddr, SocketAddr},
    time::{Duration, SystemTime},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
    time::{Instant, sleep, timeout},
};
use turn_types::{
    attribute::{ChannelNumber, Lifetime},
    message::{CHANNEL_BIND, CREATE_PERMISSION, REFRESH},
};
use vitrine_turn::{Config, Credentials, Metrics, Relay, Secret, credentials, framer::Framer};

use crate::message::{Incoming, Request, Response, allocate, read, request};

/// Timeout of every wait.
const TIMEOUT: Duration = Duration::from_secs(20);

pub fn secret() -> Secret {
    Secret::from("a secret")
}

pub fn credentials_for(user: &str) -> Credentials {
    credentials::issue(&secret(), user, SystemTime::now() + Duration::from_secs(3600))
}

/// A relay on 127.0.0.1 that allows the rest of the loopback network as peers.
pub fn config() -> Config {
    let any = || vec![SocketAddr::from(([127, 0, 0, 1], 0))];
    let allow_peers = vec!["127.0.0.0/8".parse().unwrap()];
    Config { udp: any(), tcp: any(), allow_peers, ..Config::new(secret()) }
}

pub async fn relay() -> Relay {
    Relay::bind(config()).await.unwrap()
}

pub trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

enum Wire {
    Datagrams(UdpSocket),
    Stream { stream: Box<dyn Bytes>, framer: Framer },
}

pub struct Client {
    wire: Wire,
    pub credentials: Credentials,
    nonce: String,
    early: VecDeque<Incoming>,
}

impl Client {
    pub async fn udp(relay: &Relay, user: &str) -> Self {
        let server = relay.udp_addresses()[0];
        Self::udp_from(server.ip(), server, user).await
    }

    /// A client whose socket accepts responses from `server` only.
    pub async fn udp_from(ip: IpAddr, server: SocketAddr, user: &str) -> Self {
        let socket = UdpSocket::bind((ip, 0)).await.unwrap();
        socket.connect(server).await.unwrap();
        Self::new(Wire::Datagrams(socket), user)
    }

    pub async fn tcp(relay: &Relay, user: &str) -> Self {
        Self::stream(TcpStream::connect(relay.tcp_addresses()[0]).await.unwrap(), user)
    }

    pub fn stream(stream: impl Bytes + 'static, user: &str) -> Self {
        Self::new(Wire::Stream { stream: Box::new(stream), framer: Framer::default() }, user)
    }

    fn new(wire: Wire, user: &str) -> Self {
        Self { wire, credentials: credentials_for(user), nonce: String::new(), early: VecDeque::new() }
    }

    /// The client's own address.
    pub fn address(&self) -> SocketAddr {
        match &self.wire {
            Wire::Datagrams(socket) => socket.local_addr().unwrap(),
            Wire::Stream { .. } => panic!("a stream"),
        }
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        match &mut self.wire {
            Wire::Datagrams(socket) => drop(socket.send(bytes).await.unwrap()),
            Wire::Stream { stream, .. } => stream.write_all(bytes).await.unwrap(),
        }
    }

    async fn next(&mut self) -> Incoming {
        let next = async {
            match &mut self.wire {
                Wire::Datagrams(socket) => {
                    let mut buffer = [0; 2000];
                    let length = socket.recv(&mut buffer).await.unwrap();
                    read(&buffer[..length])
                }
                Wire::Stream { stream, framer } => loop {
                    if let Some(message) = framer.next_message().unwrap() {
                        break read(message);
                    }
                    let count = stream.read(framer.space()).await.unwrap();
                    assert!(count > 0, "the relay closed the stream");
                    framer.received(count);
                },
            }
        };
        timeout(TIMEOUT, next).await.expect("a message in time")
    }

    /// The next message that is no response.
    pub async fn receive(&mut self) -> Incoming {
        match self.early.pop_front() {
            Some(incoming) => incoming,
            None => self.next().await,
        }
    }

    /// Sends a request unchanged and returns the response.
    pub async fn ask(&mut self, bytes: &[u8]) -> Response {
        self.send(bytes).await;
        loop {
            match self.next().await {
                Incoming::Response(response) => return response,
                other => self.early.push_back(other),
            }
        }
    }

    /// Sends a request with credentials and returns the response. Retries with a new nonce if the relay issues one.
    pub async fn call(&mut self, request: impl Fn() -> Request) -> Response {
        let response = self.ask(&request().signed(&self.credentials, &self.nonce)).await;
        match (&response.nonce, response.code) {
            (Some(nonce), Some(438)) => {
                self.nonce.clone_from(nonce);
                self.ask(&request().signed(&self.credentials, &self.nonce)).await
            }
            _ => response,
        }
    }

    pub async fn try_allocate(&mut self) -> Response {
        self.call(allocate).await
    }

    /// Allocates and returns the relayed address.
    pub async fn allocate(&mut self) -> SocketAddr {
        self.try_allocate().await.succeeded().relayed.unwrap()
    }

    pub async fn permit(&mut self, peer: SocketAddr) -> Response {
        self.call(|| request(CREATE_PERMISSION).peer(peer)).await
    }

    pub async fn bind(&mut self, number: u16, peer: SocketAddr) -> Response {
        self.call(|| request(CHANNEL_BIND).with(&ChannelNumber::new(number)).peer(peer)).await
    }

    pub async fn refresh(&mut self, seconds: u32) -> Response {
        self.call(|| request(REFRESH).with(&Lifetime::new(seconds))).await
    }
}

/// A peer at an address that is not the relay's own.
pub async fn peer() -> UdpSocket {
    UdpSocket::bind("127.0.0.2:0").await.unwrap()
}

/// The next datagram and its sender.
pub async fn datagram(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 2000];
    let (length, from) = timeout(TIMEOUT, socket.recv_from(&mut buffer)).await.expect("a message in time").unwrap();
    (buffer[..length].to_vec(), from)
}

/// Waits until the relay's metrics meet a condition.
pub async fn until(relay: &Relay, what: impl Fn(&Metrics) -> bool) {
    until_true(|| what(&relay.metrics())).await;
}

pub async fn until_true(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < TIMEOUT, "the condition was not met in time");
        sleep(Duration::from_millis(2)).await;
    }
}

/// Waits until a stream is closed.
pub async fn wait_closed(stream: &mut (impl AsyncRead + Unpin)) {
    let end = async {
        let mut buffer = [0; 2000];
        // A reset closes the stream, too.
        while matches!(stream.read(&mut buffer).await, Ok(1..)) {}
    };
    timeout(TIMEOUT, end).await.expect("the stream closes in time");
}
