//! The loudspeaker: which one an element plays on, and a sound to try it with. Which one is chosen is decided in
//! [`crate::call`].

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AudioContext, HtmlAudioElement, HtmlMediaElement};

use super::{JsError, externs::MediaElement};

/// Whether the page can choose the speaker (`setSinkId()`).
pub fn can_choose_speaker() -> bool {
    let has = |global: JsValue| {
        let class = js_sys::Reflect::get(&global, &"HTMLMediaElement".into()).ok()?;
        let prototype = js_sys::Reflect::get(&class, &"prototype".into()).ok()?;
        js_sys::Reflect::has(&prototype, &"setSinkId".into()).ok()
    };
    has(js_sys::global().into()) == Some(true)
}

/// Makes `element` play on the speaker with this id; on the system's if it is empty.
///
/// # Errors
/// The browser's exception, as for a speaker that is gone.
pub async fn play_on(element: &HtmlMediaElement, id: &str) -> Result<(), JsError> {
    let element: &MediaElement = element.unchecked_ref();
    // The method may be missing, and the same speaker again would interrupt the sound.
    if element.sink_id().is_none_or(|current| current == id) {
        return Ok(());
    }
    JsFuture::from(element.set_sink_id(id)?).await?;
    Ok(())
}

/// The notes of the sound: frequency in Hz, and when it begins, in seconds.
const NOTES: [(f32, f64); 3] = [(523.25, 0.0), (659.26, 0.18), (783.99, 0.36)];

/// How long a note sounds, in seconds.
const NOTE_LENGTH: f64 = 0.7;

/// How long the sound lasts, in milliseconds.
pub const CHIME_LENGTH: u32 = 1300;

/// A short, soft chord; over when this is dropped.
pub struct Chime {
    context: AudioContext,
    player: HtmlAudioElement,
}

impl Chime {
    /// Plays the sound on the speaker with this id; on the system's if it is empty. The page's policy allows no sound from
    /// an address, so it is made here.
    ///
    /// # Errors
    /// The browser's exception.
    pub async fn play(speaker: &str) -> Result<Self, JsError> {
        let chime = Self { context: AudioContext::new()?, player: HtmlAudioElement::new()? };
        let output = chime.context.create_media_stream_destination()?;
        let start = chime.context.current_time() + 0.05;
        for (frequency, delay) in NOTES {
            let (oscillator, gain) = (chime.context.create_oscillator()?, chime.context.create_gain()?);
            let (begin, end) = (start + delay, start + delay + NOTE_LENGTH);
            oscillator.frequency().set_value(frequency);
            gain.gain().set_value_at_time(0.0, begin)?;
            gain.gain().linear_ramp_to_value_at_time(0.2, begin + 0.02)?;
            gain.gain().exponential_ramp_to_value_at_time(0.001, end)?;
            oscillator.connect_with_audio_node(&gain)?.connect_with_audio_node(&output)?;
            oscillator.start_with_when(begin)?;
            oscillator.stop_with_when(end)?;
        }
        chime.player.set_src_object(Some(&output.stream()));
        play_on(&chime.player, speaker).await?;
        JsFuture::from(chime.player.play()?).await?;
        Ok(chime)
    }
}

impl Drop for Chime {
    fn drop(&mut self) {
        self.player.set_src_object(None);
        let _ = self.context.close();
    }
}
