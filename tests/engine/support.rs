//! Helpers of the browser tests. The fakes are in `page.js`.

use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use futures_util::{
    StreamExt,
    future::{Either, select},
};
use gloo_timers::future::TimeoutFuture;
use vitrine::{
    call::{Call, CallState, Command, ConnectionState, DeviceState, Intent, SignalingState},
    config::Config,
};
use vitrine_protocol::signaling::IceServer;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/tests/page.js")]
extern "C" {
    pub fn install();
    pub fn uninstall();
    pub fn unplug(stream: &web_sys::MediaStream, kind: &str);
    pub fn change_default_microphone(stream: &web_sys::MediaStream) -> bool;
    pub fn hold_devices();
    pub fn release_devices();
    pub fn set_permission(state: &str);
    pub fn live_tracks() -> String;
    pub fn enabled_tracks() -> String;
    pub fn block_thread(milliseconds: u32);
    pub fn restarts() -> u32;
    async fn web_audio_runs() -> JsValue;
    pub fn fail_devices(kinds: Vec<String>, name: &str);
    pub fn fail_device(id: &str, name: &str);
    pub fn sent_tracks() -> String;
    pub fn set_reachable(reachable: bool);
    pub fn set_answering(answering: bool);
    pub fn set_acknowledging(acknowledging: bool);
    pub fn set_heartbeat(interval: u32, timeout: u32);
    pub fn refuse_entry(code: Option<String>);
    pub fn fake_relays(behaviour: &str);
    pub fn reports_candidate_errors() -> bool;
    pub fn set_ice_servers(text: &str, lifetime: Option<u32>);
    pub fn disable_ice_servers();
    pub fn record_warnings();
    pub fn has_warned(text: &str) -> bool;
    pub fn configured_urls() -> Vec<String>;
    pub fn deliver(text: &str);
    pub fn received(prefix: &str) -> u32;
    pub fn open_connections() -> u32;
    pub fn fail_calls(what: Vec<String>);
    pub fn add_sections(count: u32);
    pub fn negotiated_sections() -> Vec<u32>;
    pub async fn least_received() -> JsValue;
    pub fn most_media_sections() -> u32;
    pub fn count_listeners();
    pub fn listeners_left() -> String;
    pub fn open_sockets() -> u32;
    pub fn stop_counting_listeners();
}

/// Longest wait for a state, in milliseconds.
const TIMEOUT: u32 = 20_000;

/// Installs the fakes; removes them on drop.
pub struct Page;

impl Page {
    pub fn new() -> Self {
        install();
        Self
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        uninstall();
    }
}

/// A running call and its published states.
pub struct Participant {
    pub call: Call,
    states: UnboundedReceiver<CallState>,
    pub state: CallState,
}

impl Participant {
    pub fn start() -> Self {
        Self::with_ice_servers(Vec::new())
    }

    /// Starts with these ICE servers in the page's configuration.
    pub fn with_ice_servers(ice_servers: Vec<IceServer>) -> Self {
        let (sender, states) = unbounded();
        let config = Config { signaling_url: "ws://in.page/".to_owned(), ice_servers };
        let call = Call::start(config, move |state| {
            let _ = sender.unbounded_send(state);
        });
        Self { call, states, state: CallState::default() }
    }

    /// Waits until the published state satisfies `reached`.
    pub async fn until(&mut self, what: &str, reached: impl Fn(&CallState) -> bool) {
        let mut timeout = TimeoutFuture::new(TIMEOUT);
        while !reached(&self.state) {
            match select(self.states.next(), timeout).await {
                Either::Left((Some(state), rest)) => {
                    self.state = state;
                    timeout = rest;
                }
                _ => panic!("timed out waiting for {what}; the state is {:#?}", self.state),
            }
        }
    }

    /// Waits until both devices are on or failed, so that the call begins with its final tracks.
    pub async fn devices_settled(&mut self) {
        self.until("devices", |state| {
            ![&state.local.microphone, &state.local.camera].iter().any(|it| matches!(it, DeviceState::Asking { .. }))
        })
        .await;
    }

    pub async fn online(&mut self) {
        self.until("signaling", |state| state.signaling == SignalingState::Online).await;
    }

    pub fn enter(&self, name: &str, intent: Intent) {
        self.call.send(Command::Enter { name: name.to_owned(), room: "room".to_owned(), intent });
    }

    /// Waits until exactly `others` are connected and their names are known.
    pub async fn connected_to(&mut self, others: &[&str]) {
        self.until(&format!("a connection to {others:?}"), |state| {
            let mut names: Vec<_> = state.peers.iter().filter_map(|peer| peer.name.as_deref()).collect();
            names.sort_unstable();
            names == others
                && state.peers.len() == others.len()
                && state.peers.iter().all(|peer| peer.connection == ConnectionState::Connected)
        })
        .await;
    }
}

/// Two participants in one room, connected.
pub async fn two_in_a_call() -> (Participant, Participant) {
    let (mut ann, mut bob) = (Participant::start(), Participant::start());
    ann.devices_settled().await;
    bob.devices_settled().await;
    ann.enter("Ann", Intent::Create);
    ann.until("the room", |state| state.stage == vitrine::call::Stage::InCall).await;
    bob.enter("Bob", Intent::Join);
    ann.connected_to(&["Bob"]).await;
    bob.connected_to(&["Ann"]).await;
    (ann, bob)
}

/// Frames decoded and audio bytes received of the connection that received least.
pub async fn received_media() -> (f64, f64) {
    let pair: js_sys::Array = least_received().await.unchecked_into();
    (pair.get(0).as_f64().unwrap_or(0.0), pair.get(1).as_f64().unwrap_or(0.0))
}

/// Waits until every open connection has decoded more frames and received more audio than now.
pub async fn media_flows() {
    let (frames, bytes) = received_media().await;
    until("media on every connection", async || {
        let (more_frames, more_bytes) = received_media().await;
        more_frames > frames && more_bytes > bytes
    })
    .await;
}

/// Checks every 16 ms until `reached`.
pub async fn until(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    let start = vitrine::browser::now();
    while !reached().await {
        assert!(vitrine::browser::now() - start < f64::from(TIMEOUT), "timed out waiting for {what}");
        TimeoutFuture::new(16).await;
    }
}

/// Whether Web Audio runs here. Only Firefox may say no: on a machine without a sound device.
pub async fn measures_sound() -> bool {
    let runs = web_audio_runs().await.is_truthy();
    let browser = web_sys::window().unwrap().navigator().user_agent().unwrap();
    assert!(runs || browser.contains("Firefox"), "{browser} runs no Web Audio");
    runs
}
