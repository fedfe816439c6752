//! Two machines with model browsers, and a channel between them whose timing the test decides.

use std::collections::VecDeque;

use vitrine_negotiation::{Input, Negotiation, Note, Role};
use vitrine_protocol::signaling::{SdpType, SessionDescription};

use crate::browser::RollbackOrder;
use crate::side::{Mail, Route, Side, candidate};

/// Rounds within which the sides must settle, or they loop for ever.
const MAX_ROUNDS: usize = 20_000;

/// One step of the world. An impossible step does nothing.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    AddTrack(usize),
    Restart(usize),
    /// The next message reaches the side.
    Deliver(usize),
    /// The side's owner task handles the next event of its mailbox.
    Work(usize),
    /// The operation in flight completes; the browser may reject it.
    Complete(usize),
    /// The operation in flight is rejected.
    Fail(usize),
    /// The browser runs its queued check for `negotiationneeded`.
    Check(usize),
    /// The channel is replaced. Messages in transit are lost, and so are messages that a side sends before it knows.
    Cut {
        /// Whether both sides restart ICE once they know.
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
    /// Messages in transit to this side.
    incoming: VecDeque<Mail>,
    /// Whether the side's messages are delivered.
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
    pub fn new(rollback_order: RollbackOrder) -> Self {
        let end = |name: &str, role| End {
            side: Side::new(Negotiation::tagged(role, name.to_owned()), name.to_owned(), rollback_order),
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
            Step::Restart(side) => self.side(side).push_local(Input::RestartIce),
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

    /// Completes everything in transit.
    pub fn settle(&mut self) {
        for _ in 0..MAX_ROUNDS {
            if self.ends.iter().all(|end| end.incoming.is_empty() && end.side.is_quiet()) {
                return;
            }
            for side in [0, 1] {
                for step in [Step::Deliver(side), Step::Work(side), Step::Complete(side), Step::Check(side)] {
                    self.step(step);
                }
            }
        }
        panic!("the two sides never settle");
    }

    fn work(&mut self, index: usize) {
        let end = &mut self.ends[index];
        let inputs = match end.side.mailbox.pop_front() {
            None => return,
            Some(Mail::Gathered(candidate)) => return self.send(index, Input::RemoteCandidate(candidate)),
            Some(Mail::Local(input) | Mail::Received(_, input)) => [Some(input), None],
            Some(Mail::RouteUp { .. }) => {
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
            self.ends[1 - from].incoming.push_back(Mail::Received(Route::Signaling, message));
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
        self.ends[index].incoming.push_back(Mail::Received(Route::Signaling, input));
    }

    /// Both sides are idle, agree on the descriptions, and need no further offer.
    pub fn assert_converged(&self) {
        let [one, other] = &self.ends;
        one.side.assert_converged(&other.side);
        other.side.assert_converged(&one.side);
    }

    /// Each side has added every candidate of the other's current generation, once and in order.
    pub fn assert_candidates_complete(&self) {
        for index in [0, 1] {
            let (side, other) = (&self.ends[index].side, &self.ends[1 - index].side);
            if side.browser.current_local.is_some() {
                assert!(side.in_use(&side.gathered).next().is_some());
                assert!(side.in_use(&side.gathered).eq(side.in_use(other.browser.added_candidates())));
            }
        }
    }

    /// No description failed to be set, and no answer was stale, unless its offer was repeated after a cut.
    pub fn assert_no_unexpected_notes(&self) {
        for end in &self.ends {
            let mut unexpected_notes = end.side.unexpected_notes.iter();
            let note = unexpected_notes.find(|note| !(end.was_cut && **note == Note::StaleAnswer));
            assert_eq!(note, None);
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
        self.incoming = VecDeque::from([Mail::RouteUp { route: Route::Signaling, again: true }]);
    }
}
