//! Raised hands and reactions, of this side and of the peers alike: in which order, for how long, how many. Plain data and
//! machines; the caller passes the time, in milliseconds.

use vitrine_protocol::{
    control::Reaction,
    rate_limiter::{RateLimit, RateLimiter},
};

/// How long a reaction is shown.
const SHOWN_FOR: f64 = 4_000.0;
/// Most reactions of one participant that are shown at once.
const MAX_SHOWN: usize = 5;
/// Reactions of one participant that are sent, and read.
const REACTIONS: RateLimit = RateLimit { burst: 5.0, per_second: 3.0 };

/// A reaction that is shown now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownReaction {
    /// Tells the participant's reactions apart.
    pub serial: u64,
    /// Which.
    pub kind: Reaction,
}

/// The reactions of one participant.
#[derive(Clone, Debug)]
pub struct Reactions {
    /// What is shown, the oldest first, each until then.
    shown: Vec<(ShownReaction, f64)>,
    serial: u64,
    limiter: RateLimiter,
}

impl Default for Reactions {
    fn default() -> Self {
        Self { shown: Vec::new(), serial: 0, limiter: RateLimiter::full(REACTIONS, 0.0) }
    }
}

impl Reactions {
    /// Shows a reaction. Returns whether it is; too many are not.
    pub fn add(&mut self, kind: Reaction, now: f64) -> bool {
        if kind == Reaction::Unknown || !self.limiter.try_take(now, 1.0) {
            return false;
        }
        self.serial += 1;
        self.shown.push((ShownReaction { serial: self.serial, kind }, now + SHOWN_FOR));
        self.shown.drain(..self.shown.len().saturating_sub(MAX_SHOWN));
        true
    }

    /// Drops what was shown long enough.
    pub fn tick(&mut self, now: f64) {
        self.shown.retain(|(_, until)| *until > now);
    }

    /// What is shown.
    pub fn shown(&self) -> Vec<ShownReaction> {
        self.shown.iter().map(|(reaction, _)| *reaction).collect()
    }
}

/// Who raises a hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandOf {
    /// The user.
    Own,
    /// The peer with this key.
    Peer(u64),
}

/// Those who raise a hand, the earliest first. Each hand comes with the time when it was raised.
pub fn in_order(hands: impl IntoIterator<Item = (HandOf, f64)>) -> Vec<HandOf> {
    let mut hands: Vec<_> = hands.into_iter().collect();
    hands.sort_by(|(_, one), (_, other)| one.total_cmp(other));
    hands.into_iter().map(|(hand, _)| hand).collect()
}

/// A value that a participant may change any number of times, and that is shown to change only so often. The latest wins.
#[derive(Clone, Debug)]
pub struct Throttled<T> {
    shown: T,
    waiting: Option<T>,
    limiter: RateLimiter,
}

impl<T: Default> Throttled<T> {
    /// The default value, which changes as often as `limit` lets it.
    pub fn new(limit: RateLimit) -> Self {
        Self { shown: T::default(), waiting: None, limiter: RateLimiter::full(limit, 0.0) }
    }
}

impl<T> Throttled<T> {
    /// What is shown.
    pub fn get(&self) -> &T {
        &self.shown
    }

    /// The value is this from now on, or from the next tick that allows it.
    pub fn set(&mut self, value: T, now: f64) {
        self.waiting = Some(value);
        self.tick(now);
    }

    /// Shows a value that waits, if that is allowed again.
    pub fn tick(&mut self, now: f64) {
        if let Some(value) = self.waiting.take_if(|_| self.limiter.try_take(now, 1.0)) {
            self.shown = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn million_reactions_show_a_few() {
        let mut reactions = Reactions::default();
        let taken = (0..1_000_000).filter(|_| reactions.add(Reaction::Heart, 10.0)).count();
        assert_eq!(taken, 5);
        assert_eq!(reactions.shown().len(), 5);
        let over_a_minute = (0..60_000).filter(|ms| reactions.add(Reaction::Party, f64::from(*ms))).count();
        assert!(over_a_minute <= 181, "{over_a_minute}");
        assert_eq!(reactions.shown().len(), MAX_SHOWN);
    }

    #[test]
    fn reaction_is_shown_for_a_while() {
        let mut reactions = Reactions::default();
        reactions.add(Reaction::Applause, 0.0);
        reactions.tick(SHOWN_FOR - 1.0);
        assert_eq!(reactions.shown(), [ShownReaction { serial: 1, kind: Reaction::Applause }]);
        reactions.tick(SHOWN_FOR);
        assert_eq!(reactions.shown(), []);
        assert!(!reactions.add(Reaction::Unknown, 0.0), "one of a later version");
    }

    #[test]
    fn hands_are_in_the_order_in_which_they_were_raised() {
        let hands = [(HandOf::Own, 30.0), (HandOf::Peer(1), 50.0), (HandOf::Peer(2), 10.0)];
        assert_eq!(in_order(hands), [HandOf::Peer(2), HandOf::Own, HandOf::Peer(1)]);
    }

    #[test]
    fn latest_value_wins_however_often_it_changes() {
        let mut name = Throttled::<u32>::new(RateLimit { burst: 2.0, per_second: 1.0 });
        let mut changes = 0;
        for number in 1..=1_000 {
            let before = *name.get();
            name.set(number, 0.0);
            changes += u32::from(*name.get() != before);
        }
        assert_eq!(changes, 2);
        name.tick(500.0);
        assert_eq!(*name.get(), 2);
        name.tick(1_000.0);
        assert_eq!(*name.get(), 1_000);
    }
}
