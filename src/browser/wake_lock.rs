//! Keeps the screen on (Screen Wake Lock API). A browser takes the lock away from a hidden page; it is asked for again when
//! the page is visible. Where there is no such thing, nothing happens.

use std::{cell::Cell, rc::Rc};

use futures_channel::oneshot;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::{Listener, page::is_hidden};

#[wasm_bindgen]
extern "C" {
    type WakeLockNavigator;

    /// `navigator.wakeLock` (screen-wake-lock §6).
    #[wasm_bindgen(method, structural, getter, js_name = wakeLock)]
    fn wake_lock(this: &WakeLockNavigator) -> Option<WakeLockManager>;

    type WakeLockManager;

    /// `request()` (screen-wake-lock §7); rejected on a hidden page, or to save the battery.
    #[wasm_bindgen(method, structural, catch)]
    fn request(this: &WakeLockManager, kind: &str) -> Result<js_sys::Promise, JsValue>;

    type Sentinel;

    /// `release()` (screen-wake-lock §8).
    #[wasm_bindgen(method, structural, catch)]
    fn release(this: &Sentinel) -> Result<js_sys::Promise, JsValue>;
}

/// Keeps the screen on until it is dropped.
pub struct WakeLock {
    _on_visible: Option<Listener>,
    _hold: Rc<Cell<Option<Hold>>>,
}

/// The lock is held as long as this lives.
type Hold = oneshot::Sender<()>;

impl WakeLock {
    /// Asks the browser to keep the screen on, now and whenever the page becomes visible.
    pub fn new() -> Self {
        let held = Rc::new(Cell::new((!is_hidden()).then(hold)));
        let again = Rc::clone(&held);
        let document = web_sys::window().and_then(|window| window.document());
        let on_visible = document.map(|document| {
            Listener::new(&document, "visibilitychange", move |_| {
                if !is_hidden() {
                    // One that is held still is released before the next is requested.
                    again.set(None);
                    again.set(Some(hold()));
                }
            })
        });
        Self { _on_visible: on_visible, _hold: held }
    }
}

impl Default for WakeLock {
    fn default() -> Self {
        Self::new()
    }
}

/// Requests the lock. One that comes after it is not wanted any more is released, too.
fn hold() -> Hold {
    let (hold, ended) = oneshot::channel::<()>();
    wasm_bindgen_futures::spawn_local(async move {
        let Some(window) = web_sys::window() else { return };
        let navigator: WakeLockNavigator = window.navigator().unchecked_into();
        let Some(Ok(promise)) = navigator.wake_lock().map(|manager| manager.request("screen")) else { return };
        let Ok(sentinel) = JsFuture::from(promise).await else { return };
        // Ends when the other half is dropped.
        let _ = ended.await;
        // A lock that the browser took away is released already; the promise is never rejected.
        let _ = sentinel.unchecked_into::<Sentinel>().release();
    });
    hold
}
