//! The peers by key, and which of them goes by which id. Keys grow, so the order of keys is the order in which the
//! connections were begun.

use std::collections::BTreeMap;

use vitrine_insight::quality::weakness;
use vitrine_protocol::{
    control::ControlMessage,
    signaling::{ErrorCode, Refused, UserId},
};

use super::{
    chat::{ChatPeer, Network},
    gestures::HandOf,
    peer::{Context, Peer},
    room::{Participant, PeerAction},
    self_report::Receiver,
    speaker::ActiveSpeaker,
    state::{Departure, PeerState},
};
use crate::browser::awake_now;

/// Most departures remembered. By then, the interface has seen those before.
const MAX_DEPARTURES: usize = 64;

/// All peers.
#[derive(Default)]
pub struct Mesh {
    peers: BTreeMap<u64, Peer>,
    /// Keys of the peers that were removed last, each with the reason.
    departures: Vec<(u64, Departure)>,
    speaker: ActiveSpeaker,
}

impl Mesh {
    /// How many peers there are.
    pub fn len(&self) -> usize {
        self.peers.len()
    }

    /// Whether there are no peers.
    pub fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    /// All peers, the oldest connection first.
    pub fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.peers.values()
    }

    /// All peers, the oldest connection first.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Peer> {
        self.peers.values_mut()
    }

    /// The peer with this key.
    pub fn get_mut(&mut self, key: u64) -> Option<&mut Peer> {
        self.peers.get_mut(&key)
    }

    /// The peer that has this id, or announced it.
    pub fn by_id(&mut self, id: &UserId) -> Option<&mut Peer> {
        self.peers.values_mut().find(|peer| peer.listing().has_id(id))
    }

    /// Adds a peer in place of those that go by its id, whose connections close.
    pub fn add(&mut self, mut peer: Peer) {
        while let Some(older) = self.by_id(peer.listing().id()) {
            peer.inherit_limits(older);
            let key = older.key();
            self.speaker.renamed(key, peer.key());
            self.remove(key, Departure::Replaced);
        }
        self.peers.insert(peer.key(), peer);
    }

    /// Closes the connection of the peer with this key, and remembers why.
    pub fn remove(&mut self, key: u64, why: Departure) {
        if self.peers.remove(&key).is_some() {
            self.departures.push((key, why));
            self.departures.drain(..self.departures.len().saturating_sub(MAX_DEPARTURES));
        }
    }

    /// Closes all connections.
    pub fn clear(&mut self) {
        self.peers.clear();
    }

    /// Sends a control message to all peers. A peer whose channel is not open misses it.
    pub fn send(&self, message: &ControlMessage) {
        for peer in self.iter() {
            peer.send(message);
        }
    }

    /// Sends a control message to whom it is for.
    pub fn send_to(&self, receiver: Receiver, message: &ControlMessage) {
        match receiver {
            Receiver::All => self.send(message),
            Receiver::Peer(key) => drop(self.peers.get(&key).map(|peer| peer.send(message))),
        }
    }

    /// The server refused an event. It does not say for whom it was.
    pub fn server_refused(&mut self, refused: &Refused, context: &Context<'_>) {
        if refused.error.code == ErrorCode::PayloadTooLarge {
            self.iter_mut().for_each(|peer| peer.server_refused_length(&refused.event, context));
        }
    }

    /// Does what the room decided about the peers.
    pub fn act(&mut self, action: PeerAction, context: &Context<'_>) {
        match action {
            PeerAction::AnnounceReturn(user_id) => self.send(&ControlMessage::Returning { user_id }),
            PeerAction::Found { key, id } => {
                if let Some(peer) = self.get_mut(key) {
                    peer.found(id, context);
                }
            }
            PeerAction::ExpectReturn { key, next_id } => {
                if let Some(peer) = self.get_mut(key) {
                    peer.listing_mut().expect_return(next_id);
                }
            }
            PeerAction::Unlist(key) => {
                if let Some(peer) = self.get_mut(key) {
                    peer.listing_mut().unlist();
                }
            }
            PeerAction::Close { key, why } => self.remove(key, why),
        }
    }

    /// What the room has to know.
    pub fn participants(&self) -> Vec<Participant> {
        self.iter().map(|peer| peer.known().participant(awake_now())).collect()
    }

    /// What the interface shows.
    pub fn view(&self) -> Vec<PeerState> {
        let signs: Vec<_> = self.iter().map(|peer| (peer.key(), peer.known().signs())).collect();
        let view = |peer: &Peer| {
            let others: Vec<_> = signs.iter().filter(|(key, _)| *key != peer.key()).map(|(_, signs)| *signs).collect();
            peer.known().view(weakness(peer.known().signs(), &others))
        };
        self.iter().map(view).collect()
    }

    /// Key of the peer who speaks at `now`, or spoke last.
    pub fn speaker(&mut self, peers: &[PeerState], now: f64) -> Option<u64> {
        self.speaker.update(peers.iter().filter(|peer| peer.is_speaking).map(|peer| peer.key), now)
    }

    /// Since when hands are raised.
    pub fn hands(&self) -> impl Iterator<Item = (HandOf, f64)> {
        self.iter().filter_map(|peer| Some((HandOf::Peer(peer.key()), peer.told().hand()?)))
    }

    /// Why the peers with these keys were removed, the latest last.
    pub fn departures(&self) -> &[(u64, Departure)] {
        &self.departures
    }
}

impl Network for Mesh {
    fn chat_peers(&self) -> Vec<ChatPeer> {
        self.iter().map(|peer| peer.known().chat_peer(awake_now())).collect()
    }

    fn send_to(&self, key: u64, message: &ControlMessage) -> bool {
        self.peers.get(&key).is_some_and(|peer| peer.send(message))
    }
}
