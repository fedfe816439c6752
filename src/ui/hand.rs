//! The raised hand: its button, its mark with the place in the order, and the request to mute that a participant makes.

use leptos::prelude::*;
use leptos_i18n::td_string;

use super::context::Ui;
use super::control::Control;
use super::icon::{Icon, IconName};
use super::shortcuts::Shortcut;
use super::text::{self, fill};
use crate::call::{CallStateStoreFields as _, Command, DeviceState, HandOf};

/// The place in the order of those who raise a hand, from one.
pub fn place_in_order(hand: HandOf) -> Memo<Option<usize>> {
    let state = Ui::from_context().state;
    Memo::new(move |_| state.hands().with(|hands| Some(hands.iter().position(|other| *other == hand)? + 1)))
}

/// The button that raises the user's hand.
#[component]
pub fn HandButton() -> impl IntoView {
    let ui = Ui::from_context();
    let is_raised = Memo::new(move |_| ui.state.hands().with(|hands| hands.contains(&HandOf::Own)));
    view! {
        <Control
            icon=IconName::Hand
            label=td_string!(ui.locale, people.hand)
            attr:data-testid="hand"
            attr:aria-pressed=move || if is_raised.get() { "true" } else { "false" }
            attr:aria-keyshortcuts=Shortcut::Hand.attribute()
            on:click=move |_| ui.send(Command::SetHand(!is_raised.get_untracked()))
        />
    }
}

/// That a hand is raised, and its place in the order.
#[component]
pub fn HandMark(
    /// The place, if it is raised.
    place: Memo<Option<usize>>,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let number = move || place.get().unwrap_or_default().to_string();
    view! {
        <Show when=move || place.get().is_some()>
            <span class="hand-mark" data-testid="hand-raised" title=td_string!(locale, people.hand_raised)>
                <Icon name=IconName::Hand />
                <span class="visually-hidden">{td_string!(locale, people.hand_raised)}</span>
                <span prop:textContent=number></span>
            </span>
        </Show>
    }
}

/// A card for each participant who asks the user to mute the microphone. The user decides.
#[component]
pub fn MuteRequests() -> impl IntoView {
    let ui = Ui::from_context();
    let asking = Memo::new(move |_| {
        let is_on = ui.state.local().with(|local| local.microphone == DeviceState::On);
        ui.state.peers().with(|peers| {
            let asking = peers.iter().filter(|peer| is_on && peer.asks_to_mute);
            let name = |name: Option<&str>, id| text::name_or_guest(ui.locale, name, id);
            asking.map(|peer| (peer.key, name(peer.name.as_deref(), &peer.id))).collect::<Vec<_>>()
        })
    });
    view! {
        <For each=move || asking.get() key=|(key, _)| *key let((key, name))>
            <div class="notice" role="alert" data-testid="mute-request">
                <Icon name=IconName::MicrophoneOff />
                <div class="notice-words">
                    <p class="notice-title">{fill(td_string!(ui.locale, people.asks_to_mute), "name", &name)}</p>
                    <div class="sheet-actions">
                        <button
                            type="button"
                            class="secondary"
                            data-testid="accept-mute"
                            on:click=move |_| ui.send(Command::SetMicrophone(false))
                        >
                            {td_string!(ui.locale, people.mute)}
                        </button>
                        <button
                            type="button"
                            class="secondary"
                            data-testid="decline-mute"
                            on:click=move |_| ui.send(Command::AnswerAsk(key))
                        >
                            {td_string!(ui.locale, people.not_now)}
                        </button>
                    </div>
                </div>
            </div>
        </For>
    }
}
