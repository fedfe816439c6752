//! A JS exception as a Rust error. It keeps the `DOMException` name, which code may match on, and the message, which is
//! only for people.

use wasm_bindgen::{JsCast, JsValue};

use super::JsonError;

/// An exception or a rejection from the browser.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub struct JsError {
    /// The error's `name` (for example `NotAllowedError`), or `Error` when it has none.
    pub name: String,
    /// The browser's message.
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

/// A value that could not be converted for the browser.
impl From<JsonError> for JsError {
    fn from(error: JsonError) -> Self {
        Self { name: "TypeError".to_owned(), message: error.to_string() }
    }
}
