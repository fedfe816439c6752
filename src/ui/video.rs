//! A `<video>` that plays a media stream: one's own, silent and mirrored, or somebody else's, which the browser may
//! refuse to play before the page was touched.

use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DomException, HtmlVideoElement};

use super::effect;
use crate::browser::Stream;

/// A stream that changes, or goes.
pub type StreamSignal = ReadSignal<Option<Stream>, LocalStorage>;

/// One's own picture. Muted as a property, because the attribute has no effect on an element that exists already.
#[component]
pub fn LocalVideo(stream: StreamSignal, label: &'static str) -> impl IntoView {
    let node = NodeRef::<html::Video>::new();
    release(node);
    effect(move || {
        if let Some(video) = node.get() {
            video.set_muted(true);
            stream.with(|stream| video.set_src_object(stream.as_ref()));
        }
    });
    view! { <video node_ref=node class="mirrored" data-testid="local-video" aria-label=label autoplay playsinline></video> }
        .into_any()
}

/// Somebody else's picture and sound. `blocked` is set when the browser refuses to play before a tap.
#[component]
pub fn RemoteVideo(stream: StreamSignal, label: Signal<String>, blocked: RwSignal<bool>) -> impl IntoView {
    let node = NodeRef::<html::Video>::new();
    release(node);
    effect(move || {
        if let Some(video) = node.get() {
            stream.with(|stream| {
                video.set_src_object(stream.as_ref());
                if stream.is_some() {
                    play(&video, blocked);
                }
            });
        }
    });
    view! { <video node_ref=node data-testid="remote-video" aria-label=label autoplay playsinline></video> }.into_any()
}

/// Takes the stream out of the element at its end: browsers keep a removed `<video>` that has a live stream, and with it
/// the part of the page that it was in.
fn release(node: NodeRef<html::Video>) {
    on_cleanup(move || {
        if let Some(video) = node.try_get_untracked().flatten() {
            video.set_src_object(None);
        }
    });
}

/// Plays everybody: called from a tap, when browsers allow it.
pub fn play_all(blocked: RwSignal<bool>) {
    blocked.set(false);
    let Ok(videos) = document().query_selector_all("video[data-testid=remote-video]") else { return };
    for index in 0..videos.length() {
        if let Some(video) = videos.get(index).and_then(|node| node.dyn_into::<HtmlVideoElement>().ok()) {
            play(&video, blocked);
        }
    }
}

fn play(video: &HtmlVideoElement, blocked: RwSignal<bool>) {
    let Ok(promise) = video.play() else { return };
    spawn_local(async move {
        // Other refusals (`AbortError`: the stream was replaced meanwhile) are followed by another attempt.
        if let Err(error) = JsFuture::from(promise).await
            && is_refusal(&error)
        {
            let _ = blocked.try_set(true);
        }
    });
}

fn is_refusal(error: &JsValue) -> bool {
    error.dyn_ref::<DomException>().is_some_and(|error| error.name() == "NotAllowedError")
}
