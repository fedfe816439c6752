//! Findings: what is wrong, what it means, what to do, and what shows it.

use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_insight::{
    finding::{Finding, Severity},
    words,
};

use super::format::{language, since};
use crate::{
    call::{CallStateStoreFields as _, connection_name},
    ui::{
        context::Ui,
        icon::{Icon, IconName},
        text::{self, fill},
    },
};

/// The list, root causes first.
#[component]
pub fn Findings(
    /// The findings.
    #[prop(into)]
    findings: Signal<Vec<Finding>>,
    /// When the trace began, in milliseconds of its clock.
    #[prop(into)]
    start: Signal<f64>,
    /// The name of the connection that they are about, for tests; empty for those of no single one.
    #[prop(into)]
    connection: Signal<String>,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    // The end of what still goes on grows with every sample: that is no news.
    let key = |finding: &Finding| (finding.code, finding.from.to_bits(), finding.severity, finding.evidence.len());
    view! {
        <Show when=move || findings.with(|findings| !findings.is_empty())>
            <ul class="findings" aria-label=td_string!(locale, inspect.findings)>
                <For each=move || findings.get() key=key let(finding)>
                    <Row finding start connection />
                </For>
            </ul>
        </Show>
    }
}

#[component]
fn Row(finding: Finding, start: Signal<f64>, connection: Signal<String>) -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let language = language(locale);
    let start = start.get_untracked();
    let (severity, severity_words) = match finding.severity {
        Severity::Info => ("info", td_string!(locale, inspect.info)),
        Severity::Warning => ("warning", td_string!(locale, inspect.warning)),
        Severity::Error => ("error", td_string!(locale, inspect.error)),
    };
    let icon = if finding.severity == Severity::Info { IconName::Check } else { IconName::Alert };
    // In a running call, somebody is at the other end of a connection.
    let subject = |name: &str| {
        let person = state.peers().with_untracked(|peers| {
            let peer = peers.iter().find(|peer| connection_name(peer.key) == name)?;
            Some(text::name_or_guest(locale, peer.name.as_deref(), &peer.id))
        });
        person.map_or_else(|| name.to_owned(), |person| fill(td_string!(locale, inspect.to), "name", &person))
    };
    let evidence = finding.evidence.iter().map(|evidence| {
        view! {
            <tr>
                <td>{since(start, evidence.time)}</td>
                <td translate="no">{subject(&evidence.name)}</td>
                <td translate="no">{evidence.value.clone()}</td>
            </tr>
        }
    });
    view! {
        <li class="finding" data-testid="finding" data-code=finding.code.name() data-pc=connection data-severity=severity>
            <Icon name=icon />
            <div class="finding-words">
                <p>
                    <span class="visually-hidden">{severity_words} ": "</span>
                    {words::meaning(&finding, language)}
                </p>
                <p class="advice">{words::advice(&finding, language)}</p>
                <details>
                    <summary>
                        {words::side(finding.cause, language)} " · " {since(start, finding.from)} " · "
                        {td_string!(locale, inspect.evidence)}
                    </summary>
                    <div class="inspect-table" tabindex="0" role="group" aria-label=td_string!(locale, inspect.evidence)>
                        <table>
                            <tbody>{evidence.collect_view()}</tbody>
                        </table>
                    </div>
                    <p class="hint" translate="no">{finding.code.name()}</p>
                </details>
            </div>
        </li>
    }
}
