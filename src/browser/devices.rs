//! Microphone and camera: permission, and ownership of the tracks. A [`LocalTrack`] is stopped when it is dropped, so the
//! camera's light cannot stay on by mistake. When to capture is decided in [`crate::call`].

use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{EventTarget, MediaStream, MediaStreamTrack, MediaStreamTrackState, PermissionState, PermissionStatus};

use super::{
    JsError, Listener,
    constraints::{CameraSettings, Processing, constraints},
};

/// A media stream, for a `<video>` element to play.
pub type Stream = MediaStream;

/// The kind of media that a track carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// Audio.
    Audio,
    /// Video.
    Video,
}

impl MediaKind {
    /// `MediaStreamTrack.kind`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
        }
    }
}

/// The kind of `track`, and a stream that holds only this track. `None` only if the browser has no streams.
pub fn stream_of(track: &MediaStreamTrack) -> (MediaKind, Option<Stream>) {
    let kind = if track.kind() == MediaKind::Audio.name() { MediaKind::Audio } else { MediaKind::Video };
    (kind, MediaStream::new().ok().inspect(|stream| stream.add_track(track)))
}

/// Why `getUserMedia()` failed, by the `DOMException`'s name (mediacapture-streams §10.2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// The user or a policy denied permission.
    #[error("refused")]
    Refused,
    /// There is no such device.
    #[error("no device")]
    NotFound,
    /// The device could not be started, usually because another program uses it.
    #[error("device busy")]
    Busy,
    /// The page has no `navigator.mediaDevices`, because it is not a secure context.
    #[error("no access to devices on an insecure page")]
    Insecure,
    /// Anything else.
    #[error(transparent)]
    Other(JsError),
}

impl From<JsError> for CaptureError {
    fn from(error: JsError) -> Self {
        match error.name.as_str() {
            "NotAllowedError" | "SecurityError" => Self::Refused,
            "NotFoundError" | "OverconstrainedError" => Self::NotFound,
            "NotReadableError" | "AbortError" => Self::Busy,
            _ => Self::Other(error),
        }
    }
}

/// A change of a captured track that this page did not cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackChange {
    /// The track ended: the device was unplugged, or permission withdrawn.
    Ended,
    /// The system interrupted the device (`mute`).
    Interrupted,
    /// The device delivers again (`unmute`).
    Resumed,
}

/// A captured track; stopped on drop.
pub struct LocalTrack {
    listeners: Vec<Listener>,
    track: MediaStreamTrack,
}

impl LocalTrack {
    pub(super) fn new(track: MediaStreamTrack) -> Self {
        Self { listeners: Vec::new(), track }
    }

    /// The browser's track.
    pub fn track(&self) -> &MediaStreamTrack {
        &self.track
    }

    /// Enables or disables the track. A disabled track is silent or black; its device stays open.
    pub fn set_enabled(&self, enabled: bool) {
        self.track.set_enabled(enabled);
    }

    /// Calls `handler` for every change that this page did not cause.
    pub fn on_change(&mut self, handler: impl Fn(TrackChange) + Clone + 'static) {
        let on = |name, change| {
            let handler = handler.clone();
            Listener::new(&self.track, name, move |_| handler(change))
        };
        self.listeners = vec![
            on("ended", TrackChange::Ended),
            on("mute", TrackChange::Interrupted),
            on("unmute", TrackChange::Resumed),
        ];
    }

    /// Asks the camera for these settings. A camera that cannot change keeps its own.
    pub fn configure(&self, settings: CameraSettings) {
        self.constrain(&settings);
    }

    /// Captures within these constraints from now on, as far as the source can.
    pub(super) fn constrain(&self, requested: &impl Serialize) {
        let constraints = constraints(requested);
        let Ok(promise) = self.track.apply_constraints_with_constraints(constraints.unchecked_ref()) else { return };
        spawn_local(async move {
            if let Err(error) = JsFuture::from(promise).await {
                super::log(&format!("the captured settings could not be changed: {}", JsError::from(error)));
            }
        });
    }

    /// The id of the device that is captured, if the browser tells.
    pub fn device_id(&self) -> Option<String> {
        let id = setting(&self.track, "deviceId")?.as_string()?;
        (!id.is_empty()).then_some(id)
    }

    /// Whether the camera itself can blur the background, and can leave that.
    pub fn offers_blur(&self) -> bool {
        // Not every browser has the method.
        let offered = || {
            let method = js_sys::Reflect::get(&self.track, &"getCapabilities".into()).ok()?;
            let capabilities = method.dyn_into::<js_sys::Function>().ok()?.call0(&self.track).ok()?;
            let values = js_sys::Reflect::get(&capabilities, &"backgroundBlur".into()).ok()?;
            let values = values.dyn_into::<js_sys::Array>().ok()?;
            Some(values.includes(&JsValue::TRUE, 0) && values.includes(&JsValue::FALSE, 0))
        };
        offered() == Some(true)
    }

    /// Whether the device delivers media: the track has not ended and is not interrupted.
    pub fn delivers(&self) -> bool {
        self.track.ready_state() == MediaStreamTrackState::Live && !self.track.muted()
    }
}

impl Drop for LocalTrack {
    fn drop(&mut self) {
        self.listeners.clear();
        self.track.stop();
    }
}

/// What `getSettings()` says of one setting of a track.
fn setting(track: &MediaStreamTrack, name: &str) -> Option<JsValue> {
    js_sys::Reflect::get(&track.get_settings(), &name.into()).ok().filter(|value| !value.is_undefined())
}

/// Changes how a microphone's audio is processed. Returns whether the browser did so: Chromium cannot change it on a
/// running track.
pub async fn apply_processing(track: MediaStreamTrack, processing: Processing) -> bool {
    let wanted = constraints(&processing);
    let Ok(promise) = track.apply_constraints_with_constraints(wanted.unchecked_ref()) else { return false };
    let is_applied = |name, wanted: bool| {
        // A setting that the browser does not know cannot be wrong. Newer browsers name the kind of echo cancellation.
        setting(&track, name).is_none_or(|set| set.as_bool().unwrap_or(set.is_string()) == wanted)
    };
    JsFuture::from(promise).await.is_ok()
        && is_applied("echoCancellation", processing.echo_cancellation)
        && is_applied("noiseSuppression", processing.noise_suppression)
        && is_applied("autoGainControl", processing.auto_gain_control)
}

/// Calls `handler` whenever a device is added or removed or permission for one is granted, until the returned listeners
/// are dropped.
pub async fn watch_devices(handler: impl Fn() + Clone + 'static) -> Vec<Listener> {
    let mut targets: Vec<EventTarget> = Vec::new();
    if super::has_devices() {
        targets.extend(web_sys::window().and_then(|window| window.navigator().media_devices().ok()).map(Into::into));
    }
    let mut listeners: Vec<_> = targets
        .iter()
        .map(|devices| {
            let handler = handler.clone();
            Listener::new(devices, "devicechange", move |_| handler())
        })
        .collect();
    for kind in [MediaKind::Audio, MediaKind::Video] {
        if let Some(status) = permission(kind).await {
            let (handler, watched) = (handler.clone(), status.clone());
            listeners.push(Listener::new(&status, "change", move |_| {
                if watched.state() == PermissionState::Granted {
                    handler();
                }
            }));
        }
    }
    listeners
}

/// Whether capturing a device shows a permission prompt; also true if the browser does not tell.
pub async fn needs_permission_prompt(kind: MediaKind) -> bool {
    let state = permission(kind).await.map(|status| status.state());
    !matches!(state, Some(PermissionState::Granted | PermissionState::Denied))
}

/// The permission for a device (Permissions API), if the browser tells.
pub(super) async fn permission(kind: MediaKind) -> Option<PermissionStatus> {
    let name = match kind {
        MediaKind::Audio => "microphone",
        MediaKind::Video => "camera",
    };
    let descriptor = js_sys::Object::new();
    js_sys::Reflect::set(&descriptor, &"name".into(), &name.into()).ok()?;
    let permissions = web_sys::window()?.navigator().permissions().ok()?;
    JsFuture::from(permissions.query(&descriptor).ok()?).await.ok()?.dyn_into().ok()
}
