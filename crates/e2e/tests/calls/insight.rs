//! What the page tells about the network: in a call, which way the media goes; before it, whether the servers that a call
//! needs can be had.

use serde::Deserialize;
use vitrine_e2e::{Browser, Make, Result, Site, StunServer, Venue, VitrinePage, VitrineServer, free_port, link};

use crate::half;

/// One line of the check.
#[derive(Debug, PartialEq, Deserialize)]
struct Line {
    check: String,
    state: String,
    code: String,
}

impl Line {
    fn new(check: &str, state: &str, code: &str) -> Self {
        Self { check: check.to_owned(), state: state.to_owned(), code: code.to_owned() }
    }
}

/// Opens the check, waits for its end, and reads it.
async fn check(page: &VitrinePage) -> Result<Vec<Line>> {
    page.press("check").await?;
    page.wait_for::<bool>(
        "every line of the check has ended",
        "const lines = [...document.querySelectorAll('[data-testid=check-results][open] [data-check]')];
        return lines.length >= 5 && lines.every((line) => line.dataset.state !== 'running')",
    )
    .await?;
    page.evaluate(
        "return [...document.querySelectorAll('[data-check]')].map(({ dataset }) =>
            ({ check: dataset.check, state: dataset.state, code: dataset.code ?? '' }))",
    )
    .await
}

/// What the one tile says of its path.
async fn path(page: &VitrinePage) -> Result<[String; 2]> {
    page.wait_for(
        "the tile says which way the media goes",
        "const tile = document.querySelector('[data-testid=tile]');
        const words = tile?.querySelector('[data-testid=path]')?.innerText;
        return words ? [tile.dataset.path, words] : null",
    )
    .await
}

/// Asserts that the tile says of two on one machine that nobody relays between them.
pub async fn says_direct(page: &VitrinePage) -> Result<()> {
    // A machine may have a public address, and a browser that hides the other's for good cannot tell how near it is.
    let path = path(page).await?;
    let known = [["direct-local", "Direct, same network"], ["direct-internet", "Direct, across the internet"]];
    assert!(known.iter().any(|known| *known == path), "{}: {path:?}", page.name());
    let sided = "return document.querySelector('[data-testid=tile]').hasAttribute('data-relay-side')";
    assert!(!page.evaluate::<bool>(sided).await?);
    Ok(())
}

/// Keeps every path that any tile says from now on.
const COLLECT_PATHS: &str = "window.paths = [];
    new MutationObserver((records) => {
        for (const { target } of records) if (target.dataset.path) window.paths.push(target.dataset.path);
    }).observe(document, { subtree: true, attributeFilter: ['data-path'] });";

async fn two_pages_of_one_machine(first: Browser, second: Browser) -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(first, "Ada", &server.url(), "tea").await?;
    ada.evaluate::<()>(COLLECT_PATHS).await?;
    let ben = VitrinePage::open(second, "Ben", &link(&server.url(), "tea")).await?;
    ben.evaluate::<()>(COLLECT_PATHS).await?;
    ben.enter().await?;
    for page in [&ada, &ben] {
        path(page).await?;
        let paths: Vec<String> = page.evaluate("return window.paths").await?;
        assert!(!paths.is_empty() && paths.iter().all(|path| path == "direct-local"), "{}: {paths:?}", page.name());
    }
    Ok(())
}

#[tokio::test]
async fn two_pages_of_one_machine_are_never_said_to_be_an_internet_apart() -> Result<()> {
    two_pages_of_one_machine(Browser::ChromiumSmallCamera, Browser::ChromiumSmallCamera).await
}

#[tokio::test]
async fn the_check_says_that_there_is_no_server_to_check() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::open(Browser::ChromiumWithoutCamera, "Ada", &server.url()).await?;
    let lines = check(&ada).await?;
    assert_eq!(
        lines,
        [
            Line::new("camera", "problem", "no-device"),
            Line::new("microphone", "good", ""),
            Line::new("signaling", "good", ""),
            Line::new("stun", "skipped", "not-configured"),
            Line::new("relay", "skipped", "not-configured"),
        ]
    );
    Ok(())
}

#[tokio::test]
async fn the_check_tells_a_stun_server_that_answers_from_one_that_does_not() -> Result<()> {
    let _machine = half().await;
    let stun = StunServer::start().await?;
    let (nobody, relay) = (free_port()?, free_port()?);
    let servers = format!(
        r#"[{{"urls": ["{}", "stun:127.0.0.1:{nobody}"]}},
        {{"urls": "turn:127.0.0.1:{relay}?transport=tcp", "username": "u", "credential": "c"}}]"#,
        stun.url()
    );
    let site = Site::of_the_app()?;
    site.set_meta("ice-servers", &servers.replace('"', "&quot;"))?;
    // A plain server, which names no ICE servers and does not know the question.
    let venue = Venue::with(Make::Node, site).await?;
    let ada = VitrinePage::open(Browser::ChromiumSmallCamera, "Ada", &venue.url()).await?;
    let lines = check(&ada).await?;
    assert_eq!(
        lines,
        [
            Line::new("camera", "good", ""),
            Line::new("microphone", "good", ""),
            Line::new("signaling", "good", ""),
            Line::new("stun", "good", ""),
            Line::new("stun", "problem", "unreachable"),
            Line::new("relay-tcp", "problem", "unreachable"),
        ]
    );
    assert_eq!(ada.counts().await?.live_connections, 0, "what was made for the check is closed");

    // It can be repeated, and is closed with the keyboard.
    ada.press("check-again").await?;
    ada.press_key("\u{e00c}").await?;
    let closed = "return !document.querySelector('[data-testid=check-results]').open";
    ada.wait_for::<bool>("the check is closed", closed).await?;
    ada.wait_until("no connection is left", std::time::Duration::from_secs(5), async || {
        let counts = ada.counts().await?;
        Ok(if counts.live_connections == 0 { Ok(()) } else { Err(format!("{counts:?}")) })
    })
    .await?;
    assert_eq!(ada.uncaught().await?, [""; 0]);
    Ok(())
}
