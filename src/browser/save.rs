//! Gives the user a text as a file, and tells which browser this is.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

use super::{JsError, log};

/// Lets the browser save `text` under `name`, as a download.
pub fn save_file(name: &str, text: &str) {
    if let Err(error) = try_save(name, text) {
        log(&format!("{name} cannot be saved: {}", JsError::from(error)));
    }
}

fn try_save(name: &str, text: &str) -> Result<(), JsValue> {
    let document = web_sys::window().and_then(|window| window.document()).ok_or(JsValue::UNDEFINED)?;
    let properties = BlobPropertyBag::new();
    properties.set_type("text/plain");
    let blob = Blob::new_with_str_sequence_and_options(&js_sys::Array::of1(&text.into()), &properties)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let link: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The browser has taken the file by the end of the click.
    Url::revoke_object_url(&url)
}

/// How the browser names itself.
pub fn user_agent() -> String {
    web_sys::window().and_then(|window| window.navigator().user_agent().ok()).unwrap_or_default()
}
