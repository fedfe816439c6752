//! The arrangement of tiles: which columns, rows and tile size show the most of everybody without scrolling. The
//! function is pure; [`watch_size`] feeds it the container's size.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, HtmlElement, ResizeObserver};

use super::reactive::keep;

/// Space between two tiles, in CSS pixels; the style sheet reads it from `--gap`.
pub const GAP: f64 = 12.0;

/// Widest shape of a tile: what cameras send.
const WIDEST: f64 = 16.0 / 9.0;

/// How the tiles are laid out, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// Tiles side by side.
    pub columns: usize,
    /// Rows, the last one perhaps not full.
    pub rows: usize,
    /// Width of a tile, a whole number.
    pub width: f64,
    /// Height of a tile, a whole number.
    pub height: f64,
}

/// The layout of `count` equal tiles (at least one) in a container of `width` by `height` that covers most of it.
/// A tile is at most 16:9 wide, and at least 4:3 wide in a wide container or 3:4 in a tall one, so that a
/// camera's picture fills it without losing the face in it.
pub fn layout(count: usize, width: f64, height: f64) -> Layout {
    let count = count.max(1);
    let narrowest = if width >= height { 4.0 / 3.0 } else { 3.0 / 4.0 };
    let candidates = (1..=count).map(|columns| {
        let rows = count.div_ceil(columns);
        let cell_width = ((width - GAP * (columns - 1) as f64) / columns as f64).max(0.0);
        let cell_height = ((height - GAP * (rows - 1) as f64) / rows as f64).max(0.0);
        let width = cell_width.min(cell_height * WIDEST).floor();
        Layout { columns, rows, width, height: cell_height.min(width / narrowest).floor() }
    });
    // A later candidate has to be better to be taken, so of equals the one with fewest columns stays.
    candidates
        .reduce(|best, next| if next.width * next.height > best.width * best.height { next } else { best })
        .unwrap_or(Layout { columns: 1, rows: 1, width, height })
}

impl Layout {
    /// Writes the layout into the element that holds the tiles, as custom properties for the style sheet.
    pub fn apply(self, element: &HtmlElement) {
        let row = self.columns as f64 * self.width + (self.columns - 1) as f64 * GAP;
        let style = web_sys::HtmlElement::style(element);
        for (property, pixels) in
            [("--gap", GAP), ("--row", row), ("--tile-width", self.width), ("--tile-height", self.height)]
        {
            // Fails only for a read-only declaration, which an element's own style is not.
            let _ = style.set_property(property, &((pixels.floor() as i32).to_string() + "px"));
        }
    }
}

/// Calls `changed` with the content size of `element`, in CSS pixels, now and after every change, until the owner
/// that is current now ends.
pub fn watch_size(element: &Element, changed: impl Fn(f64, f64) + 'static) {
    let observed = element.clone();
    let closure = Closure::<dyn FnMut()>::new(move || {
        changed(f64::from(observed.client_width()), f64::from(observed.client_height()));
    });
    if let Ok(observer) = ResizeObserver::new(closure.as_ref().unchecked_ref()) {
        observer.observe(element);
        keep(Observation { observer, _closure: closure });
    }
}

/// A running observation; ends on drop.
struct Observation {
    observer: ResizeObserver,
    _closure: Closure<dyn FnMut()>,
}

impl Drop for Observation {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOWS: [(f64, f64); 8] = [
        (1248.0, 640.0),
        (366.0, 620.0),
        (296.0, 380.0),
        (700.0, 300.0),
        (3800.0, 1960.0),
        (600.0, 600.0),
        (280.0, 150.0),
        (2000.0, 200.0),
    ];

    #[test]
    fn everybody_fits_and_can_be_seen_in_every_window() {
        for (width, height) in WINDOWS {
            for count in 1..=12 {
                let layout = layout(count, width, height);
                let (columns, rows) = (layout.columns as f64, layout.rows as f64);
                assert!(layout.columns * layout.rows >= count, "{count} in {width}x{height}: {layout:?}");
                assert!(
                    columns * layout.width + (columns - 1.0) * GAP <= width,
                    "{count} in {width}x{height}: {layout:?}"
                );
                assert!(rows * layout.height + (rows - 1.0) * GAP <= height, "{count} in {width}x{height}: {layout:?}");
                assert!(layout.width >= 20.0 && layout.height >= 15.0, "{count} in {width}x{height}: {layout:?}");
            }
        }
    }

    #[test]
    fn no_row_is_empty() {
        for (width, height) in WINDOWS {
            for count in 1..=12 {
                let layout = layout(count, width, height);
                assert!(layout.columns * (layout.rows - 1) < count, "{count} in {width}x{height}: {layout:?}");
            }
        }
    }

    #[test]
    fn two_sit_side_by_side_in_a_wide_window_and_above_each_other_in_a_tall_one() {
        assert_eq!(layout(2, 1248.0, 640.0).columns, 2);
        assert_eq!(layout(2, 366.0, 620.0).columns, 1);
    }

    #[test]
    fn one_person_gets_the_shape_of_a_camera() {
        assert_eq!(layout(1, 1600.0, 450.0), Layout { columns: 1, rows: 1, width: 800.0, height: 450.0 });
    }

    #[test]
    fn a_window_without_room_is_no_reason_to_fail() {
        assert_eq!(layout(12, 0.0, 0.0).width, 0.0);
        assert_eq!(layout(0, 100.0, 100.0).columns, 1);
    }
}
