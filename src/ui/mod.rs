//! What people see. [`App`] is a function of the [`CallState`] that the engine publishes and of what is typed into
//! it; what people ask for leaves as a [`Command`]. Nothing about connections is decided here.

mod announce;
mod call;
mod controls;
pub mod grid;
mod icon;
mod lobby;
mod notice;
mod page;
mod steps;
pub mod text;
mod tile;
mod video;

use std::{collections::BTreeMap, rc::Rc};

use leptos::prelude::*;

use self::announce::Announcements;
use self::call::Call;
use self::lobby::Lobby;
use self::notice::Unsupported;
use self::text::Locale;
use crate::call::{CallState, Command, Problem, Stage};

/// Sends commands to the engine.
#[derive(Clone, Copy)]
pub struct Dispatch(StoredValue<Rc<dyn Fn(Command)>, LocalStorage>);

impl Dispatch {
    /// Hands every command to `send`.
    pub fn new(send: impl Fn(Command) + 'static) -> Self {
        Self(StoredValue::new_local(Rc::new(send)))
    }
}

/// Who is told of every new state, by number.
///
/// An effect for each would do the same, but a signal keeps a trace of every effect that has read it, also of those
/// whose component is gone, and the state outlives all components: entering and leaving again and again would fill
/// the memory.
#[derive(Clone, Copy)]
struct Watchers(StoredValue<BTreeMap<u32, Watcher>, LocalStorage>);

type Watcher = Rc<dyn Fn(&CallState)>;

impl Watchers {
    fn new() -> Self {
        Self(StoredValue::new_local(BTreeMap::new()))
    }

    /// Tells `watcher` of every new state until the owner that is current now is disposed.
    fn add(self, watcher: Watcher) {
        let number = self.0.try_update_value(|watchers| {
            let number = watchers.last_key_value().map_or(0, |(last, _)| last + 1);
            watchers.insert(number, watcher);
            number
        });
        on_cleanup(move || {
            self.0.try_update_value(|watchers| number.and_then(|number| watchers.remove(&number)));
        });
    }

    fn tell(self, state: &CallState) {
        // Copied out first: nothing is borrowed while a watcher runs.
        let watchers: Vec<_> = self.0.with_value(|watchers| watchers.values().cloned().collect());
        watchers.iter().for_each(|watcher| watcher(state));
    }
}

/// What every component is given: the state to show, the way to ask, and the language to speak.
#[derive(Clone, Copy)]
struct Ui {
    state: RwSignal<CallState, LocalStorage>,
    watchers: Watchers,
    dispatch: Dispatch,
    locale: Locale,
    /// One's own name, as typed.
    name: RwSignal<String>,
}

impl Ui {
    fn send(self, command: Command) {
        // Cloned out first: sending may publish a state at once, which may dispose of what holds us.
        if let Some(send) = self.dispatch.0.try_get_value() {
            send(command);
        }
    }

    /// A part of the state that notifies only when it differs. (A `Memo`'s value has to be `Send`; a media stream
    /// is not.)
    fn select<T: Clone + PartialEq + 'static>(
        self,
        part: impl Fn(&CallState) -> T + 'static,
    ) -> ReadSignal<T, LocalStorage> {
        let (selected, select) = signal_local(self.state.with_untracked(&part));
        self.watchers.add(Rc::new(move |state| {
            let part = part(state);
            if selected.try_with_untracked(|selected| *selected != part) == Some(true) {
                let _ = select.try_set(part);
            }
        }));
        selected
    }
}

/// Runs `run` now and whenever something that it reads changes. Boxed, because the reactive library's code for an
/// effect is compiled anew for every type of closure, which is what a download would mostly consist of.
fn effect(run: impl FnMut() + 'static) {
    fn boxed(mut run: Box<dyn FnMut()>) {
        Effect::new(move |_| run());
    }
    boxed(Box::new(run));
}

#[derive(Clone, Copy, PartialEq)]
enum Screen {
    Unsupported,
    Lobby,
    Call,
}

impl Screen {
    fn of(state: &CallState) -> Self {
        match (state.stage, &state.problem) {
            (_, Some(Problem::NoWebRtc)) => Self::Unsupported,
            (Stage::InCall, _) => Self::Call,
            (Stage::Lobby | Stage::Entering, _) => Self::Lobby,
        }
    }
}

/// The whole interface. Speaks the browser's language.
#[component]
pub fn App(
    /// What the engine published last.
    state: RwSignal<CallState, LocalStorage>,
    /// The way to ask something of the engine.
    dispatch: Dispatch,
) -> impl IntoView {
    let name = RwSignal::new(page::remembered_name());
    let watchers = Watchers::new();
    effect(move || state.with(|state| watchers.tell(state)));
    let ui = Ui { state, watchers, dispatch, locale: text::browser_locale(), name };
    page::mounted(ui.locale);
    let room = ui.select(|state| (state.stage == Stage::InCall).then(|| state.room.clone()).flatten());
    effect(move || room.with(|room| page::show_room(ui.locale, room.as_deref())));
    let screen = ui.select(Screen::of);
    let called = StoredValue::new(false);
    view! {
        {move || match screen.get() {
            Screen::Unsupported => view! { <Unsupported ui /> }.into_any(),
            Screen::Lobby => view! { <Lobby ui returning=called.get_value() /> }.into_any(),
            Screen::Call => {
                called.set_value(true);
                view! { <Call ui /> }.into_any()
            }
        }}
        <Announcements ui />
    }
    .into_any()
}

/// The name and the mark.
fn brand() -> AnyView {
    view! {
        <p class="brand">
            <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
                <rect x="3" y="3" width="18" height="18" rx="5"></rect>
                <rect x="11" y="11" width="18" height="18" rx="5"></rect>
            </svg>
            "Vitrine"
        </p>
    }
    .into_any()
}
