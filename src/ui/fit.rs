//! How a picture fills its tile. A picture of about the tile's aspect ratio fills it and is cropped a little. One of a
//! very different ratio, as from an upright phone, is shown whole until the user chooses to fill the tile. The style
//! sheet does the drawing.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlVideoElement};

/// A picture is shown whole if filling the tile would keep less than this fraction of it.
const MIN_VISIBLE: f64 = 0.5;

/// The fraction of a picture that stays visible when it fills a tile; both are width and height. 1 while a size is
/// unknown.
pub fn visible_fraction(picture: (f64, f64), tile: (f64, f64)) -> f64 {
    let ratio = (picture.0 / picture.1) / (tile.0 / tile.1);
    if ratio.is_finite() && ratio > 0.0 { ratio.min(1.0 / ratio) } else { 1.0 }
}

/// The fit of one picture.
#[derive(Clone, Copy)]
pub struct Fit {
    picture: RwSignal<(f64, f64)>,
    fills: RwSignal<bool>,
    differs: Memo<bool>,
}

impl Fit {
    /// The fit of a picture in a tile of this width and height.
    pub fn new(tile: Signal<(f64, f64)>) -> Self {
        let picture = RwSignal::new((0.0, 0.0));
        let differs = Memo::new(move |_| visible_fraction(picture.get(), tile.get()) < MIN_VISIBLE);
        Self { picture, fills: RwSignal::new(false), differs }
    }

    /// The picture's width and height, in pixels; zero while they are unknown.
    pub fn picture(self) -> Signal<(f64, f64)> {
        self.picture.into()
    }

    /// Takes the picture's size from its video element; for the element's `resize` event.
    pub fn on_resize(self, resized: &Event) {
        if let Some(video) = resized.target().and_then(|video| video.dyn_into::<HtmlVideoElement>().ok()) {
            self.picture.set((f64::from(video.video_width()), f64::from(video.video_height())));
        }
    }

    /// Whether the aspect ratios differ so much that the user can choose.
    pub fn has_choice(self) -> bool {
        self.differs.get()
    }

    /// Whether the picture is shown whole.
    pub fn is_whole(self) -> bool {
        self.differs.get() && !self.fills.get()
    }

    /// Switches between whole and filling.
    pub fn toggle(self) {
        self.fills.update(|fills| *fills = !*fills);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_very_different_ratios_are_shown_whole() {
        assert!(visible_fraction((720.0, 1280.0), (640.0, 360.0)) < 0.4);
        assert_eq!(visible_fraction((1280.0, 720.0), (640.0, 360.0)), 1.0);
        assert!(
            visible_fraction((640.0, 480.0), (640.0, 360.0)) > MIN_VISIBLE,
            "a camera of 4:3 may fill a tile of 16:9"
        );
        assert!(visible_fraction((1280.0, 720.0), (300.0, 300.0)) > MIN_VISIBLE, "and one of 16:9 a square");
        assert!(visible_fraction((1280.0, 720.0), (300.0, 400.0)) < MIN_VISIBLE);
    }

    #[test]
    fn unknown_sizes_lose_nothing() {
        assert_eq!(visible_fraction((0.0, 0.0), (640.0, 360.0)), 1.0);
        assert_eq!(visible_fraction((640.0, 480.0), (0.0, 0.0)), 1.0);
    }
}
