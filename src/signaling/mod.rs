//! The Socket.IO client that carries signaling: one WebSocket at a time, with heartbeat and reconnection. It handles
//! frames, acknowledgements and timeouts; [`crate::call`] decides what the events mean.

mod backoff;
mod connection;
mod event;
mod refusal;

use std::{future::Future, pin::pin, time::Duration};

use futures_channel::{
    mpsc::{UnboundedSender, unbounded},
    oneshot,
};
use futures_util::future::{Either, select};
use serde::de::DeserializeOwned;
use vitrine_protocol::{client_event::ClientEvent, socket_io::Acknowledgement};

use self::connection::{Input, milliseconds};
pub use self::{
    event::{DisconnectReason, SignalingEvent},
    refusal::Refusal,
};
use crate::browser::{JsonError, Listener, Task, json, wait_awake};

/// How long a request waits for its acknowledgement.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// There is no connection, or it was lost before the acknowledgement.
    #[error("not connected to the signaling server")]
    Offline,
    /// The server did not acknowledge in time.
    #[error("the signaling server did not answer in time")]
    TimedOut,
    /// The acknowledgement does not have the expected form.
    #[error("the answer cannot be read: {0}")]
    Unreadable(JsonError),
}

/// The connection to the signaling server; it ends on drop.
pub struct Signaling {
    inputs: UnboundedSender<Input>,
    _listeners: Vec<Listener>,
    _task: Task,
}

impl Signaling {
    /// Connects to `url` (the `ws:` or `wss:` address of the Socket.IO endpoint), reconnects when the connection is
    /// lost, and reports to `sink`.
    pub fn start(url: String, sink: impl Fn(SignalingEvent) + 'static) -> Self {
        let (inputs, queue) = unbounded();
        let on = |target: &web_sys::EventTarget, name, input: fn() -> Input| {
            let inputs = inputs.clone();
            Listener::new(target, name, move |_| {
                let _ = inputs.unbounded_send(input());
            })
        };
        let mut listeners = Vec::new();
        if let Some(window) = web_sys::window() {
            listeners.push(on(&window, "online", || Input::NetworkChanged));
            listeners.extend(window.document().map(|document| on(&document, "visibilitychange", || Input::Wake)));
        }
        Self { inputs, _listeners: listeners, _task: Task::spawn(connection::run(url, queue, sink)) }
    }

    /// Sends an event. Without a connection the event is dropped: it would be out of date on the next one.
    pub fn emit(&self, event: ClientEvent) {
        let _ = self.inputs.unbounded_send(Input::Emit(event));
    }

    /// Sends an event and waits for its acknowledgement.
    ///
    /// # Errors
    /// [`RequestError`] if there is no connection, no acknowledgement within eight seconds, or one that is no `T`.
    pub fn request<T: DeserializeOwned>(
        &self,
        event: ClientEvent,
    ) -> impl Future<Output = Result<T, RequestError>> + use<T> {
        let (answer, answered) = oneshot::channel();
        let _ = self.inputs.unbounded_send(Input::Request { event, answer });
        async move {
            let timeout = pin!(wait_awake(milliseconds(REQUEST_TIMEOUT)));
            match select(answered, timeout).await {
                Either::Left((Ok(payload), _)) => {
                    json::parse(&payload).map(|Acknowledgement(answer)| answer).map_err(RequestError::Unreadable)
                }
                Either::Left((Err(_), _)) => Err(RequestError::Offline),
                Either::Right(_) => Err(RequestError::TimedOut),
            }
        }
    }
}
