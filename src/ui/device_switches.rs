//! The dialog of sound and picture: how the devices work, and in the call also which they are.

use leptos::prelude::*;
use leptos_i18n::td_string;

use super::context::Ui;
use super::control::Control;
use super::devices::{ChoiceNotice, DeviceChoices};
use super::dialog::Dialog;
use super::icon::IconName;
use super::switch::Switch;
use crate::browser::knows_constraint;
use crate::call::{CallStateStoreFields as _, Command, DeviceCommand, Processing};

/// The control of the call that opens the dialog.
#[component]
pub fn OpenDevices(
    /// Whether the dialog is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    view! {
        <Control
            icon=IconName::Devices
            label=td_string!(locale, devices.open)
            attr:data-testid="open-devices"
            attr:aria-haspopup="dialog"
            on:click=move |_| open.set(true)
        />
    }
}

/// The dialog. What is in it is in the page only while it is open.
#[component]
pub fn DevicesDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// Whether the devices themselves are chosen in it.
    with_choices: bool,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    view! {
        <Dialog
            open
            on_close=move |()| open.set(false)
            class="devices"
            test_id="devices"
            title=td_string!(locale, devices.title)
        >
            <Show when=move || open.get()>
                <ChoiceNotice />
                {with_choices.then(|| view! { <DeviceChoices /> })}
                <Switches />
            </Show>
        </Dialog>
    }
}

/// How the devices work.
#[component]
fn Switches() -> impl IntoView {
    let ui = Ui::from_context();
    let locale = ui.locale;
    let processing = Memo::new(move |_| ui.state.devices().with(|devices| devices.processing));
    let mirrored = Memo::new(move |_| ui.state.devices().with(|devices| !devices.unmirrored));
    let blur = Memo::new(move |_| ui.state.devices().with(|devices| devices.background_blur));
    let process = move |change: fn(&mut Processing, bool)| {
        Callback::new(move |on| {
            let mut wanted = processing.get_untracked();
            change(&mut wanted, on);
            ui.send(Command::Devices(DeviceCommand::SetProcessing(wanted)));
        })
    };
    view! {
        <div class="switches" role="group" aria-label=td_string!(locale, devices.sound)>
            {knows_constraint("echoCancellation")
                .then(|| {
                    view! {
                        <Switch
                            test_id="switch-echo"
                            label=td_string!(locale, devices.echo)
                            help=td_string!(locale, devices.echo_help)
                            on=Signal::derive(move || processing.get().echo_cancellation)
                            set=process(|wanted, on| wanted.echo_cancellation = on)
                        />
                    }
                })}
            {knows_constraint("noiseSuppression")
                .then(|| {
                    view! {
                        <Switch
                            test_id="switch-noise"
                            label=td_string!(locale, devices.noise)
                            help=td_string!(locale, devices.noise_help)
                            on=Signal::derive(move || processing.get().noise_suppression)
                            set=process(|wanted, on| wanted.noise_suppression = on)
                        />
                    }
                })}
            {knows_constraint("autoGainControl")
                .then(|| {
                    view! {
                        <Switch
                            test_id="switch-gain"
                            label=td_string!(locale, devices.gain)
                            help=td_string!(locale, devices.gain_help)
                            on=Signal::derive(move || processing.get().auto_gain_control)
                            set=process(|wanted, on| wanted.auto_gain_control = on)
                        />
                    }
                })}
        </div>
        <div class="switches" role="group" aria-label=td_string!(locale, devices.picture)>
            <Switch
                test_id="switch-mirror"
                label=td_string!(locale, devices.mirror)
                help=td_string!(locale, devices.mirror_help)
                on=mirrored
                set=move |on| ui.send(Command::Devices(DeviceCommand::SetMirrored(on)))
            />
            <Show when=move || blur.get().is_some()>
                <Switch
                    test_id="switch-blur"
                    label=td_string!(locale, devices.blur)
                    help=td_string!(locale, devices.blur_help)
                    on=Signal::derive(move || blur.get() == Some(true))
                    set=move |on| ui.send(Command::Devices(DeviceCommand::SetBackgroundBlur(on)))
                />
            </Show>
        </div>
    }
}
