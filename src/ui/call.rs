//! The call screen: all participants in one grid that fits the window, and the controls.

use leptos::{html, prelude::*};
use leptos_i18n::td_string;

use super::arrangement::StageItem;
use super::bar::ControlBar;
use super::chat::{ChatNotifier, ChatPanel};
use super::context::{CallUi, Ui};
use super::controls::{CopyLink, LinkDialog, SignalingIndicator};
use super::device_switches::DevicesDialog;
use super::devices::ChoiceNotice;
use super::focus::{FocusKeeper, focus_when_shown};
use super::grid::watch_size;
use super::hand::MuteRequests;
use super::inspector::InspectorPanel;
use super::invite::{InviteButton, InviteDialog};
use super::moving::MovingDialog;
use super::notice::{DeviceNotices, ProblemNotice, PromptNotice};
use super::people::PeoplePanel;
use super::reaction::ReactionsDialog;
use super::screen::{ScreenNotice, ScreenTile, SharingBar};
use super::shortcut_sheet::ShortcutSheet;
use super::shortcuts;
use super::showing::{RefusalNotice, stay_awake_and_listen};
use super::stage::{Seat, Stage};
use super::text::fill;
use super::tile::{RemoteTile, SelfTile};
use super::video::play_all;
use super::voice_hint::VoiceHintNotice;
use crate::call::{CallStateStoreFields as _, PeerField};

/// The call screen.
#[component]
pub fn CallScreen() -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let screen = NodeRef::<html::Main>::new();
    let call: CallUi = expect_context();
    shortcuts::listen();
    stay_awake_and_listen();
    let room = move || state.room().get().unwrap_or_default();
    let participants = move || match state.peers().with(Vec::len) + 1 {
        1 => td_string!(locale, call.one).to_owned(),
        count => fill(td_string!(locale, call.many), "count", &count.to_string()),
    };
    // The button that led here is gone, and the focus with it: focus the title.
    let title = NodeRef::<html::H1>::new();
    focus_when_shown(title);
    let focus = FocusKeeper::new(title);
    Effect::new(move |_| {
        state.peers().with(|_| ());
        focus.check();
    });
    view! {
        <main class="call" node_ref=screen on:focusin=move |event| focus.on_focus_in(&event)>
            <header class="bar">
                <div class="room">
                    <h1 tabindex="-1" translate="no" node_ref=title prop:textContent=room></h1>
                    <p data-testid="people" prop:textContent=participants></p>
                </div>
                <SignalingIndicator />
            </header>
            <div class="notices">
                <ProblemNotice />
                <PromptNotice />
                <MuteRequests />
                <DeviceNotices />
                <ScreenNotice />
                <SharingBar />
                <RefusalNotice />
                <Show when=move || !call.devices.get()>
                    <ChoiceNotice />
                </Show>
                <VoiceHintNotice open_devices=call.devices />
            </div>
            <section class="grid" aria-label=td_string!(locale, call.people)>
                <Stage>
                    <Tiles />
                </Stage>
            </section>
            <PeoplePanel />
            <ChatPanel />
            <InspectorPanel />
            <ChatNotifier />
            <ControlBar screen=watch_size(screen) />
            <Show when=move || call.blocked.get()>
                <button
                    type="button"
                    class="curtain"
                    data-testid="play-all"
                    on:click=move |_| play_all(call.blocked)
                >
                    <strong>{td_string!(locale, call.blocked)}</strong>
                    <span>{td_string!(locale, call.blocked_lead)}</span>
                </button>
            </Show>
            <InviteDialog />
            <DevicesDialog open=call.devices with_choices=true />
            <LinkDialog open=call.link />
            <ShortcutSheet />
            <ReactionsDialog />
            <MovingDialog />
        </main>
    }
}

/// All tiles, the user's own first, each in its seat. While the user is alone, a placeholder offers the invite link.
#[component]
fn Tiles() -> impl IntoView {
    let state = Ui::from_context().state;
    let peer_seat = |peer: PeerField| {
        view! {
            <Seat item=StageItem::Peer(peer.key())>
                <RemoteTile peer />
            </Seat>
            <Show when=move || peer.try_with(|peer| peer.screen_stream.is_some()) == Some(true)>
                <Seat item=StageItem::Screen(peer.key())>
                    <ScreenTile peer />
                </Seat>
            </Show>
        }
    };
    view! {
        <Seat item=StageItem::Own>
            <SelfTile />
        </Seat>
        <For each=move || state.peers() key=PeerField::key children=peer_seat />
        <Show when=move || state.peers().with(Vec::is_empty)>
            <Seat item=StageItem::Invitation>
                <Invitation />
            </Seat>
        </Show>
    }
}

#[component]
fn Invitation() -> impl IntoView {
    let locale = Ui::from_context().locale;
    let call: CallUi = expect_context();
    view! {
        <div class="tile empty" data-testid="alone">
            <h2>{td_string!(locale, call.alone)}</h2>
            <p>{td_string!(locale, call.alone_lead)}</p>
            <div class="empty-actions">
                <CopyLink class="primary" test_id="copy-link-alone" refused=call.link />
                <InviteButton class="secondary" test_id="invite-alone" />
            </div>
        </div>
    }
}
