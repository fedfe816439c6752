//! A remote element that the browser paused plays again by itself: a single element, or those of a frozen tab.

use futures_util::future::try_join;
use vitrine_e2e::{Browser, Flow, Result, Site, TabbedBrowser, VitrinePage, VitrineServer, link, media_flows};

use crate::half;

const BROWSER: Browser = Browser::ChromiumSmallCamera;

#[tokio::test]
async fn paused_remote_element_plays_again() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(BROWSER, "Ada", &server.url(), "tea").await?;
    let ben = VitrinePage::join(BROWSER, "Ben", &server.url(), "tea").await?;
    media_flows(&[&ada, &ben]).await?;
    for _ in 0..2 {
        ada.pause_others().await?;
        media_flows(&[&ada, &ben]).await?;
    }
    // So does an element that plays sound only.
    ben.switch_off("toggle-camera").await?;
    ada.receives(Flow::Audio, 1).await?;
    ada.pause_others().await?;
    ada.receives(Flow::Audio, 1).await
}

#[tokio::test]
async fn frozen_tab_plays_again_after_waking() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(BROWSER, "Ada", &server.url(), "tea").await?;
    let browser = TabbedBrowser::start(BROWSER).await?;
    let ben = browser.open("Ben", &link(&server.url(), "tea")).await?;
    ben.is_ready().await?;
    ben.enter().await?;
    try_join(ada.receives(Flow::AudioAndVideo, 1), ben.receives(Flow::AudioAndVideo, 1)).await?;
    for awake_before_it_is_seen in [true, false] {
        let front = browser.open("front", "about:blank").await?;
        ben.wait_for::<bool>("the tab is hidden", "return document.visibilityState === 'hidden'").await?;
        ben.freeze().await?;
        let paused = "const elements = [...document.querySelectorAll('[data-peer] :is(video, audio)')];
            return elements.filter((element) => element.srcObject).every((element) => element.paused)";
        ben.wait_for::<bool>("the browser has paused what was played", paused).await?;
        if awake_before_it_is_seen {
            ben.wake().await?;
        }
        front.close().await?;
        ben.show().await?;
        if !awake_before_it_is_seen {
            ben.wake().await?;
        }
        try_join(ada.receives(Flow::AudioAndVideo, 1), ben.receives(Flow::AudioAndVideo, 1)).await?;
    }
    Ok(())
}
