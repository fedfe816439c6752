//! What a client hears from the signaling server, parsed from an event's name and data. Anything else that arrives
//! is told apart as unknown or malformed, never taken for something it is not.

use crate::{
    json::{Json, NoField},
    signaling::{IceCandidate, Refused, SessionDescription, UserId, event},
    wire::Read,
};

/// An event from the signaling server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// Somebody entered the room.
    UserJoined(UserId),
    /// Somebody left the room.
    UserLeft(UserId),
    /// A peer sent an offer or an answer.
    Description {
        /// Who sent it.
        from: UserId,
        /// The offer or answer.
        description: SessionDescription,
    },
    /// A peer sent a candidate.
    Candidate {
        /// Who sent it.
        from: UserId,
        /// The candidate; `None` is a bare end-of-candidates.
        candidate: Option<IceCandidate>,
    },
    /// The server refused something that we sent without asking for an acknowledgement.
    Refused(Refused),
}

/// Why an event could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerEventError {
    /// Not an event of this protocol.
    #[error("unknown event `{0}`")]
    Unknown(String),
    /// The data does not fit the event.
    #[error("malformed `{event}`: {reason}")]
    Malformed {
        /// The event's name.
        event: String,
        /// What does not fit.
        reason: NoField,
    },
}

impl ServerEvent {
    /// Reads the event `name` with its arguments; arguments past the first are ignored.
    ///
    /// # Errors
    /// [`ServerEventError`] for an event that is not of this protocol, or whose data does not fit.
    pub fn parse(name: &str, data: &[Json]) -> Result<Self, ServerEventError> {
        let read = match name {
            event::USER_JOINED => |data: &Json| Ok(Self::UserJoined(data.need("userId", UserId::at)?)),
            event::USER_LEFT => |data: &Json| Ok(Self::UserLeft(data.need("userId", UserId::at)?)),
            event::OFFER => |data: &Json| Self::description(data, "offer"),
            event::ANSWER => |data: &Json| Self::description(data, "answer"),
            event::ICE_CANDIDATE => |data: &Json| {
                let (from, candidate) = (data.need("from", UserId::at)?, data.may("candidate", IceCandidate::at)?);
                Ok(Self::Candidate { from, candidate })
            },
            event::REFUSED => |data: &Json| Refused::read(data).map(Self::Refused),
            _ => return Err(ServerEventError::Unknown(name.to_owned())),
        };
        let data = data.first().unwrap_or(&Json::Null);
        read(data).map_err(|reason| ServerEventError::Malformed { event: name.to_owned(), reason })
    }

    fn description(data: &Json, field: &'static str) -> Result<Self, NoField> {
        let (from, description) = (data.need("from", UserId::at)?, data.need(field, SessionDescription::at)?);
        Ok(Self::Description { from, description })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> [Json; 1] {
        [Json::parse(text).unwrap()]
    }

    #[test]
    fn an_offer_keeps_its_sender_and_its_sdp() {
        let data = json(r#"{"from": "b", "offer": {"type": "offer", "sdp": "v=0"}, "extra": 1}"#);
        let Ok(ServerEvent::Description { from, description }) = ServerEvent::parse("offer", &data) else {
            panic!("not read as a description");
        };
        assert_eq!((from.0.as_str(), description.sdp.as_str()), ("b", "v=0"));
    }

    #[test]
    fn a_candidate_is_kept_whole() {
        let data = json(
            r#"{"from": "b", "candidate": {"candidate": "candidate:1 1 udp 1 10.0.0.1 9 typ host", "sdpMid": "0",
            "sdpMLineIndex": 0, "usernameFragment": "abcd"}}"#,
        );
        let Ok(ServerEvent::Candidate { candidate: Some(candidate), .. }) = ServerEvent::parse("ice-candidate", &data)
        else {
            panic!("not read as a candidate");
        };
        assert_eq!(candidate.username_fragment.as_deref(), Some("abcd"));
        assert_eq!(candidate.sdp_m_line_index, Some(0));
    }

    #[test]
    fn what_is_not_ours_is_told_apart() {
        assert!(matches!(ServerEvent::parse("news", &[]), Err(ServerEventError::Unknown(_))));
        assert!(matches!(ServerEvent::parse("user-left", &[]), Err(ServerEventError::Malformed { .. })));
    }
}
