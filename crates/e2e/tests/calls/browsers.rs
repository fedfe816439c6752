//! Browsers of one and of different makers: offers, answers and codecs that each side wrote its own way.

use futures_util::future::try_join;
use vitrine_e2e::{Browser, Result, Site, VitrinePage, VitrineServer, media_flows};

use crate::{
    connection_id,
    insight::says_direct,
    restart_ice,
    signaling_loss::{both_have, receives_packets},
    whole,
};

/// The tile of somebody who left goes within this time, in milliseconds.
const GONE_AFTER_LEAVING: f64 = 1_000.0;

async fn talk(first: Browser, second: Browser) -> Result<()> {
    let _machine = whole().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(first, "Ada", &server.url(), "tea").await?;
    let ben = VitrinePage::join(second, "Ben", &server.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await?;
    try_join(says_direct(&ada), says_direct(&ben)).await?;
    // Each browser answers what the other one asks for later, and asks for it itself.
    let (of_ada, of_ben) = (connection_id(&ada).await?, connection_id(&ben).await?);
    let before = try_join(ada.identity(), ben.identity()).await?;
    let sides: [(&VitrinePage, u64); 2] = [(&ada, of_ada), (&ben, of_ben)];
    for (one, other, sections) in [(sides[0], sides[1], 3), (sides[1], sides[0], 4)] {
        one.0.add_track(one.1).await?;
        both_have(one, other, sections).await?;
        receives_packets(other.0, other.1, 3).await?;
        restart_ice((one.0, one.1), (other.0, other.1)).await?;
        media_flows(&[&ada, &ben]).await?;
    }
    assert_eq!(try_join(ada.identity(), ben.identity()).await?, before, "same connections, same tiles");
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
