//! People who come and go: everybody else notices at once, and whoever stays stays connected.

use std::time::Duration;

use futures_util::future::{try_join, try_join3};
use vitrine_e2e::{Browser, Result, Site, VitrinePage, VitrineServer, media_flows};

use crate::half;

/// Sooner than a browser finds out by itself that the other side is silent.
const PROMPTLY: Duration = Duration::from_secs(4);

#[tokio::test]
async fn people_join_leave_return_and_close_the_tab() -> Result<()> {
    const BROWSER: Browser = Browser::ChromiumSmallCamera;
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let base = server.url();
    let ada = VitrinePage::create(BROWSER, "Ada", &base, "tea").await?;
    ada.sees(&[]).await?;
    let ben = VitrinePage::join(BROWSER, "Ben", &base, "tea").await?;
    media_flows(&[&ada, &ben]).await?;
    let cho = VitrinePage::join(BROWSER, "Cho", &base, "tea").await?;
    try_join3(ada.sees(&["Ben", "Cho"]), ben.sees(&["Ada", "Cho"]), cho.sees(&["Ada", "Ben"])).await?;
    media_flows(&[&ada, &ben, &cho]).await?;

    ben.leave().await?;
    try_join(only(&ada, "Cho"), only(&cho, "Ada")).await?;
    media_flows(&[&ada, &cho]).await?;
    assert_eq!(ben.counts().await?.live_connections, 0);

    // Leaving has released the devices.
    ben.switch_devices_on().await?;
    ben.enter().await?;
    try_join3(ada.sees(&["Ben", "Cho"]), ben.sees(&["Ada", "Cho"]), cho.sees(&["Ada", "Ben"])).await?;
    media_flows(&[&ada, &ben, &cho]).await?;

    cho.close().await?;
    try_join(only(&ada, "Ben"), only(&ben, "Ada")).await?;
    media_flows(&[&ada, &ben]).await
}

/// Waits until `name` alone is left in the room with `page`.
async fn only(page: &VitrinePage, name: &str) -> Result<()> {
    page.wait_until(&format!("only {name} is left"), PROMPTLY, async || {
        let tiles = page.tiles().await?;
        let left = matches!(&tiles[..], [tile] if tile.name == name);
        Ok(if left { Ok(()) } else { Err(format!("{tiles:?}")) })
    })
    .await
}
