//! The owner of the call: the room, the peers by their id, the local devices, and the connection to the signaling
//! server. Events come in one at a time; nothing else changes any of it.

use std::collections::HashMap;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender};
use futures_util::{
    StreamExt,
    future::{Either, select},
};
use gloo_timers::future::TimeoutFuture;
use serde_json::{Value, json};
use vitrine_negotiation::Role;
use vitrine_protocol::{
    control::{ControlMessage, VERSION},
    server_event::ServerEvent,
    signaling::{Acquaintance, Entered, IceCandidate, IceServer, Introduction, UserId, event},
};

use super::{
    CallState, Command, Intent, Problem, SignalingState, Stage,
    media::Media,
    peer::{Context, News, Peer, Way},
};
use crate::{
    browser::{self, Capture, Kind, Listener, PeerConnectionEvent, Task, describe, has_webrtc, is_secure, random_id},
    config::Config,
    signaling::{RequestError, Signaling, SignalingEvent},
};

/// What the engine reacts to.
pub enum Event {
    /// The person asks for something.
    Command(Command),
    /// The signaling connection changed, or carried something.
    Signaling(SignalingEvent),
    /// The answer to the request with this serial number to enter the room.
    Entered(u64, Result<Value, RequestError>),
    /// The browser answered a request for devices.
    Captured(Capture),
    /// A device ended by itself.
    TrackEnded(Kind, u32),
    /// Something happened on the connection of the peer with this key.
    Peer(u64, PeerConnectionEvent),
    /// Half a second has passed in the room.
    Tick,
    /// The network may have changed.
    NetworkChanged,
    /// Somebody who came into the room while we looked for people we know is to be taken for a newcomer.
    Unclaimed(UserId),
    /// The page is being left.
    PageHidden,
}

impl Event {
    /// Whether the person switched something and looks for the effect. Entering is not among them: it is the first
    /// step of many.
    fn shows_at_once(&self) -> bool {
        match self {
            Self::Command(command) => !matches!(command, Command::Enter { .. }),
            Self::Captured(_) => true,
            _ => false,
        }
    }
}

/// How long other changes may wait to be shown, in milliseconds. A connection comes to be in many small steps; drawing
/// each of them would hold up the next.
const SHOWN_WITHIN: u32 = 100;

/// The room one is in or on the way into.
struct Room {
    name: String,
    intent: Intent,
    entered: bool,
    /// The request under way.
    request: Option<(u64, Task)>,
    /// Looks after the peers.
    _ticks: Option<Task>,
    /// Who came into the room, and may be somebody we are connected to, under a new id; each with the timer after
    /// which he or she is a newcomer.
    unclaimed: Vec<(UserId, Task)>,
}

/// How often the peers are looked after, in milliseconds.
const TICK: u32 = 500;
/// How long somebody may take to say that we are connected already, in milliseconds.
const CLAIM_WITHIN: u32 = 1_500;
/// Most peers at a time, whatever a server says. Every connection costs the browser dearly.
const MAX_PEERS: usize = 64;

/// What the peers need of the engine; a macro, so that the peers themselves are not borrowed with it.
macro_rules! context {
    ($engine:ident) => {{
        let hello = ControlMessage::Hello {
            name: $engine.name.clone(),
            session_id: $engine.session_id.clone(),
            version: VERSION,
        };
        let in_room = $engine.room.as_ref().is_some_and(|room| room.entered && room.request.is_none());
        Context {
            signaling: &$engine.signaling,
            online: in_room && $engine.signaling_state == SignalingState::Online,
            media: $engine.media.outgoing(),
            greeting: [hello, $engine.media.announcement()],
        }
    }};
}

pub struct Engine {
    config: Config,
    events: UnboundedSender<Event>,
    signaling: Signaling,
    signaling_state: SignalingState,
    media: Media,
    room: Option<Room>,
    /// What the signaling server acknowledged, if it named any.
    ice_servers: Option<Vec<IceServer>>,
    peers: HashMap<UserId, Peer>,
    name: String,
    session_id: String,
    problem: Option<Problem>,
    /// Numbers connections and requests, so that what comes late is told apart.
    serial: u64,
    _listeners: Vec<Listener>,
}

impl Engine {
    pub fn new(config: Config, events: UnboundedSender<Event>) -> Self {
        let sink = events.clone();
        let signaling = Signaling::start(config.signaling_url.clone(), move |event| {
            let _ = sink.unbounded_send(Event::Signaling(event));
        });
        let problem = if !has_webrtc() {
            Some(Problem::NoWebRtc)
        } else if !is_secure() {
            Some(Problem::InsecurePage)
        } else {
            None
        };
        let listeners = listen(&events);
        let mut media = Media::new(events.clone());
        if problem != Some(Problem::NoWebRtc) {
            media.ask_for_both();
        }
        Self {
            config,
            events,
            signaling,
            signaling_state: SignalingState::Connecting,
            media,
            room: None,
            ice_servers: None,
            peers: HashMap::new(),
            name: String::new(),
            session_id: random_id(),
            problem,
            serial: 0,
            _listeners: listeners,
        }
    }

    /// Takes events until their senders are gone; publishes the state when it has changed: at once after what the
    /// person did, within [`SHOWN_WITHIN`] after what the network brought.
    pub async fn run(mut self, mut queue: UnboundedReceiver<Event>, publish: impl Fn(CallState)) {
        let mut shown = CallState::default();
        self.publish(&mut shown, &publish);
        let mut due: Option<TimeoutFuture> = None;
        loop {
            let event = match due.take() {
                None => queue.next().await,
                Some(timer) => match select(queue.next(), timer).await {
                    Either::Left((event, timer)) => {
                        due = Some(timer);
                        event
                    }
                    Either::Right(_) => {
                        self.publish(&mut shown, &publish);
                        continue;
                    }
                },
            };
            let Some(event) = event else { return };
            let at_once = event.shows_at_once();
            self.handle(event);
            if at_once {
                due = None;
                self.publish(&mut shown, &publish);
            } else if due.is_none() {
                due = Some(TimeoutFuture::new(SHOWN_WITHIN));
            }
        }
    }

    fn publish(&mut self, shown: &mut CallState, publish: &impl Fn(CallState)) {
        self.media.fit(self.peers.len());
        let state = self.state(shown);
        if state != *shown {
            *shown = state.clone();
            publish(state);
        }
    }

    fn state(&self, shown: &CallState) -> CallState {
        let mut peers: Vec<&Peer> = Vec::new();
        for peer in self.peers.values() {
            let later = peers.partition_point(|other| other.view.key < peer.view.key);
            peers.insert(later, peer);
        }
        CallState {
            stage: match &self.room {
                None => Stage::Lobby,
                Some(room) if room.entered => Stage::InCall,
                Some(_) => Stage::Entering,
            },
            room: self.room.as_ref().map(|room| room.name.clone()),
            signaling: self.signaling_state,
            local: self.media.view(&shown.local),
            peers: peers.into_iter().map(|peer| peer.view.clone()).collect(),
            problem: self.problem.clone(),
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Command(command) => self.command(command),
            Event::Signaling(event) => self.signaling(event),
            Event::Entered(serial, result) => self.entered(serial, result),
            Event::Captured(capture) => {
                self.media.captured(capture);
                self.resend(&[Kind::Audio, Kind::Video]);
            }
            Event::TrackEnded(kind, serial) => {
                self.media.ended(kind, serial);
                self.resend(&[kind]);
            }
            Event::Peer(key, event) => self.peer_event(key, event),
            Event::Tick => self.tick(),
            Event::NetworkChanged => self.peers.values_mut().for_each(Peer::try_again),
            Event::Unclaimed(id) => self.welcome(id),
            Event::PageHidden => self.leave(),
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Enter { name, room, intent } if self.room.is_none() => {
                self.name = name;
                self.problem = None;
                self.room = Some(Room {
                    name: room,
                    intent,
                    entered: false,
                    request: None,
                    _ticks: None,
                    unclaimed: Vec::new(),
                });
                match self.signaling_state {
                    SignalingState::Online => self.request_entry(),
                    SignalingState::Connecting => {}
                    SignalingState::Offline => self.problem = Some(Problem::ServerUnreachable),
                }
            }
            Command::Enter { .. } => {}
            Command::Leave => self.leave(),
            Command::SetMicrophone(on) => self.switch(Kind::Audio, on),
            Command::SetCamera(on) => self.switch(Kind::Video, on),
            Command::Retry(key) => {
                self.peers.values_mut().filter(|peer| peer.view.key == key).for_each(Peer::try_again);
                self.tick();
            }
            Command::DismissProblem => self.problem = None,
        }
    }

    fn switch(&mut self, kind: Kind, on: bool) {
        self.media.switch(kind, on);
        self.resend(&[kind]);
    }

    fn resend(&mut self, kinds: &[Kind]) {
        let context = context!(self);
        for peer in self.peers.values() {
            for kind in kinds {
                peer.replace_track(*kind, &context);
            }
        }
    }

    fn leave(&mut self) {
        if self.room.take().is_some() {
            self.signaling.emit(event::LEAVE_ROOM, None);
            self.peers.clear();
            self.ice_servers = None;
            // The next stay is another one, even in the same room.
            self.session_id = random_id();
        }
    }

    fn signaling(&mut self, event: SignalingEvent) {
        match event {
            SignalingEvent::Connecting => {
                if self.signaling_state == SignalingState::Online {
                    self.signaling_state = SignalingState::Connecting;
                }
            }
            SignalingEvent::Online(_) => {
                self.signaling_state = SignalingState::Online;
                if matches!(self.problem, Some(Problem::ServerUnreachable | Problem::RequestTimedOut)) {
                    self.problem = None;
                }
                self.request_entry();
            }
            SignalingEvent::Offline(_) => {
                self.signaling_state = SignalingState::Offline;
                // In a call the connections between the participants go on, and the indicator tells the rest.
                let in_call = self.room.as_ref().is_some_and(|room| room.entered);
                if !in_call && self.problem.is_none() {
                    self.problem = Some(Problem::ServerUnreachable);
                }
            }
            SignalingEvent::Received(event) => self.server_event(event),
        }
    }

    /// Asks the server to let one in; after a reconnect, in again.
    fn request_entry(&mut self) {
        let Some(room) = &mut self.room else { return };
        self.serial += 1;
        let serial = self.serial;
        let event = match room.intent {
            Intent::Create => event::CREATE_ROOM,
            Intent::Join => event::JOIN_ROOM,
        };
        let answer = self.signaling.request(event, Some(json!(room.name)));
        let events = self.events.clone();
        let task = Task::spawn(async move {
            let _ = events.unbounded_send(Event::Entered(serial, answer.await));
        });
        room.request = Some((serial, task));
    }

    fn entered(&mut self, serial: u64, result: Result<Value, RequestError>) {
        let Some(room) = &mut self.room else { return };
        if room.request.take_if(|(current, _)| *current == serial).is_none() {
            return;
        }
        let problem = match result.map(serde_json::from_value::<Entered>) {
            Ok(Ok(answer)) if answer.success => {
                room.entered = true;
                let events = self.events.clone();
                room._ticks = Some(Task::spawn(async move {
                    loop {
                        TimeoutFuture::new(TICK).await;
                        let _ = events.unbounded_send(Event::Tick);
                    }
                }));
                // The room is there now: coming back to it after a loss is joining it.
                room.intent = Intent::Join;
                self.ice_servers = answer.ice_servers;
                self.meet(answer.existing_users.unwrap_or_default());
                return;
            }
            Ok(Ok(answer)) => match answer.error {
                Some(error) => Problem::Refused(error.code),
                None => Problem::RefusedWithoutReason,
            },
            Ok(Err(_)) => Problem::RefusedWithoutReason,
            // The next connection asks again.
            Err(RequestError::Offline) => return,
            Err(RequestError::TimedOut) => Problem::RequestTimedOut,
        };
        self.problem = Some(problem);
        if !room.entered {
            self.room = None;
        }
    }

    /// These are in the room, and will offer, unless we are connected already: then the server was lost and found, and
    /// everybody has a new id. So we say who we are.
    fn meet(&mut self, existing: Vec<UserId>) {
        for peer in self.peers.values_mut() {
            peer.listed = false;
        }
        let returning = !self.peers.is_empty();
        for id in existing {
            let context = context!(self);
            if let Some(peer) = self.peers.get_mut(&id) {
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
        let missing = self.peers.values().any(|peer| !peer.listed && peer.session.is_some());
        if !missing || self.peers.contains_key(&id) {
            return self.welcome(id);
        }
        let Some(room) = self.room.as_mut().filter(|room| room.unclaimed.len() < MAX_PEERS) else { return };
        let (events, somebody) = (self.events.clone(), id.clone());
        let timer = Task::spawn(async move {
            TimeoutFuture::new(CLAIM_WITHIN).await;
            let _ = events.unbounded_send(Event::Unclaimed(somebody));
        });
        room.unclaimed.push((id, timer));
    }

    /// A newcomer is offered a connection.
    fn welcome(&mut self, id: UserId) {
        self.claim(&id);
        self.add_peer(id, Role::Impolite);
    }

    fn claim(&mut self, id: &UserId) {
        if let Some(room) = &mut self.room {
            room.unclaimed.retain(|(unclaimed, _)| unclaimed != id);
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
        self.signaling.emit(event::ICE_CANDIDATE, Some(json!({ "target": to, "candidate": candidate })));
    }

    /// Somebody said who he or she is.
    fn introduced(&mut self, from: UserId, introduction: Introduction) {
        self.claim(&from);
        let known_as = if self.peers.contains_key(&from) {
            Some(from.clone())
        } else {
            let session = Some(&introduction.session);
            let known = self.peers.iter().find(|(_, peer)| !peer.listed && peer.session.as_ref() == session);
            known.map(|(id, _)| id.clone())
        };
        match (known_as, introduction.acquaintance) {
            // We believed to be connected, and are not.
            (_, Acquaintance::Stranger) => {
                self.peers.remove(&from);
                self.add_peer(from, Role::Impolite);
            }
            (None, Acquaintance::Connected) => self.introduce(&from, Acquaintance::Stranger),
            (None, Acquaintance::Unknown) => self.add_peer(from, Role::Impolite),
            (Some(known_as), acquaintance) => {
                let context = context!(self);
                if let Some(mut peer) = self.peers.remove(&known_as) {
                    peer.found(from.clone(), &context);
                    self.peers.insert(from.clone(), peer);
                }
                if acquaintance == Acquaintance::Unknown {
                    self.introduce(&from, Acquaintance::Connected);
                }
            }
        }
    }

    fn server_event(&mut self, event: ServerEvent) {
        if self.room.is_none() {
            return;
        }
        match event {
            ServerEvent::UserJoined(id) => self.somebody_joined(id),
            ServerEvent::UserLeft(id) => {
                self.claim(&id);
                // Perhaps only the way to the server was lost: as long as there are signs of life, nobody has left.
                if let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.has_control()) {
                    peer.listed = false;
                } else {
                    self.peers.remove(&id);
                }
            }
            ServerEvent::Description { from, description } => {
                self.claim(&from);
                if !self.peers.contains_key(&from) {
                    self.add_peer(from.clone(), Role::Polite);
                }
                let context = context!(self);
                if let Some(peer) = self.peers.get_mut(&from) {
                    let (key, news) = (peer.view.key, peer.receive_description(description, Way::Signaling, &context));
                    self.heed(key, news);
                }
            }
            ServerEvent::Candidate { from, candidate: Some(IceCandidate { introduction: Some(introduction), .. }) } => {
                self.introduced(from, introduction);
            }
            ServerEvent::Candidate { from, candidate } => {
                let context = context!(self);
                if let (Some(peer), Some(candidate)) = (self.peers.get_mut(&from), candidate) {
                    peer.receive_candidate(candidate, &context);
                }
            }
            ServerEvent::Refused(refused) => {
                describe(&format!("the server refused {}: {}", refused.event, refused.error.message));
            }
        }
    }

    fn add_peer(&mut self, id: UserId, role: Role) {
        if self.peers.len() >= MAX_PEERS && !self.peers.contains_key(&id) {
            return;
        }
        self.serial += 1;
        let context = context!(self);
        let servers = self.ice_servers.as_ref().unwrap_or(&self.config.ice_servers);
        match Peer::new(id.clone(), self.serial, role, servers, &context, self.events.clone()) {
            // Takes the place of an older connection with the same id, which closes.
            Ok(peer) => drop(self.peers.insert(id, peer)),
            Err(error) => {
                describe(&format!("{id}: no peer connection: {error}"));
                self.problem = Some(Problem::NoConnection(error.to_string()));
            }
        }
    }

    fn tick(&mut self) {
        let context = context!(self);
        let news: Vec<_> = self.peers.values_mut().map(|peer| (peer.view.key, peer.tick(&context))).collect();
        for (key, news) in news {
            self.heed(key, news);
        }
    }

    fn peer_event(&mut self, key: u64, event: PeerConnectionEvent) {
        let context = context!(self);
        let Some(peer) = self.peers.values_mut().find(|peer| peer.view.key == key) else { return };
        let news = peer.handle(event, &context);
        self.heed(key, news);
    }

    fn heed(&mut self, key: u64, news: Option<News>) {
        let Some(id) = self.peers.iter().find(|(_, peer)| peer.view.key == key).map(|(id, _)| id.clone()) else {
            return;
        };
        match news {
            None => {}
            Some(News::Identified) => self.replace_older(&id),
            Some(News::Ended) => drop(self.peers.remove(&id)),
            Some(News::StartedAnew(offer)) => {
                self.add_peer(id.clone(), Role::Polite);
                let context = context!(self);
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.receive_description(offer, Way::Signaling, &context);
                }
            }
        }
    }

    /// Once a participant who came back as somebody new is connected, the connection from before is not needed.
    fn replace_older(&mut self, id: &UserId) {
        let Some(peer) = self.peers.get(id) else { return };
        if peer.session.is_none() || peer.view.connection != super::ConnectionState::Connected {
            return;
        }
        let (session, key) = (peer.session.clone(), peer.view.key);
        self.peers.retain(|_, other| other.view.key >= key || other.session != session);
    }
}

/// What tells of the network and of the page's end.
fn listen(events: &UnboundedSender<Event>) -> Vec<Listener> {
    let Some(window) = web_sys::window() else { return Vec::new() };
    let on = |target: &web_sys::EventTarget, name, event: fn() -> Event| {
        let events = events.clone();
        Listener::new(target, name, move |_| {
            let _ = events.unbounded_send(event());
        })
    };
    let mut listeners =
        vec![on(&window, "pagehide", || Event::PageHidden), on(&window, "online", || Event::NetworkChanged)];
    if let Some(network) = browser::network_information() {
        listeners.push(on(&network, "change", || Event::NetworkChanged));
    }
    // Timers of a hidden page run late.
    listeners.extend(window.document().map(|document| on(&document, "visibilitychange", || Event::Tick)));
    listeners
}
