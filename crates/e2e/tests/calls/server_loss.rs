//! The signaling server dies in the middle of a call and comes back.

use futures_util::future::{try_join, try_join3};
use vitrine_e2e::{Browser, PATIENCE, Result, Site, VitrinePage, VitrineServer, free_port, media_flows};

use crate::{half, whole};

#[tokio::test]
async fn a_call_outlives_the_server_and_everybody_returns_to_it() -> Result<()> {
    const BROWSER: Browser = Browser::ChromiumSmallCamera;
    let _machine = half().await;
    let site = Site::of_the_app()?;
    // No other program may get the port while the server is down.
    let server = VitrineServer::start_with(site.path(), free_port()?, &[]).await?;
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

#[tokio::test]
async fn a_lost_server_is_tried_at_once_when_the_network_returns_or_somebody_looks() -> Result<()> {
    /// Attempts after which more than two seconds pass until the next one.
    const ATTEMPTS: usize = 8;
    /// Between what calls for an attempt and the attempt, in milliseconds.
    const AT_ONCE: f64 = 1_000.0;
    let _machine = whole().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let page = VitrinePage::create(Browser::ChromiumSmallCamera, "Ada", &server.url(), "tea").await?;
    page.signaling_is("online").await?;
    drop(server);
    let attempts_after = async |before: usize| {
        page.wait_until("another attempt is made", PATIENCE, async || {
            let now = page.sockets().await?;
            Ok(if now > before { Ok(now) } else { Err(format!("{now} attempts so far")) })
        })
        .await
    };
    let mut attempts = attempts_after(ATTEMPTS).await?;
    for event in
        ["window.dispatchEvent(new Event('online'))", "document.dispatchEvent(new Event('visibilitychange'))"].repeat(2)
    {
        let fired: f64 = page.evaluate(&format!("{event}; return performance.now()")).await?;
        attempts = attempts_after(attempts).await?;
        let waited = page.now().await? - fired;
        assert!(waited <= AT_ONCE, "{waited} ms after {event}");
        // The attempt has to fail before the next one.
        page.signaling_is("offline").await?;
    }
    Ok(())
}
