//! The engine in a real browser, with the browser's fake devices, real peer connections, and a signaling server inside
//! the page. One program: each would link the whole app again, once for each browser.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helpers fail by panicking")]

mod call;
mod devices;
mod ice_servers;
mod json;
mod support;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
