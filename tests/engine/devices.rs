//! Lost, returning and changing devices, with the browser's fake devices and simulated losses.

use crate::support::{self, Page, Participant, media_flows, two_in_a_call, until};
use vitrine::call::{Command, DeviceCommand, DeviceKind, DeviceProblem, DeviceState, Intent, Stage};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Event;

fn unplug(participant: &Participant, kind: &str) {
    support::unplug(participant.state.local.stream.as_ref().unwrap(), kind);
}

fn fire_devicechange() {
    let devices = web_sys::window().unwrap().navigator().media_devices().unwrap();
    devices.dispatch_event(&Event::new("devicechange").unwrap()).unwrap();
}

#[wasm_bindgen_test]
async fn unplugged_camera_is_replaced_at_once() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    let before = ann.state.local.stream.clone();
    unplug(&ann, "video");
    ann.until("another camera", |state| {
        state.local.camera == DeviceState::On && state.local.stream.is_some() && state.local.stream != before
    })
    .await;
    bob.until("its picture", |state| state.peers[0].video == Some(true)).await;
    media_flows().await;
}

#[wasm_bindgen_test]
async fn lost_camera_returns_with_its_device() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    support::fail_devices(vec!["video".to_owned()], "NotFoundError");
    unplug(&ann, "video");
    ann.until("the lost camera", |state| state.local.camera == DeviceState::Unavailable(DeviceProblem::Lost)).await;
    bob.until("the device mark", |state| state.peers[0].video == Some(false) && state.peers[0].audio == Some(true))
        .await;
    support::fail_devices(vec![], "");
    fire_devicechange();
    ann.until("the camera", |state| state.local.camera == DeviceState::On).await;
    bob.until("its picture", |state| state.peers[0].video == Some(true)).await;
    media_flows().await;
}

#[wasm_bindgen_test]
async fn busy_microphone_returns_once_free() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    support::fail_devices(vec!["audio".to_owned()], "NotReadableError");
    unplug(&ann, "audio");
    ann.until("the problem", |state| state.local.microphone == DeviceState::Unavailable(DeviceProblem::Busy)).await;
    bob.until("the device mark", |state| state.peers[0].audio == Some(false)).await;
    support::fail_devices(vec![], "");
    // No event reports it: the app retries by itself.
    ann.until("the microphone", |state| state.local.microphone == DeviceState::On).await;
    bob.until("the device mark", |state| state.peers[0].audio == Some(true)).await;
    media_flows().await;
}

#[wasm_bindgen_test]
async fn microphone_is_replaced_if_devicechange_precedes_ended() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    let before = ann.state.local.stream.clone();
    fire_devicechange();
    unplug(&ann, "audio");
    ann.until("another microphone", |state| {
        state.local.microphone == DeviceState::On && state.local.stream.is_some() && state.local.stream != before
    })
    .await;
    bob.until("its sound", |state| state.peers[0].audio == Some(true)).await;
    media_flows().await;
}

#[wasm_bindgen_test]
async fn withdrawn_permission_is_reported() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    support::fail_devices(vec!["audio".to_owned(), "video".to_owned()], "NotAllowedError");
    unplug(&ann, "audio");
    unplug(&ann, "video");
    ann.until("the problem", |state| {
        let refused = DeviceState::Unavailable(DeviceProblem::Refused);
        state.local.camera == refused && state.local.microphone == refused
    })
    .await;
    bob.until("both device marks", |state| state.peers[0].audio == Some(false) && state.peers[0].video == Some(false))
        .await;
}

#[wasm_bindgen_test]
async fn default_microphone_is_followed_if_browser_reports_it() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    let before = ann.state.local.stream.clone();
    let told = support::change_default_microphone(before.as_ref().unwrap());
    fire_devicechange();
    if told {
        ann.until("another microphone", |state| state.local.stream != before).await;
    }
    media_flows().await;
    assert_eq!(ann.state.local.stream != before, told);
    bob.until("its sound", |state| state.peers[0].audio == Some(true)).await;
}

#[wasm_bindgen_test]
async fn call_holds_only_the_tracks_it_uses() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    media_flows().await;
    assert_eq!(support::live_tracks(), "audio audio video video");
    ann.call.send(Command::SetCamera(false));
    bob.until("the device mark", |state| state.peers[0].video == Some(false)).await;
    assert_eq!(support::live_tracks(), "audio audio video");
    ann.call.send(Command::Leave);
    bob.until("an empty room", |state| state.peers.is_empty()).await;
    assert_eq!(support::live_tracks(), "audio video");
    ann.until("the lobby", |state| state.stage == Stage::Lobby).await;
    let off = (&DeviceState::Off, &DeviceState::Off);
    assert_eq!((&ann.state.local.microphone, &ann.state.local.camera), off);
    bob.call.send(Command::Leave);
    until("all tracks stopped", async || support::live_tracks().is_empty()).await;
    // The devices start again on request.
    ann.call.send(Command::SetCamera(true));
    ann.until("the camera", |state| state.local.camera == DeviceState::On).await;
    assert_eq!(support::live_tracks(), "video");
}

#[wasm_bindgen_test]
async fn switching_off_while_devices_start_takes_effect() {
    let _page = Page::new();
    support::hold_devices();
    let mut ann = Participant::start();
    ann.online().await;
    ann.call.send(Command::SetMicrophone(false));
    ann.call.send(Command::SetCamera(false));
    ann.until("both devices off", |state| !state.local.microphone.is_wanted() && !state.local.camera.is_wanted()).await;
    ann.enter("Ann", Intent::Create);
    ann.until("the room", |state| state.stage == Stage::InCall).await;
    support::release_devices();
    ann.devices_settled().await;
    assert_eq!((&ann.state.local.microphone, &ann.state.local.camera), (&DeviceState::Off, &DeviceState::Off));
    assert_eq!((support::live_tracks(), support::enabled_tracks()), ("audio".to_owned(), String::new()));
}

#[wasm_bindgen_test]
async fn on_then_off_ends_off() {
    let _page = Page::new();
    let (ann, mut bob) = two_in_a_call().await;
    ann.call.send(Command::SetCamera(false));
    bob.until("the device mark", |state| state.peers[0].video == Some(false)).await;
    support::hold_devices();
    ann.call.send(Command::SetCamera(true));
    ann.call.send(Command::SetCamera(false));
    support::release_devices();
    let mut ann = ann;
    ann.until("the camera off", |state| state.local.camera == DeviceState::Off).await;
    assert_eq!(support::live_tracks(), "audio audio video");
    assert_eq!(bob.state.peers[0].video, Some(false));
}

#[wasm_bindgen_test]
async fn device_granted_after_leaving_is_stopped() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    ann.call.send(Command::SetCamera(false));
    bob.until("the device mark", |state| state.peers[0].video == Some(false)).await;
    support::hold_devices();
    ann.call.send(Command::SetCamera(true));
    ann.until("the request", |state| matches!(state.local.camera, DeviceState::Asking { .. })).await;
    ann.call.send(Command::Leave);
    ann.until("the lobby", |state| state.stage == Stage::Lobby).await;
    support::release_devices();
    // The peer's camera is granted after the held one.
    bob.call.send(Command::SetCamera(false));
    bob.until("the camera off", |state| state.local.camera == DeviceState::Off).await;
    bob.call.send(Command::SetCamera(true));
    bob.until("the camera", |state| state.local.camera == DeviceState::On).await;
    until("the late camera stopped", async || support::live_tracks() == "audio video").await;
    assert_eq!(ann.state.local.camera, DeviceState::Off);
}

#[wasm_bindgen_test]
async fn open_permission_prompt_is_published() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    ann.call.send(Command::SetCamera(false));
    bob.until("the device mark", |state| state.peers[0].video == Some(false)).await;
    support::hold_devices();
    support::set_permission("prompt");
    ann.call.send(Command::SetCamera(true));
    ann.until("the prompt", |state| state.local.camera == DeviceState::Asking { wanted: true, prompted: true }).await;
    support::release_devices();
    ann.until("the camera", |state| state.local.camera == DeviceState::On).await;
}

#[wasm_bindgen_test]
async fn speaking_is_published_until_the_microphone_is_off() {
    let _page = Page::new();
    let (mut ann, _bob) = two_in_a_call().await;
    if !support::measures_sound().await {
        media_flows().await;
        assert!(!ann.state.local.is_speaking, "nothing is measured, and the call goes on");
        return;
    }
    // The fake microphone beeps.
    ann.until("a voice", |state| state.local.is_speaking).await;
    ann.call.send(Command::SetMicrophone(false));
    ann.until("silence", |state| !state.local.is_speaking).await;
}

/// The id of a microphone that is not used; none in a browser with one fake microphone.
async fn other_microphone(ann: &mut Participant) -> Option<String> {
    ann.until("a list", |state| state.devices.microphone.is_some()).await;
    let devices = &ann.state.devices;
    let others = devices.list.microphones.iter().filter(|device| Some(&device.id) != devices.microphone.as_ref());
    others.map(|device| device.id.clone()).next_back()
}

fn choose_microphone(participant: &Participant, id: &str) {
    let choice = DeviceCommand::Choose { kind: DeviceKind::Microphone, id: id.to_owned() };
    participant.call.send(Command::Devices(choice));
}

/// Forgets the microphone that a test chose.
fn forget_devices() {
    web_sys::window().unwrap().local_storage().unwrap().unwrap().remove_item("vitrine.microphone").unwrap();
}

#[wasm_bindgen_test]
async fn chosen_microphone_takes_over_without_a_negotiation() {
    let _page = Page::new();
    let (mut ann, _bob) = two_in_a_call().await;
    let Some(other) = other_microphone(&mut ann).await else { return };
    let offers = support::received("42[\"offer\"");
    choose_microphone(&ann, &other);
    ann.until("the other microphone", |state| state.devices.microphone.as_ref() == Some(&other)).await;
    assert_eq!(ann.state.local.microphone, DeviceState::On);
    media_flows().await;
    assert_eq!(support::live_tracks(), "audio audio video video", "the one before is stopped");
    assert_eq!(support::received("42[\"offer\""), offers);
    // The next visit begins with it.
    let mut cho = Participant::start();
    cho.until("the same microphone", |state| state.devices.microphone.as_ref() == Some(&other)).await;
    forget_devices();
}

#[wasm_bindgen_test]
async fn microphone_goes_on_when_the_chosen_one_is_gone() {
    let _page = Page::new();
    let (mut ann, _bob) = two_in_a_call().await;
    let Some(other) = other_microphone(&mut ann).await else { return };
    let before = ann.state.local.stream.clone();
    support::fail_devices(vec!["audio".to_owned()], "OverconstrainedError");
    choose_microphone(&ann, &other);
    ann.until("the reason", |state| state.devices.failure.is_some()).await;
    assert_eq!(ann.state.devices.failure.as_ref().map(|failure| &failure.reason), Some(&DeviceProblem::NotFound));
    assert_eq!((&ann.state.local.microphone, &ann.state.local.stream), (&DeviceState::On, &before));
    media_flows().await;
    choose_microphone(&ann, "no such device");
    ann.until("the reason", |state| {
        state.devices.failure.as_ref().is_some_and(|failure| failure.reason == DeviceProblem::Lost)
    })
    .await;
    ann.call.send(Command::Devices(DeviceCommand::DismissFailure));
    ann.until("nothing to tell", |state| state.devices.failure.is_none()).await;
}

#[wasm_bindgen_test]
async fn microphone_that_had_to_be_stopped_comes_back() {
    let _page = Page::new();
    let (mut ann, _bob) = two_in_a_call().await;
    let Some(other) = other_microphone(&mut ann).await else { return };
    let used = ann.state.devices.microphone.clone();
    // As in a browser that cannot open two, and cannot open this one at all.
    support::fail_device(&other, "NotReadableError");
    choose_microphone(&ann, &other);
    ann.until("the reason", |state| state.devices.failure.is_some()).await;
    assert_eq!(ann.state.devices.failure.as_ref().map(|failure| &failure.reason), Some(&DeviceProblem::Busy));
    assert_eq!((&ann.state.local.microphone, &ann.state.devices.microphone), (&DeviceState::On, &used));
    media_flows().await;
    assert_eq!(support::live_tracks(), "audio audio video video");
}

#[wasm_bindgen_test]
async fn microphone_that_is_off_is_heard_here_alone() {
    let _page = Page::new();
    let (ann, mut bob) = two_in_a_call().await;
    media_flows().await;
    ann.call.send(Command::SetMicrophone(false));
    bob.until("the device mark", |state| state.peers[0].audio == Some(false)).await;
    // It is heard once no connection has it, and the beeps are taken for speech.
    until("an enabled track", async || support::enabled_tracks() == "audio audio video video").await;
    assert_eq!(support::sent_tracks(), "audio video video", "Bob's, and both cameras");
    assert!(!ann.state.local.is_speaking);
    ann.call.send(Command::Leave);
    until("all of Ann's tracks stopped", async || support::live_tracks() == "audio video").await;
}
