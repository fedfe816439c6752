//! Messages of the `control` data channel: two participants talking directly, without the signaling server.
//! JSON text, one message a frame, tagged by `type`. A message of an unknown type is skipped by the reader.

use serde::{Deserialize, Serialize};

use crate::signaling::{IceCandidate, SessionDescription};

/// Label of the control channel.
pub const LABEL: &str = "control";
/// SCTP stream id of the control channel, negotiated out of band (RFC 8832 is not used).
pub const STREAM_ID: u16 = 0;
/// Version of this protocol, sent in [`ControlMessage::Hello`].
pub const VERSION: u32 = 1;
/// Largest message, in bytes of text.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// One message of the control channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ControlMessage {
    /// The first message in both directions.
    #[serde(rename_all = "camelCase")]
    Hello {
        /// What the participant is called.
        name: String,
        /// Random id of the participant's stay in the room; the same after a reconnect to the signaling server.
        session_id: String,
        /// [`VERSION`] of the sender.
        version: u32,
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
}
