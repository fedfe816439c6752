//! The events that a [`super::PeerConnection`] reports. Values only: [`crate::call`] decides what they mean.

use vitrine_insight::{stats::Stats, trace::StateMachine};
use vitrine_protocol::signaling::{IceCandidate, SessionDescription};
use web_sys::{MediaStreamTrack, RtcPeerConnectionState};

use super::{ControlChannelEvent, JsError};

/// A remote track.
#[derive(Clone, Debug)]
pub struct ReceivedTrack {
    /// The track.
    pub track: MediaStreamTrack,
    /// The media section that it arrives in.
    pub mid: Option<String>,
    /// The ids of the streams that the peer sends it in (`msid`).
    pub streams: Vec<String>,
}

/// What the negotiation has to know of a peer connection.
#[derive(Clone, Debug)]
pub enum NegotiationEvent {
    /// `negotiationneeded`.
    Needed,
    /// The operation asked for with [`super::PeerConnection::set_local_description`] is done; with the local
    /// description that was set.
    LocalDescriptionSet(SessionDescription),
    /// The operation asked for with [`super::PeerConnection::set_remote_description`] is done.
    RemoteDescriptionSet,
    /// The description operation in flight was rejected.
    DescriptionFailed(JsError),
    /// `addIceCandidate()` was rejected.
    CandidateFailed(IceCandidate, JsError),
}

/// An event of a peer connection.
#[derive(Clone, Debug)]
pub enum PeerConnectionEvent {
    /// Something that the negotiation has to know.
    Negotiation(NegotiationEvent),
    /// `icecandidate`: a local candidate was found.
    Candidate {
        /// The candidate.
        candidate: IceCandidate,
        /// The URL of the server that gave it, if the browser says.
        url: Option<String>,
    },
    /// `icecandidateerror`: a STUN or TURN server could not be used (code and text of webrtc-pc §4.8.3).
    CandidateError {
        /// The server's URL.
        url: String,
        /// 300 to 699 from the server, 701 if it could not be reached.
        code: u16,
        /// The browser's message.
        text: String,
    },
    /// `signalingState`, `iceGatheringState` or `iceConnectionState` changed to this.
    State(StateMachine, String),
    /// `connectionState` changed to this.
    ConnectionState(RtcPeerConnectionState),
    /// `track`: a remote track arrived.
    Track(ReceivedTrack),
    /// The statistics that [`super::PeerConnection::read_stats`] asked for.
    Stats(Vec<Stats>),
    /// The peer begins or ends to speak.
    Speaking(bool),
    /// An event of the control channel.
    Control(ControlChannelEvent),
}
