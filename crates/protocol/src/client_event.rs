//! The events that a client sends to the signaling server, as one type. Only the page uses it: the server has its own
//! parser and forwards payloads byte for byte.

use serde::{Serialize, Serializer};

use crate::signaling::{IceCandidate, SdpType, SessionDescription, UserId, event};

/// An event for the signaling server. It serializes as the payload of a Socket.IO event: an array of name and data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// Create a room of this name and enter it. Acknowledged with [`crate::signaling::JoinAck`].
    CreateRoom(String),
    /// Enter the room of this name. Acknowledged with [`crate::signaling::JoinAck`].
    JoinRoom(String),
    /// Request the current ICE servers. Acknowledged with [`crate::signaling::IceServersAck`].
    IceServers,
    /// Leave the room. Acknowledged with [`crate::signaling::Ack`].
    LeaveRoom,
    /// Forward a signal to a peer.
    ToPeer(ToPeer),
}

/// Data of `offer`, `answer` and `ice-candidate`: a signal for the server to forward, and its receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToPeer {
    /// The receiver.
    pub target: UserId,
    /// The description or candidate.
    #[serde(flatten)]
    pub signal: Signal,
}

/// A message from one peer to another through the server. It serializes as a field of the event's data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// An offer.
    Offer(SessionDescription),
    /// An answer.
    Answer(SessionDescription),
    /// A trickled candidate.
    Candidate(IceCandidate),
}

impl From<SessionDescription> for Signal {
    fn from(description: SessionDescription) -> Self {
        match description.kind {
            SdpType::Offer => Self::Offer(description),
            _ => Self::Answer(description),
        }
    }
}

impl ClientEvent {
    /// The event's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateRoom(_) => event::CREATE_ROOM,
            Self::JoinRoom(_) => event::JOIN_ROOM,
            Self::IceServers => event::ICE_SERVERS,
            Self::LeaveRoom => event::LEAVE_ROOM,
            Self::ToPeer(ToPeer { signal: Signal::Offer(_), .. }) => event::OFFER,
            Self::ToPeer(ToPeer { signal: Signal::Answer(_), .. }) => event::ANSWER,
            Self::ToPeer(ToPeer { signal: Signal::Candidate(_), .. }) => event::ICE_CANDIDATE,
        }
    }
}

impl Serialize for ClientEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = self.name();
        match self {
            Self::CreateRoom(room) | Self::JoinRoom(room) => (name, room).serialize(serializer),
            // A plain server expects the acknowledgement callback as the first argument, so there must be no data.
            Self::IceServers | Self::LeaveRoom => (name,).serialize(serializer),
            Self::ToPeer(data) => (name, data).serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_is_an_array_of_name_and_data() {
        let to_peer = |signal| ClientEvent::ToPeer(ToPeer { target: UserId("b".to_owned()), signal });
        let description = |kind| SessionDescription::new(kind, "v=0");
        let candidate = IceCandidate { candidate: "candidate:1".to_owned(), ..IceCandidate::default() };
        for (event, text) in [
            (ClientEvent::CreateRoom("R".to_owned()), r#"["create-room","R"]"#),
            (ClientEvent::JoinRoom("R".to_owned()), r#"["join-room","R"]"#),
            (ClientEvent::IceServers, r#"["ice-servers"]"#),
            (ClientEvent::LeaveRoom, r#"["leave-room"]"#),
            (
                to_peer(description(SdpType::Offer).into()),
                r#"["offer",{"target":"b","offer":{"type":"offer","sdp":"v=0"}}]"#,
            ),
            (
                to_peer(description(SdpType::Answer).into()),
                r#"["answer",{"target":"b","answer":{"type":"answer","sdp":"v=0"}}]"#,
            ),
            (
                to_peer(Signal::Candidate(candidate)),
                r#"["ice-candidate",{"target":"b","candidate":{"candidate":"candidate:1","sdpMid":null,"sdpMLineIndex":null,"usernameFragment":null}}]"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&event).unwrap(), text);
        }
    }
}
