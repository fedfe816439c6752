//! The life of one Socket.IO connection, made dependable: its events reach [`Signaling`] one by one, in the order in which
//! they were sent, none before the connection can be answered, none after it is gone.
//!
//! Handlers as the library offers them run each in a task of its own, in any order; and they are best set before the
//! client hears that it is connected, when the library does not yet let anything be sent to it.

use std::{
    fmt::Display,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use socketioxide::{
    SocketIo,
    adapter::LocalAdapter,
    extract::{AckSender, SocketRef},
    handler::{ConnectHandler, FromMessageParts as _, MessageHandler},
    socket::{DisconnectReason, Socket},
};
use socketioxide_core::Value;
use vitrine_protocol::signaling::event;

use crate::signaling::Signaling;

/// An event as it came from a client.
pub struct Request {
    /// Who sent it.
    pub socket: SocketRef,
    /// Its name.
    pub event: &'static str,
    /// Its name and arguments, as text.
    pub data: Value,
    /// What an acknowledgement is sent with, when the client wants one.
    pub ack: Option<AckSender>,
    /// What reaches the other connections.
    pub io: SocketIo,
}

enum Phase {
    /// The client may know that it is connected, but nothing can be sent to it yet. Events wait.
    Connecting(Vec<Request>),
    Connected,
    Gone,
}

/// The phase of one connection, kept in the socket's extensions.
#[derive(Clone)]
struct Connection(Arc<Mutex<Phase>>);

impl Connection {
    /// The phase, for as long as something is done in it.
    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Handles new connections.
#[derive(Clone)]
pub struct Connections(pub Arc<Signaling>);

/// Tells these handlers from those that are functions, as the library's traits ask.
pub struct InOrder;

impl ConnectHandler<LocalAdapter, InOrder> for Connections {
    /// Before the client is told.
    fn call_middleware<'a>(
        &'a self,
        socket: Arc<Socket>,
        _auth: &'a Option<Value>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Box<dyn Display + Send>>> + Send + 'a>> {
        let connection = Connection(Arc::new(Mutex::new(Phase::Connecting(Vec::new()))));
        socket.extensions.insert(connection.clone());
        for event in [
            event::CREATE_ROOM,
            event::JOIN_ROOM,
            event::ICE_SERVERS,
            event::LEAVE_ROOM,
            event::OFFER,
            event::ANSWER,
            event::ICE_CANDIDATE,
        ] {
            let (connection, signaling) = (connection.clone(), self.0.clone());
            socket.on(event, Events { event, connection, signaling });
        }
        socket.on_fallback(async |socket: SocketRef| {
            tracing::debug!(user = %socket.id, "unknown event");
        });
        let signaling = self.0.clone();
        socket.on_disconnect(async move |socket: SocketRef, io: SocketIo, reason: DisconnectReason| {
            tracing::debug!(user = %socket.id, %reason, "disconnected");
            *connection.phase() = Phase::Gone;
            signaling.gone(socket.id, &io);
        });
        Box::pin(std::future::ready(Ok(())))
    }

    /// After the client was told, and as soon as anything can be sent to it.
    fn call(&self, socket: Arc<Socket>, _auth: Option<Value>) {
        tracing::debug!(user = %socket.id, "connected");
        let Some(connection) = socket.extensions.get::<Connection>() else {
            return;
        };
        let mut phase = connection.phase();
        if let Phase::Connecting(waiting) = &mut *phase {
            for request in std::mem::take(waiting) {
                self.0.answer(request);
            }
            *phase = Phase::Connected;
        }
    }
}

/// Handles the events of one name of one connection, in the task that reads the connection.
struct Events {
    event: &'static str,
    connection: Connection,
    signaling: Arc<Signaling>,
}

impl MessageHandler<LocalAdapter, InOrder> for Events {
    fn call(&self, socket: Arc<Socket>, mut data: Value, ack_id: Option<i64>) {
        let Ok(io) = SocketIo::from_message_parts(&socket, &mut data, &ack_id);
        let Ok(ack) = AckSender::from_message_parts(&socket, &mut data, &ack_id);
        let request = Request { socket: socket.into(), event: self.event, data, ack: ack_id.map(|_| ack), io };
        match &mut *self.connection.phase() {
            Phase::Connecting(waiting) => waiting.push(request),
            Phase::Connected => self.signaling.answer(request),
            // Whoever enters a room now would never be taken out of it.
            Phase::Gone => {}
        }
    }
}
