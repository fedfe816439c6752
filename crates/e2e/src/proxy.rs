//! A bad line to the signaling server: a proxy that a page's WebSocket goes through, and that cuts, delays, loses and
//! forges what passes. It listens on an address of its own, which stays while the server behind it dies, moves or is
//! another one.

use std::{
    net::Ipv4Addr,
    ops::ControlFlow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::{AbortHandle, JoinHandle},
    time::Instant,
};
use tokio_tungstenite::{
    accept_hdr_async, client_async,
    tungstenite::{
        Message,
        handshake::server::{Request, Response},
    },
};

use crate::{Result, error::Doing};

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From a page to the server.
    ToServer,
    /// From the server to a page.
    ToPage,
}

/// Says what arrives in place of a message.
type Meddler = Box<dyn FnMut(Direction, &str) -> Vec<String> + Send>;

/// The proxy; whatever goes through it ends when it is dropped.
pub struct FaultProxy {
    shared: Arc<Mutex<State>>,
    task: JoinHandle<()>,
    port: u16,
}

struct State {
    upstream: u16,
    refusing: bool,
    longest_delay: Duration,
    random: Random,
    meddler: Option<Meddler>,
    lines: Vec<Line>,
}

/// One page's connection.
struct Line {
    /// The id that the server gave, once it has.
    user: Option<String>,
    inject: mpsc::UnboundedSender<Message>,
    task: AbortHandle,
}

impl FaultProxy {
    /// Opens a proxy to the server on `upstream`, a port of this machine. It does no harm until it is told to.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start(upstream: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.doing(|| "open a port".to_owned())?;
        let port = listener.local_addr().doing(|| "read a port's number".to_owned())?.port();
        let state = State {
            upstream,
            refusing: false,
            longest_delay: Duration::ZERO,
            random: Random::from_environment(),
            meddler: None,
            lines: Vec::new(),
        };
        let shared = Arc::new(Mutex::new(state));
        let task = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self { shared, task, port })
    }

    /// Its address, with a `/` at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Cuts the page of `user` off, so that the page knows of it and the server does not: to the server it goes on being
    /// there and answers its pings. Returns how many connections were cut.
    pub fn cut_unnoticed(&self, user: &str) -> usize {
        self.forge_message(Some(user), &Message::Close(None))
    }

    /// Sends new connections to the server on this port from now on.
    pub fn lead_to(&self, upstream: u16) {
        lock(&self.shared).upstream = upstream;
    }

    /// Cuts every connection and refuses new ones.
    pub fn cut(&self) {
        let mut state = lock(&self.shared);
        state.refusing = true;
        state.lines.drain(..).for_each(|line| line.task.abort());
    }

    /// Lets new connections in again.
    pub fn restore(&self) {
        lock(&self.shared).refusing = false;
    }

    /// From now on every message takes a random time up to `longest`, each on its own, but never overtakes another of
    /// the same connection and direction. Prints the seed.
    pub fn delay_up_to(&self, longest: Duration) {
        let mut state = lock(&self.shared);
        eprintln!("delays up to {longest:?} from {}={}", Random::VARIABLE, state.random.seed);
        state.longest_delay = longest;
    }

    /// From now on what arrives in place of a message of text is what `meddler` says: nothing, the message itself, others
    /// that were kept back, any of it twice.
    pub fn meddle(&self, meddler: impl FnMut(Direction, &str) -> Vec<String> + Send + 'static) {
        lock(&self.shared).meddler = Some(Box::new(meddler));
    }

    /// Sends `text` to the page of `user` (to every page for `None`) as if it came from the server; returns how many
    /// pages get it.
    pub fn forge(&self, user: Option<&str>, text: &str) -> usize {
        self.forge_message(user, &Message::text(text))
    }

    /// As [`FaultProxy::forge`], with a binary message.
    pub fn forge_binary(&self, user: Option<&str>, bytes: &[u8]) -> usize {
        self.forge_message(user, &Message::binary(bytes.to_vec()))
    }

    fn forge_message(&self, user: Option<&str>, message: &Message) -> usize {
        let state = lock(&self.shared);
        let meant = state.lines.iter().filter(|line| user.is_none() || line.user.as_deref() == user);
        meant.filter(|line| line.inject.send(message.clone()).is_ok()).count()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

fn lock(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: Arc<Mutex<State>>) {
    while let Ok((page, _)) = listener.accept().await {
        let mut state = lock(&shared);
        if state.refusing {
            continue;
        }
        state.lines.retain(|line| !line.task.is_finished());
        let (inject, injected) = mpsc::unbounded_channel();
        let relay = relay(page, state.upstream, shared.clone(), inject.clone(), injected);
        let task = tokio::spawn(async move {
            // A line that breaks breaks for both ends, by being dropped.
            let _ = relay.await;
        });
        state.lines.push(Line { user: None, inject, task: task.abort_handle() });
    }
}

/// Relays between `page` and the server until either goes away.
async fn relay(
    page: TcpStream,
    upstream: u16,
    shared: Arc<Mutex<State>>,
    inject: mpsc::UnboundedSender<Message>,
    mut injected: mpsc::UnboundedReceiver<Message>,
) -> Option<()> {
    // The server first: where it is down the page is refused, as it would be without a proxy.
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream)).await.ok()?;
    let (page, path) = greet(page).await?;
    let (server, _) = client_async(format!("ws://127.0.0.1:{upstream}{path}"), server).await.ok()?;
    let (to_page, from_page) = page.split();
    let (mut to_server, mut from_server) = server.split();
    let (page_queue, page_due) = mpsc::unbounded_channel();
    let (server_queue, server_due) = mpsc::unbounded_channel();
    let forged = page_queue.clone();
    let unnoticed = tokio::select! {
        _ = receive(from_page, Direction::ToServer, &shared, &inject, server_queue) => false,
        _ = receive(&mut from_server, Direction::ToPage, &shared, &inject, page_queue) => false,
        () = deliver(page_due, to_page) => false,
        () = deliver(server_due, &mut to_server) => false,
        () = async {
            // Nothing forged is the end of a connection: that is the order to cut it.
            while let Some(message) = injected.recv().await.filter(|message| !message.is_close()) {
                let _ = forged.send((Instant::now(), message));
            }
        } => true,
    };
    // Engine.IO's ping and pong.
    while unnoticed && let Some(Ok(message)) = from_server.next().await {
        if message.to_text().is_ok_and(|text| text == "2") {
            to_server.send(Message::text("3")).await.ok()?;
        }
    }
    Some(())
}

/// Accepts the page's WebSocket, and tells for which path.
#[expect(clippy::result_large_err, reason = "the library's signature")]
async fn greet(page: TcpStream) -> Option<(tokio_tungstenite::WebSocketStream<TcpStream>, String)> {
    let mut path = String::new();
    let note_path = |request: &Request, response: Response| {
        path = request.uri().to_string();
        Ok(response)
    };
    let page = accept_hdr_async(page, note_path).await.ok()?;
    Some((page, path))
}

/// Takes what comes in, decides its fate and queues it with the time at which it is due.
async fn receive(
    mut source: impl Stream<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin,
    direction: Direction,
    shared: &Mutex<State>,
    line: &mpsc::UnboundedSender<Message>,
    queue: mpsc::UnboundedSender<(Instant, Message)>,
) -> ControlFlow<()> {
    let mut last = Instant::now();
    while let Some(Ok(message)) = source.next().await {
        let mut state = lock(shared);
        let mut arriving = vec![message.clone()];
        if let Message::Text(text) = &message {
            if let (Direction::ToPage, Some(user)) = (direction, given_id(text)) {
                state.lines.iter_mut().filter(|known| known.inject.same_channel(line)).for_each(|known| {
                    known.user = Some(user.clone());
                });
            }
            if let Some(meddler) = &mut state.meddler {
                arriving = meddler(direction, text).into_iter().map(Message::text).collect();
            }
        }
        // Never before what came earlier.
        let longest = state.longest_delay;
        last = last.max(Instant::now() + longest.mul_f64(state.random.fraction()));
        if arriving.into_iter().any(|message| queue.send((last, message)).is_err()) {
            break;
        }
    }
    ControlFlow::Break(())
}

async fn deliver(
    mut queue: mpsc::UnboundedReceiver<(Instant, Message)>,
    mut target: impl Sink<Message, Error = tokio_tungstenite::tungstenite::Error> + Unpin,
) {
    while let Some((due, message)) = queue.recv().await {
        tokio::time::sleep_until(due).await;
        if target.send(message).await.is_err() {
            return;
        }
    }
}

/// The id in Socket.IO's `40{"sid":"…"}`.
fn given_id(text: &str) -> Option<String> {
    let greeting: serde_json::Value = serde_json::from_str(text.strip_prefix("40")?).ok()?;
    Some(greeting.get("sid")?.as_str()?.to_owned())
}

/// Random numbers that can be had again (SplitMix64).
struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    const VARIABLE: &str = "VITRINE_E2E_SEED";

    fn from_environment() -> Self {
        let asked = std::env::var(Self::VARIABLE).ok().and_then(|seed| seed.parse().ok());
        let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
        let seed = asked.unwrap_or_else(|| u64::from(now()));
        Self { seed, state: seed }
    }

    /// From 0 to 1.
    fn fraction(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        f64::from((mixed >> 32) as u32) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_read_from_the_greeting() {
        assert_eq!(given_id(r#"40{"sid":"abc"}"#).as_deref(), Some("abc"));
        assert_eq!(given_id(r#"42["offer",{"from":"abc"}]"#), None);
    }

    #[test]
    fn a_seed_gives_the_same_fractions_again() {
        let fractions = || -> Vec<f64> {
            let mut random = Random { seed: 7, state: 7 };
            (0..100).map(|_| random.fraction()).collect()
        };
        assert_eq!(fractions(), fractions());
        assert!(fractions().iter().all(|fraction| (0.0..=1.0).contains(fraction)));
    }
}
