//! The state machine itself. One rule carries it: inputs only set facts, then [`Negotiation::proceed`] looks at the
//! facts and starts the next description operation if none is in flight. So no browser operation ever overlaps
//! another, and a decision about a remote offer is taken when it can be acted on, with nothing half done.
//!
//! The flags of the specification's example are here under their names: [`Negotiation::making_offer`],
//! [`Negotiation::is_setting_remote_answer_pending`], [`Negotiation::ignore_offer`]. The first two are facts about
//! the operation in flight; since descriptions wait until it is done, only what it left behind decides a collision.

use vitrine_protocol::signaling::{SdpType, SessionDescription};

use crate::candidates::Candidates;
use crate::tags::Tags;
use crate::{Action, Input, Misplaced, Note, Operation, Recovery, Role, SignalingState};

/// Most remote descriptions that wait at a time. An honest peer has one or two under way.
const MAX_DESCRIPTIONS: usize = 16;
/// After this many answers in a row that could not be set, no further offer is made for the same need.
const MAX_FAILED_ANSWERS: u32 = 2;

/// Who takes which part in the handshake of DTLS: in an offer, either; in an answer, the one that begins, or the other.
const EITHER: &str = "a=setup:actpass";
const ACTIVE: &str = "a=setup:active";
const PASSIVE: &str = "a=setup:passive";

/// The state machine of one peer connection.
#[derive(Clone, Debug)]
pub struct Negotiation {
    /// The role that this side began with. The descriptions say it.
    begun_as: Role,
    /// The role that it has against the connection of the other side that was heard of last.
    role: Role,
    state: SignalingState,
    operation: Option<Operation>,
    /// Remote descriptions that wait for the operation in flight, oldest first.
    descriptions: Vec<SessionDescription>,
    candidates: Candidates,
    tags: Tags,
    /// An offer is wanted once the state is stable.
    needed: bool,
    /// An offer is wanted even over the own one that is set.
    offer_again: bool,
    /// The own offer is set, was sent, and no answer to it came. Only in [`SignalingState::HaveLocalOffer`].
    answer_due: bool,
    failed_answers: u32,
    ignore_offer: bool,
    /// The own `a=setup` (RFC 8842 §5) of the first answer, which this connection keeps.
    setup: Option<&'static str>,
}

impl Negotiation {
    /// The machine for a new `RTCPeerConnection`, whose descriptions carry tags with this random id of it.
    pub fn tagged(role: Role, connection: String) -> Self {
        Self { tags: Tags::new(connection), ..Self::new(role) }
    }

    /// The machine for a new `RTCPeerConnection` in place of this one's, with the same participant: when this side starts
    /// anew, and when the other side did, see [`Self::is_from_another_connection`]. It keeps the role, and what tells
    /// late messages of connections that are gone from those of the other side's new one. It offers on its first input,
    /// unless that is an offer.
    pub fn anew(&self, connection: String) -> Self {
        Self {
            candidates: self.candidates.anew(!self.tags.met()),
            tags: self.tags.anew(connection),
            needed: true,
            ..Self::new(self.role)
        }
    }

    /// The machine for a new `RTCPeerConnection`, whose descriptions carry no tags.
    pub fn new(role: Role) -> Self {
        Self {
            begun_as: role,
            role,
            state: SignalingState::Stable,
            operation: None,
            descriptions: Vec::new(),
            candidates: Candidates::default(),
            tags: Tags::default(),
            needed: false,
            offer_again: false,
            answer_due: false,
            failed_answers: 0,
            ignore_offer: false,
            setup: None,
        }
    }

    /// Takes an input; returns what to do, in this order.
    pub fn handle(&mut self, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        match input {
            // The browser fires only when nothing is in flight, so what it fired for is in the offer being made.
            Input::NegotiationNeeded => self.needed |= !self.making_offer(),
            Input::RestartIce => {
                actions.push(Action::RestartIce);
                // While a remote offer is answered, the answer may restart ICE too. The browser knows, and fires if not.
                self.needed |= !self.making_offer() && self.state != SignalingState::HaveRemoteOffer;
            }
            Input::OfferAgain => {
                self.offer_again |= self.state == SignalingState::HaveLocalOffer && !self.making_offer();
            }
            Input::RemoteDescription(description) => self.receive(description, &mut actions),
            Input::RemoteCandidate(candidate) => self.candidates.push(candidate, &mut actions),
            Input::LocalDescriptionSet(description) => self.local_description_set(description, &mut actions),
            Input::RemoteDescriptionSet => self.remote_description_set(&mut actions),
            Input::DescriptionFailed(reason) => self.description_failed(reason, &mut actions),
            Input::DescriptionUnsent { kind, reason } => {
                // Nobody will answer. The browser keeps the offer, which one of the other side may roll back.
                if kind == SdpType::Offer {
                    self.answer_due = false;
                }
                actions.push(Action::Note(Note::DescriptionUnsent { kind, reason }));
            }
            Input::CandidateFailed { candidate, reason } => {
                actions.push(Action::Note(Note::CandidateFailed { candidate, reason }));
            }
        }
        self.proceed(&mut actions);
        actions
    }

    /// This side's role.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The browser's signaling state, as far as completed operations tell.
    pub fn signaling_state(&self) -> SignalingState {
        self.state
    }

    /// The description operation in flight.
    pub fn operation(&self) -> Option<Operation> {
        self.operation
    }

    /// Whether an own offer is being made (`makingOffer`).
    pub fn making_offer(&self) -> bool {
        self.operation == Some(Operation::LocalOffer)
    }

    /// Whether an answer is being set (`isSettingRemoteAnswerPending`): the state will be stable after it.
    pub fn is_setting_remote_answer_pending(&self) -> bool {
        self.operation == Some(Operation::RemoteAnswer)
    }

    /// Whether the latest description from the other side was an offer that was ignored (`ignoreOffer`).
    pub fn ignore_offer(&self) -> bool {
        self.ignore_offer
    }

    /// Whether an own offer waits for its answer.
    pub fn awaits_answer(&self) -> bool {
        self.answer_due
    }

    /// Whether `description`, an offer or an answer, comes from another connection of the other side than the one
    /// negotiated with so far: the other side started anew, and so must this one. Feed it to the machine that
    /// [`Self::anew`] then makes. What comes late from a connection given up before is not meant.
    pub fn is_from_another_connection(&self, description: &SessionDescription) -> bool {
        self.tags.is_foreign(description)
    }

    /// Whether the negotiation is at rest: stable, nothing in flight. Nothing waits either, for it would have begun.
    pub fn is_idle(&self) -> bool {
        self.state == SignalingState::Stable && self.operation.is_none()
    }

    /// Starts what can be started. What the other side sent goes before what this side wants: it may make that
    /// unnecessary, and a queued answer must find its offer in place.
    fn proceed(&mut self, actions: &mut Vec<Action>) {
        while self.operation.is_none() {
            if !self.descriptions.is_empty() {
                let description = self.descriptions.remove(0);
                self.take_up(description, actions);
            } else if self.wants_offer() {
                self.begin_offer(actions);
            } else {
                break;
            }
        }
        let remote_in_flight = !matches!(self.operation, None | Some(Operation::LocalOffer | Operation::LocalAnswer));
        if self.descriptions.is_empty() && !remote_in_flight {
            self.candidates.release(actions);
        }
    }

    fn wants_offer(&self) -> bool {
        match self.state {
            SignalingState::Stable => self.needed || self.offer_again,
            SignalingState::HaveLocalOffer => self.offer_again || (self.needed && !self.answer_due),
            SignalingState::HaveRemoteOffer => false,
        }
    }

    fn begin_offer(&mut self, actions: &mut Vec<Action>) {
        self.needed = false;
        self.offer_again = false;
        self.operation = Some(Operation::LocalOffer);
        actions.push(Action::SetLocalDescription(SdpType::Offer));
    }

    fn receive(&mut self, description: SessionDescription, actions: &mut Vec<Action>) {
        if !matches!(description.kind, SdpType::Offer | SdpType::Answer) {
            actions.push(Action::Note(Note::DescriptionRefused(description.kind)));
            return;
        }
        let admitted = self.tags.admit(&description);
        self.drop_what_is_outdated(actions);
        if let Err(why) = admitted {
            actions.push(Action::Note(Note::DescriptionMisplaced { kind: description.kind, why }));
            return;
        }
        self.role = self.tags.role_against(&description, self.begun_as);
        self.candidates.description_received(&description.sdp);
        self.descriptions.push(description);
        if self.descriptions.len() > MAX_DESCRIPTIONS {
            let oldest = self.descriptions.remove(0);
            self.candidates.description_ignored(&oldest.sdp);
            actions.push(Action::Note(Note::DescriptionDropped(oldest.kind)));
        }
    }

    /// Of the descriptions that wait, those of a connection that the other side gave up meanwhile.
    fn drop_what_is_outdated(&mut self, actions: &mut Vec<Action>) {
        let why = Misplaced::AnotherConnection;
        self.descriptions.retain(|waiting| {
            let is_current = self.tags.is_of_the_other(waiting);
            if !is_current {
                self.candidates.description_ignored(&waiting.sdp);
                actions.push(Action::Note(Note::DescriptionMisplaced { kind: waiting.kind, why }));
            }
            is_current
        });
    }

    fn take_up(&mut self, description: SessionDescription, actions: &mut Vec<Action>) {
        if description.kind == SdpType::Offer {
            self.take_up_offer(description, actions);
        } else if self.answer_due && self.tags.answers_the_latest_offer(&description) {
            self.ignore_offer = false;
            self.keep_setup(&description, false);
            self.set_remote(Operation::RemoteAnswer, description, actions);
        } else {
            self.candidates.description_ignored(&description.sdp);
            actions.push(Action::Note(Note::StaleAnswer));
        }
    }

    fn take_up_offer(&mut self, offer: SessionDescription, actions: &mut Vec<Action>) {
        // Nothing is in flight here, so of the specification's `readyForOffer` this much is left.
        let offer_collision = self.answer_due;
        self.ignore_offer = self.role == Role::Impolite && offer_collision;
        if self.ignore_offer {
            self.candidates.description_ignored(&offer.sdp);
            actions.push(Action::Note(Note::OfferIgnored));
            return;
        }
        if self.state == SignalingState::HaveLocalOffer {
            actions.push(Action::Note(Note::OfferRolledBack));
        }
        self.set_remote(Operation::RemoteOffer, offer, actions);
    }

    fn set_remote(&mut self, operation: Operation, description: SessionDescription, actions: &mut Vec<Action>) {
        self.operation = Some(operation);
        self.tags.take_up(&description);
        self.candidates.description_begun(&description.sdp);
        actions.push(Action::SetRemoteDescription(description));
    }

    /// Keeps which part the first `answer`, an own one or the other side's, gives this side.
    fn keep_setup(&mut self, answer: &SessionDescription, own: bool) {
        let active = answer.sdp.lines().any(|line| line == ACTIVE);
        self.setup.get_or_insert(if active == own { ACTIVE } else { PASSIVE });
    }

    fn local_description_set(&mut self, mut description: SessionDescription, actions: &mut Vec<Action>) {
        match (self.operation, description.kind) {
            (Some(Operation::LocalOffer), SdpType::Offer) => {
                self.operation = None;
                self.state = SignalingState::HaveLocalOffer;
                // An offer that is about to be rolled back would only cause a glare on the other side too.
                let gives_way = self.role == Role::Polite
                    && self.descriptions.first().is_some_and(|next| next.kind == SdpType::Offer);
                self.answer_due = !gives_way;
                if !gives_way {
                    // Browsers offer to take either part again. To a restart of ICE, Firefox then answers with the other
                    // part than it has, which Chromium refuses.
                    if let Some(setup) = self.setup {
                        let lines = description.sdp.lines().map(|line| if line == EITHER { setup } else { line });
                        description.sdp = lines.flat_map(|line| [line, "\r\n"]).collect();
                    }
                    actions.push(Action::Send(self.tags.write(description, self.begun_as)));
                }
            }
            (Some(Operation::LocalAnswer), SdpType::Answer) => {
                self.operation = None;
                self.state = SignalingState::Stable;
                self.keep_setup(&description, true);
                actions.push(Action::Send(self.tags.write(description, self.begun_as)));
            }
            _ => actions.push(Action::Note(Note::UnexpectedCompletion)),
        }
    }

    fn remote_description_set(&mut self, actions: &mut Vec<Action>) {
        match self.operation {
            Some(Operation::RemoteOffer) => {
                self.state = SignalingState::HaveRemoteOffer;
                self.candidates.description_set();
                self.answer_due = false;
                self.failed_answers = 0;
                // The answer may cover these; for what it does not, the browser fires again once stable.
                self.needed = false;
                self.offer_again = false;
                self.operation = Some(Operation::LocalAnswer);
                actions.push(Action::SetLocalDescription(SdpType::Answer));
            }
            Some(Operation::RemoteAnswer) => {
                self.operation = None;
                self.state = SignalingState::Stable;
                self.candidates.description_set();
                self.answer_due = false;
                self.offer_again = false;
                self.failed_answers = 0;
            }
            Some(Operation::RemoteRollback) => {
                self.operation = None;
                self.state = SignalingState::Stable;
                self.candidates.description_rolled_back();
            }
            _ => actions.push(Action::Note(Note::UnexpectedCompletion)),
        }
    }

    fn description_failed(&mut self, reason: String, actions: &mut Vec<Action>) {
        let Some(operation) = self.operation.take() else {
            actions.push(Action::Note(Note::UnexpectedCompletion));
            return;
        };
        let recovery = match operation {
            Operation::LocalOffer | Operation::RemoteRollback => Recovery::None,
            Operation::LocalAnswer => Recovery::Rollback,
            Operation::RemoteOffer => {
                self.candidates.description_failed();
                // Browsers differ in whether the implicit rollback happened before the failure. An offer can be made
                // in both states, and afterwards the state is known again.
                self.offer_again = self.state == SignalingState::HaveLocalOffer;
                if self.offer_again { Recovery::OfferAgain } else { Recovery::None }
            }
            Operation::RemoteAnswer => {
                self.candidates.description_failed();
                self.recover_from_answer()
            }
        };
        actions.push(Action::Note(Note::OperationFailed { operation, reason, recovery }));
        if recovery == Recovery::Rollback {
            self.operation = Some(Operation::RemoteRollback);
            let rollback = SessionDescription::new(SdpType::Rollback, "");
            actions.push(Action::SetRemoteDescription(rollback));
        }
    }

    fn recover_from_answer(&mut self) -> Recovery {
        self.answer_due = false;
        self.failed_answers += 1;
        self.offer_again = self.failed_answers < MAX_FAILED_ANSWERS;
        if self.offer_again { Recovery::OfferAgain } else { Recovery::GiveUp }
    }
}
