//! The task behind [`super::Signaling`]: connect, greet, relay, notice silence, wait, again.

use std::time::Duration;

use futures_channel::{mpsc::UnboundedReceiver, oneshot};
use futures_util::{FutureExt, SinkExt, StreamExt, pin_mut, select};
use gloo_net::websocket::{Message as Frame, WebSocketError, futures::WebSocket};
use gloo_timers::future::TimeoutFuture;
use vitrine_protocol::{
    json::Json,
    server_event::ServerEvent,
    signaling::UserId,
    socket_io::{DecodeError, Message, Packet},
};

use super::{Loss, Outgoing, Refusal, SignalingEvent, backoff::Backoff, log, milliseconds};
use crate::browser::{listening_now, wait_listening};

/// How long the server may take to greet.
const GREETING_TIMEOUT: Duration = Duration::from_secs(8);

/// The longest timer, in milliseconds: a server may ask for more patience than a browser's timers have.
const LONGEST_TIMER: f64 = 60_000.0;

pub(super) async fn run(
    url: String,
    mut outgoing: UnboundedReceiver<Outgoing>,
    sink: impl Fn(SignalingEvent) + 'static,
) {
    let mut backoff = Backoff::default();
    loop {
        sink(SignalingEvent::Connecting);
        let (loss, was_connected) = match Session::open(&url) {
            Ok(mut session) => (session.run(&mut outgoing, &sink, &mut backoff).await, session.connected),
            Err(loss) => (loss, false),
        };
        log(&loss);
        let at_once = matches!(loss, Loss::NetworkChanged);
        sink(SignalingEvent::Offline(loss));
        if !at_once {
            let wait = backoff.next(js_sys::Math::random());
            let refused_at = (!was_connected).then_some(&*url);
            wait_for_retry(wait, refused_at, &mut outgoing, &sink).await;
        }
    }
}

/// Ends after `wait`, or at once when the network comes back. Meanwhile the server at `refused_at` is asked why it cannot
/// be connected to, and what is asked for is refused by dropping it.
async fn wait_for_retry(
    wait: Duration,
    refused_at: Option<&str>,
    outgoing: &mut UnboundedReceiver<Outgoing>,
    sink: &impl Fn(SignalingEvent),
) {
    let timer = TimeoutFuture::new(milliseconds(wait)).fuse();
    let reason = async {
        match refused_at {
            Some(url) => Refusal::find_out(url).await,
            None => std::future::pending().await,
        }
    }
    .fuse();
    pin_mut!(timer, reason);
    loop {
        select! {
            () = timer => return,
            refusal = reason => {
                refusal.iter().for_each(log);
                sink(SignalingEvent::Refused(refusal));
            }
            asked = outgoing.next() => match asked {
                Some(Outgoing::Wake | Outgoing::NetworkChanged) | None => return,
                Some(Outgoing::Emit { event, .. }) => log(format_args!("{event} was not sent: offline")),
                Some(Outgoing::Request { .. }) => {}
            },
        }
    }
}

/// One WebSocket, from its opening to its end.
struct Session {
    socket: WebSocket,
    /// How long the server may be silent.
    patience: Duration,
    /// When the server was last heard, in milliseconds of [`listening_now`].
    heard: f64,
    /// The server has given an id: events may be sent.
    connected: bool,
    /// What the server sends is not all understood; that is told once.
    complained: bool,
    next_ack: u64,
    acks: Vec<(u64, oneshot::Sender<Json>)>,
}

impl Session {
    fn open(url: &str) -> Result<Self, Loss> {
        let socket = WebSocket::open(url).map_err(|error| Loss::Address(error.to_string()))?;
        Ok(Self {
            socket,
            patience: GREETING_TIMEOUT,
            heard: listening_now(),
            connected: false,
            complained: false,
            next_ack: 0,
            acks: Vec::new(),
        })
    }

    async fn run(
        &mut self,
        outgoing: &mut UnboundedReceiver<Outgoing>,
        sink: &impl Fn(SignalingEvent),
        backoff: &mut Backoff,
    ) -> Loss {
        loop {
            let remaining = self.patience.as_secs_f64() * 1000.0 - (listening_now() - self.heard);
            let silence = wait_listening(remaining.clamp(0.0, LONGEST_TIMER) as u32 + 1).fuse();
            pin_mut!(silence);
            let result = select! {
                frame = self.socket.next().fuse() => match frame {
                    Some(Ok(Frame::Text(text))) => self.receive(&text, sink, backoff).await,
                    Some(Ok(Frame::Bytes(_))) => self.not_understood(DecodeError::Binary),
                    Some(Err(WebSocketError::ConnectionClose(close))) => {
                        Err(Loss::Closed(format!("code {} {}", close.code, close.reason)))
                    }
                    Some(Err(_)) => Err(Loss::Closed("the server cannot be reached".to_owned())),
                    None => Err(Loss::Closed("the server closed it".to_owned())),
                },
                asked = outgoing.next() => match asked {
                    Some(asked) => self.send(asked).await,
                    None => Err(Loss::Closed("the page ended it".to_owned())),
                },
                () = silence => Err(Loss::Silent),
            };
            // A server may ask for more patience than a timer has.
            match result {
                Err(Loss::Silent) if listening_now() - self.heard < self.patience.as_secs_f64() * 1000.0 => {}
                Err(loss) => return loss,
                Ok(()) => {}
            }
        }
    }

    async fn receive(&mut self, text: &str, sink: &impl Fn(SignalingEvent), backoff: &mut Backoff) -> Result<(), Loss> {
        let packet = match Packet::decode(text) {
            Ok(packet) => packet,
            Err(error) => return self.not_understood(error),
        };
        self.heard = listening_now();
        match packet {
            // A second greeting is no server's: it would end the session, or change the id.
            Packet::Open(_) | Packet::Message(Message::Connect(_) | Message::ConnectError { .. }) if self.connected => {
            }
            Packet::Open(handshake) => {
                self.patience =
                    Duration::from_millis(handshake.ping_interval_ms.saturating_add(handshake.ping_timeout_ms));
                self.transmit(&Packet::Message(Message::Connect(None))).await?;
            }
            Packet::Ping(data) => self.transmit(&Packet::Pong(data)).await?,
            Packet::Close => return Err(Loss::Closed("the server closed it".to_owned())),
            Packet::Pong(_) | Packet::Upgrade | Packet::Noop => {}
            Packet::Message(Message::Connect(data)) => {
                let sid = data.as_ref().and_then(|data| data.field("sid").to_text());
                let sid = sid.ok_or_else(|| Loss::Protocol("a connection without an id".to_owned()))?;
                backoff.reset();
                self.connected = true;
                sink(SignalingEvent::Online(UserId(sid)));
            }
            Packet::Message(Message::Event { name, data, .. }) => match ServerEvent::parse(&name, &data) {
                Ok(event) => sink(SignalingEvent::Received(event)),
                Err(error) => self.complain(error),
            },
            Packet::Message(Message::Ack { id, data }) => {
                if let Some(index) = self.acks.iter().position(|(asked, _)| *asked == id) {
                    let (_, answer) = self.acks.swap_remove(index);
                    let _ = answer.send(data.into_iter().next().unwrap_or_default());
                }
            }
            Packet::Message(Message::Disconnect) => return Err(Loss::Closed("the server ended it".to_owned())),
            Packet::Message(Message::ConnectError { message, .. }) => return Err(Loss::Refused(message)),
        }
        Ok(())
    }

    /// What is no packet is dropped, once the server has shown that it is one by giving an id.
    fn not_understood(&mut self, error: DecodeError) -> Result<(), Loss> {
        if self.connected {
            self.complain(error);
            Ok(())
        } else {
            Err(Loss::Protocol(error.to_string()))
        }
    }

    async fn send(&mut self, asked: Outgoing) -> Result<(), Loss> {
        let message = match asked {
            Outgoing::Wake => return Ok(()),
            Outgoing::NetworkChanged => return Err(Loss::NetworkChanged),
            // Not greeted yet: refused by dropping it, as while offline.
            _ if !self.connected => return Ok(()),
            Outgoing::Emit { event, data } => {
                Message::Event { name: event.to_owned(), data: data.into_iter().collect(), ack: None }
            }
            Outgoing::Request { event, data, answer } => {
                let id = self.next_ack;
                self.next_ack += 1;
                // Answers that nobody waits for any more need no place.
                self.acks.retain(|(_, waiting)| !waiting.is_canceled());
                self.acks.push((id, answer));
                Message::Event { name: event.to_owned(), data: data.into_iter().collect(), ack: Some(id) }
            }
        };
        self.transmit(&Packet::Message(message)).await
    }

    /// Once a session: a server that says one thing that is not understood tends to say more.
    fn complain(&mut self, error: impl std::fmt::Display) {
        if !std::mem::replace(&mut self.complained, true) {
            log(error);
        }
    }

    async fn transmit(&mut self, packet: &Packet) -> Result<(), Loss> {
        self.socket.send(Frame::Text(packet.encode())).await.map_err(|error| Loss::Closed(error.to_string()))
    }
}
