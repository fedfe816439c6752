//! Candidates, decoded, and candidate pairs with their checks; and how the path changed.

use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_insight::{
    candidate::{Candidate, Family},
    inspection::{FoundCandidate, Inspection, Pair},
    words,
};

use super::{
    Shown,
    format::{bytes, language, milliseconds, of_both, or_dash, short, side, since},
    part,
    section::{Nothing, Table},
};
use crate::ui::{context::Ui, text::Locale};

/// The candidates of both sides, and the servers that gave none.
#[component]
pub fn Candidates(
    /// The connection.
    shown: Shown,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let found = part(shown, |shown| (shown.start(), shown.candidates(), shown.candidate_failures()));
    move || {
        let (start, candidates, failures) = found.get()?;
        if candidates.is_empty() && failures.is_empty() {
            return Some(view! { <Nothing words=td_string!(locale, inspect.no_candidates) /> }.into_any());
        }
        let heads = vec![
            td_string!(locale, inspect.time),
            td_string!(locale, inspect.side),
            td_string!(locale, inspect.kind),
            td_string!(locale, inspect.address),
            td_string!(locale, inspect.priority),
            td_string!(locale, inspect.server),
        ];
        let failed = failures.into_iter().map(|failure| {
            view! {
                <li data-testid="candidate-error">
                    <span class="step-time">{since(start, failure.time)}</span>
                    <span>
                        <span translate="no">{failure.url}</span> ": " {failure.code.to_string()} " "
                        <span translate="no">{failure.text}</span>
                    </span>
                </li>
            }
        });
        let failed: Vec<_> = failed.collect();
        let has_failed = !failed.is_empty();
        Some(
            view! {
                <Table caption=td_string!(locale, inspect.candidates) heads>
                    {candidates.into_iter().map(|one| candidate_row(locale, start, one)).collect_view()}
                </Table>
                <Show when=move || has_failed>
                    <p class="hint">{td_string!(locale, inspect.candidate_errors)}</p>
                </Show>
                <ul class="incidents">{failed}</ul>
            }
            .into_any(),
        )
    }
}

fn candidate_row(locale: Locale, start: f64, found: FoundCandidate) -> impl IntoView {
    let candidate = &found.candidate;
    let priority = candidate.priority;
    let parts = format!("{} · {} · {}", priority.type_preference(), priority.local_preference(), priority.component());
    let related = candidate.related.as_ref().map(|(address, port)| format!("← {address}:{port}"));
    view! {
        <tr>
            <td>{since(start, found.time)}</td>
            <td>{side(locale, found.side)}</td>
            <td>{kind(locale, candidate)}</td>
            <td translate="no">
                {format!("{}:{}", candidate.address, candidate.port)} {related.map(|related| view! { <small>{related}</small> })}
            </td>
            <td translate="no" title=priority.to_string()>{parts}</td>
            <td translate="no">{found.url.clone()}</td>
        </tr>
    }
}

/// What kind of candidate it is, and what its address tells.
fn kind(locale: Locale, candidate: &Candidate) -> String {
    let family = match candidate.family() {
        Family::Mdns => td_string!(locale, inspect.mdns),
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
        Family::Name => "",
    };
    let tcp = candidate.tcp_type.clone().unwrap_or_default();
    let generation =
        candidate.generation.filter(|generation| *generation > 0).map(|generation| format!("#{generation}"));
    let words = [candidate.kind.name(), &candidate.transport, &tcp, family, generation.as_deref().unwrap_or_default()];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The pairs of the last sample, and the pairs that were in use.
#[component]
pub fn Pairs(
    /// The connection.
    shown: Shown,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let pairs = part(shown, Inspection::pairs);
    let changes = part(shown, |shown| (shown.start(), shown.path_changes()));
    let all = move || pairs.get().unwrap_or_default();
    let heads = vec![
        td_string!(locale, inspect.state),
        td_string!(locale, inspect.here),
        td_string!(locale, inspect.there),
        td_string!(locale, inspect.round_trip),
        td_string!(locale, inspect.checks_sent),
        td_string!(locale, inspect.checks_received),
        td_string!(locale, inspect.bytes),
    ];
    let history = move || {
        changes.get().map(|(start, changes)| {
            let row = |change: vitrine_insight::inspection::PathChange| {
                let way = change.verdict.map(|verdict| words::verdict(verdict, language(locale)));
                view! {
                    <li>
                        <span class="step-time">{since(start, change.time)}</span>
                        <span>
                            {way} " " <small translate="no">{change.local} " ↔ " {change.remote}</small>
                        </span>
                    </li>
                }
            };
            changes.into_iter().map(row).collect_view()
        })
    };
    view! {
        <Show when=move || all().is_empty()>
            <Nothing words=td_string!(locale, inspect.no_pairs) />
        </Show>
        <Table caption=td_string!(locale, inspect.pairs) heads>
            <For each=all key=|pair| (pair.local.clone(), pair.remote.clone()) let(pair)>
                <PairRow pair pairs />
            </For>
        </Table>
        <h4>{td_string!(locale, inspect.path_changes)}</h4>
        <ol class="incidents">{history}</ol>
    }
}

/// The row of a pair. Its numbers change; the row stays.
#[component]
fn PairRow(pair: Pair, pairs: Memo<Option<Vec<Pair>>>) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let (local, remote) = (pair.local.clone(), pair.remote.clone());
    let now = Memo::new(move |_| {
        let is_it = |one: &&Pair| (&one.local, &one.remote) == (&pair.local, &pair.remote);
        pairs.with(|pairs| pairs.iter().flatten().find(is_it).cloned()).unwrap_or_else(|| pair.clone())
    });
    let state = move || {
        now.with(|pair| {
            if pair.is_selected {
                td_string!(locale, inspect.in_use).to_owned()
            } else if pair.is_nominated {
                format!("{} ({})", pair.state, td_string!(locale, inspect.nominated))
            } else {
                pair.state.clone()
            }
        })
    };
    view! {
        <tr data-selected=move || now.with(|pair| pair.is_selected.then_some("true"))>
            <td prop:textContent=state></td>
            <td translate="no">{local}</td>
            <td translate="no">{remote}</td>
            <td prop:textContent=move || now.with(|pair| or_dash(pair.round_trip, milliseconds))></td>
            <td prop:textContent=move || now.with(|pair| of_both(pair.checks_sent, short))></td>
            <td prop:textContent=move || now.with(|pair| of_both(pair.checks_received, short))></td>
            <td prop:textContent=move || now.with(|pair| of_both(pair.bytes, bytes))></td>
        </tr>
    }
}
