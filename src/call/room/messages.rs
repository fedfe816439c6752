//! What goes into the room's state machine and what comes out of it: plain data.

use vitrine_negotiation::Role;
use vitrine_protocol::{
    client_event::ClientEvent,
    server_event::ServerEvent,
    signaling::{Presence, SessionAnnouncement, UserId},
};

use crate::call::state::{Departure, Intent, Problem};

/// What the room knows of a peer at the time of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// Names the connection. Newer connections have larger keys.
    pub key: u64,
    /// The server's id of the participant.
    pub id: UserId,
    /// The id under which the participant announced its return.
    pub next_id: Option<UserId>,
    /// The session id that the participant told over the control channel. A client without the channel has none.
    pub session: Option<String>,
    /// The server lists the participant in the room.
    pub is_listed: bool,
    /// The participant may be the one that comes into the room under another id: it is not listed, or will not be for
    /// long, because nothing is heard over the connection.
    pub is_absent: bool,
    /// The connection is established.
    pub is_connected: bool,
    /// The connection was begun moments ago and has not been established yet.
    pub is_new: bool,
    /// The first offer to the participant is under way.
    pub is_offering: bool,
    /// The control channel is open, or was when the path was lost: the participant can be reached without the server.
    pub has_control: bool,
}

impl Participant {
    /// Whether the participant has this id, or announced it.
    pub fn has_id(&self, id: &UserId) -> bool {
        self.id == *id || self.next_id.as_ref() == Some(id)
    }
}

/// What happened.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the text of a variant tells what its fields are")]
pub enum Input {
    /// The user enters from the lobby. `session` is a new random session id.
    Enter { room: String, intent: Intent, session: String },
    /// The user goes to another room, with a new session id.
    MoveTo { room: String, session: String },
    /// The user leaves.
    Leave,
    /// Signaling is connected; the server gave this side this id.
    SignalingConnected(UserId),
    /// Signaling is lost.
    SignalingLost,
    /// The server answered the entry request of this number.
    EntryAnswered { request: u64, answer: EntryAnswer },
    /// A timer of [`ServerAction::StartTimer`] fired.
    TimerFired(Timer),
    /// The server says that a member joined.
    UserJoined(UserId),
    /// The server says that a member left.
    UserLeft(UserId),
    /// A member told its session id through the server.
    SessionAnnounced { from: UserId, announcement: SessionAnnouncement },
    /// An offer or answer came through the server. `is_reply` tells that it is tagged for a connection of this side.
    DescriptionReceived { from: UserId, is_reply: bool },
    /// The peer told its session id, or its connection was established.
    PeerIdentified(u64),
    /// The peer is about to return to the room under this id.
    PeerReturning { key: u64, next_id: UserId },
    /// The connection of the peer ended.
    PeerEnded { key: u64, why: Departure },
    /// Nothing was ever heard of the peer.
    PeerNeverHeard(u64),
    /// Time has passed.
    Tick,
}

impl Input {
    /// What a server event means to the room; none if it is about one connection only.
    pub fn of_server(event: &ServerEvent) -> Option<Self> {
        match event {
            ServerEvent::UserJoined(Presence { user_id }) => Some(Self::UserJoined(user_id.clone())),
            ServerEvent::UserLeft(Presence { user_id }) => Some(Self::UserLeft(user_id.clone())),
            ServerEvent::Offer { from, offer: description } | ServerEvent::Answer { from, answer: description } => {
                let is_reply = description.tag.as_ref().is_some_and(|tag| tag.to.is_some());
                Some(Self::DescriptionReceived { from: from.clone(), is_reply })
            }
            ServerEvent::IceCandidate { from, candidate } => {
                let announcement = candidate.as_ref()?.announcement.clone()?;
                Some(Self::SessionAnnounced { from: from.clone(), announcement })
            }
            ServerEvent::Refused(_) => None,
        }
    }
}

/// The server's answer to an entry request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryAnswer {
    /// This side is in the room, with these other members.
    Admitted(Vec<UserId>),
    /// This side is not in the room.
    Refused(Problem),
    /// Signaling was lost before the answer. The next connection asks again.
    NotConnected,
}

/// What a timer is for. There is at most one of each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Time for the entry request.
    Entry,
    /// The new member with this id has not announced the session of a known peer.
    Announcement(UserId),
    /// The member with this id has been without a connection for a while.
    Reconnect(UserId),
}

/// What to do. Actions are done in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// About the peers that there are.
    Peer(PeerAction),
    /// About the server and the clock.
    Server(ServerAction),
    /// Begin a first connection with this participant; the impolite side offers.
    Connect {
        /// The server's id of the participant.
        id: UserId,
        /// This side's role.
        role: Role,
    },
    /// Begin a new connection in place of that of the peer with this key, and offer.
    Reconnect {
        /// The peer's key.
        key: u64,
        /// The server's id of the participant.
        id: UserId,
    },
    /// The stay is over: close all connections, stop all timers.
    EndStay,
    /// The server refused the entry; this side is in the lobby.
    ReportProblem(Problem),
}

/// What to do with the peers.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the text of a variant tells what its fields are")]
pub enum PeerAction {
    /// Tell all peers over the control channel that this side returns under this id.
    AnnounceReturn(UserId),
    /// The peer with this key is in the room under this id.
    Found { key: u64, id: UserId },
    /// The peer with this key announced its return under this id.
    ExpectReturn { key: u64, next_id: UserId },
    /// The server does not list the peer with this key any more.
    Unlist(u64),
    /// Close the connection of the peer with this key.
    Close { key: u64, why: Departure },
}

/// What to ask of the server and of the clock.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the text of a variant tells what its fields are")]
pub enum ServerAction {
    /// Send this entry request; the answer is [`Input::EntryAnswered`] with this number. Replaces [`Timer::Entry`].
    RequestEntry { request: u64, event: ClientEvent },
    /// Tell the server that this side leaves, and fire [`Timer::Entry`] after its answer: all that the server still sends
    /// of the old room comes before it.
    RequestLeave,
    /// Send this to the server.
    Emit(ClientEvent),
    /// Fire this timer after so many milliseconds. A timer of the same kind that runs is replaced.
    StartTimer(Timer, u32),
}

impl From<PeerAction> for Action {
    fn from(action: PeerAction) -> Self {
        Self::Peer(action)
    }
}

impl From<ServerAction> for Action {
    fn from(action: ServerAction) -> Self {
        Self::Server(action)
    }
}
