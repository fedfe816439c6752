//! Ownership of an event listener: it is registered for exactly as long as its [`Listener`] lives.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventTarget};

/// A registered event listener; removed on drop.
#[must_use = "the listener is removed when this is dropped"]
pub struct Listener {
    target: EventTarget,
    name: &'static str,
    closure: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Calls `handler` for every event `name` of `target`. The handler may only enqueue: it can run inside a JS call
    /// that Rust code further up the stack has made.
    pub fn new(target: &EventTarget, name: &'static str, handler: impl FnMut(Event) + 'static) -> Self {
        Self::boxed(target, name, Box::new(handler))
    }

    /// Not generic, so that the code exists once for all handlers.
    fn boxed(target: &EventTarget, name: &'static str, handler: Box<dyn FnMut(Event)>) -> Self {
        let closure = Closure::<dyn FnMut(Event)>::wrap(handler);
        // Fails only for a null target, which the type excludes.
        let _ = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        Self { target: target.clone(), name, closure }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback(self.name, self.closure.as_ref().unchecked_ref());
    }
}
