//! The names and data of signaling events, for browser and server alike. Field names are those on the wire. The server
//! forwards descriptions and candidates without reading them; only browsers interpret them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};

/// The id that the signaling server assigns to a connection: the Socket.IO session id of the default namespace.
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
    /// Client to server: create a room and enter it. Data: the room's name. Acknowledged with [`super::JoinAck`].
    pub const CREATE_ROOM: &str = "create-room";
    /// Client to server: enter a room. Data: the room's name. Acknowledged with [`super::JoinAck`].
    pub const JOIN_ROOM: &str = "join-room";
    /// Client to server: request the current ICE servers, in a room or before. No data. Acknowledged with
    /// [`super::IceServersAck`], or, by a plain Socket.IO server, never.
    pub const ICE_SERVERS: &str = "ice-servers";
    /// Client to server: leave the room. No data. Acknowledged with [`super::Ack`].
    pub const LEAVE_ROOM: &str = "leave-room";
    /// Server to the others in the room: a participant entered. Data: [`super::Presence`].
    pub const USER_JOINED: &str = "user-joined";
    /// Server to the others in the room: a participant left or was disconnected. Data: [`super::Presence`].
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

/// Largest payload of an `offer` or an `answer`, in bytes of JSON text. A media section takes three kilobytes. Chromium's
/// data channels carry as much in one message.
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
    /// Rolls back to the last stable state.
    Rollback,
}

/// `RTCSessionDescriptionInit` (W3C webrtc-pc §4.6.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionDescription {
    /// The description's type.
    #[serde(rename = "type")]
    pub kind: SdpType,
    /// The SDP text (RFC 8866).
    #[serde(default)]
    pub sdp: String,
    /// The tag; plain clients send none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<DescriptionTag>,
}

impl SessionDescription {
    /// A description without a tag, as browsers make it.
    pub fn new(kind: SdpType, sdp: impl Into<String>) -> Self {
        Self { kind, sdp: sdp.into(), tag: None }
    }
}

/// Identifies the peer connections and the order of a description, which SDP does not. With it, a description that arrives
/// late, twice or by another route does no harm. Plain clients neither send nor read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescriptionTag {
    /// Random id of the sender's peer connection.
    pub connection: String,
    /// The receiver's peer connection, once the sender knows its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Number of the description among those of the sender's connection, from 1.
    pub serial: u32,
    /// The sender started as the polite side.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub polite: bool,
    /// In an answer to a tagged offer: the offer's serial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<u32>,
}

/// `RTCIceCandidateInit` (W3C webrtc-pc §4.8.2): the browser's whole `candidate.toJSON()`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IceCandidate {
    /// The `candidate-attribute` (RFC 8839 §5.1); empty for end-of-candidates.
    pub candidate: String,
    /// The media section's `mid`.
    pub sdp_mid: Option<String>,
    /// The media section's index.
    #[serde(rename = "sdpMLineIndex")]
    pub sdp_m_line_index: Option<u16>,
    /// The ICE generation that the candidate belongs to.
    pub username_fragment: Option<String>,
    /// Not part of a candidate: a [`SessionAnnouncement`], in an event whose candidate is empty.
    #[serde(rename = "introduction", skip_serializing_if = "Option::is_none")]
    pub announcement: Option<SessionAnnouncement>,
}

/// Tells a participant the sender's session, after one of them reconnected to the signaling server and got a new id, so that
/// two connected participants recognize each other. It travels in an `ice-candidate` event, which every signaling server
/// forwards unchanged. Plain clients read that event as an end-of-candidates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionAnnouncement {
    /// The sender's session id, the same as in `hello` on the control channel.
    #[serde(rename = "session")]
    pub session_id: String,
    /// The sender's link to the receiver.
    #[serde(rename = "acquaintance")]
    pub link: LinkState,
}

/// The link between the sender of a [`SessionAnnouncement`] and its receiver, as the sender knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// Unknown: the receiver should announce its own session.
    Unknown,
    /// The two are connected.
    Connected,
    /// The two should be connected but are not: the receiver should offer a new connection.
    #[serde(rename = "stranger")]
    Missing,
}

/// One entry of `RTCConfiguration.iceServers` (W3C webrtc-pc §4.2.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// `stun:`, `turn:` or `turns:` URLs of one server. On the wire, a single URL may be a string.
    #[serde(deserialize_with = "one_or_many")]
    pub urls: Vec<String>,
    /// TURN user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// TURN password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
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

/// A list of ICE servers as operators write it. An unreadable entry does not lose the others: it becomes a server whose only
/// URL describes the fault. No browser accepts that URL, so it is skipped and reported like any other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IceServerEntries(pub Vec<IceServer>);

impl<'de> Deserialize<'de> for IceServerEntries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Entry {
            Server(IceServer),
            /// The form from before 2015, and a frequent mistake.
            Url {
                url: String,
            },
            /// Not repeated in the fault: it may hold a credential.
            Unreadable(IgnoredAny),
        }
        let unusable = |url: String| IceServer { urls: vec![url], username: None, credential: None };
        let entries = Vec::<Entry>::deserialize(deserializer)?.into_iter().zip(1..);
        let server = |(entry, number): (Entry, usize)| match entry {
            Entry::Server(server) => server,
            Entry::Url { url } => unusable(format!(r#"{{"url":"{url}"}}"#)),
            Entry::Unreadable(_) => unusable(format!("entry {number} without usable urls")),
        };
        Ok(Self(entries.map(server).collect()))
    }
}

/// For a field that may be missing or null.
fn ice_server_entries<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<IceServer>>, D::Error> {
    Ok(Option::<IceServerEntries>::deserialize(deserializer)?.map(|IceServerEntries(servers)| servers))
}

/// Why the server refused a request. The set is closed, so a client can translate each code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The room name is empty, too long, or has forbidden characters.
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
    /// The client sent too many events, or tried to enter too many rooms.
    RateLimited,
}

impl ErrorCode {
    /// All codes.
    pub const ALL: [Self; 10] = [
        Self::InvalidRoomName,
        Self::RoomExists,
        Self::RoomFull,
        Self::AlreadyInRoom,
        Self::NotInRoom,
        Self::TargetNotInRoom,
        Self::PayloadTooLarge,
        Self::MalformedPayload,
        Self::ShuttingDown,
        Self::RateLimited,
    ];
}

/// The code's name on the wire.
impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

/// A refusal: a code and an English message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestError {
    /// The reason, for programs.
    pub code: ErrorCode,
    /// The reason in words, for logs.
    pub message: String,
}

/// Acknowledgement of `create-room` and `join-room`. A plain server sends only `success` and some of the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JoinAck {
    /// Whether the request was granted.
    pub success: bool,
    /// The room entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room_id: Option<String>,
    /// The participants already in the room; only in the answer to `join-room`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing_users: Option<Vec<UserId>>,
    /// The ICE servers to use in this room, if the server names any.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "ice_server_entries")]
    pub ice_servers: Option<Vec<IceServer>>,
    /// Validity of the credentials in `ice_servers`, in seconds from now; absent if they do not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ice_servers_lifetime: Option<u64>,
    /// Why the request was refused, if the server says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RequestError>,
}

/// Acknowledgement of `ice-servers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IceServersAck {
    /// Whether the request was granted.
    pub success: bool,
    /// The ICE servers to use from now on.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "ice_server_entries")]
    pub ice_servers: Option<Vec<IceServer>>,
    /// Validity of their credentials, in seconds from now; absent if they do not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ice_servers_lifetime: Option<u64>,
    /// Why the request was refused, if the server says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RequestError>,
}

/// Acknowledgement of `leave-room`, and of any other event whose acknowledgement has no data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ack {
    /// Whether the request was granted.
    pub success: bool,
    /// Why it was refused, if the server says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<RequestError>,
}

/// Data of `user-joined` and `user-left`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// The participant.
    pub user_id: UserId,
}

/// Data of `refused`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The event that was refused.
    pub event: String,
    /// The reason.
    pub error: RequestError,
}
