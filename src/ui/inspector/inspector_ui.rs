//! What the inspector keeps while it is closed. What is drawn is elsewhere.

use leptos::prelude::*;

/// What the inspector keeps while it is closed.
#[derive(Clone, Copy)]
pub struct InspectorUi {
    /// Whose connection is looked at, by [`PeerState::person`](crate::call::PeerState::person); the whole call if none.
    pub person: RwSignal<Option<String>>,
}

impl InspectorUi {
    /// The state at the beginning of a call.
    pub fn new() -> Self {
        Self { person: RwSignal::new(None) }
    }
}
