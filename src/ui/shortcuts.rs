//! The keyboard shortcuts of the call. Which key means what is a pure function; a shortcut presses the button that names it
//! in `aria-keyshortcuts`, so it does what the button does. Holding the space bar is to talk while muted.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent, MouseEvent};

use super::context::{CallUi, Ui};
use super::page;
use crate::browser::Listener;
use crate::call::{CallStateStoreFields as _, Command, DeviceState, Stage};

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortcut {
    /// Switches the microphone on or off.
    Microphone,
    /// Switches the camera on or off.
    Camera,
    /// Unmutes while the key is held.
    Talk,
    /// Begins or ends sharing the screen.
    Screen,
    /// Opens or closes the chat.
    Chat,
    /// Opens or closes the list of participants.
    People,
    /// Opens or closes the inspector.
    Inspector,
    /// Raises or lowers the hand.
    Hand,
    /// Shows the page on the whole screen, or ends that.
    Fullscreen,
    /// Leaves the call. No single key: it would be hit by mistake.
    Leave,
    /// Shows this list.
    Help,
}

impl Shortcut {
    /// All shortcuts, as listed.
    pub const ALL: [Self; 11] = [
        Self::Microphone,
        Self::Camera,
        Self::Talk,
        Self::Screen,
        Self::Chat,
        Self::People,
        Self::Inspector,
        Self::Hand,
        Self::Fullscreen,
        Self::Leave,
        Self::Help,
    ];

    /// The keys, as `aria-keyshortcuts` names them.
    pub fn keys(self) -> &'static str {
        match self {
            Self::Microphone => "M",
            Self::Camera => "V",
            Self::Talk => "Space",
            Self::Screen => "D",
            Self::Chat => "C",
            Self::People => "P",
            Self::Inspector => "I",
            Self::Hand => "R",
            Self::Fullscreen => "F",
            Self::Leave => "Shift+L",
            Self::Help => "?",
        }
    }

    /// `aria-keyshortcuts` of the button that it presses: none in the lobby, and while shortcuts are off.
    pub fn attribute(self) -> impl Fn() -> Option<&'static str> + Copy + Send + Sync + 'static {
        // After a call, the lobby still finds the context of that call, whose signals are gone.
        let call = use_context::<CallUi>();
        move || call.and_then(|call| call.shortcuts.try_get()).unwrap_or_default().then_some(self.keys())
    }
}

/// A key that is pressed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Press<'a> {
    /// `KeyboardEvent.key`.
    pub key: &'a str,
    /// `KeyboardEvent.code`.
    pub code: &'a str,
    /// Whether Shift is held.
    pub shift: bool,
    /// Whether another modifier is held.
    pub modified: bool,
    /// Whether the key is held, or a text is being composed.
    pub repeats_or_composes: bool,
}

/// What has the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// Nothing that uses keys.
    Free,
    /// Something that is pressed by the space bar.
    Button,
    /// Something that is typed into, or a dialog is open.
    Taken,
}

/// What a key means while `focus` has the focus.
pub fn shortcut(press: Press<'_>, focus: Focus) -> Option<Shortcut> {
    if press.modified || press.repeats_or_composes || focus == Focus::Taken {
        return None;
    }
    match press.key {
        " " => return (focus == Focus::Free && !press.shift).then_some(Shortcut::Talk),
        "?" => return Some(Shortcut::Help),
        _ => {}
    }
    // A keyboard for another script names its own letter, and the place of the key tells the Latin one.
    let is_latin = press.key.len() == 1 && press.key.is_ascii();
    let letter = if is_latin { press.key } else { press.code.strip_prefix("Key")? };
    let of_letter = |shortcut: &Shortcut| match shortcut.keys().strip_prefix("Shift+") {
        Some(keys) => press.shift && keys.eq_ignore_ascii_case(letter),
        None => !press.shift && shortcut.keys().eq_ignore_ascii_case(letter),
    };
    Shortcut::ALL.into_iter().find(of_letter)
}

/// Switches shortcuts on or off, and remembers it (WCAG 2.2, 2.1.4: speech input types letters).
pub fn enable(call: CallUi, on: bool) {
    page::remember_shortcuts(on);
    call.shortcuts.set(on);
}

/// Listens for the shortcuts as long as the current owner lives.
pub fn listen() {
    let ui = Ui::from_context();
    let call: CallUi = expect_context();
    let is_talking = StoredValue::new(false);
    let stop_talking = move || {
        if is_talking.try_update_value(std::mem::take) == Some(true)
            && ui.state.stage().get_untracked() == Stage::InCall
        {
            ui.send(Command::SetMicrophone(false));
        }
    };
    let on_press = move |event: Event| {
        let Some(event) = event.dyn_ref::<KeyboardEvent>().filter(|_| call.shortcuts.get_untracked()) else { return };
        // The page would scroll.
        if event.key() == " " && is_talking.get_value() {
            event.prevent_default();
        }
        let Some(shortcut) = shortcut_of(event) else { return };
        if shortcut == Shortcut::Talk {
            let is_muted = ui.state.local().with_untracked(|local| local.microphone == DeviceState::Off);
            event.prevent_default();
            if is_muted {
                is_talking.set_value(true);
                ui.send(Command::SetMicrophone(true));
            }
        } else if let Some(button) = button_of(shortcut) {
            event.prevent_default();
            button.click();
        }
    };
    let on_release = move |event: Event| {
        if event.dyn_ref::<KeyboardEvent>().is_some_and(|event| event.key() == " ") {
            stop_talking();
        }
    };
    let (page, view) = (document(), window());
    for listener in [
        Listener::new(&view, "keydown", on_press),
        Listener::new(&view, "keyup", on_release),
        // Nobody tells a page that is left of the key's release.
        Listener::new(&view, "blur", move |_| stop_talking()),
        Listener::new(&page, "visibilitychange", move |_| stop_talking()),
        Listener::new(&view, "click", |event| release_focus(&event)),
    ] {
        StoredValue::new_local(listener);
    }
    on_cleanup(stop_talking);
}

/// A control that was clicked with the mouse gives the focus away: to mute by a click and then to talk with the space bar
/// would press the button again. The Tab key goes on from there.
fn release_focus(click: &Event) {
    let is_by_mouse = click.dyn_ref::<MouseEvent>().is_some_and(|click| click.detail() > 0);
    let focused = document().active_element().and_then(|focused| focused.dyn_into::<HtmlElement>().ok());
    if let Some(focused) = focused.filter(|focused| is_by_mouse && focused.matches(".controls > .control") == Ok(true))
    {
        let _ = focused.blur();
    }
}

fn shortcut_of(event: &KeyboardEvent) -> Option<Shortcut> {
    let (key, code) = (event.key(), event.code());
    let press = Press {
        key: &key,
        code: &code,
        shift: event.shift_key(),
        modified: event.ctrl_key() || event.alt_key() || event.meta_key(),
        repeats_or_composes: event.repeat() || event.is_composing() || event.default_prevented(),
    };
    shortcut(press, focus())
}

fn button_of(shortcut: Shortcut) -> Option<HtmlElement> {
    let named = format!("[aria-keyshortcuts='{}']", shortcut.keys());
    document().query_selector(&named).ok()??.dyn_into().ok()
}

fn focus() -> Focus {
    let document = document();
    if !matches!(document.query_selector("dialog[open], [role=alertdialog]:not([hidden])"), Ok(None)) {
        return Focus::Taken;
    }
    let Some(focused) = document.active_element() else { return Focus::Free };
    let is = |selector| focused.closest(selector).is_ok_and(|found: Option<Element>| found.is_some());
    if is("input, textarea, select, [contenteditable]:not([contenteditable=false]), iframe") {
        Focus::Taken
    } else if is("button, a[href], summary, video[controls], [role=button], [tabindex]:not([tabindex='-1'])") {
        Focus::Button
    } else {
        Focus::Free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press<'a>(key: &'a str, code: &'a str) -> Press<'a> {
        Press { key, code, ..Press::default() }
    }

    #[test]
    fn every_shortcut_has_a_key_of_its_own() {
        for one in Shortcut::ALL {
            assert_eq!(Shortcut::ALL.iter().filter(|other| other.keys() == one.keys()).count(), 1, "{one:?}");
        }
        assert_eq!(shortcut(press("m", "KeyM"), Focus::Free), Some(Shortcut::Microphone));
        assert_eq!(shortcut(press("M", "KeyM"), Focus::Free), Some(Shortcut::Microphone), "with caps lock");
        assert_eq!(shortcut(press(" ", "Space"), Focus::Free), Some(Shortcut::Talk));
        let shifted = |key, code| shortcut(Press { shift: true, ..press(key, code) }, Focus::Free);
        assert_eq!(shifted("?", "Slash"), Some(Shortcut::Help));
        assert_eq!(shifted("L", "KeyL"), Some(Shortcut::Leave));
        assert_eq!(shifted("M", "KeyM"), None);
        assert_eq!(shifted(" ", "Space"), None);
        assert_eq!(shortcut(press("l", "KeyL"), Focus::Free), None, "a single key never leaves");
        assert_eq!(shortcut(press("Escape", "Escape"), Focus::Free), None);
        assert_eq!(shortcut(press("", ""), Focus::Free), None);
    }

    #[test]
    fn letters_follow_the_keyboard_layout_and_other_scripts_the_place_of_the_key() {
        assert_eq!(shortcut(press("ㅡ", "KeyM"), Focus::Free), Some(Shortcut::Microphone));
        assert_eq!(shortcut(press("ь", "KeyM"), Focus::Free), Some(Shortcut::Microphone));
        assert_eq!(shortcut(press("m", "Semicolon"), Focus::Free), Some(Shortcut::Microphone), "French keyboard");
        assert_eq!(shortcut(press(",", "KeyM"), Focus::Free), None);
    }

    #[test]
    fn no_key_is_taken_from_what_uses_it() {
        for key in ["m", " ", "?"] {
            assert_eq!(shortcut(press(key, ""), Focus::Taken), None, "{key}");
            assert_eq!(shortcut(Press { modified: true, ..press(key, "") }, Focus::Free), None, "{key}");
            assert_eq!(shortcut(Press { repeats_or_composes: true, ..press(key, "") }, Focus::Free), None, "{key}");
        }
        assert_eq!(shortcut(press(" ", "Space"), Focus::Button), None);
        assert_eq!(shortcut(press("m", "KeyM"), Focus::Button), Some(Shortcut::Microphone));
    }
}
