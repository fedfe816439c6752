//! Two machines, each with a model browser, and a channel between them whose timing the test decides.

use std::collections::VecDeque;

use vitrine_negotiation::{Input, Negotiation, Note, Role};
use vitrine_protocol::signaling::{SdpType, SessionDescription};

use crate::browser::Flavour;
use crate::side::{Mail, Side, Way, candidate};

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

/// A side and the channel to it.
struct End {
    side: Side,
    /// Messages on the way to this side.
    incoming: VecDeque<Mail>,
    /// Whether what the side sends goes anywhere.
    connected: bool,
    was_cut: bool,
    restart: bool,
    last_answer: Option<SessionDescription>,
}

pub struct World {
    ends: [End; 2],
}

impl World {
    /// Side 0 is impolite, side 1 polite.
    pub fn new(flavour: Flavour) -> Self {
        let end = |name: &str, role| End {
            side: Side::new(Negotiation::tagged(role, name.to_owned()), name.to_owned(), flavour),
            incoming: VecDeque::new(),
            connected: true,
            was_cut: false,
            restart: false,
            last_answer: None,
        };
        Self { ends: [end("impolite", Role::Impolite), end("polite", Role::Polite)] }
    }

    pub fn step(&mut self, step: Step) {
        match step {
            Step::AddTrack(side) => self.side(side).browser.add_track(),
            Step::Restart(side) => self.side(side).want(Input::RestartIce),
            Step::Deliver(side) => {
                let end = &mut self.ends[side];
                end.side.mailbox.extend(end.incoming.pop_front());
            }
            Step::Work(side) => self.work(side),
            Step::Complete(side) => self.side(side).complete(false),
            Step::Fail(side) => self.side(side).complete(true),
            Step::Check(side) => self.side(side).check(),
            Step::Cut { restart } => self.ends.iter_mut().for_each(|end| end.cut(restart)),
            Step::Garbage(side, garbage) => self.inject(side, garbage),
        }
    }

    fn side(&mut self, index: usize) -> &mut Side {
        &mut self.ends[index].side
    }

    /// Lets everything that is under way happen, until nothing is.
    pub fn settle(&mut self) {
        for _ in 0..PATIENCE {
            if self.ends.iter().all(|end| end.incoming.is_empty() && end.side.is_quiet()) {
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
        let end = &mut self.ends[index];
        let inputs = match end.side.mailbox.pop_front() {
            None => return,
            Some(Mail::Gathered(candidate)) => return self.send(index, Input::RemoteCandidate(candidate)),
            Some(Mail::Local(input) | Mail::Received(_, input)) => [Some(input), None],
            Some(Mail::Up { .. }) => {
                end.connected = true;
                [Some(Input::OfferAgain), end.restart.then_some(Input::RestartIce)]
            }
        };
        for input in inputs.into_iter().flatten() {
            let mut sent = None;
            self.side(index).handle(input, |description| sent = Some(description));
            if let Some(description) = sent {
                if description.kind == SdpType::Answer {
                    self.ends[index].last_answer = Some(description.clone());
                }
                self.send(index, Input::RemoteDescription(description));
            }
        }
    }

    fn send(&mut self, from: usize, message: Input) {
        if self.ends[from].connected {
            self.ends[1 - from].incoming.push_back(Mail::Received(Way::Signaling, message));
        }
    }

    fn inject(&mut self, index: usize, garbage: Garbage) {
        let description = |kind, sdp: &str| Input::RemoteDescription(SessionDescription::new(kind, sdp));
        let unreadable = "a=ice-ufrag:junk";
        let input = match garbage {
            Garbage::AnswerAgain => match &self.ends[1 - index].last_answer {
                Some(answer) => Input::RemoteDescription(answer.clone()),
                None => return,
            },
            Garbage::UnreadableOffer => description(SdpType::Offer, unreadable),
            Garbage::UnreadableAnswer => description(SdpType::Answer, unreadable),
            Garbage::Pranswer => description(SdpType::Pranswer, unreadable),
            Garbage::Rollback => description(SdpType::Rollback, ""),
            Garbage::UnknownCandidate => Input::RemoteCandidate(candidate("unheard-of", 0)),
        };
        self.side(index).justified_offers += 2;
        self.ends[index].incoming.push_back(Mail::Received(Way::Signaling, input));
    }

    /// Both sides are at rest, agree on the descriptions, and nothing more needs an offer.
    pub fn assert_converged(&self) {
        let [one, other] = &self.ends;
        one.side.assert_converged(&other.side);
        other.side.assert_converged(&one.side);
    }

    /// Every candidate of the generation in use has been added by the other side, once and in order.
    pub fn assert_candidates_complete(&self) {
        for index in [0, 1] {
            let (side, other) = (&self.ends[index].side, &self.ends[1 - index].side);
            if side.browser.current_local.is_some() {
                assert!(side.in_use(&side.gathered).next().is_some());
                assert!(side.in_use(&side.gathered).eq(side.in_use(other.browser.added_candidates())));
            }
        }
    }

    /// Nothing went wrong on the way: no description failed to be set, no answer came that no offer waits for, unless
    /// the offer was lost with the old channel, and made again.
    pub fn assert_no_complaints(&self) {
        for end in &self.ends {
            let mut complaints = end.side.complaints.iter();
            let complaint = complaints.find(|note| !(end.was_cut && **note == Note::StaleAnswer));
            assert_eq!(complaint, None);
        }
    }

    pub fn assert_offers_bounded(&self) {
        self.ends.iter().for_each(|end| end.side.assert_offers_bounded());
    }
}

impl End {
    fn cut(&mut self, restart: bool) {
        self.connected = false;
        self.was_cut = true;
        self.restart = restart;
        self.incoming = VecDeque::from([Mail::Up { way: Way::Signaling, again: true }]);
    }
}
