//! The engine. One task owns the call: it takes [`Command`]s from the interface and events from the browser and
//! the signaling server, decides, acts, and publishes a new [`CallState`] after every change. How things look is
//! not decided here, and no callback of the browser's does more than enqueue an event.

mod budget;
mod check;
mod control;
mod delivery;
mod engine;
mod entry;
mod ice_servers;
mod media;
mod path;
mod peer;
mod peers;
mod people;
mod state;

use futures_channel::mpsc::UnboundedSender;

use self::engine::{Engine, Event};
use crate::{browser::Task, config::Config};

pub use state::*;

/// The running engine; the call ends when this is dropped.
pub struct Call {
    events: UnboundedSender<Event>,
    _task: Task,
}

impl Call {
    /// Starts the engine: connects to the signaling server, asks for microphone and camera, and hands every new
    /// state to `publish`.
    pub fn start(config: Config, publish: impl Fn(CallState) + 'static) -> Self {
        let (events, queue) = futures_channel::mpsc::unbounded();
        let engine = Engine::new(config, events.clone());
        Self { events, _task: Task::spawn(engine.run(queue, publish)) }
    }

    /// Asks something of the engine.
    pub fn send(&self, command: Command) {
        let _ = self.events.unbounded_send(Event::Command(command));
    }
}
