//! Into the room, out of it, and back in after the signaling server was lost. Who else is there is the business of
//! [`super::people`], another part of the same owner.

use std::{collections::VecDeque, pin::pin};

use futures_util::future::select;
use gloo_timers::future::TimeoutFuture;
use vitrine_protocol::{
    control::ControlMessage,
    json::Json,
    signaling::{Entered, ErrorCode, UserId, event},
    wire::Read,
};

use super::{
    Intent, Problem, SignalingState,
    budget::Budget,
    engine::{Engine, Event, ticks},
    ice_servers::IceServerList,
};
use crate::{
    browser::{JsError, SpareConnection, Task, describe, now, random_id, wait_listening},
    signaling::{RequestError, SignalingEvent},
};

/// The room one is in or on the way into.
pub(super) struct Room {
    pub(super) name: String,
    pub(super) intent: Intent,
    /// The server was asked to let one in: what it sends from then on is of this room.
    pub(super) asked: bool,
    pub(super) entered: bool,
    /// For whom one meets first.
    pub(super) spare: Option<SpareConnection>,
    /// The request under way.
    pub(super) request: Option<(u64, Task)>,
    /// Looks after the peers.
    pub(super) _ticks: Option<Task>,
    /// Who is in the room, by the server's word.
    pub(super) members: Vec<UserId>,
    /// Members without a connection, each with the timer after which they are asked for one.
    pub(super) missed: Vec<(UserId, Task)>,
    /// Who came into the room, and may be somebody we are connected to, under a new id; each with the timer after
    /// which he or she is a newcomer.
    pub(super) unclaimed: Vec<(UserId, Task)>,
    /// Who came into the room and is to be offered a connection, the earliest first.
    pub(super) newcomers: VecDeque<UserId>,
    /// What those who say who they are may still say, the latest first.
    pub(super) introductions: Vec<(UserId, Budget)>,
}

/// After how long a server that did not let one back in is asked again, in milliseconds.
const ENTER_AGAIN_AFTER: u32 = 5_000;

/// How long after a loss of the server one comes back into the room at the earliest, in milliseconds. Whose network
/// changed is back before the server knows of the loss: the others take somebody for a newcomer as long as they hear
/// everybody they are connected to.
const RETURN_AFTER: f64 = 1_000.0;

/// How long the others have to hear from us under which id we come back, before the server tells them, in milliseconds.
const TELL_AHEAD: f64 = 250.0;

/// How long the server may take to answer that one has left, in milliseconds; a plain one never does.
const LEFT_WITHIN: u32 = 1_000;

impl Engine {
    /// Goes from the lobby to `room`, as soon as the server can be asked.
    pub(super) fn enter(&mut self, name: String, room: String, intent: Intent) {
        let Some(spare) = self.spare_connection() else { return };
        self.begin(name, room, intent, spare);
        match self.signaling_state {
            SignalingState::Online => self.request_entry(),
            SignalingState::Connecting => {}
            SignalingState::Offline => self.problem = Some(Problem::not_connected(self.refusal)),
        }
    }

    /// Goes from one room to another. The devices stay as they are.
    pub(super) fn move_to(&mut self, name: String, room: String) {
        let Some(spare) = self.spare_connection() else { return };
        self.end();
        self.begin(name, room, Intent::Join, spare);
        // The answer comes after everything that the server still sends of the room that is left.
        let left = self.signaling.request(event::LEAVE_ROOM, None);
        self.enter_after(async move { drop(select(pin!(left), pin!(wait_listening(LEFT_WITHIN))).await) });
    }

    /// A connection for the first peer, made before the server is asked: without connections, this page would be a tile
    /// to the others that shows nothing, ever.
    fn spare_connection(&mut self) -> Option<SpareConnection> {
        match SpareConnection::new(self.certificate.as_ref()) {
            Ok(spare) => Some(spare),
            Err(error) => {
                self.cannot_connect(&error);
                None
            }
        }
    }

    fn begin(&mut self, name: String, room: String, intent: Intent, spare: SpareConnection) {
        self.name = name;
        self.problem = None;
        self.check = None;
        self.room = Some(Room {
            name: room,
            intent,
            asked: false,
            entered: false,
            spare: Some(spare),
            request: None,
            _ticks: None,
            members: Vec::new(),
            missed: Vec::new(),
            unclaimed: Vec::new(),
            newcomers: VecDeque::new(),
            introductions: Vec::new(),
        });
    }

    /// Leaves the room, if there is one. The devices of a call end with it; a preview goes on.
    pub(super) fn leave(&mut self) {
        if self.room.as_ref().is_some_and(|room| room.entered) {
            self.media.release();
        }
        if self.end() {
            self.signaling.emit(event::LEAVE_ROOM, None);
        }
    }

    /// Ends the stay in the room, if there is one; the server is not told.
    fn end(&mut self) -> bool {
        let was_there = self.room.take().is_some();
        if was_there {
            self.peers.clear();
            self.ice_servers = IceServerList::default();
            // The next stay is another one, even in the same room.
            self.session_id = random_id();
        }
        was_there
    }

    /// This browser makes no connections: there is nothing to enter with, and nothing to show a camera for.
    pub(super) fn cannot_connect(&mut self, error: &JsError) {
        describe(&format!("no peer connections: {error}"));
        self.leave();
        self.media.release();
        self.problem = Some(Problem::WebRtcRefused(error.to_string()));
    }

    /// Leaves if this browser makes no connection at all, to nobody.
    pub(super) fn leave_without_connections(&mut self) {
        if let Err(error) = SpareConnection::new(None) {
            self.cannot_connect(&error);
        }
    }

    pub(super) fn signaling(&mut self, event: SignalingEvent) {
        match event {
            SignalingEvent::Connecting => {
                if self.signaling_state == SignalingState::Online {
                    self.signaling_state = SignalingState::Connecting;
                }
            }
            SignalingEvent::Online(id) => {
                self.signaling_state = SignalingState::Online;
                self.refusal = None;
                if self.tells_of_the_connection() || self.problem == Some(Problem::RequestTimedOut) {
                    self.problem = None;
                }
                if self.room.as_ref().is_some_and(|room| room.entered) {
                    let returning = ControlMessage::Returning { user_id: id };
                    for peer in self.peers.iter() {
                        peer.send(&returning);
                    }
                    self.enter_later((self.lost_at + RETURN_AFTER - now()).max(TELL_AHEAD) as u32);
                } else {
                    self.request_entry();
                }
            }
            SignalingEvent::Offline(_) => {
                if self.signaling_state == SignalingState::Online {
                    self.lost_at = now();
                }
                self.signaling_state = SignalingState::Offline;
                // In a call the connections between the participants go on, and the indicator tells the rest.
                let in_call = self.room.as_ref().is_some_and(|room| room.entered);
                if !in_call && self.problem.is_none() {
                    self.problem = Some(Problem::not_connected(self.refusal));
                }
            }
            SignalingEvent::Refused(refusal) => {
                self.refusal = refusal;
                if self.tells_of_the_connection() {
                    self.problem = Some(Problem::not_connected(refusal));
                }
            }
            SignalingEvent::Received(event) => self.server_event(event),
        }
    }

    /// Whether the problem that stands is that there is no connection to the server.
    fn tells_of_the_connection(&self) -> bool {
        matches!(self.problem, Some(Problem::ServerUnreachable | Problem::NotConnected(_)))
    }

    /// Asks the server to let one in; after a reconnect, in again.
    pub(super) fn request_entry(&mut self) {
        let Some(room) = &mut self.room else { return };
        room.asked = true;
        self.serial += 1;
        let serial = self.serial;
        let event = match room.intent {
            Intent::Create => event::CREATE_ROOM,
            Intent::Join => event::JOIN_ROOM,
        };
        let answer = self.signaling.request(event, Some(room.name.as_str().into()));
        let events = self.events.clone();
        let task = Task::spawn(async move {
            let _ = events.unbounded_send(Event::Entered(serial, answer.await));
        });
        room.request = Some((serial, task));
    }

    /// Asks for it after so many milliseconds.
    fn enter_later(&mut self, wait: u32) {
        self.enter_after(TimeoutFuture::new(wait));
    }

    fn enter_after(&mut self, wait: impl Future<Output = ()> + 'static) {
        let Some(room) = &mut self.room else { return };
        self.serial += 1;
        let (events, serial) = (self.events.clone(), self.serial);
        let task = Task::spawn(async move {
            wait.await;
            let _ = events.unbounded_send(Event::EnterAgain(serial));
        });
        room.request = Some((serial, task));
    }

    pub(super) fn entered(&mut self, serial: u64, result: Result<Json, RequestError>) {
        let Some(room) = &mut self.room else { return };
        if room.request.take_if(|(current, _)| *current == serial).is_none() {
            return;
        }
        let problem = match result.as_ref().map(Entered::read) {
            Ok(Ok(answer)) if answer.success => {
                room.entered = true;
                room._ticks = Some(ticks(&self.events));
                // The room is there now: coming back to it after a loss is joining it.
                room.intent = Intent::Join;
                self.name_ice_servers(answer.ice_servers, answer.ice_servers_lifetime);
                self.meet(answer.existing_users.unwrap_or_default());
                return;
            }
            // The next connection asks again.
            Err(RequestError::Offline) => return,
            Ok(Ok(answer)) => match answer.error {
                Some(error) => Problem::Refused(error.code),
                None => Problem::RefusedWithoutReason,
            },
            Ok(Err(_)) => Problem::RefusedWithoutReason,
            Err(RequestError::TimedOut) => Problem::RequestTimedOut,
        };
        // An answer that is late may have let us in, and nobody is let in twice.
        if matches!(problem, Problem::RequestTimedOut | Problem::Refused(ErrorCode::AlreadyInRoom)) {
            self.signaling.emit(event::LEAVE_ROOM, None);
        }
        // Back after a loss, perhaps with many others, perhaps before the server has noticed that one was gone: the
        // connections between the participants go on meanwhile.
        if room.entered {
            return self.enter_later(ENTER_AGAIN_AFTER);
        }
        self.problem = Some(problem);
        self.room = None;
    }
}
