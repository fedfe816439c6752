//! The page: the browser's capabilities, the page's settings, time, the console, and the screen after a panic. No
//! components of the interface.

use std::cell::RefCell;

use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{EventTarget, HtmlElement};

/// Whether this browser has `RTCPeerConnection`.
pub fn has_webrtc() -> bool {
    js_sys::Reflect::get(&js_sys::global(), &"RTCPeerConnection".into()).is_ok_and(|value| value.is_function())
}

/// Whether the page is a secure context; otherwise browsers offer no devices.
pub fn is_secure() -> bool {
    web_sys::window().is_some_and(|window| window.is_secure_context())
}

/// Whether `navigator.mediaDevices` exists; on insecure pages it does not.
pub fn has_devices() -> bool {
    web_sys::window().is_some_and(|window| {
        js_sys::Reflect::get(&window.navigator(), &"mediaDevices".into()).is_ok_and(|devices| devices.is_object())
    })
}

/// Whether the page is hidden now (`document.hidden`).
pub fn is_hidden() -> bool {
    web_sys::window().and_then(|window| window.document()).is_some_and(|document| document.hidden())
}

/// Content of `<meta name=… content=…>`, if present and not blank.
pub fn meta(name: &str) -> Option<String> {
    let element = web_sys::window()?.document()?.query_selector(&format!("meta[name='{name}']")).ok()??;
    let content = element.get_attribute("content")?.trim().to_owned();
    (!content.is_empty()).then_some(content)
}

/// `reference` made absolute against the page's address.
pub fn resolve_url(reference: &str) -> Option<String> {
    let base = web_sys::window()?.location().href().ok()?;
    Some(web_sys::Url::new_with_base(reference, &base).ok()?.href())
}

/// `navigator.connection` (Network Information API), if the browser has it; it fires `change`.
pub fn network_information() -> Option<EventTarget> {
    let navigator = web_sys::window()?.navigator();
    js_sys::Reflect::get(&navigator, &"connection".into()).ok()?.dyn_into().ok()
}

/// Milliseconds since the page's start (`performance.now()`).
pub fn now() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}

/// Milliseconds since 1970 by a clock that never jumps: the page's start, and how long ago that is.
pub fn wall_now() -> f64 {
    let performance = web_sys::window().and_then(|window| window.performance());
    performance.map_or(0.0, |performance| performance.time_origin() + performance.now())
}

/// A random id of 128 bits, in hexadecimal.
pub fn random_id() -> String {
    let mut bytes = [0_u8; 16];
    let filled = web_sys::window()
        .and_then(|window| window.crypto().ok())
        .is_some_and(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).is_ok());
    if !filled {
        // Without a cryptographic source: the id must be unique, not secret.
        bytes.iter_mut().for_each(|byte| *byte = (js_sys::Math::random() * 256.0) as u8);
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

thread_local! {
    /// Lines that wait to be written to the console.
    static LOG_QUEUE: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// How long a line may wait, in milliseconds.
const LOG_DELAY: u32 = 1_000;

/// Writes a line to the console within a second, in order. Not at once: a connection is set up in many small steps, and
/// a browser with open developer tools or an attached driver pauses for each line.
pub fn log(text: &str) {
    let first = LOG_QUEUE.with_borrow_mut(|lines| {
        lines.push(text.to_owned());
        lines.len() == 1
    });
    if first {
        spawn_local(async {
            TimeoutFuture::new(LOG_DELAY).await;
            flush_log();
        });
    }
}

fn flush_log() {
    // Taken out first: nothing is borrowed during a JS call.
    let lines = LOG_QUEUE.try_with(|lines| lines.try_borrow_mut().map(|mut lines| std::mem::take(&mut *lines)));
    for line in lines.into_iter().flatten().flatten() {
        web_sys::console::info_1(&JsValue::from_str(&line));
    }
}

/// Writes a warning for the operator to the console.
pub fn warn(text: &str) {
    web_sys::console::warn_1(&JsValue::from_str(text));
}

/// Makes a panic visible: its message goes to the console, and the static `#crash` panel of `index.html` is shown. Its
/// reload button works without Rust code, none of which can run after a panic.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        flush_log();
        let message = info.to_string();
        // The console adds the stack trace.
        web_sys::console::error_1(&JsValue::from_str(&message));
        let _ = show_crash(&message);
    }));
}

fn show_crash(message: &str) -> Option<()> {
    let window = web_sys::window()?;
    let document = window.document()?;
    if let Some(element) = document.get_element_by_id("crash-message") {
        element.set_text_content(Some(message));
    }
    // A modal dialog would cover the panel and its button.
    while let Some(dialog) = document.query_selector("dialog[open]").ok()? {
        dialog.remove();
    }
    let location = window.location();
    let reload = js_sys::Reflect::get(&location, &"reload".into()).ok()?.dyn_into::<js_sys::Function>().ok()?;
    let button = document.get_element_by_id("crash-reload")?.dyn_into::<HtmlElement>().ok()?;
    button.set_onclick(Some(reload.bind0(&location).unchecked_ref()));
    document.get_element_by_id("crash")?.remove_attribute("hidden").ok()?;
    button.focus().ok()
}
