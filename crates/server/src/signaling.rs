//! The Socket.IO events of the signaling protocol (`vitrine_protocol::signaling`): entering and leaving rooms, and
//! forwarding between participants of the same room. It never looks into what it forwards.
//!
//! Every event is handled whole, in the order in which its connection sent it and under one lock, answers and
//! notifications included. So participants who enter together all learn of each other once, nobody hears from a peer
//! before being told of it, and candidates cannot overtake their offer. All sends only fill queues; none waits.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::value::RawValue;
use socketioxide::{SendError, SocketError, SocketIo, socket::Sid};
use vitrine_protocol::{
    room::validate_room_name,
    signaling::{Entered, ErrorCode, IceServer, IceServers, Left, Presence, Refused, RequestError, UserId, event},
};

use crate::{
    Config,
    connection::Request,
    payload::{Relay, first_argument, string},
    rooms::{Entrance, Rooms},
};

/// The state that all connections share.
#[derive(Debug)]
pub struct Signaling {
    ice_servers: Vec<IceServer>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    rooms: Rooms,
    stopping: bool,
}

impl Signaling {
    /// Signaling with empty rooms.
    pub fn new(config: &Config) -> Self {
        Self {
            ice_servers: config.named_ice_servers(),
            state: Mutex::new(State { rooms: Rooms::new(config.max_participants.into()), stopping: false }),
        }
    }

    /// From now on requests are refused and nobody is reported as having left.
    pub fn stop(&self) {
        self.lock().stopping = true;
    }

    /// Takes a connection that has ended out of its room.
    pub fn gone(&self, user: Sid, io: &SocketIo) {
        let mut state = self.lock();
        // A server that stops says nothing: the calls of those it cuts off go on without it.
        if !state.stopping {
            leave(&mut state.rooms, io, user);
        }
    }

    /// Does what an event asks for, and answers it.
    pub fn answer(&self, request: Request) {
        let Request { socket, event, data, ack, io } = request;
        let user = socket.id;
        let argument = first_argument(&data);
        let mut state = self.lock();
        let sent = match (self.handle(&mut state, user, event, argument, &io), ack) {
            (Ok(answer), Some(ack)) => ack.send(&answer),
            (Ok(_), None) => Ok(()),
            (Err(code), ack) => {
                tracing::debug!(%user, event, ?code, "refused");
                let message = explain(code).to_owned();
                let error = RequestError { code, message };
                if let Some(ack) = ack {
                    let error = Some(error);
                    ack.send(&Left { success: false, error })
                } else {
                    let event = event.to_owned();
                    socket.emit(event::REFUSED, &Refused { event, error })
                }
            }
        };
        log_unsent(user, sent);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The tables are whole between any two statements that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what an event asks for and returns the acknowledgement.
    fn handle(
        &self,
        state: &mut State,
        user: Sid,
        event: &str,
        argument: Result<Option<&RawValue>, ErrorCode>,
        io: &SocketIo,
    ) -> Result<Answer, ErrorCode> {
        if state.stopping {
            return Err(ErrorCode::ShuttingDown);
        }
        let argument = argument?;
        match event {
            event::CREATE_ROOM | event::JOIN_ROOM => {
                let entrance = match event {
                    event::CREATE_ROOM => Entrance::Create,
                    _ => Entrance::Join,
                };
                let name = string(argument)?;
                let name = validate_room_name(&name).map_err(|_| ErrorCode::InvalidRoomName)?;
                let others = state.rooms.enter(user, name, entrance)?;
                let participants = others.len() + 1;
                tracing::info!(%user, participants, rooms = state.rooms.count(), "entered");
                for other in &others {
                    send(io, *other, event::USER_JOINED, &presence(user));
                }
                Ok(Answer::Entered(Entered {
                    success: true,
                    room_id: Some(name.to_owned()),
                    existing_users: (entrance == Entrance::Join).then(|| others.into_iter().map(user_id).collect()),
                    ice_servers: Some(self.ice_servers.clone()),
                    ice_servers_lifetime: None,
                    error: None,
                }))
            }
            event::ICE_SERVERS => Ok(Answer::IceServers(IceServers {
                success: true,
                ice_servers: Some(self.ice_servers.clone()),
                ..IceServers::default()
            })),
            event::LEAVE_ROOM => {
                if leave(&mut state.rooms, io, user) {
                    Ok(Answer::DONE)
                } else {
                    Err(ErrorCode::NotInRoom)
                }
            }
            _ => {
                let relay = Relay::parse(argument)?;
                // What is no id at all is no id of anybody in the room; nor is zero.
                let target = relay.target.parse().unwrap_or(Sid::ZERO);
                state.rooms.check_peers(user, target)?;
                send(io, target, event, &relay.with_sender(user.as_str()));
                Ok(Answer::DONE)
            }
        }
    }
}

/// An acknowledgement that grants.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Entered(Entered),
    IceServers(IceServers),
    Done(Left),
}

impl Answer {
    const DONE: Self = Self::Done(Left { success: true, error: None });
}

/// Takes `user` out of their room and tells the others; false when they were in none.
fn leave(rooms: &mut Rooms, io: &SocketIo, user: Sid) -> bool {
    let Some(others) = rooms.leave(user) else {
        return false;
    };
    tracing::info!(%user, participants = others.len(), rooms = rooms.count(), "left");
    for other in others {
        send(io, other, event::USER_LEFT, &presence(user));
    }
    true
}

fn send(io: &SocketIo, to: Sid, event: &str, data: &impl Serialize) {
    // A connection that is already gone will be reported by its own disconnect handler.
    let Some(socket) = io.of("/").and_then(|namespace| namespace.get_socket(to)) else {
        return;
    };
    log_unsent(to, socket.emit(event, data));
}

fn log_unsent(to: Sid, sent: Result<(), SendError>) {
    match sent {
        Ok(()) => {}
        // Its disconnect handler is on its way.
        Err(SendError::Socket(SocketError::Closed)) => {
            tracing::debug!(user = %to, "not sent: the connection has ended");
        }
        // A full queue belongs to a connection that reads nothing; its next ping ends it.
        Err(error) => tracing::warn!(user = %to, %error, "not sent"),
    }
}

fn user_id(id: Sid) -> UserId {
    UserId(id.to_string())
}

fn presence(user: Sid) -> Presence {
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
        ErrorCode::PayloadTooLarge => "the payload is larger than 64 KiB",
        ErrorCode::MalformedPayload => "the payload lacks a field or has one of the wrong type",
        ErrorCode::ShuttingDown => "the server is shutting down",
        ErrorCode::RateLimited => "too much in too short a time",
    }
}
