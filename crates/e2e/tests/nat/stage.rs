//! What all tests share, made when a test first needs it: one laboratory, in it a browser in each seat, and the servers.

use std::{collections::BTreeMap, net::IpAddr};

use futures_util::future::try_join_all;
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use vitrine_e2e::{
    Browser, Result, Site, VitrinePage,
    nat::{Certificate, Help, Kind, NatLaboratory, ServerPlace, Service},
};

/// Two networks of each kind, so that people in networks of the same kind can call each other.
const KINDS: [Kind; 10] = [
    Kind::Home,
    Kind::Home,
    Kind::Symmetric,
    Kind::Symmetric,
    Kind::UdpBlocked,
    Kind::UdpBlocked,
    Kind::Only443,
    Kind::Only443,
    Kind::Ipv6Only,
    Kind::Ipv6Only,
];

/// The number of the first network of a kind.
pub fn first(kind: Kind) -> usize {
    KINDS.iter().take_while(|one| **one != kind).count()
}

/// The number of the second one.
pub fn second(kind: Kind) -> usize {
    first(kind) + 1
}

/// A seat for a browser. In the second network of each kind, the second one is for Firefox; all others are for Chromium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seat {
    pub network: usize,
    pub host: usize,
}

/// Chromium's seat in the first network of this kind.
pub fn chromium(kind: Kind) -> Seat {
    Seat { network: first(kind), host: 0 }
}

/// Firefox's seat, in the second one.
pub fn firefox(kind: Kind) -> Seat {
    Seat { network: second(kind), host: 1 }
}

/// Places for the sockets of the tests that need no server.
pub struct Probes {
    pub one: ServerPlace,
    pub other: ServerPlace,
    pub cloud: ServerPlace,
}

/// Which server a call is made through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// On the internet, with STUN and relay.
    Relaying,
    /// As [`Which::Relaying`], behind a cloud's NAT.
    RelayingFromACloud,
    /// As [`Which::Relaying`], and names its relay once more, with credentials that are wrong.
    WithWrongCredentials,
    /// Without a relay; with the STUN of the first.
    WithoutRelay,
}

impl Which {
    const ALL: [Self; 4] = [Self::Relaying, Self::RelayingFromACloud, Self::WithWrongCredentials, Self::WithoutRelay];
}

/// The browser of a seat, once a test has needed it.
#[derive(Default)]
struct SeatBrowser {
    /// Locked by the test that uses the browser.
    lock: Mutex<()>,
    page: OnceCell<VitrinePage>,
}

/// Seats that no other test uses while this exists.
pub type Reservation<'a> = Vec<MutexGuard<'a, ()>>;

pub struct Stage {
    // Dropped in this order.
    browsers: BTreeMap<Seat, SeatBrowser>,
    services: BTreeMap<Which, OnceCell<Service>>,
    places: [ServerPlace; 4],
    site: Site,
    certificate: Certificate,
    pub probes: Probes,
    pub laboratory: NatLaboratory,
}

impl Stage {
    pub fn set() -> Result<Self> {
        let laboratory = NatLaboratory::build(&KINDS)?;
        let seats = (0..KINDS.len()).flat_map(|network| [0, 1].map(|host| Seat { network, host }));
        Ok(Self {
            browsers: seats.map(|seat| (seat, SeatBrowser::default())).collect(),
            services: Which::ALL.map(|which| (which, OnceCell::new())).into(),
            places: [
                laboratory.public_place(0)?,
                laboratory.place_in_a_cloud(1)?,
                laboratory.public_place(2)?,
                laboratory.public_place(6)?,
            ],
            site: Site::of_the_app()?,
            certificate: Certificate::make()?,
            probes: Probes {
                one: laboratory.public_place(3)?,
                other: laboratory.public_place(4)?,
                cloud: laboratory.place_in_a_cloud(5)?,
            },
            laboratory,
        })
    }

    /// Reserves these seats, and starts their browsers and the server unless they run already.
    pub async fn prepare(&self, seats: &[Seat], which: Which) -> Result<Reservation<'_>> {
        // In the order of the seats, so that no two tests wait for each other.
        let mut in_order = seats.to_vec();
        in_order.sort_unstable();
        let mut reservation = Reservation::new();
        for seat in in_order {
            reservation.push(self.browsers[&seat].lock.lock().await);
        }
        let needed: &[Which] = match which {
            Which::WithoutRelay => &[Which::Relaying, Which::WithoutRelay],
            Which::Relaying => &[Which::Relaying],
            Which::RelayingFromACloud => &[Which::RelayingFromACloud],
            Which::WithWrongCredentials => &[Which::WithWrongCredentials],
        };
        for which in needed {
            self.services[which].get_or_try_init(|| self.start_service(*which)).await?;
        }
        let started = seats.iter().map(|seat| self.browsers[seat].page.get_or_try_init(|| self.start_page(*seat)));
        try_join_all(started).await?;
        Ok(reservation)
    }

    async fn start_service(&self, which: Which) -> Result<Service> {
        let [main, cloud, without, wrong] = &self.places;
        let (place, help) = match which {
            Which::Relaying => (main, Help::Relay),
            Which::RelayingFromACloud => (cloud, Help::Relay),
            Which::WithWrongCredentials => (wrong, Help::RelayAndWrongCredentials),
            Which::WithoutRelay => (without, Help::StunAt(main)),
        };
        Service::start(place, self.site.path(), &self.certificate, help).await
    }

    async fn start_page(&self, seat: Seat) -> Result<VitrinePage> {
        let network = self.laboratory.network(seat.network);
        let name = format!("{}-{}-{}", network.kind(), seat.network - first(network.kind()) + 1, seat.host + 1);
        let namespace = &network.host(seat.host).namespace;
        let browser = if seat == firefox(network.kind()) { Browser::Firefox } else { Browser::ChromiumSmallCamera };
        VitrinePage::blank_in(namespace, &self.certificate.browser_argument(), browser, &name).await
    }

    /// The browser in a seat that was prepared.
    pub fn page(&self, seat: Seat) -> &VitrinePage {
        self.browsers[&seat].page.get().unwrap_or_else(|| panic!("{seat:?} was not prepared"))
    }

    /// A server that was prepared.
    pub fn service(&self, which: Which) -> &Service {
        self.services[&which].get().unwrap_or_else(|| panic!("{which:?} was not prepared"))
    }

    /// A seat's address in its network.
    pub fn address(&self, seat: Seat) -> IpAddr {
        self.laboratory.network(seat.network).host(seat.host).address
    }

    /// A seat's address outside.
    pub fn public_address(&self, seat: Seat) -> IpAddr {
        self.laboratory.network(seat.network).public_address(seat.host)
    }
}
