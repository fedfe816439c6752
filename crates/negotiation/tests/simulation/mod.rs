//! Two machines, each with a model browser, and a channel between them whose timing the test decides.

pub mod browser;

use std::collections::VecDeque;

use browser::{Browser, Completion, Flavour};
use vitrine_negotiation::{Action, Input, Negotiation, Note, Role, SignalingState};
use vitrine_protocol::signaling::{IceCandidate, SdpType, SessionDescription};

/// Steps that settling may take before it counts as an endless loop.
const PATIENCE: usize = 20_000;

/// One thing that happens next. A step that is not possible does nothing.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    AddTrack(usize),
    Restart(usize),
    /// The next message reaches the side.
    Deliver(usize),
    /// The side's owner task takes the next event from its mailbox.
    Work(usize),
    /// The operation in flight succeeds, unless the browser finds fault.
    Complete(usize),
    /// The operation in flight is rejected for no reason.
    Fail(usize),
    /// The browser runs its queued check for `negotiationneeded`.
    Check(usize),
    /// The channel is replaced: messages under way are lost, and so is what a side sends until it knows.
    Cut {
        /// Whether both sides want an ICE restart once they know.
        restart: bool,
    },
    Garbage(usize, Garbage),
}

#[derive(Clone, Copy, Debug)]
pub enum Garbage {
    AnswerAgain,
    UnreadableOffer,
    UnreadableAnswer,
    Pranswer,
    Rollback,
    UnknownCandidate,
}

enum Mail {
    Input(Input),
    LocalCandidate(IceCandidate),
}

pub struct Side {
    pub browser: Browser,
    pub machine: Negotiation,
    mailbox: VecDeque<Mail>,
    /// Messages on the way to this side.
    incoming: VecDeque<Input>,
    /// Whether what the side sends goes anywhere.
    connected: bool,
    was_cut: bool,
    gathered: Vec<IceCandidate>,
    /// Notes that tell of something wrong.
    pub complaints: Vec<Note>,
    last_answer: Option<SessionDescription>,
    pub offers: usize,
    /// Most offers that what happened to this side can justify.
    pub justified_offers: usize,
}

pub struct World {
    pub sides: [Side; 2],
}

impl World {
    /// Side 0 is impolite, side 1 polite.
    pub fn new(flavour: Flavour) -> Self {
        let side = |name, role| Side {
            browser: Browser::new(name, flavour),
            machine: Negotiation::tagged(role, name.to_owned()),
            mailbox: VecDeque::new(),
            incoming: VecDeque::new(),
            connected: true,
            was_cut: false,
            gathered: Vec::new(),
            complaints: Vec::new(),
            last_answer: None,
            offers: 0,
            justified_offers: 0,
        };
        Self { sides: [side("impolite", Role::Impolite), side("polite", Role::Polite)] }
    }

    pub fn step(&mut self, step: Step) {
        match step {
            Step::AddTrack(side) => self.sides[side].browser.add_track(),
            Step::Restart(side) => {
                self.sides[side].justified_offers += 1;
                self.sides[side].mailbox.push_back(Mail::Input(Input::RestartIce));
            }
            Step::Deliver(side) => {
                let side = &mut self.sides[side];
                side.mailbox.extend(side.incoming.pop_front().map(Mail::Input));
            }
            Step::Work(side) => self.work(side),
            Step::Complete(side) => self.sides[side].complete(false),
            Step::Fail(side) => {
                self.sides[side].justified_offers += 1;
                self.sides[side].complete(true);
            }
            Step::Check(side) => {
                let side = &mut self.sides[side];
                if side.browser.update_queued && side.browser.run_update() {
                    side.justified_offers += 1;
                    side.mailbox.push_back(Mail::Input(Input::NegotiationNeeded));
                }
            }
            Step::Cut { restart } => self.sides.iter_mut().for_each(|side| side.cut(restart)),
            Step::Garbage(side, garbage) => self.inject(side, garbage),
        }
    }

    /// Lets everything that is under way happen, until nothing is.
    pub fn settle(&mut self) {
        for _ in 0..PATIENCE {
            if self.sides.iter().all(Side::is_quiet) {
                return;
            }
            for side in [0, 1] {
                for step in [Step::Deliver(side), Step::Work(side), Step::Complete(side), Step::Check(side)] {
                    self.step(step);
                }
            }
        }
        panic!("the two sides never come to rest");
    }

    fn work(&mut self, index: usize) {
        let side = &mut self.sides[index];
        let messages = match side.mailbox.pop_front() {
            None => return,
            Some(Mail::LocalCandidate(candidate)) => {
                side.gathered.push(candidate.clone());
                vec![Input::RemoteCandidate(candidate)]
            }
            Some(Mail::Input(input)) => {
                side.connected |= input == Input::OfferAgain;
                let actions = side.machine.handle(input);
                side.perform(actions)
            }
        };
        if self.sides[index].connected {
            self.sides[1 - index].incoming.extend(messages);
        }
    }

    fn inject(&mut self, index: usize, garbage: Garbage) {
        let description = |kind, sdp: &str| Input::RemoteDescription(SessionDescription::new(kind, sdp));
        let unreadable = "a=ice-ufrag:junk";
        let input = match garbage {
            Garbage::AnswerAgain => match &self.sides[1 - index].last_answer {
                Some(answer) => Input::RemoteDescription(answer.clone()),
                None => return,
            },
            Garbage::UnreadableOffer => description(SdpType::Offer, unreadable),
            Garbage::UnreadableAnswer => description(SdpType::Answer, unreadable),
            Garbage::Pranswer => description(SdpType::Pranswer, unreadable),
            Garbage::Rollback => description(SdpType::Rollback, ""),
            Garbage::UnknownCandidate => Input::RemoteCandidate(candidate("unheard-of", 0)),
        };
        self.sides[index].justified_offers += 2;
        self.sides[index].incoming.push_back(input);
    }

    /// Both sides are at rest, agree on the descriptions, and nothing more needs an offer.
    pub fn assert_converged(&self) {
        for (index, side) in self.sides.iter().enumerate() {
            let (browser, other) = (&side.browser, &self.sides[1 - index].browser);
            assert_eq!(browser.state, SignalingState::Stable);
            assert!(side.machine.is_idle());
            assert_eq!(browser.current_local, other.current_remote, "what one side set, the other has");
            assert!(!browser.check_negotiation_needed(), "every need is served");
        }
    }

    /// Every candidate of the generation in use has been added by the other side, once and in order.
    pub fn assert_candidates_complete(&self) {
        for (index, side) in self.sides.iter().enumerate() {
            let Some(local) = &side.browser.current_local else { continue };
            let of_generation = |candidates: &[IceCandidate]| -> Vec<IceCandidate> {
                let named = |it: &&IceCandidate| it.username_fragment.as_ref() == Some(&local.fragment);
                candidates.iter().filter(named).cloned().collect()
            };
            let gathered = of_generation(&side.gathered);
            assert!(!gathered.is_empty());
            assert_eq!(gathered, of_generation(self.sides[1 - index].browser.added_candidates()));
        }
    }

    /// Nothing went wrong on the way: no description failed to be set, no answer came that no offer waits for.
    pub fn assert_no_complaints(&self) {
        for side in &self.sides {
            assert_eq!(side.complaints, []);
        }
    }

    pub fn assert_offers_bounded(&self) {
        for side in &self.sides {
            assert!(side.offers <= side.justified_offers, "{} offers, not {}", side.offers, side.justified_offers);
        }
    }
}

impl Side {
    /// Performs the actions as an executor does; returns what goes to the other side.
    fn perform(&mut self, actions: Vec<Action>) -> Vec<Input> {
        let mut messages = Vec::new();
        for action in actions {
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
                        self.last_answer = Some(description.clone());
                    }
                    messages.push(Input::RemoteDescription(description));
                }
                Action::Note(Note::OfferIgnored | Note::OfferRolledBack) => {}
                Action::Note(Note::DescriptionDropped(_) | Note::CandidateDropped { .. }) => {}
                // Of an offer that was lost with the old channel, and made again.
                Action::Note(Note::StaleAnswer) if self.was_cut => {}
                Action::Note(complaint) => self.complaints.push(complaint),
            }
        }
        assert!(self.machine.operation().is_some() || !self.browser.has_operation());
        messages
    }

    fn cut(&mut self, restart: bool) {
        self.justified_offers += 1 + usize::from(restart);
        self.connected = false;
        self.was_cut = true;
        self.incoming = VecDeque::from([Input::OfferAgain]);
        self.incoming.extend(restart.then_some(Input::RestartIce));
    }

    fn complete(&mut self, fail: bool) {
        if !self.browser.has_operation() {
            return;
        }
        let input = match self.browser.complete(fail) {
            Completion::Local(description) => Input::LocalDescriptionSet(description),
            Completion::Remote => Input::RemoteDescriptionSet,
            Completion::Failed(reason) => Input::DescriptionFailed(reason),
        };
        let gathers = match &input {
            Input::LocalDescriptionSet(description) => browser::Description::parse(&description.sdp),
            _ => None,
        };
        self.mailbox.push_back(Mail::Input(input));
        if let Some(local) = gathers {
            self.gather(&local.fragment);
        }
    }

    /// A browser gathers once a generation.
    fn gather(&mut self, fragment: &str) {
        let known = self.gathered.iter().chain(self.mailbox.iter().filter_map(|mail| match mail {
            Mail::LocalCandidate(candidate) => Some(candidate),
            Mail::Input(_) => None,
        }));
        if known.into_iter().any(|candidate| candidate.username_fragment.as_deref() == Some(fragment)) {
            return;
        }
        let found = (0..3).map(|number| Mail::LocalCandidate(candidate(fragment, number)));
        self.mailbox.extend(found.collect::<Vec<_>>());
    }

    fn is_quiet(&self) -> bool {
        self.mailbox.is_empty()
            && self.incoming.is_empty()
            && !self.browser.has_operation()
            && !self.browser.update_queued
    }
}

pub fn candidate(fragment: &str, number: usize) -> IceCandidate {
    IceCandidate {
        candidate: format!("candidate:{number} 1 udp 1 192.0.2.1 {number} typ host"),
        sdp_mid: Some("0".to_owned()),
        sdp_m_line_index: Some(0),
        username_fragment: Some(fragment.to_owned()),
        ..IceCandidate::default()
    }
}
