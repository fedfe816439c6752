//! Signaling goes away and comes back, or is slow, or loses what it is given, and nobody in the call notices: the same
//! connections, the same tiles, the same pictures. What has to be agreed on without it is agreed on over the control
//! channel.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::{try_join, try_join_all, try_join3, try_join4};
use vitrine_e2e::{Browser, Make, PATIENCE, Result, Venue, VitrinePage, media_flows};

use crate::{LONGEST_GAP, connection_id, half, restart_ice, whole};

const BROWSER: Browser = Browser::ChromiumSmallCamera;

async fn ada_and_ben(venue: &Venue) -> Result<(VitrinePage, VitrinePage)> {
    let ada = VitrinePage::create(BROWSER, "Ada", &venue.url(), "tea").await?;
    let ben = VitrinePage::join(BROWSER, "Ben", &venue.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await?;
    try_join(ada.signaling_is("online"), ben.signaling_is("online")).await?;
    Ok((ada, ben))
}

/// Waits until this many more frames were shown, which takes its time.
async fn frames_later(page: &VitrinePage, frames: u64) -> Result<()> {
    let before = page.frame_clock().await?.any.frames;
    page.wait_until("more frames are shown", PATIENCE, async || {
        let clock = page.frame_clock().await?;
        Ok(if clock.any.frames >= before + frames { Ok(()) } else { Err(format!("{clock:?}")) })
    })
    .await
}

async fn nothing_changes(make: Make) -> Result<()> {
    let _machine = whole().await;
    let mut venue = Venue::start(make).await?;
    let (ada, ben) = ada_and_ben(&venue).await?;
    let cho = VitrinePage::join(BROWSER, "Cho", &venue.url(), "tea").await?;
    try_join3(ada.sees(&["Ben", "Cho"]), ben.sees(&["Ada", "Cho"]), cho.sees(&["Ada", "Ben"])).await?;
    media_flows(&[&ada, &ben, &cho]).await?;
    let pages = [&ada, &ben, &cho];
    let before = try_join_all(pages.map(|page| page.identity())).await?;
    try_join_all(pages.map(|page| page.start_frame_clock())).await?;

    venue.stop_server();
    try_join_all(pages.map(|page| page.signaling_is("offline"))).await?;
    // What people do meanwhile is told all the same.
    ben.press("toggle-mic").await?;
    for page in [&ada, &cho] {
        page.wait_for_tiles("Ben is marked as muted", |tiles| tiles.iter().any(|tile| tile.muted)).await?;
    }
    ben.press("toggle-mic").await?;
    for page in [&ada, &cho] {
        page.wait_for_tiles("Ben is not marked any more", |tiles| tiles.iter().all(|tile| !tile.muted)).await?;
    }
    media_flows(&pages.map(|page| &**page)).await?;
    // A minute, at five a second from each of the two others.
    for _ in 0..6 {
        try_join_all(pages.map(|page| frames_later(page, 100))).await?;
    }
    try_join_all(pages.map(|page| page.signaling_is("offline"))).await?;
    try_join_all(pages.map(|page| page.shows_no_error())).await?;

    venue.start_server().await?;
    try_join_all(pages.map(|page| page.signaling_is("online"))).await?;
    try_join_all(pages.map(|page| frames_later(page, 30))).await?;
    for page in pages {
        let clock = page.frame_clock().await?;
        eprintln!("{}: {clock:?}", page.name());
        let missed = clock.connections.values().find(|frames| frames.longest >= LONGEST_GAP);
        assert!(clock.connections.len() == 2 && missed.is_none(), "{} missed frames: {clock:?}", page.name());
    }
    assert_eq!(try_join_all(pages.map(|page| page.identity())).await?, before, "same connections, same tiles");
    media_flows(&pages.map(|page| &**page)).await?;

    let dan = VitrinePage::join(BROWSER, "Dan", &venue.url(), "tea").await?;
    try_join4(
        ada.sees(&["Ben", "Cho", "Dan"]),
        ben.sees(&["Ada", "Cho", "Dan"]),
        cho.sees(&["Ada", "Ben", "Dan"]),
        dan.sees(&["Ada", "Ben", "Cho"]),
    )
    .await?;
    media_flows(&[&ada, &ben, &cho, &dan]).await?;
    for (page, before) in std::iter::zip(pages, before) {
        let after = page.identity().await?;
        assert!(after.connections.starts_with(&before.connections), "{}: {before:?}, {after:?}", page.name());
        assert!(before.tiles.iter().all(|tile| after.tiles.contains(tile)), "{}: {before:?}, {after:?}", page.name());
        assert_eq!(page.uncaught().await?, [""; 0], "{}", page.name());
    }
    Ok(())
}

#[tokio::test]
async fn nobody_notices_that_vitrine_server_died_and_returned() -> Result<()> {
    nothing_changes(Make::Vitrine).await
}

#[tokio::test]
async fn nobody_notices_that_the_guide_s_server_died_and_returned() -> Result<()> {
    nothing_changes(Make::Node).await
}

#[tokio::test]
async fn nobody_notices_that_one_of_them_lost_the_server_which_did_not_notice_either() -> Result<()> {
    let _machine = whole().await;
    let venue = Venue::start(Make::Vitrine).await?;
    let (ada, ben) = ada_and_ben(&venue).await?;
    let before = try_join(ada.identity(), ben.identity()).await?;
    try_join(ada.start_frame_clock(), ben.start_frame_clock()).await?;
    // Once each: who was there first, and who came later.
    for (lost, other) in [(&ben, &ada), (&ada, &ben)] {
        let old = other.tiles().await?.remove(0).peer;
        assert_eq!(venue.proxy.cut_unnoticed(&old), 1, "{} had a line to the server", lost.name());
        let awaited = format!("{} is in the room under another id", lost.name());
        other.wait_for_tiles(&awaited, |tiles| tiles.iter().any(|tile| tile.peer != old)).await?;
        lost.signaling_is("online").await?;
        try_join(frames_later(&ada, 15), frames_later(&ben, 15)).await?;
        assert_eq!(try_join(ada.identity(), ben.identity()).await?, before, "same connections, same tiles");
    }
    for page in [&ada, &ben] {
        let clock = page.frame_clock().await?;
        assert!(clock.any.longest < LONGEST_GAP, "{} missed frames: {clock:?}", page.name());
        assert_eq!(page.uncaught().await?, [""; 0], "{}", page.name());
    }
    // They reach each other under their new ids.
    try_join(ada.congest_control(), ben.congest_control()).await?;
    let (of_ada, of_ben) = (connection_id(&ada).await?, connection_id(&ben).await?);
    ada.add_track(of_ada).await?;
    both_have((&ada, of_ada), (&ben, of_ben), 3).await?;
    receives_packets(&ben, of_ben, 3).await?;
    media_flows(&[&ada, &ben]).await
}

#[tokio::test]
async fn both_sides_renegotiate_while_signaling_is_down() -> Result<()> {
    let _machine = half().await;
    let mut venue = Venue::start(Make::Vitrine).await?;
    let (ada, ben) = ada_and_ben(&venue).await?;
    let before = try_join(ada.identity(), ben.identity()).await?;
    let (of_ada, of_ben) = (connection_id(&ada).await?, connection_id(&ben).await?);
    venue.stop_server();
    try_join(ada.signaling_is("offline"), ben.signaling_is("offline")).await?;

    ada.add_track(of_ada).await?;
    both_have((&ada, of_ada), (&ben, of_ben), 3).await?;
    receives_packets(&ben, of_ben, 3).await?;
    ben.add_track(of_ben).await?;
    both_have((&ada, of_ada), (&ben, of_ben), 4).await?;
    receives_packets(&ada, of_ada, 3).await?;

    restart_ice((&ada, of_ada), (&ben, of_ben)).await?;
    media_flows(&[&ada, &ben]).await?;
    try_join(ada.signaling_is("offline"), ben.signaling_is("offline")).await?;

    venue.start_server().await?;
    try_join(ada.signaling_is("online"), ben.signaling_is("online")).await?;
    media_flows(&[&ada, &ben]).await?;
    assert_eq!(try_join(ada.identity(), ben.identity()).await?, before, "same connections, same tiles");
    assert_eq!((ada.uncaught().await?, ben.uncaught().await?), (vec![], vec![]));
    Ok(())
}

/// Waits until both ends have negotiated this many media sections, and have the same ones.
pub async fn both_have(one: (&VitrinePage, u64), other: (&VitrinePage, u64), sections: usize) -> Result<()> {
    let (left, right) =
        try_join(one.0.is_negotiated(one.1, sections), other.0.is_negotiated(other.1, sections)).await?;
    let mids = |transceivers: Vec<vitrine_e2e::Transceiver>| {
        let mut mids: Vec<_> = transceivers.into_iter().map(|one| one.mid).collect();
        mids.sort_unstable();
        mids
    };
    assert_eq!(mids(left), mids(right));
    Ok(())
}

/// Waits until media was received in this many sections.
pub async fn receives_packets(page: &VitrinePage, connection: u64, sections: usize) -> Result<()> {
    page.wait_until(&format!("{sections} tracks are received"), PATIENCE, async || {
        let packets = page.packets_by_mid(connection).await?;
        let flowing = packets.values().filter(|count| **count > 0).count();
        Ok(if flowing == sections { Ok(()) } else { Err(format!("{packets:?}")) })
    })
    .await
}

#[tokio::test]
async fn glare_again_and_again_on_a_slow_line_leaves_everything_negotiated() -> Result<()> {
    const LONGEST_DELAY: Duration = Duration::from_millis(500);
    let _machine = half().await;
    let venue = Venue::start(Make::Vitrine).await?;
    let (ada, ben) = ada_and_ben(&venue).await?;
    let before = try_join(ada.identity(), ben.identity()).await?;
    let (of_ada, of_ben) = (connection_id(&ada).await?, connection_id(&ben).await?);
    venue.proxy.delay_up_to(LONGEST_DELAY);
    try_join(ada.delay_control(LONGEST_DELAY), ben.delay_control(LONGEST_DELAY)).await?;
    let mut sections = 2;
    for _ in 0..4 {
        // The second time in the middle of what the first began.
        for _ in 0..2 {
            try_join(ada.add_track(of_ada), ben.add_track(of_ben)).await?;
            sections += 2;
        }
        both_have((&ada, of_ada), (&ben, of_ben), sections).await?;
        try_join(ada.restart_ice(of_ada), ben.restart_ice(of_ben)).await?;
        try_join(ada.add_track(of_ada), ben.add_track(of_ben)).await?;
        sections += 2;
    }
    both_have((&ada, of_ada), (&ben, of_ben), sections).await?;
    try_join(receives_packets(&ada, of_ada, sections / 2 + 1), receives_packets(&ben, of_ben, sections / 2 + 1))
        .await?;
    media_flows(&[&ada, &ben]).await?;
    // Ada was there first, so Ben is the polite one.
    let (ignored, rolled_back) =
        try_join(ada.console_says("offer is ignored"), ben.console_says("is rolled back")).await?;
    assert!(ignored > 0 && rolled_back > 0, "there was no glare: {ignored} offers ignored, {rolled_back} rolled back");
    assert_eq!(try_join(ada.identity(), ben.identity()).await?, before, "same connections, same tiles");
    assert_eq!((ada.uncaught().await?, ben.uncaught().await?), (vec![], vec![]));
    Ok(())
}

#[tokio::test]
async fn what_signaling_loses_is_said_again() -> Result<()> {
    let _machine = half().await;
    let venue = Venue::start(Make::Vitrine).await?;
    let ada = VitrinePage::create(BROWSER, "Ada", &venue.url(), "tea").await?;
    // Before there is a control channel: the first of each kind.
    let lost = Arc::new(Mutex::new(BTreeSet::new()));
    let losing = lost.clone();
    venue.proxy.meddle(move |_, text| {
        let kinds = ["42[\"offer\"", "42[\"answer\"", "42[\"ice-candidate\""];
        let kind = kinds.into_iter().find(|kind| text.starts_with(kind));
        let lost = kind.is_some_and(|kind| losing.lock().unwrap_or_else(PoisonError::into_inner).insert(kind));
        if lost { vec![] } else { vec![text.to_owned()] }
    });
    let ben = VitrinePage::join(BROWSER, "Ben", &venue.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await?;
    assert_eq!(lost.lock().unwrap_or_else(PoisonError::into_inner).len(), 3, "one of each kind was lost");
    assert_eq!((ada.uncaught().await?, ben.uncaught().await?), (vec![], vec![]));
    Ok(())
}

#[tokio::test]
async fn what_the_control_channel_has_no_room_for_goes_through_the_server() -> Result<()> {
    let _machine = half().await;
    let venue = Venue::start(Make::Vitrine).await?;
    let (ada, ben) = ada_and_ben(&venue).await?;
    let (of_ada, of_ben) = (connection_id(&ada).await?, connection_id(&ben).await?);
    let sent = ada.congest_control().await?;
    ada.add_track(of_ada).await?;
    both_have((&ada, of_ada), (&ben, of_ben), 3).await?;
    receives_packets(&ben, of_ben, 3).await?;
    assert_eq!(ada.congest_control().await?, sent, "nothing more is given to a channel that is behind");
    media_flows(&[&ada, &ben]).await
}
