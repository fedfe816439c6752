//! The engine in a real browser: real devices (the browser's fake ones), real peer connections, and a signaling
//! server inside the page.

#![cfg(target_arch = "wasm32")]
#![allow(missing_docs)]

mod support;

use support::{Page, Participant, media_flows, two_in_a_call, until};
use vitrine::call::{
    Command, ConnectionState, Departure, DeviceProblem, DeviceState, Intent, Problem, SignalingState, Stage, Step,
    Trouble,
};
use vitrine_insight::path::Path;
use vitrine_protocol::signaling::ErrorCode;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn two_participants_exchange_media_and_every_step_is_reached() {
    let _page = Page::new();
    let (mut ann, bob) = two_in_a_call().await;
    media_flows().await;
    ann.until("all steps", |state| {
        Step::ALL.iter().all(|step| state.peers[0].steps.reached.iter().any(|(reached, _)| reached == step))
    })
    .await;
    assert!(ann.state.peers[0].steps.offerer, "who was there first offers");
    assert!(!bob.state.peers[0].steps.offerer);
    assert_eq!(support::most_media_sections(), 3, "audio, video and the control channel");
    assert_eq!(support::received("42[\"offer\""), 1, "one offer is enough");
}

#[wasm_bindgen_test]
async fn two_in_one_page_know_that_they_share_a_network() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    for participant in [&mut ann, &mut bob] {
        participant.until("the path", |state| state.peers[0].path == Some(Path::Local)).await;
    }
}

#[wasm_bindgen_test]
async fn switching_devices_tells_the_other_side_and_needs_no_negotiation() {
    let _page = Page::new();
    let (ann, mut bob) = two_in_a_call().await;
    ann.call.send(Command::SetCamera(false));
    bob.until("the camera mark", |state| state.peers[0].video == Some(false)).await;
    ann.call.send(Command::SetMicrophone(false));
    bob.until("the microphone mark", |state| state.peers[0].audio == Some(false)).await;
    ann.call.send(Command::SetCamera(true));
    bob.until("the camera", |state| state.peers[0].video == Some(true)).await;
    media_flows().await;
    assert_eq!(support::received("42[\"offer\""), 1);
}

#[wasm_bindgen_test]
async fn leaving_closes_every_connection_and_removes_every_listener() {
    let _page = Page::new();
    support::count_listeners();
    let (ann, mut bob) = two_in_a_call().await;
    ann.call.send(Command::Leave);
    bob.until("an empty room", |state| state.peers.is_empty()).await;
    until("closed connections", async || support::open_connections() == 0).await;
    drop((ann, bob));
    until("the sockets' end", async || support::open_sockets() == 0).await;
    support::stop_counting_listeners();
    assert_eq!(support::listeners_left(), "");
}

#[wasm_bindgen_test]
async fn a_missing_camera_does_not_lose_the_microphone() {
    let _page = Page::new();
    support::fail_devices(vec!["video".to_owned()], "NotFoundError");
    let mut ann = Participant::start();
    ann.devices_settled().await;
    assert_eq!(ann.state.local.microphone, DeviceState::On);
    assert_eq!(ann.state.local.camera, DeviceState::Unavailable(DeviceProblem::NotFound));
}

#[wasm_bindgen_test]
async fn without_any_device_one_watches_and_listens() {
    let _page = Page::new();
    support::fail_devices(vec!["audio".to_owned(), "video".to_owned()], "NotAllowedError");
    let mut ann = Participant::start();
    ann.devices_settled().await;
    assert_eq!(ann.state.local.camera, DeviceState::Unavailable(DeviceProblem::Refused));
    support::fail_devices(Vec::new(), "");
    let mut bob = Participant::start();
    bob.devices_settled().await;
    // The one without devices is there first, so offers, and later switches the camera on.
    ann.enter("Ann", Intent::Create);
    ann.until("the room", |state| state.stage == Stage::InCall).await;
    bob.enter("Bob", Intent::Join);
    ann.connected_to(&["Bob"]).await;
    ann.until("a stream", |state| state.peers[0].video_stream.is_some()).await;
    bob.connected_to(&["Ann"]).await;
    ann.call.send(Command::SetCamera(true));
    ann.call.send(Command::SetMicrophone(true));
    bob.until("the camera", |state| state.peers[0].video == Some(true) && state.peers[0].audio == Some(true)).await;
    media_flows().await;
    assert_eq!(support::received("42[\"offer\""), 1);
}

#[wasm_bindgen_test]
async fn the_call_goes_on_without_the_server_and_is_one_again_when_it_returns() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    let (before, key) = (bob.state.peers[0].id.clone(), bob.state.peers[0].key);
    support::set_reachable(false);
    ann.until("offline", |state| state.signaling == SignalingState::Offline).await;
    bob.until("offline", |state| state.signaling == SignalingState::Offline).await;
    media_flows().await;
    assert_eq!(bob.state.peers[0].connection, ConnectionState::Connected);
    support::set_reachable(true);
    bob.until("the same person under a new id", |state| state.peers.iter().all(|peer| peer.id != before)).await;
    ann.connected_to(&["Bob"]).await;
    bob.connected_to(&["Ann"]).await;
    assert_eq!(bob.state.peers[0].key, key, "the connection is the one from before");
    media_flows().await;
}

#[wasm_bindgen_test]
async fn an_unreachable_server_is_said_and_the_entry_waits_for_it() {
    let _page = Page::new();
    support::set_reachable(false);
    let mut ann = Participant::start();
    ann.until("words", |state| state.problem == Some(Problem::ServerUnreachable)).await;
    ann.enter("Ann", Intent::Join);
    ann.until("entering", |state| state.stage == Stage::Entering).await;
    support::set_reachable(true);
    ann.until("the room", |state| state.stage == Stage::InCall && state.problem.is_none()).await;
}

#[wasm_bindgen_test]
async fn a_refusal_returns_to_the_lobby_with_its_reason() {
    let _page = Page::new();
    support::refuse(Some("room-full".to_owned()));
    let mut ann = Participant::start();
    ann.online().await;
    ann.enter("Ann", Intent::Join);
    ann.until("words", |state| state.problem == Some(Problem::Refused(ErrorCode::RoomFull))).await;
    assert_eq!(ann.state.stage, Stage::Lobby);
}

#[wasm_bindgen_test]
async fn a_server_that_does_not_answer_is_said() {
    let _page = Page::new();
    support::set_answering(false);
    let mut ann = Participant::start();
    ann.online().await;
    ann.enter("Ann", Intent::Join);
    ann.until("words", |state| state.problem == Some(Problem::RequestTimedOut)).await;
    assert_eq!(ann.state.stage, Stage::Lobby);
}

#[wasm_bindgen_test]
async fn an_entry_that_was_granted_too_late_is_taken_back() {
    let _page = Page::new();
    support::set_acknowledging(false);
    let mut ann = Participant::start();
    ann.online().await;
    ann.enter("Ann", Intent::Join);
    ann.until("words", |state| state.problem == Some(Problem::RequestTimedOut)).await;
    support::set_acknowledging(true);
    ann.enter("Ann", Intent::Join);
    ann.until("the room", |state| state.stage == Stage::InCall).await;
}

#[wasm_bindgen_test]
async fn who_is_not_let_back_in_for_being_there_already_comes_back_all_the_same() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    let key = bob.state.peers[0].key;
    support::refuse(Some("already-in-room".to_owned()));
    support::set_reachable(false);
    ann.until("offline", |state| state.signaling == SignalingState::Offline).await;
    support::set_reachable(true);
    until("both have left, to be let in", async || support::received("42[\"leave-room\"") >= 2).await;
    support::refuse(None);
    // Who comes now is met by both.
    let mut cho = Participant::start();
    cho.online().await;
    cho.enter("Cho", Intent::Join);
    cho.connected_to(&["Ann", "Bob"]).await;
    ann.connected_to(&["Bob", "Cho"]).await;
    bob.connected_to(&["Ann", "Cho"]).await;
    assert!(bob.state.peers.iter().any(|peer| peer.key == key), "the connection is the one from before");
}

#[wasm_bindgen_test]
async fn a_flood_of_introductions_is_answered_with_a_few() {
    const FLOOD: usize = 300;
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    let before = support::received("42[\"ice-candidate\"");
    let introduction = "{\"session\":\"nobody's\",\"acquaintance\":\"connected\"}";
    let candidate = format!("{{\"candidate\":\"\",\"introduction\":{introduction}}}");
    for _ in 0..FLOOD {
        support::deliver(&format!("42[\"ice-candidate\",{{\"from\":\"stranger\",\"candidate\":{candidate}}}]"));
    }
    support::deliver("2");
    until("everybody's pong", async || support::received("3") == 2).await;
    let answers = support::received("42[\"ice-candidate\"") - before;
    assert!((2..50).contains(&answers), "{answers} answers to {FLOOD} introductions");
    ann.connected_to(&["Bob"]).await;
    bob.connected_to(&["Ann"]).await;
}

#[wasm_bindgen_test]
async fn a_browser_that_makes_no_connections_stays_out_of_the_room() {
    let _page = Page::new();
    support::refuse_to(vec!["construct".to_owned()]);
    let mut ann = Participant::start();
    ann.devices_settled().await;
    ann.online().await;
    ann.enter("Ann", Intent::Create);
    ann.until(
        "the browser's words",
        |state| matches!(&state.problem, Some(Problem::WebRtcRefused(words)) if words.contains("as the test wants")),
    )
    .await;
    assert_eq!(ann.state.stage, Stage::Lobby);
    assert_eq!(ann.state.local.stream, None, "nobody is to be shown");
    // What comes later was sent later.
    support::deliver("2");
    until("a pong", async || support::received("3") == 1).await;
    assert_eq!(support::received("42"), 0, "no room was entered");
}

#[wasm_bindgen_test]
async fn a_browser_that_makes_no_more_connections_keeps_those_it_has() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    support::refuse_to(vec!["construct".to_owned()]);
    support::deliver("42[\"user-joined\",{\"userId\":\"cho\"}]");
    for (participant, other) in [(&mut ann, "Bob"), (&mut bob, "Ann")] {
        participant.until("words", |state| matches!(state.problem, Some(Problem::NoConnection(_)))).await;
        participant.connected_to(&[other]).await;
        assert_eq!(participant.state.stage, Stage::InCall);
    }
    media_flows().await;
}

#[wasm_bindgen_test]
async fn a_browser_that_makes_no_more_connections_leaves_a_room_where_it_has_none() {
    let _page = Page::new();
    let mut ann = Participant::start();
    ann.devices_settled().await;
    ann.online().await;
    ann.enter("Ann", Intent::Create);
    ann.until("the room", |state| state.stage == Stage::InCall).await;
    // The first who comes gets the connection that was made on entering.
    for id in ["bob", "cho"] {
        support::deliver(&format!("42[\"user-joined\",{{\"userId\":\"{id}\"}}]"));
        support::refuse_to(vec!["construct".to_owned()]);
        support::deliver(&format!("42[\"user-left\",{{\"userId\":\"{id}\"}}]"));
    }
    ann.until("words", |state| matches!(state.problem, Some(Problem::WebRtcRefused(_)))).await;
    assert_eq!(ann.state.stage, Stage::Lobby);
    until("a word to the server", async || support::received("42[\"leave-room\"") == 1).await;
    assert_eq!(support::open_connections(), 0);
}

#[wasm_bindgen_test]
async fn what_a_connection_refuses_is_lacking_there_and_the_rest_goes_on() {
    for refused in ["createDataChannel", "addTrack", "addTransceiver"] {
        let _page = Page::new();
        let (mut ann, mut bob) = (Participant::start(), Participant::start());
        ann.devices_settled().await;
        bob.devices_settled().await;
        ann.enter("Ann", Intent::Create);
        ann.until("the room", |state| state.stage == Stage::InCall).await;
        support::refuse_to(vec![refused.to_owned()]);
        bob.enter("Bob", Intent::Join);
        for participant in [&mut ann, &mut bob] {
            participant
                .until(&format!("a connection without {refused}"), |state| {
                    state.peers.len() == 1 && state.peers[0].connection == ConnectionState::Connected
                })
                .await;
            assert_eq!(participant.state.stage, Stage::InCall);
            assert_eq!(participant.state.problem, None, "it is said where it is lacking");
        }
        // Nothing is sent for which a section has to be made ready: both devices are on.
        let trouble = (refused != "addTransceiver").then_some(Trouble::Refused);
        assert_eq!(ann.state.peers[0].trouble, trouble, "{refused}");
    }
}

#[wasm_bindgen_test]
async fn descriptions_of_many_media_sections_are_negotiated() {
    const MORE: u32 = 30;
    let _page = Page::new();
    let (ann, bob) = two_in_a_call().await;
    support::add_sections(MORE);
    until("all sections on both sides", async || support::negotiated_sections() == [3 + MORE; 2]).await;
    media_flows().await;
    drop((ann, bob));
}

#[wasm_bindgen_test]
async fn a_description_that_is_too_long_is_told_of_and_the_call_goes_on() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    support::add_sections(150);
    ann.until("the trouble", |state| state.peers[0].trouble == Some(Trouble::TooLong)).await;
    media_flows().await;
    // What the other side wants is negotiated all the same: an own offer that nobody gets is in nobody's way.
    bob.call.send(Command::SetCamera(false));
    ann.until("the mark", |state| state.peers[0].video == Some(false)).await;
    bob.connected_to(&["Ann"]).await;
    assert_eq!(support::negotiated_sections(), [3, 3]);
}

#[wasm_bindgen_test]
async fn somebody_who_never_answers_is_said_not_to_answer_and_stays() {
    let _page = Page::new();
    let mut ann = Participant::start();
    ann.devices_settled().await;
    ann.online().await;
    ann.enter("Ann", Intent::Create);
    ann.until("the room", |state| state.stage == Stage::InCall).await;
    support::deliver("42[\"user-joined\",{\"userId\":\"silent\"}]");
    ann.until("the trouble", |state| {
        state
            .peers
            .iter()
            .any(|peer| peer.trouble == Some(Trouble::Unanswered) && peer.connection == ConnectionState::Failed)
    })
    .await;
    assert!(support::received("42[\"offer\"") > 1, "attempts go on");
    // Anything that comes shows that somebody is there.
    support::deliver("42[\"ice-candidate\",{\"from\":\"silent\",\"candidate\":{\"candidate\":\"\"}}]");
    ann.until("no such trouble", |state| state.peers.iter().all(|peer| peer.trouble.is_none())).await;
    support::deliver("42[\"user-left\",{\"userId\":\"silent\"}]");
    ann.until("an empty room", |state| state.peers.is_empty()).await;
    assert_eq!(ann.state.departures.last().map(|(_, why)| *why), Some(Departure::Left));
}

#[wasm_bindgen_test]
async fn pings_are_answered_and_a_missed_one_is_noticed() {
    let _page = Page::new();
    support::set_heartbeat(300, 200);
    let mut ann = Participant::start();
    ann.online().await;
    support::deliver("2");
    until("a pong", async || support::received("3") == 1).await;
    // At once, so that nobody sees it.
    until("another connection", async || support::received("40") == 2).await;
    ann.online().await;
}

#[wasm_bindgen_test]
async fn a_page_that_was_too_slow_to_listen_blames_nobody() {
    let _page = Page::new();
    support::set_heartbeat(600, 600);
    let (mut ann, mut bob) = two_in_a_call().await;
    for blocked in [1_000, 4_000, 2_000] {
        support::block(blocked);
        support::deliver("2");
        media_flows().await;
    }
    ann.connected_to(&["Bob"]).await;
    bob.connected_to(&["Ann"]).await;
    assert_eq!(support::restarts(), 0, "restarts of ICE");
    assert_eq!(support::open_connections(), 2);
    assert_eq!(support::received("40"), 2, "nobody has connected to the server again");
}

#[wasm_bindgen_test]
async fn a_server_may_ask_for_more_patience_than_timers_have() {
    let _page = Page::new();
    support::set_heartbeat(u32::MAX, u32::MAX);
    let mut ann = Participant::start();
    ann.online().await;
    support::deliver("2");
    until("a pong", async || support::received("3") == 1).await;
}

#[wasm_bindgen_test]
async fn nonsense_from_the_server_changes_nothing() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    support::deliver("42[\"news\",1]");
    support::deliver("42[\"offer\",{\"from\":7}]");
    support::deliver("42[\"ice-candidate\",{\"from\":\"stranger\",\"candidate\":{\"candidate\":\"junk\"}}]");
    support::deliver("");
    support::deliver("9 nonsense");
    // What comes after it is dealt with.
    support::deliver("2");
    until("everybody's pong", async || support::received("3") == 2).await;
    assert_eq!(support::received("40"), 2, "nobody has connected again");
    ann.connected_to(&["Bob"]).await;
    bob.connected_to(&["Ann"]).await;
    media_flows().await;
}
