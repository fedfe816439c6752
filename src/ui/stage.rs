//! The stage of the call: what the user wants large, and the seats in which the tiles are. Where a seat goes is decided by
//! [`super::arrangement`]. A change of the layout changes styles alone, so every video and sound plays on; a seat that is
//! not shown stays in the page, out of the reach of the keyboard and of screen readers.

use leptos::{html, prelude::*};
use leptos_i18n::td_string;

use super::arrangement::{Arrangement, OwnPicture, Place, StageItem, StageMode, Wishes, arrange};
use super::context::{CallUi, Ui};
use super::control::Control;
use super::grid::report_size;
use super::icon::{Icon, IconName};
use super::text::fill;
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
    are_screens_large: RwSignal<bool>,
    page: RwSignal<usize>,
    /// The size of the container that the tiles have to fit into.
    size: RwSignal<(f64, f64)>,
    screens: Memo<Vec<u64>>,
    arrangement: Memo<Arrangement>,
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
    fn turn(self, pages: isize) {
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

/// The stage, with the seats that are its children, and what is needed to turn its pages.
#[component]
pub fn Stage(
    /// The seats.
    children: Children,
) -> impl IntoView {
    let stage = expect_context::<CallUi>().stage;
    let container = NodeRef::<html::Div>::new();
    report_size(container, stage.size.write_only());
    let height = move || pixels(stage.arrangement.with(|arrangement| arrangement.height));
    let turn = move |event: web_sys::KeyboardEvent| {
        let pages = match event.key().as_str() {
            "PageUp" => -1,
            "PageDown" => 1,
            _ => return,
        };
        if stage.arrangement.with_untracked(|arrangement| arrangement.pages) > 1 {
            event.prevent_default();
            stage.turn(pages);
        }
    };
    view! {
        <div class="stage" node_ref=container on:keydown=turn>
            <div class="tiles" style=("--height", height)>
                {children()}
            </div>
        </div>
        <StageBar />
    }
}

/// The place of one tile on the stage.
#[component]
pub fn Seat(
    /// Whose place it is.
    item: StageItem,
    /// The tile.
    children: Children,
) -> impl IntoView {
    let place = expect_context::<CallUi>().stage.place(item);
    // A seat that is not shown keeps a size: browsers pause what has none.
    let length = move |of: fn(&Place) -> f64, hidden: f64| pixels(place.get().as_ref().map_or(hidden, of));
    view! {
        <div
            class="seat"
            data-place=move || place.get().map_or("hidden", |place| place.prominence.name())
            style=("--left", move || length(|place| place.left, 0.0))
            style=("--top", move || length(|place| place.top, 0.0))
            style=("--width", move || length(|place| place.width, 128.0))
            style=("--height", move || length(|place| place.height, 96.0))
        >
            {children()}
        </div>
    }
}

/// The button that makes a tile large, or one of many again.
#[component]
pub fn PinButton(
    /// What is pinned.
    item: StageItem,
    /// Whose it is.
    #[prop(into)]
    name: Signal<String>,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let stage = expect_context::<CallUi>().stage;
    view! {
        <button
            type="button"
            class="icon-button tile-button"
            data-testid="pin"
            aria-pressed=move || if stage.is_pinned(item) { "true" } else { "false" }
            aria-label=move || fill(td_string!(locale, stage.pin), "name", &name.get())
            on:click=move |_| stage.toggle_pin(item)
        >
            <Icon name=IconName::Pin />
        </button>
    }
}

/// The switch between the grid and the speaker's large tile.
#[component]
pub fn LayoutButton() -> impl IntoView {
    let locale = Ui::from_context().locale;
    let stage = expect_context::<CallUi>().stage;
    let is_speaker = move || stage.mode() == StageMode::Speaker;
    view! {
        <Control
            icon=Signal::derive(move || if is_speaker() { IconName::Speaker } else { IconName::Grid })
            label=td_string!(locale, stage.speaker)
            attr:data-testid="layout"
            attr:data-layout=move || if is_speaker() { "speaker" } else { "grid" }
            attr:aria-pressed=move || if is_speaker() { "true" } else { "false" }
            attr:title=td_string!(locale, stage.speaker_hint)
            on:click=move |_| stage.toggle_mode()
        />
    }
}

/// Under the tiles, if there is something to choose: the pages, and whether shared screens are large.
#[component]
fn StageBar() -> impl IntoView {
    let locale = Ui::from_context().locale;
    let stage = expect_context::<CallUi>().stage;
    let page = Memo::new(move |_| stage.arrangement.with(|arrangement| (arrangement.page, arrangement.pages)));
    let words = move || {
        let (page, pages) = page.get();
        let words = fill(td_string!(locale, stage.page), "page", &(page + 1).to_string());
        fill(&words, "pages", &pages.to_string())
    };
    let has_pages = Memo::new(move |_| page.get().1 > 1);
    let has_screens = Memo::new(move |_| stage.screens.with(|screens| !screens.is_empty()));
    let turn = move |label: &'static str, test_id: &'static str, icon: IconName, pages: isize| {
        // Not `disabled`, which would take the focus away.
        let is_end = move || match pages {
            ..0 => page.get().0 == 0,
            _ => page.get().0 + 1 >= page.get().1,
        };
        view! {
            <button
                type="button"
                class="quiet icon-button"
                data-testid=test_id
                aria-label=label
                aria-disabled=move || is_end().then_some("true")
                on:click=move |_| stage.turn(pages)
            >
                <Icon name=icon />
            </button>
        }
    };
    view! {
        <div class="stage-bar">
            <Show when=move || has_pages.get()>
                {turn(td_string!(locale, stage.previous), "previous-page", IconName::Previous, -1)}
                <p data-testid="page" role="status" prop:textContent=words></p>
                {turn(td_string!(locale, stage.next), "next-page", IconName::Next, 1)}
            </Show>
            <Show when=move || has_screens.get()>
                <button
                    type="button"
                    class="secondary"
                    data-testid="screens-large"
                    aria-pressed=move || if stage.are_screens_large.get() { "true" } else { "false" }
                    on:click=move |_| stage.are_screens_large.update(|are_large| *are_large = !*are_large)
                >
                    {td_string!(locale, stage.screens_large)}
                </button>
            </Show>
        </div>
    }
}

/// A whole number of CSS pixels.
fn pixels(length: f64) -> String {
    (length as u32).to_string() + "px"
}
