//! What the probe tells of a page, and the question that every call is about: does media flow?

use std::collections::{BTreeMap, HashMap};

use futures_util::future::try_join_all;
use serde::Deserialize;

use crate::{Page, Result, page::PATIENCE};

/// What one live peer connection receives.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// Tells the page's connections apart.
    pub id: u64,
    /// `connectionState`.
    pub state: String,
    /// The `<video>` that plays what is received.
    pub shown: Option<Shown>,
    /// Frames decoded.
    pub frames_decoded: u64,
    /// Bytes of audio received.
    pub audio_bytes: u64,
    /// `totalAudioEnergy`: stands still in silence.
    pub audio_energy: f64,
    /// `totalSamplesDuration`: how much audio was played, in seconds.
    pub audio_seconds: f64,
}

/// A `<video>` element.
#[derive(Clone, Debug, Deserialize)]
pub struct Shown {
    /// Whose picture it is, by the `data-peer` around it or its own id.
    pub peer: String,
    /// Whether it is not paused.
    pub playing: bool,
    /// Width of the picture in it, in pixels; 0 before the first frame.
    pub width: u32,
    /// Frames shown since the first look. Frames may be decoded for nobody: then these stand still.
    pub frames: u64,
}

/// What a page holds on to.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Peer connections ever made.
    pub created_connections: u64,
    /// Peer connections that are not closed.
    pub live_connections: u64,
    /// Captured tracks that are not ended.
    pub live_tracks: u64,
    /// Listeners added and not removed, by the kind of target.
    pub listeners: BTreeMap<String, i64>,
    /// `<video>` elements removed from the page and not collected, each with the part of the page that it was in.
    pub retained_videos: u64,
    /// Size of the table of JavaScript values that wasm holds; it grows when more are held than ever before.
    pub wasm_references: u64,
    /// Size of the wasm memory, in pages of 64 KiB.
    pub wasm_pages: u64,
    /// Script heap in use, in bytes, where the browser tells; it varies with the garbage collector's mood.
    pub script_heap_bytes: u64,
}

/// How many removed elements the garbage collector may be late with.
const COLLECTOR_LEEWAY: u64 = 4;

impl Counts {
    /// Whether the page holds on to more of anything than `before`. The script heap is the collector's business; and
    /// since what a dead script object owned in wasm is freed only when it is collected, the wasm memory's high-water
    /// mark may still rise by the one page that it grows by at least.
    pub fn has_grown_since(&self, before: &Self) -> bool {
        self.live_connections > before.live_connections
            || self.live_tracks > before.live_tracks
            || self.retained_videos > before.retained_videos + COLLECTOR_LEEWAY
            || self.wasm_references > before.wasm_references
            || self.wasm_pages > before.wasm_pages + 1
            || self.listeners.iter().any(|(target, count)| *count > before.listeners.get(target).copied().unwrap_or(0))
    }
}

/// When the steps of entering a room happened, in milliseconds of the page's clock.
pub type Timeline = BTreeMap<String, f64>;

/// What has to flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Frames that are shown, and sound that is no silence.
    AudioAndVideo,
    /// Packets of sound, be it silence; whether there are frames does not matter.
    Audio,
}

impl Page {
    /// The live peer connections.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn connections(&self) -> Result<Vec<Connection>> {
        self.evaluate("return __probe.connections()").await
    }

    /// What the page holds on to.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn counts(&self) -> Result<Counts> {
        self.evaluate("return __probe.counts()").await
    }

    /// Waits until the page has exactly `peers` connections, all connected, and on each of them frames decoded and
    /// bytes of audio received are seen to grow, with a `<video>` that plays the picture.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn receives(&self, flow: Flow, peers: usize) -> Result<()> {
        let awaited = format!("{flow:?} flows on {peers} connections");
        let mut first: HashMap<u64, Connection> = HashMap::new();
        self.wait_until(&awaited, PATIENCE, async || {
            let connections = self.connections().await?;
            for connection in &connections {
                first.entry(connection.id).or_insert_with(|| connection.clone());
            }
            let flows = |connection: &Connection| {
                let first = &first[&connection.id];
                let frames = |connection: &Connection| connection.shown.as_ref().map_or(0, |shown| shown.frames);
                let shown = frames(connection) > frames(first)
                    && connection.shown.as_ref().is_some_and(|shown| shown.playing && shown.width > 0);
                let sounds = connection.audio_energy > first.audio_energy;
                connection.state == "connected"
                    && connection.audio_bytes > first.audio_bytes
                    && (flow == Flow::Audio || shown && sounds && connection.frames_decoded > first.frames_decoded)
            };
            let good = connections.len() == peers && connections.iter().all(flows);
            Ok(if good { Ok(()) } else { Err(format!("{connections:?}, at first {first:?}")) })
        })
        .await
    }
}

/// Waits until everybody receives everybody else's frames and sound.
///
/// # Errors
/// When somebody does not.
pub async fn media_flows(pages: &[&Page]) -> Result<()> {
    try_join_all(pages.iter().map(|page| page.receives(Flow::AudioAndVideo, pages.len() - 1))).await.map(drop)
}
