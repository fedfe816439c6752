//! A model of `RTCPeerConnection` as negotiation sees it (W3C webrtc-pc §4.4.1, §4.7.3; RFC 8829 §4.1, §5):
//! signaling state, the four descriptions, implicit rollback, ICE generations, and when `negotiationneeded` fires.
//! Media is a number of tracks; a description is a few lines that look like SDP.
#![allow(clippy::expect_used, reason = "a violated contract of the model")]

use vitrine_negotiation::SignalingState;
use vitrine_protocol::signaling::{IceCandidate, SdpType, SessionDescription};

/// The result of an operation.
pub enum Completion {
    Local(SessionDescription),
    Remote,
    Failed(String),
}

enum Operation {
    SetLocal { offer: bool, description: Description },
    SetRemote(SessionDescription),
}

/// A parsed description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    pub text: String,
    id: String,
    /// In an answer: the id of the offer. Browsers do not check it, so negotiation must.
    answers: Option<String>,
    pub fragment: String,
    /// Media sections, at least one (the data channel's).
    sections: usize,
    /// Tracks of the sender; the first sections carry them.
    tracks: usize,
}

impl Description {
    fn new(id: String, answers: Option<String>, fragment: String, sections: usize, tracks: usize) -> Self {
        let mut text = format!("v=0\r\no={id}\r\na=tracks:{tracks}\r\n");
        if let Some(offer) = &answers {
            text.extend(["a=answers:", offer, "\r\n"]);
        }
        for _ in 0..sections {
            text.extend(["m=video\r\na=ice-ufrag:", &fragment, "\r\n"]);
        }
        Self { text, id, answers, fragment, sections, tracks }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let value = |prefix: &str| text.lines().find_map(|line| line.strip_prefix(prefix));
        Some(Self {
            text: text.to_owned(),
            id: value("o=")?.to_owned(),
            answers: value("a=answers:").map(str::to_owned),
            fragment: value("a=ice-ufrag:")?.to_owned(),
            sections: text.lines().filter(|line| line.starts_with("m=")).count(),
            tracks: value("a=tracks:")?.parse().ok()?,
        })
    }
}

/// Whether a browser reads a colliding offer before or after it rolls back its own. It matters if the offer is
/// unreadable.
#[derive(Clone, Copy, Debug)]
pub enum RollbackOrder {
    /// The offer is read before the own one is rolled back.
    ReadsFirst,
    /// The own offer is rolled back before the offer is read.
    RollsBackFirst,
}

pub struct Browser {
    /// The connection's id, a prefix of all generated ids.
    name: String,
    rollback_order: RollbackOrder,
    pub state: SignalingState,
    pub current_local: Option<Description>,
    pending_local: Option<Description>,
    pub current_remote: Option<Description>,
    pending_remote: Option<Description>,
    operation: Option<Operation>,
    tracks: usize,
    /// `[[LocalIceCredentialsToReplace]]`
    credentials_to_replace: Vec<String>,
    /// `[[NegotiationNeeded]]`
    negotiation_needed: bool,
    /// A task to update the negotiation-needed flag is queued.
    pub update_queued: bool,
    /// Update the flag once no operation is in flight.
    update_on_empty_chain: bool,
    /// All added candidates.
    added: Vec<IceCandidate>,
    counter: usize,
}

impl Browser {
    pub fn new(name: String, rollback_order: RollbackOrder) -> Self {
        Self {
            name,
            rollback_order,
            state: SignalingState::Stable,
            current_local: None,
            pending_local: None,
            current_remote: None,
            pending_remote: None,
            operation: None,
            tracks: 0,
            credentials_to_replace: Vec::new(),
            negotiation_needed: false,
            update_queued: false,
            update_on_empty_chain: false,
            added: Vec::new(),
            counter: 0,
        }
    }

    pub fn add_track(&mut self) {
        self.tracks += 1;
        self.update_negotiation_needed();
    }

    pub fn tracks(&self) -> usize {
        self.tracks
    }

    pub fn restart_ice(&mut self) {
        let set = self.current_local.iter().chain(&self.pending_local);
        self.credentials_to_replace = set.map(|description| description.fragment.clone()).collect();
        self.update_negotiation_needed();
    }

    /// `setLocalDescription()`: makes an offer or an answer now, sets it when the operation completes.
    pub fn set_local_description(&mut self, expected: SdpType) {
        assert!(self.operation.is_none(), "{}: an operation is already in flight", self.name);
        let offer = self.state != SignalingState::HaveRemoteOffer;
        let expects_offer = expected == SdpType::Offer;
        assert_eq!(offer, expects_offer, "{}: expected {expected:?} in {:?}", self.name, self.state);
        let description = if offer { self.create_offer() } else { self.create_answer() };
        self.operation = Some(Operation::SetLocal { offer, description });
    }

    pub fn set_remote_description(&mut self, description: SessionDescription) {
        assert!(self.operation.is_none(), "{}: an operation is already in flight", self.name);
        self.operation = Some(Operation::SetRemote(description));
    }

    /// `addIceCandidate`: the candidate's generation must be that of the remote description.
    pub fn add_ice_candidate(&mut self, candidate: IceCandidate) {
        let remote = self.pending_remote.as_ref().or(self.current_remote.as_ref());
        let remote = remote.expect("a candidate is added only after a remote description");
        assert_eq!(
            candidate.username_fragment.as_deref(),
            Some(remote.fragment.as_str()),
            "{}: the candidate must be of the current remote generation",
            self.name
        );
        self.added.push(candidate);
    }

    pub fn added_candidates(&self) -> &[IceCandidate] {
        &self.added
    }

    pub fn has_operation(&self) -> bool {
        self.operation.is_some()
    }

    /// Whether this side's tracks or a requested ICE restart still need an offer.
    pub fn check_negotiation_needed(&self) -> bool {
        !self.credentials_to_replace.is_empty() || self.tracks > self.current_local.as_ref().map_or(0, |it| it.tracks)
    }

    /// Runs the queued task; returns whether `negotiationneeded` fires.
    pub fn run_update(&mut self) -> bool {
        assert!(std::mem::take(&mut self.update_queued));
        if self.operation.is_some() {
            self.update_on_empty_chain = true;
            return false;
        }
        if self.state != SignalingState::Stable {
            return false;
        }
        let needed = self.check_negotiation_needed();
        !std::mem::replace(&mut self.negotiation_needed, needed) && needed
    }

    /// Ends the operation in flight. `fail` rejects it in any case.
    pub fn complete(&mut self, fail: bool) -> Completion {
        let operation = self.operation.take().expect("an operation is in flight");
        let result = match operation {
            _ if fail => Err("rejected".to_owned()),
            Operation::SetLocal { offer: true, description } => {
                self.pending_local = Some(description.clone());
                self.state = SignalingState::HaveLocalOffer;
                Ok(Completion::Local(SessionDescription::new(SdpType::Offer, description.text)))
            }
            Operation::SetLocal { offer: false, description } => {
                self.current_local = Some(description.clone());
                self.current_remote = self.pending_remote.take();
                self.now_stable();
                Ok(Completion::Local(SessionDescription::new(SdpType::Answer, description.text)))
            }
            Operation::SetRemote(description) => self.apply_remote(&description).map(|()| Completion::Remote),
        };
        if std::mem::take(&mut self.update_on_empty_chain) {
            self.update_negotiation_needed();
        }
        result.unwrap_or_else(Completion::Failed)
    }

    fn apply_remote(&mut self, description: &SessionDescription) -> Result<(), String> {
        let parsed = Description::parse(&description.sdp);
        match (description.kind, self.state) {
            (SdpType::Rollback, SignalingState::HaveRemoteOffer) => {
                self.pending_remote = None;
                self.now_stable();
                Ok(())
            }
            (SdpType::Offer, _) => {
                if self.state == SignalingState::HaveLocalOffer
                    && (parsed.is_some() || matches!(self.rollback_order, RollbackOrder::RollsBackFirst))
                {
                    self.pending_local = None;
                    self.now_stable();
                }
                let offer = parsed.ok_or("the SDP cannot be read")?;
                let sections = self.current_remote.as_ref().map_or(0, |it| it.sections);
                if offer.sections < sections {
                    return Err("the order of m-lines differs".to_owned());
                }
                self.pending_remote = Some(offer);
                self.state = SignalingState::HaveRemoteOffer;
                Ok(())
            }
            (SdpType::Answer, SignalingState::HaveLocalOffer) => {
                let answer = parsed.ok_or("the SDP cannot be read")?;
                let offered = self.pending_local.as_ref().map(|it| &it.id);
                assert_eq!(
                    answer.answers.as_ref(),
                    offered,
                    "{}: the answer must be to the offer that is set",
                    self.name
                );
                if Some(answer.sections) != self.pending_local.as_ref().map(|it| it.sections) {
                    return Err("the order of m-lines differs".to_owned());
                }
                self.current_local = self.pending_local.take();
                self.current_remote = Some(answer);
                self.now_stable();
                Ok(())
            }
            (kind, state) => Err(format!("{kind:?} set in {state:?}")),
        }
    }

    fn now_stable(&mut self) {
        self.state = SignalingState::Stable;
        if let Some(local) = &self.current_local
            && !self.credentials_to_replace.contains(&local.fragment)
        {
            self.credentials_to_replace.clear();
        }
        self.negotiation_needed = false;
        self.update_negotiation_needed();
    }

    fn update_negotiation_needed(&mut self) {
        if self.operation.is_some() {
            self.update_on_empty_chain = true;
        } else {
            self.update_queued = true;
        }
    }

    fn create_offer(&mut self) -> Description {
        let known = self.current_local.as_ref().or(self.pending_local.as_ref()).map(|it| it.fragment.clone());
        let fragment = known.filter(|_| self.credentials_to_replace.is_empty()).unwrap_or_else(|| self.unique());
        let sections = self.current_local.as_ref().map_or(0, |it| it.sections).max(self.tracks).max(1);
        Description::new(self.unique(), None, fragment, sections, self.tracks)
    }

    fn create_answer(&mut self) -> Description {
        let offer = self.pending_remote.clone().expect("a remote offer is set");
        let restarts = self.current_remote.as_ref().is_none_or(|current| current.fragment != offer.fragment);
        let known = self.current_local.as_ref().map(|it| it.fragment.clone());
        let fragment = known.filter(|_| !restarts).unwrap_or_else(|| self.unique());
        Description::new(self.unique(), Some(offer.id), fragment, offer.sections, self.tracks.min(offer.sections))
    }

    fn unique(&mut self) -> String {
        self.counter += 1;
        format!("{}.{}", self.name, self.counter)
    }
}
