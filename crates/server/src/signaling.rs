//! The Socket.IO events of the signaling protocol (`vitrine_protocol::signaling`): entering and leaving rooms, and
//! forwarding between participants of the same room. It never looks into what it forwards.
//!
//! Every event is handled whole, in the order in which its connection sent it and under one lock, answers and
//! notifications included. So participants who enter together all learn of each other once, nobody hears from a peer
//! before being told of it, and candidates cannot overtake their offer. All sends only fill queues; none waits. What only
//! forwards changes nothing about the rooms, and so goes on beside others that forward.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::SystemTime,
};

use serde::Serialize;
use serde_json::value::RawValue;
use vitrine_protocol::{
    room::normalize_room_name,
    signaling::{self, Entered, ErrorCode, Left, Presence, Refused, RequestError, UserId, event},
};

use crate::{
    Config,
    engine_io::{Session, Unsent},
    ice_servers::{IceServers, Issued},
    id::Id,
    metrics::Metrics,
    payload::{Relay, event_name, first_argument, string},
    rooms::{Entrance, Rooms},
    socket_io,
};

/// Bytes that a forwarded packet may have more than what came: its type, and who sent it, for whom it was sent.
const PACKET_AND_SENDER: usize = 64;

/// An event as it came from a client.
pub struct Request<'a> {
    /// Who sent it.
    pub user: Id,
    /// What it came on.
    pub session: &'a Session,
    /// The number to acknowledge it with, when the client wants that.
    pub ack: Option<u64>,
    /// Its name and arguments: the text of a JSON array.
    pub array: &'a str,
    /// It has binary attachments.
    pub binary: bool,
    /// It is one too many, to be refused unread.
    pub excess: bool,
}

/// The state that all connections share.
#[derive(Debug)]
pub struct Signaling {
    ice_servers: IceServers,
    state: RwLock<State>,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
struct State {
    rooms: Rooms,
    sessions: HashMap<Id, Arc<Session>>,
    stopping: bool,
}

impl State {
    /// Whether `user` is connected. A session may end while one of its events comes; nothing that it entered then would
    /// ever be left.
    fn has(&self, user: Id) -> bool {
        self.sessions.contains_key(&user)
    }
}

impl Signaling {
    /// Signaling with empty rooms.
    pub fn new(config: &Config, ice_servers: IceServers, metrics: Arc<Metrics>) -> Self {
        Self {
            ice_servers,
            state: RwLock::new(State {
                rooms: Rooms::new(config.max_participants.into()),
                sessions: HashMap::new(),
                stopping: false,
            }),
            metrics,
        }
    }

    /// How many rooms have somebody in them, and how many participants they have together.
    pub fn census(&self) -> (usize, usize) {
        let state = self.read();
        (state.rooms.count(), state.rooms.participants())
    }

    /// From now on requests are refused and nobody is reported as having left.
    pub fn stop(&self) {
        self.write().stopping = true;
    }

    /// A client is connected, and can be sent to from now on.
    pub fn connected(&self, user: Id, session: Arc<Session>) {
        let mut state = self.write();
        // If it has ended meanwhile, [`Self::gone`] may have been and will not be again.
        if !session.is_closed() {
            state.sessions.insert(user, session);
        }
    }

    /// Takes a connection that has ended out of its room.
    pub fn gone(&self, user: Id) {
        let mut state = self.write();
        state.sessions.remove(&user);
        // A server that stops says nothing: the calls of those it cuts off go on without it.
        if !state.stopping {
            leave(&mut state, user);
        }
    }

    /// Does what an event asks for, and answers it.
    pub fn answer(&self, request: Request<'_>) {
        let Request { user, session, ack, array, binary, excess } = request;
        let Some(event) = event_name(array) else {
            tracing::debug!(%user, "unknown event");
            return;
        };
        let argument = match (excess, binary) {
            (true, _) => Err(ErrorCode::RateLimited),
            // Attachments travel beside the text.
            (_, true) => Err(ErrorCode::MalformedPayload),
            _ => first_argument(event, array),
        };
        match event {
            event::OFFER | event::ANSWER | event::ICE_CANDIDATE => {
                // Read and written anew before others have to wait for it.
                let relay = argument.and_then(Relay::parse).map(|relay| {
                    let bytes = array.len() + PACKET_AND_SENDER;
                    let packet = socket_io::event_with_capacity(bytes, event, &relay.with_sender(user.as_str()));
                    (relay.target, packet)
                });
                let state = self.read();
                if state.has(user) {
                    let done = relay.and_then(|(target, packet)| self.relay(&state, user, event, &target, packet));
                    self.acknowledge(user, session, event, ack, done);
                }
            }
            _ => {
                let mut state = self.write();
                if state.has(user) {
                    let done = argument.and_then(|argument| self.handle(&mut state, user, session, event, argument));
                    self.acknowledge(user, session, event, ack, done);
                }
            }
        }
    }

    /// Answers an event, if it failed or its sender wants to know.
    fn acknowledge(&self, user: Id, session: &Session, event: &str, ack: Option<u64>, done: Result<Answer, ErrorCode>) {
        let packet = match (done, ack) {
            (Ok(answer), Some(ack)) => socket_io::acknowledgement(ack, &answer),
            (Ok(_), None) => return,
            (Err(code), ack) => {
                tracing::debug!(%user, event, ?code, "refused");
                self.metrics.refusals.add(code.name());
                let error = RequestError { code, message: explain(code).to_owned() };
                match ack {
                    Some(ack) => socket_io::acknowledgement(ack, &Left { success: false, error: Some(error) }),
                    None => socket_io::event(event::REFUSED, &Refused { event: event.to_owned(), error }),
                }
            }
        };
        log_unsent(user, session.send(packet));
    }

    fn issue_ice_servers(&self, user: Id, session: &Session) -> Issued {
        let user = session.turn_user().unwrap_or(user);
        self.ice_servers.issue(user.as_str(), session.host.as_ref(), SystemTime::now())
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        // The tables are whole between any two statements that could panic.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        // As above.
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forwards a packet.
    fn relay(&self, state: &State, user: Id, event: &str, target: &str, packet: String) -> Result<Answer, ErrorCode> {
        if state.stopping {
            return Err(ErrorCode::ShuttingDown);
        }
        let target = state.rooms.check_peer(user, target)?;
        send(state, target, packet);
        self.metrics.relayed.add(event);
        Ok(Answer::DONE)
    }

    /// Does what an event asks for that is the server's own business, and returns the acknowledgement.
    fn handle(
        &self,
        state: &mut State,
        user: Id,
        session: &Session,
        event: &str,
        argument: Option<&RawValue>,
    ) -> Result<Answer, ErrorCode> {
        if state.stopping {
            return Err(ErrorCode::ShuttingDown);
        }
        match event {
            event::CREATE_ROOM | event::JOIN_ROOM => {
                let entrance = match event {
                    event::CREATE_ROOM => Entrance::Create,
                    _ => Entrance::Join,
                };
                let name = string(argument)?;
                let name = normalize_room_name(&name).map_err(|_| ErrorCode::InvalidRoomName)?;
                if !session.pass.may_enter() {
                    return Err(ErrorCode::RateLimited);
                }
                let others = state.rooms.enter(user, &name, entrance)?;
                let participants = others.len() + 1;
                tracing::info!(%user, participants, rooms = state.rooms.count(), "entered");
                let joined = socket_io::event(event::USER_JOINED, &presence(user));
                for other in &others {
                    send(state, *other, joined.clone());
                }
                let Issued { servers, lifetime } = self.issue_ice_servers(user, session);
                Ok(Answer::Entered(Entered {
                    success: true,
                    room_id: Some(name),
                    existing_users: (entrance == Entrance::Join).then(|| others.into_iter().map(user_id).collect()),
                    ice_servers: Some(servers),
                    ice_servers_lifetime: lifetime,
                    error: None,
                }))
            }
            event::ICE_SERVERS => {
                let Issued { servers, lifetime } = self.issue_ice_servers(user, session);
                Ok(Answer::IceServers(signaling::IceServers {
                    success: true,
                    ice_servers: Some(servers),
                    ice_servers_lifetime: lifetime,
                    error: None,
                }))
            }
            _ => {
                if leave(state, user) {
                    Ok(Answer::DONE)
                } else {
                    Err(ErrorCode::NotInRoom)
                }
            }
        }
    }
}

/// An acknowledgement that grants.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Entered(Entered),
    IceServers(signaling::IceServers),
    Done(Left),
}

impl Answer {
    const DONE: Self = Self::Done(Left { success: true, error: None });
}

/// Takes `user` out of their room and tells the others; false when they were in none.
fn leave(state: &mut State, user: Id) -> bool {
    let Some(others) = state.rooms.leave(user) else {
        return false;
    };
    tracing::info!(%user, participants = others.len(), rooms = state.rooms.count(), "left");
    let left = socket_io::event(event::USER_LEFT, &presence(user));
    for other in others {
        send(state, other, left.clone());
    }
    true
}

fn send(state: &State, to: Id, packet: String) {
    if let Some(session) = state.sessions.get(&to) {
        log_unsent(to, session.send(packet));
    }
}

fn log_unsent(to: Id, sent: Result<(), Unsent>) {
    match sent {
        Ok(()) => {}
        // It will leave in a moment.
        Err(Unsent::Closed) => tracing::debug!(user = %to, "not sent: the connection has ended"),
        // It reads nothing; its next ping ends it. Until then, others may go on sending to it for as long as they like.
        Err(Unsent::Full { first: true }) => tracing::warn!(user = %to, "not sent: the connection reads too slowly"),
        Err(Unsent::Full { first: false }) => tracing::debug!(user = %to, "not sent: the connection reads too slowly"),
    }
}

fn user_id(id: Id) -> UserId {
    UserId(id.to_string())
}

fn presence(user: Id) -> Presence {
    Presence { user_id: user_id(user) }
}

fn explain(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::InvalidRoomName => "a room name has 1 to 64 visible characters",
        ErrorCode::RoomExists => "there are participants in that room already; join it instead",
        ErrorCode::RoomFull => "the room is full",
        ErrorCode::AlreadyInRoom => "this connection is in a room already; leave it first",
        ErrorCode::NotInRoom => "this connection is in no room",
        ErrorCode::TargetNotInRoom => "the target is not in the same room",
        ErrorCode::PayloadTooLarge => "the payload is larger than 64 KiB, or 256 KiB for an offer or an answer",
        ErrorCode::MalformedPayload => "the payload lacks a field or has one of the wrong type",
        ErrorCode::ShuttingDown => "the server is shutting down",
        ErrorCode::RateLimited => "too much at once: try again in a while",
    }
}
