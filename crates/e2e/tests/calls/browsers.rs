//! Browsers of different makers: offers, answers and codecs that each side wrote its own way.

use futures_util::future::try_join;
use vitrine_e2e::{Browser, Result, Site, VitrinePage, VitrineServer, media_flows};

use crate::turn;

async fn talk(first: Browser, second: Browser) -> Result<()> {
    let _turn = turn().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(first, "Ada", &server.url(), "tea").await?;
    let ben = VitrinePage::join(second, "Ben", &server.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await
}

#[tokio::test]
async fn firefox_joins_chromium() -> Result<()> {
    talk(Browser::Chromium, Browser::Firefox).await
}

#[tokio::test]
async fn chromium_joins_firefox() -> Result<()> {
    talk(Browser::Firefox, Browser::Chromium).await
}
