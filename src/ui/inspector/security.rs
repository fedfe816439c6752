//! How a connection is encrypted, between which certificates, and the code by which two people find out whether somebody sits
//! between their pages.

use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_insight::{inspection::Inspection, safety_code::safety_code};

use super::{
    Shown,
    media::{Facts, present},
    part,
};
use crate::ui::context::Ui;

/// The rows.
#[component]
pub fn SecurityRows(
    /// The connection.
    shown: Shown,
    /// The room, if there is one.
    room: Signal<Option<String>>,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let security = part(shown, Inspection::security);
    let code = move || {
        let security = security.get()?;
        let (own, theirs) = (security.local_fingerprint?, security.remote_fingerprint?);
        safety_code(&room.get()?, &own.1, &theirs.1)
    };
    let rows = move || {
        let security = security.get().unwrap_or_default();
        let fingerprint = |of: Option<(String, String)>| of.map(|(algorithm, digest)| format!("{algorithm} {digest}"));
        let rows = [
            (td_string!(locale, inspect.state), security.dtls_state),
            (td_string!(locale, inspect.dtls_version), security.dtls_version),
            (td_string!(locale, inspect.dtls_role), security.dtls_role),
            (td_string!(locale, inspect.dtls_cipher), security.dtls_cipher),
            (td_string!(locale, inspect.srtp_cipher), security.srtp_cipher),
            (td_string!(locale, inspect.own_fingerprint), fingerprint(security.local_fingerprint)),
            (td_string!(locale, inspect.their_fingerprint), fingerprint(security.remote_fingerprint)),
        ];
        present(rows)
    };
    view! {
        {move || {
            code().map(|code| view! {
                <div class="safety">
                    <h4>{td_string!(locale, inspect.safety_code)}</h4>
                    <p class="safety-code" data-testid="safety-code" translate="no">{code}</p>
                    <p class="hint">{td_string!(locale, inspect.safety_hint)}</p>
                </div>
            })
        }}
        <Facts rows=Signal::derive(rows) />
    }
}
