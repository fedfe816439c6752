//! A machine that sleeps and wakes: its page catches up with what has happened, and is caught up with, within seconds.

use std::time::Duration;

use futures_util::future::{try_join, try_join3};
use vitrine_e2e::{Browser, Connection, PATIENCE, Result, Site, VitrinePage, VitrineServer, media_flows};

use crate::whole;

const BROWSER: Browser = Browser::ChromiumSmallCamera;

/// What a page shows is true again this soon after waking.
const CAUGHT_UP: Duration = Duration::from_secs(3);

async fn ada_and_ben(base: &str) -> Result<(VitrinePage, VitrinePage)> {
    let ada = VitrinePage::create(BROWSER, "Ada", base, "tea").await?;
    let ben = VitrinePage::join(BROWSER, "Ben", base, "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await?;
    Ok((ada, ben))
}

/// Waits until exactly these people are shown, connected and in motion.
async fn catches_up(page: &VitrinePage, others: &[&str]) -> Result<()> {
    let mut first: Option<Vec<Connection>> = None;
    page.wait_until(&format!("{others:?} are shown again, and move"), CAUGHT_UP, async || {
        let (tiles, connections) = try_join(page.tile_nodes(), page.connections()).await?;
        let before = first.get_or_insert_with(|| connections.clone());
        // A new connection starts at zero. Energy is not awaited: the tones are further apart than this may take.
        let moves = |one: &Connection| {
            one.aloud == 1
                && before.iter().find(|before| before.id == one.id).map_or(one.frames_decoded > 0, |before| {
                    one.is_seen_since(before) && one.sound_seconds > before.sound_seconds
                })
        };
        let mut names: Vec<_> = tiles.iter().map(|tile| &*tile.name).collect();
        names.sort_unstable();
        let shown = names == others && tiles.iter().all(|tile| tile.state == "connected");
        let good = shown && connections.len() == others.len() && connections.iter().all(moves);
        Ok(if good { Ok(()) } else { Err(format!("{tiles:?}, {connections:?}")) })
    })
    .await
}

#[tokio::test]
async fn after_a_nap_the_call_goes_on_where_it_was() -> Result<()> {
    let _machine = whole().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let (ada, ben) = ada_and_ben(&server.url()).await?;
    let before = try_join(ada.identity(), ben.identity()).await?;
    ada.start_frame_clock().await?;
    ben.freeze()?;
    ada.wait_until("Ben has stood still for three seconds", PATIENCE, async || {
        let clock = ada.frame_clock().await?;
        Ok(if clock.any.since > 3000.0 { Ok(()) } else { Err(format!("{clock:?}")) })
    })
    .await?;
    ada.press("toggle-mic").await?;
    ben.thaw()?;
    try_join(catches_up(&ada, &["Ben"]), catches_up(&ben, &["Ada"])).await?;
    ben.wait_for_tiles("Ada is marked as muted", |tiles| tiles.iter().all(|tile| tile.muted)).await?;
    assert_eq!(try_join(ada.identity(), ben.identity()).await?, before, "same connections, same tiles");
    // A muted microphone sends nothing.
    ada.press("toggle-mic").await?;
    ben.wait_for_tiles("Ada is not marked any more", |tiles| tiles.iter().all(|tile| !tile.muted)).await?;
    media_flows(&[&ada, &ben]).await
}

#[tokio::test]
async fn after_a_long_sleep_everybody_is_met_again() -> Result<()> {
    sleeps_until(&[], async |_| Ok(())).await
}

#[tokio::test]
async fn after_a_sleep_of_minutes_everybody_is_met_again() -> Result<()> {
    // However much longer it is: nothing waits for a sleeper any more. With the usual intervals that takes 45 seconds.
    sleeps_until(&["--ping-interval", "4", "--ping-timeout", "4"], async |cho| {
        let script = "return (await (await fetch('metrics')).text()).includes('vitrine_sockets 2\\n')";
        cho.wait_for::<bool>("the server has given the sleeper up", script).await.map(drop)
    })
    .await
}

/// Ben sleeps until the others have given him up, somebody else has come, and `this` has happened; with these flags of
/// the server.
async fn sleeps_until(flags: &[&str], this: impl AsyncFn(&VitrinePage) -> Result<()>) -> Result<()> {
    let _machine = whole().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start_with(site.path(), 0, flags).await?;
    let (ada, ben) = ada_and_ben(&server.url()).await?;
    ben.freeze()?;
    // Until nobody waits for him any more, and the room is another one.
    ada.sees(&[]).await?;
    let cho = VitrinePage::join(BROWSER, "Cho", &server.url(), "tea").await?;
    ada.wait_for_tiles("Cho is connected", |tiles| {
        tiles.iter().any(|tile| tile.name == "Cho" && tile.state == "connected")
    })
    .await?;
    this(&cho).await?;
    ben.thaw()?;
    try_join3(catches_up(&ben, &["Ada", "Cho"]), catches_up(&ada, &["Ben", "Cho"]), catches_up(&cho, &["Ada", "Ben"]))
        .await?;
    media_flows(&[&ada, &ben, &cho]).await
}
