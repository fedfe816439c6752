//! The theme: light, dark, or the system's. The style sheet follows `data-theme` of the root element, and without it the
//! system. `assets/boot.js` sets the remembered theme before the page is drawn. No components.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::browser::store;

/// `assets/boot.js` reads it too.
const KEY: &str = "theme";
/// `--bg` of the style sheet in light and dark, for the browser's own bars.
const COLOURS: [&str; 2] = ["#f3f3ee", "#0c1210"];

/// A theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// What the system has.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All themes.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Stable name, for `data-theme`.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of this name; the system's for any other.
    pub fn of_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or(Self::System)
    }

    /// The theme that the page shows.
    pub fn current() -> Self {
        let shown = document().document_element().and_then(|root| root.get_attribute("data-theme"));
        shown.map_or(Self::System, |name| Self::of_name(&name))
    }

    /// Stores it for the next visit.
    pub fn remember(self) {
        store(KEY, self.name());
    }

    /// Shows the page in this theme.
    pub fn apply(self) {
        let document = document();
        if let Some(root) = document.document_element() {
            let _ = match self {
                Self::System => root.remove_attribute("data-theme"),
                theme => root.set_attribute("data-theme", theme.name()),
            };
        }
        let Ok(metas) = document.query_selector_all("meta[name=theme-color]") else { return };
        for meta in (0..metas.length()).filter_map(|index| metas.get(index)?.dyn_into::<Element>().ok()) {
            let is_for_dark = meta.get_attribute("media").is_some_and(|media| media.contains("dark"));
            let is_dark = if self == Self::System { is_for_dark } else { self == Self::Dark };
            let _ = meta.set_attribute("content", COLOURS[usize::from(is_dark)]);
        }
    }
}
