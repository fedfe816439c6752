//! The list of people, hands, reactions, rings and requests in a real browser, with states made by the tests.

use crate::support::{self, Page, attribute, in_call, peer, until};
use leptos::{prelude::*, task::tick};
use vitrine::{
    call::{Command, ConnectionState, DeviceState, HandOf, ShownReaction},
    ui::text,
};
use vitrine_insight::quality::Weakness;
use vitrine_protocol::control::Reaction;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlMediaElement};

fn within(page: &Page, id: &str, selector: &str) -> HtmlElement {
    let found = page.find(&format!("[data-testid=person][data-peer={id}] {selector}"));
    found.unwrap_or_else(|| panic!("no {selector} for {id}")).unchecked_into()
}

async fn click(element: &HtmlElement) {
    element.click();
    tick().await;
    tick().await;
}

fn audio(page: &Page, id: &str) -> HtmlMediaElement {
    page.find(&format!("[data-testid=tile][data-peer={id}] audio")).unwrap().unchecked_into()
}

/// Sets an input's value as a user does, with this event.
async fn set(field: &HtmlInputElement, value: &str, event: &str) {
    field.set_value(value);
    let init = web_sys::EventInit::new();
    init.set_bubbles(true);
    field.dispatch_event(&web_sys::Event::new_with_event_init_dict(event, &init).unwrap()).unwrap();
    tick().await;
    tick().await;
}

#[wasm_bindgen_test]
async fn list_says_how_everybody_is() {
    let page = Page::open("", in_call(vec![peer("ada"), peer("ben")])).await;
    page.click("open-people").await;
    page.update(|state| {
        (state.peers[0].audio, state.peers[0].video) = (Some(false), Some(false));
        state.peers[0].weakness = Some(Weakness::TheirUpload);
        state.peers[1].connection = ConnectionState::Disconnected;
        state.hands = vec![HandOf::Peer(state.peers[1].key), HandOf::Own];
    })
    .await;
    let ada = within(&page, "ada", "summary").text_content().unwrap();
    for words in ["Name of ada", "Their upload is full", "Microphone off", "Camera off"] {
        assert!(ada.contains(words), "{words} in {ada}");
    }
    let ben = within(&page, "ben", "summary").text_content().unwrap();
    for words in ["Connection lost", "Microphone on", "Hand raised"] {
        assert!(ben.contains(words), "{words} in {ben}");
    }
    let hand = |owner: &str| page.find(&format!("{owner} [data-testid=hand-raised]")).map(|mark| mark.text_content());
    assert!(hand("[data-testid=tile][data-peer=ben]").flatten().unwrap().ends_with('1'));
    assert!(hand("[data-testid=self-tile]").flatten().unwrap().ends_with('2'));
    assert!(hand("[data-testid=tile][data-peer=ada]").is_none());
    page.click("close-panel").await;
    assert!(page.find("[data-testid=people-list]").is_none());
}

#[wasm_bindgen_test]
async fn volume_mute_and_hiding_concern_one_participant_and_stay() {
    let page = Page::open("", in_call(vec![peer("ada"), peer("ben")])).await;
    page.click("open-people").await;
    let slider: HtmlInputElement = within(&page, "ada", "[data-testid=volume]").unchecked_into();
    set(&slider, "30", "input").await;
    assert!((audio(&page, "ada").volume() - 0.3).abs() < 1e-9);
    assert_eq!((audio(&page, "ben").volume(), audio(&page, "ben").muted()), (1.0, false));
    click(&within(&page, "ada", "[data-testid=mute-for-me]")).await;
    click(&within(&page, "ada", "[data-testid=hide-for-me]")).await;
    assert!(audio(&page, "ada").muted() && !audio(&page, "ben").muted());
    let has_picture = |id: &str| page.find(&format!("[data-testid=tile][data-peer={id}][data-video]")).is_some();
    assert!(!has_picture("ada") && has_picture("ben"));
    assert_eq!(page.sent(), [], "nobody is told");
    // The same participant over a new connection.
    page.update(|state| {
        let mut again = peer("eve");
        again.session = state.peers[0].session.clone();
        state.peers[0] = again;
    })
    .await;
    assert!(audio(&page, "eve").muted() && (audio(&page, "eve").volume() - 0.3).abs() < 1e-9);
    assert!(!has_picture("eve"));
    click(&within(&page, "eve", "[data-testid=mute-for-me]")).await;
    assert!(!audio(&page, "eve").muted());
}

#[wasm_bindgen_test]
async fn name_hand_and_reactions_are_sent() {
    let page = Page::open("", in_call(vec![peer("ada")])).await;
    page.click("open-people").await;
    let name: HtmlInputElement = page.get("own-name").unchecked_into();
    set(&name, "  Mina\u{202e} ", "change").await;
    assert_eq!(page.sent(), [Command::SetName("Mina".into())]);
    assert_eq!(name.value(), "Mina");
    let stored = window().local_storage().unwrap().unwrap().get_item("vitrine.name").unwrap();
    assert_eq!(stored.as_deref(), Some("Mina"));
    window().local_storage().unwrap().unwrap().remove_item("vitrine.name").unwrap();
    page.click("hand").await;
    assert_eq!(page.sent(), [Command::SetHand(true)]);
    page.update(|state| state.hands = vec![HandOf::Own]).await;
    assert_eq!(attribute(&page.get("hand"), "aria-pressed"), "true");
    page.click("hand").await;
    assert_eq!(page.sent(), [Command::SetHand(false)]);
    page.click("open-reactions").await;
    let choice: HtmlElement = page.find("[data-testid=reaction][data-kind=applause]").unwrap().unchecked_into();
    assert_eq!(attribute(&choice, "aria-label"), "applause");
    click(&choice).await;
    assert_eq!(page.sent(), [Command::React(Reaction::Applause)]);
    assert!(!page.get("reactions").has_attribute("open"));
}

#[wasm_bindgen_test]
async fn request_to_mute_is_the_users_to_answer() {
    let page = Page::open("", in_call(vec![peer("ada"), peer("ben")])).await;
    page.click("open-people").await;
    let ask = within(&page, "ben", "[data-testid=ask-to-mute]");
    click(&ask).await;
    click(&ask).await;
    let ben = peer("ben").key;
    assert_eq!(page.sent(), [Command::AskToMute(ben)], "once is enough");

    page.update(|state| state.local.microphone = DeviceState::On).await;
    page.update(|state| state.peers[1].asks_to_mute = true).await;
    let request = page.get("mute-request");
    assert!(request.text_content().unwrap().contains("Name of ben asks you to mute"));
    assert_eq!(attribute(&request, "role"), "alert");
    page.click("decline-mute").await;
    assert_eq!(page.sent(), [Command::AnswerAsk(ben)]);
    page.click("accept-mute").await;
    assert_eq!(page.sent(), [Command::SetMicrophone(false)]);
    page.update(|state| state.local.microphone = DeviceState::Off).await;
    assert!(page.find("[data-testid=mute-request]").is_none(), "the microphone is off already");
}

#[wasm_bindgen_test]
async fn ring_hand_and_weakness_touch_no_video() {
    let page = Page::open("", in_call(vec![peer("ada"), peer("ben")])).await;
    let assigned = support::assignments(&page.find("[data-peer=ada] video").unwrap());
    let tile = |id: &str| -> Element { page.find(&format!("[data-testid=tile][data-peer={id}]")).unwrap() };
    let before = tile("ada");
    page.update(|state| {
        state.peers[0].is_speaking = true;
        state.peers[0].weakness = Some(Weakness::TheirLoss);
        state.local.is_speaking = true;
    })
    .await;
    assert_eq!(attribute(&tile("ada"), "data-speaking"), "true");
    assert_eq!(attribute(&tile("ada"), "data-weakness"), "their-loss");
    assert_eq!(page.text("weakness"), "Their network is losing packets");
    assert!(!tile("ben").has_attribute("data-speaking"));
    assert_eq!(attribute(&page.get("self-tile"), "data-speaking"), "true");
    page.update(|state| state.speaker = Some(state.peers[1].key)).await;
    assert!(tile("ada").is_same_node(Some(&before)));
    assert_eq!(assigned.length(), 0);
    page.update(|state| state.peers[0].is_speaking = false).await;
    assert!(!tile("ada").has_attribute("data-speaking"));
}

#[wasm_bindgen_test]
async fn many_reactions_are_one_announcement() {
    let page = Page::open("", in_call(vec![peer("ada")])).await;
    let reactions = |kinds: &[(u64, Reaction)]| {
        kinds.iter().map(|(serial, kind)| ShownReaction { serial: *serial, kind: *kind }).collect::<Vec<_>>()
    };
    page.update(|state| state.peers[0].reactions = reactions(&[(1, Reaction::Applause)])).await;
    assert_eq!(page.text("reaction-announcements"), "Name of ada: applause");
    assert_eq!(attribute(&page.get("shown-reaction"), "data-kind"), "applause");
    let kinds = [(1, Reaction::Applause), (2, Reaction::Heart), (3, Reaction::Heart), (4, Reaction::Party)];
    page.update(|state| state.peers[0].reactions = reactions(&kinds)).await;
    assert_eq!(page.text("reaction-announcements"), "Name of ada: applause", "the rest waits");
    let said = || page.text("reaction-announcements");
    until(|| said() == "Name of ada: heart, party").await;
    page.update(|state| state.peers[0].reactions.clear()).await;
    assert!(page.find("[data-testid=shown-reaction]").is_none());
}

#[wasm_bindgen_test]
async fn renaming_and_raised_hands_are_announced() {
    let page = Page::open("", in_call(vec![peer("ada")])).await;
    page.update(|state| state.peers[0].name = Some("Augusta".into())).await;
    assert_eq!(page.text("announcements"), "Name of ada is now called Augusta");
    page.update(|state| state.hands = vec![HandOf::Peer(state.peers[0].key)]).await;
    assert_eq!(page.text("announcements"), "Augusta raises a hand");
}

#[wasm_bindgen_test]
fn every_weakness_has_its_own_text_in_both_languages() {
    for locale in [text::Locale::en, text::Locale::ko] {
        let mut words: Vec<_> = Weakness::ALL.map(|weakness| text::weakness(locale, weakness)).into();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Weakness::ALL.len());
    }
}
