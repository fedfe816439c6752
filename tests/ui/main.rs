//! The interface in a real browser, with states made by the tests instead of the engine. One program: each would link the
//! whole app again, once for each browser.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod chat;
mod components;
mod denied;
mod devices;
mod inspector;
mod people;
mod screen;
mod shell;
mod stage;
mod support;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
