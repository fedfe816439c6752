//! `bench mesh N`: a call of N participants on one machine, for the app and for a page of plain JavaScript, in turns,
//! through the same server and in windows of one browser. It measures the time to enter, the time until all pairs show
//! frames, the frames of each pair, and the processor time.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::try_join_all;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use vitrine_e2e::{Browser, Result, Site, Tab, TabbedBrowser, VitrineServer, link};

use crate::{kind::Kind, spread::Spread};

/// People, unless said otherwise.
const PEOPLE: usize = 4;
/// Runs of each kind, unless said otherwise.
const RUNS: usize = 3;

/// The longest that is waited until everybody sees everybody.
const LONGEST: Duration = Duration::from_secs(90);
/// How long the call goes on before it is measured, and how long it is measured.
const SETTLE: Duration = Duration::from_secs(5);
const MEASURED: Duration = Duration::from_secs(15);

/// From this many people on, the machine is full, and the app has limits of its own; below, plain JavaScript sets them.
const MANY: usize = 8;
/// With many: until everybody sees everybody, in seconds, and frames a second.
const MANY_LIMITS: (f64, f64) = (10.0, 8.0);
/// With fewer: processor time as a multiple of plain JavaScript's, and the share of its frames that chance may take.
const FEW_LIMITS: (f64, f64) = (1.1, 0.98);

/// A figure: its name in the JSON line, what it means, and how many digits matter.
type Meaning = (&'static str, &'static str, usize);

const FIGURES: [Meaning; 13] = [
    ("enter_s", "s from the first click until the last one is in the room", 1),
    ("all_s", "s from then until every pair shows frames", 1),
    ("pairs", "ends that show frames when measuring begins", 0),
    ("fps", "frames shown each second of a pair, median", 1),
    ("fps_worst", "frames shown each second of the worst pair", 1),
    ("fps_decoded", "frames decoded each second of a pair, median", 1),
    ("cpu", "s of processor time for a second of call, everybody's", 2),
    ("script_ms", "ms of script for a second of call, of one page", 1),
    ("concealed", "% of the sound that is concealed", 2),
    ("restarts", "ICE restarts", 0),
    ("reconnections", "reconnections to the server", 0),
    ("connections", "connections made, by both ends", 0),
    ("uncaught", "errors on the consoles", 0),
];

/// The figures of a run, by name.
type Figures = BTreeMap<&'static str, f64>;

/// What a page receives on one connection, since it was made.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Received {
    id: u64,
    frames: f64,
    decoded: f64,
    samples: f64,
    concealed: f64,
}

/// A page at one moment.
struct Moment {
    received: Vec<Received>,
    script: f64,
}

/// Prints the figures; whether the app is within its limits.
pub async fn run(people: Option<String>, runs: Option<String>) -> Result<bool> {
    let number = |text: Option<String>| text.and_then(|text| text.parse::<usize>().ok());
    let people = number(people).unwrap_or(PEOPLE).max(2);
    let runs = number(runs).unwrap_or(RUNS).max(1);
    let site = Site::of_the_app()?;
    site.add(&vitrine_e2e::baseline_directory())?;
    site.add_from_npm("socket.io-client/dist/socket.io.min.js")?;
    let server = VitrineServer::start_with(site.path(), 0, &["--max-participants", &people.to_string()]).await?;
    let browser = TabbedBrowser::start(Browser::ChromiumSmallWindow).await?;
    let (mut vitrine, mut javascript) = (Vec::new(), Vec::new());
    for run in 0..runs {
        for (kind, figures) in [(Kind::JavaScript, &mut javascript), (Kind::Vitrine, &mut vitrine)] {
            let url = match kind {
                Kind::Vitrine => link(&server.url(), &format!("mesh-{run}")),
                Kind::JavaScript => link(&(server.url() + "baseline.html"), &format!("plain-{run}")),
            };
            let measured = measure(&browser, &url, people).await?;
            eprintln!("{people} people, run {} of {runs}: {kind:?} {measured:?}", run + 1);
            figures.push(measured);
        }
    }
    Ok(report(people, runs, &vitrine, &javascript))
}

/// One run, in windows that are closed afterwards.
async fn measure(browser: &TabbedBrowser, url: &str, people: usize) -> Result<Figures> {
    let mut tabs = Vec::new();
    for number in 0..people {
        tabs.push(browser.open_window(&format!("person {number}"), url).await?);
    }
    for tab in &tabs {
        tab.is_ready().await?;
        // The preview is running before a user presses the button.
        let preview = "return [...document.querySelectorAll('video')].some((video) => video.videoWidth > 0)";
        tab.wait_for::<bool>("the camera's picture is shown", preview).await?;
    }
    let started = Instant::now();
    for tab in &tabs {
        tab.enter().await?;
    }
    let entered = started.elapsed();
    let all = all_see_all(&tabs, started + entered).await?;
    tokio::time::sleep(SETTLE).await;
    let (before, used, since) = (moments(&tabs).await?, browser.cpu_seconds()?, Instant::now());
    tokio::time::sleep(MEASURED).await;
    let (seconds, used) = (since.elapsed().as_secs_f64(), browser.cpu_seconds()? - used);
    let after = moments(&tabs).await?;

    let mut figures = Figures::from([
        ("enter_s", entered.as_secs_f64()),
        ("all_s", all.map_or(f64::INFINITY, |time| time.as_secs_f64())),
        ("cpu", used / seconds),
    ]);
    figures.extend(received(&before, &after, seconds, people));
    let script: f64 = std::iter::zip(&before, &after).map(|(before, after)| after.script - before.script).sum();
    figures.insert("script_ms", script * 1000.0 / seconds / people as f64);
    for tab in &tabs {
        let counts = tab.counts().await?;
        let sockets: f64 = tab.evaluate("return __probe.sockets()").await?;
        let uncaught =
            "return __probe.console().filter((line) => / (uncaught|unhandled|policy|error): /.test(line)).length";
        for (name, count) in [
            ("restarts", counts.restarts as f64),
            ("connections", counts.created_connections as f64),
            ("reconnections", sockets - 1.0),
            ("uncaught", tab.evaluate(uncaught).await?),
        ] {
            *figures.entry(name).or_default() += count;
        }
    }
    for tab in tabs {
        tab.close().await?;
    }
    Ok(figures)
}

/// Waits until every pair shows frames, and returns how long after `entered` that was; nothing if it takes too long.
async fn all_see_all(tabs: &[Tab], entered: Instant) -> Result<Option<Duration>> {
    // Polls inside the page, and seldom: polling takes processor time, too.
    let script = format!(
        "const shows = (connection) => __probe.page.shownBy(connection)?.getVideoPlaybackQuality().totalVideoFrames > 0;
        const all = () => [...__probe.page.live.values()].filter(shows).length === {};
        for (let look = 0; look < 10 && !all(); look += 1) await new Promise((resolve) => setTimeout(resolve, 200));
        return all()",
        tabs.len() - 1
    );
    let waiting = try_join_all(tabs.iter().map(async |tab| {
        while !tab.evaluate::<bool>(&script).await? {}
        Ok::<_, vitrine_e2e::Error>(entered.elapsed())
    }));
    match tokio::time::timeout(LONGEST, waiting).await {
        Ok(times) => Ok(times?.into_iter().max()),
        Err(_) => Ok(None),
    }
}

async fn moments(tabs: &[Tab]) -> Result<Vec<Moment>> {
    // `__probe.connections()` would run a script for each frame from then on.
    const SCRIPT: &str = "const received = [];
        for (const [id, connection] of __probe.page.live) {
            const quality = __probe.page.shownBy(connection)?.getVideoPlaybackQuality();
            const reports = [...(await connection.getStats()).values()];
            const [sound, picture] = ['audio', 'video'].map((wanted) =>
                reports.find(({ type, kind }) => type === 'inbound-rtp' && kind === wanted));
            received.push({ id, frames: quality ? quality.totalVideoFrames - quality.droppedVideoFrames : 0,
                decoded: picture?.framesDecoded ?? 0, samples: sound?.totalSamplesReceived ?? 0, concealed: sound?.concealedSamples ?? 0 });
        }
        return received";
    try_join_all(tabs.iter().map(async |tab| {
        let received = tab.evaluate(SCRIPT).await?;
        Ok(Moment { received, script: tab.metrics().await?.script_seconds() })
    }))
    .await
}

/// What the pairs have received between two moments.
fn received(before: &[Moment], after: &[Moment], seconds: f64, people: usize) -> Figures {
    let (mut frames, mut decoded) = (Vec::new(), Vec::new());
    let (mut samples, mut concealed, mut pairs) = (0.0, 0.0, 0.0);
    for (before, after) in std::iter::zip(before, after) {
        for now in &after.received {
            let Some(then) = before.received.iter().find(|then| then.id == now.id) else { continue };
            frames.push((now.frames - then.frames) / seconds);
            decoded.push((now.decoded - then.decoded) / seconds);
            samples += now.samples - then.samples;
            concealed += now.concealed - then.concealed;
            pairs += f64::from(u8::from(then.frames > 0.0));
        }
    }
    // A pair without a connection counts as zero.
    for rates in [&mut frames, &mut decoded] {
        rates.resize(rates.len().max(people * (people - 1)), 0.0);
    }
    let spread = Spread::of(frames.into_iter());
    Figures::from([
        ("pairs", pairs),
        ("fps", spread.median),
        ("fps_worst", spread.min),
        ("fps_decoded", Spread::of(decoded.into_iter()).median),
        ("concealed", concealed / samples * 100.0),
    ])
}

fn report(people: usize, runs: usize, vitrine: &[Figures], javascript: &[Figures]) -> bool {
    let spread = |figures: &[Figures], name| Spread::of(figures.iter().filter_map(|run| run.get(name).copied()));
    println!(
        "{people} people, {} ends of {} pairs, a camera of 10 frames a second; median (least to most) of {runs} runs \
         each, in turns",
        people * (people - 1),
        people * (people - 1) / 2
    );
    println!("{:<58} {:>22} {:>22}", "", "Vitrine", "plain JavaScript");
    let (mut ours, mut theirs) = (serde_json::Map::new(), serde_json::Map::new());
    for (name, meaning, digits) in FIGURES {
        let (vitrine, javascript) = (spread(vitrine, name), spread(javascript, name));
        println!("{meaning:<58} {:>22} {:>22}", show(&vitrine, digits), show(&javascript, digits));
        ours.insert(name.to_owned(), json(&vitrine));
        theirs.insert(name.to_owned(), json(&javascript));
    }
    let of = |figures, name| spread(figures, name).median;
    let ratio = of(vitrine, "cpu") / of(javascript, "cpu");
    let calm = spread(vitrine, "restarts").max + spread(vitrine, "reconnections").max == 0.0;
    let within = calm
        && if people >= MANY {
            of(vitrine, "all_s") <= MANY_LIMITS.0 && of(vitrine, "fps") >= MANY_LIMITS.1
        } else {
            ratio <= FEW_LIMITS.0 && of(vitrine, "fps") >= of(javascript, "fps") * FEW_LIMITS.1
        };
    let verdict = if within { "within" } else { "OVER" };
    println!("processor time, of plain JavaScript's: {ratio:.2}; {verdict} the limits");
    println!();
    println!(
        "{}",
        json!({
            "bench": "mesh", "people": people, "runs": runs, "vitrine": ours, "javascript": theirs, "cpu_ratio": ratio,
            "within_limits": within,
        })
    );
    within
}

fn show(spread: &Spread, digits: usize) -> String {
    format!("{:.digits$} ({:.digits$} to {:.digits$})", spread.median, spread.min, spread.max)
}

/// A time that exceeded the wait is null.
fn json(spread: &Spread) -> Value {
    json!({ "median": spread.median, "min": spread.min, "max": spread.max })
}
