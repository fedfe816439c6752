//! What the page remembers for the next visit (`localStorage`). If the browser denies storage, nothing is remembered, and
//! the app goes on without it. What is worth remembering is decided elsewhere.

/// All keys begin with this: other pages of the same origin have keys too.
const PREFIX: &str = "vitrine.";

/// The text that was stored under this key.
pub fn stored(key: &str) -> Option<String> {
    storage()?.get_item(&(PREFIX.to_owned() + key)).ok()?
}

/// Stores `text` under this key.
pub fn store(key: &str, text: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(&(PREFIX.to_owned() + key), text);
    }
}

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}
