//! How loud the sound that a connection receives is, from the statistics of its receiver. They arrive asynchronously;
//! `getSynchronizationSources()` would block the page until another thread has answered. One reads, and others look at what
//! was read.

use std::{cell::RefCell, rc::Rc};

use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RtcRtpReceiver, RtcStatsReport};

/// Browsers sum the squares of peaks, one for each 100 ms, not of samples (libwebrtc, `audio_level.cc`). The peak of a voice
/// is about this many times its root mean square.
const PEAK_OF_VOICE: f64 = 3.0;

/// The loudness of the sound of one receiver. A clone looks at the same one.
#[derive(Clone)]
pub struct ReceivedLevel {
    receiver: RtcRtpReceiver,
    last: Rc<RefCell<Last>>,
}

/// What was read last.
#[derive(Default)]
struct Last {
    /// The id of the receiver's report, once there is one.
    id: Option<String>,
    sound: Option<Sound>,
    level: f32,
}

/// What is read of an `inbound-rtp` report (webrtc-stats §8.4).
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sound {
    /// In milliseconds.
    timestamp: f64,
    total_audio_energy: f64,
    /// In seconds.
    total_samples_duration: f64,
}

impl ReceivedLevel {
    pub(super) fn new(receiver: RtcRtpReceiver) -> Self {
        Self { receiver, last: Rc::default() }
    }

    /// Reads how loud the sound has been since the last reading, in 0..=1, as a root mean square; 0 if there was none.
    pub async fn read(&self) -> f32 {
        let report = JsFuture::from(self.receiver.get_stats()).await.ok();
        let known = self.last.borrow().id.clone();
        let entry = report.and_then(|report| entry_in(report.unchecked_ref(), known.as_deref()));
        let id = entry.as_ref().and_then(|entry| text(entry, "id"));
        let sound: Option<Sound> = entry.and_then(|entry| serde_wasm_bindgen::from_value(entry).ok());
        let mut last = self.last.borrow_mut();
        last.id = id;
        // Browsers give the same report again when they are asked within 50 ms.
        if sound.map(|sound| sound.timestamp) != last.sound.map(|sound| sound.timestamp) {
            let before = std::mem::replace(&mut last.sound, sound);
            last.level = before.zip(sound).map(|(before, sound)| sound.loudness_since(before)).unwrap_or_default();
        }
        last.level
    }

    /// What was read last.
    pub fn last_read(&self) -> f32 {
        self.last.borrow().level
    }

    /// Nobody reads any more: what was read last is no longer true.
    pub fn forget(&self) {
        *self.last.borrow_mut() = Last::default();
    }
}

/// The report on what is received. To find it among the others is dear, so its id is remembered.
fn entry_in(report: &RtcStatsReport, known: Option<&str>) -> Option<JsValue> {
    let is_inbound = |entry: &JsValue| text(entry, "type").as_deref() == Some("inbound-rtp");
    let entry = known.and_then(|id| report.get(id)).map(JsValue::from);
    entry.or_else(|| report.values().into_iter().flatten().find(is_inbound))
}

impl Sound {
    fn loudness_since(self, before: Self) -> f32 {
        let energy = self.total_audio_energy - before.total_audio_energy;
        let seconds = self.total_samples_duration - before.total_samples_duration;
        if energy > 0.0 && seconds > 0.0 { ((energy / seconds).sqrt() / PEAK_OF_VOICE) as f32 } else { 0.0 }
    }
}

fn text(entry: &JsValue, name: &str) -> Option<String> {
    js_sys::Reflect::get(entry, &name.into()).ok()?.as_string()
}
