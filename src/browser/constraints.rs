//! What is asked of cameras and microphones, as constraints. When to ask is decided in [`crate::call`].

use serde::Serialize;
use wasm_bindgen::JsValue;

use super::json;

/// How the microphone's audio is processed, as constraints (mediacapture-streams §4.3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Processing {
    /// What the loudspeaker plays is taken out.
    pub echo_cancellation: bool,
    /// Steady noise is taken out.
    pub noise_suppression: bool,
    /// A quiet voice is made louder.
    pub auto_gain_control: bool,
}

impl Default for Processing {
    fn default() -> Self {
        Self { echo_cancellation: true, noise_suppression: true, auto_gain_control: true }
    }
}

/// What is asked of a running camera, as constraints. All of it each time: a constraint that is left out is given up.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CameraSettings {
    /// How large the video is.
    #[serde(flatten)]
    pub size: CaptureSize,
    /// Whether the camera blurs the background; `None` for a camera that cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background_blur: Option<bool>,
}

/// Size and frame rate of the camera's video, as constraints (mediacapture-streams §4.3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CaptureSize {
    width: u32,
    height: u32,
    #[serde(rename = "frameRate")]
    frames_per_second: u32,
}

impl CaptureSize {
    /// The size for a call with this many peers. Each peer gets its own encoding, and shows it in a smaller tile the
    /// more peers there are; a smaller size saves processor time and uplink for every participant.
    pub fn for_peers(peers: usize) -> Self {
        let (width, height, frames_per_second) = match peers {
            0 | 1 => (1280, 720, 30),
            2 | 3 => (960, 540, 30),
            4 | 5 => (640, 360, 24),
            _ => (320, 180, 15),
        };
        Self { width, height, frames_per_second }
    }
}

impl Default for CaptureSize {
    /// The largest.
    fn default() -> Self {
        Self::for_peers(1)
    }
}

/// Constraints as a JS value. A bare value is an ideal value (mediacapture-streams §5).
pub(super) fn constraints(requested: &impl Serialize) -> JsValue {
    // The conversion of these types does not fail; `true` would request any device of the kind.
    json::to_js(requested).unwrap_or(JsValue::TRUE)
}
