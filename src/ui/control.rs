//! The button of a control: an icon over its name, in the bar and in the menu. What it does, and its state, are attributes
//! that each control gives to it.

use leptos::prelude::*;

use super::icon::{Icon, IconName};

/// The button.
#[component]
pub fn Control(
    /// The icon.
    #[prop(into)]
    icon: Signal<IconName>,
    /// The name.
    label: &'static str,
    /// The class, where the button is not in the bar.
    #[prop(default = "control")]
    class: &'static str,
    /// What is on the icon.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <button type="button" class=class>
            <span class="control-icon">
                <Icon name=icon />
                {children.map(|children| children())}
            </span>
            <span class="control-label">{label}</span>
        </button>
    }
}
