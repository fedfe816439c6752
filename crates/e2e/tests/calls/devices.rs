//! Cameras and microphones that go away in the middle of a call: it is said once, the call goes on, the others see the
//! mark, and what can come back comes back by itself.

use futures_util::future::try_join;
use vitrine_e2e::{Browser, Flow, Result, Site, VitrinePage, VitrineServer, media_flows};

use crate::half;

async fn ada_and_ben(server: &VitrineServer) -> Result<(VitrinePage, VitrinePage)> {
    let ada = VitrinePage::create(Browser::ChromiumSmallCamera, "Ada", &server.url(), "tea").await?;
    let ben = VitrinePage::join(Browser::ChromiumSmallCamera, "Ben", &server.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await?;
    Ok((ada, ben))
}

/// Waits until it is said that a device is lost, for the reason of this `code`, and asserts that it is said once.
async fn says_it_once(page: &VitrinePage, code: &str) -> Result<()> {
    let words: Vec<String> = page
        .wait_for(
            &format!("{code} is told in words"),
            &format!(
                "const shown = [...document.querySelectorAll('[data-testid=error]')];
                const told = shown.some((error) => error.dataset.code === '{code}');
                return told && shown.map((error) => error.innerText.trim())"
            ),
        )
        .await?;
    assert!(words.len() == 1 && !words[0].is_empty(), "{}: {words:?}", page.name());
    Ok(())
}

/// Ben loses devices for the reason that browsers call `failure`, and is told it as `code`; then they are there again.
async fn lost_and_back(kinds: &[&str], failure: &str, code: &str) -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let (ada, ben) = ada_and_ben(&server).await?;
    let before = try_join(ada.identity(), ben.identity()).await?;
    for kind in kinds {
        ben.lose_device(kind, failure).await?;
    }
    let (microphone, camera) = (kinds.contains(&"audio"), kinds.contains(&"video"));
    for (lost, toggle) in [(microphone, "toggle-mic"), (camera, "toggle-camera")] {
        ben.device_is(toggle, if lost { "unavailable" } else { "on" }).await?;
    }
    says_it_once(&ben, code).await?;
    ada.wait_for_tiles("Ben's marks are true", |tiles| {
        tiles.iter().all(|tile| tile.muted == microphone && tile.picture != camera)
    })
    .await?;
    ben.receives(Flow::AudioAndVideo, 1).await?;
    // What Ben lost is not sent; the other kind goes on.
    match (microphone, camera) {
        (true, false) => ada.receives(Flow::Video, 1).await?,
        (false, true) => ada.receives(Flow::Audio, 1).await?,
        _ => {}
    }

    for kind in kinds {
        ben.return_device(kind).await?;
    }
    try_join(ben.device_is("toggle-mic", "on"), ben.device_is("toggle-camera", "on")).await?;
    ben.shows_no_error().await?;
    ada.wait_for_tiles("Ben's marks are gone", |tiles| tiles.iter().all(|tile| !tile.muted && tile.picture)).await?;
    media_flows(&[&ada, &ben]).await?;
    assert_eq!(try_join(ada.identity(), ben.identity()).await?, before, "same connections, same tiles");
    assert_eq!(ben.uncaught().await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_camera_that_is_unplugged_comes_back() -> Result<()> {
    lost_and_back(&["video"], "NotFoundError", "device-lost").await
}

#[tokio::test]
async fn a_microphone_that_another_program_takes_comes_back() -> Result<()> {
    lost_and_back(&["audio"], "NotReadableError", "device-busy").await
}

#[tokio::test]
async fn devices_whose_permission_is_revoked_come_back() -> Result<()> {
    lost_and_back(&["audio", "video"], "NotAllowedError", "permission-refused").await
}

#[tokio::test]
async fn where_there_is_another_device_it_takes_over() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let (ada, ben) = ada_and_ben(&server).await?;
    let before = try_join(ada.identity(), ben.identity()).await?;
    for kind in ["audio", "video"] {
        ben.change_device(kind).await?;
    }
    let live = "return __probe.captured().filter((track) => track.readyState === 'live').length === 2";
    ben.wait_for::<bool>("both devices are captured anew", live).await?;
    try_join(ben.device_is("toggle-mic", "on"), ben.device_is("toggle-camera", "on")).await?;
    ada.wait_for_tiles("Ben's marks are gone", |tiles| tiles.iter().all(|tile| !tile.muted && tile.picture)).await?;
    media_flows(&[&ada, &ben]).await?;
    assert_eq!(try_join(ada.identity(), ben.identity()).await?, before, "same connections, same tiles");
    Ok(())
}
