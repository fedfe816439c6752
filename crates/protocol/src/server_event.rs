//! What a client hears from the signaling server, parsed from an event's name and data. Anything else that arrives
//! is told apart as unknown or malformed, never taken for something it is not.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::signaling::{IceCandidate, Presence, Refused, SessionDescription, UserId, event};

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
    #[error("unknown event {0:?}")]
    Unknown(String),
    /// The data does not fit the event.
    #[error("malformed {event:?}: {reason}")]
    Malformed {
        /// The event's name.
        event: String,
        /// What does not fit.
        reason: String,
    },
}

#[derive(Deserialize)]
struct Offer {
    from: UserId,
    offer: SessionDescription,
}

#[derive(Deserialize)]
struct Answer {
    from: UserId,
    answer: SessionDescription,
}

#[derive(Deserialize)]
struct Candidate {
    from: UserId,
    candidate: Option<IceCandidate>,
}

impl ServerEvent {
    /// Reads the event `name` with its arguments; arguments past the first are ignored.
    ///
    /// # Errors
    /// [`ServerEventError`] for an event that is not of this protocol, or whose data does not fit.
    pub fn parse(name: &str, data: Vec<Value>) -> Result<Self, ServerEventError> {
        let argument = data.into_iter().next().unwrap_or(Value::Null);
        Ok(match name {
            event::USER_JOINED => Self::UserJoined(read::<Presence>(name, argument)?.user_id),
            event::USER_LEFT => Self::UserLeft(read::<Presence>(name, argument)?.user_id),
            event::OFFER => {
                let Offer { from, offer } = read(name, argument)?;
                Self::Description { from, description: offer }
            }
            event::ANSWER => {
                let Answer { from, answer } = read(name, argument)?;
                Self::Description { from, description: answer }
            }
            event::ICE_CANDIDATE => {
                let Candidate { from, candidate } = read(name, argument)?;
                Self::Candidate { from, candidate }
            }
            event::REFUSED => Self::Refused(read(name, argument)?),
            _ => return Err(ServerEventError::Unknown(name.to_owned())),
        })
    }
}

fn read<T: DeserializeOwned>(event: &str, argument: Value) -> Result<T, ServerEventError> {
    serde_json::from_value(argument)
        .map_err(|error| ServerEventError::Malformed { event: event.to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_offer_keeps_its_sender_and_its_sdp() {
        let data = vec![json!({"from": "b", "offer": {"type": "offer", "sdp": "v=0"}, "extra": 1})];
        let Ok(ServerEvent::Description { from, description }) = ServerEvent::parse("offer", data) else {
            panic!("not read as a description");
        };
        assert_eq!((from.0.as_str(), description.sdp.as_str()), ("b", "v=0"));
    }

    #[test]
    fn a_candidate_is_kept_whole() {
        let data = vec![json!({"from": "b", "candidate": {
            "candidate": "candidate:1 1 udp 1 10.0.0.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0,
            "usernameFragment": "abcd"}})];
        let Ok(ServerEvent::Candidate { candidate: Some(candidate), .. }) = ServerEvent::parse("ice-candidate", data)
        else {
            panic!("not read as a candidate");
        };
        assert_eq!(candidate.username_fragment.as_deref(), Some("abcd"));
        assert_eq!(candidate.sdp_m_line_index, Some(0));
    }

    #[test]
    fn what_is_not_ours_is_told_apart() {
        assert!(matches!(ServerEvent::parse("news", vec![]), Err(ServerEventError::Unknown(_))));
        assert!(matches!(ServerEvent::parse("user-left", vec![]), Err(ServerEventError::Malformed { .. })));
    }
}
