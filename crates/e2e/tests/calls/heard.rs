//! Sound does not wait for a picture. A participant without a camera, or with the camera off, is heard by every other
//! participant, in every order of joining and switching.

use futures_util::future::{try_join, try_join_all, try_join3};
use vitrine_e2e::{Browser, Flow, Result, Site, VitrinePage, VitrineServer, link, media_flows};

use crate::half;

/// A browser, and whether its participant enters with the camera on.
type Participant = (Browser, bool);

/// Opens the link to the room, and enters with the camera on or off.
async fn enter(server: &VitrineServer, name: &str, (browser, camera): Participant) -> Result<VitrinePage> {
    let page = VitrinePage::open(browser, name, &link(&server.url(), "tea")).await?;
    if !camera {
        page.switch_off("toggle-camera").await?;
    }
    page.type_into("[data-testid=display-name]", name).await?;
    page.enter().await?;
    Ok(page)
}

/// Waits until all participants hear each other, and see those whose camera is on.
async fn all_hear_all(people: &[(&VitrinePage, bool)]) -> Result<()> {
    let pairs = people.iter().flat_map(|(listener, _)| people.iter().map(move |speaker| (listener, speaker)));
    let others = pairs.filter(|(listener, (speaker, _))| listener.name() != speaker.name());
    try_join_all(others.map(async |(listener, (speaker, camera))| {
        let flow = if *camera { Flow::AudioAndVideo } else { Flow::Audio };
        listener.receives_from(speaker.name(), flow).await?;
        let awaited = format!("{} has a picture: {camera}", speaker.name());
        let shown = |tiles: &[vitrine_e2e::Tile]| {
            tiles.iter().any(|tile| tile.name == speaker.name() && tile.picture == *camera)
        };
        listener.wait_for_tiles(&awaited, shown).await.map(drop)
    }))
    .await
    .map(drop)
}

/// Ada creates the room and Ben joins. A camera that is off goes on, and off again.
async fn on_and_off(ada: Participant, ben: Participant) -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let (with_ada, with_ben) = (ada.1, ben.1);
    let ada = enter(&server, "Ada", ada).await?;
    let ben = enter(&server, "Ben", ben).await?;
    all_hear_all(&[(&ada, with_ada), (&ben, with_ben)]).await?;
    for (page, camera) in [(&ada, with_ada), (&ben, with_ben)] {
        if !camera {
            page.switch_devices_on().await?;
        }
    }
    media_flows(&[&ada, &ben]).await?;
    for (page, camera) in [(&ada, with_ada), (&ben, with_ben)] {
        if !camera {
            page.switch_off("toggle-camera").await?;
        }
    }
    all_hear_all(&[(&ada, with_ada), (&ben, with_ben)]).await
}

#[tokio::test]
async fn joiner_with_camera_off_is_heard() -> Result<()> {
    on_and_off((Browser::ChromiumSmallCamera, true), (Browser::ChromiumSmallCamera, false)).await
}

#[tokio::test]
async fn creator_with_camera_off_is_heard() -> Result<()> {
    on_and_off((Browser::ChromiumSmallCamera, false), (Browser::ChromiumSmallCamera, true)).await
}

#[tokio::test]
async fn two_participants_with_cameras_off_hear_each_other() -> Result<()> {
    on_and_off((Browser::ChromiumSmallCamera, false), (Browser::ChromiumSmallCamera, false)).await
}

#[tokio::test]
async fn firefox_creator_and_chromium_joiner_with_cameras_off_hear_each_other() -> Result<()> {
    on_and_off((Browser::Firefox, false), (Browser::ChromiumSmallCamera, false)).await
}

#[tokio::test]
async fn chromium_creator_and_firefox_joiner_with_cameras_off_hear_each_other() -> Result<()> {
    on_and_off((Browser::ChromiumSmallCamera, false), (Browser::Firefox, false)).await
}

#[tokio::test]
async fn late_joiner_hears_participants_with_camera_off() -> Result<()> {
    const BROWSER: Browser = Browser::ChromiumSmallCamera;
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = enter(&server, "Ada", (BROWSER, true)).await?;
    let ben = enter(&server, "Ben", (BROWSER, true)).await?;
    media_flows(&[&ada, &ben]).await?;
    ada.switch_off("toggle-camera").await?;
    let cho = enter(&server, "Cho", (BROWSER, false)).await?;
    all_hear_all(&[(&ada, false), (&ben, true), (&cho, false)]).await?;
    try_join(ada.switch_devices_on(), cho.switch_devices_on()).await?;
    media_flows(&[&ada, &ben, &cho]).await
}

#[tokio::test]
async fn participant_with_missing_busy_or_refused_camera_is_heard() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    // Ada's machine has no camera.
    let ada = enter_without_camera(&server).await?;
    for failure in ["NotReadableError", "NotAllowedError"] {
        let ben = VitrinePage::open(Browser::ChromiumSmallCamera, "Ben", &link(&server.url(), "tea")).await?;
        ben.lose_device("video", failure).await?;
        ben.device_is("toggle-camera", "unavailable").await?;
        ben.type_into("[data-testid=display-name]", "Ben").await?;
        ben.enter().await?;
        all_hear_all(&[(&ada, false), (&ben, false)]).await?;
        ben.return_device("video").await?;
        all_hear_all(&[(&ada, false), (&ben, true)]).await?;
        ben.close().await?;
        ada.sees(&[]).await?;
    }
    Ok(())
}

async fn enter_without_camera(server: &VitrineServer) -> Result<VitrinePage> {
    let ada = VitrinePage::open(Browser::ChromiumWithoutCamera, "Ada", &link(&server.url(), "tea")).await?;
    ada.type_into("[data-testid=display-name]", "Ada").await?;
    ada.enter().await?;
    Ok(ada)
}

#[tokio::test]
async fn participant_without_devices_hears_the_others() -> Result<()> {
    const BROWSER: Browser = Browser::ChromiumSmallCamera;
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::open(Browser::ChromiumRefusing, "Ada", &link(&server.url(), "tea")).await?;
    ada.type_into("[data-testid=display-name]", "Ada").await?;
    ada.enter().await?;
    let ben = enter(&server, "Ben", (BROWSER, false)).await?;
    let cho = enter(&server, "Cho", (BROWSER, true)).await?;
    // Ada sends nothing.
    try_join3(
        all_hear_all(&[(&ben, false), (&cho, true)]),
        ada.receives_from("Ben", Flow::Audio),
        ada.receives_from("Cho", Flow::AudioAndVideo),
    )
    .await
    .map(drop)
}
