//! The wire: what Vitrine's browsers and its signaling server say to each other, as plain types and as text.
//! No web, no sockets, no clock: everything here can be tested natively.
//!
//! - [`signaling`]: the events that the signaling server carries, and their acknowledgements.
//! - [`control`]: the messages that two participants exchange directly over the `control` data channel.
//! - [`socket_io`]: the Socket.IO text codec that the signaling events travel in.

pub mod control;
pub mod signaling;
pub mod socket_io;
