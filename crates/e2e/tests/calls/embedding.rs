//! The app in a frame of another site's page.

use futures_util::future::try_join;
use vitrine_e2e::{Browser, Result, Site, StaticServer, VitrinePage, VitrineServer, link, media_flows};

use crate::half;

async fn embedded_page_calls(browser: Browser) -> Result<()> {
    let _machine = half().await;
    let intranet = Site::empty()?;
    let pages = StaticServer::start(intranet.path(), "/").await?;
    let site = Site::of_the_app()?;
    let origin = pages.url();
    let server = VitrineServer::start_with(site.path(), 0, &["--allow-embedding", &origin]).await?;
    // The line that the README shows.
    let allow = "camera; microphone; display-capture; autoplay; fullscreen; picture-in-picture; screen-wake-lock; \
                 clipboard-write; speaker-selection";
    let frame = link(&server.url(), "tea");
    let page = format!("<!DOCTYPE html><iframe src=\"{frame}\" allow=\"{allow}\" width=1000 height=700></iframe>");
    intranet.write("index.html", &page)?;
    let ada = VitrinePage::join_in_frame(browser, "Ada", &pages.url()).await?;
    let ben = VitrinePage::join(Browser::Chromium, "Ben", &server.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await
}

#[tokio::test]
async fn embedded_page_calls_in_chromium() -> Result<()> {
    embedded_page_calls(Browser::Chromium).await
}

#[tokio::test]
async fn embedded_page_calls_in_firefox() -> Result<()> {
    embedded_page_calls(Browser::Firefox).await
}
