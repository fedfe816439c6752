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
    signaling::{Entered, IceServer, UserId, event},
};

use super::{
    CallState, Command, Intent, Problem, SignalingState, Stage,
    media::Media,
    peer::{Context, News, Peer},
};
use crate::{
    browser::{Capture, Kind, Listener, PeerConnectionEvent, Task, describe, has_webrtc, is_secure, random_id},
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
    /// Something happened on the peer connection with this serial number.
    Peer(UserId, u64, PeerConnectionEvent),
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
    _page_hidden: Option<Listener>,
}

impl Engine {
    pub fn new(config: Config, events: UnboundedSender<Event>) -> Self {
        let sink = events.clone();
        let signaling = Signaling::start(config.signaling_url.clone(), move |event| {
            let _ = sink.unbounded_send(Event::Signaling(event));
        });
        let hidden = events.clone();
        let page_hidden = web_sys::window().map(|window| {
            Listener::new(&window, "pagehide", move |_| {
                let _ = hidden.unbounded_send(Event::PageHidden);
            })
        });
        let problem = if !has_webrtc() {
            Some(Problem::NoWebRtc)
        } else if !is_secure() {
            Some(Problem::InsecurePage)
        } else {
            None
        };
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
            _page_hidden: page_hidden,
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
            let later = peers.partition_point(|other| other.serial() < peer.serial());
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
            Event::Peer(id, serial, event) => self.peer_event(&id, serial, event),
            Event::PageHidden => self.leave(),
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Enter { name, room, intent } if self.room.is_none() => {
                self.name = name;
                self.problem = None;
                self.room = Some(Room { name: room, intent, entered: false, request: None });
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
            Command::DismissProblem => self.problem = None,
        }
    }

    fn switch(&mut self, kind: Kind, on: bool) {
        self.media.switch(kind, on);
        self.resend(&[kind]);
    }

    fn resend(&mut self, kinds: &[Kind]) {
        let context = context(&self.signaling, &self.media, &self.name, &self.session_id);
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

    /// These are in the room, and will offer. Who was met before and is not listed any more may still be there: the
    /// server may have lost its memory while the connection lives.
    fn meet(&mut self, existing: Vec<UserId>) {
        for (id, peer) in &mut self.peers {
            peer.unlisted = !existing.contains(id);
        }
        for id in existing {
            self.add_peer(id, Role::Polite);
        }
    }

    fn server_event(&mut self, event: ServerEvent) {
        if self.room.is_none() {
            return;
        }
        match event {
            ServerEvent::UserJoined(id) => self.add_peer(id, Role::Impolite),
            ServerEvent::UserLeft(id) => {
                self.peers.remove(&id);
            }
            ServerEvent::Description { from, description } => {
                if !self.peers.contains_key(&from) {
                    self.add_peer(from.clone(), Role::Polite);
                }
                let context = context(&self.signaling, &self.media, &self.name, &self.session_id);
                if let Some(peer) = self.peers.get_mut(&from) {
                    peer.receive_description(description, &context);
                }
            }
            ServerEvent::Candidate { from, candidate } => {
                let context = context(&self.signaling, &self.media, &self.name, &self.session_id);
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
        self.serial += 1;
        let context = context(&self.signaling, &self.media, &self.name, &self.session_id);
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

    fn peer_event(&mut self, id: &UserId, serial: u64, event: PeerConnectionEvent) {
        let context = context(&self.signaling, &self.media, &self.name, &self.session_id);
        let Some(peer) = self.peers.get_mut(id).filter(|peer| peer.serial() == serial) else { return };
        match peer.handle(event, &context) {
            Some(News::Identified) => self.replace_older(id),
            Some(News::Ended) => {
                self.peers.remove(id);
            }
            None => {}
        }
    }

    /// Once a participant who came back under a new id is connected, the connection from before is not needed.
    fn replace_older(&mut self, id: &UserId) {
        let Some(peer) = self.peers.get(id) else { return };
        if peer.session.is_none() || peer.view.connection != super::ConnectionState::Connected {
            return;
        }
        let (session, serial) = (peer.session.clone(), peer.serial());
        self.peers.retain(|_, other| other.serial() >= serial || other.session != session);
    }
}

fn context<'a>(signaling: &'a Signaling, media: &Media, name: &str, session_id: &str) -> Context<'a> {
    let hello = ControlMessage::Hello { name: name.to_owned(), session_id: session_id.to_owned(), version: VERSION };
    Context { signaling, media: media.outgoing(), greeting: [hello, media.announcement()] }
}
