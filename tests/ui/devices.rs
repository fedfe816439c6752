//! The choice of devices in a real browser: what is shown of it, and what it asks of the engine.

use crate::support::{Page, attribute, in_call, lobby, peer, until};
use leptos::task::tick;
use vitrine::call::{
    CallState, ChoiceFailure, Command, DeviceCommand, DeviceInfo, DeviceKind, DeviceProblem, DeviceState, LocalMedia,
    Processing, VoiceHint,
};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Event, HtmlElement, HtmlSelectElement};

fn device(id: &str) -> DeviceInfo {
    DeviceInfo { id: id.into(), label: format!("Name of {id}"), facing: None }
}

/// A state with two devices of each kind, of which the second is used.
fn with_devices(mut state: CallState) -> CallState {
    let two = |kind: &str| vec![device(&format!("{kind}1")), device(&format!("{kind}2"))];
    state.local = LocalMedia { microphone: DeviceState::On, camera: DeviceState::On, ..LocalMedia::default() };
    state.devices.list.cameras = two("camera");
    state.devices.list.microphones = two("microphone");
    state.devices.list.speakers = Some(two("speaker"));
    state.devices.camera = Some("camera2".into());
    state.devices.microphone = Some("microphone2".into());
    state
}

fn options(page: &Page, test_id: &str) -> Vec<String> {
    let select: HtmlSelectElement = page.get(test_id).unchecked_into();
    let options = select.query_selector_all("option").unwrap();
    (0..options.length()).map(|index| options.get(index).unwrap().text_content().unwrap()).collect()
}

fn shown(page: &Page, test_id: &str) -> String {
    page.get(test_id).unchecked_into::<HtmlSelectElement>().value()
}

async fn choose(page: &Page, test_id: &str, value: &str) {
    let select: HtmlSelectElement = page.get(test_id).unchecked_into();
    select.set_value(value);
    select.dispatch_event(&Event::new("change").unwrap()).unwrap();
    tick().await;
}

fn command(command: DeviceCommand) -> Command {
    Command::Devices(command)
}

#[wasm_bindgen_test]
async fn lobby_shows_devices_by_name_and_sends_the_choice() {
    let page = Page::open("", with_devices(lobby())).await;
    assert_eq!(options(&page, "select-camera"), ["Name of camera1", "Name of camera2"]);
    assert_eq!(options(&page, "select-speaker"), ["The system’s speaker", "Name of speaker1", "Name of speaker2"]);
    until(|| shown(&page, "select-camera") == "camera2" && shown(&page, "select-microphone") == "microphone2").await;
    assert_eq!(shown(&page, "select-speaker"), "");
    choose(&page, "select-camera", "camera1").await;
    choose(&page, "select-speaker", "speaker2").await;
    let sent = |kind, id: &str| command(DeviceCommand::Choose { kind, id: id.into() });
    assert_eq!(page.sent(), [sent(DeviceKind::Camera, "camera1"), sent(DeviceKind::Speaker, "speaker2")]);
}

#[wasm_bindgen_test]
async fn choice_that_fails_returns_to_the_device_in_use_and_is_told() {
    let page = Page::open("", with_devices(lobby())).await;
    choose(&page, "select-camera", "camera1").await;
    page.update(|state| {
        let (kind, reason) = (DeviceKind::Camera, DeviceProblem::Busy);
        state.devices.failure = Some(ChoiceFailure { kind, label: "Name of camera1".into(), reason });
    })
    .await;
    until(|| shown(&page, "select-camera") == "camera2").await;
    let notice = page.get("error");
    assert_eq!(attribute(&notice, "data-code"), "device-not-used");
    assert!(notice.text_content().unwrap().contains("Name of camera1 could not be used"));
    notice.query_selector(".icon-button").unwrap().unwrap().unchecked_into::<HtmlElement>().click();
    assert_eq!(page.sent().last(), Some(&command(DeviceCommand::DismissFailure)));
}

#[wasm_bindgen_test]
async fn list_that_changes_keeps_the_device_in_use() {
    let page = Page::open("", with_devices(lobby())).await;
    page.update(|state| state.devices.list.cameras.insert(0, device("camera0"))).await;
    until(|| shown(&page, "select-camera") == "camera2").await;
    page.update(|state| {
        state.devices.list.cameras.clear();
        state.devices.camera = None;
    })
    .await;
    assert!(page.get("select-camera").has_attribute("disabled"));
    assert_eq!(options(&page, "select-camera"), ["None found"]);
}

#[wasm_bindgen_test]
async fn browser_without_choice_of_speaker_says_so() {
    let page = Page::open("", with_devices(lobby())).await;
    page.update(|state| state.devices.list.speakers = None).await;
    assert!(page.find("[data-testid=select-speaker]").is_none());
    assert_eq!(page.text("no-speaker-choice"), "This browser plays over the system’s speaker.");
}

#[wasm_bindgen_test]
async fn meter_is_asked_for_only_while_it_is_shown() {
    let page = Page::open("", with_devices(in_call(vec![peer("b")]))).await;
    let meters = || {
        let sent = page.sent.take();
        let is_meter = |command: &Command| matches!(command, Command::Devices(DeviceCommand::ShowLevel(_)));
        sent.into_iter().filter(is_meter).collect::<Vec<_>>()
    };
    assert_eq!(meters(), []);
    page.click("open-devices").await;
    assert_eq!(meters(), [command(DeviceCommand::ShowLevel(true))]);
    page.update(|state| state.devices.level = 7).await;
    assert_eq!(attribute(&page.get("level"), "aria-valuenow"), "7");
    page.get("devices").unchecked_into::<web_sys::HtmlDialogElement>().close();
    until(|| page.find("[data-testid=level]").is_none()).await;
    assert_eq!(meters(), [command(DeviceCommand::ShowLevel(false))]);
}

#[wasm_bindgen_test]
async fn switches_show_and_change_how_devices_work() {
    let page = Page::open("", with_devices(in_call(vec![peer("b")]))).await;
    assert!(page.find("video.mirrored").is_some());
    page.click("open-devices").await;
    assert!(page.find("[data-testid=switch-blur]").is_none(), "this camera offers none");
    page.update(|state| state.devices.background_blur = Some(false)).await;
    page.click("switch-noise").await;
    page.click("switch-blur").await;
    page.click("switch-mirror").await;
    let processing = Processing { noise_suppression: false, ..Processing::default() };
    let wanted = [
        DeviceCommand::SetProcessing(processing),
        DeviceCommand::SetBackgroundBlur(true),
        DeviceCommand::SetMirrored(false),
    ];
    assert_eq!(page.sent(), wanted.map(command));
    page.update(|state| {
        state.devices.unmirrored = true;
        state.devices.shown_unmirrored = true;
    })
    .await;
    assert!(page.find("video.mirrored").is_none());
}

#[wasm_bindgen_test]
async fn camera_is_flipped_by_one_tap_where_there_are_two() {
    let page = Page::open("", with_devices(in_call(vec![peer("b")]))).await;
    assert!(page.find("[data-testid=flip-camera]").is_none());
    page.update(|state| state.devices.can_flip = true).await;
    page.click("flip-camera").await;
    assert_eq!(page.sent(), [command(DeviceCommand::FlipCamera)]);
}

#[wasm_bindgen_test]
async fn hints_are_told_with_a_thing_to_do_and_can_be_dismissed() {
    let page = Page::open("", with_devices(in_call(vec![peer("b")]))).await;
    page.update(|state| state.devices.hint = Some(VoiceHint::Muted)).await;
    assert_eq!(attribute(&page.get("voice-hint").parent_element().unwrap(), "role"), "status");
    page.click("voice-hint-action").await;
    page.click("dismiss-hint").await;
    assert_eq!(page.sent(), [Command::SetMicrophone(true), command(DeviceCommand::DismissHint)]);
    page.update(|state| state.devices.hint = Some(VoiceHint::Silent)).await;
    assert!(page.text("voice-hint").contains("Name of microphone2 hears nothing"));
    page.click("voice-hint-action").await;
    assert!(page.get("devices").has_attribute("open"));
    page.update(|state| state.devices.hint = Some(VoiceHint::Echo)).await;
    assert!(page.text("voice-hint").contains("headphones"));
}
