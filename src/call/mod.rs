//! The engine. One task owns the call: it takes [`Command`]s from the interface and events from the browser and
//! the signaling server, decides, acts, and publishes a new [`CallState`] after every change.

mod state;

pub use state::*;
