//! Where the browser shows an element: in a window above the others (Picture-in-Picture API), or on the whole screen
//! (Fullscreen API).

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlVideoElement};

use super::JsError;

#[wasm_bindgen]
extern "C" {
    /// `Document` with what web-sys lacks.
    #[wasm_bindgen(extends = web_sys::Document)]
    type ShowingDocument;

    /// `pictureInPictureEnabled` (picture-in-picture §4).
    #[wasm_bindgen(method, structural, getter, js_name = pictureInPictureEnabled)]
    fn picture_in_picture_enabled(this: &ShowingDocument) -> Option<bool>;

    /// `pictureInPictureElement` (picture-in-picture §4).
    #[wasm_bindgen(method, structural, getter, js_name = pictureInPictureElement)]
    fn picture_in_picture_element(this: &ShowingDocument) -> Option<Element>;

    /// `exitPictureInPicture()` (picture-in-picture §4).
    #[wasm_bindgen(method, structural, catch, js_name = exitPictureInPicture)]
    fn exit_picture_in_picture(this: &ShowingDocument) -> Result<js_sys::Promise, JsValue>;

    /// `fullscreenEnabled` (fullscreen §4); absent on some phones.
    #[wasm_bindgen(method, structural, getter, js_name = fullscreenEnabled)]
    fn is_fullscreen_enabled(this: &ShowingDocument) -> Option<bool>;

    /// `exitFullscreen()` (fullscreen §4).
    #[wasm_bindgen(method, structural, catch, js_name = exitFullscreen)]
    fn leave_fullscreen(this: &ShowingDocument) -> Result<js_sys::Promise, JsValue>;

    /// A `<video>`, or any other element.
    type Shown;

    /// `requestPictureInPicture()` (picture-in-picture §4).
    #[wasm_bindgen(method, structural, catch, js_name = requestPictureInPicture)]
    fn request_picture_in_picture(this: &Shown) -> Result<js_sys::Promise, JsValue>;

    /// `requestFullscreen()` (fullscreen §4).
    #[wasm_bindgen(method, structural, catch, js_name = requestFullscreen)]
    fn request_fullscreen(this: &Shown) -> Result<js_sys::Promise, JsValue>;
}

fn document() -> Option<ShowingDocument> {
    web_sys::window()?.document().map(JsCast::unchecked_into)
}

/// Whether this browser shows a picture in a window of its own.
pub fn has_picture_in_picture() -> bool {
    document().and_then(|document| document.picture_in_picture_enabled()) == Some(true)
}

/// Shows the video in a window of its own, or takes it back from there. Only after a click.
///
/// # Errors
/// The browser's refusal.
pub async fn toggle_picture_in_picture(video: &HtmlVideoElement) -> Result<(), JsError> {
    let Some(document) = document() else { return Ok(()) };
    let promise = if document.picture_in_picture_element().as_deref() == Some(video) {
        document.exit_picture_in_picture()
    } else {
        video.unchecked_ref::<Shown>().request_picture_in_picture()
    };
    JsFuture::from(promise?).await?;
    Ok(())
}

/// Closes the window of its own, if there is one.
pub fn end_picture_in_picture() {
    if let Some(document) = document().filter(|document| document.picture_in_picture_element().is_some())
        && let Ok(promise) = document.exit_picture_in_picture()
    {
        // Rejected if it was closed meanwhile.
        wasm_bindgen_futures::spawn_local(async move { drop(JsFuture::from(promise).await) });
    }
}

/// Whether this browser shows an element on the whole screen.
pub fn has_fullscreen() -> bool {
    document().and_then(|document| document.is_fullscreen_enabled()) == Some(true)
}

/// Whether an element is shown on the whole screen.
pub fn is_fullscreen() -> bool {
    document().is_some_and(|document| document.fullscreen_element().is_some())
}

/// Shows the element on the whole screen, or ends that if one is shown so. Only after a click.
///
/// # Errors
/// The browser's refusal.
pub async fn toggle_fullscreen(element: &Element) -> Result<(), JsError> {
    let Some(document) = document() else { return Ok(()) };
    let promise = if is_fullscreen() {
        document.leave_fullscreen()
    } else {
        element.unchecked_ref::<Shown>().request_fullscreen()
    };
    JsFuture::from(promise?).await?;
    Ok(())
}
