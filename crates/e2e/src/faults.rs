//! What tests of bad luck ask a page and do to it: whether tiles, connections and frames are still the same, and
//! everything that happens to a page or its browser without anybody pressing a button.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use crate::{Page, Result, page::PATIENCE};

/// A tile, told apart from others by its node.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TileNode {
    /// Numbers the page's nodes: the same number is the same node.
    pub node: u64,
    /// The participant's id.
    pub peer: String,
    /// State of the connection.
    pub state: String,
    /// The name shown.
    pub name: String,
    /// The words about the state, if there are any.
    #[serde(default)]
    pub words: Option<String>,
    /// Whether it offers to try again.
    #[serde(default)]
    pub retry: bool,
    /// Width of the picture in it, in pixels.
    #[serde(default)]
    pub width: u32,
}

/// The tiles that there were at once, from a time on.
#[derive(Clone, Debug, Deserialize)]
pub struct Scene {
    /// In milliseconds of the page's clock.
    pub at: f64,
    /// The tiles.
    pub tiles: Vec<TileNode>,
}

/// Frames on one connection, or on all, since the clock was started; times in milliseconds.
#[derive(Clone, Debug, Deserialize)]
pub struct Frames {
    /// How many were shown.
    pub frames: u64,
    /// The longest time without one, the time since the last one included.
    pub longest: f64,
    /// The time since the last one.
    pub since: f64,
    /// When the first one was shown, by the page's clock.
    pub first: Option<f64>,
}

/// The page's frames by connection.
#[derive(Clone, Debug, Deserialize)]
pub struct FrameClock {
    /// From anybody.
    pub any: Frames,
    /// By the connection's id.
    #[serde(flatten)]
    pub connections: BTreeMap<String, Frames>,
}

/// A transceiver.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transceiver {
    /// The media section it belongs to; none before one was negotiated.
    pub mid: Option<String>,
    /// `audio` or `video`.
    pub kind: String,
    /// As wished for.
    pub direction: String,
    /// As negotiated; none before it was.
    pub current_direction: Option<String>,
    /// Whether it has a track to send.
    pub sends: bool,
}

/// How far a connection's negotiation has come.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NegotiationState {
    /// `signalingState`.
    pub signaling: String,
    /// `iceConnectionState`.
    pub ice: String,
    /// The ICE generation, as each side names it.
    pub local_fragment: Option<String>,
    /// The other side's.
    pub remote_fragment: Option<String>,
    /// How long this side's description is.
    pub description_bytes: usize,
}

/// A candidate of the other side that was given to the browser.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct AddedCandidate {
    /// Its attribute, without the priority.
    pub line: String,
    /// The generation that it names.
    pub fragment: Option<String>,
    /// `added`, or the error's name; `None` while the browser is at it.
    pub outcome: Option<String>,
}

/// The candidate pair that media takes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Path {
    /// This end.
    pub local: PathEnd,
    /// The other end.
    pub remote: PathEnd,
}

/// One end of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PathEnd {
    /// IP address; empty where the browser keeps it to itself, as it does of a `prflx` other end.
    pub address: String,
    /// `host`, `srflx`, `prflx` or `relay`.
    #[serde(rename = "type")]
    pub kind: String,
    /// How this end's relay is spoken to: `udp`, `tcp` or `tls`; none where it has none, or is the other end.
    pub relay_protocol: Option<String>,
}

/// What makes a participant and its connection the same as before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The ids of the live connections.
    pub connections: Vec<u64>,
    /// Name and node of each tile.
    pub tiles: Vec<(String, u64)>,
}

impl Page {
    /// The tiles, with their nodes.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn tile_nodes(&self) -> Result<Vec<TileNode>> {
        self.evaluate("return __probe.tiles()").await
    }

    /// Every set of tiles that there ever was.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn tile_history(&self) -> Result<Vec<Scene>> {
        self.evaluate("return __probe.tileHistory()").await
    }

    /// Waits until the tiles, with their nodes, are as `wanted`.
    ///
    /// # Errors
    /// When that does not come about `within` the time.
    pub async fn wait_for_tile_nodes(
        &self,
        awaited: &str,
        within: Duration,
        wanted: impl Fn(&[TileNode]) -> bool,
    ) -> Result<Vec<TileNode>> {
        self.wait_until(awaited, within, async || {
            let tiles = self.tile_nodes().await?;
            Ok(if wanted(&tiles) { Ok(tiles) } else { Err(format!("{tiles:?}")) })
        })
        .await
    }

    /// Which connections and tiles there are.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn identity(&self) -> Result<Identity> {
        let connections = self.connections().await?.iter().map(|connection| connection.id).collect();
        let tiles = self.tile_nodes().await?.into_iter().map(|tile| (tile.name, tile.node)).collect();
        Ok(Identity { connections, tiles })
    }

    /// Starts counting frames anew; returns the time by the page's clock.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn start_frame_clock(&self) -> Result<f64> {
        self.evaluate("return __probe.startFrameClock()").await
    }

    /// The frames since then.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn frame_clock(&self) -> Result<FrameClock> {
        self.evaluate("return __probe.frameClock()").await
    }

    /// Waits until the page has shown so many frames that its browser knows their pace: one that has seen a few only
    /// misjudges when those after a gap are due, and shows them up to three seconds late.
    ///
    /// # Errors
    /// When they do not come in time.
    pub async fn knows_the_pace(&self) -> Result<()> {
        const FRAMES: u64 = 60;
        self.start_frame_clock().await?;
        self.wait_until("the call has gone on for a while", PATIENCE, async || {
            let clock = self.frame_clock().await?;
            Ok(if clock.any.frames >= FRAMES { Ok(()) } else { Err(format!("{clock:?}")) })
        })
        .await
    }

    /// When the first frame after `time` was shown, both by the page's clock.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn frame_after(&self, time: f64) -> Result<Option<f64>> {
        self.evaluate(&format!("return __probe.frameAfter({time})")).await
    }

    /// The transceivers of a connection.
    ///
    /// # Errors
    /// When there is no such connection.
    pub async fn transceivers(&self, connection: u64) -> Result<Vec<Transceiver>> {
        self.evaluate(&format!("return __probe.transceivers({connection})")).await
    }

    /// Sends one track more on a connection, behind the app's back: the browser asks for negotiation.
    ///
    /// # Errors
    /// When there is no such connection.
    pub async fn add_track(&self, connection: u64) -> Result<()> {
        self.evaluate(&format!("__probe.addTrackTo({connection})")).await
    }

    /// Adds media sections in which nothing is sent, behind the app's back: the browser asks for negotiation.
    ///
    /// # Errors
    /// When there is no such connection.
    pub async fn add_sections(&self, connection: u64, count: usize) -> Result<()> {
        self.evaluate(&format!("__probe.addSectionsTo({connection}, {count})")).await
    }

    /// Keeps the page's thread busy for this long, as a page does that is too slow for its machine.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn block(&self, time: Duration) -> Result<()> {
        let milliseconds = time.as_millis();
        self.evaluate(&format!("const end = performance.now() + {milliseconds}; while (performance.now() < end);"))
            .await
    }

    /// Pauses every element that plays somebody else, as browsers do for reasons of their own.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn pause_others(&self) -> Result<()> {
        self.evaluate(
            "document.querySelectorAll('[data-peer] :is(video, audio)').forEach((element) => element.pause())",
        )
        .await
    }

    /// Restarts ICE on a connection, behind the app's back: the browser asks for negotiation.
    ///
    /// # Errors
    /// When there is no such connection.
    pub async fn restart_ice(&self, connection: u64) -> Result<()> {
        self.evaluate(&format!("__probe.restartIce({connection})")).await
    }

    /// How far a connection's negotiation has come.
    ///
    /// # Errors
    /// When there is no such connection.
    pub async fn negotiation(&self, connection: u64) -> Result<NegotiationState> {
        self.evaluate(&format!("return __probe.negotiation({connection})")).await
    }

    /// Every candidate of the other side that the app has given to a connection.
    ///
    /// # Errors
    /// When there is no such connection.
    pub async fn candidates_added(&self, connection: u64) -> Result<Vec<AddedCandidate>> {
        self.evaluate(&format!("return __probe.candidatesAdded({connection})")).await
    }

    /// Packets received, by media section.
    ///
    /// # Errors
    /// When there is no such connection.
    pub async fn packets_by_mid(&self, connection: u64) -> Result<BTreeMap<String, u64>> {
        self.evaluate(&format!("return __probe.packetsByMid({connection})")).await
    }

    /// The path that media takes, once one is selected.
    ///
    /// # Errors
    /// When there is no such connection.
    pub async fn selected_path(&self, connection: u64) -> Result<Option<Path>> {
        self.evaluate(&format!("return __probe.selectedPath({connection})")).await
    }

    /// Closes a connection behind the app's back.
    ///
    /// # Errors
    /// When there is no such connection.
    pub async fn close_connection(&self, connection: u64) -> Result<()> {
        self.evaluate(&format!("__probe.closeConnection({connection})")).await
    }

    /// Writes `text` into the control channel to the other side, behind the app's back, `times` over.
    ///
    /// # Errors
    /// When the channel is not open.
    pub async fn send_control(&self, connection: u64, text: &str, times: usize) -> Result<()> {
        let text = serde_json::Value::from(text);
        self.evaluate(&format!(
            "for (let count = 0; count < {times}; count += 1) __probe.sendControl({connection}, {text})"
        ))
        .await
    }

    /// From now on everything sent over a control channel takes a random time up to `longest`, each on its own, but never
    /// overtakes another.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn delay_control(&self, longest: Duration) -> Result<()> {
        self.evaluate(&format!("__probe.delayControl({})", longest.as_millis())).await
    }

    /// From now on the control channels are behind with what they were given; returns how many messages that is.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn congest_control(&self) -> Result<u64> {
        self.evaluate("return __probe.congestControl()").await
    }

    /// How many WebSockets the page has opened or tried to.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn sockets(&self) -> Result<usize> {
        self.evaluate("return __probe.sockets()").await
    }

    /// The first message that the other side sent over the control channel.
    ///
    /// # Errors
    /// When none came.
    pub async fn greeting(&self, connection: u64) -> Result<String> {
        self.wait_for("the other side has introduced itself", &format!("return __probe.greeting({connection})")).await
    }

    /// How many of the lines on the page's console say this.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn console_says(&self, what: &str) -> Result<usize> {
        let what = serde_json::Value::from(what);
        self.evaluate(&format!("return __probe.console().filter((line) => line.includes({what})).length")).await
    }

    /// How many lines the page has ever written to its console.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn console_lines(&self) -> Result<usize> {
        self.evaluate("return __probe.consoleLines()").await
    }

    /// The time by the page's clock, in milliseconds.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn now(&self) -> Result<f64> {
        self.evaluate("return performance.now()").await
    }

    /// Waits until nobody of this name is shown, and returns for how long after `since` somebody was, in milliseconds
    /// of the page's clock.
    ///
    /// # Errors
    /// When the tile stays.
    pub async fn shown_after(&self, name: &str, since: f64) -> Result<f64> {
        let awaited = format!("{name}'s tile is gone");
        self.wait_for_tile_nodes(&awaited, PATIENCE, |tiles| tiles.iter().all(|tile| tile.name != name)).await?;
        let history = self.tile_history().await?;
        let shown = |scene: &Scene| scene.tiles.iter().any(|tile| tile.name == name);
        let gone = history.iter().rev().take_while(|scene| !shown(scene)).last().map_or(since, |scene| scene.at);
        Ok(gone - since)
    }

    /// Unplugs a device (`audio` or `video`) as far as a page can tell: its track ends, and asking for it fails with
    /// the `DOMException` of the name `failure`.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn lose_device(&self, kind: &str, failure: &str) -> Result<()> {
        self.evaluate(&format!("__probe.loseDevice('{kind}', '{failure}')")).await
    }

    /// Unplugs a device while there is another one of its kind.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn change_device(&self, kind: &str) -> Result<()> {
        self.evaluate(&format!("__probe.loseDevice('{kind}', null)")).await
    }

    /// Plugs it in again.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn return_device(&self, kind: &str) -> Result<()> {
        self.evaluate(&format!("__probe.returnDevice('{kind}')")).await
    }

    /// Reloads the page, and enters from inside as soon as that can be done.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn reload_and_enter(&self) -> Result<()> {
        self.evaluate("__probe.reloadAndEnter()").await
    }

    /// Waits until negotiation rests on this connection.
    ///
    /// # Errors
    /// When it does not come to rest in time.
    pub async fn is_negotiated(&self, connection: u64, sections: usize) -> Result<Vec<Transceiver>> {
        let awaited = format!("all of {sections} media sections are negotiated");
        self.wait_until(&awaited, PATIENCE, async || {
            let (state, transceivers) = (self.negotiation(connection).await?, self.transceivers(connection).await?);
            let settled = transceivers.iter().all(|one| one.mid.is_some() && one.current_direction.is_some());
            let good = settled && transceivers.len() == sections && state.signaling == "stable";
            Ok(if good { Ok(transceivers) } else { Err(format!("{state:?}, {transceivers:?}")) })
        })
        .await
    }

    /// The lines of the page's console that tell of something nobody took care of.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn uncaught(&self) -> Result<Vec<String>> {
        let lines: Vec<String> = self.evaluate("return __probe.console()").await?;
        let bad = [" uncaught: ", " unhandled: ", " error: "];
        Ok(lines.into_iter().filter(|line| bad.iter().any(|bad| line.contains(bad))).collect())
    }
}
