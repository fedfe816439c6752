//! Microphone and camera: asking for them, and owning what was given. A [`LocalTrack`] that is dropped is stopped,
//! so the camera's light cannot stay on by mistake.

use futures_channel::oneshot;
use vitrine_protocol::json::Json;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    EventTarget, MediaStream, MediaStreamConstraints, MediaStreamTrack, MediaStreamTrackState, PermissionState,
    PermissionStatus,
};

use super::{JsError, Listener, peer_connection::to_js};

/// A media stream, for a `<video>` element to play.
pub type Stream = MediaStream;

/// What a track carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

impl Kind {
    /// `MediaStreamTrack.kind`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
        }
    }
}

/// What `track` carries, and a stream of it alone. `None` only where the browser has no streams.
pub fn stream_of(track: &MediaStreamTrack) -> (Kind, Option<Stream>) {
    let kind = if track.kind() == Kind::Audio.name() { Kind::Audio } else { Kind::Video };
    (kind, MediaStream::new().ok().inspect(|stream| stream.add_track(track)))
}

/// Why `getUserMedia` gave nothing, by the `DOMException`'s name (mediacapture-streams §10.2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// The person, or a policy, refused.
    #[error("refused")]
    Refused,
    /// There is no such device.
    #[error("no device")]
    NotFound,
    /// The device could not be started; usually another program holds it.
    #[error("device busy")]
    Busy,
    /// The page has no `navigator.mediaDevices`, which means it is not secure.
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

/// What a captured track may do by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackChange {
    /// The device ended: unplugged, or permission withdrawn.
    Ended,
    /// The system took the device away for a while (`mute`).
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
    fn new(track: MediaStreamTrack) -> Self {
        Self { listeners: Vec::new(), track }
    }

    /// The browser's track.
    pub fn track(&self) -> &MediaStreamTrack {
        &self.track
    }

    /// Whether samples are passed on; a disabled track is silent (black), while its device stays open.
    pub fn set_enabled(&self, enabled: bool) {
        self.track.set_enabled(enabled);
    }

    /// Calls `handler` when the track changes by itself.
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

    /// Asks the device for pictures of about this size and rate. A device that cannot is left as it is.
    pub fn set_picture(&self, picture: Picture) {
        let constraints = picture.constraints();
        let Ok(promise) = self.track.apply_constraints_with_constraints(constraints.unchecked_ref()) else { return };
        spawn_local(async move {
            if let Err(error) = JsFuture::from(promise).await {
                super::describe(&format!("the camera keeps its size: {}", JsError::from(error)));
            }
        });
    }

    /// Whether the device still delivers, and nobody has taken it away for a while.
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

/// What [`capture`] was asked for and got; a kind that was not asked for is `None`.
#[derive(Default)]
pub struct Capture {
    /// The microphone.
    pub audio: Option<Result<LocalTrack, CaptureError>>,
    /// The camera.
    pub video: Option<Result<LocalTrack, CaptureError>>,
}

/// Asks for a microphone, a camera, or both. Both are asked for at once, so that the person sees one question; if
/// that fails each is asked for alone, so that lacking or refusing one does not lose the other.
pub async fn capture(audio: bool, video: bool) -> Capture {
    if audio
        && video
        && let Ok((Some(audio), Some(video))) = request(true, true).await
    {
        return Capture { audio: Some(Ok(audio)), video: Some(Ok(video)) };
    }
    let mut capture = Capture::default();
    if audio {
        capture.audio = Some(request(true, false).await.and_then(|(track, _)| track.ok_or(CaptureError::NotFound)));
    }
    if video {
        capture.video = Some(request(false, true).await.and_then(|(_, track)| track.ok_or(CaptureError::NotFound)));
    }
    capture
}

/// Asks again for a device, without the person noticing: gives nothing where the browser would have to ask.
pub async fn capture_quietly(kind: Kind) -> Capture {
    match permission(kind).await.map(|status| status.state()) {
        Some(PermissionState::Granted) => capture(kind == Kind::Audio, kind == Kind::Video).await,
        Some(PermissionState::Denied) => {
            let refused = |asked| (kind == asked).then_some(Err(CaptureError::Refused));
            Capture { audio: refused(Kind::Audio), video: refused(Kind::Video) }
        }
        _ => Capture::default(),
    }
}

/// Captures the system's microphone anew if `track` is of one that was the system's choice and is so no more; gives
/// nothing otherwise.
pub async fn follow_default_microphone(track: MediaStreamTrack) -> Capture {
    match default_moved(&track).await {
        Ok(true) => capture_quietly(Kind::Audio).await,
        Ok(false) => Capture::default(),
        Err(error) => {
            super::describe(&format!("the devices cannot be listed: {}", JsError::from(error)));
            Capture::default()
        }
    }
}

/// Chromium lists the system's choice a second time, under this id, in the group of the device that it is.
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

/// Tells `handler` whenever devices come or go, or permission for one is given, until what is returned is dropped.
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
    for kind in [Kind::Audio, Kind::Video] {
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

/// Whether asking for a device makes the browser ask the user, as far as the browser tells.
pub async fn asks_for_permission(kind: Kind) -> bool {
    let state = permission(kind).await.map(|status| status.state());
    !matches!(state, Some(PermissionState::Granted | PermissionState::Denied))
}

/// The permission for a device, where the browser tells.
async fn permission(kind: Kind) -> Option<PermissionStatus> {
    let name = match kind {
        Kind::Audio => "microphone",
        Kind::Video => "camera",
    };
    let descriptor = js_sys::Object::new();
    js_sys::Reflect::set(&descriptor, &"name".into(), &name.into()).ok()?;
    let permissions = web_sys::window()?.navigator().permissions().ok()?;
    JsFuture::from(permissions.query(&descriptor).ok()?).await.ok()?.dyn_into().ok()
}

async fn request(audio: bool, video: bool) -> Result<(Option<LocalTrack>, Option<LocalTrack>), CaptureError> {
    if !super::has_devices() {
        return Err(CaptureError::Insecure);
    }
    let devices = web_sys::window()
        .ok_or(CaptureError::Insecure)?
        .navigator()
        .media_devices()
        .map_err(|error| CaptureError::from(JsError::from(error)))?;
    let wanted = MediaStreamConstraints::new();
    if audio {
        wanted.set_audio(&constraints([("echoCancellation", true), ("noiseSuppression", true)]));
    }
    if video {
        wanted.set_video(&Picture::for_peers(1).constraints());
    }
    let promise = devices.get_user_media_with_constraints(&wanted).map_err(JsError::from)?;
    // The browser's answer is awaited to its end, whatever becomes of the caller: a device that starts after the
    // caller has gone must be stopped.
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

/// Size and rate of a camera's pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    frames_per_second: u32,
}

impl Picture {
    /// What to capture for this many peers. Each gets an encoding of its own, and shows it in a smaller tile the
    /// more there are; capturing less lightens every machine and every uplink in the room.
    pub fn for_peers(peers: usize) -> Self {
        let (width, height, frames_per_second) = match peers {
            0 | 1 => (1280, 720, 30),
            2 | 3 => (960, 540, 30),
            4 | 5 => (640, 360, 24),
            _ => (320, 180, 15),
        };
        Self { width, height, frames_per_second }
    }

    fn constraints(self) -> JsValue {
        constraints([("width", self.width), ("height", self.height), ("frameRate", self.frames_per_second)])
    }
}

/// Constraints as the browser takes them. A bare value is one to come close to (mediacapture-streams §5).
fn constraints<V: Into<Json>, const N: usize>(fields: [(&str, V); N]) -> JsValue {
    // What we write is JSON; `true` asks for any device of the kind.
    to_js(&Json::object(fields.map(|(name, value)| (name, value.into())))).unwrap_or(JsValue::TRUE)
}
