//! Problems, in words that say what to do next: a card for the current [`Problem`], a card for each device that cannot
//! be used, and the page for unsupported browsers. The words are in [`super::text`].

use leptos::prelude::*;
use leptos_i18n::td_string;

use super::brand::Brand;
use super::context::Ui;
use super::icon::{Icon, IconName};
use super::text::{self, Locale, Words, fill};
use crate::call::{CallStateStoreFields as _, Command, DeviceProblem, DeviceState, LocalMedia, Problem};

/// A card with the role `alert`: what happened, and what to do next.
#[component]
pub fn Notice(
    /// Stable name of the problem, for `data-code`.
    code: &'static str,
    /// The text.
    words: Words,
    /// Called by the close button; without it there is none.
    #[prop(optional)]
    dismiss: Option<Callback<()>>,
    /// Shown below the text.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    view! {
        <div class="notice" role="alert" data-testid="error" data-code=code>
            <Icon name=IconName::Alert />
            <div class="notice-words">
                <p class="notice-title">{words.title}</p>
                <p>{words.help}</p>
                {children.map(|children| children())}
            </div>
            {dismiss
                .map(|dismiss| {
                    view! {
                        <button
                            type="button"
                            class="quiet icon-button"
                            aria-label=td_string!(locale, app.dismiss)
                            on:click=move |_| dismiss.run(())
                        >
                            <Icon name=IconName::Close />
                        </button>
                    }
                })}
        </div>
    }
}

/// The current problem, if any. An insecure page is left out if the devices report it already.
#[component]
pub fn ProblemNotice() -> impl IntoView {
    let ui = Ui::from_context();
    let problem = Memo::new(move |_| {
        let is_reported = ui.state.local().with(unavailable) == [(Devices::Both, DeviceProblem::InsecurePage)];
        ui.state.problem().get().filter(|problem| !(is_reported && *problem == Problem::InsecurePage))
    });
    // A new element for each problem, so that screen readers announce it.
    view! {
        <For each=move || problem.get() key=Problem::clone let(problem)>
            <Notice
                code=problem.code()
                words=text::problem(ui.locale, &problem)
                dismiss=Callback::new(move |()| ui.send(Command::DismissProblem))
            />
        </For>
    }
}

/// The devices that a problem concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Devices {
    /// The microphone alone.
    Microphone,
    /// The camera alone.
    Camera,
    /// Both.
    Both,
}

/// The devices that cannot be used, and why; one entry for both if they share the reason.
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

impl Devices {
    /// The devices' name in a sentence.
    pub fn name(self, locale: Locale) -> &'static str {
        match self {
            Self::Microphone => td_string!(locale, device.microphone),
            Self::Camera => td_string!(locale, device.camera),
            Self::Both => td_string!(locale, device.both),
        }
    }
}

/// In a call: says that the browser's permission prompt waits for an answer.
#[component]
pub fn PromptNotice() -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let prompted = Memo::new(move |_| {
        let prompted = |device: &DeviceState| matches!(device, DeviceState::Asking { prompted: true, .. });
        match state.local().with(|local| (prompted(&local.microphone), prompted(&local.camera))) {
            (true, true) => Some(Devices::Both),
            (true, false) => Some(Devices::Microphone),
            (false, true) => Some(Devices::Camera),
            (false, false) => None,
        }
    });
    // The live region exists before its text: screen readers announce only changes.
    view! {
        <div role="status">
            <For each=move || prompted.get() key=|devices| *devices let(devices)>
                <div class="notice" data-testid="prompt">
                    <Icon name=IconName::Alert />
                    <div class="notice-words">
                        <p class="notice-title">
                            {fill(td_string!(locale, device.prompt), "device", devices.name(locale))}
                        </p>
                        <p>{td_string!(locale, device.prompt_help)}</p>
                    </div>
                </div>
            </For>
        </div>
    }
}

/// The button that requests devices again.
#[component]
pub fn RetryDevice(
    /// The devices to request.
    devices: Devices,
) -> impl IntoView {
    let ui = Ui::from_context();
    let retry = move |_| {
        if devices != Devices::Camera {
            ui.send(Command::SetMicrophone(true));
        }
        if devices != Devices::Microphone {
            ui.send(Command::SetCamera(true));
        }
    };
    view! {
        <button type="button" class="secondary" data-testid="retry-device" on:click=retry>
            {td_string!(ui.locale, app.retry)}
        </button>
    }
}

/// In a call: a card with a close button for each new device problem. A problem that existed on entering, or was
/// dismissed, is not shown again until the device was requested again.
#[component]
pub fn DeviceNotices() -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let problems = Memo::new(move |_| state.local().with(unavailable));
    let known = RwSignal::new(problems.get_untracked());
    Effect::new(move |_| {
        let current = problems.get();
        known.update(|known| known.retain(|problem| current.contains(problem)));
    });
    let new_problems = move || {
        let mut new = problems.get();
        known.with(|known| new.retain(|problem| !known.contains(problem)));
        new
    };
    let card = move |(devices, problem): (Devices, DeviceProblem)| {
        let words = text::device_problem(locale, &problem, devices.name(locale));
        let code = problem.code();
        let dismiss = Callback::new(move |()| known.update(|known| known.push((devices, problem.clone()))));
        view! {
            <Notice code words dismiss>
                <RetryDevice devices />
            </Notice>
        }
    };
    view! { <For each=new_problems key=|problem| problem.clone() children=card /> }
}

/// The whole page, if this browser cannot make calls.
#[component]
pub fn Unsupported() -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let problem = state.problem().get_untracked().unwrap_or(Problem::NoWebRtc);
    let words = text::problem(locale, &problem);
    view! {
        <main class="unsupported">
            <Brand />
            <div role="alert" data-testid="error" data-code=problem.code()>
                <h1>{words.title}</h1>
                <p class="lead">{words.help}</p>
            </div>
        </main>
    }
}
