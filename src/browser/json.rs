//! Conversion between Rust values, JavaScript values and JSON text, by `JSON.parse`, `JSON.stringify` and
//! `serde-wasm-bindgen`. Length and nesting of a text are checked first. Meaning is not checked here.

use serde::{Serialize, de::DeserializeOwned};
use serde_wasm_bindgen::Serializer;
use vitrine_protocol::json_limits::{self, LimitError};
use wasm_bindgen::{JsCast, JsValue};

/// Longest error message that is kept, in UTF-16 code units: it may quote a peer's or a server's text.
const MAX_REASON_UNITS: u32 = 200;

/// Why a JSON text or JavaScript value could not be read, or a Rust value not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The text is longer or nested deeper than allowed.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The text is not JSON.
    #[error("not JSON: {0}")]
    Syntax(String),
    /// A field is missing or of another type.
    #[error("{0}")]
    Shape(String),
}

/// Reads a JSON text.
///
/// # Errors
/// [`JsonError`] for a text that is too long or too deep, that is not JSON, or that is no `T`.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, JsonError> {
    json_limits::check(text)?;
    from_js(js_sys::JSON::parse(text).map_err(|error| JsonError::Syntax(reason(error)))?)
}

/// Writes a value as JSON text.
///
/// # Errors
/// [`JsonError::Shape`] for a value that JSON cannot hold.
pub fn to_text<T: Serialize + ?Sized>(value: &T) -> Result<String, JsonError> {
    let value = to_js(value)?;
    js_sys::JSON::stringify(&value).map(String::from).map_err(|error| JsonError::Shape(reason(error)))
}

/// Reads a JavaScript value.
///
/// # Errors
/// [`JsonError::Shape`] for a value that is no `T`.
pub fn from_js<T: DeserializeOwned>(value: JsValue) -> Result<T, JsonError> {
    serde_wasm_bindgen::from_value(value).map_err(|error| JsonError::Shape(reason(error.into())))
}

/// Writes a value as the JavaScript value that `JSON.parse` would make of its JSON.
///
/// # Errors
/// [`JsonError::Shape`] for a value that JavaScript cannot hold.
pub fn to_js<T: Serialize + ?Sized>(value: &T) -> Result<JsValue, JsonError> {
    value.serialize(&Serializer::json_compatible()).map_err(|error| JsonError::Shape(reason(error.into())))
}

fn reason(error: JsValue) -> String {
    // Cut in JavaScript: wasm memory that has grown never shrinks.
    error.dyn_ref::<js_sys::Error>().map_or_else(String::new, |error| error.message().slice(0, MAX_REASON_UNITS).into())
}
