//! What comes over a peer's control channel, and how much of what a peer sends is listened to at all. What a
//! description or a candidate means is decided by the negotiation, which way one goes by [`super::delivery`].

use vitrine_protocol::{
    control::{ControlMessage, VERSION},
    name::display_name,
};

use super::{
    delivery::Way,
    peer::{Context, News, Peer},
};
use crate::browser::{ControlChannelEvent, JsError, now};

/// Most messages beyond the budget that are read at all.
const MAX_EXCESS: u32 = 200;

impl Peer {
    /// Opened only with a peer that has one too: for a client without it, a media section more would mean an offer
    /// more, which a plain client takes for a new call.
    pub(super) fn open_control(&mut self) -> Result<(), JsError> {
        let sink = self.sink();
        self.connection.open_control(sink)
    }

    pub(super) fn control(&mut self, event: ControlChannelEvent, context: &Context) -> Option<News> {
        let message = match event {
            ControlChannelEvent::Open => {
                self.control_open = true;
                for message in &context.greeting {
                    let _ = self.send(message);
                }
                return None;
            }
            ControlChannelEvent::Closed => return Some(News::Ended),
            ControlChannelEvent::Unreadable(reason) => {
                if self.accepts_more(Way::Control) {
                    self.complain(&format!("unreadable control message: {reason}"));
                }
                return None;
            }
            ControlChannelEvent::Message(message) => message,
        };
        match message {
            // Offers and candidates are counted where they are received.
            ControlMessage::Description { description } => {
                return self.receive_description(description, Way::Control, context);
            }
            ControlMessage::Candidate { candidate } => self.receive_candidate(candidate, Way::Control, context),
            _ if !self.accepts_more(Way::Control) => {}
            ControlMessage::Hello { name, session_id, version } => {
                // Said once: nobody becomes somebody else.
                if self.session.is_none() {
                    if version != VERSION {
                        self.describe(&format!("speaks version {version} of the control channel"));
                    }
                    self.view.name = display_name(&name);
                    self.session = Some(session_id);
                    return Some(News::Identified);
                }
            }
            ControlMessage::Returning { user_id } => return Some(News::Returning(user_id)),
            ControlMessage::Media { audio, video } => {
                self.view.audio = Some(audio);
                self.view.video = Some(video);
            }
            ControlMessage::Path { relay } => self.path_told(relay),
            ControlMessage::Ping => drop(self.send(&ControlMessage::Pong)),
            ControlMessage::Pong => {}
        }
        None
    }

    pub(super) fn send(&self, message: &ControlMessage) -> bool {
        self.connection.control().is_some_and(|control| control.send(message))
    }

    /// Notes a sign of life; whether the participant has not sent too much.
    pub(super) fn accepts_more(&mut self, way: Way) -> bool {
        let now = now();
        match way {
            Way::Signaling => self.liveness.heard(now),
            Way::Control => self.liveness.heard_directly(now),
        }
        let accepts = self.budget.spend(now, 1.0);
        if !accepts {
            self.complain("sends too much: some of it is dropped");
            self.excess = self.excess.saturating_add(1);
            if self.excess == MAX_EXCESS {
                // Even to read and drop it would keep the page from everything else.
                self.describe("sends far too much: the control channel is not listened to any more");
                self.connection.ignore_control();
            }
        }
        accepts
    }

    fn complain(&mut self, text: &str) {
        if !std::mem::replace(&mut self.complained, true) {
            self.describe(text);
        }
    }
}
