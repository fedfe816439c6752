//! The side panel of the call: one place beside the tiles, or over them on a narrow window, that shows one thing at a time.
//! What it shows is not here.

use leptos::{html, prelude::*};
use leptos_i18n::td_string;

use super::context::{CallUi, Ui};
use super::control::Control;
use super::icon::{Icon, IconName};
use super::panel_name::Panel;
use super::shortcuts::Shortcut;

impl Panel {
    /// The shortcut that opens and closes it.
    fn shortcut(self) -> Shortcut {
        match self {
            Self::People => Shortcut::People,
            Self::Chat => Shortcut::Chat,
            Self::Inspector => Shortcut::Inspector,
        }
    }

    /// The panel's id in the page, for `aria-controls`.
    fn id(self) -> &'static str {
        match self {
            Self::People => "panel-people",
            Self::Chat => "panel-chat",
            Self::Inspector => "panel-inspector",
        }
    }
}

/// The button that opens and closes a panel.
#[component]
pub fn PanelButton(
    /// The panel.
    panel: Panel,
    /// Identifies the button in tests.
    test_id: &'static str,
    /// The button's name.
    label: &'static str,
    /// The button's icon.
    icon: IconName,
    /// Shown on the button when it is not zero.
    #[prop(optional, into)]
    count: Signal<usize>,
    /// The same in words, for screen readers.
    #[prop(optional, into)]
    count_words: Signal<String>,
) -> impl IntoView {
    let call: CallUi = expect_context();
    let is_open = move || call.panel.get() == Some(panel);
    let toggle = move |_| call.panel.update(|open| *open = if *open == Some(panel) { None } else { Some(panel) });
    view! {
        <Control
            icon
            label
            attr:data-testid=test_id
            attr:aria-expanded=move || if is_open() { "true" } else { "false" }
            attr:aria-controls=panel.id()
            attr:aria-keyshortcuts=panel.shortcut().attribute()
            on:click=toggle
        >
            <Show when=move || count.get() != 0>
                <span class="badge" aria-hidden="true" prop:textContent=move || count.get().to_string()></span>
                <span class="visually-hidden" prop:textContent=count_words></span>
            </Show>
        </Control>
    }
}

/// A panel's frame: its title, the button that closes it, and its content. It is in the page only while it is open.
/// The focus moves into it, and back to its button when it is closed.
#[component]
pub fn PanelFrame(
    /// The panel.
    panel: Panel,
    /// The panel's title.
    #[prop(into)]
    title: Signal<String>,
    /// The content.
    children: ChildrenFn,
) -> impl IntoView {
    let call: CallUi = expect_context();
    let children = StoredValue::new(children);
    view! {
        <Show when=move || call.panel.get() == Some(panel)>
            <Frame panel title>{children.with_value(|children| children())}</Frame>
        </Show>
    }
}

/// Focuses the panel's button, or the one of the menu that has it.
fn focus_button(panel: Panel) {
    for selector in [format!("[aria-controls={}]", panel.id()), "#more-button".to_owned()] {
        let Ok(Some(button)) = document().query_selector(&selector) else { continue };
        let _ = wasm_bindgen::JsCast::unchecked_ref::<web_sys::HtmlElement>(&button).focus();
        if document().active_element().as_ref() == Some(&button) {
            return;
        }
    }
}

#[component]
fn Frame(panel: Panel, title: Signal<String>, children: Children) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let call: CallUi = expect_context();
    let heading = NodeRef::<html::H2>::new();
    Effect::new(move |_| {
        if let Some(heading) = heading.get() {
            let _ = heading.focus();
        }
    });
    let close = move || {
        call.panel.set(None);
        // On a narrow window the button is hidden as long as the panel covers it.
        request_animation_frame(move || focus_button(panel));
    };
    view! {
        <aside
            class="panel"
            id=panel.id()
            aria-labelledby=panel.id().to_owned() + "-title"
            on:keydown=move |event| {
                // Escape also ends the composition of an input method.
                if event.key() == "Escape" && !event.is_composing() {
                    close();
                }
            }
        >
            <header class="sheet-header">
                <h2 id=panel.id().to_owned() + "-title" tabindex="-1" node_ref=heading prop:textContent=title></h2>
                <button
                    type="button"
                    class="quiet icon-button"
                    data-testid="close-panel"
                    aria-label=td_string!(locale, app.close)
                    on:click=move |_| close()
                >
                    <Icon name=IconName::Close />
                </button>
            </header>
            {children()}
        </aside>
    }
}
