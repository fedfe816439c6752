//! The elements that play media streams. A peer's video and audio play in separate elements, because Chromium plays no
//! audio in an element whose video track has no frame yet. They stay in sync: the browser aligns the tracks of one peer
//! before it plays them. An element that the browser paused, or that stopped during sleep, is played again.

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DomException, EventTarget, HtmlMediaElement};

use super::context::Ui;
use super::fit::Fit;
use super::personal::Personal;
use crate::browser::{Listener, Stream, log, play_on};
use crate::call::{CallStateStoreFields as _, Command, DeviceCommand};

/// A stream that may change. Streams are not `Send`, so the signal is local.
pub type StreamSignal = Signal<Option<Stream>, LocalStorage>;

/// Plays a participant's video, always muted.
#[component]
pub fn Video(
    /// The stream to play.
    stream: StreamSignal,
    /// The accessible name.
    #[prop(into)]
    label: Signal<String>,
    /// How the picture fills its tile.
    fit: Fit,
    /// Identifies the element in tests.
    test_id: &'static str,
    /// Whether the picture is mirrored, as the user's own is.
    #[prop(optional, into)]
    mirrored: Signal<bool>,
    /// Set when the browser refuses to play before a tap.
    #[prop(optional)]
    blocked: Option<RwSignal<bool>>,
) -> impl IntoView {
    let player = NodeRef::<html::Video>::new();
    let play = keep_playing(move || player.get().map(JsCast::unchecked_into), stream, blocked);
    view! {
        <video
            node_ref=player
            class:mirrored=move || mirrored.get()
            data-testid=test_id
            aria-label=label
            autoplay
            playsinline
            prop:muted=true
            on:pause=move |_| play()
            on:resize=move |event| fit.on_resize(&event)
        ></video>
    }
}

/// Plays a peer's audio.
#[component]
pub fn Audio(
    /// The stream to play.
    stream: StreamSignal,
    /// Set when the browser refuses to play before a tap.
    blocked: RwSignal<bool>,
    /// How loud the user wants it.
    wishes: Memo<Personal>,
) -> impl IntoView {
    let player = NodeRef::<html::Audio>::new();
    Effect::new(move |_| {
        if let Some(player) = player.get() {
            let wishes = wishes.get();
            player.set_volume(wishes.volume);
            player.set_muted(wishes.is_muted);
        }
    });
    let play = keep_playing(move || player.get().map(JsCast::unchecked_into), stream, Some(blocked));
    follow_speaker(player);
    view! { <audio node_ref=player data-testid="remote-audio" autoplay on:pause=move |_| play()></audio> }
}

/// Makes the element play on the chosen speaker, and tells the engine if it cannot.
pub fn follow_speaker(player: NodeRef<html::Audio>) {
    let ui = Ui::from_context();
    let speaker = Memo::new(move |_| ui.state.devices().with(|devices| devices.speaker.clone()).unwrap_or_default());
    Effect::new(move |_| {
        let (id, Some(player)) = (speaker.get(), player.get()) else { return };
        spawn_local(async move {
            if let Err(error) = play_on(&player, &id).await
                && error.name != "AbortError"
                && !id.is_empty()
            {
                log(&format!("the speaker cannot be used: {error}"));
                ui.send(Command::Devices(DeviceCommand::SpeakerFailed(id)));
            }
        });
    });
}

/// The own picture is mirrored, as the user is used to.
pub fn is_mirrored() -> Signal<bool> {
    let state = Ui::from_context().state;
    Memo::new(move |_| state.devices().with(|devices| !devices.shown_unmirrored)).into()
}

/// Makes the element play `stream` as long as the current owner lives. Returns a function that resumes a paused
/// element.
fn keep_playing(
    player: impl Fn() -> Option<HtmlMediaElement> + Copy + Send + Sync + 'static,
    stream: StreamSignal,
    blocked: Option<RwSignal<bool>>,
) -> impl Fn() + Copy + 'static {
    Effect::new(move |_| {
        let Some(player) = player() else { return };
        stream.with(|stream| {
            // Setting the same stream again would restart playback.
            if player.src_object() != *stream {
                player.set_src_object(stream.as_ref());
            }
        });
        play(&player, blocked);
    });
    // Browsers keep a removed element that has a live stream, and with it its part of the page.
    on_cleanup(move || {
        if let Some(player) = untrack(player) {
            player.set_src_object(None);
        }
    });
    let play_again = move || {
        let Some(player) = untrack(player) else { return };
        // Browsers pause muted video on a hidden page, and it resumes when the page is visible. Audio resumes at once.
        if !player.muted() || !document().hidden() {
            play(&player, blocked);
        }
    };
    // A page that was frozen gets `resume`, a restored one `pageshow`; neither resumes the element by itself.
    let (page, window) = (document(), window());
    let events: [(&EventTarget, _); 3] = [(&page, "visibilitychange"), (&page, "resume"), (&window, "pageshow")];
    for (target, event) in events {
        StoredValue::new_local(Listener::new(target, event, move |_| play_again()));
    }
    play_again
}

/// Plays the media of all peers. Called from a tap, because then browsers allow it.
pub fn play_all(blocked: RwSignal<bool>) {
    blocked.set(false);
    let Ok(players) = document().query_selector_all(":is(audio, video)[data-testid^=remote-]") else { return };
    for index in 0..players.length() {
        if let Some(player) = players.get(index).and_then(|node| node.dyn_into::<HtmlMediaElement>().ok()) {
            play(&player, Some(blocked));
        }
    }
}

/// Plays the element's stream unless it is playing already.
fn play(player: &HtmlMediaElement, blocked: Option<RwSignal<bool>>) {
    let has_media = player.src_object().is_some_and(|stream| stream.active());
    if !has_media || !player.paused() {
        return;
    }
    let Ok(promise) = player.play() else { return };
    spawn_local(async move {
        // Other rejections, as `AbortError` when the stream was replaced meanwhile, are followed by another attempt.
        if let Err(error) = JsFuture::from(promise).await
            && is_autoplay_block(&error)
            && let Some(blocked) = blocked
        {
            blocked.try_set(true);
        }
    });
}

fn is_autoplay_block(error: &JsValue) -> bool {
    error.dyn_ref::<DomException>().is_some_and(|error| error.name() == "NotAllowedError")
}
