//! Whose tile is large in the speaker's layout: who spoke last for a while. Pure; the caller passes the time, in
//! milliseconds, and never the user's own key.

use std::collections::BTreeMap;

/// Who speaks for so long is the speaker, if the one before is silent.
const AFTER_SILENCE: f64 = 1_000.0;
/// Who begins to speak while another speaks is the speaker after so long.
const INTERRUPTING: f64 = 3_000.0;

/// The peer who speaks, or spoke last.
#[derive(Debug, Default)]
pub struct ActiveSpeaker {
    current: Option<u64>,
    /// Since when the peers speak who do.
    since: BTreeMap<u64, f64>,
}

impl ActiveSpeaker {
    /// These peers speak at `now`. Returns the key of the speaker.
    pub fn update(&mut self, speaking: impl IntoIterator<Item = u64>, now: f64) -> Option<u64> {
        let before = std::mem::take(&mut self.since);
        self.since = speaking.into_iter().map(|key| (key, before.get(&key).copied().unwrap_or(now))).collect();
        let began = self.current.and_then(|key| self.since.get(&key)).copied();
        let is_next = |since: f64| match began {
            Some(began) => since > began && now - since >= INTERRUPTING,
            None => now - since >= AFTER_SILENCE,
        };
        let next = self.since.iter().filter(|(key, since)| Some(**key) != self.current && is_next(**since));
        // The one who has spoken longest.
        if let Some((key, _)) = next.min_by(|(_, one), (_, other)| one.total_cmp(other)) {
            self.current = Some(*key);
        }
        self.current
    }

    /// The peer with the key `old` has the key `new` now.
    pub fn renamed(&mut self, old: u64, new: u64) {
        if self.current == Some(old) {
            self.current = Some(new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaker_stays_until_another_has_spoken_for_a_while() {
        let mut speaker = ActiveSpeaker::default();
        assert_eq!(speaker.update([1], 0.0), None);
        assert_eq!(speaker.update([1], 1_000.0), Some(1));
        assert_eq!(speaker.update([], 5_000.0), Some(1), "who spoke last");
        assert_eq!(speaker.update([2], 5_000.0), Some(1));
        assert_eq!(speaker.update([2], 5_900.0), Some(1));
        assert_eq!(speaker.update([], 5_950.0), Some(1), "a cough");
        assert_eq!(speaker.update([2], 6_000.0), Some(1));
        assert_eq!(speaker.update([2], 7_000.0), Some(2));
    }

    #[test]
    fn two_who_speak_together_do_not_take_turns() {
        let mut speaker = ActiveSpeaker::default();
        let shown: Vec<_> = (0..200).map(|tick| speaker.update([1, 2], f64::from(tick) * 250.0)).collect();
        assert!(shown[4..].iter().all(|key| *key == shown[4]), "{shown:?}");
    }

    #[test]
    fn interruption_that_lasts_is_the_speaker() {
        let mut speaker = ActiveSpeaker::default();
        speaker.update([1], 0.0);
        speaker.update([1], 1_000.0);
        speaker.update([1, 2], 2_000.0);
        assert_eq!(speaker.update([1, 2], 4_900.0), Some(1));
        assert_eq!(speaker.update([1, 2], 5_000.0), Some(2));
        assert_eq!(speaker.update([1, 2], 60_000.0), Some(2), "the first one has been at it for longer");
    }

    #[test]
    fn speaker_keeps_the_place_over_a_new_connection() {
        let mut speaker = ActiveSpeaker::default();
        speaker.update([1], 0.0);
        speaker.update([1], 1_000.0);
        speaker.renamed(1, 7);
        assert_eq!(speaker.update([], 2_000.0), Some(7));
    }
}
