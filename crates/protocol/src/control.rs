//! Messages of the `control` data channel, which connects two participants without the signaling server. JSON text, one
//! message per frame, tagged by `type`. The reader skips messages of unknown types. Sending is not done here.

use serde::{Deserialize, Serialize};

use crate::signaling::{IceCandidate, MAX_DESCRIPTION_BYTES, SessionDescription, UserId};

/// Label of the control channel.
pub const LABEL: &str = "control";
/// SCTP stream id of the control channel, negotiated out of band (RFC 8832 is not used).
pub const STREAM_ID: u16 = 0;
/// Version of this protocol, sent in [`ControlMessage::Hello`].
pub const VERSION: u32 = 1;
/// Largest message accepted, in bytes of text. The connection may carry less (`sctp.maxMessageSize`).
pub const MAX_MESSAGE_BYTES: usize = MAX_DESCRIPTION_BYTES;

/// The protocol between a browser and its relay (`relayProtocol` of W3C webrtc-stats' `RTCIceCandidateStats`), ordered by
/// cost to the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RelayProtocol {
    /// TURN over UDP.
    Udp = 1,
    /// TURN over TCP.
    Tcp = 2,
    /// TURN over TLS.
    Tls = 3,
    /// Not reported by the browser, or known to later versions only.
    #[serde(other)]
    Unknown = 0,
}

/// What a participant shows for a few seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reaction {
    /// Agreement.
    ThumbsUp,
    /// Love.
    Heart,
    /// Applause.
    Applause,
    /// Laughter.
    Laugh,
    /// Surprise.
    Surprise,
    /// Celebration.
    Party,
    /// Known to later versions only; not shown.
    #[serde(other)]
    Unknown,
}

/// What keeps a participant from sending its video as well as it could (`qualityLimitationReason` of W3C webrtc-stats'
/// `RTCOutboundRtpStreamStats`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Limit {
    /// The processor is too busy.
    Cpu,
    /// The network carries no more.
    Bandwidth,
    /// Known to later versions only.
    #[serde(other)]
    Unknown,
}

/// Most connections that are read of one [`ControlMessage::Links`].
pub const MAX_LINKS: usize = 64;

/// How a connection of the sender stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MeshLink {
    /// The session id of the participant at its other end.
    pub session_id: String,
    /// How it stands.
    pub state: MeshLinkState,
    /// The round-trip time of its path, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip: Option<u32>,
}

/// How a connection stands: the way of its media, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeshLinkState {
    /// Direct, inside one network.
    DirectLocal,
    /// Direct, across the internet.
    DirectInternet,
    /// Through a relay, over UDP.
    RelayUdp,
    /// Through a relay, over TCP.
    RelayTcp,
    /// Through a relay, over TLS.
    RelayTls,
    /// Through a relay; the browser does not tell how.
    Relay,
    /// Connected; the way is not known yet.
    Connected,
    /// On its way for the first time.
    Connecting,
    /// Was connected, and is on its way again.
    Reconnecting,
    /// No attempt has succeeded.
    Failed,
    /// Known to later versions only.
    #[serde(other)]
    Unknown,
}

/// One message of the control channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum ControlMessage {
    /// The first message in both directions.
    Hello {
        /// The participant's display name.
        name: String,
        /// Random id of the participant's session in the room. It survives a reconnect to the signaling server.
        session_id: String,
        /// [`VERSION`] of the sender.
        version: u32,
    },
    /// The participant reconnected to the signaling server and is about to rejoin the room under another id.
    Returning {
        /// The new id. No other participant can know it before the server announces it.
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
    /// Requests a [`ControlMessage::Pong`], as a sign of life.
    Ping,
    /// Answers a [`ControlMessage::Ping`].
    Pong,
    /// The participant's media state; sent after `hello` and at every change.
    Media {
        /// The microphone is on.
        audio: bool,
        /// The camera is on.
        video: bool,
    },
    /// The participant's name from now on.
    Name {
        /// The display name.
        name: String,
    },
    /// Whether the participant raises a hand; sent at every change, and when the channel opens while it is raised.
    Hand {
        /// The hand is raised.
        raised: bool,
        /// How long ago it was raised, in milliseconds. A difference, because clocks differ.
        #[serde(default)]
        age: u32,
    },
    /// The participant reacts to what it sees or hears.
    Reaction {
        /// How.
        kind: Reaction,
    },
    /// The participant asks the receiver to mute its microphone. The receiver's user decides.
    AskToMute,
    /// What limits the video that the sender sends to the receiver, which only the sender knows; sent at every change.
    Limit {
        /// The limit; `None` if there is none any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Limit>,
    },
    /// The screen that the participant shares; sent when it begins, when it ends, and when the channel opens meanwhile.
    Screen {
        /// The id of the media stream that carries it (`msid`); `None` if there is none any more. It may come before the
        /// media is negotiated, or after.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stream: Option<String>,
    },
    /// The relay on the sender's side of the path, which only the sender knows; sent once it is known and at every change.
    Path {
        /// The protocol to the sender's relay; `None` if its side of the path has no relay.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        relay: Option<RelayProtocol>,
    },
    /// How the sender's connections to all participants stand, the one to the receiver included; sent when one of them
    /// changes.
    Links {
        /// The connections; at most [`MAX_LINKS`] are read.
        links: Vec<MeshLink>,
    },
    /// A chat message of the sender.
    ///
    /// The sender numbers its messages, and gives each participant those that it may read, in order. The receiver takes one
    /// whose `previous` it has, and ignores others: they come again.
    Chat {
        /// The message's number among all messages of the sender.
        number: u32,
        /// The number of the message before it that is for this receiver; 0 if there is none.
        previous: u32,
        /// How long ago it was written, in milliseconds. A difference, because clocks differ.
        age: u32,
        /// The text; [`crate::chat::message_text`] says what is shown of it.
        text: String,
        /// It is for this receiver alone.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        private: bool,
    },
    /// Up to which of the receiver's chat messages the sender has got. The first on a channel asks for those after it.
    ChatReceived {
        /// The number of the last message; 0 if there is none.
        number: u32,
    },
    /// Asks for what was written to everybody; answered by one or more [`ControlMessage::ChatHistory`].
    ChatHistoryRequest {
        /// Only for messages that were written at most so many milliseconds ago; all if there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<u32>,
    },
    /// A piece of what was written to everybody, in order.
    ChatHistory {
        /// The messages. `None` if the sender waits for a history itself: ask somebody else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        messages: Option<Vec<ChatRecord>>,
        /// Another piece follows.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        more: bool,
    },
}

/// A chat message to everybody, as told by a participant who need not be its author.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatRecord {
    /// The session id of the author.
    pub author: String,
    /// The author's name when it was written.
    pub name: String,
    /// The author's number of it.
    pub number: u32,
    /// How long ago it was written, in milliseconds.
    pub age: u32,
    /// The text.
    pub text: String,
}
