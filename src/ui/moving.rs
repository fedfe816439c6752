//! Another room's link, opened in the tab of a running call. The call goes on and the address is restored; a dialog
//! asks whether to move to the other room.

use leptos::{html, prelude::*};
use leptos_i18n::td_string;

use super::context::Ui;
use super::page;
use super::text::{self, fill};
use crate::browser::Listener;
use crate::call::{CallStateStoreFields as _, Command, Problem};
use crate::link::MalformedLink;

/// The room that the opened link names.
type LinkedRoom = Result<String, MalformedLink>;

/// The dialog; it opens by itself.
#[component]
pub fn MovingDialog() -> impl IntoView {
    let ui = Ui::from_context();
    let locale = ui.locale;
    let linked = RwSignal::<Option<LinkedRoom>>::new(None);
    // The browser's Back and Forward fire it, too.
    StoredValue::new_local(Listener::new(&window(), "hashchange", move |_| {
        let named = page::room_in_address();
        let current = ui.state.room().get_untracked();
        page::set_room_in_address(current.as_deref());
        if named != Ok(current) {
            linked.set(named.transpose());
        }
    }));
    let title = move || match linked.get() {
        Some(Ok(room)) => fill(td_string!(locale, moving.title), "room", &room),
        Some(Err(_)) => text::problem(locale, &Problem::LinkMalformed).title,
        None => String::new(),
    };
    let lead = move || match linked.get() {
        Some(Err(_)) => td_string!(locale, moving.malformed),
        _ => td_string!(locale, moving.lead),
    };
    let leave = move |_| {
        if let Some(Ok(room)) = linked.get_untracked() {
            page::set_room_in_address(Some(&room));
            ui.send(Command::MoveTo { name: ui.display_name(), room });
        }
    };
    let sheet = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(sheet) = sheet.get()
            && linked.with(Option::is_some)
            && !sheet.open()
        {
            let _ = sheet.show_modal();
        }
    });
    view! {
        <dialog
            class="sheet"
            node_ref=sheet
            data-testid="moving"
            aria-labelledby="moving-title"
            aria-describedby="moving-lead"
            on:close=move |_| linked.set(None)
        >
            <h2 id="moving-title" prop:textContent=title></h2>
            <p id="moving-lead" prop:textContent=lead></p>
            <form class="sheet-actions" method="dialog">
                <button class="secondary" autofocus data-testid="stay">{td_string!(locale, moving.stay)}</button>
                <Show when=move || matches!(linked.get(), Some(Ok(_)))>
                    <button type="button" class="primary" data-testid="move" on:click=leave>
                        {td_string!(locale, moving.join)}
                    </button>
                </Show>
            </form>
        </dialog>
    }
}
