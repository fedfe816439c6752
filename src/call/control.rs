//! What comes over a peer's control channel, and how much of what a peer sends is listened to at all. What a
//! description or a candidate means is decided by the negotiation, which way one goes by [`super::delivery`].

use vitrine_protocol::{
    control::{ControlMessage, VERSION},
    name::display_name,
};

use super::{
    Departure, Trouble,
    delivery::Way,
    peer::{Context, News, Peer},
};
use crate::browser::{ControlChannelEvent, JsError, listening_now, now};

/// For each so many bytes, a description counts once more.
const BYTES_PER_MESSAGE: usize = 16 * 1024;

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
            ControlChannelEvent::Closed => return Some(News::Ended(Departure::Left)),
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
        self.accepts(way, 0)
    }

    /// The same for a message of so many bytes more than others have.
    pub(super) fn accepts(&mut self, way: Way, bytes: usize) -> bool {
        self.was_heard = true;
        self.view.trouble.take_if(|trouble| *trouble == Trouble::Unanswered);
        let messages = 1 + bytes / BYTES_PER_MESSAGE;
        match way {
            Way::Signaling => self.liveness.heard(listening_now()),
            Way::Control => self.liveness.heard_directly(listening_now()),
        }
        let accepts = self.budget.spend(now(), messages as f64);
        if !accepts {
            self.complain("sends too much: some of it is dropped");
            let before = self.excess;
            self.excess = before.saturating_add(messages as u32);
            if before < MAX_EXCESS && self.excess >= MAX_EXCESS {
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
