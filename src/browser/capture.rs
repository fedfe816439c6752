//! Captures microphone and camera: which device, how large, how processed. When to do so is decided in [`crate::call`].

use futures_channel::oneshot;
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{MediaStream, MediaStreamConstraints, MediaStreamTrack, PermissionState};

use super::{
    CaptureError, CaptureSize, JsError, LocalTrack, MediaKind, Processing, constraints::constraints,
    devices::permission,
};

/// Which device of a kind is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// The browser's choice.
    #[default]
    Any,
    /// The one with this id, or else another one.
    Ideally(String),
    /// The one with this id alone.
    Exactly(String),
}

impl Which {
    fn is_any(&self) -> bool {
        *self == Self::Any
    }
}

impl Serialize for Which {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => serializer.serialize_none(),
            Self::Ideally(id) => serializer.serialize_str(id),
            Self::Exactly(id) => {
                let mut constraint = serializer.serialize_map(Some(1))?;
                constraint.serialize_entry("exact", id)?;
                constraint.end()
            }
        }
    }
}

/// What is asked of the microphone, as constraints (mediacapture-streams §4.3.8).
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MicrophoneWish {
    /// Which microphone.
    #[serde(rename = "deviceId", skip_serializing_if = "Which::is_any")]
    pub which: Which,
    /// How its audio is processed.
    #[serde(flatten)]
    pub processing: Processing,
}

/// What is asked of the camera, as constraints.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CameraWish {
    /// Which camera.
    #[serde(rename = "deviceId", skip_serializing_if = "Which::is_any")]
    pub which: Which,
    /// How large its video is.
    #[serde(flatten)]
    pub size: CaptureSize,
}

/// What is asked of the browser; nothing of a kind that is not needed.
#[derive(Clone, Debug, Default)]
pub struct CaptureWish {
    /// The microphone.
    pub audio: Option<MicrophoneWish>,
    /// The camera.
    pub video: Option<CameraWish>,
}

impl CaptureWish {
    /// The same for one kind of media alone.
    pub fn only(self, kind: MediaKind) -> Self {
        match kind {
            MediaKind::Audio => Self { video: None, ..self },
            MediaKind::Video => Self { audio: None, ..self },
        }
    }
}

/// The results of a [`capture`]; `None` for a kind that was not requested.
#[derive(Default)]
pub struct CaptureResults {
    /// The microphone.
    pub audio: Option<Result<LocalTrack, CaptureError>>,
    /// The camera.
    pub video: Option<Result<LocalTrack, CaptureError>>,
}

/// Captures a microphone, a camera, or both. Both are requested together, so that the user sees one prompt. If that
/// fails, each is requested alone, so that a missing or denied device does not cost the other.
pub async fn capture(wish: CaptureWish) -> CaptureResults {
    if wish.audio.is_some()
        && wish.video.is_some()
        && let Ok((Some(audio), Some(video))) = request(&wish).await
    {
        return CaptureResults { audio: Some(Ok(audio)), video: Some(Ok(video)) };
    }
    let mut capture = CaptureResults::default();
    if wish.audio.is_some() {
        let alone = request(&wish.clone().only(MediaKind::Audio)).await;
        capture.audio = Some(alone.and_then(|(track, _)| track.ok_or(CaptureError::NotFound)));
    }
    if wish.video.is_some() {
        let alone = request(&wish.only(MediaKind::Video)).await;
        capture.video = Some(alone.and_then(|(_, track)| track.ok_or(CaptureError::NotFound)));
    }
    capture
}

/// Captures a device only if that needs no permission prompt; otherwise the results are empty.
pub async fn capture_without_prompt(kind: MediaKind, wish: CaptureWish) -> CaptureResults {
    match permission(kind).await.map(|status| status.state()) {
        Some(PermissionState::Granted) => capture(wish.only(kind)).await,
        Some(PermissionState::Denied) => {
            let refused = |requested| (kind == requested).then_some(Err(CaptureError::Refused));
            CaptureResults { audio: refused(MediaKind::Audio), video: refused(MediaKind::Video) }
        }
        _ => CaptureResults::default(),
    }
}

/// Captures the system's default microphone again if `track` comes from a former default; otherwise the results are
/// empty.
pub async fn follow_default_microphone(track: MediaStreamTrack, wish: CaptureWish) -> CaptureResults {
    match default_moved(&track).await {
        Ok(true) => capture_without_prompt(MediaKind::Audio, wish).await,
        Ok(false) => CaptureResults::default(),
        Err(error) => {
            super::log(&format!("the devices cannot be listed: {}", JsError::from(error)));
            CaptureResults::default()
        }
    }
}

/// Whether the default microphone is another device than the one that `track` captures as the default. Chromium lists
/// the default a second time, with the id `default` and the group id of the device.
async fn default_moved(track: &MediaStreamTrack) -> Result<bool, JsValue> {
    const DEFAULT: &str = "default";
    let read = |object: &JsValue, name: &str| js_sys::Reflect::get(object, &name.into()).map(|value| value.as_string());
    let settings: JsValue = track.get_settings().into();
    if read(&settings, "deviceId")?.as_deref() != Some(DEFAULT) {
        return Ok(false);
    }
    let group = read(&settings, "groupId")?;
    let Some(window) = web_sys::window() else { return Ok(false) };
    let devices: js_sys::Array =
        JsFuture::from(window.navigator().media_devices()?.enumerate_devices()?).await?.unchecked_into();
    for device in devices.iter() {
        let is = |name, value| read(&device, name).map(|read| read.as_deref() == Some(value));
        if is("kind", "audioinput")? && is("deviceId", DEFAULT)? {
            return Ok(read(&device, "groupId")? != group);
        }
    }
    Ok(false)
}

async fn request(wish: &CaptureWish) -> Result<(Option<LocalTrack>, Option<LocalTrack>), CaptureError> {
    if !super::has_devices() {
        return Err(CaptureError::Insecure);
    }
    let devices = web_sys::window()
        .ok_or(CaptureError::Insecure)?
        .navigator()
        .media_devices()
        .map_err(|error| CaptureError::from(JsError::from(error)))?;
    let requested = MediaStreamConstraints::new();
    if let Some(microphone) = &wish.audio {
        requested.set_audio(&constraints(microphone));
    }
    if let Some(camera) = &wish.video {
        requested.set_video(&constraints(camera));
    }
    let promise = devices.get_user_media_with_constraints(&requested).map_err(JsError::from)?;
    // The promise is awaited even if the caller is dropped: a device that starts later must be stopped.
    let (sender, answer) = oneshot::channel();
    spawn_local(async move {
        let first = |tracks: js_sys::Array| tracks.get(0).dyn_into::<MediaStreamTrack>().ok().map(LocalTrack::new);
        let tracks = JsFuture::from(promise).await.map(|stream| {
            let stream: MediaStream = stream.unchecked_into();
            (first(stream.get_audio_tracks().unchecked_into()), first(stream.get_video_tracks().unchecked_into()))
        });
        let _ = sender.send(tracks);
    });
    let tracks = answer.await.map_err(|_| CaptureError::Busy)?;
    Ok(tracks.map_err(JsError::from)?)
}
