//! The stage of the call: the seats in which the tiles are, and what turns its pages. Where a seat goes is decided by
//! [`super::arrangement`]. A change of the layout changes styles alone, so every video and sound plays on; a seat that is
//! not shown stays in the page, out of the reach of the keyboard and of screen readers.

use leptos::{html, prelude::*};
use leptos_i18n::td_string;

use super::arrangement::{Place, StageItem, StageMode};
use super::context::{CallUi, Ui};
use super::control::Control;
use super::grid::report_size;
use super::icon::{Icon, IconName};
use super::text::fill;

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
