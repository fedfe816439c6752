//! The wire: what Vitrine's browsers and its signaling server say to each other, as plain types and as text.
//! No web, no sockets, no clock: everything here can be tested natively.
//!
//! - [`room`] and [`name`]: what a room and a participant may be called.
//! - [`ice_url`]: what the address of a STUN or TURN server looks like.
//! - [`signaling`]: the events that the signaling server carries, and their acknowledgements.
//! - [`control`]: the messages that two participants exchange directly over the `control` data channel.
//! - [`server_event`]: what a client hears from the signaling server, parsed.
//! - [`socket_io`]: the Socket.IO text codec that the signaling events travel in.
//! - [`json`] and [`wire`]: JSON, and the messages in it, as the page reads and writes them.

pub mod control;
pub mod ice_url;
pub mod json;
pub mod name;
pub mod room;
pub mod server_event;
pub mod signaling;
pub mod socket_io;
mod text;
pub mod wire;
