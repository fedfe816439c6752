//! People in a room: two who use their switches, and five.

use std::time::Duration;

use futures_util::future::{try_join, try_join_all};
use serde::Deserialize;
use vitrine_e2e::{Browser, Flow, Result, Site, VitrinePage, VitrineServer, link, media_flows};

use crate::{connection, half, whole};

/// A captured track, as the probe tells.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Track {
    kind: String,
    ready_state: String,
}

async fn ada_and_ben(server: &VitrineServer) -> Result<(VitrinePage, VitrinePage)> {
    let ada = VitrinePage::create(Browser::ChromiumSmallCamera, "Ada", &server.url(), "tea").await?;
    let ben = VitrinePage::join(Browser::ChromiumSmallCamera, "Ben", &server.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    Ok((ada, ben))
}

/// The most power that counts as silence, in `totalAudioEnergy` a second; the fake microphone's beeps have 0.1.
const SILENCE: f64 = 1e-6;

#[tokio::test]
async fn two_people_see_and_hear_each_other_by_name() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let (ada, ben) = ada_and_ben(&server).await?;
    media_flows(&[&ada, &ben]).await?;
    for page in [&ada, &ben] {
        let tiles = page.tiles().await?;
        assert!(tiles[0].picture && !tiles[0].muted, "{}: {tiles:?}", page.name());
    }
    Ok(())
}

#[tokio::test]
async fn a_muted_microphone_is_silent_and_marked() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let (ada, ben) = ada_and_ben(&server).await?;
    media_flows(&[&ada, &ben]).await?;

    ben.press("toggle-mic").await?;
    assert!(!ben.is_pressed("toggle-mic").await?);
    ada.wait_for_tiles("Ben is marked as muted", |tiles| tiles.iter().all(|tile| tile.muted)).await?;
    // Silence is sound that goes on without energy, but for the rounding of samples.
    let mut loud = connection(&ada).await?;
    ada.wait_until("two seconds of silence were heard", Duration::from_secs(20), async || {
        let now = connection(&ada).await?;
        let silent_for = now.audio_seconds - loud.audio_seconds;
        if now.audio_energy - loud.audio_energy > SILENCE * silent_for {
            loud = now.clone();
        }
        Ok(if silent_for >= 2.0 { Ok(()) } else { Err(format!("silent for {silent_for} s: {now:?}")) })
    })
    .await?;
    // Ben sends no sound; the picture goes on, and so does all of Ada's.
    try_join(ada.receives(Flow::Video, 1), ben.receives(Flow::AudioAndVideo, 1)).await?;

    ben.press("toggle-mic").await?;
    assert!(ben.is_pressed("toggle-mic").await?);
    ada.wait_for_tiles("Ben is not marked any more", |tiles| tiles.iter().all(|tile| !tile.muted)).await?;
    media_flows(&[&ada, &ben]).await
}

#[tokio::test]
async fn a_camera_switched_off_is_released_and_comes_back() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let (ada, ben) = ada_and_ben(&server).await?;
    media_flows(&[&ada, &ben]).await?;

    ben.press("toggle-camera").await?;
    assert!(!ben.is_pressed("toggle-camera").await?);
    ada.wait_for_tiles("Ben's tile has no picture", |tiles| tiles.iter().all(|tile| !tile.picture)).await?;
    // Ended, not only disabled: that is what turns the camera's light off.
    let tracks: Vec<Track> = ben.evaluate("return __probe.captured()").await?;
    let cameras: Vec<_> = tracks.iter().filter(|track| track.kind == "video").collect();
    assert!(!cameras.is_empty() && cameras.iter().all(|track| track.ready_state == "ended"));
    // Ben sends no picture; the sound goes on, and so does all of Ada's.
    try_join(ada.receives(Flow::Audio, 1), ben.receives(Flow::AudioAndVideo, 1)).await?;

    ben.press("toggle-camera").await?;
    ada.wait_for_tiles("Ben's tile has a picture", |tiles| tiles.iter().all(|tile| tile.picture)).await?;
    assert!(ben.is_pressed("toggle-camera").await?);
    media_flows(&[&ada, &ben]).await
}

#[tokio::test]
async fn five_people_see_and_hear_each_other() -> Result<()> {
    const NAMES: [&str; 5] = ["Ada", "Ben", "Cho", "Dee", "Eun"];
    let _machine = whole().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let url = link(&server.url(), "party");
    // The browsers start together; the participants enter one after another.
    let people = try_join_all(NAMES.map(|name| VitrinePage::open(Browser::ChromiumSmallCamera, name, &url))).await?;
    for person in &people {
        person.type_into("[data-testid=display-name]", person.name()).await?;
        person.enter().await?;
    }
    try_join_all(people.iter().map(|person| async {
        let others: Vec<_> = NAMES.into_iter().filter(|name| *name != person.name()).collect();
        person.sees(&others).await
    }))
    .await?;
    media_flows(&people.iter().map(|person| &**person).collect::<Vec<_>>()).await
}
