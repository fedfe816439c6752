//! The wire protocol of Vitrine's browsers and its signaling server: message types, their limits and their text codec.
//! No web, no sockets, no clock, so everything here is tested natively.
//!
//! - [`room`] and [`name`]: the rules for names of rooms and participants.
//! - [`ice_url`]: the check of STUN and TURN URLs.
//! - [`signaling`]: the data of signaling events, and their acknowledgements.
//! - [`chat`]: the rules for the text of chat messages, and the limits of the chat.
//! - [`control`]: the messages that two participants exchange over the `control` data channel.
//! - [`client_event`] and [`server_event`]: the events that a client sends and receives, each as one type.
//! - [`socket_io`]: the Socket.IO text codec of the signaling events.
//! - [`rate_limiter`]: the token bucket that page, server and relay share.
//! - [`json_limits`]: the largest size and nesting of JSON text that is parsed.
//!
//! Messages derive `Serialize` and `Deserialize` here and nowhere else. Browsers parse text with `JSON.parse` and
//! `serde-wasm-bindgen`, native programs with `serde_json`.

pub mod chat;
pub mod client_event;
pub mod control;
pub mod ice_url;
pub mod json_limits;
pub mod name;
pub mod rate_limiter;
pub mod room;
pub mod server_event;
pub mod signaling;
pub mod socket_io;
mod text;
