//! One `RTCPeerConnection`: its listeners, its chain of asynchronous operations, its media and its control channel.
//! It reports everything as a [`PeerConnectionEvent`] and decides nothing; on drop the listeners go first, then the
//! connection is closed.

use futures_channel::mpsc::{UnboundedSender, unbounded};
use vitrine_protocol::{
    json::Json,
    signaling::{IceCandidate, IceServer, SessionDescription},
    wire::Read,
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    MediaStream, MediaStreamTrack, RtcConfiguration, RtcIceGatheringState, RtcIceTransportPolicy, RtcPeerConnection,
    RtcPeerConnectionIceErrorEvent, RtcPeerConnectionIceEvent, RtcPeerConnectionState, RtcRtpTransceiver,
    RtcRtpTransceiverInit, RtcStatsReport, RtcTrackEvent,
};

use super::{
    ControlChannel, ControlChannelEvent, JsError, Kind, Listener, Task,
    externs::{Connection, Sender, Transceiver},
    ice_servers::with_usable,
    operations::{Operation, work},
};

/// What happened on a peer connection.
#[derive(Clone, Debug)]
pub enum PeerConnectionEvent {
    /// `negotiationneeded`.
    NegotiationNeeded,
    /// A local candidate was found, whole.
    Candidate(IceCandidate),
    /// `icecandidateerror`: a STUN or TURN server could not be used (code and text of webrtc-pc §4.8.3).
    CandidateError {
        /// The server.
        url: String,
        /// 300 to 699 from the server, 701 if it could not be reached.
        code: u16,
        /// The browser's words.
        text: String,
    },
    /// `iceGatheringState` changed to `complete`.
    Gathered,
    /// `connectionState` changed to this.
    ConnectionState(RtcPeerConnectionState),
    /// A remote track arrived.
    Track(MediaStreamTrack),
    /// The operation asked for with [`PeerConnection::set_local_description`] is done; this is the description now.
    LocalDescriptionSet(SessionDescription),
    /// The operation asked for with [`PeerConnection::set_remote_description`] is done.
    RemoteDescriptionSet,
    /// The description operation in flight was rejected.
    DescriptionFailed(JsError),
    /// `addIceCandidate()` was rejected.
    CandidateFailed(IceCandidate, JsError),
    /// What [`PeerConnection::read_stats`] asked for.
    Stats(Vec<Json>),
    /// Something happened on the control channel.
    Control(ControlChannelEvent),
}

/// What one sends to every peer.
#[derive(Clone)]
pub struct LocalMedia {
    /// Carries the tracks' stream id (`msid`) in every description, so that the other side sees one stream.
    pub stream: MediaStream,
    /// The microphone's track, if it can be used.
    pub audio: Option<MediaStreamTrack>,
    /// The camera's track, while the camera is on.
    pub video: Option<MediaStreamTrack>,
}

impl LocalMedia {
    fn track(&self, kind: Kind) -> Option<&MediaStreamTrack> {
        match kind {
            Kind::Audio => self.audio.as_ref(),
            Kind::Video => self.video.as_ref(),
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
    /// The reading of statistics under way, or the last one.
    reading: Option<Task>,
    control: Option<ControlChannel>,
    /// What the connection was made with; a later one may differ in the ICE servers only.
    configuration: RtcConfiguration,
    connection: Connection,
}

/// Makes a certificate for the connections of this page, which also wakes what the browser starts only with the first
/// connection. `None` where there can be none; then each connection makes its own.
pub async fn make_certificate() -> Option<JsValue> {
    if !super::has_webrtc() {
        return None;
    }
    let algorithm = js_sys::JSON::parse(r#"{"name":"ECDSA","namedCurve":"P-256"}"#).ok()?;
    let made = RtcPeerConnection::generate_certificate_with_object(algorithm.unchecked_ref()).ok()?;
    JsFuture::from(made).await.ok()
}

impl PeerConnection {
    /// Creates a connection that identifies itself with `certificate` (or a new one), gathers candidates with those of
    /// `ice_servers` that the browser takes, uses all of them or, by `relay_only`, none but relayed ones, and reports to `sink`.
    ///
    /// # Errors
    /// What the constructor throws, whatever the ICE servers are.
    pub fn new(
        ice_servers: &[IceServer],
        relay_only: bool,
        certificate: Option<&JsValue>,
        sink: impl Fn(PeerConnectionEvent) + Clone + 'static,
    ) -> Result<Self, JsError> {
        let configuration = configuration_with(certificate);
        if relay_only {
            configuration.set_ice_transport_policy(RtcIceTransportPolicy::Relay);
        }
        let connection = with_usable(ice_servers, |servers| {
            configuration.set_ice_servers(&to_js_servers(servers)?);
            Ok(RtcPeerConnection::new_with_configuration(&configuration)?.unchecked_into())
        })?;
        Ok(Self::with(configuration, connection, sink))
    }

    fn with(
        configuration: RtcConfiguration,
        connection: Connection,
        sink: impl Fn(PeerConnectionEvent) + Clone + 'static,
    ) -> Self {
        let (operations, queue) = unbounded();
        let worker = Some(Task::spawn(work(connection.clone(), queue, sink.clone())));
        let listeners = listen(&connection, &sink);
        Self { listeners, operations, worker, reading: None, control: None, configuration, connection }
    }

    /// Gathers candidates with those of these servers that the browser takes from the next restart of ICE on (webrtc-pc §4.4.1.6, RFC 9429 §4.1.18).
    ///
    /// # Errors
    /// What `setConfiguration()` throws, whatever the servers are.
    pub fn set_ice_servers(&self, ice_servers: &[IceServer]) -> Result<(), JsError> {
        with_usable(ice_servers, |servers| {
            self.configuration.set_ice_servers(&to_js_servers(servers)?);
            Ok(self.connection.set_configuration_with_configuration(&self.configuration)?)
        })
    }

    /// Asks for the reports of `getStats()` whose `type` is `wanted`; `sink` gets them as
    /// [`PeerConnectionEvent::Stats`]. A reading that is still under way is given up.
    pub fn read_stats(&mut self, wanted: fn(&str) -> bool, sink: impl Fn(PeerConnectionEvent) + 'static) {
        let answer = self.connection.get_stats();
        self.reading = Some(Task::spawn(async move {
            let found = js_sys::Array::new();
            // A connection that has just been closed tells nothing.
            if let Ok(report) = JsFuture::from(answer).await {
                for entry in js_sys::Array::from(&report.unchecked_into::<RtcStatsReport>().values()).iter() {
                    let kind = js_sys::Reflect::get(&entry, &"type".into()).ok().and_then(|kind| kind.as_string());
                    if kind.is_some_and(|kind| wanted(&kind)) {
                        found.push(&entry);
                    }
                }
            }
            let reports = match from_js(&found) {
                Some(Json::List(reports)) => reports,
                _ => Vec::new(),
            };
            sink(PeerConnectionEvent::Stats(reports));
        }));
    }

    /// Whether this browser tells of ICE servers that cannot be used.
    pub fn tells_errors(&self) -> bool {
        js_sys::Reflect::has(&self.connection, &"onicecandidateerror".into()).unwrap_or_default()
    }

    /// Prepares the media sections of a first offer: what is captured now is sent, and a section stands ready for
    /// what is not, so that a device switched on later needs no new negotiation.
    ///
    /// # Errors
    /// The first that `addTrack()` and `addTransceiver()` throw. What can be prepared is prepared all the same.
    pub fn offer_media(&self, media: &LocalMedia) -> Result<(), JsError> {
        let mut prepared = Ok(());
        for kind in [Kind::Audio, Kind::Video] {
            let added = media.track(kind).map(|track| self.connection.try_add_track(track, &media.stream));
            if let Some(Ok(_)) = added {
                continue;
            }
            let refused = added.map_or(Ok(()), |added| added.map(drop));
            let init = RtcRtpTransceiverInit::new();
            init.set_streams(&js_sys::Array::of1(&media.stream).unchecked_into());
            let stands_ready = self.connection.try_add_transceiver(kind.name(), &init).map(drop);
            prepared = prepared.and(refused).and(stands_ready);
        }
        Ok(prepared?)
    }

    /// Fills the media sections that the other side offered, between setting its offer and answering. Of each kind
    /// the first section is ours to send in.
    ///
    /// # Errors
    /// The first that `addTrack()` or setting a transceiver's `direction` throws. What can be filled is filled all the
    /// same.
    pub fn answer_media(&self, media: &LocalMedia) -> Result<(), JsError> {
        let mut filled = Ok(());
        for kind in [Kind::Audio, Kind::Video] {
            let first = self.transceivers(kind).find(|transceiver| transceiver.mid().is_some());
            // Later offers find the section filled.
            let Some(transceiver) = first.filter(|transceiver| transceiver.current_direction().is_none()) else {
                continue;
            };
            // `addTrack()` takes the section at once; `replaceTrack()` would be a task of its own.
            if let Some(track) = media.track(kind) {
                filled = filled.and(self.connection.try_add_track(track, &media.stream).map(drop));
                continue;
            }
            filled = filled.and(transceiver.unchecked_ref::<Transceiver>().try_set_direction("sendrecv"));
            if let Err(error) = transceiver.sender().unchecked_ref::<Sender>().set_streams(&media.stream) {
                super::describe(&format!("setStreams is not available: {}", JsError::from(error)));
            }
        }
        Ok(filled?)
    }

    /// Sends `track` in place of what is sent of its kind now; `None` sends nothing. Needs no negotiation.
    pub fn replace_track(&self, kind: Kind, track: Option<&MediaStreamTrack>) {
        if let Some(transceiver) = self.transceivers(kind).next() {
            self.enqueue(Operation::ReplaceTrack(transceiver.sender().unchecked_into(), track.cloned()));
        }
    }

    /// Asks the browser to send pictures that stand for themselves next: after a gap, those that build on lost ones show
    /// nothing, and the other side waits for seconds before it asks.
    pub fn refresh_pictures(&self) {
        for transceiver in self.transceivers(Kind::Video) {
            let sender: Sender = transceiver.sender().unchecked_into();
            let parameters = sender.parameters();
            let options = js_sys::JSON::parse(r#"{"encodingOptions":[{"keyFrame":true}]}"#).unwrap_or_default();
            if let Ok(promise) = sender.try_set_parameters(&parameters, &options) {
                wasm_bindgen_futures::spawn_local(async move {
                    if let Err(error) = JsFuture::from(promise).await {
                        super::describe(&format!("no picture could be asked for: {}", JsError::from(error)));
                    }
                });
            }
        }
    }

    /// Opens the control channel unless it is there already; `sink` gets its events as
    /// [`PeerConnectionEvent::Control`].
    ///
    /// # Errors
    /// What `createDataChannel()` throws.
    pub fn open_control(&mut self, sink: impl Fn(PeerConnectionEvent) + Clone + 'static) -> Result<(), JsError> {
        if self.control.is_none() {
            let sink = move |event| sink(PeerConnectionEvent::Control(event));
            self.control = Some(ControlChannel::open(&self.connection, sink)?);
        }
        Ok(())
    }

    /// Listens to the control channel no more, and leaves it open.
    pub fn ignore_control(&mut self) {
        if let Some(control) = &mut self.control {
            control.ignore();
        }
    }

    /// The control channel, once opened.
    pub fn control(&self) -> Option<&ControlChannel> {
        self.control.as_ref()
    }

    /// Whether there is nothing to negotiate: no media section, and no control channel.
    pub fn is_empty(&self) -> bool {
        self.control.is_none() && self.connection.get_transceivers().length() == 0
    }

    /// Asks the browser to make the offer or answer that its signaling state calls for, and to set it.
    pub fn set_local_description(&self) {
        self.enqueue(Operation::SetLocalDescription);
    }

    /// Sets what the other side sent; an offer rolls back one's own (webrtc-pc §4.4.1.5).
    pub fn set_remote_description(&self, description: SessionDescription) {
        self.enqueue(Operation::SetRemoteDescription(description));
    }

    /// Adds a candidate of the other side.
    pub fn add_candidate(&self, candidate: IceCandidate) {
        self.enqueue(Operation::AddCandidate(candidate));
    }

    /// Makes the next offer restart ICE.
    ///
    /// # Errors
    /// What `restartIce()` throws, where the browser has none.
    pub fn restart_ice(&self) -> Result<(), JsError> {
        Ok(self.connection.restart_ice()?)
    }

    fn transceivers(&self, kind: Kind) -> impl Iterator<Item = RtcRtpTransceiver> {
        self.connection
            .get_transceivers()
            .iter()
            .map(|value| value.unchecked_into::<RtcRtpTransceiver>())
            .filter(move |transceiver| !transceiver.stopped() && transceiver.receiver().track().kind() == kind.name())
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn enqueue(&self, operation: Operation) {
        // Fails only when the worker is gone, which is when this is being dropped.
        let _ = self.operations.unbounded_send(operation);
    }
}

/// A connection made before there is somebody to connect to, which shows that this browser makes any; closed on drop.
pub struct SpareConnection {
    configuration: RtcConfiguration,
    /// None once it is used.
    connection: Option<Connection>,
}

impl SpareConnection {
    /// Creates a connection that identifies itself with `certificate` (or a new one).
    ///
    /// # Errors
    /// What the constructor throws: a policy may forbid all connections.
    pub fn new(certificate: Option<&JsValue>) -> Result<Self, JsError> {
        let configuration = configuration_with(certificate);
        let connection = RtcPeerConnection::new_with_configuration(&configuration)?.unchecked_into();
        Ok(Self { configuration, connection: Some(connection) })
    }

    /// Puts it to use, with these ICE servers; none where the browser refuses them.
    pub fn into_connection(
        mut self,
        ice_servers: &[IceServer],
        sink: impl Fn(PeerConnectionEvent) + Clone + 'static,
    ) -> Option<PeerConnection> {
        self.configuration.set_ice_servers(&to_js_servers(ice_servers).ok()?);
        self.connection.as_ref()?.set_configuration_with_configuration(&self.configuration).ok()?;
        Some(PeerConnection::with(self.configuration.clone(), self.connection.take()?, sink))
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

fn listen(connection: &Connection, sink: &(impl Fn(PeerConnectionEvent) + Clone + 'static)) -> Vec<Listener> {
    let on = |name, read: fn(&web_sys::Event) -> Option<PeerConnectionEvent>| {
        let sink = sink.clone();
        Listener::new(connection, name, move |event| {
            if let Some(event) = read(&event) {
                sink(event);
            }
        })
    };
    vec![
        on("negotiationneeded", |_| Some(PeerConnectionEvent::NegotiationNeeded)),
        on("icecandidate", |event| {
            let candidate = event.dyn_ref::<RtcPeerConnectionIceEvent>()?.candidate()?;
            let candidate = IceCandidate::at(&from_js(&candidate)?)?;
            Some(PeerConnectionEvent::Candidate(candidate))
        }),
        on("icecandidateerror", |event| {
            let error = event.dyn_ref::<RtcPeerConnectionIceErrorEvent>()?;
            let (url, code, text) = (error.url(), error.error_code(), error.error_text());
            Some(PeerConnectionEvent::CandidateError { url, code, text })
        }),
        on("icegatheringstatechange", |event| {
            let connection = event.target()?.dyn_into::<RtcPeerConnection>().ok()?;
            (connection.ice_gathering_state() == RtcIceGatheringState::Complete)
                .then_some(PeerConnectionEvent::Gathered)
        }),
        on("connectionstatechange", |event| {
            let connection = event.target()?.dyn_into::<RtcPeerConnection>().ok()?;
            Some(PeerConnectionEvent::ConnectionState(connection.connection_state()))
        }),
        on("track", |event| Some(PeerConnectionEvent::Track(event.dyn_ref::<RtcTrackEvent>()?.track()))),
    ]
}

fn configuration_with(certificate: Option<&JsValue>) -> RtcConfiguration {
    let configuration = RtcConfiguration::new();
    if let Some(certificate) = certificate {
        configuration.set_certificates(&js_sys::Array::of1(certificate));
    }
    configuration
}

/// The value of `RTCConfiguration.iceServers`.
pub(super) fn to_js_servers(servers: &[IceServer]) -> Result<JsValue, JsError> {
    to_js(&Json::List(servers.iter().map(Json::from).collect()))
}

/// The browser's own value of the JSON.
pub(super) fn to_js(json: &Json) -> Result<JsValue, JsError> {
    Ok(js_sys::JSON::parse(&json.encode())?)
}

/// What the browser writes of `value` as JSON, by its `toJSON()`.
fn from_js(value: &JsValue) -> Option<Json> {
    let text = js_sys::JSON::stringify(value).ok()?;
    Json::parse(&String::from(text)).ok()
}
