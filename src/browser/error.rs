//! A JS exception as a Rust error. Keeps the `DOMException` name, which is what code may match on; the message is
//! for people.

use wasm_bindgen::{JsCast, JsValue};

/// An exception or a rejection from the browser.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub struct JsError {
    /// The error's `name` (for example `NotAllowedError`), or `Error` when it has none.
    pub name: String,
    /// The browser's words.
    pub message: String,
}

impl From<JsValue> for JsError {
    fn from(value: JsValue) -> Self {
        if let Some(exception) = value.dyn_ref::<web_sys::DomException>() {
            return Self { name: exception.name(), message: exception.message() };
        }
        if let Some(error) = value.dyn_ref::<js_sys::Error>() {
            return Self { name: error.name().into(), message: error.message().into() };
        }
        let message = value.as_string().unwrap_or_else(|| format!("{value:?}"));
        Self { name: "Error".to_owned(), message }
    }
}
