//! Tells of messages that the user does not see: their number in the title, a quiet sound, a sentence for screen readers.
//! While the chat is open, its log speaks for itself.

use leptos::prelude::*;
use leptos_i18n::td_string;

use super::message::name;
use crate::browser::{Listener, is_hidden, now, play_tone};
use crate::call::{
    CallStateStoreFields as _,
    chat::{Audience, ChatMessage},
};
use crate::ui::{
    context::{CallUi, Ui},
    page,
    panel_name::Panel,
    text::{Locale, fill},
};

/// The least time between two sounds, in milliseconds.
const PAUSE: f64 = 4_000.0;
/// Most characters of a message that are announced.
const MAX_ANNOUNCED: usize = 200;

/// The live region. Counts what is unread as long as the call lasts.
#[component]
pub fn ChatNotifier() -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let call: CallUi = expect_context();
    let chat = call.chat;
    let visible = RwSignal::new(!is_hidden());
    let listener = Listener::new(&document(), "visibilitychange", move |_| {
        visible.try_set(!is_hidden());
    });
    let _listener = StoredValue::new_local(listener);
    let messages = Memo::new(move |_| state.chat().with(|chat| chat.messages.clone()));
    let is_open = move || call.panel.get() == Some(Panel::Chat);
    let announcement = RwSignal::new(String::new());
    Effect::new(move |_| {
        let (is_open, visible) = (is_open(), visible.get());
        messages.with(|messages| {
            let is_new = |message: &&ChatMessage| !message.is_mine && message.key > chat.noticed.get_value();
            let new =
                messages.iter().filter(is_new).filter(|message| !message.is_old).max_by_key(|message| message.key);
            if !is_open && let Some(message) = new {
                announcement.set(sentence(locale, message));
            }
            let is_due = || now() - chat.sounded.get_value() >= PAUSE;
            if new.is_some() && !(is_open && visible) && chat.sound.get_untracked() && is_due() {
                chat.sounded.set_value(now());
                play_tone();
            }
            let last = messages.iter().map(|message| message.key).max().unwrap_or_default();
            chat.noticed.set_value(last);
            if is_open && visible && chat.seen.get_untracked() != last {
                chat.seen.set(last);
            }
        });
    });
    let unread = Memo::new(move |_| {
        let seen = chat.seen.get();
        messages.with(|messages| messages.iter().filter(|message| !message.is_mine && message.key > seen).count())
    });
    Effect::new(move |_| chat.unread.set(unread.get()));
    Effect::new(move |_| {
        if let Some(room) = state.room().get() {
            page::show_unread(&room, unread.get());
        }
    });
    view! { <p class="visually-hidden" role="status" data-testid="chat-announcement" prop:textContent=announcement></p> }
}

fn sentence(locale: Locale, message: &ChatMessage) -> String {
    let words = match message.audience {
        Audience::Me => td_string!(locale, chat.announce_private),
        Audience::Everybody | Audience::Person(_) => td_string!(locale, chat.announce),
    };
    let text: String = message.text.chars().take(MAX_ANNOUNCED).collect();
    fill(&fill(words, "name", &name(locale, &message.author)), "text", &text)
}
