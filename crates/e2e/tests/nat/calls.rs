//! Calls for every pairing of networks: media flows both ways, over the path that the two networks leave, and each tile
//! says which one that is. Where a path needs a relay and there is none, the tile says that it could not connect.

use std::{net::IpAddr, time::Duration};

use futures_util::future::{LocalBoxFuture, try_join, try_join_all};
use vitrine_e2e::{PATIENCE, Path, Result, TileNode, VitrinePage, media_flows, nat::Kind};

use crate::stage::{Seat, Stage, Which, chromium, firefox, first, second};

/// A test, once it knows its stage.
pub type Test = Box<dyn for<'a> FnOnce(&'a Stage) -> LocalBoxFuture<'a, Result<()>> + Send>;

/// How long browsers may try before they say that there is no path.
const NO_PATH: Duration = Duration::from_secs(120);

/// Which way media goes between two people: `data-path` of both tiles, and `data-relay-side` of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way(pub &'static str, pub [Option<&'static str>; 2]);

const WITHIN: Way = Way("direct-local", [None, None]);
pub const ACROSS: Way = Way("direct-internet", [None, None]);
/// Through the relay of the one, of the other, or of both.
pub const ONE: [Option<&str>; 2] = [Some("own"), Some("peer")];
pub const OTHER: [Option<&str>; 2] = [Some("peer"), Some("own")];
pub const BOTH: [Option<&str>; 2] = [Some("both"), Some("both")];

/// Each side can be reached through the other's relay: ICE chooses whose.
pub const EITHER: &[Way] = &[Way("relay-udp", ONE), Way("relay-udp", OTHER)];

/// Every pairing of the networks that have IPv4, with the ways that they leave: two homes find each other; to a
/// symmetric NAT nobody does; without UDP one needs a relay of one's own, over TCP, or over TLS where only HTTPS passes.
/// A path is called after the costlier protocol. Neighbours in this list share no network, and run beside each other.
const PAIRINGS: [(Kind, Kind, &[Way]); 10] = [
    (Kind::Home, Kind::Home, &[ACROSS]),
    (Kind::Symmetric, Kind::Symmetric, EITHER),
    (Kind::UdpBlocked, Kind::UdpBlocked, &[Way("relay-tcp", BOTH)]),
    (Kind::Only443, Kind::Only443, &[Way("relay-tls", BOTH)]),
    (Kind::Home, Kind::Symmetric, EITHER),
    (Kind::UdpBlocked, Kind::Only443, &[Way("relay-tls", BOTH)]),
    (Kind::Home, Kind::UdpBlocked, &[Way("relay-tcp", OTHER)]),
    (Kind::Symmetric, Kind::Only443, &[Way("relay-tls", OTHER)]),
    (Kind::Home, Kind::Only443, &[Way("relay-tls", OTHER)]),
    (Kind::Symmetric, Kind::UdpBlocked, &[Way("relay-tcp", OTHER)]),
];

/// IPv6 only, with each of the networks that have only IPv4. Between the two families goes what a relay translates, and
/// to whoever has IPv6 only there is no way but through their own. Whichever way to that relay is there first stays,
/// because a browser that is connected looks no further.
const ACROSS_FAMILIES: [(Kind, &[Way]); 4] = [
    (Kind::Home, &[Way("relay-udp", OTHER), Way("relay-tcp", OTHER), Way("relay-tls", OTHER)]),
    (Kind::Symmetric, &[Way("relay-udp", OTHER), Way("relay-tcp", OTHER), Way("relay-tls", OTHER)]),
    (Kind::UdpBlocked, &[Way("relay-tcp", BOTH), Way("relay-tls", BOTH)]),
    (Kind::Only443, &[Way("relay-tls", BOTH)]),
];

/// Firefox in the first network, Chromium in the second, where one way only is left. Where there are several, Firefox may
/// send by another than it receives by.
const WITH_FIREFOX: [(Kind, Kind, &[Way]); 2] =
    [(Kind::Home, Kind::Home, &[ACROSS]), (Kind::UdpBlocked, Kind::UdpBlocked, &[Way("relay-tcp", BOTH)])];

/// Rooms for a server that does not relay. Together they hold every pairing of networks that cannot connect; a room with
/// all of them would be more than a small machine bears. The first two share no network, and the last one none with the
/// tests that follow.
const ROOMS_WITHOUT_A_RELAY: [(&str, &[(Kind, usize)]); 3] = [
    (
        "without_a_relay_two_homes_connect_and_symmetric_nats_cannot",
        &[(Kind::Home, 0), (Kind::Home, 1), (Kind::Symmetric, 0), (Kind::Symmetric, 1)],
    ),
    (
        "without_a_relay_networks_without_udp_cannot_connect",
        &[(Kind::UdpBlocked, 0), (Kind::UdpBlocked, 1), (Kind::Only443, 0), (Kind::Only443, 1)],
    ),
    (
        "without_a_relay_networks_of_five_kinds_cannot_connect",
        &[(Kind::Home, 1), (Kind::Symmetric, 1), (Kind::UdpBlocked, 1), (Kind::Only443, 1), (Kind::Ipv6Only, 1)],
    ),
];

/// The tests, with their names.
pub fn tests() -> Vec<(String, Test)> {
    let mut tests = Vec::new();
    let mut add = |name: String, seats: [Seat; 2], which: Which, ways: &'static [Way]| {
        let room = name.clone();
        let test: Test = Box::new(move |stage| Box::pin(connects(stage, seats, which, ways, room)));
        tests.push((name, test));
    };
    // What goes from relay to relay behind a cloud's NAT must not need the way through that NAT and back, which there is
    // not.
    for (which, place) in [(Which::Relaying, ""), (Which::RelayingFromACloud, "_through_a_server_in_a_cloud")] {
        for (one, other, ways) in PAIRINGS {
            add(format!("{one}_and_{other}_connect{place}"), seats(one, other), which, ways);
        }
    }
    let home = first(Kind::Home);
    let neighbours = [Seat { network: home, host: 0 }, Seat { network: home, host: 1 }];
    add("two_in_one_network_connect_within_it".to_owned(), neighbours, Which::Relaying, &[WITHIN]);
    for (number, (one, ways)) in ACROSS_FAMILIES.into_iter().enumerate() {
        // In the two networks by turns, so that neighbours run beside each other.
        let seats = [first(one), first(Kind::Ipv6Only) + number % 2].map(|network| Seat { network, host: 0 });
        add(format!("{one}_and_ipv6_only_connect"), seats, Which::Relaying, ways);
    }
    for (kind, people) in [(Kind::Home, "two_homes"), (Kind::Ipv6Only, "two_with_ipv6_only")] {
        add(format!("{people}_connect_without_a_relay"), seats(kind, kind), Which::WithoutRelay, &[ACROSS]);
    }
    add("two_with_ipv6_only_connect".to_owned(), seats(Kind::Ipv6Only, Kind::Ipv6Only), Which::Relaying, &[ACROSS]);
    for (one, other, ways) in WITH_FIREFOX {
        let seats = [firefox(one), chromium(other)];
        add(format!("firefox_in_{one}_and_chromium_in_{other}_connect"), seats, Which::Relaying, ways);
    }
    for (name, networks) in ROOMS_WITHOUT_A_RELAY {
        let seats = networks.iter().map(|(kind, nth)| Seat { network: first(*kind) + nth, host: 0 }).collect();
        let test: Test = Box::new(move |stage| Box::pin(without_a_relay(stage, seats, name.to_owned())));
        tests.push((name.to_owned(), test));
    }
    tests.into_iter().map(|(name, test)| (name.replace('-', "_"), test)).collect()
}

/// The seats of two people, each in a network of the kind.
pub fn seats(one: Kind, other: Kind) -> [Seat; 2] {
    let other = if one == other { second(other) } else { first(other) };
    [first(one), other].map(|network| Seat { network, host: 0 })
}

async fn connects(stage: &Stage, seats: [Seat; 2], which: Which, ways: &'static [Way], room: String) -> Result<()> {
    let _reservation = stage.prepare(&seats, which).await?;
    let met = async {
        meet(stage, seats, which, ways, &room).await?;
        if which == Which::Relaying { explain_themselves(stage, seats).await } else { Ok(()) }
    };
    let met = met.await;
    let left = leave(&seats.map(|seat| stage.page(seat))).await;
    met.and(left)
}

/// The inspectors of two people say which way their media goes, and blame the network that is the reason.
async fn explain_themselves(stage: &Stage, seats: [Seat; 2]) -> Result<()> {
    let pages = seats.map(|seat| stage.page(seat));
    for (page, other) in [(pages[0], pages[1]), (pages[1], pages[0])] {
        page.inspect(other.name()).await?;
        let tile = page.tiles().await?.into_iter().next();
        let path = tile.and_then(|tile| tile.path).unwrap_or_default();
        let lets_no_udp_out =
            [Kind::UdpBlocked, Kind::Only443].iter().any(|kind| page.name().starts_with(&kind.to_string()));
        page.explains(&format!("{path}, and whose network is the reason"), |explained| {
            let is_blocked = explained.detour.as_deref() == Some("udp-blocked");
            let is_direct = path.starts_with("direct-");
            explained.verdict == path && explained.detour.is_none() == is_direct && is_blocked == lets_no_udp_out
        })
        .await?;
    }
    Ok(())
}

/// Leads two people into a room, where media comes to flow one of these ways.
pub async fn meet(stage: &Stage, seats: [Seat; 2], which: Which, ways: &[Way], room: &str) -> Result<()> {
    let [one, other] = seats.map(|seat| stage.page(seat));
    let enters = async |seat: Seat| stage.page(seat).go_into(&url(stage, which, seat), room).await;
    try_join(enters(seats[0]), enters(seats[1])).await?;
    try_join(one.sees(&[other.name()]), other.sees(&[one.name()])).await?;
    flows(stage, seats, which, ways).await.map(drop)
}

/// Waits until media flows between two people one of these ways, as tiles and selected pairs tell, and returns which.
pub async fn flows(stage: &Stage, seats: [Seat; 2], which: Which, ways: &[Way]) -> Result<Way> {
    let pages = seats.map(|seat| stage.page(seat));
    let [one, other] = pages;
    let way = one
        .wait_until(&format!("tiles and selected pairs tell one of {ways:?}"), PATIENCE, async || {
            let (tiles, pairs) = try_join(told(pages), selected(pages)).await?;
            let way = pairs.as_ref().and_then(|pairs| way(stage, which, seats, pairs));
            let dictated = way.filter(|way| ways.contains(way) && tiles == way.said());
            Ok(dictated.ok_or_else(|| format!("tiles {tiles:?}, pairs {pairs:#?}, which is {way:?}")))
        })
        .await?;
    // Whatever way it is, media takes it.
    media_flows(&[one, other]).await?;
    Ok(way)
}

pub async fn leave(pages: &[&VitrinePage]) -> Result<()> {
    try_join_all(pages.iter().map(|page| page.go_to("about:blank"))).await.map(drop)
}

pub fn url(stage: &Stage, which: Which, seat: Seat) -> String {
    stage.service(which).url(stage.address(seat))
}

/// What the tiles of two people say: path, and whose relay.
type Said = [(Option<String>, Option<String>); 2];

impl Way {
    fn said(self) -> Said {
        self.1.map(|side| (Some(self.0.to_owned()), side.map(str::to_owned)))
    }
}

async fn told(pages: [&VitrinePage; 2]) -> Result<Said> {
    let told = async |page: &VitrinePage| -> Result<_> {
        let tile = page.tiles().await?.into_iter().next();
        Ok(tile.map(|tile| (tile.path, tile.relay_side)).unwrap_or_default())
    };
    let (one, other) = try_join(told(pages[0]), told(pages[1])).await?;
    Ok([one, other])
}

/// The candidate pairs that the two browsers have selected, once both have one.
async fn selected(pages: [&VitrinePage; 2]) -> Result<Option<[Path; 2]>> {
    let selected = async |page: &VitrinePage| -> Result<_> {
        let connections = page.connections().await?;
        let Some(connection) = connections.first() else { return Ok(None) };
        page.selected_path(connection.id).await
    };
    let (one, other) = try_join(selected(pages[0]), selected(pages[1])).await?;
    Ok(one.zip(other).map(|(one, other)| [one, other]))
}

/// The way that selected pairs are, told by whose addresses their ends have. What the tiles say comes from the types of
/// the candidates; this does not.
fn way(stage: &Stage, which: Which, seats: [Seat; 2], pairs: &[Path; 2]) -> Option<Way> {
    let relay = IpAddr::from(stage.service(which).place().public);
    let is = |address: &str, expected: IpAddr| address.parse() == Ok(expected);
    let is_relay = |address: &str| is(address, relay);
    let [one, other] = pairs;
    let protocols = [one, other].map(|pair| pair.local.relay_protocol.as_deref());
    let costliest = [("tls", "relay-tls"), ("tcp", "relay-tcp"), ("udp", "relay-udp")]
        .into_iter()
        .find_map(|(protocol, name)| protocols.contains(&Some(protocol)).then_some(name));
    // A browser may keep the address of an end to itself that it learnt of by what arrived from it.
    let hidden = |pair: &Path| pair.remote.kind == "prflx" && pair.remote.address.is_empty();
    // Both sides must agree on whose relays there are, by the address of their own end and of the other; but not where that
    // came unannounced, because what it leads to, only the other side knows.
    let relays = [one, other].map(|pair| is_relay(&pair.local.address));
    for (pair, peer_relays) in [(one, relays[1]), (other, relays[0])] {
        if pair.remote.kind != "prflx" && is_relay(&pair.remote.address) != peer_relays {
            return None;
        }
    }
    match relays {
        [true, true] => Some(Way(costliest?, BOTH)),
        [true, false] => Some(Way(costliest?, ONE)),
        [false, true] => Some(Way(costliest?, OTHER)),
        [false, false] if costliest.is_some() => None,
        [false, false] => {
            let ends = [(one, seats[1]), (other, seats[0])];
            let all = |address: &dyn Fn(Seat) -> IpAddr| {
                ends.iter().all(|(pair, peer)| hidden(pair) || is(&pair.remote.address, address(*peer)))
            };
            if seats[0].network == seats[1].network {
                all(&|seat| stage.address(seat)).then_some(WITHIN)
            } else {
                all(&|seat| stage.public_address(seat)).then_some(ACROSS)
            }
        }
    }
}

/// People in one room, and nobody to relay: two homes connect, and every other pair is told that it cannot.
async fn without_a_relay(stage: &Stage, seats: Vec<Seat>, room: String) -> Result<()> {
    let which = Which::WithoutRelay;
    let _reservation = stage.prepare(&seats, which).await?;
    let pages: Vec<_> = seats.iter().map(|seat| stage.page(*seat)).collect();
    let meeting = async {
        for seat in &seats {
            stage.page(*seat).go_into(&url(stage, which, *seat), &room).await?;
        }
        try_join_all(pages.iter().map(|page| tells_who_cannot_connect(page, pages.len() - 1))).await.map(drop)
    };
    let met = meeting.await;
    let left = leave(&pages).await;
    met.and(left)
}

async fn tells_who_cannot_connect(page: &VitrinePage, others: usize) -> Result<()> {
    let as_it_must_be = |tile: &TileNode| {
        let is_home = |name: &str| name.starts_with(&Kind::Home.to_string());
        if is_home(page.name()) && is_home(&tile.name) {
            tile.state == "connected"
        } else {
            tile.state == "failed" && tile.retry && tile.words.as_deref().is_some_and(says_that_it_failed)
        }
    };
    page.wait_for_tile_nodes("the tiles say who is connected and who cannot be", NO_PATH, |tiles| {
        tiles.len() == others && tiles.iter().all(as_it_must_be)
    })
    .await?;
    // Of those who cannot connect, the inspector says what would help: a relay.
    let Some(failed) = page.tile_nodes().await?.into_iter().find(|tile| tile.state == "failed") else { return Ok(()) };
    page.inspect(&failed.name).await?;
    page.explains("that a relay is needed", |explained| explained.findings.iter().any(|code| code == "turn-needed"))
        .await
        .map(drop)
}

/// The words on a tile whose connection did not come about.
fn says_that_it_failed(words: &str) -> bool {
    words.starts_with("Could not connect")
}
