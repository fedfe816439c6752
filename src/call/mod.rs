//! The call. One task owns it: it takes [`Command`]s from the interface and events from the browser and the signaling
//! server, decides, acts, and publishes a new [`CallState`] after every change. It does not decide how things look.

pub mod chat;
mod connection_check;
mod connector;
mod device_choice;
mod device_event;
mod engine;
mod event;
mod gestures;
mod ice_servers;
mod ice_service;
mod inspector;
mod links;
mod local_media;
mod media;
mod mesh;
mod mesh_cell;
mod peer;
mod publisher;
pub mod room;
mod room_tasks;
mod screen;
mod screen_state;
mod self_report;
mod speaker;
mod state;
mod status;
mod steps;
mod store;
mod voice;
mod voice_hints;

use self::{
    device_event::ScreenEvent,
    engine::Engine,
    event::{Event, Events},
};
use crate::{
    browser::{Task, request_screen},
    config::Config,
};

pub use self::{state::*, steps::*, store::*};

/// The running engine. The call ends when this is dropped.
pub struct Call {
    events: Events,
    _task: Task,
}

impl Call {
    /// Starts the engine: it connects to the signaling server, asks for microphone and camera, and gives every new state
    /// to `publish`.
    pub fn start(config: Config, publish: impl Fn(CallState) + 'static) -> Self {
        let (events, queue) = Events::channel();
        let engine = Engine::new(config, events.clone());
        Self { events, _task: Task::spawn(engine.run(queue, publish)) }
    }

    /// Sends a command to the engine.
    pub fn send(&self, command: Command) {
        self.events.send(match command {
            // Safari asks for a screen only in the handler of the click itself, and the engine is a queue away from it.
            Command::Screen(ScreenCommand::Share) => Event::Screen(ScreenEvent::Requested(request_screen())),
            command => Event::Command(command),
        });
    }
}
