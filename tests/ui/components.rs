//! The interface's components in a real browser, with states made by the tests instead of the engine.

use crate::support::{Page, assignments, attribute, in_call, lobby, peer, small_window, until};
use leptos::{prelude::*, task::tick};
use vitrine::{
    call::{
        CallState, Command, ConnectionState, Departure, DeviceProblem, DeviceState, Intent, LocalMedia, PeerState,
        Problem, Refusal, SignalingState, Stage, Step, Trouble,
    },
    ui::text,
};
use vitrine_insight::{
    connection_check::{Outcome, ServerCheck, Service},
    path::{MediaPath, RelaySide},
};
use vitrine_protocol::{
    control::RelayProtocol,
    signaling::{ErrorCode, UserId},
};
use wasm_bindgen::{JsCast, prelude::wasm_bindgen};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlMediaElement, HtmlVideoElement, MediaStream};

#[wasm_bindgen(module = "/tests/page.js")]
extern "C" {
    async fn audio_and_frameless_video() -> wasm_bindgen::JsValue;
}

/// 320 by 256 is a window of 1280 by 1024 at a zoom of 400 % (WCAG 2.2, 1.4.10).
#[wasm_bindgen_test]
async fn every_control_of_the_call_is_inside_a_small_window() {
    for (width, height) in [(320, 568), (320, 256), (568, 320)] {
        let (frame, body) = small_window(width, height);
        let page = Page::open_in(body, "", in_call(vec![peer("ada"), peer("bob")])).await;
        let buttons = || {
            let found = page.root.query_selector_all(".controls > button").unwrap();
            (0..found.length()).filter_map(move |index| found.get(index)).map(|it| it.unchecked_into::<Element>())
        };
        let is_drawn_inside = |button: Element| {
            let place = button.get_bounding_client_rect();
            let [left, top, right, bottom] = [place.left(), place.top(), place.right(), place.bottom()];
            let is_inside = left >= 0.0 && top >= 0.0 && right <= f64::from(width) && bottom <= f64::from(height);
            is_inside && place.width() >= 44.0 && place.height() >= 44.0
        };
        // The bar learns its size when the browser draws, and puts into the menu what does not fit.
        until(|| buttons().all(is_drawn_inside)).await;
        assert!(buttons().count() >= 4, "{}", page.root.inner_html());
        drop(page);
        frame.remove();
    }
}

#[wasm_bindgen_test]
async fn entering_without_link_creates_typed_room() {
    let page = Page::open("", lobby()).await;
    page.fill("display-name", "  Mina ").await;
    page.fill("room-name", " weekly ").await;
    page.click("enter").await;
    let expected = Command::Enter { name: "Mina".into(), room: "weekly".into(), intent: Intent::Create };
    assert_eq!(page.sent(), [expected]);
}

#[wasm_bindgen_test]
async fn new_room_gets_a_fresh_random_name() {
    let name = |page: &Page| page.get("room-name").unchecked_into::<HtmlInputElement>().value();
    let first = Page::open("", lobby()).await;
    let second = Page::open("", lobby()).await;
    assert_eq!(name(&first).split('-').count(), 5);
    assert_ne!(name(&first), name(&second));
}

#[wasm_bindgen_test]
async fn entering_with_link_joins_its_room() {
    let page = Page::open("#room=a%20b", lobby()).await;
    assert!(page.root.text_content().unwrap().contains("a b"));
    assert!(page.find("[data-testid=room-name]").is_none());
    page.fill("display-name", "").await;
    page.click("enter").await;
    assert_eq!(page.sent(), [Command::Enter { name: String::new(), room: "a b".into(), intent: Intent::Join }]);
}

#[wasm_bindgen_test]
async fn invalid_room_name_is_reported_and_not_sent() {
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
async fn enter_button_is_busy_and_sends_once() {
    let page = Page::open("", CallState { stage: Stage::Entering, room: Some("weekly".into()), ..lobby() }).await;
    let entering = page.text("enter");
    page.click("enter").await;
    assert_eq!(page.sent(), []);
    page.update(|state| state.signaling = SignalingState::Connecting).await;
    assert_ne!(page.text("enter"), entering, "waiting for the server and waiting for the room have different texts");
    page.click("cancel").await;
    assert_eq!(page.sent(), [Command::Leave]);
}

#[wasm_bindgen_test]
async fn existing_room_can_be_joined_instead() {
    let page = Page::open("", lobby()).await;
    page.fill("room-name", "weekly").await;
    page.update(|state| state.problem = Some(Problem::Refused(ErrorCode::RoomExists))).await;
    assert_eq!(attribute(&page.get("error"), "data-code"), "room-exists");
    page.click("enter").await;
    assert!(matches!(&page.sent()[..], [Command::Enter { room, intent: Intent::Join, .. }] if room == "weekly"));
}

#[wasm_bindgen_test]
async fn existing_room_is_put_in_the_address() {
    let page = Page::open("", lobby()).await;
    page.fill("room-name", " weekly\u{a0}call ").await;
    page.update(|state| state.problem = Some(Problem::Refused(ErrorCode::RoomExists))).await;
    assert_eq!(window().location().hash().unwrap(), "#room=weekly%20call");
}

#[wasm_bindgen_test]
async fn malformed_link_is_reported_and_offers_a_new_room() {
    let page = Page::open("#room=%ff", lobby()).await;
    assert_eq!(attribute(&page.get("error"), "data-code"), "link-malformed");
    assert!(page.find("[data-testid=enter]").is_none());
    page.click("new-room").await;
    assert!(page.find("[data-testid=error]").is_none());
    assert!(page.find("[data-testid=room-name]").is_some());
}

#[wasm_bindgen_test]
async fn address_names_the_room_in_a_call() {
    let page = Page::open("", lobby()).await;
    page.update(|state| *state = CallState { room: Some("주간 회의".into()), ..in_call(vec![]) }).await;
    assert_eq!(vitrine::link::room_in(&window().location().hash().unwrap()), Ok(Some("주간 회의".into())));
    assert!(document().title().contains("주간 회의"));
    assert!(page.find("[data-testid=alone]").is_some());
    page.click("leave").await;
    assert_eq!(page.sent(), [Command::Leave]);
}

/// Opens a link in the tab, and waits for the `hashchange` event, which is a task of its own.
async fn open_link(fragment: &str) {
    let event =
        js_sys::Promise::new(&mut |done, _| window().add_event_listener_with_callback("hashchange", &done).unwrap());
    window().location().set_hash(fragment).unwrap();
    wasm_bindgen_futures::JsFuture::from(event).await.unwrap();
    tick().await;
    tick().await;
}

#[wasm_bindgen_test]
async fn link_to_another_room_asks_and_restores_address() {
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
async fn address_of_the_same_room_is_restored_without_asking() {
    let page = Page::open("#room=weekly", in_call(vec![])).await;
    for same in ["#room%3Dweekly", "#theme=dark", "#room=weekly%E2%80%8B"] {
        open_link(same).await;
        assert_eq!(window().location().hash().unwrap(), "#room=weekly", "{same}");
        assert!(!page.get("moving").has_attribute("open"), "{same}");
    }
    open_link("#room=%ff").await;
    assert!(page.get("moving").has_attribute("open"), "a malformed link is reported");
    assert!(page.find("[data-testid=move]").is_none());
    assert_eq!(window().location().hash().unwrap(), "#room=weekly");
}

#[wasm_bindgen_test]
async fn address_change_in_lobby_chooses_the_room_and_cancels_entering() {
    let page = Page::open("#room=weekly", lobby()).await;
    open_link("#room=other").await;
    assert!(page.root.query_selector("h1").unwrap().unwrap().text_content().unwrap().contains("other"));
    assert_eq!(page.sent(), [Command::DismissProblem]);
    page.update(|state| (state.stage, state.room) = (Stage::Entering, Some("other".into()))).await;
    open_link("#room=weekly").await;
    assert_eq!(page.sent(), [Command::Leave, Command::DismissProblem]);
}

#[wasm_bindgen_test]
async fn invisible_name_counts_as_empty() {
    let page = Page::open("#room=weekly", lobby()).await;
    page.fill("display-name", "\u{200b}\u{202e}").await;
    page.click("enter").await;
    assert_eq!(page.sent(), [Command::Enter { name: String::new(), room: "weekly".into(), intent: Intent::Join }]);
    page.fill("display-name", "Mina\u{202e}").await;
    page.click("enter").await;
    assert!(matches!(&page.sent()[..], [Command::Enter { name, .. }] if name == "Mina"));
}

#[wasm_bindgen_test]
async fn tile_shows_name_state_step_and_marks() {
    let page = Page::open("", in_call(vec![peer("one")])).await;
    let tile = page.get("tile");
    assert_eq!(attribute(&tile, "data-peer"), "one");
    assert_eq!(attribute(&tile, "data-state"), "connected");
    assert!(tile.text_content().unwrap().contains("Name of one"));
    assert!(page.find("[data-testid=muted]").is_some(), "the user's own microphone is off");
    assert!(tile.query_selector("[data-testid=muted]").unwrap().is_none());
    assert!(tile.query_selector("[data-testid=peer-state]").unwrap().is_none(), "the connected state has no text");

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
    assert!(tile.text_content().unwrap().contains("one"), "the id identifies a guest without a name");
    assert!(!page.text("peer-state").is_empty());
}

#[wasm_bindgen_test]
async fn every_connection_state_has_its_own_text() {
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
async fn failed_tile_offers_retry() {
    let page = Page::open("", in_call(vec![peer("one"), peer("two")])).await;
    assert!(page.find("[data-testid=retry]").is_none());
    page.update(|call| call.peers[1].connection = ConnectionState::Failed).await;
    page.click("retry").await;
    assert_eq!(page.sent(), [Command::Retry(peer("two").key)]);
}

#[wasm_bindgen_test]
async fn switched_off_camera_shows_initials() {
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
async fn playing_element_is_not_assigned_its_stream_again() {
    let mut state = in_call(vec![peer("one"), peer("two")]);
    state.local.stream = Some(MediaStream::new().unwrap());
    let page = Page::open("", state).await;
    let playing: Vec<_> = ["[data-testid=local-video]", "[data-peer=one] video", "[data-peer=one] audio"]
        .map(|selector| (selector, assignments(&page.find(selector).unwrap())))
        .into();
    page.update(|state| state.peers.push(peer("three"))).await;
    page.update(|state| drop(state.peers.remove(1))).await;
    page.update(|state| state.peers[0].name = Some("Another".into())).await;
    page.update(|state| state.local.microphone = DeviceState::Off).await;
    for (selector, assignments) in &playing {
        assert_eq!(assignments.length(), 0, "{selector}");
    }
    page.update(|state| state.peers[0].video_stream = Some(MediaStream::new().unwrap())).await;
    assert_eq!(playing[1].1.length(), 1);
}

#[wasm_bindgen_test]
async fn leaving_peer_touches_no_other_video() {
    let page = Page::open("", in_call(vec![peer("one"), peer("two"), peer("three")])).await;
    let video = |id: &str| -> HtmlVideoElement {
        page.find(&format!("[data-peer={id}] [data-testid=remote-video]")).unwrap().unchecked_into()
    };
    let (first, last) = (video("one"), video("three"));
    let (first_source, last_source) = (first.src_object(), last.src_object());
    assert!(first_source.is_some());
    // A node that is removed and inserted again stops playing, even if both happen at once.
    let parent = page.find(".tiles").unwrap();
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
    assert_eq!(added.as_f64(), Some(0.0), "no node was inserted again");
    assert_eq!(page.text("people").chars().filter(char::is_ascii_digit).collect::<String>(), "3");
}

#[wasm_bindgen_test]
async fn audio_plays_although_video_has_no_frame() {
    let streams: js_sys::Array = audio_and_frameless_video().await.unchecked_into();
    let [audio_stream, video_stream] = [0, 1].map(|index| Some(streams.get(index).unchecked_into()));
    let page = Page::open("", in_call(vec![PeerState { audio_stream, video_stream, ..peer("one") }])).await;
    let player = |test_id: &str| page.get(test_id).unchecked_into::<HtmlMediaElement>();
    let (audio, video) = (player("remote-audio"), player("remote-video"));
    until(|| audio.current_time() > 0.2).await;
    assert_eq!(video.ready_state(), 0);
    assert!(!audio.muted());
}

#[wasm_bindgen_test]
async fn paused_element_is_played_again() {
    let streams: js_sys::Array = audio_and_frameless_video().await.unchecked_into();
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
async fn open_permission_prompt_is_shown_in_call() {
    let page = Page::open("", in_call(vec![])).await;
    assert!(page.find("[data-testid=prompt]").is_none());
    let prompted = DeviceState::Asking { wanted: true, prompted: true };
    page.update(|state| state.local.camera = prompted).await;
    assert!(page.get("prompt").parent_element().is_some_and(|region| attribute(&region, "role") == "status"));
    page.update(|state| state.local.camera = DeviceState::On).await;
    assert!(page.find("[data-testid=prompt]").is_none());
}

#[wasm_bindgen_test]
async fn toggle_shows_device_state_and_sends_the_opposite() {
    let local = LocalMedia { microphone: DeviceState::On, camera: DeviceState::Off, ..LocalMedia::default() };
    for state in [CallState { local: local.clone(), ..lobby() }, CallState { local, ..in_call(vec![]) }] {
        let page = Page::open("", state).await;
        assert_eq!(attribute(&page.get("toggle-mic"), "aria-pressed"), "true");
        assert_eq!(attribute(&page.get("toggle-camera"), "aria-pressed"), "false");
        page.click("toggle-mic").await;
        page.click("toggle-camera").await;
        assert_eq!(page.sent(), [Command::SetMicrophone(false), Command::SetCamera(true)]);
        page.update(|state| state.local.camera = DeviceState::ASKED_FOR).await;
        assert_eq!(attribute(&page.get("toggle-camera"), "aria-pressed"), "true", "it shows the requested state");
        page.click("toggle-camera").await;
        assert_eq!(page.sent(), [Command::SetCamera(false)], "a press takes effect while the browser prompts");
        page.update(|state| state.local.camera = DeviceState::Asking { wanted: false, prompted: false }).await;
        assert_eq!(attribute(&page.get("toggle-camera"), "aria-pressed"), "false");
    }
}

#[wasm_bindgen_test]
async fn unavailable_device_is_explained_and_can_be_retried() {
    for problem in device_problems() {
        let device = DeviceState::Unavailable(problem.clone());
        let local = LocalMedia { microphone: device.clone(), camera: device, ..LocalMedia::default() };
        let page = Page::open("", CallState { local, ..lobby() }).await;
        assert_eq!(attribute(&page.get("error"), "data-code"), problem.code());
        assert_eq!(attribute(&page.get("error"), "role"), "alert");
        page.click("retry-device").await;
        assert_eq!(page.sent(), [Command::SetMicrophone(true), Command::SetCamera(true)]);
        page.click("enter").await;
        assert!(matches!(&page.sent()[..], [Command::Enter { .. }]), "entering needs no device");
    }
}

#[wasm_bindgen_test]
async fn insecure_page_is_reported_once() {
    let device = DeviceState::Unavailable(DeviceProblem::InsecurePage);
    let local = LocalMedia { microphone: device.clone(), camera: device, ..LocalMedia::default() };
    let page = Page::open("", CallState { local, problem: Some(Problem::InsecurePage), ..lobby() }).await;
    let errors = page.root.query_selector_all("[data-testid=error]").unwrap();
    assert_eq!(errors.length(), 1);
    assert_eq!(attribute(&page.get("error"), "data-code"), "insecure-page");
}

#[wasm_bindgen_test]
async fn lost_device_is_reported_once() {
    let page = Page::open("", in_call(vec![])).await;
    page.update(|state| state.local.camera = DeviceState::Unavailable(DeviceProblem::Lost)).await;
    assert_eq!(attribute(&page.get("error"), "data-code"), "device-lost");
    page.find("[data-testid=error] .icon-button").unwrap().unchecked_into::<HtmlElement>().click();
    tick().await;
    assert!(page.find("[data-testid=error]").is_none());
    page.update(|state| state.local.camera = DeviceState::ASKED_FOR).await;
    page.update(|state| state.local.camera = DeviceState::Unavailable(DeviceProblem::Lost)).await;
    assert!(page.find("[data-testid=error]").is_some(), "a problem after a retry is new");
}

#[wasm_bindgen_test]
async fn every_problem_has_its_code_and_can_be_dismissed() {
    for problem in problems() {
        let page = Page::open("", CallState { problem: Some(problem.clone()), ..lobby() }).await;
        let error = page.get("error");
        assert_eq!(attribute(&error, "data-code"), problem.code());
        assert_eq!(attribute(&error, "role"), "alert");
        if matches!(problem, Problem::NoWebRtc | Problem::WebRtcRefused(_)) {
            assert!(page.find("[data-testid=enter]").is_none(), "an unsupported browser cannot enter");
            continue;
        }
        error.query_selector(".icon-button").unwrap().unwrap().unchecked_into::<HtmlElement>().click();
        assert_eq!(page.sent(), [Command::DismissProblem]);
    }
}

#[wasm_bindgen_test]
fn every_problem_has_its_own_text_in_both_languages() {
    let mut titles = Vec::new();
    for locale in [text::Locale::en, text::Locale::ko] {
        let words = problems().into_iter().map(|problem| text::problem(locale, &problem));
        let devices = device_problems().into_iter().map(|problem| text::device_problem(locale, &problem, "X"));
        for words in words.chain(devices) {
            assert!(!words.title.is_empty() && !words.help.is_empty());
            for text in [&words.title, &words.help] {
                assert!(!text.contains(['{', '}']), "unfilled placeholder: {text}");
            }
            titles.push(words.title);
        }
    }
    let count = titles.len();
    titles.sort();
    titles.dedup();
    // The page and its devices share one problem, the insecure page.
    assert_eq!(titles.len(), count - 2);
}

#[wasm_bindgen_test]
async fn signaling_indicator_has_a_text_for_each_state() {
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
async fn signaling_refusal_is_shown_in_call_and_check() {
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
async fn every_path_has_its_own_text_on_the_tile() {
    use RelayProtocol::{Tcp, Tls, Udp, Unknown};
    let page = Page::open("", in_call(vec![peer("one")])).await;
    let tile = page.get("tile");
    let hooks = || (tile.get_attribute("data-path"), tile.get_attribute("data-relay-side"));
    assert_eq!(hooks(), (None, None));
    assert!(page.find("[data-testid=path]").is_none(), "an unknown path is not shown");
    let mut words = Vec::new();
    let sides = [(RelaySide::Own, "own"), (RelaySide::Peer, "peer"), (RelaySide::Both, "both")];
    let relays = [(Udp, "relay-udp"), (Tcp, "relay-tcp"), (Tls, "relay-tls"), (Unknown, "relay")];
    let relayed = relays.into_iter().flat_map(|(protocol, name)| {
        sides.map(|(side, side_name)| (MediaPath::Relayed(protocol, side), name, Some(side_name.to_owned())))
    });
    let direct = [(MediaPath::Local, "direct-local", None), (MediaPath::Internet, "direct-internet", None)];
    for (path, name, side) in direct.into_iter().chain(relayed) {
        page.update(|state| state.peers[0].path = Some(path)).await;
        assert_eq!(hooks(), (Some(name.to_owned()), side));
        let mark = tile.query_selector("[data-testid=path]").unwrap().unwrap();
        let said = mark.text_content().unwrap();
        assert_eq!(attribute(&mark, "title"), said);
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
async fn check_shows_results_and_reasons() {
    let local = LocalMedia {
        microphone: DeviceState::On,
        camera: DeviceState::Unavailable(DeviceProblem::NotFound),
        ..LocalMedia::default()
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

    let line = |service, outcome| ServerCheck { service, url: "turn:example.org:3478?transport=tcp".into(), outcome };
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
    assert_eq!(page.sent(), [Command::Check], "the dialog can be opened again");
}

#[wasm_bindgen_test]
async fn check_summary_says_how_far_calls_reach() {
    let line = |service, outcome| ServerCheck { service, url: "turn:h:notaport".into(), outcome: Some(outcome) };
    let relay = |outcome| line(Service::Turn(RelayProtocol::Udp), outcome);
    let local = LocalMedia { microphone: DeviceState::On, camera: DeviceState::On, ..LocalMedia::default() };
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
    // A working relay is enough for every call. Without any working service the reason does not matter.
    page.update(|state| state.check = Some(vec![relay(Outcome::Works)])).await;
    assert_eq!(page.text("check-summary"), words[0]);
    page.update(|state| state.check = Some(vec![relay(Outcome::Unusable)])).await;
    assert_eq!(page.text("check-summary"), words[2]);
    let row = page.find("[data-check=relay-udp]").unwrap();
    assert!(row.text_content().unwrap().contains("turn:h:notaport"), "an unusable URL is shown whole");
    words.sort();
    words.dedup();
    assert_eq!(words.len(), 3, "{words:?}");
}

/// Waits for the dialog's `close` event, which is a task of its own.
async fn until_closed(page: &Page) {
    while page.sent.borrow().is_empty() {
        gloo_timers::future::TimeoutFuture::new(0).await;
    }
}

#[wasm_bindgen_test]
fn every_outcome_has_its_own_text_in_both_languages() {
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
async fn joining_and_leaving_are_announced_politely() {
    let page = Page::open("", in_call(vec![])).await;
    assert_eq!(attribute(&page.get("announcements"), "role"), "status");
    page.update(|state| state.peers.push(peer("one"))).await;
    let joined = page.text("announcements");
    assert!(!joined.is_empty());
    page.update(|state| state.peers[0].id = UserId("another".into())).await;
    assert_eq!(page.text("announcements"), joined, "a new id is not a new participant");
    page.update(|state| state.peers.clear()).await;
    assert!(page.text("announcements").contains("Name of one"));
    assert_ne!(page.text("announcements"), joined);
}

#[wasm_bindgen_test]
async fn departures_are_announced_by_reason() {
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
    assert_eq!(said[0], said[1], "an unknown departure counts as leaving");
    said.sort();
    said.dedup();
    assert_eq!(said.len(), 3, "{said:?}");
}

#[wasm_bindgen_test]
async fn replaced_connection_is_not_announced() {
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
async fn unanswering_peer_is_reported_as_such() {
    let one = PeerState { connection: ConnectionState::Connecting, ..peer("one") };
    let page = Page::open("", in_call(vec![one])).await;
    let fails = async |trouble| {
        page.update(|state| state.peers[0].connection = ConnectionState::Connecting).await;
        page.update(|state| {
            state.peers[0].connection = ConnectionState::Failed;
            state.peers[0].trouble = trouble;
        })
        .await;
        assert!(page.find("[data-testid=retry]").is_some(), "a failed connection can be retried");
        [page.text("announcements"), page.text("peer-state")]
    };
    let (failed, unanswered) = (fails(None).await, fails(Some(Trouble::Unanswered)).await);
    assert_ne!(failed[0], unanswered[0]);
    assert_ne!(failed[1], unanswered[1]);
    assert_eq!(attribute(&page.get("tile"), "data-trouble"), "unanswered");
}

#[wasm_bindgen_test]
async fn trouble_is_shown_in_place_of_path() {
    let one = PeerState { path: Some(MediaPath::Local), ..peer("one") };
    let page = Page::open("", in_call(vec![one])).await;
    for (trouble, code) in
        [(Trouble::TooLong, "too-long"), (Trouble::Refused, "refused"), (Trouble::NoRelay, "no-relay")]
    {
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
        Problem::NoRelay,
    ];
    let others = others.into_iter().chain(REFUSALS.map(Problem::NotConnected));
    refused.into_iter().map(Problem::Refused).chain(others).collect()
}

fn device_problems() -> Vec<DeviceProblem> {
    use DeviceProblem::{Busy, InsecurePage, Lost, NotFound, Other, Refused};
    vec![Refused, NotFound, Busy, Lost, InsecurePage, Other("because".into())]
}

/// Imitates Chrome's page translation: replaces every text node by a `font` element with another text.
fn translate(root: &Element) {
    const SCRIPT: &str = "const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        const texts = [];
        while (walker.nextNode()) texts.push(walker.currentNode);
        for (const text of texts.filter((text) => text.data.trim() && !text.parentElement.closest('[translate=no]'))) {
            const font = document.createElement('font');
            font.textContent = `«${text.data}»`;
            text.replaceWith(font);
        }";
    js_sys::Function::new_with_args("root", SCRIPT).call1(&wasm_bindgen::JsValue::NULL, root).unwrap();
}

#[wasm_bindgen_test]
async fn texts_update_in_a_translated_page() {
    let page = Page::open("", in_call(vec![peer("one"), peer("two")])).await;
    translate(&page.root);
    assert!(page.text("signaling").contains('«'));
    page.update(|state| {
        state.signaling = SignalingState::Offline;
        state.peers.pop();
        state.peers[0].connection = ConnectionState::Failed;
        state.peers[0].path = Some(MediaPath::Relayed(RelayProtocol::Udp, RelaySide::Own));
        state.local.camera = DeviceState::Unavailable(DeviceProblem::Busy);
    })
    .await;
    for (test_id, words) in [
        ("signaling", text::signaling(text::browser_locale(), SignalingState::Offline, None, true)),
        ("people", "2 people".to_owned()),
        ("peer-state", text::connection(text::browser_locale(), ConnectionState::Failed).to_owned()),
        ("path", text::path(text::browser_locale(), MediaPath::Relayed(RelayProtocol::Udp, RelaySide::Own))),
    ] {
        assert_eq!(page.text(test_id), words, "{test_id}");
    }
    translate(&page.root);
    page.update(|state| *state = lobby()).await;
    assert!(page.find("[data-testid=enter]").is_some() && page.find("[data-testid=tile]").is_none());
    translate(&page.root);
    page.update(|state| state.stage = Stage::Entering).await;
    assert!(!page.text("enter").contains('«'), "{}", page.text("enter"));
    page.update(|state| *state = in_call(vec![])).await;
    assert!(page.find("[data-testid=alone]").is_some() && page.find("[data-testid=enter]").is_none());
}

/// Waits for the next animation frame.
async fn frame() {
    let drawn = js_sys::Promise::new(&mut |done, _| {
        window().request_animation_frame(&done).unwrap();
    });
    wasm_bindgen_futures::JsFuture::from(drawn).await.unwrap();
}

#[wasm_bindgen_test]
async fn focus_stays_in_page_when_focused_element_is_removed() {
    let page = Page::open("", in_call(vec![peer("one"), peer("two")])).await;
    let focused = || document().active_element().unwrap();
    page.get("inspect-tile").focus().unwrap();
    assert!(page.root.contains(Some(&focused())) && focused().tag_name() == "BUTTON");
    page.update(|state| drop(state.peers.remove(0))).await;
    frame().await;
    frame().await;
    assert_eq!(focused().tag_name(), "H1");
}

#[wasm_bindgen_test]
async fn video_of_other_ratio_is_shown_whole_and_can_fill_tile() {
    let page = Page::open("", in_call(vec![peer("one")])).await;
    page.root.set_attribute("style", "position: fixed; inset: 0").unwrap();
    let is_whole = || page.get("tile").has_attribute("data-whole");
    assert!(!is_whole() && page.find("[data-testid=fit]").is_none());
    let portrait: MediaStream = js_sys::Function::new_no_args(
        "const canvas = Object.assign(document.createElement('canvas'), { width: 90, height: 320 });
        canvas.getContext('2d').fillRect(0, 0, 90, 320);
        return canvas.captureStream()",
    )
    .call0(&wasm_bindgen::JsValue::NULL)
    .unwrap()
    .unchecked_into();
    page.update(|state| state.peers[0].video_stream = Some(Clone::clone(&portrait))).await;
    while !is_whole() {
        frame().await;
    }
    assert_eq!(attribute(&page.get("fit"), "aria-pressed"), "false");
    page.click("fit").await;
    assert!(!is_whole());
    assert_eq!(attribute(&page.get("fit"), "aria-pressed"), "true");
}
