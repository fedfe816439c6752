//! Where descriptions belong: the tags that this side writes into its own, and which of the other side's fit. With
//! tags a description may come late, twice, or by another way than the one before without doing harm. Of the
//! negotiation itself this knows nothing; a description without a tag, from a plain client, is always let through.

use vitrine_protocol::signaling::{DescriptionTag, SdpType, SessionDescription};

use crate::{Misplaced, Role};

/// Most connections remembered as given up by the other side.
const MAX_PAST: usize = 32;

/// The tags of one peer connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tags {
    /// Id of the own connection; `None` writes no tags.
    own: Option<String>,
    /// Id of the other side's connection that was heard of last.
    other: Option<String>,
    /// A description of that connection was taken up, which binds the two connections to each other.
    bound: bool,
    /// That connection is bound to this one.
    met: bool,
    /// Connections that the other side gave up, oldest first. What they sent may still come.
    past: Vec<String>,
    /// Serial of the own description sent last.
    sent: u32,
    /// Serial of the own offer sent last.
    offered: Option<u32>,
    /// Highest serial received. An offer below it came before, or was taken back before what came was sent: a side
    /// that answers has no offer open.
    received: Option<u32>,
    /// Serial of the other side's offer that is being answered.
    answering: Option<u32>,
}

impl Tags {
    pub(crate) fn new(own: String) -> Self {
        Self { own: Some(own), ..Self::default() }
    }

    /// For a new connection in place of this one. If the other side's is bound to this one, it will be given up too;
    /// if not, or not yet, it may become bound to the new one.
    pub(crate) fn anew(&self, own: String) -> Self {
        let mut anew = Self { past: self.past.clone(), ..Self::new(own) };
        if self.met {
            anew.give_up(self.other.clone());
        } else {
            anew.other = self.other.clone();
            anew.received = self.received;
        }
        anew
    }

    /// Whether the other side's connection is bound to this one.
    pub(crate) fn met(&self) -> bool {
        self.met
    }

    /// Whether `description` shows that the other side gave up the connection that this one is bound to.
    pub(crate) fn is_foreign(&self, description: &SessionDescription) -> bool {
        let Some(tag) = &description.tag else { return false };
        self.bound && self.is_unheard(tag)
    }

    fn is_misaddressed(&self, tag: &DescriptionTag) -> bool {
        tag.to.is_some() && self.own.is_some() && tag.to != self.own
    }

    fn is_unheard(&self, tag: &DescriptionTag) -> bool {
        self.other.as_ref() != Some(&tag.connection) && !self.past.contains(&tag.connection)
    }

    /// The role that this side, begun with `role`, has against the connection that the other side's `description` is
    /// of: its own, or if both began with the same one, that which the ids of the two connections give. It depends on
    /// nothing else, so both sides come to opposite roles, whatever they heard of other connections before.
    pub(crate) fn role_against(&self, description: &SessionDescription, role: Role) -> Role {
        let (Some(tag), Some(own)) = (&description.tag, &self.own) else { return role };
        let polite = if tag.polite == (role == Role::Polite) { *own > tag.connection } else { role == Role::Polite };
        if polite { Role::Polite } else { Role::Impolite }
    }

    /// Lets a description in that belongs to this connection and is new.
    pub(crate) fn admit(&mut self, description: &SessionDescription) -> Result<(), Misplaced> {
        let Some(tag) = &description.tag else { return Ok(()) };
        if !self.bound && self.is_unheard(tag) {
            let before = self.other.replace(tag.connection.clone());
            self.give_up(before);
            self.received = None;
            self.met = false;
        }
        if self.is_misaddressed(tag) || !self.is_of_the_other(description) {
            return Err(Misplaced::AnotherConnection);
        }
        self.met |= tag.to.is_some();
        let is_outdated = self.received.is_some_and(|received| tag.serial <= received);
        if description.kind == SdpType::Offer && is_outdated {
            return Err(Misplaced::Repeated);
        }
        self.received = self.received.max(Some(tag.serial));
        Ok(())
    }

    fn give_up(&mut self, connection: Option<String>) {
        self.past.extend(connection);
        self.past.drain(..self.past.len().saturating_sub(MAX_PAST));
    }

    /// Whether the description is of the connection that was heard of last. One that waited may not be any more.
    pub(crate) fn is_of_the_other(&self, description: &SessionDescription) -> bool {
        description.tag.as_ref().is_none_or(|tag| self.other.as_ref() == Some(&tag.connection))
    }

    /// Whether the answer is one to the own offer sent last.
    pub(crate) fn answers_the_latest_offer(&self, answer: &SessionDescription) -> bool {
        let answered = answer.tag.as_ref().and_then(|tag| tag.answers);
        answered.is_none() || answered == self.offered
    }

    /// The description is being set; if it is an offer, to be answered.
    pub(crate) fn take_up(&mut self, description: &SessionDescription) {
        self.bound |= description.tag.is_some();
        if description.kind == SdpType::Offer {
            self.answering = description.tag.as_ref().map(|tag| tag.serial);
        }
    }

    /// The description as it is sent.
    pub(crate) fn write(&mut self, mut description: SessionDescription, role: Role) -> SessionDescription {
        let Some(own) = &self.own else { return description };
        self.sent += 1;
        let answers = match description.kind {
            SdpType::Answer => self.answering,
            _ => {
                self.offered = Some(self.sent);
                None
            }
        };
        description.tag = Some(DescriptionTag {
            connection: own.clone(),
            to: self.other.clone().filter(|_| self.bound),
            serial: self.sent,
            polite: role == Role::Polite,
            answers,
        });
        description
    }
}
