//! Devices that are lost in a call, and come back: real devices (the browser's fake ones), whose loss is acted.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use support::{Page, Participant, media_flows, two_in_a_call, until};
use vitrine::call::{Command, DeviceProblem, DeviceState, Intent, Stage};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::Event;

wasm_bindgen_test_configure!(run_in_browser);

fn unplug(participant: &Participant, kind: &str) {
    support::unplug(participant.state.local.stream.as_ref().unwrap(), kind);
}

fn tell_of_devices() {
    let devices = web_sys::window().unwrap().navigator().media_devices().unwrap();
    devices.dispatch_event(&Event::new("devicechange").unwrap()).unwrap();
}

#[wasm_bindgen_test]
async fn an_unplugged_camera_is_replaced_by_another_at_once() {
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
async fn without_another_camera_the_call_goes_on_and_the_camera_comes_back_with_the_device() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    support::fail_devices(vec!["video".to_owned()], "NotFoundError");
    unplug(&ann, "video");
    ann.until("the loss", |state| state.local.camera == DeviceState::Unavailable(DeviceProblem::Lost)).await;
    bob.until("the mark", |state| state.peers[0].video == Some(false) && state.peers[0].audio == Some(true)).await;
    support::fail_devices(vec![], "");
    tell_of_devices();
    ann.until("the camera", |state| state.local.camera == DeviceState::On).await;
    bob.until("its picture", |state| state.peers[0].video == Some(true)).await;
    media_flows().await;
}

#[wasm_bindgen_test]
async fn a_microphone_that_another_program_takes_comes_back_once_it_is_free() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    support::fail_devices(vec!["audio".to_owned()], "NotReadableError");
    unplug(&ann, "audio");
    ann.until("the reason", |state| state.local.microphone == DeviceState::Unavailable(DeviceProblem::Busy)).await;
    bob.until("the mark", |state| state.peers[0].audio == Some(false)).await;
    support::fail_devices(vec![], "");
    // Nothing tells of it: the app looks again by itself.
    ann.until("the microphone", |state| state.local.microphone == DeviceState::On).await;
    bob.until("its mark", |state| state.peers[0].audio == Some(true)).await;
    media_flows().await;
}

#[wasm_bindgen_test]
async fn a_microphone_whose_loss_is_told_before_it_ends_is_replaced() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    let before = ann.state.local.stream.clone();
    tell_of_devices();
    unplug(&ann, "audio");
    ann.until("another microphone", |state| {
        state.local.microphone == DeviceState::On && state.local.stream.is_some() && state.local.stream != before
    })
    .await;
    bob.until("its sound", |state| state.peers[0].audio == Some(true)).await;
    media_flows().await;
}

#[wasm_bindgen_test]
async fn permission_that_is_withdrawn_is_said_and_not_asked_for_again() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    support::fail_devices(vec!["audio".to_owned(), "video".to_owned()], "NotAllowedError");
    unplug(&ann, "audio");
    unplug(&ann, "video");
    ann.until("the reason", |state| {
        let refused = DeviceState::Unavailable(DeviceProblem::Refused);
        state.local.camera == refused && state.local.microphone == refused
    })
    .await;
    bob.until("the marks", |state| state.peers[0].audio == Some(false) && state.peers[0].video == Some(false)).await;
}

#[wasm_bindgen_test]
async fn the_system_s_choice_of_microphone_is_followed_where_the_browser_tells_it() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    let before = ann.state.local.stream.clone();
    let told = support::choose_another_microphone(before.as_ref().unwrap());
    tell_of_devices();
    if told {
        ann.until("another microphone", |state| state.local.stream != before).await;
    }
    media_flows().await;
    assert_eq!(ann.state.local.stream != before, told);
    bob.until("its sound", |state| state.peers[0].audio == Some(true)).await;
}

#[wasm_bindgen_test]
async fn a_call_holds_the_tracks_that_it_uses_and_no_copies() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    media_flows().await;
    assert_eq!(support::alive_tracks(), "audio audio video video");
    ann.call.send(Command::SetCamera(false));
    bob.until("the mark", |state| state.peers[0].video == Some(false)).await;
    assert_eq!(support::alive_tracks(), "audio audio video");
    ann.call.send(Command::Leave);
    bob.until("an empty room", |state| state.peers.is_empty()).await;
    assert_eq!(support::alive_tracks(), "audio video");
    ann.until("the lobby", |state| state.stage == Stage::Lobby).await;
    let off = (&DeviceState::Off, &DeviceState::Off);
    assert_eq!((&ann.state.local.microphone, &ann.state.local.camera), off);
    bob.call.send(Command::Leave);
    until("nothing alive", async || support::alive_tracks().is_empty()).await;
    // They start again when they are asked for.
    ann.call.send(Command::SetCamera(true));
    ann.until("the camera", |state| state.local.camera == DeviceState::On).await;
    assert_eq!(support::alive_tracks(), "video");
}

#[wasm_bindgen_test]
async fn off_counts_while_the_devices_start() {
    let _page = Page::new();
    support::hold_devices();
    let mut ann = Participant::start();
    ann.online().await;
    ann.call.send(Command::SetMicrophone(false));
    ann.call.send(Command::SetCamera(false));
    ann.until("the wish", |state| !state.local.microphone.is_wanted() && !state.local.camera.is_wanted()).await;
    ann.enter("Ann", Intent::Create);
    ann.until("the room", |state| state.stage == Stage::InCall).await;
    support::give_devices();
    ann.devices_settled().await;
    assert_eq!((&ann.state.local.microphone, &ann.state.local.camera), (&DeviceState::Off, &DeviceState::Off));
    assert_eq!((support::alive_tracks(), support::enabled_tracks()), ("audio".to_owned(), String::new()));
}

#[wasm_bindgen_test]
async fn on_and_soon_off_ends_off() {
    let _page = Page::new();
    let (ann, mut bob) = two_in_a_call().await;
    ann.call.send(Command::SetCamera(false));
    bob.until("the mark", |state| state.peers[0].video == Some(false)).await;
    support::hold_devices();
    ann.call.send(Command::SetCamera(true));
    ann.call.send(Command::SetCamera(false));
    support::give_devices();
    let mut ann = ann;
    ann.until("the end", |state| state.local.camera == DeviceState::Off).await;
    assert_eq!(support::alive_tracks(), "audio audio video");
    assert_eq!(bob.state.peers[0].video, Some(false));
}

#[wasm_bindgen_test]
async fn a_device_that_is_given_after_leaving_is_stopped() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    ann.call.send(Command::SetCamera(false));
    bob.until("the mark", |state| state.peers[0].video == Some(false)).await;
    support::hold_devices();
    ann.call.send(Command::SetCamera(true));
    ann.until("the request", |state| matches!(state.local.camera, DeviceState::Asking { .. })).await;
    ann.call.send(Command::Leave);
    ann.until("the lobby", |state| state.stage == Stage::Lobby).await;
    support::give_devices();
    // What was held for the other one is given after it.
    bob.call.send(Command::SetCamera(false));
    bob.until("its end", |state| state.local.camera == DeviceState::Off).await;
    bob.call.send(Command::SetCamera(true));
    bob.until("the camera", |state| state.local.camera == DeviceState::On).await;
    until("the late camera's end", async || support::alive_tracks() == "audio video").await;
    assert_eq!(ann.state.local.camera, DeviceState::Off);
}

#[wasm_bindgen_test]
async fn a_permission_prompt_is_told_of_while_it_is_open() {
    let _page = Page::new();
    let (mut ann, mut bob) = two_in_a_call().await;
    ann.call.send(Command::SetCamera(false));
    bob.until("the mark", |state| state.peers[0].video == Some(false)).await;
    support::hold_devices();
    support::set_permission("prompt");
    ann.call.send(Command::SetCamera(true));
    ann.until("the prompt", |state| state.local.camera == DeviceState::Asking { wanted: true, prompted: true }).await;
    support::give_devices();
    ann.until("the camera", |state| state.local.camera == DeviceState::On).await;
}
