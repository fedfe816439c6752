//! What people see. [`app`] is a function of the [`CallState`] that the engine publishes and of what is typed into
//! it; what people ask for leaves as a [`Command`]. Nothing about connections is decided here.
//!
//! Each component is a function that makes an [`element::Element`] out of others; what changes in it follows
//! [`reactive::Value`]s.

mod announce;
mod call;
mod check;
mod controls;
pub mod element;
pub mod grid;
mod icon;
mod lobby;
mod moving;
mod notice;
mod page;
pub mod reactive;
mod steps;
pub mod text;
mod tile;
mod video;

use std::{cell::RefCell, rc::Rc};

use leptos::prelude::untrack;

use self::announce::announcements;
use self::call::call;
use self::element::{Element, View, classed, live, svg_element};
use self::lobby::lobby;
use self::notice::unsupported;
use self::reactive::{Value, at_end, effect};
use self::text::Locale;
use crate::call::{CallState, Command, Problem, Stage};

/// Who is told of every new state, by number.
///
/// An effect for each would do the same, but a signal keeps a trace of every effect that has read it, also of those
/// whose component is gone, and the state outlives all components: entering and leaving again and again would fill
/// the memory.
#[derive(Clone, Default)]
struct Watchers(Rc<RefCell<Vec<(u32, Watcher)>>>);

type Watcher = Rc<dyn Fn(&CallState)>;

impl Watchers {
    /// Tells `watcher` of every new state until the owner that is current now ends.
    fn add(&self, watcher: Watcher) {
        let all = Rc::clone(&self.0);
        let number = all.borrow().last().map_or(0, |(last, _)| last + 1);
        all.borrow_mut().push((number, watcher));
        at_end(move || all.borrow_mut().retain(|(other, _)| *other != number));
    }

    fn tell(&self, state: &CallState) {
        // Copied out first: nothing is borrowed while a watcher runs.
        let watchers = self.0.borrow().clone();
        watchers.iter().for_each(|(_, watcher)| watcher(state));
    }
}

/// What every component is given: the state to show, the way to ask, and the language to speak.
#[derive(Clone, Copy)]
struct Ui {
    state: Value<CallState>,
    watchers: Value<Watchers>,
    dispatch: Value<Rc<dyn Fn(Command)>>,
    locale: Locale,
    /// One's own name, as typed.
    name: Value<String>,
}

impl Ui {
    fn send(self, command: Command) {
        // Cloned out first: sending may publish a state at once, which may dispose of what holds us.
        let send = self.dispatch.get_untracked();
        send(command);
    }

    /// A part of the state, which changes only when it differs.
    fn select<T: Clone + PartialEq + 'static>(self, part: impl Fn(&CallState) -> T + 'static) -> Value<T> {
        let selected = Value::new(untrack(|| self.state.with_untracked(&part)));
        self.watchers.get_untracked().add(Rc::new(move |state| selected.change_to(part(state))));
        selected
    }
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
            (_, Some(Problem::NoWebRtc | Problem::WebRtcRefused(_))) => Self::Unsupported,
            (Stage::InCall, _) => Self::Call,
            (Stage::Lobby | Stage::Entering, _) => Self::Lobby,
        }
    }
}

/// The whole interface: of the state that the engine published last, and of the way to ask something of the engine.
/// Speaks the browser's language.
pub fn app(state: Value<CallState>, dispatch: impl Fn(Command) + 'static) -> View {
    let ui = Ui {
        state,
        watchers: Value::new(Watchers::default()),
        dispatch: Value::new(Rc::new(dispatch)),
        locale: text::browser_locale(),
        name: Value::new(page::remembered_name()),
    };
    effect(move || state.with(|state| ui.watchers.get_untracked().tell(state)));
    page::mounted(ui.locale);
    let room = ui.select(|state| (state.stage == Stage::InCall).then(|| state.room.clone()).flatten());
    effect(move || room.with(|room| page::show_room(ui.locale, room.as_deref())));
    let screen = ui.select(Screen::of);
    let mut called = false;
    let screen = live(move || match screen.get() {
        Screen::Unsupported => unsupported(ui),
        Screen::Lobby => lobby(ui, called),
        Screen::Call => {
            called = true;
            call(ui)
        }
    });
    View::Many(vec![screen, announcements(ui).into()])
}

/// The name and the mark.
fn brand() -> Element {
    let square = |from| {
        let square = svg_element("rect").attr("x", from).attr("y", from);
        square.attr("width", "18").attr("height", "18").attr("rx", "5")
    };
    let mark = svg_element("svg").attr("class", "mark").attr("viewBox", "0 0 32 32").attr("aria-hidden", "true");
    classed("p", "brand").child(mark.child(square("3")).child(square("11"))).child("Vitrine")
}
