//! One remote participant: the peer connection, its negotiation, and what the interface shows of both. It knows
//! nothing of the room or of the other peers.

use futures_channel::mpsc::UnboundedSender;
use vitrine_negotiation::{
    Action, Input, Negotiation,
    liveness::{Decision, Facts, Liveness, Path},
};
use vitrine_protocol::{
    control::ControlMessage,
    signaling::{IceCandidate, IceServer, SdpType, SessionDescription, UserId, event},
};
use wasm_bindgen::JsValue;
use web_sys::RtcPeerConnectionState;

use super::{
    ConnectionState, Departure, PeerState, Step, Steps, Trouble, budget::Budget, delivery::Way, engine::Event,
    path::Watch,
};
use crate::{
    browser::{self, JsError, Kind, PeerConnection, PeerConnectionEvent, describe, listening_now, now, random_id},
    signaling::Signaling,
};

/// Most notes of one negotiation that are written to the console; a peer can cause any number.
const MAX_NOTES: u32 = 20;
/// So many messages another beginning of the connection counts for.
const BEGINNING: f64 = 30.0;
/// How long an offered connection holds up the next one, in milliseconds.
const UNDER_WAY_FOR: f64 = 1_500.0;
/// How long a connection is new, in milliseconds.
const NEW_FOR: f64 = 4_000.0;

/// What a peer needs from the rest of the call to act.
pub struct Context<'a> {
    pub signaling: &'a Signaling,
    /// Whether we are in the room, as far as the signaling server knows.
    pub online: bool,
    /// What our connections identify themselves with.
    pub certificate: Option<&'a JsValue>,
    pub media: Option<browser::LocalMedia>,
    /// The control channel's first messages.
    pub greeting: [ControlMessage; 2],
}

/// What the rest of the call has to know of a peer's event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The participant said who it is, or the connection reached `connected`: time to see whom it replaces.
    Identified,
    /// The participant is about to come back into the room under this id.
    Returning(UserId),
    /// The other side ended the connection, or is gone.
    Ended(Departure),
    /// Nothing was ever heard of the other side: it is to be asked for a connection.
    Unheard,
    /// No name server knows the host of this ICE server's URL.
    NotResolved(String),
    /// The other side started anew; this is the first description of its new connection.
    StartedAnew(SessionDescription),
}

/// A remote participant; the connection closes on drop.
pub struct Peer {
    pub view: PeerState,
    /// The same for all connections of one participant's stay; none for a client without the control channel.
    pub session: Option<String>,
    /// The id under which the participant is about to come back into the room.
    pub next_id: Option<UserId>,
    /// The signaling server lists this participant under this id. One who is not may be there all the same: servers
    /// come and go.
    pub listed: bool,
    started: f64,
    /// The same by [`listening_now`].
    met: f64,
    pub(super) liveness: Liveness,
    pub(super) budget: Budget,
    /// Messages beyond the budget.
    pub(super) excess: u32,
    /// What the participant sends is not all right; that is told once.
    pub(super) complained: bool,
    /// Notes of the negotiation written to the console.
    notes: u32,
    /// The person was told that there is no connection. New attempts are nothing new then; a connection is.
    told_of_failure: bool,
    /// The connection has stood before.
    has_stood: bool,
    /// After a gap, the first whole picture may come before the other side is ready for it.
    owes_picture: bool,
    /// The control channel is open, or was when the path was lost.
    pub(super) control_open: bool,
    /// Anything came from the participant.
    pub(super) was_heard: bool,
    /// A description that can go no way, and why; the negotiation is to learn of it.
    pub(super) unsent: Option<(SdpType, String)>,
    /// What was sent last through the signaling server, if it is longer than every server takes.
    pub(super) long: Option<SdpType>,
    /// How the latest description came: the answer goes the same way, so that the order of descriptions is kept.
    pub(super) came_by: Way,
    pub(super) watch: Watch,
    pub(super) connection: PeerConnection,
    negotiation: Negotiation,
    events: UnboundedSender<Event>,
}

impl Peer {
    /// Begins on a new `connection` (steps 1, 3 and, if this side `offers`, 2 of the guide).
    pub fn new(
        id: UserId,
        key: u64,
        connection: PeerConnection,
        negotiation: Negotiation,
        offers: bool,
        context: &Context,
        events: UnboundedSender<Event>,
    ) -> Self {
        let started = now();
        let view = PeerState {
            key,
            id,
            name: None,
            connection: ConnectionState::New,
            audio_stream: None,
            video_stream: None,
            audio: None,
            video: None,
            path: None,
            stalled: false,
            trouble: None,
            steps: Steps { offerer: offers, ..Steps::default() },
        };
        let mut peer = Self {
            view,
            session: None,
            next_id: None,
            listed: true,
            started,
            met: listening_now(),
            liveness: Liveness::new(negotiation.role(), listening_now()),
            budget: Budget::new(started),
            excess: 0,
            complained: false,
            notes: 0,
            told_of_failure: false,
            has_stood: false,
            owes_picture: false,
            control_open: false,
            was_heard: false,
            unsent: None,
            long: None,
            came_by: Way::Signaling,
            watch: Watch::default(),
            connection,
            negotiation,
            events,
        };
        peer.reach(Step::ConnectionCreated);
        peer.reach(Step::ListenersAttached);
        if offers {
            let opened = peer.open_control();
            peer.tolerate(opened);
            if let Some(media) = &context.media {
                let added = peer.connection.offer_media(media);
                peer.tolerate(added);
                peer.reach(Step::MediaAdded);
            }
            // The browser says so too, a task later.
            peer.negotiate(Input::NegotiationNeeded, context);
        }
        peer
    }

    /// What this browser refuses is lacking, and the rest of the connection goes on.
    fn tolerate(&mut self, done: Result<(), JsError>) {
        if let Err(error) = done {
            self.describe(&error.to_string());
            self.view.trouble = Some(Trouble::Refused);
        }
    }

    /// Whether the participant has this id, or is about to.
    pub fn goes_by(&self, id: &UserId) -> bool {
        self.view.id == *id || self.next_id.as_ref() == Some(id)
    }

    /// Whether this side has offered a first connection that may come about any moment. One that takes long holds up
    /// nobody.
    pub fn is_under_way(&self) -> bool {
        let trying = matches!(self.view.connection, ConnectionState::New | ConnectionState::Connecting);
        self.view.steps.offerer && trying && listening_now() - self.met < UNDER_WAY_FOR
    }

    /// Whether the connection was begun only just now, and has not stood yet.
    pub fn is_new(&self) -> bool {
        self.view.connection != ConnectionState::Connected && listening_now() - self.met < NEW_FOR
    }

    /// The negotiation of a connection that takes the place of this one.
    pub fn negotiation_anew(&self) -> Negotiation {
        self.negotiation.anew(random_id())
    }

    /// Whether it may be this participant who comes into the room under another id: the server does not list him or her
    /// any more, or will not for long, because nothing is heard over the connection.
    pub fn is_absent(&self) -> bool {
        !self.listed || self.session.is_some() && !self.liveness.is_lively(listening_now())
    }

    /// Takes the place of `older`, which is the same participant: what he or she has sent too much counts on.
    pub fn inherit_limits(&mut self, older: &Self) {
        (self.budget, self.excess, self.notes, self.complained) =
            (older.budget, older.excess, older.notes, older.complained);
    }

    /// Whether the participant could be reached if the signaling server were gone.
    pub fn has_control(&self) -> bool {
        self.control_open
    }

    /// The participant is in the room (again), perhaps under another id. What was under way when the server was lost
    /// is sent again.
    pub fn found(&mut self, id: UserId, context: &Context) {
        // A server that has not noticed the loss lists the old id too, and first.
        if self.view.id != id {
            self.view.id = id;
            self.next_id = None;
        }
        self.listed = true;
        self.liveness.heard(listening_now());
        self.negotiate(Input::OfferAgain, context);
        self.liveness.try_again();
    }

    /// The next restart of ICE is to use these servers.
    pub fn use_ice_servers(&self, servers: &[IceServer]) {
        if let Err(error) = self.connection.set_ice_servers(servers) {
            self.describe(&format!("keeps its ICE servers: {error}"));
        }
    }

    /// There may be another path now, or the person asks for another try: the next tick takes it.
    pub fn try_again(&mut self) {
        self.liveness.try_again();
    }

    /// After a gap the other side shows nothing until a whole picture comes.
    pub(super) fn refresh_pictures(&mut self) {
        self.connection.refresh_pictures();
        self.owes_picture = true;
    }

    /// Looks after the connection; called at every tick.
    pub fn tick(&mut self, context: &Context) -> Option<News> {
        let facts = Facts {
            now: listening_now(),
            online: context.online,
            listed: self.listed,
            control: self.control_open,
            awaits_answer: self.negotiation.awaits_answer(),
            standstill: self.watch.standstill(),
        };
        self.view.stalled = facts.standstill && !self.liveness.is_fresh(facts.now);
        if std::mem::take(&mut self.owes_picture) {
            self.connection.refresh_pictures();
        }
        self.tend_path();
        let mut news = None;
        for decision in self.liveness.tick(facts) {
            match decision {
                Decision::Ping => drop(self.send(&ControlMessage::Ping)),
                Decision::RestartIce => {
                    self.describe("ICE is restarted");
                    self.negotiate(Input::RestartIce, context);
                    self.negotiate(Input::OfferAgain, context);
                }
                // A plain client would take it for a new call.
                Decision::OfferAgain
                    if self.session.is_none() && self.view.connection == ConnectionState::Connected => {}
                Decision::OfferAgain => self.negotiate(Input::OfferAgain, context),
                Decision::TellOfFailure => {
                    self.told_of_failure = true;
                    if !self.has_stood && (facts.awaits_answer || !self.was_heard) {
                        self.view.trouble.get_or_insert(Trouble::Unanswered);
                    }
                    self.view.connection = ConnectionState::Failed;
                    self.describe("no connection so far; attempts go on");
                }
                Decision::AskAnew => {
                    self.describe("answers nothing; is asked for a connection");
                    news = Some(News::Unheard);
                }
                Decision::Gone => {
                    self.describe("gone");
                    return Some(News::Ended(match (self.has_stood, self.listed) {
                        (true, _) => Departure::Lost,
                        (false, true) => Departure::Unanswered,
                        (false, false) => Departure::Left,
                    }));
                }
            }
        }
        news
    }

    /// The other side sent an offer or an answer.
    pub fn receive_description(
        &mut self,
        description: SessionDescription,
        way: Way,
        context: &Context,
    ) -> Option<News> {
        if !self.accepts(way, description.sdp.len()) {
            return None;
        }
        let offer = description.kind == SdpType::Offer;
        if self.negotiation.is_from_another_connection(&description) {
            // A connection is dear.
            let affordable = self.budget.spend(now(), BEGINNING);
            return affordable.then_some(News::StartedAnew(description));
        }
        match description.kind {
            SdpType::Offer => self.reach(Step::Offer),
            SdpType::Answer => self.reach(Step::Answer),
            SdpType::Pranswer | SdpType::Rollback => {}
        }
        self.came_by = way;
        if offer {
            self.liveness.restarted_by_peer(listening_now());
        }
        self.negotiate(Input::RemoteDescription(description), context);
        None
    }

    /// The other side sent a candidate.
    pub fn receive_candidate(&mut self, candidate: IceCandidate, way: Way, context: &Context) {
        if !self.accepts_more(way) {
            return;
        }
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
        let _ = self.send(&context.greeting[1]);
    }

    /// Takes an event of this peer's connection.
    pub fn handle(&mut self, event: PeerConnectionEvent, context: &Context) -> Option<News> {
        match event {
            // Chromium fires after `setConfiguration()`, too: an offer of nothing would stand in the way of the peer's.
            PeerConnectionEvent::NegotiationNeeded if self.connection.is_empty() => {}
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
                self.send_candidate(&candidate, context);
            }
            PeerConnectionEvent::CandidateError { url, code, text } => {
                self.describe(&format!("no candidate from {url}: {code} {text}"));
                // Chromium's words, for which the specification has no code of its own.
                return text.contains("lookup").then_some(News::NotResolved(url));
            }
            PeerConnectionEvent::Gathered => {}
            PeerConnectionEvent::Stats(reports) => self.path_read(&reports),
            PeerConnectionEvent::ConnectionState(state) => return self.connection_state(state),
            PeerConnectionEvent::Track(track) => {
                self.reach(Step::MediaReceived);
                let (kind, stream) = browser::stream_of(&track);
                match kind {
                    Kind::Audio => self.view.audio_stream = stream,
                    Kind::Video => self.view.video_stream = stream,
                }
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
        let path = match self.view.connection {
            ConnectionState::New | ConnectionState::Connecting => Path::Trying,
            ConnectionState::Connected => Path::Connected,
            ConnectionState::Disconnected => Path::Disconnected,
            ConnectionState::Failed | ConnectionState::Closed => Path::Failed,
        };
        self.told_of_failure &= path != Path::Connected;
        if self.told_of_failure {
            self.view.connection = ConnectionState::Failed;
        } else if self.has_stood && path == Path::Trying {
            // A restart of ICE: still the connection that was lost for a while, with its last picture.
            self.view.connection = ConnectionState::Disconnected;
        }
        self.liveness.path(path, listening_now());
        self.watch.look(self.has_stood);
        self.tend_path();
        match self.view.connection {
            ConnectionState::Connected => {
                if self.has_stood {
                    self.refresh_pictures();
                }
                self.has_stood = true;
                self.reach(Step::Connected);
                self.reach_direct();
                Some(News::Identified)
            }
            _ => None,
        }
    }

    fn negotiate(&mut self, input: Input, context: &Context) {
        for action in self.negotiation.handle(input) {
            let done = self.act(action, context);
            self.tolerate(done);
        }
        if let Some((kind, reason)) = self.unsent.take() {
            self.give_up_sending(kind, reason, context);
        }
    }

    /// A description can go no way.
    fn give_up_sending(&mut self, kind: SdpType, reason: String, context: &Context) {
        self.view.trouble = Some(Trouble::TooLong);
        self.negotiate(Input::DescriptionUnsent { kind, reason }, context);
    }

    /// The server refused an event of this name for its length. It does not say whose.
    pub fn was_too_long(&mut self, name: &str, context: &Context) {
        let kind = match name {
            event::OFFER => SdpType::Offer,
            event::ANSWER => SdpType::Answer,
            _ => return,
        };
        if self.long.take_if(|long| *long == kind).is_some() {
            self.give_up_sending(kind, "it is longer than the server takes".to_owned(), context);
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
            Action::Note(note) => {
                self.notes = self.notes.saturating_add(1);
                if self.notes <= MAX_NOTES {
                    self.describe(&note.to_string());
                }
            }
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

    /// Where the connection's events go.
    pub(super) fn sink(&self) -> impl Fn(PeerConnectionEvent) + Clone + 'static {
        sink(self.view.key, &self.events)
    }

    fn reach_direct(&mut self) {
        if self.view.connection == ConnectionState::Connected
            && (self.view.audio_stream.is_some() || self.view.video_stream.is_some())
        {
            self.reach(Step::Direct);
        }
    }

    pub(super) fn reach(&mut self, step: Step) {
        let time = (now() - self.started).round();
        let steps = &mut self.view.steps;
        if steps.reached.iter().all(|(reached, _)| *reached != step) {
            steps.reached.push((step, time));
            self.describe(&format!("{step:?} after {} ms", time as u32));
        }
    }

    pub(super) fn describe(&self, text: &str) {
        describe(&format!("{}: {text}", self.view.id));
    }
}

/// Where the events of the connection with this key go.
pub(super) fn sink(key: u64, events: &UnboundedSender<Event>) -> impl Fn(PeerConnectionEvent) + Clone + 'static {
    let events = events.clone();
    move |event| {
        let _ = events.unbounded_send(Event::Peer(key, event));
    }
}
