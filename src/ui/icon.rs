//! The icons: one path each on a 24 by 24 grid, stroked by the style sheet in the colour of the text around them.

use super::element::{Element, svg_element};

/// An icon, by what it means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Icon {
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
    /// Leave through a door.
    Leave,
    /// Done.
    Check,
    /// The way from one point to another.
    Path,
    /// On this network.
    House,
    /// Across the internet.
    Globe,
    /// Through a server.
    Relay,
    /// Close.
    Close,
    /// Attention.
    Alert,
}

impl Icon {
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
            Self::Leave => "M10 4H6.5a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2H10M15.5 8l4 4-4 4M19.5 12H10",
            Self::Check => "M5 12.5 9.5 17 19 7.5",
            Self::Path => {
                "M6 20a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM18 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM8 18h6a3 3 0 0 0 0-6h-4a3 3 0 0 1 0-6h6"
            }
            Self::House => "M4 11.5 12 5l8 6.5M6.5 9.5V19h11V9.5",
            Self::Globe => "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM3 12h18M12 3c5 5 5 13 0 18-5-5-5-13 0-18Z",
            Self::Relay => "M4 5h16v6H4ZM4 13h16v6H4ZM7.5 8v.01M7.5 16v.01",
            Self::Close => "M6.5 6.5l11 11M17.5 6.5l-11 11",
            Self::Alert => {
                "M12 9v4.5M12 16.8v.01M10.3 4.5 3 17.5A2 2 0 0 0 4.7 20.5h14.6a2 2 0 0 0 1.7-3L13.7 4.5a2 2 0 0 0-3.4 0Z"
            }
        }
    }
}

/// Draws an icon; it is decoration, the words beside it carry the meaning.
pub fn icon(icon: Icon) -> Element {
    let drawing = svg_element("svg").attr("class", "icon").attr("viewBox", "0 0 24 24").attr("aria-hidden", "true");
    drawing.child(svg_element("path").attr("d", icon.path()))
}
