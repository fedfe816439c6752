//! The contexts that components share: [`Ui`] in the whole app, [`CallUi`] in the call. Shows nothing itself.

use std::rc::Rc;

use leptos::prelude::*;
use vitrine_protocol::name::display_name;

use super::chat::chat_ui::ChatUi;
use super::inspector::inspector_ui::InspectorUi;
use super::page;
use super::panel_name::Panel;
use super::personal::PersonalUi;
use super::refusal::Refusal;
use super::stage_ui::StageUi;
use super::text::Locale;
use crate::call::{CallStore, Command};

/// The state to show, the sender of commands, and the language. The app provides it.
#[derive(Clone, Copy)]
pub struct Ui {
    /// The state that the engine published last.
    pub state: CallStore,
    send: StoredValue<Rc<dyn Fn(Command)>, LocalStorage>,
    /// The language of the components around, which are made anew in another language.
    pub locale: Locale,
    /// The language that the user wants.
    pub language: RwSignal<Locale>,
    /// The user's name, as typed.
    pub name: RwSignal<String>,
}

impl Ui {
    /// The context of an app that hands its commands to `send`.
    pub fn new(state: CallStore, send: impl Fn(Command) + 'static, locale: Locale, name: RwSignal<String>) -> Self {
        let language = RwSignal::new(locale);
        Self { state, send: StoredValue::new_local(Rc::new(send)), locale, language, name }
    }

    /// The context of the app around the current component.
    pub fn from_context() -> Self {
        expect_context()
    }

    /// The context of components in this language.
    pub fn in_locale(self, locale: Locale) -> Self {
        Self { locale, ..self }
    }

    /// Sends `command` to the engine.
    pub fn send(self, command: Command) {
        // Cloned first: the engine may publish a state at once, and the change may dispose of the component that sends.
        // It is gone only with the app.
        if let Some(send) = self.send.try_get_value() {
            send(command);
        }
    }

    /// The user's name in the form that the others see; empty if the user typed none.
    pub fn display_name(self) -> String {
        self.name.with_untracked(|name| display_name(name)).unwrap_or_default()
    }
}

/// The call screen's own state. It begins with each call, and outlasts a change of the language, for which the components
/// are made anew.
#[derive(Clone, Copy)]
pub struct CallUi {
    /// What the inspector keeps while it is closed.
    pub inspector: InspectorUi,
    /// The open side panel.
    pub panel: RwSignal<Option<Panel>>,
    /// Whether the browser plays nothing before a tap.
    pub blocked: RwSignal<bool>,
    /// Whether the invite link is open, because the browser refused to copy it.
    pub link: RwSignal<bool>,
    /// What the chat keeps while it is closed.
    pub chat: ChatUi,
    /// Whether the ways to invite somebody are open.
    pub invite: RwSignal<bool>,
    /// Whether keyboard shortcuts are on.
    pub shortcuts: RwSignal<bool>,
    /// Whether the list of shortcuts is open.
    pub shortcut_sheet: RwSignal<bool>,
    /// What the browser refused to do for the user last.
    pub refusal: RwSignal<Option<Refusal>>,
    /// Whether the dialog of sound and picture is open.
    pub devices: RwSignal<bool>,
    /// Whether the choice of reactions is open.
    pub reactions: RwSignal<bool>,
    /// What is large, and where every tile is.
    pub stage: StageUi,
    /// What the user wants to hear and see of each participant.
    pub personal: PersonalUi,
}

impl CallUi {
    /// The state at the beginning of a call.
    pub fn new(state: CallStore) -> Self {
        Self {
            inspector: InspectorUi::new(),
            panel: RwSignal::new(None),
            blocked: RwSignal::new(false),
            link: RwSignal::new(false),
            chat: ChatUi::new(),
            invite: RwSignal::new(false),
            shortcuts: RwSignal::new(page::remembered_shortcuts()),
            shortcut_sheet: RwSignal::new(false),
            refusal: RwSignal::new(None),
            devices: RwSignal::new(false),
            reactions: RwSignal::new(false),
            stage: StageUi::new(state),
            personal: PersonalUi::new(),
        }
    }
}
