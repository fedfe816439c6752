//! What the interface and the engine agree on: the state that is shown and the commands that are sent. Plain data; of the
//! browser it holds only handles of media streams, for elements to play.

use reactive_stores::{Patch, Store};
use vitrine_insight::{connection_check::ServerCheck, path::MediaPath, quality::Weakness, trace::Redaction};
use vitrine_protocol::{
    control::Reaction,
    signaling::{ErrorCode, UserId},
};

use super::chat::ChatState;
use crate::browser::Stream;

pub use super::gestures::{HandOf, ShownReaction};
use super::steps::Steps;
pub use super::{
    inspector::{CallInspection, Inspected},
    local_media::*,
    mesh_cell::MeshCell,
    screen_state::*,
};
pub use crate::signaling::Refusal;

/// Everything the interface needs to draw itself.
#[derive(Clone, Debug, Default, PartialEq, Store)]
pub struct CallState {
    /// Where the user is.
    pub stage: Stage,
    /// The room that this side is in, or on the way into.
    pub room: Option<String>,
    /// The connection to the signaling server.
    pub signaling: SignalingState,
    /// Why there is no connection to it, if that could be found out.
    pub refusal: Option<Refusal>,
    /// The microphone and camera of this side.
    pub local: LocalMedia,
    /// The devices to choose from, and how they work.
    pub devices: DeviceSettings,
    /// The screen that this side shares.
    pub screen: ScreenState,
    /// The other participants, the oldest connection first.
    #[store(key: u64 = |peer| peer.key)]
    pub peers: Vec<PeerState>,
    /// Why the peers with these keys were removed, the latest last.
    pub departures: Vec<(u64, Departure)>,
    /// Whether this side's media goes through a relay only, which hides its address from the others.
    pub relay_only: bool,
    /// What is wrong; shown until it is mended or dismissed.
    pub problem: Option<Problem>,
    /// Those who raise a hand, the earliest first.
    pub hands: Vec<HandOf>,
    /// The user's own reactions that are shown now.
    pub own_reactions: Vec<ShownReaction>,
    /// Key of the peer who speaks, or spoke last.
    pub speaker: Option<u64>,
    /// The chat.
    pub chat: ChatState,
    /// The servers that [`Command::Check`] tries; none before they are known.
    pub check: Option<Vec<ServerCheck>>,
    /// What the inspector shows, while it is open.
    pub inspection: Option<CallInspection>,
}

/// Where the user is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Before the call: preview and names.
    #[default]
    Lobby,
    /// The server was asked for entry.
    Entering,
    /// In the room.
    InCall,
}

/// The connection to the signaling server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignalingState {
    /// The first attempt is under way.
    #[default]
    Connecting,
    /// Connected.
    Online,
    /// Lost, or not reached; attempts go on.
    Offline,
}

/// Another participant.
#[derive(Clone, Debug, PartialEq, Store, Patch)]
pub struct PeerState {
    /// Names the connection. The participant's id may change.
    #[store(skip)]
    pub key: u64,
    /// The signaling server's id of this participant; another one after the server was lost and found.
    #[patch(|this, new| *this = new)]
    pub id: UserId,
    /// The session id told over the control channel, the same for all connections of the participant's stay.
    pub session: Option<String>,
    /// The name told over the control channel; none before that, or for a client without one.
    pub name: Option<String>,
    /// State of the peer connection.
    #[patch(|this, new| *this = new)]
    pub connection: ConnectionState,
    /// The sound that this participant sends.
    #[patch(|this, new| *this = new)]
    pub audio_stream: Option<Stream>,
    /// The video that this participant sends. It is played by another element than the sound, which never waits for it.
    #[patch(|this, new| *this = new)]
    pub video_stream: Option<Stream>,
    /// The picture of the screen that this participant shares, beside the camera.
    #[patch(|this, new| *this = new)]
    pub screen_stream: Option<Stream>,
    /// The sound of that screen.
    #[patch(|this, new| *this = new)]
    pub screen_audio_stream: Option<Stream>,
    /// Whether the microphone is on, if the participant says.
    pub audio: Option<bool>,
    /// Whether the camera is on, if the participant says.
    pub video: Option<bool>,
    /// Whether the participant speaks.
    pub is_speaking: bool,
    /// The participant's reactions that are shown now.
    #[patch(|this, new| *this = new)]
    pub reactions: Vec<ShownReaction>,
    /// Whether the participant asks the user to mute the microphone.
    pub asks_to_mute: bool,
    /// Why the connection is poor, if it is.
    #[patch(|this, new| *this = new)]
    pub weakness: Option<Weakness>,
    /// Which way the media goes, while it is known.
    #[patch(|this, new| *this = new)]
    pub path: Option<MediaPath>,
    /// What is known to be wrong with the connection.
    #[patch(|this, new| *this = new)]
    pub trouble: Option<Trouble>,
    /// How the connection came to be, so far.
    #[patch(|this, new| *this = new)]
    pub steps: Steps,
}

impl PeerState {
    /// Identifies the participant, as far as possible through new connections.
    pub fn person(&self) -> String {
        self.session.clone().unwrap_or_else(|| format!("#{}", self.key))
    }
}

/// What records and findings call the page's connection of this number.
pub fn connection_name(key: u64) -> String {
    format!("PC_{key}")
}

/// What is wrong with the connection to a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The participant answers nothing; attempts go on.
    Unanswered,
    /// A description of ours is too long for every way to the participant.
    TooLong,
    /// This browser refuses to send something, or to open the control channel.
    Refused,
    /// This side's address is to stay hidden, and no relay gives it another one.
    NoRelay,
}

impl Trouble {
    /// Stable name, for `data-trouble`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unanswered => "unanswered",
            Self::TooLong => "too-long",
            Self::Refused => "refused",
            Self::NoRelay => "no-relay",
        }
    }
}

/// Why a participant is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// The participant or the server said so.
    Left,
    /// Nothing was heard any more.
    Lost,
    /// Nothing was ever answered.
    Unanswered,
    /// The same participant is there under another key.
    Replaced,
}

/// `RTCPeerConnectionState` (W3C webrtc-pc §4.3.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionState {
    /// Nothing has been tried yet.
    #[default]
    New,
    /// ICE or DTLS is on its way.
    Connecting,
    /// Media can flow.
    Connected,
    /// The path was lost, perhaps for a moment.
    Disconnected,
    /// No path was found.
    Failed,
    /// Over.
    Closed,
}

impl ConnectionState {
    /// Stable name, for `data-state`; the same as the browser's.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::Failed => "failed",
            Self::Closed => "closed",
        }
    }
}

/// Something that the user has to know, with a thing to do next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Problem {
    /// This browser has no `RTCPeerConnection`.
    NoWebRtc,
    /// This browser has `RTCPeerConnection` and makes none; its words.
    WebRtcRefused(String),
    /// The page is not served over https or from localhost.
    InsecurePage,
    /// The link's room name cannot be used.
    LinkMalformed,
    /// The signaling server does not answer; attempts go on.
    ServerUnreachable,
    /// There is no connection to the signaling server, for a reason that was found out; attempts go on.
    NotConnected(Refusal),
    /// The server did not answer a request in time.
    RequestTimedOut,
    /// The server refused a request.
    Refused(ErrorCode),
    /// The server refused a request without a reason that this page knows.
    RefusedWithoutReason,
    /// The browser would not create a peer connection; its words.
    NoConnection(String),
    /// The user's address is to stay hidden, and there is no relay.
    NoRelay,
}

impl Problem {
    /// That there is no connection to the signaling server, for this reason if it is known.
    pub fn not_connected(refusal: Option<Refusal>) -> Self {
        refusal.map_or(Self::ServerUnreachable, Self::NotConnected)
    }

    /// Stable name, for `data-code`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoWebRtc => "no-webrtc",
            Self::WebRtcRefused(_) => "webrtc-refused",
            Self::InsecurePage => "insecure-page",
            Self::LinkMalformed => "link-malformed",
            Self::ServerUnreachable => "server-unreachable",
            Self::NotConnected(Refusal::Offline) => "offline",
            Self::NotConnected(Refusal::WebSocketBlocked) => "websocket-blocked",
            Self::NotConnected(Refusal::UpgradeDropped) => "upgrade-dropped",
            Self::NotConnected(Refusal::TooManyConnections) => "too-many-connections",
            Self::NotConnected(Refusal::OriginNotAllowed) => "origin-not-allowed",
            Self::NotConnected(Refusal::NoSignalingServer) => "no-signaling-server",
            Self::RequestTimedOut => "request-timed-out",
            Self::RefusedWithoutReason => "refused",
            Self::NoConnection(_) => "no-connection",
            Self::NoRelay => "no-relay",
            Self::Refused(code) => match code {
                ErrorCode::InvalidRoomName => "invalid-room-name",
                ErrorCode::RoomExists => "room-exists",
                ErrorCode::RoomFull => "room-full",
                ErrorCode::AlreadyInRoom => "already-in-room",
                ErrorCode::NotInRoom => "not-in-room",
                ErrorCode::TargetNotInRoom => "target-not-in-room",
                ErrorCode::PayloadTooLarge => "payload-too-large",
                ErrorCode::MalformedPayload => "malformed-payload",
                ErrorCode::ShuttingDown => "shutting-down",
                ErrorCode::RateLimited => "rate-limited",
            },
        }
    }
}

/// What the interface asks of the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Enter a room under a name.
    Enter {
        /// What to be called; may be empty.
        name: String,
        /// Which room.
        room: String,
        /// Whether the room is new.
        intent: Intent,
    },
    /// Leave the room and return to the lobby.
    Leave,
    /// Leave the room for another one; microphone and camera stay as they are.
    MoveTo {
        /// What to be called there; may be empty.
        name: String,
        /// Which room.
        room: String,
    },
    /// Switch the microphone on or off; on asks for the device again when there is none.
    SetMicrophone(bool),
    /// Switch the camera on or off; off releases the device.
    SetCamera(bool),
    /// Something about the user's own devices.
    Devices(DeviceCommand),
    /// Write this to everybody, or to the participant whom the chat gives this number.
    Chat {
        /// Whom to; everybody if none.
        to: Option<u64>,
        /// What.
        text: String,
    },
    /// About the screen that this side shares.
    Screen(ScreenCommand),
    /// Be called this from now on; may be empty.
    SetName(String),
    /// Raise the hand or lower it.
    SetHand(bool),
    /// Show a reaction to everybody.
    React(Reaction),
    /// Ask the participant with this key to mute the microphone.
    AskToMute(u64),
    /// The user answered the request to mute of the participant with this key.
    AnswerAsk(u64),
    /// In the lobby: send all media through a relay, which hides this side's address from the others, or not.
    SetRelayOnly(bool),
    /// Try the connection to the participant with this key again, now.
    Retry(u64),
    /// The user has read the problem.
    DismissProblem,
    /// Look at this, or at nothing any more.
    Inspect(Option<Inspected>),
    /// Save the record of the call as a file.
    SaveRecord(Redaction),
    /// In the lobby: check whether the STUN and TURN servers do what a call needs.
    Check,
    /// End the check, and forget what it found.
    EndCheck,
}

/// Whether a room is made or found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// `create-room`.
    Create,
    /// `join-room`.
    Join,
}
