//! When the state is published: at once after what the user did, within a tenth of a second after anything else, and only if
//! it differs from the last one. What is in it is decided elsewhere.

use super::{
    event::{Event, Events},
    state::CallState,
};
use crate::browser::Task;

/// How long a change may wait to be shown, in milliseconds, unless the user waits for it. A connection is made in many
/// small steps; drawing each of them would delay the next.
const PUBLISH_WITHIN: u32 = 100;

/// Gives states to `publish`.
pub struct Publisher<P> {
    events: Events,
    publish: P,
    published: CallState,
    timer: Option<Task>,
}

impl<P: Fn(CallState)> Publisher<P> {
    /// The first state is due at once.
    pub fn new(events: Events, publish: P) -> Self {
        events.send(Event::PublishDue);
        Self { events, publish, published: CallState::default(), timer: None }
    }

    /// An event was handled. Publishes the state of `view` if it is time to; otherwise it soon will be.
    pub fn handled(&mut self, is_urgent: bool, view: impl FnOnce() -> CallState) {
        if !is_urgent {
            self.timer.get_or_insert_with(|| self.events.send_after(PUBLISH_WITHIN, Event::PublishDue));
            return;
        }
        self.timer = None;
        let state = view();
        if state != self.published {
            self.published = state.clone();
            (self.publish)(state);
        }
    }
}
