//! What the user wants large, and where that puts everything. What is drawn is in [`super::stage`].

use leptos::prelude::*;

use super::arrangement::{Arrangement, OwnPicture, Place, StageItem, StageMode, Wishes, arrange};
use crate::browser::{store, stored};
use crate::call::{CallStateStoreFields as _, CallStore, PeerState};

const MODE_KEY: &str = "layout";
const OWN_KEY: &str = "own-picture";

/// A pinned item. It stays pinned when the participant connects again, under another key.
#[derive(Clone, Debug, PartialEq)]
enum Pin {
    Own,
    OwnScreen,
    Peer(String),
    Screen(String),
}

/// What the user wants to see, and where that puts everything.
#[derive(Clone, Copy)]
pub struct StageUi {
    state: CallStore,
    mode: RwSignal<StageMode>,
    own: RwSignal<OwnPicture>,
    pins: RwSignal<Vec<Pin>>,
    pub are_screens_large: RwSignal<bool>,
    pub page: RwSignal<usize>,
    /// The size of the container that the tiles have to fit into.
    pub size: RwSignal<(f64, f64)>,
    pub screens: Memo<Vec<u64>>,
    pub arrangement: Memo<Arrangement>,
}

impl StageUi {
    /// The stage of this state.
    pub fn new(state: CallStore) -> Self {
        let size = RwSignal::new((0.0, 0.0));
        let mode = RwSignal::new(match stored(MODE_KEY).as_deref() {
            Some("speaker") => StageMode::Speaker,
            _ => StageMode::Grid,
        });
        let own = RwSignal::new(stored(OWN_KEY).and_then(|name| OwnPicture::named(&name)).unwrap_or_default());
        let (pins, page, are_screens_large) = (RwSignal::new(Vec::new()), RwSignal::new(0), RwSignal::new(true));
        let items = Memo::new(move |_| state.peers().with(|peers| items(peers)));
        let screens = Memo::new(move |_| {
            let of_peer = |(item, _): &(StageItem, Pin)| match item {
                StageItem::Screen(key) => Some(*key),
                _ => None,
            };
            items.with(|items| items.iter().filter_map(of_peer).collect::<Vec<_>>())
        });
        // A new screen is large, even if the user has returned to the grid from another one.
        Effect::new(move |before: Option<Vec<u64>>| {
            let now = screens.get();
            if before.is_some_and(|before| now.iter().any(|key| !before.contains(key))) {
                are_screens_large.set(true);
            }
            now
        });
        let arrangement = Memo::new(move |_| {
            items.with(|items| {
                let is_pinned = |(_, pin): &&(StageItem, Pin)| pins.with(|pins| pins.contains(pin));
                let wishes = Wishes {
                    mode: mode.get(),
                    own: own.get(),
                    pinned: items.iter().filter(is_pinned).map(|(item, _)| *item).collect(),
                    are_screens_large: are_screens_large.get(),
                    speaker: state.speaker().get(),
                    page: page.get(),
                };
                let items: Vec<_> = items.iter().map(|(item, _)| *item).collect();
                arrange(&items, &wishes, size.get())
            })
        });
        Self { state, mode, own, pins, are_screens_large, page, size, screens, arrangement }
    }

    /// Where `item` is, if it is shown.
    pub fn place(self, item: StageItem) -> Memo<Option<Place>> {
        Memo::new(move |_| self.arrangement.with(|arrangement| arrangement.place(item)))
    }

    /// Width and height of the tile of `item`, in CSS pixels; zero while it is not shown.
    pub fn tile_size(self, item: StageItem) -> Signal<(f64, f64)> {
        let place = self.place(item);
        Signal::derive(move || place.get().map_or((0.0, 0.0), |place| (place.width, place.height)))
    }

    /// Whether `item` is pinned.
    pub fn is_pinned(self, item: StageItem) -> bool {
        self.pin(item).is_some_and(|pin| self.pins.with(|pins| pins.contains(&pin)))
    }

    /// Pins `item`, or lets it go.
    pub fn toggle_pin(self, item: StageItem) {
        let Some(pin) = untrack(|| self.pin(item)) else { return };
        self.pins.update(|pins| match pins.iter().position(|other| *other == pin) {
            Some(index) => drop(pins.remove(index)),
            None => pins.push(pin),
        });
        self.page.set(0);
    }

    /// How the tiles are laid out while nothing is pinned.
    pub fn mode(self) -> StageMode {
        self.mode.get()
    }

    /// Changes between grid and speaker, and remembers it.
    pub fn toggle_mode(self) {
        let (mode, name) = match self.mode.get_untracked() {
            StageMode::Grid => (StageMode::Speaker, "speaker"),
            StageMode::Speaker => (StageMode::Grid, "grid"),
        };
        store(MODE_KEY, name);
        self.mode.set(mode);
        self.page.set(0);
    }

    /// Where one's own picture is shown.
    pub fn own_picture(self) -> OwnPicture {
        self.own.get()
    }

    /// Shows one's own picture there, and remembers it.
    pub fn set_own_picture(self, own: OwnPicture) {
        store(OWN_KEY, own.name());
        self.own.set(own);
    }

    /// Shows the page that is so many pages further.
    pub fn turn(self, pages: isize) {
        let (page, count) = self.arrangement.with_untracked(|arrangement| (arrangement.page, arrangement.pages));
        self.page.set(page.saturating_add_signed(pages).min(count - 1));
    }

    fn pin(self, item: StageItem) -> Option<Pin> {
        let person = |key: u64| {
            self.state.peers().with(|peers| peers.iter().find(|peer| peer.key == key).map(PeerState::person))
        };
        match item {
            StageItem::Own => Some(Pin::Own),
            StageItem::OwnScreen => Some(Pin::OwnScreen),
            StageItem::Peer(key) => person(key).map(Pin::Peer),
            StageItem::Screen(key) => person(key).map(Pin::Screen),
            StageItem::Invitation => None,
        }
    }
}

/// What is on the stage, in the order in which it is laid out, each as it would be pinned.
fn items(peers: &[PeerState]) -> Vec<(StageItem, Pin)> {
    let mut items = vec![(StageItem::Own, Pin::Own)];
    items.extend(peers.iter().map(|peer| (StageItem::Peer(peer.key), Pin::Peer(peer.person()))));
    let shares = |peer: &&PeerState| peer.screen_stream.is_some();
    let screens = peers.iter().filter(shares);
    items.extend(screens.map(|peer| (StageItem::Screen(peer.key), Pin::Screen(peer.person()))));
    if peers.is_empty() {
        items.push((StageItem::Invitation, Pin::Own));
    }
    items
}
