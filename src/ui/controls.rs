//! The buttons of lobby and call: microphone, camera, invite link, leaving; and the signaling indicator. The name of
//! a toggle stays the same and `aria-pressed` says whether the device is on, as ARIA asks of toggle buttons.

use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlDialogElement, HtmlInputElement};

use super::Ui;
use super::element::{Element, View, button, classed, element, live, live_text};
use super::icon::{Icon, icon};
use super::page;
use super::reactive::{Value, effect};
use super::text::{self, text};
use crate::call::{CallState, Command, DeviceState, SignalingState, Stage};

/// How long "Copied" stands, in milliseconds.
const COPIED_FOR: u32 = 2000;

/// Microphone and camera.
pub fn device_toggles(ui: Ui) -> View {
    let microphone = Toggle {
        test_id: "toggle-mic",
        label: text!(ui.locale, call.microphone),
        icons: (Icon::Microphone, Icon::MicrophoneOff),
        device: |state| &state.local.microphone,
        command: Command::SetMicrophone,
    };
    let camera = Toggle {
        test_id: "toggle-camera",
        label: text!(ui.locale, call.camera),
        icons: (Icon::Camera, Icon::CameraOff),
        device: |state| &state.local.camera,
        command: Command::SetCamera,
    };
    [toggle(ui, microphone), toggle(ui, camera)].into()
}

struct Toggle {
    test_id: &'static str,
    label: &'static str,
    /// On and off.
    icons: (Icon, Icon),
    device: fn(&CallState) -> &DeviceState,
    command: fn(bool) -> Command,
}

fn toggle(ui: Ui, toggle: Toggle) -> Element {
    let device = ui.select(move |state| (toggle.device)(state).clone());
    // A press counts at once, also while the browser asks or the device starts.
    let on = move || device.with(DeviceState::is_wanted);
    let press = move |_| ui.send((toggle.command)(!device.with_untracked(DeviceState::is_wanted)));
    let name = move || {
        device.with(|state| match state {
            DeviceState::Asking { .. } => "asking",
            DeviceState::On => "on",
            DeviceState::Off => "off",
            DeviceState::Unavailable(_) => "unavailable",
        })
    };
    button("control")
        .test_id(toggle.test_id)
        .live_attr("aria-pressed", move || if on() { "true" } else { "false" })
        .live_attr("aria-busy", move || device.with(|state| matches!(state, DeviceState::Asking { .. })))
        .live_attr("data-device", name)
        .on("click", press)
        .child(control_icon(live(move || icon(if on() { toggle.icons.0 } else { toggle.icons.1 }))))
        .child(control_label(toggle.label))
}

fn control_icon(icon: impl Into<View>) -> Element {
    classed("span", "control-icon").child(icon)
}

fn control_label(words: impl Into<View>) -> Element {
    classed("span", "control-label").child(words)
}

/// Copies the invite link, and says so. `refused` is set when the browser does not allow it.
pub fn copy_link(ui: Ui, class: &str, test_id: &str, refused: Value<bool>) -> Element {
    let locale = ui.locale;
    let copied = Value::new(false);
    let copy = move |_| {
        let link = invite(ui);
        spawn_local(async move {
            if page::copy(&link).await {
                copied.set(true);
                TimeoutFuture::new(COPIED_FOR).await;
                copied.set(false);
            } else {
                refused.set(true);
            }
        });
    };
    let words = move || if copied.get() { text!(locale, call.copied) } else { text!(locale, call.copy) };
    button(class)
        .test_id(test_id)
        .live_attr("data-copied", move || copied.get())
        .on("click", copy)
        .child(control_icon(live(move || icon(if copied.get() { Icon::Check } else { Icon::Link }))))
        .child(control_label(live_text(words)).attr("role", "status"))
}

/// The link to this room.
pub fn invite(ui: Ui) -> String {
    ui.state.with_untracked(|state| page::invite(state.room.as_deref().unwrap_or_default()))
}

/// Shows the link, selected, when it could not be copied.
pub fn link_dialog(ui: Ui, open: Value<bool>) -> Element {
    let locale = ui.locale;
    let field = element("input")
        .attr("type", "text")
        .attr("readonly", "")
        .attr("aria-labelledby", "link-title")
        .test_id("invite-link");
    let input: HtmlInputElement = field.cast();
    let close = classed("button", "secondary").child(text!(locale, app.close));
    let dialog = classed("dialog", "sheet")
        .attr("aria-labelledby", "link-title")
        .on("close", move |_| open.set(false))
        .child(element("h2").attr("id", "link-title").child(text!(locale, call.link)))
        .child(element("p").child(text!(locale, call.link_lead)))
        .child(field)
        .child(element("form").attr("method", "dialog").child(close));
    let sheet: HtmlDialogElement = dialog.cast();
    effect(move || {
        if open.get() {
            input.set_value(&invite(ui));
            let _ = sheet.show_modal();
            input.select();
        }
    });
    dialog
}

/// Leaves the call.
pub fn leave_button(ui: Ui) -> Element {
    button("control leave")
        .test_id("leave")
        .on("click", move |_| ui.send(Command::Leave))
        .child(control_icon(icon(Icon::Leave)))
        .child(control_label(text!(ui.locale, call.leave)))
}

/// How the connection to the signaling server is, in a dot and in words.
pub fn signaling_indicator(ui: Ui) -> Element {
    let signaling = ui.select(|state| (state.signaling, state.refusal, state.stage == Stage::InCall));
    let name = move || match signaling.get().0 {
        SignalingState::Connecting => "connecting",
        SignalingState::Online => "online",
        SignalingState::Offline => "offline",
    };
    let words = move || {
        let (state, refusal, in_call) = signaling.get();
        text::signaling(ui.locale, state, refusal, in_call)
    };
    classed("p", "signaling")
        .test_id("signaling")
        .live_attr("data-state", name)
        .child(classed("span", "dot").attr("aria-hidden", "true"))
        .child(element("span").child(live_text(words)))
}
