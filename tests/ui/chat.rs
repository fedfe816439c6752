//! The chat in a real browser, with messages made by the tests instead of the engine.

use std::{collections::BTreeMap, sync::Arc};

use crate::support::{Page, attribute, in_call, peer, small_window, until};
use leptos::{prelude::document, task::tick};
use vitrine::call::{
    CallState, Command,
    chat::{Audience, ChatMessage, ChatName, ChatPerson, Missing, Reach},
};
use vitrine_protocol::{chat::MAX_TEXT_UNITS, signaling::UserId};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, HtmlElement, HtmlSelectElement, KeyboardEvent, KeyboardEventInit};

#[wasm_bindgen(inline_js = "
export function count_tones() {
  globalThis.__tones = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...all) { globalThis.__tones += 1; return start.apply(this, all); };
  return () => { OscillatorNode.prototype.start = start; };
}
export function tones() { return globalThis.__tones; }
export function next_frame() { return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))); }
")]
extern "C" {
    fn count_tones() -> js_sys::Function;
    fn tones() -> u32;
    async fn next_frame();
}

fn name(name: &str) -> ChatName {
    ChatName { name: Some(name.to_owned()), id: UserId(name.to_lowercase()) }
}

fn message(key: u64, author: &str, text: &str) -> ChatMessage {
    ChatMessage {
        key,
        author: name(author),
        is_mine: author == "me",
        audience: Audience::Everybody,
        time: 1_700_000_000_000 + key * 1_000,
        text: text.to_owned(),
        is_old: false,
        via: None,
    }
}

fn say(state: &mut CallState, message: ChatMessage) {
    let mut messages = state.chat.messages.to_vec();
    messages.push(message);
    state.chat.messages = Arc::new(messages);
}

fn person(number: u64, called: &str, reach: Reach) -> ChatPerson {
    ChatPerson { number, name: name(called), reach }
}

async fn call_with_ben() -> Page {
    let page = Page::open("", in_call(vec![peer("ben")])).await;
    page.update(|state| state.chat.people = Arc::new(vec![person(7, "Ben", Reach::Open)])).await;
    page.sent();
    page
}

async fn type_message(page: &Page, text: &str) {
    let field = page.get("chat-input");
    js_sys::Reflect::set(&field, &"value".into(), &text.into()).unwrap();
    field.dispatch_event(&web_sys::Event::new("input").unwrap()).unwrap();
    tick().await;
}

async fn press_enter(page: &Page, shift: bool, composing: bool) -> bool {
    let init = KeyboardEventInit::new();
    init.set_key("Enter");
    init.set_shift_key(shift);
    init.set_is_composing(composing);
    init.set_bubbles(true);
    init.set_cancelable(true);
    let event = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init).unwrap();
    let is_new_line = page.get("chat-input").dispatch_event(&event).unwrap();
    tick().await;
    tick().await;
    is_new_line
}

fn value(element: &HtmlElement) -> String {
    js_sys::Reflect::get(element, &"value".into()).unwrap().as_string().unwrap()
}

async fn choose(page: &Page, number: &str) {
    let select: HtmlSelectElement = page.get("chat-to").unchecked_into();
    select.set_value(number);
    select.dispatch_event(&web_sys::Event::new("change").unwrap()).unwrap();
    tick().await;
    tick().await;
}

fn all(page: &Page, selector: &str) -> Vec<Element> {
    let list = page.root.query_selector_all(selector).unwrap();
    (0..list.length()).map(|index| list.get(index).unwrap().unchecked_into()).collect()
}

#[wasm_bindgen_test]
async fn enter_sends_and_shift_enter_and_a_composition_do_not() {
    let page = call_with_ben().await;
    page.click("open-chat").await;
    type_message(&page, "안녕").await;
    assert!(press_enter(&page, false, true).await, "the input method takes the key");
    assert!(press_enter(&page, true, false).await, "a new line");
    assert_eq!(page.sent(), []);
    assert_eq!(value(&page.get("chat-input")), "안녕");
    assert!(!press_enter(&page, false, false).await);
    assert_eq!(page.sent(), [Command::Chat { to: None, text: "안녕".to_owned() }]);
    assert_eq!(value(&page.get("chat-input")), "");
    press_enter(&page, false, false).await;
    type_message(&page, " \n\u{200b}").await;
    page.click("chat-send").await;
    assert_eq!(page.sent(), [], "there is nothing to send");
}

#[wasm_bindgen_test]
async fn draft_and_recipient_survive_closing_the_panel() {
    let page = call_with_ben().await;
    page.click("open-chat").await;
    choose(&page, "7").await;
    type_message(&page, "for Ben").await;
    page.click("close-panel").await;
    assert!(page.find("[data-testid=chat-input]").is_none());
    // The focus goes back to where it was.
    until(|| document().active_element() == Some(page.get("open-chat").into())).await;
    page.click("open-chat").await;
    assert_eq!(value(&page.get("chat-input")), "for Ben");
    assert_eq!(value(&page.get("chat-to")), "7");
    page.click("chat-send").await;
    assert_eq!(page.sent(), [Command::Chat { to: Some(7), text: "for Ben".to_owned() }]);
}

#[wasm_bindgen_test]
async fn text_to_somebody_who_left_is_kept_and_goes_to_nobody_else() {
    let page = call_with_ben().await;
    page.click("open-chat").await;
    choose(&page, "7").await;
    type_message(&page, "a secret").await;
    page.update(|state| state.chat.people = Arc::new(Vec::new())).await;
    page.click("chat-send").await;
    assert_eq!(page.sent(), []);
    assert!(page.text("chat-problem").starts_with("Ben left."), "{}", page.text("chat-problem"));
    assert_eq!(value(&page.get("chat-to")), "7");
    assert_eq!(value(&page.get("chat-input")), "a secret");
    page.update(|state| state.chat.people = Arc::new(vec![person(7, "Ben", Reach::Open)])).await;
    assert_eq!(page.text("chat-problem"), "");
    page.click("chat-send").await;
    assert_eq!(page.sent(), [Command::Chat { to: Some(7), text: "a secret".to_owned() }]);
}

#[wasm_bindgen_test]
async fn too_long_a_text_is_said_before_sending() {
    let page = call_with_ben().await;
    page.click("open-chat").await;
    type_message(&page, &"x".repeat(MAX_TEXT_UNITS - 10)).await;
    assert_eq!(page.text("chat-left"), "10 characters left");
    type_message(&page, &"x".repeat(MAX_TEXT_UNITS + 5)).await;
    assert!(page.text("chat-problem").starts_with("5 characters too many"));
    page.click("chat-send").await;
    assert_eq!(page.sent(), []);
    assert_eq!(value(&page.get("chat-input")).len(), MAX_TEXT_UNITS + 5);
}

#[wasm_bindgen_test]
async fn participants_without_chat_are_named() {
    let page = call_with_ben().await;
    let people = vec![person(7, "Ben", Reach::Open), person(8, "Plain", Reach::NoChat)];
    page.update(|state| state.chat.people = Arc::new(people)).await;
    page.click("open-chat").await;
    assert!(page.text("chat-unreached").contains("Plain cannot read the chat"));
    let option = page.find("[data-testid=chat-to] option[value='8']").unwrap();
    assert!(option.has_attribute("disabled") && option.text_content().unwrap().contains("Plain (no chat)"));
}

#[wasm_bindgen_test]
async fn messages_show_author_audience_and_whom_they_have_not_reached() {
    let page = call_with_ben().await;
    page.click("open-chat").await;
    assert!(page.text("chat-empty").contains("The server sees and keeps none of it"));
    page.update(|state| {
        say(state, ChatMessage { is_old: true, via: Some(name("Cho")), ..message(1, "Ann", "before") });
        say(state, ChatMessage { audience: Audience::Me, ..message(2, "Ben", "psst") });
        say(state, message(3, "me", "hello\n  you"));
        let missing = vec![Missing::Waiting(name("Ben")), Missing::Left(name("Cho")), Missing::NoChat(name("Plain"))];
        state.chat.receipts = Arc::new(BTreeMap::from([(3, missing)]));
        state.chat.is_shortened = true;
    })
    .await;
    assert!(page.find("[data-testid=chat-empty]").is_none());
    assert_eq!(page.text("chat-shortened"), "Older messages are not kept.");
    let shown = all(&page, "[data-testid=chat-message]");
    let text = |index: usize| shown[index].text_content().unwrap();
    assert!(
        text(0).contains("Ann") && text(0).contains("passed on by Cho") && attribute(&shown[0], "data-old") == "true"
    );
    assert!(text(1).contains("Only to you"), "{}", text(1));
    assert!(text(2).contains("You") && text(2).contains("hello\n  you"));
    let missing = page.text("chat-missing");
    for words in ["Has not reached Ben yet.", "Did not reach Cho, who left.", "Plain cannot read the chat"] {
        assert!(missing.contains(words), "{missing}");
    }
    page.update(|state| state.chat.receipts = Arc::default()).await;
    assert!(page.find("[data-testid=chat-missing]").is_none());
    assert_eq!(all(&page, "[data-testid=chat-message]")[2], shown[2], "the message itself is the same element");
    let log = page.get("chat-log");
    assert_eq!((attribute(&log, "role"), attribute(&log, "aria-live")), ("log".into(), "polite".into()));
}

#[wasm_bindgen_test]
async fn markup_is_text_and_links_are_safe() {
    let page = call_with_ben().await;
    page.click("open-chat").await;
    let text = "<img src=x onerror=alert(1)> javascript://x.org/%0aalert(1) https://аpple.com/ https://a.org@b.org/ \
                see http://example.org/x?y#z, ada@example.org";
    page.update(|state| say(state, message(1, "Ben", text))).await;
    assert!(page.find(".message-text img").is_none());
    let links = all(&page, "[data-testid=chat-message] a");
    let shown: Vec<_> = links.iter().map(|link| (attribute(link, "href"), link.text_content().unwrap())).collect();
    assert!(shown.contains(&("http://example.org/x?y#z".into(), "http://example.org/x?y#z".into())), "{shown:?}");
    assert!(shown.contains(&("mailto:ada@example.org".into(), "ada@example.org".into())), "{shown:?}");
    assert!(
        shown.iter().any(|(address, words)| address == "https://xn--pple-43d.com/" && words == address),
        "{shown:?}"
    );
    assert!(
        shown.iter().all(|(address, _)| !address.contains("javascript") && !address.contains("b.org/")),
        "{shown:?}"
    );
    for link in &links {
        assert_eq!(attribute(link, "rel"), "noopener noreferrer nofollow");
        assert_eq!(attribute(link, "target"), "_blank");
    }
}

#[wasm_bindgen_test]
async fn unread_messages_are_counted_said_and_heard_once() {
    let restore = count_tones();
    let page = call_with_ben().await;
    page.update(|state| say(state, ChatMessage { is_old: true, ..message(1, "Ann", "before") })).await;
    assert_eq!(tones(), 0, "what is old makes no sound");
    page.update(|state| say(state, message(2, "me", "mine"))).await;
    assert_eq!((tones(), document().title()), (0, "(1) weekly · Vitrine".to_owned()));
    page.update(|state| say(state, message(3, "Ben", "hello"))).await;
    page.update(|state| say(state, message(4, "Ben", "hello again"))).await;
    assert_eq!(tones(), 1, "one sound in four seconds");
    assert_eq!(document().title(), "(3) weekly · Vitrine");
    assert!(page.text("open-chat").contains("3 unread"), "{}", page.text("open-chat"));
    assert_eq!(page.text("chat-announcement"), "Message from Ben: hello again");
    page.click("open-chat").await;
    assert_eq!(document().title(), "weekly · Vitrine");
    page.update(|state| say(state, message(5, "Ben", "seen at once"))).await;
    assert_eq!(document().title(), "weekly · Vitrine");
    assert_eq!(page.text("chat-announcement"), "Message from Ben: hello again", "the log speaks for itself");
    // Not kept for the other tests.
    assert_eq!(attribute(&page.get("chat-sound"), "aria-pressed"), "true");
    page.click("chat-sound").await;
    assert_eq!(attribute(&page.get("chat-sound"), "aria-pressed"), "false");
    page.click("chat-sound").await;
    restore.call0(&JsValue::NULL).unwrap();
}

#[wasm_bindgen_test]
async fn log_follows_its_end_only_from_there() {
    let (frame, body) = small_window(390, 700);
    let page = Page::open_in(body, "", in_call(vec![peer("ben")])).await;
    page.click("open-chat").await;
    for key in 1..60 {
        page.update(|state| say(state, message(key, "Ben", "one line\nand another"))).await;
    }
    next_frame().await;
    let log = page.get("chat-log");
    let from_end = || log.scroll_height() - log.scroll_top() - log.client_height();
    assert!(log.scroll_height() > 2 * log.client_height());
    assert!(from_end() <= 2, "{} from the end", from_end());
    log.set_scroll_top(0);
    // Browsers do not draw a frame that is out of sight, nor tell of its scrolling.
    log.dispatch_event(&web_sys::Event::new("scroll").unwrap()).unwrap();
    next_frame().await;
    page.update(|state| say(state, message(60, "Ben", "below"))).await;
    next_frame().await;
    assert_eq!(log.scroll_top(), 0, "the reader is not carried away");
    page.click("chat-jump").await;
    next_frame().await;
    assert!(from_end() <= 2, "{} from the end", from_end());
    assert!(page.find("[data-testid=chat-jump]").is_none());
    drop(page);
    frame.remove();
}

#[wasm_bindgen_test]
async fn chat_fits_into_small_windows() {
    for (width, height) in [(320, 568), (390, 844), (844, 390), (320, 256)] {
        let (frame, body) = small_window(width, height);
        let page = Page::open_in(body, "", in_call(vec![peer("ben")])).await;
        page.click("open-chat").await;
        page.update(|state| say(state, message(1, "Ben", &"long".repeat(900)))).await;
        next_frame().await;
        for test_id in ["chat-input", "chat-send", "chat-to", "chat-log", "close-panel", "chat-sound"] {
            let place = page.get(test_id).get_bounding_client_rect();
            let is_inside = place.left() >= 0.0
                && place.top() >= 0.0
                && place.right() <= f64::from(width)
                && place.bottom() <= f64::from(height);
            assert!(
                is_inside && place.height() >= 24.0,
                "{test_id} in {width}x{height}: {} to {}",
                place.top(),
                place.bottom()
            );
        }
        drop(page);
        frame.remove();
    }
}
