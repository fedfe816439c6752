//! Listens to the microphone: a task of its own, which wakes the engine only when what it hears has changed. What the
//! loudness means is decided in [`super::super::voice`].

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use gloo_timers::future::TimeoutFuture;
use web_sys::MediaStreamTrack;

use crate::{
    browser::{self, AudioMeter, ReceivedLevel, Task, now},
    call::{
        device_event::{MediaEvent, Voice},
        event::Events,
        voice::{VoiceActivity, meter_level},
        voice_hints::{Reading, VoiceHints},
    },
};

/// How often the loudness is read, in milliseconds.
const INTERVAL: u32 = 125;

/// After how many readings a meter that the browser does not run is started again.
const READINGS_PER_RESUME: u32 = 8;

/// What to listen for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attention {
    /// What the microphone hears is sent.
    pub is_sent: bool,
    /// A meter is shown.
    pub shows_level: bool,
}

/// What changes while a monitor runs.
enum Change {
    Attention(Attention),
    Others(Vec<ReceivedLevel>),
}

/// A running monitor of one track; stopped on drop.
pub struct Monitor {
    track: MediaStreamTrack,
    attention: Attention,
    /// Keys of the connections whose loudness is read.
    others: Vec<u64>,
    changes: UnboundedSender<Change>,
    _task: Task,
}

impl Monitor {
    /// Begins to listen to `track`. What is heard is sent as [`MediaEvent::Heard`].
    pub fn new(track: &MediaStreamTrack, attention: Attention, events: Events) -> Self {
        let (changes, queue) = unbounded();
        let heard = Clone::clone(track);
        let task = Task::spawn(listen(heard, attention, queue, events));
        Self { track: Clone::clone(track), attention, others: Vec::new(), changes, _task: task }
    }

    /// Whether it listens to `track`.
    pub fn is_of(&self, track: &MediaStreamTrack) -> bool {
        self.track == *track
    }

    /// Listens for this from now on.
    pub fn set_attention(&mut self, attention: Attention) {
        if self.attention != attention {
            self.attention = attention;
            let _ = self.changes.unbounded_send(Change::Attention(attention));
        }
    }

    /// Compares the microphone with what these connections receive, to find an echo.
    pub fn set_others(&mut self, levels: Vec<(u64, ReceivedLevel)>) {
        let (keys, levels): (Vec<_>, Vec<_>) = levels.into_iter().unzip();
        if self.others != keys {
            self.others = keys;
            let _ = self.changes.unbounded_send(Change::Others(levels));
        }
    }
}

async fn listen(
    track: MediaStreamTrack,
    mut attention: Attention,
    mut changes: UnboundedReceiver<Change>,
    events: Events,
) {
    let mut meter = match AudioMeter::new(&track) {
        Ok(meter) => meter,
        Err(error) => return browser::log(&format!("the microphone cannot be metered: {error}")),
    };
    let (mut activity, mut told, mut idle) = (VoiceActivity::default(), Voice::default(), 0_u32);
    let (mut hints, mut others): (_, Vec<ReceivedLevel>) = (VoiceHints::default(), Vec::new());
    loop {
        TimeoutFuture::new(INTERVAL).await;
        while let Ok(changed) = changes.try_recv() {
            match changed {
                Change::Attention(changed) => {
                    if changed.is_sent != attention.is_sent {
                        activity = VoiceActivity::default();
                    }
                    attention = changed;
                }
                Change::Others(levels) => others = levels,
            }
        }
        let Some(loudness) = meter.loudness() else {
            if idle.is_multiple_of(READINGS_PER_RESUME) {
                meter.resume();
            }
            idle = idle.wrapping_add(1);
            continue;
        };
        let at = now();
        let is_speaking = activity.sample(loudness, at) && attention.is_sent;
        let loudest = others.iter().map(ReceivedLevel::last_read).fold(0.0, f32::max);
        let hint = hints.sample(Reading { at, loudness, is_sent: attention.is_sent, others: loudest });
        let level = if attention.shows_level { meter_level(loudness) } else { 0 };
        let voice = Voice { is_speaking, level, hint };
        if voice != told {
            told = voice;
            events.send(MediaEvent::Heard(voice).into());
        }
    }
}
