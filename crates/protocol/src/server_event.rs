//! The events that a client receives from the signaling server, as one type. An event of an unknown name or with malformed
//! data is an error. Events are not handled here.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor, value::SeqAccessDeserializer},
};

use crate::signaling::{IceCandidate, Presence, Refused, SessionDescription, UserId};

/// An event from the signaling server. It deserializes from the payload of a Socket.IO event: an array of name and data.
/// Further arguments are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", tag = "event", content = "data", rename_all = "kebab-case")]
pub enum ServerEvent {
    /// A participant entered the room.
    UserJoined(Presence),
    /// A participant left the room.
    UserLeft(Presence),
    /// A peer sent an offer.
    Offer {
        /// The sender.
        from: UserId,
        /// The offer.
        offer: SessionDescription,
    },
    /// A peer sent an answer.
    Answer {
        /// The sender.
        from: UserId,
        /// The answer.
        answer: SessionDescription,
    },
    /// A peer sent a candidate.
    IceCandidate {
        /// The sender.
        from: UserId,
        /// The candidate; `None` is a bare end-of-candidates.
        #[serde(default)]
        candidate: Option<IceCandidate>,
    },
    /// The server refused an event that requested no acknowledgement.
    Refused(Refused),
}

impl<'de> Deserialize<'de> for ServerEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EventVisitor;

        impl<'de> Visitor<'de> for EventVisitor {
            type Value = ServerEvent;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an array of an event's name and its data")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut arguments: A) -> Result<ServerEvent, A::Error> {
                // The derived function: an adjacently tagged enum also reads from a sequence of tag and content.
                let event = ServerEvent::deserialize(SeqAccessDeserializer::new(&mut arguments))?;
                while arguments.next_element::<IgnoredAny>()?.is_some() {}
                Ok(event)
            }
        }

        deserializer.deserialize_seq(EventVisitor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::signaling::event;

    fn read(value: Value) -> Result<ServerEvent, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn offer_has_its_sender_and_sdp() {
        let data = json!({"from": "b", "offer": {"type": "offer", "sdp": "v=0"}, "extra": 1});
        let Ok(ServerEvent::Offer { from, offer }) = read(json!(["offer", data])) else {
            panic!("not an offer");
        };
        assert_eq!((from.0.as_str(), offer.sdp.as_str()), ("b", "v=0"));
    }

    #[test]
    fn candidate_keeps_all_its_members() {
        let candidate = json!({"candidate": "candidate:1 1 udp 1 10.0.0.1 9 typ host", "sdpMid": "0",
            "sdpMLineIndex": 0, "usernameFragment": "abcd"});
        let read = read(json!(["ice-candidate", {"from": "b", "candidate": candidate}]));
        let Ok(ServerEvent::IceCandidate { candidate: Some(candidate), .. }) = read else {
            panic!("not a candidate");
        };
        assert_eq!(candidate.username_fragment.as_deref(), Some("abcd"));
        assert_eq!(candidate.sdp_m_line_index, Some(0));
    }

    #[test]
    fn bare_end_of_candidates_has_no_candidate() {
        let end = ServerEvent::IceCandidate { from: UserId("b".to_owned()), candidate: None };
        for data in [json!({"from": "b"}), json!({"from": "b", "candidate": null})] {
            assert_eq!(read(json!(["ice-candidate", data])), Ok(end.clone()));
        }
    }

    #[test]
    fn further_arguments_are_ignored() {
        let left = ServerEvent::UserLeft(Presence { user_id: UserId("b".to_owned()) });
        assert_eq!(read(json!(["user-left", {"userId": "b"}, [1], "x"])), Ok(left));
    }

    #[test]
    fn unknown_event_and_malformed_event_have_different_errors() {
        assert!(read(json!(["news", 1])).unwrap_err().starts_with("unknown variant `news`"));
        for malformed in [json!(["user-left"]), json!(["user-left", {}]), json!(["user-left", {"userId": 1}])] {
            let error = read(malformed).unwrap_err();
            assert!(!error.contains("unknown variant"), "{error}");
        }
    }

    #[test]
    fn event_names_are_those_of_the_server() {
        let description = json!({"type": "offer", "sdp": ""});
        let error = json!({"code": "room-full", "message": ""});
        for (name, data) in [
            (event::USER_JOINED, json!({"userId": "b"})),
            (event::USER_LEFT, json!({"userId": "b"})),
            (event::OFFER, json!({"from": "b", "offer": description})),
            (event::ANSWER, json!({"from": "b", "answer": description})),
            (event::ICE_CANDIDATE, json!({"from": "b"})),
            (event::REFUSED, json!({"event": "offer", "error": error})),
        ] {
            assert!(read(json!([name, data])).is_ok(), "{name}");
        }
    }
}
