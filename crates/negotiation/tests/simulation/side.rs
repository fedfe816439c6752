//! One side of a pair: a machine, its model browser, and the mailbox of the task that owns both. It performs actions and
//! counts them. It does not deliver messages; the world around it does.

use std::collections::VecDeque;

use vitrine_negotiation::{Action, Input, Negotiation, Note, SignalingState};
use vitrine_protocol::signaling::{IceCandidate, SdpType, SessionDescription};

use crate::browser::{Browser, Completion, Description, RollbackOrder};

/// Candidates that a browser gathers per generation.
const GATHERED: usize = 3;

/// A route for messages between the sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Signaling,
    Control,
}

/// An event in a side's mailbox.
pub enum Mail {
    /// From the own browser or timers.
    Local(Input),
    /// The browser found a candidate.
    Gathered(IceCandidate),
    /// A message of the other side.
    Received(Route, Input),
    /// The route can be used. `again`: it broke before, and messages in transit were lost.
    RouteUp { route: Route, again: bool },
}

pub struct Side {
    pub browser: Browser,
    pub machine: Negotiation,
    pub mailbox: VecDeque<Mail>,
    pub gathered: Vec<IceCandidate>,
    /// All notes but those about glares and dropped messages.
    pub unexpected_notes: Vec<Note>,
    pub offers: usize,
    /// Most offers that this side's events justify.
    pub justified_offers: usize,
    /// Ignored offers of the other side, and own offers rolled back.
    pub glares: usize,
}

impl Side {
    pub fn new(machine: Negotiation, connection: String, rollback_order: RollbackOrder) -> Self {
        Self {
            browser: Browser::new(connection, rollback_order),
            machine,
            mailbox: VecDeque::new(),
            gathered: Vec::new(),
            unexpected_notes: Vec::new(),
            offers: 0,
            justified_offers: 0,
            glares: 0,
        }
    }

    /// Queues an input from the own browser or timers.
    pub fn push_local(&mut self, input: Input) {
        self.mailbox.push_back(Mail::Local(input));
    }

    /// Feeds the machine and performs its actions. `send` takes the descriptions for the other side.
    pub fn handle(&mut self, input: Input, mut send: impl FnMut(SessionDescription)) {
        self.justified_offers += usize::from(match &input {
            Input::NegotiationNeeded | Input::RestartIce | Input::DescriptionFailed(_) => true,
            Input::OfferAgain => self.machine.signaling_state() == SignalingState::HaveLocalOffer,
            _ => false,
        });
        for action in self.machine.handle(input) {
            match action {
                Action::RestartIce => self.browser.restart_ice(),
                Action::SetLocalDescription(kind) => {
                    self.offers += usize::from(kind == SdpType::Offer);
                    self.browser.set_local_description(kind);
                }
                Action::SetRemoteDescription(description) => self.browser.set_remote_description(description),
                Action::AddCandidate(candidate) => self.browser.add_ice_candidate(candidate),
                Action::Send(description) => {
                    if description.kind == SdpType::Answer {
                        let set = self.browser.current_local.as_ref().map(|local| &local.text);
                        assert_eq!(set, Some(&description.sdp), "an answer is sent before it is set");
                    }
                    send(description);
                }
                Action::Note(Note::OfferIgnored | Note::OfferRolledBack) => self.glares += 1,
                Action::Note(Note::DescriptionDropped(_) | Note::CandidateDropped { .. }) => {}
                Action::Note(note) => self.unexpected_notes.push(note),
            }
        }
        assert!(self.machine.operation().is_some() || !self.browser.has_operation());
    }

    /// The browser runs its queued check for `negotiationneeded`.
    pub fn check(&mut self) {
        if self.browser.update_queued && self.browser.run_update() {
            self.push_local(Input::NegotiationNeeded);
        }
    }

    /// Ends the operation in flight. `fail` rejects it in any case.
    pub fn complete(&mut self, fail: bool) {
        if !self.browser.has_operation() {
            return;
        }
        match self.browser.complete(fail) {
            Completion::Local(description) => {
                let local = Description::parse(&description.sdp);
                self.mailbox.push_back(Mail::Local(Input::LocalDescriptionSet(description)));
                if let Some(local) = local {
                    self.gather(&local.fragment);
                }
            }
            Completion::Remote => self.mailbox.push_back(Mail::Local(Input::RemoteDescriptionSet)),
            Completion::Failed(reason) => self.mailbox.push_back(Mail::Local(Input::DescriptionFailed(reason))),
        }
    }

    /// Gathers candidates, once per generation.
    fn gather(&mut self, fragment: &str) {
        let is_known = |candidate: &IceCandidate| candidate.username_fragment.as_deref() == Some(fragment);
        if !self.gathered.iter().any(is_known) {
            let found = (0..GATHERED).map(|number| candidate(fragment, number));
            self.gathered.extend(found.clone());
            self.mailbox.extend(found.map(Mail::Gathered));
        }
    }

    pub fn is_quiet(&self) -> bool {
        self.mailbox.is_empty() && !self.browser.has_operation() && !self.browser.update_queued
    }

    /// Whether the other side has the description that this side set.
    pub fn agrees_with(&self, other: &Side) -> bool {
        self.browser.current_local == other.browser.current_remote
    }

    /// Idle, in agreement, and without need of a further offer.
    pub fn assert_converged(&self, other: &Side) {
        assert_eq!(self.browser.state, SignalingState::Stable);
        assert!(self.machine.is_idle(), "the machine is not idle");
        assert!(!self.browser.check_negotiation_needed(), "an offer is still needed");
        let (set, got) = (&self.browser.current_local, &other.browser.current_remote);
        assert_eq!(set, got, "the other side has another description");
    }

    /// The `candidates` of this side's current generation.
    pub fn in_use<'a>(&self, candidates: &'a [IceCandidate]) -> impl Iterator<Item = &'a IceCandidate> {
        let fragment = self.browser.current_local.as_ref().map(|local| local.fragment.clone());
        candidates.iter().filter(move |candidate| candidate.username_fragment == fragment)
    }

    pub fn assert_offers_bounded(&self) {
        let (made, justified) = (self.offers, self.justified_offers);
        assert!(made <= justified, "{made} offers, of which only {justified} are justified");
    }
}

pub fn candidate(fragment: &str, number: usize) -> IceCandidate {
    IceCandidate {
        candidate: format!("candidate:{number} 1 tcp 1 192.0.2.1 {number} typ host"),
        sdp_mid: Some("0".to_owned()),
        sdp_m_line_index: Some(0),
        username_fragment: Some(fragment.to_owned()),
        ..IceCandidate::default()
    }
}
