//! `bench join`: from pressing the button that enters a room to the first remote frame on the newcomer's page, for the
//! app and for a page of plain JavaScript that does the same through the same server. Both are measured by the same
//! probe, in the same browser, in turns.

use futures_util::future::try_join;
use serde_json::{Value, json};
use vitrine_e2e::{Browser, Flow, Page, Result, Site, Timeline, VitrinePage, VitrineServer, link};

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

#[derive(Clone, Copy)]
enum Kind {
    Vitrine,
    JavaScript,
}

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
        Kind::JavaScript => link(&(server.url() + "join-baseline.html"), &format!("{room}-javascript")),
    };
    get_ready(kind, stayer, &url).await?;
    enter(kind, stayer).await?;
    get_ready(kind, newcomer, &url).await?;
    enter(kind, newcomer).await?;
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

/// Opens the page and waits until nothing is left to do but enter: devices given, server connected.
async fn get_ready(kind: Kind, page: &VitrinePage, url: &str) -> Result<()> {
    page.go_to(url).await?;
    match kind {
        Kind::Vitrine => {
            page.wait_for_lobby().await?;
            page.signaling_is("online").await?;
        }
        Kind::JavaScript => stage_is(page, "ready").await?,
    }
    // Somebody has looked at the preview before pressing the button.
    page.wait_for::<bool>(
        "the camera's picture is shown",
        "return [...document.querySelectorAll('video')].some((video) => video.videoWidth > 0)",
    )
    .await
    .map(drop)
}

async fn enter(kind: Kind, page: &VitrinePage) -> Result<()> {
    match kind {
        Kind::Vitrine => page.enter().await,
        Kind::JavaScript => {
            page.press("enter").await?;
            stage_is(page, "entered").await
        }
    }
}

async fn stage_is(page: &Page, stage: &str) -> Result<()> {
    page.wait_for::<bool>(&format!("the page is {stage}"), &format!("return document.body.dataset.stage === '{stage}'"))
        .await
        .map(drop)
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

/// Median and extremes, in milliseconds; NaN of nothing.
struct Spread {
    median: f64,
    min: f64,
    max: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        Self { median: f64::midpoint(at(last / 2), at(last.div_ceil(2))), min: at(0), max: at(last) }
    }

    fn json(&self) -> Value {
        json!({ "median_ms": self.median, "min_ms": self.min, "max_ms": self.max })
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:.0} ({:.0} to {:.0})", self.median, self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_median_is_in_the_middle() {
        let spread = |values: &[f64]| Spread::of(values.iter().copied()).to_string();
        assert_eq!(spread(&[3.0, 1.0, 2.0]), "2 (1 to 3)");
        assert_eq!(spread(&[4.0, 1.0, 2.0, 100.0]), "3 (1 to 100)");
        assert_eq!(spread(&[5.0]), "5 (5 to 5)");
        assert!(Spread::of(std::iter::empty()).median.is_nan());
    }
}
