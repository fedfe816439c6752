//! The owner of the call: the room, the peers by their id, the local devices, and the connection to the signaling
//! server. Events come in one at a time; nothing else changes any of it. Other parts of the same owner: [`super::entry`]
//! goes into the room and out of it, [`super::people`] knows who is there.

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender};
use futures_util::{
    StreamExt,
    future::{Either, select},
};
use gloo_timers::future::TimeoutFuture;
use vitrine_protocol::{
    control::{ControlMessage, VERSION},
    json::Json,
    signaling::UserId,
};
use wasm_bindgen::JsValue;

use super::{
    CallState, Command, Problem, SignalingState, Stage,
    check::Check,
    entry::Room,
    ice_servers::IceServerList,
    media::Media,
    peer::{Context, Peer},
    peers::Peers,
};
use crate::{
    browser::{
        self, Capture, Kind, Listener, PeerConnectionEvent, Task, TrackChange, has_webrtc, is_secure, random_id,
    },
    config::Config,
    signaling::{Refusal, RequestError, Signaling, SignalingEvent},
};

/// What the engine reacts to.
pub enum Event {
    /// The person asks for something.
    Command(Command),
    /// The signaling connection changed, or carried something.
    Signaling(SignalingEvent),
    /// The answer to the request with this serial number to enter the room.
    Entered(u64, Result<Json, RequestError>),
    /// Time to repeat the request with this serial number.
    EnterAgain(u64),
    /// The answer to the request for ICE servers.
    IceServers(Result<Json, RequestError>),
    /// The browser answered a request for devices.
    Captured(Capture),
    /// The browser asks the user whether this page may use the device.
    Prompted(Kind),
    /// What was found for a device that was lost.
    LookedAgain(Kind, Capture),
    /// The track with this serial number changed by itself.
    TrackChanged(Kind, u32, TrackChange),
    /// Devices came or went, or may be used now.
    DevicesChanged,
    /// Something happened on the connection of the peer with this key.
    Peer(u64, PeerConnectionEvent),
    /// The certificate for our connections, if there can be one.
    Certificate(Option<JsValue>),
    /// A moment has passed in the room, or in a check.
    Tick,
    /// The network may have changed.
    NetworkChanged,
    /// Somebody who came into the room while we looked for people we know is to be taken for a newcomer.
    Unclaimed(UserId),
    /// Somebody's connection has ended a while ago.
    Missed(UserId),
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

/// How often the peers are looked after, in milliseconds.
const TICK: u32 = 250;
/// After how many ticks a device that another program holds is asked for again.
const TICKS_OF_PATIENCE: u32 = 20;

pub struct Engine {
    pub(super) config: Config,
    pub(super) events: UnboundedSender<Event>,
    pub(super) signaling: Signaling,
    pub(super) signaling_state: SignalingState,
    /// Why there is no connection to the server, if that was found out.
    pub(super) refusal: Option<Refusal>,
    pub(super) media: Media,
    pub(super) certificate: Option<JsValue>,
    _certificate: Task,
    pub(super) room: Option<Room>,
    pub(super) ice_servers: IceServerList,
    pub(super) check: Option<Check>,
    pub(super) peers: Peers,
    pub(super) name: String,
    pub(super) session_id: String,
    pub(super) problem: Option<Problem>,
    pub(super) ticks: u32,
    /// Numbers connections and requests, so that what comes late is told apart.
    pub(super) serial: u64,
    /// When the server was lost last, in milliseconds of the page's clock.
    pub(super) lost_at: f64,
    /// The server refused something; that is told once.
    pub(super) refused: bool,
    pub(super) _listeners: Vec<Listener>,
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
        let sink = events.clone();
        let certificate = Task::spawn(async move {
            let _ = sink.unbounded_send(Event::Certificate(browser::make_certificate().await));
        });
        let mut media = Media::new(events.clone());
        if problem != Some(Problem::NoWebRtc) {
            media.ask_for_both();
        }
        Self {
            config,
            events,
            signaling,
            signaling_state: SignalingState::Connecting,
            refusal: None,
            media,
            certificate: None,
            _certificate: certificate,
            room: None,
            ice_servers: IceServerList::default(),
            check: None,
            peers: Peers::default(),
            name: String::new(),
            session_id: random_id(),
            problem,
            ticks: 0,
            serial: 0,
            lost_at: f64::NEG_INFINITY,
            refused: false,
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
        CallState {
            stage: match &self.room {
                None => Stage::Lobby,
                Some(room) if room.entered => Stage::InCall,
                Some(_) => Stage::Entering,
            },
            room: self.room.as_ref().map(|room| room.name.clone()),
            signaling: self.signaling_state,
            refusal: self.refusal,
            local: self.media.view(&shown.local),
            peers: self.peers.iter().map(|peer| peer.view.clone()).collect(),
            departures: self.peers.departures().to_vec(),
            problem: self.problem.clone(),
            check: self.check.as_ref().and_then(|check| check.lines.clone()),
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Command(command) => self.command(command),
            Event::Signaling(event) => self.signaling(event),
            Event::Entered(serial, result) => self.entered(serial, result),
            Event::EnterAgain(serial) => {
                let current = self.room.as_ref().and_then(|room| room.request.as_ref());
                if current.is_some_and(|(current, _)| *current == serial) {
                    self.request_entry();
                }
            }
            Event::IceServers(result) => self.ice_servers_answered(result),
            Event::Captured(capture) => {
                self.media.captured(capture);
                self.resend(&[Kind::Audio, Kind::Video]);
            }
            Event::Prompted(kind) => self.media.prompted(kind),
            Event::LookedAgain(kind, capture) => {
                self.media.looked_again(kind, capture);
                self.resend(&[kind]);
            }
            Event::TrackChanged(kind, serial, change) => {
                self.media.changed(kind, serial, change);
                self.resend(&[kind]);
            }
            Event::DevicesChanged => self.media.devices_changed(),
            Event::Peer(key, event) => self.peer_event(key, event),
            Event::Certificate(certificate) => self.certificate = certificate,
            Event::Tick => {
                self.ticks = self.ticks.wrapping_add(1);
                if self.ticks.is_multiple_of(TICKS_OF_PATIENCE) && self.media.waits_for_another_program() {
                    self.media.look_again();
                }
                self.refresh_ice_servers();
                self.tick_check();
                self.tick();
            }
            Event::NetworkChanged => {
                self.ice_servers.network_changed();
                self.peers.iter_mut().for_each(Peer::try_again);
            }
            Event::Unclaimed(id) => self.welcome(id),
            Event::Missed(id) => self.missed(&id),
            Event::PageHidden => self.leave(),
        }
    }

    /// The peers, and what they need of the rest.
    pub(super) fn split(&mut self) -> (Context<'_>, &mut Peers) {
        let hello =
            ControlMessage::Hello { name: self.name.clone(), session_id: self.session_id.clone(), version: VERSION };
        let in_room = self.room.as_ref().is_some_and(|room| room.entered && room.request.is_none());
        let context = Context {
            signaling: &self.signaling,
            online: in_room && self.signaling_state == SignalingState::Online,
            certificate: self.certificate.as_ref(),
            media: self.media.outgoing(),
            greeting: [hello, self.media.announcement()],
        };
        (context, &mut self.peers)
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Enter { name, room, intent } => {
                if self.room.is_none() {
                    self.enter(name, room, intent);
                }
            }
            Command::MoveTo { name, room } => self.move_to(name, room),
            Command::Leave => self.leave(),
            Command::SetMicrophone(on) => self.switch(Kind::Audio, on),
            Command::SetCamera(on) => self.switch(Kind::Video, on),
            Command::Retry(key) => {
                self.peers.iter_mut().filter(|peer| peer.view.key == key).for_each(Peer::try_again);
                self.tick();
            }
            Command::DismissProblem => self.problem = None,
            Command::Check => self.start_check(),
            Command::EndCheck => self.check = None,
        }
    }

    fn switch(&mut self, kind: Kind, on: bool) {
        self.media.switch(kind, on);
        self.resend(&[kind]);
    }

    fn resend(&mut self, kinds: &[Kind]) {
        let (context, peers) = self.split();
        for peer in peers.iter() {
            for kind in kinds {
                peer.replace_track(*kind, &context);
            }
        }
    }
}

/// Sends [`Event::Tick`] until it is dropped.
pub(super) fn ticks(events: &UnboundedSender<Event>) -> Task {
    let events = events.clone();
    Task::spawn(async move {
        loop {
            TimeoutFuture::new(TICK).await;
            let _ = events.unbounded_send(Event::Tick);
        }
    })
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
