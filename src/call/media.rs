//! One's own microphone and camera: what the person wants, what the browser gave, and what is sent to the peers.

use futures_channel::mpsc::UnboundedSender;
use vitrine_protocol::control::ControlMessage;
use web_sys::MediaStream;

use super::{DeviceProblem, DeviceState, LocalMedia, engine::Event};
use crate::browser::{self, Capture, CaptureError, Kind, LocalTrack, Picture, Task, TrackChange};

/// A microphone or a camera.
#[derive(Default)]
struct Device {
    state: DeviceState,
    /// What the person wants; counts when a device that was asked for arrives.
    wanted: bool,
    track: Option<LocalTrack>,
    /// The request under way, or the last one. A new one starts only after its end. What a dropped one is given
    /// later is stopped.
    request: Option<Task>,
    /// Finds out whether the request under way waits for the user's answer.
    prompt: Option<Task>,
    /// The request under way was not the person's.
    looking: bool,
    /// Tells the current track's changes from those of one before.
    serial: u32,
}

impl Device {
    /// Whether the person wants it, and it may come back by itself.
    fn is_missed(&self) -> bool {
        let lost = matches!(self.state, DeviceState::Unavailable(_)) && self.track.is_none();
        self.wanted && lost && !self.looking
    }
}

/// Owner of the local devices.
pub struct Media {
    events: UnboundedSender<Event>,
    /// Never played: names the stream that all tracks are sent in. `None` only where the browser has no streams.
    outbound: Option<MediaStream>,
    microphone: Device,
    camera: Device,
    picture: Picture,
    /// Notices devices that come back.
    _watch: Task,
}

impl Media {
    pub fn new(events: UnboundedSender<Event>) -> Self {
        let outbound = MediaStream::new().ok();
        let (microphone, camera) = (Device::default(), Device::default());
        let sink = events.clone();
        let watch = Task::spawn(async move {
            let _listeners = browser::watch_devices(move || {
                let _ = sink.unbounded_send(Event::DevicesChanged);
            })
            .await;
            std::future::pending::<()>().await;
        });
        Self { events, outbound, microphone, camera, picture: Picture::for_peers(0), _watch: watch }
    }

    /// Asks for the microphone and the camera together.
    pub fn ask_for_both(&mut self) {
        self.microphone.wanted = true;
        self.camera.wanted = true;
        let events = self.events.clone();
        self.microphone.request = Some(Task::spawn(async move {
            let _ = events.unbounded_send(Event::Captured(browser::capture(true, true).await));
        }));
        self.watch_prompt(Kind::Audio);
        self.watch_prompt(Kind::Video);
    }

    /// Switches a device on or off. Off stops the samples of a microphone at once and releases a camera; on asks
    /// for the device when it is not held.
    pub fn switch(&mut self, kind: Kind, on: bool) {
        let device = self.device(kind);
        device.wanted = on;
        if let DeviceState::Asking { wanted, .. } = &mut device.state {
            *wanted = on;
            return;
        }
        match (&device.track, on) {
            (Some(track), true) if track.delivers() => {
                track.set_enabled(true);
                device.state = DeviceState::On;
            }
            (_, true) if device.looking => device.state = DeviceState::ASKED_FOR,
            (_, true) => self.request(kind),
            (Some(track), false) => {
                if kind == Kind::Audio {
                    track.set_enabled(false);
                } else {
                    device.track = None;
                }
                device.state = DeviceState::Off;
            }
            // Stays unavailable, with its reason.
            (None, false) => {}
        }
    }

    /// Lets go of both devices, and of what the browser may still give. They start again when they are switched on.
    pub fn release(&mut self) {
        for device in [&mut self.microphone, &mut self.camera] {
            let unavailable = matches!(device.state, DeviceState::Unavailable(_));
            let state = if unavailable { device.state.clone() } else { DeviceState::Off };
            *device = Device { state, serial: device.serial, ..Device::default() };
        }
    }

    /// Captures no more than this many peers need.
    pub fn fit(&mut self, peers: usize) {
        let picture = Picture::for_peers(peers);
        if picture != self.picture {
            self.picture = picture;
            if let Some(track) = &self.camera.track {
                track.set_picture(picture);
            }
        }
    }

    /// Asks again, quietly, for the devices that the person wants and lost: there may be others, or the same again.
    pub fn look_again(&mut self) {
        for kind in [Kind::Audio, Kind::Video] {
            let events = self.events.clone();
            let device = self.device(kind);
            if device.is_missed() {
                device.looking = true;
                device.request = Some(Task::spawn(async move {
                    let capture = browser::capture_quietly(kind).await;
                    let _ = events.unbounded_send(Event::LookedAgain(kind, capture));
                }));
            }
        }
    }

    /// Devices came or went: what is lost may be back, and the system's microphone may be another one.
    pub fn devices_changed(&mut self) {
        self.look_again();
        let (events, microphone) = (self.events.clone(), &mut self.microphone);
        if let (Some(track), false) = (&microphone.track, microphone.looking) {
            let track = Clone::clone(track.track());
            microphone.looking = true;
            microphone.request = Some(Task::spawn(async move {
                let capture = browser::follow_default_microphone(track).await;
                let _ = events.unbounded_send(Event::LookedAgain(Kind::Audio, capture));
            }));
        }
    }

    /// Takes what [`Self::look_again`] or [`Self::devices_changed`] found.
    pub fn looked_again(&mut self, kind: Kind, capture: Capture) {
        let device = self.device(kind);
        if !std::mem::take(&mut device.looking) {
            return;
        }
        let found = match kind {
            Kind::Audio => capture.audio,
            Kind::Video => capture.video,
        };
        match (found, &device.state) {
            (Some(found), _) => self.settle(kind, found),
            // The user switched it on meanwhile, and may be asked in turn.
            (None, DeviceState::Asking { wanted: true, .. }) => self.request(kind),
            (None, DeviceState::Asking { wanted: false, .. }) => device.state = DeviceState::Off,
            (None, _) => {}
        }
    }

    fn request(&mut self, kind: Kind) {
        let events = self.events.clone();
        let device = self.device(kind);
        device.track = None;
        device.state = DeviceState::ASKED_FOR;
        device.request = Some(Task::spawn(async move {
            let captured = browser::capture(kind == Kind::Audio, kind == Kind::Video).await;
            let _ = events.unbounded_send(Event::Captured(captured));
        }));
        self.watch_prompt(kind);
    }

    fn watch_prompt(&mut self, kind: Kind) {
        let events = self.events.clone();
        self.device(kind).prompt = Some(Task::spawn(async move {
            if browser::asks_for_permission(kind).await {
                let _ = events.unbounded_send(Event::Prompted(kind));
            }
        }));
    }

    /// The browser shows its permission prompt for the request under way.
    pub fn prompted(&mut self, kind: Kind) {
        if let DeviceState::Asking { prompted, .. } = &mut self.device(kind).state {
            *prompted = true;
        }
    }

    /// Whether a device is held by another program, which nothing tells the end of.
    pub fn waits_for_another_program(&self) -> bool {
        let busy = DeviceState::Unavailable(DeviceProblem::Busy);
        [&self.microphone, &self.camera].into_iter().any(|device| device.is_missed() && device.state == busy)
    }

    /// Takes what the browser gave. A device that nobody asks for any more is stopped.
    pub fn captured(&mut self, capture: Capture) {
        for (kind, result) in [(Kind::Audio, capture.audio), (Kind::Video, capture.video)] {
            let asked_for = matches!(self.device(kind).state, DeviceState::Asking { .. });
            if let Some(result) = result.filter(|_| asked_for) {
                self.settle(kind, result);
            }
        }
    }

    fn settle(&mut self, kind: Kind, result: Result<LocalTrack, CaptureError>) {
        let (events, picture) = (self.events.clone(), self.picture);
        let device = self.device(kind);
        match result {
            Ok(mut track) => {
                device.serial += 1;
                let serial = device.serial;
                track.on_change(move |change| {
                    let _ = events.unbounded_send(Event::TrackChanged(kind, serial, change));
                });
                track.set_enabled(device.wanted);
                if kind == Kind::Video && picture != Picture::for_peers(0) {
                    track.set_picture(picture);
                }
                device.state = if device.wanted { DeviceState::On } else { DeviceState::Off };
                device.track = (device.wanted || kind == Kind::Audio).then_some(track);
            }
            Err(error) => {
                device.track = None;
                // To somebody who lost a device, "there is none" is no news.
                if error == CaptureError::NotFound && device.state == DeviceState::Unavailable(DeviceProblem::Lost) {
                    return;
                }
                device.state = DeviceState::Unavailable(match error {
                    CaptureError::Refused => DeviceProblem::Refused,
                    CaptureError::NotFound => DeviceProblem::NotFound,
                    CaptureError::Busy => DeviceProblem::Busy,
                    CaptureError::Insecure => DeviceProblem::InsecurePage,
                    CaptureError::Other(error) => DeviceProblem::Other(error.to_string()),
                });
            }
        }
    }

    /// A track changed by itself.
    pub fn changed(&mut self, kind: Kind, serial: u32, change: TrackChange) {
        let device = self.device(kind);
        if device.serial != serial || device.track.is_none() {
            return;
        }
        match change {
            TrackChange::Ended => {
                device.track = None;
                // Who looked for another one while it was there has not looked for its replacement.
                device.looking = false;
                // Who has switched it off misses nothing, and asks anew by switching it on.
                device.state =
                    if device.wanted { DeviceState::Unavailable(DeviceProblem::Lost) } else { DeviceState::Off };
                self.look_again();
            }
            TrackChange::Interrupted if device.state == DeviceState::On => {
                device.state = DeviceState::Unavailable(DeviceProblem::Busy);
            }
            TrackChange::Resumed if device.state == DeviceState::Unavailable(DeviceProblem::Busy) => {
                device.state = DeviceState::On;
            }
            TrackChange::Interrupted | TrackChange::Resumed => {}
        }
    }

    /// What is sent to every peer now.
    pub fn outgoing(&self) -> Option<browser::LocalMedia> {
        let track = |device: &Device| device.track.as_ref().map(|track| Clone::clone(track.track()));
        let stream = self.outbound.clone()?;
        Some(browser::LocalMedia { stream, audio: track(&self.microphone), video: track(&self.camera) })
    }

    /// What the peers are told about it.
    pub fn announcement(&self) -> ControlMessage {
        ControlMessage::Media {
            audio: self.microphone.state == DeviceState::On,
            video: self.camera.state == DeviceState::On,
        }
    }

    /// What the interface shows. The stream is a new one only if its tracks differ from those of `shown`, so that a
    /// preview goes on undisturbed.
    pub fn view(&self, shown: &LocalMedia) -> LocalMedia {
        let tracks: Vec<_> =
            [&self.microphone, &self.camera].iter().filter_map(|device| device.track.as_ref()).collect();
        let unchanged = shown.stream.as_ref().is_some_and(|stream| {
            stream.get_tracks().length() as usize == tracks.len()
                && tracks.iter().all(|track| stream.get_track_by_id(&track.track().id()).is_some())
        });
        let stream = if unchanged {
            shown.stream.clone()
        } else {
            let stream = if tracks.is_empty() { None } else { MediaStream::new().ok() };
            stream.inspect(|stream| tracks.iter().for_each(|track| stream.add_track(track.track())))
        };
        LocalMedia { stream, microphone: self.microphone.state.clone(), camera: self.camera.state.clone() }
    }

    fn device(&mut self, kind: Kind) -> &mut Device {
        match kind {
            Kind::Audio => &mut self.microphone,
            Kind::Video => &mut self.camera,
        }
    }
}
