//! The engine in a real browser, with the browser's fake devices, real peer connections, and a signaling server inside
//! the page.

use crate::support::{self, Page, Participant, media_flows, two_in_a_call, until};
use vitrine::call::{
    Command, ConnectionState, Departure, DeviceProblem, DeviceState, Intent, Problem, SignalingState, Stage, Step,
    Trouble,
};
use vitrine_insight::path::MediaPath;
use vitrine_protocol::signaling::ErrorCode;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
async fn two_participants_exchange_media_and_reach_every_step() {
    let _page = Page::new();
    let (mut ann, bob) = two_in_a_call().await;
    media_flows().await;
    ann.until("all steps", |state| {
        Step::ALL.iter().all(|step| state.peers[0].steps.reached.iter().any(|(reached, _)| reached == step))
    })
    .await;
    assert!(ann.state.peers[0].steps.offerer, "the participant who was in the room first offers");
    assert!(!bob.state.peers[0].steps.offerer);
    assert_eq!(support::most_media_sections(), 3, "audio, video and the control channel");
    assert_eq!(support::received("42[\"offer\""), 1, "one offer is enough");
}

#[wasm_bindgen_test]
async fn path_within_one_page_is_local() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    for participant in [&mut ann, &mut bob] {
        participant.until("the path", |state| state.peers[0].path == Some(MediaPath::Local)).await;
    }
}

#[wasm_bindgen_test]
async fn switching_devices_needs_no_negotiation() {
    let _page = Page::new();
    let (ann, mut bob) = two_in_a_call().await;
    ann.call.send(Command::SetCamera(false));
    bob.until("the camera mark", |state| state.peers[0].video == Some(false)).await;
    ann.call.send(Command::SetMicrophone(false));
    bob.until("the microphone mark", |state| state.peers[0].audio == Some(false)).await;
    ann.call.send(Command::SetCamera(true));
    bob.until("the camera", |state| state.peers[0].video == Some(true)).await;
    // A muted microphone sends nothing.
    ann.call.send(Command::SetMicrophone(true));
    bob.until("the microphone", |state| state.peers[0].audio == Some(true)).await;
    media_flows().await;
    assert_eq!(support::received("42[\"offer\""), 1);
}

#[wasm_bindgen_test]
async fn leaving_closes_connections_and_removes_listeners() {
    let _page = Page::new();
    support::count_listeners();
    let (ann, mut bob) = two_in_a_call().await;
    ann.call.send(Command::Leave);
    bob.until("an empty room", |state| state.peers.is_empty()).await;
    until("closed connections", async || support::open_connections() == 0).await;
    drop((ann, bob));
    until("closed sockets", async || support::open_sockets() == 0).await;
    support::stop_counting_listeners();
    assert_eq!(support::listeners_left(), "");
}

#[wasm_bindgen_test]
async fn missing_camera_does_not_cost_the_microphone() {
    let _page = Page::new();
    support::fail_devices(vec!["video".to_owned()], "NotFoundError");
    let mut ann = Participant::start();
    ann.devices_settled().await;
    assert_eq!(ann.state.local.microphone, DeviceState::On);
    assert_eq!(ann.state.local.camera, DeviceState::Unavailable(DeviceProblem::NotFound));
}

#[wasm_bindgen_test]
async fn participant_without_devices_receives_and_can_send_later() {
    let _page = Page::new();
    support::fail_devices(vec!["audio".to_owned(), "video".to_owned()], "NotAllowedError");
    let mut ann = Participant::start();
    ann.devices_settled().await;
    assert_eq!(ann.state.local.camera, DeviceState::Unavailable(DeviceProblem::Refused));
    support::fail_devices(Vec::new(), "");
    let mut bob = Participant::start();
    bob.devices_settled().await;
    // The participant without devices enters first, so it offers, and later switches its devices on.
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
async fn call_survives_loss_of_server_and_rejoins() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    let (before, key) = (bob.state.peers[0].id.clone(), bob.state.peers[0].key);
    support::set_reachable(false);
    ann.until("offline", |state| state.signaling == SignalingState::Offline).await;
    bob.until("offline", |state| state.signaling == SignalingState::Offline).await;
    media_flows().await;
    assert_eq!(bob.state.peers[0].connection, ConnectionState::Connected);
    support::set_reachable(true);
    bob.until("the peer under its new id", |state| state.peers.iter().all(|peer| peer.id != before)).await;
    ann.connected_to(&["Bob"]).await;
    bob.connected_to(&["Ann"]).await;
    assert_eq!(bob.state.peers[0].key, key, "the connection is kept");
    media_flows().await;
}

#[wasm_bindgen_test]
async fn entering_waits_for_unreachable_server() {
    let _page = Page::new();
    support::set_reachable(false);
    let mut ann = Participant::start();
    ann.until("the problem", |state| state.problem == Some(Problem::ServerUnreachable)).await;
    ann.enter("Ann", Intent::Join);
    ann.until("entering", |state| state.stage == Stage::Entering).await;
    support::set_reachable(true);
    ann.until("the room", |state| state.stage == Stage::InCall && state.problem.is_none()).await;
}

#[wasm_bindgen_test]
async fn refused_entry_returns_to_lobby_with_reason() {
    let _page = Page::new();
    support::refuse_entry(Some("room-full".to_owned()));
    let mut ann = Participant::start();
    ann.online().await;
    ann.enter("Ann", Intent::Join);
    ann.until("the problem", |state| state.problem == Some(Problem::Refused(ErrorCode::RoomFull))).await;
    assert_eq!(ann.state.stage, Stage::Lobby);
}

#[wasm_bindgen_test]
async fn unanswered_entry_times_out() {
    let _page = Page::new();
    support::set_answering(false);
    let mut ann = Participant::start();
    ann.online().await;
    ann.enter("Ann", Intent::Join);
    ann.until("the problem", |state| state.problem == Some(Problem::RequestTimedOut)).await;
    assert_eq!(ann.state.stage, Stage::Lobby);
}

#[wasm_bindgen_test]
async fn entry_after_late_acknowledgement_succeeds() {
    let _page = Page::new();
    support::set_acknowledging(false);
    let mut ann = Participant::start();
    ann.online().await;
    ann.enter("Ann", Intent::Join);
    ann.until("the problem", |state| state.problem == Some(Problem::RequestTimedOut)).await;
    support::set_acknowledging(true);
    ann.enter("Ann", Intent::Join);
    ann.until("the room", |state| state.stage == Stage::InCall).await;
}

#[wasm_bindgen_test]
async fn rejoin_succeeds_when_server_still_lists_old_socket() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    let key = bob.state.peers[0].key;
    support::refuse_entry(Some("already-in-room".to_owned()));
    support::set_reachable(false);
    ann.until("offline", |state| state.signaling == SignalingState::Offline).await;
    support::set_reachable(true);
    until("both leave requests", async || support::received("42[\"leave-room\"") >= 2).await;
    support::refuse_entry(None);
    // Both connect to a new participant.
    let mut cho = Participant::start();
    cho.online().await;
    cho.enter("Cho", Intent::Join);
    cho.connected_to(&["Ann", "Bob"]).await;
    ann.connected_to(&["Bob", "Cho"]).await;
    bob.connected_to(&["Ann", "Cho"]).await;
    assert!(bob.state.peers.iter().any(|peer| peer.key == key), "the connection is kept");
}

#[wasm_bindgen_test]
async fn answers_to_introductions_are_rate_limited() {
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
    until("both pongs", async || support::received("3") == 2).await;
    let answers = support::received("42[\"ice-candidate\"") - before;
    assert!((2..50).contains(&answers), "{answers} answers to {FLOOD} introductions");
    ann.connected_to(&["Bob"]).await;
    bob.connected_to(&["Ann"]).await;
}

#[wasm_bindgen_test]
async fn browser_without_connections_enters_no_room() {
    let _page = Page::new();
    support::fail_calls(vec!["construct".to_owned()]);
    let mut ann = Participant::start();
    ann.devices_settled().await;
    ann.online().await;
    ann.enter("Ann", Intent::Create);
    ann.until(
        "the browser's reason",
        |state| matches!(&state.problem, Some(Problem::WebRtcRefused(words)) if words.contains("as the test wants")),
    )
    .await;
    assert_eq!(ann.state.stage, Stage::Lobby);
    assert_eq!(ann.state.local.stream, None, "nothing is captured");
    // The pong arrives after everything that was sent before.
    support::deliver("2");
    until("a pong", async || support::received("3") == 1).await;
    assert_eq!(support::received("42"), 0, "no room was entered");
}

#[wasm_bindgen_test]
async fn refused_connection_leaves_existing_ones_alone() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    support::fail_calls(vec!["construct".to_owned()]);
    support::deliver("42[\"user-joined\",{\"userId\":\"cho\"}]");
    for (participant, other) in [(&mut ann, "Bob"), (&mut bob, "Ann")] {
        participant.until("the problem", |state| matches!(state.problem, Some(Problem::NoConnection(_)))).await;
        participant.connected_to(&[other]).await;
        assert_eq!(participant.state.stage, Stage::InCall);
    }
    media_flows().await;
}

#[wasm_bindgen_test]
async fn refused_connection_without_existing_ones_leaves_the_room() {
    let _page = Page::new();
    let mut ann = Participant::start();
    ann.devices_settled().await;
    ann.online().await;
    ann.enter("Ann", Intent::Create);
    ann.until("the room", |state| state.stage == Stage::InCall).await;
    // The first participant gets the spare connection that was created on entering.
    for id in ["bob", "cho"] {
        support::deliver(&format!("42[\"user-joined\",{{\"userId\":\"{id}\"}}]"));
        support::fail_calls(vec!["construct".to_owned()]);
        support::deliver(&format!("42[\"user-left\",{{\"userId\":\"{id}\"}}]"));
    }
    ann.until("the problem", |state| matches!(state.problem, Some(Problem::WebRtcRefused(_)))).await;
    assert_eq!(ann.state.stage, Stage::Lobby);
    until("the leave request", async || support::received("42[\"leave-room\"") == 1).await;
    assert_eq!(support::open_connections(), 0);
}

#[wasm_bindgen_test]
async fn failing_api_call_does_not_end_the_call() {
    for refused in ["createDataChannel", "addTrack", "addTransceiver"] {
        let _page = Page::new();
        let (mut ann, mut bob) = (Participant::start(), Participant::start());
        ann.devices_settled().await;
        bob.devices_settled().await;
        ann.enter("Ann", Intent::Create);
        ann.until("the room", |state| state.stage == Stage::InCall).await;
        support::fail_calls(vec![refused.to_owned()]);
        bob.enter("Bob", Intent::Join);
        for participant in [&mut ann, &mut bob] {
            participant
                .until(&format!("a connection without {refused}"), |state| {
                    state.peers.len() == 1 && state.peers[0].connection == ConnectionState::Connected
                })
                .await;
            assert_eq!(participant.state.stage, Stage::InCall);
            assert_eq!(participant.state.problem, None, "the problem is reported only on the tile");
        }
        // Both devices are on, so `addTransceiver()` is not called.
        let trouble = (refused != "addTransceiver").then_some(Trouble::Refused);
        assert_eq!(ann.state.peers[0].trouble, trouble, "{refused}");
    }
}

#[wasm_bindgen_test]
async fn many_media_sections_are_negotiated() {
    const MORE: u32 = 30;
    let _page = Page::new();
    let (ann, bob) = two_in_a_call().await;
    support::add_sections(MORE);
    until("all sections on both sides", async || support::negotiated_sections() == [3 + MORE; 2]).await;
    media_flows().await;
    drop((ann, bob));
}

#[wasm_bindgen_test]
async fn oversized_description_is_reported_and_call_goes_on() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    support::add_sections(150);
    ann.until("the trouble", |state| state.peers[0].trouble == Some(Trouble::TooLong)).await;
    media_flows().await;
    // The peer's changes still get through: this side's undelivered offer does not block them.
    bob.call.send(Command::SetCamera(false));
    ann.until("the device mark", |state| state.peers[0].video == Some(false)).await;
    bob.connected_to(&["Ann"]).await;
    assert_eq!(support::negotiated_sections(), [3, 3]);
}

#[wasm_bindgen_test]
async fn silent_peer_is_reported_and_stays() {
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
    // Any message shows that the peer is alive.
    support::deliver("42[\"ice-candidate\",{\"from\":\"silent\",\"candidate\":{\"candidate\":\"\"}}]");
    ann.until("the trouble cleared", |state| state.peers.iter().all(|peer| peer.trouble.is_none())).await;
    support::deliver("42[\"user-left\",{\"userId\":\"silent\"}]");
    ann.until("an empty room", |state| state.peers.is_empty()).await;
    assert_eq!(ann.state.departures.last().map(|(_, why)| *why), Some(Departure::Left));
}

#[wasm_bindgen_test]
async fn pings_are_answered_and_missed_ping_reconnects() {
    let _page = Page::new();
    support::set_heartbeat(300, 200);
    let mut ann = Participant::start();
    ann.online().await;
    support::deliver("2");
    until("a pong", async || support::received("3") == 1).await;
    // The first retry follows within 0.1 s.
    until("another connection", async || support::received("40") == 2).await;
    ann.online().await;
}

#[wasm_bindgen_test]
async fn blocked_page_does_not_time_out_peers_or_server() {
    let _page = Page::new();
    support::set_heartbeat(600, 600);
    let (mut ann, mut bob) = two_in_a_call().await;
    for blocked in [1_000, 4_000, 2_000] {
        support::block_thread(blocked);
        support::deliver("2");
        media_flows().await;
    }
    ann.connected_to(&["Bob"]).await;
    bob.connected_to(&["Ann"]).await;
    assert_eq!(support::restarts(), 0, "ICE restarts");
    assert_eq!(support::open_connections(), 2);
    assert_eq!(support::received("40"), 2, "no client has reconnected to the server");
}

#[wasm_bindgen_test]
async fn heartbeat_timeout_may_exceed_timer_range() {
    let _page = Page::new();
    support::set_heartbeat(u32::MAX, u32::MAX);
    let mut ann = Participant::start();
    ann.online().await;
    support::deliver("2");
    until("a pong", async || support::received("3") == 1).await;
}

#[wasm_bindgen_test]
async fn invalid_server_messages_are_ignored() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    support::deliver("42[\"news\",1]");
    support::deliver("42[\"offer\",{\"from\":7}]");
    support::deliver("42[\"ice-candidate\",{\"from\":\"stranger\",\"candidate\":{\"candidate\":\"junk\"}}]");
    support::deliver("");
    support::deliver("9 nonsense");
    // A valid message after them is handled.
    support::deliver("2");
    until("both pongs", async || support::received("3") == 2).await;
    assert_eq!(support::received("40"), 2, "no client has reconnected");
    ann.connected_to(&["Bob"]).await;
    bob.connected_to(&["Ann"]).await;
    media_flows().await;
}
