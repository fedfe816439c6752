//! Listens whether a peer speaks: a task of its own, which wakes the engine only when that changes. What loudness means is
//! decided in [`crate::call::voice`].

use gloo_timers::future::TimeoutFuture;

use super::negotiator::Negotiator;
use crate::{
    browser::{PeerConnectionEvent, ReceivedLevel, Task, now},
    call::voice::VoiceActivity,
};

/// How often the loudness is read, in milliseconds.
const INTERVAL: u32 = 125;

/// Whether the peer speaks. Nothing runs unless it may.
#[derive(Default)]
pub struct Ear {
    task: Option<Task>,
    is_speaking: bool,
}

impl Ear {
    /// Whether the peer speaks.
    pub fn hears_speech(&self) -> bool {
        self.is_speaking
    }

    /// Listens to what the connection receives as long as the peer `may_speak`.
    pub fn listen(&mut self, may_speak: bool, negotiator: &Negotiator) {
        if !may_speak {
            *self = Self::default();
        } else if self.task.is_none() {
            let level = negotiator.connection().received_level();
            self.task = level.map(|level| Task::spawn(listen(level, negotiator.sink())));
        }
    }

    /// The peer begins or ends to speak.
    pub fn heard(&mut self, is_speaking: bool) {
        // An event that was on its way when the task ended is late.
        self.is_speaking = is_speaking && self.task.is_some();
    }
}

async fn listen(mut level: ReceivedLevel, sink: impl Fn(PeerConnectionEvent)) {
    let (mut activity, mut told) = (VoiceActivity::of_packets(), false);
    loop {
        TimeoutFuture::new(INTERVAL).await;
        let is_speaking = activity.sample(level.read(), now());
        if is_speaking != told {
            told = is_speaking;
            sink(PeerConnectionEvent::Speaking(is_speaking));
        }
    }
}
