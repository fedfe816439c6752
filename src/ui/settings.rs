//! The settings of the page, for lobby and call: the theme and the language; and of the lobby, whether the address is hidden.
//! They are remembered for the next visit.

use leptos::prelude::*;
use leptos_i18n::td_string;

use super::context::Ui;
use super::page;
use super::switch::Switch;
use super::text::{self, Locale};
use super::theme::Theme;
use crate::call::{CallStateStoreFields as _, Command, Stage};

/// Each language, named in itself.
const LANGUAGES: [(Locale, &str); 2] = [(Locale::en, "English"), (Locale::ko, "한국어")];

/// The choice of theme and language.
#[component]
pub fn PageSettings() -> impl IntoView {
    view! {
        <div class="page-settings">
            <ThemeChoice />
            <LanguageChoice />
        </div>
    }
}

#[component]
fn ThemeChoice() -> impl IntoView {
    let locale = Ui::from_context().locale;
    let current = Theme::current();
    let name = |theme| match theme {
        Theme::System => td_string!(locale, settings.system),
        Theme::Light => td_string!(locale, settings.light),
        Theme::Dark => td_string!(locale, settings.dark),
    };
    let options = Theme::ALL.map(|theme| {
        view! {
            <option value=theme.name() selected=theme == current>
                {name(theme)}
            </option>
        }
    });
    view! {
        <label class="choice">
            <span>{td_string!(locale, settings.theme)}</span>
            <select
                data-testid="theme"
                on:change=move |event| {
                    let theme = Theme::of_name(&event_target_value(&event));
                    theme.apply();
                    theme.remember();
                }
            >
                {options}
            </select>
        </label>
    }
}

#[component]
fn LanguageChoice() -> impl IntoView {
    let ui = Ui::from_context();
    let options = LANGUAGES.map(|(locale, name)| {
        view! {
            <option value=text::tag(locale) lang=text::tag(locale) selected=locale == ui.locale>
                {name}
            </option>
        }
    });
    view! {
        <label class="choice">
            <span>{td_string!(ui.locale, settings.language)}</span>
            <select
                data-testid="language"
                translate="no"
                on:change=move |event| {
                    if let Some(locale) = text::locale_of(&event_target_value(&event)) {
                        page::remember_language(locale);
                        ui.language.set(locale);
                    }
                }
            >
                {options}
            </select>
        </label>
    }
}

/// The switch that hides this side's address from the others. It explains itself once it is on.
#[component]
pub fn RelaySwitch() -> impl IntoView {
    let ui = Ui::from_context();
    let locale = ui.locale;
    let is_on = Memo::new(move |_| ui.state.relay_only().get());
    let hint = move || if is_on.get() { td_string!(locale, privacy.relay_only_on) } else { "" };
    view! {
        <Switch
            test_id="relay-only"
            label=td_string!(locale, privacy.relay_only)
            help=Signal::derive(hint)
            on=is_on
            disabled=Signal::derive(move || ui.state.stage().get() != Stage::Lobby)
            set=move |on| ui.send(Command::SetRelayOnly(on))
        />
    }
}
