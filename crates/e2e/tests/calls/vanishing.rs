//! People who vanish, with a word or without one: their tiles go, everybody else stays. With the guide's server nobody
//! says who left, so whoever stays has to notice.

use std::time::Duration;

use futures_util::future::{try_join, try_join_all, try_join3};
use vitrine_e2e::{Browser, Make, PATIENCE, Page, Result, Venue, VitrinePage, link, media_flows};

use crate::{LONGEST_GAP, connection_id, half, whole};

const BROWSER: Browser = Browser::ChromiumSmallCamera;

/// The tile of somebody who vanished without a word goes within this time, in milliseconds.
const GONE_AFTER_A_CRASH: f64 = 10_000.0;

/// The tile of somebody who left goes within this time, in milliseconds.
const GONE_AFTER_LEAVING: f64 = 1_000.0;

async fn three(venue: &Venue) -> Result<[VitrinePage; 3]> {
    let ada = VitrinePage::create(BROWSER, "Ada", &venue.url(), "tea").await?;
    let ben = VitrinePage::join(BROWSER, "Ben", &venue.url(), "tea").await?;
    let cho = VitrinePage::join(BROWSER, "Cho", &venue.url(), "tea").await?;
    try_join3(ada.sees(&["Ben", "Cho"]), ben.sees(&["Ada", "Cho"]), cho.sees(&["Ada", "Ben"])).await?;
    media_flows(&[&ada, &ben, &cho]).await?;
    Ok([ada, ben, cho])
}

/// Ben vanishes as `vanish` says; his tiles go within the time, and nothing else changes.
async fn vanishes(make: Make, within: f64, vanish: impl AsyncFn(&VitrinePage) -> Result<()>) -> Result<()> {
    let _machine = whole().await;
    let venue = Venue::start(make).await?;
    let [ada, ben, cho] = three(&venue).await?;
    let before = try_join(ada.tile_nodes(), cho.tile_nodes()).await?;
    let since = try_join(ada.start_frame_clock(), cho.start_frame_clock()).await?;
    vanish(&ben).await?;
    let shown = try_join(ada.shown_after("Ben", since.0), cho.shown_after("Ben", since.1)).await?;
    assert!(shown.0 <= within && shown.1 <= within, "Ben's tile stayed for {shown:?} ms");
    try_join(ada.sees(&["Cho"]), cho.sees(&["Ada"])).await?;
    media_flows(&[&ada, &cho]).await?;
    let after = try_join(ada.tile_nodes(), cho.tile_nodes()).await?;
    for (page, before, after) in [(&ada, before.0, after.0), (&cho, before.1, after.1)] {
        assert!(before.iter().any(|tile| tile.node == after[0].node), "{}: {before:?}, {after:?}", page.name());
        let clock = page.frame_clock().await?;
        assert!(clock.any.longest < LONGEST_GAP, "{} missed frames: {clock:?}", page.name());
        assert_eq!(page.uncaught().await?, [""; 0], "{}", page.name());
    }
    Ok(())
}

#[tokio::test]
async fn the_tile_of_a_crashed_tab_goes() -> Result<()> {
    vanishes(Make::Vitrine, GONE_AFTER_A_CRASH, async |ben| ben.crash()).await
}

#[tokio::test]
async fn the_tile_of_a_crashed_tab_goes_though_nobody_says_so() -> Result<()> {
    vanishes(Make::Node, GONE_AFTER_A_CRASH, async |ben| ben.crash()).await
}

#[tokio::test]
async fn the_tile_of_a_vanished_machine_goes() -> Result<()> {
    vanishes(Make::Vitrine, GONE_AFTER_A_CRASH, async |ben| ben.freeze()).await
}

#[tokio::test]
async fn the_tile_of_somebody_who_left_goes_at_once() -> Result<()> {
    vanishes(Make::Vitrine, GONE_AFTER_LEAVING, leave).await
}

#[tokio::test]
async fn the_tile_of_somebody_who_left_goes_at_once_though_nobody_says_so() -> Result<()> {
    vanishes(Make::Node, GONE_AFTER_LEAVING, leave).await
}

/// Without the driver's own time.
async fn leave(page: &VitrinePage) -> Result<()> {
    page.evaluate("document.querySelector('[data-testid=leave]').click()").await
}

async fn reloads(make: Make) -> Result<()> {
    let _machine = half().await;
    let venue = Venue::start(make).await?;
    let ada = VitrinePage::create(BROWSER, "Ada", &venue.url(), "tea").await?;
    let ben = VitrinePage::join(BROWSER, "Ben", &venue.url(), "tea").await?;
    media_flows(&[&ada, &ben]).await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    let old = connection_id(&ada).await?;
    let (since, node) = (ada.now().await?, ada.tile_nodes().await?[0].node);

    ben.reload_and_enter().await?;
    ada.wait_until("Ben is connected anew", PATIENCE, async || {
        let connections = ada.connections().await?;
        let new = connections.iter().any(|one| one.id != old && one.state == "connected");
        Ok(if new { Ok(()) } else { Err(format!("{connections:?}")) })
    })
    .await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await?;
    // Nobody stands beside somebody new who is connected.
    let ghosts: Vec<_> = ada
        .tile_history()
        .await?
        .into_iter()
        .filter(|scene| scene.at >= since && scene.tiles.len() > 1)
        .filter(|scene| scene.tiles.iter().any(|tile| tile.node != node && tile.state == "connected"))
        .collect();
    assert!(ghosts.is_empty(), "after {since}, beside the tile {node}: {ghosts:?}");
    Ok(())
}

#[tokio::test]
async fn a_page_that_reloads_leaves_no_ghost() -> Result<()> {
    reloads(Make::Vitrine).await
}

#[tokio::test]
async fn a_page_that_reloads_leaves_no_ghost_though_nobody_says_that_it_left() -> Result<()> {
    reloads(Make::Node).await
}

#[tokio::test]
async fn six_who_enter_at_the_same_instant_all_see_all() -> Result<()> {
    const NAMES: [&str; 6] = ["Ada", "Ben", "Cho", "Dee", "Eun", "Fay"];
    // Six browsers, fifteen connections.
    const LONG: Duration = Duration::from_secs(180);
    let _machine = whole().await;
    let venue = Venue::start(Make::Vitrine).await?;
    let people = try_join_all(NAMES.map(async |name| {
        let person = VitrinePage::open(BROWSER, name, &link(&venue.url(), "party")).await?;
        person.type_into("[data-testid=display-name]", name).await?;
        person.signaling_is("online").await?;
        Ok::<_, vitrine_e2e::Error>(person)
    }))
    .await?;
    try_join_all(
        people.iter().map(|person| async {
            person.evaluate::<()>("document.querySelector('[data-testid=enter]').click()").await
        }),
    )
    .await?;
    try_join_all(people.iter().map(|person| async {
        let mut others: Vec<_> = NAMES.into_iter().filter(|name| *name != person.name()).collect();
        others.sort_unstable();
        let awaited = format!("exactly {others:?} are shown, all connected");
        person
            .wait_for_tile_nodes(&awaited, LONG, |tiles| {
                let mut names: Vec<_> = tiles.iter().map(|tile| &*tile.name).collect();
                names.sort_unstable();
                names == others && tiles.iter().all(|tile| tile.state == "connected")
            })
            .await
    }))
    .await?;
    let pages: Vec<&Page> = people.iter().map(|person| &**person).collect();
    media_flows(&pages).await?;
    for page in pages {
        assert_eq!(page.uncaught().await?, [""; 0], "{}", page.name());
    }
    Ok(())
}
