//! How loud the sound that a connection receives is, as its sender measured it (RFC 6464). Reading it costs next to nothing,
//! unlike statistics.

use super::externs::{Receiver, SynchronizationSource};
use wasm_bindgen::JsCast;

/// The loudness of the sound of one receiver.
pub struct ReceivedLevel {
    receiver: Receiver,
    /// The timestamp of the last packet that was read.
    last: Option<f64>,
}

impl ReceivedLevel {
    pub(super) fn new(receiver: Receiver) -> Self {
        Self { receiver, last: None }
    }

    /// The loudness of the latest packet in 0..=1, as a root mean square; 0 if no packet came since the last reading.
    pub fn read(&mut self) -> f32 {
        let Ok(sources) = self.receiver.synchronization_sources() else { return 0.0 };
        let latest = sources
            .iter()
            .map(|source| source.unchecked_into::<SynchronizationSource>())
            .max_by(|one, other| one.timestamp().total_cmp(&other.timestamp()));
        let Some(source) = latest else { return 0.0 };
        let timestamp = Some(source.timestamp());
        let is_new = std::mem::replace(&mut self.last, timestamp) != timestamp;
        if is_new { source.audio_level().unwrap_or_default() as f32 } else { 0.0 }
    }
}
