//! Description tags: writes them into own descriptions, and decides which of the peer's descriptions belong to this
//! connection. With tags, a description may arrive late, twice, or by another route without harm. A description without a
//! tag, from a plain client, is always accepted. This module knows nothing of the negotiation itself.

use vitrine_protocol::signaling::{DescriptionTag, SdpType, SessionDescription};

use crate::{RejectReason, Role};

/// Most replaced connections of the peer that are remembered.
const MAX_REPLACED: usize = 32;

/// The tags of one peer connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tags {
    /// Id of the own connection; `None` writes no tags.
    own: Option<String>,
    /// Id of the peer's latest known connection.
    peer: Option<String>,
    /// This connection is bound to `peer`: a description of it was applied.
    bound: bool,
    /// `peer` is bound to this connection: a description of it was addressed to this one.
    peer_is_bound: bool,
    /// Connections that the peer replaced, oldest first. Their messages may still arrive.
    replaced: Vec<String>,
    /// Serial of the latest own description.
    sent: u32,
    /// Serial of the latest own offer.
    offered: Option<u32>,
    /// Highest serial received. An offer with a lower one arrived before, or was rolled back before a later description
    /// was sent: a side that answers has no offer open.
    received: Option<u32>,
    /// Serial of the peer's offer that is being answered.
    answering: Option<u32>,
}

impl Tags {
    pub(crate) fn new(own: String) -> Self {
        Self { own: Some(own), ..Self::default() }
    }

    /// The tags of a new connection in place of this one. A peer's connection that is bound to this one will be replaced
    /// too; one that is not bound, or not yet, may bind to the new one.
    pub(crate) fn next_connection(&self, own: String) -> Self {
        let mut next = Self { replaced: self.replaced.clone(), ..Self::new(own) };
        if self.peer_is_bound {
            next.mark_replaced(self.peer.clone());
        } else {
            next.peer = self.peer.clone();
            next.received = self.received;
        }
        next
    }

    /// Whether the peer's connection is bound to this one.
    pub(crate) fn peer_is_bound(&self) -> bool {
        self.peer_is_bound
    }

    /// Whether `description` shows that the peer replaced the connection that this one is bound to.
    pub(crate) fn is_from_new_connection(&self, description: &SessionDescription) -> bool {
        let Some(tag) = &description.tag else { return false };
        self.bound && self.is_unknown(tag)
    }

    fn is_misaddressed(&self, tag: &DescriptionTag) -> bool {
        tag.to.is_some() && self.own.is_some() && tag.to != self.own
    }

    fn is_unknown(&self, tag: &DescriptionTag) -> bool {
        self.peer.as_ref() != Some(&tag.connection) && !self.replaced.contains(&tag.connection)
    }

    /// The role of this side, which began with `role`, against the connection that sent `description`. It is `role`; if
    /// both sides began with the same one, the connection ids decide. It depends on nothing else, so both sides come to
    /// opposite roles, whatever they received from other connections before.
    pub(crate) fn role_against(&self, description: &SessionDescription, role: Role) -> Role {
        let (Some(tag), Some(own)) = (&description.tag, &self.own) else { return role };
        let polite = if tag.polite == (role == Role::Polite) { *own > tag.connection } else { role == Role::Polite };
        if polite { Role::Polite } else { Role::Impolite }
    }

    /// Accepts a description that belongs to this connection and is not outdated.
    pub(crate) fn accept(&mut self, description: &SessionDescription) -> Result<(), RejectReason> {
        let Some(tag) = &description.tag else { return Ok(()) };
        if !self.bound && self.is_unknown(tag) {
            let replaced = self.peer.replace(tag.connection.clone());
            self.mark_replaced(replaced);
            self.received = None;
            self.peer_is_bound = false;
        }
        if self.is_misaddressed(tag) || !self.is_from_current_peer(description) {
            return Err(RejectReason::OtherConnection);
        }
        self.peer_is_bound |= tag.to.is_some();
        let is_outdated = self.received.is_some_and(|received| tag.serial <= received);
        if description.kind == SdpType::Offer && is_outdated {
            return Err(RejectReason::Outdated);
        }
        self.received = self.received.max(Some(tag.serial));
        Ok(())
    }

    fn mark_replaced(&mut self, connection: Option<String>) {
        self.replaced.extend(connection);
        self.replaced.drain(..self.replaced.len().saturating_sub(MAX_REPLACED));
    }

    /// Whether the description is from the peer's latest connection. A queued one may no longer be.
    pub(crate) fn is_from_current_peer(&self, description: &SessionDescription) -> bool {
        description.tag.as_ref().is_none_or(|tag| self.peer.as_ref() == Some(&tag.connection))
    }

    /// Whether the answer is to the latest own offer.
    pub(crate) fn answers_latest_offer(&self, answer: &SessionDescription) -> bool {
        let answered = answer.tag.as_ref().and_then(|tag| tag.answers);
        answered.is_none() || answered == self.offered
    }

    /// The description is being set. If it is an offer, the next own answer is to it.
    pub(crate) fn on_applied(&mut self, description: &SessionDescription) {
        self.bound |= description.tag.is_some();
        if description.kind == SdpType::Offer {
            self.answering = description.tag.as_ref().map(|tag| tag.serial);
        }
    }

    /// The own description with its tag.
    pub(crate) fn tag(&mut self, mut description: SessionDescription, role: Role) -> SessionDescription {
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
            to: self.peer.clone().filter(|_| self.bound),
            serial: self.sent,
            polite: role == Role::Polite,
            answers,
        });
        description
    }
}
