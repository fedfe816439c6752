//! In the call: everybody in one grid that fits the window, and the controls.

use super::Ui;
use super::controls::{copy_link, device_toggles, leave_button, link_dialog, signaling_indicator};
use super::element::{Element, View, button, classed, element, keyed, live, live_text};
use super::grid::{layout, watch_size};
use super::moving::moving_dialog;
use super::notice::{device_notices, problem_notice, prompt_notice};
use super::reactive::{Value, effect};
use super::steps::steps_dialog;
use super::text::{Locale, fill, text};
use super::tile::{remote_tile, self_tile};
use super::video::play_all;

/// What is opened and shown in the call, and by which part of it.
#[derive(Clone, Copy)]
pub struct Shown {
    /// Whose steps are looked at, by the key of the state.
    pub steps: Value<Option<u64>>,
    /// The browser wants a tap before it plays.
    pub blocked: Value<bool>,
    /// The browser does not copy the link, so it is shown.
    pub link: Value<bool>,
}

/// The call.
pub fn call(ui: Ui) -> Element {
    let locale = ui.locale;
    let room = ui.select(|state| state.room.clone().unwrap_or_default());
    let people = ui.select(|state| state.peers.len() + 1);
    let shown = Shown { steps: Value::new(None), blocked: Value::new(false), link: Value::new(false) };
    // The button that led here is gone, and the focus with it.
    let title = element("h1").attr("tabindex", "-1").child(live_text(move || room.get())).focused();
    let count = element("p").test_id("people").child(live_text(move || count(locale, people.get())));
    let header =
        classed("header", "bar").child(classed("div", "room").child(title).child(count)).child(signaling_indicator(ui));
    let notices =
        classed("div", "notices").child(problem_notice(ui)).child(prompt_notice(ui)).child(device_notices(ui));
    let controls = classed("footer", "controls")
        .attr("role", "group")
        .attr("aria-label", text!(locale, call.controls))
        .child(device_toggles(ui))
        .child(copy_link(ui, "control", "copy-link", shown.link))
        .child(leave_button(ui));
    classed("main", "call")
        .child(header)
        .child(grid(ui, shown))
        .child(notices)
        .child(controls)
        .child(live(move || shown.blocked.get().then(|| tap_to_play(locale, shown.blocked))))
        .child(steps_dialog(ui, shown.steps))
        .child(link_dialog(ui, shown.link))
        .child(moving_dialog(ui))
}

fn count(locale: Locale, people: usize) -> String {
    if people == 1 {
        text!(locale, call.one).to_owned()
    } else {
        fill(text!(locale, call.many), "count", &people.to_string())
    }
}

/// Everybody, oneself first. While one is alone, the place of the other shows how to fill it.
fn grid(ui: Ui, shown: Shown) -> Element {
    let keys = ui.select(|state| state.peers.iter().map(|peer| peer.key).collect::<Vec<_>>());
    let alone = ui.select(|state| state.peers.is_empty());
    let tiles = classed("div", "tiles")
        .child(self_tile(ui))
        .child(keyed(keys, move |key| remote_tile(ui, key, shown)))
        .child(live(move || alone.get().then(|| empty_seat(ui, shown.link))));
    let size = Value::new((0.0, 0.0));
    effect({
        let tiles = tiles.cast();
        move || {
            let (width, height) = size.get();
            layout(keys.with(Vec::len).max(1) + 1, width, height).apply(&tiles);
        }
    });
    let container = classed("section", "grid").attr("aria-label", text!(ui.locale, call.people)).child(tiles);
    watch_size(&container.cast(), move |width, height| size.set((width, height)));
    container
}

fn empty_seat(ui: Ui, show_link: Value<bool>) -> Element {
    classed("div", "tile empty")
        .test_id("alone")
        .child(element("h2").child(text!(ui.locale, call.alone)))
        .child(element("p").child(text!(ui.locale, call.alone_lead)))
        .child(copy_link(ui, "primary", "copy-link-alone", show_link))
}

fn tap_to_play(locale: Locale, blocked: Value<bool>) -> View {
    button("curtain")
        .test_id("play-all")
        .on("click", move |_| play_all(blocked))
        .child(element("strong").child(text!(locale, call.blocked)))
        .child(element("span").child(text!(locale, call.blocked_lead)))
        .into()
}
