//! The part of the published state and of the commands that is about the screen that this side shares. Plain data.

pub use crate::browser::{ScreenContent, Surface};

/// The screen that this side shares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScreenState {
    /// Whether it is shared.
    pub sharing: Sharing,
    /// What it shows.
    pub content: ScreenContent,
    /// Why the last attempt failed, until it is dismissed.
    pub problem: Option<ScreenProblem>,
}

/// Whether a screen is shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// No.
    #[default]
    Off,
    /// The browser asks which.
    Asking,
    /// Yes.
    On {
        /// What of the screen, if the browser tells.
        surface: Option<Surface>,
        /// Whether its sound is shared too.
        sound: bool,
    },
}

/// Why a screen cannot be shared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ScreenProblem {
    /// The browser cannot capture screens.
    Unsupported,
    /// The browser or the system does not let this page capture screens.
    Refused,
    /// Anything else, in the browser's words.
    Failed(String),
}

impl ScreenProblem {
    /// Stable name, for `data-code`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsupported => "screen-unsupported",
            Self::Refused => "screen-refused",
            Self::Failed(_) => "screen-failed",
        }
    }
}

/// What the interface asks of the engine about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenCommand {
    /// Ask the user which screen to share, and share it. Sent by the handler of a click.
    Share,
    /// Share no screen any more.
    Stop,
    /// The screen shows this.
    SetContent(ScreenContent),
    /// The user has read why the screen cannot be shared.
    DismissProblem,
}
