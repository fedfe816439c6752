//! Where the user writes a message: to whom, the text, and what stands in the way of sending it. What was typed stays until
//! it is sent.

use leptos::{ev, html, prelude::*};
use leptos_i18n::td_string;
use vitrine_protocol::chat::{MAX_TEXT_UNITS, message_text, text_units};

use super::{chat_ui::ChatUi, message::name};
use crate::call::{
    CallStateStoreFields as _, Command,
    chat::{ChatPerson, Reach},
};
use crate::ui::{
    context::{CallUi, Ui},
    icon::{Icon, IconName},
    text::{Locale, fill},
};

/// From how many characters left on they are counted.
const COUNT_FROM: usize = 400;
/// The `keyCode` of keys that an input method takes. Safari tells only by it that the Enter key ended a composition.
const TAKEN_BY_INPUT_METHOD: u32 = 229;
/// Most lines that the field grows to.
const MAX_ROWS: usize = 6;
/// About how many characters fit into a line of the field.
const ROW: usize = 36;

/// What stands in the way of sending.
#[derive(Clone, PartialEq)]
enum Obstacle {
    /// There is nothing to send.
    Empty,
    /// So many characters too many.
    TooLong(usize),
    /// The participant left.
    Left(String),
    /// The participant's client has no chat.
    NoChat(String),
}

/// The form.
#[component]
pub fn Composer() -> impl IntoView {
    let ui = Ui::from_context();
    let Ui { state, locale, .. } = ui;
    let chat = expect_context::<CallUi>().chat;
    let field = NodeRef::<html::Textarea>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get()
            && has_fine_pointer()
        {
            let _ = field.focus();
        }
    });
    let units = Memo::new(move |_| chat.draft.with(|draft| text_units(draft)));
    let obstacle = Memo::new(move |_| {
        let people = state.chat().with(|chat| chat.people.clone());
        if let Some((number, to)) = chat.to.get() {
            match people.iter().find(|person| person.number == number) {
                None => return Some(Obstacle::Left(name(locale, &to))),
                Some(person) if person.reach == Reach::NoChat => {
                    return Some(Obstacle::NoChat(name(locale, &person.name)));
                }
                Some(_) => {}
            }
        }
        let over = units.get().saturating_sub(MAX_TEXT_UNITS);
        let is_empty = || chat.draft.with(|draft| message_text(draft).is_none());
        if over > 0 { Some(Obstacle::TooLong(over)) } else { is_empty().then_some(Obstacle::Empty) }
    });
    let send = move || {
        if obstacle.with_untracked(Option::is_none) {
            let (to, text) = (chat.to.get_untracked().map(|(number, _)| number), chat.draft.get_untracked());
            chat.draft.set(String::new());
            chat.at_end.set(true);
            ui.send(Command::Chat { to, text });
        }
        if let Some(field) = field.get_untracked() {
            let _ = field.focus();
        }
    };
    let on_key = move |event: ev::KeyboardEvent| {
        let is_composing = event.is_composing() || event.key_code() == TAKEN_BY_INPUT_METHOD;
        if event.key() == "Enter" && !event.shift_key() && !is_composing {
            event.prevent_default();
            send();
        }
    };
    let rows = move || {
        let lines = |draft: &String| draft.split('\n').map(|line| 1 + line.chars().count() / ROW).sum::<usize>();
        chat.draft.with(lines).clamp(1, MAX_ROWS).to_string()
    };
    let problem =
        Memo::new(move |_| obstacle.with(|obstacle| obstacle.as_ref().map(|it| words(locale, it)).unwrap_or_default()));
    let left = move || {
        let left = MAX_TEXT_UNITS.saturating_sub(units.get());
        if left > COUNT_FROM || units.get() > MAX_TEXT_UNITS {
            return String::new();
        }
        fill(td_string!(locale, chat.left), "count", &left.to_string())
    };
    view! {
        <form
            class="composer"
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
        >
            <Recipient />
            <Unreached />
            <p class="composer-problem" role="status" data-testid="chat-problem" prop:textContent=problem></p>
            <div class="composer-line">
                <textarea
                    data-testid="chat-input"
                    aria-label=td_string!(locale, chat.input)
                    placeholder=td_string!(locale, chat.placeholder)
                    rows=rows
                    dir="auto"
                    autocomplete="off"
                    enterkeyhint="send"
                    node_ref=field
                    prop:value=chat.draft
                    on:input=move |event| chat.draft.set(event_target_value(&event))
                    on:keydown=on_key
                ></textarea>
                <button
                    class="icon-button composer-send"
                    data-testid="chat-send"
                    aria-label=td_string!(locale, chat.send)
                    aria-disabled=move || obstacle.with(Option::is_some).then_some("true")
                >
                    <Icon name=IconName::Send />
                </button>
            </div>
            <div class="composer-foot">
                <SoundSwitch chat />
                <span data-testid="chat-left" prop:textContent=left></span>
            </div>
        </form>
    }
}

fn words(locale: Locale, obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Empty => String::new(),
        Obstacle::TooLong(count) => fill(td_string!(locale, chat.too_long), "count", &count.to_string()),
        Obstacle::Left(name) => fill(td_string!(locale, chat.person_left), "name", name),
        Obstacle::NoChat(name) => fill(td_string!(locale, chat.no_chat), "names", name),
    }
}

/// Whether the user points with a mouse. Elsewhere, focusing a field brings up the keyboard and covers the messages.
fn has_fine_pointer() -> bool {
    window().match_media("(pointer: fine)").ok().flatten().is_some_and(|query| query.matches())
}

/// To whom the message goes.
#[component]
fn Recipient() -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let chat = expect_context::<CallUi>().chat;
    let people = Memo::new(move |_| state.chat().with(|chat| chat.people.clone()));
    // One who left stays chosen, so that no private word goes to everybody.
    let gone = Memo::new(move |_| {
        let here = |number| people.with(|people| people.iter().any(|person| person.number == number));
        chat.to.get().filter(|(number, _)| !here(*number))
    });
    let choose = move |event| {
        let chosen = event_target_value(&event).parse().ok();
        let person = people.with_untracked(|people| {
            people
                .iter()
                .find(|person| Some(person.number) == chosen)
                .map(|person| (person.number, person.name.clone()))
        });
        chat.to.set(person);
    };
    let is_chosen = move |number: Option<u64>| chat.to.with(|to| to.as_ref().map(|(number, _)| *number) == number);
    let option = move |person: ChatPerson| {
        let ChatPerson { number, name: person, reach } = person;
        let person = name(locale, &person);
        let words = match reach {
            Reach::Open => person,
            Reach::NoChat => fill(td_string!(locale, chat.without_chat), "name", &person),
        };
        view! {
            <option value=number.to_string() disabled=reach == Reach::NoChat prop:selected=move || is_chosen(Some(number))>
                {words}
            </option>
        }
    };
    view! {
        <label class="composer-to">
            <span>{td_string!(locale, chat.to)}</span>
            <select data-testid="chat-to" translate="no" on:change=choose>
                <option value="" prop:selected=move || is_chosen(None)>
                    {td_string!(locale, chat.everybody)}
                </option>
                <For
                    each=move || people.with(|people| people.to_vec())
                    key=|person| (person.number, person.name.name.clone(), person.reach == Reach::Open)
                    children=option
                />
                {move || {
                    gone.get()
                        .map(|(number, person)| {
                            let words = fill(td_string!(locale, chat.has_left), "name", &name(locale, &person));
                            view! {
                                <option value=number.to_string() prop:selected=true>
                                    {words}
                                </option>
                            }
                        })
                }}
            </select>
        </label>
    }
}

/// Those among everybody who cannot chat.
#[component]
fn Unreached() -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let chat = expect_context::<CallUi>().chat;
    let words = Memo::new(move |_| {
        let without = state.chat().with(|chat| {
            let without = chat.people.iter().filter(|person| person.reach == Reach::NoChat);
            without.map(|person| name(locale, &person.name)).collect::<Vec<_>>().join(", ")
        });
        let is_shown = !without.is_empty() && chat.to.with(Option::is_none);
        if is_shown { fill(td_string!(locale, chat.no_chat), "names", &without) } else { String::new() }
    });
    view! {
        <Show when=move || words.with(|words| !words.is_empty())>
            <p class="hint" data-testid="chat-unreached" prop:textContent=words></p>
        </Show>
    }
}

/// The switch of the sound for new messages.
#[component]
fn SoundSwitch(chat: ChatUi) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let icon = Signal::derive(move || if chat.sound.get() { IconName::Sound } else { IconName::SoundOff });
    view! {
        <button
            type="button"
            class="link composer-sound"
            data-testid="chat-sound"
            aria-pressed=move || if chat.sound.get() { "true" } else { "false" }
            on:click=move |_| chat.set_sound(!chat.sound.get_untracked())
        >
            <Icon name=icon />
            <span>{td_string!(locale, chat.sound)}</span>
        </button>
    }
}
