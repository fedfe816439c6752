//! The page around the components: language, title, address, clipboard, the name and language that are remembered. If the browser denies one of
//! them, the app goes on without it. No components.

use leptos::prelude::*;
use leptos_i18n::td_string;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::text::{self, Locale};
use crate::browser::{store, stored};
use crate::link::{self, MalformedLink};

/// Longest name that can be typed, in UTF-16 code units; peers cut longer ones.
pub const MAX_NAME_LENGTH: &str = "40";

const SHORTCUTS_KEY: &str = "shortcuts";
const NAME_KEY: &str = "name";
/// `assets/boot.js` reads it too.
const LANGUAGE_KEY: &str = "language";

/// Takes over from the static page: removes the loading screen.
pub fn take_over() {
    if let Some(boot) = document().get_element_by_id("boot") {
        boot.remove();
    }
}

/// Says which language the page is in. Names the room in the address, so that reloading or copying the address leads to
/// it; [`show_unread`] names it in the title.
pub fn show_room(locale: Locale, room: Option<&str>) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("lang", text::tag(locale));
    }
    match room {
        Some(room) => set_room_in_address(Some(room)),
        None => document().set_title(td_string!(locale, app.title)),
    }
}

/// Names the room in the title, and how many messages in it are unread.
pub fn show_unread(room: &str, count: usize) {
    let title = text::fill("{room} · Vitrine", "room", room);
    document().set_title(&if count == 0 { title } else { format!("({count}) {title}") });
}

/// Whether the page's address asks for the page of recorded calls.
pub fn is_explain_address() -> bool {
    location().hash().is_ok_and(|hash| link::is_explain(&hash))
}

/// Loads the page anew, for another address.
pub fn reload() {
    let _ = location().reload();
}

/// The room that the page's address names in its fragment, or else in its query, where other programs may move it.
///
/// # Errors
/// [`MalformedLink`] if the address names a room unclearly.
pub fn room_in_address() -> Result<Option<String>, MalformedLink> {
    match link::room_in(&location().hash().unwrap_or_default()) {
        Ok(None) => room_in_query(),
        named => named,
    }
}

fn room_in_query() -> Result<Option<String>, MalformedLink> {
    let query = location().search().unwrap_or_default();
    // Other queries are not the app's.
    let names_room = query.to_ascii_lowercase().split(['?', '&']).any(|field| field.starts_with("room="));
    if names_room { link::room_in(&query) } else { Ok(None) }
}

/// Replaces the room in the page's address, without a new history entry.
pub fn set_room_in_address(room: Option<&str>) {
    let fragment = room.map_or_else(|| "#".to_owned(), link::fragment_for);
    // Drops a query that names a room.
    let path = if room_in_query() == Ok(None) { String::new() } else { location().pathname().unwrap_or_default() };
    // To write what is there already takes a browser tens of milliseconds, while the call is about to begin.
    if path.is_empty() && location().hash().is_ok_and(|hash| hash == fragment) {
        return;
    }
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&(path + &fragment)));
    }
}

/// The invite link to `room`.
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

/// The user's name from the last visit; empty if there is none.
pub fn remembered_name() -> String {
    stored(NAME_KEY).unwrap_or_default()
}

/// Stores the user's name for the next visit.
pub fn remember_name(name: &str) {
    store(NAME_KEY, name);
}

/// The language that the user chose at the last visit, or else the browser's.
pub fn remembered_language() -> Locale {
    stored(LANGUAGE_KEY).and_then(|tag| text::locale_of(&tag)).unwrap_or_else(text::browser_locale)
}

/// Stores the user's language for the next visit.
pub fn remember_language(locale: Locale) {
    store(LANGUAGE_KEY, text::tag(locale));
}

/// Whether shortcuts are on; they are unless the user switched them off.
pub fn remembered_shortcuts() -> bool {
    stored(SHORTCUTS_KEY).as_deref() != Some("off")
}

/// Stores whether shortcuts are on, for the next visit.
pub fn remember_shortcuts(on: bool) {
    store(SHORTCUTS_KEY, if on { "on" } else { "off" });
}

/// Copies `text` to the clipboard. Returns whether the browser allowed it.
pub async fn copy(text: &str) -> bool {
    let navigator = window().navigator();
    // Absent on insecure pages, which web-sys does not show.
    let is_present = js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|clipboard| clipboard.is_object());
    is_present && JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}
