//! What a participant told of itself over the control channel: name, devices, hand, reactions, requests. However much it
//! tells, little is kept and shown. The caller passes the time, in milliseconds.

use vitrine_protocol::{
    control::{ControlMessage, Limit, MAX_LINKS, MeshLink},
    name::display_name,
    rate_limiter::{RateLimit, RateLimiter},
};

use crate::call::gestures::{Reactions, ShownReaction, Throttled};

/// Changes of the name, and of the hand, that are shown.
const CHANGES: RateLimit = RateLimit { burst: 3.0, per_second: 0.5 };
/// Requests to mute that are shown.
const REQUESTS: RateLimit = RateLimit { burst: 1.0, per_second: 0.05 };
/// How long a request to mute is shown.
const REQUESTED_FOR: f64 = 30_000.0;
/// Longest session id of a link that is kept, in bytes. Vitrine's own have 32.
const MAX_SESSION_BYTES: usize = 64;
/// The longest time for which a hand can have been raised.
const MAX_AGE: u32 = 24 * 3_600 * 1_000;

/// What the participant told of itself.
#[derive(Debug)]
pub struct Told {
    name: Throttled<Option<String>>,
    audio: Option<bool>,
    video: Option<bool>,
    hand: Throttled<Option<f64>>,
    reactions: Reactions,
    /// Until when its request to mute is shown.
    request: Option<f64>,
    requests: RateLimiter,
    limit: Option<Limit>,
    links: Vec<MeshLink>,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            name: Throttled::new(CHANGES),
            audio: None,
            video: None,
            hand: Throttled::new(CHANGES),
            reactions: Reactions::default(),
            request: None,
            requests: RateLimiter::full(REQUESTS, 0.0),
            limit: None,
            links: Vec::new(),
        }
    }
}

impl Told {
    /// The participant's name, cleaned.
    pub fn name(&self) -> Option<&str> {
        self.name.get().as_deref()
    }

    /// Whether the microphone is on, if the participant said so.
    pub fn audio(&self) -> Option<bool> {
        self.audio
    }

    /// Whether the camera is on, if the participant said so.
    pub fn video(&self) -> Option<bool> {
        self.video
    }

    /// Since when the hand is raised.
    pub fn hand(&self) -> Option<f64> {
        *self.hand.get()
    }

    /// The reactions that are shown.
    pub fn reactions(&self) -> Vec<ShownReaction> {
        self.reactions.shown()
    }

    /// Whether the participant asks the user to mute the microphone.
    pub fn asks_to_mute(&self) -> bool {
        self.request.is_some()
    }

    /// What keeps the participant from sending its video as well as it could.
    pub fn limit(&self) -> Option<Limit> {
        self.limit
    }

    /// How the participant's connections stand, as it told last.
    pub fn links(&self) -> &[MeshLink] {
        &self.links
    }

    /// The user answered the request to mute.
    pub fn request_answered(&mut self) {
        self.request = None;
    }

    /// The participant's name, as it first told it.
    pub fn introduced(&mut self, name: &str, now: f64) {
        self.name.set(display_name(name), now);
    }

    /// Takes a message; others are none of its business.
    pub fn receive(&mut self, message: ControlMessage, now: f64) {
        match message {
            ControlMessage::Name { name } => self.name.set(display_name(&name), now),
            ControlMessage::Media { audio, video } => {
                self.audio = Some(audio);
                self.video = Some(video);
            }
            ControlMessage::Hand { raised, age } => {
                let since = now - f64::from(age.min(MAX_AGE));
                self.hand.set(raised.then_some(since), now);
            }
            ControlMessage::Reaction { kind } => drop(self.reactions.add(kind, now)),
            ControlMessage::AskToMute if self.requests.try_take(now, 1.0) => self.request = Some(now + REQUESTED_FOR),
            ControlMessage::Limit { by } => self.limit = by,
            ControlMessage::Links { mut links } => {
                links.truncate(MAX_LINKS);
                links.retain(|link| link.session_id.len() <= MAX_SESSION_BYTES);
                self.links = links;
            }
            _ => {}
        }
    }

    /// Called every 250 ms.
    pub fn tick(&mut self, now: f64) {
        self.name.tick(now);
        self.hand.tick(now);
        self.reactions.tick(now);
        self.request.take_if(|until| *until <= now);
    }

    /// Whether media is to be expected, as far as the participant said.
    pub fn announces_media(&self) -> bool {
        self.audio != Some(false) || self.video != Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> ControlMessage {
        ControlMessage::Name { name: name.to_owned() }
    }

    #[test]
    fn name_changed_a_thousand_times_is_shown_a_few_times() {
        let mut told = Told::default();
        told.introduced("Ada", 0.0);
        let mut shown = Vec::new();
        for number in 0..1_000 {
            told.receive(name(&format!("Ada {number}")), f64::from(number));
            shown.extend(told.name().map(str::to_owned));
        }
        shown.dedup();
        assert_eq!(shown, ["Ada 0", "Ada 1"], "after the first name");
        told.tick(3_000.0);
        assert_eq!(told.name(), Some("Ada 999"));
    }

    #[test]
    fn changed_name_is_cleaned() {
        let mut told = Told::default();
        told.receive(name("\u{202e}Mina\n"), 0.0);
        assert_eq!(told.name(), Some("Mina"));
        told.receive(name("\u{200b}"), 0.0);
        assert_eq!(told.name(), None);
    }

    #[test]
    fn hand_counts_from_when_it_was_raised() {
        let mut told = Told::default();
        told.receive(ControlMessage::Hand { raised: true, age: 4_000 }, 10_000.0);
        assert_eq!(told.hand(), Some(6_000.0));
        told.receive(ControlMessage::Hand { raised: true, age: u32::MAX }, 10_000.0);
        assert_eq!(told.hand(), Some(10_000.0 - f64::from(MAX_AGE)));
        told.receive(ControlMessage::Hand { raised: false, age: 0 }, 11_000.0);
        assert_eq!(told.hand(), None);
    }

    #[test]
    fn request_to_mute_is_shown_once_and_passes() {
        let mut told = Told::default();
        told.receive(ControlMessage::AskToMute, 0.0);
        assert!(told.asks_to_mute());
        told.request_answered();
        told.receive(ControlMessage::AskToMute, 5_000.0);
        assert!(!told.asks_to_mute(), "it was answered just now");
        told.receive(ControlMessage::AskToMute, 20_000.0);
        assert!(told.asks_to_mute());
        told.tick(50_000.0);
        assert!(!told.asks_to_mute());
    }

    #[test]
    fn media_is_expected_until_both_devices_are_said_to_be_off() {
        let mut told = Told::default();
        assert!(told.announces_media());
        told.receive(ControlMessage::Media { audio: false, video: true }, 0.0);
        assert!(told.announces_media());
        told.receive(ControlMessage::Media { audio: false, video: false }, 0.0);
        assert!(!told.announces_media());
    }
}
