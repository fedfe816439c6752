//! What the interface shows: plain data, replaced as a whole after every change. It holds handles of media
//! streams for `<video>` elements to play, and nothing else of the browser's.

use vitrine_insight::{check::Line, path::Path};
use vitrine_protocol::signaling::{ErrorCode, UserId};

use crate::browser::Stream;

pub use crate::signaling::Refusal;

/// Everything the interface needs to draw itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallState {
    /// Where the person is.
    pub stage: Stage,
    /// The room one is in, or on the way into.
    pub room: Option<String>,
    /// The connection to the signaling server.
    pub signaling: SignalingState,
    /// Why there is no connection to it, if that could be found out.
    pub refusal: Option<Refusal>,
    /// One's own microphone and camera.
    pub local: LocalMedia,
    /// The other participants, in the order in which they were met.
    pub peers: Vec<PeerState>,
    /// Why those are not there any more who went last, each with the key that he or she had.
    pub departures: Vec<(u64, Departure)>,
    /// What went wrong and still stands; shown until it is mended or dismissed.
    pub problem: Option<Problem>,
    /// The servers that [`Command::Check`] asks about; none before it is known which there are.
    pub check: Option<Vec<Line>>,
}

/// Where the person is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Before the call: preview and names.
    #[default]
    Lobby,
    /// The server was asked to let one in.
    Entering,
    /// In the room.
    InCall,
}

/// The connection to the signaling server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignalingState {
    /// First attempt, or an attempt after a loss.
    #[default]
    Connecting,
    /// Connected.
    Online,
    /// Lost; the next attempt is scheduled.
    Offline,
}

/// One's own microphone and camera.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LocalMedia {
    /// What is captured now; its set of tracks changes when the camera is switched off and on, and then this
    /// value is replaced, so that it differs.
    pub stream: Option<Stream>,
    /// The microphone.
    pub microphone: DeviceState,
    /// The camera.
    pub camera: DeviceState,
}

/// A microphone or a camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// The browser was asked: the user has not answered yet, or the device is starting.
    Asking {
        /// Whether the device is to be on once it is there. A device that is not is muted or stopped first.
        wanted: bool,
        /// The browser shows its permission prompt.
        prompted: bool,
    },
    /// Captured and sent.
    On,
    /// Switched off by the person; can be switched on.
    Off,
    /// Cannot be used; switching it on asks again.
    Unavailable(DeviceProblem),
}

impl DeviceState {
    /// The state of a device that was switched on just now.
    pub const ASKED_FOR: Self = Self::Asking { wanted: true, prompted: false };

    /// Whether it is on, or will be once it is there: what its switch shows.
    pub fn is_wanted(&self) -> bool {
        matches!(self, Self::On | Self::Asking { wanted: true, .. })
    }
}

impl Default for DeviceState {
    fn default() -> Self {
        Self::ASKED_FOR
    }
}

/// Why a microphone or camera cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceProblem {
    /// The person, or a policy, refused.
    Refused,
    /// There is none.
    NotFound,
    /// Another program holds it, or the system could not start it.
    Busy,
    /// It was unplugged or stopped while in use.
    Lost,
    /// The page is not secure, so the browser offers no devices.
    InsecurePage,
    /// Anything else, in the browser's words.
    Other(String),
}

impl DeviceProblem {
    /// Stable name, for `data-code`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused => "permission-refused",
            Self::NotFound => "no-device",
            Self::Busy => "device-busy",
            Self::Lost => "device-lost",
            Self::InsecurePage => "insecure-page",
            Self::Other(_) => "device-failed",
        }
    }
}

/// Another participant.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerState {
    /// Tells the participants apart for as long as their connections live; an id may change.
    pub key: u64,
    /// The signaling server's id of this participant; another one after the server was lost and found.
    pub id: UserId,
    /// The name told over the control channel; none before that, or for a client without one.
    pub name: Option<String>,
    /// State of the peer connection.
    pub connection: ConnectionState,
    /// The sound that this participant sends.
    pub audio_stream: Option<Stream>,
    /// The pictures that this participant sends. Sound never waits for them: they are played apart.
    pub video_stream: Option<Stream>,
    /// Whether the microphone is on, if the participant says.
    pub audio: Option<bool>,
    /// Whether the camera is on, if the participant says.
    pub video: Option<bool>,
    /// Which way the media goes, while it is known.
    pub path: Option<Path>,
    /// Nothing comes over the path, to which the browser still holds on.
    pub stalled: bool,
    /// What is known to be wrong with the connection.
    pub trouble: Option<Trouble>,
    /// How the connection came to be, so far.
    pub steps: Steps,
}

impl PeerState {
    /// The state to show: a connection is lost as soon as nothing comes, whatever the browser says.
    pub fn shown(&self) -> ConnectionState {
        if self.stalled && self.connection == ConnectionState::Connected {
            ConnectionState::Disconnected
        } else {
            self.connection
        }
    }
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
}

impl Trouble {
    /// Stable name, for `data-trouble`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unanswered => "unanswered",
            Self::TooLong => "too-long",
            Self::Refused => "refused",
        }
    }
}

/// Why a participant is not there any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// The participant, or the server, said so.
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

/// How a connection came to be: the steps reached, each with its time, and how many candidates went each way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steps {
    /// Whether this side made the first offer.
    pub offerer: bool,
    /// Steps in the order in which they were reached, each with its time in milliseconds since the first.
    pub reached: Vec<(Step, f64)>,
    /// Local candidates found and sent.
    pub candidates_sent: u32,
    /// Remote candidates received.
    pub candidates_received: u32,
}

/// A step on the way from nothing to media without a server in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The peer connection was created.
    ConnectionCreated,
    /// Its listeners were attached.
    ListenersAttached,
    /// Local media was added.
    MediaAdded,
    /// The offer was sent (offerer) or received (answerer).
    Offer,
    /// The answer was received (offerer) or sent (answerer).
    Answer,
    /// The first candidate went one way or the other.
    Candidates,
    /// `connectionState` became `connected`.
    Connected,
    /// The first remote track arrived.
    MediaReceived,
    /// Connected and receiving: the signaling server is no longer needed.
    Direct,
}

impl Step {
    /// All steps, in the usual order.
    pub const ALL: [Self; 9] = [
        Self::ConnectionCreated,
        Self::ListenersAttached,
        Self::MediaAdded,
        Self::Offer,
        Self::Answer,
        Self::Candidates,
        Self::Connected,
        Self::MediaReceived,
        Self::Direct,
    ];
}

/// Something the person has to know about, with a thing to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The server refused a request without a reason that we know.
    RefusedWithoutReason,
    /// The browser would not create a peer connection; its words.
    NoConnection(String),
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
    /// Leave the room for another one, which may have others in it; microphone and camera stay as they are.
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
    /// Try the connection to the participant with this key again, now.
    Retry(u64),
    /// The person has read the problem.
    DismissProblem,
    /// In the lobby: check, from the start, whether the STUN and TURN servers do what a call needs.
    Check,
    /// Give the check up, and forget what it found.
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
