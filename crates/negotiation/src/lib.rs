//! Perfect negotiation for one peer as a state machine: an [`Input`] goes in, [`Action`]s come out. It decides when
//! to offer, which offer wins a glare, and when a remote candidate may be added. It is no peer connection: it touches no
//! browser, no network and no clock, and reads nothing of an SDP but `a=ice-ufrag` and `a=setup`.
//!
//! Sources: W3C webrtc-pc, "Perfect Negotiation Example" (§10.7); RFC 8829 (JSEP).
//!
//! # How to drive it
//! - Perform the actions of one [`Negotiation::handle`] call in order, without waiting for one to complete.
//! - [`Action::SetLocalDescription`] and [`Action::SetRemoteDescription`] start a description operation. At most one is
//!   in flight. Report its end with exactly one of [`Input::LocalDescriptionSet`], [`Input::RemoteDescriptionSet`] and
//!   [`Input::DescriptionFailed`]. Other inputs may come at any time; the machine queues them if necessary.
//! - Pass on every `negotiationneeded` of the browser, in order with the completions. The browser remembers what still
//!   needs an offer (webrtc-pc §4.7.3) and fires again after every return to `stable`. So the contents of an offer that
//!   lost a glare, an ICE restart included, are offered again, unless the answer already covered them.
//! - The route to the peer must keep the order of descriptions, but may lose them: [`Input::OfferAgain`] repeats an
//!   unanswered offer. Between two machines made with [`Negotiation::tagged`], descriptions may also arrive twice, late,
//!   or by different routes.
//! - Either side, or both at once, may replace its connection. [`Negotiation::is_from_another_connection`] says that the
//!   peer did; [`Negotiation::next_connection`] makes the machine for the new connection. Use both only with the same
//!   participant, and for offers and answers alike.
//! - Send every local candidate as the browser finds it. The machine does not see local candidates.

mod candidates;
pub mod liveness;
mod machine;
mod tags;

use std::fmt;

pub use machine::Negotiation;
use vitrine_protocol::signaling::{IceCandidate, SdpType, SessionDescription};

/// Which side gives way in a glare (both sides offer at once). The two sides must have different roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Rolls back its own offer and answers the peer's.
    Polite,
    /// Ignores the peer's offer and waits for the answer to its own.
    Impolite,
}

/// `RTCSignalingState` (W3C webrtc-pc §4.3.1) without the provisional answers, which Vitrine does not use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignalingState {
    /// No offer is open.
    Stable,
    /// The own offer is set and unanswered.
    HaveLocalOffer,
    /// The peer's offer is set and unanswered.
    HaveRemoteOffer,
}

/// An event for the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The browser fired `negotiationneeded`, or an offer is wanted for another reason.
    NegotiationNeeded,
    /// An ICE restart is wanted. It is offered at once, or after the negotiation in progress.
    RestartIce,
    /// The own offer or its answer may be lost: an offer that waits for its answer is replaced by a fresh one. Candidates
    /// may be lost too, so unless the peer is connected, feed [`Input::RestartIce`] next.
    OfferAgain,
    /// The peer sent a description.
    RemoteDescription(SessionDescription),
    /// The peer sent a candidate.
    RemoteCandidate(IceCandidate),
    /// [`Action::SetLocalDescription`] completed, with `pc.localDescription`.
    LocalDescriptionSet(SessionDescription),
    /// [`Action::SetRemoteDescription`] completed.
    RemoteDescriptionSet,
    /// The description operation in flight was rejected, with the browser's reason.
    DescriptionFailed(String),
    /// The description of the last [`Action::Send`] can never be sent: it is too long for every route. Feed it after all
    /// actions of the same call.
    DescriptionUnsent {
        /// The description's type.
        kind: SdpType,
        /// Why it cannot be sent.
        reason: String,
    },
    /// [`Action::AddCandidate`] was rejected.
    CandidateFailed {
        /// The candidate.
        candidate: IceCandidate,
        /// The browser's reason.
        reason: String,
    },
}

/// A step to perform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `pc.restartIce()`. The next offer restarts ICE; it follows directly if it can be made now.
    RestartIce,
    /// `pc.setLocalDescription()` without arguments. The browser makes the description that its state calls for; the type
    /// here ([`SdpType::Offer`] or [`SdpType::Answer`]) says which. Starts a description operation.
    SetLocalDescription(SdpType),
    /// `pc.setRemoteDescription(description)`. An offer may roll back the own one implicitly. A description of type
    /// [`SdpType::Rollback`] (with empty SDP) rolls back a remote offer that could not be answered. Starts a description
    /// operation.
    SetRemoteDescription(SessionDescription),
    /// `pc.addIceCandidate(candidate)`. The candidate's priority is rewritten so that after an ICE restart, older
    /// generations rank last.
    AddCandidate(IceCandidate),
    /// Send the description to the peer.
    Send(SessionDescription),
    /// Nothing to perform: an observation for the log.
    Note(Note),
}

/// A description operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Making and setting the own offer.
    LocalOffer,
    /// Making and setting the own answer.
    LocalAnswer,
    /// Setting the peer's offer.
    RemoteOffer,
    /// Setting the peer's answer.
    RemoteAnswer,
    /// Rolling back the peer's offer, which could not be answered.
    RemoteRollback,
}

/// An observation for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Glare on the impolite side: the peer's offer is ignored.
    OfferIgnored,
    /// Glare on the polite side: the own offer is rolled back.
    OfferRolledBack,
    /// An answer is dropped because no offer waits for it.
    StaleAnswer,
    /// A description is dropped because a peer may not send this type.
    UnsupportedType(SdpType),
    /// The oldest queued description is dropped: the peer sends descriptions faster than they can be set.
    DescriptionDropped(SdpType),
    /// A description is dropped because of its tag.
    DescriptionRejected {
        /// The description's type.
        kind: SdpType,
        /// Why it is dropped.
        reason: RejectReason,
    },
    /// An own description cannot be sent. An unsent offer stays set until a new input asks for an offer or a remote offer
    /// arrives; no answer to it can arrive.
    DescriptionUnsent {
        /// The description's type.
        kind: SdpType,
        /// Why it cannot be sent.
        reason: String,
    },
    /// A candidate is dropped.
    CandidateDropped {
        /// The candidate.
        candidate: IceCandidate,
        /// Why it is dropped.
        reason: DropReason,
    },
    /// The browser rejected a candidate.
    CandidateFailed {
        /// The candidate.
        candidate: IceCandidate,
        /// The browser's reason.
        reason: String,
    },
    /// The browser rejected a description operation.
    OperationFailed {
        /// The operation.
        operation: Operation,
        /// The browser's reason.
        reason: String,
        /// What the machine does next.
        recovery: Recovery,
    },
    /// A completion is ignored because it fits no operation in flight.
    UnexpectedCompletion,
}

/// Why a description is rejected by its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RejectReason {
    /// It is from, or for, another peer connection of the same participants.
    OtherConnection,
    /// It is an offer that arrived before, or is older than a description that did.
    Outdated,
}

/// Why a candidate is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// It belongs to a description that was ignored, dropped, or could not be set.
    IgnoredDescription,
    /// It belongs to an ICE generation that was replaced.
    OldGeneration,
    /// It was the oldest of too many candidates that wait for their description.
    QueueFull,
}

/// What the machine does after a failed operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recovery {
    /// Nothing; the state is unchanged. A new input may try again.
    None,
    /// A fresh offer follows.
    OfferAgain,
    /// The remote offer is rolled back.
    Rollback,
    /// No further offer after repeated failures. The open offer stays set until a new input asks for an offer or a remote
    /// offer arrives.
    GiveUp,
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfferIgnored => formatter.write_str("glare: the peer's offer is ignored"),
            Self::OfferRolledBack => formatter.write_str("glare: the own offer is rolled back"),
            Self::StaleAnswer => formatter.write_str("an answer is dropped: no offer waits for it"),
            Self::UnsupportedType(kind) => write!(formatter, "a {} is dropped: unsupported type", name(*kind)),
            Self::DescriptionDropped(kind) => {
                write!(formatter, "too many descriptions: the oldest, an {}, is dropped", name(*kind))
            }
            Self::DescriptionRejected { kind, reason } => {
                let reason = match reason {
                    RejectReason::OtherConnection => "it belongs to another connection",
                    RejectReason::Outdated => "it is outdated",
                };
                write!(formatter, "an {} is dropped: {reason}", name(*kind))
            }
            Self::DescriptionUnsent { kind, reason } => {
                write!(formatter, "the own {} cannot be sent: {reason}", name(*kind))
            }
            Self::CandidateDropped { candidate, reason } => {
                let reason = match reason {
                    DropReason::IgnoredDescription => "its description was ignored",
                    DropReason::OldGeneration => "its ICE generation was replaced",
                    DropReason::QueueFull => "too many candidates wait",
                };
                write!(formatter, "a candidate is dropped: {reason}: {}", candidate.candidate)
            }
            Self::CandidateFailed { candidate, reason } => {
                write!(formatter, "a candidate cannot be added: {}: {reason}", candidate.candidate)
            }
            Self::OperationFailed { operation, reason, recovery } => {
                let operation = match operation {
                    Operation::LocalOffer => "own offer cannot be set",
                    Operation::LocalAnswer => "own answer cannot be set",
                    Operation::RemoteOffer => "peer's offer cannot be set",
                    Operation::RemoteAnswer => "peer's answer cannot be set",
                    Operation::RemoteRollback => "peer's offer cannot be rolled back",
                };
                let recovery = match recovery {
                    Recovery::None => "nothing changes",
                    Recovery::OfferAgain => "a fresh offer follows",
                    Recovery::Rollback => "the offer is rolled back",
                    Recovery::GiveUp => "no further attempt",
                };
                write!(formatter, "the {operation}: {reason}; {recovery}")
            }
            Self::UnexpectedCompletion => formatter.write_str("a completion fits no operation"),
        }
    }
}

/// The type's name on the wire.
fn name(kind: SdpType) -> &'static str {
    match kind {
        SdpType::Offer => "offer",
        SdpType::Pranswer => "pranswer",
        SdpType::Answer => "answer",
        SdpType::Rollback => "rollback",
    }
}
