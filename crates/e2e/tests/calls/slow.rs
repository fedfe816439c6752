//! A page that is too slow: while its own thread is busy, it must not take its peers or the server for silent.

use std::time::Duration;

use futures_util::future::{try_join, try_join_all, try_join3};
use vitrine_e2e::{Browser, Identity, Result, Site, VitrinePage, VitrineServer, link, media_flows};

use crate::whole;

const BROWSER: Browser = Browser::ChromiumSmallCamera;

/// The seconds for which each page's thread is busy, one after the other.
const BUSY: [[u64; 4]; 3] = [[1, 8, 8, 3], [8, 2, 8, 1], [3, 8, 1, 8]];

/// Keeps the threads of the pages busy, all at the same time.
async fn keep_busy(pages: [&VitrinePage; 3]) -> Result<()> {
    try_join_all(std::iter::zip(pages, BUSY).map(async |(page, busy)| {
        for seconds in busy {
            page.block(Duration::from_secs(seconds)).await?;
        }
        Ok::<_, vitrine_e2e::Error>(())
    }))
    .await
    .map(drop)
}

async fn all_see_all([ada, ben, cho]: [&VitrinePage; 3]) -> Result<()> {
    try_join3(ada.sees(&["Ben", "Cho"]), ben.sees(&["Ada", "Cho"]), cho.sees(&["Ada", "Ben"])).await?;
    media_flows(&[ada, ben, cho]).await
}

async fn identities(pages: [&VitrinePage; 3]) -> Result<Vec<Identity>> {
    try_join_all(pages.map(|page| page.identity())).await
}

/// Asserts that each page has one connection with each peer and one with the server, and never restarted ICE.
async fn connected_once(pages: [&VitrinePage; 3]) -> Result<()> {
    for page in pages {
        let (name, counts) = (page.name(), page.counts().await?);
        let console: Vec<String> = page.evaluate("return __probe.console().slice(-40)").await?;
        assert_eq!(counts.restarts, 0, "{name} restarted ICE: {console:#?}");
        assert_eq!(counts.created_connections, 2, "{name} connected again: {console:#?}");
        assert_eq!(page.sockets().await?, 1, "{name} reconnected to the server: {console:#?}");
        assert_eq!(page.uncaught().await?, [""; 0], "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn busy_page_causes_no_restart_and_no_reconnection() -> Result<()> {
    let _machine = whole().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(BROWSER, "Ada", &server.url(), "tea").await?;
    let (ben, cho) = try_join(
        VitrinePage::join(BROWSER, "Ben", &server.url(), "tea"),
        VitrinePage::join(BROWSER, "Cho", &server.url(), "tea"),
    )
    .await?;
    let pages = [&ada, &ben, &cho];
    all_see_all(pages).await?;
    let before = identities(pages).await?;
    let since = try_join_all(pages.map(|page| page.now())).await?;
    keep_busy(pages).await?;
    all_see_all(pages).await?;
    assert_eq!(identities(pages).await?, before, "same connections, same tiles");
    connected_once(pages).await?;
    for (page, since) in std::iter::zip(pages, since) {
        let history = page.tile_history().await?;
        let gone = history.iter().find(|scene| scene.at >= since && scene.tiles.len() != 2);
        assert!(gone.is_none(), "{} took a peer for gone: {gone:?}", page.name());
    }
    Ok(())
}

#[tokio::test]
async fn busy_page_connects_once() -> Result<()> {
    let _machine = whole().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(BROWSER, "Ada", &server.url(), "tea").await?;
    let url = link(&server.url(), "tea");
    let (ben, cho) = try_join(VitrinePage::open(BROWSER, "Ben", &url), VitrinePage::open(BROWSER, "Cho", &url)).await?;
    for page in [&ben, &cho] {
        page.type_into("[data-testid=display-name]", page.name()).await?;
        page.signaling_is("online").await?;
    }
    // The pages are busy while they enter and connect.
    let enter = "document.querySelector('[data-testid=enter]').click()";
    try_join(ben.evaluate::<()>(enter), cho.evaluate::<()>(enter)).await?;
    let pages = [&ada, &ben, &cho];
    keep_busy(pages).await?;
    all_see_all(pages).await?;
    connected_once(pages).await
}
