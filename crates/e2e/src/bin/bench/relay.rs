//! `bench relay`: what a signaling server costs. Messages relayed in a second of its processor's time, and memory for
//! an idle connection; for `vitrine-server` and for a server on Node.js and npm's `socket.io`, under the same load of
//! raw WebSockets, in turns.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, TryStreamExt as _, future::try_join, future::try_join_all, stream};
use serde_json::{Value, json};
use vitrine_e2e::{
    NodeServer, Result, VitrineServer,
    load::{SignalingSocket, allow_many_connections, cpu_seconds, memory_bytes},
};

/// Turns of each server.
const TURNS: usize = 5;
/// How long a turn lasts at least, and its warming up.
const TURN: Duration = Duration::from_secs(5);
const WARM_UP: Duration = Duration::from_secs(3);

/// Rooms of two.
const PAIRS: usize = 50;
/// Candidates that each sends at once, and awaits from the other before it sends more. A browser finds about as many.
const WINDOW: usize = 20;

/// Connections whose memory is measured.
const IDLE: usize = 4000;
/// Connections that come and go before, so that what is needed once is there.
const BEFORE: usize = 200;
/// Connections that are opened at the same time.
const AT_ONCE: usize = 50;
/// Longer than both servers' ping intervals: an idle connection is one that is kept alive.
const SETTLE: Duration = Duration::from_secs(30);

/// The most that `vitrine-server` may take of what Node.js takes.
const CPU_LIMIT: f64 = 1.0 / 4.0;
const MEMORY_LIMIT: f64 = 1.0 / 3.0;

/// What switches off the limits that this load is beyond.
pub const UNLIMITED: [&str; 4] = ["--rate-limit", "off", "--max-connections-per-address", "off"];

/// A server under load.
#[derive(Clone, Copy)]
struct Target {
    port: u16,
    program: u32,
}

/// Prints the figures; whether both are within their limits.
pub async fn run() -> Result<bool> {
    allow_many_connections()?;
    let (_vitrine, _node, targets) = start().await?;
    let mut rates = [Vec::new(), Vec::new()];
    for turn in 0..=TURNS {
        for (target, rates) in targets.iter().zip(&mut rates) {
            let rate = relay(*target, if turn == 0 { WARM_UP } else { TURN }).await?;
            if turn > 0 {
                rates.push(rate);
            }
        }
    }
    // Other ones, whose memory was not used and given back before.
    let (_vitrine, node, targets) = start().await?;
    let memory = try_join(idle(targets[0], || Ok(())), idle(targets[1], || node.collect_garbage())).await?;
    Ok(report(&rates, memory))
}

async fn start() -> Result<(VitrineServer, NodeServer, [Target; 2])> {
    let vitrine = VitrineServer::start_with(Path::new("none"), 0, &UNLIMITED);
    let (vitrine, node) = try_join(vitrine, NodeServer::start_bare()).await?;
    let ours = Target { port: vitrine.port(), program: vitrine.program() };
    let theirs = Target { port: node.port(), program: node.program() };
    Ok((vitrine, node, [ours, theirs]))
}

/// Messages relayed in a second of the server's processor time.
async fn relay(target: Target, at_least: Duration) -> Result<f64> {
    let pairs = try_join_all((0..PAIRS).map(|number| Pair::open(target.port, number))).await?;
    let (started, before) = (Instant::now(), cpu_seconds(target.program)?);
    let counts = try_join_all(pairs.into_iter().map(async |mut pair| {
        let mut messages = 0;
        while started.elapsed() < at_least {
            messages += pair.exchange().await?;
        }
        Ok::<_, vitrine_e2e::Error>(messages)
    }));
    let messages: usize = counts.await?.into_iter().sum();
    Ok(messages as f64 / (cpu_seconds(target.program)? - before))
}

/// Two in a room, who send each other candidates.
struct Pair {
    sockets: [SignalingSocket; 2],
    candidates: [tokio_tungstenite::tungstenite::Utf8Bytes; 2],
}

impl Pair {
    async fn open(port: u16, number: usize) -> Result<Self> {
        let (mut a, mut b) = try_join(SignalingSocket::connect(port), SignalingSocket::connect(port)).await?;
        let room = format!("relay-{number}");
        a.join(&room).await?;
        b.join(&room).await?;
        let candidates = [candidate(&b.id).into(), candidate(&a.id).into()];
        Ok(Self { sockets: [a, b], candidates })
    }

    /// A window of candidates in both directions; how many messages that were.
    async fn exchange(&mut self) -> Result<usize> {
        for (socket, candidate) in self.sockets.iter_mut().zip(&self.candidates) {
            socket.send_burst(candidate, WINDOW).await?;
        }
        for socket in &mut self.sockets {
            for _ in 0..WINDOW {
                socket.expect("42[\"ice-candidate\",").await?;
            }
        }
        Ok(2 * WINDOW)
    }
}

/// A candidate as Chromium writes them, on its way to `target`.
fn candidate(target: &str) -> String {
    let candidate = json!({
        "candidate": "candidate:842163049 1 udp 1677729535 203.0.113.77 46154 typ srflx raddr 192.168.1.10 rport 46154 \
                      generation 0 ufrag Xy9z network-cost 999",
        "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "Xy9z",
    });
    format!("42{}", json!(["ice-candidate", {"target": target, "candidate": candidate}]))
}

/// Bytes that the server needs more for a connection that is in a room and does nothing but answer pings.
async fn idle(target: Target, tidy: impl Fn() -> Result<()>) -> Result<f64> {
    drop(open(target.port, BEFORE).await?);
    tokio::time::sleep(SETTLE / 3).await;
    tidy()?;
    tokio::time::sleep(SETTLE / 3).await;
    let before = memory_bytes(target.program)?;
    let sockets = open(target.port, IDLE).await?;
    let tasks: Vec<_> = sockets.into_iter().map(|socket| tokio::spawn(socket.idle())).collect();
    tokio::time::sleep(SETTLE).await;
    tidy()?;
    tokio::time::sleep(SETTLE / 3).await;
    let after = memory_bytes(target.program)?;
    let lost = tasks.iter().filter(|task| task.is_finished()).count();
    assert_eq!(lost, 0, "connections were lost");
    Ok(after.saturating_sub(before) as f64 / IDLE as f64)
}

/// Connections in rooms of two.
pub async fn open(port: u16, count: usize) -> Result<Vec<SignalingSocket>> {
    let opening = (0..count).map(async |number| {
        let mut socket = SignalingSocket::connect(port).await?;
        socket.join(&format!("idle-{}", number / 2)).await?;
        Ok(socket)
    });
    stream::iter(opening).buffer_unordered(AT_ONCE).try_collect().await
}

/// Of several turns.
struct Rates {
    median: f64,
    min: f64,
    max: f64,
}

impl Rates {
    fn of(rates: &[f64]) -> Self {
        let mut rates = rates.to_vec();
        rates.sort_by(f64::total_cmp);
        let at = |index: usize| rates.get(index).copied().unwrap_or(f64::NAN);
        Self { median: at(rates.len() / 2), min: at(0), max: at(rates.len().saturating_sub(1)) }
    }

    fn json(&self) -> Value {
        json!({"median": self.median.round(), "min": self.min.round(), "max": self.max.round()})
    }
}

impl std::fmt::Display for Rates {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:.0} ({:.0} to {:.0})", self.median, self.min, self.max)
    }
}

fn report(rates: &[Vec<f64>; 2], (our_memory, their_memory): (f64, f64)) -> bool {
    let [ours, theirs] = [Rates::of(&rates[0]), Rates::of(&rates[1])];
    println!(
        "{PAIRS} pairs, {WINDOW} candidates at once each way; median (min to max) of {TURNS} turns each; {IDLE} idle \
         connections"
    );
    println!("{:<40} {:>30} {:>30}", "", "vitrine-server", "Node.js socket.io");
    println!("{:<40} {:>30} {:>30}", "messages per CPU second", ours.to_string(), theirs.to_string());
    println!("{:<40} {our_memory:>30.0} {their_memory:>30.0}", "bytes per idle connection");
    // CPU for a message is the inverse of messages for CPU.
    let (cpu, memory) = (theirs.median / ours.median, our_memory / their_memory);
    let (cpu_within, memory_within) = (cpu <= CPU_LIMIT, memory <= MEMORY_LIMIT);
    let verdict = |within| if within { "within" } else { "OVER" };
    println!("CPU per message, of Node.js's: {cpu:.3}, {} the limit of {CPU_LIMIT:.3}", verdict(cpu_within));
    println!(
        "memory per connection, of Node.js's: {memory:.3}, {} the limit of {MEMORY_LIMIT:.3}",
        verdict(memory_within)
    );
    println!();
    println!(
        "{}",
        json!({
            "bench": "relay", "turns": TURNS, "pairs": PAIRS, "window": WINDOW, "idle_connections": IDLE,
            "messages_per_cpu_second": {"vitrine": ours.json(), "node": theirs.json()},
            "bytes_per_connection": {"vitrine": our_memory.round(), "node": their_memory.round()},
            "cpu_ratio": cpu, "cpu_limit": CPU_LIMIT, "memory_ratio": memory, "memory_limit": MEMORY_LIMIT,
            "within_limits": cpu_within && memory_within,
        })
    );
    cpu_within && memory_within
}
