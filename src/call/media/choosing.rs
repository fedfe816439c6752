//! Choosing devices: another camera or microphone in place of the one that is used, without a negotiation, and the switches
//! of how they work. The one before goes on until the other has started; where a browser cannot open two, it is stopped
//! first, and starts again if the other does not.

use super::Media;
use crate::{
    browser::{
        self, CameraSettings, CaptureError, CaptureWish, DeviceInfo, DeviceKind, LocalTrack, MediaKind, Task, Which,
    },
    call::{
        device_event::MediaEvent,
        state::{ChoiceFailure, DeviceCommand, DeviceProblem, DeviceState},
    },
};

/// A request for another device.
pub struct Switch {
    target: DeviceInfo,
    /// The device before.
    before: Option<String>,
    attempt: Attempt,
    /// It is the user's choice, which is remembered and whose failure is told. Otherwise a remembered device is back.
    is_chosen: bool,
}

/// What is tried; each if the one before failed.
enum Attempt {
    /// The other device, while the one before goes on.
    Beside,
    /// The other device, after the one before was stopped.
    Instead,
    /// The device before. The other one failed for this reason.
    Back(CaptureError),
}

/// What a device of this kind captures; nothing for a speaker.
fn media_kind(kind: DeviceKind) -> Option<MediaKind> {
    match kind {
        DeviceKind::Camera => Some(MediaKind::Video),
        DeviceKind::Microphone => Some(MediaKind::Audio),
        DeviceKind::Speaker => None,
    }
}

fn device_kind(kind: MediaKind) -> DeviceKind {
    match kind {
        MediaKind::Audio => DeviceKind::Microphone,
        MediaKind::Video => DeviceKind::Camera,
    }
}

impl Media {
    /// Does what the user asks. Returns the kinds whose tracks the peers may have to get anew.
    pub(super) fn command(&mut self, command: DeviceCommand) -> Vec<MediaKind> {
        match command {
            DeviceCommand::Choose { kind, id } => return self.choose(kind, &id),
            DeviceCommand::FlipCamera => {
                let other = self.choice.opposite(self.camera_id()).map(|camera| camera.id.clone());
                return other.map_or_else(Vec::new, |id| self.choose(DeviceKind::Camera, &id));
            }
            DeviceCommand::SetProcessing(processing) => {
                self.choice.processing = processing;
                let events = self.events.clone();
                if let Some(track) = self.microphone.track.as_ref().map(|track| Clone::clone(track.track())) {
                    self.processing = Some(Task::spawn(async move {
                        let is_applied = browser::apply_processing(track, processing).await;
                        events.send(MediaEvent::ProcessingSet { is_applied }.into());
                    }));
                }
            }
            DeviceCommand::SetBackgroundBlur(on) => {
                self.choice.background_blur = on;
                self.configure_camera();
            }
            DeviceCommand::SetMirrored(on) => self.choice.unmirrored = !on,
            DeviceCommand::ShowLevel(on) => {
                self.hearing.show_level(on);
                return Vec::new();
            }
            DeviceCommand::SpeakerFailed(id) => {
                let failed = self.choice.speaker_failed(&id);
                if let Some(speaker) = failed {
                    self.report(DeviceKind::Speaker, speaker.label, DeviceProblem::Lost);
                }
                return Vec::new();
            }
            DeviceCommand::DismissFailure => {
                self.failure = None;
                return Vec::new();
            }
            DeviceCommand::DismissHint => {
                self.hearing.dismiss_hint();
                return Vec::new();
            }
        }
        self.choice.save_switches(browser::store);
        Vec::new()
    }

    /// Lists the devices anew.
    pub(super) fn list_devices(&mut self) {
        let events = self.events.clone();
        self.listing = Some(Task::spawn(async move {
            events.send(MediaEvent::Listed(browser::list_devices().await).into());
        }));
    }

    /// Takes the list. A remembered device that is there, and is not the one that is used, takes over.
    pub(super) fn listed(&mut self, list: browser::DeviceList) {
        let is_new = self.choice.set_list(list);
        for kind in [MediaKind::Audio, MediaKind::Video] {
            let preferred = self.choice.preferred(device_kind(kind)).cloned();
            let device = self.device(kind);
            if is_new {
                device.tried = None;
            }
            if let Some(target) = preferred
                && device.is_settled()
                && device.id.as_ref().is_some_and(|id| *id != target.id)
                && device.tried.as_ref() != Some(&target.id)
            {
                device.tried = Some(target.id.clone());
                self.begin_switch(kind, target, false, false);
            }
        }
    }

    /// What to ask the browser for.
    pub(super) fn wish(&self) -> CaptureWish {
        let mut wish = CaptureWish { audio: Some(Default::default()), video: Some(Default::default()) };
        if let Some(audio) = &mut wish.audio {
            audio.which = self.choice.which(DeviceKind::Microphone);
            audio.processing = self.choice.processing;
        }
        if let Some(video) = &mut wish.video {
            video.which = self.choice.which(DeviceKind::Camera);
        }
        wish
    }

    pub(super) fn configure_camera(&self) {
        let background_blur = Some(self.choice.background_blur);
        self.camera.configure(CameraSettings { size: self.capture_size, background_blur });
    }

    /// The camera that is used, or will be.
    pub(super) fn camera_id(&self) -> Option<&str> {
        let preferred = || self.choice.preferred(DeviceKind::Camera).map(|camera| &*camera.id);
        self.camera.id.as_deref().filter(|_| self.camera.track.is_some()).or_else(preferred)
    }

    /// The microphone that is used, or will be.
    pub(super) fn microphone_id(&self) -> Option<&str> {
        let preferred = || self.choice.preferred(DeviceKind::Microphone).map(|microphone| &*microphone.id);
        self.microphone.id.as_deref().filter(|_| self.microphone.track.is_some()).or_else(preferred)
    }

    fn report(&mut self, kind: DeviceKind, label: String, reason: DeviceProblem) {
        self.failure = Some(ChoiceFailure { kind, label, reason });
    }

    fn choose(&mut self, kind: DeviceKind, id: &str) -> Vec<MediaKind> {
        self.failure = None;
        if id.is_empty() {
            let (key, text) = self.choice.forget(kind);
            browser::store(key, &text);
            return Vec::new();
        }
        let Some(target) = self.choice.find(kind, id).cloned() else {
            // It went while the menu was open.
            self.report(kind, String::new(), DeviceProblem::Lost);
            self.list_devices();
            return Vec::new();
        };
        let Some(media) = media_kind(kind) else {
            self.remember(kind, &target);
            return Vec::new();
        };
        let device = self.device(media);
        if device.is_settled() || device.switch.is_some() {
            let is_used = device.switch.is_none() && device.id.as_deref() == Some(id);
            if is_used {
                self.remember(kind, &target);
                return Vec::new();
            }
            // A phone opens one of its cameras at a time.
            let is_phone = kind == DeviceKind::Camera
                && target.facing.is_some()
                && self.choice.facing(self.camera.id.as_deref()).is_some();
            self.begin_switch(media, target, true, is_phone);
            return vec![media];
        }
        let is_unavailable = matches!(device.state, DeviceState::Unavailable(_));
        self.remember(kind, &target);
        if is_unavailable {
            self.switch(media, true);
        }
        // A device that starts now is followed by the chosen one; one that is off will start as the chosen one.
        Vec::new()
    }

    fn remember(&mut self, kind: DeviceKind, device: &DeviceInfo) {
        let (key, text) = self.choice.choose(kind, device);
        browser::store(key, &text);
    }

    fn begin_switch(&mut self, kind: MediaKind, target: DeviceInfo, is_chosen: bool, stops_first: bool) {
        let device = self.device(kind);
        let before = device.switch.take().map_or_else(|| device.id.clone(), |earlier| earlier.before);
        let attempt = if stops_first { Attempt::Instead } else { Attempt::Beside };
        device.switch = Some(Switch { target, before, attempt, is_chosen });
        self.attempt_switch(kind);
    }

    fn attempt_switch(&mut self, kind: MediaKind) {
        let mut wish = self.wish();
        let (events, device) = (self.events.clone(), self.device(kind));
        let Some(switch) = &device.switch else { return };
        let id = match (&switch.attempt, &switch.before) {
            (Attempt::Back(_), None) => None,
            (Attempt::Back(_), Some(before)) => Some(before.clone()),
            _ => Some(switch.target.id.clone()),
        };
        if !matches!(switch.attempt, Attempt::Beside) {
            device.track = None;
            device.state = DeviceState::Asking { wanted: device.wanted, prompted: false };
        }
        let which = id.map_or(Which::Any, Which::Exactly);
        match (kind, &mut wish.audio, &mut wish.video) {
            (MediaKind::Audio, Some(audio), _) => audio.which = which,
            (MediaKind::Video, _, Some(video)) => video.which = which,
            _ => {}
        }
        device.request = Some(Task::spawn(async move {
            let captured = browser::capture(wish.only(kind)).await;
            let result = match kind {
                MediaKind::Audio => captured.audio,
                MediaKind::Video => captured.video,
            };
            events.send(MediaEvent::Switched(kind, result.unwrap_or(Err(CaptureError::NotFound))).into());
        }));
    }

    /// Takes what the browser gave for a switch.
    pub(super) fn switched(&mut self, kind: MediaKind, result: Result<LocalTrack, CaptureError>) {
        let device = self.device(kind);
        let Some(mut switch) = device.switch.take() else { return };
        let has_old = device.track.is_some();
        // Some browsers give the microphone that is open already.
        let is_other = |track: &LocalTrack| track.device_id().is_some_and(|id| id != switch.target.id);
        match (result, switch.attempt) {
            (Ok(track), Attempt::Back(error)) => {
                self.settle(kind, Ok(track));
                self.report(device_kind(kind), switch.target.label, error.into());
            }
            (Ok(track), Attempt::Beside | Attempt::Instead) if !is_other(&track) => {
                self.settle(kind, Ok(track));
                if switch.is_chosen {
                    self.remember(device_kind(kind), &switch.target);
                }
            }
            (Err(error), Attempt::Back(_)) => self.settle(kind, Err(error)),
            (result, Attempt::Beside) => {
                let error = result.err().unwrap_or(CaptureError::Busy);
                let may_work_alone = matches!(error, CaptureError::Busy | CaptureError::Other(_));
                if has_old && !switch.is_chosen {
                    return;
                }
                if has_old && !may_work_alone {
                    self.report(device_kind(kind), switch.target.label, error.into());
                    return self.list_devices();
                }
                switch.attempt = if may_work_alone { Attempt::Instead } else { Attempt::Back(error) };
                device.switch = Some(switch);
                self.attempt_switch(kind);
            }
            (result, Attempt::Instead) => {
                switch.attempt = Attempt::Back(result.err().unwrap_or(CaptureError::Busy));
                device.switch = Some(switch);
                self.attempt_switch(kind);
            }
        }
    }

    /// The browser has changed how the microphone's sound is processed, or could not. Then the microphone is captured anew.
    pub(super) fn processing_set(&mut self, is_applied: bool) {
        self.processing = None;
        let current = self.microphone.id.as_deref().and_then(|id| self.choice.find(DeviceKind::Microphone, id));
        if let (false, true, Some(target)) = (is_applied, self.microphone.is_settled(), current.cloned()) {
            // Chromium gives every track of a microphone that is open the processing that it has.
            self.begin_switch(MediaKind::Audio, target, false, true);
        }
    }
}
