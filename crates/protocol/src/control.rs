//! Messages of the `control` data channel: two participants talking directly, without the signaling server.
//! JSON text, one message a frame, tagged by `type`. A message of an unknown type is skipped by the reader.

use crate::{
    json::{Json, NoField},
    signaling::{IceCandidate, MAX_DESCRIPTION_BYTES, SessionDescription, UserId},
    wire::Read,
};

/// Label of the control channel.
pub const LABEL: &str = "control";
/// SCTP stream id of the control channel, negotiated out of band (RFC 8832 is not used).
pub const STREAM_ID: u16 = 0;
/// Version of this protocol, sent in [`ControlMessage::Hello`].
pub const VERSION: u32 = 1;
/// Largest message that is read, in bytes of text. The connection may carry less (`sctp.maxMessageSize`).
pub const MAX_MESSAGE_BYTES: usize = MAX_DESCRIPTION_BYTES;

/// How a browser speaks with its relay (`relayProtocol` of W3C webrtc-stats' `RTCIceCandidateStats`); each costs a path
/// more than those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RelayProtocol {
    /// One that the browser does not tell, or that a later version may know.
    Unknown,
    /// TURN over UDP.
    Udp,
    /// TURN over TCP.
    Tcp,
    /// TURN over TLS.
    Tls,
}

impl RelayProtocol {
    const NAMES: [(Self, &str); 3] = [(Self::Udp, "udp"), (Self::Tcp, "tcp"), (Self::Tls, "tls")];

    /// The protocol with this name, as browsers write it.
    pub fn named(name: &str) -> Self {
        Self::NAMES.iter().find(|(_, known)| *known == name).map_or(Self::Unknown, |(protocol, _)| *protocol)
    }

    /// The protocol's name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(known, _)| *known == self).map_or("unknown", |(_, name)| name)
    }
}

/// One message of the control channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlMessage {
    /// The first message in both directions.
    Hello {
        /// What the participant is called.
        name: String,
        /// Random id of the participant's stay in the room; the same after a reconnect to the signaling server.
        session_id: String,
        /// [`VERSION`] of the sender.
        version: u32,
    },
    /// The participant, who has lost the signaling server and found it again, is about to come back into the room under
    /// another id.
    Returning {
        /// That id. Nobody else can know it before the server tells of it.
        user_id: UserId,
    },
    /// An offer or an answer, when it does not go through the signaling server.
    Description {
        /// The offer or answer.
        description: SessionDescription,
    },
    /// A candidate, when it does not go through the signaling server.
    Candidate {
        /// The candidate.
        candidate: IceCandidate,
    },
    /// Asks for a [`ControlMessage::Pong`], as a sign of life.
    Ping,
    /// Answers a [`ControlMessage::Ping`].
    Pong,
    /// What the participant is sending now; sent after `hello` and at every change.
    Media {
        /// The microphone is on.
        audio: bool,
        /// The camera is on.
        video: bool,
    },
    /// How the sender's side of the path is relayed, which only that side can know; sent when it is known and at every
    /// change.
    Path {
        /// How the sender speaks with its own relay; none where it has none in the path.
        relay: Option<RelayProtocol>,
    },
}

/// Why a frame is not a message of this version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlMessageError {
    /// A type that a later version may know.
    #[error("unknown type `{0}`")]
    Unknown(String),
    /// Damaged, or not made by us.
    #[error(transparent)]
    Malformed(#[from] NoField),
}

impl ControlMessage {
    /// Reads a message.
    ///
    /// # Errors
    /// [`ControlMessageError`] for a message that is not one of this version.
    pub fn read(json: &Json) -> Result<Self, ControlMessageError> {
        Ok(match json.need("type", Json::text)? {
            "hello" => Self::Hello {
                name: json.need("name", Json::to_text)?,
                session_id: json.need("sessionId", Json::to_text)?,
                version: json.need("version", |version| version.to_count()?.try_into().ok())?,
            },
            "returning" => Self::Returning { user_id: json.need("userId", UserId::at)? },
            "description" => Self::Description { description: json.need("description", SessionDescription::at)? },
            "candidate" => Self::Candidate { candidate: json.need("candidate", IceCandidate::at)? },
            "ping" => Self::Ping,
            "pong" => Self::Pong,
            "media" => {
                Self::Media { audio: json.need("audio", Json::to_bool)?, video: json.need("video", Json::to_bool)? }
            }
            "path" => Self::Path { relay: json.may("relay", |name| name.text().map(RelayProtocol::named))? },
            other => return Err(ControlMessageError::Unknown(other.to_owned())),
        })
    }
}

impl From<&ControlMessage> for Json {
    fn from(message: &ControlMessage) -> Self {
        let tagged = |tag: &str| Self::object([("type", tag.into())]);
        match message {
            ControlMessage::Hello { name, session_id, version } => tagged("hello")
                .with("name", Some(name.as_str()))
                .with("sessionId", Some(session_id.as_str()))
                .with("version", Some(*version)),
            ControlMessage::Returning { user_id } => tagged("returning").with("userId", Some(user_id)),
            ControlMessage::Description { description } => tagged("description").with("description", Some(description)),
            ControlMessage::Candidate { candidate } => tagged("candidate").with("candidate", Some(candidate)),
            ControlMessage::Ping => tagged("ping"),
            ControlMessage::Pong => tagged("pong"),
            ControlMessage::Media { audio, video } => {
                tagged("media").with("audio", Some(*audio)).with("video", Some(*video))
            }
            ControlMessage::Path { relay } => tagged("path").with("relay", relay.map(RelayProtocol::name)),
        }
    }
}
