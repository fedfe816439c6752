//! Shared screens: everybody sees them, beside the cameras, from beginning to end; a client without a control channel sees
//! one video.

use futures_util::future::{try_join, try_join_all};
use vitrine_e2e::{
    Alive, Browser, Flow, Make, PATIENCE, Page, Result, SeedPage, Site, StaticServer, Venue, VitrinePage,
    VitrineServer, media_flows, seed_site,
};

use crate::{connection_id, half, restart_ice, whole};

const SMALL: Browser = Browser::ChromiumSmallCamera;
/// Larger than every camera here.
const CANVAS: (u32, u32) = (720, 404);

/// Waits until nothing is shared here, and no captured track but those of microphone and camera is alive.
async fn shares_nothing(page: &VitrinePage) -> Result<()> {
    page.wait_until("nothing is shared", PATIENCE, async || {
        let (alive, shared) = (page.alive().await?, page.shared_tracks().await?);
        let is_over = shared.iter().all(|track| track.ready_state == "ended");
        let is_good = alive == Alive { audio: 1, video: 1 } && is_over && !page.is_pressed("share-screen").await?;
        Ok(if is_good { Ok(()) } else { Err(format!("{alive:?}, {shared:?}")) })
    })
    .await
}

/// Waits until the encoders are told this of what is shared.
async fn hints(page: &VitrinePage, wanted: &[&str]) -> Result<()> {
    page.wait_until(&format!("the encoders are told {wanted:?}"), PATIENCE, async || {
        let mut hints: Vec<_> =
            page.shared_tracks().await?.into_iter().map(|track| track.content_hint.unwrap_or_default()).collect();
        hints.sort_unstable();
        Ok(if hints == wanted { Ok(()) } else { Err(format!("{hints:?}")) })
    })
    .await
}

/// How many media sections each connection of the page has.
async fn sections(page: &VitrinePage) -> Result<Vec<usize>> {
    let connections = page.connections().await?;
    try_join_all(connections.iter().map(async |one| Ok(page.transceivers(one.id).await?.len()))).await
}

#[tokio::test]
async fn everybody_sees_the_screens_of_others_beside_their_cameras() -> Result<()> {
    let _machine = whole().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(Browser::ChromiumWithScreen, "Ada", &server.url(), "tea").await?;
    let ben = VitrinePage::join(Browser::Firefox, "Ben", &server.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    ben.use_canvas_as_screen(CANVAS).await?;

    ada.press("share-screen").await?;
    let seen = ben.sees_screens(1).await?;
    assert_eq!(seen[0].name, "Screen of Ada");
    media_flows(&[&ada, &ben]).await?;
    assert!(ada.is_pressed("share-screen").await?);
    hints(&ada, &["detail", "speech"]).await?;
    ada.press("screen-motion").await?;
    hints(&ada, &["motion", "music"]).await?;
    ada.press("screen-motion").await?;
    hints(&ada, &["detail", "speech"]).await?;

    // Who comes later sees it too, and a second one is beside the first.
    let cho = VitrinePage::join(SMALL, "Cho", &server.url(), "tea").await?;
    try_join(cho.sees(&["Ada", "Ben"]), cho.sees_screens(1)).await?;
    ben.press("share-screen").await?;
    try_join_all([(&ada, 1), (&ben, 1), (&cho, 2)].map(|(page, count)| page.sees_screens(count))).await?;
    media_flows(&[&ada, &ben, &cho]).await?;
    let (before, sections_before) = (
        try_join_all([&ada, &ben, &cho].map(|page| page.identity())).await?,
        [sections(&ada).await?, sections(&ben).await?, sections(&cho).await?],
    );

    // One ends it with the page's button, the other in the browser's bar.
    ada.press("stop-sharing").await?;
    try_join(ben.sees_screens(0), cho.sees_screens(1)).await?;
    shares_nothing(&ada).await?;
    ben.end_screen().await?;
    try_join(ada.sees_screens(0), cho.sees_screens(0)).await?;
    shares_nothing(&ben).await?;

    ada.press("share-screen").await?;
    try_join(ben.sees_screens(1), cho.sees_screens(1)).await?;
    ben.press("share-screen").await?;
    try_join(ada.sees_screens(1), cho.sees_screens(2)).await?;
    let sections_after = [sections(&ada).await?, sections(&ben).await?, sections(&cho).await?];
    assert_eq!(sections_after, sections_before, "sections are used again");
    media_flows(&[&ada, &ben, &cho]).await?;
    assert_eq!(try_join_all([&ada, &ben, &cho].map(|page| page.identity())).await?, before);

    // Leaving ends it.
    ada.leave().await?;
    assert_eq!(ada.alive().await?.video, 0);
    cho.sees_screens(1).await?;
    for page in [&ada, &ben, &cho] {
        assert_eq!(page.uncaught().await?, [""; 0], "{}", page.name());
    }
    Ok(())
}

#[tokio::test]
async fn screens_are_shared_without_a_server_and_over_an_ice_restart() -> Result<()> {
    let _machine = half().await;
    let mut venue = Venue::start(Make::Vitrine).await?;
    let ada = VitrinePage::create(SMALL, "Ada", &venue.url(), "tea").await?;
    let ben = VitrinePage::join(SMALL, "Ben", &venue.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    try_join(ada.use_canvas_as_screen(CANVAS), ben.use_canvas_as_screen(CANVAS)).await?;
    try_join(ada.receives(Flow::AudioAndVideo, 1), ben.receives(Flow::AudioAndVideo, 1)).await?;
    let before = try_join(ada.identity(), ben.identity()).await?;
    venue.stop_server();
    try_join(ada.signaling_is("offline"), ben.signaling_is("offline")).await?;

    // Both at once, which may collide.
    try_join(ada.press("share-screen"), ben.press("share-screen")).await?;
    try_join(ada.sees_screens(1), ben.sees_screens(1)).await?;
    let (of_ada, of_ben) = (connection_id(&ada).await?, connection_id(&ben).await?);
    restart_ice((&ada, of_ada), (&ben, of_ben)).await?;
    try_join(ada.sees_screens(1), ben.sees_screens(1)).await?;
    venue.start_server().await?;
    try_join(ada.signaling_is("online"), ben.signaling_is("online")).await?;
    try_join(ada.sees_screens(1), ben.sees_screens(1)).await?;
    media_flows(&[&ada, &ben]).await?;
    assert_eq!(try_join(ada.identity(), ben.identity()).await?, before, "same connections, same tiles");
    assert_eq!((ada.uncaught().await?, ben.uncaught().await?), (vec![], vec![]));

    // A page that connects anew is shown the screen again.
    ben.reload().await?;
    ben.wait_for_lobby().await?;
    ben.enter().await?;
    ben.sees_screens(1).await?;
    ada.sees_screens(0).await.map(drop)
}

/// Waits until the guide's client shows a picture as wide as `wanted`.
async fn shows_width(seed: &Page, awaited: &str, wanted: impl Fn(u32) -> bool) -> Result<()> {
    seed.wait_until(awaited, PATIENCE, async || {
        let connections = seed.connections().await?;
        let width = connections.first().and_then(|one| one.shown.as_ref()).map_or(0, |shown| shown.width);
        Ok(if wanted(width) { Ok(()) } else { Err(format!("{width} pixels")) })
    })
    .await
}

#[tokio::test]
async fn the_guide_s_client_sees_camera_or_screen() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(SMALL, "Ada", &server.url(), "tea").await?;
    let client = seed_site(&server.url())?;
    let files = StaticServer::start(client.path(), "/").await?;
    let seed = SeedPage::open(Browser::Chromium, "seed", &files.url()).await?;
    seed.join_room("tea").await?;
    media_flows(&[&ada, &seed]).await?;
    ada.use_canvas_as_screen(CANVAS).await?;
    for _ in 0..2 {
        ada.press("share-screen").await?;
        shows_width(&seed, "the screen is shown", |width| width > 200).await?;
        seed.receives(Flow::AudioAndVideo, 1).await?;
        ada.press("stop-sharing").await?;
        shows_width(&seed, "the camera is shown", |width| (1..200).contains(&width)).await?;
        shares_nothing(&ada).await?;
    }
    assert_eq!(sections(&ada).await?, [2], "it is offered no second video");
    media_flows(&[&ada, &seed]).await
}

#[tokio::test]
async fn screen_that_cannot_be_shared_changes_nothing_else() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(SMALL, "Ada", &server.url(), "tea").await?;
    let phone = format!("{}?without-screens", server.url());
    let ben = VitrinePage::join(SMALL, "Ben", &phone, "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    let before = try_join(ada.identity(), ben.identity()).await?;
    ben.press("share-screen").await?;
    ben.shows_error("screen-unsupported").await?;
    for (failure, code) in [("NotAllowedError", "screen-refused"), ("NotReadableError", "screen-failed")] {
        ada.refuse_screen(failure).await?;
        ada.press("share-screen").await?;
        ada.shows_error(code).await?;
    }
    for page in [&ada, &ben] {
        page.click("[data-testid=error] button").await?;
        page.shows_no_error().await?;
        shares_nothing(page).await?;
    }
    media_flows(&[&ada, &ben]).await?;
    assert_eq!((sections(&ada).await?, sections(&ben).await?), (vec![2], vec![2]));
    assert_eq!(try_join(ada.identity(), ben.identity()).await?, before, "same connections, same tiles");
    assert_eq!((ada.uncaught().await?, ben.uncaught().await?), (vec![], vec![]));
    Ok(())
}
