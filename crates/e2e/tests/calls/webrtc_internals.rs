//! What Chromium's own tool, `webrtc-internals`, has recorded of a call, and what the inspector has: the same numbers, and the
//! same verdict.

use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::future::try_join;
use vitrine_e2e::{Browser, Flow, PATIENCE, Result, Site, Tab, TabbedBrowser, VitrinePage, VitrineServer, link};
use vitrine_insight::{
    rules::explain,
    stats::{InboundRtpStats, OutboundRtpStats, Stats},
    trace::{ConnectionTrace, Sample, Trace},
    verdict::Verdict,
};

use crate::half;

const BROWSER: Browser = Browser::ChromiumSmallCamera;

/// Readings of each counter that must lie between those of the inspector.
const ENOUGH: usize = 5;

/// Lets the page save what the button saves, and returns the file in Base64.
fn saved_by(button: &str) -> String {
    format!(
        "HTMLAnchorElement.prototype.click = () => {{}};
        const blob = await new Promise((resolve) => {{
            URL.createObjectURL = (blob) => {{ resolve(blob); return '#' }};
            document.querySelector({button:?}).click();
        }});
        return new Uint8Array(await blob.arrayBuffer()).toBase64()"
    )
}

fn recorded(base64: &str) -> Trace {
    let bytes = BASE64_STANDARD.decode(base64).unwrap_or_else(|error| panic!("{error}: {base64}"));
    Trace::read_file(bytes).unwrap_or_else(|error| panic!("{error}"))
}

/// The one connection over which something arrived, and the verdict on it.
fn measured(trace: &Trace) -> Option<(&ConnectionTrace, Verdict)> {
    let receives = |sample: &Sample| sample.reports.iter().any(|report| matches!(report, Stats::InboundRtp(_)));
    let receives = |one: &ConnectionTrace| one.samples.iter().any(|sample| receives(sample));
    let reports = explain(trace).connections;
    let both = trace.connections.iter().zip(reports).find(|(connection, _)| receives(connection));
    both.map(|(connection, report)| (connection, report.verdict))
}

/// A counter of a stream: the stream's id, the counter's name, when it was read, and its value.
type Reading<'a> = (&'a str, &'static str, f64, f64);

/// All readings, in the order of time.
fn readings(connection: &ConnectionTrace) -> Vec<Reading<'_>> {
    let mut all = Vec::new();
    for report in connection.samples.iter().flat_map(|sample| &sample.reports) {
        let (id, timestamp, counters): (_, _, &[_]) = match report {
            Stats::InboundRtp(stream) => {
                let InboundRtpStats { bytes_received, packets_received, frames_decoded, .. } = **stream;
                let counters = [
                    ("bytesReceived", bytes_received),
                    ("packetsReceived", packets_received),
                    ("framesDecoded", frames_decoded),
                ];
                (&stream.id, stream.timestamp, &counters.clone())
            }
            Stats::OutboundRtp(stream) => {
                let OutboundRtpStats { bytes_sent, packets_sent, frames_encoded, .. } = **stream;
                let counters =
                    [("bytesSent", bytes_sent), ("packetsSent", packets_sent), ("framesEncoded", frames_encoded)];
                (&stream.id, stream.timestamp, &counters.clone())
            }
            _ => continue,
        };
        let (Some(id), Some(timestamp)) = (id, timestamp) else { continue };
        all.extend(counters.iter().filter_map(|(name, value)| Some((&**id, *name, timestamp, (*value)?))));
    }
    all.sort_by(|one, other| one.2.total_cmp(&other.2));
    all
}

/// How many readings of `theirs` lie between two of `own`, each of which must be no more than the one after it.
fn agreeing(own: &ConnectionTrace, theirs: &ConnectionTrace) -> usize {
    let own = readings(own);
    let mut agreeing = 0;
    for (id, name, time, value) in readings(theirs) {
        let same: Vec<_> = own.iter().filter(|one| (one.0, one.1) == (id, name)).collect();
        let before = same.iter().rev().find(|one| one.2 <= time);
        let after = same.iter().find(|one| one.2 >= time);
        let (Some(before), Some(after)) = (before, after) else { continue };
        assert!(
            (before.3..=after.3).contains(&value),
            "{name} of {id} was {value} at {time}, between {before:?} and {after:?} of the inspector"
        );
        agreeing += 1;
    }
    agreeing
}

#[tokio::test]
async fn chromium_s_own_records_say_the_same_as_the_inspector() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let browser = TabbedBrowser::start(BROWSER).await?;
    // It records what begins while it is open.
    let tool = browser.open("webrtc-internals", "chrome://webrtc-internals").await?;
    let is_open = "return document.getElementById('dump-click-target') !== null";
    tool.wait_for::<bool>("the tool is open", is_open).await?;
    let ada = browser.open("Ada", &link(&server.url(), "tea")).await?;
    ada.is_ready().await?;
    ada.enter().await?;
    let ben = VitrinePage::join(BROWSER, "Ben", &server.url(), "tea").await?;
    try_join(ada.receives(Flow::AudioAndVideo, 1), ben.receives(Flow::AudioAndVideo, 1)).await?;
    ada.evaluate::<()>("document.querySelector('[data-testid=inspect-tile]').click()").await?;
    let is_shown = "return document.querySelector('[data-testid=save-record]') !== null";
    ada.wait_for::<bool>("the inspector is open", is_shown).await?;
    ada.evaluate::<()>("document.querySelector('[data-testid=redact]').click()").await?;
    let record = async |page: &Tab, button: &str| -> Result<Trace> {
        Ok(recorded(&page.evaluate::<String>(&saved_by(button)).await?))
    };
    // Two streams each way, of which video has three counters and sound two.
    let enough = ENOUGH * 10;
    ada.wait_until("enough readings lie between those of the inspector", PATIENCE, async || {
        let own = record(&ada, "[data-testid=save-record]").await?;
        let Some((own, said)) = measured(&own) else { return Ok(Err("nothing is measured".to_owned())) };
        let mut counts = Vec::new();
        for button in ["#dump-click-target", "#dump-click-target-rtcstats"] {
            let theirs = record(&tool, button).await?;
            assert!(theirs.notes.is_empty(), "{button}: {:?}", theirs.notes);
            counts.push(match measured(&theirs) {
                // What a connection under way is called may change between two looks.
                Some((theirs, verdict)) if verdict == said => agreeing(own, theirs),
                _ => 0,
            });
        }
        Ok(if counts.iter().all(|count| *count >= enough) { Ok(()) } else { Err(format!("{said:?}: {counts:?}")) })
    })
    .await
}
