//! Another room's link, opened in the tab of a call. The call goes on, and the address names its room again at once; a
//! dialog asks whether to leave for the other room.

use leptos::prelude::window;
use web_sys::HtmlDialogElement;

use super::element::{Element, button, classed, element, live, live_text};
use super::lobby::own_name;
use super::reactive::{Value, effect, keep};
use super::text::{self, fill, text};
use super::{Ui, page};
use crate::browser::Listener;
use crate::call::{Command, Problem};
use crate::link::MalformedLink;

/// Where the link that was opened leads.
type There = Result<String, MalformedLink>;

/// The dialog, which opens by itself.
pub fn moving_dialog(ui: Ui) -> Element {
    let locale = ui.locale;
    let there: Value<Option<There>> = Value::new(None);
    // Back and Forward fire it, too.
    keep(Listener::new(&window(), "hashchange", move |_| {
        let named = page::room_in_address();
        let here = ui.state.with_untracked(|state| state.room.clone());
        page::name_room(here.as_deref());
        if named != Ok(here) {
            there.set(named.transpose());
        }
    }));
    let title = move || match there.get() {
        Some(Ok(room)) => fill(text!(locale, moving.title), "room", &room),
        Some(Err(_)) => text::problem(locale, &Problem::LinkMalformed).title,
        None => String::new(),
    };
    let lead = move || match there.get() {
        Some(Err(_)) => text!(locale, moving.malformed),
        _ => text!(locale, moving.lead),
    };
    let leaves = move |_| {
        if let Some(Ok(room)) = there.get_untracked() {
            page::name_room(Some(&room));
            ui.send(Command::MoveTo { name: own_name(ui), room });
        }
    };
    let join = move || {
        let join = button("primary").test_id("move").on("click", leaves).child(text!(locale, moving.join));
        there.with(|there| matches!(there, Some(Ok(_)))).then_some(join)
    };
    let stay = classed("button", "secondary").attr("autofocus", "").test_id("stay").child(text!(locale, moving.stay));
    let dialog = classed("dialog", "sheet")
        .test_id("moving")
        .attr("aria-labelledby", "moving-title")
        .attr("aria-describedby", "moving-lead")
        .on("close", move |_| there.set(None))
        .child(element("h2").attr("id", "moving-title").child(live_text(title)))
        .child(element("p").attr("id", "moving-lead").child(live_text(lead)))
        .child(classed("form", "sheet-actions").attr("method", "dialog").child(stay).child(live(join)));
    let sheet: HtmlDialogElement = dialog.cast();
    effect(move || {
        if there.with(Option::is_some) && !sheet.open() {
            let _ = sheet.show_modal();
        }
    });
    dialog
}
