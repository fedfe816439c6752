//! Saving the record of the call as a file, with or without what tells of persons and secrets.

use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_insight::trace::Redaction;

use crate::{
    call::Command,
    ui::{context::Ui, switch::Switch},
};

/// The button, and the choice of what is left out.
#[component]
pub fn SaveRecord() -> impl IntoView {
    let ui = Ui::from_context();
    let locale = ui.locale;
    let is_redacted = RwSignal::new(true);
    let save = move |_| {
        let redaction = if is_redacted.get_untracked() { Redaction::Redacted } else { Redaction::Whole };
        ui.send(Command::SaveRecord(redaction));
    };
    view! {
        <div class="save-record">
            <Switch
                test_id="redact"
                label=td_string!(locale, inspect.redact)
                help=td_string!(locale, inspect.redact_help)
                on=is_redacted
                set=move |on| is_redacted.set(on)
            />
            <button type="button" class="secondary" data-testid="save-record" on:click=save>
                {td_string!(locale, inspect.save)}
            </button>
            <p class="hint">{td_string!(locale, inspect.save_hint)}</p>
        </div>
    }
}
