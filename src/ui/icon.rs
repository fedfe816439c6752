//! The icons: one path each on a 24 by 24 grid. The style sheet strokes them in the colour of the surrounding text.

use leptos::prelude::*;

/// An icon, named after its meaning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum IconName {
    /// Microphone.
    Microphone,
    /// Microphone, struck through.
    MicrophoneOff,
    /// Camera.
    Camera,
    /// Camera, struck through.
    CameraOff,
    /// A link to copy.
    Link,
    /// Leave the call.
    Leave,
    /// Done.
    Check,
    /// The steps of a connection.
    Path,
    /// Local network.
    House,
    /// The internet.
    Globe,
    /// A relay.
    Relay,
    /// Fill the tile.
    Fill,
    /// Close.
    Close,
    /// Messages.
    Chat,
    /// Send a message.
    Send,
    /// Downwards, to the end.
    Down,
    /// Sound.
    Sound,
    /// No sound.
    SoundOff,
    /// Attention.
    Alert,
    /// A screen.
    Screen,
    /// Closer.
    Plus,
    /// Further away.
    Minus,
    /// Participants.
    People,
    /// A raised hand.
    Hand,
    /// A face that smiles.
    Smile,
    /// Keep something large.
    Pin,
    /// Tiles of one size.
    Grid,
    /// One large tile.
    Speaker,
    /// Backwards.
    Previous,
    /// Forwards.
    Next,
    /// More controls.
    More,
    /// Invite somebody.
    Invite,
    /// A keyboard.
    Keyboard,
    /// A window of its own.
    PopOut,
    /// The whole screen.
    Fullscreen,
    /// How devices work.
    Devices,
    /// The camera on the other side.
    FlipCamera,
    /// Plays sound.
    Loudspeaker,
}

impl IconName {
    fn path(self) -> &'static str {
        match self {
            Self::Microphone => "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM6 11a6 6 0 0 0 12 0M12 17v4",
            Self::MicrophoneOff => {
                "M9 9.5V11a3 3 0 0 0 4.5 2.6M15 10.5V6a3 3 0 0 0-5.6-1.5M6 11a6 6 0 0 0 9.6 4.8M18 11a6 6 0 0 1-.6 2.6M12 17v4M4 4l16 16"
            }
            Self::Camera => {
                "M5 7h7.5a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2ZM14.5 11 21 7.5v9L14.5 13"
            }
            Self::CameraOff => {
                "M10 7h2.5a2 2 0 0 1 2 2v2.5M14.5 15.5a2 2 0 0 1-2 1.5H5a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2h1M14.5 11 21 7.5v9l-2.5-1.4M4 4l16 16"
            }
            Self::Link => "M9.5 14.5l5-5M11 7l1.5-1.5a4 4 0 0 1 6 6L17 13M13 17l-1.5 1.5a4 4 0 0 1-6-6L7 11",
            Self::Devices => {
                "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4ZM9 19.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4Z"
            }
            Self::FlipCamera => {
                "M4 11a8 8 0 0 1 13.7-4.7L20 8.5M20 4v4.5h-4.5M20 13a8 8 0 0 1-13.7 4.7L4 15.5M4 20v-4.5h4.5"
            }
            Self::Loudspeaker => "M4 9.5v5h3.5L12 18V6L7.5 9.5ZM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
            Self::Leave => "M10 4H6.5a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2H10M15.5 8l4 4-4 4M19.5 12H10",
            Self::Check => "M5 12.5 9.5 17 19 7.5",
            Self::Path => {
                "M6 20a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM18 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM8 18h6a3 3 0 0 0 0-6h-4a3 3 0 0 1 0-6h6"
            }
            Self::House => "M4 11.5 12 5l8 6.5M6.5 9.5V19h11V9.5",
            Self::Globe => "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM3 12h18M12 3c5 5 5 13 0 18-5-5-5-13 0-18Z",
            Self::Relay => "M4 5h16v6H4ZM4 13h16v6H4ZM7.5 8v.01M7.5 16v.01",
            Self::Fill => "M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5",
            Self::Invite => "M10 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM4 20a6 6 0 0 1 11-3.3M18 14v6M15 17h6",
            Self::Keyboard => {
                "M4 6h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1ZM7 10v.01M10.5 10v.01M14 10v.01M17 10v.01M7 13.8v.01M17 13.8v.01M10 14h4"
            }
            Self::PopOut => "M20 11V7a1 1 0 0 0-1-1H5a1 1 0 0 0-1 1v10a1 1 0 0 0 1 1h5M13 13h7v5h-7Z",
            Self::Fullscreen => {
                "M4 9V5a1 1 0 0 1 1-1h4M15 4h4a1 1 0 0 1 1 1v4M20 15v4a1 1 0 0 1-1 1h-4M9 20H5a1 1 0 0 1-1-1v-4"
            }
            Self::More => {
                "M4.5 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0ZM11 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0ZM17.5 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0Z"
            }
            Self::Screen => {
                "M4.5 5h15a1.5 1.5 0 0 1 1.5 1.5v9a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 15.5v-9A1.5 1.5 0 0 1 4.5 5ZM12 14V8.5M9.5 11 12 8.5l2.5 2.5M8.5 20h7"
            }
            Self::Plus => "M12 5.5v13M5.5 12h13",
            Self::Minus => "M5.5 12h13",
            Self::Close => "M6.5 6.5l11 11M17.5 6.5l-11 11",
            Self::People => {
                "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20a6.5 6.5 0 0 1 13 0M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14.5a6.5 6.5 0 0 1 3.5 5.5"
            }
            Self::Hand => {
                "M8 12.5V6a1.5 1.5 0 0 1 3 0v5M11 11V4.500a1.5 1.5 0 0 1 3 0V11M14 11V5.500a1.5 1.5 0 0 1 3 0V12M17 12V8.500a1.5 1.5 0 0 1 3 0V15a6 6 0 0 1-6 6h-1.500a6 6 0 0 1-5-2.700L4.200 14a1.600 1.600 0 0 1 2.600-1.900L8 13.500"
            }
            Self::Smile => "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8.500 14a4 4 0 0 0 7 0M9 9.500v.01M15 9.500v.01",
            Self::Pin => "M9 4h6M10 4v6l-3 4h10l-3-4V4M12 14v6",
            Self::Grid => "M4 5h7v6H4ZM13 5h7v6h-7ZM4 13h7v6H4ZM13 13h7v6h-7Z",
            Self::Speaker => "M4 5h16v9H4ZM4 17h4v2H4ZM10 17h4v2h-4ZM16 17h4v2h-4Z",
            Self::Previous => "M15 5l-7 7 7 7",
            Self::Next => "M9 5l7 7-7 7",
            Self::Chat => {
                "M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.5 4v-4A2.5 2.5 0 0 1 4 13.5ZM8 8.5h8M8 11.8h5"
            }
            Self::Send => "M4.5 5 20 12 4.5 19l2-7ZM6.5 12H13",
            Self::Down => "M12 5v14M6 13l6 6 6-6",
            Self::Sound => "M12 4a5 5 0 0 0-5 5v3.5L5 16h14l-2-3.5V9a5 5 0 0 0-5-5ZM10 19a2 2 0 0 0 4 0",
            Self::SoundOff => "M8 6a5 5 0 0 1 9 3v3.5l.6 1M14.5 16H5l2-3.5V10M10 19a2 2 0 0 0 4 0M4 4l16 16",
            Self::Alert => {
                "M12 9v4.5M12 16.8v.01M10.3 4.5 3 17.5A2 2 0 0 0 4.7 20.5h14.6a2 2 0 0 0 1.7-3L13.7 4.5a2 2 0 0 0-3.4 0Z"
            }
        }
    }
}

/// Draws an icon. It is hidden from screen readers: the words beside it carry the meaning.
#[component]
pub fn Icon(
    /// The icon.
    #[prop(into)]
    name: Signal<IconName>,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=move || name.get().path() />
        </svg>
    }
}
