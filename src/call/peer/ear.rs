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
/// The same while the peer has long been silent: most of a room is, most of the time, and a reading costs the browser
/// a report of statistics.
const INTERVAL_IN_SILENCE: u32 = 375;
/// How long a silence is long, in milliseconds.
const LONG_SILENCE: f64 = 3_000.0;
/// What is no louder is silence.
const SILENCE: f32 = 0.003;

/// Whether the peer speaks. Nothing runs unless it may.
#[derive(Default)]
pub struct Ear {
    task: Option<Task>,
    level: Option<ReceivedLevel>,
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
            let ended = std::mem::take(self);
            ended.level.inspect(ReceivedLevel::forget);
        } else if self.task.is_none() {
            self.level = negotiator.connection().received_level();
            self.task = self.level.clone().map(|level| Task::spawn(listen(level, negotiator.sink())));
        }
    }

    /// The peer begins or ends to speak.
    pub fn heard(&mut self, is_speaking: bool) {
        // An event that was on its way when the task ended is late.
        self.is_speaking = is_speaking && self.task.is_some();
    }
}

async fn listen(level: ReceivedLevel, sink: impl Fn(PeerConnectionEvent)) {
    let (mut activity, mut told, mut last_sound) = (VoiceActivity::default(), false, now());
    loop {
        let is_silent = now() - last_sound > LONG_SILENCE;
        TimeoutFuture::new(if is_silent { INTERVAL_IN_SILENCE } else { INTERVAL }).await;
        let loudness = level.read().await;
        if loudness > SILENCE {
            last_sound = now();
        }
        let is_speaking = activity.sample(loudness, now());
        if is_speaking != told {
            told = is_speaking;
            sink(PeerConnectionEvent::Speaking(is_speaking));
        }
    }
}
