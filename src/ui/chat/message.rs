//! One message of the chat: who, when, what, and whom it has not reached.

use leptos::prelude::*;
use leptos_i18n::td_string;
use wasm_bindgen::JsValue;

use super::links::{Part, parts};
use crate::call::{
    CallStateStoreFields as _,
    chat::{Audience, ChatMessage, ChatName, Missing},
};
use crate::ui::{
    context::Ui,
    text::{self, Locale, fill},
};

/// A message.
#[component]
pub fn Message(
    /// The message.
    message: ChatMessage,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let ChatMessage { key, author, is_mine, audience, time, text, is_old, via } = message;
    let author = if is_mine { td_string!(locale, chat.you).to_owned() } else { name(locale, &author) };
    let audience = match audience {
        Audience::Everybody => None,
        Audience::Me => Some(td_string!(locale, chat.only_you).to_owned()),
        Audience::Person(to) => Some(fill(td_string!(locale, chat.only_to), "name", &name(locale, &to))),
    };
    let via = via.map(|via| fill(td_string!(locale, chat.via), "name", &name(locale, &via)));
    let is_private = audience.is_some();
    view! {
        <div
            class="message"
            data-testid="chat-message"
            data-mine=is_mine.then_some("true")
            data-private=is_private.then_some("true")
            data-old=is_old.then_some("true")
        >
            <p class="message-head">
                <strong dir="auto" translate="no">{author}</strong>
                {audience.map(|words| view! { <span class="message-mark" data-testid="chat-audience">{words}</span> })}
                {via.map(|words| view! { <span>{words}</span> })}
                <time>{clock(locale, time)}</time>
            </p>
            <p class="message-text" dir="auto">
                {parts(&text, resolve).into_iter().map(part).collect_view()}
            </p>
            {is_mine.then(|| view! { <Receipt key /> })}
        </div>
    }
}

/// Whom a message of the user has not reached.
#[component]
fn Receipt(key: u64) -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let missing = Memo::new(move |_| {
        state.chat().with(|chat| chat.receipts.get(&key).map(|missing| receipt(locale, missing)).unwrap_or_default())
    });
    view! {
        <Show when=move || missing.with(|words| !words.is_empty())>
            <p class="message-missing" data-testid="chat-missing" prop:textContent=missing></p>
        </Show>
    }
}

/// The sentences about the participants whom a message has not reached.
fn receipt(locale: Locale, missing: &[Missing]) -> String {
    let names = |of: fn(&Missing) -> Option<&ChatName>| {
        let names: Vec<_> = missing.iter().filter_map(of).map(|one| name(locale, one)).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let waiting = names(|one| if let Missing::Waiting(name) = one { Some(name) } else { None });
    let left = names(|one| if let Missing::Left(name) = one { Some(name) } else { None });
    let no_chat = names(|one| if let Missing::NoChat(name) = one { Some(name) } else { None });
    let sentences = [
        waiting.map(|names| fill(td_string!(locale, chat.waiting), "names", &names)),
        left.map(|names| fill(td_string!(locale, chat.missed), "names", &names)),
        no_chat.map(|names| fill(td_string!(locale, chat.no_chat), "names", &names)),
        missing.contains(&Missing::Nobody).then(|| td_string!(locale, chat.nobody).to_owned()),
    ];
    sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What a participant is called.
pub fn name(locale: Locale, name: &ChatName) -> String {
    text::name_or_guest(locale, name.name.as_deref(), &name.id)
}

fn part(part: Part) -> AnyView {
    match part {
        Part::Text(text) => text.into_any(),
        Part::Link { address, shown } => {
            view! { <a href=address target="_blank" rel="noopener noreferrer nofollow" dir="ltr">{shown}</a> }
                .into_any()
        }
    }
}

/// An address as the browser reads it, with the host in ASCII.
fn resolve(address: &str) -> Option<String> {
    Some(web_sys::Url::new(address).ok()?.href())
}

/// The time of day in the language, as the user's country writes it if that is known.
fn clock(locale: Locale, time: u64) -> String {
    let date = js_sys::Date::new(&JsValue::from_f64(time as f64));
    let options = js_sys::Object::new();
    for key in ["hour", "minute"] {
        // Fails only for a frozen object.
        let _ =
            js_sys::Reflect::set(&options, &key.into(), &(if key == "hour" { "numeric" } else { "2-digit" }).into());
    }
    let tag = text::tag(locale);
    let browser_tag = window().navigator().language().filter(|browser_tag| browser_tag.starts_with(tag));
    date.to_locale_time_string_with_options(browser_tag.as_deref().unwrap_or(tag), &options).into()
}
