//! The call explains itself: in the inspector while it runs, and from its saved record on the page of recorded calls.

use futures_util::future::try_join;
use vitrine_e2e::{Browser, Result, Site, VitrinePage, VitrineServer, media_flows};

use crate::half;

const STEPS: usize = 13;

/// Keeps what the page saves, instead of a download.
const KEEP_SAVED: &str =
    "URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text }); return '#' }";

async fn two_in_a_call(browsers: [Browser; 2], base: &str) -> Result<[VitrinePage; 2]> {
    let ada = VitrinePage::create(browsers[0], "Ada", base, "tea").await?;
    let ben = VitrinePage::join(browsers[1], "Ben", base, "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await?;
    Ok([ada, ben])
}

/// Opens a section of the inspector, and returns its words.
async fn section(page: &VitrinePage, id: &str, contains: &str) -> Result<String> {
    let open = format!(
        "const one = document.querySelector('[data-section={id}]'); if (!one.open) one.firstElementChild.click()"
    );
    page.evaluate::<()>(&open).await?;
    let words = format!(
        "const words = document.querySelector('[data-section={id}] > .inspect-content')?.innerText ?? '';
        return words.includes({contains:?}) ? words : null"
    );
    page.wait_for(&format!("{id} tells {contains:?}"), &words).await
}

async fn call_explains_itself(browsers: [Browser; 2]) -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let pages = two_in_a_call(browsers, &server.url()).await?;
    let [ada, ben] = &pages;
    try_join(ada.inspect("Ben"), ben.inspect("Ada")).await?;
    for page in &pages {
        let explained = page.explains("that the connection is direct, and how it came to be", |explained| {
            explained.verdict.starts_with("direct-") && explained.steps.len() == STEPS
        });
        let explained = explained.await?;
        assert_eq!(explained.detour, None);
        // What each opened section must tell of any call.
        for (id, contains) in [
            ("pairs", "in use"),
            ("candidates", "host"),
            ("states", "stable"),
            ("descriptions", "offer"),
            ("messages", "answer"),
            ("tracks", "opus"),
        ] {
            section(page, id, contains).await?;
        }
    }
    // Both read the same code, from certificates that each browser tells of both sides.
    let code = "return document.querySelector('[data-testid=safety-code]')?.textContent ?? null";
    let mut codes = Vec::new();
    for page in &pages {
        section(page, "security", "sha-256").await?;
        codes.push(page.wait_for::<String>("the safety code is shown", code).await?);
    }
    assert_eq!(codes[0], codes[1]);
    assert_eq!(codes[0].chars().filter(char::is_ascii_digit).count(), 25);
    // Each side sees how the other sees the connection.
    for page in &pages {
        page.evaluate::<()>(
            "const choice = document.querySelector('[data-testid=inspect-peer]');
            choice.value = '';
            choice.dispatchEvent(new Event('change', { bubbles: true }))",
        )
        .await?;
        page.wait_until("both views of the connection are shown", vitrine_e2e::PATIENCE, async || {
            let cells = page.mesh().await?;
            let is_direct = cells.len() == 2 && cells.iter().all(|cell| cell.state.starts_with("direct-"));
            Ok(if is_direct { Ok(()) } else { Err(format!("{cells:?}")) })
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_call_explains_itself() -> Result<()> {
    call_explains_itself([Browser::ChromiumSmallCamera; 2]).await
}

#[tokio::test]
async fn a_call_with_firefox_explains_itself() -> Result<()> {
    call_explains_itself([Browser::Firefox, Browser::ChromiumSmallCamera]).await
}

#[tokio::test]
async fn saved_call_says_the_same_as_the_running_one() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let pages = two_in_a_call([Browser::ChromiumSmallCamera; 2], &server.url()).await?;
    let ada = &pages[0];
    ada.inspect("Ben").await?;
    let live = ada.explains("how it came to be", |explained| {
        explained.verdict.starts_with("direct-") && explained.steps.len() == STEPS
    });
    let live = live.await?;
    section(ada, "pairs", "in use").await?;
    ada.evaluate::<()>(KEEP_SAVED).await?;
    ada.press("save-record").await?;
    let saved: String = ada.wait_for("the record is saved", "return window.saved ?? null").await?;
    assert!(saved.starts_with("RTCStatsDump\n"), "{}", &saved[..200.min(saved.len())]);
    for secret in ["127.0.0.1", "a=ice-pwd:(?!redacted)", "sha-256 \\w\\w:"] {
        let found = format!("return new RegExp({secret:?}).test(window.saved)");
        assert!(!ada.evaluate::<bool>(&found).await?, "{secret} is in the record");
    }
    let reader =
        VitrinePage::load(Browser::ChromiumSmallCamera, "Reader", &format!("{}#explain", server.url())).await?;
    reader
        .wait_for::<bool>(
            "a file can be chosen",
            "return document.querySelector('[data-testid=explain-input]') !== null",
        )
        .await?;
    reader.open_recording("call.rtcstats", &saved).await?;
    let read = reader.explains("what the call said", |read| !read.verdict.is_empty()).await?;
    // Where addresses are left out, how near the other side is cannot be told.
    assert!(read.verdict.starts_with("direct-") || read.verdict == "connected", "{read:?}");
    assert_eq!(read.steps, live.steps);
    Ok(())
}

#[tokio::test]
async fn recorded_call_is_explained_without_a_server_and_without_devices() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let page = VitrinePage::load(Browser::ChromiumSmallCamera, "Reader", &server.url()).await?;
    page.wait_for_lobby().await?;
    page.click("[data-testid=open-explain]").await?;
    let ready = "return document.querySelector('[data-testid=explain-input]') !== null";
    page.wait_for::<bool>("a file can be chosen", ready).await?;
    let failed = include_str!("../../../insight/tests/data/rtcstats/chrome-standard-pc-failed.jsonl");
    page.open_recording("failed.jsonl", failed).await?;
    page.explains("that the connection was lost", |explained| explained.verdict == "lost").await?;
    page.evaluate::<()>(
        "const choice = document.querySelector('[data-testid=inspect-peer]');
        choice.value = '1';
        choice.dispatchEvent(new Event('change', { bubbles: true }))",
    )
    .await?;
    let explained =
        page.explains("that the next one failed", |explained| explained.verdict == "never-connected").await?;
    assert!(explained.findings.contains(&"turn-needed".to_owned()), "{explained:?}");
    // A file that is none says so, and the next one is read all the same.
    page.open_recording("photo.jpg", "\u{ff}\u{d8}\u{ff}").await?;
    let told = "const error = document.querySelector('[data-testid=error]'); return error?.innerText ?? null";
    let error: String = page.wait_for("the error is told", told).await?;
    assert!(error.contains("photo.jpg"), "{error}");
    let relayed = include_str!("../../../insight/tests/data/rtcstats/chrome-relay.jsonl");
    for name in ["relayed.jsonl", "relayed.jsonl.gz"] {
        page.open_recording(name, relayed).await?;
        let shown =
            format!("return document.querySelector('[data-testid=explain-status]').innerText.includes({name:?} + ':')");
        page.wait_for::<bool>(&format!("{name} is read"), &shown).await?;
        page.explains("the relay", |explained| explained.verdict == "relay-tls" && explained.detour.is_some()).await?;
    }
    let alive =
        "return performance.getEntriesByType('resource').filter(({ name }) => name.includes('socket.io')).length";
    assert_eq!(page.evaluate::<u32>(alive).await?, 0, "no signaling");
    let alive = page.alive().await?;
    assert_eq!((alive.audio, alive.video), (0, 0), "no device");
    Ok(())
}
