//! How the connections of a room stand, as seen from each of their ends.

use vitrine_protocol::control::{MeshLink, MeshLinkState};

/// How a connection stands, as seen from one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeshCell {
    /// Who sees it: the peer with this key, or this side.
    pub from: Option<u64>,
    /// Who is at the other end.
    pub to: Option<u64>,
    /// How it stands.
    pub state: MeshLinkState,
    /// The round-trip time, in milliseconds.
    pub round_trip: Option<u32>,
}

impl MeshCell {
    /// As `from` sees its link to `to`.
    pub fn new(from: Option<u64>, to: Option<u64>, link: &MeshLink) -> Self {
        Self { from, to, state: link.state, round_trip: link.round_trip }
    }
}
