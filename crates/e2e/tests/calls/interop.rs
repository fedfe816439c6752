//! Vitrine speaks the guide's language: with the guide's server, and with the guide's client.

use std::{path::Path, time::Duration};

use futures_util::future::try_join;
use vitrine_e2e::{
    Browser, NodeServer, Result, SeedPage, Site, StaticServer, VitrinePage, VitrineServer, clients_stay_connected,
    media_flows, seed_site,
};

use crate::half;

/// Opens one of the guide's clients, from an origin of its own.
async fn guide_s_client(name: &str, server: &str) -> Result<SeedPage> {
    let site = seed_site(server)?;
    let files = StaticServer::start(site.path(), "/").await?;
    SeedPage::open(Browser::ChromiumSmallCamera, name, &files.url()).await
}

/// Shows that the guide's client and server, as the tests have them, work as the guide says.
#[tokio::test]
async fn the_guide_s_clients_talk_through_the_guide_s_server() -> Result<()> {
    let _machine = half().await;
    let empty = Site::empty()?;
    let server = NodeServer::start(empty.path()).await?;
    let (first, second) =
        try_join(guide_s_client("first", &server.url()), guide_s_client("second", &server.url())).await?;
    first.create_room("room").await?;
    second.join_room("room").await?;
    media_flows(&[&first, &second]).await
}

#[tokio::test]
async fn vitrine_talks_through_the_guide_s_server() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = NodeServer::start(site.path()).await?;
    let ada = VitrinePage::create(Browser::ChromiumSmallCamera, "Ada", &server.url(), "tea").await?;
    let ben = VitrinePage::join(Browser::ChromiumSmallCamera, "Ben", &server.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await
}

#[tokio::test]
async fn vitrine_joins_the_guide_s_client() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let seed = guide_s_client("seed", &server.url()).await?;
    seed.create_room("tea").await?;
    let ada = VitrinePage::join(Browser::ChromiumSmallCamera, "Ada", &server.url(), "tea").await?;
    media_flows(&[&ada, &seed]).await
}

#[tokio::test]
async fn the_guide_s_client_joins_vitrine() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(Browser::ChromiumSmallCamera, "Ada", &server.url(), "tea").await?;
    let seed = guide_s_client("seed", &server.url()).await?;
    seed.join_room("tea").await?;
    media_flows(&[&ada, &seed]).await
}

#[tokio::test]
async fn socket_io_clients_stay_connected_by_every_transport() -> Result<()> {
    let _machine = half().await;
    let flags = ["--ping-interval", "1", "--ping-timeout", "1"];
    let server = VitrineServer::start_with(Path::new("none"), 0, &flags).await?;
    clients_stay_connected(&server.url(), Duration::from_secs(1)).await
}
