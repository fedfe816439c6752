//! What the user may not know of the own microphone: that it is off while they speak, that it is on and hears nothing, that
//! it hears the loudspeaker. Decided from loudness and times, without a browser. A hint too few is better than a wrong one.

use std::collections::VecDeque;

use super::{
    local_media::VoiceHint,
    voice::{VOICE, VoiceActivity},
};

/// How long somebody has to speak before the hint that nobody hears it, in milliseconds.
const MUTED_SPEECH: f64 = 1000.0;

/// How long that hint stays after the last word.
const MUTED_HOLD: f64 = 5000.0;

/// No louder than this is silence: less than one step of a 16-bit sample. Every open microphone hears more.
const SILENCE: f32 = 2e-5;

/// How long a microphone has to be silent.
const SILENT_FOR: f64 = 10_000.0;

/// One reading of the microphone.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// When, in milliseconds.
    pub at: f64,
    /// The microphone's loudness, as the root mean square of samples in -1..=1.
    pub loudness: f32,
    /// Whether the others hear it.
    pub is_sent: bool,
    /// The loudness of the others, on the same scale.
    pub others: f32,
}

/// Decides on hints, reading by reading.
#[derive(Default)]
pub struct VoiceHints {
    muted: MutedSpeech,
    /// Since when the microphone has been on and silent.
    silent_since: Option<f64>,
    echo: Echo,
}

impl VoiceHints {
    /// Takes a reading. Returns what the user should be told now.
    pub fn sample(&mut self, reading: Reading) -> Option<VoiceHint> {
        let speaks_muted = self.muted.sample(&reading);
        let is_silent = self.is_silent(&reading);
        let echoes = self.echo.sample(&reading);
        if speaks_muted {
            Some(VoiceHint::Muted)
        } else if is_silent {
            Some(VoiceHint::Silent)
        } else {
            echoes.then_some(VoiceHint::Echo)
        }
    }

    fn is_silent(&mut self, reading: &Reading) -> bool {
        if !reading.is_sent || reading.loudness > SILENCE {
            self.silent_since = None;
            return false;
        }
        reading.at - *self.silent_since.get_or_insert(reading.at) >= SILENT_FOR
    }
}

/// Somebody speaks while the microphone is off.
#[derive(Default)]
struct MutedSpeech {
    activity: VoiceActivity,
    /// Since when somebody has been speaking.
    since: Option<f64>,
    /// Until when to tell.
    told_until: Option<f64>,
}

impl MutedSpeech {
    fn sample(&mut self, reading: &Reading) -> bool {
        if reading.is_sent {
            *self = Self::default();
            return false;
        }
        if self.activity.sample(reading.loudness, reading.at) {
            if reading.at - *self.since.get_or_insert(reading.at) >= MUTED_SPEECH {
                self.told_until = Some(reading.at + MUTED_HOLD);
            }
        } else {
            self.since = None;
        }
        self.told_until.is_some_and(|until| reading.at <= until)
    }
}

/// How many readings are compared: six seconds of eight each.
const WINDOW: usize = 48;

/// By how many readings an echo may be late.
const LATEST_ECHO: usize = 4;

/// The others are speaking, or pause.
const OTHERS_SPEAK: f32 = 0.03;
const OTHERS_PAUSE: f32 = 0.005;

/// What is as quiet as this is a user who says nothing.
const USER_IS_SILENT: f32 = 0.006;

/// How similar the microphone has to be to the others, from -1 to 1.
const SIMILAR: f32 = 0.8;

/// How many windows in a row have to be an echo.
const WINDOWS: u32 = 2;

/// How long the hint stays, in milliseconds.
const ECHO_HOLD: f64 = 30_000.0;

/// The microphone follows the others, and is silent when they are.
#[derive(Default)]
struct Echo {
    readings: VecDeque<(f32, f32)>,
    windows: u32,
    told_until: Option<f64>,
}

impl Echo {
    fn sample(&mut self, reading: &Reading) -> bool {
        if !reading.is_sent {
            *self = Self::default();
            return false;
        }
        self.readings.push_back((reading.loudness, reading.others));
        if self.readings.len() == WINDOW {
            let window: Vec<_> = self.readings.drain(..).collect();
            match is_echo(&window) {
                Some(true) => self.windows += 1,
                Some(false) => self.windows = 0,
                None => {}
            }
            if self.windows >= WINDOWS {
                self.windows = 0;
                self.told_until = Some(reading.at + ECHO_HOLD);
            }
        }
        self.told_until.is_some_and(|until| reading.at <= until)
    }
}

/// Whether the microphone follows the others in this window. `None` if they do not speak and pause enough to tell.
fn is_echo(window: &[(f32, f32)]) -> Option<bool> {
    let spoken = window.iter().filter(|(_, others)| *others >= OTHERS_SPEAK).count();
    let pauses = window.iter().filter(|(_, others)| *others <= OTHERS_PAUSE).count();
    if spoken < WINDOW / 6 || pauses < WINDOW / 6 {
        return None;
    }
    Some((0..=LATEST_ECHO).any(|late| {
        let pairs: Vec<_> = window[late..].iter().zip(window).map(|((own, _), (_, others))| (*own, *others)).collect();
        let is_user_silent =
            pairs.iter().filter(|(_, others)| *others <= OTHERS_PAUSE).all(|(own, _)| *own < USER_IS_SILENT);
        let during: Vec<_> = pairs.iter().filter(|(_, others)| *others >= OTHERS_SPEAK).collect();
        let heard = during.iter().filter(|(own, _)| *own >= VOICE).count();
        is_user_silent && heard * 2 > during.len() && correlation(&pairs) >= SIMILAR
    }))
}

/// Pearson's correlation of the two loudnesses in decibels, from -1 to 1.
fn correlation(pairs: &[(f32, f32)]) -> f32 {
    let decibels = |loudness: f32| 20.0 * loudness.max(1e-3).log10();
    let pairs: Vec<_> = pairs.iter().map(|(own, others)| (decibels(*own), decibels(*others))).collect();
    let count = pairs.len() as f32;
    let mean = |sum: f32| sum / count;
    let (own, others) = (mean(pairs.iter().map(|it| it.0).sum()), mean(pairs.iter().map(|it| it.1).sum()));
    let (mut both, mut own_power, mut others_power) = (0.0, 0.0, 0.0);
    for (one, other) in pairs {
        both += (one - own) * (other - others);
        own_power += (one - own).powi(2);
        others_power += (other - others).powi(2);
    }
    let scale = (own_power * others_power).sqrt();
    if scale > 0.0 { both / scale } else { 0.0 }
}

/// Which hint is shown. One that was dismissed does not return at once.
#[derive(Default)]
pub struct HintBoard {
    shown: Option<VoiceHint>,
    /// Hints that were dismissed, each with the time until which it stays away.
    quiet: Vec<(VoiceHint, f64)>,
}

impl HintBoard {
    /// The hint that is shown.
    pub fn shown(&self) -> Option<VoiceHint> {
        self.shown
    }

    /// Takes what there is to tell at the time `now`, in milliseconds.
    pub fn update(&mut self, hint: Option<VoiceHint>, now: f64) {
        self.quiet.retain(|(_, until)| *until > now);
        self.shown = hint.filter(|hint| self.quiet.iter().all(|(quiet, _)| quiet != hint));
    }

    /// The user has read the hint.
    pub fn dismiss(&mut self, now: f64) {
        if let Some(hint) = self.shown.take() {
            let minutes = match hint {
                VoiceHint::Muted => 2.0,
                VoiceHint::Silent => 5.0,
                VoiceHint::Echo => 10.0,
            };
            self.quiet.push((hint, now + minutes * 60_000.0));
        }
    }

    /// Another microphone is used: what was dismissed was about the one before.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: f64 = 125.0;

    /// The hints for readings `INTERVAL` apart: loudness, whether it is sent, loudness of the others.
    fn hints(readings: impl IntoIterator<Item = (f32, bool, f32)>) -> Vec<Option<VoiceHint>> {
        let mut hints = VoiceHints::default();
        let readings = readings.into_iter().enumerate();
        readings
            .map(|(index, (loudness, is_sent, others))| {
                hints.sample(Reading { at: index as f64 * INTERVAL, loudness, is_sent, others })
            })
            .collect()
    }

    /// Somebody who speaks a second, pauses a second, and so on.
    fn turns(index: usize) -> f32 {
        // Speech is uneven.
        if (index / 8).is_multiple_of(2) { 0.05 + 0.1 * ((index * 7 % 5) as f32) / 5.0 } else { 0.0 }
    }

    #[test]
    fn speech_while_muted_is_told_after_a_second_and_a_while_longer() {
        let told = hints((0..80).map(|index| (if index < 16 { 0.1 } else { 0.0 }, false, 0.0)));
        let first = told.iter().position(Option::is_some).unwrap_or_default();
        assert!((8..=11).contains(&first), "{first}");
        assert_eq!(told[first], Some(VoiceHint::Muted));
        assert_eq!(told[40], Some(VoiceHint::Muted));
        assert_eq!(told[79], None);
    }

    #[test]
    fn cough_while_muted_is_not_told() {
        assert!(
            hints((0..40).map(|index| (if index < 4 { 0.3 } else { 0.0 }, false, 0.0))).iter().all(Option::is_none)
        );
    }

    #[test]
    fn hint_ends_when_the_microphone_is_switched_on() {
        let told = hints((0..24).map(|index| (0.1, index >= 20, 0.0)));
        assert_eq!((told[19], told[20]), (Some(VoiceHint::Muted), None));
    }

    #[test]
    fn digital_silence_is_told_after_ten_seconds() {
        let told = hints((0..100).map(|_| (0.0, true, 0.0)));
        assert_eq!(told.iter().position(Option::is_some), Some(80));
        assert_eq!(told[80], Some(VoiceHint::Silent));
    }

    #[test]
    fn quiet_room_is_no_silence() {
        assert!(hints((0..200).map(|_| (1e-4, true, 0.0))).iter().all(Option::is_none));
    }

    #[test]
    fn silence_while_muted_is_not_told() {
        assert!(hints((0..200).map(|_| (0.0, false, 0.0))).iter().all(Option::is_none));
    }

    #[test]
    fn sound_ends_the_hint_of_silence() {
        let told = hints((0..100).map(|index| (if index == 90 { 0.01 } else { 0.0 }, true, 0.0)));
        assert_eq!((told[89], told[90], told[99]), (Some(VoiceHint::Silent), None, None));
    }

    #[test]
    fn microphone_that_follows_the_others_is_an_echo() {
        let echo = |late: usize| {
            hints((0..120_usize).map(|index| (0.5 * turns(index.saturating_sub(late)) + 2e-4, true, turns(index))))
        };
        for late in 0..=3 {
            assert!(echo(late).contains(&Some(VoiceHint::Echo)), "{late}");
        }
    }

    #[test]
    fn conversation_in_turns_is_no_echo() {
        let told = hints((0..400).map(|index| (turns(index + 8) + 2e-4, true, turns(index))));
        assert!(told.iter().all(Option::is_none));
    }

    #[test]
    fn monologue_of_either_side_is_no_echo() {
        assert!(hints((0..400).map(|index| (turns(index) + 2e-4, true, 0.0))).iter().all(Option::is_none));
        assert!(hints((0..400).map(|index| (2e-4, true, turns(index)))).iter().all(Option::is_none));
    }

    #[test]
    fn speaking_over_the_others_is_no_echo() {
        // The user speaks half as fast.
        let told = hints((0..400).map(|index| (turns(index / 2 + 3) + 2e-4, true, turns(index))));
        assert!(told.iter().all(Option::is_none));
    }

    #[test]
    fn faint_rest_of_an_echo_is_none() {
        assert!(
            hints((0..400).map(|index| (0.03 * turns(index) + 2e-4, true, turns(index)))).iter().all(Option::is_none)
        );
    }

    #[test]
    fn dismissed_hint_stays_away_for_a_while() {
        let mut board = HintBoard::default();
        board.update(Some(VoiceHint::Muted), 0.0);
        assert_eq!(board.shown(), Some(VoiceHint::Muted));
        board.dismiss(0.0);
        board.update(Some(VoiceHint::Muted), 60_000.0);
        assert_eq!(board.shown(), None);
        board.update(Some(VoiceHint::Silent), 60_000.0);
        assert_eq!(board.shown(), Some(VoiceHint::Silent), "another hint");
        board.update(Some(VoiceHint::Muted), 120_000.0);
        assert_eq!(board.shown(), Some(VoiceHint::Muted));
    }
}
