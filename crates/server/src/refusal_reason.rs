//! The reasons for which connections are refused, with their names in the metrics and their texts in the log. Whether to
//! log a refusal is [`crate::refusal_log`]'s business.

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The page's origin is not allowed.
    Origin,
    /// The address has too many open signaling connections.
    Connections,
    /// The address connects too often.
    Rate,
    /// A WebSocket's handshake came without its `Upgrade` header.
    Upgrade,
    /// The client speaks another version or transport.
    Protocol,
    /// The address has too many open HTTP connections.
    Http,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 6] = [Self::Origin, Self::Connections, Self::Rate, Self::Upgrade, Self::Protocol, Self::Http];

    /// Stable name, for the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Connections => "connections",
            Self::Rate => "rate",
            Self::Upgrade => "upgrade",
            Self::Protocol => "protocol",
            Self::Http => "http",
        }
    }

    /// What happened and what can be done, for the log.
    pub fn explain(self) -> &'static str {
        match self {
            Self::Origin => "its page is of an origin that --allowed-origin does not name",
            Self::Connections => "its address has as many connections as --max-connections-per-address allows",
            Self::Rate => "its address connects too often for --max-connections-per-address",
            Self::Upgrade => {
                "its WebSocket came without the Upgrade header: a proxy on the way has to pass Upgrade and Connection on"
            }
            Self::Protocol => "it speaks neither WebSocket nor long-polling of Engine.IO 4",
            Self::Http => "its address has as many HTTP connections as the limit allows",
        }
    }
}
