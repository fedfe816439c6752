//! The inspector in the call: the side panel, what in it is looked at, and the buttons that open it. While it is open, the
//! engine is asked for what it shows.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_insight::inspection::Inspection;

use super::{Connection, Findings, Shown, mesh::Mesh, record::SaveRecord};
use crate::{
    call::{CallStateStoreFields as _, Command, Inspected, PeerState},
    ui::{
        context::{CallUi, Ui},
        icon::IconName,
        panel::{PanelButton, PanelFrame},
        panel_name::Panel,
        text::{self, fill},
    },
};

/// Opens the inspector on the connection of `person`.
pub fn open_inspector(call: CallUi, person: String) {
    call.inspector.person.set(Some(person));
    call.panel.set(Some(Panel::Inspector));
}

/// The button that opens it.
#[component]
pub fn InspectorButton() -> impl IntoView {
    let locale = Ui::from_context().locale;
    view! {
        <PanelButton
            panel=Panel::Inspector
            test_id="open-inspector"
            label=td_string!(locale, inspect.title)
            icon=IconName::Path
        />
    }
}

/// The panel.
#[component]
pub fn InspectorPanel() -> impl IntoView {
    let locale = Ui::from_context().locale;
    view! {
        <PanelFrame panel=Panel::Inspector title=td_string!(locale, inspect.title).to_owned()>
            <Inspector />
        </PanelFrame>
    }
}

#[component]
fn Inspector() -> impl IntoView {
    let ui = Ui::from_context();
    let Ui { state, locale, .. } = ui;
    let person = expect_context::<CallUi>().inspector.person;
    // The connections come and go; the person stays.
    let key = Memo::new(move |_| {
        let wanted = person.get()?;
        state.peers().with(|peers| peers.iter().find(|peer| peer.person() == wanted).map(|peer| peer.key))
    });
    // With one other, there is nothing to choose.
    let only =
        Memo::new(move |_| state.peers().with(|peers| if let [only] = &**peers { Some(only.person()) } else { None }));
    Effect::new(move |_| {
        if let (None, Some(only)) = (person.get_untracked(), only.get()) {
            person.set(Some(only));
        }
    });
    Effect::new(move |_| ui.send(Command::Inspect(Some(key.get().map_or(Inspected::Call, Inspected::Peer)))));
    on_cleanup(move || ui.send(Command::Inspect(None)));
    let inspection = Memo::new(move |_| state.inspection().get());
    let shown: Shown = Signal::derive(move || -> Option<Arc<Inspection>> {
        let (shown, inspection) = inspection.with(|inspection| inspection.as_ref()?.connection.clone())?;
        (Some(shown) == key.get()).then_some(inspection)
    });
    let findings = move || inspection.with(|one| one.as_ref().map(|one| one.findings.clone()).unwrap_or_default());
    let start = move || inspection.with(|one| one.as_ref().map_or(0.0, |one| one.start));
    let cells = move || inspection.with(|one| one.as_ref().map(|one| one.cells.clone()).unwrap_or_default());
    view! {
        <div class="inspector" data-testid="inspector">
            <PersonChoice person />
            <Show
                when=move || state.peers().with(|peers| !peers.is_empty())
                fallback=move || view! { <p class="hint">{td_string!(locale, inspect.alone)}</p> }
            >
                <Connection shown room=Signal::derive(move || state.room().get()) />
                <Show when=move || key.get().is_none()>
                    <Mesh cells=Signal::derive(cells) />
                    <Findings findings=Signal::derive(findings) start=Signal::derive(start) connection=String::new() />
                </Show>
            </Show>
            <SaveRecord />
        </div>
    }
}

/// Whose connection is looked at.
#[component]
fn PersonChoice(person: RwSignal<Option<String>>) -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let people = Memo::new(move |_| {
        let entry = |peer: &PeerState| (peer.person(), text::name_or_guest(locale, peer.name.as_deref(), &peer.id));
        state.peers().with(|peers| peers.iter().map(entry).collect::<Vec<_>>())
    });
    let choose = move |event| {
        let chosen = event_target_value(&event);
        person.set((!chosen.is_empty()).then_some(chosen));
    };
    view! {
        <label class="field inspect-choice">
            <span>{td_string!(locale, inspect.connection)}</span>
            <select data-testid="inspect-peer" on:change=choose>
                <option value="" prop:selected=move || person.get().is_none()>{td_string!(locale, inspect.whole_call)}</option>
                <For each=move || people.get() key=Clone::clone children=move |(id, name)| {
                    let own = id.clone();
                    view! {
                        <option value=id prop:selected=move || person.get().as_deref() == Some(&*own) translate="no">
                            {fill(td_string!(locale, inspect.to), "name", &name)}
                        </option>
                    }
                } />
            </select>
        </label>
    }
}
