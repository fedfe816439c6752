//! What a browser may refuse to do for the user.

/// What the browser refused to do for the user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// A picture in a window of its own; the browser's words.
    PictureInPicture(String),
    /// The whole screen; the browser's words.
    Fullscreen(String),
    /// The system's menu for sharing the link; the browser's words.
    Sharing(String),
}
