//! The signaling server dies in the middle of a call and comes back.

use futures_util::future::{try_join, try_join3};
use vitrine_e2e::{Browser, Result, Site, VitrinePage, VitrineServer, media_flows};

use crate::turn;

#[tokio::test]
async fn a_call_outlives_the_server_and_everybody_returns_to_it() -> Result<()> {
    const BROWSER: Browser = Browser::ChromiumSmallCamera;
    let _turn = turn().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let (port, base) = (server.port(), server.url());
    let ada = VitrinePage::create(BROWSER, "Ada", &base, "tea").await?;
    let ben = VitrinePage::join(BROWSER, "Ben", &base, "tea").await?;
    media_flows(&[&ada, &ben]).await?;
    try_join(ada.signaling_is("online"), ben.signaling_is("online")).await?;

    drop(server);
    try_join(ada.signaling_is("offline"), ben.signaling_is("offline")).await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await?;

    let _server = VitrineServer::start_with(site.path(), port, &[]).await?;
    try_join(ada.signaling_is("online"), ben.signaling_is("online")).await?;
    // Everybody has a new id, and the connection from before.
    for page in [&ada, &ben] {
        page.receives(vitrine_e2e::Flow::AudioAndVideo, 1).await?;
        let counts = page.counts().await?;
        assert_eq!((counts.created_connections, counts.live_connections), (1, 1));
    }
    let cho = VitrinePage::join(BROWSER, "Cho", &base, "tea").await?;
    try_join3(ada.sees(&["Ben", "Cho"]), ben.sees(&["Ada", "Cho"]), cho.sees(&["Ada", "Ben"])).await?;
    media_flows(&[&ada, &ben, &cho]).await?;
    for page in [&ada, &ben, &cho] {
        assert_eq!(page.counts().await?.created_connections, 2);
    }
    Ok(())
}
