//! Takes the place of `wasm-streams` under every crate that depends on it (`[patch.crates-io]` in the workspace's
//! `Cargo.toml`). Leptos links its client for server functions into every app, and with it that crate, which exports
//! three classes to JavaScript; no linker may drop what is exported. Vitrine has no server functions, so nothing here
//! is ever called: it has the names that Leptos compiles against, and adds nothing to the download.

use futures_util::{Stream, stream};
use wasm_bindgen::JsValue;

/// A stream of JavaScript's, which nobody reads.
#[derive(Debug)]
pub struct ReadableStream(web_sys::ReadableStream);

impl ReadableStream {
    /// Wraps the browser's stream.
    pub fn from_raw(raw: web_sys::ReadableStream) -> Self {
        Self(raw)
    }

    /// Would make a stream of JavaScript's out of one of Rust's.
    ///
    /// # Panics
    /// Always: only a server function with a streamed body would call it.
    pub fn from_stream(_stream: impl Stream<Item = Result<JsValue, JsValue>> + 'static) -> Self {
        unimplemented!("Vitrine has no server functions")
    }

    /// The browser's stream.
    pub fn into_raw(self) -> web_sys::ReadableStream {
        self.0
    }

    /// Nothing, at once.
    pub fn into_stream(self) -> impl Stream<Item = Result<JsValue, JsValue>> {
        stream::empty()
    }
}
