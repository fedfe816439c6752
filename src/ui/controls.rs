//! The controls of lobby and call: microphone, camera, invite link, leaving; and the signaling indicator. A toggle
//! keeps its name, and `aria-pressed` says whether the device is on, as ARIA requires of toggle buttons.

use gloo_timers::future::TimeoutFuture;
use leptos::{html, prelude::*};
use leptos_i18n::td_string;
use wasm_bindgen_futures::spawn_local;

use super::context::Ui;
use super::control::Control;
use super::icon::{Icon, IconName};
use super::shortcuts::Shortcut;
use super::{page, text};
use crate::call::{CallStateStoreFields as _, Command, DeviceState, LocalMedia, SignalingState, Stage};

/// How long "Copied" is shown, in milliseconds.
const COPIED_FOR: u32 = 2000;

/// The toggles of microphone and camera, in the lobby.
#[component]
pub fn DeviceToggles() -> impl IntoView {
    view! {
        <MicrophoneToggle />
        <CameraToggle />
    }
}

/// The microphone's toggle.
#[component]
pub fn MicrophoneToggle() -> impl IntoView {
    view! {
        <DeviceToggle
            test_id="toggle-mic"
            label=td_string!(Ui::from_context().locale, call.microphone)
            on=IconName::Microphone
            off=IconName::MicrophoneOff
            device=|local| &local.microphone
            command=Command::SetMicrophone
            shortcut=Shortcut::Microphone
        />
    }
}

/// The camera's toggle.
#[component]
pub fn CameraToggle() -> impl IntoView {
    view! {
        <DeviceToggle
            test_id="toggle-camera"
            label=td_string!(Ui::from_context().locale, call.camera)
            on=IconName::Camera
            off=IconName::CameraOff
            device=|local| &local.camera
            command=Command::SetCamera
            shortcut=Shortcut::Camera
        />
    }
}

#[component]
fn DeviceToggle(
    test_id: &'static str,
    label: &'static str,
    on: IconName,
    off: IconName,
    device: fn(&LocalMedia) -> &DeviceState,
    command: fn(bool) -> Command,
    shortcut: Shortcut,
) -> impl IntoView {
    let ui = Ui::from_context();
    let device = Memo::new(move |_| ui.state.local().with(|local| device(local).clone()));
    // A press shows at once, also while the browser prompts or the device starts.
    let is_on = move || device.with(DeviceState::is_wanted);
    let name = move || {
        device.with(|device| match device {
            DeviceState::Asking { .. } => "asking",
            DeviceState::On => "on",
            DeviceState::Off => "off",
            DeviceState::Unavailable(_) => "unavailable",
        })
    };
    view! {
        <Control
            icon=Signal::derive(move || if is_on() { on } else { off })
            label
            attr:data-testid=test_id
            attr:aria-pressed=move || if is_on() { "true" } else { "false" }
            attr:aria-busy=move || (name() == "asking").then_some("true")
            attr:data-device=name
            attr:aria-keyshortcuts=shortcut.attribute()
            on:click=move |_| ui.send(command(!device.with_untracked(DeviceState::is_wanted)))
        />
    }
}

/// The button that copies the invite link, and confirms it.
#[component]
pub fn CopyLink(
    /// The button's class.
    class: &'static str,
    /// Identifies the button in tests.
    test_id: &'static str,
    /// Set if the browser refuses to copy.
    refused: RwSignal<bool>,
) -> impl IntoView {
    let ui = Ui::from_context();
    let locale = ui.locale;
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let link = invite(ui);
        spawn_local(async move {
            if page::copy(&link).await {
                copied.try_set(true);
                TimeoutFuture::new(COPIED_FOR).await;
                copied.try_set(false);
            } else {
                refused.try_set(true);
            }
        });
    };
    let icon = Signal::derive(move || if copied.get() { IconName::Check } else { IconName::Link });
    let words = move || if copied.get() { td_string!(locale, call.copied) } else { td_string!(locale, call.copy) };
    // The button keeps its name; a live region beside it confirms the copy.
    let confirmation = move || if copied.get() { td_string!(locale, call.copied) } else { "" };
    view! {
        <button
            type="button"
            class=class
            data-testid=test_id
            data-copied=move || copied.get().then_some("true")
            aria-label=td_string!(locale, call.copy)
            on:click=copy
        >
            <span class="control-icon">
                <Icon name=icon />
            </span>
            <span class="control-label" prop:textContent=words></span>
        </button>
        <span class="visually-hidden" role="status" prop:textContent=confirmation></span>
    }
}

/// The invite link to the current room.
pub fn invite(ui: Ui) -> String {
    ui.state.room().with_untracked(|room| page::invite(room.as_deref().unwrap_or_default()))
}

/// The dialog with the selected invite link, for when it could not be copied.
#[component]
pub fn LinkDialog(
    /// Whether the dialog is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let ui = Ui::from_context();
    let locale = ui.locale;
    let (sheet, field) = (NodeRef::<html::Dialog>::new(), NodeRef::<html::Input>::new());
    Effect::new(move |_| {
        if let (true, Some(sheet), Some(field)) = (open.get(), sheet.get(), field.get()) {
            field.set_value(&invite(ui));
            let _ = sheet.show_modal();
            field.select();
        }
    });
    view! {
        <dialog class="sheet" node_ref=sheet aria-labelledby="link-title" on:close=move |_| open.set(false)>
            <h2 id="link-title">{td_string!(locale, call.link)}</h2>
            <p>{td_string!(locale, call.link_lead)}</p>
            <input type="text" readonly node_ref=field aria-labelledby="link-title" data-testid="invite-link" />
            <form method="dialog">
                <button class="secondary">{td_string!(locale, app.close)}</button>
            </form>
        </dialog>
    }
}

/// The button that leaves the call.
#[component]
pub fn LeaveButton() -> impl IntoView {
    let ui = Ui::from_context();
    view! {
        <Control
            icon=IconName::Leave
            label=td_string!(ui.locale, call.leave)
            class="control leave"
            attr:data-testid="leave"
            attr:aria-keyshortcuts=Shortcut::Leave.attribute()
            on:click=move |_| ui.send(Command::Leave)
        />
    }
}

/// The state of the signaling connection, as a dot and in words.
#[component]
pub fn SignalingIndicator() -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let name = move || match state.signaling().get() {
        SignalingState::Connecting => "connecting",
        SignalingState::Online => "online",
        SignalingState::Offline => "offline",
    };
    let words = move || {
        let in_call = state.stage().get() == Stage::InCall;
        text::signaling(locale, state.signaling().get(), state.refusal().get(), in_call)
    };
    view! {
        <p class="signaling" data-testid="signaling" data-state=name>
            <span class="dot" aria-hidden="true"></span>
            <span prop:textContent=words></span>
        </p>
    }
}
