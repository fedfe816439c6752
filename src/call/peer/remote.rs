//! A remote participant and its connection. What concerns the rest of the call is returned as a [`PeerEvent`].

use vitrine_insight::{
    path::MediaPath,
    stats::Stats,
    trace::{ConnectionTrace, StateMachine},
};
use vitrine_negotiation::{Input, Negotiation, liveness::Decision};
use vitrine_protocol::{
    control::ControlMessage,
    signaling::{IceCandidate, IceServer, SdpType, SessionDescription, UserId},
};
use web_sys::RtcPeerConnectionState;

use super::{
    context::{Context, PeerEvent},
    control::{Control, Request},
    flood_guard::{FloodGuard, Verdict},
    listing::Listing,
    negotiator::{Link, Negotiator, Outcome},
    progress::Progress,
    received::{Arrived, Received},
    recorder::Recorder,
    route::Way,
    sending::Sending,
    told::Told,
    view::Known,
    vitals::{Facts, Vitals},
};
use crate::{
    browser::{self, ControlChannelEvent, JsError, MediaKind, PeerConnection, PeerConnectionEvent, awake_now, now},
    call::{
        event::Events,
        state::{ConnectionState, Departure, Trouble},
        steps::Step,
    },
};

/// A remote participant; its connection closes on drop.
pub struct Peer {
    key: u64,
    listing: Listing,
    control: Control,
    guard: FloodGuard,
    vitals: Vitals,
    progress: Progress,
    received: Received,
    sending: Sending,
    recorder: Recorder,
    negotiator: Negotiator,
}

impl Peer {
    /// Begins on a new `connection` (steps 1, 3 and, if this side `offers`, 2 of the guide).
    pub fn new(
        id: UserId,
        key: u64,
        connection: PeerConnection,
        negotiation: Negotiation,
        offers: bool,
        context: &Context<'_>,
        events: Events,
    ) -> Self {
        let mut peer = Self {
            key,
            listing: Listing::new(id),
            control: Control::default(),
            guard: FloodGuard::new(now()),
            vitals: Vitals::new(negotiation.role(), awake_now()),
            progress: Progress::new(now(), offers),
            received: Received::new(now()),
            sending: Sending::default(),
            recorder: Recorder::new(key, &connection),
            negotiator: Negotiator::new(key, events, negotiation, connection),
        };
        peer.reach(Step::ConnectionCreated);
        peer.reach(Step::ListenersAttached);
        if offers {
            peer.with_negotiator(context, |negotiator, link| negotiator.begin(link));
        }
        peer
    }

    /// The key of the connection.
    pub fn key(&self) -> u64 {
        self.key
    }

    /// How the server lists the participant, to be changed.
    pub fn listing_mut(&mut self) -> &mut Listing {
        &mut self.listing
    }

    /// What the participant told of itself, to be changed.
    pub fn told_mut(&mut self) -> &mut Told {
        self.control.told_mut()
    }

    /// What is known of the participant, for the room, the chat and the interface.
    pub fn known(&self) -> Known<'_> {
        let Self { key, listing, control, progress, received, vitals, recorder, .. } = self;
        Known { key: *key, listing, control, progress, received, vitals, recorder }
    }

    /// The record of the connection, to be changed.
    pub fn recorder_mut(&mut self) -> &mut Recorder {
        &mut self.recorder
    }

    /// Closes the connection. Returns its record.
    pub fn close(self) -> ConnectionTrace {
        self.recorder.close()
    }

    /// The negotiation of a connection that takes the place of this one.
    pub fn next_negotiation(&self) -> Negotiation {
        self.negotiator.next_negotiation()
    }

    /// Takes the place of `older`, a connection with the same participant, whose limits go on.
    pub fn inherit_limits(&mut self, older: &Self) {
        self.guard = older.guard;
        self.control.follow(&older.control);
    }

    /// The participant is in the room (again), perhaps under another id. What the loss of the server lost is sent again.
    pub fn found(&mut self, id: UserId, context: &Context<'_>) {
        self.listing.found(id);
        self.vitals.heard(Way::Signaling, awake_now());
        self.negotiate(Input::OfferAgain, context);
        self.vitals.try_again();
    }

    /// The next ICE restart uses these servers.
    pub fn use_ice_servers(&self, servers: &[IceServer]) {
        let result = self.negotiator.connection().set_ice_servers(servers);
        result.unwrap_or_else(|error| self.log(&format!("keeps its ICE servers: {error}")));
    }

    /// There may be another path now, or the user asks for another attempt: the next tick makes it.
    pub fn try_again(&mut self) {
        self.vitals.try_again();
    }

    /// Sends a control message; false if the channel is not open.
    pub fn send(&self, message: &ControlMessage) -> bool {
        self.negotiator.send_control(message)
    }

    /// Sends the current tracks of these kinds, and tells the participant which devices are on.
    pub fn replace_tracks(&self, kinds: &[MediaKind], context: &Context<'_>) {
        self.sending.send_devices(kinds, context, &self.negotiator);
        self.send(&context.media_state);
    }

    /// The connection, to look at what it sends and receives.
    pub fn connection(&self) -> &PeerConnection {
        self.negotiator.connection()
    }

    /// Sends this side's screen as it is now, and tells the participant.
    pub fn send_screen(&mut self, context: &Context<'_>) {
        let (has_greeted, is_connected) = (self.control.session().is_some(), self.progress.is_connected());
        let sent = self.sending.send_screen(has_greeted, is_connected, context, &mut self.negotiator);
        sent.unwrap_or_else(|error| self.refused(&error));
    }

    /// Looks after the connection; called every 250 ms.
    pub fn tick(&mut self, context: &Context<'_>) -> Option<PeerEvent> {
        self.sending.tick(&self.negotiator);
        self.watch();
        self.send_screen(context);
        self.received.settle(now());
        self.told_mut().tick(now());
        let facts = Facts::of(context.is_online, &self.listing, &self.control, &self.negotiator);
        let mut event = None;
        for decision in self.vitals.tick(facts, awake_now()) {
            match decision {
                Decision::Ping => drop(self.send(&ControlMessage::Ping)),
                Decision::RestartIce => {
                    self.log("restarts ICE");
                    self.negotiate(Input::RestartIce, context);
                    self.negotiate(Input::OfferAgain, context);
                }
                // A plain client would take it for a new call.
                Decision::OfferAgain if self.control.session().is_none() && self.progress.is_connected() => {}
                Decision::OfferAgain => self.negotiate(Input::OfferAgain, context),
                Decision::ReportFailure => {
                    self.progress.failure_reported(facts.awaits_answer);
                    self.log("no connection so far; attempts go on");
                }
                Decision::RequestConnection => {
                    self.log("answers nothing; is asked for a connection");
                    event = Some(PeerEvent::NeverHeard);
                }
                Decision::RemovePeer => {
                    self.log("is gone");
                    return Some(PeerEvent::Ended(self.progress.departure(self.listing.is_listed())));
                }
            }
        }
        event
    }

    /// The other side sent an offer or an answer.
    pub fn receive_description(
        &mut self,
        description: SessionDescription,
        way: Way,
        context: &Context<'_>,
    ) -> Option<PeerEvent> {
        if !self.accepts(way, description.sdp.len()) {
            return None;
        }
        if self.negotiator.is_from_another_connection(&description) {
            return self.guard.admit_connection(now()).then_some(PeerEvent::Restarted(description));
        }
        self.recorder.description_came(&description, way);
        if description.kind == SdpType::Offer {
            self.vitals.offer_received(awake_now());
        }
        Step::of_description(description.kind).into_iter().for_each(|step| self.reach(step));
        self.with_negotiator(context, |negotiator, link| negotiator.receive_description(description, way, link));
        None
    }

    /// The other side sent a candidate.
    pub fn receive_candidate(&mut self, candidate: IceCandidate, way: Way, context: &Context<'_>) {
        if self.accepts(way, 0) {
            self.recorder.candidate_came(&candidate, way);
            self.progress.candidate_received(&candidate.candidate);
            self.reach(Step::Candidates);
            self.negotiate(Input::RemoteCandidate(candidate), context);
        }
    }

    /// The server refused an event of this name for its length. It does not say whose.
    pub fn server_refused_length(&mut self, event_name: &str, context: &Context<'_>) {
        self.with_negotiator(context, |negotiator, link| negotiator.server_refused_length(event_name, link));
    }

    /// Takes an event of this peer's connection.
    pub fn handle(&mut self, event: PeerConnectionEvent, context: &Context<'_>) -> Option<PeerEvent> {
        self.recorder.happened(&event);
        match event {
            PeerConnectionEvent::Negotiation(event) => {
                let input = self.negotiator.input_of(event);
                input.into_iter().for_each(|input| self.negotiate(input, context));
            }
            PeerConnectionEvent::Candidate { candidate, .. } => {
                self.progress.candidate_sent(&candidate.candidate);
                self.reach(Step::Candidates);
                self.with_negotiator(context, |negotiator, link| negotiator.send_candidate(&candidate, link));
            }
            PeerConnectionEvent::CandidateError { url, code, text } => {
                self.log(&format!("no candidate from {url}: {code} {text}"));
                // Chromium's words; the specification has no code for this.
                return text.contains("lookup").then_some(PeerEvent::IceServerNotResolved(url));
            }
            PeerConnectionEvent::State(StateMachine::Gathering, state) if state == "complete" => {
                self.progress.gathered(self.negotiator.connection().is_relay_only());
            }
            PeerConnectionEvent::State(..) => {}
            PeerConnectionEvent::Stats(reports) => self.take_stats(reports),
            PeerConnectionEvent::Speaking(is_speaking) => self.vitals.heard_speech(is_speaking),
            PeerConnectionEvent::ConnectionState(state) => return self.state_changed(state),
            PeerConnectionEvent::Track(received) => {
                let (kind, stream) = browser::stream_of(&received.track);
                self.received.arrived(Arrived { kind, mid: received.mid, streams: received.streams, stream });
                self.progress.track_arrived();
                self.reach(Step::MediaReceived);
            }
            PeerConnectionEvent::Control(event) => return self.control_event(event, context),
        }
        None
    }

    fn state_changed(&mut self, state: RtcPeerConnectionState) -> Option<PeerEvent> {
        let had_connected = self.progress.has_connected();
        let (state, is_again) = self.progress.state_changed(state);
        self.log(&format!("connection state: {}", state.name()));
        self.vitals.state_changed(state, had_connected, awake_now());
        self.watch();
        if state != ConnectionState::Connected {
            return None;
        }
        if is_again {
            self.sending.request_key_frames(&self.negotiator);
        }
        self.reach(Step::Connected);
        Some(PeerEvent::Identified)
    }

    fn control_event(&mut self, event: ControlChannelEvent, context: &Context<'_>) -> Option<PeerEvent> {
        let message = match event {
            ControlChannelEvent::Open => {
                self.control.opened();
                for message in context.greeting() {
                    self.send(message);
                }
                self.send_screen(context);
                return None;
            }
            ControlChannelEvent::Closed => return Some(PeerEvent::Ended(Departure::Left)),
            ControlChannelEvent::Unreadable(reason) => {
                if self.accepts(Way::Control, 0) && self.guard.is_first_complaint() {
                    self.log(&format!("unreadable control message: {reason}"));
                }
                return None;
            }
            ControlChannelEvent::Message(message) => message,
        };
        // These two are counted where they are received.
        let is_signal = matches!(message, ControlMessage::Description { .. } | ControlMessage::Candidate { .. });
        if !is_signal && !self.accepts(Way::Control, 0) {
            return None;
        }
        match self.control.receive(message, now())? {
            Request::TakeDescription(description) => {
                return self.receive_description(description, Way::Control, context);
            }
            Request::TakeCandidate(candidate) => self.receive_candidate(candidate, Way::Control, context),
            Request::Identify { other_version } => {
                self.send_screen(context);
                other_version.inspect(|version| self.log(&format!("speaks version {version} of the control channel")));
                return Some(PeerEvent::Identified);
            }
            Request::ExpectReturn(id) => return Some(PeerEvent::Returning(id)),
            Request::TakeScreen(stream) => self.received.announced(stream, now()),
            Request::TakeRelay(relay) => {
                self.recorder.relay_told(relay);
                self.vitals.take_relay(relay);
            }
            Request::TakeChat(message) => return Some(PeerEvent::Chat(message)),
            Request::Pong => drop(self.send(&ControlMessage::Pong)),
        }
        None
    }

    /// Notes a sign of life. Returns whether to read a message with so many bytes more than an ordinary one.
    fn accepts(&mut self, way: Way, bytes: usize) -> bool {
        self.progress.heard();
        self.vitals.heard(way, awake_now());
        let verdict = self.guard.admit(now(), bytes);
        self.guard.complaint(verdict).into_iter().for_each(|complaint| self.log(complaint));
        if verdict == Verdict::StopReading {
            self.negotiator.ignore_control();
        }
        verdict == Verdict::Accept
    }

    /// Watches what arrives; starts a reading of the statistics if it is time to.
    fn watch(&mut self) {
        let may_speak = self.progress.is_connected() && self.control.told().audio() != Some(false);
        self.vitals.listen(may_speak, &self.negotiator);
        let (is_due, is_recovered) = self.vitals.watch(self.progress.is_connected(), &self.control, awake_now());
        if is_recovered {
            self.sending.request_key_frames(&self.negotiator);
        }
        if self.recorder.tick(is_due) {
            self.negotiator.read_stats(self.recorder.wanted());
        }
    }

    fn take_stats(&mut self, reports: Vec<Stats>) {
        let reading = self.vitals.take_stats(&reports, self.progress.is_connected(), &self.control, awake_now());
        self.recorder.sampled(reports);
        if reading.is_recovered {
            self.sending.request_key_frames(&self.negotiator);
        }
        if reading.path_changed {
            self.log(self.vitals.path().map_or("its path is not known", MediaPath::name));
        }
        for message in self.vitals.untold() {
            if self.send(&message) {
                self.vitals.told(&message);
            }
        }
    }

    fn negotiate(&mut self, input: Input, context: &Context<'_>) {
        self.with_negotiator(context, |negotiator, link| negotiator.handle(input, link));
    }

    /// Lets the negotiator act, and notes what happened. A control channel that works is nearer than any server.
    fn with_negotiator(&mut self, context: &Context<'_>, act: impl FnOnce(&mut Negotiator, &Link<'_>) -> Vec<Outcome>) {
        let is_control_up = self.control.is_open() && self.vitals.is_reachable(awake_now());
        let usual_way = if is_control_up { Way::Control } else { Way::Signaling };
        let link = Link::new(context, &self.listing, usual_way);
        for outcome in act(&mut self.negotiator, &link) {
            match outcome {
                Outcome::Reached(step) => self.reach(step),
                Outcome::Refused(error) => self.refused(&error),
                Outcome::TooLong => self.progress.troubled(Trouble::TooLong),
                Outcome::ShortEnough => self.progress.mended(Trouble::TooLong),
                Outcome::Unreachable => self.log("cannot be reached now"),
                Outcome::Note(note) if self.guard.admit_note() => self.log(&note),
                Outcome::Note(_) => {}
                Outcome::Did(kind) => self.recorder.did(kind),
            }
        }
    }

    fn refused(&mut self, error: &JsError) {
        self.progress.troubled(Trouble::Refused);
        self.log(&error.to_string());
    }

    fn reach(&mut self, step: Step) {
        for (step, time) in self.progress.reach(step, now()) {
            self.log(&format!("{step:?} after {} ms", time as u32));
        }
    }

    fn log(&self, text: &str) {
        browser::log(&format!("{}: {text}", self.listing.id()));
    }
}
