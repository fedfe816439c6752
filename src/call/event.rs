//! What the engine reacts to, and the sender that every part of the call is given. Callbacks of the browser and tasks turn
//! what happened into an [`Event`] and enqueue it; they decide nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use gloo_timers::future::TimeoutFuture;
use vitrine_protocol::signaling::{IceServersAck, JoinAck};
use wasm_bindgen::JsValue;

use super::{
    device_event::{MediaEvent, ScreenEvent},
    room::Timer,
    state::Command,
};
use crate::{
    browser::{Listener, PeerConnectionEvent, Task, network_information},
    signaling::{RequestError, SignalingEvent},
};

/// How often [`Event::Tick`] is sent, in milliseconds.
const TICK: u32 = 250;

/// What the engine reacts to.
pub enum Event {
    /// The user asks for something.
    Command(Command),
    /// The signaling connection changed, or carried something.
    Signaling(SignalingEvent),
    /// The answer to the entry request of this number.
    EntryAnswered(u64, Result<JoinAck, RequestError>),
    /// A timer of the room fired.
    RoomTimer(Timer),
    /// The answer to the request for ICE servers.
    IceServers(Result<IceServersAck, RequestError>),
    /// Something happened to this side's own devices.
    Media(MediaEvent),
    /// Something happened to the screen that this side shares.
    Screen(ScreenEvent),
    /// Something happened on the connection of the peer with this key.
    Peer(u64, PeerConnectionEvent),
    /// Something happened on a connection of the connection check, with this key.
    Check(u64, PeerConnectionEvent),
    /// The certificate for the page's connections, if the browser made one.
    Certificate(Option<JsValue>),
    /// 250 ms have passed, in a room or during a connection check.
    Tick,
    /// The network may have changed.
    NetworkChanged,
    /// The page is being left.
    PageHidden,
    /// It is time to publish the state.
    PublishDue,
}

impl From<MediaEvent> for Event {
    fn from(event: MediaEvent) -> Self {
        Self::Media(event)
    }
}

impl Event {
    /// Whether the state is published at once: the user expects to see the effect. Entering is not included: it is the
    /// first of many steps.
    pub fn is_urgent(&self) -> bool {
        match self {
            Self::Command(command) => !matches!(command, Command::Enter { .. }),
            Self::Media(MediaEvent::Captured(_)) | Self::Screen(_) | Self::PublishDue => true,
            _ => false,
        }
    }
}

/// Sends events to the engine. A clone sends to the same engine.
#[derive(Clone)]
pub struct Events(UnboundedSender<Event>);

impl Events {
    /// A sender, and the queue that the engine reads.
    pub fn channel() -> (Self, UnboundedReceiver<Event>) {
        let (sender, queue) = unbounded();
        (Self(sender), queue)
    }

    /// Enqueues `event`. Once the engine is gone, this does nothing.
    pub fn send(&self, event: Event) {
        let _ = self.0.unbounded_send(event);
    }

    /// Receives the events of the connection of the peer with this key.
    pub fn of_peer(&self, key: u64) -> impl Fn(PeerConnectionEvent) + Clone + 'static {
        let events = self.clone();
        move |event| events.send(Event::Peer(key, event))
    }

    /// Receives the events of the connection check's connection with this key.
    pub fn of_check(&self, key: u64) -> impl Fn(PeerConnectionEvent) + Clone + 'static {
        let events = self.clone();
        move |event| events.send(Event::Check(key, event))
    }

    /// Sends `event` after so many milliseconds, unless the task is dropped before.
    pub fn send_after(&self, milliseconds: u32, event: Event) -> Task {
        let events = self.clone();
        Task::spawn(async move {
            TimeoutFuture::new(milliseconds).await;
            events.send(event);
        })
    }

    /// Listens for changes of the network and for the end of the page.
    pub fn listen_to_page(&self) -> Vec<Listener> {
        let Some(window) = web_sys::window() else { return Vec::new() };
        let on = |target: &web_sys::EventTarget, name, event: fn() -> Event| {
            let events = self.clone();
            Listener::new(target, name, move |_| events.send(event()))
        };
        let mut listeners =
            vec![on(&window, "pagehide", || Event::PageHidden), on(&window, "online", || Event::NetworkChanged)];
        if let Some(network) = network_information() {
            listeners.push(on(&network, "change", || Event::NetworkChanged));
        }
        // Timers of a hidden page run late.
        listeners.extend(window.document().map(|document| on(&document, "visibilitychange", || Event::Tick)));
        listeners
    }

    /// Sends [`Event::Tick`] until the task is dropped.
    fn start_ticks(&self) -> Task {
        let events = self.clone();
        Task::spawn(async move {
            loop {
                TimeoutFuture::new(TICK).await;
                events.send(Event::Tick);
            }
        })
    }
}

/// [`Event::Tick`]s while they are needed.
#[derive(Default)]
pub struct Ticks(Option<Task>);

impl Ticks {
    /// Starts them, or stops them.
    pub fn run_while(&mut self, are_needed: bool, events: &Events) {
        self.0 = are_needed.then(|| self.0.take().unwrap_or_else(|| events.start_ticks()));
    }
}

/// A key that no connection of this page has had before, so that late events of closed connections match nothing.
pub fn next_key() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}
