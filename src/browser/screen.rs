//! Capture of a screen, a window or a tab: the browser's question, and ownership of the tracks that it gives. Who sees
//! the screen is decided in [`crate::call`].

use futures_channel::oneshot;
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{MediaDevices, MediaStream, MediaStreamTrack};

use super::{
    JsError, LocalTrack,
    externs::{DisplaySettings, HintedTrack},
    json,
};

/// A refusal that comes sooner than this, in milliseconds, is not the user's: nobody reads and answers a question so fast.
const FASTEST_ANSWER: f64 = 300.0;
/// The largest picture that is captured. Scaling down costs each peer's encoder less than it costs the reader.
const MAX_SIZE: (u32, u32) = (1920, 1080);

/// The highest frame rate that is captured, before it is known what the screen shows.
const MAX_FRAMES_PER_SECOND: u32 = 30;

/// What a shared screen shows, which decides whether sharpness or motion gives way on a slow line (mst-content-hint).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ScreenContent {
    /// Text and drawings: sharp, at a few frames a second.
    #[default]
    Detail,
    /// A film or a game: fluent, perhaps less sharp.
    Motion,
}

/// What the user chose to share (`displaySurface`, screen-capture §5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// A whole screen.
    Monitor,
    /// A window.
    Window,
    /// A tab.
    Tab,
}

/// Why `getDisplayMedia()` failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScreenError {
    /// The user chose nothing.
    #[error("cancelled")]
    Cancelled,
    /// The browser or the system does not let this page capture screens; nobody was asked.
    #[error("refused")]
    Refused,
    /// The browser cannot capture screens, as on phones.
    #[error("not supported")]
    Unsupported,
    /// There is no screen, or the system could not capture it.
    #[error("not captured: {0}")]
    Failed(JsError),
}

impl ScreenError {
    /// What an exception means that came so many milliseconds after the call. Browsers use one name for the user's "no"
    /// and for their own.
    fn new(error: JsError, after: f64) -> Self {
        match error.name.as_str() {
            "NotAllowedError" | "AbortError" if after >= FASTEST_ANSWER => Self::Cancelled,
            "NotAllowedError" | "SecurityError" => Self::Refused,
            "NotSupportedError" | "TypeError" => Self::Unsupported,
            _ => Self::Failed(error),
        }
    }
}

/// A captured screen; stopped on drop.
pub struct ScreenCapture {
    /// The picture.
    pub video: LocalTrack,
    /// The sound, where the browser gives it.
    pub audio: Option<LocalTrack>,
}

impl ScreenCapture {
    /// Tells the encoders what the picture shows, and captures at most so many frames a second.
    pub fn set_content(&self, content: ScreenContent, frames_per_second: u32) {
        let (picture, sound) = match content {
            ScreenContent::Detail => ("detail", "speech"),
            ScreenContent::Motion => ("motion", "music"),
        };
        self.video.track().unchecked_ref::<HintedTrack>().set_content_hint(picture);
        if let Some(audio) = &self.audio {
            audio.track().unchecked_ref::<HintedTrack>().set_content_hint(sound);
        }
        self.video.constrain(&VideoConstraints::new(frames_per_second));
    }

    /// What the user chose, if the browser tells.
    pub fn surface(&self) -> Option<Surface> {
        let settings = self.video.track().get_settings();
        match settings.unchecked_ref::<DisplaySettings>().display_surface()?.as_str() {
            "monitor" => Some(Surface::Monitor),
            "window" | "application" => Some(Surface::Window),
            "browser" => Some(Surface::Tab),
            _ => None,
        }
    }
}

/// A question to the user which screen to share. What is captured for a dropped request is stopped.
pub struct ScreenRequest(oneshot::Receiver<Result<ScreenCapture, ScreenError>>);

impl ScreenRequest {
    /// The user's answer.
    pub async fn answer(self) -> Result<ScreenCapture, ScreenError> {
        self.0.await.unwrap_or(Err(ScreenError::Cancelled))
    }
}

/// Whether this browser can capture screens.
pub fn can_capture_screen() -> bool {
    display_devices().is_some()
}

fn display_devices() -> Option<MediaDevices> {
    let devices = web_sys::window()?.navigator().media_devices().ok()?;
    let method = js_sys::Reflect::get(&devices, &"getDisplayMedia".into()).ok()?;
    method.is_function().then_some(devices)
}

/// Asks the user which screen, window or tab to share. Browsers answer only in the handler of a click, Safari to the
/// letter.
pub fn request_screen() -> ScreenRequest {
    let (sender, answer) = oneshot::channel();
    let asked = super::now();
    let promise = display_devices().ok_or(ScreenError::Unsupported).and_then(|devices| {
        let options = json::to_js(&DisplayOptions::new(MAX_FRAMES_PER_SECOND)).unwrap_or_default();
        let promise = devices.get_display_media_with_constraints(options.unchecked_ref());
        promise.map_err(|error| ScreenError::new(error.into(), 0.0))
    });
    spawn_local(async move {
        let captured = match promise {
            Ok(promise) => {
                let stream = JsFuture::from(promise).await;
                stream.map_err(|error| ScreenError::new(error.into(), super::now() - asked)).and_then(capture_of)
            }
            Err(error) => Err(error),
        };
        // Fails if nobody waits any more; then the capture is stopped.
        let _ = sender.send(captured);
    });
    ScreenRequest(answer)
}

fn capture_of(stream: JsValue) -> Result<ScreenCapture, ScreenError> {
    let stream: MediaStream = stream.unchecked_into();
    let first = |tracks: js_sys::Array| tracks.get(0).dyn_into::<MediaStreamTrack>().ok().map(LocalTrack::new);
    let audio = first(stream.get_audio_tracks().unchecked_into());
    let video = first(stream.get_video_tracks().unchecked_into());
    let video = video.ok_or_else(|| {
        let message = "getDisplayMedia() gave no video".to_owned();
        ScreenError::Failed(JsError { name: "NotFoundError".to_owned(), message })
    })?;
    Ok(ScreenCapture { video, audio })
}

/// `DisplayMediaStreamOptions` (screen-capture §5.2). Browsers ignore what they do not know.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DisplayOptions {
    video: VideoConstraints,
    audio: AudioConstraints,
    /// Showing this page to those whom it shows would be a hall of mirrors.
    self_browser_surface: &'static str,
    system_audio: &'static str,
    surface_switching: &'static str,
}

impl DisplayOptions {
    fn new(frames_per_second: u32) -> Self {
        // Processing meant for voices would spoil a film's sound. What this page plays are the others' voices: they must
        // not come back to them.
        let audio = AudioConstraints {
            echo_cancellation: false,
            noise_suppression: false,
            auto_gain_control: false,
            restrict_own_audio: true,
        };
        Self {
            video: VideoConstraints::new(frames_per_second),
            audio,
            self_browser_surface: "exclude",
            system_audio: "include",
            surface_switching: "include",
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VideoConstraints {
    width: Limit,
    height: Limit,
    frame_rate: Limit,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AudioConstraints {
    echo_cancellation: bool,
    noise_suppression: bool,
    auto_gain_control: bool,
    restrict_own_audio: bool,
}

#[derive(Serialize)]
struct Limit {
    max: u32,
}

impl VideoConstraints {
    fn new(frames_per_second: u32) -> Self {
        let limit = |max| Limit { max };
        Self { width: limit(MAX_SIZE.0), height: limit(MAX_SIZE.1), frame_rate: limit(frames_per_second) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(name: &str, after: f64) -> ScreenError {
        ScreenError::new(JsError { name: name.to_owned(), message: String::new() }, after)
    }

    #[test]
    fn only_a_user_takes_time_to_refuse() {
        assert_eq!(error("NotAllowedError", 20.0), ScreenError::Refused);
        assert_eq!(error("NotAllowedError", 2_000.0), ScreenError::Cancelled);
    }

    #[test]
    fn what_nobody_decided_is_a_failure() {
        assert_eq!(error("SecurityError", 2_000.0), ScreenError::Refused);
        assert_eq!(error("NotSupportedError", 2_000.0), ScreenError::Unsupported);
        assert!(matches!(error("NotReadableError", 2_000.0), ScreenError::Failed(_)));
    }
}
