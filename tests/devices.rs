//! Devices that are lost in a call, and come back: real devices (the browser's fake ones), whose loss is acted.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use support::{Page, Participant, media_flows, two_in_a_call};
use vitrine::call::{DeviceProblem, DeviceState};
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
