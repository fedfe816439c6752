//! The system's menu for sharing a link (Web Share API).

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::JsError;

#[wasm_bindgen]
extern "C" {
    type SharingNavigator;

    /// `share()` (web-share §2); rejected with `AbortError` when the user closes the menu.
    #[wasm_bindgen(method, structural, catch)]
    fn share(this: &SharingNavigator, data: &JsValue) -> Result<js_sys::Promise, JsValue>;
}

/// Whether this browser has such a menu.
pub fn can_share() -> bool {
    web_sys::window().is_some_and(|window| {
        js_sys::Reflect::get(&window.navigator(), &"share".into()).is_ok_and(|share| share.is_function())
    })
}

/// Opens the menu for the link `url`. Only after a click.
///
/// # Errors
/// The browser's refusal; not that the user closed the menu.
pub async fn share(title: &str, url: &str) -> Result<(), JsError> {
    let Some(window) = web_sys::window() else { return Ok(()) };
    let data = js_sys::Object::new();
    js_sys::Reflect::set(&data, &"title".into(), &title.into())?;
    js_sys::Reflect::set(&data, &"url".into(), &url.into())?;
    let shared = JsFuture::from(window.navigator().unchecked_ref::<SharingNavigator>().share(&data)?).await;
    match shared.map_err(JsError::from) {
        Err(error) if error.name != "AbortError" => Err(error),
        _ => Ok(()),
    }
}
