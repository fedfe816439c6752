//! The list of the keyboard shortcuts, and the switch that turns them off. What they do is in [`super::shortcuts`].

use leptos::prelude::*;
use leptos_i18n::td_string;

use super::context::{CallUi, Ui};
use super::control::Control;
use super::dialog::Dialog;
use super::icon::IconName;
use super::shortcuts::{Shortcut, enable};
use super::switch::Switch;
use super::text::Locale;

/// The button that opens the list.
#[component]
pub fn ShortcutsButton() -> impl IntoView {
    let locale = Ui::from_context().locale;
    let call: CallUi = expect_context();
    view! {
        <Control
            icon=IconName::Keyboard
            label=td_string!(locale, shortcuts.title)
            attr:data-testid="open-shortcuts"
            attr:aria-haspopup="dialog"
            attr:aria-keyshortcuts=Shortcut::Help.attribute()
            on:click=move |_| call.shortcut_sheet.set(true)
        />
    }
}

/// The list, as a dialog.
#[component]
pub fn ShortcutSheet() -> impl IntoView {
    let locale = Ui::from_context().locale;
    let call: CallUi = expect_context();
    let rows = Shortcut::ALL.map(|shortcut| {
        let keys = shortcut.keys().split('+').map(|key| view! { <kbd>{key_name(locale, key)}</kbd> });
        view! {
            <dt>{words(locale, shortcut)}</dt>
            <dd translate="no">{keys.collect_view()}</dd>
        }
    });
    view! {
        <Dialog
            open=call.shortcut_sheet
            on_close=move |()| call.shortcut_sheet.set(false)
            test_id="shortcuts"
            title=td_string!(locale, shortcuts.title)
        >
            <Switch
                test_id="shortcuts-on"
                label=td_string!(locale, shortcuts.on)
                on=call.shortcuts
                set=move |on| enable(call, on)
            />
            <dl class="keys" data-off=move || (!call.shortcuts.get()).then_some("true")>
                {rows}
            </dl>
        </Dialog>
    }
}

fn key_name(locale: Locale, key: &'static str) -> &'static str {
    if key == "Space" { td_string!(locale, shortcuts.space) } else { key }
}

fn words(locale: Locale, shortcut: Shortcut) -> &'static str {
    match shortcut {
        Shortcut::Microphone => td_string!(locale, shortcuts.microphone),
        Shortcut::Camera => td_string!(locale, shortcuts.camera),
        Shortcut::Talk => td_string!(locale, shortcuts.talk),
        Shortcut::Screen => td_string!(locale, shortcuts.screen),
        Shortcut::Chat => td_string!(locale, shortcuts.chat),
        Shortcut::People => td_string!(locale, shortcuts.people),
        Shortcut::Inspector => td_string!(locale, shortcuts.inspector),
        Shortcut::Hand => td_string!(locale, shortcuts.hand),
        Shortcut::Fullscreen => td_string!(locale, shortcuts.fullscreen),
        Shortcut::Leave => td_string!(locale, shortcuts.leave),
        Shortcut::Help => td_string!(locale, shortcuts.help),
    }
}
