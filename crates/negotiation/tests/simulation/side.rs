//! One side of a pair: a machine, its model browser, and the mailbox of the task that owns both. It performs actions
//! as an executor does, and keeps account of what it did; where messages go is up to the world around it.

use std::collections::VecDeque;

use vitrine_negotiation::{Action, Input, Negotiation, Note, SignalingState};
use vitrine_protocol::signaling::{IceCandidate, SdpType, SessionDescription};

use crate::browser::{Browser, Completion, Description, Flavour};

/// Candidates that a browser gathers for one generation.
const GATHERED: usize = 3;

/// A way from one side to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Signaling,
    Control,
}

/// What a side's task finds in its mailbox.
pub enum Mail {
    /// From the own browser or the own timers.
    Local(Input),
    /// The browser found a candidate.
    Gathered(IceCandidate),
    /// From the other side.
    Received(Way, Input),
    /// The way can be used; `again` if it could be before, and what was under way is lost.
    Up { way: Way, again: bool },
}

pub struct Side {
    pub browser: Browser,
    pub machine: Negotiation,
    pub mailbox: VecDeque<Mail>,
    pub gathered: Vec<IceCandidate>,
    /// What the machine told, but for what is normal in bad luck.
    pub complaints: Vec<Note>,
    pub offers: usize,
    /// Most offers that what happened to this side can justify.
    pub justified_offers: usize,
    /// Colliding offers of the other side that were ignored, and own ones that were taken back.
    pub glares: usize,
}

impl Side {
    pub fn new(machine: Negotiation, connection: String, flavour: Flavour) -> Self {
        Self {
            browser: Browser::new(connection, flavour),
            machine,
            mailbox: VecDeque::new(),
            gathered: Vec::new(),
            complaints: Vec::new(),
            offers: 0,
            justified_offers: 0,
            glares: 0,
        }
    }

    /// An input from the own browser or the own timers.
    pub fn want(&mut self, input: Input) {
        self.mailbox.push_back(Mail::Local(input));
    }

    /// Feeds the machine and performs what it asks for; `send` gets what goes to the other side.
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
                        assert_eq!(set, Some(&description.sdp), "an answer is sent after its offer was set");
                    }
                    send(description);
                }
                Action::Note(Note::OfferIgnored | Note::OfferRolledBack) => self.glares += 1,
                Action::Note(Note::DescriptionDropped(_) | Note::CandidateDropped { .. }) => {}
                Action::Note(complaint) => self.complaints.push(complaint),
            }
        }
        assert!(self.machine.operation().is_some() || !self.browser.has_operation());
    }

    /// The browser runs its queued check for `negotiationneeded`.
    pub fn check(&mut self) {
        if self.browser.update_queued && self.browser.run_update() {
            self.want(Input::NegotiationNeeded);
        }
    }

    /// The operation in flight ends; `fail` rejects it for no reason.
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

    /// A browser gathers once a generation.
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

    /// What the other side has of this one is what this one set.
    pub fn agrees_with(&self, other: &Side) -> bool {
        self.browser.current_local == other.browser.current_remote
    }

    /// At rest, with nothing left that needs an offer, and in agreement.
    pub fn assert_converged(&self, other: &Side) {
        assert_eq!(self.browser.state, SignalingState::Stable);
        assert!(self.machine.is_idle(), "the machine is at rest");
        assert!(!self.browser.check_negotiation_needed(), "every need is served");
        let (set, got) = (&self.browser.current_local, &other.browser.current_remote);
        assert_eq!(set, got, "what one side set, the other has");
    }

    /// Of `candidates`, those of this side's generation in use.
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
