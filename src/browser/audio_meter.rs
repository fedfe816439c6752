//! How loud a captured track is now. An [`AudioMeter`] owns an `AudioContext`, which is closed on drop, and plays nothing.
//! What the loudness means is decided in [`crate::call`].

use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    AnalyserNode, AudioContext, AudioContextLatencyCategory, AudioContextOptions, AudioContextState, MediaStream,
    MediaStreamAudioSourceNode, MediaStreamTrack,
};

use super::JsError;

/// Samples per second that are enough for loudness, and cheaper than the device's own rate.
const RATE: f32 = 8000.0;

/// How many of the latest samples are looked at: 128 ms at [`RATE`].
const SAMPLES: u32 = 1024;

/// Measures one track; released on drop.
pub struct AudioMeter {
    context: AudioContext,
    source: MediaStreamAudioSourceNode,
    analyser: AnalyserNode,
    samples: Vec<f32>,
}

impl AudioMeter {
    /// A meter of `track`.
    ///
    /// # Errors
    /// The browser's exception if it has no Web Audio, or no more of it.
    pub fn new(track: &MediaStreamTrack) -> Result<Self, JsError> {
        let stream = MediaStream::new()?;
        stream.add_track(track);
        // Firefox connects a device only to a context of the device's own rate.
        Self::with_rate(&stream, Some(RATE)).or_else(|_| Self::with_rate(&stream, None))
    }

    fn with_rate(stream: &MediaStream, rate: Option<f32>) -> Result<Self, JsError> {
        let options = AudioContextOptions::new();
        options.set_latency_hint_audio_context_latency_category(AudioContextLatencyCategory::Playback);
        if let Some(rate) = rate {
            options.set_sample_rate(rate);
        }
        // Without a sink, Chromium opens no output device. Other browsers do not know the option.
        let no_sink = js_sys::JSON::parse(r#"{"type":"none"}"#)?;
        js_sys::Reflect::set(&options, &"sinkId".into(), &no_sink)?;
        let context = AudioContext::new_with_context_options(&options)?;
        let connected = connect(&context, stream);
        if connected.is_err() {
            let _ = context.close();
        }
        let (source, analyser) = connected?;
        Ok(Self { context, source, analyser, samples: vec![0.0; SAMPLES as usize] })
    }

    /// The root mean square of the latest samples; `None` while the browser does not run the meter, as before the user
    /// has touched the page.
    pub fn loudness(&mut self) -> Option<f32> {
        if self.context.state() != AudioContextState::Running {
            return None;
        }
        self.analyser.get_float_time_domain_data(&mut self.samples);
        let power: f32 = self.samples.iter().map(|sample| sample * sample).sum();
        Some((power / self.samples.len() as f32).sqrt())
    }

    /// Asks the browser to run the meter.
    pub fn resume(&self) {
        if let Ok(promise) = self.context.resume() {
            // The answer is the context's state.
            spawn_local(async move { drop(JsFuture::from(promise).await) });
        }
    }
}

fn connect(
    context: &AudioContext,
    stream: &MediaStream,
) -> Result<(MediaStreamAudioSourceNode, AnalyserNode), JsError> {
    let source = context.create_media_stream_source(stream)?;
    let analyser = context.create_analyser()?;
    analyser.set_fft_size(SAMPLES);
    source.connect_with_audio_node(&analyser)?;
    Ok((source, analyser))
}

impl Drop for AudioMeter {
    fn drop(&mut self) {
        let _ = self.source.disconnect();
        let _ = self.context.close();
    }
}
