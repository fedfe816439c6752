//! A short, quiet tone that tells of something. The `AudioContext` lives no longer than the tone. When to play it is decided
//! elsewhere.

use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;
use web_sys::{AudioContext, OscillatorType};

use super::JsError;

/// The tone's length, in milliseconds.
const LENGTH: u32 = 360;
/// Its loudness; 1 is the loudest.
const VOLUME: f32 = 0.06;
/// Its two notes, in hertz.
const NOTES: [f32; 2] = [659.3, 987.8];

/// Plays the tone. A browser that plays nothing, because the user has not touched the page or because it has no Web Audio,
/// stays silent.
pub fn play_tone() {
    let Ok(context) = AudioContext::new() else { return };
    let _ = sound(&context);
    spawn_local(async move {
        TimeoutFuture::new(LENGTH + 200).await;
        let _ = context.close();
    });
}

fn sound(context: &AudioContext) -> Result<(), JsError> {
    let (oscillator, gain) = (context.create_oscillator()?, context.create_gain()?);
    oscillator.set_type(OscillatorType::Sine);
    let (start, length) = (context.current_time(), f64::from(LENGTH) / 1_000.0);
    oscillator.frequency().set_value_at_time(NOTES[0], start)?;
    oscillator.frequency().set_value_at_time(NOTES[1], start + length / 4.0)?;
    // Without a soft start and end, it would click.
    gain.gain().set_value_at_time(0.0, start)?;
    gain.gain().linear_ramp_to_value_at_time(VOLUME, start + 0.02)?;
    gain.gain().exponential_ramp_to_value_at_time(0.001, start + length)?;
    oscillator.connect_with_audio_node(&gain)?;
    gain.connect_with_audio_node(&context.destination())?;
    oscillator.start()?;
    oscillator.stop_with_when(start + length)?;
    Ok(())
}
