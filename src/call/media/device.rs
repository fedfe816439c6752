//! A microphone or a camera: its state, its track, and the request for one. When to ask for a track, and for which, is
//! decided in [`super::Media`].

use super::choosing::Switch;
use crate::{
    browser::{CameraSettings, CaptureError, LocalTrack, MediaKind, Task, TrackChange},
    call::state::{DeviceProblem, DeviceState},
};

/// A microphone or a camera.
#[derive(Default)]
pub struct Device {
    pub state: DeviceState,
    /// What the user wants; it counts when a device that was asked for arrives.
    pub wanted: bool,
    pub track: Option<LocalTrack>,
    /// The captured device's id, if the browser tells.
    pub id: Option<String>,
    /// Whether the captured camera can blur the background.
    pub offers_blur: bool,
    /// The request under way, or the last one. A new one starts only after its end. A track that arrives for a dropped
    /// request is stopped.
    pub request: Option<Task>,
    /// Finds out whether the request under way waits for the user's answer.
    pub prompt: Option<Task>,
    /// The request under way is not the user's: it looks for a replacement.
    pub is_recapturing: bool,
    /// The request under way is for another device than the one before.
    pub switch: Option<Switch>,
    /// A remembered device that was tried and did not start. It is not tried again until the devices change.
    pub tried: Option<String>,
    /// Tells the current track's changes from those of one before.
    serial: u32,
}

impl Device {
    /// Whether the user wants the device, and it may come back by itself.
    pub fn is_lost(&self) -> bool {
        let lost = matches!(self.state, DeviceState::Unavailable(_)) && self.track.is_none();
        self.wanted && lost && !self.is_recapturing && self.switch.is_none()
    }

    /// Whether no request is under way for the device that is captured.
    pub fn is_settled(&self) -> bool {
        self.track.is_some() && !self.is_recapturing && self.switch.is_none()
    }

    /// Lets go of the device, and of what the browser may still give.
    pub fn release(&mut self) {
        let unavailable = matches!(self.state, DeviceState::Unavailable(_));
        let state = if unavailable { self.state.clone() } else { DeviceState::Off };
        *self = Self { state, serial: self.serial, ..Self::default() };
    }

    /// Takes a track that the browser gave; `on_change` gets its serial and its changes. A camera that is not wanted any more
    /// is stopped.
    pub fn adopt(
        &mut self,
        kind: MediaKind,
        mut track: LocalTrack,
        on_change: impl Fn(u32, TrackChange) + Clone + 'static,
    ) {
        self.serial += 1;
        let serial = self.serial;
        track.on_change(move |change| on_change(serial, change));
        track.set_enabled(self.wanted);
        self.state = if self.wanted { DeviceState::On } else { DeviceState::Off };
        self.id = track.device_id();
        self.offers_blur = kind == MediaKind::Video && track.offers_blur();
        self.track = (self.wanted || kind == MediaKind::Audio).then_some(track);
    }

    /// The browser gave no track.
    pub fn fail(&mut self, error: CaptureError) {
        self.track = None;
        // A lost device stays "lost": that there is no other is nothing new to the user.
        if error != CaptureError::NotFound || self.state != DeviceState::Unavailable(DeviceProblem::Lost) {
            self.state = DeviceState::Unavailable(error.into());
        }
    }

    /// Asks the camera for these settings.
    pub fn configure(&self, settings: CameraSettings) {
        let background_blur = settings.background_blur.filter(|_| self.offers_blur);
        if let Some(track) = &self.track {
            track.configure(CameraSettings { background_blur, ..settings });
        }
    }

    /// A track changed by itself. Returns whether the device was lost, so that another may be looked for.
    pub fn track_changed(&mut self, serial: u32, change: TrackChange) -> bool {
        if self.serial != serial || self.track.is_none() {
            return false;
        }
        match change {
            // Some browsers end a track when another one of its kind starts.
            TrackChange::Ended if self.switch.is_some() => {
                self.track = None;
                self.state = DeviceState::ASKED_FOR;
            }
            TrackChange::Ended => {
                self.track = None;
                // A search that began while the device was there does not look for its replacement.
                self.is_recapturing = false;
                // A device that is switched off is not missed. Switching it on asks for it again.
                self.state = if self.wanted { DeviceState::Unavailable(DeviceProblem::Lost) } else { DeviceState::Off };
                return true;
            }
            TrackChange::Interrupted if self.state == DeviceState::On => {
                self.state = DeviceState::Unavailable(DeviceProblem::Busy);
            }
            TrackChange::Resumed if self.state == DeviceState::Unavailable(DeviceProblem::Busy) => {
                self.state = DeviceState::On;
            }
            TrackChange::Interrupted | TrackChange::Resumed => {}
        }
        false
    }
}
