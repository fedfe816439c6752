//! A page that is too slow: while its own thread is busy, it must not take its peers or the server for silent.

use std::time::Duration;

use futures_util::future::{try_join, try_join_all, try_join3};
use vitrine_e2e::{Browser, Result, Site, VitrinePage, VitrineServer, media_flows};

use crate::turn;

/// The seconds for which each page's thread is busy, one after the other.
const BUSY: [[u64; 4]; 3] = [[1, 8, 8, 3], [8, 2, 8, 1], [3, 8, 1, 8]];

#[tokio::test]
async fn busy_page_causes_no_restart_and_no_reconnection() -> Result<()> {
    const BROWSER: Browser = Browser::ChromiumSmallCamera;
    let _turn = turn().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(BROWSER, "Ada", &server.url(), "tea").await?;
    let (ben, cho) = try_join(
        VitrinePage::join(BROWSER, "Ben", &server.url(), "tea"),
        VitrinePage::join(BROWSER, "Cho", &server.url(), "tea"),
    )
    .await?;
    let pages = [&ada, &ben, &cho];
    let all_see_all =
        async || try_join3(ada.sees(&["Ben", "Cho"]), ben.sees(&["Ada", "Cho"]), cho.sees(&["Ada", "Ben"])).await;
    all_see_all().await?;
    media_flows(&[&ada, &ben, &cho]).await?;
    let before = try_join_all(pages.map(|page| page.identity())).await?;
    let since = try_join_all(pages.map(|page| page.now())).await?;

    try_join_all(std::iter::zip(pages, BUSY).map(async |(page, busy)| {
        for seconds in busy {
            page.block(Duration::from_secs(seconds)).await?;
        }
        Ok::<_, vitrine_e2e::Error>(())
    }))
    .await?;
    all_see_all().await?;
    media_flows(&[&ada, &ben, &cho]).await?;
    assert_eq!(try_join_all(pages.map(|page| page.identity())).await?, before, "same connections, same tiles");
    for (page, since) in std::iter::zip(pages, since) {
        let (name, counts) = (page.name(), page.counts().await?);
        let console: Vec<String> = page.evaluate("return __probe.console().slice(-30)").await?;
        assert_eq!(counts.restarts, 0, "{name} restarted ICE: {console:#?}");
        assert_eq!(counts.created_connections, 2, "{name} connected anew: {console:#?}");
        assert_eq!(page.sockets().await?, 1, "{name} reconnected to the server: {console:#?}");
        let history = page.tile_history().await?;
        let gone = history.iter().find(|scene| scene.at >= since && scene.tiles.len() != 2);
        assert!(gone.is_none(), "{name} took somebody for gone: {gone:?}, {console:#?}");
        assert_eq!(page.uncaught().await?, [""; 0], "{name}");
    }
    Ok(())
}
