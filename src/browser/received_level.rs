//! How loud the sound that a connection receives is, as its sender measured it (RFC 6464). A reading is cheaper than
//! statistics, but no gift: the browser asks another thread and waits for it. So one reads, and others look at what was read.

use std::{cell::Cell, rc::Rc};

use wasm_bindgen::JsCast;

use super::externs::{Receiver, SynchronizationSource};

/// The loudness of the sound of one receiver. A clone looks at the same one.
#[derive(Clone)]
pub struct ReceivedLevel {
    receiver: Receiver,
    last: Rc<Cell<Last>>,
}

/// What was read last.
#[derive(Clone, Copy, Default)]
struct Last {
    /// The timestamp of the packet.
    packet: Option<f64>,
    level: f32,
}

impl ReceivedLevel {
    pub(super) fn new(receiver: Receiver) -> Self {
        Self { receiver, last: Rc::default() }
    }

    /// Reads the loudness of the latest packet in 0..=1, as a root mean square; 0 if no packet came since the last reading.
    pub fn read(&self) -> f32 {
        let latest = self.latest();
        let packet = latest.as_ref().map(SynchronizationSource::timestamp);
        let is_new = packet.is_some() && packet != self.last.get().packet;
        let level = latest.filter(|_| is_new).and_then(|source| source.audio_level()).unwrap_or_default() as f32;
        self.last.set(Last { packet, level });
        level
    }

    /// What was read last.
    pub fn last_read(&self) -> f32 {
        self.last.get().level
    }

    /// Nobody reads any more: what was read last is no longer true.
    pub fn forget(&self) {
        self.last.set(Last::default());
    }

    fn latest(&self) -> Option<SynchronizationSource> {
        let sources = self.receiver.synchronization_sources().ok()?;
        let sources = sources.iter().map(|source| source.unchecked_into::<SynchronizationSource>());
        sources.max_by(|one, other| one.timestamp().total_cmp(&other.timestamp()))
    }
}
