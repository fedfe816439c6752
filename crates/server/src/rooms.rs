//! The participants of each room. Plain data: sockets and locking are [`crate::signaling`]'s business.

use std::collections::HashMap;

use vitrine_protocol::signaling::ErrorCode;

use crate::id::Id;

/// How a participant enters a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// The room must be empty.
    Create,
    /// The room may have participants. An empty room is created, since a link outlives its room.
    Join,
}

/// All rooms with participants.
#[derive(Debug)]
pub struct Rooms {
    capacity: usize,
    participants: HashMap<String, Vec<Id>>,
    room_of: HashMap<Id, String>,
}

impl Rooms {
    /// No rooms; each will hold at most `capacity` participants.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, participants: HashMap::new(), room_of: HashMap::new() }
    }

    /// Adds `user` to a room and returns the other participants, in the order in which they entered.
    ///
    /// # Errors
    /// [`ErrorCode::AlreadyInRoom`], [`ErrorCode::RoomExists`] or [`ErrorCode::RoomFull`]; nothing changes then.
    pub fn enter(&mut self, user: Id, name: &str, entrance: Entrance) -> Result<Vec<Id>, ErrorCode> {
        if self.room_of.contains_key(&user) {
            return Err(ErrorCode::AlreadyInRoom);
        }
        let others = self.participants.get(name).cloned().unwrap_or_default();
        if entrance == Entrance::Create && !others.is_empty() {
            return Err(ErrorCode::RoomExists);
        }
        if others.len() >= self.capacity {
            return Err(ErrorCode::RoomFull);
        }
        self.participants.entry(name.to_owned()).or_default().push(user);
        self.room_of.insert(user, name.to_owned());
        Ok(others)
    }

    /// Removes `user` from their room and returns the remaining participants; `None` if they were in no room.
    pub fn leave(&mut self, user: Id) -> Option<Vec<Id>> {
        let name = self.room_of.remove(&user)?;
        let participants = self.participants.get_mut(&name)?;
        participants.retain(|participant| *participant != user);
        let others = participants.clone();
        if others.is_empty() {
            self.participants.remove(&name);
        }
        Some(others)
    }

    /// Parses `target` and checks that it is another participant of `user`'s room.
    ///
    /// # Errors
    /// [`ErrorCode::NotInRoom`] or [`ErrorCode::TargetNotInRoom`].
    pub fn check_peer(&self, user: Id, target: &str) -> Result<Id, ErrorCode> {
        let room = self.room_of.get(&user).ok_or(ErrorCode::NotInRoom)?;
        let target = Id::parse(target).filter(|target| *target != user && self.room_of.get(target) == Some(room));
        target.ok_or(ErrorCode::TargetNotInRoom)
    }

    /// Number of rooms with participants.
    pub fn count(&self) -> usize {
        self.participants.len()
    }

    /// Number of participants in all rooms.
    pub fn participants(&self) -> usize {
        self.room_of.len()
    }
}
