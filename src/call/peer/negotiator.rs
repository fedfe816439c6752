//! Carries out what the negotiation decides: on the browser's connection, and towards the other side. What happened is
//! returned as [`Outcome`]s; the peer decides what they mean.

use std::collections::VecDeque;

use vitrine_insight::{
    relayed::{relayed_candidate, relayed_description},
    trace::{EventKind, Side},
};
use vitrine_negotiation::{Action, Input, Negotiation};
use vitrine_protocol::{
    client_event::{ClientEvent, Signal, ToPeer},
    control::ControlMessage,
    signaling::{IceCandidate, MAX_DESCRIPTION_BYTES, SdpType, SessionDescription, UserId},
};

use super::{
    context::Context,
    listing::Listing,
    recorder,
    route::{Route, Way, deliver},
};
use crate::{
    browser::{JsError, NegotiationEvent, OutgoingMedia, PeerConnection, PeerConnectionEvent, json, random_id},
    call::{event::Events, steps::Step},
    signaling::Signaling,
};

/// A connection and its negotiation.
pub struct Negotiator {
    key: u64,
    events: Events,
    negotiation: Negotiation,
    route: Route,
    connection: PeerConnection,
}

/// How the other side can be reached now, and what is sent to it.
pub struct Link<'a> {
    /// Carries what is sent through the server.
    signaling: &'a Signaling,
    /// The server's id of the participant.
    target: &'a UserId,
    /// The server is connected and lists both sides in the room.
    is_signaling_up: bool,
    /// The way of candidates and offers.
    usual_way: Way,
    /// The media to offer, or to answer with.
    media: Option<&'a OutgoingMedia>,
}

impl<'a> Link<'a> {
    /// To a participant with this listing, now.
    pub fn new(context: &'a Context<'a>, listing: &'a Listing, usual_way: Way) -> Self {
        Self {
            signaling: context.signaling,
            target: listing.id(),
            is_signaling_up: context.is_online && listing.is_listed(),
            usual_way,
            media: context.media.as_ref(),
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The connection reached this step.
    Reached(Step),
    /// The browser refused a part. The rest of the connection goes on.
    Refused(JsError),
    /// A description is too long for every way.
    TooLong,
    /// A description is short enough.
    ShortEnough,
    /// Neither way is up.
    Unreachable,
    /// A note of the negotiation, for the log.
    Note(String),
    /// This was done, for the record.
    Did(EventKind),
}

impl Negotiator {
    /// Drives `connection`, whose events go to the peer with this key.
    pub fn new(key: u64, events: Events, negotiation: Negotiation, connection: PeerConnection) -> Self {
        Self { key, events, negotiation, route: Route::default(), connection }
    }

    /// The negotiation of a connection that takes the place of this one.
    pub fn next_negotiation(&self) -> Negotiation {
        self.negotiation.next_connection(random_id())
    }

    /// Whether an offer of this side waits for its answer.
    pub fn awaits_answer(&self) -> bool {
        self.negotiation.awaits_answer()
    }

    /// Whether the description is of a new connection of the other side.
    pub fn is_from_another_connection(&self, description: &SessionDescription) -> bool {
        self.negotiation.is_from_another_connection(description)
    }

    /// What an event of the browser's connection means for the negotiation.
    pub fn input_of(&self, event: NegotiationEvent) -> Option<Input> {
        Some(match event {
            // Chromium fires after `setConfiguration()` too. An offer of nothing would delay the peer's offer.
            NegotiationEvent::Needed if self.connection.is_empty() => return None,
            NegotiationEvent::Needed => Input::NegotiationNeeded,
            NegotiationEvent::LocalDescriptionSet(description) => Input::LocalDescriptionSet(description),
            NegotiationEvent::RemoteDescriptionSet => Input::RemoteDescriptionSet,
            NegotiationEvent::DescriptionFailed(error) => Input::DescriptionFailed(error.to_string()),
            NegotiationEvent::CandidateFailed(candidate, error) => {
                Input::CandidateFailed { candidate, reason: error.to_string() }
            }
        })
    }

    /// The browser's connection.
    pub fn connection(&self) -> &PeerConnection {
        &self.connection
    }

    /// The browser's connection, to be changed.
    pub fn connection_mut(&mut self) -> &mut PeerConnection {
        &mut self.connection
    }

    /// Where the events of the connection go.
    pub fn sink(&self) -> impl Fn(PeerConnectionEvent) + Clone + 'static {
        self.events.of_peer(self.key)
    }

    /// Gives the statistics to the peer when they are read.
    pub fn read_stats(&mut self, wanted: fn(&str) -> bool) {
        self.connection.read_stats(wanted, self.sink());
    }

    /// Stops reading the control channel.
    pub fn ignore_control(&mut self) {
        self.connection.ignore_control();
    }

    /// Offers the first media and the control channel.
    pub fn begin(&mut self, link: &Link<'_>) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let opened = self.open_control();
        outcomes.extend(opened.err().map(Outcome::Refused));
        if let Some(media) = link.media {
            let added = self.connection.offer_media(media);
            outcomes.extend(added.err().map(Outcome::Refused));
            outcomes.extend(recorder::added(media).map(Outcome::Did));
            outcomes.push(Outcome::Reached(Step::MediaAdded));
        }
        // The browser fires `negotiationneeded` too, a task later.
        outcomes.extend(self.handle(Input::NegotiationNeeded, link));
        outcomes
    }

    /// A description came this way.
    pub fn receive_description(&mut self, description: SessionDescription, way: Way, link: &Link<'_>) -> Vec<Outcome> {
        self.route.description_received(way);
        self.handle(Input::RemoteDescription(description), link)
    }

    /// Gives `input` to the negotiation and does what it decides.
    pub fn handle(&mut self, input: Input, link: &Link<'_>) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for action in self.negotiation.handle(input) {
                if let Action::Send(description) = action {
                    let kind = description.kind;
                    if let Err(reason) = self.send_description(description, link, &mut outcomes) {
                        outcomes.push(Outcome::TooLong);
                        inputs.push_back(Input::DescriptionUnsent { kind, reason });
                    }
                } else if let Err(error) = self.act(action, link, &mut outcomes) {
                    outcomes.push(Outcome::Refused(error));
                }
            }
        }
        outcomes
    }

    /// The server refused an event of this name for its length.
    pub fn server_refused_length(&mut self, event_name: &str, link: &Link<'_>) -> Vec<Outcome> {
        let Some(kind) = self.route.take_refused(event_name) else { return Vec::new() };
        let reason = "it is longer than the server takes".to_owned();
        let mut outcomes = vec![Outcome::TooLong];
        outcomes.extend(self.handle(Input::DescriptionUnsent { kind, reason }, link));
        outcomes
    }

    /// Sends a candidate of this side.
    pub fn send_candidate(&self, candidate: &IceCandidate, link: &Link<'_>) -> Vec<Outcome> {
        let mut candidate = candidate.clone();
        if self.connection.is_relay_only() {
            let Some(relayed) = relayed_candidate(&candidate.candidate) else { return Vec::new() };
            candidate.candidate = relayed;
        }
        let send = |way| match way {
            Way::Signaling => {
                let signal = Signal::Candidate(candidate.clone());
                link.signaling.emit(ClientEvent::ToPeer(ToPeer { target: link.target.clone(), signal }));
                true
            }
            Way::Control => self.send_control(&ControlMessage::Candidate { candidate: candidate.clone() }),
        };
        let way = deliver(link.usual_way, link.is_signaling_up, send);
        let sent = |way| Outcome::Did(recorder::message(Side::Local, way, "candidate", candidate.candidate.len()));
        vec![way.map_or(Outcome::Unreachable, sent)]
    }

    /// Sends a control message; false if the channel is not open.
    pub fn send_control(&self, message: &ControlMessage) -> bool {
        self.connection.control().is_some_and(|control| control.send(message))
    }

    fn act(&mut self, action: Action, link: &Link<'_>, outcomes: &mut Vec<Outcome>) -> Result<(), JsError> {
        match action {
            Action::RestartIce => {
                outcomes.push(Outcome::Did(EventKind::RestartIce));
                self.connection.restart_ice()?;
            }
            Action::SetLocalDescription(kind) => {
                outcomes.push(Outcome::Did(setting(Side::Local, kind, None)));
                let media = link.media.filter(|_| kind == SdpType::Answer);
                let prepared = media.map(|media| self.connection.answer_media(media));
                // The operation starts even if that failed: the negotiation waits for its end.
                self.connection.set_local_description();
                outcomes.extend(media.into_iter().flat_map(recorder::added).map(Outcome::Did));
                if let Some(prepared) = prepared {
                    prepared?;
                    outcomes.push(Outcome::Reached(Step::MediaAdded));
                }
            }
            Action::SetRemoteDescription(description) => {
                let offers_control = description.kind == SdpType::Offer
                    && description.sdp.lines().any(|line| line.starts_with("m=application "));
                let opened = if offers_control { self.open_control() } else { Ok(()) };
                outcomes.push(Outcome::Did(setting(Side::Remote, description.kind, Some(&description.sdp))));
                self.connection.set_remote_description(description);
                opened?;
            }
            Action::AddCandidate(candidate) => self.connection.add_candidate(candidate),
            Action::Note(note) => outcomes.push(Outcome::Note(note.to_string())),
            Action::Send(_) => {}
        }
        Ok(())
    }

    /// The channel is opened only with a peer that has one too. A client without it would get one media section more, so
    /// one offer more, which a plain client takes for a new call.
    fn open_control(&mut self) -> Result<(), JsError> {
        self.connection.open_control(self.events.of_peer(self.key))
    }

    /// A description that is too long for one way goes the other way.
    ///
    /// # Errors
    /// Why it can go no way at all.
    fn send_description(
        &mut self,
        mut description: SessionDescription,
        link: &Link<'_>,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), String> {
        if self.connection.is_relay_only() {
            description.sdp = relayed_description(&description.sdp);
        }
        let kind = description.kind;
        let first = self.route.first_choice(kind, link.usual_way);
        let to_peer = ToPeer { target: link.target.clone(), signal: description.clone().into() };
        let bytes = json::to_text(&to_peer).map_err(|error| error.to_string())?.len();
        if bytes > MAX_DESCRIPTION_BYTES {
            return Err(format!("{bytes} bytes are more than the {MAX_DESCRIPTION_BYTES} that are carried"));
        }
        let message = ControlMessage::Description { description };
        let way = deliver(first, link.is_signaling_up, |way| match way {
            Way::Signaling => {
                link.signaling.emit(ClientEvent::ToPeer(to_peer.clone()));
                true
            }
            Way::Control => self.send_control(&message),
        });
        let sent = |way| Outcome::Did(recorder::message(Side::Local, way, recorder::name(kind), bytes));
        outcomes.extend(way.map(sent));
        self.route.description_sent(kind, way, bytes);
        outcomes.push(Outcome::ShortEnough);
        outcomes.extend(way.is_none().then_some(Outcome::Unreachable));
        outcomes.push(Outcome::Reached(if kind == SdpType::Offer { Step::Offer } else { Step::Answer }));
        Ok(())
    }
}

/// That a description is being set.
fn setting(side: Side, kind: SdpType, sdp: Option<&str>) -> EventKind {
    EventKind::SetDescription { side, kind: Some(recorder::name(kind).to_owned()), sdp: sdp.map(str::to_owned) }
}
