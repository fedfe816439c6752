//! The interface, in Leptos components. [`App`] shows the [`CallStore`] that the engine publishes, and sends every
//! action of the user as a [`Command`]. Nothing about connections is decided here.
//!
//! A text that can change is the `textContent` of an element of its own: page translation replaces text nodes, and
//! Leptos cannot update a replaced node.

mod announce;
pub mod arrangement;
mod avatar;
mod bar;
mod brand;
mod call;
mod chat;
mod check;
mod context;
mod control;
mod controls;
mod device_switches;
mod devices;
mod dialog;
mod explain;
pub mod fit;
mod focus;
pub mod grid;
mod hand;
mod icon;
mod inspector;
mod invite;
mod lobby;
mod more;
mod moving;
mod notice;
mod page;
mod panel;
mod panel_name;
mod people;
mod personal;
mod reaction;
mod refusal;
mod screen;
mod settings;
mod shortcut_sheet;
mod shortcuts;
mod showing;
mod stage;
mod stage_ui;
mod switch;
pub mod text;
pub mod theme;
mod tile;
mod video;
mod voice_hint;
pub mod zoom;

use leptos::{context::Provider, prelude::*};

use self::announce::Announcements;
use self::call::CallScreen;
use self::context::{CallUi, Ui};
use self::lobby::{Lobby, LobbyUi};
use self::notice::Unsupported;
use self::reaction::ReactionAnnouncements;
pub use self::{explain::ExplainApp, page::is_explain_address};
use crate::call::{CallStateStoreFields as _, CallStore, Command, Problem, Stage};

#[derive(Clone, Copy, PartialEq)]
enum Screen {
    Unsupported,
    Lobby,
    Call,
}

/// The whole interface, in the language that the user chose or the browser has.
#[component]
pub fn App(
    /// The engine's published state.
    state: CallStore,
    /// Hands a command to the engine.
    send: impl Fn(Command) + 'static,
) -> impl IntoView {
    let name = RwSignal::new(page::remembered_name());
    let ui = Ui::new(state, send, page::remembered_language(), name);
    page::take_over();
    Effect::new(move |_| {
        let room = (state.stage().get() == Stage::InCall).then(|| state.room().get()).flatten();
        page::show_room(ui.language.get(), room.as_deref());
    });
    let screen = Memo::new(move |_| {
        let is_unsupported =
            state.problem().with(|problem| matches!(problem, Some(Problem::NoWebRtc | Problem::WebRtcRefused(_))));
        match state.stage().get() {
            _ if is_unsupported => Screen::Unsupported,
            Stage::InCall => Screen::Call,
            Stage::Lobby | Stage::Entering => Screen::Lobby,
        }
    });
    // A notified signal forgets the subscribers of the screen that is gone, as the store does.
    Effect::new(move |_| {
        screen.track();
        name.notify();
        ui.language.notify();
    });
    let has_called = StoredValue::new(false);
    view! {
        {move || match screen.get() {
            Screen::Unsupported => in_language(ui, || view! { <Unsupported /> }),
            Screen::Lobby => {
                let returning = has_called.get_value();
                view! {
                    <Provider value=LobbyUi::new()>{in_language(ui, move || view! { <Lobby returning /> })}</Provider>
                }
                .into_any()
            }
            Screen::Call => {
                has_called.set_value(true);
                view! { <Provider value=CallUi::new(state)>{in_language(ui, || view! { <CallScreen /> })}</Provider> }
                    .into_any()
            }
        }}
        {in_language(ui, || view! {
            <Announcements />
            <ReactionAnnouncements />
        })}
    }
}

/// What `view` makes, which is made anew when the user changes the language. Few users ever do, so texts are plain values.
fn in_language<V: IntoView + 'static>(ui: Ui, view: impl Fn() -> V + Send + 'static) -> AnyView {
    let language = Memo::new(move |_| ui.language.get());
    (move || {
        provide_context(ui.in_locale(language.get()));
        view().into_any()
    })
    .into_any()
}
