//! Chat between real browsers: to all and to one, while the server is dead, over a restarted path and a connection that
//! takes the place of another one, and for somebody who comes late. Nothing is lost, and nothing comes twice.

use futures_util::future::{try_join, try_join_all, try_join3, try_join4};
use vitrine_e2e::{Browser, Make, PATIENCE, Result, Venue, VitrinePage, media_flows};

use crate::{restart_ice, whole};

const BROWSER: Browser = Browser::ChromiumSmallCamera;

/// Writes to everybody, or to the one of this name.
pub async fn write(page: &VitrinePage, to: Option<&str>, text: &str) -> Result<()> {
    let to = to.map_or("Everybody".to_owned(), str::to_owned);
    let choose = format!(
        "const select = document.querySelector('[data-testid=chat-to]');
         const option = [...select.options].find((option) => option.textContent.trim() === '{to}');
         if (!option) return false;
         select.value = option.value;
         select.dispatchEvent(new Event('change', {{ bubbles: true }}));
         return true"
    );
    page.wait_for::<bool>(&format!("{to} can be written to"), &choose).await?;
    page.type_into("[data-testid=chat-input]", text).await?;
    page.press("chat-send").await
}

/// The texts in the page's chat.
pub async fn texts(page: &VitrinePage) -> Result<Vec<String>> {
    page.evaluate(
        "return [...document.querySelectorAll('[data-testid=chat-message] .message-text')].map((text) => text.textContent)",
    )
    .await
}

/// Waits until exactly these messages are shown, in this order.
pub async fn reads(page: &VitrinePage, wanted: &[&str]) -> Result<()> {
    page.wait_until(&format!("{wanted:?} are read"), PATIENCE, async || {
        let texts = texts(page).await?;
        Ok(if texts == wanted { Ok(()) } else { Err(format!("{texts:?}")) })
    })
    .await
}

/// Waits until nothing is said to be missing.
async fn all_arrived(page: &VitrinePage) -> Result<()> {
    let script = "return document.querySelector('[data-testid=chat-missing]') === null";
    page.wait_for::<bool>("all messages have arrived", script).await.map(drop)
}

/// The id of the connection that a page has with the one of this name.
async fn connection_with(page: &VitrinePage, name: &str) -> Result<u64> {
    page.wait_until(&format!("there is a connection with {name}"), PATIENCE, async || {
        let (tiles, connections) = try_join(page.tiles(), page.connections()).await?;
        let peer = tiles.iter().find(|tile| tile.name == name).map(|tile| tile.peer.clone());
        let found = connections.iter().find(|one| one.peer.is_some() && one.peer == peer);
        Ok(found.map(|one| one.id).ok_or_else(|| format!("{tiles:?}, {connections:?}")))
    })
    .await
}

#[tokio::test]
async fn chat_loses_and_doubles_nothing() -> Result<()> {
    let _machine = whole().await;
    let mut venue = Venue::start(Make::Vitrine).await?;
    let ada = VitrinePage::create(BROWSER, "Ada", &venue.url(), "tea").await?;
    let (ben, cho) = try_join(
        VitrinePage::join(BROWSER, "Ben", &venue.url(), "tea"),
        VitrinePage::join(BROWSER, "Cho", &venue.url(), "tea"),
    )
    .await?;
    try_join3(ada.sees(&["Ben", "Cho"]), ben.sees(&["Ada", "Cho"]), cho.sees(&["Ada", "Ben"])).await?;
    ada.press("open-chat").await?;
    write(&ada, None, "to all https://example.org").await?;
    write(&ada, Some("Ben"), "to Ben").await?;
    let title = "return document.title";
    ben.wait_for::<bool>("two are unread", "return document.title.startsWith('(2) tea')").await?;
    cho.wait_for::<bool>("one is unread", "return document.title.startsWith('(1) tea')").await?;
    try_join(ben.press("open-chat"), cho.press("open-chat")).await?;
    assert_eq!(ben.evaluate::<String>(title).await?, "tea · Vitrine");
    let all = "to all https://example.org";
    try_join(reads(&ben, &[all, "to Ben"]), reads(&cho, &[all])).await?;

    venue.stop_server();
    try_join_all([&ada, &ben, &cho].map(|page| page.signaling_is("offline"))).await?;
    write(&cho, None, "without a server").await?;
    reads(&ada, &[all, "to Ben", "without a server"]).await?;
    let (of_ada, of_ben) = try_join(connection_with(&ada, "Ben"), connection_with(&ben, "Ada")).await?;
    try_join(restart_ice((&ada, of_ada), (&ben, of_ben)), write(&ben, None, "on a new path")).await?;
    let so_far = [all, "to Ben", "without a server", "on a new path"];
    try_join(reads(&ada, &so_far), reads(&ben, &so_far)).await?;

    venue.start_server().await?;
    try_join_all([&ada, &ben, &cho].map(|page| page.signaling_is("online"))).await?;
    // What is written into a connection that is over comes over the next one.
    ada.close_connection(of_ada).await?;
    write(&ada, None, "over the next connection").await?;
    let so_far = [all, "to Ben", "without a server", "on a new path", "over the next connection"];
    try_join3(reads(&ada, &so_far), reads(&ben, &so_far), reads(&cho, &[all, so_far[2], so_far[3], so_far[4]])).await?;
    try_join3(all_arrived(&ada), all_arrived(&ben), all_arrived(&cho)).await?;

    let dan = VitrinePage::join(BROWSER, "Dan", &venue.url(), "tea").await?;
    dan.press("open-chat").await?;
    reads(&dan, &[all, so_far[2], so_far[3], so_far[4]]).await?;
    write(&dan, None, "late").await?;
    let everything = [all, "to Ben", "without a server", "on a new path", "over the next connection", "late"];
    let public = [all, so_far[2], so_far[3], so_far[4], "late"];
    try_join4(reads(&ada, &everything), reads(&ben, &everything), reads(&cho, &public), reads(&dan, &public)).await?;
    media_flows(&[&ada, &ben, &cho, &dan]).await?;

    // Somebody who left is named, and the text stays.
    let choose_cho = "const select = document.querySelector('[data-testid=chat-to]');
        select.value = [...select.options].find((option) => option.textContent.trim() === 'Cho').value;
        select.dispatchEvent(new Event('change', { bubbles: true })); return true";
    ada.wait_for::<bool>("Cho is chosen", choose_cho).await?;
    ada.type_into("[data-testid=chat-input]", "for Cho alone").await?;
    cho.press("close-panel").await?;
    cho.leave().await?;
    let says = "return document.querySelector('[data-testid=chat-problem]').textContent.startsWith('Cho left')";
    ada.wait_for::<bool>("Cho is said to have left", says).await?;
    ada.press("chat-send").await?;
    let kept = "return document.querySelector('[data-testid=chat-input]').value";
    assert_eq!(ada.evaluate::<String>(kept).await?, "for Cho alone");
    reads(&ada, &everything).await?;
    for page in [&ada, &ben, &dan] {
        assert_eq!(page.uncaught().await?, [""; 0], "{}", page.name());
        page.shows_no_error().await?;
    }
    Ok(())
}
