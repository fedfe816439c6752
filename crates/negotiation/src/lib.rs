//! Perfect negotiation for one peer as a state machine: an [`Input`] goes in, [`Action`]s come out. It decides when
//! to offer, whose offer wins when both sides offer at once, and when a remote candidate may be added. It is not a
//! peer connection: it touches no browser, no network and no clock, and reads of an SDP nothing but `a=ice-ufrag`.
//!
//! Sources: W3C webrtc-pc, "Perfect Negotiation Example" (§10.7); RFC 8829 (JSEP).
//!
//! # How to drive it
//! - Perform the actions of one [`Negotiation::handle`] call in order, each without waiting for the one before.
//! - [`Action::SetLocalDescription`] and [`Action::SetRemoteDescription`] start *the* description operation. There
//!   is at most one in flight; report its end with exactly one of [`Input::LocalDescriptionSet`],
//!   [`Input::RemoteDescriptionSet`] and [`Input::DescriptionFailed`]. Other inputs may come at any time: what cannot
//!   be acted on yet is kept inside.
//! - Pass on every `negotiationneeded` that the browser fires, in its order with the completions. The browser is the
//!   memory of what still needs an offer (webrtc-pc §4.7.3): after every return to `stable` it fires again if
//!   something does. That is how what was in an offer that lost a glare, an ICE restart included, is offered again;
//!   and if the answer to the other side's offer already covered it, no further offer is made.
//! - The way to the other side must keep the order of descriptions. It may lose them: an offer that goes unanswered is
//!   made again on [`Input::OfferAgain`]. Between two machines made with [`Negotiation::tagged`], descriptions may also
//!   come twice, late, or by different ways.
//! - Connections may be given up for new ones by either side, or by both at once: [`Negotiation::anew`] makes the
//!   machine for the new connection, and [`Negotiation::is_from_another_connection`] tells that the other side has one.
//!   Perform both for the same participant only, and for descriptions of both types.
//! - Send every local candidate as the browser finds it; the machine does not see local candidates.

mod candidates;
pub mod liveness;
mod machine;
mod tags;

use std::fmt;

pub use machine::Negotiation;
use vitrine_protocol::signaling::{IceCandidate, SdpType, SessionDescription};

/// Who gives way when both sides offer at once. The two sides must have different roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Takes back its own offer and answers the other one.
    Polite,
    /// Ignores the other offer and waits for the answer to its own.
    Impolite,
}

/// `RTCSignalingState` (W3C webrtc-pc §4.3.1) without the provisional answers, which Vitrine does not use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignalingState {
    /// No offer is open.
    Stable,
    /// The own offer is set and unanswered.
    HaveLocalOffer,
    /// The other side's offer is set and unanswered.
    HaveRemoteOffer,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The browser fired `negotiationneeded`, or an offer is wanted for another reason.
    NegotiationNeeded,
    /// An ICE restart is wanted. It is offered at once, or as soon as the negotiation that is under way is done.
    RestartIce,
    /// The own offer, or the answer to it, may be lost: if one waits for an answer, a fresh one replaces it. Candidates
    /// may be lost too, so unless the connection stands, feed [`Input::RestartIce`] next.
    OfferAgain,
    /// The other side sent a description.
    RemoteDescription(SessionDescription),
    /// The other side sent a candidate.
    RemoteCandidate(IceCandidate),
    /// [`Action::SetLocalDescription`] is done; this is what `pc.localDescription` now is.
    LocalDescriptionSet(SessionDescription),
    /// [`Action::SetRemoteDescription`] is done.
    RemoteDescriptionSet,
    /// The description operation in flight was rejected, for this reason.
    DescriptionFailed(String),
    /// What the last [`Action::Send`] was to send goes no way, now or later: it is longer than any carries. Feed it
    /// after all actions of the call that asked for it.
    DescriptionUnsent {
        /// What it was.
        kind: SdpType,
        /// Why.
        reason: String,
    },
    /// [`Action::AddCandidate`] was rejected.
    CandidateFailed {
        /// The candidate that was not added.
        candidate: IceCandidate,
        /// Why.
        reason: String,
    },
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `pc.restartIce()`. The next offer restarts ICE; it follows directly if it can be made now.
    RestartIce,
    /// `pc.setLocalDescription()` without arguments. The browser makes the description that its state calls for:
    /// [`SdpType::Offer`] or [`SdpType::Answer`], as told here. Starts a description operation.
    SetLocalDescription(SdpType),
    /// `pc.setRemoteDescription(description)`. An offer may roll back the own one implicitly. A description of type
    /// [`SdpType::Rollback`] (with empty SDP) takes back a remote offer that could not be answered. Starts a
    /// description operation.
    SetRemoteDescription(SessionDescription),
    /// `pc.addIceCandidate(candidate)`. Its priority is that of its generation: after a restart of ICE those from before
    /// come last.
    AddCandidate(IceCandidate),
    /// Send the description to the other side.
    Send(SessionDescription),
    /// Nothing to do: something that is worth telling.
    Note(Note),
}

/// A description operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Making and setting the own offer.
    LocalOffer,
    /// Making and setting the own answer.
    LocalAnswer,
    /// Setting the other side's offer.
    RemoteOffer,
    /// Setting the other side's answer.
    RemoteAnswer,
    /// Taking back the other side's offer, which could not be answered.
    RemoteRollback,
}

/// Something that is worth telling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Glare: both sides offered, and this side is impolite. The other offer is ignored.
    OfferIgnored,
    /// Glare: both sides offered, and this side is polite. The own offer is taken back.
    OfferRolledBack,
    /// An answer came that no offer waits for. It is dropped.
    StaleAnswer,
    /// A description of a type that the other side has no business sending. It is dropped.
    DescriptionRefused(SdpType),
    /// A description that waited is dropped: the other side sends them faster than they can be set and it was the
    /// oldest.
    DescriptionDropped(SdpType),
    /// A description that does not belong here is dropped.
    DescriptionMisplaced {
        /// What it was.
        kind: SdpType,
        /// Why it does not belong here.
        why: Misplaced,
    },
    /// An own description cannot be sent. An offer is left alone until a new input asks for one, or a remote offer
    /// comes; nobody answers it.
    DescriptionUnsent {
        /// What it was.
        kind: SdpType,
        /// Why.
        reason: String,
    },
    /// A candidate is dropped.
    CandidateDropped {
        /// The candidate.
        candidate: IceCandidate,
        /// Why.
        reason: DropReason,
    },
    /// The browser would not add a candidate.
    CandidateFailed {
        /// The candidate.
        candidate: IceCandidate,
        /// What the browser said.
        reason: String,
    },
    /// A description operation was rejected.
    OperationFailed {
        /// Which.
        operation: Operation,
        /// What the browser said.
        reason: String,
        /// What is done about it.
        recovery: Recovery,
    },
    /// The report of a completion that fits no operation in flight. It is ignored.
    UnexpectedCompletion,
}

/// Why a description does not belong to a negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Misplaced {
    /// It is from, or for, another peer connection of the same participants.
    AnotherConnection,
    /// It is an offer that came before, or one older than what came.
    Repeated,
}

/// Why a candidate is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// It belongs to a description that was ignored, dropped, or could not be set.
    IgnoredDescription,
    /// It belongs to an ICE generation that has been replaced.
    OldGeneration,
    /// Too many candidates wait for their description; it was the oldest.
    QueueFull,
}

/// What is done about a failed operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recovery {
    /// Nothing: everything stays as it was. A new input may try again.
    None,
    /// A fresh offer follows.
    OfferAgain,
    /// The remote offer is taken back.
    Rollback,
    /// Too many failures in a row: the open offer is left alone until a new input asks for an offer, or a
    /// remote offer comes.
    GiveUp,
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfferIgnored => formatter.write_str("glare: the other offer is ignored"),
            Self::OfferRolledBack => formatter.write_str("glare: the own offer is taken back"),
            Self::StaleAnswer => formatter.write_str("an answer that no offer waits for is dropped"),
            Self::DescriptionRefused(kind) => write!(formatter, "a description of type {} is refused", name(*kind)),
            Self::DescriptionDropped(kind) => {
                write!(formatter, "too many descriptions: the oldest {} is dropped", name(*kind))
            }
            Self::DescriptionMisplaced { kind, why } => {
                let why = match why {
                    Misplaced::AnotherConnection => "of another connection",
                    Misplaced::Repeated => "that came before",
                };
                write!(formatter, "an {} {why} is dropped", name(*kind))
            }
            Self::DescriptionUnsent { kind, reason } => {
                write!(formatter, "the own {} cannot be sent: {reason}", name(*kind))
            }
            Self::CandidateDropped { candidate, reason } => {
                let reason = match reason {
                    DropReason::IgnoredDescription => "of an ignored description",
                    DropReason::OldGeneration => "of an old generation",
                    DropReason::QueueFull => "that waited too long",
                };
                write!(formatter, "a candidate {reason} is dropped: {}", candidate.candidate)
            }
            Self::CandidateFailed { candidate, reason } => {
                write!(formatter, "a candidate cannot be added: {}: {reason}", candidate.candidate)
            }
            Self::OperationFailed { operation, reason, recovery } => {
                let operation = match operation {
                    Operation::LocalOffer => "own offer",
                    Operation::LocalAnswer => "own answer",
                    Operation::RemoteOffer => "other side's offer",
                    Operation::RemoteAnswer => "other side's answer",
                    Operation::RemoteRollback => "rollback of the other side's offer",
                };
                let recovery = match recovery {
                    Recovery::None => "everything stays as it was",
                    Recovery::OfferAgain => "a fresh offer follows",
                    Recovery::Rollback => "the offer is taken back",
                    Recovery::GiveUp => "no further attempt",
                };
                write!(formatter, "the {operation} cannot be set: {reason}; {recovery}")
            }
            Self::UnexpectedCompletion => formatter.write_str("a completion that fits no operation"),
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
