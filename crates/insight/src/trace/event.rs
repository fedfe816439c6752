//! What can happen to a connection or a page, and how the recorders write it down: names of methods and events with a JSON
//! value. Chromium's `webrtc-internals` and rtcstats use nearly the same names.

use serde::Deserialize;
use serde_json::Value;
use vitrine_protocol::control::RelayProtocol;

use crate::candidate::Candidate;

/// Which side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This one, which recorded the trace.
    Local,
    /// The other one.
    Remote,
}

/// One of the state machines of a connection (W3C webrtc-pc §4.3, §5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StateMachine {
    /// `signalingState`.
    Signaling,
    /// `iceGatheringState`.
    Gathering,
    /// `iceConnectionState`.
    Ice,
    /// `connectionState`.
    Connection,
    /// The `state` of the DTLS transport.
    Dtls,
}

/// What is captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureKind {
    /// Camera and microphone (`getUserMedia()`).
    Devices,
    /// A screen (`getDisplayMedia()`).
    Screen,
}

/// How far a capture is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureStep {
    /// The browser was asked.
    Asked {
        /// For sound.
        audio: bool,
        /// For a picture.
        video: bool,
    },
    /// It gave the tracks.
    Given,
    /// It failed, with the name or the words of the exception.
    Failed(String),
}

/// What carries a message between the two pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The signaling server.
    SignalingServer,
    /// The control channel of the connection itself.
    ControlChannel,
}

/// The address of a STUN or TURN server, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceServerUrl(pub String);

impl IceServerUrl {
    /// Whether it is a TURN server, which relays.
    pub fn is_turn(&self) -> bool {
        self.0.starts_with("turn:") || self.0.starts_with("turns:")
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// The connection was created.
    Created {
        /// The configured servers.
        ice_servers: Vec<IceServerUrl>,
        /// `iceTransportPolicy` is `relay`.
        is_relay_only: bool,
    },
    /// The browser asks for a negotiation.
    NegotiationNeeded,
    /// An offer or an answer is being set.
    SetDescription {
        /// Whose.
        side: Side,
        /// `offer`, `answer`, `pranswer` or `rollback`, if it was recorded.
        kind: Option<String>,
        /// The SDP, if it was recorded.
        sdp: Option<String>,
    },
    /// It was set. `setLocalDescription()` without arguments is recorded with the description here.
    DescriptionSet {
        /// Whose.
        side: Side,
        /// As of [`EventKind::SetDescription`].
        kind: Option<String>,
        /// The SDP, if it was recorded.
        sdp: Option<String>,
    },
    /// The browser made an offer or an answer.
    DescriptionCreated {
        /// `offer` or `answer`.
        kind: String,
        /// The SDP, if it was recorded.
        sdp: Option<String>,
    },
    /// A candidate was found here, or came from the other side; `None` at their end, or if it cannot be read.
    Candidate {
        /// Whose.
        side: Side,
        /// The candidate.
        candidate: Option<Candidate>,
        /// The server that it comes from.
        url: Option<String>,
    },
    /// A server gave no candidate (`icecandidateerror`).
    CandidateError {
        /// The server.
        url: String,
        /// STUN's error code, or 701 if the server was not reached.
        code: u16,
        /// In words.
        text: String,
        /// The local address that was used.
        address: Option<String>,
    },
    /// A state machine is in another state.
    State(StateMachine, String),
    /// An API call failed.
    Failed {
        /// Its name.
        method: String,
        /// The exception.
        error: String,
    },
    /// A track of the other side came.
    TrackReceived {
        /// `audio` or `video`.
        kind: String,
        /// The track's id.
        id: String,
    },
    /// A track of this side is sent.
    TrackAdded {
        /// `audio` or `video`.
        kind: String,
        /// The track's id.
        id: String,
    },
    /// Nothing comes over a track any more (`true`), or again.
    TrackMuted {
        /// The track's id.
        id: String,
        /// Whether nothing comes.
        is_muted: bool,
    },
    /// A captured track ended by itself: the device is gone, or permission was withdrawn.
    TrackEnded {
        /// The track's id.
        id: String,
    },
    /// ICE is restarted.
    RestartIce,
    /// The connection was closed.
    Closed,
    /// A camera, microphone or screen.
    Capture(CaptureKind, CaptureStep),
    /// The connection to the signaling server was lost (`false`) or is there again.
    SignalingServer(bool),
    /// The other side told the protocol to its relay, or that its side of the path has none.
    PeerRelay(Option<RelayProtocol>),
    /// An offer, an answer or a candidate was sent to the other side, or came from it.
    Message {
        /// Who sent it.
        side: Side,
        /// What carried it.
        carrier: Carrier,
        /// `offer`, `answer` or `candidate`.
        name: String,
        /// Its length as text, in bytes.
        bytes: u32,
    },
    /// Anything else, by its name.
    Other(String),
}

/// Longest text that is kept of an exception or a URL, in characters.
const MAX_TEXT: usize = 500;

impl EventKind {
    /// What the recorded method or event with this value means.
    pub(super) fn interpret(method: &str, value: &Value) -> Self {
        let parsed;
        // webrtc-internals writes JSON as a string.
        let value = match value {
            Value::String(text) if text.starts_with(['{', '[', '"']) => match serde_json::from_str(text) {
                Ok(inner) => {
                    parsed = inner;
                    &parsed
                }
                Err(_) => value,
            },
            _ => value,
        };
        let name = method.strip_prefix("on").unwrap_or(method);
        if let Some(kind) = state(name, value).or_else(|| description(name, value)).or_else(|| capture(name, value)) {
            return kind;
        }
        match name {
            "create" => created(value),
            "negotiationneeded" => Self::NegotiationNeeded,
            "icecandidate" => candidate(Side::Local, value),
            "addIceCandidate" => candidate(Side::Remote, value),
            "icecandidateerror" => candidate_error(value),
            "track" => {
                track(value).map_or_else(|| Self::Other(name.to_owned()), |(kind, id)| Self::TrackReceived { kind, id })
            }
            "addTrack" => {
                track(value).map_or_else(|| Self::Other(name.to_owned()), |(kind, id)| Self::TrackAdded { kind, id })
            }
            "MediaStreamTrack.onmute" | "MediaStreamTrack.onunmute" => {
                Self::TrackMuted { id: text(value), is_muted: name.ends_with(".onmute") }
            }
            "MediaStreamTrack.onended" => Self::TrackEnded { id: text(value) },
            "restartIce" => Self::RestartIce,
            "close" | "stop" => Self::Closed,
            "signalingServer" => Self::SignalingServer(value.as_bool().unwrap_or_default()),
            "peerRelay" => Self::PeerRelay(RelayProtocol::deserialize(value).ok()),
            "signalingMessage" => message(value).unwrap_or_else(|| Self::Other(name.to_owned())),
            _ => match name.strip_suffix("OnFailure") {
                Some(method) => Self::Failed { method: method.to_owned(), error: text(value) },
                None => Self::Other(name.chars().take(80).collect()),
            },
        }
    }
}

fn state(name: &str, value: &Value) -> Option<EventKind> {
    let machine = match name {
        "signalingstatechange" => StateMachine::Signaling,
        "icegatheringstatechange" => StateMachine::Gathering,
        "iceconnectionstatechange" => StateMachine::Ice,
        "connectionstatechange" => StateMachine::Connection,
        "dtlsstatechange" => StateMachine::Dtls,
        _ => return None,
    };
    // Old dumps have `ICEConnectionStateConnected` and the like, or `Type: …`; nothing is known of them.
    Some(EventKind::State(machine, text(value).to_ascii_lowercase()))
}

fn description(name: &str, value: &Value) -> Option<EventKind> {
    let (kind, sdp) = type_and_sdp(value);
    Some(match name {
        "setLocalDescription" => EventKind::SetDescription { side: Side::Local, kind, sdp },
        "setRemoteDescription" => EventKind::SetDescription { side: Side::Remote, kind, sdp },
        "setLocalDescriptionOnSuccess" => EventKind::DescriptionSet { side: Side::Local, kind, sdp },
        "setRemoteDescriptionOnSuccess" => EventKind::DescriptionSet { side: Side::Remote, kind, sdp },
        "createOfferOnSuccess" => EventKind::DescriptionCreated { kind: "offer".to_owned(), sdp },
        "createAnswerOnSuccess" => EventKind::DescriptionCreated { kind: "answer".to_owned(), sdp },
        _ => return None,
    })
}

/// Type and SDP of a description: an object, or `type: offer, sdp: v=0…` of older Chromium.
fn type_and_sdp(value: &Value) -> (Option<String>, Option<String>) {
    let of = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned).filter(|text| !text.is_empty());
    if let Value::String(text) = value
        && let Some((kind, sdp)) = text.strip_prefix("type: ").and_then(|rest| rest.split_once(", sdp: "))
    {
        return (Some(kind.to_owned()), Some(sdp.to_owned()));
    }
    (of("type"), of("sdp"))
}

fn capture(name: &str, value: &Value) -> Option<EventKind> {
    let rest = name.strip_prefix("navigator.mediaDevices.").unwrap_or(name);
    let (kind, rest) = match rest.strip_prefix("getUserMedia") {
        Some(rest) => (CaptureKind::Devices, rest),
        None => (CaptureKind::Screen, rest.strip_prefix("getDisplayMedia")?),
    };
    let is_wanted =
        |name: &str| value.get(name).is_some_and(|wanted| !matches!(wanted, Value::Null | Value::Bool(false)));
    let step = match rest {
        "" => CaptureStep::Asked { audio: is_wanted("audio"), video: is_wanted("video") },
        "OnSuccess" => CaptureStep::Given,
        "OnFailure" => CaptureStep::Failed(text(value)),
        _ => return None,
    };
    Some(EventKind::Capture(kind, step))
}

fn created(value: &Value) -> EventKind {
    let servers = value.get("iceServers").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let urls = servers.iter().filter_map(|server| server.get("urls").or_else(|| server.get("url")));
    let urls = urls.flat_map(|urls| match urls {
        Value::Array(urls) => urls.iter().map(text).collect(),
        other => vec![text(other)],
    });
    EventKind::Created {
        ice_servers: urls.filter(|url| !url.is_empty()).map(IceServerUrl).collect(),
        is_relay_only: value.get("iceTransportPolicy").and_then(Value::as_str) == Some("relay"),
    }
}

fn candidate(side: Side, value: &Value) -> EventKind {
    // Older Chromium writes `sdpMid: 0, sdpMLineIndex: 0, candidate: candidate:…, url: …`.
    let field = |name: &str| match value {
        Value::String(text) => {
            let start = text.find(&format!("{name}: "))? + name.len() + 2;
            text[start..].split(", ").next().map(str::to_owned)
        }
        other => other.get(name).and_then(Value::as_str).map(str::to_owned),
    };
    let candidate = field("candidate").and_then(|text| text.parse().ok());
    EventKind::Candidate { side, candidate, url: field("url").map(|url| cut(&url)) }
}

fn candidate_error(value: &Value) -> EventKind {
    let of = |name: &str| value.get(name).and_then(Value::as_str).map(cut);
    let code = value.get("errorCode").or_else(|| value.get("error_code")).and_then(Value::as_u64).unwrap_or_default();
    EventKind::CandidateError {
        url: of("url").unwrap_or_default(),
        code: u16::try_from(code).unwrap_or_default(),
        text: of("errorText").or_else(|| of("error_text")).unwrap_or_default(),
        address: of("address").filter(|address| !address.is_empty()),
    }
}

fn message(value: &Value) -> Option<EventKind> {
    let of = |name: &str| value.get(name).and_then(Value::as_str);
    let bytes = value.get("bytes").and_then(Value::as_u64).unwrap_or_default();
    Some(EventKind::Message {
        side: if of("sender")? == "remote" { Side::Remote } else { Side::Local },
        carrier: if of("carrier")? == "control" { Carrier::ControlChannel } else { Carrier::SignalingServer },
        name: cut(of("name")?),
        bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
    })
}

/// Kind and id of a track: `[kind, id, …]`, `kind:id …`, or an object.
fn track(value: &Value) -> Option<(String, String)> {
    match value {
        Value::Array(parts) => Some((parts.first()?.as_str()?.to_owned(), cut(parts.get(1)?.as_str()?))),
        Value::String(text) => {
            let (kind, rest) = text.split_once(':')?;
            let id = rest.split(' ').next().unwrap_or(rest);
            matches!(kind, "audio" | "video").then(|| (kind.to_owned(), cut(id)))
        }
        other => Some((other.get("kind")?.as_str()?.to_owned(), cut(other.get("id")?.as_str()?))),
    }
}

/// The text of a value, cut to a length that can be shown.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => cut(text),
        Value::Null => String::new(),
        Value::Object(members) => {
            let named = ["name", "message", "error", "error_message"].into_iter().filter_map(|name| members.get(name));
            let words: Vec<_> = named.filter_map(Value::as_str).collect();
            cut(&words.join(": "))
        }
        other => cut(&other.to_string()),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}
