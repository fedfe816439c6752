//! The product's name and mark, for the lobby and the page for unsupported browsers.

use leptos::prelude::*;

/// The mark, and the name beside it.
#[component]
pub fn Brand() -> impl IntoView {
    view! {
        <p class="brand" translate="no">
            <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
                <rect x="3" y="3" width="18" height="18" rx="5" />
                <rect x="11" y="11" width="18" height="18" rx="5" />
            </svg>
            "Vitrine"
        </p>
    }
}
