//! The Socket.IO client that carries signaling: one WebSocket at a time, kept alive, reconnected when lost. It
//! knows frames, acknowledgements and time-outs; what the events mean for a call is decided in [`crate::call`].

mod backoff;
mod connection;
mod refusal;

use std::{fmt::Display, future::Future, pin::pin, time::Duration};

use futures_channel::{
    mpsc::{UnboundedSender, unbounded},
    oneshot,
};
use futures_util::future::{Either, select};
use vitrine_protocol::{json::Json, server_event::ServerEvent, signaling::UserId};

pub use self::refusal::Refusal;
use crate::browser::{Listener, Task, wait_listening};

/// How long a request may wait for its acknowledgement.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);

/// What happened to the connection, or on it.
#[derive(Clone, Debug, PartialEq)]
pub enum SignalingEvent {
    /// An attempt to connect began.
    Connecting,
    /// Connected, under this id.
    Online(UserId),
    /// Not connected any more, or the attempt failed; the next attempt begins by itself.
    Offline(Loss),
    /// Why attempts fail, as far as it can be found out; news after [`SignalingEvent::Offline`].
    Refused(Option<Refusal>),
    /// The server sent an event.
    Received(ServerEvent),
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// The address of the signaling server is not a WebSocket address.
    #[error("the address cannot be used: {0}")]
    Address(String),
    /// The WebSocket closed or could not be opened.
    #[error("the connection closed: {0}")]
    Closed(String),
    /// What the connection went through is no more.
    #[error("the network changed")]
    NetworkChanged,
    /// The server did not greet, or missed a ping (Engine.IO v4, heartbeat).
    #[error("the server fell silent")]
    Silent,
    /// The server refused the connection.
    #[error("the server refused the connection: {0}")]
    Refused(String),
    /// The server said something that is not Socket.IO.
    #[error("not a Socket.IO server: {0}")]
    Protocol(String),
}

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// There is no connection, or it was lost before the answer.
    #[error("not connected to the signaling server")]
    Offline,
    /// The server did not answer in time.
    #[error("the signaling server did not answer in time")]
    TimedOut,
}

enum Outgoing {
    Emit {
        event: &'static str,
        data: Option<Json>,
    },
    Request {
        event: &'static str,
        data: Option<Json>,
        answer: oneshot::Sender<Json>,
    },
    /// The network came back: what was connected through it before is dead, and an attempt may succeed now.
    NetworkChanged,
    /// Somebody looks at the page again: try now if not connected.
    Wake,
}

/// The connection to the signaling server, for as long as this lives.
pub struct Signaling {
    outgoing: UnboundedSender<Outgoing>,
    _listeners: Vec<Listener>,
    _task: Task,
}

impl Signaling {
    /// Connects to `url` (the `ws:` or `wss:` address of the Socket.IO endpoint) and keeps connected, reporting to
    /// `sink`.
    pub fn start(url: String, sink: impl Fn(SignalingEvent) + 'static) -> Self {
        let (outgoing, queue) = unbounded();
        let on = |target: &web_sys::EventTarget, name, asked: fn() -> Outgoing| {
            let outgoing = outgoing.clone();
            Listener::new(target, name, move |_| {
                let _ = outgoing.unbounded_send(asked());
            })
        };
        let mut listeners = Vec::new();
        if let Some(window) = web_sys::window() {
            listeners.push(on(&window, "online", || Outgoing::NetworkChanged));
            listeners.extend(window.document().map(|document| on(&document, "visibilitychange", || Outgoing::Wake)));
        }
        Self { outgoing, _listeners: listeners, _task: Task::spawn(connection::run(url, queue, sink)) }
    }

    /// Sends an event. While there is no connection it is dropped: what it said is out of date by the next one.
    pub fn emit(&self, event: &'static str, data: Option<Json>) {
        let _ = self.outgoing.unbounded_send(Outgoing::Emit { event, data });
    }

    /// Sends an event and waits for its acknowledgement.
    ///
    /// # Errors
    /// [`RequestError`] when there is no connection or no answer within eight seconds.
    pub fn request(
        &self,
        event: &'static str,
        data: Option<Json>,
    ) -> impl Future<Output = Result<Json, RequestError>> + 'static {
        let (answer, answered) = oneshot::channel();
        let _ = self.outgoing.unbounded_send(Outgoing::Request { event, data, answer });
        async move {
            let patience = pin!(wait_listening(milliseconds(REQUEST_TIMEOUT)));
            match select(answered, patience).await {
                Either::Left((answer, _)) => answer.map_err(|_| RequestError::Offline),
                Either::Right(_) => Err(RequestError::TimedOut),
            }
        }
    }
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

fn log(text: impl Display) {
    crate::browser::describe(&format!("signaling: {text}"));
}
