//! What the side panel of the call can show, by name.

/// What the side panel can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// The list of participants.
    People,
    /// The chat.
    Chat,
    /// The inspector.
    Inspector,
}
