//! The interface's components in a real browser, with states that no engine made.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{cell::RefCell, rc::Rc};

use leptos::{
    mount::mount_to_renderer,
    prelude::{document, window},
    task::tick,
};
use vitrine::{
    call::{
        CallState, Command, ConnectionState, Departure, DeviceProblem, DeviceState, Intent, LocalMedia, PeerState,
        Problem, Refusal, SignalingState, Stage, Step, Steps, Trouble,
    },
    ui::{app, reactive::Value, text},
};
use vitrine_insight::{
    check::{Line, Outcome, Service},
    path::{Path, Side},
};
use vitrine_protocol::{
    control::RelayProtocol,
    signaling::{ErrorCode, UserId},
};
use wasm_bindgen::{JsCast, prelude::wasm_bindgen};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlMediaElement, HtmlVideoElement, MediaStream};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/support/page.js")]
extern "C" {
    async fn sound_without_a_frame() -> wasm_bindgen::JsValue;
}

/// The app in an element of its own, and what it asked for; gone when dropped.
struct Page {
    root: HtmlElement,
    state: Value<CallState>,
    sent: Rc<RefCell<Vec<Command>>>,
    handle: Option<Box<dyn std::any::Any>>,
}

impl Page {
    async fn open(fragment: &str, state: CallState) -> Self {
        let location = window().location();
        window()
            .history()
            .unwrap()
            .replace_state_with_url(
                &wasm_bindgen::JsValue::NULL,
                "",
                Some(if fragment.is_empty() { "#" } else { fragment }),
            )
            .unwrap();
        assert_eq!(location.hash().unwrap(), fragment);
        let root: HtmlElement = document().create_element("div").unwrap().unchecked_into();
        document().body().unwrap().append_child(&root).unwrap();
        let state = Value::new(state);
        let sent = Rc::new(RefCell::new(Vec::new()));
        let dispatch = {
            let sent = Rc::clone(&sent);
            move |command| sent.borrow_mut().push(command)
        };
        let handle = mount_to_renderer(&root, move || app(state, dispatch));
        tick().await;
        Self { root, state, sent, handle: Some(Box::new(handle)) }
    }

    async fn update(&self, change: impl FnOnce(&mut CallState)) {
        self.state.update(change);
        // One tick for the selected parts of the state, one for what is drawn from them.
        tick().await;
        tick().await;
    }

    fn find(&self, selector: &str) -> Option<Element> {
        self.root.query_selector(selector).unwrap()
    }

    fn get(&self, test_id: &str) -> HtmlElement {
        let element = self.find(&format!("[data-testid={test_id}]"));
        element.unwrap_or_else(|| panic!("no {test_id} in {}", self.root.inner_html())).unchecked_into()
    }

    fn text(&self, test_id: &str) -> String {
        self.get(test_id).text_content().unwrap_or_default()
    }

    async fn click(&self, test_id: &str) {
        self.get(test_id).click();
        tick().await;
        tick().await;
    }

    async fn fill(&self, test_id: &str, value: &str) {
        let input: HtmlInputElement = self.get(test_id).unchecked_into();
        input.set_value(value);
        let event = web_sys::Event::new("input").unwrap();
        input.dispatch_event(&event).unwrap();
        tick().await;
    }

    fn sent(&self) -> Vec<Command> {
        self.sent.take()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        drop(self.handle.take());
        assert_eq!(self.root.child_element_count(), 0, "unmounting leaves nothing behind");
        self.root.remove();
    }
}

fn lobby() -> CallState {
    CallState { signaling: SignalingState::Online, ..CallState::default() }
}

fn in_call(peers: Vec<PeerState>) -> CallState {
    CallState { stage: Stage::InCall, room: Some("weekly".into()), peers, ..lobby() }
}

fn peer(id: &str) -> PeerState {
    PeerState {
        key: id.bytes().fold(0, |key, byte| key * 31 + u64::from(byte)),
        id: UserId(id.into()),
        name: Some(format!("Name of {id}")),
        connection: ConnectionState::Connected,
        audio_stream: Some(MediaStream::new().unwrap()),
        video_stream: Some(MediaStream::new().unwrap()),
        audio: Some(true),
        video: Some(true),
        path: None,
        stalled: false,
        trouble: None,
        steps: Steps::default(),
    }
}

fn attribute(element: &Element, name: &str) -> String {
    element.get_attribute(name).unwrap_or_default()
}

#[wasm_bindgen_test]
async fn entering_without_a_room_in_the_link_creates_the_room_that_was_typed() {
    let page = Page::open("", lobby()).await;
    page.fill("display-name", "  Mina ").await;
    page.fill("room-name", " weekly ").await;
    page.click("enter").await;
    let expected = Command::Enter { name: "Mina".into(), room: "weekly".into(), intent: Intent::Create };
    assert_eq!(page.sent(), [expected]);
}

#[wasm_bindgen_test]
async fn a_new_room_has_a_name_from_the_start_and_another_one_on_the_next_page() {
    let name = |page: &Page| page.get("room-name").unchecked_into::<HtmlInputElement>().value();
    let first = Page::open("", lobby()).await;
    let second = Page::open("", lobby()).await;
    assert_eq!(name(&first).split('-').count(), 5);
    assert_ne!(name(&first), name(&second));
}

#[wasm_bindgen_test]
async fn entering_with_a_room_in_the_link_joins_it() {
    let page = Page::open("#room=a%20b", lobby()).await;
    assert!(page.root.text_content().unwrap().contains("a b"));
    assert!(page.find("[data-testid=room-name]").is_none());
    page.fill("display-name", "").await;
    page.click("enter").await;
    assert_eq!(page.sent(), [Command::Enter { name: String::new(), room: "a b".into(), intent: Intent::Join }]);
}

#[wasm_bindgen_test]
async fn a_room_name_that_cannot_be_used_is_said_and_not_sent() {
    let page = Page::open("", lobby()).await;
    page.fill("room-name", "   ").await;
    page.click("enter").await;
    assert_eq!(attribute(&page.get("error"), "data-code"), "invalid-room-name");
    assert_eq!(page.sent(), []);
    page.fill("room-name", "fine").await;
    tick().await;
    assert!(page.find("[data-testid=error]").is_none());
}

#[wasm_bindgen_test]
async fn while_entering_the_button_says_so_and_asks_no_second_time() {
    let page = Page::open("", CallState { stage: Stage::Entering, room: Some("weekly".into()), ..lobby() }).await;
    let entering = page.text("enter");
    page.click("enter").await;
    assert_eq!(page.sent(), []);
    page.update(|state| state.signaling = SignalingState::Connecting).await;
    assert_ne!(page.text("enter"), entering, "waiting for the server and for the room are told apart");
    page.click("cancel").await;
    assert_eq!(page.sent(), [Command::Leave]);
}

#[wasm_bindgen_test]
async fn a_room_that_exists_already_can_be_joined_instead() {
    let page = Page::open("", lobby()).await;
    page.fill("room-name", "weekly").await;
    page.update(|state| state.problem = Some(Problem::Refused(ErrorCode::RoomExists))).await;
    assert_eq!(attribute(&page.get("error"), "data-code"), "room-exists");
    page.click("enter").await;
    assert!(matches!(&page.sent()[..], [Command::Enter { room, intent: Intent::Join, .. }] if room == "weekly"));
}

#[wasm_bindgen_test]
async fn a_room_that_exists_already_is_in_the_address_as_well() {
    let page = Page::open("", lobby()).await;
    page.fill("room-name", " weekly\u{a0}call ").await;
    page.update(|state| state.problem = Some(Problem::Refused(ErrorCode::RoomExists))).await;
    assert_eq!(window().location().hash().unwrap(), "#room=weekly%20call");
}

#[wasm_bindgen_test]
async fn a_malformed_link_is_said_and_leads_to_a_new_room() {
    let page = Page::open("#room=%ff", lobby()).await;
    assert_eq!(attribute(&page.get("error"), "data-code"), "link-malformed");
    assert!(page.find("[data-testid=enter]").is_none());
    page.click("new-room").await;
    assert!(page.find("[data-testid=error]").is_none());
    assert!(page.find("[data-testid=room-name]").is_some());
}

#[wasm_bindgen_test]
async fn in_a_call_the_address_leads_back_to_the_room() {
    let page = Page::open("", lobby()).await;
    page.update(|state| *state = CallState { room: Some("주간 회의".into()), ..in_call(vec![]) }).await;
    assert_eq!(vitrine::link::room_in(&window().location().hash().unwrap()), Ok(Some("주간 회의".into())));
    assert!(document().title().contains("주간 회의"));
    assert!(page.find("[data-testid=alone]").is_some());
    page.click("leave").await;
    assert_eq!(page.sent(), [Command::Leave]);
}

/// Opens a link in the tab; the event that tells of it is a task of its own.
async fn open_link(fragment: &str) {
    let told =
        js_sys::Promise::new(&mut |done, _| window().add_event_listener_with_callback("hashchange", &done).unwrap());
    window().location().set_hash(fragment).unwrap();
    wasm_bindgen_futures::JsFuture::from(told).await.unwrap();
    tick().await;
    tick().await;
}

#[wasm_bindgen_test]
async fn another_rooms_link_in_a_call_asks_and_leaves_the_address_as_it_is() {
    let page = Page::open("#room=weekly", in_call(vec![])).await;
    let hash = || window().location().hash().unwrap();
    let is_asking = || page.get("moving").has_attribute("open");
    assert!(!is_asking());
    page.update(|_| ()).await;
    open_link("#room=other").await;
    assert!(is_asking() && page.text("moving").contains("other"));
    assert_eq!(hash(), "#room=weekly");
    assert_eq!(page.sent(), []);
    page.click("move").await;
    assert_eq!(page.sent(), [Command::MoveTo { name: String::new(), room: "other".into() }]);
    assert_eq!(hash(), "#room=other");
}

#[wasm_bindgen_test]
async fn an_address_that_leads_nowhere_else_is_put_right_without_a_question() {
    let page = Page::open("#room=weekly", in_call(vec![])).await;
    for same in ["#room%3Dweekly", "#theme=dark", "#room=weekly%E2%80%8B"] {
        open_link(same).await;
        assert_eq!(window().location().hash().unwrap(), "#room=weekly", "{same}");
        assert!(!page.get("moving").has_attribute("open"), "{same}");
    }
    open_link("#room=%ff").await;
    assert!(page.get("moving").has_attribute("open"), "what cannot be read is said");
    assert!(page.find("[data-testid=move]").is_none());
    assert_eq!(window().location().hash().unwrap(), "#room=weekly");
}

#[wasm_bindgen_test]
async fn in_the_lobby_the_address_chooses_the_room_also_while_another_is_entered() {
    let page = Page::open("#room=weekly", lobby()).await;
    open_link("#room=other").await;
    assert!(page.root.query_selector("h1").unwrap().unwrap().text_content().unwrap().contains("other"));
    assert_eq!(page.sent(), [Command::DismissProblem]);
    page.update(|state| (state.stage, state.room) = (Stage::Entering, Some("other".into()))).await;
    open_link("#room=weekly").await;
    assert_eq!(page.sent(), [Command::Leave, Command::DismissProblem]);
}

#[wasm_bindgen_test]
async fn a_name_that_nobody_can_see_is_none() {
    let page = Page::open("#room=weekly", lobby()).await;
    page.fill("display-name", "\u{200b}\u{202e}").await;
    page.click("enter").await;
    assert_eq!(page.sent(), [Command::Enter { name: String::new(), room: "weekly".into(), intent: Intent::Join }]);
    page.fill("display-name", "Mina\u{202e}").await;
    page.click("enter").await;
    assert!(matches!(&page.sent()[..], [Command::Enter { name, .. }] if name == "Mina"));
}

#[wasm_bindgen_test]
async fn a_tile_shows_name_state_step_and_marks() {
    let page = Page::open("", in_call(vec![peer("one")])).await;
    let tile = page.get("tile");
    assert_eq!(attribute(&tile, "data-peer"), "one");
    assert_eq!(attribute(&tile, "data-state"), "connected");
    assert!(tile.text_content().unwrap().contains("Name of one"));
    assert!(page.find("[data-testid=muted]").is_some(), "one's own microphone is not on");
    assert!(tile.query_selector("[data-testid=muted]").unwrap().is_none());
    assert!(tile.query_selector("[data-testid=peer-state]").unwrap().is_none(), "connected needs no words");

    page.update(|state| {
        let peer = &mut state.peers[0];
        peer.connection = ConnectionState::Connecting;
        (peer.audio, peer.name) = (Some(false), None);
        peer.steps.offerer = true;
        peer.steps.reached = vec![(Step::ConnectionCreated, 0.0), (Step::Offer, 3.0)];
    })
    .await;
    assert_eq!(attribute(&tile, "data-state"), "connecting");
    assert_eq!(attribute(&tile, "data-step"), "4");
    assert!(tile.query_selector("[data-testid=muted]").unwrap().is_some());
    assert!(tile.text_content().unwrap().contains("one"), "a nameless guest is told apart by the id");
    assert!(!page.text("peer-state").is_empty());
}

#[wasm_bindgen_test]
async fn every_connection_state_is_named_for_tests_and_said_in_words_of_its_own() {
    use ConnectionState::{Closed, Connecting, Disconnected, Failed, New};
    let page = Page::open("", in_call(vec![peer("one")])).await;
    let mut words = Vec::new();
    for state in [New, Connecting, Disconnected, Failed, Closed] {
        page.update(|call| call.peers[0].connection = state).await;
        assert_eq!(attribute(&page.get("tile"), "data-state"), state.name());
        words.push(page.text("peer-state"));
    }
    words.sort();
    words.dedup();
    assert_eq!(words.len(), 5, "{words:?}");
}

#[wasm_bindgen_test]
async fn a_tile_that_could_not_connect_asks_for_another_try() {
    let page = Page::open("", in_call(vec![peer("one"), peer("two")])).await;
    assert!(page.find("[data-testid=retry]").is_none());
    page.update(|call| call.peers[1].connection = ConnectionState::Failed).await;
    page.click("retry").await;
    assert_eq!(page.sent(), [Command::Retry(peer("two").key)]);
}

#[wasm_bindgen_test]
async fn a_camera_that_is_off_leaves_the_initials() {
    let page = Page::open("", in_call(vec![peer("one")])).await;
    assert_eq!(attribute(&page.get("tile"), "data-video"), "true");
    page.update(|state| {
        state.peers[0].video = Some(false);
        state.peers[0].name = Some("ärger ada lovelace".into());
    })
    .await;
    assert!(page.get("tile").get_attribute("data-video").is_none());
    assert_eq!(page.find("[data-testid=tile] .avatar").unwrap().text_content().unwrap(), "ÄL");
}

#[wasm_bindgen_test]
async fn somebody_leaving_touches_no_other_picture() {
    let page = Page::open("", in_call(vec![peer("one"), peer("two"), peer("three")])).await;
    let video = |id: &str| -> HtmlVideoElement {
        page.find(&format!("[data-peer={id}] [data-testid=remote-video]")).unwrap().unchecked_into()
    };
    let (first, last) = (video("one"), video("three"));
    let (first_source, last_source) = (first.src_object(), last.src_object());
    assert!(first_source.is_some());
    // A node that is taken out and put back, even at once, would stop playing.
    let parent = page.get("tile").parent_element().unwrap();
    let moved = js_sys::Array::new();
    let observer = js_sys::Function::new_with_args(
        "node, moved",
        "const o = new MutationObserver(r => moved.push(...r)); o.observe(node, {childList: true}); return o",
    );
    let observer = observer.call2(&wasm_bindgen::JsValue::NULL, &parent, &moved).unwrap();

    page.update(|state| {
        state.peers.remove(1);
        state.peers[1].audio = Some(false);
    })
    .await;
    assert!(page.find("[data-peer=two]").is_none());
    assert!(video("one").is_same_node(Some(&first)) && video("three").is_same_node(Some(&last)));
    assert_eq!((first.src_object(), last.src_object()), (first_source, last_source));
    let take = js_sys::Function::new_with_args(
        "o, moved",
        "o.disconnect(); return moved.flatMap(r => [...r.addedNodes]).length",
    );
    let added = take.call2(&wasm_bindgen::JsValue::NULL, &observer, &moved).unwrap();
    assert_eq!(added.as_f64(), Some(0.0), "nothing was put back");
    assert_eq!(page.text("people").chars().filter(char::is_ascii_digit).collect::<String>(), "3");
}

/// Asks again, a frame later, until `reached`; a test that waits in vain ends by the runner's own limit.
async fn until(mut reached: impl FnMut() -> bool) {
    while !reached() {
        gloo_timers::future::TimeoutFuture::new(16).await;
    }
}

#[wasm_bindgen_test]
async fn sound_is_played_though_the_video_track_has_no_frame() {
    let streams: js_sys::Array = sound_without_a_frame().await.unchecked_into();
    let [audio_stream, video_stream] = [0, 1].map(|index| Some(streams.get(index).unchecked_into()));
    let page = Page::open("", in_call(vec![PeerState { audio_stream, video_stream, ..peer("one") }])).await;
    let player = |test_id: &str| page.get(test_id).unchecked_into::<HtmlMediaElement>();
    let (audio, video) = (player("remote-audio"), player("remote-video"));
    until(|| audio.current_time() > 0.2).await;
    assert_eq!(video.ready_state(), 0);
    assert!(!audio.muted());
}

#[wasm_bindgen_test]
async fn what_the_browser_paused_plays_again() {
    let streams: js_sys::Array = sound_without_a_frame().await.unchecked_into();
    let audio_stream = Some(streams.get(0).unchecked_into());
    let page = Page::open("", in_call(vec![PeerState { audio_stream, ..peer("one") }])).await;
    let audio: HtmlMediaElement = page.get("remote-audio").unchecked_into();
    until(|| audio.current_time() > 0.0).await;
    audio.pause().unwrap();
    assert!(audio.paused());
    let paused_at = audio.current_time();
    until(|| !audio.paused() && audio.current_time() > paused_at).await;
}

#[wasm_bindgen_test]
async fn an_open_permission_prompt_is_said_in_the_call() {
    let page = Page::open("", in_call(vec![])).await;
    assert!(page.find("[data-testid=prompt]").is_none());
    let prompted = DeviceState::Asking { wanted: true, prompted: true };
    page.update(|state| state.local.camera = prompted).await;
    assert!(page.get("prompt").parent_element().is_some_and(|region| attribute(&region, "role") == "status"));
    page.update(|state| state.local.camera = DeviceState::On).await;
    assert!(page.find("[data-testid=prompt]").is_none());
}

#[wasm_bindgen_test]
async fn switches_say_whether_the_device_is_on_and_ask_for_the_other() {
    let local = LocalMedia { microphone: DeviceState::On, camera: DeviceState::Off, stream: None };
    for state in [CallState { local: local.clone(), ..lobby() }, CallState { local, ..in_call(vec![]) }] {
        let page = Page::open("", state).await;
        assert_eq!(attribute(&page.get("toggle-mic"), "aria-pressed"), "true");
        assert_eq!(attribute(&page.get("toggle-camera"), "aria-pressed"), "false");
        page.click("toggle-mic").await;
        page.click("toggle-camera").await;
        assert_eq!(page.sent(), [Command::SetMicrophone(false), Command::SetCamera(true)]);
        page.update(|state| state.local.camera = DeviceState::ASKED_FOR).await;
        assert_eq!(attribute(&page.get("toggle-camera"), "aria-pressed"), "true", "it shows the wish");
        page.click("toggle-camera").await;
        assert_eq!(page.sent(), [Command::SetCamera(false)], "a press counts while the browser asks");
        page.update(|state| state.local.camera = DeviceState::Asking { wanted: false, prompted: false }).await;
        assert_eq!(attribute(&page.get("toggle-camera"), "aria-pressed"), "false");
    }
}

#[wasm_bindgen_test]
async fn a_device_that_cannot_be_used_is_explained_and_can_be_asked_for_again() {
    for problem in device_problems() {
        let device = DeviceState::Unavailable(problem.clone());
        let local = LocalMedia { microphone: device.clone(), camera: device, stream: None };
        let page = Page::open("", CallState { local, ..lobby() }).await;
        assert_eq!(attribute(&page.get("error"), "data-code"), problem.code());
        assert_eq!(attribute(&page.get("error"), "role"), "alert");
        page.click("retry-device").await;
        assert_eq!(page.sent(), [Command::SetMicrophone(true), Command::SetCamera(true)]);
        page.click("enter").await;
        assert!(matches!(&page.sent()[..], [Command::Enter { .. }]), "one can always watch and listen");
    }
}

#[wasm_bindgen_test]
async fn an_insecure_page_is_told_of_once() {
    let device = DeviceState::Unavailable(DeviceProblem::InsecurePage);
    let local = LocalMedia { microphone: device.clone(), camera: device, stream: None };
    let page = Page::open("", CallState { local, problem: Some(Problem::InsecurePage), ..lobby() }).await;
    let errors = page.root.query_selector_all("[data-testid=error]").unwrap();
    assert_eq!(errors.length(), 1);
    assert_eq!(attribute(&page.get("error"), "data-code"), "insecure-page");
}

#[wasm_bindgen_test]
async fn a_device_lost_in_the_call_is_said_once() {
    let page = Page::open("", in_call(vec![])).await;
    page.update(|state| state.local.camera = DeviceState::Unavailable(DeviceProblem::Lost)).await;
    assert_eq!(attribute(&page.get("error"), "data-code"), "device-lost");
    page.find("[data-testid=error] .icon-button").unwrap().unchecked_into::<HtmlElement>().click();
    tick().await;
    assert!(page.find("[data-testid=error]").is_none());
    page.update(|state| state.local.camera = DeviceState::ASKED_FOR).await;
    page.update(|state| state.local.camera = DeviceState::Unavailable(DeviceProblem::Lost)).await;
    assert!(page.find("[data-testid=error]").is_some(), "asked again, it is news again");
}

#[wasm_bindgen_test]
async fn every_problem_is_shown_with_its_code_and_can_be_dismissed() {
    for problem in problems() {
        let page = Page::open("", CallState { problem: Some(problem.clone()), ..lobby() }).await;
        let error = page.get("error");
        assert_eq!(attribute(&error, "data-code"), problem.code());
        assert_eq!(attribute(&error, "role"), "alert");
        if matches!(problem, Problem::NoWebRtc | Problem::WebRtcRefused(_)) {
            assert!(page.find("[data-testid=enter]").is_none(), "there is nothing to enter with");
            continue;
        }
        error.query_selector(".icon-button").unwrap().unwrap().unchecked_into::<HtmlElement>().click();
        assert_eq!(page.sent(), [Command::DismissProblem]);
    }
}

#[wasm_bindgen_test]
fn every_problem_has_words_of_its_own_in_both_languages() {
    let mut titles = Vec::new();
    for locale in [text::Locale::en, text::Locale::ko] {
        let words = problems().into_iter().map(|problem| text::problem(locale, &problem));
        let devices = device_problems().into_iter().map(|problem| text::device_problem(locale, &problem, "X"));
        for words in words.chain(devices) {
            assert!(!words.title.is_empty() && !words.help.is_empty());
            for text in [&words.title, &words.help] {
                assert!(!text.contains(['{', '}']), "a placeholder was left: {text}");
            }
            titles.push(words.title);
        }
    }
    let count = titles.len();
    titles.sort();
    titles.dedup();
    // The insecure page is the one problem that the page and its devices share.
    assert_eq!(titles.len(), count - 2);
}

#[wasm_bindgen_test]
async fn the_signaling_indicator_says_that_the_call_goes_on_without_the_server() {
    let page = Page::open("", in_call(vec![peer("one")])).await;
    let mut words = Vec::new();
    for (state, name) in [
        (SignalingState::Connecting, "connecting"),
        (SignalingState::Online, "online"),
        (SignalingState::Offline, "offline"),
    ] {
        page.update(|call| call.signaling = state).await;
        assert_eq!(attribute(&page.get("signaling"), "data-state"), name);
        words.push(page.text("signaling"));
    }
    assert!(words[0] != words[1] && words[1] != words[2] && words[0] != words[2]);
    assert!(page.find("[data-testid=tile]").is_some());
}

#[wasm_bindgen_test]
async fn a_refusal_of_signaling_is_said_by_the_indicator_of_a_call_and_by_the_check() {
    let offline = |state| CallState { signaling: SignalingState::Offline, ..state };
    let page = Page::open("", offline(in_call(vec![peer("one")]))).await;
    let plain = page.text("signaling");
    let mut words = Vec::new();
    for refusal in REFUSALS {
        page.update(|state| state.refusal = Some(refusal)).await;
        words.push(page.text("signaling"));
    }
    words.sort();
    words.dedup();
    assert!(words.len() == REFUSALS.len() && !words.contains(&plain), "{words:?}");
    page.update(|state| *state = offline(lobby())).await;
    page.click("check").await;
    let code = || attribute(&page.find("[data-check=signaling]").unwrap(), "data-code");
    assert_eq!(code(), "server-unreachable");
    page.update(|state| state.refusal = Some(Refusal::TooManyConnections)).await;
    assert_eq!(code(), "too-many-connections");
}

#[wasm_bindgen_test]
async fn the_steps_of_a_connection_are_listed_with_the_guides_numbers() {
    let mut one = peer("one");
    one.steps = Steps {
        offerer: false,
        reached: vec![(Step::ConnectionCreated, 0.0), (Step::Candidates, 12.4)],
        candidates_sent: 71,
        candidates_received: 82,
    };
    let page = Page::open("", in_call(vec![one])).await;
    page.click("open-steps").await;
    let text = page.text("steps");
    assert!(page.get("steps").has_attribute("open"));
    assert!(text.contains("71") && text.contains("82") && text.contains("12 ms"), "{text}");
    let numbers = page.root.query_selector_all("[data-testid=steps] li").unwrap();
    let numbers: Vec<_> = (0..numbers.length())
        .map(|index| attribute(numbers.get(index).unwrap().unchecked_ref(), "data-step"))
        .collect();
    assert_eq!(numbers, ["6", "10", "3", "7", "5", "8", "11", "12", "13"]);
    page.update(|state| state.peers.clear()).await;
    assert!(!page.get("steps").has_attribute("open"), "it closes when the participant leaves");
}

#[wasm_bindgen_test]
async fn every_path_is_named_for_tests_and_said_in_words_of_its_own_on_tile_and_panel() {
    use RelayProtocol::{Tcp, Tls, Udp, Unknown};
    let page = Page::open("", in_call(vec![peer("one")])).await;
    let tile = page.get("tile");
    let hooks = || (tile.get_attribute("data-path"), tile.get_attribute("data-relay-side"));
    assert_eq!(hooks(), (None, None));
    assert!(page.find("[data-testid=path]").is_none(), "while nothing is known, nothing is said");
    page.click("open-steps").await;
    let mut words = Vec::new();
    let sides = [(Side::Own, "own"), (Side::Peer, "peer"), (Side::Both, "both")];
    let relays = [(Udp, "relay-udp"), (Tcp, "relay-tcp"), (Tls, "relay-tls"), (Unknown, "relay")];
    let relayed = relays.into_iter().flat_map(|(protocol, name)| {
        sides.map(|(side, side_name)| (Path::Relayed(protocol, side), name, Some(side_name.to_owned())))
    });
    let direct = [(Path::Local, "direct-local", None), (Path::Internet, "direct-internet", None)];
    for (path, name, side) in direct.into_iter().chain(relayed) {
        page.update(|state| state.peers[0].path = Some(path)).await;
        assert_eq!(hooks(), (Some(name.to_owned()), side));
        let mark = tile.query_selector("[data-testid=path]").unwrap().unwrap();
        let said = mark.text_content().unwrap();
        assert_eq!(attribute(&mark, "title"), said);
        assert!(page.text("steps").contains(&said));
        words.push(said);
    }
    assert!(words.iter().all(|words| !words.is_empty() && !words.contains('{')), "{words:?}");
    words.sort();
    words.dedup();
    assert_eq!(words.len(), 14, "{words:?}");
    page.update(|state| state.peers[0].path = None).await;
    assert_eq!(hooks(), (None, None));
}

#[wasm_bindgen_test]
async fn the_check_says_what_works_and_what_does_not_and_why() {
    let local = LocalMedia {
        microphone: DeviceState::On,
        camera: DeviceState::Unavailable(DeviceProblem::NotFound),
        stream: None,
    };
    let page = Page::open("", CallState { local, ..lobby() }).await;
    page.click("check").await;
    assert!(page.get("check-results").has_attribute("open"));
    assert_eq!(page.sent(), [Command::Check]);
    assert_eq!(attribute(&page.get("check-summary"), "role"), "status");
    let running = page.text("check-summary");
    let row = |name: &str| page.find(&format!("[data-check={name}]")).unwrap();
    let states = || ["camera", "microphone", "signaling"].map(|name| attribute(&row(name), "data-state"));
    assert_eq!(states(), ["problem", "good", "good"]);
    assert!(page.find("[data-check=stun]").is_none());

    let line = |service, outcome| Line { service, url: "turn:example.org:3478?transport=tcp".into(), outcome };
    page.update(|state| {
        state.local.camera = DeviceState::Off;
        state.check = Some(vec![
            line(Service::Stun, Some(Outcome::Works)),
            line(Service::Turn(RelayProtocol::Tcp), None),
            line(Service::Turn(RelayProtocol::Tls), Some(Outcome::Credentials)),
        ]);
    })
    .await;
    assert_eq!(attribute(&row("camera"), "data-state"), "skipped");
    assert_eq!(attribute(&row("stun"), "data-state"), "good");
    assert_eq!(attribute(&row("relay-tcp"), "data-state"), "running");
    assert_eq!(attribute(&row("relay-tls"), "data-state"), "problem");
    assert_eq!(attribute(&row("relay-tls"), "data-code"), "credentials");
    assert!(row("relay-tls").text_content().unwrap().contains("example.org:3478"));
    assert_eq!(page.text("check-summary"), running);

    page.update(|state| state.check.as_mut().unwrap()[1].outcome = Some(Outcome::Works)).await;
    let problems = page.text("check-summary");
    page.update(|state| state.check.as_mut().unwrap()[2].outcome = Some(Outcome::NotConfigured)).await;
    let good = page.text("check-summary");
    assert!(running != problems && problems != good && good != running);

    page.click("check-again").await;
    assert_eq!(page.sent(), [Command::Check]);
    page.find("[data-testid=check-results] form button").unwrap().unchecked_into::<HtmlElement>().click();
    until_closed(&page).await;
    assert_eq!(page.sent(), [Command::EndCheck]);
    page.click("check").await;
    assert_eq!(page.sent(), [Command::Check], "it can be opened again");
}

#[wasm_bindgen_test]
async fn the_checks_sentence_says_what_will_not_work() {
    let line = |service, outcome| Line { service, url: "turn:h:notaport".into(), outcome: Some(outcome) };
    let relay = |outcome| line(Service::Turn(RelayProtocol::Udp), outcome);
    let local = LocalMedia { microphone: DeviceState::On, camera: DeviceState::On, stream: None };
    let page = Page::open("", CallState { local, ..lobby() }).await;
    page.click("check").await;
    let mut words = Vec::new();
    for lines in [
        vec![line(Service::Stun, Outcome::Works), relay(Outcome::Works)],
        vec![line(Service::Stun, Outcome::Works), relay(Outcome::NotConfigured)],
        vec![line(Service::Stun, Outcome::NotConfigured), relay(Outcome::NotConfigured)],
    ] {
        page.update(|state| state.check = Some(lines)).await;
        words.push(page.text("check-summary"));
    }
    // A relay alone does for all, and where nothing works it does not matter why.
    page.update(|state| state.check = Some(vec![relay(Outcome::Works)])).await;
    assert_eq!(page.text("check-summary"), words[0]);
    page.update(|state| state.check = Some(vec![relay(Outcome::Unusable)])).await;
    assert_eq!(page.text("check-summary"), words[2]);
    let row = page.find("[data-check=relay-udp]").unwrap();
    assert!(row.text_content().unwrap().contains("turn:h:notaport"), "all of an address that cannot be used");
    words.sort();
    words.dedup();
    assert_eq!(words.len(), 3, "{words:?}");
}

/// The `close` event is a task of its own.
async fn until_closed(page: &Page) {
    while page.sent.borrow().is_empty() {
        gloo_timers::future::TimeoutFuture::new(0).await;
    }
}

#[wasm_bindgen_test]
fn every_outcome_has_words_of_its_own_in_both_languages() {
    use Outcome::{Credentials, NotCarried, NotConfigured, Quota, Refused, Silent, UdpBlocked, Unreachable, Unusable};
    let failed =
        [Credentials, NotCarried, NotConfigured, Quota, Refused(400), Silent, UdpBlocked, Unreachable, Unusable];
    let mut titles = Vec::new();
    for locale in [text::Locale::en, text::Locale::ko] {
        for outcome in failed {
            let words = text::outcome(locale, outcome);
            assert!(!words.help.is_empty() && !words.title.contains('{'), "{outcome:?}");
            titles.push(words.title);
        }
    }
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), 2 * failed.len());
}

#[wasm_bindgen_test]
async fn coming_and_going_is_announced_politely() {
    let page = Page::open("", in_call(vec![])).await;
    assert_eq!(attribute(&page.get("announcements"), "role"), "status");
    page.update(|state| state.peers.push(peer("one"))).await;
    let joined = page.text("announcements");
    assert!(!joined.is_empty());
    page.update(|state| state.peers[0].id = UserId("another".into())).await;
    assert_eq!(page.text("announcements"), joined, "another id is nobody else");
    page.update(|state| state.peers.clear()).await;
    assert!(page.text("announcements").contains("Name of one"));
    assert_ne!(page.text("announcements"), joined);
}

#[wasm_bindgen_test]
async fn who_is_gone_is_said_to_have_left_only_if_that_is_known() {
    let mut said = Vec::new();
    for departure in [None, Some(Departure::Left), Some(Departure::Lost), Some(Departure::Unanswered)] {
        let page = Page::open("", in_call(vec![peer("one"), peer("two")])).await;
        page.update(|state| {
            let one = state.peers.remove(0);
            state.departures = departure.map(|why| (one.key, why)).into_iter().collect();
        })
        .await;
        let words = page.text("announcements");
        assert!(words.contains("Name of one") && !words.contains("Name of two"), "{words}");
        said.push(words);
    }
    assert_eq!(said[0], said[1], "somebody whose departure is not known has left");
    said.sort();
    said.dedup();
    assert_eq!(said.len(), 3, "{said:?}");
}

#[wasm_bindgen_test]
async fn a_connection_in_place_of_another_is_no_news() {
    let page = Page::open("", in_call(vec![peer("one")])).await;
    page.update(|state| {
        let older = state.peers[0].key;
        state.peers[0].key += 1;
        state.peers[0].connection = ConnectionState::Connecting;
        state.departures = vec![(older, Departure::Replaced)];
    })
    .await;
    assert_eq!(page.text("announcements"), "");
}

#[wasm_bindgen_test]
async fn who_does_not_answer_is_said_not_to_answer() {
    let one = PeerState { connection: ConnectionState::Connecting, ..peer("one") };
    let page = Page::open("", in_call(vec![one])).await;
    let fails = async |trouble| {
        page.update(|state| state.peers[0].connection = ConnectionState::Connecting).await;
        page.update(|state| {
            state.peers[0].connection = ConnectionState::Failed;
            state.peers[0].trouble = trouble;
        })
        .await;
        assert!(page.find("[data-testid=retry]").is_some(), "it can be tried again");
        [page.text("announcements"), page.text("peer-state")]
    };
    let (failed, unanswered) = (fails(None).await, fails(Some(Trouble::Unanswered)).await);
    assert_ne!(failed[0], unanswered[0]);
    assert_ne!(failed[1], unanswered[1]);
    assert_eq!(attribute(&page.get("tile"), "data-trouble"), "unanswered");
}

#[wasm_bindgen_test]
async fn what_is_wrong_with_a_connection_that_goes_on_is_said_in_the_place_of_its_path() {
    let one = PeerState { path: Some(Path::Local), ..peer("one") };
    let page = Page::open("", in_call(vec![one])).await;
    for (trouble, code) in [(Trouble::TooLong, "too-long"), (Trouble::Refused, "refused")] {
        page.update(|state| state.peers[0].trouble = Some(trouble)).await;
        assert_eq!(attribute(&page.get("tile"), "data-trouble"), code);
        assert!(!page.text("trouble").is_empty());
        assert!(page.find("[data-testid=path]").is_none());
    }
    page.update(|state| state.peers[0].trouble = None).await;
    assert!(page.find("[data-testid=trouble]").is_none() && page.find("[data-testid=path]").is_some());
}
const REFUSALS: [Refusal; 6] = [
    Refusal::Offline,
    Refusal::WebSocketBlocked,
    Refusal::UpgradeDropped,
    Refusal::TooManyConnections,
    Refusal::OriginNotAllowed,
    Refusal::NoSignalingServer,
];

fn problems() -> Vec<Problem> {
    use ErrorCode::{
        AlreadyInRoom, InvalidRoomName, MalformedPayload, NotInRoom, PayloadTooLarge, RateLimited, RoomExists,
        RoomFull, ShuttingDown, TargetNotInRoom,
    };
    let refused = [
        InvalidRoomName,
        RoomExists,
        RoomFull,
        AlreadyInRoom,
        NotInRoom,
        TargetNotInRoom,
        PayloadTooLarge,
        MalformedPayload,
        ShuttingDown,
        RateLimited,
    ];
    let others = [
        Problem::NoWebRtc,
        Problem::WebRtcRefused("because".into()),
        Problem::InsecurePage,
        Problem::LinkMalformed,
        Problem::ServerUnreachable,
        Problem::RequestTimedOut,
        Problem::RefusedWithoutReason,
        Problem::NoConnection("because".into()),
    ];
    let others = others.into_iter().chain(REFUSALS.map(Problem::NotConnected));
    refused.into_iter().map(Problem::Refused).chain(others).collect()
}

fn device_problems() -> Vec<DeviceProblem> {
    use DeviceProblem::{Busy, InsecurePage, Lost, NotFound, Other, Refused};
    vec![Refused, NotFound, Busy, Lost, InsecurePage, Other("because".into())]
}
