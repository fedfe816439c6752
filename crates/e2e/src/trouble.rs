//! What goes wrong with calls, brought about for real, and what the inspector says of it: a [`Trouble`] sets up its own call,
//! harms it, and waits for the first finding. Tests and `bench verdict` judge by it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::{try_join, try_join_all};

use crate::{
    Browser, Explained, Flow, Laboratory, Make, Page, Result, Site, TabbedBrowser, Venue, VitrinePage, VitrineServer,
    link, media_flows,
    nat::{Certificate, Help, Kind, NatLaboratory, Service},
};

/// How long the inspector may take to find something. A microphone is silent only after half a minute, and a connection that
/// fails takes nearly as long.
const WITHIN: Duration = Duration::from_secs(90);

const SMALL: Browser = Browser::ChromiumSmallCamera;

/// Threads that keep a small machine busy.
const BUSY_THREADS: usize = 12;

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// UDP does not get through any more between two people.
    UdpCut,
    /// Behind symmetric NATs, the only relay refuses the credentials.
    WrongCredentials,
    /// Behind symmetric NATs, the only relay is not there.
    RelayDown,
    /// Behind symmetric NATs, there is no relay.
    NoRelay,
    /// One packet in ten is lost.
    Loss,
    /// The upload takes 300 kbit/s.
    NarrowUpload,
    /// The processor has too much to do.
    BusyProcessor,
    /// The camera is unplugged.
    CameraGone,
    /// The microphone is on and delivers silence.
    SilentMicrophone,
    /// The other page's tab is frozen.
    OtherTabAsleep,
    /// The signaling server is down.
    SignalingDown,
    /// Both sides offer at once.
    Glare,
    /// Of four people, two lose each other.
    BrokenPair,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::UdpCut,
        Self::WrongCredentials,
        Self::RelayDown,
        Self::NoRelay,
        Self::Loss,
        Self::NarrowUpload,
        Self::BusyProcessor,
        Self::CameraGone,
        Self::SilentMicrophone,
        Self::OtherTabAsleep,
        Self::SignalingDown,
        Self::Glare,
        Self::BrokenPair,
    ];

    /// The name, as the benchmark prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::UdpCut => "UDP cut",
            Self::WrongCredentials => "TURN credentials wrong",
            Self::RelayDown => "TURN down",
            Self::NoRelay => "no TURN behind symmetric NATs",
            Self::Loss => "10 % loss",
            Self::NarrowUpload => "300 kbit/s",
            Self::BusyProcessor => "busy processor",
            Self::CameraGone => "camera gone",
            Self::SilentMicrophone => "silent microphone",
            Self::OtherTabAsleep => "far tab asleep",
            Self::SignalingDown => "signaling down",
            Self::Glare => "glare",
            Self::BrokenPair => "one broken pair",
        }
    }

    /// The first findings that are right.
    pub fn right(self) -> &'static [&'static str] {
        match self {
            Self::UdpCut => &["path-lost"],
            Self::WrongCredentials => &["turn-credentials"],
            Self::RelayDown => &["turn-unreachable"],
            // With one STUN server, how the NAT translates is not known.
            Self::NoRelay => &["turn-needed", "symmetric-nat"],
            Self::Loss => &["packet-loss"],
            Self::NarrowUpload => &["congestion"],
            Self::BusyProcessor => &["cpu-limited", "decode-limited"],
            Self::CameraGone => &["capture-ended"],
            Self::SilentMicrophone => &["silent-microphone"],
            Self::OtherTabAsleep => &["page-slept"],
            Self::SignalingDown => &["signaling-down"],
            Self::Glare => &["glare"],
            Self::BrokenPair => &["pair-broken"],
        }
    }

    /// Whether this is what the inspector should say first.
    pub fn is_explained_by(self, explained: &Explained) -> bool {
        explained.findings.first().is_some_and(|first| self.right().contains(&&**first))
    }

    /// Brings it about, and returns what the inspector says once it is right.
    ///
    /// # Errors
    /// When the call does not come about, or the first finding never is the right one.
    pub async fn explained(self) -> Result<Explained> {
        match self {
            Self::UdpCut => self.on_machines(&["Ada", "Ben"], SMALL, |laboratory| laboratory.cut_udp()).await,
            Self::Loss => self.on_machines(&["Ada", "Ben"], SMALL, |laboratory| laboratory.lose_packets(10)).await,
            Self::NarrowUpload => {
                // A small picture, or few frames, would need less than that.
                let browser = Browser::ChromiumTwentyFrames;
                self.on_machines(&["Ada", "Ben"], browser, |laboratory| laboratory.narrow(0, 300)).await
            }
            Self::BrokenPair => {
                self.on_machines(&["Ada", "Ben", "Cho", "Dee"], SMALL, |laboratory| laboratory.cut_pair(0, 1)).await
            }
            Self::WrongCredentials | Self::RelayDown | Self::NoRelay => self.behind_symmetric_nats().await,
            Self::OtherTabAsleep => self.with_a_frozen_tab().await,
            Self::BusyProcessor => {
                let call = CallOfTwo::start(Browser::ChromiumTwentyFrames).await?;
                let _busy = Busy::start();
                self.is_found_by(&call.ada).await
            }
            Self::CameraGone => {
                let call = CallOfTwo::start(SMALL).await?;
                call.ada.lose_device("video", "NotFoundError").await?;
                self.is_found_by(&call.ada).await
            }
            Self::SilentMicrophone => {
                let call = CallOfTwo::start(SMALL).await?;
                // As a switch on the microphone itself: the page is told nothing.
                let silence =
                    "for (const track of __probe.page.captured) if (track.kind === 'audio') track.enabled = false";
                call.ada.evaluate::<()>(silence).await?;
                self.is_found_by(&call.ada).await
            }
            Self::SignalingDown => {
                let mut call = CallOfTwo::start(SMALL).await?;
                call.venue.stop_server();
                self.is_found_by(&call.ada).await
            }
            Self::Glare => self.offers_cross(&CallOfTwo::start(SMALL).await?).await,
        }
    }

    /// Waits until `page` names it first.
    async fn is_found_by(self, page: &Page) -> Result<Explained> {
        page.explains_within(WITHIN, &format!("what {} is", self.name()), |explained| self.is_explained_by(explained))
            .await
    }

    /// A call of these people, each on a machine of their own; then `harm` comes upon their network.
    async fn on_machines(
        self,
        names: &[&str],
        browser: Browser,
        harm: impl FnOnce(&Laboratory) -> Result<()>,
    ) -> Result<Explained> {
        let laboratory = Laboratory::build(names.len())?;
        let site = Site::of_the_app()?;
        let server = VitrineServer::start_for_everybody(site.path()).await?;
        let pages = VitrinePage::join_from_machines(&laboratory, browser, names, server.port(), "tea").await?;
        try_join_all(pages.iter().map(|page| async {
            let mut others: Vec<_> = names.iter().copied().filter(|name| *name != page.name()).collect();
            others.sort_unstable();
            page.sees(&others).await
        }))
        .await?;
        media_flows(&pages.iter().map(|page| &**page).collect::<Vec<_>>()).await?;
        let [ada, ..] = &pages[..] else { unreachable!("two at least") };
        ada.inspect("Ben").await?;
        ada.explains("that the path is direct", |explained| explained.verdict.starts_with("direct-")).await?;
        ada.knows_the_pace().await?;
        harm(&laboratory)?;
        self.is_found_by(ada).await
    }

    /// Two people behind symmetric NATs, who cannot connect without a relay.
    async fn behind_symmetric_nats(self) -> Result<Explained> {
        let laboratory = NatLaboratory::build(&[Kind::Symmetric, Kind::Symmetric])?;
        let (site, certificate) = (Site::of_the_app()?, Certificate::make()?);
        let (place, elsewhere) = (laboratory.public_place(0)?, laboratory.public_place(1)?);
        let _relay = if self == Self::RelayDown {
            None
        } else {
            Some(Service::start(&elsewhere, site.path(), &certificate, Help::Relay).await?)
        };
        let help = if self == Self::NoRelay { Help::StunAt(&elsewhere) } else { Help::UnusableRelayAt(&elsewhere) };
        let service = Service::start(&place, site.path(), &certificate, help).await?;
        let mut pages = Vec::new();
        for (number, name) in ["Ada", "Ben"].into_iter().enumerate() {
            let host = laboratory.network(number).host(0);
            let page = VitrinePage::blank_in(&host.namespace, &certificate.browser_argument(), SMALL, name).await?;
            page.go_into(&service.url(host.address), "tea").await?;
            pages.push(page);
        }
        let [ada, _] = &pages[..] else { unreachable!("two") };
        // Names are told over the connection.
        let tiles = ada.wait_for_tiles("somebody is shown", |tiles| tiles.len() == 1).await?;
        ada.inspect(&tiles[0].name).await?;
        self.is_found_by(ada).await
    }

    async fn with_a_frozen_tab(self) -> Result<Explained> {
        let site = Site::of_the_app()?;
        let server = VitrineServer::start(site.path()).await?;
        let ada = VitrinePage::create(SMALL, "Ada", &server.url(), "tea").await?;
        let browser = TabbedBrowser::start(SMALL).await?;
        let ben = browser.open("Ben", &link(&server.url(), "tea")).await?;
        ben.is_ready().await?;
        ben.enter().await?;
        try_join(ada.receives(Flow::AudioAndVideo, 1), ben.receives(Flow::AudioAndVideo, 1)).await?;
        let name = ada.tiles().await?.remove(0).name;
        ada.inspect(&name).await?;
        ada.explains("that the path is direct", |explained| explained.verdict.starts_with("direct-")).await?;
        let _front = browser.open("front", "about:blank").await?;
        ben.wait_for::<bool>("the tab is hidden", "return document.visibilityState === 'hidden'").await?;
        ben.freeze().await?;
        self.is_found_by(&ada).await
    }

    /// Both offer again and again while what they send takes its time, until their offers have crossed. The side that gives
    /// way sees it.
    async fn offers_cross(self, CallOfTwo { ada, ben, .. }: &CallOfTwo) -> Result<Explained> {
        const SLOWNESS: Duration = Duration::from_millis(500);
        const ATTEMPTS: usize = 10;
        try_join(ada.delay_control(SLOWNESS), ben.delay_control(SLOWNESS)).await?;
        let ids = try_join(ada.connections(), ben.connections()).await?;
        let ids = [ids.0[0].id, ids.1[0].id];
        for _ in 0..ATTEMPTS {
            try_join(ada.add_track(ids[0]), ben.add_track(ids[1])).await?;
            for (page, id) in [(ada, ids[0]), (ben, ids[1])] {
                page.wait_until("negotiation is over", WITHIN, async || {
                    let state = page.negotiation(id).await?;
                    Ok(if state.signaling == "stable" { Ok(()) } else { Err(format!("{state:?}")) })
                })
                .await?;
                if page.console_says("the own offer is rolled back").await? > 0 {
                    return self.is_found_by(page).await;
                }
            }
        }
        ada.explained().await
    }
}

/// Two people in a call on this machine, each with the inspector open on the other.
struct CallOfTwo {
    // Browsers end before the servers do.
    ada: VitrinePage,
    ben: VitrinePage,
    venue: Venue,
}

impl CallOfTwo {
    async fn start(browser: Browser) -> Result<Self> {
        let venue = Venue::start(Make::Vitrine).await?;
        let ada = VitrinePage::create(browser, "Ada", &venue.url(), "tea").await?;
        let ben = VitrinePage::join(browser, "Ben", &venue.url(), "tea").await?;
        try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
        media_flows(&[&ada, &ben]).await?;
        try_join(ada.inspect("Ben"), ben.inspect("Ada")).await?;
        ada.explains("that the path is direct", |explained| explained.verdict.starts_with("direct-")).await?;
        Ok(Self { ada, ben, venue })
    }
}

/// Threads that do nothing, as fast as they can, until this is dropped.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn start() -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        for _ in 0..BUSY_THREADS {
            let is_over = is_over.clone();
            std::thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        Self(is_over)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
