//! Who is in which room. Plain data: no sockets and no locking, which are the business of [`crate::signaling`].

use std::collections::HashMap;

use vitrine_protocol::signaling::ErrorCode;

use crate::id::Id;

/// Whether a participant asks for a new room or for one that may have others in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// The room must have nobody in it.
    Create,
    /// The room may have others in it; where nobody is, it comes into being, since a link outlives its room.
    Join,
}

/// All rooms with somebody in them.
#[derive(Debug)]
pub struct Rooms {
    capacity: usize,
    participants: HashMap<String, Vec<Id>>,
    room_of: HashMap<Id, String>,
}

impl Rooms {
    /// No rooms, each of which will hold at most `capacity` participants.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, participants: HashMap::new(), room_of: HashMap::new() }
    }

    /// Lets `user` into a room and returns who was there before, in the order of their coming.
    ///
    /// # Errors
    /// [`ErrorCode::AlreadyInRoom`], [`ErrorCode::RoomExists`] or [`ErrorCode::RoomFull`]; nothing has changed then.
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

    /// Takes `user` out of their room and returns who stays; `None` when they were in none.
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

    /// Checks that `target` is another participant of the room that `user` is in, and returns it.
    ///
    /// # Errors
    /// [`ErrorCode::NotInRoom`] or [`ErrorCode::TargetNotInRoom`].
    pub fn check_peer(&self, user: Id, target: &str) -> Result<Id, ErrorCode> {
        let room = self.room_of.get(&user).ok_or(ErrorCode::NotInRoom)?;
        let target = Id::parse(target).filter(|target| *target != user && self.room_of.get(target) == Some(room));
        target.ok_or(ErrorCode::TargetNotInRoom)
    }

    /// How many rooms have somebody in them.
    pub fn count(&self) -> usize {
        self.participants.len()
    }

    /// How many participants there are in all rooms.
    pub fn participants(&self) -> usize {
        self.room_of.len()
    }
}
