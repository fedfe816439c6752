//! How far a connection has come, in the steps of the guide, as far as the tile shows it. The whole course of a connection is in
//! its record.

use vitrine_protocol::signaling::SdpType;

/// How a connection came to be: the steps reached, each with its time, and how many candidates went each way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steps {
    /// Whether this side made the first offer.
    pub offerer: bool,
    /// Steps in the order in which they were reached, each with its time in milliseconds since the first.
    pub reached: Vec<(Step, f64)>,
    /// Local candidates found and sent.
    pub candidates_sent: u32,
    /// Remote candidates received.
    pub candidates_received: u32,
}

/// A step on the way from nothing to media without a server in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The peer connection was created.
    ConnectionCreated,
    /// Its listeners were attached.
    ListenersAttached,
    /// Local media was added.
    MediaAdded,
    /// The offer was sent (offerer) or received (answerer).
    Offer,
    /// The answer was received (offerer) or sent (answerer).
    Answer,
    /// The first candidate went one way or the other.
    Candidates,
    /// `connectionState` became `connected`.
    Connected,
    /// The first remote track arrived.
    MediaReceived,
    /// Connected and receiving: the signaling server is no longer needed.
    Direct,
}

impl Step {
    /// The step that a description of this kind is.
    pub fn of_description(kind: SdpType) -> Option<Self> {
        match kind {
            SdpType::Offer => Some(Self::Offer),
            SdpType::Answer => Some(Self::Answer),
            SdpType::Pranswer | SdpType::Rollback => None,
        }
    }

    /// All steps, in the usual order.
    pub const ALL: [Self; 9] = [
        Self::ConnectionCreated,
        Self::ListenersAttached,
        Self::MediaAdded,
        Self::Offer,
        Self::Answer,
        Self::Candidates,
        Self::Connected,
        Self::MediaReceived,
        Self::Direct,
    ];

    /// The step's number among the guide's thirteen. It depends on whether this side made the offer: the offerer goes
    /// 1 2 3 4 9 10 11 12 13, the answerer 3 5 6 7 8 10 11 12 13.
    pub fn number(self, offerer: bool) -> u8 {
        match self {
            Self::ConnectionCreated => {
                if offerer {
                    1
                } else {
                    6
                }
            }
            Self::MediaAdded => {
                if offerer {
                    2
                } else {
                    7
                }
            }
            Self::ListenersAttached => 3,
            Self::Offer => {
                if offerer {
                    4
                } else {
                    5
                }
            }
            Self::Answer => {
                if offerer {
                    9
                } else {
                    8
                }
            }
            Self::Candidates => 10,
            Self::Connected => 11,
            Self::MediaReceived => 12,
            Self::Direct => 13,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_the_guides_numbers_on_each_side() {
        let numbers = |offerer| {
            let mut numbers = Step::ALL.map(|step| step.number(offerer));
            numbers.sort_unstable();
            numbers
        };
        assert_eq!(numbers(true), [1, 2, 3, 4, 9, 10, 11, 12, 13]);
        assert_eq!(numbers(false), [3, 5, 6, 7, 8, 10, 11, 12, 13]);
    }
}
