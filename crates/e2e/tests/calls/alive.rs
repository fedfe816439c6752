//! The page holds the local tracks that it uses: none of a camera that is off, and none at all after leaving. During a
//! call the page's tracks, script time and memory do not grow.

use futures_util::future::try_join;
use vitrine_e2e::{
    Alive, Browser, Counts, Flow, Metrics, PATIENCE, Result, Site, Tab, TabbedBrowser, VitrinePage, VitrineServer,
    link, media_flows,
};

use crate::{half, whole};

const BOTH: Alive = Alive { audio: 1, video: 1 };
const NONE: Alive = Alive { audio: 0, video: 0 };

/// Waits until exactly these tracks are alive.
async fn has_alive(page: &VitrinePage, tracks: Alive) -> Result<()> {
    page.wait_until(&format!("{tracks:?} are alive"), PATIENCE, async || {
        let alive = page.alive().await?;
        Ok(if alive == tracks { Ok(()) } else { Err(format!("{alive:?}")) })
    })
    .await
}

#[tokio::test]
async fn devices_are_released_when_off_and_after_leaving() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(Browser::ChromiumSmallCamera, "Ada", &server.url(), "tea").await?;
    let ben = VitrinePage::join(Browser::ChromiumSmallCamera, "Ben", &server.url(), "tea").await?;
    media_flows(&[&ada, &ben]).await?;
    assert_eq!(try_join(ada.alive(), ben.alive()).await?, (BOTH, BOTH));

    ben.switch_off("toggle-camera").await?;
    try_join(ada.receives(Flow::Audio, 1), ben.receives(Flow::AudioAndVideo, 1)).await?;
    assert_eq!(ben.alive().await?, Alive { audio: 1, video: 0 }, "the camera's light is out");
    ben.switch_devices_on().await?;
    ben.switch_off("toggle-mic").await?;
    // Ben sends no sound.
    try_join(ada.receives(Flow::Video, 1), ben.receives(Flow::AudioAndVideo, 1)).await?;
    let alive = ben.alive().await?;
    assert!(alive.audio <= 1 && alive.video == 1, "{alive:?}");
    ben.switch_devices_on().await?;
    media_flows(&[&ada, &ben]).await?;
    assert_eq!(try_join(ada.alive(), ben.alive()).await?, (BOTH, BOTH));

    ben.leave().await?;
    has_alive(&ben, NONE).await?;
    ada.sees(&[]).await?;
    assert_eq!(ada.alive().await?, BOTH, "Ada is still in the call");
    // The lobby starts the devices on request, and the next call uses them.
    try_join(ben.device_is("toggle-mic", "off"), ben.device_is("toggle-camera", "off")).await?;
    ben.switch_devices_on().await?;
    assert_eq!(ben.alive().await?, BOTH);
    ben.enter().await?;
    media_flows(&[&ada, &ben]).await?;
    try_join(ada.leave(), ben.leave()).await?;
    try_join(has_alive(&ada, NONE), has_alive(&ben, NONE)).await?;
    Ok(())
}

/// The page's resources at one moment.
struct Sample {
    metrics: Metrics,
    counts: Counts,
}

impl Sample {
    /// Taken after the page has played this many more seconds of sound.
    async fn after(seconds: f64, tab: &Tab) -> Result<Self> {
        let played =
            async || Ok::<_, vitrine_e2e::Error>(tab.connections().await?.first().map(|one| one.sound_seconds));
        let before = played().await?.unwrap_or_default();
        tab.wait_until(&format!("{seconds} seconds of sound were played"), PATIENCE, async || {
            let now = played().await?;
            Ok(now.filter(|now| now - before >= seconds).map(drop).ok_or_else(|| format!("{now:?}, {before} before")))
        })
        .await?;
        // Runs the garbage collector before the heap is measured.
        let counts = tab.counts().await?;
        Ok(Self { metrics: tab.metrics().await?, counts })
    }

    /// Seconds of script for each second since `before`.
    fn script_since(&self, before: &Self) -> f64 {
        (self.metrics.script_seconds() - before.metrics.script_seconds())
            / (self.metrics.seconds() - before.metrics.seconds())
    }
}

#[tokio::test]
async fn nothing_grows_during_a_call() -> Result<()> {
    /// Seconds between two samples.
    const APART: f64 = 6.0;
    /// Noise: a factor and an offset for the script time, bytes for the heap.
    const NOISE: (f64, f64, f64) = (1.5, 0.002, 1e6);
    let _machine = whole().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let browser = TabbedBrowser::start(Browser::ChromiumSmallCamera).await?;
    let url = link(&server.url(), "tea");
    let (ada, ben) = try_join(browser.open_window("Ada", &url), browser.open_window("Ben", &url)).await?;
    try_join(ada.is_ready(), ben.is_ready()).await?;
    ada.enter().await?;
    ben.enter().await?;
    try_join(ada.receives(Flow::AudioAndVideo, 1), ben.receives(Flow::AudioAndVideo, 1)).await?;
    let sample = async || try_join(Sample::after(APART, &ada), Sample::after(APART, &ben)).await;
    let (first, second, third) = (sample().await?, sample().await?, sample().await?);
    for (name, [first, second, third]) in [("Ada", [first.0, second.0, third.0]), ("Ben", [first.1, second.1, third.1])]
    {
        assert_eq!(third.counts.copies, first.counts.copies, "{name} copies tracks");
        assert_eq!(third.counts.live_tracks, 2, "{name}");
        assert!(!third.counts.has_grown_since(&first.counts), "{name}: {:?}, {:?}", first.counts, third.counts);
        let (before, after) = (second.script_since(&first), third.script_since(&second));
        eprintln!("{name}: {:.1} ms of script each second, then {:.1}", before * 1e3, after * 1e3);
        assert!(after <= before * NOISE.0 + NOISE.1, "{name}: {before} s of script each second, then {after}");
        let heap = [&first, &third].map(|sample| sample.metrics.heap_bytes());
        assert!(heap[1] <= heap[0] + NOISE.2, "{name}: {heap:?} bytes of heap");
    }
    Ok(())
}
