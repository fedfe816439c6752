//! The chat, in the side panel: the messages, and where the user writes. Whom a message reaches is decided in
//! [`crate::call`].

pub mod chat_ui;
mod composer;
mod links;
mod message;
mod notifier;

use leptos::{html, prelude::*};
use leptos_i18n::td_string;

use self::{composer::Composer, message::Message};
use super::context::{CallUi, Ui};
use super::grid::watch_size;
use super::icon::{Icon, IconName};
use super::panel::{PanelButton, PanelFrame};
use super::panel_name::Panel;
use super::text::fill;
use crate::call::CallStateStoreFields as _;

pub use self::notifier::ChatNotifier;

/// How far from its end, in CSS pixels, a log still counts as being at its end.
const AT_END: i32 = 40;

/// The button that opens the chat.
#[component]
pub fn ChatButton() -> impl IntoView {
    let locale = Ui::from_context().locale;
    let unread = expect_context::<CallUi>().chat.unread;
    view! {
        <PanelButton
            panel=Panel::Chat
            test_id="open-chat"
            label=td_string!(locale, chat.title)
            icon=IconName::Chat
            count=unread
            count_words=Signal::derive(move || fill(td_string!(locale, chat.unread), "count", &unread.get().to_string()))
        />
    }
}

/// The chat.
#[component]
pub fn ChatPanel() -> impl IntoView {
    let locale = Ui::from_context().locale;
    view! {
        <PanelFrame panel=Panel::Chat title=td_string!(locale, chat.title).to_owned()>
            <ChatLog />
            <Composer />
        </PanelFrame>
    }
}

#[component]
fn ChatLog() -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let chat = expect_context::<CallUi>().chat;
    let log = NodeRef::<html::Div>::new();
    let messages = Memo::new(move |_| state.chat().with(|chat| chat.messages.clone()));
    let is_empty = Memo::new(move |_| messages.with(|messages| messages.is_empty()));
    let is_shortened = Memo::new(move |_| state.chat().with(|chat| chat.is_shortened));
    let has_more = RwSignal::new(false);
    let to_end = move || {
        if let Some(log) = log.try_get_untracked().flatten() {
            log.set_scroll_top(log.scroll_height());
        }
    };
    let on_scroll = move |_| {
        if let Some(log) = log.get_untracked() {
            let at_end = log.scroll_height() - log.scroll_top() - log.client_height() <= AT_END;
            if at_end != chat.at_end.get_untracked() {
                chat.at_end.set(at_end);
            }
            if at_end {
                has_more.set(false);
            }
        }
    };
    chat.at_end.set(true);
    let size = watch_size(log);
    Effect::new(move |before: Option<u64>| {
        size.track();
        let last = messages.with(|messages| messages.iter().map(|message| message.key).max().unwrap_or_default());
        if chat.at_end.get() {
            // Once the new messages are in the page.
            request_animation_frame(to_end);
        } else if before.is_some_and(|before| last > before) {
            has_more.set(true);
        }
        last
    });
    let joined = format!("--joined: \"{}\"", td_string!(locale, chat.joined));
    view! {
        <div class="chat-body">
            <div
                class="chat-log"
                role="log"
                aria-live="polite"
                aria-label=td_string!(locale, chat.log)
                tabindex="0"
                data-testid="chat-log"
                style=joined
                node_ref=log
                on:scroll=on_scroll
            >
                <Show when=move || is_empty.get()>
                    <div class="chat-empty" data-testid="chat-empty">
                        <strong>{td_string!(locale, chat.empty)}</strong>
                        <p>{td_string!(locale, chat.empty_lead)}</p>
                        <p>{td_string!(locale, chat.empty_private)}</p>
                    </div>
                </Show>
                <Show when=move || is_shortened.get()>
                    <p class="hint" data-testid="chat-shortened">{td_string!(locale, chat.shortened)}</p>
                </Show>
                <For each=move || messages.with(|messages| messages.to_vec()) key=|message| message.key let(message)>
                    <Message message />
                </For>
            </div>
            <Show when=move || has_more.get()>
                <button
                    type="button"
                    class="secondary chat-jump"
                    data-testid="chat-jump"
                    on:click=move |_| {
                        chat.at_end.set(true);
                        has_more.set(false);
                    }
                >
                    <Icon name=IconName::Down />
                    <span>{td_string!(locale, chat.jump)}</span>
                </button>
            </Show>
        </div>
    }
}
