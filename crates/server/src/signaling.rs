//! The Socket.IO events of the signaling protocol (`vitrine_protocol::signaling`): entering and leaving rooms, and
//! forwarding between participants of the same room. Forwarded payloads are not inspected.
//!
//! The events of a connection are handled in order, each under one lock together with its acknowledgement and
//! notifications. Participants that enter at the same time therefore learn of each other exactly once, no event of a
//! peer arrives before its `user-joined`, and candidates cannot overtake their offer. Sending only fills queues and
//! never waits. Forwarding does not change the rooms, so a read lock suffices and forwards run in parallel.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::SystemTime,
};

use serde::Serialize;
use serde_json::value::RawValue;
use vitrine_protocol::{
    room::normalize_room_name,
    signaling::{self, Ack, ErrorCode, JoinAck, Presence, Refused, RequestError, UserId, event},
};

use crate::{
    Config,
    engine_io::{Session, Unsent},
    ice_servers::{IceServers, Issued},
    id::Id,
    metrics::Metrics,
    payload::{ForwardedEvent, event_name, first_argument, string},
    rooms::{Entrance, Rooms},
    socket_io,
};

/// Bytes that a forwarded packet may be longer than the original: its type and the sender's id.
const FORWARD_OVERHEAD: usize = 64;

/// An event of a client.
pub struct Request<'a> {
    /// The sender.
    pub user: Id,
    /// The session that the event arrived on.
    pub session: &'a Session,
    /// The id of the acknowledgement, if the client asked for one.
    pub ack: Option<u64>,
    /// Name and arguments: the text of a JSON array.
    pub array: &'a str,
    /// Whether the event has binary attachments.
    pub binary: bool,
    /// Whether the event exceeds the rate limit and is to be refused unread.
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
    /// Whether `user` is connected. A session may close while one of its events arrives; if that event entered a room,
    /// the user would never leave it.
    fn is_connected(&self, user: Id) -> bool {
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

    /// Number of rooms with participants, and of participants in all rooms.
    pub fn room_counts(&self) -> (usize, usize) {
        let state = self.read();
        (state.rooms.count(), state.rooms.participants())
    }

    /// From now on, refuses requests and sends no `user-left`.
    pub fn stop(&self) {
        self.write().stopping = true;
    }

    /// Adds a connection, so that events can be sent to it.
    pub fn on_connected(&self, user: Id, session: Arc<Session>) {
        let mut state = self.write();
        // If the session has closed meanwhile, `on_disconnected` may already have run and will not run again.
        if !session.is_closed() {
            state.sessions.insert(user, session);
        }
    }

    /// Removes a closed connection and takes its participant out of the room.
    pub fn on_disconnected(&self, user: Id) {
        let mut state = self.write();
        state.sessions.remove(&user);
        // A stopping server sends no `user-left`: the calls of these participants go on without it.
        if !state.stopping {
            leave(&mut state, user);
        }
    }

    /// Handles an event and acknowledges it.
    pub fn handle_event(&self, request: Request<'_>) {
        let Request { user, session, ack, array, binary, excess } = request;
        let Some(event) = event_name(array) else {
            tracing::debug!(%user, "unknown event");
            return;
        };
        let argument = match (excess, binary) {
            (true, _) => Err(ErrorCode::RateLimited),
            // No event of the protocol has attachments.
            (_, true) => Err(ErrorCode::MalformedPayload),
            _ => first_argument(event, array),
        };
        match event {
            event::OFFER | event::ANSWER | event::ICE_CANDIDATE => {
                // Parsed and serialized before taking the lock.
                let forward = argument.and_then(ForwardedEvent::parse).map(|forwarded| {
                    let bytes = array.len() + FORWARD_OVERHEAD;
                    let packet = socket_io::event_with_capacity(bytes, event, &forwarded.with_sender(user.as_str()));
                    (forwarded.target, packet)
                });
                let state = self.read();
                if state.is_connected(user) {
                    let result =
                        forward.and_then(|(target, packet)| self.forward(&state, user, event, &target, packet));
                    self.acknowledge(user, session, event, ack, result);
                }
            }
            _ => {
                let mut state = self.write();
                if state.is_connected(user) {
                    let result =
                        argument.and_then(|argument| self.handle_request(&mut state, user, session, event, argument));
                    self.acknowledge(user, session, event, ack, result);
                }
            }
        }
    }

    /// Sends the acknowledgement if the client asked for one, and otherwise `refused` if the event failed.
    fn acknowledge(
        &self,
        user: Id,
        session: &Session,
        event: &str,
        ack: Option<u64>,
        result: Result<Answer, ErrorCode>,
    ) {
        let packet = match (result, ack) {
            (Ok(answer), Some(ack)) => socket_io::acknowledgement(ack, &answer),
            (Ok(_), None) => return,
            (Err(code), ack) => {
                tracing::debug!(%user, event, ?code, "refused");
                self.metrics.refusals.add(&code.to_string());
                let error = RequestError { code, message: explain(code).to_owned() };
                match ack {
                    Some(ack) => socket_io::acknowledgement(ack, &Ack { success: false, error: Some(error) }),
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
        // The tables are consistent between any two statements that could panic.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        // As above.
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forwards a packet to `target`.
    fn forward(&self, state: &State, user: Id, event: &str, target: &str, packet: String) -> Result<Answer, ErrorCode> {
        if state.stopping {
            return Err(ErrorCode::ShuttingDown);
        }
        let target = state.rooms.check_peer(user, target)?;
        send(state, target, packet);
        self.metrics.forwarded.add(event);
        Ok(Answer::DONE)
    }

    /// Handles an event that is not forwarded, and returns its acknowledgement.
    fn handle_request(
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
                if !session.permit.try_enter_room() {
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
                Ok(Answer::Entered(JoinAck {
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
                Ok(Answer::IceServers(signaling::IceServersAck {
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

/// The acknowledgement of a successful event.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Entered(JoinAck),
    IceServers(signaling::IceServersAck),
    Done(Ack),
}

impl Answer {
    const DONE: Self = Self::Done(Ack { success: true, error: None });
}

/// Removes `user` from their room and notifies the others; false if they were in no room.
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
        // `on_disconnected` follows in a moment.
        Err(Unsent::Closed) => tracing::debug!(user = %to, "not sent: the connection has closed"),
        // The client reads too slowly; the ping timeout closes its connection. Warn once: until then, peers may send
        // any number of events.
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
