//! The states of a connection's machines, as strips on one axis of time.

use leptos::prelude::*;
use vitrine_insight::{
    inspection::{Inspection, Strip},
    words,
};

use super::{
    Shown,
    format::{language, since},
    part,
};
use crate::ui::context::Ui;

/// The strips.
#[component]
pub fn States(
    /// The connection.
    shown: Shown,
) -> impl IntoView {
    let strips = part(shown, |shown: &Inspection| (shown.start(), shown.end(), shown.states()));
    move || {
        strips.get().map(|(start, end, strips)| {
            strips
                .into_iter()
                .map(|strip| view! { <StripRow strip start length=(end - start).max(1.0) /> })
                .collect_view()
        })
    }
}

#[component]
fn StripRow(strip: Strip, start: f64, length: f64) -> impl IntoView {
    let language = language(Ui::from_context().locale);
    let meaning = move |state: &str| words::state(strip.machine, state, language).unwrap_or_default();
    let spans = strip.spans.iter().map(|span| {
        let width = (span.to - span.from) / length * 100.0;
        let left = (span.from - start) / length * 100.0;
        let title = format!("{}: {} ({})", span.state, meaning(&span.state), since(start, span.from));
        view! {
            <span
                class="strip-span"
                data-state=span.state.clone()
                style:left=format!("{left:.2}%")
                style:width=format!("{width:.2}%")
                title=title
            ></span>
        }
    });
    let rows = strip.spans.iter().map(|span| {
        view! {
            <li>
                <span class="step-time">{since(start, span.from)}</span>
                <span class="state-name" data-state=span.state.clone() translate="no">{span.state.clone()}</span>
                <span>{meaning(&span.state)}</span>
            </li>
        }
    });
    view! {
        <section class="strip">
            <h4>{words::machine(strip.machine, language)}</h4>
            <div class="strip-track" aria-hidden="true">{spans.collect_view()}</div>
            <ol class="strip-states">{rows.collect_view()}</ol>
        </section>
    }
}
