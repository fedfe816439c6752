//! The room's shell between real browsers: an address that stays hidden, and talking while a key is held.

use futures_util::future::try_join;
use vitrine_e2e::{Browser, PATIENCE, Page, Result, Site, VitrinePage, VitrineServer, free_port, link, media_flows};

use crate::{connection, connection_id, half, restart_ice};

/// Notes everything that leaves the page for others: over the signaling server, and over data channels.
const RECORD: &str = "
    const sent = window.sentByPage = [];
    for (const { prototype } of [WebSocket, RTCDataChannel]) {
        const send = prototype.send;
        prototype.send = function (data) { sent.push(String(data)); return send.call(this, data); };
    }
    return true;";

/// The candidates among it, in descriptions and alone.
const CANDIDATES: &str = r#"return window.sentByPage.flatMap(text => text.match(/candidate:[^"\\]+/g) ?? [])"#;

/// The addresses of this machine that a connection without a policy finds, loopback apart.
const OWN_ADDRESSES: &str = "
    const probe = new RTCPeerConnection();
    probe.createDataChannel('probe');
    const addresses = new Set();
    probe.onicecandidate = ({ candidate }) => candidate?.address && addresses.add(candidate.address);
    await probe.setLocalDescription();
    while (probe.iceGatheringState !== 'complete') await new Promise(done => setTimeout(done, 20));
    probe.close();
    return [...addresses].filter(address => !address.startsWith('127.'));";

/// Waits for the lobby, hides the address, and notes what leaves the page.
async fn hide(page: &VitrinePage) -> Result<()> {
    page.press("relay-only").await?;
    page.wait_for::<bool>("it is switched on", "return document.querySelector('[data-testid=relay-only]').checked")
        .await?;
    page.evaluate::<bool>(RECORD).await.map(drop)
}

/// Everything that left the page names relays alone.
async fn named_relays_alone(page: &Page) -> Result<()> {
    let candidates: Vec<String> = page.evaluate(CANDIDATES).await?;
    assert!(!candidates.is_empty(), "{} sent no candidate", page.name());
    for candidate in &candidates {
        let is_relay = candidate.contains(" typ relay");
        let related = candidate.split(" raddr ").nth(1).map(|rest| rest.split(' ').next().unwrap_or_default());
        assert!(is_relay && related.is_none_or(|address| address == "0.0.0.0"), "{}: {candidate}", page.name());
    }
    let own: Vec<String> = page.evaluate(OWN_ADDRESSES).await?;
    assert!(!own.is_empty(), "the machine has an address to hide");
    let sent: Vec<String> = page.evaluate("return window.sentByPage").await?;
    for address in own {
        assert!(sent.iter().all(|text| !text.contains(&address)), "{} told {address}", page.name());
    }
    Ok(())
}

async fn server_with_relay(site: &Site) -> Result<VitrineServer> {
    let relay = format!("127.0.0.1:{}", free_port()?);
    VitrineServer::start_with(site.path(), 0, &["--turn-listen", &relay, "--turn-allow-peer", "127.0.0.0/8"]).await
}

#[tokio::test]
async fn hidden_address_is_in_nothing_that_leaves_the_page() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = server_with_relay(&site).await?;
    let url = link(&server.url(), "tea");
    let (ada, ben) =
        try_join(VitrinePage::open(Browser::Chromium, "Ada", &url), VitrinePage::open(Browser::Chromium, "Ben", &url))
            .await?;
    for page in [&ada, &ben] {
        hide(page).await?;
        page.type_into("[data-testid=display-name]", page.name()).await?;
        page.enter().await?;
    }
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await?;
    for page in [&ada, &ben] {
        let is_relayed = |tiles: &[vitrine_e2e::Tile]| {
            tiles.iter().all(|tile| tile.path.as_ref().is_some_and(|path| path.starts_with("relay-")))
        };
        page.wait_for_tiles("media is relayed", is_relayed).await?;
    }
    // Now that there is a control channel, descriptions and candidates take it.
    let ends = (connection_id(&ada).await?, connection_id(&ben).await?);
    restart_ice((&ada, ends.0), (&ben, ends.1)).await?;
    media_flows(&[&ada, &ben]).await?;
    named_relays_alone(&ada).await?;
    named_relays_alone(&ben).await
}

#[tokio::test]
async fn address_is_not_shown_where_there_is_no_relay() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(Browser::Chromium, "Ada", &server.url(), "tea").await?;
    let ben = VitrinePage::open(Browser::Chromium, "Ben", &link(&server.url(), "tea")).await?;
    hide(&ben).await?;
    ben.press("enter").await?;
    let words = ben.shows_error("no-relay").await?;
    assert!(words.contains("There is no relay"), "{words}");
    assert_eq!(ben.evaluate::<Vec<String>>(CANDIDATES).await?, [""; 0]);
    ada.wait_for_tiles("nobody has come to stay", <[_]>::is_empty).await?;
    // It is remembered: to forget it would show the address.
    ben.reload().await?;
    ben.wait_for_lobby().await?;
    ben.wait_for::<bool>("it is on", "return document.querySelector('[data-testid=relay-only]').checked").await?;
    ben.press("relay-only").await?;
    ben.enter().await?;
    ben.sees(&["Ada"]).await?;
    media_flows(&[&ada, &ben]).await
}

/// Presses or releases the space bar.
async fn space(page: &Page, kind: &str) -> Result<()> {
    let event = format!("new KeyboardEvent('{kind}', {{ key: ' ', code: 'Space', bubbles: true, cancelable: true }})");
    page.evaluate::<bool>(&format!("document.body.dispatchEvent({event}); return true")).await.map(drop)
}

/// Waits until so much sound was played, in seconds, and returns the energy that it had.
async fn energy_of(page: &Page, seconds: f64) -> Result<f64> {
    let before = connection(page).await?;
    let after = page
        .wait_until("sound was played", PATIENCE, async || {
            let now = connection(page).await?;
            Ok(if now.audio_seconds >= before.audio_seconds + seconds { Ok(now) } else { Err(format!("{now:?}")) })
        })
        .await?;
    Ok(after.audio_energy - before.audio_energy)
}

#[tokio::test]
async fn who_holds_the_space_bar_is_heard() -> Result<()> {
    const SILENCE: f64 = 1e-4;
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(Browser::Chromium, "Ada", &server.url(), "tea").await?;
    let ben = VitrinePage::join(Browser::Chromium, "Ben", &server.url(), "tea").await?;
    media_flows(&[&ada, &ben]).await?;
    ada.switch_off("toggle-mic").await?;
    for _ in 0..2 {
        ben.wait_until("nothing is heard", PATIENCE, async || {
            let energy = energy_of(&ben, 1.0).await?;
            Ok(if energy < SILENCE { Ok(()) } else { Err(energy) })
        })
        .await?;
        space(&ada, "keydown").await?;
        ada.device_is("toggle-mic", "on").await?;
        ben.wait_until("the voice is heard", PATIENCE, async || {
            let energy = energy_of(&ben, 1.0).await?;
            Ok(if energy > 10.0 * SILENCE { Ok(()) } else { Err(energy) })
        })
        .await?;
        space(&ada, "keyup").await?;
        ada.device_is("toggle-mic", "off").await?;
    }
    Ok(())
}
