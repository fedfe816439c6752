//! Messages of the `control` data channel: two participants talking directly, without the signaling server.
//! JSON text, one message a frame, tagged by `type`. A message of an unknown type is skipped by the reader.

use serde::{Deserialize, Serialize};

/// Label of the control channel.
pub const LABEL: &str = "control";
/// SCTP stream id of the control channel, negotiated out of band (RFC 8832 is not used).
pub const STREAM_ID: u16 = 0;
/// Version of this protocol, sent in [`ControlMessage::Hello`].
pub const VERSION: u32 = 1;

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
    /// What the participant is sending now; sent after `hello` and at every change.
    Media {
        /// The microphone is on.
        audio: bool,
        /// The camera is on.
        video: bool,
    },
}
