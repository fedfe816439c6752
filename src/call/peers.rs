//! All peers, in the order in which they were met. They are few: to look through them is as quick as any table, and far
//! less to download.

use std::ops::{Deref, DerefMut};

use vitrine_protocol::signaling::UserId;

use super::{Departure, peer::Peer};

/// Most departures remembered. Whoever shows the state has seen those before.
const MAX_DEPARTURES: usize = 64;

/// The peers; no two have the same id.
#[derive(Default)]
pub struct Peers {
    all: Vec<Peer>,
    /// Keys of those who went last, and why.
    departures: Vec<(u64, Departure)>,
}

impl Peers {
    /// The peer that goes by this id.
    pub fn get(&self, id: &UserId) -> Option<&Peer> {
        self.all.iter().find(|peer| peer.goes_by(id))
    }

    /// The peer that goes by this id.
    pub fn get_mut(&mut self, id: &UserId) -> Option<&mut Peer> {
        self.all.iter_mut().find(|peer| peer.goes_by(id))
    }

    /// Whether somebody goes by this id.
    pub fn knows(&self, id: &UserId) -> bool {
        self.get(id).is_some()
    }

    /// Closes the connection to the peer that goes by this id, who is not there any more, and remembers why.
    pub fn remove(&mut self, id: &UserId, why: Departure) {
        self.remove_if(|peer| peer.goes_by(id), why);
    }

    /// The same for all of whom `is_gone` is true.
    pub fn remove_if(&mut self, is_gone: impl Fn(&Peer) -> bool, why: Departure) {
        let gone = self.all.iter().filter(|peer| is_gone(peer));
        self.departures.extend(gone.map(|peer| (peer.view.key, why)));
        self.departures.drain(..self.departures.len().saturating_sub(MAX_DEPARTURES));
        self.all.retain(|peer| !is_gone(peer));
    }

    /// Why those are not there any more who went last, by their keys.
    pub fn departures(&self) -> &[(u64, Departure)] {
        &self.departures
    }

    /// Adds a peer. An older one with the same id makes way, and its connection closes.
    pub fn add(&mut self, mut peer: Peer) {
        if let Some(older) = self.get(&peer.view.id) {
            peer.inherit_limits(older);
        }
        self.remove(&peer.view.id, Departure::Replaced);
        self.all.push(peer);
    }
}

impl Deref for Peers {
    type Target = Vec<Peer>;

    fn deref(&self) -> &Vec<Peer> {
        &self.all
    }
}

impl DerefMut for Peers {
    fn deref_mut(&mut self) -> &mut Vec<Peer> {
        &mut self.all
    }
}
