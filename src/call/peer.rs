//! One remote participant: the peer connection, its negotiation, and what the interface shows of both. It knows
//! nothing of the room or of the other peers.

use futures_channel::mpsc::UnboundedSender;
use serde_json::json;
use vitrine_negotiation::{Action, Input, Negotiation, Role};
use vitrine_protocol::{
    control::{ControlMessage, VERSION},
    signaling::{IceCandidate, IceServer, SdpType, SessionDescription, UserId, event},
};
use web_sys::RtcPeerConnectionState;

use super::{ConnectionState, PeerState, Step, Steps, engine::Event};
use crate::{
    browser::{self, ControlChannelEvent, JsError, Kind, PeerConnection, PeerConnectionEvent, describe, now},
    signaling::Signaling,
};

/// Longest name that is shown, in Unicode scalar values.
const MAX_NAME_CHARS: usize = 64;

/// What a peer needs from the rest of the call to act.
pub struct Context<'a> {
    pub signaling: &'a Signaling,
    pub media: Option<browser::LocalMedia>,
    /// The control channel's first messages.
    pub greeting: [ControlMessage; 2],
}

/// What the rest of the call has to know of a peer's event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The participant said who it is, or the connection reached `connected`: time to see whom it replaces.
    Identified,
    /// The other side ended the connection itself, or the connection failed for good.
    Ended,
}

/// A remote participant; the connection closes on drop.
pub struct Peer {
    pub view: PeerState,
    /// The same for all connections of one participant's stay; none for a client without the control channel.
    pub session: Option<String>,
    /// The signaling server does not list this participant any more, but the connection may still work.
    pub unlisted: bool,
    serial: u64,
    started: f64,
    connection: PeerConnection,
    negotiation: Negotiation,
    events: UnboundedSender<Event>,
}

impl Peer {
    /// Creates the connection (steps 1, 3 and, for the offerer, 2 of the guide). The participant who was in the
    /// room first offers and is impolite; the newcomer is polite.
    ///
    /// # Errors
    /// What the browser throws, for example for an ICE server that makes no sense.
    pub fn new(
        id: UserId,
        serial: u64,
        role: Role,
        ice_servers: &[IceServer],
        context: &Context,
        events: UnboundedSender<Event>,
    ) -> Result<Self, JsError> {
        let started = now();
        let connection = PeerConnection::new(ice_servers, sink(&id, serial, &events))?;
        let offerer = role == Role::Impolite;
        let view = PeerState {
            id,
            name: None,
            connection: ConnectionState::New,
            stream: None,
            audio: None,
            video: None,
            steps: Steps { offerer, ..Steps::default() },
        };
        let mut peer = Self {
            view,
            session: None,
            unlisted: false,
            serial,
            started,
            connection,
            negotiation: Negotiation::new(role),
            events,
        };
        peer.reach(Step::ConnectionCreated);
        peer.reach(Step::ListenersAttached);
        if offerer {
            peer.open_control()?;
            if let Some(media) = &context.media {
                peer.connection.offer_media(media)?;
                peer.reach(Step::MediaAdded);
            }
            // The browser says so too, a task later.
            peer.negotiate(Input::NegotiationNeeded, context);
        }
        Ok(peer)
    }

    /// Tells this connection's events from those of an earlier one with the same participant.
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// The other side sent an offer or an answer.
    pub fn receive_description(&mut self, description: SessionDescription, context: &Context) {
        match description.kind {
            SdpType::Offer => self.reach(Step::Offer),
            SdpType::Answer => self.reach(Step::Answer),
            SdpType::Pranswer | SdpType::Rollback => {}
        }
        self.negotiate(Input::RemoteDescription(description), context);
    }

    /// The other side sent a candidate.
    pub fn receive_candidate(&mut self, candidate: IceCandidate, context: &Context) {
        self.view.steps.candidates_received += u32::from(!candidate.candidate.is_empty());
        self.reach(Step::Candidates);
        self.negotiate(Input::RemoteCandidate(candidate), context);
    }

    /// Sends `track` in place of what is sent of its kind, and tells the participant what is on now.
    pub fn replace_track(&self, kind: Kind, context: &Context) {
        let media = context.media.as_ref();
        let track = media.and_then(|media| match kind {
            Kind::Audio => media.audio.as_ref(),
            Kind::Video => media.video.as_ref(),
        });
        self.connection.replace_track(kind, track);
        self.send(&context.greeting[1]);
    }

    /// Takes an event of this peer's connection.
    pub fn handle(&mut self, event: PeerConnectionEvent, context: &Context) -> Option<News> {
        match event {
            PeerConnectionEvent::NegotiationNeeded => self.negotiate(Input::NegotiationNeeded, context),
            PeerConnectionEvent::LocalDescriptionSet(description) => {
                self.negotiate(Input::LocalDescriptionSet(description), context);
            }
            PeerConnectionEvent::RemoteDescriptionSet => self.negotiate(Input::RemoteDescriptionSet, context),
            PeerConnectionEvent::DescriptionFailed(error) => {
                self.negotiate(Input::DescriptionFailed(error.to_string()), context);
            }
            PeerConnectionEvent::CandidateFailed(candidate, error) => {
                self.negotiate(Input::CandidateFailed { candidate, reason: error.to_string() }, context);
            }
            PeerConnectionEvent::Candidate(candidate) => {
                self.view.steps.candidates_sent += u32::from(!candidate.candidate.is_empty());
                self.reach(Step::Candidates);
                let data = json!({ "target": self.view.id, "candidate": candidate });
                context.signaling.emit(event::ICE_CANDIDATE, Some(data));
            }
            PeerConnectionEvent::CandidateError { url, code, text } => {
                self.describe(&format!("no candidate from {url}: {code} {text}"));
            }
            PeerConnectionEvent::ConnectionState(state) => return self.connection_state(state),
            PeerConnectionEvent::Track(stream) => {
                self.reach(Step::MediaReceived);
                self.view.stream = Some(stream);
                self.reach_direct();
            }
            PeerConnectionEvent::Control(event) => return self.control(event, context),
        }
        None
    }

    fn connection_state(&mut self, state: RtcPeerConnectionState) -> Option<News> {
        self.view.connection = match state {
            RtcPeerConnectionState::Connecting => ConnectionState::Connecting,
            RtcPeerConnectionState::Connected => ConnectionState::Connected,
            RtcPeerConnectionState::Disconnected => ConnectionState::Disconnected,
            RtcPeerConnectionState::Failed => ConnectionState::Failed,
            RtcPeerConnectionState::Closed => ConnectionState::Closed,
            _ => ConnectionState::New,
        };
        self.describe(&format!("connection state: {}", self.view.connection.name()));
        match self.view.connection {
            ConnectionState::Connected => {
                self.reach(Step::Connected);
                self.reach_direct();
                Some(News::Identified)
            }
            ConnectionState::Failed if self.unlisted => Some(News::Ended),
            _ => None,
        }
    }

    fn control(&mut self, event: ControlChannelEvent, context: &Context) -> Option<News> {
        match event {
            ControlChannelEvent::Open => context.greeting.iter().for_each(|message| self.send(message)),
            ControlChannelEvent::Message(ControlMessage::Hello { name, session_id, version }) => {
                if version != VERSION {
                    self.describe(&format!("speaks version {version} of the control channel"));
                }
                self.view.name = presentable(&name);
                self.session = Some(session_id);
                return Some(News::Identified);
            }
            ControlChannelEvent::Message(ControlMessage::Media { audio, video }) => {
                self.view.audio = Some(audio);
                self.view.video = Some(video);
            }
            ControlChannelEvent::Unreadable(reason) => self.describe(&format!("unreadable control message: {reason}")),
            ControlChannelEvent::Closed => return Some(News::Ended),
        }
        None
    }

    fn negotiate(&mut self, input: Input, context: &Context) {
        for action in self.negotiation.handle(input) {
            if let Err(error) = self.act(action, context) {
                self.describe(&error.to_string());
            }
        }
    }

    fn act(&mut self, action: Action, context: &Context) -> Result<(), JsError> {
        match action {
            Action::RestartIce => self.connection.restart_ice()?,
            Action::SetLocalDescription(kind) => {
                let prepared = if kind == SdpType::Answer { self.prepare_answer(context) } else { Ok(()) };
                // The operation must start all the same: the negotiation waits for its end.
                self.connection.set_local_description();
                prepared?;
            }
            Action::SetRemoteDescription(description) => {
                let offers_control = description.kind == SdpType::Offer
                    && description.sdp.lines().any(|line| line.starts_with("m=application "));
                let opened = if offers_control { self.open_control() } else { Ok(()) };
                self.connection.set_remote_description(description);
                opened?;
            }
            Action::AddCandidate(candidate) => self.connection.add_candidate(candidate),
            Action::Send(description) => self.send_description(description, context),
            Action::Note(note) => self.describe(&note.to_string()),
        }
        Ok(())
    }

    fn prepare_answer(&mut self, context: &Context) -> Result<(), JsError> {
        if let Some(media) = &context.media {
            self.connection.answer_media(media)?;
            self.reach(Step::MediaAdded);
        }
        Ok(())
    }

    fn send_description(&mut self, description: SessionDescription, context: &Context) {
        let (name, step) = match description.kind {
            SdpType::Offer => (event::OFFER, Step::Offer),
            _ => (event::ANSWER, Step::Answer),
        };
        let data = json!({ "target": self.view.id, name: description });
        context.signaling.emit(name, Some(data));
        self.reach(step);
    }

    /// Opened only with a peer that has one too: for a client without it, a media section more would mean an offer
    /// more, which a plain client takes for a new call.
    fn open_control(&mut self) -> Result<(), JsError> {
        let sink = sink(&self.view.id, self.serial, &self.events);
        self.connection.open_control(move |event| sink(PeerConnectionEvent::Control(event)))
    }

    fn send(&self, message: &ControlMessage) {
        if let Some(control) = self.connection.control() {
            control.send(message);
        }
    }

    fn reach_direct(&mut self) {
        if self.view.connection == ConnectionState::Connected && self.view.stream.is_some() {
            self.reach(Step::Direct);
        }
    }

    fn reach(&mut self, step: Step) {
        let time = (now() - self.started).round();
        let steps = &mut self.view.steps;
        if steps.reached.iter().all(|(reached, _)| *reached != step) {
            steps.reached.push((step, time));
            self.describe(&format!("{step:?} after {} ms", time as u32));
        }
    }

    fn describe(&self, text: &str) {
        describe(&format!("{}: {text}", self.view.id));
    }
}

fn sink(id: &UserId, serial: u64, events: &UnboundedSender<Event>) -> impl Fn(PeerConnectionEvent) + Clone + 'static {
    let (id, events) = (id.clone(), events.clone());
    move |event| {
        let _ = events.unbounded_send(Event::Peer(id.clone(), serial, event));
    }
}

/// A name as it may be shown: without control characters, not too long, and not blank.
fn presentable(name: &str) -> Option<String> {
    let name: String = name.chars().filter(|character| !character.is_control()).take(MAX_NAME_CHARS).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}
