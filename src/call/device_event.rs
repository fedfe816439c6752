//! What happens to this side's devices and to the screen that it shares. Values only: what they mean is decided by their
//! owners.

use super::{
    local_media::VoiceHint,
    state::{DeviceCommand, ScreenCommand},
};
use crate::browser::{
    CaptureError, CaptureResults, DeviceList, LocalTrack, MediaKind, ScreenCapture, ScreenError, ScreenRequest,
    TrackChange,
};

/// What happens to the devices.
pub enum MediaEvent {
    /// The user asks for something.
    Command(DeviceCommand),
    /// The browser answered a request for devices.
    Captured(CaptureResults),
    /// The browser shows its permission prompt for this device.
    PermissionPrompted(MediaKind),
    /// The result of looking for a replacement of a lost or changed device.
    Recaptured(MediaKind, CaptureResults),
    /// The track with this number changed by itself.
    TrackChanged(MediaKind, u32, TrackChange),
    /// What is heard of the microphone has changed.
    Heard(Voice),
    /// The devices were listed.
    Listed(DeviceList),
    /// The browser answered the request for another device.
    Switched(MediaKind, Result<LocalTrack, CaptureError>),
    /// The browser changed how the microphone's sound is processed, or could not.
    ProcessingSet {
        /// Whether it did.
        is_applied: bool,
    },
    /// Devices were added or removed, or may be used now.
    DevicesChanged,
}

/// What is heard of the microphone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Voice {
    /// Whether the user speaks.
    pub is_speaking: bool,
    /// The loudness in ten steps; 0 while no meter is shown.
    pub level: u8,
    /// What the user may not know.
    pub hint: Option<VoiceHint>,
}

/// What happens to the screen.
pub enum ScreenEvent {
    /// The user asks for something.
    Command(ScreenCommand),
    /// The user was asked which screen to share.
    Requested(ScreenRequest),
    /// The answer to the request with this number.
    Answered(u32, Result<ScreenCapture, ScreenError>),
    /// A track of the capture with this number changed by itself.
    Changed(u32, MediaKind, TrackChange),
}
