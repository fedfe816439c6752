//! `bench join`: from pressing the button that enters a room to the first remote frame on the newcomer's page, for the
//! app and for a page of plain JavaScript that does the same through the same server. Both are measured by the same
//! probe, in the same browser, in turns.

use futures_util::future::try_join;
use serde_json::json;
use vitrine_e2e::{Browser, Flow, Result, Site, Timeline, VitrinePage, VitrineServer, link};

use crate::{kind::Kind, spread::Spread};

/// Runs of each kind.
const RUNS: usize = 10;

/// The most that the app may take, as a multiple of the baseline's median.
const LIMIT: f64 = 1.1;

/// The steps in their usual order, with what each means. All are measured from `enter`, the click.
const STEPS: [(&str, &str); 9] = [
    ("request", "join-room is sent"),
    ("acknowledged", "the server lets one in"),
    ("connection", "the peer connection is created"),
    ("offer", "the offer arrives"),
    ("track", "the offer is set: remote tracks are known"),
    ("answer", "the answer is sent"),
    ("ice", "ICE has found a path"),
    ("connected", "DTLS is done"),
    ("frame", "the first remote frame is on the page"),
];

/// Prints the figures; whether the app is within its limit.
pub async fn run() -> Result<bool> {
    let site = Site::of_the_app()?;
    site.add(&vitrine_e2e::baseline_directory())?;
    site.add_from_npm("socket.io-client/dist/socket.io.min.js")?;
    let server = VitrineServer::start(site.path()).await?;
    let (stayer, newcomer) = try_join(
        VitrinePage::load(Browser::Chromium, "stayer", "about:blank"),
        VitrinePage::load(Browser::Chromium, "newcomer", "about:blank"),
    )
    .await?;
    let (mut vitrine, mut javascript) = (Vec::new(), Vec::new());
    for run in 0..=RUNS {
        for (kind, timelines) in [(Kind::JavaScript, &mut javascript), (Kind::Vitrine, &mut vitrine)] {
            let timeline = join(kind, &server, &stayer, &newcomer, &format!("run-{run}")).await?;
            // The first run of each kind fills caches.
            if run > 0 {
                timelines.push(timeline);
            }
        }
    }
    Ok(report(&vitrine, &javascript))
}

/// One run: the stayer alone in a room, the newcomer ready in front of it; then the click.
async fn join(
    kind: Kind,
    server: &VitrineServer,
    stayer: &VitrinePage,
    newcomer: &VitrinePage,
    room: &str,
) -> Result<Timeline> {
    let url = match kind {
        Kind::Vitrine => link(&server.url(), &format!("{room}-vitrine")),
        Kind::JavaScript => link(&(server.url() + "baseline.html"), &format!("{room}-javascript")),
    };
    kind.get_ready(stayer, &url).await?;
    kind.enter(stayer).await?;
    kind.get_ready(newcomer, &url).await?;
    kind.enter(newcomer).await?;
    let timeline: Timeline = newcomer
        .wait_for(
            "the first remote frame is shown",
            "const steps = __probe.timeline(); return 'frame' in steps && steps",
        )
        .await?;
    newcomer.receives(Flow::AudioAndVideo, 1).await?;
    try_join(newcomer.go_to("about:blank"), stayer.go_to("about:blank")).await?;
    Ok(timeline)
}

fn report(vitrine: &[Timeline], javascript: &[Timeline]) -> bool {
    let spread =
        |timelines: &[Timeline], step: &str| Spread::of(timelines.iter().filter_map(|times| since_enter(times, step)));
    println!("from entering, in ms; median (min to max) of {RUNS} runs each, in turns");
    println!("{:<14} {:<44} {:>22} {:>22}", "step", "", "Vitrine", "plain JavaScript");
    let mut steps = serde_json::Map::new();
    for (step, meaning) in STEPS {
        let (ours, theirs) = (spread(vitrine, step), spread(javascript, step));
        println!("{step:<14} {meaning:<44} {:>22} {:>22}", ours.to_string(), theirs.to_string());
        steps.insert(step.to_owned(), json!({ "vitrine": ours.median, "javascript": theirs.median }));
    }
    let (ours, theirs) = (spread(vitrine, "frame"), spread(javascript, "frame"));
    let ratio = ours.median / theirs.median;
    let within = ratio <= LIMIT;
    println!("ratio of the medians: {ratio:.3}, {} the limit of {LIMIT}", if within { "within" } else { "OVER" });
    println!();
    println!(
        "{}",
        json!({
            "bench": "join", "runs": RUNS, "vitrine": ours.json(), "javascript": theirs.json(), "ratio": ratio,
            "limit": LIMIT, "within_limit": within, "steps": steps,
        })
    );
    within
}

fn since_enter(times: &Timeline, step: &str) -> Option<f64> {
    Some(times.get(step)? - times.get("enter")?)
}
