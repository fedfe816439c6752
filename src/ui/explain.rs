//! The page `#explain`: a recorded call from a file, in the same sections as a running one. Nothing leaves the browser, no
//! device is asked for, and no server is connected to.

use std::sync::Arc;

use gloo_timers::future::TimeoutFuture;
use leptos::{html, prelude::*};
use leptos_i18n::td_string;
use vitrine_insight::{
    inspection::Inspection,
    rules::{Report, explain},
    trace::{GZIP, MAX_BYTES, Trace, TraceError},
    words,
};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DragEvent, File, HtmlInputElement};

use super::{
    brand::Brand,
    context::Ui,
    focus::focus_when_shown,
    inspector::{Connection, Findings, Shown, language},
    page,
    settings::PageSettings,
    text::fill,
};
use crate::{
    browser::{FileContent, Listener, read_file},
    call::{CallState, CallStore},
};

/// A file that was read.
struct Recording {
    name: String,
    trace: Trace,
    report: Report,
}

/// What is shown.
#[derive(Clone)]
enum Stage {
    /// No file was chosen.
    Empty,
    /// The file of this name is being read.
    Reading(String),
    /// The file of this name cannot be read, and why.
    Failed(String, Failure),
    /// A file was read.
    Read(Arc<Recording>),
}

/// Why a file cannot be read.
#[derive(Clone)]
enum Failure {
    Browser,
    Trace(TraceError),
}

/// The link that leads here.
#[component]
pub fn OpenExplain() -> impl IntoView {
    let locale = Ui::from_context().locale;
    view! { <a class="link" href="#explain" data-testid="open-explain">{td_string!(locale, explain.open)}</a> }
}

/// The page.
#[component]
pub fn ExplainApp() -> impl IntoView {
    let state = CallStore::new_local(CallState::default());
    let ui = Ui::new(state, |_| {}, page::remembered_language(), RwSignal::new(String::new()));
    page::take_over();
    // Another address is another page: the call's, which has an engine.
    StoredValue::new_local(Listener::new(&window(), "hashchange", |_| page::reload()));
    Effect::new(move |_| page::show_room(ui.language.get(), None));
    super::in_language(ui, || view! { <ExplainScreen /> })
}

#[component]
fn ExplainScreen() -> impl IntoView {
    let locale = Ui::from_context().locale;
    let stage = RwSignal::new(Stage::Empty);
    let is_over = RwSignal::new(false);
    let title = NodeRef::<html::H1>::new();
    focus_when_shown(title);
    let dropped = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(false);
        if let Some(file) = event.data_transfer().and_then(|data| data.files()).and_then(|files| files.get(0)) {
            read(file, stage);
        }
    };
    let chosen = move |event: web_sys::Event| {
        let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        let Some(input) = input else { return };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            read(file, stage);
        }
        // The same file may have changed, and is chosen again.
        input.set_value("");
    };
    view! {
        <main
            class="explain"
            data-over=move || is_over.get().then_some("true")
            on:dragover=move |event| {
                event.prevent_default();
                is_over.set(true);
            }
            on:dragleave=move |_| is_over.set(false)
            on:drop=dropped
        >
            <header class="bar">
                <Brand />
                <a class="link" href="#" data-testid="back-to-lobby">{td_string!(locale, explain.back)}</a>
            </header>
            <section class="explain-choice">
                <h1 tabindex="-1" node_ref=title>{td_string!(locale, explain.title)}</h1>
                <p class="lead">{td_string!(locale, explain.lead)}</p>
                <label class="drop">
                    <span>{td_string!(locale, explain.choose)}</span>
                    <input type="file" data-testid="explain-input" on:change=chosen />
                </label>
                <p class="hint">{td_string!(locale, explain.formats)}</p>
            </section>
            <div role="status" data-testid="explain-status">
                {move || status(locale, &stage.get())}
            </div>
            {move || match stage.get() {
                Stage::Read(recording) => Some(view! { <Explained recording /> }),
                _ => None,
            }}
            <PageSettings />
        </main>
    }
}

/// What screen readers are told, and what an error says.
fn status(locale: super::text::Locale, stage: &Stage) -> AnyView {
    match stage {
        Stage::Empty => ().into_any(),
        Stage::Reading(name) => {
            view! { <p class="hint">{fill(td_string!(locale, explain.reading), "name", name)}</p> }.into_any()
        }
        Stage::Failed(name, failure) => {
            let why = match failure {
                Failure::Browser => td_string!(locale, explain.unreadable).to_owned(),
                Failure::Trace(error) => words::trace_error(error, language(locale)),
            };
            view! {
                <div class="notice" role="alert" data-testid="error" data-code="no-trace">
                    <p><strong>{fill(td_string!(locale, explain.failed), "name", name)}</strong></p>
                    <p>{why}</p>
                </div>
            }
            .into_any()
        }
        Stage::Read(recording) => {
            let words = fill(td_string!(locale, explain.read), "name", &recording.name);
            let count = recording.trace.connections.len().to_string();
            view! { <p class="hint">{fill(&words, "count", &count)}</p> }.into_any()
        }
    }
}

/// Reads a file. The page says so first: a long one takes seconds, in which nothing else happens.
fn read(file: File, stage: RwSignal<Stage>) {
    let name = file.name();
    stage.set(Stage::Reading(name.clone()));
    spawn_local(async move {
        TimeoutFuture::new(50).await;
        let read = if file.size() > MAX_BYTES as f64 {
            Err(Failure::Trace(TraceError::TooLarge(file.size() as usize)))
        } else {
            trace_in(&file).await
        };
        stage.try_set(match read {
            Ok(trace) => {
                let report = explain(&trace);
                Stage::Read(Arc::new(Recording { name, trace, report }))
            }
            Err(failure) => Stage::Failed(name, failure),
        });
    });
}

async fn trace_in(file: &File) -> Result<Trace, Failure> {
    let FileContent { bytes, damage } = read_file(file, GZIP, MAX_BYTES).await.map_err(|_| Failure::Browser)?;
    Trace::read_unpacked(bytes, damage).map_err(Failure::Trace)
}

/// A file that was read: what was found in it, and one of its connections.
#[component]
fn Explained(recording: Arc<Recording>) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let chosen = RwSignal::new(worst(&recording.report));
    let start = recording.trace.start().unwrap_or_default();
    let (of_call, file) = (recording.report.findings.clone(), recording.name.clone());
    let options = recording.report.connections.iter().enumerate().map(|(index, connection)| {
        let verdict = words::verdict(connection.verdict, language(locale));
        view! {
            <option value=index.to_string() selected=move || chosen.get_untracked() == index>
                {format!("{}: {verdict}", connection.pc)}
            </option>
        }
    });
    let options = options.collect_view();
    let shown: Shown = Signal::derive({
        let recording = recording.clone();
        let inspection = Memo::new(move |_| {
            let index = chosen.get();
            let (trace, report) = (recording.trace.connections.get(index)?, recording.report.connections.get(index)?);
            Some(Arc::new(Inspection::new(trace.clone(), report.clone())))
        });
        move || inspection.get()
    });
    let choose = move |event| {
        if let Ok(index) = event_target_value(&event).parse() {
            chosen.set(index);
        }
    };
    view! {
        <div class="inspector" data-testid="inspector">
            <h2 translate="no">{file}</h2>
            <Findings findings=Signal::derive(move || of_call.clone()) start=Signal::derive(move || start) connection=String::new() />
            <label class="field inspect-choice">
                <span>{td_string!(locale, inspect.connection)}</span>
                <select data-testid="inspect-peer" on:change=choose>{options}</select>
            </label>
            <Show when=move || shown.with(Option::is_none)>
                <p class="hint">{td_string!(locale, explain.no_connections)}</p>
            </Show>
            <Connection shown room=Signal::derive(|| None::<String>) />
        </div>
    }
}

/// The connection to show first: one that failed, or else the first one.
fn worst(report: &Report) -> usize {
    report.connections.iter().position(|connection| !connection.verdict.is_connected()).unwrap_or_default()
}
