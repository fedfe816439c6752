//! The elements that play media streams: the user's own picture, silent and mirrored, and each participant's picture
//! and sound. The two are played apart, because an element whose stream has a video track without a frame plays no
//! sound (Chromium). They stay in step all the same: the browser aligns what it receives of one participant before it
//! is played. An element that should play and is paused, by the browser or after a sleep, is played again.

use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DomException, EventTarget, HtmlMediaElement};

use super::element::{Element, element};
use super::reactive::{Value, at_end, effect, keep};
use crate::browser::{Listener, Stream};

/// The user's own picture.
pub fn local_video(stream: Value<Option<Stream>>, label: &str) -> Element {
    plays(silent_video("local-video").attr("class", "mirrored").attr("aria-label", label), stream, None)
}

/// A participant's picture. `blocked` is set when the browser refuses to play before a tap.
pub fn remote_video(stream: Value<Option<Stream>>, blocked: Value<bool>) -> Element {
    plays(silent_video("remote-video"), stream, Some(blocked))
}

/// A participant's sound. `blocked` is set when the browser refuses to play before a tap.
pub fn remote_audio(stream: Value<Option<Stream>>, blocked: Value<bool>) -> Element {
    plays(element("audio").attr("autoplay", "").test_id("remote-audio"), stream, Some(blocked))
}

/// Muted as a property, because the attribute has no effect on an element that exists already.
fn silent_video(test_id: &str) -> Element {
    let video = element("video").attr("autoplay", "").attr("playsinline", "").test_id(test_id);
    video.cast::<HtmlMediaElement>().set_muted(true);
    video
}

/// Makes the element play `stream` for as long as the current owner lives.
fn plays(element: Element, stream: Value<Option<Stream>>, blocked: Option<Value<bool>>) -> Element {
    let player: HtmlMediaElement = element.cast();
    effect({
        let player = player.clone();
        move || {
            stream.with(|stream| player.set_src_object(stream.as_ref()));
            play(&player, blocked);
        }
    });
    let is_sound = !player.muted();
    let (page, window) = (document(), window());
    // A frozen page is told of its `resume`, a restored one of its `pageshow`; neither starts the element by itself.
    let occasions: [(&EventTarget, &'static str); 4] =
        [(&player, "pause"), (&page, "visibilitychange"), (&page, "resume"), (&window, "pageshow")];
    for (target, event) in occasions {
        let player = player.clone();
        keep(Listener::new(target, event, move |_| {
            // Browsers pause pictures that nobody sees; they play again when they are seen. Sound is heard all the same.
            if is_sound || !document().hidden() {
                play(&player, blocked);
            }
        }));
    }
    // Browsers keep a removed element that has a live stream, and with it the part of the page that it was in.
    at_end(move || player.set_src_object(None));
    element
}

/// Plays everybody: called from a tap, when browsers allow it.
pub fn play_all(blocked: Value<bool>) {
    blocked.set(false);
    let Ok(players) = document().query_selector_all(":is(audio, video)[data-testid^=remote-]") else { return };
    for index in 0..players.length() {
        if let Some(player) = players.get(index).and_then(|node| node.dyn_into::<HtmlMediaElement>().ok()) {
            play(&player, Some(blocked));
        }
    }
}

/// Plays what the element has to play, unless it does so already.
fn play(player: &HtmlMediaElement, blocked: Option<Value<bool>>) {
    let has_media = player.src_object().is_some_and(|stream| stream.active());
    if !has_media || !player.paused() {
        return;
    }
    let Ok(promise) = player.play() else { return };
    spawn_local(async move {
        // Other refusals (`AbortError`: the stream was replaced meanwhile) are followed by another attempt.
        if let Err(error) = JsFuture::from(promise).await
            && is_refusal(&error)
            && let Some(blocked) = blocked
        {
            blocked.set(true);
        }
    });
}

fn is_refusal(error: &JsValue) -> bool {
    error.dyn_ref::<DomException>().is_some_and(|error| error.name() == "NotAllowedError")
}
