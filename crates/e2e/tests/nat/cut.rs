//! A call whose direct way is cut while each side still reaches the server: the same connection goes on through the relay,
//! and the tiles say so.

use futures_util::future::try_join;
use vitrine_e2e::{Identity, Result, VitrinePage, nat::Kind};

use crate::{
    calls::{ACROSS, BOTH, ONE, OTHER, Test, Way, flows, leave, meet, seats},
    stage::{Stage, Which},
};

const NAME: &str = "a_call_whose_direct_way_is_cut_goes_on_through_the_relay";

/// Each side has a relay, and reaches the other's: ICE chooses.
const RELAYED: [Way; 3] = [Way("relay-udp", ONE), Way("relay-udp", OTHER), Way("relay-udp", BOTH)];

/// The test, with its name.
pub fn tests() -> Vec<(String, Test)> {
    let test: Test = Box::new(|stage| Box::pin(goes_on_through_the_relay(stage)));
    vec![(NAME.to_owned(), test)]
}

async fn goes_on_through_the_relay(stage: &mut Stage) -> Result<()> {
    let (seats, which) = (seats(Kind::Home, Kind::Home), Which::Relaying);
    stage.prepare(&seats, which).await?;
    let stage = &*stage;
    let pages = seats.map(|seat| stage.page(seat));
    let [one, other] = pages;
    let call = async {
        meet(stage, seats, which, &[ACROSS], NAME).await?;
        let before = identities(pages).await?;
        try_join(one.start_frame_clock(), other.start_frame_clock()).await?;
        let _cut = stage.laboratory.cut_between(seats[0].network, seats[1].network)?;
        let way = flows(stage, seats, which, &RELAYED).await?;
        let clocks = try_join(one.frame_clock(), other.frame_clock()).await?;
        Ok((way, clocks, before, identities(pages).await?))
    };
    let call: Result<_> = call.await;
    leave(&pages).await?;
    let (way, (one, other), before, after) = call?;
    eprintln!("longest gaps between frames: {:.0} and {:.0} ms, then {way:?}", one.any.longest, other.any.longest);
    assert_eq!(after, before, "same connections, same tiles");
    Ok(())
}

async fn identities(pages: [&VitrinePage; 2]) -> Result<(Identity, Identity)> {
    try_join(pages[0].identity(), pages[1].identity()).await
}
