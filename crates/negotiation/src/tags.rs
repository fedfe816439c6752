//! Where descriptions belong: the tags that this side writes into its own, and which of the other side's fit. With
//! tags a description may come late, twice, or by another way than the one before without doing harm. Of the
//! negotiation itself this knows nothing; a description without a tag, from a plain client, is always let through.

use vitrine_protocol::signaling::{DescriptionTag, SdpType, SessionDescription};

use crate::{Misplaced, Role};

/// The tags of one peer connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tags {
    /// Id of the own connection; `None` writes no tags.
    own: Option<String>,
    /// Id of the other side's connection, once it said.
    other: Option<String>,
    /// Serial of the own description sent last.
    sent: u32,
    /// Serial of the own offer sent last.
    offered: Option<u32>,
    /// Serial of the other side's offer received last.
    received: Option<u32>,
    /// Serial of the other side's offer that is being answered.
    answering: Option<u32>,
}

impl Tags {
    pub(crate) fn new(own: String) -> Self {
        Self { own: Some(own), ..Self::default() }
    }

    /// Whether `description` comes from another connection than those before.
    pub(crate) fn is_foreign(&self, description: &SessionDescription) -> bool {
        let from = description.tag.as_ref().map(|tag| &tag.connection);
        from.is_some() && self.other.is_some() && from != self.other.as_ref()
    }

    /// The role that this side must have, going by the other side's `description`: the opposite one. When both began at
    /// once with the same role, the ids of the connections decide.
    pub(crate) fn role_against(&self, description: &SessionDescription, role: Role) -> Role {
        let (Some(tag), Some(own)) = (&description.tag, &self.own) else { return role };
        let polite = if tag.polite == (role == Role::Polite) { *own > tag.connection } else { role == Role::Polite };
        if polite { Role::Polite } else { Role::Impolite }
    }

    /// Lets a description in that belongs to this connection and is new.
    pub(crate) fn admit(&mut self, description: &SessionDescription) -> Result<(), Misplaced> {
        let Some(tag) = &description.tag else { return Ok(()) };
        let for_another = tag.to.is_some() && self.own.is_some() && tag.to != self.own;
        if for_another || self.is_foreign(description) {
            return Err(Misplaced::AnotherConnection);
        }
        if description.kind == SdpType::Offer {
            if self.received.is_some_and(|received| tag.serial <= received) {
                return Err(Misplaced::Repeated);
            }
            self.received = Some(tag.serial);
        }
        self.other = Some(tag.connection.clone());
        Ok(())
    }

    /// Whether the answer is one to the own offer sent last.
    pub(crate) fn answers_the_latest_offer(&self, answer: &SessionDescription) -> bool {
        let answered = answer.tag.as_ref().and_then(|tag| tag.answers);
        answered.is_none() || answered == self.offered
    }

    /// The offer is being set, to be answered.
    pub(crate) fn answer(&mut self, offer: &SessionDescription) {
        self.answering = offer.tag.as_ref().map(|tag| tag.serial);
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
            to: self.other.clone(),
            serial: self.sent,
            polite: role == Role::Polite,
            answers,
        });
        description
    }
}
