//! How a connection stands, in a sentence; and if its media is relayed, why, and what would change it.

use leptos::prelude::*;
use vitrine_insight::{inspection::Inspection, verdict::Verdict, words};

use super::{
    Shown,
    format::{language, milliseconds},
    part,
};
use crate::ui::{
    context::Ui,
    icon::{Icon, IconName},
};

/// The verdict line.
#[component]
pub fn Summary(
    /// The connection.
    shown: Shown,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let verdict = part(shown, Inspection::verdict);
    let round_trip = part(shown, |shown| shown.round_trip().filter(|_| shown.verdict().is_connected()));
    let detour = part(shown, Inspection::detour);
    let icon = Signal::derive(move || match verdict.get() {
        Some(Verdict::DirectLocal) => IconName::House,
        Some(Verdict::DirectInternet | Verdict::Connected) => IconName::Globe,
        Some(Verdict::RelayUdp | Verdict::RelayTcp | Verdict::RelayTls | Verdict::Relay) => IconName::Relay,
        Some(Verdict::Connecting | Verdict::Reconnecting) | None => IconName::Path,
        Some(Verdict::NeverConnected | Verdict::Lost | Verdict::Closed) => IconName::Alert,
    });
    let words = move || verdict.get().map(|verdict| words::verdict(verdict, language(locale))).unwrap_or_default();
    let time = move || round_trip.get().flatten().map(milliseconds).unwrap_or_default();
    view! {
        <div class="verdict" data-testid="verdict" data-code=move || verdict.get().map(Verdict::name)>
            <Icon name=icon />
            <p class="verdict-words">
                <strong prop:textContent=words></strong>
                <span class="verdict-time" data-testid="round-trip" prop:textContent=time></span>
            </p>
            {move || {
                detour.get().flatten().map(|detour| {
                    let (why, change) = detour.words(language(locale));
                    view! {
                        <p class="verdict-why" data-testid="detour" data-code=detour.name()>
                            {why} " " <span class="advice">{change}</span>
                        </p>
                    }
                })
            }}
        </div>
    }
}
