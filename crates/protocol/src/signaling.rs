//! Signaling events, as both the browser and the server name and shape them. Field names are those of the
//! Socket.IO events on the wire. The server forwards descriptions and candidates without looking inside; only browsers
//! interpret them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The id that the signaling server gave a connection: the Socket.IO session id of the default namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub String);

impl fmt::Display for UserId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Names of the Socket.IO events.
pub mod event {
    /// Client to server: create a room and enter it. Data: the room's name. Acknowledged with [`super::Entered`].
    pub const CREATE_ROOM: &str = "create-room";
    /// Client to server: enter a room. Data: the room's name. Acknowledged with [`super::Entered`].
    pub const JOIN_ROOM: &str = "join-room";
    /// Client to server: name the ICE servers anew, in a room or before it. No data. Acknowledged with
    /// [`super::IceServers`], or, by a plain Socket.IO server, never.
    pub const ICE_SERVERS: &str = "ice-servers";
    /// Client to server: leave the room. No data. Acknowledged with [`super::Left`].
    pub const LEAVE_ROOM: &str = "leave-room";
    /// Server to the others in the room: somebody entered. Data: [`super::Presence`].
    pub const USER_JOINED: &str = "user-joined";
    /// Server to the others in the room: somebody left or was disconnected. Data: [`super::Presence`].
    pub const USER_LEFT: &str = "user-left";
    /// Client to server to one peer: an SDP offer.
    pub const OFFER: &str = "offer";
    /// Client to server to one peer: an SDP answer.
    pub const ANSWER: &str = "answer";
    /// Client to server to one peer: a trickled ICE candidate.
    pub const ICE_CANDIDATE: &str = "ice-candidate";
    /// Server to client: an event sent without an acknowledgement was refused. Data: [`super::Refused`].
    pub const REFUSED: &str = "refused";
}

/// Largest payload of one client event, in bytes of JSON text; an offer or an answer may have [`MAX_DESCRIPTION_BYTES`].
pub const MAX_PAYLOAD_BYTES: usize = 64 * 1024;

/// Largest payload of an `offer` or an `answer`, in bytes of JSON text. A media section takes three kilobytes, and
/// Chromium's data channels carry as much in one message.
pub const MAX_DESCRIPTION_BYTES: usize = 256 * 1024;

/// Largest payload of `event`, in bytes of JSON text.
pub fn max_payload_bytes(event: &str) -> usize {
    if matches!(event, event::OFFER | event::ANSWER) { MAX_DESCRIPTION_BYTES } else { MAX_PAYLOAD_BYTES }
}

/// Longest room name, in Unicode scalar values.
pub const MAX_ROOM_NAME_CHARS: usize = 64;

/// `RTCSdpType` (W3C webrtc-pc §4.6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SdpType {
    /// An offer.
    Offer,
    /// A provisional answer.
    Pranswer,
    /// A final answer.
    Answer,
    /// Return to the last stable state.
    Rollback,
}

/// `RTCSessionDescriptionInit` (W3C webrtc-pc §4.6.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionDescription {
    /// What the description is.
    #[serde(rename = "type")]
    pub kind: SdpType,
    /// The SDP text (RFC 8866).
    #[serde(default)]
    pub sdp: String,
    /// Where it belongs, from a sender that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<DescriptionTag>,
}

impl SessionDescription {
    /// A description without a tag, as browsers know it.
    pub fn new(kind: SdpType, sdp: impl Into<String>) -> Self {
        Self { kind, sdp: sdp.into(), tag: None }
    }
}

/// Where a description belongs, so that one that comes late, twice or by another way does no harm. An SDP says nothing
/// of the kind. Plain clients neither send nor read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescriptionTag {
    /// Random id of the sender's peer connection.
    pub connection: String,
    /// The receiver's peer connection, once the sender knows its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Counts the sender's descriptions on this connection, from 1.
    pub serial: u32,
    /// The sender began as the polite side.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub polite: bool,
    /// In an answer to a tagged offer: that offer's serial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<u32>,
}

/// `RTCIceCandidateInit` (W3C webrtc-pc §4.8.2): the browser's whole `candidate.toJSON()`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IceCandidate {
    /// The `candidate-attribute` (RFC 8839 §5.1); empty for end-of-candidates.
    pub candidate: String,
    /// The media description's `mid`.
    pub sdp_mid: Option<String>,
    /// The media description's index.
    #[serde(rename = "sdpMLineIndex")]
    pub sdp_m_line_index: Option<u16>,
    /// The ICE generation that the candidate belongs to.
    pub username_fragment: Option<String>,
    /// Not a candidate at all, but a word to a participant whom one may know under another id; see [`Introduction`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introduction: Option<Introduction>,
}

/// Who one is, said to somebody met through a new connection to the signaling server, where everybody has a new id:
/// two who are connected already find each other again. It travels in an `ice-candidate` event, which every signaling
/// server forwards whole, and to a plain client is an end-of-candidates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introduction {
    /// The sender's session id, the same as in the control channel's `hello`.
    pub session: String,
    /// What the sender knows of the receiver.
    pub acquaintance: Acquaintance,
}

/// What the sender of an [`Introduction`] knows of its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Acquaintance {
    /// Nothing yet: the receiver should introduce itself.
    Unknown,
    /// They are connected.
    Connected,
    /// They should be connected and are not: the receiver should offer a new connection.
    Stranger,
}

/// One entry of `RTCConfiguration.iceServers` (W3C webrtc-pc §4.2.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// `stun:`, `turn:` or `turns:` URLs of the same server. One URL alone may stand on the wire as a string.
    #[serde(deserialize_with = "one_or_many")]
    pub urls: Vec<String>,
    /// TURN user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// TURN password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(url) => vec![url],
        OneOrMany::Many(urls) => urls,
    })
}

/// Why the server refused a request. The set is closed: a client can name each in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The room name is empty, too long, or has characters that a name cannot have.
    InvalidRoomName,
    /// `create-room` named a room that already has participants.
    RoomExists,
    /// The room holds as many participants as the server allows.
    RoomFull,
    /// This connection is already in a room.
    AlreadyInRoom,
    /// The event needs a room, and this connection is in none.
    NotInRoom,
    /// The target is not in the sender's room.
    TargetNotInRoom,
    /// The payload is larger than [`max_payload_bytes`].
    PayloadTooLarge,
    /// The payload lacks a field or has one of the wrong type.
    MalformedPayload,
    /// The server is shutting down.
    ShuttingDown,
    /// There were too many events, or too many attempts to enter a room.
    RateLimited,
}

/// A refusal, in code and in English words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestError {
    /// What went wrong, for programs.
    pub code: ErrorCode,
    /// What went wrong, for people who read logs.
    pub message: String,
}

/// Acknowledgement of `create-room` and `join-room`. A plain server sends only `success` and some of the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Entered {
    /// Whether the request was granted.
    pub success: bool,
    /// The room entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room_id: Option<String>,
    /// Who was there already; present in the answer to `join-room`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing_users: Option<Vec<UserId>>,
    /// The ICE servers to use in this room, if the server names any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ice_servers: Option<Vec<IceServer>>,
    /// For how many seconds from now the credentials in `ice_servers` are valid; absent when they do not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ice_servers_lifetime: Option<u64>,
    /// Why the request was refused, if the server says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RequestError>,
}

/// Acknowledgement of `ice-servers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IceServers {
    /// Whether the request was granted.
    pub success: bool,
    /// The ICE servers to use from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ice_servers: Option<Vec<IceServer>>,
    /// For how many seconds from now their credentials are valid; absent when they do not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ice_servers_lifetime: Option<u64>,
    /// Why the request was refused, if the server says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RequestError>,
}

/// Acknowledgement of `leave-room`, and of any other event that carries no answer of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Left {
    /// Whether the request was granted.
    pub success: bool,
    /// Why it was refused, if the server says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RequestError>,
}

/// Data of `user-joined` and `user-left`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// Who.
    pub user_id: UserId,
}

/// Data of `refused`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The event that was refused.
    pub event: String,
    /// Why.
    pub error: RequestError,
}
