//! The two ways to a peer: through the signaling server, or over the control channel with no server in between. Which
//! one a description or a candidate takes is decided here; what is in it is not looked at.

use vitrine_protocol::{
    control::ControlMessage,
    json::Json,
    signaling::{IceCandidate, MAX_DESCRIPTION_BYTES, MAX_PAYLOAD_BYTES, SdpType, SessionDescription, event},
};

use super::{
    Step, Trouble,
    peer::{Context, Peer},
};
use crate::browser::listening_now;

/// How a description or a candidate travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Through the signaling server.
    Signaling,
    /// Over the control channel, with no server in between.
    Control,
}

impl Peer {
    /// Sends a candidate of ours.
    pub(super) fn send_candidate(&self, candidate: &IceCandidate, context: &Context) {
        self.deliver(self.usual_way(), context, |way| match way {
            Way::Signaling => {
                let data = Json::object([("target", (&self.view.id).into()), ("candidate", candidate.into())]);
                context.signaling.emit(event::ICE_CANDIDATE, Some(data));
                true
            }
            Way::Control => self.send(&ControlMessage::Candidate { candidate: candidate.clone() }),
        });
    }

    /// Sends an offer or answer of ours. One that is too long for one way goes by the other.
    pub(super) fn send_description(&mut self, description: SessionDescription, context: &Context) {
        let (name, step, way) = match description.kind {
            SdpType::Offer => (event::OFFER, Step::Offer, self.usual_way()),
            _ => (event::ANSWER, Step::Answer, self.came_by),
        };
        let data = Json::object([("target", (&self.view.id).into()), (name, (&description).into())]);
        let bytes = data.encode().len();
        if bytes > MAX_DESCRIPTION_BYTES {
            let reason = format!("{bytes} bytes are more than the {MAX_DESCRIPTION_BYTES} that are carried");
            self.unsent = Some((description.kind, reason));
            return;
        }
        self.view.trouble.take_if(|trouble| *trouble == Trouble::TooLong);
        let kind = description.kind;
        let message = ControlMessage::Description { description };
        let went = self.deliver(way, context, |way| match way {
            Way::Signaling => {
                context.signaling.emit(name, Some(data.clone()));
                true
            }
            Way::Control => self.send(&message),
        });
        self.long = (went == Some(Way::Signaling) && bytes > MAX_PAYLOAD_BYTES).then_some(kind);
        self.reach(step);
    }

    /// A control channel that works is nearer than any server.
    fn usual_way(&self) -> Way {
        if self.control_open && self.liveness.is_fresh(listening_now()) { Way::Control } else { Way::Signaling }
    }

    /// Sends by the `first` way, or else by the other; returns which one it went. What goes neither way is lost:
    /// [`Liveness`] sees to it that it is made again.
    fn deliver(&self, first: Way, context: &Context, send: impl Fn(Way) -> bool) -> Option<Way> {
        let second = if first == Way::Control { Way::Signaling } else { Way::Control };
        let up = |way| way == Way::Control || (context.online && self.listed);
        let went = [first, second].into_iter().find(|way| up(*way) && send(*way));
        if went.is_none() {
            self.describe("cannot be reached now");
        }
        went
    }
}
