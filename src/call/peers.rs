//! All peers, in the order in which they were met. They are few: to look through them is as quick as any table, and far
//! less to download.

use std::ops::{Deref, DerefMut};

use vitrine_protocol::signaling::UserId;

use super::peer::Peer;

/// The peers; no two have the same id.
#[derive(Default)]
pub struct Peers(Vec<Peer>);

impl Peers {
    /// The peer that goes by this id.
    pub fn get(&self, id: &UserId) -> Option<&Peer> {
        self.0.iter().find(|peer| peer.goes_by(id))
    }

    /// The peer that goes by this id.
    pub fn get_mut(&mut self, id: &UserId) -> Option<&mut Peer> {
        self.0.iter_mut().find(|peer| peer.goes_by(id))
    }

    /// Whether somebody goes by this id.
    pub fn knows(&self, id: &UserId) -> bool {
        self.get(id).is_some()
    }

    /// Closes the connection to the peer that goes by this id.
    pub fn remove(&mut self, id: &UserId) {
        self.0.retain(|peer| !peer.goes_by(id));
    }

    /// Adds a peer. An older one with the same id makes way, and its connection closes.
    pub fn add(&mut self, mut peer: Peer) {
        if let Some(older) = self.get(&peer.view.id) {
            peer.inherit_limits(older);
        }
        self.remove(&peer.view.id);
        self.0.push(peer);
    }
}

impl Deref for Peers {
    type Target = Vec<Peer>;

    fn deref(&self) -> &Vec<Peer> {
        &self.0
    }
}

impl DerefMut for Peers {
    fn deref_mut(&mut self) -> &mut Vec<Peer> {
        &mut self.0
    }
}
