//! Why there is no connection to the signaling server is told apart, by the page and with what to do next.

use std::collections::BTreeSet;

use tokio_tungstenite::connect_async;
use vitrine_e2e::{
    Browser, Handshakes, Result, Site, StaticServer, StrictProxy, VitrinePage, VitrineServer, free_port,
};

use crate::half;

#[tokio::test]
async fn every_refusal_of_signaling_is_told_with_its_reason() -> Result<()> {
    every_refusal_is_told(Browser::ChromiumSmallCamera).await
}

#[tokio::test]
async fn every_refusal_of_signaling_is_told_in_firefox() -> Result<()> {
    every_refusal_is_told(Browser::Firefox).await
}

async fn every_refusal_is_told(browser: Browser) -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let files = StaticServer::start(site.path(), "/").await?;
    let server = VitrineServer::start(site.path()).await?;
    let page = VitrinePage::load(browser, "Ada", &files.url()).await?;
    let mut words = BTreeSet::new();

    // The page comes through the proxy, too.
    let firewall = StrictProxy::start(server.port(), Handshakes::Cut).await?;
    page.go_to(&firewall.url()).await?;
    words.insert(page.shows_error("websocket-blocked").await?);
    page.signaling_is("offline").await?;

    let proxy = StrictProxy::start(server.port(), Handshakes::PassedOnPlain).await?;
    page.go_to(&proxy.url()).await?;
    words.insert(page.shows_error("upgrade-dropped").await?);

    // From here on, the signaling server is another one than the page's.
    site.set_meta("signaling-server", &proxy.url())?;
    page.go_to(&files.url()).await?;
    words.insert(page.shows_error("upgrade-dropped").await?);

    let arguments = ["--allowed-origin", "https://calls.example"];
    let picky = VitrineServer::start_with(site.path(), 0, &arguments).await?;
    site.set_meta("signaling-server", &picky.url())?;
    page.go_to(&files.url()).await?;
    words.insert(page.shows_error("origin-not-allowed").await?);

    site.set_meta("signaling-server", &format!("{}elsewhere", files.url()))?;
    page.go_to(&files.url()).await?;
    words.insert(page.shows_error("no-signaling-server").await?);

    // A proxy that is trusted makes this machine's clients count.
    let arguments = ["--max-connections-per-address", "1", "--trusted-proxy", "192.0.2.1"];
    let small = VitrineServer::start_with(site.path(), 0, &arguments).await?;
    let endpoint = format!("ws://127.0.0.1:{}/socket.io/?EIO=4&transport=websocket", small.port());
    let other_tab = connect_async(&endpoint).await;
    assert!(other_tab.is_ok(), "there is a place for one");
    site.set_meta("signaling-server", &small.url())?;
    page.go_to(&files.url()).await?;
    words.insert(page.shows_error("too-many-connections").await?);
    drop(other_tab);
    page.signaling_is("online").await?;
    page.shows_no_error().await?;

    site.set_meta("signaling-server", &format!("http://127.0.0.1:{}", free_port()?))?;
    page.go_to(&files.url()).await?;
    words.insert(page.shows_error("server-unreachable").await?);
    page.evaluate::<()>("Object.defineProperty(navigator, 'onLine', { get: () => false })").await?;
    words.insert(page.shows_error("offline").await?);

    assert_eq!(words.len(), 7, "each in words of its own: {words:?}");
    Ok(())
}
