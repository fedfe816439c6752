//! What changes under a running call: its direct way is cut while each side still reaches the server, or ICE is restarted
//! though nothing is the matter. The same connection goes on, and the tiles say which way.

use futures_util::future::try_join;
use vitrine_e2e::{Identity, PATIENCE, Result, VitrinePage, nat::Kind};

use crate::{
    calls::{ACROSS, BOTH, EITHER, ONE, OTHER, Test, Way, flows, leave, meet, seats},
    stage::{Reservation, Seat, Stage, Which},
};

/// Without a frame, in milliseconds. Of two browsers of Chromium's kind, the one that ICE calls controlled leaves a path
/// for a relay only when nothing has come for two and a half seconds, and then looks for another.
const LONGEST_GAP: f64 = 4_000.0;

/// Each side has a relay, and reaches the other's: ICE chooses. On a busy machine it may choose the relay's TCP.
const RELAYED: &[Way] = &[
    Way("relay-udp", ONE),
    Way("relay-udp", OTHER),
    Way("relay-udp", BOTH),
    Way("relay-tcp", ONE),
    Way("relay-tcp", OTHER),
    Way("relay-tcp", BOTH),
];

/// The tests, with their names.
pub fn tests() -> Vec<(String, Test)> {
    let cut: Test = Box::new(|stage| Box::pin(goes_on_through_the_relay(stage)));
    let restart: Test = Box::new(|stage| Box::pin(restarts_ice(stage)));
    vec![
        ("a_call_whose_direct_way_is_cut_goes_on_through_the_relay".to_owned(), cut),
        ("a_relayed_call_restarts_ice_and_says_whose_relay_it_takes".to_owned(), restart),
    ]
}

async fn goes_on_through_the_relay(stage: &Stage) -> Result<()> {
    let room = Room::meet(stage, Kind::Home, &[ACROSS], "cut").await?;
    let changed = async {
        let [one, other] = room.pages();
        let before = room.identities().await?;
        try_join(one.knows_the_pace(), other.knows_the_pace()).await?;
        try_join(one.start_frame_clock(), other.start_frame_clock()).await?;
        let _cut = room.stage.laboratory.cut_between(room.seats[0].network, room.seats[1].network)?;
        let way = room.flows(RELAYED).await?;
        let (one, other) = try_join(one.frame_clock(), other.frame_clock()).await?;
        let gaps = [one, other].map(|clock| clock.any.longest);
        assert!(gaps.iter().all(|gap| *gap <= LONGEST_GAP), "without a frame for {gaps:?} ms, then {way:?}");
        assert_eq!(room.identities().await?, before, "same connections, same tiles");
        Ok(())
    };
    room.left_after(changed.await).await
}

async fn restarts_ice(stage: &Stage) -> Result<()> {
    let room = Room::meet(stage, Kind::Symmetric, EITHER, "restart").await?;
    let changed = async {
        let [one, _] = room.pages();
        let before = room.identities().await?;
        let connection = one.connections().await?[0].id;
        let fragment = one.negotiation(connection).await?.remote_fragment;
        one.restart_ice(connection).await?;
        one.wait_until("both sides are of another generation", PATIENCE, async || {
            let now = one.negotiation(connection).await?.remote_fragment;
            Ok(if now == fragment { Err(format!("{now:?}")) } else { Ok(()) })
        })
        .await?;
        room.flows(EITHER).await?;
        assert_eq!(room.identities().await?, before, "same connections, same tiles");
        Ok(())
    };
    room.left_after(changed.await).await
}

/// Two people in a call, each in a network of the same kind.
struct Room<'a> {
    stage: &'a Stage,
    seats: [Seat; 2],
    _reservation: Reservation<'a>,
}

impl<'a> Room<'a> {
    const WHICH: Which = Which::Relaying;

    async fn meet(stage: &'a Stage, kind: Kind, ways: &[Way], name: &str) -> Result<Self> {
        let seats = seats(kind, kind);
        let reservation = stage.prepare(&seats, Self::WHICH).await?;
        let room = Self { stage, seats, _reservation: reservation };
        let met = meet(room.stage, seats, Self::WHICH, ways, name).await;
        if met.is_err() {
            leave(&room.pages()).await?;
        }
        met.map(|()| room)
    }

    fn pages(&self) -> [&'a VitrinePage; 2] {
        self.seats.map(|seat| self.stage.page(seat))
    }

    async fn flows(&self, ways: &[Way]) -> Result<Way> {
        flows(self.stage, self.seats, Self::WHICH, ways).await
    }

    async fn identities(&self) -> Result<(Identity, Identity)> {
        let [one, other] = self.pages();
        try_join(one.identity(), other.identity()).await
    }

    async fn left_after(&self, result: Result<()>) -> Result<()> {
        let left = leave(&self.pages()).await;
        result.and(left)
    }
}
