//! The menu behind "more": the controls that are not in the bar, and the settings of the page. A sheet at the bottom of a
//! narrow window, a card beside the bar elsewhere. It is a dialog, so that toggles and selects in it keep their roles.

use leptos::{html, prelude::*};
use leptos_i18n::td_string;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDialogElement, HtmlElement, KeyboardEvent};

use super::context::Ui;
use super::control::Control;
use super::dialog::Dialog;
use super::icon::IconName;
use super::settings::PageSettings;

/// What the arrow keys move between.
const ITEMS: &str = ".control, select";

/// The button and its menu. The menu's controls exist while it is closed, too.
#[component]
pub fn More(
    /// The controls in the menu, by their number.
    slots: Signal<Vec<usize>>,
    /// Makes the control of this number.
    control: fn(usize) -> AnyView,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let list = NodeRef::<html::Div>::new();
    let is_open = RwSignal::new(false);
    // Before the control's own handler: what that shows is not covered by the menu, and keeps the focus, which the menu gives
    // back.
    let choose = move |event: web_sys::MouseEvent| {
        let closest = |selector| target(&event)?.closest(selector).ok().flatten();
        if let Some(dialog) = closest(".control").and(closest("dialog")) {
            dialog.unchecked_into::<HtmlDialogElement>().close();
        }
    };
    view! {
        <Control
            icon=IconName::More
            label=td_string!(locale, more.open)
            attr:id="more-button"
            attr:data-testid="open-more"
            attr:aria-haspopup="dialog"
            attr:aria-expanded=move || if is_open.get() { "true" } else { "false" }
            on:click=move |_| is_open.set(true)
        />
        <Dialog
            open=is_open
            on_close=move |()| is_open.set(false)
            on_show=move |()| focus(items(list).first())
            class="more"
            test_id="more"
            title=td_string!(locale, more.title)
        >
            <div class="more-list" node_ref=list on:click:capture=choose on:keydown=move |event| move_focus(&event, list)>
                <For each=move || slots.get() key=|index| *index let(index)>
                    {control(index)}
                </For>
                <PageSettings />
            </div>
        </Dialog>
    }
}

fn target(event: &web_sys::Event) -> Option<Element> {
    event.target().and_then(|target| target.dyn_into().ok())
}

fn focus(item: Option<&HtmlElement>) {
    if let Some(item) = item {
        let _ = item.focus();
    }
}

fn items(list: NodeRef<html::Div>) -> Vec<HtmlElement> {
    let Some(found) = list.get_untracked().and_then(|list| list.query_selector_all(ITEMS).ok()) else {
        return Vec::new();
    };
    (0..found.length()).filter_map(|index| found.get(index)?.dyn_into().ok()).collect()
}

/// The arrow keys move the focus, besides the Tab key. A select uses them itself.
fn move_focus(event: &KeyboardEvent, list: NodeRef<html::Div>) {
    let items = items(list);
    let focused = document().active_element();
    let Some(current) = items.iter().position(|item| focused.as_ref() == Some(item)) else { return };
    if items[current].tag_name() == "SELECT" {
        return;
    }
    let next = match &*event.key() {
        "ArrowDown" => (current + 1) % items.len(),
        "ArrowUp" => (current + items.len() - 1) % items.len(),
        "Home" => 0,
        "End" => items.len() - 1,
        _ => return,
    };
    event.prevent_default();
    focus(items.get(next));
}
