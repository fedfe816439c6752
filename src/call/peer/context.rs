//! What passes between a peer and the rest of the call: what the peer needs to act, and what the others have to know.

use vitrine_protocol::{
    control::ControlMessage,
    signaling::{SessionDescription, UserId},
};

use crate::{
    browser::{OutgoingMedia, OutgoingScreen},
    call::state::Departure,
    signaling::Signaling,
};

/// What a peer needs from the rest of the call to act.
pub struct Context<'a> {
    /// Carries what is sent through the server.
    pub signaling: &'a Signaling,
    /// The signaling server is connected and lists this side in the room.
    pub is_online: bool,
    /// What is sent to every peer.
    pub media: Option<OutgoingMedia>,
    /// The screen that is sent to every peer.
    pub screen: SharedScreen,
    /// The first message over the control channel.
    pub hello: ControlMessage,
    /// Which of this side's devices are on; the second message, sent again after each change.
    pub media_state: ControlMessage,
    /// This side's hand, if it is raised; sent after that.
    pub hand: Option<ControlMessage>,
}

impl Context<'_> {
    /// What a participant is told first, in this order.
    pub fn greeting(&self) -> impl Iterator<Item = &ControlMessage> {
        [&self.hello, &self.media_state].into_iter().chain(&self.hand)
    }
}

/// The screen that this side shares, if it shares one.
pub struct SharedScreen {
    /// What is sent.
    pub screen: Option<OutgoingScreen>,
    /// Another number whenever something else is to be sent.
    pub version: u32,
}

impl SharedScreen {
    /// The id of the stream that carries it.
    pub fn id(&self) -> Option<String> {
        self.screen.as_ref().map(|screen| screen.stream.id())
    }
}

/// What the rest of the call has to know of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerEvent {
    /// The participant told its session id, or the connection was established.
    Identified,
    /// The participant is about to return to the room under this id.
    Returning(UserId),
    /// The participant sent this for the chat.
    Chat(ControlMessage),
    /// The other side ended the connection, or is gone.
    Ended(Departure),
    /// Nothing was ever heard of the other side.
    NeverHeard,
    /// No name server knows the host of this ICE server's URL.
    IceServerNotResolved(String),
    /// The other side began a new connection; this is its first description.
    Restarted(SessionDescription),
}
