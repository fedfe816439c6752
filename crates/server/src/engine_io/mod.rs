//! Engine.IO, protocol revision 4, as the server speaks it: sessions over WebSocket and HTTP long-polling, the upgrade
//! from the one to the other, and pings. Text only; what the packets of type message say is the business of
//! [`crate::socket_io`].
//!
//! It is written for many connections that do nothing: one task each, no buffer that is empty, nothing kept of the
//! request that began it. What waits for a slow reader is bounded in bytes.

mod polling;
mod session;
mod websocket;

use std::{
    collections::HashMap,
    net::SocketAddr,
    ops::ControlFlow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::{ConnectInfo, FromRequestParts as _, Request, State, WebSocketUpgrade, ws::Utf8Bytes},
    http::{
        Method, StatusCode,
        header::{CONTENT_TYPE, HOST, SEC_WEBSOCKET_KEY},
        request::Parts,
    },
    response::{IntoResponse, Response},
    routing::any,
};
use serde_json::{Value, json};
use tokio::sync::Notify;

pub use self::session::{Session, Transport, Unsent};
use crate::{
    Config, connection_limiter::ConnectionLimiter, id::Id, refusal_log::RefusalLog, refusal_reason::Reason,
    signaling::Signaling, socket_io,
};

/// Largest message that a connection survives, in bytes. Anything past `max_payload_bytes` is refused in words; anything
/// past this ends the connection, so that nobody can fill the server's memory.
const HARD_LIMIT_BYTES: usize = 1024 * 1024;

/// What a WebSocket reads at once. Each connection has a buffer of this size, and bursts are read in several steps.
const READ_BUFFER_BYTES: usize = 512;

/// What a WebSocket collects before it writes.
const WRITE_BUFFER_BYTES: usize = 4096;

const PING: Utf8Bytes = Utf8Bytes::from_static("2");
const PONG_PROBE: Utf8Bytes = Utf8Bytes::from_static("3probe");
const NOOP: &str = "6";

/// Errors as Engine.IO's own server words them; clients take "Session ID unknown" as the end of the session and start a
/// new one.
type Refusal = (u8, &'static str);
const UNKNOWN_TRANSPORT: Refusal = (0, "Transport unknown");
const UNKNOWN_SESSION: Refusal = (1, "Session ID unknown");
const BAD_METHOD: Refusal = (2, "Bad handshake method");
const BAD_REQUEST: Refusal = (3, "Bad request");
const UNSUPPORTED_VERSION: Refusal = (5, "Unsupported protocol version");

/// When a connection is pinged, and how long it may take to answer.
#[derive(Clone, Copy, Debug)]
struct Timing {
    ping_interval: Duration,
    ping_timeout: Duration,
}

/// All sessions.
#[derive(Debug)]
pub struct EngineIo {
    timing: Timing,
    limiter: Arc<ConnectionLimiter>,
    refusals: Arc<RefusalLog>,
    signaling: Arc<Signaling>,
    sessions: Mutex<HashMap<Id, Arc<Session>>>,
    /// The last session is gone.
    empty: Notify,
}

impl EngineIo {
    /// No sessions yet.
    pub fn new(
        config: &Config,
        limiter: Arc<ConnectionLimiter>,
        refusals: Arc<RefusalLog>,
        signaling: Arc<Signaling>,
    ) -> Self {
        let timing = Timing { ping_interval: config.ping_interval, ping_timeout: config.ping_timeout };
        Self { timing, limiter, refusals, signaling, sessions: Mutex::default(), empty: Notify::new() }
    }

    /// What answers requests of `/socket.io/`.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new().route("/socket.io", any(respond)).route("/socket.io/", any(respond)).with_state(self.clone())
    }

    /// Ends all sessions, and returns when they have.
    pub async fn close_all(&self) {
        loop {
            let sessions: Vec<_> = self.sessions().values().cloned().collect();
            if sessions.is_empty() {
                return;
            }
            for session in sessions {
                self.close(&session);
            }
            self.empty.notified().await;
        }
    }

    fn open(&self, sid: Id, session: Session) -> Arc<Session> {
        let session = Arc::new(session);
        self.sessions().insert(sid, session.clone());
        session
    }

    /// Takes a packet of a client; breaks when the session is to be ended.
    fn receive(&self, session: &Arc<Session>, packet: &str) -> ControlFlow<()> {
        match packet.as_bytes().first() {
            Some(b'3') => session.pong(),
            Some(b'4') => return socket_io::receive(&self.signaling, session, &packet[1..]),
            // A ping of revision 3, an upgrade that came already, nothing.
            Some(b'2' | b'5' | b'6') => {}
            // The end; or what cannot be understood, after which nothing can.
            _ => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    /// Ends a session: its participant leaves the room.
    fn close(&self, session: &Session) {
        if session.close() {
            socket_io::ended(&self.signaling, session);
        }
        // One by WebSocket is forgotten when its task has said goodbye.
        if session.transport() != Transport::WebSocket {
            self.forget(session);
        }
    }

    fn forget(&self, session: &Session) {
        let mut sessions = self.sessions();
        sessions.remove(&session.sid);
        if sessions.is_empty() {
            self.empty.notify_one();
        }
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<Id, Arc<Session>>> {
        // Whole between any two statements that could panic.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first packet of a session.
    fn handshake(&self, sid: Id, transport: Transport) -> String {
        let upgrades: &[&str] = if transport == Transport::Polling { &["websocket"] } else { &[] };
        let open = json!({
            "sid": sid.as_str(), "upgrades": upgrades, "pingInterval": milliseconds(self.timing.ping_interval),
            "pingTimeout": milliseconds(self.timing.ping_timeout), "maxPayload": HARD_LIMIT_BYTES,
        });
        format!("0{open}")
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn refuse((code, message): Refusal) -> Response {
    refuse_with(json!({"code": code, "message": message}))
}

fn refuse_with(body: Value) -> Response {
    let body = body.to_string();
    (StatusCode::BAD_REQUEST, [(CONTENT_TYPE, "application/json")], body).into_response()
}

/// The parameter of this name, of several the first.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|parameter| parameter.strip_prefix(name)?.strip_prefix('='))
}

async fn respond(
    State(engine): State<Arc<EngineIo>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let refuse_protocol = |refusal| {
        engine.refusals.log_request(Reason::Protocol, peer.ip(), request.headers());
        refuse(refusal)
    };
    let transport = match parameter(query, "transport") {
        Some("polling") => Transport::Polling,
        Some("websocket") => Transport::WebSocket,
        _ => return refuse_protocol(UNKNOWN_TRANSPORT),
    };
    if parameter(query, "EIO") != Some("4") {
        return refuse_protocol(UNSUPPORTED_VERSION);
    }
    match parameter(query, "sid") {
        None => begin(&engine, transport, peer, request).await.unwrap_or_else(|refusal| refusal),
        Some(sid) => {
            let session = Id::parse(sid).and_then(|sid| engine.sessions().get(&sid).cloned());
            let Some(session) = session else { return refuse(UNKNOWN_SESSION) };
            go_on(engine, session, transport, request).await
        }
    }
}

/// Opens a session.
async fn begin(
    engine: &Arc<EngineIo>,
    transport: Transport,
    peer: SocketAddr,
    request: Request,
) -> Result<Response, Response> {
    if request.method() != Method::GET {
        return Err(refuse(BAD_METHOD));
    }
    let permit = engine.limiter.try_acquire(peer, request.headers()).map_err(IntoResponse::into_response)?;
    let sid = Id::random().map_err(|error| {
        tracing::error!(%error, "no random bytes from the system");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })?;
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()?.parse().ok());
    let session = Session::new(sid, permit, host, transport);
    let handshake = engine.handshake(sid, transport);
    if transport == Transport::Polling {
        let session = engine.open(sid, session);
        let (engine, timing) = (Arc::downgrade(engine), engine.timing);
        let session = Arc::downgrade(&session);
        tokio::spawn(polling::keep_time(engine, session, timing.ping_interval, timing.ping_timeout));
        return Ok(polling::answer(handshake));
    }
    let upgrade = web_socket(request).await.map_err(|parts| refuse_without_upgrade(engine, peer, &parts))?;
    let engine = engine.clone();
    Ok(upgrade.on_upgrade(async move |socket| {
        // There is room for it, and nothing before it.
        let _ = session.send(handshake);
        let session = engine.open(sid, session);
        // A task of its own, which needs no memory for the upgrade any more.
        tokio::spawn(websocket::carry(engine, session, Box::new(socket)));
    }))
}

/// A request within a session.
async fn go_on(engine: Arc<EngineIo>, session: Arc<Session>, transport: Transport, request: Request) -> Response {
    if transport == Transport::WebSocket {
        if session.transport() != Transport::Polling {
            return refuse(BAD_REQUEST);
        }
        return match web_socket(request).await {
            Ok(upgrade) => upgrade.on_upgrade(async move |socket| {
                tokio::spawn(websocket::upgrade(engine, session, Box::new(socket)));
            }),
            Err(_) => refuse(BAD_REQUEST),
        };
    }
    if session.transport() == Transport::WebSocket {
        return refuse(BAD_REQUEST);
    }
    match *request.method() {
        Method::GET => polling::send(&engine, &session).await,
        Method::POST => polling::receive(&engine, &session, request.into_body()).await,
        _ => refuse(BAD_METHOD),
    }
}

/// Refuses a request for a WebSocket that lacks the `Upgrade` header. If it has a key, it is a handshake that lost the
/// header in a proxy. If it has none, a page asks for the reason why its WebSocket failed: `upgrade` in the answer says
/// whether handshakes lose their header on the way.
fn refuse_without_upgrade(engine: &EngineIo, peer: SocketAddr, parts: &Parts) -> Response {
    if parts.headers.contains_key(SEC_WEBSOCKET_KEY) {
        engine.refusals.log_request(Reason::Upgrade, peer.ip(), &parts.headers);
    }
    let (code, message) = BAD_REQUEST;
    let upgrade = if engine.refusals.is_recent(Reason::Upgrade) { "dropped" } else { "missing" };
    refuse_with(json!({"code": code, "message": message, "upgrade": upgrade}))
}

/// The request to become a WebSocket, if it is one.
async fn web_socket(request: Request) -> Result<WebSocketUpgrade, Parts> {
    let (mut parts, _) = request.into_parts();
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &()).await else { return Err(parts) };
    Ok(upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(HARD_LIMIT_BYTES)
        .max_frame_size(HARD_LIMIT_BYTES))
}
