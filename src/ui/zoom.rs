//! The geometry of zoom and pan: which part of a picture its frame shows, and what two fingers ask for. Pure.
//! `screen.rs` draws it, by a CSS transform alone.

/// The closest view.
const CLOSEST: f64 = 8.0;

/// A point, or a distance.
pub type Point = (f64, f64);

/// How large the whole picture is in its frame, in frame sizes: it is centred, and touches two opposite sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fitted {
    width: f64,
    height: f64,
}

impl Fitted {
    /// A picture of this size in a frame of that size, shown whole. It fills the frame while a size is unknown.
    pub fn new(picture: Point, frame: Point) -> Self {
        let ratio = (picture.0 / picture.1) / (frame.0 / frame.1);
        if !ratio.is_finite() || ratio <= 0.0 {
            return Self { width: 1.0, height: 1.0 };
        }
        Self { width: ratio.min(1.0), height: (1.0 / ratio).min(1.0) }
    }
}

/// A view of the picture. The offset is that of the frame's upper left corner, in frame sizes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zoom {
    scale: f64,
    offset: Point,
}

impl Default for Zoom {
    /// The whole picture.
    fn default() -> Self {
        Self { scale: 1.0, offset: (0.0, 0.0) }
    }
}

impl Zoom {
    /// `factor` times as close; the part of the picture at `at` stays there. Positions are in frame sizes.
    pub fn scaled(self, factor: f64, at: Point, fitted: Fitted) -> Self {
        let scale = (self.scale * factor).clamp(1.0, CLOSEST);
        let grown = scale / self.scale;
        let along = |at: f64, offset: f64| at - (at - offset) * grown;
        Self { scale, offset: (along(at.0, self.offset.0), along(at.1, self.offset.1)) }.bounded(fitted)
    }

    /// The picture moved by so much, in frame sizes.
    pub fn moved(self, by: Point, fitted: Fitted) -> Self {
        Self { offset: (self.offset.0 + by.0, self.offset.1 + by.1), ..self }.bounded(fitted)
    }

    /// The nearest view that shows nothing beside the picture, or, where the picture is smaller than the frame, shows it
    /// in the middle.
    pub fn bounded(self, fitted: Fitted) -> Self {
        let along = |offset: f64, size: f64| {
            let shown = self.scale * size;
            if shown <= 1.0 {
                return (1.0 - self.scale) / 2.0;
            }
            let margin = self.scale * (1.0 - size) / 2.0;
            offset.clamp(1.0 - margin - shown, -margin)
        };
        Self { offset: (along(self.offset.0, fitted.width), along(self.offset.1, fitted.height)), ..self }
    }

    /// Whether the whole picture is shown.
    pub fn is_whole(self) -> bool {
        self.scale <= 1.0
    }

    /// Whether the view can be no closer.
    pub fn is_closest(self) -> bool {
        self.scale >= CLOSEST
    }

    /// The scale in percent of the whole picture.
    pub fn percent(self) -> u32 {
        (self.scale * 100.0).round() as u32
    }

    /// The value of CSS `transform`, from the upper left corner.
    pub fn transform(self) -> String {
        let (x, y) = (self.offset.0 * 100.0, self.offset.1 * 100.0);
        format!("translate({x:.3}%, {y:.3}%) scale({:.4})", self.scale)
    }
}

/// What a movement of fingers or of the mouse asks for, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gesture {
    /// How much closer.
    pub factor: f64,
    /// Around which point.
    pub at: Point,
    /// Moved by how much.
    pub by: Point,
}

/// The pointers that are down. More than two are as two.
#[derive(Clone, Debug, Default)]
pub struct Pointers(Vec<(i32, Point)>);

impl Pointers {
    /// A pointer went down.
    pub fn down(&mut self, id: i32, at: Point) {
        self.up(id);
        if self.0.len() < 2 {
            self.0.push((id, at));
        }
    }

    /// A pointer went up, or is lost.
    pub fn up(&mut self, id: i32) {
        self.0.retain(|(other, _)| *other != id);
    }

    /// A pointer moved. Returns what that asks for, unless the pointer is not down.
    pub fn moved(&mut self, id: i32, to: Point) -> Option<Gesture> {
        let (middle, distance) = self.pair();
        self.0.iter_mut().find(|(other, _)| *other == id)?.1 = to;
        let (new_middle, new_distance) = self.pair();
        let factor = if distance > 0.0 && new_distance > 0.0 { new_distance / distance } else { 1.0 };
        Some(Gesture { factor, at: middle, by: (new_middle.0 - middle.0, new_middle.1 - middle.1) })
    }

    /// The middle of the pointers and their distance.
    fn pair(&self) -> (Point, f64) {
        match self.0.as_slice() {
            [(_, one), (_, other), ..] => {
                let middle = ((one.0 + other.0) / 2.0, (one.1 + other.1) / 2.0);
                (middle, (one.0 - other.0).hypot(one.1 - other.1))
            }
            [(_, one)] => (*one, 0.0),
            [] => ((0.0, 0.0), 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Fitted = Fitted { width: 1.0, height: 1.0 };

    /// The part of the picture that is at `at` in the frame.
    fn part_at(zoom: Zoom, at: Point) -> Point {
        ((at.0 - zoom.offset.0) / zoom.scale, (at.1 - zoom.offset.1) / zoom.scale)
    }

    fn is_near(one: Point, other: Point) -> bool {
        (one.0 - other.0).abs() < 1e-9 && (one.1 - other.1).abs() < 1e-9
    }

    #[test]
    fn picture_touches_two_sides_of_its_frame() {
        assert_eq!(Fitted::new((1920.0, 1080.0), (1000.0, 1000.0)), Fitted { width: 1.0, height: 0.5625 });
        assert_eq!(Fitted::new((500.0, 1000.0), (1000.0, 1000.0)), Fitted { width: 0.5, height: 1.0 });
        for unknown in [Fitted::new((0.0, 0.0), (100.0, 100.0)), Fitted::new((100.0, 100.0), (0.0, 0.0))] {
            assert_eq!(unknown, FULL);
        }
    }

    #[test]
    fn what_is_under_the_pointer_stays_there() {
        let at = (0.25, 0.75);
        let zoom = Zoom::default().scaled(2.0, at, FULL);
        assert!(is_near(part_at(zoom, at), at));
        let closer = zoom.scaled(1.5, (0.5, 0.5), FULL);
        assert!(is_near(part_at(closer, (0.5, 0.5)), part_at(zoom, (0.5, 0.5))));
        assert_eq!(closer.percent(), 300);
    }

    #[test]
    fn nothing_beside_the_picture_comes_into_view() {
        let fitted = Fitted::new((1920.0, 1080.0), (1000.0, 1000.0));
        let zoom = Zoom::default().scaled(4.0, (0.5, 0.5), fitted);
        for by in [(9.0, 9.0), (-9.0, -9.0)] {
            let moved = zoom.moved(by, fitted);
            let (first, last) = (part_at(moved, (0.0, 0.0)), part_at(moved, (1.0, 1.0)));
            let margin = (1.0 - fitted.height) / 2.0;
            assert!(first.0 >= -1e-9 && last.0 <= 1.0 + 1e-9, "{moved:?}");
            assert!(first.1 >= margin - 1e-9 && last.1 <= 1.0 - margin + 1e-9, "{moved:?}");
        }
    }

    #[test]
    fn picture_that_is_smaller_than_the_frame_stays_in_the_middle() {
        let fitted = Fitted { width: 1.0, height: 0.5 };
        let zoom = Zoom::default().scaled(1.5, (0.9, 0.9), fitted).moved((0.0, 3.0), fitted);
        assert!((part_at(zoom, (0.5, 0.5)).1 - 0.5).abs() < 1e-9);
    }

    #[test]
    fn scale_has_bounds() {
        let closest = Zoom::default().scaled(1e9, (0.1, 0.1), FULL);
        assert!(closest.is_closest() && closest.percent() == 800);
        let whole = closest.scaled(1e-9, (0.7, 0.2), FULL);
        assert_eq!(whole, Zoom::default());
        assert_eq!(whole.moved((0.3, 0.3), FULL), Zoom::default(), "the whole picture cannot be moved");
    }

    #[test]
    fn one_pointer_moves_and_two_scale() {
        let mut pointers = Pointers::default();
        pointers.down(1, (100.0, 100.0));
        assert_eq!(pointers.moved(2, (0.0, 0.0)), None, "it is not down");
        let drag = pointers.moved(1, (110.0, 90.0));
        assert_eq!(drag, Some(Gesture { factor: 1.0, at: (100.0, 100.0), by: (10.0, -10.0) }));
        pointers.down(2, (210.0, 90.0));
        let pinch = pointers.moved(2, (310.0, 90.0));
        assert_eq!(pinch, Some(Gesture { factor: 2.0, at: (160.0, 90.0), by: (50.0, 0.0) }));
        pointers.up(2);
        assert_eq!(pointers.moved(1, (111.0, 90.0)).map(|gesture| gesture.factor), Some(1.0));
    }
}
