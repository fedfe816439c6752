//! The state machine. An input only records facts; then [`Negotiation::proceed`] starts the next description operation
//! if none is in flight. So operations never overlap, and a remote offer is judged when it can be acted on, with nothing
//! half done. It does not perform operations.
//!
//! The flags of the specification's example keep their names: [`Negotiation::making_offer`],
//! [`Negotiation::is_setting_remote_answer_pending`], [`Negotiation::ignore_offer`]. The first two describe the operation
//! in flight. Descriptions wait until it is done, so only its result decides whether offers collide.

use vitrine_protocol::signaling::{SdpType, SessionDescription};

use crate::candidates::Candidates;
use crate::tags::Tags;
use crate::{Action, Input, Note, Operation, Recovery, RejectReason, Role, SignalingState};

/// Most remote descriptions in the queue. An honest peer has one or two in transit.
const MAX_DESCRIPTIONS: usize = 16;
/// Consecutive answers that could not be set, after which no further offer is made for the same need.
const MAX_FAILED_ANSWERS: u32 = 2;

// DTLS roles (RFC 8842 §5): an offer leaves the choice to the answer, which says whether its side opens the handshake.
const ACTPASS: &str = "a=setup:actpass";
const ACTIVE: &str = "a=setup:active";
const PASSIVE: &str = "a=setup:passive";

/// The state machine of one peer connection.
///
/// ```
/// use vitrine_negotiation::{Action, Input, Negotiation, Role};
/// use vitrine_protocol::signaling::{SdpType, SessionDescription};
///
/// let mut negotiation = Negotiation::new(Role::Impolite);
///
/// // The browser fires `negotiationneeded`: make an offer.
/// assert_eq!(negotiation.handle(Input::NegotiationNeeded), [Action::SetLocalDescription(SdpType::Offer)]);
///
/// // `pc.setLocalDescription()` completed: send the offer.
/// let offer = SessionDescription::new(SdpType::Offer, "v=0\r\na=ice-ufrag:abcd\r\n");
/// assert_eq!(negotiation.handle(Input::LocalDescriptionSet(offer.clone())), [Action::Send(offer)]);
/// assert!(negotiation.awaits_answer());
///
/// // The peer answers: set the answer. With that, the negotiation is done.
/// let answer = SessionDescription::new(SdpType::Answer, "v=0\r\na=ice-ufrag:efgh\r\n");
/// let actions = negotiation.handle(Input::RemoteDescription(answer.clone()));
/// assert_eq!(actions, [Action::SetRemoteDescription(answer)]);
/// assert_eq!(negotiation.handle(Input::RemoteDescriptionSet), []);
/// assert!(negotiation.is_idle());
/// ```
#[derive(Clone, Debug)]
pub struct Negotiation {
    /// The role given to this side. Its tags carry it.
    initial_role: Role,
    /// The role against the peer's latest connection.
    role: Role,
    state: SignalingState,
    operation: Option<Operation>,
    /// Remote descriptions that wait for the operation in flight, oldest first.
    queue: Vec<SessionDescription>,
    candidates: Candidates,
    tags: Tags,
    /// An offer is needed once the state is stable.
    offer_needed: bool,
    /// A fresh offer is needed, even in place of the own one that is set.
    offer_again: bool,
    /// The own offer was set and sent, and is unanswered. Only in [`SignalingState::HaveLocalOffer`].
    awaits_answer: bool,
    failed_answers: u32,
    ignore_offer: bool,
    /// The own DTLS role, as an `a=setup` line. The first answer fixes it for the connection.
    dtls_role: Option<&'static str>,
}

impl Negotiation {
    /// The machine for a new `RTCPeerConnection` whose descriptions carry tags. `connection` is a random id for it.
    pub fn tagged(role: Role, connection: String) -> Self {
        Self { tags: Tags::new(connection), ..Self::new(role) }
    }

    /// The machine for a new `RTCPeerConnection` with the same participant, in place of this one. Use it when this side
    /// replaces its connection, or the peer did ([`Self::is_from_another_connection`]). The new machine keeps the role and
    /// tells late messages of old connections from those of the peer's new one. It offers on its first input, unless that
    /// is an offer. `connection` is a random id for the new connection.
    pub fn next_connection(&self, connection: String) -> Self {
        Self {
            candidates: self.candidates.next_connection(!self.tags.peer_is_bound()),
            tags: self.tags.next_connection(connection),
            offer_needed: true,
            ..Self::new(self.role)
        }
    }

    /// The machine for a new `RTCPeerConnection` whose descriptions carry no tags.
    pub fn new(role: Role) -> Self {
        Self {
            initial_role: role,
            role,
            state: SignalingState::Stable,
            operation: None,
            queue: Vec::new(),
            candidates: Candidates::default(),
            tags: Tags::default(),
            offer_needed: false,
            offer_again: false,
            awaits_answer: false,
            failed_answers: 0,
            ignore_offer: false,
            dtls_role: None,
        }
    }

    /// Handles an input. Returns the actions to perform, in order.
    pub fn handle(&mut self, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        match input {
            // The browser fires only when nothing is in flight, so the offer being made already covers the need.
            Input::NegotiationNeeded => self.offer_needed |= !self.making_offer(),
            Input::RestartIce => {
                actions.push(Action::RestartIce);
                // The answer in progress may restart ICE too. If it does not, the browser fires.
                self.offer_needed |= !self.making_offer() && self.state != SignalingState::HaveRemoteOffer;
            }
            Input::OfferAgain => {
                self.offer_again |= self.state == SignalingState::HaveLocalOffer && !self.making_offer();
            }
            Input::RemoteDescription(description) => self.enqueue(description, &mut actions),
            Input::RemoteCandidate(candidate) => self.candidates.push(candidate, &mut actions),
            Input::LocalDescriptionSet(description) => self.on_local_description_set(description, &mut actions),
            Input::RemoteDescriptionSet => self.on_remote_description_set(&mut actions),
            Input::DescriptionFailed(reason) => self.on_description_failed(reason, &mut actions),
            Input::DescriptionUnsent { kind, reason } => {
                // No answer will arrive. The browser keeps the offer; an offer of the peer may roll it back.
                if kind == SdpType::Offer {
                    self.awaits_answer = false;
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

    /// Whether an own offer is being made (`makingOffer` of the specification).
    pub fn making_offer(&self) -> bool {
        self.operation == Some(Operation::LocalOffer)
    }

    /// Whether an answer is being set (`isSettingRemoteAnswerPending`), after which the state is stable.
    pub fn is_setting_remote_answer_pending(&self) -> bool {
        self.operation == Some(Operation::RemoteAnswer)
    }

    /// Whether the peer's latest description was an offer that lost a glare (`ignoreOffer`).
    pub fn ignore_offer(&self) -> bool {
        self.ignore_offer
    }

    /// Whether an own offer waits for its answer.
    pub fn awaits_answer(&self) -> bool {
        self.awaits_answer
    }

    /// Whether `description`, an offer or an answer, comes from a new connection of the peer. Then this side must replace
    /// its own: feed the description to the machine that [`Self::next_connection`] returns. Late descriptions of the
    /// peer's old connections do not count.
    pub fn is_from_another_connection(&self, description: &SessionDescription) -> bool {
        self.tags.is_from_new_connection(description)
    }

    /// Whether the state is stable and nothing is in flight. Then nothing is queued either: it would have started.
    pub fn is_idle(&self) -> bool {
        self.state == SignalingState::Stable && self.operation.is_none()
    }

    /// Starts the next operation. The peer's descriptions go before an own offer: they may make it unnecessary, and a
    /// queued answer must find its offer still set.
    fn proceed(&mut self, actions: &mut Vec<Action>) {
        while self.operation.is_none() {
            if !self.queue.is_empty() {
                let description = self.queue.remove(0);
                self.apply(description, actions);
            } else if self.wants_offer() {
                self.make_offer(actions);
            } else {
                break;
            }
        }
        let remote_in_flight = !matches!(self.operation, None | Some(Operation::LocalOffer | Operation::LocalAnswer));
        if self.queue.is_empty() && !remote_in_flight {
            self.candidates.release(actions);
        }
    }

    fn wants_offer(&self) -> bool {
        match self.state {
            SignalingState::Stable => self.offer_needed || self.offer_again,
            SignalingState::HaveLocalOffer => self.offer_again || (self.offer_needed && !self.awaits_answer),
            SignalingState::HaveRemoteOffer => false,
        }
    }

    fn make_offer(&mut self, actions: &mut Vec<Action>) {
        self.offer_needed = false;
        self.offer_again = false;
        self.operation = Some(Operation::LocalOffer);
        actions.push(Action::SetLocalDescription(SdpType::Offer));
    }

    fn enqueue(&mut self, description: SessionDescription, actions: &mut Vec<Action>) {
        if !matches!(description.kind, SdpType::Offer | SdpType::Answer) {
            actions.push(Action::Note(Note::UnsupportedType(description.kind)));
            return;
        }
        let accepted = self.tags.accept(&description);
        self.drop_rejected(actions);
        if let Err(reason) = accepted {
            actions.push(Action::Note(Note::DescriptionRejected { kind: description.kind, reason }));
            return;
        }
        self.role = self.tags.role_against(&description, self.initial_role);
        self.candidates.description_received(&description.sdp);
        self.queue.push(description);
        if self.queue.len() > MAX_DESCRIPTIONS {
            let oldest = self.queue.remove(0);
            self.candidates.description_ignored(&oldest.sdp);
            actions.push(Action::Note(Note::DescriptionDropped(oldest.kind)));
        }
    }

    /// Drops queued descriptions of a connection that the peer has replaced meanwhile.
    fn drop_rejected(&mut self, actions: &mut Vec<Action>) {
        let reason = RejectReason::OtherConnection;
        self.queue.retain(|waiting| {
            let is_current = self.tags.is_from_current_peer(waiting);
            if !is_current {
                self.candidates.description_ignored(&waiting.sdp);
                actions.push(Action::Note(Note::DescriptionRejected { kind: waiting.kind, reason }));
            }
            is_current
        });
    }

    fn apply(&mut self, description: SessionDescription, actions: &mut Vec<Action>) {
        if description.kind == SdpType::Offer {
            self.apply_offer(description, actions);
        } else if self.awaits_answer && self.tags.answers_latest_offer(&description) {
            self.ignore_offer = false;
            self.fix_dtls_role(&description, false);
            self.set_remote(Operation::RemoteAnswer, description, actions);
        } else {
            self.candidates.description_ignored(&description.sdp);
            actions.push(Action::Note(Note::StaleAnswer));
        }
    }

    fn apply_offer(&mut self, offer: SessionDescription, actions: &mut Vec<Action>) {
        // Nothing is in flight here, so the specification's `readyForOffer` comes down to this.
        let offer_collision = self.awaits_answer;
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
        self.tags.on_applied(&description);
        self.candidates.description_pending(&description.sdp);
        actions.push(Action::SetRemoteDescription(description));
    }

    /// Keeps the DTLS role that the first `answer`, own or the peer's, gives this side.
    fn fix_dtls_role(&mut self, answer: &SessionDescription, own: bool) {
        let active = answer.sdp.lines().any(|line| line == ACTIVE);
        self.dtls_role.get_or_insert(if active == own { ACTIVE } else { PASSIVE });
    }

    fn on_local_description_set(&mut self, mut description: SessionDescription, actions: &mut Vec<Action>) {
        match (self.operation, description.kind) {
            (Some(Operation::LocalOffer), SdpType::Offer) => {
                self.operation = None;
                self.state = SignalingState::HaveLocalOffer;
                // An offer that is about to be rolled back would only cause a glare on the peer's side too.
                let gives_way =
                    self.role == Role::Polite && self.queue.first().is_some_and(|next| next.kind == SdpType::Offer);
                self.awaits_answer = !gives_way;
                if !gives_way {
                    // Browsers offer `actpass` again. Firefox may then answer an ICE restart with the opposite role, which
                    // Chromium rejects.
                    if let Some(role) = self.dtls_role {
                        let lines = description.sdp.lines().map(|line| if line == ACTPASS { role } else { line });
                        description.sdp = lines.flat_map(|line| [line, "\r\n"]).collect();
                    }
                    actions.push(Action::Send(self.tags.tag(description, self.initial_role)));
                }
            }
            (Some(Operation::LocalAnswer), SdpType::Answer) => {
                self.operation = None;
                self.state = SignalingState::Stable;
                self.fix_dtls_role(&description, true);
                actions.push(Action::Send(self.tags.tag(description, self.initial_role)));
            }
            _ => actions.push(Action::Note(Note::UnexpectedCompletion)),
        }
    }

    fn on_remote_description_set(&mut self, actions: &mut Vec<Action>) {
        match self.operation {
            Some(Operation::RemoteOffer) => {
                self.state = SignalingState::HaveRemoteOffer;
                self.candidates.description_set();
                self.awaits_answer = false;
                self.failed_answers = 0;
                // The answer may cover these needs. If it does not, the browser fires again once stable.
                self.offer_needed = false;
                self.offer_again = false;
                self.operation = Some(Operation::LocalAnswer);
                actions.push(Action::SetLocalDescription(SdpType::Answer));
            }
            Some(Operation::RemoteAnswer) => {
                self.operation = None;
                self.state = SignalingState::Stable;
                self.candidates.description_set();
                self.awaits_answer = false;
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

    fn on_description_failed(&mut self, reason: String, actions: &mut Vec<Action>) {
        let Some(operation) = self.operation.take() else {
            actions.push(Action::Note(Note::UnexpectedCompletion));
            return;
        };
        let recovery = match operation {
            Operation::LocalOffer | Operation::RemoteRollback => Recovery::None,
            Operation::LocalAnswer => Recovery::Rollback,
            Operation::RemoteOffer => {
                self.candidates.description_failed();
                // Browsers differ in whether the implicit rollback happens before the failure. An offer can be made in both
                // states, and afterwards the state is known again.
                self.offer_again = self.state == SignalingState::HaveLocalOffer;
                if self.offer_again { Recovery::OfferAgain } else { Recovery::None }
            }
            Operation::RemoteAnswer => {
                self.candidates.description_failed();
                self.recover_from_failed_answer()
            }
        };
        actions.push(Action::Note(Note::OperationFailed { operation, reason, recovery }));
        if recovery == Recovery::Rollback {
            self.operation = Some(Operation::RemoteRollback);
            let rollback = SessionDescription::new(SdpType::Rollback, "");
            actions.push(Action::SetRemoteDescription(rollback));
        }
    }

    fn recover_from_failed_answer(&mut self) -> Recovery {
        self.awaits_answer = false;
        self.failed_answers += 1;
        self.offer_again = self.failed_answers < MAX_FAILED_ANSWERS;
        if self.offer_again { Recovery::OfferAgain } else { Recovery::GiveUp }
    }
}
