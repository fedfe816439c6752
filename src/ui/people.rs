//! The list of people in the call, in the side panel: who is there and how, one's own name, and what the user wants to hear
//! and see of each.

use std::time::Duration;

use leptos::{html, prelude::*};
use leptos_i18n::td_string;
use vitrine_protocol::name::display_name;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};

use super::arrangement::{OwnPicture, StageItem};
use super::avatar::{Avatar, tint};
use super::context::{CallUi, Ui};
use super::hand::{HandMark, place_in_order};
use super::icon::{Icon, IconName};
use super::inspector::open_inspector;
use super::page;
use super::panel::{PanelButton, PanelFrame};
use super::panel_name::Panel;
use super::text::{self, fill};
use crate::call::{
    CallStateStoreFields as _, Command, ConnectionState, DeviceState, HandOf, PeerField, PeerState, Sharing, Trouble,
};

/// How long "asked" is shown, and the button waits.
const ASKED_FOR: Duration = Duration::from_secs(20);

/// The button that opens the list.
#[component]
pub fn PeopleButton() -> impl IntoView {
    let locale = Ui::from_context().locale;
    view! {
        <PanelButton
            panel=Panel::People
            test_id="open-people"
            label=td_string!(locale, people.title)
            icon=IconName::People
        />
    }
}

/// The list.
#[component]
pub fn PeoplePanel() -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    view! {
        <PanelFrame panel=Panel::People title=td_string!(locale, people.title).to_owned()>
            <ul class="people" data-testid="people-list">
                <Myself />
                <For each=move || state.peers() key=PeerField::key children=|peer| view! { <Person peer /> } />
            </ul>
        </PanelFrame>
    }
}

/// What is off, as icons with words.
#[component]
fn Devices(
    /// Whether the microphone is on.
    #[prop(into)]
    microphone: Signal<bool>,
    /// Whether the camera is on.
    #[prop(into)]
    camera: Signal<bool>,
    /// Whether a screen is shared.
    #[prop(into)]
    screen: Signal<bool>,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let mark = move |test_id: &'static str, is_on: Signal<bool>, icons: [IconName; 2], words: [&'static str; 2]| {
        let index = move || usize::from(is_on.get());
        view! {
            <span class="person-device" data-testid=test_id data-on=move || is_on.get().then_some("true") title=move || words[index()]>
                <Icon name=Signal::derive(move || icons[index()]) />
                <span class="visually-hidden" prop:textContent=move || words[index()]></span>
            </span>
        }
    };
    view! {
        <Show when=move || screen.get()>
            <span class="person-device" data-testid="person-screen" title=td_string!(locale, people.screen)>
                <Icon name=IconName::Screen />
                <span class="visually-hidden">{td_string!(locale, people.screen)}</span>
            </span>
        </Show>
        {mark(
            "person-microphone",
            microphone,
            [IconName::MicrophoneOff, IconName::Microphone],
            [td_string!(locale, people.microphone_off), td_string!(locale, people.microphone_on)],
        )}
        {mark(
            "person-camera",
            camera,
            [IconName::CameraOff, IconName::Camera],
            [td_string!(locale, people.camera_off), td_string!(locale, people.camera_on)],
        )}
    }
}

/// The user's own entry, with the name to be changed.
#[component]
fn Myself() -> impl IntoView {
    let ui = Ui::from_context();
    let Ui { state, locale, name, .. } = ui;
    let microphone = Memo::new(move |_| state.local().with(|local| local.microphone == DeviceState::On));
    let camera = Memo::new(move |_| state.local().with(|local| local.camera == DeviceState::On));
    let screen = Memo::new(move |_| state.screen().with(|screen| matches!(screen.sharing, Sharing::On { .. })));
    let hand = place_in_order(HandOf::Own);
    let rename = move |event: web_sys::Event| {
        let field = event.target().and_then(|field| field.dyn_into::<HtmlInputElement>().ok());
        let Some(field) = field else { return };
        let typed = display_name(&field.value()).unwrap_or_default();
        field.set_value(&typed);
        name.set(typed.clone());
        page::remember_name(&typed);
        ui.send(Command::SetName(typed));
    };
    view! {
        <li class="person" data-testid="myself">
            <div class="person-row">
                <Avatar name tint=0 />
                <div class="person-words">
                    <p class="person-name">{td_string!(locale, call.you)}</p>
                </div>
                <span class="person-marks">
                    <HandMark place=hand />
                    <Devices microphone camera screen />
                </span>
            </div>
            <div class="person-more">
                <label class="field">
                    <span>{td_string!(locale, lobby.name)}</span>
                    <input
                        type="text"
                        data-testid="own-name"
                        autocomplete="nickname"
                        maxlength=page::MAX_NAME_LENGTH
                        placeholder=td_string!(locale, lobby.name_hint)
                        prop:value=move || name.get()
                        on:change=rename
                    />
                </label>
                <OwnPictureChoice />
            </div>
        </li>
    }
}

/// How the connection to `peer` is, in words.
fn connection_words(locale: text::Locale, peer: &PeerState) -> String {
    match (peer.connection, peer.trouble, peer.weakness, peer.path) {
        (_, Some(trouble), ..) => text::trouble(locale, trouble).to_owned(),
        (ConnectionState::Connected, _, Some(weakness), _) => text::weakness(locale, weakness).to_owned(),
        (ConnectionState::Connected, _, _, Some(path)) => text::path(locale, path),
        (state, ..) => text::connection(locale, state).to_owned(),
    }
}

/// A participant's entry.
#[component]
fn Person(
    /// The peer.
    peer: PeerField,
) -> impl IntoView {
    let ui = Ui::from_context();
    let locale = ui.locale;
    let call: CallUi = expect_context();
    let id = Memo::new(move |_| peer.try_with(|peer| peer.id.0.clone()));
    let name = Memo::new(move |_| {
        peer.try_with(|peer| text::name_or_guest(locale, peer.name.as_deref(), &peer.id)).unwrap_or_default()
    });
    let is = move |of: fn(&PeerState) -> bool| Memo::new(move |_| peer.try_with(of) == Some(true));
    let microphone = is(|peer| peer.audio != Some(false));
    let camera = is(|peer| peer.video != Some(false));
    let screen = is(|peer| peer.screen_stream.is_some());
    let is_poor = is(|peer| peer.weakness.is_some() || peer.trouble.is_some_and(|of| of != Trouble::Unanswered));
    let words = Memo::new(move |_| peer.try_with(|peer| connection_words(locale, peer)).unwrap_or_default());
    let hand = place_in_order(HandOf::Peer(peer.key()));
    let tint = id.with_untracked(|id| tint(id.as_deref().unwrap_or_default()));
    let inspect = move || {
        if let Some(person) = peer.try_with(PeerState::person) {
            open_inspector(call, person);
        }
    };
    view! {
        <li class="person" data-testid="person" data-peer=id>
            <details>
                <summary class="person-row">
                    <Avatar name tint />
                    <span class="person-words">
                        <span class="person-name" dir="auto" translate="no" prop:textContent=name></span>
                        <span
                            class="person-connection"
                            data-testid="person-connection"
                            data-poor=move || is_poor.get().then_some("true")
                            prop:textContent=words
                        ></span>
                    </span>
                    <span class="person-marks">
                        <HandMark place=hand />
                        <Devices microphone camera screen />
                    </span>
                </summary>
                <div class="person-more">
                    <Wishes peer name />
                    <div class="person-actions">
                        <button
                            type="button"
                            class="secondary"
                            data-testid="person-pin"
                            aria-pressed=move || pressed(call.stage.is_pinned(StageItem::Peer(peer.key())))
                            on:click=move |_| call.stage.toggle_pin(StageItem::Peer(peer.key()))
                        >
                            {td_string!(locale, people.pin)}
                        </button>
                        <Show when=move || microphone.get()>
                            <AskToMute peer />
                        </Show>
                        <button
                            type="button"
                            class="secondary"
                            data-testid="person-inspect"
                            on:click=move |_| inspect()
                        >
                            {td_string!(locale, people.inspect)}
                        </button>
                    </div>
                </div>
            </details>
        </li>
    }
}

fn pressed(is_pressed: bool) -> &'static str {
    if is_pressed { "true" } else { "false" }
}

/// What the user wants to hear and see of a participant.
#[component]
fn Wishes(peer: PeerField, name: Memo<String>) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let personal = expect_context::<CallUi>().personal;
    let wishes = personal.of(peer);
    let slider = NodeRef::<html::Input>::new();
    let change_volume = move |_| {
        if let Some(slider) = slider.get_untracked() {
            let volume = (slider.value_as_number() / 100.0).clamp(0.0, 1.0);
            personal.change(peer, |wishes| {
                wishes.volume = volume;
                wishes.is_muted = false;
            });
        }
    };
    view! {
        <label class="field">
            <span>{move || fill(td_string!(locale, people.volume), "name", &name.get())}</span>
            <input
                type="range"
                min="0"
                max="100"
                step="5"
                node_ref=slider
                data-testid="volume"
                prop:value=move || (wishes.get().volume * 100.0).round().to_string()
                on:input=change_volume
            />
        </label>
        <div class="person-actions">
            <button
                type="button"
                class="secondary"
                data-testid="mute-for-me"
                aria-pressed=move || pressed(wishes.get().is_muted)
                on:click=move |_| personal.change(peer, |wishes| wishes.is_muted = !wishes.is_muted)
            >
                {td_string!(locale, people.mute_for_me)}
            </button>
            <button
                type="button"
                class="secondary"
                data-testid="hide-for-me"
                aria-pressed=move || pressed(wishes.get().is_hidden)
                on:click=move |_| personal.change(peer, |wishes| wishes.is_hidden = !wishes.is_hidden)
            >
                {td_string!(locale, people.hide_for_me)}
            </button>
        </div>
    }
}

/// The button that asks a participant to mute the microphone.
#[component]
fn AskToMute(peer: PeerField) -> impl IntoView {
    let ui = Ui::from_context();
    let was_asked = RwSignal::new(false);
    let ask = move |_| {
        // Not `disabled`, which would take the focus away.
        if was_asked.get_untracked() {
            return;
        }
        ui.send(Command::AskToMute(peer.key()));
        was_asked.set(true);
        let end = move || {
            was_asked.try_set(false);
        };
        set_timeout(end, ASKED_FOR);
    };
    let words = move || {
        if was_asked.get() { td_string!(ui.locale, people.asked) } else { td_string!(ui.locale, people.ask_to_mute) }
    };
    view! {
        <button
            type="button"
            class="secondary"
            data-testid="ask-to-mute"
            aria-disabled=move || was_asked.get().then_some("true")
            on:click=ask
            prop:textContent=words
        ></button>
    }
}

/// The choice of where one's own picture is shown.
#[component]
fn OwnPictureChoice() -> impl IntoView {
    let locale = Ui::from_context().locale;
    let stage = expect_context::<CallUi>().stage;
    let choose = move |event: web_sys::Event| {
        let select = event.target().and_then(|select| select.dyn_into::<HtmlSelectElement>().ok());
        if let Some(own) = select.and_then(|select| OwnPicture::named(&select.value())) {
            stage.set_own_picture(own);
        }
    };
    let choices = [
        (OwnPicture::Tile, td_string!(locale, stage.own_tile)),
        (OwnPicture::Corner, td_string!(locale, stage.own_corner)),
        (OwnPicture::Hidden, td_string!(locale, stage.own_hidden)),
    ];
    view! {
        <label class="field">
            <span>{td_string!(locale, stage.own)}</span>
            <select data-testid="own-picture" on:change=choose>
                {choices
                    .map(|(own, words)| {
                        view! {
                            <option value=own.name() selected=move || stage.own_picture() == own>
                                {words}
                            </option>
                        }
                    })
                    .collect_view()}
            </select>
        </label>
    }
}
