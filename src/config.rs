//! What the page was told about its deployment: where the signaling server is, which ICE servers to use when the
//! server names none, and which room the link invites to. Read once, from `index.html`'s `<meta>` elements and
//! the page's address.

use vitrine_protocol::signaling::IceServer;

/// The deployment's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// WebSocket URL of the signaling server's Socket.IO endpoint.
    pub signaling_url: String,
    /// ICE servers for a signaling server that acknowledges none.
    pub ice_servers: Vec<IceServer>,
}
