//! The control messages of a peer: what the participant has said of itself, and what each message asks of the peer. It
//! neither sends nor decides.

use vitrine_protocol::{
    control::{ControlMessage, RelayProtocol, VERSION},
    signaling::{IceCandidate, SessionDescription, UserId},
};

use super::told::Told;

/// What the participant has said over the control channel.
#[derive(Debug, Default)]
pub struct Control {
    /// The channel is open, or was when the path was lost.
    is_open: bool,
    session: Option<String>,
    /// The session that the participant told over an earlier connection.
    earlier_session: Option<String>,
    told: Told,
}

/// What a message asks of the peer.
#[derive(Debug, PartialEq)]
pub enum Request {
    /// The participant told its session id; its protocol version, if it is another one.
    Identify { other_version: Option<u32> },
    /// The participant is about to return to the room under this id.
    ExpectReturn(UserId),
    /// An offer or answer.
    TakeDescription(SessionDescription),
    /// A candidate.
    TakeCandidate(IceCandidate),
    /// The participant shares its screen in the stream of this id, or none.
    TakeScreen(Option<String>),
    /// The protocol of the participant's relay, if its media is relayed.
    TakeRelay(Option<RelayProtocol>),
    /// A message of the chat.
    TakeChat(ControlMessage),
    /// Answer the ping.
    Pong,
}

impl Control {
    /// The channel opened.
    pub fn opened(&mut self) {
        self.is_open = true;
    }

    /// Whether the channel is open, or was when the path was lost.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// The participant's session id, the same for all connections of its stay.
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// The session id, also as long as it is not told over this connection. Only for what is shown.
    pub fn known_session(&self) -> Option<&str> {
        self.session.as_deref().or(self.earlier_session.as_deref())
    }

    /// The connection takes the place of the one with this control channel.
    pub fn follow(&mut self, earlier: &Self) {
        self.earlier_session = earlier.known_session().map(str::to_owned);
    }

    /// What the participant told of itself.
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// The same, to be changed.
    pub fn told_mut(&mut self) -> &mut Told {
        &mut self.told
    }

    /// Takes a message that arrived at `now`, in milliseconds.
    pub fn receive(&mut self, message: ControlMessage, now: f64) -> Option<Request> {
        match message {
            // Only the first counts: no participant becomes another one.
            ControlMessage::Hello { .. } if self.session.is_some() => None,
            ControlMessage::Hello { name, session_id, version } => {
                self.told.introduced(&name, now);
                self.session = Some(session_id);
                Some(Request::Identify { other_version: (version != VERSION).then_some(version) })
            }
            ControlMessage::Returning { user_id } => Some(Request::ExpectReturn(user_id)),
            ControlMessage::Name { .. }
            | ControlMessage::Media { .. }
            | ControlMessage::Hand { .. }
            | ControlMessage::Reaction { .. }
            | ControlMessage::AskToMute
            | ControlMessage::Links { .. }
            | ControlMessage::Limit { .. } => {
                self.told.receive(message, now);
                None
            }
            ControlMessage::Screen { stream } => Some(Request::TakeScreen(stream)),
            ControlMessage::Path { relay } => Some(Request::TakeRelay(relay)),
            ControlMessage::Description { description } => Some(Request::TakeDescription(description)),
            ControlMessage::Candidate { candidate } => Some(Request::TakeCandidate(candidate)),
            ControlMessage::Chat { .. }
            | ControlMessage::ChatReceived { .. }
            | ControlMessage::ChatHistoryRequest { .. }
            | ControlMessage::ChatHistory { .. } => Some(Request::TakeChat(message)),
            ControlMessage::Ping => Some(Request::Pong),
            ControlMessage::Pong => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(session_id: &str, version: u32) -> ControlMessage {
        ControlMessage::Hello { name: "Ada".to_owned(), session_id: session_id.to_owned(), version }
    }

    #[test]
    fn only_the_first_hello_counts() {
        let mut control = Control::default();
        assert_eq!(control.receive(hello("one", VERSION), 0.0), Some(Request::Identify { other_version: None }));
        assert_eq!(control.receive(hello("two", VERSION), 0.0), None);
        assert_eq!(control.session(), Some("one"));
    }

    #[test]
    fn another_version_is_reported() {
        let request = Control::default().receive(hello("one", VERSION + 1), 0.0);
        assert_eq!(request, Some(Request::Identify { other_version: Some(VERSION + 1) }));
    }
}
