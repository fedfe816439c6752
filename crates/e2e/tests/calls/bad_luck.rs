//! What goes wrong is said in words, with a code, and whatever still works goes on.

use std::path::Path;

use futures_util::future::try_join;
use vitrine_e2e::{
    Browser, Flow, Result, Site, StaticServer, VitrinePage, VitrineServer, free_port, link, media_flows,
};

use crate::{connection, half};

#[tokio::test]
async fn without_permission_one_watches_and_listens() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(Browser::ChromiumSmallCamera, "Ada", &server.url(), "tea").await?;
    let ben = VitrinePage::open(Browser::ChromiumRefusing, "Ben", &link(&server.url(), "tea")).await?;
    assert!(!ben.shows_error("permission-refused").await?.is_empty());
    ben.type_into("[data-testid=display-name]", "Ben").await?;
    ben.enter().await?;
    ada.sees(&["Ben"]).await?;
    ben.receives(Flow::AudioAndVideo, 1).await?;
    // Ben has nothing to send.
    let from_ben = connection(&ada).await?;
    assert!(from_ben.audio_energy == 0.0 && from_ben.frames_decoded == 0, "{from_ben:?}");
    let tiles = ada.tiles().await?;
    assert!(!tiles[0].picture && tiles[0].muted, "{tiles:?}");
    Ok(())
}

#[tokio::test]
async fn without_a_camera_one_talks_and_watches() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(Browser::ChromiumSmallCamera, "Ada", &server.url(), "tea").await?;
    let ben = VitrinePage::open(Browser::ChromiumWithoutCamera, "Ben", &link(&server.url(), "tea")).await?;
    assert!(!ben.shows_error("no-device").await?.is_empty());
    ben.enter().await?;
    // Ben has no picture to send.
    try_join(ben.receives(Flow::AudioAndVideo, 1), ada.receives(Flow::Audio, 1)).await?;
    let tiles = ada.tiles().await?;
    assert!(!tiles[0].picture && !tiles[0].muted, "{tiles:?}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_down_is_said_to_be_and_used_once_it_is_up() -> Result<()> {
    let _machine = half().await;
    let port = free_port()?;
    let site = Site::of_the_app()?;
    site.set_meta("signaling-server", &format!("http://127.0.0.1:{port}"))?;
    let files = StaticServer::start(site.path(), "/").await?;
    let ada = VitrinePage::open(Browser::ChromiumSmallCamera, "Ada", &files.url()).await?;
    assert!(!ada.shows_error("server-unreachable").await?.is_empty());
    ada.signaling_is("offline").await?;

    let _server = VitrineServer::start_with(Path::new("none"), port, &[]).await?;
    ada.signaling_is("online").await?;
    ada.shows_no_error().await?;
    ada.type_into("[data-testid=room-name]", "tea").await?;
    ada.enter().await?;
    let ben = VitrinePage::join(Browser::ChromiumSmallCamera, "Ben", &files.url(), "tea").await?;
    media_flows(&[&ada, &ben]).await
}

#[tokio::test]
async fn a_full_room_is_said_to_be_full() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start_with(site.path(), 0, &["--max-participants", "2"]).await?;
    let ada = VitrinePage::create(Browser::ChromiumSmallCamera, "Ada", &server.url(), "tea").await?;
    let ben = VitrinePage::join(Browser::ChromiumSmallCamera, "Ben", &server.url(), "tea").await?;
    media_flows(&[&ada, &ben]).await?;
    let cho = VitrinePage::open(Browser::ChromiumSmallCamera, "Cho", &link(&server.url(), "tea")).await?;
    cho.press("enter").await?;
    assert!(!cho.shows_error("room-full").await?.is_empty());
    assert_eq!(cho.counts().await?.live_connections, 0);

    ben.leave().await?;
    cho.type_into("[data-testid=display-name]", "Cho").await?;
    cho.enter().await?;
    cho.shows_no_error().await?;
    ada.sees(&["Cho"]).await?;
    media_flows(&[&ada, &cho]).await
}

#[tokio::test]
async fn a_link_that_names_no_room_is_said_to_be_malformed() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let too_long = "a".repeat(65);
    let ada = VitrinePage::load(Browser::ChromiumSmallCamera, "Ada", &link(&server.url(), "%FF")).await?;
    assert!(!ada.shows_error("link-malformed").await?.is_empty());
    ada.go_to(&link(&server.url(), &too_long)).await?;
    assert!(!ada.shows_error("link-malformed").await?.is_empty());
    ada.press("new-room").await?;
    ada.shows_no_error().await?;
    ada.wait_for_lobby().await
}

#[tokio::test]
async fn a_browser_without_webrtc_is_said_to_be_unable() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let url = format!("{}?without-webrtc#room=tea", server.url());
    let ada = VitrinePage::load(Browser::ChromiumSmallCamera, "Ada", &url).await?;
    assert!(!ada.shows_error("no-webrtc").await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_browser_that_refuses_connections_says_so_and_is_nobodys_tile() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(Browser::ChromiumSmallCamera, "Ada", &server.url(), "tea").await?;
    let ben =
        VitrinePage::open(Browser::ChromiumSmallCamera, "Ben", &format!("{}?refused-webrtc#room=tea", server.url()))
            .await?;
    ben.press("enter").await?;
    let words = ben.shows_error("webrtc-refused").await?;
    assert!(words.contains("forbidden by policy"), "{words}");
    // Whoever comes later is met later.
    let _cho = VitrinePage::join(Browser::ChromiumSmallCamera, "Cho", &server.url(), "tea").await?;
    ada.sees(&["Cho"]).await?;
    let most = ada.tile_history().await?.iter().map(|scene| scene.tiles.len()).max();
    assert_eq!(most, Some(1), "Ben was never in the room");
    Ok(())
}
