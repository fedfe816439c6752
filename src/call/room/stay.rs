//! One stay in a room: its members, and which of them are peers, newcomers, or peers that return under a new id.

use std::collections::{BTreeSet, VecDeque};

use vitrine_negotiation::Role;
use vitrine_protocol::{
    client_event::{ClientEvent, Signal, ToPeer},
    rate_limiter::{RateLimit, RateLimiter},
    signaling::{IceCandidate, LinkState, SessionAnnouncement, UserId},
};

use super::messages::{Action, Input, Participant, PeerAction, ServerAction, Timer};
use crate::call::state::{Departure, Intent};

/// Most peers at a time, whatever a server says. Every connection costs the browser dearly.
const MAX_PEERS: usize = 64;
/// Most first offers under way at a time. A page that negotiates with a whole room at once delays every connection.
const MAX_OFFERS: usize = 3;
/// How long a new member may take to announce the session of a known peer, in milliseconds.
const ANNOUNCEMENT_TIMEOUT: u32 = 1_500;
/// How long after a connection ended a member that is still listed is asked for another, in milliseconds.
const RECONNECT_AFTER: u32 = 1_500;
/// Announcements per sender: each is answered, perhaps with a new connection, so a flood would make this side flood the
/// server. Ten at once, one each half second.
const ANNOUNCEMENTS: RateLimit = RateLimit { burst: 10.0, per_second: 2.0 };

/// What is forgotten when the stay ends.
#[derive(Debug)]
pub struct Stay {
    pub name: String,
    pub intent: Intent,
    pub session: String,
    pub entry: Entry,
    /// The server was asked for entry. What it sent before is of another room.
    pub is_asked: bool,
    pub is_entered: bool,
    /// The members, as the server lists them.
    members: Vec<UserId>,
    /// Members without a connection that will be asked for one.
    unconnected: BTreeSet<UserId>,
    /// New members that may be known peers under a new id.
    unidentified: BTreeSet<UserId>,
    /// New members that will be offered a connection, the earliest first.
    newcomers: VecDeque<UserId>,
    /// The rate limiters of members that announce their session, the latest first.
    announcements: Vec<(UserId, RateLimiter)>,
}

/// Where the entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing is under way.
    Idle,
    /// A timer runs until the next request.
    Scheduled,
    /// The request of this number waits for its answer.
    Requested(u64),
}

impl Stay {
    /// A stay that is about to begin.
    pub fn new(name: String, intent: Intent, session: String) -> Self {
        Self {
            name,
            intent,
            session,
            entry: Entry::Idle,
            is_asked: false,
            is_entered: false,
            members: Vec::new(),
            unconnected: BTreeSet::new(),
            unidentified: BTreeSet::new(),
            newcomers: VecDeque::new(),
            announcements: Vec::new(),
        }
    }

    /// The member is known now: it is neither unidentified nor a newcomer.
    fn identify(&mut self, id: &UserId) {
        self.unidentified.remove(id);
        self.newcomers.retain(|newcomer| newcomer != id);
    }

    fn accepts_announcement(&mut self, from: &UserId, now: f64) -> bool {
        let position = self.announcements.iter().position(|(id, _)| id == from).unwrap_or_else(|| {
            self.announcements.truncate(MAX_PEERS - 1);
            self.announcements.insert(0, (from.clone(), RateLimiter::full(ANNOUNCEMENTS, now)));
            0
        });
        self.announcements[position].1.try_take(now, 1.0)
    }

    /// Tells `to` the session id of this side. For a plain client this is the end of the candidates of the first media
    /// section.
    fn announce_session(&self, to: &UserId, link: LinkState) -> Action {
        let candidate = IceCandidate {
            sdp_mid: Some("0".to_owned()),
            sdp_m_line_index: Some(0),
            announcement: Some(SessionAnnouncement { session_id: self.session.clone(), link }),
            ..IceCandidate::default()
        };
        Action::Server(ServerAction::Emit(ClientEvent::ToPeer(ToPeer {
            target: to.clone(),
            signal: Signal::Candidate(candidate),
        })))
    }

    /// Takes what happened in the room.
    pub fn take(&mut self, input: Input, peers: &[Participant], now: f64, actions: &mut Vec<Action>) {
        match input {
            Input::UserJoined(id) => self.user_joined(id, peers, actions),
            Input::UserLeft(id) => {
                self.identify(&id);
                self.members.retain(|member| *member != id);
                // A peer that only lost the server is still connected: no participant has left while it is heard.
                actions.extend(find(peers, &id).map(|peer| match peer.has_control {
                    true => Action::Peer(PeerAction::Unlist(peer.key)),
                    false => Action::Peer(PeerAction::Close { key: peer.key, why: Departure::Left }),
                }));
            }
            Input::SessionAnnounced { from, announcement } => {
                if self.accepts_announcement(&from, now) {
                    self.session_announced(from, &announcement, peers, actions);
                }
            }
            Input::DescriptionReceived { from, is_reply } => {
                self.identify(&from);
                if find(peers, &from).is_none() {
                    if !is_reply {
                        actions.extend(connect(peers, from, Role::Polite));
                    } else if self.accepts_announcement(&from, now) {
                        // It is for a connection of this side that is gone.
                        actions.push(self.announce_session(&from, LinkState::Missing));
                    }
                }
            }
            Input::TimerFired(Timer::Announcement(id)) => {
                if self.unidentified.contains(&id) {
                    self.welcome(id, peers, actions);
                }
            }
            Input::TimerFired(Timer::Reconnect(id)) => {
                let is_due = self.unconnected.remove(&id);
                if is_due && self.members.contains(&id) && find(peers, &id).is_none() {
                    actions.push(self.announce_session(&id, LinkState::Missing));
                }
            }
            Input::PeerIdentified(key) => {
                actions.extend(replaced_by(key, peers));
                self.offer_to_newcomers(peers, actions);
            }
            Input::PeerReturning { key, next_id } => {
                // An id that the server has already told belongs to another participant.
                if !self.members.contains(&next_id) && find(peers, &next_id).is_none() {
                    actions.push(Action::Peer(PeerAction::ExpectReturn { key, next_id }));
                }
            }
            Input::PeerEnded { key, why } => {
                actions.push(Action::Peer(PeerAction::Close { key, why }));
                // A participant that left is soon off the server's list. One that only slept, and was given up by either
                // side, stays on it.
                let ended = peers.iter().find(|peer| peer.key == key).map(|peer| peer.id.clone());
                if let Some(id) = ended.filter(|id| self.members.contains(id)) {
                    self.unconnected.insert(id.clone());
                    actions.push(Action::Server(ServerAction::StartTimer(Timer::Reconnect(id), RECONNECT_AFTER)));
                }
            }
            Input::PeerNeverHeard(key) => {
                let peer = peers.iter().find(|peer| peer.key == key);
                actions.extend(peer.map(|peer| self.announce_session(&peer.id, LinkState::Missing)));
            }
            Input::Tick => self.offer_to_newcomers(peers, actions),
            // The room takes these itself.
            Input::Enter { .. }
            | Input::MoveTo { .. }
            | Input::Leave
            | Input::SignalingConnected(_)
            | Input::SignalingLost
            | Input::EntryAnswered { .. }
            | Input::TimerFired(Timer::Entry) => {}
        }
    }

    /// The server let this side in. On the first entry the members will offer. On a return every participant has a new
    /// id, so this side announces its session.
    pub fn meet(&mut self, members: Vec<UserId>, peers: &[Participant], actions: &mut Vec<Action>) {
        self.members.clear();
        for id in members {
            if self.members.len() < MAX_PEERS && !self.members.contains(&id) {
                self.members.push(id);
            }
        }
        // These had ids of a server that has been lost since.
        self.unconnected.clear();
        self.unidentified.clear();
        self.newcomers.clear();
        actions.extend(peers.iter().map(|peer| Action::Peer(PeerAction::Unlist(peer.key))));
        for id in &self.members {
            if let Some(peer) = find(peers, id) {
                actions.push(Action::Peer(PeerAction::Found { key: peer.key, id: id.clone() }));
                actions.push(self.announce_session(id, LinkState::Connected));
            } else if peers.is_empty() {
                actions.extend(connect(peers, id.clone(), Role::Polite));
            } else {
                actions.push(self.announce_session(id, LinkState::Unknown));
            }
        }
    }

    fn user_joined(&mut self, id: UserId, peers: &[Participant], actions: &mut Vec<Action>) {
        let known = find(peers, &id);
        // The server said it twice. A member that left and came back by the same socket was unlisted in between.
        if known.is_some_and(|peer| peer.is_listed && peer.id == id) {
            return;
        }
        if self.members.len() < MAX_PEERS && !self.members.contains(&id) {
            self.members.push(id.clone());
        }
        if let Some(peer) = known.filter(|peer| peer.id != id) {
            return actions.push(Action::Peer(PeerAction::Found { key: peer.key, id }));
        }
        // While known peers are absent, the new member may be one of them.
        let may_be_known = peers.iter().any(|peer| peer.is_absent && peer.session.is_some());
        if known.is_some() || !may_be_known {
            self.welcome(id, peers, actions);
        } else if self.unidentified.len() < MAX_PEERS {
            self.unidentified.insert(id.clone());
            actions.push(Action::Server(ServerAction::StartTimer(Timer::Announcement(id), ANNOUNCEMENT_TIMEOUT)));
        }
    }

    /// The new member will be offered a connection, as soon as few enough other offers are under way.
    fn welcome(&mut self, id: UserId, peers: &[Participant], actions: &mut Vec<Action>) {
        self.identify(&id);
        if self.newcomers.len() < MAX_PEERS {
            self.newcomers.push_back(id);
        }
        self.offer_to_newcomers(peers, actions);
    }

    fn offer_to_newcomers(&mut self, peers: &[Participant], actions: &mut Vec<Action>) {
        let under_way = peers.iter().filter(|peer| peer.is_offering).count();
        for _ in under_way..MAX_OFFERS {
            let Some(id) = self.newcomers.pop_front() else { return };
            actions.extend(connect(peers, id, Role::Impolite));
        }
    }

    fn session_announced(
        &mut self,
        from: UserId,
        announcement: &SessionAnnouncement,
        peers: &[Participant],
        actions: &mut Vec<Action>,
    ) {
        self.identify(&from);
        let by_id = find(peers, &from);
        let session = Some(&announcement.session_id);
        let by_session = || peers.iter().find(|peer| peer.is_absent && peer.session.as_ref() == session);
        match (announcement.link, by_id.or_else(by_session)) {
            (LinkState::Missing, _) => match by_id {
                None => actions.extend(connect(peers, from, Role::Impolite)),
                // The server delivered it twice, or both sides asked.
                Some(peer) if peer.is_new => {}
                Some(peer) => actions.push(Action::Reconnect { key: peer.key, id: from }),
            },
            (LinkState::Connected, None) => actions.push(self.announce_session(&from, LinkState::Missing)),
            (LinkState::Unknown, None) => actions.extend(connect(peers, from, Role::Impolite)),
            (link, Some(peer)) => {
                let answer = (link == LinkState::Unknown).then(|| self.announce_session(&from, LinkState::Connected));
                actions.push(Action::Peer(PeerAction::Found { key: peer.key, id: from }));
                actions.extend(answer);
            }
        }
    }
}

fn find<'a>(peers: &'a [Participant], id: &UserId) -> Option<&'a Participant> {
    peers.iter().find(|peer| peer.has_id(id))
}

fn connect(peers: &[Participant], id: UserId, role: Role) -> Option<Action> {
    (peers.len() < MAX_PEERS || find(peers, &id).is_some()).then_some(Action::Connect { id, role })
}

/// Closes the older connections of a participant that came back as a new one, once the new connection stands. A peer that
/// is heard is never replaced: session ids are not secret among participants.
fn replaced_by(key: u64, peers: &[Participant]) -> Vec<Action> {
    let Some(new) = peers.iter().find(|peer| peer.key == key) else { return Vec::new() };
    if new.session.is_none() || !new.is_connected {
        return Vec::new();
    }
    let is_older = |peer: &&Participant| peer.is_absent && peer.key < key && peer.session == new.session;
    let close = |peer: &Participant| Action::Peer(PeerAction::Close { key: peer.key, why: Departure::Replaced });
    peers.iter().filter(is_older).map(close).collect()
}
