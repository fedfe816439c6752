//! "Check my connection", in the lobby: what a call needs, a line each, with how it stands and, where it does not work,
//! why and what to do. Devices and signaling are shown as they are anyway; the rest is the engine's to find out.

use vitrine_insight::check::{Line, Outcome, Reach, reach};
use web_sys::HtmlDialogElement;

use super::Ui;
use super::element::{Element, button, classed, element, live, live_text};
use super::icon::{Icon, icon};
use super::reactive::{Value, effect};
use super::text::{self, Locale, Words, text};
use crate::call::{CallState, Command, DeviceState, Problem, SignalingState};

/// How a line stands: `running`, `good`, `skipped` or `problem`, with the stable name of the reason and in words.
struct Standing(&'static str, &'static str, Words);

impl Standing {
    fn plain(state: &'static str, words: &str) -> Self {
        Self(state, "", Words { title: words.to_owned(), help: String::new() })
    }

    fn running(locale: Locale) -> Self {
        Self::plain("running", text!(locale, check.running))
    }

    fn good(locale: Locale) -> Self {
        Self::plain("good", text!(locale, check.works))
    }
}

fn device(locale: Locale, name: &str, state: &DeviceState) -> Standing {
    match state {
        DeviceState::Asking { .. } => Standing::running(locale),
        DeviceState::On => Standing::good(locale),
        DeviceState::Off => Standing::plain("skipped", text!(locale, check.off)),
        DeviceState::Unavailable(problem) => {
            Standing("problem", problem.code(), text::device_problem(locale, problem, name))
        }
    }
}

fn signaling(locale: Locale, state: &CallState) -> Standing {
    match state.signaling {
        SignalingState::Connecting => Standing::running(locale),
        SignalingState::Online => Standing::good(locale),
        SignalingState::Offline => {
            let problem = Problem::not_connected(state.refusal);
            Standing("problem", problem.code(), text::problem(locale, &problem))
        }
    }
}

fn service(locale: Locale, line: &Line) -> Standing {
    match line.outcome {
        None => Standing::running(locale),
        Some(Outcome::Works) => Standing::good(locale),
        Some(outcome) => {
            let state = if outcome == Outcome::NotConfigured { "skipped" } else { "problem" };
            Standing(state, outcome.name(), text::outcome(locale, outcome))
        }
    }
}

/// Draws a line: what is checked, the server where there may be several, and how it stands.
fn row(name: &str, title: &str, server: &str, Standing(state, code, words): Standing) -> Element {
    let sign = match state {
        "good" => Some(icon(Icon::Check)),
        "problem" => Some(icon(Icon::Alert)),
        _ => None,
    };
    element("li")
        .attr("data-check", name)
        .attr("data-state", state)
        .attr("data-code", code)
        .child(classed("span", "check-sign").child(sign))
        .child(classed("span", "step-words").child(title).child(element("small").child(server)))
        .child(classed("span", "check-state").child(words.title))
        .child(element("p").child(words.help))
}

/// The lines, and what they come to in one sentence.
fn rows(locale: Locale, state: &CallState) -> (Vec<Element>, &'static str) {
    let (mut is_running, mut has_failed) = (state.check.is_none(), false);
    let mut row = |name: &str, title: &str, server: &str, standing: Standing| {
        is_running |= standing.0 == "running";
        has_failed |= standing.0 == "problem";
        row(name, title, server, standing)
    };
    let camera = device(locale, text!(locale, device.camera), &state.local.camera);
    let microphone = device(locale, text!(locale, device.microphone), &state.local.microphone);
    let mut rows = vec![
        row("camera", text!(locale, call.camera), "", camera),
        row("microphone", text!(locale, call.microphone), "", microphone),
        row("signaling", text!(locale, check.server), "", signaling(locale, state)),
    ];
    for line in state.check.iter().flatten() {
        let title = text::service(locale, line.service);
        // Of what cannot be used all is shown: a part of it is a mistake.
        let server = if line.outcome == Some(Outcome::Unusable) { &line.url } else { line.server() };
        rows.push(row(line.service.name(), &title, server, service(locale, line)));
    }
    let reach = reach(state.check.as_deref().unwrap_or_default());
    let summary = if is_running {
        text!(locale, check.running)
    } else if state.signaling != SignalingState::Online || has_failed && reach == Reach::Everywhere {
        text!(locale, check.problems)
    } else {
        text::reach(locale, reach)
    };
    (rows, summary)
}

/// The button that opens the check, and the check.
pub fn connection_check(ui: Ui) -> [Element; 2] {
    let locale = ui.locale;
    let open = Value::new(false);
    let opener = button("link")
        .test_id("check")
        .attr("aria-haspopup", "dialog")
        .on("click", move |_| open.set(true))
        .child(text!(locale, check.open));
    let state = ui.select(CallState::clone);
    let summary = Value::new("");
    let list = move || {
        let (rows, words) = state.with(|state| rows(locale, state));
        summary.change_to(words);
        rows
    };
    let close = classed("button", "quiet icon-button").attr("aria-label", text!(locale, app.close));
    let header = classed("header", "sheet-header")
        .child(element("h2").attr("id", "check-title").child(text!(locale, check.open)))
        .child(element("form").attr("method", "dialog").child(close.child(icon(Icon::Close))));
    let again = button("secondary").test_id("check-again").on("click", move |_| ui.send(Command::Check));
    let dialog = classed("dialog", "sheet")
        .test_id("check-results")
        .attr("aria-labelledby", "check-title")
        .on("close", move |_| {
            open.set(false);
            ui.send(Command::EndCheck);
        })
        .child(header)
        .child(
            classed("p", "hint")
                .attr("role", "status")
                .test_id("check-summary")
                .child(live_text(move || summary.get())),
        )
        .child(classed("ul", "checks").child(live(list)))
        .child(again.child(text!(locale, app.retry)));
    let sheet: HtmlDialogElement = dialog.cast();
    effect(move || {
        if open.get() {
            ui.send(Command::Check);
            let _ = sheet.show_modal();
        }
    });
    [opener, dialog]
}
