//! What the user may not know of the own microphone, as a quiet notice: it speaks to nobody, hears nothing, or hears the
//! loudspeaker. When to tell is the engine's decision.

use leptos::prelude::*;
use leptos_i18n::td_string;

use super::context::Ui;
use super::icon::{Icon, IconName};
use super::text::{Locale, Words, fill};
use crate::call::{CallStateStoreFields as _, Command, DeviceCommand, DeviceKind, VoiceHint};

/// The hint, if there is one.
#[component]
pub fn VoiceHintNotice(
    /// Opens the choice of devices; without it the devices are in sight.
    #[prop(optional)]
    open_devices: Option<RwSignal<bool>>,
) -> impl IntoView {
    let ui = Ui::from_context();
    let hint = Memo::new(move |_| ui.state.devices().with(|devices| devices.hint));
    // The live region exists before its text: screen readers announce only changes.
    view! {
        <div role="status">
            <For each=move || hint.get() key=|hint| *hint let(hint)>
                <Hint hint open_devices />
            </For>
        </div>
    }
}

#[component]
fn Hint(hint: VoiceHint, open_devices: Option<RwSignal<bool>>) -> impl IntoView {
    let ui = Ui::from_context();
    let locale = ui.locale;
    let microphone = ui.state.devices().with_untracked(|devices| {
        let list = devices.list.of(DeviceKind::Microphone);
        let used = list.iter().find(|device| Some(&device.id) == devices.microphone.as_ref());
        used.map(|device| device.label.clone())
    });
    let words = words(locale, hint, microphone);
    let action = match (hint, open_devices) {
        (VoiceHint::Muted, _) => {
            Some((td_string!(locale, hint.unmute), Callback::new(move |()| ui.send(Command::SetMicrophone(true)))))
        }
        (VoiceHint::Silent, Some(open)) => {
            Some((td_string!(locale, hint.choose), Callback::new(move |()| open.set(true))))
        }
        _ => None,
    };
    view! {
        <div class="notice" data-testid="voice-hint" data-hint=hint.code()>
            <Icon name=if hint == VoiceHint::Echo { IconName::Loudspeaker } else { IconName::MicrophoneOff } />
            <div class="notice-words">
                <p class="notice-title">{words.title}</p>
                <p>{words.help}</p>
                {action
                    .map(|(label, act)| {
                        view! {
                            <button
                                type="button"
                                class="secondary"
                                data-testid="voice-hint-action"
                                on:click=move |_| act.run(())
                            >
                                {label}
                            </button>
                        }
                    })}
            </div>
            <button
                type="button"
                class="quiet icon-button"
                data-testid="dismiss-hint"
                aria-label=td_string!(locale, app.dismiss)
                on:click=move |_| ui.send(Command::Devices(DeviceCommand::DismissHint))
            >
                <Icon name=IconName::Close />
            </button>
        </div>
    }
}

fn words(locale: Locale, hint: VoiceHint, microphone: Option<String>) -> Words {
    let (title, help) = match hint {
        VoiceHint::Muted => (td_string!(locale, hint.muted), td_string!(locale, hint.muted_help)),
        VoiceHint::Silent => {
            let title = match microphone {
                Some(name) => fill(td_string!(locale, hint.silent), "device", &name),
                None => td_string!(locale, hint.silent_unnamed).to_owned(),
            };
            return Words { title, help: td_string!(locale, hint.silent_help).to_owned() };
        }
        VoiceHint::Echo => (td_string!(locale, hint.echo), td_string!(locale, hint.echo_help)),
    };
    Words { title: title.to_owned(), help: help.to_owned() }
}
