//! What this side tells of itself besides its media: name, raised hand, reactions. It decides what is sent and sends
//! nothing itself. The caller passes the time, in milliseconds.

use vitrine_protocol::{
    control::ControlMessage,
    rate_limiter::{RateLimit, RateLimiter},
};

use super::{
    gestures::{Reactions, ShownReaction},
    state::Command,
};

/// Requests to mute that are sent.
const REQUESTS: RateLimit = RateLimit { burst: 4.0, per_second: 0.5 };
/// Changes of the name or the hand that are sent.
const CHANGES: RateLimit = RateLimit { burst: 5.0, per_second: 2.0 };

/// What this side tells of itself.
#[derive(Debug)]
pub struct SelfReport {
    name: String,
    /// Since when the hand is raised.
    hand: Option<f64>,
    reactions: Reactions,
    requests: RateLimiter,
    changes: RateLimiter,
}

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// All peers.
    All,
    /// The peer with this key.
    Peer(u64),
}

impl SelfReport {
    /// Of a stay that begins under this name.
    pub fn new(name: String) -> Self {
        Self {
            name,
            hand: None,
            reactions: Reactions::default(),
            requests: RateLimiter::full(REQUESTS, 0.0),
            changes: RateLimiter::full(CHANGES, 0.0),
        }
    }

    /// The user's name; may be empty.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Since when the user raises a hand.
    pub fn hand(&self) -> Option<f64> {
        self.hand
    }

    /// The user's own reactions that are shown.
    pub fn reactions(&self) -> Vec<ShownReaction> {
        self.reactions.shown()
    }

    /// Takes what the user says. Returns what has to be sent, and to whom.
    pub fn command(&mut self, command: Command, now: f64) -> Option<(Receiver, ControlMessage)> {
        match command {
            Command::SetName(name) if name != self.name && self.changes.try_take(now, 1.0) => {
                self.name = name.clone();
                Some((Receiver::All, ControlMessage::Name { name }))
            }
            Command::SetHand(raised) if raised != self.hand.is_some() && self.changes.try_take(now, 1.0) => {
                self.hand = raised.then_some(now);
                Some((Receiver::All, ControlMessage::Hand { raised, age: 0 }))
            }
            Command::React(kind) if self.reactions.add(kind, now) => {
                Some((Receiver::All, ControlMessage::Reaction { kind }))
            }
            Command::AskToMute(key) if self.requests.try_take(now, 1.0) => {
                Some((Receiver::Peer(key), ControlMessage::AskToMute))
            }
            _ => None,
        }
    }

    /// Called every 250 ms.
    pub fn tick(&mut self, now: f64) {
        self.reactions.tick(now);
    }

    /// What a new peer has to know of the hand.
    pub fn raised_hand(&self, now: f64) -> Option<ControlMessage> {
        self.hand.map(|since| ControlMessage::Hand { raised: true, age: (now - since).max(0.0) as u32 })
    }
}

#[cfg(test)]
mod tests {
    use vitrine_protocol::control::Reaction;

    use super::*;

    #[test]
    fn late_joiner_is_told_how_long_the_hand_is_raised() {
        let mut report = SelfReport::new("Ada".to_owned());
        assert_eq!(report.raised_hand(0.0), None);
        report.command(Command::SetHand(true), 1_000.0);
        assert_eq!(report.raised_hand(4_500.0), Some(ControlMessage::Hand { raised: true, age: 3_500 }));
        report.command(Command::SetHand(false), 5_000.0);
        assert_eq!(report.raised_hand(5_000.0), None);
    }

    #[test]
    fn only_changes_are_sent_and_not_too_many() {
        let mut report = SelfReport::new("Ada".to_owned());
        assert_eq!(report.command(Command::SetName("Ada".to_owned()), 0.0), None);
        assert_eq!(report.command(Command::SetHand(false), 0.0), None);
        let sent = (0..1_000).filter(|n| report.command(Command::SetName(n.to_string()), 0.0).is_some()).count();
        assert_eq!(sent, 5);
        assert_eq!(report.name(), "4");
        let sent = (0..100).filter(|_| report.command(Command::React(Reaction::Heart), 0.0).is_some()).count();
        assert_eq!(sent, 5);
        let sent = (0..100).filter(|_| report.command(Command::AskToMute(1), 0.0).is_some()).count();
        assert_eq!(sent, 4);
    }
}
