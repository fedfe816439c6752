//! What the interface shows of this side's own devices. Plain data, a part of [`super::state`]; who fills it in is
//! [`super::media`].

use crate::browser::{CaptureError, Stream};

pub use crate::browser::{DeviceInfo, DeviceKind, DeviceList, Processing};

/// The microphone and camera of this side.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LocalMedia {
    /// What is captured now; its set of tracks changes when the camera is switched off and on, and then this
    /// value is replaced, so that it differs.
    pub stream: Option<Stream>,
    /// The microphone.
    pub microphone: DeviceState,
    /// The camera.
    pub camera: DeviceState,
    /// Whether the user is speaking, and is sent.
    pub is_speaking: bool,
}

/// A microphone or a camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// The browser was asked: the user has not answered yet, or the device is starting.
    Asking {
        /// Whether the device is to be on once it is there. A device that is not is muted or stopped first.
        wanted: bool,
        /// The browser shows its permission prompt.
        prompted: bool,
    },
    /// Captured and sent.
    On,
    /// Switched off by the user; can be switched on.
    Off,
    /// Cannot be used; switching it on asks again.
    Unavailable(DeviceProblem),
}

impl DeviceState {
    /// The state of a device that was just switched on.
    pub const ASKED_FOR: Self = Self::Asking { wanted: true, prompted: false };

    /// Whether it is on, or will be once it is there: what its switch shows.
    pub fn is_wanted(&self) -> bool {
        matches!(self, Self::On | Self::Asking { wanted: true, .. })
    }
}

impl Default for DeviceState {
    fn default() -> Self {
        Self::ASKED_FOR
    }
}

/// Why a microphone or camera cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DeviceProblem {
    /// The user, or a policy, refused.
    Refused,
    /// There is none.
    NotFound,
    /// Another program holds it, or the system could not start it.
    Busy,
    /// It was unplugged or stopped while in use.
    Lost,
    /// The page is not secure, so the browser offers no devices.
    InsecurePage,
    /// Anything else, in the browser's words.
    Other(String),
}

impl From<CaptureError> for DeviceProblem {
    fn from(error: CaptureError) -> Self {
        match error {
            CaptureError::Refused => Self::Refused,
            CaptureError::NotFound => Self::NotFound,
            CaptureError::Busy => Self::Busy,
            CaptureError::Insecure => Self::InsecurePage,
            CaptureError::Other(error) => Self::Other(error.to_string()),
        }
    }
}

impl DeviceProblem {
    /// Stable name, for `data-code`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused => "permission-refused",
            Self::NotFound => "no-device",
            Self::Busy => "device-busy",
            Self::Lost => "device-lost",
            Self::InsecurePage => "insecure-page",
            Self::Other(_) => "device-failed",
        }
    }
}

/// The devices to choose from, what is chosen, and how they work.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceSettings {
    /// The devices that there are.
    pub list: DeviceList,
    /// Id of the camera that is used, or will be.
    pub camera: Option<String>,
    /// Id of the microphone that is used, or will be.
    pub microphone: Option<String>,
    /// Id of the speaker that plays the others; `None` for the system's.
    pub speaker: Option<String>,
    /// How the microphone's sound is processed.
    pub processing: Processing,
    /// Whether the camera blurs the background; `None` for a camera that cannot.
    pub background_blur: Option<bool>,
    /// Whether there is a camera that looks the other way.
    pub can_flip: bool,
    /// Whether the user wants the own picture as it is, not as in a mirror.
    pub unmirrored: bool,
    /// Whether the own picture is shown as it is. One of a camera at the back always is.
    pub shown_unmirrored: bool,
    /// Why the device that was chosen last is not used.
    pub failure: Option<ChoiceFailure>,
    /// What the user may not know of the own microphone.
    pub hint: Option<VoiceHint>,
    /// Loudness of the microphone in ten steps, while a meter is shown.
    pub level: u8,
}

/// What the user may not know of the own microphone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VoiceHint {
    /// The user speaks, and the microphone is off.
    Muted,
    /// The microphone is on, and hears nothing at all.
    Silent,
    /// The microphone hears the loudspeaker.
    Echo,
}

impl VoiceHint {
    /// Stable name, for `data-hint`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Muted => "muted",
            Self::Silent => "silent",
            Self::Echo => "echo",
        }
    }
}

/// Why a chosen device is not used. The one before goes on where that is possible.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChoiceFailure {
    /// The kind of device.
    pub kind: DeviceKind,
    /// The device's name.
    pub label: String,
    /// What is wrong with it.
    pub reason: DeviceProblem,
}

/// What the interface asks of the user's own devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceCommand {
    /// Use this device, and remember it.
    Choose {
        /// What it is for.
        kind: DeviceKind,
        /// Its id.
        id: String,
    },
    /// Use the camera that looks the other way.
    FlipCamera,
    /// Process the microphone's sound so.
    SetProcessing(Processing),
    /// Have the camera blur the background, or not.
    SetBackgroundBlur(bool),
    /// Show the own picture as in a mirror, or as it is.
    SetMirrored(bool),
    /// A meter is shown, or one less; [`DeviceSettings::level`] is published as long as there is one.
    ShowLevel(bool),
    /// An element cannot play on the speaker with this id.
    SpeakerFailed(String),
    /// The user has read why a device is not used.
    DismissFailure,
    /// The user has read the hint.
    DismissHint,
}
