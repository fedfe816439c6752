//! The peers by key, and which of them goes by which id. Keys grow, so the order of keys is the order in which the
//! connections were begun.

use std::collections::{BTreeMap, VecDeque};

use vitrine_insight::{
    quality::weakness,
    trace::{ConnectionTrace, EventKind},
};
use vitrine_protocol::{
    control::{ControlMessage, MeshLink},
    server_event::ServerEvent,
    signaling::{ErrorCode, Refused, SessionDescription, UserId},
};

use super::{
    chat::{ChatPeer, Network},
    gestures::HandOf,
    mesh_cell::MeshCell,
    peer::{Context, Peer, PeerEvent, Way},
    room::{Participant, PeerAction},
    self_report::Receiver,
    speaker::ActiveSpeaker,
    state::{Departure, PeerState},
};
use crate::browser::awake_now;

/// Most departures remembered. By then, the interface has seen those before.
const MAX_DEPARTURES: usize = 64;

/// Most records of closed connections that are kept.
const MAX_CLOSED: usize = 4;

/// All peers.
#[derive(Default)]
pub struct Mesh {
    peers: BTreeMap<u64, Peer>,
    /// Keys of the peers that were removed last, each with the reason.
    departures: Vec<(u64, Departure)>,
    speaker: ActiveSpeaker,
    /// The records of connections that were closed, the latest last.
    closed: VecDeque<ConnectionTrace>,
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
        self.peers.values_mut().find(|peer| peer.known().listing.has_id(id))
    }

    /// Adds a peer in place of those that go by its id, whose connections close.
    pub fn add(&mut self, mut peer: Peer) {
        while let Some(older) = self.by_id(peer.known().listing.id()) {
            peer.inherit_limits(older);
            let key = older.key();
            self.speaker.renamed(key, peer.key());
            self.remove(key, Departure::Replaced);
        }
        self.peers.insert(peer.key(), peer);
    }

    /// Closes the connection of the peer with this key, and remembers why.
    pub fn remove(&mut self, key: u64, why: Departure) {
        if let Some(peer) = self.peers.remove(&key) {
            self.closed.push_back(peer.close());
            self.closed.drain(..self.closed.len().saturating_sub(MAX_CLOSED));
            self.departures.push((key, why));
            self.departures.drain(..self.departures.len().saturating_sub(MAX_DEPARTURES));
        }
    }

    /// Closes all connections, and forgets their records.
    pub fn clear(&mut self) {
        self.peers.clear();
        self.closed.clear();
    }

    /// The records of the connections that there are, by key.
    pub fn traces(&self) -> impl Iterator<Item = (u64, &ConnectionTrace)> {
        self.iter().map(|peer| (peer.key(), peer.known().recorder.trace()))
    }

    /// The records of all connections, those that were closed last included.
    pub fn all_traces(&self) -> impl Iterator<Item = &ConnectionTrace> {
        self.closed.iter().chain(self.traces().map(|(_, trace)| trace))
    }

    /// Records in every connection what happened to all of them.
    pub fn record(&mut self, kind: &EventKind) {
        self.iter_mut().for_each(|peer| peer.recorder_mut().did(kind.clone()));
    }

    /// How this side's connections stand, for the others.
    pub fn links(&self) -> Vec<MeshLink> {
        self.iter().filter_map(|peer| peer.known().link()).collect()
    }

    /// How all connections of the room stand, as seen from each end. This side is in the session `own`.
    pub fn cells(&self, own: Option<&str>) -> Vec<MeshCell> {
        let keys: Vec<_> =
            self.iter().filter_map(|peer| Some((peer.key(), peer.known().control.known_session()?))).collect();
        let end = |session: &str| {
            let is_own = own == Some(session);
            let key = keys.iter().find(|(_, known)| *known == session).map(|(key, _)| *key);
            if is_own { Some(None) } else { key.map(Some) }
        };
        let mut cells = Vec::new();
        for peer in self.iter() {
            let (key, known) = (Some(peer.key()), peer.known());
            cells.extend(known.link().map(|link| MeshCell::new(None, key, &link)));
            let told = known.control.told().links();
            cells.extend(told.iter().filter_map(|link| Some(MeshCell::new(key, end(&link.session_id)?, link))));
        }
        cells
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

    /// Takes what the server carried or refused. Returns what a peer made of it.
    pub fn receive(&mut self, event: ServerEvent, context: &Context<'_>) -> Option<(u64, PeerEvent)> {
        match event {
            ServerEvent::Offer { from, offer: description } | ServerEvent::Answer { from, answer: description } => {
                return self.receive_description(&from, description, context);
            }
            ServerEvent::IceCandidate { from, candidate: Some(candidate) } if candidate.announcement.is_none() => {
                self.by_id(&from)?.receive_candidate(candidate, Way::Signaling, context);
            }
            ServerEvent::Refused(refused) => self.server_refused(&refused, context),
            ServerEvent::IceCandidate { .. } | ServerEvent::UserJoined(_) | ServerEvent::UserLeft(_) => {}
        }
        None
    }

    /// Takes a description that came from the participant of this id.
    pub fn receive_description(
        &mut self,
        from: &UserId,
        description: SessionDescription,
        context: &Context<'_>,
    ) -> Option<(u64, PeerEvent)> {
        let peer = self.by_id(from)?;
        Some((peer.key(), peer.receive_description(description, Way::Signaling, context)?))
    }

    /// The server refused an event. It does not say for whom it was.
    fn server_refused(&mut self, refused: &Refused, context: &Context<'_>) {
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
        self.iter().filter_map(|peer| Some((HandOf::Peer(peer.key()), peer.known().control.told().hand()?)))
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
