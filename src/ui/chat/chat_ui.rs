//! What the chat keeps while its panel is closed. What is drawn is elsewhere.

use leptos::prelude::*;

use crate::browser::{store, stored};
use crate::call::chat::ChatName;

const SOUND_KEY: &str = "chat-sound";

/// What the chat keeps while its panel is closed.
#[derive(Clone, Copy)]
pub struct ChatUi {
    /// What the user has typed and not sent.
    pub draft: RwSignal<String>,
    /// To whom it goes; everybody if none.
    pub to: RwSignal<Option<(u64, ChatName)>>,
    /// Whether the log shows its end, and follows it.
    pub at_end: RwSignal<bool>,
    /// The key of the last message that the user has seen.
    pub seen: RwSignal<u64>,
    /// The key of the last message that was told of.
    pub noticed: StoredValue<u64>,
    /// When there was a sound last.
    pub sounded: StoredValue<f64>,
    /// Whether new messages make a sound.
    pub sound: RwSignal<bool>,
    /// How many messages the user has not seen.
    pub unread: RwSignal<usize>,
}

impl ChatUi {
    /// The state at the beginning of a call.
    pub fn new() -> Self {
        Self {
            draft: RwSignal::new(String::new()),
            to: RwSignal::new(None),
            at_end: RwSignal::new(true),
            seen: RwSignal::new(0),
            noticed: StoredValue::new(0),
            sounded: StoredValue::new(f64::MIN),
            sound: RwSignal::new(stored(SOUND_KEY).as_deref() != Some("off")),
            unread: RwSignal::new(0),
        }
    }

    /// Switches the sound on or off, now and for the next visit.
    pub fn set_sound(self, on: bool) {
        self.sound.set(on);
        store(SOUND_KEY, if on { "on" } else { "off" });
    }
}
