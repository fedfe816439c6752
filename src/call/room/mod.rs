//! The stay in a room as a state machine without a browser: entering, leaving, returning after the signaling server was
//! lost, and recognizing participants across all of that. It takes an [`Input`] and returns [`Action`]s. It owns no
//! connection: the caller passes a [`Participant`] for each peer with every input.
//!
//! A session id names a participant for one stay. A server that restarts gives every participant a new
//! [`UserId`](vitrine_protocol::signaling::UserId); the connections live on, and an announcement tells which peer the new
//! id belongs to.

mod messages;
mod stay;
#[cfg(test)]
mod tests;

use vitrine_protocol::{
    client_event::ClientEvent,
    control::{ControlMessage, VERSION},
    signaling::ErrorCode,
};

pub use self::messages::{Action, EntryAnswer, Input, Participant, PeerAction, ServerAction, Timer};
use self::stay::{Entry, Stay};
use super::state::{Intent, Problem, Stage};

/// The pause after a refused return to the room, in milliseconds.
const RETRY_ENTRY_AFTER: u32 = 5_000;
/// The earliest return to the room after the server was lost, in milliseconds. After a network change this side may
/// reconnect before the server notices that the old socket died, and would be taken for a new participant.
const RETURN_AFTER: f64 = 1_000.0;
/// How long the peers have to read [`PeerAction::AnnounceReturn`] before the server tells them of the new id, in
/// milliseconds.
const ANNOUNCE_AHEAD: f64 = 250.0;

/// The room that this side is in, or on the way into; or none.
///
/// ```ignore-wasm32
/// use vitrine::call::{Intent, Stage, room::{Action, EntryAnswer, Input, Room, ServerAction}};
/// use vitrine_protocol::{client_event::ClientEvent, signaling::UserId};
///
/// let mut room = Room::default();
/// room.handle(Input::SignalingConnected(UserId("me".into())), &[], 0.0);
/// let enter = Input::Enter { room: "tea".into(), intent: Intent::Join, session: "random".into() };
/// let actions = room.handle(enter, &[], 0.0);
/// assert_eq!(actions, [Action::Server(ServerAction::RequestEntry { request: 1, event: ClientEvent::JoinRoom("tea".into()) })]);
/// assert_eq!(room.stage(), Stage::Entering);
///
/// // One member is there already. It offers, so this side is polite and waits.
/// let answer = EntryAnswer::Admitted(vec![UserId("ada".into())]);
/// let actions = room.handle(Input::EntryAnswered { request: 1, answer }, &[], 80.0);
/// assert!(matches!(&actions[..], [Action::Connect { id, .. }] if id.0 == "ada"));
/// assert_eq!(room.stage(), Stage::InCall);
/// ```
#[derive(Debug, Default)]
pub struct Room {
    is_online: bool,
    /// When the server was lost last, in milliseconds of the caller's clock.
    lost_at: Option<f64>,
    /// The number of the last entry request.
    last_request: u64,
    stay: Option<Stay>,
}

impl Room {
    /// Where the user is.
    pub fn stage(&self) -> Stage {
        match &self.stay {
            None => Stage::Lobby,
            Some(stay) if stay.is_entered => Stage::InCall,
            Some(_) => Stage::Entering,
        }
    }

    /// The room's name, unless this side is in the lobby.
    pub fn name(&self) -> Option<&str> {
        self.stay.as_ref().map(|stay| stay.name.as_str())
    }

    /// The session id of the stay in the room, once this side was let in.
    pub fn session(&self) -> Option<&str> {
        self.stay.as_ref().filter(|stay| stay.is_entered).map(|stay| stay.session.as_str())
    }

    /// The first message to a peer, from a user of this name.
    pub fn hello(&self, name: &str) -> ControlMessage {
        let session_id = self.stay.as_ref().map(|stay| stay.session.clone()).unwrap_or_default();
        ControlMessage::Hello { name: name.to_owned(), session_id, version: VERSION }
    }

    /// Whether the members can be reached through the server: it is connected, and lists this side.
    pub fn is_listed(&self) -> bool {
        self.is_online && self.stay.as_ref().is_some_and(|stay| stay.is_entered && stay.entry == Entry::Idle)
    }

    /// Whether what the server sends is of this room: it was asked for entry.
    pub fn accepts_events(&self) -> bool {
        self.stay.as_ref().is_some_and(|stay| stay.is_asked)
    }

    /// Whether the answer to the entry request of this number is still wanted.
    pub fn awaits(&self, request: u64) -> bool {
        self.stay.as_ref().is_some_and(|stay| stay.entry == Entry::Requested(request))
    }

    /// Takes an input at `now`, in milliseconds of a monotonic clock, with one entry in `peers` for each connection.
    /// Returns what to do.
    pub fn handle(&mut self, input: Input, peers: &[Participant], now: f64) -> Vec<Action> {
        let mut actions = Vec::new();
        self.take(input, peers, now, &mut actions);
        actions
    }

    fn take(&mut self, input: Input, peers: &[Participant], now: f64, actions: &mut Vec<Action>) {
        match input {
            Input::Enter { room, intent, session } => {
                if self.stay.is_none() {
                    self.stay = Some(Stay::new(room, intent, session));
                    if self.is_online {
                        self.request_entry(actions);
                    }
                }
            }
            Input::MoveTo { room, session } => {
                let stay = self.stay.insert(Stay::new(room, Intent::Join, session));
                stay.entry = Entry::Scheduled;
                actions.extend([Action::EndStay, Action::Server(ServerAction::RequestLeave)]);
            }
            Input::Leave => {
                if self.stay.take().is_some() {
                    actions.extend([Action::EndStay, Action::Server(ServerAction::Emit(ClientEvent::LeaveRoom))]);
                }
            }
            Input::SignalingConnected(id) => {
                self.is_online = true;
                match &mut self.stay {
                    Some(stay) if stay.is_entered => {
                        let until_return = self.lost_at.map_or(0.0, |lost_at| lost_at + RETURN_AFTER - now);
                        stay.entry = Entry::Scheduled;
                        actions.push(Action::Peer(PeerAction::AnnounceReturn(id)));
                        actions.push(Action::Server(ServerAction::StartTimer(
                            Timer::Entry,
                            until_return.max(ANNOUNCE_AHEAD) as u32,
                        )));
                    }
                    _ => self.request_entry(actions),
                }
            }
            Input::SignalingLost => {
                if std::mem::take(&mut self.is_online) {
                    self.lost_at = Some(now);
                }
            }
            Input::EntryAnswered { request, answer } if self.awaits(request) => {
                self.entry_answered(answer, peers, actions);
            }
            Input::TimerFired(Timer::Entry) => {
                if self.stay.as_ref().is_some_and(|stay| stay.entry == Entry::Scheduled) {
                    self.request_entry(actions);
                }
            }
            input => {
                if let Some(stay) = &mut self.stay {
                    stay.take(input, peers, now, actions);
                }
            }
        }
    }

    fn request_entry(&mut self, actions: &mut Vec<Action>) {
        let Some(stay) = &mut self.stay else { return };
        self.last_request += 1;
        stay.is_asked = true;
        stay.entry = Entry::Requested(self.last_request);
        let event = match stay.intent {
            Intent::Create => ClientEvent::CreateRoom(stay.name.clone()),
            Intent::Join => ClientEvent::JoinRoom(stay.name.clone()),
        };
        actions.push(Action::Server(ServerAction::RequestEntry { request: self.last_request, event }));
    }

    fn entry_answered(&mut self, answer: EntryAnswer, peers: &[Participant], actions: &mut Vec<Action>) {
        let Some(stay) = &mut self.stay else { return };
        stay.entry = Entry::Idle;
        match answer {
            EntryAnswer::NotConnected => {}
            EntryAnswer::Admitted(members) => {
                stay.is_entered = true;
                // The room exists now: to return to it after a loss is to join it.
                stay.intent = Intent::Join;
                stay.meet(members, peers, actions);
            }
            EntryAnswer::Refused(problem) => {
                // A late answer may have let this side in, and the server lets nobody in twice. Without a relay it did.
                if matches!(
                    problem,
                    Problem::RequestTimedOut | Problem::NoRelay | Problem::Refused(ErrorCode::AlreadyInRoom)
                ) {
                    actions.push(Action::Server(ServerAction::Emit(ClientEvent::LeaveRoom)));
                }
                if stay.is_entered {
                    // The connections between the participants go on meanwhile.
                    stay.entry = Entry::Scheduled;
                    actions.push(Action::Server(ServerAction::StartTimer(Timer::Entry, RETRY_ENTRY_AFTER)));
                } else {
                    self.stay = None;
                    actions.push(Action::ReportProblem(problem));
                }
            }
        }
    }
}
