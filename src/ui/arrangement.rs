//! Where each tile of the call goes: a grid, or large tiles with a film strip; which tiles are on the page that is shown.
//! Pure. `stage.rs` draws it, by styles alone: a tile never moves in the page, because a moved video stops playing.

use super::grid::{GAP, MIN_TILE, layout};

/// Most tiles on a page of the grid.
const PER_PAGE: usize = 9;
/// Aspect ratio of the tiles in the film strip, and of one's own picture in the corner.
const SMALL_RATIO: f64 = 3.0 / 2.0;
/// The film strip is beside the large tiles in windows at least this wide, in CSS pixels, and wide for their height.
const MIN_WIDTH_BESIDE: f64 = 480.0;
const MIN_RATIO_BESIDE: f64 = 1.2;
/// Distance of one's own picture from the corner, in CSS pixels.
const MARGIN: f64 = 12.0;

/// Something on the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageItem {
    /// The user's own tile.
    Own,
    /// The tile of the peer with this key.
    Peer(u64),
    /// The screen that the peer with this key shares.
    Screen(u64),
    /// The screen that the user shares.
    OwnScreen,
    /// The invitation that is shown while the user is alone.
    Invitation,
}

/// How the tiles are laid out while nothing is pinned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StageMode {
    /// All tiles have the same size.
    #[default]
    Grid,
    /// The tile of whoever speaks is large.
    Speaker,
}

/// Where one's own picture is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OwnPicture {
    /// In a tile like everybody's.
    #[default]
    Tile,
    /// Small, in the corner, over the other tiles.
    Corner,
    /// Nowhere.
    Hidden,
}

impl OwnPicture {
    /// Stable name, to remember it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tile => "tile",
            Self::Corner => "corner",
            Self::Hidden => "hidden",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Tile, Self::Corner, Self::Hidden].into_iter().find(|own| own.name() == name)
    }
}

/// What the user wants to see.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wishes {
    /// How the tiles are laid out.
    pub mode: StageMode,
    /// Where one's own picture is shown.
    pub own: OwnPicture,
    /// What is pinned: these are large, whatever else is.
    pub pinned: Vec<StageItem>,
    /// Whether shared screens are large.
    pub are_screens_large: bool,
    /// Key of the peer who speaks, or spoke last.
    pub speaker: Option<u64>,
    /// Which page is shown, from zero. A page too far is the last one.
    pub page: usize,
}

/// Whether a tile is one of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prominence {
    /// One of the grid.
    Equal,
    /// Large, beside a film strip.
    Large,
    /// In the film strip.
    Small,
    /// Over the others, in the corner.
    Corner,
}

impl Prominence {
    /// Stable name, for `data-place`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "grid",
            Self::Large => "large",
            Self::Small => "strip",
            Self::Corner => "corner",
        }
    }
}

/// Where a tile is, in whole CSS pixels from the stage's upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Distance from the left.
    pub left: f64,
    /// Distance from the top.
    pub top: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Whether it is one of many.
    pub prominence: Prominence,
}

/// Where everything is. What has no place is not shown: it is on another page, or hidden.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arrangement {
    places: Vec<(StageItem, Place)>,
    /// The page that is shown, from zero.
    pub page: usize,
    /// How many pages there are; at least one.
    pub pages: usize,
    /// Height that the tiles need; more than the stage's if they are scrolled.
    pub height: f64,
}

impl Arrangement {
    /// Where `item` is, if it is shown.
    pub fn place(&self, item: StageItem) -> Option<Place> {
        self.places.iter().find(|(other, _)| *other == item).map(|(_, place)| *place)
    }
}

/// A rectangle of the stage, in CSS pixels.
#[derive(Clone, Copy)]
struct Area {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

/// Arranges `items` on a stage of `width` by `height` CSS pixels.
pub fn arrange(items: &[StageItem], wishes: &Wishes, (width, height): (f64, f64)) -> Arrangement {
    let large = large(items, wishes);
    let is_small =
        |item: &&StageItem| !large.contains(item) && (**item != StageItem::Own || wishes.own == OwnPicture::Tile);
    let small: Vec<_> = items.iter().filter(is_small).copied().collect();
    let stage = Area { left: 0.0, top: 0.0, width, height };
    let (places, page, pages) = if large.is_empty() {
        let (shown, page, pages) = on_page(&small, PER_PAGE, wishes.page);
        // The tiles of the last page are as large as those of the others.
        let count = if pages > 1 { PER_PAGE } else { shown.len() };
        (rows(shown, count, stage, Prominence::Equal), page, pages)
    } else {
        with_strip(&large, &small, wishes.page, stage)
    };
    let height = places.iter().fold(height, |height, (_, place)| height.max(place.top + place.height));
    let mut arrangement = Arrangement { places, page, pages, height };
    if wishes.own == OwnPicture::Corner && !large.contains(&StageItem::Own) {
        arrangement.places.push((StageItem::Own, corner(stage)));
    }
    arrangement
}

/// What is large: what is pinned; or else the screens; or else whoever speaks, in that layout.
fn large(items: &[StageItem], wishes: &Wishes) -> Vec<StageItem> {
    let of = |is_large: &dyn Fn(&StageItem) -> bool| -> Vec<_> {
        items.iter().filter(|item| is_large(item)).copied().collect()
    };
    let pinned = of(&|item| wishes.pinned.contains(item));
    if !pinned.is_empty() {
        return pinned;
    }
    let screens = of(&|item| wishes.are_screens_large && matches!(item, StageItem::Screen(_)));
    if !screens.is_empty() || wishes.mode == StageMode::Grid {
        return screens;
    }
    let speaker = of(&|item| wishes.speaker.is_some_and(|key| *item == StageItem::Peer(key)));
    let first = || of(&|item| matches!(item, StageItem::Peer(_))).into_iter().take(1).collect();
    if speaker.is_empty() { first() } else { speaker }
}

/// The items on this page, its number, and the number of pages.
fn on_page(items: &[StageItem], per_page: usize, page: usize) -> (&[StageItem], usize, usize) {
    let pages = items.len().div_ceil(per_page).max(1);
    let page = page.min(pages - 1);
    (items.chunks(per_page).nth(page).unwrap_or_default(), page, pages)
}

/// Items in rows of tiles as large as `count` of them can be, in the middle of `area`.
fn rows(items: &[StageItem], count: usize, area: Area, prominence: Prominence) -> Vec<(StageItem, Place)> {
    let tiles = layout(count, area.width, area.height);
    let used = items.len().div_ceil(tiles.columns) as f64;
    let free = area.height - (used * (tiles.height + GAP) - GAP);
    let top = area.top + (free / 2.0).max(0.0);
    let place = |row: usize, column: usize, columns: usize| {
        let row_width = columns as f64 * (tiles.width + GAP) - GAP;
        let left = area.left + ((area.width - row_width) / 2.0).max(0.0) + column as f64 * (tiles.width + GAP);
        let top = top + row as f64 * (tiles.height + GAP);
        Place { left: left.floor(), top: top.floor(), width: tiles.width, height: tiles.height, prominence }
    };
    let rows = items.chunks(tiles.columns).enumerate();
    rows.flat_map(|(row, items)| {
        items.iter().enumerate().map(move |(column, item)| (*item, place(row, column, items.len())))
    })
    .collect()
}

/// The large items, and a film strip with a page of the others beside or below them.
fn with_strip(
    large: &[StageItem],
    small: &[StageItem],
    page: usize,
    stage: Area,
) -> (Vec<(StageItem, Place)>, usize, usize) {
    if small.is_empty() {
        return (large_places(large, stage), 0, 1);
    }
    let is_beside = stage.width >= MIN_WIDTH_BESIDE && stage.width >= stage.height * MIN_RATIO_BESIDE;
    let tile_width = if is_beside {
        (stage.width * 0.18).clamp(144.0, 240.0).floor()
    } else {
        // Two at least, where they fit.
        let columns = ((stage.width + GAP) / (160.0 + GAP)).floor().max(2.0);
        let cell = (stage.width - GAP * (columns - 1.0)) / columns;
        cell.clamp(MIN_TILE.0, 240.0).min(stage.width).floor()
    };
    let tile_height = (tile_width / SMALL_RATIO).max(MIN_TILE.1).floor();
    let (length, step) = if is_beside { (stage.height, tile_height + GAP) } else { (stage.width, tile_width + GAP) };
    let fitting = (((length + GAP) / step) as usize).max(1);
    let (shown, page, pages) = on_page(small, fitting, page);
    let area = if is_beside {
        Area { width: stage.width - tile_width - GAP, ..stage }
    } else {
        // In a low window the strip is scrolled to.
        Area { height: (stage.height - tile_height - GAP).max(MIN_TILE.1.min(stage.height)), ..stage }
    };
    let mut places = large_places(large, area);
    let bottom = places.iter().fold(area.height, |bottom, (_, place)| bottom.max(place.top + place.height));
    let start = ((length - (shown.len() as f64 * step - GAP)) / 2.0).max(0.0).floor();
    places.extend(shown.iter().enumerate().map(|(number, item)| {
        let along = start + number as f64 * step;
        let (left, top) = if is_beside { (area.width + GAP, along) } else { (along, bottom + GAP) };
        let prominence = Prominence::Small;
        (*item, Place { left: left.floor(), top: top.floor(), width: tile_width, height: tile_height, prominence })
    }));
    (places, page, pages)
}

/// The large items. A screen alone fills the area, because its text is small enough.
fn large_places(items: &[StageItem], area: Area) -> Vec<(StageItem, Place)> {
    match items {
        [screen @ (StageItem::Screen(_) | StageItem::OwnScreen)] => {
            let (width, height) = (area.width.floor(), area.height.floor());
            let prominence = Prominence::Large;
            vec![(*screen, Place { left: area.left, top: area.top, width, height, prominence })]
        }
        _ => rows(items, items.len(), area, Prominence::Large),
    }
}

/// The corner at the lower right.
fn corner(stage: Area) -> Place {
    let width = (stage.width * 0.18).clamp(96.0, 240.0).min(stage.width / 2.0).floor();
    let height = (width / SMALL_RATIO).floor();
    Place {
        left: (stage.width - width - MARGIN).max(0.0).floor(),
        top: (stage.height - height - MARGIN).max(0.0).floor(),
        width,
        height,
        prominence: Prominence::Corner,
    }
}

#[cfg(test)]
mod tests {
    use super::{StageItem::*, *};

    const WIDE: (f64, f64) = (1248.0, 640.0);
    const TALL: (f64, f64) = (366.0, 620.0);
    const WINDOWS: [(f64, f64); 7] =
        [WIDE, TALL, (296.0, 380.0), (700.0, 300.0), (3800.0, 1960.0), (280.0, 150.0), (0.0, 0.0)];

    fn people(count: u64) -> Vec<StageItem> {
        std::iter::once(Own).chain((1..count).map(Peer)).collect()
    }

    fn screens_large() -> Wishes {
        Wishes { are_screens_large: true, ..Wishes::default() }
    }

    fn shown(arrangement: &Arrangement, prominence: Prominence) -> Vec<StageItem> {
        let places = arrangement.places.iter().filter(|(_, place)| place.prominence == prominence);
        places.map(|(item, _)| *item).collect()
    }

    #[test]
    fn nothing_overlaps_and_nothing_leaves_the_width() {
        let mut items = people(7);
        items.extend([Screen(2), Screen(4), OwnScreen]);
        let speaker = Wishes { mode: StageMode::Speaker, ..Wishes::default() };
        let pinned = Wishes { pinned: vec![Peer(1), Peer(3), Screen(4)], ..Wishes::default() };
        for wishes in [Wishes::default(), screens_large(), speaker, pinned] {
            for (width, height) in WINDOWS {
                let arrangement = arrange(&items, &wishes, (width, height));
                let places: Vec<_> = arrangement.places.iter().map(|(_, place)| *place).collect();
                for (number, one) in places.iter().enumerate() {
                    let case = format!("{one:?} in {width}x{height}, {wishes:?}");
                    assert!(one.left >= 0.0 && one.top >= 0.0, "{case}");
                    assert!(one.left + one.width <= width || width == 0.0, "{case}");
                    assert!(one.top + one.height <= arrangement.height, "{case}");
                    for other in &places[number + 1..] {
                        let is_apart = one.left + one.width <= other.left
                            || other.left + other.width <= one.left
                            || one.top + one.height <= other.top
                            || other.top + other.height <= one.top;
                        assert!(is_apart || width == 0.0, "{case} overlaps {other:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn grid_of_ten_has_two_pages_of_equal_tiles() {
        let items = people(10);
        let page = |page| arrange(&items, &Wishes { page, ..Wishes::default() }, WIDE);
        assert_eq!((page(0).page, page(0).pages), (0, 2));
        assert_eq!(shown(&page(0), Prominence::Equal), items[..9]);
        assert_eq!(shown(&page(1), Prominence::Equal), items[9..]);
        assert_eq!(page(1).place(Own), None, "it is on the first page");
        assert_eq!(page(7).page, 1, "a page too far is the last");
        let width = |arrangement: &Arrangement, item| arrangement.place(item).map(|place| place.width);
        assert_eq!(width(&page(1), Peer(9)), width(&page(0), Own), "its tile is no larger");
        assert_eq!(arrange(&people(9), &Wishes::default(), WIDE).pages, 1);
    }

    #[test]
    fn speaker_is_large_and_the_others_are_in_the_strip() {
        let wishes = Wishes { mode: StageMode::Speaker, speaker: Some(2), ..Wishes::default() };
        for window in [WIDE, TALL] {
            let arrangement = arrange(&people(4), &wishes, window);
            assert_eq!(shown(&arrangement, Prominence::Large), [Peer(2)]);
            let strip = shown(&arrangement, Prominence::Small);
            assert!(strip.starts_with(&[Own]) && !strip.contains(&Peer(2)), "{strip:?}");
            let area = |item| arrangement.place(item).map_or(0.0, |place: Place| place.width * place.height);
            assert!(area(Peer(2)) > 3.0 * area(Own));
        }
        let nobody = Wishes { mode: StageMode::Speaker, ..Wishes::default() };
        assert_eq!(shown(&arrange(&people(3), &nobody, WIDE), Prominence::Large), [Peer(1)]);
        assert_eq!(shown(&arrange(&[Own, Invitation], &nobody, WIDE), Prominence::Large), []);
    }

    #[test]
    fn strip_has_pages_too() {
        let wishes = Wishes { pinned: vec![Peer(1)], ..Wishes::default() };
        let items = people(12);
        let mut seen = vec![Peer(1)];
        let pages = arrange(&items, &wishes, WIDE).pages;
        assert!(pages > 1);
        for page in 0..pages {
            let arrangement = arrange(&items, &Wishes { page, ..wishes.clone() }, WIDE);
            assert_eq!(shown(&arrangement, Prominence::Large), [Peer(1)], "it is on every page");
            seen.extend(shown(&arrangement, Prominence::Small));
        }
        assert_eq!(seen.len(), items.len());
        assert!(items.iter().all(|item| seen.contains(item)));
    }

    #[test]
    fn screens_are_large_by_themselves_until_the_user_returns_to_the_grid() {
        let mut items = people(3);
        items.extend([Screen(1), OwnScreen]);
        let arrangement = arrange(&items, &screens_large(), WIDE);
        assert_eq!(shown(&arrangement, Prominence::Large), [Screen(1)]);
        assert_eq!(shown(&arrangement, Prominence::Small), [Own, Peer(1), Peer(2), OwnScreen]);
        assert_eq!(shown(&arrange(&items, &Wishes::default(), WIDE), Prominence::Large), []);
    }

    #[test]
    fn pinned_comes_before_screen_and_speaker() {
        let mut items = people(4);
        items.push(Screen(1));
        let wishes =
            Wishes { mode: StageMode::Speaker, speaker: Some(2), pinned: vec![Peer(3), Peer(1)], ..screens_large() };
        assert_eq!(shown(&arrange(&items, &wishes, WIDE), Prominence::Large), [Peer(1), Peer(3)]);
        let gone = Wishes { pinned: vec![Peer(8)], ..wishes };
        assert_eq!(shown(&arrange(&items, &gone, WIDE), Prominence::Large), [Screen(1)]);
    }

    #[test]
    fn own_picture_is_a_tile_or_in_the_corner_or_hidden() {
        let with = |own| arrange(&people(2), &Wishes { own, ..Wishes::default() }, WIDE);
        assert_eq!(shown(&with(OwnPicture::Tile), Prominence::Equal), [Own, Peer(1)]);
        let corner = with(OwnPicture::Corner);
        assert_eq!(shown(&corner, Prominence::Equal), [Peer(1)]);
        let place = corner.place(Own).unwrap();
        assert_eq!(place.prominence, Prominence::Corner);
        assert!(place.left + place.width <= WIDE.0 && place.top + place.height <= WIDE.1);
        assert_eq!(with(OwnPicture::Hidden).place(Own), None);
        let wishes = Wishes { own: OwnPicture::Hidden, pinned: vec![Own], ..Wishes::default() };
        assert_eq!(shown(&arrange(&people(2), &wishes, WIDE), Prominence::Large), [Own]);
    }
}
