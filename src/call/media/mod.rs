//! The microphone and camera of this side: what the user wants, what the browser gave, and what is sent to the peers. It
//! sends nothing itself.

mod choosing;
mod device;
mod hearing;
mod monitor;

use vitrine_protocol::control::ControlMessage;
use web_sys::MediaStream;

use self::{device::Device, hearing::Hearing};
use super::{
    device_choice::DeviceChoice,
    device_event::MediaEvent,
    event::Events,
    state::{ChoiceFailure, DeviceProblem, DeviceSettings, DeviceState, LocalMedia},
};
use crate::browser::{
    self, CaptureError, CaptureResults, CaptureSize, Facing, LocalTrack, MediaKind, OutgoingMedia, PeerConnection,
    Stream, Task, TrackChange,
};

/// After how many ticks a device that another program holds is asked for again.
const TICKS_PER_RECAPTURE: u32 = 20;

/// Owner of the local devices.
pub struct Media {
    events: Events,
    /// Never played: names the stream that all tracks are sent in. `None` only where the browser has no streams.
    outbound: Option<MediaStream>,
    microphone: Device,
    camera: Device,
    capture_size: CaptureSize,
    /// What is captured now, for the interface to play.
    preview: Option<Stream>,
    ticks: u32,
    hearing: Hearing,
    choice: DeviceChoice,
    /// Why the device that was chosen last is not used.
    failure: Option<ChoiceFailure>,
    /// Lists the devices.
    listing: Option<Task>,
    /// Changes how the microphone's sound is processed.
    processing: Option<Task>,
    /// Notices devices that come back.
    _watch: Task,
}

impl Media {
    pub fn new(events: Events) -> Self {
        let outbound = MediaStream::new().ok();
        let (microphone, camera) = (Device::default(), Device::default());
        let sink = events.clone();
        let watch = Task::spawn(async move {
            let _listeners = browser::watch_devices(move || {
                sink.send(MediaEvent::DevicesChanged.into());
            })
            .await;
            std::future::pending::<()>().await;
        });
        Self {
            events,
            outbound,
            microphone,
            camera,
            capture_size: CaptureSize::for_peers(0),
            preview: None,
            ticks: 0,
            hearing: Hearing::default(),
            choice: DeviceChoice::restore(browser::stored),
            failure: None,
            listing: None,
            processing: None,
            _watch: watch,
        }
    }

    /// Takes what happened. Returns the kinds whose tracks the peers may have to get anew.
    pub fn handle(&mut self, event: MediaEvent) -> Vec<MediaKind> {
        match event {
            MediaEvent::Command(command) => return self.command(command),
            MediaEvent::Captured(captured) => {
                self.captured(captured);
                return vec![MediaKind::Audio, MediaKind::Video];
            }
            MediaEvent::Recaptured(kind, captured) => {
                self.recaptured(kind, captured);
                return vec![kind];
            }
            MediaEvent::TrackChanged(kind, serial, change) => {
                self.track_changed(kind, serial, change);
                return vec![kind];
            }
            MediaEvent::PermissionPrompted(kind) => self.permission_prompted(kind),
            MediaEvent::Switched(kind, result) => {
                self.switched(kind, result);
                return vec![kind];
            }
            MediaEvent::Heard(voice) => self.hearing.heard(voice),
            MediaEvent::Listed(list) => self.listed(list),
            MediaEvent::ProcessingSet { is_applied } => self.processing_set(is_applied),
            MediaEvent::DevicesChanged => self.devices_changed(),
        }
        Vec::new()
    }

    /// Asks for the microphone and the camera together.
    pub fn ask_for_both(&mut self) {
        self.microphone.wanted = true;
        self.camera.wanted = true;
        let (events, wish) = (self.events.clone(), self.wish());
        self.microphone.request = Some(Task::spawn(async move {
            events.send(MediaEvent::Captured(browser::capture(wish).await).into());
        }));
        self.watch_prompt(MediaKind::Audio);
        self.watch_prompt(MediaKind::Video);
    }

    /// Switches a device on or off. Off stops the samples of a microphone at once and releases a camera; on asks
    /// for the device when it is not held.
    pub fn switch(&mut self, kind: MediaKind, on: bool) {
        if kind == MediaKind::Audio {
            self.hearing.stop_listening();
        }
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
            (_, true) if device.is_recapturing => device.state = DeviceState::ASKED_FOR,
            (_, true) => self.request(kind),
            (Some(track), false) => {
                if kind == MediaKind::Audio {
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
        self.microphone.release();
        self.camera.release();
        self.failure = None;
    }

    /// Captures video no larger than this many peers need.
    pub fn fit_to_peers(&mut self, peers: usize) {
        let capture_size = CaptureSize::for_peers(peers);
        if capture_size != self.capture_size {
            self.capture_size = capture_size;
            self.configure_camera();
        }
    }

    /// Asks again, without a prompt, for the devices that the user wants and that were lost.
    fn recapture(&mut self) {
        for kind in [MediaKind::Audio, MediaKind::Video] {
            let (events, wish) = (self.events.clone(), self.wish());
            let device = self.device(kind);
            if device.is_lost() {
                device.is_recapturing = true;
                device.request = Some(Task::spawn(async move {
                    let capture = browser::capture_without_prompt(kind, wish).await;
                    events.send(MediaEvent::Recaptured(kind, capture).into());
                }));
            }
        }
    }

    /// Devices were added or removed: a lost one may be back, and the system's microphone may be another one.
    fn devices_changed(&mut self) {
        self.recapture();
        self.list_devices();
        let (events, wish, microphone) = (self.events.clone(), self.wish(), &mut self.microphone);
        if let (Some(track), true) = (&microphone.track, microphone.is_settled()) {
            let track = Clone::clone(track.track());
            microphone.is_recapturing = true;
            microphone.request = Some(Task::spawn(async move {
                let capture = browser::follow_default_microphone(track, wish).await;
                events.send(MediaEvent::Recaptured(MediaKind::Audio, capture).into());
            }));
        }
    }

    /// Takes what [`Self::recapture`] or [`Self::devices_changed`] found.
    fn recaptured(&mut self, kind: MediaKind, capture: CaptureResults) {
        let device = self.device(kind);
        if !std::mem::take(&mut device.is_recapturing) {
            return;
        }
        let found = match kind {
            MediaKind::Audio => capture.audio,
            MediaKind::Video => capture.video,
        };
        match (found, &device.state) {
            (Some(found), _) => self.settle(kind, found),
            // The user switched it on meanwhile, and may be asked in turn.
            (None, DeviceState::Asking { wanted: true, .. }) => self.request(kind),
            (None, DeviceState::Asking { wanted: false, .. }) => device.state = DeviceState::Off,
            (None, _) => {}
        }
    }

    fn request(&mut self, kind: MediaKind) {
        let (events, wish) = (self.events.clone(), self.wish().only(kind));
        let device = self.device(kind);
        device.track = None;
        device.switch = None;
        device.state = DeviceState::ASKED_FOR;
        device.request = Some(Task::spawn(async move {
            let captured = browser::capture(wish).await;
            events.send(MediaEvent::Captured(captured).into());
        }));
        self.watch_prompt(kind);
    }

    fn watch_prompt(&mut self, kind: MediaKind) {
        let events = self.events.clone();
        self.device(kind).prompt = Some(Task::spawn(async move {
            if browser::needs_permission_prompt(kind).await {
                events.send(MediaEvent::PermissionPrompted(kind).into());
            }
        }));
    }

    /// The browser shows its permission prompt for the request under way.
    fn permission_prompted(&mut self, kind: MediaKind) {
        if let DeviceState::Asking { prompted, .. } = &mut self.device(kind).state {
            *prompted = true;
        }
    }

    /// 250 ms have passed, with these connections. Asks again now and then for a device that another program holds: no event tells when it is free.
    pub fn tick(&mut self, connections: Vec<(u64, &PeerConnection)>) {
        self.hearing.tick(&self.microphone, &connections);
        self.ticks = self.ticks.wrapping_add(1);
        let busy = DeviceState::Unavailable(DeviceProblem::Busy);
        let is_busy = |device: &Device| device.is_lost() && device.state == busy;
        if self.ticks.is_multiple_of(TICKS_PER_RECAPTURE) && (is_busy(&self.microphone) || is_busy(&self.camera)) {
            self.recapture();
        }
    }

    /// Takes what the browser gave. A device that is not asked for any more is stopped.
    fn captured(&mut self, capture: CaptureResults) {
        for (kind, result) in [(MediaKind::Audio, capture.audio), (MediaKind::Video, capture.video)] {
            let asked_for = matches!(self.device(kind).state, DeviceState::Asking { .. });
            if let Some(result) = result.filter(|_| asked_for) {
                self.settle(kind, result);
            }
        }
    }

    fn settle(&mut self, kind: MediaKind, result: Result<LocalTrack, CaptureError>) {
        let events = self.events.clone();
        let device = self.device(kind);
        match result {
            Ok(track) => {
                device.adopt(kind, track, move |serial, change| {
                    events.send(MediaEvent::TrackChanged(kind, serial, change).into());
                });
                if kind == MediaKind::Audio {
                    self.hearing.stop_listening();
                }
                let has_defaults = self.capture_size == CaptureSize::default() && !self.choice.background_blur;
                if kind == MediaKind::Video && !has_defaults {
                    self.configure_camera();
                }
                // With the permission come the names.
                self.list_devices();
            }
            Err(error) => device.fail(error),
        }
    }

    /// A track changed by itself.
    fn track_changed(&mut self, kind: MediaKind, serial: u32, change: TrackChange) {
        if self.device(kind).track_changed(serial, change) {
            self.recapture();
        }
    }

    /// Listens to the microphone as long as there is a reason to.
    pub fn attend(&mut self, in_call: bool) {
        self.hearing.attend(&self.microphone, in_call, &self.events);
    }

    /// What is sent to every peer now.
    pub fn outgoing(&self) -> Option<OutgoingMedia> {
        let track = |device: &Device| device.track.as_ref().map(|track| Clone::clone(track.track()));
        let stream = self.outbound.clone()?;
        // A microphone that is off is taken from the connections, besides being disabled.
        let is_off = self.microphone.state == DeviceState::Off;
        let audio = track(&self.microphone).filter(|_| !is_off);
        Some(OutgoingMedia { stream, audio, video: track(&self.camera) })
    }

    /// What the peers are told about it.
    pub fn announcement(&self) -> ControlMessage {
        ControlMessage::Media {
            audio: self.microphone.state == DeviceState::On,
            video: self.camera.state == DeviceState::On,
        }
    }

    /// What the interface shows. The preview's stream is a new one only if its tracks changed, so that it plays on
    /// undisturbed.
    pub fn view(&mut self) -> LocalMedia {
        let tracks: Vec<_> = [&self.microphone, &self.camera]
            .into_iter()
            .filter_map(|device| device.track.as_ref().map(LocalTrack::track))
            .collect();
        let is_current = self.preview.as_ref().is_some_and(|stream| {
            stream.get_tracks().length() as usize == tracks.len()
                && tracks.iter().all(|track| stream.get_track_by_id(&track.id()).is_some())
        });
        if !is_current {
            let stream = if tracks.is_empty() { None } else { MediaStream::new().ok() };
            self.preview = stream.inspect(|stream| tracks.iter().for_each(|track| stream.add_track(track)));
        }
        LocalMedia {
            stream: self.preview.clone(),
            microphone: self.microphone.state.clone(),
            camera: self.camera.state.clone(),
            is_speaking: self.hearing.voice().is_speaking,
        }
    }

    /// The devices to choose from, and how they work.
    pub fn settings(&self) -> DeviceSettings {
        let is_at_back = self.choice.facing(self.camera_id()) == Some(Facing::Back);
        DeviceSettings {
            list: self.choice.list().clone(),
            camera: self.camera_id().map(str::to_owned),
            microphone: self.microphone_id().map(str::to_owned),
            speaker: self.choice.speaker().map(str::to_owned),
            processing: self.choice.processing,
            background_blur: self.camera.offers_blur.then_some(self.choice.background_blur),
            can_flip: self.choice.opposite(self.camera_id()).is_some(),
            unmirrored: self.choice.unmirrored,
            shown_unmirrored: self.choice.unmirrored || is_at_back,
            failure: self.failure.clone(),
            hint: self.hearing.hint(),
            level: self.hearing.voice().level,
        }
    }

    fn device(&mut self, kind: MediaKind) -> &mut Device {
        match kind {
            MediaKind::Audio => &mut self.microphone,
            MediaKind::Video => &mut self.camera,
        }
    }
}
