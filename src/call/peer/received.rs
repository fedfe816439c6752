//! What one peer sends: which track is its microphone, its camera, and the picture and sound of its screen. The first
//! section of each kind is the camera's and the microphone's. The screen's tracks are those of the stream that the peer
//! announces. An announcement may come before its tracks or after, and can be wrong.

use vitrine_protocol::rate_limiter::{RateLimit, RateLimiter};

use crate::browser::{MediaKind, Stream};

/// Most tracks besides microphone and camera. An honest peer has two.
const MAX_OTHERS: usize = 8;
/// Longest id of a stream, in bytes. Browsers use 36 or 38.
const MAX_ID_BYTES: usize = 64;
/// Announcements that are shown. Each is a change of the page and a sentence of the screen reader; the last one is shown
/// in any case.
const ANNOUNCEMENTS: RateLimit = RateLimit { burst: 6.0, per_second: 0.5 };

/// The tracks that arrive from one peer, each as an `S` that plays it alone.
#[derive(Debug)]
pub struct Received<S = Stream> {
    audio: Option<Arrived<S>>,
    video: Option<Arrived<S>>,
    others: Vec<Arrived<S>>,
    announced: Option<String>,
    /// The announcement that is shown.
    screen: Option<String>,
    limiter: RateLimiter,
}

/// A track that arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrived<S = Stream> {
    /// The kind.
    pub kind: MediaKind,
    /// The media section that it arrives in.
    pub mid: Option<String>,
    /// The ids of the streams that the peer sends it in.
    pub streams: Vec<String>,
    /// Plays it. `None` only if the browser has no streams.
    pub stream: Option<S>,
}

impl<S: Clone> Received<S> {
    /// Nothing, at `now`, in milliseconds.
    pub fn new(now: f64) -> Self {
        let limiter = RateLimiter::full(ANNOUNCEMENTS, now);
        Self { audio: None, video: None, others: Vec::new(), announced: None, screen: None, limiter }
    }

    /// A track arrived. One that arrived before takes its place again.
    pub fn arrived(&mut self, track: Arrived<S>) {
        let main = match track.kind {
            MediaKind::Audio => &mut self.audio,
            MediaKind::Video => &mut self.video,
        };
        let is_main = main.as_ref().is_none_or(|main| {
            main.mid.is_some() && main.mid == track.mid || main.streams.iter().any(|id| track.streams.contains(id))
        });
        if is_main {
            *main = Some(track);
            return;
        }
        self.others.retain(|other| other.mid != track.mid);
        self.others.push(track);
        self.others.drain(..self.others.len().saturating_sub(MAX_OTHERS));
    }

    /// The participant announced its screen's stream, or that there is none.
    pub fn announced(&mut self, stream: Option<String>, now: f64) {
        self.announced = stream.filter(|id| id.len() <= MAX_ID_BYTES);
        self.settle(now);
    }

    /// Shows the latest announcement, unless too many were shown already; called at each tick.
    pub fn settle(&mut self, now: f64) {
        if self.screen != self.announced && self.limiter.try_take(now, 1.0) {
            self.screen = self.announced.clone();
        }
    }

    /// Plays the participant's microphone or camera.
    pub fn main(&self, kind: MediaKind) -> Option<S> {
        let main = match kind {
            MediaKind::Audio => &self.audio,
            MediaKind::Video => &self.video,
        };
        main.as_ref()?.stream.clone()
    }

    /// Plays the sound or the picture of the participant's screen.
    pub fn screen(&self, kind: MediaKind) -> Option<S> {
        let id = self.screen.as_ref()?;
        let found = self.others.iter().rev().find(|other| other.kind == kind && other.streams.contains(id));
        found?.stream.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUDIO: MediaKind = MediaKind::Audio;
    const VIDEO: MediaKind = MediaKind::Video;

    fn track(kind: MediaKind, mid: &str, stream: &str, plays: &'static str) -> Arrived<&'static str> {
        Arrived { kind, mid: Some(mid.to_owned()), streams: vec![stream.to_owned()], stream: Some(plays) }
    }

    fn with_devices() -> Received<&'static str> {
        let mut received = Received::new(0.0);
        received.arrived(track(AUDIO, "0", "devices", "microphone"));
        received.arrived(track(VIDEO, "1", "devices", "camera"));
        received
    }

    fn id(stream: &str) -> Option<String> {
        Some(stream.to_owned())
    }

    #[test]
    fn screen_is_shown_whether_announced_before_or_after_its_tracks() {
        let mut received = with_devices();
        received.arrived(track(VIDEO, "3", "screen", "picture"));
        assert_eq!(received.screen(VIDEO), None, "not announced");
        received.announced(id("screen"), 0.0);
        assert_eq!(received.screen(VIDEO), Some("picture"));
        assert_eq!(received.screen(AUDIO), None);
        received.arrived(track(AUDIO, "4", "screen", "sound"));
        assert_eq!(received.screen(AUDIO), Some("sound"));
        assert_eq!((received.main(AUDIO), received.main(VIDEO)), (Some("microphone"), Some("camera")));
    }

    #[test]
    fn screen_that_ended_is_not_shown_until_it_is_announced_again() {
        let mut received = with_devices();
        received.arrived(track(VIDEO, "3", "screen", "picture"));
        received.announced(id("screen"), 0.0);
        received.announced(None, 0.0);
        assert_eq!(received.screen(VIDEO), None);
        received.announced(id("screen"), 0.0);
        assert_eq!(received.screen(VIDEO), Some("picture"));
    }

    #[test]
    fn announcement_of_nothing_known_shows_nothing() {
        let mut received = with_devices();
        received.arrived(track(VIDEO, "3", "screen", "picture"));
        for stream in ["", "unknown", "devices", &"s".repeat(1_000)] {
            received.announced(id(stream), 0.0);
            assert_eq!(received.screen(VIDEO), None);
            received.settle(1e6);
        }
        assert_eq!(received.main(VIDEO), Some("camera"));
    }

    #[test]
    fn camera_that_arrives_again_stays_the_camera() {
        let mut received = with_devices();
        received.arrived(track(VIDEO, "1", "other", "camera again"));
        assert_eq!(received.main(VIDEO), Some("camera again"), "the same section");
        received.arrived(track(VIDEO, "7", "other", "second section"));
        assert_eq!(received.main(VIDEO), Some("second section"), "the same stream");
    }

    #[test]
    fn endless_tracks_are_not_kept() {
        let mut received = with_devices();
        for section in 0..1_000 {
            received.arrived(track(VIDEO, &format!("section {section}"), "screen", "picture"));
        }
        assert_eq!(received.others.len(), MAX_OTHERS);
    }

    #[test]
    fn flicker_is_damped_and_ends_with_the_truth() {
        let mut received = with_devices();
        received.arrived(track(VIDEO, "3", "screen", "picture"));
        let mut changes = 0;
        for count in 0..1_000 {
            let before = received.screen(VIDEO);
            received.announced(if count % 2 == 0 { id("screen") } else { None }, 0.0);
            changes += usize::from(received.screen(VIDEO) != before);
        }
        assert!(changes <= 6);
        received.settle(10_000.0);
        assert_eq!(received.screen(VIDEO), None);
    }
}
