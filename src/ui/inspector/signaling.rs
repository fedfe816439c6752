//! The messages that brought the connection about: offers, answers and candidates, with what carried them.

use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_insight::{inspection::Message, trace::Carrier};

use super::{
    Shown,
    format::{bytes, side, since},
    part,
    section::{Nothing, Table},
};
use crate::ui::context::Ui;

/// The log.
#[component]
pub fn Messages(
    /// The connection.
    shown: Shown,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let messages = part(shown, |shown| (shown.start(), shown.messages()));
    move || {
        let (start, messages) = messages.get().unwrap_or_default();
        if messages.is_empty() {
            return view! { <Nothing words=td_string!(locale, inspect.no_messages) /> }.into_any();
        }
        let row = move |message: Message| {
            let carrier = match message.carrier {
                Carrier::SignalingServer => td_string!(locale, inspect.by_server),
                Carrier::ControlChannel => td_string!(locale, inspect.by_channel),
            };
            view! {
                <tr>
                    <td>{since(start, message.time)}</td>
                    <td>{side(locale, message.side)}</td>
                    <td translate="no">{message.name}</td>
                    <td>{carrier}</td>
                    <td>{bytes(f64::from(message.bytes))}</td>
                </tr>
            }
        };
        let heads = vec![
            td_string!(locale, inspect.time),
            td_string!(locale, inspect.sender),
            td_string!(locale, inspect.message),
            td_string!(locale, inspect.carrier),
            td_string!(locale, inspect.length),
        ];
        view! {
            <Table caption=td_string!(locale, inspect.messages) heads>
                {messages.into_iter().map(row).collect_view()}
            </Table>
        }
        .into_any()
    }
}
