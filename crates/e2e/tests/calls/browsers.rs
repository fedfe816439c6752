//! Browsers of one and of different makers: offers, answers and codecs that each side wrote its own way.

use futures_util::future::try_join;
use vitrine_e2e::{Browser, Result, Site, VitrinePage, VitrineServer, media_flows};

use crate::{insight::says_direct, turn};

/// The tile of somebody who left goes within this time, in milliseconds.
const GONE_AFTER_LEAVING: f64 = 1_000.0;

async fn talk(first: Browser, second: Browser) -> Result<()> {
    let _turn = turn().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(first, "Ada", &server.url(), "tea").await?;
    let ben = VitrinePage::join(second, "Ben", &server.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await?;
    try_join(says_direct(&ada), says_direct(&ben)).await?;
    // Each browser ends a connection its own way, too.
    let since = ada.start_frame_clock().await?;
    ben.evaluate::<()>("document.querySelector('[data-testid=leave]').click()").await?;
    let shown = ada.shown_after("Ben", since).await?;
    assert!(shown <= GONE_AFTER_LEAVING, "Ben's tile stayed for {shown} ms");
    Ok(())
}

#[tokio::test]
async fn chromium_joins_chromium() -> Result<()> {
    talk(Browser::Chromium, Browser::Chromium).await
}

#[tokio::test]
async fn firefox_joins_chromium() -> Result<()> {
    talk(Browser::Chromium, Browser::Firefox).await
}

#[tokio::test]
async fn chromium_joins_firefox() -> Result<()> {
    talk(Browser::Firefox, Browser::Chromium).await
}
