//! Session descriptions, section by section and line by line, in plain words; and what differs from the one before.

use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_insight::{
    inspection::{Description, predecessor},
    sdp::{Change, Difference, Line, Sdp, Section, difference, explain},
    trace::Side,
};

use super::{
    Shown,
    format::{bytes, language, side, since},
    part,
    section::{Nothing, is_details_open},
};
use crate::ui::{
    context::Ui,
    text::{Locale, fill},
};

/// A description, with the one that it answers or follows.
#[derive(Clone, PartialEq)]
struct Entry {
    start: f64,
    description: Description,
    predecessor: Option<Description>,
}

/// The descriptions, the latest first.
#[component]
pub fn Descriptions(
    /// The connection.
    shown: Shown,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let entries = part(shown, |shown| {
        let descriptions = shown.descriptions();
        let entry = |(place, description): (usize, &Description)| Entry {
            start: shown.start(),
            description: description.clone(),
            predecessor: predecessor(&descriptions, place).cloned(),
        };
        descriptions.iter().enumerate().map(entry).rev().collect::<Vec<_>>()
    });
    view! {
        <Show
            when=move || entries.with(|entries| entries.as_ref().is_some_and(|entries| !entries.is_empty()))
            fallback=move || view! { <Nothing words=td_string!(locale, inspect.no_descriptions) /> }
        >
            <For
                each=move || entries.get().unwrap_or_default()
                key=|entry| (entry.description.time.to_bits(), entry.description.side == Side::Local)
                let(entry)
            >
                <DescriptionRow entry />
            </For>
        </Show>
    }
}

#[component]
fn DescriptionRow(entry: Entry) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let is_open = RwSignal::new(false);
    let Entry { start, description, predecessor } = entry;
    let (time, length) = (since(start, description.time), bytes(description.sdp.len() as f64));
    let title = (description.kind.clone(), side(locale, description.side));
    let parsed = StoredValue::new((description, predecessor));
    let content =
        move || parsed.with_value(|(description, predecessor)| parts(locale, description, predecessor.as_ref()));
    view! {
        <details class="description" data-testid="description" on:toggle=move |event| is_open.set(is_details_open(&event))>
            <summary>
                <strong translate="no">{title.0}</strong> " · " {title.1} " · " {time} " · " {length}
            </summary>
            <Show when=move || is_open.get()>{content()}</Show>
        </details>
    }
}

fn parts(locale: Locale, description: &Description, predecessor: Option<&Description>) -> AnyView {
    let sdp = match Sdp::parse(&description.sdp) {
        Ok(sdp) => sdp,
        // The words are for developers: whoever sees them has edited a file.
        Err(error) => return view! { <p class="hint" translate="no">{error.to_string()}</p> }.into_any(),
    };
    let earlier = predecessor.and_then(|earlier| Sdp::parse(&earlier.sdp).ok());
    let is_answer = description.kind == "answer";
    let changes = earlier.map(|parsed| {
        let words = if is_answer {
            td_string!(locale, inspect.against_offer)
        } else {
            td_string!(locale, inspect.against_last)
        };
        view! { <Changes words is_answer difference=difference(&parsed, &sdp) /> }
    });
    let bundle = sdp.bundle().join(", ");
    let session = sdp.session.clone();
    view! {
        {changes}
        <Card title=td_string!(locale, inspect.session).to_owned() facts=vec![(!bundle.is_empty()).then(|| format!("BUNDLE {bundle}"))] lines=session />
        {sdp.sections.iter().map(|section| card(locale, section)).collect_view()}
    }
    .into_any()
}

/// What a section is about, before its lines.
fn card(locale: Locale, section: &Section) -> impl IntoView {
    let mid = section.mid.as_deref().unwrap_or("–");
    let title = format!("{} ({mid})", section.kind);
    let codecs = section.codecs.iter().filter(|codec| !codec.is_auxiliary());
    let codecs: Vec<_> = codecs
        .map(|codec| {
            let parameters = codec.parameters.join("; ");
            let name = format!("{} {}", codec.payload_type, codec.name);
            if parameters.is_empty() { name } else { format!("{name} ({parameters})") }
        })
        .collect();
    let fact = |name: &str, value: Option<String>| value.map(|value| format!("{name}: {value}"));
    let facts = vec![
        section.is_rejected().then(|| td_string!(locale, inspect.rejected).to_owned()),
        (section.kind != "application").then(|| section.direction.name().to_owned()),
        (!codecs.is_empty()).then(|| codecs.join(" · ")),
        fact("ICE", section.ice.as_ref().map(|(fragment, _)| fragment.clone())),
        fact("DTLS", section.setup.clone()),
        fact("simulcast", section.simulcast.clone()),
        fact("max-message-size", section.max_message_size.map(|bytes| bytes.to_string())),
        (!section.header_extensions.is_empty()).then(|| {
            fill(td_string!(locale, inspect.extensions), "count", &section.header_extensions.len().to_string())
        }),
        (!section.candidates.is_empty())
            .then(|| fill(td_string!(locale, inspect.candidate_count), "count", &section.candidates.len().to_string())),
    ];
    view! { <Card title facts lines=section.lines.clone() /> }
}

#[component]
fn Card(title: String, facts: Vec<Option<String>>, lines: Vec<Line>) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let rows = lines.iter().map(|line| {
        let words = explain(line, language(locale));
        view! {
            <dt translate="no">{line.text()}</dt>
            <dd>{words}</dd>
        }
    });
    view! {
        <section class="sdp-card">
            <h4 translate="no">{title}</h4>
            <ul class="facts" translate="no">{facts.into_iter().flatten().map(|fact| view! { <li>{fact}</li> }).collect_view()}</ul>
            <details>
                <summary>{fill(td_string!(locale, inspect.lines), "count", &lines.len().to_string())}</summary>
                <dl class="sdp-lines">{rows.collect_view()}</dl>
            </details>
        </section>
    }
}

/// What differs from an earlier description.
#[component]
fn Changes(words: &'static str, is_answer: bool, difference: Difference) -> impl IntoView {
    let locale = Ui::from_context().locale;
    // An answer always has other credentials than its offer: they are the other side's.
    let restarts = !is_answer && difference.sections.iter().any(|section| section.restarts_ice);
    let mut rows: Vec<AnyView> = vec![change_rows("", &difference.session)];
    for section in &difference.sections {
        let name = format!("{} {}", section.kind, section.name);
        let note = match () {
            () if section.is_new => Some(td_string!(locale, inspect.section_new)),
            () if section.is_gone => Some(td_string!(locale, inspect.section_gone)),
            () if section.is_refused => Some(td_string!(locale, inspect.rejected)),
            () => None,
        };
        let codec = section.codec.as_ref().map(|(before, after)| format!("{before} → {after}"));
        let notes: Vec<_> = note.map(str::to_owned).into_iter().chain(codec).collect();
        if !notes.is_empty() {
            rows.push(
                view! { <li><strong translate="no">{name.clone()}</strong> " " {notes.join(", ")}</li> }.into_any(),
            );
        }
        // A new section is all new.
        if is_answer || !section.is_new {
            rows.push(change_rows(&name, &section.changes));
        }
    }
    let is_empty = difference.is_empty();
    view! {
        <details class="changes">
            <summary>
                {words}
                {restarts.then(|| format!(" · {}", td_string!(locale, inspect.restarts_ice)))}
                {is_empty.then(|| format!(" · {}", td_string!(locale, inspect.no_changes)))}
            </summary>
            <ul>{rows}</ul>
        </details>
    }
}

fn change_rows(section: &str, changes: &[Change]) -> AnyView {
    let row = |change: &Change| {
        let (sign, line) = match change {
            Change::Added(line) => ("+", line),
            Change::Removed(line) => ("−", line),
        };
        view! {
            <li class="change" data-sign=sign translate="no">
                <span>{sign} " "</span>
                <small>{section.to_owned()}</small>
                " "
                {line.text()}
            </li>
        }
    };
    changes.iter().map(row).collect_view().into_any()
}
