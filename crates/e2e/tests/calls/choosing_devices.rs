//! Another camera, microphone and speaker in the middle of a call: the others see and hear the new one over the same
//! connection, the old one is released, and the choice outlasts a reload. A microphone that is off sends nothing and still
//! tells a user who speaks.

use futures_util::future::try_join;
use vitrine_e2e::{Browser, Flow, PATIENCE, Page, Result, Site, VitrinePage, VitrineServer, link, media_flows};

use crate::half;

/// From now on, the page counts changes of the signaling state, remembers on which speaker each element is to play, and
/// keeps its audio contexts.
const WATCH: &str = "
    window.__watch = { negotiations: 0, contexts: [] };
    for (const connection of __probe.page.live.values()) {
        connection.addEventListener('signalingstatechange', () => { __watch.negotiations += 1; });
    }
    HTMLMediaElement.prototype.setSinkId = async function (id) { this.__sink = id; };
    window.AudioContext = class extends AudioContext {
        constructor(...options) {
            super(...options);
            __watch.contexts.push(this);
        }
    }";

/// The live captured tracks of this kind, by device.
async fn captured(page: &Page, kind: &str) -> Result<Vec<String>> {
    page.evaluate(&format!(
        "return __probe.page.captured.filter((track) => track.kind === '{kind}' && track.readyState === 'live')
            .map((track) => track.getSettings().deviceId)"
    ))
    .await
}

/// Waits until exactly the device with this name in the list is captured.
async fn captures(page: &VitrinePage, select: &str, kind: &str, name: &str) -> Result<()> {
    page.wait_until(&format!("{name} alone is captured"), PATIENCE, async || {
        let choices = page.choices(select).await?;
        let captured = captured(page, kind).await?;
        let good = captured.len() == 1
            && choices.iter().any(|choice| choice.label == name && choice.value == captured[0] && choice.selected);
        Ok(if good { Ok(()) } else { Err(format!("{captured:?} of {choices:?}")) })
    })
    .await
}

/// The captured cameras that connections send, by device.
async fn sent_cameras(page: &Page) -> Result<Vec<String>> {
    page.evaluate(
        "return [...__probe.page.live.values()].flatMap((one) => one.getSenders())
            .filter((sender) => sender.track?.kind === 'video').map((sender) => sender.track.getSettings().deviceId)",
    )
    .await
}

#[tokio::test]
async fn chosen_devices_take_over_and_are_remembered() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(Browser::ChromiumWithManyDevices, "Ada", &server.url(), "tea").await?;
    let ben = VitrinePage::join(Browser::ChromiumSmallCamera, "Ben", &server.url(), "tea").await?;
    media_flows(&[&ada, &ben]).await?;
    let before = try_join(ada.identity(), ben.identity()).await?;
    ada.evaluate::<()>(WATCH).await?;

    ada.press("open-devices").await?;
    captures(&ada, "select-camera", "video", "fake_device_0").await?;
    ada.choose("select-camera", "fake_device_2").await?;
    captures(&ada, "select-camera", "video", "fake_device_2").await?;
    assert_eq!(sent_cameras(&ada).await?, captured(&ada, "video").await?);
    media_flows(&[&ada, &ben]).await?;
    ada.choose("select-microphone", "Fake Audio Input 2").await?;
    captures(&ada, "select-microphone", "audio", "Fake Audio Input 2").await?;
    media_flows(&[&ada, &ben]).await?;

    ada.choose("select-speaker", "Fake Audio Output 1").await?;
    let plays_there = "const { value } = document.querySelector('[data-testid=select-speaker]');
        const players = [...document.querySelectorAll('audio[data-testid=remote-audio]')];
        return value !== '' && players.length === 1 && players.every((player) => player.__sink === value)";
    ada.wait_for::<bool>("Ben is heard on the chosen speaker", plays_there).await?;

    // A device that goes while its list is open. The one before goes on.
    ada.evaluate::<()>(
        "const { getUserMedia } = MediaDevices.prototype;
        MediaDevices.prototype.getUserMedia = async function (constraints) {
            if (constraints.video?.deviceId?.exact) throw new DOMException('gone', 'OverconstrainedError');
            return getUserMedia.call(this, constraints);
        }",
    )
    .await?;
    ada.choose("select-camera", "fake_device_0").await?;
    assert!(ada.shows_error("device-not-used").await?.starts_with("This device is gone"));
    captures(&ada, "select-camera", "video", "fake_device_2").await?;
    media_flows(&[&ada, &ben]).await?;
    assert_eq!(ada.evaluate::<u32>("return __watch.negotiations").await?, 0, "no negotiation");
    assert_eq!(try_join(ada.identity(), ben.identity()).await?, before, "same connections, same tiles");
    assert_eq!(ada.uncaught().await?, [""; 0]);

    ada.press_key("\u{e00c}").await?;
    ada.leave().await?;
    let released = "return __watch.contexts.every((context) => context.state === 'closed')
        && __probe.alive().audio === 0 && __probe.alive().video === 0";
    ada.wait_for::<bool>("no track and no audio context is left", released).await?;
    ada.go_to(&link(&server.url(), "tea")).await?;
    ada.wait_for_lobby().await?;
    captures(&ada, "select-camera", "video", "fake_device_2").await?;
    captures(&ada, "select-microphone", "audio", "Fake Audio Input 2").await
}

#[tokio::test]
async fn speech_while_muted_is_told_to_the_user_alone() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(Browser::ChromiumSmallCamera, "Ada", &server.url(), "tea").await?;
    let ben = VitrinePage::join(Browser::ChromiumSmallCamera, "Ben", &server.url(), "tea").await?;
    media_flows(&[&ada, &ben]).await?;
    ben.evaluate::<()>(WATCH).await?;
    ben.switch_off("toggle-mic").await?;
    // The fake microphone beeps on.
    let told = "return document.querySelector('[data-testid=voice-hint][data-hint=muted]') !== null";
    ben.wait_for::<bool>("Ben is told", told).await?;
    let sent = "return [...__probe.page.live.values()].flatMap((one) => one.getSenders())
        .filter((sender) => sender.track?.kind === 'audio').length";
    assert_eq!(ben.evaluate::<u32>(sent).await?, 0, "no connection has the microphone");
    ada.receives(Flow::Video, 1).await?;
    ben.press("voice-hint-action").await?;
    ben.device_is("toggle-mic", "on").await?;
    ben.wait_for::<bool>("the hint is gone", "return document.querySelector('[data-testid=voice-hint]') === null")
        .await?;
    media_flows(&[&ada, &ben]).await?;
    assert_eq!(ben.evaluate::<u32>("return __watch.negotiations").await?, 0, "no negotiation");
    ben.leave().await
}
