//! "Check my connection", in the lobby: what a call needs, a line each, with how it stands and, where it does not work,
//! why and what to do. Devices and signaling are shown as they are anyway; the rest is the engine's to find out.

use vitrine_insight::check::Outcome;
use web_sys::HtmlDialogElement;

use super::Ui;
use super::element::{Element, button, classed, element, live, live_text};
use super::icon::{Icon, icon};
use super::reactive::{Value, effect};
use super::text::{self, Locale, text};
use crate::call::{CallState, Command, DeviceState, Problem, SignalingState};

/// How a line stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Running,
    Good,
    Problem,
    Skipped,
}

/// One thing that a call needs.
#[derive(Clone, PartialEq)]
struct Row {
    /// Stable name, for `data-check`.
    name: &'static str,
    /// Stable name of the reason, for `data-code`.
    code: &'static str,
    title: String,
    /// The server, where there may be several.
    server: String,
    standing: Standing,
    words: String,
    help: String,
}

impl Row {
    fn new(name: &'static str, title: impl Into<String>, standing: Standing, words: &str) -> Self {
        let (title, words) = (title.into(), words.to_owned());
        Self { name, code: "", title, server: String::new(), standing, words, help: String::new() }
    }

    fn draw(&self) -> Element {
        let (state, sign) = match self.standing {
            Standing::Running => ("running", None),
            Standing::Good => ("good", Some(Icon::Check)),
            Standing::Problem => ("problem", Some(Icon::Alert)),
            Standing::Skipped => ("skipped", None),
        };
        element("li")
            .attr("data-check", self.name)
            .attr("data-state", state)
            .attr("data-code", self.code)
            .child(classed("span", "check-sign").child(sign.map(icon)))
            .child(
                classed("span", "step-words")
                    .child(self.title.as_str())
                    .child(element("small").child(self.server.as_str())),
            )
            .child(classed("span", "check-state").child(self.words.as_str()))
            .child(element("p").child(self.help.as_str()))
    }
}

/// All lines, in the order in which they are shown; whether there are more to come.
fn rows(locale: Locale, state: &CallState) -> (Vec<Row>, bool) {
    let mut rows = vec![
        device(locale, "camera", text!(locale, call.camera), text!(locale, device.camera), &state.local.camera),
        device(
            locale,
            "microphone",
            text!(locale, call.microphone),
            text!(locale, device.microphone),
            &state.local.microphone,
        ),
        signaling(locale, state.signaling),
    ];
    for line in state.check.iter().flatten() {
        let title = text::service(locale, line.service);
        let mut row = Row::new(line.service.name(), title, Standing::Running, text!(locale, check.running));
        if let Some(outcome) = line.outcome {
            let words = text::outcome(locale, line.service, outcome);
            row.standing = match outcome {
                Outcome::Works => Standing::Good,
                Outcome::NotConfigured => Standing::Skipped,
                _ => Standing::Problem,
            };
            (row.code, row.words, row.help) = (outcome.name(), words.title, words.help);
        }
        row.server.clone_from(&line.server);
        rows.push(row);
    }
    (rows, state.check.is_none())
}

fn device(locale: Locale, name: &'static str, title: &str, device: &str, state: &DeviceState) -> Row {
    let row = |standing, words| Row::new(name, title, standing, words);
    match state {
        DeviceState::Asking => row(Standing::Running, text!(locale, check.running)),
        DeviceState::On => row(Standing::Good, text!(locale, check.works)),
        DeviceState::Off => row(Standing::Skipped, text!(locale, check.off)),
        DeviceState::Unavailable(problem) => {
            let words = text::device_problem(locale, problem, device);
            Row { code: problem.code(), help: words.help, ..row(Standing::Problem, &words.title) }
        }
    }
}

fn signaling(locale: Locale, state: SignalingState) -> Row {
    let row = |standing, words| Row::new("signaling", text!(locale, check.server), standing, words);
    match state {
        SignalingState::Connecting => row(Standing::Running, text!(locale, check.running)),
        SignalingState::Online => row(Standing::Good, text!(locale, check.works)),
        SignalingState::Offline => {
            let problem = Problem::ServerUnreachable;
            let words = text::problem(locale, &problem);
            Row { code: problem.code(), help: words.help, ..row(Standing::Problem, &words.title) }
        }
    }
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
    let lines = ui.select(move |state| rows(locale, state));
    let summary = move || {
        lines.with(|(rows, more)| {
            let any = |standing| rows.iter().any(|row| row.standing == standing);
            if *more || any(Standing::Running) {
                text!(locale, check.running)
            } else if any(Standing::Problem) {
                text!(locale, check.problems)
            } else {
                text!(locale, check.good)
            }
        })
    };
    let list = move || lines.with(|(rows, _)| rows.iter().map(Row::draw).collect::<Vec<_>>());
    let close = classed("button", "quiet icon-button").attr("aria-label", text!(locale, app.close));
    let header = classed("header", "sheet-header")
        .child(element("h2").attr("id", "check-title").child(text!(locale, check.title)))
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
        .child(element("p").attr("role", "status").test_id("check-summary").child(live_text(summary)))
        .child(classed("ul", "checks").child(live(list)))
        .child(again.child(text!(locale, check.again)));
    let sheet: HtmlDialogElement = dialog.cast();
    effect(move || {
        if open.get() {
            ui.send(Command::Check);
            let _ = sheet.show_modal();
        }
    });
    [opener, dialog]
}
