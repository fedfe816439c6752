//! Networks that fail between some and not between others, in a laboratory of network namespaces: paths that die,
//! addresses that change, a pair that cannot connect. `cargo xtask test` leaves these out, and says so, where there can
//! be no laboratory.

use std::time::Duration;

use futures_util::future::{try_join, try_join_all, try_join3};
use vitrine_e2e::{Browser, Laboratory, PATHS, PATIENCE, Result, Site, VitrinePage, VitrineServer, media_flows};

use crate::{LONGEST_GAP, connection_id, whole};

const BROWSER: Browser = Browser::ChromiumSmallCamera;

/// Media is back this long after there is a path, in milliseconds.
const BACK: f64 = 3_000.0;

/// Chromium looks for new addresses every two seconds, in milliseconds; before that no path through one is usable.
const ADDRESS_NOTICED: f64 = 2_000.0;

/// What the page writes to its console then.
const RESTARTED: &str = "restarts ICE";

/// Between what calls for a restart and the restart, in milliseconds: whose network changes comes back to the server a
/// second later. On their own, restarts without a path are far longer apart.
const AT_ONCE: f64 = 4_000.0;

struct Call {
    // Browsers end before their machines do.
    pages: Vec<VitrinePage>,
    _server: VitrineServer,
    _site: Site,
    laboratory: Laboratory,
}

impl Call {
    /// Puts everybody on a machine of their own and into one room; `prepare` may harm the network before.
    async fn between(names: &[&str], prepare: impl FnOnce(&Laboratory) -> Result<()>) -> Result<Self> {
        let laboratory = Laboratory::build(names.len())?;
        prepare(&laboratory)?;
        let site = Site::of_the_app()?;
        let server = VitrineServer::start_for_everybody(site.path()).await?;
        let pages = VitrinePage::join_from_machines(&laboratory, BROWSER, names, server.port(), "tea").await?;
        Ok(Self { pages, _server: server, _site: site, laboratory })
    }

    async fn ada_and_ben() -> Result<Self> {
        let call = Self::between(&["Ada", "Ben"], |_| Ok(())).await?;
        let [ada, ben] = &call.pages[..] else { unreachable!() };
        try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
        media_flows(&[ada, ben]).await?;
        try_join(ada.knows_the_pace(), ben.knows_the_pace()).await?;
        Ok(call)
    }

    /// The path that media takes from the first page.
    async fn path(&self) -> Result<usize> {
        let page = &self.pages[0];
        let connection = connection_id(page).await?;
        page.wait_until("a path is selected", PATIENCE, async || {
            let path = page.selected_path(connection).await?;
            let known = path.as_ref().and_then(|path| self.laboratory.path_of(&path.local.address));
            Ok(known.ok_or_else(|| format!("{path:?}")))
        })
        .await
    }

    /// Waits until frames come again that are younger than `since` of each page's clock, and returns how long they took
    /// to come, in milliseconds.
    async fn frames_after(&self, since: &[f64]) -> Result<Vec<f64>> {
        try_join_all(std::iter::zip(&self.pages, since).map(|(page, since)| async move {
            page.wait_until("frames come again", PATIENCE, async || {
                let (now, clock) = try_join(page.now(), page.frame_clock()).await?;
                let frame = page.frame_after(*since).await?;
                Ok(frame.map(|frame| frame - since).ok_or_else(|| format!("{clock:?} at {now}, waiting since {since}")))
            })
            .await
        }))
        .await
    }

    /// Asserts it, with what the pages have said meanwhile.
    async fn came_back_in_time(&self, since: &[f64], waited: &[f64]) -> Result<()> {
        let consoles = self.pages.iter().map(|page| page.evaluate("return __probe.console().slice(-25)"));
        let consoles: Vec<Vec<String>> = try_join_all(consoles).await?;
        let good = waited.iter().all(|waited| *waited <= BACK);
        assert!(good, "frames came {waited:?} ms after {since:?}, consoles: {consoles:#?}");
        Ok(())
    }

    async fn start_frame_clocks(&self) -> Result<Vec<f64>> {
        try_join_all(self.pages.iter().map(|page| page.start_frame_clock())).await
    }

    /// Waits until pictures stand still on every page, and asserts that the tiles show the last ones.
    async fn stands_still(&self) -> Result<()> {
        try_join_all(self.pages.iter().map(|page| async {
            page.wait_for_tile_nodes("the loss is said in words, over the last picture", PATIENCE, |tiles| {
                tiles.iter().all(|tile| tile.state == "disconnected" && tile.words.is_some() && tile.width > 0)
            })
            .await
        }))
        .await
        .map(drop)
    }

    async fn identities(&self) -> Result<Vec<vitrine_e2e::Identity>> {
        try_join_all(self.pages.iter().map(|page| page.identity())).await
    }

    async fn flows(&self) -> Result<()> {
        media_flows(&self.pages.iter().map(|page| &**page).collect::<Vec<_>>()).await
    }
}

#[tokio::test]
async fn media_takes_the_other_path_when_its_own_dies() -> Result<()> {
    let _machine = whole().await;
    let call = Call::ada_and_ben().await?;
    let (before, path) = (call.identities().await?, call.path().await?);
    call.start_frame_clocks().await?;
    call.laboratory.cut_path(path)?;
    call.pages[0]
        .wait_until("media takes the other path", PATIENCE, async || {
            let now = call.path().await?;
            Ok(if now == path { Err(format!("path {now}")) } else { Ok(()) })
        })
        .await?;
    call.flows().await?;
    for page in &call.pages {
        let lost = |scene: &vitrine_e2e::Scene| scene.tiles.iter().any(|tile| tile.state == "disconnected");
        assert!(page.tile_history().await?.iter().any(lost), "{} was told nothing", page.name());
        let clock = page.frame_clock().await?;
        assert!(clock.any.longest <= BACK, "{} waited too long: {clock:?}", page.name());
    }
    assert_eq!(call.identities().await?, before, "same connections, same tiles");
    Ok(())
}

/// Runs a script that calls for another try, and waits for it.
async fn is_tried_at_once(page: &VitrinePage, script: &str) -> Result<()> {
    let before = page.console_says(RESTARTED).await?;
    let called: f64 = page.evaluate(&format!("{script}; return performance.now()")).await?;
    page.wait_until("ICE is restarted", PATIENCE, async || {
        let now = page.console_says(RESTARTED).await?;
        Ok(if now > before { Ok(()) } else { Err(format!("{now} times, as before")) })
    })
    .await?;
    let waited = page.now().await? - called;
    assert!(waited <= AT_ONCE, "{waited} ms after {script}");
    Ok(())
}

#[tokio::test]
async fn media_is_back_soon_after_there_is_a_path_again() -> Result<()> {
    let _machine = whole().await;
    let call = Call::ada_and_ben().await?;
    let (before, old) = (call.identities().await?, call.path().await?);
    call.start_frame_clocks().await?;
    for path in 0..PATHS {
        call.laboratory.cut_path(path)?;
    }
    call.stands_still().await?;
    // What says that there may be another path now is tried at once, however lately something else was.
    let [ada, _] = &call.pages[..] else { unreachable!() };
    for script in
        ["window.dispatchEvent(new Event('online'))", "navigator.connection.dispatchEvent(new Event('change'))"]
    {
        is_tried_at_once(ada, script).await?;
    }
    // Only the other path comes back.
    call.laboratory.mend()?;
    call.laboratory.cut_path(old)?;
    let since = try_join_all(call.pages.iter().map(|page| page.now())).await?;
    let waited = call.frames_after(&since).await?;
    call.came_back_in_time(&since, &waited).await?;
    call.flows().await?;
    assert_eq!(call.identities().await?, before, "same connections, same tiles");
    Ok(())
}

#[tokio::test]
async fn media_follows_a_new_address() -> Result<()> {
    let _machine = whole().await;
    let call = Call::ada_and_ben().await?;
    let before = call.identities().await?;
    call.start_frame_clocks().await?;
    for path in 0..PATHS {
        call.laboratory.take_address(1, path)?;
    }
    call.stands_still().await?;
    call.laboratory.give_new_address(1, 0)?;
    let since = try_join_all(call.pages.iter().map(|page| page.now())).await?;
    let waited = call.frames_after(&since).await?;
    let waited: Vec<_> = waited.iter().map(|waited| waited - ADDRESS_NOTICED).collect();
    call.came_back_in_time(&since, &waited).await?;
    call.flows().await?;
    assert_eq!(call.identities().await?, before, "same connections, same tiles");
    Ok(())
}

#[tokio::test]
async fn whoever_moves_to_another_network_with_all_lines_stays_who_he_was() -> Result<()> {
    let _machine = whole().await;
    let call = Call::ada_and_ben().await?;
    let [ada, ben] = &call.pages[..] else { unreachable!() };
    let before = call.identities().await?;
    let id = ada.tiles().await?[0].peer.clone();
    for path in 0..PATHS {
        call.laboratory.take_address(1, path)?;
    }
    call.laboratory.move_line(1)?;
    call.laboratory.give_new_address(1, 0)?;
    // A machine knows that it is in another network, and its browser says so.
    ben.evaluate::<serde_json::Value>("window.dispatchEvent(new Event('online')); return null").await?;
    ada.wait_for_tiles("Ben is there under another id", |tiles| tiles.len() == 1 && tiles[0].peer != id).await?;
    call.flows().await?;
    assert_eq!(call.identities().await?, before, "same connections, same tiles");
    let most = ada.tile_history().await?.iter().map(|scene| scene.tiles.len()).max();
    assert_eq!(most, Some(1), "nobody was there twice");
    Ok(())
}

#[tokio::test]
async fn a_pair_that_cannot_connect_says_so_and_heals() -> Result<()> {
    const LONG: Duration = Duration::from_secs(60);
    let _machine = whole().await;
    let call = Call::between(&["Ada", "Ben", "Cho"], |laboratory| laboratory.cut_pair(0, 1)).await?;
    let [ada, ben, cho] = &call.pages[..] else { unreachable!() };
    let failed = async |page: &VitrinePage| {
        page.wait_for_tile_nodes(
            "one tile has failed and offers to try again, the other one is connected",
            LONG,
            |tiles| {
                let failed =
                    |tile: &&vitrine_e2e::TileNode| tile.state == "failed" && tile.retry && tile.words.is_some();
                tiles.len() == 2
                    && tiles.iter().filter(failed).count() == 1
                    && tiles.iter().any(|tile| tile.name == "Cho" && tile.state == "connected")
            },
        )
        .await
    };
    try_join3(failed(ada), failed(ben), cho.sees(&["Ada", "Ben"])).await?;
    is_tried_at_once(ada, "document.querySelector('[data-testid=retry]').click()").await?;
    call.start_frame_clocks().await?;
    let nodes = async |page: &VitrinePage| -> Result<Vec<u64>> {
        Ok(page.tile_nodes().await?.iter().map(|tile| tile.node).collect())
    };
    let before = try_join_all(call.pages.iter().map(nodes)).await?;
    call.laboratory.mend()?;
    let heals = async |page: &VitrinePage| {
        page.wait_for_tile_nodes("both tiles are connected", LONG, |tiles| {
            tiles.len() == 2 && tiles.iter().all(|tile| tile.state == "connected")
        })
        .await
    };
    try_join3(heals(ada), heals(ben), heals(cho)).await?;
    call.flows().await?;
    assert_eq!(try_join_all(call.pages.iter().map(nodes)).await?, before, "same tiles");
    for (page, undisturbed) in [(ada, 1), (ben, 1), (cho, 2)] {
        let clock = page.frame_clock().await?;
        let without_gap = clock.connections.values().filter(|frames| frames.longest < LONGEST_GAP).count();
        assert!(without_gap >= undisturbed, "{} missed frames: {clock:?}", page.name());
    }
    Ok(())
}
