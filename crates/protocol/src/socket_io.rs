//! The text codec of Socket.IO protocol revision 5 over Engine.IO protocol revision 4, one packet a WebSocket text
//! frame. It is the part that Vitrine speaks: the default namespace and text packets. It is not a client: it opens
//! no socket, keeps no state, and knows no time.
//!
//! Sources: <https://github.com/socketio/engine.io-protocol> (revision 4) and
//! <https://github.com/socketio/socket.io-protocol> (revision 5).

use crate::json::{Json, NoField};

/// The namespace that every Socket.IO client is in unless it asks for another.
const DEFAULT_NAMESPACE: &str = "/";

/// Largest acknowledgement id accepted: the largest integer that the JavaScript on the other side can count to.
pub const MAX_ACK_ID: u64 = (1 << 53) - 1;

/// What the server tells when the transport opens (Engine.IO "open" packet).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Engine.IO session id. It is not the id that other participants see.
    pub sid: String,
    /// Transports that the connection may move to; empty on a WebSocket.
    pub upgrades: Vec<String>,
    /// The server sends a ping this often, in milliseconds.
    pub ping_interval_ms: u64,
    /// The server closes when no pong comes within this time, in milliseconds. A client may take the connection for
    /// dead when no ping came for `ping_interval_ms + ping_timeout_ms`.
    pub ping_timeout_ms: u64,
    /// Largest payload that the server accepts in one HTTP polling request, in bytes.
    pub max_payload: Option<u64>,
}

/// One Engine.IO packet.
#[derive(Clone, Debug, PartialEq)]
pub enum Packet {
    /// The server's first packet.
    Open(Handshake),
    /// The sender closes the transport.
    Close,
    /// Heartbeat, or with the text `probe` a test of the transport. Answered by a [`Packet::Pong`] of the same text.
    Ping(String),
    /// Answer to a ping, with the ping's text.
    Pong(String),
    /// A Socket.IO packet.
    Message(Message),
    /// The client moves to this transport.
    Upgrade,
    /// Nothing; ends a pending polling request.
    Noop,
}

/// One Socket.IO packet of the default namespace.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The client asks to enter the namespace, with credentials if any; the server grants it, with `{"sid": …}`.
    /// A payload is a JSON object.
    Connect(Option<Json>),
    /// The sender leaves the namespace.
    Disconnect,
    /// A named event.
    Event {
        /// The event's name.
        name: String,
        /// Its arguments.
        data: Vec<Json>,
        /// The id to acknowledge it by, if the sender wants an acknowledgement. At most [`MAX_ACK_ID`].
        ack: Option<u64>,
    },
    /// The acknowledgement of an event.
    Ack {
        /// The event's id.
        id: u64,
        /// Arguments of the acknowledgement.
        data: Vec<Json>,
    },
    /// The server refuses the client's [`Message::Connect`].
    ConnectError {
        /// Why, in words.
        message: String,
        /// What else the server tells about it.
        data: Option<Json>,
    },
}

/// Why a frame is not a packet that this codec reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Nothing in the frame.
    #[error("the frame is empty")]
    Empty,
    /// The first character names no Engine.IO packet type.
    #[error("`{0}` is no Engine.IO packet type")]
    UnknownPacketType(char),
    /// An Engine.IO message whose first character names no Socket.IO packet type, or that is empty.
    #[error("the Engine.IO message holds no Socket.IO packet type")]
    UnknownMessageType,
    /// A binary packet.
    #[error("binary packets are not part of this protocol")]
    Binary,
    /// A packet of another namespace.
    #[error("`{0}` is not the default namespace")]
    OtherNamespace(String),
    /// The handshake lacks a field or has one of the wrong type.
    #[error("malformed handshake: {0}")]
    MalformedHandshake(String),
    /// The payload is not JSON.
    #[error("malformed JSON: {0}")]
    MalformedJson(String),
    /// The payload of an event or an acknowledgement is not an array.
    #[error("the payload is not an array")]
    NotAnArray,
    /// An event without a name.
    #[error("the event has no name")]
    EmptyEvent,
    /// An event whose name is not a string.
    #[error("the event's name is not a string")]
    EventNameNotAString,
    /// An acknowledgement without an id.
    #[error("the acknowledgement has no id")]
    MissingAckId,
    /// The acknowledgement id is larger than [`MAX_ACK_ID`].
    #[error("the acknowledgement id is out of range")]
    AckIdOutOfRange,
    /// The payload of a connect packet is not an object.
    #[error("the connect payload is not an object")]
    MalformedConnect,
    /// The payload of a connect-error packet is neither a string nor an object with a `message`.
    #[error("the connect error says no message")]
    MalformedConnectError,
    /// Something follows where the packet should end.
    #[error("something follows the end of the packet")]
    TrailingData,
}

impl Handshake {
    fn write(&self) -> Json {
        let upgrades: Vec<&str> = self.upgrades.iter().map(String::as_str).collect();
        Json::object([
            ("sid", self.sid.as_str().into()),
            ("upgrades", upgrades.into()),
            ("pingInterval", self.ping_interval_ms.into()),
            ("pingTimeout", self.ping_timeout_ms.into()),
        ])
        .with("maxPayload", self.max_payload)
    }

    fn read(text: &str) -> Result<Self, DecodeError> {
        let json = Json::parse(text).map_err(|error| DecodeError::MalformedHandshake(error.to_string()))?;
        Self::fields(&json).map_err(|error| DecodeError::MalformedHandshake(error.to_string()))
    }

    fn fields(json: &Json) -> Result<Self, NoField> {
        let texts = |json: &Json| json.list()?.iter().map(Json::to_text).collect();
        Ok(Self {
            sid: json.need("sid", Json::to_text)?,
            upgrades: json.may("upgrades", texts)?.unwrap_or_default(),
            ping_interval_ms: json.need("pingInterval", Json::to_count)?,
            ping_timeout_ms: json.need("pingTimeout", Json::to_count)?,
            max_payload: json.may("maxPayload", Json::to_count)?,
        })
    }
}

impl Packet {
    /// The packet as the text of one WebSocket frame.
    pub fn encode(&self) -> String {
        match self {
            Self::Open(handshake) => "0".to_owned() + &handshake.write().encode(),
            Self::Close => "1".to_owned(),
            Self::Ping(text) => "2".to_owned() + text,
            Self::Pong(text) => "3".to_owned() + text,
            Self::Message(message) => message.encode(),
            Self::Upgrade => "5".to_owned(),
            Self::Noop => "6".to_owned(),
        }
    }

    /// Reads the text of one WebSocket frame.
    ///
    /// # Errors
    /// A [`DecodeError`] that names the first thing wrong with the frame.
    pub fn decode(frame: &str) -> Result<Self, DecodeError> {
        let (kind, rest) = split_first(frame).ok_or(DecodeError::Empty)?;
        match kind {
            '0' => Ok(Self::Open(Handshake::read(rest)?)),
            '1' => end(rest, Self::Close),
            '2' => Ok(Self::Ping(rest.to_owned())),
            '3' => Ok(Self::Pong(rest.to_owned())),
            '4' => Message::decode(rest).map(Self::Message),
            '5' => end(rest, Self::Upgrade),
            '6' => end(rest, Self::Noop),
            'b' => Err(DecodeError::Binary),
            other => Err(DecodeError::UnknownPacketType(other)),
        }
    }
}

impl Message {
    fn encode(&self) -> String {
        match self {
            Self::Connect(None) => "40".to_owned(),
            Self::Connect(Some(payload)) => "40".to_owned() + &payload.encode(),
            Self::Disconnect => "41".to_owned(),
            Self::Event { name, data, ack } => {
                let id = ack.map(|id| id.to_string()).unwrap_or_default();
                let array = [Json::from(name.as_str())].into_iter().chain(data.iter().cloned()).collect();
                "42".to_owned() + &id + &Json::List(array).encode()
            }
            Self::Ack { id, data } => "43".to_owned() + &id.to_string() + &Json::List(data.clone()).encode(),
            Self::ConnectError { message, data } => {
                let payload = Json::object([("message", message.as_str().into())]).with("data", data.clone());
                "44".to_owned() + &payload.encode()
            }
        }
    }

    fn decode(text: &str) -> Result<Self, DecodeError> {
        let (kind, rest) = split_first(text).ok_or(DecodeError::UnknownMessageType)?;
        match kind {
            '0'..='4' => {}
            '5' | '6' => return Err(DecodeError::Binary),
            _ => return Err(DecodeError::UnknownMessageType),
        }
        let rest = after_namespace(rest)?;
        match kind {
            '0' if rest.is_empty() => Ok(Self::Connect(None)),
            '0' => match json(rest)? {
                payload @ Json::Object(_) => Ok(Self::Connect(Some(payload))),
                _ => Err(DecodeError::MalformedConnect),
            },
            '1' => end(rest, Self::Disconnect),
            '2' => {
                let (ack, rest) = ack_id(rest)?;
                let mut data = array(rest)?.into_iter();
                match data.next() {
                    Some(Json::Text(name)) => Ok(Self::Event { name, data: data.collect(), ack }),
                    Some(_) => Err(DecodeError::EventNameNotAString),
                    None => Err(DecodeError::EmptyEvent),
                }
            }
            '3' => {
                let (id, rest) = ack_id(rest)?;
                Ok(Self::Ack { id: id.ok_or(DecodeError::MissingAckId)?, data: array(rest)? })
            }
            _ => connect_error(json(rest)?),
        }
    }
}

/// A connect error is an object since protocol revision 5, and was a string before.
fn connect_error(payload: Json) -> Result<Message, DecodeError> {
    let message =
        payload.text().or_else(|| payload.field("message").text()).ok_or(DecodeError::MalformedConnectError)?;
    let message = message.to_owned();
    let fields = if let Json::Object(fields) = payload { fields } else { Vec::new() };
    let data = fields.into_iter().find(|(name, _)| name == "data").map(|(_, data)| data);
    Ok(Message::ConnectError { message, data })
}

fn split_first(text: &str) -> Option<(char, &str)> {
    let mut characters = text.chars();
    characters.next().map(|first| (first, characters.as_str()))
}

fn end<T>(rest: &str, value: T) -> Result<T, DecodeError> {
    if rest.is_empty() { Ok(value) } else { Err(DecodeError::TrailingData) }
}

/// Skips a namespace that is spelled out. It ends at the first comma, or with the packet.
fn after_namespace(text: &str) -> Result<&str, DecodeError> {
    if !text.starts_with('/') {
        return Ok(text);
    }
    let (namespace, rest) = text.split_once(',').unwrap_or((text, ""));
    if namespace == DEFAULT_NAMESPACE { Ok(rest) } else { Err(DecodeError::OtherNamespace(namespace.to_owned())) }
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

fn json(text: &str) -> Result<Json, DecodeError> {
    Json::parse(text).map_err(|error| {
        if error.is_trailing() { DecodeError::TrailingData } else { DecodeError::MalformedJson(error.to_string()) }
    })
}

fn array(text: &str) -> Result<Vec<Json>, DecodeError> {
    match json(text)? {
        Json::List(values) => Ok(values),
        _ => Err(DecodeError::NotAnArray),
    }
}
