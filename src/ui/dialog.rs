//! A modal dialog with a title and the button that closes it. Dialogs that ask something or take input have no such frame:
//! they are their own.

use leptos::{html, prelude::*};
use leptos_i18n::td_string;
use web_sys::MouseEvent;

use super::context::Ui;
use super::icon::{Icon, IconName};

/// A modal dialog. The Escape key, a click beside it and its button close it.
#[component]
pub fn Dialog(
    /// Whether it is open.
    #[prop(into)]
    open: Signal<bool>,
    /// Called when it was closed, whoever did it.
    #[prop(into)]
    on_close: Callback<()>,
    /// Called when it is shown.
    #[prop(optional, into)]
    on_show: Option<Callback<()>>,
    /// The dialog's class.
    #[prop(optional)]
    class: &'static str,
    /// Identifies the dialog in tests.
    test_id: &'static str,
    /// The title.
    title: &'static str,
    /// The content.
    children: Children,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let dialog = NodeRef::<html::Dialog>::new();
    let title_id = StoredValue::new(format!("{test_id}-title"));
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        match open.get() {
            is_open if is_open == dialog.open() => {}
            // Fails only if it is no longer in the page.
            true => {
                if dialog.show_modal().is_ok()
                    && let Some(on_show) = on_show
                {
                    on_show.run(());
                }
            }
            false => dialog.close(),
        }
    });
    view! {
        <dialog
            class=format!("sheet {class}")
            node_ref=dialog
            data-testid=test_id
            aria-labelledby=title_id.get_value()
            on:close=move |_| on_close.run(())
            on:click=move |event| close_on_backdrop(&event, dialog)
        >
            <header class="sheet-header">
                <h2 id=title_id.get_value()>{title}</h2>
                <form method="dialog">
                    <button class="quiet icon-button" aria-label=td_string!(locale, app.close)>
                        <Icon name=IconName::Close />
                    </button>
                </form>
            </header>
            {children()}
        </dialog>
    }
}

fn close_on_backdrop(event: &MouseEvent, dialog: NodeRef<html::Dialog>) {
    let Some(dialog) = dialog.get_untracked() else { return };
    // A click made by the keyboard has no place.
    let is_click_at_a_place = event.detail() > 0;
    let (x, y, frame) = (f64::from(event.client_x()), f64::from(event.client_y()), dialog.get_bounding_client_rect());
    let is_beside = x < frame.left() || x > frame.right() || y < frame.top() || y > frame.bottom();
    // A select's list may lie beside the dialog.
    if is_click_at_a_place && is_beside && event.target().as_ref() == Some(&dialog) {
        dialog.close();
    }
}
