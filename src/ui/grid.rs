//! The layout of the grid: the columns, rows and tile size that show the largest tiles without scrolling. [`layout`] is
//! pure; [`watch_size`] gives it the container's size.

use leptos::{html::ElementType, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, ResizeObserver};

/// Space between two tiles, in CSS pixels.
pub const GAP: f64 = 12.0;

/// Widest aspect ratio of a tile: that of cameras.
const MAX_RATIO: f64 = 16.0 / 9.0;

/// Smallest tile, in CSS pixels: a face and a name are recognizable in it. Tiles without room are scrolled to.
pub(super) const MIN_TILE: (f64, f64) = (128.0, 96.0);

/// How the tiles are laid out, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// Number of columns.
    pub columns: usize,
    /// Number of rows; the last one may be partly filled.
    pub rows: usize,
    /// Width of a tile, a whole number.
    pub width: f64,
    /// Height of a tile, a whole number.
    pub height: f64,
}

/// The layout of `count` equal tiles (at least one) that covers most of a container of `width` by `height` CSS pixels.
/// If the tiles would be too small, the layout is higher than the container and is scrolled.
///
/// A tile's aspect ratio is at most 16:9, and at least 4:3 in a wide container or 1:1 in a tall one, so that a camera's
/// picture fills it without cutting off the face.
pub fn layout(count: usize, width: f64, height: f64) -> Layout {
    let count = count.max(1);
    let narrowest = if width >= height { 4.0 / 3.0 } else { 1.0 };
    let candidates = (1..=count).map(|columns| {
        let rows = count.div_ceil(columns);
        let cell_width = ((width - GAP * (columns - 1) as f64) / columns as f64).max(0.0);
        let cell_height = ((height - GAP * (rows - 1) as f64) / rows as f64).max(0.0);
        let width = cell_width.min(cell_height * MAX_RATIO).floor();
        Layout { columns, rows, width, height: cell_height.min(width / narrowest).floor() }
    });
    // Only a larger tile replaces the best, so among equals the layout with the fewest columns wins.
    candidates
        .reduce(|best, next| if next.width * next.height > best.width * best.height { next } else { best })
        .filter(|best| best.width >= MIN_TILE.0 && best.height >= MIN_TILE.1)
        .unwrap_or_else(|| scrolled(count, width))
}

/// The layout of `count` tiles of about the smallest size, which fill the `width` and are scrolled.
fn scrolled(count: usize, width: f64) -> Layout {
    let columns = (((width + GAP) / (MIN_TILE.0 + GAP)) as usize).clamp(1, count);
    let cell = (width - GAP * (columns - 1) as f64) / columns as f64;
    let tile = cell.clamp(MIN_TILE.0.min(width.max(0.0)), MIN_TILE.0 * 1.5).floor();
    Layout { columns, rows: count.div_ceil(columns), width: tile, height: (tile / (MIN_TILE.0 / MIN_TILE.1)).floor() }
}

/// The inner size of `element`, in CSS pixels, as long as the current owner lives; zero at first.
pub fn watch_size<E>(element: NodeRef<E>) -> ReadSignal<(f64, f64)>
where
    E: ElementType + 'static,
    E::Output: JsCast + Clone + 'static,
{
    let (size, set_size) = signal((0.0, 0.0));
    report_size(element, set_size);
    size
}

/// Keeps `size` at the inner size of `element`, in CSS pixels, as long as the current owner lives.
pub fn report_size<E>(element: NodeRef<E>, size: WriteSignal<(f64, f64)>)
where
    E: ElementType + 'static,
    E::Output: JsCast + Clone + 'static,
{
    let observation = StoredValue::new_local(None);
    Effect::new(move |_| {
        if let Some(element) = element.get() {
            observation.set_value(Observation::new(element.unchecked_into(), size));
        }
    });
}

/// A running `ResizeObserver`; disconnected on drop.
struct Observation {
    observer: ResizeObserver,
    _closure: Closure<dyn FnMut()>,
}

impl Observation {
    /// Sets `size` soon, and after every change.
    fn new(element: Element, size: WriteSignal<(f64, f64)>) -> Option<Self> {
        let observed = element.clone();
        // In the next frame: a change that the observer's own call causes is an error to browsers.
        let closure = Closure::<dyn FnMut()>::new(move || {
            let observed = observed.clone();
            request_animation_frame(move || {
                size.try_set((f64::from(observed.client_width()), f64::from(observed.client_height())));
            });
        });
        let observer = ResizeObserver::new(closure.as_ref().unchecked_ref()).ok()?;
        observer.observe(&element);
        Some(Self { observer, _closure: closure })
    }
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
    fn tiles_fit_the_width_and_are_never_too_small() {
        for (width, height) in WINDOWS {
            for count in 1..=12 {
                let layout = layout(count, width, height);
                let (columns, rows) = (layout.columns as f64, layout.rows as f64);
                let case = format!("{count} in {width}x{height}: {layout:?}");
                assert!(layout.columns * layout.rows >= count, "{case}");
                assert!(columns * layout.width + (columns - 1.0) * GAP <= width, "{case}");
                assert!(layout.width >= MIN_TILE.0 && layout.height >= MIN_TILE.1, "{case}");
                let is_scrolled = rows * layout.height + (rows - 1.0) * GAP > height;
                assert!(!is_scrolled || layout.width <= MIN_TILE.0 * 1.5, "only small tiles are scrolled: {case}");
            }
        }
    }

    #[test]
    fn eight_tiles_need_no_scrolling_in_common_windows() {
        for (width, height) in [(1248.0, 640.0), (366.0, 620.0), (760.0, 320.0)] {
            for count in 1..=8 {
                let layout = layout(count, width, height);
                let rows = layout.rows as f64;
                assert!(rows * layout.height + (rows - 1.0) * GAP <= height, "{count} in {width}x{height}: {layout:?}");
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
    fn two_tiles_follow_the_window_orientation() {
        assert_eq!(layout(2, 1248.0, 640.0).columns, 2);
        assert_eq!(layout(2, 366.0, 620.0).columns, 1);
    }

    #[test]
    fn single_tile_has_camera_ratio() {
        assert_eq!(layout(1, 1600.0, 450.0), Layout { columns: 1, rows: 1, width: 800.0, height: 450.0 });
    }

    #[test]
    fn empty_container_and_no_tiles_are_accepted() {
        assert_eq!(layout(12, 0.0, 0.0).width, 0.0);
        assert_eq!(layout(0, 100.0, 100.0).columns, 1);
    }
}
