//! What the probe tells of a page, and the question that every call is about: does media flow?

use std::collections::{BTreeMap, HashMap};

use futures_util::future::try_join_all;
use serde::Deserialize;

use crate::{Page, Result, Tab, page::PATIENCE};

/// What one live peer connection receives, and what plays it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// Tells the page's connections apart.
    pub id: u64,
    /// `connectionState`.
    pub state: String,
    /// Whose it is: the `data-peer` around an element that plays it, or that element's own id.
    pub peer: Option<String>,
    /// The `<video>` that plays what is received.
    pub shown: Option<Shown>,
    /// How many elements play its sound: not paused, not muted, with a live audio track.
    pub aloud: u32,
    /// Seconds that elements have played its sound aloud, by their `currentTime`, since the first look.
    pub sound_seconds: f64,
    /// Seconds that elements with a picture have played its video, by their `currentTime`, since the first look.
    pub picture_seconds: f64,
    /// Frames decoded.
    pub frames_decoded: u64,
    /// Bytes of audio received.
    pub audio_bytes: u64,
    /// `totalAudioEnergy`: stands still in silence, and while nothing plays the sound.
    pub audio_energy: f64,
    /// `totalSamplesDuration`: how much audio was played, in seconds.
    pub audio_seconds: f64,
    /// `totalSamplesReceived`: samples of audio played.
    pub audio_samples: u64,
    /// Those of them that were made up for what came late or not at all.
    pub concealed_samples: u64,
}

impl Connection {
    /// Whether its sound is heard: one element plays it, its clock has moved since `before`, and it is no silence.
    pub fn is_heard_since(&self, before: &Self) -> bool {
        // Two elements would double the sound, with an echo.
        self.aloud == 1
            && self.sound_seconds > before.sound_seconds
            && self.audio_bytes > before.audio_bytes
            && self.audio_energy > before.audio_energy + SILENCE
    }

    /// Whether its picture is seen: a `<video>` plays it, its clock has moved since `before`, and new frames were shown.
    pub fn is_seen_since(&self, before: &Self) -> bool {
        let frames = |connection: &Self| connection.shown.as_ref().map_or(0, |shown| shown.frames);
        self.shown.as_ref().is_some_and(|shown| shown.playing && shown.width > 0)
            && self.picture_seconds > before.picture_seconds
            && self.frames_decoded > before.frames_decoded
            && frames(self) > frames(before)
    }

    fn flows_since(&self, before: &Self, flow: Flow) -> bool {
        let (heard, seen) = (self.is_heard_since(before), self.is_seen_since(before));
        let wanted = match flow {
            Flow::AudioAndVideo => heard && seen,
            Flow::Audio => heard,
            Flow::Video => seen,
        };
        wanted && self.state == "connected"
    }
}

/// A `<video>` element.
#[derive(Clone, Debug, Deserialize)]
pub struct Shown {
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
    /// Captured tracks, and copies of them, that are not ended.
    pub live_tracks: u64,
    /// Calls to `clone()` of a track or stream so far.
    pub copies: u64,
    /// Restarts of ICE that were asked for so far.
    pub restarts: u64,
    /// Listeners added and not removed, by the kind of target.
    pub listeners: BTreeMap<String, i64>,
    /// `<video>` elements removed from the page and not collected, each with the part of the page that it was in.
    pub retained_videos: u64,
    /// JavaScript values that wasm holds.
    pub wasm_references: u64,
    /// Size of the wasm memory, in pages of 64 KiB.
    pub wasm_pages: u64,
    /// Script heap in use, in bytes, where the browser tells; it varies with the garbage collector's mood.
    pub script_heap_bytes: u64,
}

/// The energy that the rounding of silence may have. The tones of the fake microphones have far more each second.
const SILENCE: f64 = 1e-4;

/// How many removed elements the garbage collector may be late with.
const COLLECTOR_LEEWAY: u64 = 4;

/// References that a timer or a message under way may hold for a moment: the count of an idle page varies by a dozen. A
/// reference leaked in each of forty rounds is far above it.
const REFERENCE_LEEWAY: u64 = 20;

impl Counts {
    /// Whether the page holds on to more of anything than `before`. The script heap is the collector's business; and
    /// since what a dead script object owned in wasm is freed only when it is collected, the wasm memory's high-water
    /// mark may still rise by the one page that it grows by at least.
    pub fn has_grown_since(&self, before: &Self) -> bool {
        self.live_connections > before.live_connections
            || self.live_tracks > before.live_tracks
            || self.retained_videos > before.retained_videos + COLLECTOR_LEEWAY
            || self.wasm_references > before.wasm_references + REFERENCE_LEEWAY
            || self.wasm_pages > before.wasm_pages + 1
            || self.listeners.iter().any(|(target, count)| *count > before.listeners.get(target).copied().unwrap_or(0))
    }
}

/// When the steps of entering a room happened, in milliseconds of the page's clock.
pub type Timeline = BTreeMap<String, f64>;

/// Captured tracks that are not ended, copies of them included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Alive {
    /// Of microphones.
    pub audio: u64,
    /// Of cameras and displays.
    pub video: u64,
}

/// What has to flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Frames that are shown, and sound that is heard.
    AudioAndVideo,
    /// Sound that is heard; whether there are frames does not matter.
    Audio,
    /// Frames that are shown; whether there is sound does not matter.
    Video,
}

/// Whether media flows, from look to look.
#[derive(Default)]
struct Watch {
    /// The connections as they were when they were first seen.
    first: HashMap<u64, Connection>,
}

impl Watch {
    /// Whether what has to flow was seen to be played on the connections that `choose` picks; what there is, if not.
    fn look(
        &mut self,
        connections: Vec<Connection>,
        flow: Flow,
        choose: impl Fn(Vec<Connection>) -> Option<Vec<Connection>>,
    ) -> std::result::Result<(), String> {
        for connection in &connections {
            self.first.entry(connection.id).or_insert_with(|| connection.clone());
        }
        let first = &self.first;
        let seen = format!("{connections:?}, at first {first:?}");
        let flows = |connection: &Connection| connection.flows_since(&first[&connection.id], flow);
        let good = choose(connections).is_some_and(|chosen| chosen.iter().all(flows));
        if good { Ok(()) } else { Err(seen) }
    }
}

fn exactly(peers: usize) -> impl Fn(Vec<Connection>) -> Option<Vec<Connection>> {
    move |all| (all.len() == peers).then_some(all)
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

    /// Captured tracks that are not ended.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn alive(&self) -> Result<Alive> {
        self.evaluate("return __probe.alive()").await
    }

    /// Waits until the page has exactly `peers` connections, all connected, and what has to flow is seen to be played
    /// on each of them.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn receives(&self, flow: Flow, peers: usize) -> Result<()> {
        self.flows(&format!("{flow:?} flows on {peers} connections"), flow, exactly(peers)).await
    }

    /// Waits until what has to flow is seen to be played on the connections that `choose` picks from the live ones, as
    /// soon as it picks any.
    pub(crate) async fn flows(
        &self,
        awaited: &str,
        flow: Flow,
        choose: impl Fn(Vec<Connection>) -> Option<Vec<Connection>>,
    ) -> Result<()> {
        let mut watch = Watch::default();
        self.wait_until(awaited, PATIENCE, async || Ok(watch.look(self.connections().await?, flow, &choose))).await
    }

    /// Waits until what has to flow is seen to be played on this connection.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn plays(&self, flow: Flow, connection: u64) -> Result<()> {
        let awaited = format!("{flow:?} flows on connection {connection}");
        self.flows(&awaited, flow, |all| {
            all.into_iter().find(|one| one.id == connection).map(|connection| vec![connection])
        })
        .await
    }
}

impl Tab {
    /// As [`Page::receives`].
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn receives(&self, flow: Flow, peers: usize) -> Result<()> {
        let mut watch = Watch::default();
        self.wait_until(&format!("{flow:?} flows on {peers} connections"), PATIENCE, async || {
            Ok(watch.look(self.connections().await?, flow, exactly(peers)))
        })
        .await
    }

    /// As [`Page::connections`].
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn connections(&self) -> Result<Vec<Connection>> {
        self.evaluate("return __probe.connections()").await
    }

    /// As [`Page::counts`]; what nobody holds on to is collected before.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn counts(&self) -> Result<Counts> {
        self.evaluate("return __probe.counts()").await
    }
}

/// Waits until everybody sees and hears everybody else.
///
/// # Errors
/// When somebody does not.
pub async fn media_flows(pages: &[&Page]) -> Result<()> {
    try_join_all(pages.iter().map(|page| page.receives(Flow::AudioAndVideo, pages.len() - 1))).await.map(drop)
}
