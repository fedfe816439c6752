//! The page around the components: language, title, address, what is remembered, the clipboard. Whatever of it the
//! browser denies is done without.

use leptos::prelude::{document, location, window};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::text::{self, Locale, text};
use crate::link::{self, MalformedLink};

const NAME_KEY: &str = "vitrine.name";

/// The app took over from the static page: says its language, removes the loading screen.
pub fn mounted(locale: Locale) {
    let document = document();
    if let Some(root) = document.document_element() {
        let _ = root.set_attribute("lang", text::tag(locale));
    }
    if let Some(boot) = document.get_element_by_id("boot") {
        boot.remove();
    }
}

/// Shows where one is in the title, and in the address, so that reloading or copying it leads to the same room.
pub fn show_room(locale: Locale, room: Option<&str>) {
    match room {
        Some(room) => {
            document().set_title(&text::fill("{room} · Vitrine", "room", room));
            name_room(Some(room));
        }
        None => document().set_title(text!(locale, app.title)),
    }
}

/// The room that the page's address names: in its fragment, or else in its query, where other programs may put it.
pub fn room_in_address() -> Result<Option<String>, MalformedLink> {
    match link::room_in(&location().hash().unwrap_or_default()) {
        Ok(None) => room_in_query(),
        named => named,
    }
}

fn room_in_query() -> Result<Option<String>, MalformedLink> {
    let query = location().search().unwrap_or_default();
    // Any other query is of somebody else.
    let names_room = query.to_ascii_lowercase().split(['?', '&']).any(|field| field.starts_with("room="));
    if names_room { link::room_in(&query) } else { Ok(None) }
}

/// Makes the page's address name `room`, or none, without a new entry in the history.
pub fn name_room(room: Option<&str>) {
    let fragment = room.map_or_else(|| "#".to_owned(), link::fragment_for);
    // A query that names a room would go on naming it.
    let path = if room_in_query() == Ok(None) { String::new() } else { location().pathname().unwrap_or_default() };
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&(path + &fragment)));
    }
}

/// The link that leads others to `room`.
pub fn invite(room: &str) -> String {
    link::invite(&location().href().unwrap_or_default(), room)
}

/// A name for a new room.
pub fn new_room_name() -> String {
    let mut random = [0_u8; 10];
    let filled = window().crypto().is_ok_and(|crypto| crypto.get_random_values_with_u8_array(&mut random).is_ok());
    if !filled {
        random.iter_mut().for_each(|byte| *byte = (js_sys::Math::random() * 256.0) as u8);
    }
    link::room_name(random)
}

/// The name used last time.
pub fn remembered_name() -> String {
    storage().and_then(|storage| storage.get_item(NAME_KEY).ok()?).unwrap_or_default()
}

/// Keeps the name for next time.
pub fn remember_name(name: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(NAME_KEY, name);
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok()?
}

/// Puts `text` on the clipboard; whether the browser let us.
pub async fn copy(text: &str) -> bool {
    let navigator = window().navigator();
    // Absent on insecure pages, which web-sys does not tell.
    let present = js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|clipboard| clipboard.is_object());
    present && JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}
