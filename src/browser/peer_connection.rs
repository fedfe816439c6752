//! One `RTCPeerConnection`: its listeners, its queue of asynchronous operations, its media and its control channel.
//! It reports everything as a [`PeerConnectionEvent`] and decides nothing.

use std::cell::OnceCell;

use futures_channel::mpsc::{UnboundedSender, unbounded};
use vitrine_protocol::signaling::{IceCandidate, IceServer, SessionDescription};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    MediaStream, MediaStreamTrack, RtcConfiguration, RtcIceTransportPolicy, RtcPeerConnection, RtcRtpTransceiver,
    RtcRtpTransceiverInit,
};

use super::{
    ControlChannel, JsError, Listener, MediaKind, ReceivedLevel, Task,
    externs::{Connection, Sender, Transceiver},
    ice_servers::with_usable,
    json,
    operations::{Operation, run_operations},
    peer_connection_event::PeerConnectionEvent,
    peer_connection_listeners::listen,
    screen_sections::{OutgoingScreen, ScreenSections},
    statistics,
};

/// The media that this side sends to every peer.
#[derive(Clone)]
pub struct OutgoingMedia {
    /// Gives the tracks one stream id (`msid`) in every description, so that the peer sees one stream.
    pub stream: MediaStream,
    /// The microphone's track, if the microphone can be used.
    pub audio: Option<MediaStreamTrack>,
    /// The camera's track, while the camera is on.
    pub video: Option<MediaStreamTrack>,
}

impl OutgoingMedia {
    /// The track of this kind.
    pub fn track(&self, kind: MediaKind) -> Option<&MediaStreamTrack> {
        match kind {
            MediaKind::Audio => self.audio.as_ref(),
            MediaKind::Video => self.video.as_ref(),
        }
    }
}

/// A peer connection; closed on drop.
pub struct PeerConnection {
    // In the order in which they are dropped: listeners and operations first, so that nothing is called back while
    // the connection closes.
    listeners: Vec<Listener>,
    operations: UnboundedSender<Operation>,
    worker: Option<Task>,
    /// The current reading of statistics, or the last one.
    reading: Option<Task>,
    control: Option<ControlChannel>,
    screen: ScreenSections,
    /// How loud the peer is, once there is a media section for its sound.
    level: OnceCell<ReceivedLevel>,
    /// The configuration of the connection. `setConfiguration()` may change nothing but the ICE servers.
    configuration: RtcConfiguration,
    relay_only: bool,
    connection: Connection,
}

/// Generates a certificate for all connections of this page, which also starts the WebRTC parts that browsers start
/// late. `None` if that fails; then each connection generates its own.
pub async fn make_certificate() -> Option<JsValue> {
    if !super::has_webrtc() {
        return None;
    }
    let algorithm = js_sys::JSON::parse(r#"{"name":"ECDSA","namedCurve":"P-256"}"#).ok()?;
    let made = RtcPeerConnection::generate_certificate_with_object(algorithm.unchecked_ref()).ok()?;
    JsFuture::from(made).await.ok()
}

impl PeerConnection {
    /// Creates a connection that reports to `sink`. It uses those of `ice_servers` that the browser accepts, only
    /// relayed candidates if `relay_only`, and `certificate` or a new one.
    ///
    /// # Errors
    /// The constructor's exception, unless it is about an ICE server.
    pub fn new(
        ice_servers: &[IceServer],
        relay_only: bool,
        certificate: Option<&JsValue>,
        sink: impl Fn(PeerConnectionEvent) + Clone + 'static,
    ) -> Result<Self, JsError> {
        let configuration = configuration_with(relay_only, certificate);
        let connection = with_usable(ice_servers, |servers| {
            configuration.set_ice_servers(&json::to_js(servers)?);
            Ok(RtcPeerConnection::new_with_configuration(&configuration)?.unchecked_into())
        })?;
        Ok(Self::with(configuration, relay_only, connection, sink))
    }

    fn with(
        configuration: RtcConfiguration,
        relay_only: bool,
        connection: Connection,
        sink: impl Fn(PeerConnectionEvent) + Clone + 'static,
    ) -> Self {
        let (operations, queue) = unbounded();
        let worker = Some(Task::spawn(run_operations(connection.clone(), queue, sink.clone())));
        let listeners = listen(&connection, &sink);
        let (control, screen, level) = (None, ScreenSections::default(), OnceCell::new());
        Self {
            listeners,
            operations,
            worker,
            reading: None,
            control,
            screen,
            level,
            configuration,
            relay_only,
            connection,
        }
    }

    /// Whether it uses relays only, so that the peer does not learn this side's address.
    pub fn is_relay_only(&self) -> bool {
        self.relay_only
    }

    /// Replaces the ICE servers by those of these that the browser accepts. They are used from the next ICE restart on
    /// (webrtc-pc §4.4.1.6, RFC 9429 §4.1.18).
    ///
    /// # Errors
    /// The exception of `setConfiguration()`, unless it is about an ICE server.
    pub fn set_ice_servers(&self, ice_servers: &[IceServer]) -> Result<(), JsError> {
        with_usable(ice_servers, |servers| {
            self.configuration.set_ice_servers(&json::to_js(servers)?);
            Ok(self.connection.set_configuration_with_configuration(&self.configuration)?)
        })
    }

    /// Reads the reports of `getStats()` whose `type` is `wanted`, and hands them to `sink` as
    /// [`PeerConnectionEvent::Stats`]. Reports that cannot be parsed are left out. Cancels a reading that is still
    /// running.
    pub fn read_stats(&mut self, wanted: fn(&str) -> bool, sink: impl Fn(PeerConnectionEvent) + 'static) {
        let answer = self.connection.get_stats();
        self.reading = Some(Task::spawn(async move {
            // A connection that was closed meanwhile has no statistics.
            let report = JsFuture::from(answer).await.ok();
            let reports = report.map(|report| statistics::read(&report.unchecked_into(), wanted));
            sink(PeerConnectionEvent::Stats(reports.unwrap_or_default()));
        }));
    }

    /// The ICE servers that it is configured with.
    pub fn ice_servers(&self) -> Vec<IceServer> {
        let servers = js_sys::Reflect::get(&self.configuration, &"iceServers".into()).unwrap_or_default();
        json::from_js(servers).unwrap_or_default()
    }

    /// Whether this browser reports ICE servers that fail (`icecandidateerror`).
    pub fn reports_candidate_errors(&self) -> bool {
        js_sys::Reflect::has(&self.connection, &"onicecandidateerror".into()).unwrap_or_default()
    }

    /// Prepares the media sections of a first offer: one for each kind of media, with its track if there is one. A
    /// device that is switched on later then needs no negotiation.
    ///
    /// # Errors
    /// The first exception of `addTrack()` or `addTransceiver()`. The other kind is prepared nevertheless.
    pub fn offer_media(&self, media: &OutgoingMedia) -> Result<(), JsError> {
        let mut prepared = Ok(());
        for kind in [MediaKind::Audio, MediaKind::Video] {
            let added = media.track(kind).map(|track| self.connection.try_add_track(track, &media.stream));
            if let Some(Ok(_)) = added {
                continue;
            }
            let failed = added.map_or(Ok(()), |added| added.map(drop));
            let init = RtcRtpTransceiverInit::new();
            init.set_streams(&js_sys::Array::of1(&media.stream).unchecked_into());
            let reserved = self.connection.try_add_transceiver(kind.name(), &init).map(drop);
            prepared = prepared.and(failed).and(reserved);
        }
        Ok(prepared?)
    }

    /// Fills the media sections that the peer offered, after its offer is set and before the answer. This side sends in
    /// the first section of each kind.
    ///
    /// # Errors
    /// The first exception of `addTrack()` or of the setter of `direction`. The other kind is filled nevertheless.
    pub fn answer_media(&self, media: &OutgoingMedia) -> Result<(), JsError> {
        let mut filled = Ok(());
        for kind in [MediaKind::Audio, MediaKind::Video] {
            let first = self.transceivers(kind).find(|transceiver| transceiver.mid().is_some());
            // A section that was negotiated before is filled already.
            let Some(transceiver) = first.filter(|transceiver| transceiver.current_direction().is_none()) else {
                continue;
            };
            // `addTrack()` takes the section at once, while `replaceTrack()` is asynchronous.
            if let Some(track) = media.track(kind) {
                filled = filled.and(self.connection.try_add_track(track, &media.stream).map(drop));
                continue;
            }
            filled = filled.and(transceiver.unchecked_ref::<Transceiver>().try_set_direction("sendrecv"));
            if let Err(error) = transceiver.sender().unchecked_ref::<Sender>().set_streams(&media.stream) {
                super::log(&format!("setStreams is not available: {}", JsError::from(error)));
            }
        }
        Ok(filled?)
    }

    /// How loud the peer's microphone is; `None` before there is a media section for it.
    pub fn received_level(&self) -> Option<ReceivedLevel> {
        if self.level.get().is_none() {
            let transceiver = self.transceivers(MediaKind::Audio).next()?;
            let _ = self.level.set(ReceivedLevel::new(transceiver.receiver()));
        }
        self.level.get().cloned()
    }

    /// Replaces the track of this kind that is sent; `None` sends nothing. Needs no negotiation.
    pub fn replace_track(&self, kind: MediaKind, track: Option<&MediaStreamTrack>) {
        if let Some(transceiver) = self.transceivers(kind).next() {
            self.enqueue(Operation::ReplaceTrack(transceiver.sender().unchecked_into(), track.cloned()));
        }
    }

    /// Whether a sender has `track`.
    pub fn sends(&self, track: &MediaStreamTrack) -> bool {
        let mut senders = [MediaKind::Audio, MediaKind::Video].into_iter().flat_map(|kind| self.transceivers(kind));
        senders.any(|transceiver| transceiver.sender().track().as_ref() == Some(track))
    }

    /// Sends `screen`, or no screen, in media sections of its own. The first time needs a negotiation.
    ///
    /// # Errors
    /// The first exception of `addTransceiver()`. The other kind of media is sent nevertheless.
    pub fn send_screen(&mut self, screen: Option<&OutgoingScreen>) -> Result<(), JsError> {
        let Self { screen: sections, connection, operations, .. } = self;
        sections.send(connection, screen, |operation| drop(operations.unbounded_send(operation)))
    }

    /// Asks the browser to send a key frame next. After a gap the peer cannot decode frames that refer to lost ones,
    /// and waits for seconds before it requests a key frame itself.
    pub fn request_key_frames(&self) {
        for transceiver in self.transceivers(MediaKind::Video) {
            let sender: Sender = transceiver.sender().unchecked_into();
            if sender.track().is_none() {
                continue;
            }
            let parameters = sender.parameters();
            let options = js_sys::JSON::parse(r#"{"encodingOptions":[{"keyFrame":true}]}"#).unwrap_or_default();
            if let Ok(promise) = sender.try_set_parameters(&parameters, &options) {
                wasm_bindgen_futures::spawn_local(async move {
                    if let Err(error) = JsFuture::from(promise).await {
                        super::log(&format!("a key frame could not be requested: {}", JsError::from(error)));
                    }
                });
            }
        }
    }

    /// Opens the control channel unless it was opened before; `sink` gets its events as
    /// [`PeerConnectionEvent::Control`].
    ///
    /// # Errors
    /// The exception of `createDataChannel()`.
    pub fn open_control(&mut self, sink: impl Fn(PeerConnectionEvent) + Clone + 'static) -> Result<(), JsError> {
        if self.control.is_none() {
            let sink = move |event| sink(PeerConnectionEvent::Control(event));
            self.control = Some(ControlChannel::open(&self.connection, sink)?);
        }
        Ok(())
    }

    /// Stops reporting the control channel's events; the channel stays open.
    pub fn ignore_control(&mut self) {
        if let Some(control) = &mut self.control {
            control.ignore();
        }
    }

    /// The control channel, once opened.
    pub fn control(&self) -> Option<&ControlChannel> {
        self.control.as_ref()
    }

    /// Whether there is nothing to negotiate: no media section and no control channel.
    pub fn is_empty(&self) -> bool {
        self.control.is_none() && self.connection.get_transceivers().length() == 0
    }

    /// Enqueues `setLocalDescription()`: the browser creates and sets the offer or answer that its signaling state
    /// needs.
    pub fn set_local_description(&self) {
        self.enqueue(Operation::SetLocalDescription);
    }

    /// Enqueues `setRemoteDescription()`. An offer rolls back this side's own pending offer (webrtc-pc §4.4.1.5).
    pub fn set_remote_description(&self, description: SessionDescription) {
        self.enqueue(Operation::SetRemoteDescription(description));
    }

    /// Enqueues `addIceCandidate()` for a candidate of the peer.
    pub fn add_candidate(&self, candidate: IceCandidate) {
        self.enqueue(Operation::AddCandidate(candidate));
    }

    /// Makes the next offer restart ICE.
    ///
    /// # Errors
    /// The exception if the browser has no `restartIce()`.
    pub fn restart_ice(&self) -> Result<(), JsError> {
        Ok(self.connection.restart_ice()?)
    }

    fn transceivers(&self, kind: MediaKind) -> impl Iterator<Item = RtcRtpTransceiver> {
        self.connection
            .get_transceivers()
            .iter()
            .map(|value| value.unchecked_into::<RtcRtpTransceiver>())
            .filter(move |transceiver| !transceiver.stopped() && transceiver.receiver().track().kind() == kind.name())
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn enqueue(&self, operation: Operation) {
        // Fails only if the worker is gone, so while `self` is being dropped.
        let _ = self.operations.unbounded_send(operation);
    }
}

/// A connection created before there is a peer for it, which proves that this browser can create one; closed on drop.
pub struct SpareConnection {
    configuration: RtcConfiguration,
    relay_only: bool,
    /// `None` once it is used.
    connection: Option<Connection>,
}

impl SpareConnection {
    /// Creates a connection that uses only relays if `relay_only`, with `certificate` or a new one.
    ///
    /// # Errors
    /// The constructor's exception: a policy may forbid all connections.
    pub fn new(relay_only: bool, certificate: Option<&JsValue>) -> Result<Self, JsError> {
        let configuration = configuration_with(relay_only, certificate);
        let connection = RtcPeerConnection::new_with_configuration(&configuration)?.unchecked_into();
        Ok(Self { configuration, relay_only, connection: Some(connection) })
    }

    /// Turns it into a usable connection with these ICE servers; `None` if the browser rejects them.
    pub fn into_connection(
        mut self,
        ice_servers: &[IceServer],
        sink: impl Fn(PeerConnectionEvent) + Clone + 'static,
    ) -> Option<PeerConnection> {
        self.configuration.set_ice_servers(&json::to_js(ice_servers).ok()?);
        self.connection.as_ref()?.set_configuration_with_configuration(&self.configuration).ok()?;
        Some(PeerConnection::with(self.configuration.clone(), self.relay_only, self.connection.take()?, sink))
    }
}

impl Drop for SpareConnection {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.close();
        }
    }
}

impl Drop for PeerConnection {
    fn drop(&mut self) {
        self.listeners.clear();
        self.worker = None;
        self.reading = None;
        self.control = None;
        self.connection.close();
    }
}

fn configuration_with(relay_only: bool, certificate: Option<&JsValue>) -> RtcConfiguration {
    let configuration = RtcConfiguration::new();
    if relay_only {
        configuration.set_ice_transport_policy(RtcIceTransportPolicy::Relay);
    }
    if let Some(certificate) = certificate {
        configuration.set_certificates(&js_sys::Array::of1(certificate));
    }
    configuration
}
