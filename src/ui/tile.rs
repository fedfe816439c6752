//! A participant's tile in the grid: picture or avatar, name, marks, and the connection's state in words.

use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_insight::{path::MediaPath, quality::Weakness};

use super::arrangement::StageItem;
use super::avatar::{Avatar, tint};
use super::context::{CallUi, Ui};
use super::devices::FlipCamera;
use super::fit::Fit;
use super::hand::{HandMark, place_in_order};
use super::icon::{Icon, IconName};
use super::inspector::open_inspector;
use super::reaction::FloatingReactions;
use super::showing::PictureTools;
use super::stage::PinButton;
use super::text::{self, fill};
use super::video::{Audio, Video, is_mirrored};
use crate::call::{
    CallStateStoreFields as _, Command, ConnectionState, DeviceState, HandOf, PeerField, PeerState, Trouble,
};

/// Name and microphone mark, on a chip that is readable over any picture.
#[component]
fn Caption(
    /// The participant's name.
    #[prop(into)]
    name: Signal<String>,
    /// Whether the microphone is off.
    #[prop(into)]
    muted: Signal<bool>,
    /// Whose it is, for the raised hand.
    hand: HandOf,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let place = place_in_order(hand);
    view! {
        <p class="caption">
            <Show when=move || muted.get()>
                <span class="muted" data-testid="muted">
                    <Icon name=IconName::MicrophoneOff />
                    <span class="visually-hidden">{td_string!(locale, call.muted)}</span>
                </span>
            </Show>
            <HandMark place=place />
            <span class="caption-name" dir="auto" translate="no" prop:textContent=name></span>
        </p>
    }
}

/// The user's own tile.
#[component]
pub fn SelfTile() -> impl IntoView {
    let Ui { state, locale, name, .. } = Ui::from_context();
    let stream = Signal::derive_local(move || state.local().with(|local| local.stream.clone()));
    let camera = Memo::new(move |_| state.local().with(|local| local.camera == DeviceState::On));
    let muted = Memo::new(move |_| state.local().with(|local| local.microphone != DeviceState::On));
    let speaking = Memo::new(move |_| state.local().with(|local| local.is_speaking));
    let you = td_string!(locale, call.you);
    let fit = Fit::new(expect_context::<CallUi>().stage.tile_size(StageItem::Own));
    view! {
        <div
            class="tile"
            role="group"
            aria-label=you
            data-testid="self-tile"
            data-video=move || camera.get().then_some("true")
            data-speaking=move || speaking.get().then_some("true")
            data-whole=move || fit.is_whole().then_some("true")
        >
            <Video stream label=you fit test_id="local-video" mirrored=is_mirrored() />
            <Show when=move || !camera.get()>
                <div class="placeholder">
                    <Avatar name tint=0 />
                </div>
            </Show>
            <Caption name=you.to_owned() muted hand=HandOf::Own />
            <FloatingReactions reactions=state.own_reactions() />
            <div class="tile-head">
                <div class="tile-tools">
                    <FlipCamera class="icon-button tile-button" />
                    <PinButton item=StageItem::Own name=you.to_owned() />
                </div>
            </div>
        </div>
    }
}

/// Whether there is a picture to show: as the peer says, or as long as it says nothing, if there is a stream.
fn has_picture(peer: &PeerState) -> bool {
    matches!(peer.connection, ConnectionState::Connected | ConnectionState::Disconnected)
        && peer.video_stream.is_some()
        && peer.video != Some(false)
}

/// An icon, and its meaning in words.
#[component]
fn Mark(
    /// The icon.
    icon: IconName,
    /// The words.
    words: String,
    /// Identifies the element in tests.
    test_id: &'static str,
) -> impl IntoView {
    let title = words.clone();
    view! {
        <p class="path" data-testid=test_id title=title>
            <Icon name=icon />
            <span prop:textContent=words></span>
        </p>
    }
}

/// The media path, as an icon and in words.
#[component]
pub fn PathMark(
    /// The media path.
    path: MediaPath,
) -> impl IntoView {
    let icon = match path {
        MediaPath::Local => IconName::House,
        MediaPath::Internet => IconName::Globe,
        MediaPath::Relayed(..) => IconName::Relay,
    };
    view! { <Mark icon words=text::path(Ui::from_context().locale, path) test_id="path" /> }
}

/// A peer's tile.
#[component]
pub fn RemoteTile(
    /// The peer.
    peer: PeerField,
) -> impl IntoView {
    let Ui { locale, .. } = Ui::from_context();
    let call: CallUi = expect_context();
    let item = StageItem::Peer(peer.key());
    let id = Memo::new(move |_| peer.try_with(|peer| peer.id.0.clone()));
    let name = Memo::new(move |_| {
        peer.try_with(|peer| text::name_or_guest(locale, peer.name.as_deref(), &peer.id)).unwrap_or_default()
    });
    let audio = Signal::derive_local(move || peer.try_with(|peer| peer.audio_stream.clone()).flatten());
    let video = Signal::derive_local(move || peer.try_with(|peer| peer.video_stream.clone()).flatten());
    let connection = Memo::new(move |_| peer.try_with(|peer| peer.connection).unwrap_or(ConnectionState::Closed));
    let muted = Memo::new(move |_| peer.try_with(|peer| peer.audio) == Some(Some(false)));
    let wishes = call.personal.of(peer);
    let picture = Memo::new(move |_| !wishes.get().is_hidden && peer.try_with(has_picture) == Some(true));
    let speaking = Memo::new(move |_| peer.try_with(|peer| peer.is_speaking) == Some(true));
    let reactions = Memo::new(move |_| peer.try_with(|peer| peer.reactions.clone()).unwrap_or_default());
    let weakness = Memo::new(move |_| peer.try_with(|peer| peer.weakness).flatten());
    let path = Memo::new(move |_| peer.try_with(|peer| peer.path).flatten());
    let trouble = Memo::new(move |_| peer.try_with(|peer| peer.trouble).flatten());
    let step = Memo::new(move |_| {
        peer.try_with(|peer| Some(peer.steps.reached.last()?.0.number(peer.steps.offerer))).flatten()
    });
    let tint = id.with_untracked(|id| tint(id.as_deref().unwrap_or_default()));
    let fit = Fit::new(call.stage.tile_size(item));
    let inspect = move |_| {
        if let Some(person) = peer.try_with(PeerState::person) {
            open_inspector(call, person);
        }
    };
    view! {
        <div
            class="tile"
            role="group"
            aria-label=name
            data-testid="tile"
            data-peer=id
            data-state=move || connection.get().name()
            data-step=step
            data-video=move || picture.get().then_some("true")
            data-speaking=move || speaking.get().then_some("true")
            data-weakness=move || weakness.get().map(Weakness::code)
            data-trouble=move || trouble.get().map(Trouble::code)
            data-path=move || path.get().map(MediaPath::name)
            data-relay-side=move || path.get().and_then(MediaPath::relay_side)
            data-whole=move || fit.is_whole().then_some("true")
        >
            <Video stream=video label=name fit test_id="remote-video" blocked=call.blocked />
            <Audio stream=audio blocked=call.blocked wishes />
            <div class="placeholder">
                <Avatar name tint />
                <Show when=move || connection.get() != ConnectionState::Connected>
                    <Status peer connection trouble />
                </Show>
            </div>
            <Caption name muted hand=HandOf::Peer(peer.key()) />
            <FloatingReactions reactions />
            <div class="tile-head">
                {move || match trouble.get() {
                    Some(trouble) if trouble != Trouble::Unanswered => {
                        let words = text::trouble(locale, trouble).to_owned();
                        view! { <Mark icon=IconName::Alert words test_id="trouble" /> }.into_any()
                    }
                    _ if weakness.get().is_some() => {
                        let words = weakness.get().map(|weakness| text::weakness(locale, weakness)).unwrap_or_default();
                        view! { <Mark icon=IconName::Alert words=words.to_owned() test_id="weakness" /> }.into_any()
                    }
                    _ => path.get().map(|path| view! { <PathMark path /> }).into_any(),
                }}
                <div class="tile-tools">
                    <Show when=move || fit.has_choice() && picture.get()>
                        <button
                            type="button"
                            class="icon-button tile-button"
                            data-testid="fit"
                            aria-pressed=move || if fit.is_whole() { "false" } else { "true" }
                            aria-label=move || fill(td_string!(locale, call.fill), "name", &name.get())
                            on:click=move |_| fit.toggle()
                        >
                            <Icon name=IconName::Fill />
                        </button>
                    </Show>
                    <PictureTools name />
                    <PinButton item name />
                    <button
                        type="button"
                        class="icon-button tile-button steps-button"
                        data-testid="inspect-tile"
                        aria-label=move || fill(td_string!(locale, inspect.open), "name", &name.get())
                        on:click=inspect
                    >
                        <Icon name=IconName::Path />
                    </button>
                </div>
            </div>
        </div>
    }
}

/// The state of a connection that is not established, in words.
#[component]
fn Status(peer: PeerField, connection: Memo<ConnectionState>, trouble: Memo<Option<Trouble>>) -> impl IntoView {
    let ui = Ui::from_context();
    let locale = ui.locale;
    let words = move || match trouble.get() {
        Some(Trouble::Unanswered) => text::trouble(locale, Trouble::Unanswered),
        _ => text::connection(locale, connection.get()),
    };
    // The current step matters only while the connection is set up; later the state says enough.
    let progress = Memo::new(move |_| {
        let waiting = peer.try_with(|peer| match peer.connection {
            ConnectionState::New | ConnectionState::Connecting => text::waiting(locale, &peer.steps),
            _ => "",
        });
        waiting.unwrap_or_default()
    });
    let retry = move |_| ui.send(Command::Retry(peer.key()));
    view! {
        <div class="status">
            <p data-testid="peer-state">
                <strong prop:textContent=words></strong>
                <span prop:textContent=progress></span>
            </p>
            <Show when=move || connection.get() == ConnectionState::Failed>
                <button type="button" class="secondary" data-testid="retry" on:click=retry>
                    {td_string!(locale, app.retry)}
                </button>
            </Show>
        </div>
    }
}
