//! The inspector: what happens inside a connection, in the side panel of a call and on the page of a recorded one. It shows
//! an [`Inspection`], and decides nothing about it: what it means and its words are in [`vitrine_insight`].

mod descriptions;
mod findings;
mod format;
mod ice;
pub mod inspector_ui;
mod media;
mod mesh;
mod panel;
mod plots;
mod record;
mod section;
mod security;
mod signaling;
mod states;
mod summary;
mod timeline;

use std::sync::Arc;

use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_insight::inspection::Inspection;

use self::{
    descriptions::Descriptions,
    ice::{Candidates, Pairs},
    media::{Channels, Sources, Tracks},
    plots::Plots,
    section::Section,
    security::SecurityRows,
    signaling::Messages,
    states::States,
    summary::Summary,
    timeline::TimelineRows,
};
use super::context::Ui;

pub use self::{
    findings::Findings,
    format::language,
    panel::{InspectorButton, InspectorPanel, open_inspector},
};

/// The connection that is shown, if there is one.
pub type Shown = Signal<Option<Arc<Inspection>>>;

/// A part of what is shown, which tells its readers only of changes.
fn part<T: PartialEq + Send + Sync + 'static>(
    shown: Shown,
    read: impl Fn(&Inspection) -> T + Send + Sync + 'static,
) -> Memo<Option<T>> {
    Memo::new(move |_| shown.with(|shown| shown.as_deref().map(&read)))
}

/// Everything about one connection: how it stands, what was found, and the sections to be opened. Nothing while there is none.
#[component]
pub fn Connection(
    /// The connection.
    shown: Shown,
    /// The room that the safety code is for; a recorded call has none.
    #[prop(into)]
    room: Signal<Option<String>>,
) -> impl IntoView {
    let findings = part(shown, |shown| shown.findings().to_vec());
    let start = part(shown, Inspection::start);
    let name = part(shown, |shown| shown.id().to_owned());
    view! {
        <Show when=move || shown.with(Option::is_some)>
            <Summary shown />
            <Findings
                findings=Signal::derive(move || findings.get().unwrap_or_default())
                start=Signal::derive(move || start.get().unwrap_or_default())
                connection=Signal::derive(move || name.get().unwrap_or_default())
            />
            <Sections shown room />
        </Show>
    }
}

/// The sections.
#[component]
fn Sections(shown: Shown, room: Signal<Option<String>>) -> impl IntoView {
    let locale = Ui::from_context().locale;
    view! {
        <Section id="timeline" title=td_string!(locale, inspect.timeline) open=true>
            <TimelineRows shown />
        </Section>
        <Section id="plots" title=td_string!(locale, inspect.plots)>
            <Plots shown />
        </Section>
        <Section id="pairs" title=td_string!(locale, inspect.pairs)>
            <Pairs shown />
        </Section>
        <Section id="candidates" title=td_string!(locale, inspect.candidates)>
            <Candidates shown />
        </Section>
        <Section id="states" title=td_string!(locale, inspect.states)>
            <States shown />
        </Section>
        <Section id="descriptions" title=td_string!(locale, inspect.descriptions)>
            <Descriptions shown />
        </Section>
        <Section id="tracks" title=td_string!(locale, inspect.tracks)>
            <Tracks shown />
        </Section>
        <Section id="sources" title=td_string!(locale, inspect.sources)>
            <Sources shown />
        </Section>
        <Section id="channels" title=td_string!(locale, inspect.channels)>
            <Channels shown />
        </Section>
        <Section id="messages" title=td_string!(locale, inspect.messages)>
            <Messages shown />
        </Section>
        <Section id="security" title=td_string!(locale, inspect.security)>
            <SecurityRows shown room />
        </Section>
    }
}
