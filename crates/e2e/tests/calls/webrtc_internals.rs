//! What Chromium's own tool, `webrtc-internals`, has recorded of a call, and what the inspector has: the same numbers, and the
//! same verdict.

use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::future::try_join;
use vitrine_e2e::{Browser, Flow, PATIENCE, Result, Site, Tab, TabbedBrowser, VitrinePage, VitrineServer, link};
use vitrine_insight::{
    rules::explain,
    stats::{InboundRtpStats, OutboundRtpStats, Stats},
    trace::{ConnectionTrace, Sample, Trace},
};

use crate::half;

const BROWSER: Browser = Browser::ChromiumSmallCamera;

/// Samples that must lie between those of the other record.
const ENOUGH: usize = 5;

/// Lets the tool save what the button `id` saves, and returns it in Base64.
fn saved_by_button(id: &str) -> String {
    format!(
        "HTMLAnchorElement.prototype.click = () => {{}};
        const blob = await new Promise((resolve) => {{
            URL.createObjectURL = (blob) => {{ resolve(blob); return '#' }};
            document.getElementById({id:?}).click();
        }});
        return new Uint8Array(await blob.arrayBuffer()).toBase64()"
    )
}

/// Lets the inspector save the whole record.
const SAVED_BY_INSPECTOR: &str = "
    const press = (id) => document.querySelector(`[data-testid=${id}]`).click();
    const { createObjectURL } = URL;
    const { click } = HTMLAnchorElement.prototype;
    const blob = await new Promise((resolve) => {
        URL.createObjectURL = (blob) => { resolve(blob); return '#' };
        HTMLAnchorElement.prototype.click = () => {};
        press('save-record');
    });
    URL.createObjectURL = createObjectURL;
    HTMLAnchorElement.prototype.click = click;
    return blob.text()";

fn unpacked(base64: &str) -> Trace {
    let bytes = BASE64_STANDARD.decode(base64).unwrap_or_else(|error| panic!("{error}: {base64}"));
    Trace::read_file(bytes).unwrap_or_else(|error| panic!("{error}"))
}

/// The one connection over which something arrived.
fn measured(trace: &Trace) -> Option<&ConnectionTrace> {
    let receives = |sample: &Sample| sample.reports.iter().any(|report| matches!(report, Stats::InboundRtp(_)));
    trace.connections.iter().find(|one| one.samples.iter().any(|sample| receives(sample)))
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
    let records = async |own: &Tab| -> Result<_> {
        let dump: String = tool.evaluate(&saved_by_button("dump-click-target")).await?;
        let packed: String = tool.evaluate(&saved_by_button("dump-click-target-rtcstats")).await?;
        let own: String = own.evaluate(SAVED_BY_INSPECTOR).await?;
        Ok((Trace::read(&own).unwrap_or_else(|error| panic!("{error}")), [unpacked(&dump), unpacked(&packed)]))
    };
    let (own, theirs) = ada
        .wait_until("all have recorded some seconds", PATIENCE, async || {
            let (own, theirs) = records(&ada).await?;
            let counts: Vec<_> = [&own, &theirs[0], &theirs[1]]
                .map(|trace| measured(trace).map_or(0, |connection| connection.samples.len()))
                .into();
            Ok(if counts.iter().all(|count| *count > ENOUGH) { Ok((own, theirs)) } else { Err(format!("{counts:?}")) })
        })
        .await?;
    let verdict = |trace: &Trace, pc: &str| {
        explain(trace).connections.into_iter().find(|one| one.pc == pc).map(|one| (one.verdict, one.findings.len()))
    };
    let [Some(mine), Some(dump), Some(packed)] = [&own, &theirs[0], &theirs[1]].map(measured) else {
        panic!("each has recorded the connection");
    };
    let said = verdict(&own, &mine.id);
    for (name, trace, connection) in [("dump", &theirs[0], dump), ("rtcstats dump", &theirs[1], packed)] {
        let agreeing = agreeing(mine, connection);
        // Two streams each way, of which video has three counters and sound two.
        assert!(agreeing >= ENOUGH * 10, "{name}: {agreeing} readings lie between those of the inspector");
        assert_eq!(verdict(trace, &connection.id), said, "{name}");
        assert!(trace.notes.is_empty(), "{name}: {:?}", trace.notes);
    }
    Ok(())
}
