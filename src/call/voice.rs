//! When the user speaks: decided from how loud the microphone is, without a browser. The ring around a tile follows it, so
//! it neither flickers between words nor answers to a single knock.

/// A voice is at least this loud, as the root mean square of samples in -1..=1.
pub const VOICE: f32 = 0.015;

/// What is no louder than this is a pause.
const PAUSE: f32 = 0.008;

/// How long a pause within speech may be, in milliseconds.
const LONGEST_PAUSE: f64 = 600.0;

/// A single knock is shorter than this many samples in a row.
const SAMPLES_OF_SPEECH: u32 = 2;

/// Loudness in ten steps for a meter: 0 is below -60 dB, 10 at least -6 dB.
pub fn meter_level(loudness: f32) -> u8 {
    let decibels = 20.0 * loudness.max(1e-6).log10();
    ((decibels + 60.0) / 54.0 * 10.0).clamp(0.0, 10.0).round() as u8
}

/// Whether somebody speaks, with hysteresis.
#[derive(Clone, Copy, Debug, Default)]
pub struct VoiceActivity {
    is_speaking: bool,
    /// Loud samples in a row.
    loud: u32,
    /// When the last sample above a pause was, in milliseconds.
    last_sound: f64,
}

impl VoiceActivity {
    /// Takes the loudness at the time `now`, in milliseconds. Returns whether somebody speaks.
    pub fn sample(&mut self, loudness: f32, now: f64) -> bool {
        self.loud = if loudness >= VOICE { self.loud + 1 } else { 0 };
        if loudness > PAUSE {
            self.last_sound = now;
        }
        if self.loud >= SAMPLES_OF_SPEECH {
            self.is_speaking = true;
        } else if now - self.last_sound > LONGEST_PAUSE {
            self.is_speaking = false;
        }
        self.is_speaking
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is heard of samples 125 ms apart.
    fn heard(samples: &[f32]) -> Vec<bool> {
        let mut activity = VoiceActivity::default();
        samples.iter().enumerate().map(|(index, level)| activity.sample(*level, index as f64 * 125.0)).collect()
    }

    #[test]
    fn speech_is_heard_at_its_second_sample() {
        assert_eq!(heard(&[0.0, 0.1, 0.1, 0.05]), [false, false, true, true]);
    }

    #[test]
    fn single_knock_is_no_speech() {
        assert_eq!(heard(&[0.0, 0.9, 0.0, 0.0, 0.9, 0.0]), [false; 6]);
    }

    #[test]
    fn pause_between_words_does_not_end_speech() {
        let heard = heard(&[0.1, 0.1, 0.0, 0.0, 0.0, 0.0, 0.1]);
        assert!(heard[1..].iter().all(|speaks| *speaks), "{heard:?}");
    }

    #[test]
    fn speech_ends_after_the_longest_pause() {
        let heard = heard(&[0.1, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(heard.iter().filter(|speaks| **speaks).count(), 5, "{heard:?}");
        assert!(!heard[7]);
    }

    #[test]
    fn quiet_voice_goes_on_but_does_not_begin() {
        assert_eq!(heard(&[0.01; 4]), [false; 4]);
        assert!(heard(&[0.1, 0.1, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01])[8]);
    }

    #[test]
    fn meter_covers_its_ten_steps() {
        assert_eq!([0.0, 0.001, 0.5, 1.0].map(meter_level), [0, 0, 10, 10]);
        assert!((4..=7).contains(&meter_level(0.05)));
    }
}
