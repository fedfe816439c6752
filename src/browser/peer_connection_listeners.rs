//! Turns the events of an `RTCPeerConnection` into [`PeerConnectionEvent`]s. What they mean is decided in [`crate::call`].

use vitrine_insight::trace::StateMachine;
use wasm_bindgen::JsCast;
use web_sys::{
    MediaStream, RtcPeerConnection, RtcPeerConnectionIceErrorEvent, RtcPeerConnectionIceEvent, RtcTrackEvent,
};

use super::{
    Listener,
    externs::Connection,
    json,
    peer_connection_event::{NegotiationEvent, PeerConnectionEvent, ReceivedTrack},
};

/// Attaches the listeners; each event goes to `sink`.
pub fn listen(connection: &Connection, sink: &(impl Fn(PeerConnectionEvent) + Clone + 'static)) -> Vec<Listener> {
    let on = |name, read: fn(&web_sys::Event) -> Option<PeerConnectionEvent>| {
        let sink = sink.clone();
        Listener::new(connection, name, move |event| {
            if let Some(event) = read(&event) {
                sink(event);
            }
        })
    };
    vec![
        on("negotiationneeded", |_| Some(PeerConnectionEvent::Negotiation(NegotiationEvent::Needed))),
        on("icecandidate", |event| {
            let candidate = event.dyn_ref::<RtcPeerConnectionIceEvent>()?.candidate()?;
            // Not in Firefox.
            let url = js_sys::Reflect::get(&candidate, &"url".into()).ok().and_then(|url| url.as_string());
            let candidate = json::from_js(candidate.to_json().into()).ok()?;
            Some(PeerConnectionEvent::Candidate { candidate, url })
        }),
        on("icecandidateerror", |event| {
            let error = event.dyn_ref::<RtcPeerConnectionIceErrorEvent>()?;
            let (url, code, text) = (error.url(), error.error_code(), error.error_text());
            Some(PeerConnectionEvent::CandidateError { url, code, text })
        }),
        on("signalingstatechange", |event| state_of(event, StateMachine::Signaling, "signalingState")),
        on("icegatheringstatechange", |event| state_of(event, StateMachine::Gathering, "iceGatheringState")),
        on("iceconnectionstatechange", |event| state_of(event, StateMachine::Ice, "iceConnectionState")),
        on("connectionstatechange", |event| {
            let connection = event.target()?.dyn_into::<RtcPeerConnection>().ok()?;
            Some(PeerConnectionEvent::ConnectionState(connection.connection_state()))
        }),
        on("track", |event| {
            let event = event.dyn_ref::<RtcTrackEvent>()?;
            let streams = event.streams().iter().map(|stream| stream.unchecked_into::<MediaStream>().id()).collect();
            let (track, mid) = (event.track(), event.transceiver().mid());
            Some(PeerConnectionEvent::Track(ReceivedTrack { track, mid, streams }))
        }),
    ]
}

/// The state that this attribute of the connection has now.
fn state_of(event: &web_sys::Event, machine: StateMachine, attribute: &str) -> Option<PeerConnectionEvent> {
    let state = js_sys::Reflect::get(&event.target()?.into(), &attribute.into()).ok()?.as_string()?;
    Some(PeerConnectionEvent::State(machine, state))
}
