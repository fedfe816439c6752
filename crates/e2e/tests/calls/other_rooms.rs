//! Links to rooms: another one's in the tab of a call, and those that were mangled on their way.

use futures_util::future::try_join;
use vitrine_e2e::{Browser, Result, Site, VitrinePage, VitrineServer, link, media_flows};

use crate::half;

const BROWSER: Browser = Browser::ChromiumSmallCamera;
const ESCAPE: &str = "\u{e00c}";

#[tokio::test]
async fn another_rooms_link_asks_before_it_leaves_the_call() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let base = server.url();
    let ada = VitrinePage::create(BROWSER, "Ada", &base, "tea").await?;
    let ben = VitrinePage::join(BROWSER, "Ben", &base, "tea").await?;
    let cho = VitrinePage::create(BROWSER, "Cho", &base, "coffee").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await?;
    is_in(&ada, "tea").await?;

    open_link(&ada, "coffee").await?;
    asks_for(&ada, "coffee").await?;
    is_in(&ada, "tea").await?;
    // The focus is on the harmless answer.
    assert_eq!(ada.evaluate::<String>("return document.activeElement.dataset.testid").await?, "stay");
    ada.press_key(ESCAPE).await?;
    asks_nothing(&ada).await?;
    is_in(&ada, "tea").await?;
    media_flows(&[&ada, &ben]).await?;

    open_link(&ada, "coffee").await?;
    asks_for(&ada, "coffee").await?;
    ada.press("move").await?;
    try_join(ada.sees(&["Cho"]), cho.sees(&["Ada"])).await?;
    ben.sees(&[]).await?;
    is_in(&ada, "coffee").await?;
    media_flows(&[&ada, &cho]).await?;

    // The way back through the history is one into the other room as well.
    ada.evaluate::<()>("history.back()").await?;
    asks_for(&ada, "tea").await?;
    is_in(&ada, "coffee").await?;
    ada.press("stay").await?;
    asks_nothing(&ada).await?;
    is_in(&ada, "coffee").await?;
    // In the lobby, the address leads.
    ada.leave().await?;
    open_link(&ada, "tea").await?;
    ada.wait_for::<bool>("the lobby names tea", "return document.querySelector('main h1').innerText.includes('tea')")
        .await?;
    ada.enter().await?;
    ada.sees(&["Ben"]).await?;
    is_in(&ada, "tea").await
}

#[tokio::test]
async fn a_mangled_link_leads_into_the_room_that_was_meant() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let base = server.url();
    // The same name, as two systems write it.
    let ada = VitrinePage::create(BROWSER, "Ada", &base, "caf\u{e9} 회의").await?;
    let ben = VitrinePage::load(BROWSER, "Ben", &base).await?;
    for fragment in ["#room%3Dcafe%CC%81%20%ED%9A%8C%EC%9D%98", "#/room=cafe\u{301}\u{3000}회의)."] {
        ben.go_to(&format!("{base}{fragment}")).await?;
        ben.wait_for_lobby().await?;
        ben.type_into("[data-testid=display-name]", "Ben\u{200b}").await?;
        ben.enter().await?;
        try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
        ben.leave().await?;
    }
    ben.go_to(&format!("{base}#room=%ff")).await?;
    assert!(!ben.shows_error("link-malformed").await?.is_empty());
    Ok(())
}

/// Opens the link to `room` in the tab, as a person does who clicks on it or types it.
async fn open_link(page: &VitrinePage, room: &str) -> Result<()> {
    page.evaluate(&format!("location.href = {:?}", link("", room))).await
}

async fn asks_for(page: &VitrinePage, room: &str) -> Result<()> {
    let script =
        format!("return document.querySelector('[data-testid=moving][open] h2')?.innerText.includes({room:?})");
    page.wait_for::<bool>(&format!("it is asked whether to go to {room}"), &script).await.map(drop)
}

async fn asks_nothing(page: &VitrinePage) -> Result<()> {
    let script = "return document.querySelector('[data-testid=moving][open]') === null";
    page.wait_for::<bool>("nothing is asked", script).await.map(drop)
}

/// Waits until address, title and heading name `room`.
async fn is_in(page: &VitrinePage, room: &str) -> Result<()> {
    let script = format!(
        "return location.hash === {:?} && document.title.startsWith({room:?})
            && document.querySelector('main h1').innerText === {room:?}
            && document.querySelector('[data-testid=leave]') !== null",
        link("", room)
    );
    page.wait_for::<bool>(&format!("address, title and heading name {room}"), &script).await.map(drop)
}
