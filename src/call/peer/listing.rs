//! How the signaling server lists a participant: under which id, and whether at all. Ids change when the server is lost.

use vitrine_protocol::signaling::UserId;

/// How the signaling server lists a participant.
#[derive(Clone, Debug)]
pub struct Listing {
    id: UserId,
    next_id: Option<UserId>,
    is_listed: bool,
}

impl Listing {
    /// Of a participant in the room.
    pub fn new(id: UserId) -> Self {
        Self { id, next_id: None, is_listed: true }
    }

    /// The server's id of the participant.
    pub fn id(&self) -> &UserId {
        &self.id
    }

    /// The id under which the participant announced its return to the room.
    pub fn next_id(&self) -> Option<&UserId> {
        self.next_id.as_ref()
    }

    /// Whether the server lists the id. The participant may be there even if not: servers come and go.
    pub fn is_listed(&self) -> bool {
        self.is_listed
    }

    /// Whether the participant has this id, or announced it.
    pub fn has_id(&self, id: &UserId) -> bool {
        self.id == *id || self.next_id.as_ref() == Some(id)
    }

    /// The participant is in the room under this id. A server that has not noticed a loss lists the old id too, and first.
    pub fn found(&mut self, id: UserId) {
        if self.id != id {
            self.id = id;
            self.next_id = None;
        }
        self.is_listed = true;
    }

    /// The participant announced its return under this id.
    pub fn expect_return(&mut self, next_id: UserId) {
        self.next_id = Some(next_id);
    }

    /// The server does not list the participant any more.
    pub fn unlist(&mut self) {
        self.is_listed = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_that_the_server_has_not_dropped_yet_keeps_the_announced_one() {
        let [old, new] = ["old", "new"].map(|id| UserId(id.to_owned()));
        let mut listing = Listing::new(old.clone());
        listing.expect_return(new.clone());
        listing.found(old);
        assert_eq!(listing.next_id(), Some(&new));
        listing.found(new.clone());
        assert_eq!((listing.id(), listing.next_id()), (&new, None));
    }
}
