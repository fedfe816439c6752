//! The choice of camera, microphone and speaker, with a meter and a test sound, for the lobby and for the dialog of the call.
//! How the devices work is chosen in [`super::device_switches`].

use gloo_timers::future::TimeoutFuture;
use leptos::{html, prelude::*, task::tick};
use leptos_i18n::td_string;
use wasm_bindgen_futures::spawn_local;

use super::context::Ui;
use super::icon::{Icon, IconName};
use super::notice::Notice;
use super::text::{self, Locale, Words, fill};
use crate::browser::{CHIME_LENGTH, Chime, Task};
use crate::call::{
    CallStateStoreFields as _, ChoiceFailure, Command, DeviceCommand, DeviceInfo, DeviceKind, DeviceProblem,
    DeviceSettings, DeviceState,
};

/// The id under which Chromium lists the system's device.
const DEFAULT: &str = "default";

/// The highest level of the meter.
const LEVELS: u8 = 10;

/// The choice of all three devices.
#[component]
pub fn DeviceChoices() -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let can_choose_speaker = Memo::new(move |_| state.devices().with(|devices| devices.list.speakers.is_some()));
    view! {
        <div class="device-choices">
            <DeviceChoice
                kind=DeviceKind::Camera
                icon=IconName::Camera
                label=td_string!(locale, devices.camera)
                test_id="select-camera"
            />
            <div class="device-choice">
                <DeviceChoice
                    kind=DeviceKind::Microphone
                    icon=IconName::Microphone
                    label=td_string!(locale, devices.microphone)
                    test_id="select-microphone"
                />
                <LevelMeter />
            </div>
            <div class="device-choice">
                <Show
                    when=move || can_choose_speaker.get()
                    fallback=move || {
                        view! {
                            <p class="device-note" data-testid="no-speaker-choice">
                                <Icon name=IconName::Loudspeaker />
                                <span>{td_string!(locale, devices.no_speaker_choice)}</span>
                            </p>
                        }
                    }
                >
                    <DeviceChoice
                        kind=DeviceKind::Speaker
                        icon=IconName::Loudspeaker
                        label=td_string!(locale, devices.speaker)
                        test_id="select-speaker"
                    />
                </Show>
                <TestSound />
            </div>
        </div>
    }
}

/// The id of the device of this kind that is used, or will be.
fn chosen(devices: &DeviceSettings, kind: DeviceKind) -> Option<&str> {
    match kind {
        DeviceKind::Camera => devices.camera.as_deref(),
        DeviceKind::Microphone => devices.microphone.as_deref(),
        DeviceKind::Speaker => {
            let default = || devices.list.of(kind).iter().find(|device| device.id == DEFAULT).map(|device| &*device.id);
            devices.speaker.as_deref().or_else(default)
        }
    }
}

/// What a list begins with, besides the devices: the system's speaker where the browser does not list it, or why there is
/// nothing to choose.
fn first_option(locale: Locale, kind: DeviceKind, devices: &DeviceSettings, is_asking: bool) -> Option<&'static str> {
    let list = devices.list.of(kind);
    let names_default = list.iter().any(|device| device.id == DEFAULT);
    match kind {
        DeviceKind::Speaker if !names_default => Some(td_string!(locale, devices.system)),
        DeviceKind::Speaker => None,
        _ if list.is_empty() && is_asking => Some(td_string!(locale, devices.hidden)),
        _ if list.is_empty() => Some(td_string!(locale, devices.none)),
        _ if chosen(devices, kind).is_none() => Some(td_string!(locale, devices.any)),
        _ => None,
    }
}

/// The choice of one device.
#[component]
fn DeviceChoice(
    /// What it is for.
    kind: DeviceKind,
    /// Its icon.
    icon: IconName,
    /// Its name.
    label: &'static str,
    /// Identifies the select in tests.
    test_id: &'static str,
) -> impl IntoView {
    let ui = Ui::from_context();
    let (state, locale) = (ui.state, ui.locale);
    let options = Memo::new(move |_| state.devices().with(|devices| devices.list.of(kind).to_vec()));
    let is_asking = Memo::new(move |_| {
        state.local().with(|local| match kind {
            DeviceKind::Camera => matches!(local.camera, DeviceState::Asking { .. }),
            _ => matches!(local.microphone, DeviceState::Asking { .. }),
        })
    });
    let first =
        Memo::new(move |_| state.devices().with(|devices| first_option(locale, kind, devices, is_asking.get())));
    let shown = Memo::new(move |_| {
        state.devices().with(|devices| (chosen(devices, kind).unwrap_or_default().to_owned(), devices.failure.clone()))
    });
    let select = NodeRef::<html::Select>::new();
    // The browser shows what the user picked. What is used may be another device, and options come and go.
    Effect::new(move |_| {
        let (id, _) = shown.get();
        options.track();
        first.track();
        let Some(select) = select.get() else { return };
        spawn_local(async move {
            tick().await;
            select.set_value(&id);
        });
    });
    let choose = move |event| {
        let id = event_target_value(&event);
        ui.send(Command::Devices(DeviceCommand::Choose { kind, id }));
    };
    view! {
        <label class="device-field">
            <span class="device-label">
                <Icon name=icon />
                <span>{label}</span>
            </span>
            <select
                node_ref=select
                data-testid=test_id
                disabled=move || options.with(Vec::is_empty)
                translate="no"
                on:change=choose
            >
                <For each=move || first.get() key=|words| *words let(words)>
                    <option value="">{words}</option>
                </For>
                <For each=move || options.get() key=DeviceInfo::clone let(device)>
                    <option value=device.id.clone()>{device.label}</option>
                </For>
            </select>
        </label>
    }
}

/// How loud the microphone is.
#[component]
pub fn LevelMeter() -> impl IntoView {
    let ui = Ui::from_context();
    let level = Memo::new(move |_| ui.state.devices().with(|devices| devices.level));
    let is_off = Memo::new(move |_| ui.state.local().with(|local| local.microphone != DeviceState::On));
    let show = move |on| ui.send(Command::Devices(DeviceCommand::ShowLevel(on)));
    show(true);
    on_cleanup(move || show(false));
    view! {
        <div
            class="level"
            role="meter"
            data-testid="level"
            aria-label=td_string!(ui.locale, devices.level)
            aria-valuemin="0"
            aria-valuemax=LEVELS
            aria-valuenow=move || level.get()
            aria-valuetext=move || is_off.get().then(|| td_string!(ui.locale, devices.off))
            data-off=move || is_off.get().then_some("true")
            style=("--level", move || format!("{}%", u32::from(level.get()) * 100 / u32::from(LEVELS)))
        ></div>
    }
}

/// The button that plays a sound on the chosen speaker.
#[component]
fn TestSound() -> impl IntoView {
    let ui = Ui::from_context();
    let is_playing = RwSignal::new(false);
    let running = StoredValue::new_local(None);
    let play = move |_| {
        let speaker = ui.state.devices().with_untracked(|devices| devices.speaker.clone()).unwrap_or_default();
        is_playing.set(true);
        running.set_value(Some(Task::spawn(async move {
            match Chime::play(&speaker).await {
                Ok(_chime) => TimeoutFuture::new(CHIME_LENGTH).await,
                Err(error) => {
                    crate::browser::log(&format!("the test sound cannot be played: {error}"));
                    if !speaker.is_empty() {
                        ui.send(Command::Devices(DeviceCommand::SpeakerFailed(speaker)));
                    }
                }
            }
            is_playing.try_set(false);
        })));
    };
    view! {
        <button
            type="button"
            class="link test-sound"
            data-testid="test-speaker"
            data-playing=move || is_playing.get().then_some("true")
            on:click=play
        >
            {td_string!(ui.locale, devices.test)}
        </button>
    }
}

/// Why the device that was chosen last is not used.
#[component]
pub fn ChoiceNotice() -> impl IntoView {
    let ui = Ui::from_context();
    let failure = Memo::new(move |_| ui.state.devices().with(|devices| devices.failure.clone()));
    view! {
        <For each=move || failure.get() key=ChoiceFailure::clone let(failure)>
            <Notice
                code="device-not-used"
                words=words(ui.locale, &failure)
                dismiss=Callback::new(move |()| ui.send(Command::Devices(DeviceCommand::DismissFailure)))
            />
        </For>
    }
}

fn words(locale: Locale, failure: &ChoiceFailure) -> Words {
    let is_speaker = failure.kind == DeviceKind::Speaker;
    let (title, help) = match &failure.reason {
        _ if is_speaker && !failure.label.is_empty() => {
            let title = fill(td_string!(locale, devices.speaker_failed), "device", &failure.label);
            return Words { title, help: td_string!(locale, devices.speaker_failed_help).to_owned() };
        }
        DeviceProblem::Lost | DeviceProblem::NotFound => {
            (td_string!(locale, devices.gone).to_owned(), td_string!(locale, devices.gone_help).to_owned())
        }
        reason => {
            let words = text::device_problem(locale, reason, &failure.label);
            (fill(td_string!(locale, devices.failed), "device", &failure.label), words.help)
        }
    };
    Words { title, help }
}

/// The button that turns to the camera on the other side of a phone; nothing where there is none.
#[component]
pub fn FlipCamera(
    /// The button's class.
    class: &'static str,
) -> impl IntoView {
    let ui = Ui::from_context();
    let can_flip = Memo::new(move |_| {
        let is_on = ui.state.local().with(|local| local.camera.is_wanted());
        is_on && ui.state.devices().with(|devices| devices.can_flip)
    });
    view! {
        <Show when=move || can_flip.get()>
            <button
                type="button"
                class=class
                data-testid="flip-camera"
                aria-label=td_string!(ui.locale, devices.flip)
                title=td_string!(ui.locale, devices.flip)
                on:click=move |_| ui.send(Command::Devices(DeviceCommand::FlipCamera))
            >
                <span class="control-icon">
                    <Icon name=IconName::FlipCamera />
                </span>
            </button>
        </Show>
    }
}
