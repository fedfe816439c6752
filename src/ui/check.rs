//! "Check my connection", in the lobby: one line for each thing that a call needs, with its result and, if it failed,
//! the reason and what to do. Devices and signaling show their current state; the engine tests the rest.

use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_insight::connection_check::{Outcome, Reachability, ServerCheck, reachability};

use super::context::Ui;
use super::dialog::Dialog;
use super::icon::{Icon, IconName};
use super::text::{self, Locale, Words};
use crate::call::{CallStateStoreFields as _, CallStore, Command, DeviceState, Problem, SignalingState};

/// The result of a line: `running`, `good`, `skipped` or `problem`, with the reason's stable name and in words.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Standing {
    state: &'static str,
    code: &'static str,
    title: String,
    help: String,
}

impl Standing {
    fn new(state: &'static str, code: &'static str, words: Words) -> Self {
        Self { state, code, title: words.title, help: words.help }
    }

    fn plain(state: &'static str, words: &str) -> Self {
        Self::new(state, "", Words { title: words.to_owned(), help: String::new() })
    }

    fn running(locale: Locale) -> Self {
        Self::plain("running", td_string!(locale, check.running))
    }

    fn good(locale: Locale) -> Self {
        Self::plain("good", td_string!(locale, check.works))
    }
}

fn device(locale: Locale, name: &str, state: &DeviceState) -> Standing {
    match state {
        DeviceState::Asking { .. } => Standing::running(locale),
        DeviceState::On => Standing::good(locale),
        DeviceState::Off => Standing::plain("skipped", td_string!(locale, check.off)),
        DeviceState::Unavailable(problem) => {
            Standing::new("problem", problem.code(), text::device_problem(locale, problem, name))
        }
    }
}

fn signaling(locale: Locale, state: CallStore) -> Standing {
    match state.signaling().get() {
        SignalingState::Connecting => Standing::running(locale),
        SignalingState::Online => Standing::good(locale),
        SignalingState::Offline => {
            let problem = Problem::not_connected(state.refusal().get());
            Standing::new("problem", problem.code(), text::problem(locale, &problem))
        }
    }
}

fn service(locale: Locale, line: &ServerCheck) -> Standing {
    match line.outcome {
        None => Standing::running(locale),
        Some(Outcome::Works) => Standing::good(locale),
        Some(outcome) => {
            let state = if outcome == Outcome::NotConfigured { "skipped" } else { "problem" };
            Standing::new(state, outcome.name(), text::outcome(locale, outcome))
        }
    }
}

/// One line: the thing checked, the server if there may be several, and the result. A line that changes is a new
/// element.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Row {
    name: &'static str,
    title: String,
    server: String,
    standing: Standing,
}

/// The lines, and a summary of them in one sentence.
fn rows(locale: Locale, state: CallStore) -> (Vec<Row>, &'static str) {
    let row = |name, title: &str, standing| Row { name, title: title.to_owned(), server: String::new(), standing };
    let (camera, microphone) = state.local().with(|local| {
        (
            device(locale, td_string!(locale, device.camera), &local.camera),
            device(locale, td_string!(locale, device.microphone), &local.microphone),
        )
    });
    let mut rows = vec![
        row("camera", td_string!(locale, call.camera), camera),
        row("microphone", td_string!(locale, call.microphone), microphone),
        row("signaling", td_string!(locale, check.server), signaling(locale, state)),
    ];
    let check = state.check().get();
    rows.extend(check.iter().flatten().map(|line| Row {
        name: line.service.name(),
        title: text::service(locale, line.service),
        // An unusable URL is shown whole: the mistake may be in any part.
        server: if line.outcome == Some(Outcome::Unusable) { &*line.url } else { line.server() }.to_owned(),
        standing: service(locale, line),
    }));
    let is = |state| rows.iter().any(|row| row.standing.state == state);
    let reach = reachability(check.as_deref().unwrap_or_default());
    let summary = if check.is_none() || is("running") {
        td_string!(locale, check.running)
    } else if state.signaling().get() != SignalingState::Online || is("problem") && reach == Reachability::AnyNetwork {
        td_string!(locale, check.problems)
    } else {
        text::reach(locale, reach)
    };
    (rows, summary)
}

/// The button that opens the check.
#[component]
pub fn OpenCheck(
    /// Whether the check is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    view! {
        <button
            type="button"
            class="link"
            data-testid="check"
            aria-haspopup="dialog"
            on:click=move |_| open.set(true)
        >
            {td_string!(locale, check.open)}
        </button>
    }
}

/// The dialog with the check's results.
#[component]
pub fn CheckDialog(
    /// Whether the dialog is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let ui = Ui::from_context();
    let locale = ui.locale;
    let results = Memo::new(move |_| rows(locale, ui.state));
    Effect::new(move |_| {
        if open.get() {
            ui.send(Command::Check);
        }
    });
    let close = move |()| {
        open.set(false);
        ui.send(Command::EndCheck);
    };
    view! {
        <Dialog open on_close=close test_id="check-results" title=td_string!(locale, check.open)>
            <p
                class="hint"
                role="status"
                data-testid="check-summary"
                prop:textContent=move || results.with(|(_, summary)| *summary)
            ></p>
            <ul class="checks">
                <For
                    each=move || results.with(|(rows, _)| rows.clone()).into_iter().enumerate()
                    key=Clone::clone
                    children=|(_, row)| view! { <CheckRow row /> }
                />
            </ul>
            <button
                type="button"
                class="secondary"
                data-testid="check-again"
                on:click=move |_| ui.send(Command::Check)
            >
                {td_string!(locale, app.retry)}
            </button>
        </Dialog>
    }
}

#[component]
fn CheckRow(row: Row) -> impl IntoView {
    let Standing { state, code, title, help } = row.standing;
    let icon = match state {
        "good" => Some(IconName::Check),
        "problem" => Some(IconName::Alert),
        _ => None,
    };
    view! {
        <li data-check=row.name data-state=state data-code=code>
            <span class="check-sign">{icon.map(|name| view! { <Icon name /> })}</span>
            <span class="step-words">{row.title} <small>{row.server}</small></span>
            <span class="check-state">{title}</span>
            <p>{help}</p>
        </li>
    }
}
