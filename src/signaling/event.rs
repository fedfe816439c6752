//! The events that the signaling client reports, and the reasons for a lost connection. Values only.

use vitrine_protocol::{server_event::ServerEvent, signaling::UserId};

use super::refusal::Refusal;

/// An event of the signaling connection.
#[derive(Clone, Debug, PartialEq)]
pub enum SignalingEvent {
    /// Connected, under this id.
    Online(UserId),
    /// The connection was lost, or the attempt failed; the next attempt begins by itself.
    Offline(DisconnectReason),
    /// Why attempts fail, if a probe could tell; follows [`SignalingEvent::Offline`].
    Refused(Option<Refusal>),
    /// The server sent an event.
    Received(ServerEvent),
}

/// Why a connection ended, or an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisconnectReason {
    /// The signaling server's address is not a WebSocket address.
    #[error("the address cannot be used: {0}")]
    InvalidUrl(String),
    /// The WebSocket closed or could not be opened.
    #[error("the connection closed: {0}")]
    Closed(String),
    /// The network that carried the connection is gone.
    #[error("the network changed")]
    NetworkChanged,
    /// The server did not open the session, or missed a ping (Engine.IO v4, heartbeat).
    #[error("the server stopped sending")]
    TimedOut,
    /// The server refused the connection.
    #[error("the server refused the connection: {0}")]
    Refused(String),
    /// The server sent something that is not Socket.IO.
    #[error("not a Socket.IO server: {0}")]
    Protocol(String),
}
