//! Pairs that exchange packets through a relay: a client and a peer, or two clients. Packets are sent at a fixed rate,
//! whatever arrives.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UdpSocket,
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};
use turn_types::{attribute::ChannelNumber, message::CHANNEL_BIND};
use vitrine_turn::{Credentials, framer::Framer};

use crate::{
    Figures, Outcome,
    message::{Request, Response, allocate, channel_data, request, response},
    servers::{Server, credentials},
};

pub const PAIRS: usize = 10;

/// Bytes of data in a packet.
pub const PAYLOAD: usize = 1000;

const CHANNEL: u16 = 0x4000;

/// The path of packets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    Udp,
    Tcp,
    BothRelayed,
}

impl Scenario {
    pub const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::BothRelayed];

    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::BothRelayed => "both-relayed",
        }
    }
}

/// The rate and duration of the load.
pub struct Load {
    pub duration: Duration,
    /// Packets per second from each end of each pair.
    pub rate: u64,
}

#[derive(Default)]
struct Counts {
    sent: AtomicU64,
    received: AtomicU64,
}

/// One end of a pair.
enum End {
    /// With the packet to send, and its destination if the socket is not connected.
    Datagrams {
        socket: Arc<UdpSocket>,
        packet: Vec<u8>,
        to: Option<SocketAddr>,
    },
    Stream {
        stream: TcpStream,
        packet: Vec<u8>,
    },
}

impl Load {
    /// Loads `server` and measures, starting when all allocations exist.
    pub fn run(&self, server: &Server, scenario: Scenario) -> Outcome<Figures> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let counts = Arc::new(Counts::default());
        let figures = runtime.block_on(async {
            let mut ends = Vec::new();
            for _ in 0..PAIRS {
                ends.extend(pair(server.address, scenario).await?);
            }
            let mut tasks = JoinSet::new();
            let (cpu_before, started) = (server.cpu_seconds()?, Instant::now());
            for end in ends {
                start(end, self.rate, &counts, &mut tasks)?;
            }
            sleep(self.duration).await;
            let seconds = started.elapsed().as_secs_f64();
            let (sent, received) = (counts.sent.load(Relaxed), counts.received.load(Relaxed));
            let cpu_seconds = server.cpu_seconds()? - cpu_before;
            Outcome::Ok(Figures { sent, received, seconds, cpu_seconds })
        })?;
        runtime.shutdown_background();
        Ok(figures)
    }
}

async fn pair(server: SocketAddr, scenario: Scenario) -> Outcome<[End; 2]> {
    let packet = channel_data(CHANNEL, &[7; PAYLOAD]);
    let credentials = credentials();
    if scenario == Scenario::BothRelayed {
        let (one, one_relayed, one_nonce) = udp_client(server, &credentials).await?;
        let (other, other_relayed, other_nonce) = udp_client(server, &credentials).await?;
        ask_udp(&one, &bind(other_relayed).signed(&credentials, &one_nonce)).await?.succeeded();
        ask_udp(&other, &bind(one_relayed).signed(&credentials, &other_nonce)).await?.succeeded();
        return Ok([one, other].map(|socket| End::Datagrams { socket, packet: packet.clone(), to: None }));
    }
    // Relays do not relay to the address that they listen on.
    let peer = UdpSocket::bind("127.0.0.2:0").await?;
    let (client, relayed) = if scenario == Scenario::Udp {
        let (socket, relayed, nonce) = udp_client(server, &credentials).await?;
        ask_udp(&socket, &bind(peer.local_addr()?).signed(&credentials, &nonce)).await?.succeeded();
        (End::Datagrams { socket, packet, to: None }, relayed)
    } else {
        let mut stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        let nonce = ask_tcp(&mut stream, &allocate().plain())?.nonce.ok_or("no challenge")?;
        let allocated = ask_tcp(&mut stream, &allocate().signed(&credentials, &nonce))?.succeeded();
        ask_tcp(&mut stream, &bind(peer.local_addr()?).signed(&credentials, &nonce))?.succeeded();
        (End::Stream { stream, packet }, allocated.relayed.ok_or("no relayed address")?)
    };
    Ok([client, End::Datagrams { socket: Arc::new(peer), packet: vec![7; PAYLOAD], to: Some(relayed) }])
}

fn bind(peer: SocketAddr) -> Request {
    request(CHANNEL_BIND).with(&ChannelNumber::new(CHANNEL)).peer(peer)
}

/// A client with an allocation, its relayed address, and its current nonce.
async fn udp_client(server: SocketAddr, credentials: &Credentials) -> Outcome<(Arc<UdpSocket>, SocketAddr, String)> {
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await?);
    socket.connect(server).await?;
    let nonce = ask_udp(&socket, &allocate().plain()).await?.nonce.ok_or("no challenge")?;
    let allocated = ask_udp(&socket, &allocate().signed(credentials, &nonce)).await?.succeeded();
    Ok((socket, allocated.relayed.ok_or("no relayed address")?, nonce))
}

async fn ask_udp(socket: &UdpSocket, bytes: &[u8]) -> Outcome<Response> {
    socket.send(bytes).await?;
    let mut buffer = [0; 2000];
    let length = socket.recv(&mut buffer).await?;
    Ok(response(&buffer[..length]))
}

fn ask_tcp(stream: &mut TcpStream, bytes: &[u8]) -> Outcome<Response> {
    stream.write_all(bytes)?;
    let mut framer = Framer::default();
    loop {
        if let Some(message) = framer.next_message()? {
            return Ok(response(message));
        }
        let count = stream.read(framer.space())?;
        framer.received(count);
    }
}

/// Calls `send` every few milliseconds with the number of packets that are due.
async fn paced(rate: u64, mut send: impl AsyncFnMut(u64)) {
    let started = Instant::now();
    let mut ticks = interval(Duration::from_millis(2));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut sent = 0;
    loop {
        ticks.tick().await;
        let due = rate * u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX) / 1_000_000;
        send(due - sent).await;
        sent = due;
    }
}

fn start(end: End, rate: u64, counts: &Arc<Counts>, tasks: &mut JoinSet<()>) -> Outcome<()> {
    let (to_send, to_receive) = (counts.clone(), counts.clone());
    match end {
        End::Datagrams { socket, packet, to } => {
            let receiver = socket.clone();
            tasks.spawn(paced(rate, async move |count| {
                for _ in 0..count {
                    let sent = match to {
                        Some(to) => socket.send_to(&packet, to).await,
                        None => socket.send(&packet).await,
                    };
                    to_send.sent.fetch_add(u64::from(sent.is_ok()), Relaxed);
                }
            }));
            tasks.spawn(async move {
                let mut buffer = [0; 2000];
                while receiver.readable().await.is_ok() {
                    while receiver.try_recv(&mut buffer).is_ok() {
                        to_receive.received.fetch_add(1, Relaxed);
                    }
                }
            });
        }
        End::Stream { stream, packet } => {
            stream.set_nonblocking(true)?;
            let (mut reader, mut writer) = tokio::net::TcpStream::from_std(stream)?.into_split();
            tasks.spawn(paced(rate, async move |count| {
                for _ in 0..count {
                    let sent = writer.write_all(&packet).await;
                    to_send.sent.fetch_add(u64::from(sent.is_ok()), Relaxed);
                }
            }));
            tasks.spawn(async move {
                let mut framer = Framer::default();
                while let Ok(count @ 1..) = reader.read(framer.space()).await {
                    framer.received(count);
                    while let Ok(Some(_)) = framer.next_message() {
                        to_receive.received.fetch_add(1, Relaxed);
                    }
                }
            });
        }
    }
    Ok(())
}
