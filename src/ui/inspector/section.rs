//! A section of the inspector that the user opens and closes. Its content is made only while it is open, so that what nobody
//! looks at costs nothing.

use leptos::{html, prelude::*};

/// The section.
#[component]
pub fn Section(
    /// Identifies the section in tests.
    id: &'static str,
    /// Its title.
    title: &'static str,
    /// Whether it is open at first.
    #[prop(optional)]
    open: bool,
    /// Its content.
    children: ChildrenFn,
) -> impl IntoView {
    let is_open = RwSignal::new(open);
    let details = NodeRef::<html::Details>::new();
    let children = StoredValue::new(children);
    let toggled = move |_| {
        if let Some(details) = details.get_untracked() {
            is_open.set(details.open());
        }
    };
    view! {
        <details class="inspect-section" data-section=id node_ref=details prop:open=open on:toggle=toggled>
            <summary>
                <h3>{title}</h3>
            </summary>
            <Show when=move || is_open.get()>
                <div class="inspect-content">{children.with_value(|children| children())}</div>
            </Show>
        </details>
    }
}

/// A table with a head, which scrolls sideways where it does not fit.
#[component]
pub fn Table(
    /// What it lists.
    caption: &'static str,
    /// The heads of its columns.
    heads: Vec<&'static str>,
    /// Its rows.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="inspect-table" tabindex="0" role="group" aria-label=caption>
            <table>
                <caption class="visually-hidden">{caption}</caption>
                <thead>
                    <tr>{heads.into_iter().map(|head| view! { <th scope="col">{head}</th> }).collect_view()}</tr>
                </thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}

/// What stands in place of a list that is empty.
#[component]
pub fn Nothing(
    /// Why.
    words: &'static str,
) -> impl IntoView {
    view! { <p class="hint">{words}</p> }
}

/// Whether the `<details>` of this `toggle` event is open now.
pub fn is_details_open(event: &web_sys::Event) -> bool {
    let element = event.target().map(wasm_bindgen::JsCast::unchecked_into::<web_sys::Element>);
    element.is_some_and(|element| element.has_attribute("open"))
}
