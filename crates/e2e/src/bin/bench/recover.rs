//! `bench recover`: how long pictures stand still, or a picture of nobody stays, after each kind of fault; for the app
//! and for a page of plain JavaScript under the same fault, through the same server, in turns.

use std::time::Duration;

use futures_util::future::try_join;
use serde_json::json;
use vitrine_e2e::{
    Browser, Laboratory, Make, PATHS, Result, Site, Venue, VitrinePage, VitrineServer, link, media_flows,
};

use crate::{kind::Kind, spread::Spread};

/// Runs of each kind, unless said otherwise.
const RUNS: usize = 10;

/// With frames enough to see a short gap.
const BROWSER: Browser = Browser::Chromium;

/// How long the signaling server is away.
const AWAY: Duration = Duration::from_secs(3);

/// How long frames are watched after everything is there again.
const AFTER: Duration = Duration::from_secs(8);

/// The longest that anything is waited for.
const LONGEST: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Signaling,
    Path,
    Address,
    Reload,
    Crash,
    Vanish,
}

const FAULTS: [(Fault, &str, &str); 6] = [
    (Fault::Signaling, "signaling", "server killed and back after 3 s: longest gap between frames"),
    (Fault::Path, "path", "the selected path dies, another works: longest gap between frames"),
    (Fault::Address, "address", "all addresses go, a new one comes: longest gap between frames"),
    (Fault::Reload, "reload", "one page reloads: until the first frame of its new connection"),
    (Fault::Crash, "crash", "one tab crashes: until its tile is gone"),
    (Fault::Vanish, "vanish", "one machine freezes: until its tile is gone"),
];

/// Prints the figures. `runs` may ask for another number of them than ten, `only` for one fault.
pub async fn run(runs: Option<String>, only: Option<String>) -> Result<bool> {
    let runs = runs.and_then(|text| text.parse().ok()).unwrap_or(RUNS).max(1);
    let mut figures = Vec::new();
    for (fault, name, meaning) in FAULTS {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let (mut vitrine, mut javascript) = (Vec::new(), Vec::new());
        let stage = match Stage::set(fault).await {
            Ok(stage) => Some(stage),
            Err(error) if matches!(fault, Fault::Path | Fault::Address) => {
                eprintln!("NOT MEASURED: {name}: {error}");
                None
            }
            Err(error) => return Err(error),
        };
        if let Some(mut stage) = stage {
            for run in 0..runs {
                for (kind, times) in [(Kind::JavaScript, &mut javascript), (Kind::Vitrine, &mut vitrine)] {
                    let time = stage.measure(fault, kind, &format!("{name}-{run}")).await?;
                    eprintln!("{name} {} of {runs}: {kind:?} {time:.0} ms", run + 1);
                    times.push(time);
                }
            }
        }
        figures.push((name, meaning, Spread::of(vitrine.into_iter()), Spread::of(javascript.into_iter())));
    }
    println!("in ms; median (worst) of {runs} runs each, in turns");
    println!("{:<10} {:<70} {:>16} {:>18}", "fault", "", "Vitrine", "plain JavaScript");
    let mut faults = serde_json::Map::new();
    for (name, meaning, ours, theirs) in figures {
        let show = |spread: &Spread| format!("{:.0} ({:.0})", spread.median, spread.max);
        println!("{name:<10} {meaning:<70} {:>16} {:>18}", show(&ours), show(&theirs));
        faults.insert(name.to_owned(), json!({ "vitrine": ours.json(), "javascript": theirs.json() }));
    }
    println!();
    println!("{}", json!({ "bench": "recover", "runs": runs, "faults": faults }));
    Ok(true)
}

/// What a fault needs around it.
enum Stage {
    /// One machine, and a line to the signaling server that can be cut.
    Venue(Box<Venue>),
    /// Two machines with two paths between them.
    Laboratory { laboratory: Laboratory, server: VitrineServer, _site: Site },
}

impl Stage {
    async fn set(fault: Fault) -> Result<Self> {
        let site = Site::of_the_app()?;
        site.add(&vitrine_e2e::baseline_directory())?;
        site.add_from_npm("socket.io-client/dist/socket.io.min.js")?;
        Ok(match fault {
            Fault::Path | Fault::Address => {
                let laboratory = Laboratory::build(2)?;
                let server = VitrineServer::start_for_everybody(site.path()).await?;
                Self::Laboratory { laboratory, server, _site: site }
            }
            _ => Self::Venue(Box::new(Venue::with(Make::Vitrine, site).await?)),
        })
    }

    /// The page's address, as seen from the machine of this number.
    fn url(&self, kind: Kind, machine: usize, room: &str) -> String {
        let (base, signaling) = match self {
            Self::Venue(venue) => (venue.url(), Some(venue.proxy.url())),
            Self::Laboratory { laboratory, server, .. } => (laboratory.machine(machine).url(server.port()), None),
        };
        match (kind, signaling) {
            (Kind::Vitrine, _) => link(&base, room),
            (Kind::JavaScript, None) => link(&(base + "baseline.html"), room),
            (Kind::JavaScript, Some(signaling)) => {
                format!("{}&server={signaling}", link(&(base + "baseline.html"), room))
            }
        }
    }

    async fn open(&self, kind: Kind, machine: usize, name: &str, room: &str) -> Result<VitrinePage> {
        let url = self.url(kind, machine, room);
        let page = match self {
            Self::Venue(_) => VitrinePage::load(BROWSER, name, &url).await?,
            Self::Laboratory { laboratory, .. } => {
                VitrinePage::load_on(&laboratory.machine(machine), BROWSER, name, &url).await?
            }
        };
        kind.get_ready(&page, &url).await?;
        Ok(page)
    }

    /// One run: two who see each other, the fault, and how long it shows, in milliseconds.
    async fn measure(&mut self, fault: Fault, kind: Kind, run: &str) -> Result<f64> {
        let room = format!("{run}-{kind:?}");
        let (stayer, other) = try_join(self.open(kind, 0, "stayer", &room), self.open(kind, 1, "other", &room)).await?;
        kind.enter(&stayer).await?;
        kind.enter(&other).await?;
        media_flows(&[&stayer, &other]).await?;
        try_join(stayer.knows_the_pace(), other.knows_the_pace()).await?;
        try_join(stayer.start_frame_clock(), other.start_frame_clock()).await?;
        watch(&stayer, Duration::from_secs(1)).await?;
        match (self, fault) {
            (Self::Venue(venue), Fault::Signaling) => {
                venue.stop_server();
                watch(&stayer, AWAY).await?;
                venue.start_server().await?;
                watch(&stayer, AFTER).await?;
                longest_gap(&stayer, &other).await
            }
            (Self::Laboratory { laboratory, .. }, Fault::Path) => {
                let path = selected(laboratory, &stayer).await?;
                laboratory.cut_path(path)?;
                let gap = moves_again(&stayer, &other).await;
                laboratory.mend()?;
                gap
            }
            (Self::Laboratory { laboratory, .. }, Fault::Address) => {
                (0..PATHS).try_for_each(|path| laboratory.take_address(1, path))?;
                laboratory.give_new_address(1, 0)?;
                let gap = moves_again(&stayer, &other).await;
                laboratory.take_address(1, 0)?;
                (0..PATHS).try_for_each(|path| laboratory.give_address(1, path))?;
                gap
            }
            (_, Fault::Reload) => reload(&stayer, &other).await,
            (_, Fault::Crash) => gone(&stayer, || other.crash()).await,
            (_, Fault::Vanish) => gone(&stayer, || other.freeze()).await,
            _ => Ok(f64::NAN),
        }
    }
}

/// Lets this much of the page's time pass.
async fn watch(page: &VitrinePage, time: Duration) -> Result<()> {
    let until = page.now().await? + time.as_secs_f64() * 1000.0;
    page.wait_until("time passes", LONGEST, async || {
        let now = page.now().await?;
        Ok(if now >= until { Ok(()) } else { Err(now) })
    })
    .await
}

async fn longest_gap(stayer: &VitrinePage, other: &VitrinePage) -> Result<f64> {
    let (one, another) = try_join(stayer.frame_clock(), other.frame_clock()).await?;
    Ok(one.any.longest.max(another.any.longest))
}

/// Waits until frames have stood still and come again on both pages, and returns the longest gap.
async fn moves_again(stayer: &VitrinePage, other: &VitrinePage) -> Result<f64> {
    /// Longer than a busy machine's hiccup.
    const STILL: f64 = 700.0;
    for page in [stayer, other] {
        page.wait_until("frames come again after a gap", LONGEST, async || {
            let clock = page.frame_clock().await?;
            let again = clock.any.longest > STILL && clock.any.since < STILL / 2.0;
            Ok(if again { Ok(()) } else { Err(format!("{clock:?}")) })
        })
        .await?;
    }
    watch(stayer, Duration::from_secs(3)).await?;
    longest_gap(stayer, other).await
}

async fn selected(laboratory: &Laboratory, page: &VitrinePage) -> Result<usize> {
    page.wait_until("a path is selected", LONGEST, async || {
        let connections = page.connections().await?;
        let Some(connection) = connections.first() else { return Ok(Err("no connection".to_owned())) };
        let path = page.selected_path(connection.id).await?;
        let known = path.as_ref().and_then(|path| laboratory.path_of(&path.local.address));
        Ok(known.ok_or_else(|| format!("{path:?}")))
    })
    .await
}

async fn reload(stayer: &VitrinePage, other: &VitrinePage) -> Result<f64> {
    let old = stayer.counts().await?.created_connections;
    let since = stayer.now().await?;
    other.reload_and_enter().await?;
    stayer
        .wait_until("there is a frame of a new connection", LONGEST, async || {
            let clock = stayer.frame_clock().await?;
            let new = clock.connections.iter().filter(|(id, _)| id.parse::<u64>().is_ok_and(|id| id > old));
            let first = new.filter_map(|(_, frames)| frames.first).reduce(f64::min);
            Ok(first.map(|first| first - since).ok_or_else(|| format!("{clock:?}")))
        })
        .await
}

async fn gone(stayer: &VitrinePage, vanish: impl FnOnce() -> Result<()>) -> Result<f64> {
    let since = stayer.now().await?;
    vanish()?;
    stayer.wait_for_tile_nodes("no tile is left", LONGEST, <[_]>::is_empty).await?;
    let history = stayer.tile_history().await?;
    let gone = history.iter().rev().take_while(|scene| scene.tiles.is_empty()).last();
    Ok(gone.map_or(f64::NAN, |scene| scene.at - since))
}
