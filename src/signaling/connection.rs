//! The task behind [`super::Signaling`]: connects, opens the Socket.IO session, relays, watches the heartbeat, waits,
//! and connects again. The meaning of events is not its business.

use std::{fmt::Display, time::Duration};

use futures_channel::{mpsc::UnboundedReceiver, oneshot};
use futures_util::{FutureExt, SinkExt, StreamExt, pin_mut, select};
use gloo_net::websocket::{Message as Frame, WebSocketError, futures::WebSocket};
use gloo_timers::future::TimeoutFuture;
use vitrine_protocol::{
    client_event::ClientEvent,
    server_event::ServerEvent,
    socket_io::{ConnectError, Connected, DecodeError, Handshake, Message, Packet},
};

use super::{
    backoff::Backoff,
    event::{DisconnectReason, SignalingEvent},
    refusal::Refusal,
};
use crate::browser::{awake_now, json, wait_awake};

/// How long the server may take to open the session.
const OPEN_TIMEOUT: Duration = Duration::from_secs(8);

/// The longest timer, in milliseconds: a server's heartbeat timeout may exceed the range of browsers' timers.
const MAX_TIMER: f64 = 60_000.0;

/// An input of the task.
pub(super) enum Input {
    /// Send an event.
    Emit(ClientEvent),
    /// Send an event; `answer` gets the payload of its acknowledgement.
    Request { event: ClientEvent, answer: oneshot::Sender<String> },
    /// The network came back: connections through the old one are dead, and an attempt may succeed now.
    NetworkChanged,
    /// The page is visible again: try now if not connected.
    Wake,
}

/// Keeps a connection to `url` until the future is dropped.
pub(super) async fn run(url: String, mut inputs: UnboundedReceiver<Input>, sink: impl Fn(SignalingEvent) + 'static) {
    let mut backoff = Backoff::default();
    loop {
        let (reason, was_connected) = match Session::open(&url) {
            Ok(mut session) => (session.run(&mut inputs, &sink, &mut backoff).await, session.connected),
            Err(reason) => (reason, false),
        };
        log(&reason);
        let retry_at_once = matches!(reason, DisconnectReason::NetworkChanged);
        sink(SignalingEvent::Offline(reason));
        if !retry_at_once {
            let wait = backoff.next(js_sys::Math::random());
            let probed_url = (!was_connected).then_some(&*url);
            wait_for_retry(wait, probed_url, &mut inputs, &sink).await;
        }
    }
}

/// Ends after `wait`, or at once when the network comes back or the page becomes visible. Meanwhile it probes the
/// server at `probed_url`, and drops the events to send: a dropped request fails as offline.
async fn wait_for_retry(
    wait: Duration,
    probed_url: Option<&str>,
    inputs: &mut UnboundedReceiver<Input>,
    sink: &impl Fn(SignalingEvent),
) {
    let timer = TimeoutFuture::new(milliseconds(wait)).fuse();
    let probe = async {
        match probed_url {
            Some(url) => Refusal::probe(url).await,
            None => std::future::pending().await,
        }
    }
    .fuse();
    pin_mut!(timer, probe);
    loop {
        select! {
            () = timer => return,
            refusal = probe => {
                refusal.iter().for_each(log);
                sink(SignalingEvent::Refused(refusal));
            }
            input = inputs.next() => match input {
                Some(Input::Wake | Input::NetworkChanged) | None => return,
                Some(Input::Emit(event)) => log(format_args!("{} was not sent: offline", event.name())),
                Some(Input::Request { .. }) => {}
            },
        }
    }
}

/// One WebSocket, from its opening to its end.
struct Session {
    socket: WebSocket,
    /// How long the server may be silent.
    timeout: Duration,
    /// When the last packet arrived, in milliseconds of [`awake_now`].
    last_packet: f64,
    /// Whether the server assigned an id, so that events may be sent.
    connected: bool,
    /// Whether an invalid packet was logged.
    has_logged_invalid: bool,
    next_ack: u64,
    acks: Vec<(u64, oneshot::Sender<String>)>,
}

impl Session {
    fn open(url: &str) -> Result<Self, DisconnectReason> {
        let socket = WebSocket::open(url).map_err(|error| DisconnectReason::InvalidUrl(error.to_string()))?;
        Ok(Self {
            socket,
            timeout: OPEN_TIMEOUT,
            last_packet: awake_now(),
            connected: false,
            has_logged_invalid: false,
            next_ack: 0,
            acks: Vec::new(),
        })
    }

    async fn run(
        &mut self,
        inputs: &mut UnboundedReceiver<Input>,
        sink: &impl Fn(SignalingEvent),
        backoff: &mut Backoff,
    ) -> DisconnectReason {
        loop {
            let remaining = self.timeout.as_secs_f64() * 1000.0 - (awake_now() - self.last_packet);
            let silence = wait_awake(remaining.clamp(0.0, MAX_TIMER) as u32 + 1).fuse();
            pin_mut!(silence);
            let result = select! {
                frame = self.socket.next().fuse() => match frame {
                    Some(Ok(Frame::Text(text))) => self.receive(&text, sink, backoff).await,
                    Some(Ok(Frame::Bytes(_))) => self.reject_invalid(DecodeError::Binary),
                    Some(Err(WebSocketError::ConnectionClose(close))) => {
                        Err(DisconnectReason::Closed(format!("code {} {}", close.code, close.reason)))
                    }
                    Some(Err(_)) => Err(DisconnectReason::Closed("the server cannot be reached".to_owned())),
                    None => Err(DisconnectReason::Closed("the server closed it".to_owned())),
                },
                input = inputs.next() => match input {
                    Some(input) => self.handle_input(input).await,
                    None => Err(DisconnectReason::Closed("the page ended it".to_owned())),
                },
                () = silence => Err(DisconnectReason::TimedOut),
            };
            // The timer may be shorter than the timeout, see `MAX_TIMER`.
            match result {
                Err(DisconnectReason::TimedOut)
                    if awake_now() - self.last_packet < self.timeout.as_secs_f64() * 1000.0 => {}
                Err(reason) => return reason,
                Ok(()) => {}
            }
        }
    }

    async fn receive(
        &mut self,
        text: &str,
        sink: &impl Fn(SignalingEvent),
        backoff: &mut Backoff,
    ) -> Result<(), DisconnectReason> {
        let packet = match Packet::decode(text) {
            Ok(packet) => packet,
            Err(error) => return self.reject_invalid(error),
        };
        self.last_packet = awake_now();
        match packet {
            // Ignore a second handshake: it would end the session, or change the id.
            Packet::Open(_) | Packet::Message(Message::Connect(_) | Message::ConnectError(_)) if self.connected => {}
            Packet::Open(handshake) => match json::parse::<Handshake>(handshake) {
                Ok(handshake) => {
                    self.timeout =
                        Duration::from_millis(handshake.ping_interval_ms.saturating_add(handshake.ping_timeout_ms));
                    self.transmit(&Packet::Message(Message::Connect(""))).await?;
                }
                Err(error) => return self.reject_invalid(format_args!("malformed handshake: {error}")),
            },
            Packet::Ping(text) => self.transmit(&Packet::Pong(text)).await?,
            Packet::Close => return Err(DisconnectReason::Closed("the server closed it".to_owned())),
            Packet::Pong(_) | Packet::Upgrade | Packet::Noop => {}
            Packet::Message(Message::Connect(payload)) => {
                let Connected { sid } = json::parse(payload)
                    .map_err(|error| DisconnectReason::Protocol(format!("connected without an id: {error}")))?;
                backoff.reset();
                self.connected = true;
                sink(SignalingEvent::Online(sid));
            }
            Packet::Message(Message::Event { payload, .. }) => match json::parse::<ServerEvent>(payload) {
                Ok(event) => sink(SignalingEvent::Received(event)),
                Err(error) => self.log_invalid(error),
            },
            Packet::Message(Message::Ack { id, payload }) => {
                if let Some(index) = self.acks.iter().position(|(sent, _)| *sent == id) {
                    let (_, answer) = self.acks.swap_remove(index);
                    let _ = answer.send(payload.to_owned());
                }
            }
            Packet::Message(Message::Disconnect) => {
                return Err(DisconnectReason::Closed("the server ended it".to_owned()));
            }
            Packet::Message(Message::ConnectError(payload)) => match json::parse::<ConnectError>(payload) {
                Ok(error) => return Err(DisconnectReason::Refused(error.into_message())),
                Err(error) => return self.reject_invalid(format_args!("malformed refusal: {error}")),
            },
        }
        Ok(())
    }

    /// Drops a packet that is not Socket.IO. Before the server has assigned an id, it ends the session: the server may
    /// be none of Socket.IO.
    fn reject_invalid(&mut self, error: impl Display) -> Result<(), DisconnectReason> {
        if self.connected {
            self.log_invalid(error);
            Ok(())
        } else {
            Err(DisconnectReason::Protocol(error.to_string()))
        }
    }

    async fn handle_input(&mut self, input: Input) -> Result<(), DisconnectReason> {
        let (event, ack) = match input {
            Input::Wake => return Ok(()),
            Input::NetworkChanged => return Err(DisconnectReason::NetworkChanged),
            // The session is not open yet: drop the event, as while offline.
            _ if !self.connected => return Ok(()),
            Input::Emit(event) => (event, None),
            Input::Request { event, answer } => {
                let id = self.next_ack;
                self.next_ack += 1;
                // Forget requests that timed out.
                self.acks.retain(|(_, waiting)| !waiting.is_canceled());
                self.acks.push((id, answer));
                (event, Some(id))
            }
        };
        match json::to_text(&event) {
            Ok(payload) => self.transmit(&Packet::Message(Message::Event { ack, payload: &payload })).await,
            Err(error) => {
                log(format_args!("{} was not sent: {error}", event.name()));
                Ok(())
            }
        }
    }

    /// Logs once a session: a server that sends one invalid packet tends to send more.
    fn log_invalid(&mut self, error: impl Display) {
        if !std::mem::replace(&mut self.has_logged_invalid, true) {
            log(error);
        }
    }

    async fn transmit(&mut self, packet: &Packet<'_>) -> Result<(), DisconnectReason> {
        self.socket
            .send(Frame::Text(packet.encode()))
            .await
            .map_err(|error| DisconnectReason::Closed(error.to_string()))
    }
}

pub(super) fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

fn log(text: impl Display) {
    crate::browser::log(&format!("signaling: {text}"));
}
