//! The people in the room: meeting them, finding them again after the signaling server was lost, and losing them. A
//! part of the engine, which owns all of it; one connection's own affairs are those of [`Peer`].

use vitrine_negotiation::{Negotiation, Role};
use vitrine_protocol::{
    json::Json,
    server_event::ServerEvent,
    signaling::{Acquaintance, ErrorCode, IceCandidate, Introduction, SdpType, UserId, event},
};

use super::{
    ConnectionState, Departure, Problem,
    budget::Budget,
    delivery::Way,
    engine::{Engine, Event},
    peer::{News, Peer, sink},
};
use crate::browser::{PeerConnection, PeerConnectionEvent, Task, describe, now, random_id, wait_listening};

/// How long somebody may take to say that we are connected already, in milliseconds.
const CLAIM_WITHIN: u32 = 1_500;
/// How long after a connection has ended somebody who is still in the room is asked for another, in milliseconds.
const MISSED_AFTER: u32 = 1_500;
/// Most peers at a time, whatever a server says. Every connection costs the browser dearly.
const MAX_PEERS: usize = 64;
/// Most connections that a page offers at a time. A page that negotiates with a whole room at once connects with nobody
/// for as long.
const MAX_UNDER_WAY: usize = 3;
/// What an introduction takes of the allowance of whoever sends it, in messages: it is answered, and perhaps with a new
/// connection.
const INTRODUCTION: f64 = 30.0;

impl Engine {
    /// These are in the room, and will offer, unless we are connected already: then the server was lost and found, and
    /// everybody has a new id. So we say who we are.
    pub(super) fn meet(&mut self, mut existing: Vec<UserId>) {
        existing.truncate(MAX_PEERS);
        if let Some(room) = &mut self.room {
            room.members.clone_from(&existing);
            // These went by the ids of a server that has been lost since.
            room.missed.clear();
            room.unclaimed.clear();
            room.newcomers.clear();
        }
        for peer in self.peers.iter_mut() {
            peer.listed = false;
        }
        let returning = !self.peers.is_empty();
        for id in existing {
            let (context, peers) = self.split();
            if let Some(peer) = peers.get_mut(&id) {
                peer.found(id.clone(), &context);
                self.introduce(&id, Acquaintance::Connected);
            } else if returning {
                self.introduce(&id, Acquaintance::Unknown);
            } else {
                self.add_peer(id, Role::Polite);
            }
        }
    }

    /// Somebody came into the room. While people we are connected to are missing from it, it may be one of them.
    fn somebody_joined(&mut self, id: UserId) {
        // Said twice. Who left and came back by the same connection to the server was taken off the list in between.
        if self.peers.get(&id).is_some_and(|peer| peer.listed && peer.view.id == id) {
            return;
        }
        if let Some(room) = self.room.as_mut().filter(|room| room.members.len() < MAX_PEERS) {
            room.members.push(id.clone());
        }
        let (context, peers) = self.split();
        if let Some(peer) = peers.get_mut(&id).filter(|peer| peer.view.id != id) {
            return peer.found(id, &context);
        }
        let missing = self.peers.iter().any(|peer| peer.is_absent() && peer.session.is_some());
        if !missing || self.peers.knows(&id) {
            return self.welcome(id);
        }
        let Some(room) = self.room.as_mut().filter(|room| room.unclaimed.len() < MAX_PEERS) else { return };
        let (events, somebody) = (self.events.clone(), id.clone());
        let timer = Task::spawn(async move {
            wait_listening(CLAIM_WITHIN).await;
            let _ = events.unbounded_send(Event::Unclaimed(somebody));
        });
        room.unclaimed.push((id, timer));
    }

    /// A newcomer is offered a connection, as soon as few enough others are under way.
    pub(super) fn welcome(&mut self, id: UserId) {
        self.claim(&id);
        if let Some(room) = self.room.as_mut().filter(|room| room.newcomers.len() < MAX_PEERS) {
            room.newcomers.push_back(id);
        }
        self.offer_to_newcomers();
    }

    fn offer_to_newcomers(&mut self) {
        while self.peers.iter().filter(|peer| peer.is_under_way()).count() < MAX_UNDER_WAY {
            let Some(id) = self.room.as_mut().and_then(|room| room.newcomers.pop_front()) else { return };
            self.add_peer(id, Role::Impolite);
        }
    }

    fn claim(&mut self, id: &UserId) {
        if let Some(room) = &mut self.room {
            room.unclaimed.retain(|(unclaimed, _)| unclaimed != id);
            room.newcomers.retain(|newcomer| newcomer != id);
        }
    }

    fn introduce(&self, to: &UserId, acquaintance: Acquaintance) {
        let introduction = Introduction { session: self.session_id.clone(), acquaintance };
        // To a plain client this is the end of the candidates of the first media section.
        let candidate = IceCandidate {
            sdp_mid: Some("0".to_owned()),
            sdp_m_line_index: Some(0),
            introduction: Some(introduction),
            ..IceCandidate::default()
        };
        self.signaling.emit(
            event::ICE_CANDIDATE,
            Some(Json::object([("target", to.into()), ("candidate", (&candidate).into())])),
        );
    }

    /// Whether somebody may say who he or she is: a flood of it would have us flood the server.
    fn accepts_introduction(&mut self, from: &UserId) -> bool {
        let Some(room) = &mut self.room else { return false };
        let place = room.introductions.iter().position(|(id, _)| id == from).unwrap_or_else(|| {
            room.introductions.truncate(MAX_PEERS - 1);
            room.introductions.insert(0, (from.clone(), Budget::new(now())));
            0
        });
        room.introductions[place].1.spend(now(), INTRODUCTION)
    }

    /// Somebody said who he or she is.
    fn introduced(&mut self, from: UserId, introduction: Introduction) {
        if !self.accepts_introduction(&from) {
            return;
        }
        self.claim(&from);
        let known_as = if self.peers.knows(&from) {
            Some(from.clone())
        } else {
            let session = Some(&introduction.session);
            let known = self.peers.iter().find(|peer| peer.is_absent() && peer.session.as_ref() == session);
            known.map(|peer| peer.view.id.clone())
        };
        match (known_as, introduction.acquaintance) {
            (_, Acquaintance::Stranger) => {
                // Said twice, or by both.
                match self.peers.get(&from) {
                    None => self.add_peer(from, Role::Impolite),
                    Some(peer) if peer.is_new() => {}
                    Some(peer) => self.connect(from, peer.negotiation_anew(), true),
                }
            }
            (None, Acquaintance::Connected) => self.introduce(&from, Acquaintance::Stranger),
            (None, Acquaintance::Unknown) => self.add_peer(from, Role::Impolite),
            (Some(known_as), acquaintance) => {
                let (context, peers) = self.split();
                if let Some(peer) = peers.get_mut(&known_as) {
                    peer.found(from.clone(), &context);
                }
                if acquaintance == Acquaintance::Unknown {
                    self.introduce(&from, Acquaintance::Connected);
                }
            }
        }
    }

    pub(super) fn server_event(&mut self, event: ServerEvent) {
        if !self.room.as_ref().is_some_and(|room| room.asked) {
            return;
        }
        match event {
            ServerEvent::UserJoined(id) => self.somebody_joined(id),
            ServerEvent::UserLeft(id) => {
                self.claim(&id);
                if let Some(room) = &mut self.room {
                    room.members.retain(|member| *member != id);
                }
                // Perhaps only the way to the server was lost: as long as there are signs of life, nobody has left.
                if let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.has_control()) {
                    peer.listed = false;
                } else {
                    self.peers.remove(&id, Departure::Left);
                }
            }
            ServerEvent::Description { from, description } => {
                self.claim(&from);
                if !self.peers.knows(&from) {
                    // For a connection that is no more.
                    if description.tag.as_ref().is_some_and(|tag| tag.to.is_some()) {
                        if self.accepts_introduction(&from) {
                            self.introduce(&from, Acquaintance::Stranger);
                        }
                        return;
                    }
                    self.add_peer(from.clone(), Role::Polite);
                }
                let (context, peers) = self.split();
                if let Some(peer) = peers.get_mut(&from) {
                    let (key, news) = (peer.view.key, peer.receive_description(description, Way::Signaling, &context));
                    self.heed(key, news);
                }
            }
            ServerEvent::Candidate { from, candidate: Some(IceCandidate { introduction: Some(introduction), .. }) } => {
                self.introduced(from, introduction);
            }
            ServerEvent::Candidate { from, candidate } => {
                let (context, peers) = self.split();
                if let (Some(peer), Some(candidate)) = (peers.get_mut(&from), candidate) {
                    peer.receive_candidate(candidate, Way::Signaling, &context);
                }
            }
            ServerEvent::Refused(refused) => {
                if refused.error.code == ErrorCode::PayloadTooLarge {
                    let (context, peers) = self.split();
                    peers.iter_mut().for_each(|peer| peer.was_too_long(&refused.event, &context));
                }
                if !std::mem::replace(&mut self.refused, true) {
                    describe(&format!("the server refused {}: {}", refused.event, refused.error.message));
                }
            }
        }
    }

    /// A first connection with `id`; the impolite side offers.
    fn add_peer(&mut self, id: UserId, role: Role) {
        self.connect(id, Negotiation::tagged(role, random_id()), role == Role::Impolite);
    }

    fn connect(&mut self, id: UserId, negotiation: Negotiation, offers: bool) {
        if self.peers.len() >= MAX_PEERS && !self.peers.knows(&id) {
            return;
        }
        self.serial += 1;
        let servers = self.current_ice_servers();
        let (key, events) = (self.serial, self.events.clone());
        let spare = self.room.as_mut().and_then(|room| room.spare.take());
        let (context, peers) = self.split();
        let sink = sink(key, &events);
        let connection = match spare.and_then(|spare| spare.into_connection(&servers, sink.clone())) {
            Some(connection) => Ok(connection),
            None => PeerConnection::new(&servers, false, context.certificate, sink),
        };
        match connection {
            Ok(connection) => peers.add(Peer::new(id, key, connection, negotiation, offers, &context, events)),
            Err(error) => {
                describe(&format!("{id}: no peer connection: {error}"));
                self.problem = Some(Problem::NoConnection(error.to_string()));
                if self.peers.is_empty() {
                    self.leave_without_connections();
                }
            }
        }
    }

    pub(super) fn tick(&mut self) {
        let (context, peers) = self.split();
        let news: Vec<_> = peers.iter_mut().map(|peer| (peer.view.key, peer.tick(&context))).collect();
        for (key, news) in news {
            self.heed(key, news);
        }
        self.offer_to_newcomers();
    }

    pub(super) fn peer_event(&mut self, key: u64, event: PeerConnectionEvent) {
        let (context, peers) = self.split();
        let Some(peer) = peers.iter_mut().find(|peer| peer.view.key == key) else {
            return self.attempt_event(key, event);
        };
        let news = peer.handle(event, &context);
        self.heed(key, news);
    }

    fn heed(&mut self, key: u64, news: Option<News>) {
        let Some(peer) = self.peers.iter().find(|peer| peer.view.key == key) else { return };
        let id = peer.view.id.clone();
        match news {
            None => {}
            Some(News::Identified) => {
                self.replace_older(&id);
                self.offer_to_newcomers();
            }
            Some(News::NotResolved(url)) => self.ice_servers.leave_out(url, now()),
            Some(News::Returning(next_id)) => {
                // Told before the server tells of it, it is nobody else's.
                let is_taken = self.room.as_ref().is_some_and(|room| room.members.contains(&next_id));
                if !is_taken && !self.peers.knows(&next_id) {
                    self.peers.get_mut(&id).into_iter().for_each(|peer| peer.next_id = Some(next_id.clone()));
                }
            }
            Some(News::Ended(why)) => {
                self.peers.remove(&id, why);
                self.miss(id);
            }
            Some(News::Unheard) => self.introduce(&id, Acquaintance::Stranger),
            Some(News::StartedAnew(description)) => {
                let Some(negotiation) = self.peers.get(&id).map(Peer::negotiation_anew) else { return };
                self.connect(id.clone(), negotiation, description.kind != SdpType::Offer);
                let (context, peers) = self.split();
                if let Some(peer) = peers.get_mut(&id) {
                    peer.receive_description(description, Way::Signaling, &context);
                }
            }
        }
    }

    /// The connection to `id` ended. Who left is soon off the server's list; who only slept, and was given up by this or
    /// that side, is still there.
    fn miss(&mut self, id: UserId) {
        let Some(room) = self.room.as_mut().filter(|room| room.members.contains(&id)) else { return };
        let (events, missed) = (self.events.clone(), id.clone());
        let timer = Task::spawn(async move {
            wait_listening(MISSED_AFTER).await;
            let _ = events.unbounded_send(Event::Missed(missed));
        });
        room.missed.retain(|(other, _)| *other != id);
        room.missed.push((id, timer));
    }

    pub(super) fn missed(&mut self, id: &UserId) {
        let Some(room) = &mut self.room else { return };
        room.missed.retain(|(missed, _)| missed != id);
        if room.members.contains(id) && !self.peers.knows(id) {
            self.introduce(id, Acquaintance::Stranger);
        }
    }

    /// Once a participant who came back as somebody new is connected, the connection from before is not needed.
    fn replace_older(&mut self, id: &UserId) {
        let Some(peer) = self.peers.get(id) else { return };
        if peer.session.is_none() || peer.view.connection != ConnectionState::Connected {
            return;
        }
        let (session, key) = (peer.session.clone(), peer.view.key);
        // Whom one hears nobody can replace: a session id is no secret among participants.
        let is_older = |other: &Peer| other.is_absent() && other.view.key < key && other.session == session;
        self.peers.remove_if(is_older, Departure::Replaced);
    }
}
