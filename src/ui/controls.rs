//! The buttons of lobby and call: microphone, camera, invite link, leaving; and the signaling indicator. The name of
//! a toggle stays the same and `aria-pressed` says whether the device is on, as ARIA asks of toggle buttons.

use std::time::Duration;

use leptos::{html, prelude::*, task::spawn_local};

use super::icon::{Icon, icon};
use super::page;
use super::text::{self, text};
use super::{Ui, effect};
use crate::call::{Command, DeviceState, SignalingState, Stage};

/// How long "Copied" stands.
const COPIED_FOR: Duration = Duration::from_secs(2);

/// Microphone and camera.
#[component]
pub fn DeviceToggles(ui: Ui) -> impl IntoView {
    let locale = ui.locale;
    let toggle = move |test_id,
                       label,
                       on_icon,
                       off_icon,
                       state: ReadSignal<DeviceState, LocalStorage>,
                       command: fn(bool) -> Command| {
        let on = move || state.with(|state| *state == DeviceState::On);
        let press = move |_| {
            // While the browser asks, the answer is the person's to give there.
            if state.with_untracked(|state| *state != DeviceState::Asking) {
                ui.send(command(!untrack(on)));
            }
        };
        view! {
            <button
                type="button"
                class="control"
                data-testid=test_id
                aria-pressed=move || if on() { "true" } else { "false" }
                aria-disabled=move || state.with(|state| (*state == DeviceState::Asking).then_some("true"))
                data-device=move || {
                    state.with(|state| match state {
                        DeviceState::Asking => "asking",
                        DeviceState::On => "on",
                        DeviceState::Off => "off",
                        DeviceState::Unavailable(_) => "unavailable",
                    })
                }
                on:click=press
            >
                <span class="control-icon">{move || icon(if on() { on_icon } else { off_icon })}</span>
                <span class="control-label">{label}</span>
            </button>
        }
        .into_any()
    };
    let microphone = ui.select(|state| state.local.microphone.clone());
    let camera = ui.select(|state| state.local.camera.clone());
    (
        toggle(
            "toggle-mic",
            text!(locale, call.microphone),
            Icon::Microphone,
            Icon::MicrophoneOff,
            microphone,
            Command::SetMicrophone,
        ),
        toggle("toggle-camera", text!(locale, call.camera), Icon::Camera, Icon::CameraOff, camera, Command::SetCamera),
    )
}

/// Copies the invite link, and says so. `refused` is set when the browser does not allow it.
#[component]
pub fn CopyLink(ui: Ui, class: &'static str, test_id: &'static str, refused: RwSignal<bool>) -> impl IntoView {
    let locale = ui.locale;
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let link = invite(ui);
        spawn_local(async move {
            if page::copy(&link).await {
                let _ = copied.try_set(true);
                set_timeout(
                    move || {
                        let _ = copied.try_set(false);
                    },
                    COPIED_FOR,
                );
            } else {
                let _ = refused.try_set(true);
            }
        });
    };
    let label = move || if copied.get() { text!(locale, call.copied) } else { text!(locale, call.copy) };
    view! {
        <button type="button" class=class data-testid=test_id data-copied=move || copied.get().then_some("true") on:click=copy>
            <span class="control-icon">{move || icon(if copied.get() { Icon::Check } else { Icon::Link })}</span>
            <span class="control-label" role="status">{label}</span>
        </button>
    }
    .into_any()
}

/// The link to this room.
pub fn invite(ui: Ui) -> String {
    page::invite(ui.state.with_untracked(|state| state.room.clone()).as_deref().unwrap_or_default())
}

/// Shows the link, selected, when it could not be copied.
#[component]
pub fn LinkDialog(ui: Ui, open: RwSignal<bool>) -> impl IntoView {
    let locale = ui.locale;
    let dialog = NodeRef::<html::Dialog>::new();
    let field = NodeRef::<html::Input>::new();
    effect(move || {
        if let (true, Some(dialog), Some(field)) = (open.get(), dialog.get(), field.get()) {
            field.set_value(&invite(ui));
            let _ = dialog.show_modal();
            field.select();
        }
    });
    view! {
        <dialog node_ref=dialog class="sheet" aria-labelledby="link-title" on:close=move |_| open.set(false)>
            <h2 id="link-title">{text!(locale, call.link)}</h2>
            <p>{text!(locale, call.link_lead)}</p>
            <input node_ref=field type="text" readonly aria-labelledby="link-title" data-testid="invite-link" />
            <form method="dialog">
                <button class="secondary">{text!(locale, app.close)}</button>
            </form>
        </dialog>
    }
    .into_any()
}

/// Leaves the call.
#[component]
pub fn LeaveButton(ui: Ui) -> impl IntoView {
    view! {
        <button type="button" class="control leave" data-testid="leave" on:click=move |_| ui.send(Command::Leave)>
            <span class="control-icon">{icon(Icon::Leave)}</span>
            <span class="control-label">{text!(ui.locale, call.leave)}</span>
        </button>
    }
    .into_any()
}

/// How the connection to the signaling server is, in a dot and in words.
#[component]
pub fn SignalingIndicator(ui: Ui) -> impl IntoView {
    let signaling = ui.select(|state| (state.signaling, state.stage == Stage::InCall));
    let name = move || match signaling.get().0 {
        SignalingState::Connecting => "connecting",
        SignalingState::Online => "online",
        SignalingState::Offline => "offline",
    };
    let words = move || {
        let (state, in_call) = signaling.get();
        text::signaling(ui.locale, state, in_call)
    };
    view! {
        <p class="signaling" data-testid="signaling" data-state=name>
            <span class="dot" aria-hidden="true"></span>
            <span>{words}</span>
        </p>
    }
    .into_any()
}
