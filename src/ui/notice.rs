//! What went wrong, in words, with what to do next: one card for a [`Problem`], one for each device that cannot be
//! used, and the page for a browser that cannot make calls at all.

use leptos::prelude::*;

use super::icon::{Icon, icon};
use super::text::{self, Words, text};
use super::{Ui, brand, effect};
use crate::call::{Command, DeviceProblem, DeviceState, LocalMedia, Problem};

/// A card with role `alert`. `action` stands below the words, `dismiss` is called by the cross if given.
pub fn notice(
    code: &'static str,
    words: Words,
    action: AnyView,
    dismiss: Option<(&'static str, impl Fn() + 'static)>,
) -> AnyView {
    view! {
        <div class="notice" role="alert" data-testid="error" data-code=code>
            {icon(Icon::Alert)}
            <div class="notice-words">
                <p class="notice-title">{words.title}</p>
                <p>{words.help}</p>
                {action}
            </div>
            {dismiss
                .map(|(label, dismiss)| {
                    view! {
                        <button type="button" class="quiet icon-button" aria-label=label on:click=move |_| dismiss()>
                            {icon(Icon::Close)}
                        </button>
                    }
                })}
        </div>
    }
    .into_any()
}

/// The problem that stands, if any; an insecure page is told of by its devices, if they tell.
#[component]
pub fn ProblemNotice(ui: Ui) -> impl IntoView {
    let problem = ui.select(|state| {
        let told = unavailable(&state.local) == [(Devices::Both, DeviceProblem::InsecurePage)];
        state.problem.clone().filter(|problem| !(told && *problem == Problem::InsecurePage))
    });
    move || {
        problem.get().map(|problem| {
            let dismiss = (text!(ui.locale, app.dismiss), move || ui.send(Command::DismissProblem));
            notice(problem.code(), text::problem(ui.locale, &problem), ().into_any(), Some(dismiss))
        })
    }
}

/// Devices that share a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Devices {
    /// The microphone alone.
    Microphone,
    /// The camera alone.
    Camera,
    /// Both.
    Both,
}

/// Which devices cannot be used, and why; both in one entry when they share the reason.
pub fn unavailable(media: &LocalMedia) -> Vec<(Devices, DeviceProblem)> {
    let problem = |state: &DeviceState| match state {
        DeviceState::Unavailable(problem) => Some(problem.clone()),
        _ => None,
    };
    match (problem(&media.microphone), problem(&media.camera)) {
        (Some(microphone), Some(camera)) if microphone == camera => vec![(Devices::Both, camera)],
        (microphone, camera) => [(Devices::Microphone, microphone), (Devices::Camera, camera)]
            .into_iter()
            .filter_map(|(devices, problem)| Some((devices, problem?)))
            .collect(),
    }
}

/// Words for a device problem, and the button that asks again.
pub fn device_problem(ui: Ui, devices: Devices, problem: &DeviceProblem) -> (Words, AnyView) {
    let locale = ui.locale;
    let name = match devices {
        Devices::Microphone => text!(locale, device.microphone),
        Devices::Camera => text!(locale, device.camera),
        Devices::Both => text!(locale, device.both),
    };
    let retry = move |_| {
        if devices != Devices::Camera {
            ui.send(Command::SetMicrophone(true));
        }
        if devices != Devices::Microphone {
            ui.send(Command::SetCamera(true));
        }
    };
    let button = view! {
        <button type="button" class="secondary" data-testid="retry-device" on:click=retry>
            {text!(locale, app.retry)}
        </button>
    };
    (text::device_problem(locale, problem, name), button.into_any())
}

/// In a call: a card for each device problem that is news, with a cross. What the person already knew on entering,
/// or has dismissed, is not said again until the device was asked for again.
#[component]
pub fn DeviceNotices(ui: Ui) -> impl IntoView {
    let problems = ui.select(|state| unavailable(&state.local));
    let known = RwSignal::new_local(problems.get_untracked());
    effect(move || {
        let current = problems.get();
        known.update(|known| known.retain(|problem| current.contains(problem)));
    });
    let card = move |(devices, problem): (Devices, DeviceProblem)| {
        let (words, retry) = device_problem(ui, devices, &problem);
        let code = problem.code();
        let dismiss = move || known.update(|known| known.push((devices, problem.clone())));
        notice(code, words, retry, Some((text!(ui.locale, app.dismiss), dismiss)))
    };
    move || {
        problems
            .get()
            .into_iter()
            .filter(|problem| known.with(|known| !known.contains(problem)))
            .map(card)
            .collect_view()
    }
}

/// The whole page, when this browser cannot make calls.
#[component]
pub fn Unsupported(ui: Ui) -> impl IntoView {
    let problem = Problem::NoWebRtc;
    let words = text::problem(ui.locale, &problem);
    view! {
        <main class="unsupported">
            {brand()}
            <div role="alert" data-testid="error" data-code=problem.code()>
                <h1>{words.title}</h1>
                <p class="lead">{words.help}</p>
            </div>
        </main>
    }
    .into_any()
}
