//! A `<video>` that plays a media stream: one's own, silent and mirrored, or somebody else's, which the browser may
//! refuse to play before the page was touched.

use leptos::prelude::document;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DomException, HtmlVideoElement};

use super::element::{Element, element};
use super::reactive::{Value, at_end, effect};
use crate::browser::Stream;

/// One's own picture. Muted as a property, because the attribute has no effect on an element that exists already.
pub fn local_video(stream: Value<Option<Stream>>, label: &str) -> Element {
    let video = video().attr("class", "mirrored").test_id("local-video").attr("aria-label", label);
    video.cast::<HtmlVideoElement>().set_muted(true);
    plays(video, stream, |_| {})
}

/// Somebody else's picture and sound. `blocked` is set when the browser refuses to play before a tap.
pub fn remote_video(stream: Value<Option<Stream>>, blocked: Value<bool>) -> Element {
    plays(video().test_id("remote-video"), stream, move |video| play(video, blocked))
}

fn video() -> Element {
    element("video").attr("autoplay", "").attr("playsinline", "")
}

/// Makes the element play `stream`, and calls `started` whenever there is one.
fn plays(element: Element, stream: Value<Option<Stream>>, started: impl Fn(&HtmlVideoElement) + 'static) -> Element {
    let video: HtmlVideoElement = element.cast();
    effect({
        let video = video.clone();
        move || {
            stream.with(|stream| {
                video.set_src_object(stream.as_ref());
                if stream.is_some() {
                    started(&video);
                }
            });
        }
    });
    // Browsers keep a removed `<video>` that has a live stream, and with it the part of the page that it was in.
    at_end(move || video.set_src_object(None));
    element
}

/// Plays everybody: called from a tap, when browsers allow it.
pub fn play_all(blocked: Value<bool>) {
    blocked.set(false);
    let Ok(videos) = document().query_selector_all("video[data-testid=remote-video]") else { return };
    for index in 0..videos.length() {
        if let Some(video) = videos.get(index).and_then(|node| node.dyn_into::<HtmlVideoElement>().ok()) {
            play(&video, blocked);
        }
    }
}

fn play(video: &HtmlVideoElement, blocked: Value<bool>) {
    let Ok(promise) = video.play() else { return };
    spawn_local(async move {
        // Other refusals (`AbortError`: the stream was replaced meanwhile) are followed by another attempt.
        if let Err(error) = JsFuture::from(promise).await
            && is_refusal(&error)
        {
            blocked.set(true);
        }
    });
}

fn is_refusal(error: &JsValue) -> bool {
    error.dyn_ref::<DomException>().is_some_and(|error| error.name() == "NotAllowedError")
}
