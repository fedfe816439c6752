//! What the browser and the system do for a call: pictures in a window of their own, the whole screen, a screen that stays
//! on, keys for the microphone. What the browser refuses is said in words.

use leptos::prelude::*;
use leptos_i18n::td_string;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, Event, HtmlVideoElement};

use super::context::{CallUi, Ui};
use super::control::Control;
use super::icon::{Icon, IconName};
use super::notice::Notice;
use super::refusal::Refusal;
use super::shortcuts::Shortcut;
use super::text::{Words, fill};
use crate::browser::{
    JsError, Listener, MediaSession, SessionAction, WakeLock, end_picture_in_picture, has_fullscreen,
    has_picture_in_picture, is_fullscreen, toggle_fullscreen, toggle_picture_in_picture,
};
use crate::call::{CallStateStoreFields as _, Command, DeviceState};

/// Says what the browser refused.
#[component]
pub fn RefusalNotice() -> impl IntoView {
    let locale = Ui::from_context().locale;
    let call: CallUi = expect_context();
    let card = move |refusal: Refusal| {
        let (code, title, reason) = match &refusal {
            Refusal::PictureInPicture(reason) => {
                ("picture-in-picture-refused", td_string!(locale, showing.picture_refused), reason)
            }
            Refusal::Fullscreen(reason) => {
                ("fullscreen-refused", td_string!(locale, showing.fullscreen_refused), reason)
            }
            Refusal::Sharing(reason) => ("sharing-refused", td_string!(locale, showing.sharing_refused), reason),
        };
        let help = fill(td_string!(locale, showing.refused_help), "reason", reason);
        let words = Words { title: title.to_owned(), help };
        view! { <Notice code words dismiss=Callback::new(move |()| call.refusal.set(None)) /> }
    };
    view! { <For each=move || call.refusal.get() key=Clone::clone children=card /> }
}

/// Runs `attempt`; what the browser refuses is shown.
pub fn attempt(
    call: CallUi,
    refused: fn(String) -> Refusal,
    attempt: impl Future<Output = Result<(), JsError>> + 'static,
) {
    spawn_local(async move {
        call.refusal.try_set(attempt.await.err().map(|error| refused(error.message)));
    });
}

/// The buttons of a picture: a window of its own, and the whole screen; those that this browser has.
#[component]
pub fn PictureTools(
    /// Whose picture it is.
    #[prop(into)]
    name: Signal<String>,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let call: CallUi = expect_context();
    let pop_out = move |event: web_sys::MouseEvent| {
        let video = tile_of(&event).and_then(|tile| tile.query_selector("video").ok().flatten());
        if let Some(video) = video.and_then(|video| video.dyn_into::<HtmlVideoElement>().ok()) {
            attempt(call, Refusal::PictureInPicture, async move { toggle_picture_in_picture(&video).await });
        }
    };
    let enlarge = move |event: web_sys::MouseEvent| {
        if let Some(tile) = tile_of(&event) {
            attempt(call, Refusal::Fullscreen, async move { toggle_fullscreen(&tile).await });
        }
    };
    let pop_out_button = move || {
        view! {
            <button
                type="button"
                class="icon-button tile-button picture-tool"
                data-testid="picture-in-picture"
                aria-label=move || fill(td_string!(locale, showing.picture), "name", &name.get())
                on:click=pop_out
            >
                <Icon name=IconName::PopOut />
            </button>
        }
    };
    let enlarge_button = move || {
        view! {
            <button
                type="button"
                class="icon-button tile-button picture-tool"
                data-testid="fullscreen-tile"
                aria-label=move || fill(td_string!(locale, showing.fullscreen_of), "name", &name.get())
                on:click=enlarge
            >
                <Icon name=IconName::Fullscreen />
            </button>
        }
    };
    view! {
        {has_picture_in_picture().then(pop_out_button)}
        {has_fullscreen().then(enlarge_button)}
    }
}

fn tile_of(event: &Event) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(".tile").ok()?
}

/// The switch that shows the page on the whole screen, if this browser has one.
#[component]
pub fn FullscreenToggle() -> impl IntoView {
    let locale = Ui::from_context().locale;
    let call: CallUi = expect_context();
    let is_on = RwSignal::new(is_fullscreen());
    StoredValue::new_local(Listener::new(&document(), "fullscreenchange", move |_| {
        is_on.try_set(is_fullscreen());
    }));
    let toggle = move |_| {
        if let Some(page) = document().document_element() {
            attempt(call, Refusal::Fullscreen, async move { toggle_fullscreen(&page).await });
        }
    };
    has_fullscreen().then(|| {
        view! {
            <Control
                icon=IconName::Fullscreen
                label=td_string!(locale, showing.fullscreen)
                attr:data-testid="fullscreen"
                attr:aria-pressed=move || if is_on.get() { "true" } else { "false" }
                attr:aria-keyshortcuts=Shortcut::Fullscreen.attribute()
                on:click=toggle
            />
        }
    })
}

/// Keeps the screen on and serves the system's keys, as long as the current owner lives.
pub fn stay_awake_and_listen() {
    let ui = Ui::from_context();
    StoredValue::new_local(WakeLock::new());
    let session = StoredValue::new_local(MediaSession::start(move |action| {
        let wanted = |device: fn(&crate::call::LocalMedia) -> &DeviceState| {
            ui.state.local().with_untracked(|local| device(local).is_wanted())
        };
        ui.send(match action {
            SessionAction::ToggleMicrophone => Command::SetMicrophone(!wanted(|local| &local.microphone)),
            SessionAction::ToggleCamera => Command::SetCamera(!wanted(|local| &local.camera)),
            SessionAction::HangUp => Command::Leave,
        });
    }));
    Effect::new(move |_| {
        let (microphone, camera) =
            ui.state.local().with(|local| (local.microphone == DeviceState::On, local.camera == DeviceState::On));
        session.with_value(|session| session.show(microphone, camera));
    });
    on_cleanup(end_picture_in_picture);
}
