//! In the call: everybody in one grid that fits the window, and the controls.

use leptos::{html, prelude::*};

use super::controls::{CopyLink, DeviceToggles, LeaveButton, LinkDialog, SignalingIndicator};
use super::grid::{layout, watch_size};
use super::notice::{DeviceNotices, ProblemNotice};
use super::steps::StepsDialog;
use super::text::{Locale, fill, text};
use super::tile::{RemoteTile, SelfTile};
use super::video::play_all;
use super::{Ui, effect};

/// The call.
#[component]
pub fn Call(ui: Ui) -> impl IntoView {
    let locale = ui.locale;
    let room = ui.select(|state| state.room.clone().unwrap_or_default());
    let opened = RwSignal::new(None::<u64>);
    let blocked = RwSignal::new(false);
    let refused = RwSignal::new(false);
    let people = ui.select(|state| state.peers.len() + 1);
    let title = NodeRef::<html::H1>::new();
    effect(move || {
        // The button that led here is gone, and the focus with it.
        if let Some(title) = title.get() {
            let _ = title.focus();
        }
    });
    view! {
        <main class="call">
            <header class="bar">
                <div class="room">
                    <h1 node_ref=title tabindex="-1">{room}</h1>
                    <p data-testid="people">{move || count(locale, people.get())}</p>
                </div>
                <SignalingIndicator ui />
            </header>
            <Grid ui opened blocked refused />
            <div class="notices">
                <ProblemNotice ui />
                <DeviceNotices ui />
            </div>
            <footer class="controls" role="group" aria-label=text!(locale, call.controls)>
                <DeviceToggles ui />
                <CopyLink ui class="control" test_id="copy-link" refused />
                <LeaveButton ui />
            </footer>
            {move || blocked.get().then(|| tap_to_play(locale, blocked))}
            <StepsDialog ui opened />
            <LinkDialog ui open=refused />
        </main>
    }
    .into_any()
}

fn count(locale: Locale, people: usize) -> String {
    if people == 1 {
        text!(locale, call.one).to_owned()
    } else {
        fill(text!(locale, call.many), "count", &people.to_string())
    }
}

/// Everybody, oneself first. While one is alone, the place of the other shows how to fill it.
#[component]
fn Grid(ui: Ui, opened: RwSignal<Option<u64>>, blocked: RwSignal<bool>, refused: RwSignal<bool>) -> impl IntoView {
    let locale = ui.locale;
    let keys = ui.select(|state| state.peers.iter().map(|peer| peer.key).collect::<Vec<_>>());
    let alone = move || keys.with(Vec::is_empty);
    let size = RwSignal::new((0.0, 0.0));
    let container = NodeRef::<html::Section>::new();
    let tiles = NodeRef::<html::Div>::new();
    container.on_load(move |container| {
        watch_size(&container, move |width, height| {
            let _ = size.try_set((width, height));
        })
    });
    effect(move || {
        let (width, height) = size.get();
        if let Some(tiles) = tiles.get() {
            layout(keys.with(Vec::len).max(1) + 1, width, height).apply(&tiles);
        }
    });
    view! {
        <section node_ref=container class="grid" aria-label=text!(locale, call.people)>
            <div node_ref=tiles class="tiles">
                <SelfTile ui />
                <For each=move || keys.get() key=|key| *key let:key>
                    <RemoteTile ui key opened blocked />
                </For>
                {move || alone().then(|| empty_seat(ui, refused))}
            </div>
        </section>
    }
    .into_any()
}

fn empty_seat(ui: Ui, refused: RwSignal<bool>) -> AnyView {
    view! {
        <div class="tile empty" data-testid="alone">
            <h2>{text!(ui.locale, call.alone)}</h2>
            <p>{text!(ui.locale, call.alone_lead)}</p>
            <CopyLink ui class="primary" test_id="copy-link-alone" refused />
        </div>
    }
    .into_any()
}

fn tap_to_play(locale: Locale, blocked: RwSignal<bool>) -> AnyView {
    view! {
        <button type="button" class="curtain" data-testid="play-all" on:click=move |_| play_all(blocked)>
            <strong>{text!(locale, call.blocked)}</strong>
            <span>{text!(locale, call.blocked_lead)}</span>
        </button>
    }
    .into_any()
}
