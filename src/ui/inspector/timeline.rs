//! How a connection came to be: the guide's thirteen steps as a waterfall, each in its lane, with the guide's explanation a
//! click away; and what happened to the negotiation and the path beside that.

use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_insight::{
    inspection::{Incident, IncidentKind, Inspection, Lane, StepBar, Timeline},
    words,
};

use super::{
    Shown,
    format::{language, since},
    part,
    section::Nothing,
};
use crate::ui::{
    context::Ui,
    text::{Locale, fill},
};

/// The rows.
#[component]
pub fn TimelineRows(
    /// The connection.
    shown: Shown,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let timeline = part(shown, Inspection::timeline);
    let window = Memo::new(move |_| timeline.with(|timeline| timeline.as_ref().map_or((0.0, 1.0), window)));
    let lead = move || {
        let is_offerer = timeline.with(|timeline| timeline.as_ref().is_some_and(|timeline| timeline.is_offerer));
        if is_offerer { td_string!(locale, inspect.offerer) } else { td_string!(locale, inspect.answerer) }
    };
    let steps = move || timeline.get().map(|timeline| timeline.steps).unwrap_or_default();
    let incidents = move || timeline.get().map(|timeline| timeline.incidents).unwrap_or_default();
    let key =
        |step: &StepBar| (step.number, step.time.map(|(from, to)| (from.to_bits(), to.to_bits())), step.is_estimated);
    view! {
        <p class="hint" prop:textContent=lead></p>
        <p class="lanes" aria-hidden="true">
            {[Lane::Here, Lane::Signaling, Lane::There, Lane::Both]
                .map(|lane| view! { <span class="lane" data-lane=lane_name(lane)>{lane_words(locale, lane)}</span> })
                .collect_view()}
        </p>
        <ol class="waterfall" data-testid="steps">
            <For each=steps key=key let(step)>
                <StepRow step window />
            </For>
        </ol>
        <Show
            when=move || timeline.with(|timeline| timeline.as_ref().is_some_and(|timeline| !timeline.incidents.is_empty()))
            fallback=move || view! { <Nothing words=td_string!(locale, inspect.no_incidents) /> }
        >
            <ul class="incidents" aria-label=td_string!(locale, inspect.incidents)>
                <For each=incidents key=|one| (one.kind, one.from.to_bits(), one.to.map(f64::to_bits)) let(incident)>
                    <IncidentRow incident window />
                </For>
            </ul>
        </Show>
    }
}

/// Beginning and length of the time that the bars are drawn in, in milliseconds.
fn window(timeline: &Timeline) -> (f64, f64) {
    (timeline.start, (timeline.end - timeline.start).max(1.0))
}

fn lane_name(lane: Lane) -> &'static str {
    match lane {
        Lane::Here => "here",
        Lane::Signaling => "signaling",
        Lane::There => "there",
        Lane::Both => "both",
    }
}

fn lane_words(locale: Locale, lane: Lane) -> &'static str {
    match lane {
        Lane::Here => td_string!(locale, inspect.lane_here),
        Lane::Signaling => td_string!(locale, inspect.lane_signaling),
        Lane::There => td_string!(locale, inspect.lane_there),
        Lane::Both => td_string!(locale, inspect.lane_both),
    }
}

#[component]
fn StepRow(step: StepBar, window: Memo<(f64, f64)>) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let Some(words) = words::step(step.number, language(locale)) else { return ().into_any() };
    let percent = move |time: f64| {
        let (start, length) = window.get();
        format!("{:.2}%", ((time - start) / length * 100.0).clamp(0.0, 100.0))
    };
    let time = move || {
        let (start, _) = window.get();
        match step.time {
            None => td_string!(locale, inspect.not_reached).to_owned(),
            Some((from, to)) if step.is_estimated => {
                fill(&fill(td_string!(locale, inspect.between), "from", &since(start, from)), "to", &since(start, to))
            }
            Some((from, to)) if to - from >= 1.0 => format!("{} + {}", since(start, from), since(from, to)),
            Some((from, _)) => since(start, from),
        }
    };
    view! {
        <li
            data-step=step.number
            data-reached=step.time.is_some().then_some("true")
            data-estimated=step.is_estimated.then_some("true")
            data-lane=lane_name(step.lane)
        >
            <details>
                <summary>
                    <span class="step-number">{step.number}</span>
                    <span class="step-words">{words.title}</span>
                    <span class="step-time" prop:textContent=time></span>
                    <span class="bar-track" aria-hidden="true">
                        {step.time.map(|(from, to)| view! {
                            <span class="bar-span" style:--from=move || percent(from) style:--to=move || percent(to)></span>
                        })}
                    </span>
                    <span class="visually-hidden">{lane_words(locale, step.lane)}</span>
                </summary>
                <p class="hint">{words.explanation}</p>
            </details>
        </li>
    }
    .into_any()
}

#[component]
fn IncidentRow(incident: Incident, window: Memo<(f64, f64)>) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let Incident { kind, from, to } = incident;
    let time = move || {
        let (start, _) = window.get();
        match to {
            Some(to) if to > from => format!("{} + {}", since(start, from), since(from, to)),
            Some(_) => since(start, from),
            None => fill(td_string!(locale, inspect.since), "time", &since(start, from)),
        }
    };
    view! {
        <li data-testid="incident" data-code=IncidentKind::name(kind)>
            <span class="step-time" prop:textContent=time></span>
            <span>{kind.words(language(locale))}</span>
        </li>
    }
}
