//! Keyboard focus after the screen changes, or after the focused element is removed. Browsers move the focus to the
//! body then, and keyboard users would start again from the top.

use leptos::{
    html::{ElementType, H1},
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement};

/// Focuses the element once it is in the page.
pub fn focus_when_shown<E>(element: NodeRef<E>)
where
    E: ElementType + 'static,
    E::Output: JsCast + Clone + 'static,
{
    Effect::new(move |_| {
        if let Some(element) = element.get() {
            // Fails only if the page is gone.
            let _ = element.unchecked_into::<HtmlElement>().focus();
        }
    });
}

/// Focuses a title when the focused element is gone.
#[derive(Clone, Copy)]
pub struct FocusKeeper {
    title: NodeRef<H1>,
    /// The element focused last.
    last: StoredValue<Option<Element>, LocalStorage>,
}

impl FocusKeeper {
    /// A keeper that focuses `title`.
    pub fn new(title: NodeRef<H1>) -> Self {
        Self { title, last: StoredValue::new_local(None) }
    }

    /// Remembers the focused element; for `focusin` events.
    pub fn on_focus_in(self, focused: &Event) {
        self.last.set_value(focused.target().and_then(|target| target.dyn_into().ok()));
    }

    /// Checks the focus after the next page update. Called whenever an element may have been removed.
    pub fn check(self) {
        request_animation_frame(move || {
            let document = document();
            let is_nowhere = document.active_element() == document.body().map(Into::into);
            // Not in the page, or in a closed dialog.
            let is_gone = |element: &Element| element.get_client_rects().length() == 0;
            let lost = self.last.try_with_value(|last| last.as_ref().is_some_and(is_gone)) == Some(true);
            if is_nowhere
                && lost
                && let Some(title) = self.title.try_get_untracked().flatten()
            {
                let _ = title.focus();
            }
        });
    }
}
