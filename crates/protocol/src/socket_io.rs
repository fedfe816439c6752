//! The text codec of Socket.IO protocol revision 5 over Engine.IO protocol revision 4, one packet per WebSocket
//! text frame. It covers the part that Vitrine uses: the default namespace and text packets. It splits a frame into type,
//! id and payload; the payload, a JSON text, is the caller's. It is no client: it has no socket, no state and no clock.
//!
//! Sources: <https://github.com/socketio/engine.io-protocol> (revision 4) and
//! <https://github.com/socketio/socket.io-protocol> (revision 5).

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, IgnoredAny, SeqAccess, Visitor},
};

use crate::signaling::UserId;

/// The namespace of Socket.IO clients that ask for no other.
const DEFAULT_NAMESPACE: &str = "/";

/// Largest acknowledgement id accepted: JavaScript's `Number.MAX_SAFE_INTEGER`.
pub const MAX_ACK_ID: u64 = (1 << 53) - 1;

/// Payload of [`Packet::Open`], which the server sends when the transport opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Handshake {
    /// Engine.IO session id, which is not the [`UserId`].
    pub sid: String,
    /// Transports that the connection may upgrade to; empty on a WebSocket.
    #[serde(default)]
    pub upgrades: Vec<String>,
    /// Interval of the server's pings, in milliseconds.
    #[serde(rename = "pingInterval")]
    pub ping_interval_ms: u64,
    /// The server closes the connection if no pong arrives within this time, in milliseconds. A client may close it if no
    /// ping arrives for `ping_interval_ms + ping_timeout_ms`.
    #[serde(rename = "pingTimeout")]
    pub ping_timeout_ms: u64,
    /// Largest payload that the server accepts in one HTTP polling request, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_payload: Option<u64>,
}

/// Payload of the server's [`Message::Connect`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connected {
    /// The id that other participants see.
    pub sid: UserId,
}

/// Payload of [`Message::ConnectError`]: an object since protocol revision 5, a string before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ConnectError {
    /// Since revision 5.
    Object {
        /// The reason, in words.
        message: String,
    },
    /// The reason, in words.
    Text(String),
}

impl ConnectError {
    /// The reason, in words.
    pub fn into_message(self) -> String {
        match self {
            Self::Object { message } | Self::Text(message) => message,
        }
    }
}

/// Payload of [`Message::Ack`]: the first argument; later ones are ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Acknowledgement<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FirstVisitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for FirstVisitor<T> {
            type Value = T;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an array of an acknowledgement's arguments")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut arguments: A) -> Result<T, A::Error> {
                let first = arguments.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
                while arguments.next_element::<IgnoredAny>()?.is_some() {}
                Ok(first)
            }
        }

        deserializer.deserialize_seq(FirstVisitor(std::marker::PhantomData)).map(Self)
    }
}

/// One Engine.IO packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// The server's first packet, with a [`Handshake`].
    Open(&'a str),
    /// The sender closes the transport.
    Close,
    /// A heartbeat, or with the text `probe` a probe of the transport. Answered by a [`Packet::Pong`] of the same text.
    Ping(&'a str),
    /// Answer to a ping, with the ping's text.
    Pong(&'a str),
    /// A Socket.IO packet.
    Message(Message<'a>),
    /// The client upgrades to this transport.
    Upgrade,
    /// No content; completes a pending polling request.
    Noop,
}

/// One Socket.IO packet of the default namespace. Payloads are JSON texts, not validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// The client connects to the namespace, with credentials or an empty payload; the server accepts, with
    /// [`Connected`].
    Connect(&'a str),
    /// The sender leaves the namespace.
    Disconnect,
    /// A named event.
    Event {
        /// The acknowledgement id, if the sender requests one. At most [`MAX_ACK_ID`].
        ack: Option<u64>,
        /// An array: the event's name, then its arguments.
        payload: &'a str,
    },
    /// The acknowledgement of an event.
    Ack {
        /// The event's id.
        id: u64,
        /// An array: the arguments of the acknowledgement.
        payload: &'a str,
    },
    /// The server refuses the client's [`Message::Connect`], with a [`ConnectError`].
    ConnectError(&'a str),
}

/// Why a frame is rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The frame is empty.
    #[error("the frame is empty")]
    Empty,
    /// The first character is no Engine.IO packet type.
    #[error("unknown Engine.IO packet type `{0}`")]
    UnknownPacketType(char),
    /// The Engine.IO message is empty, or its first character is no Socket.IO packet type.
    #[error("the Engine.IO message has no known Socket.IO packet type")]
    UnknownMessageType,
    /// A binary packet.
    #[error("binary packets are not supported")]
    Binary,
    /// A packet of another namespace.
    #[error("`{0}` is not the default namespace")]
    OtherNamespace(String),
    /// An acknowledgement without an id.
    #[error("the acknowledgement has no id")]
    MissingAckId,
    /// The acknowledgement id is larger than [`MAX_ACK_ID`].
    #[error("the acknowledgement id is out of range")]
    AckIdOutOfRange,
    /// There is data after the end of the packet.
    #[error("there is data after the end of the packet")]
    TrailingData,
}

impl<'a> Packet<'a> {
    /// The packet as the text of one WebSocket frame.
    pub fn encode(&self) -> String {
        match self {
            Self::Open(handshake) => format!("0{handshake}"),
            Self::Close => "1".to_owned(),
            Self::Ping(text) => format!("2{text}"),
            Self::Pong(text) => format!("3{text}"),
            Self::Message(message) => message.encode(),
            Self::Upgrade => "5".to_owned(),
            Self::Noop => "6".to_owned(),
        }
    }

    /// Reads the text of one WebSocket frame.
    ///
    /// # Errors
    /// The first fault of the frame.
    pub fn decode(frame: &'a str) -> Result<Self, DecodeError> {
        let (kind, rest) = split_first(frame).ok_or(DecodeError::Empty)?;
        match kind {
            '0' => Ok(Self::Open(rest)),
            '1' => end(rest, Self::Close),
            '2' => Ok(Self::Ping(rest)),
            '3' => Ok(Self::Pong(rest)),
            '4' => Message::decode(rest).map(Self::Message),
            '5' => end(rest, Self::Upgrade),
            '6' => end(rest, Self::Noop),
            'b' => Err(DecodeError::Binary),
            other => Err(DecodeError::UnknownPacketType(other)),
        }
    }
}

impl<'a> Message<'a> {
    fn encode(&self) -> String {
        match self {
            Self::Connect(payload) => format!("40{payload}"),
            Self::Disconnect => "41".to_owned(),
            Self::Event { ack: None, payload } => format!("42{payload}"),
            Self::Event { ack: Some(id), payload } => format!("42{id}{payload}"),
            Self::Ack { id, payload } => format!("43{id}{payload}"),
            Self::ConnectError(payload) => format!("44{payload}"),
        }
    }

    fn decode(text: &'a str) -> Result<Self, DecodeError> {
        let (kind, rest) = split_first(text).ok_or(DecodeError::UnknownMessageType)?;
        match kind {
            '0'..='4' => {}
            '5' | '6' => return Err(DecodeError::Binary),
            _ => return Err(DecodeError::UnknownMessageType),
        }
        let rest = after_namespace(rest)?;
        match kind {
            '0' => Ok(Self::Connect(rest)),
            '1' => end(rest, Self::Disconnect),
            '2' => ack_id(rest).map(|(ack, payload)| Self::Event { ack, payload }),
            '3' => {
                let (id, payload) = ack_id(rest)?;
                Ok(Self::Ack { id: id.ok_or(DecodeError::MissingAckId)?, payload })
            }
            _ => Ok(Self::ConnectError(rest)),
        }
    }
}

fn split_first(text: &str) -> Option<(char, &str)> {
    let mut characters = text.chars();
    characters.next().map(|first| (first, characters.as_str()))
}

fn end<T>(rest: &str, value: T) -> Result<T, DecodeError> {
    if rest.is_empty() { Ok(value) } else { Err(DecodeError::TrailingData) }
}

/// Skips the default namespace if it is written out. It ends at the first comma, or with the packet.
fn after_namespace(mut text: &str) -> Result<&str, DecodeError> {
    // No payload begins with a slash.
    while text.starts_with('/') {
        let (namespace, rest) = text.split_once(',').unwrap_or((text, ""));
        if namespace != DEFAULT_NAMESPACE {
            return Err(DecodeError::OtherNamespace(namespace.to_owned()));
        }
        text = rest;
    }
    Ok(text)
}

fn ack_id(text: &str) -> Result<(Option<u64>, &str), DecodeError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (id, rest) = text.split_at_checked(digits).unwrap_or_default();
    if id.is_empty() {
        return Ok((None, rest));
    }
    match id.parse() {
        Ok(id) if id <= MAX_ACK_ID => Ok((Some(id), rest)),
        _ => Err(DecodeError::AckIdOutOfRange),
    }
}
