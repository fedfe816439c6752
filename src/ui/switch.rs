//! A switch: a setting that is on or off, with its name, and a line of help where the name does not say enough.

use leptos::prelude::*;

/// The switch.
#[component]
pub fn Switch(
    /// Identifies the switch in tests.
    test_id: &'static str,
    /// Its name.
    label: &'static str,
    /// What it does.
    #[prop(optional, into)]
    help: MaybeProp<&'static str>,
    /// Whether it is on.
    #[prop(into)]
    on: Signal<bool>,
    /// Whether it cannot be changed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Called with what the user wants.
    #[prop(into)]
    set: Callback<bool>,
) -> impl IntoView {
    let (label_id, hint_id) = (format!("{test_id}-label"), format!("{test_id}-hint"));
    view! {
        <label class="switch">
            <span class="switch-words">
                <span id=label_id.clone()>{label}</span>
                <span class="switch-help" id=hint_id.clone() prop:textContent=move || help.get().unwrap_or_default()></span>
            </span>
            <input
                type="checkbox"
                role="switch"
                data-testid=test_id
                aria-labelledby=label_id
                aria-describedby=hint_id
                prop:checked=on
                prop:disabled=disabled
                on:change=move |event| set.run(event_target_checked(&event))
            />
        </label>
    }
}
