//! Which way a description or candidate goes to a peer: through the signaling server, or over the control channel with no
//! server in between. It sends nothing itself, and does not look into what is sent.

use vitrine_protocol::signaling::{MAX_PAYLOAD_BYTES, SdpType, event};

/// A way to the peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Through the signaling server.
    #[default]
    Signaling,
    /// Over the control channel.
    Control,
}

/// Chooses the way of each description.
#[derive(Debug, Default)]
pub struct Route {
    /// How the latest description came. An answer goes the same way, so that descriptions keep their order.
    received_by: Way,
    /// The kind of the description sent last through the server, if it is longer than every server takes.
    oversized: Option<SdpType>,
}

impl Route {
    /// A description came this way.
    pub fn description_received(&mut self, way: Way) {
        self.received_by = way;
    }

    /// The way to try first. `usual` is the way of candidates and offers.
    pub fn first_choice(&self, kind: SdpType, usual: Way) -> Way {
        if kind == SdpType::Offer { usual } else { self.received_by }
    }

    /// A description of so many bytes was sent this way, or could be sent no way.
    pub fn description_sent(&mut self, kind: SdpType, way: Option<Way>, bytes: usize) {
        self.oversized = (way == Some(Way::Signaling) && bytes > MAX_PAYLOAD_BYTES).then_some(kind);
    }

    /// The server refused an event of this name for its length, without saying whose. Returns the kind of the description
    /// that was probably refused.
    pub fn take_refused(&mut self, event_name: &str) -> Option<SdpType> {
        let kind = match event_name {
            event::OFFER => SdpType::Offer,
            event::ANSWER => SdpType::Answer,
            _ => return None,
        };
        self.oversized.take_if(|oversized| *oversized == kind)
    }
}

/// Sends by the `first` way, or else by the other; returns the way taken. What goes neither way is lost, and
/// [`Liveness`](vitrine_negotiation::liveness::Liveness) has it made again.
pub fn deliver(first: Way, is_signaling_up: bool, send: impl Fn(Way) -> bool) -> Option<Way> {
    let second = if first == Way::Control { Way::Signaling } else { Way::Control };
    let is_up = |way| way == Way::Control || is_signaling_up;
    [first, second].into_iter().find(|way| is_up(*way) && send(*way))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_goes_the_way_of_its_offer() {
        let mut route = Route::default();
        route.description_received(Way::Control);
        assert_eq!(route.first_choice(SdpType::Answer, Way::Signaling), Way::Control);
        assert_eq!(route.first_choice(SdpType::Offer, Way::Signaling), Way::Signaling);
    }

    #[test]
    fn second_way_is_taken_when_the_first_is_down() {
        assert_eq!(deliver(Way::Control, true, |way| way == Way::Signaling), Some(Way::Signaling));
        assert_eq!(deliver(Way::Signaling, false, |_| true), Some(Way::Control));
        assert_eq!(deliver(Way::Signaling, false, |_| false), None);
    }

    #[test]
    fn only_a_long_description_can_have_been_refused_for_its_length() {
        let mut route = Route::default();
        route.description_sent(SdpType::Offer, Some(Way::Signaling), MAX_PAYLOAD_BYTES);
        assert_eq!(route.take_refused(event::OFFER), None);
        route.description_sent(SdpType::Offer, Some(Way::Signaling), MAX_PAYLOAD_BYTES + 1);
        assert_eq!(route.take_refused(event::ANSWER), None);
        assert_eq!(route.take_refused(event::OFFER), Some(SdpType::Offer));
        assert_eq!(route.take_refused(event::OFFER), None, "it is refused once");
    }
}
