//! A mesh: participants, a pair of connections for each two of them, and one signaling server. It takes the steps of a
//! schedule, restores all routes, lets everything settle, and asserts that all pairs agree.

use crate::pair::{Pair, ROUTES};
use crate::schedule::{Event, Schedule, Step};
use crate::tally::Tally;

/// Most simultaneous participants.
const MAX_PARTICIPANTS: usize = 8;
/// Most tracks of a participant.
const MAX_TRACKS: usize = 4;
/// Rounds within which a pair must settle, or it loops for ever.
const MAX_ROUNDS: usize = 2_000;
/// How often unanswered offers may have to be repeated at the end.
const MAX_REPEATS: usize = 8;

struct Participant {
    number: u32,
    /// Whether it reaches the signaling server while that runs.
    signaling: bool,
    tracks: usize,
}

pub struct Mesh {
    participants: Vec<Participant>,
    pairs: Vec<Pair>,
    server: bool,
    /// Participants so far, for their numbers.
    entered: u32,
    copy_one_in: u16,
    same_role: bool,
    /// The order in which it settles.
    reversed: bool,
    /// Whether it settles before the first step too.
    established: bool,
    pub tally: Tally,
}

impl Mesh {
    pub fn new(schedule: &Schedule) -> Self {
        let mut mesh = Self {
            participants: Vec::new(),
            pairs: Vec::new(),
            server: true,
            entered: 0,
            copy_one_in: schedule.copy_one_in,
            same_role: schedule.same_role,
            reversed: schedule.reversed,
            established: schedule.established,
            tally: Tally::default(),
        };
        schedule.tracks.iter().take(schedule.participants).for_each(|tracks| mesh.enter(usize::from(*tracks)));
        mesh
    }

    /// Takes all steps and settles. Panics if the mesh does not converge.
    pub fn run(mut self, steps: &[Step]) -> Tally {
        if self.established {
            self.settle();
        }
        steps.iter().for_each(|step| self.step(*step));
        self.heal();
        self.settle();
        for pair in &self.pairs {
            pair.assert_converged(&mut self.tally);
            pair.account(&mut self.tally);
        }
        self.tally
    }

    fn step(&mut self, Step { event, place, pick }: Step) {
        self.tally.steps += 1;
        let place = usize::from(place);
        let (side, route) = (place & 1, ROUTES[usize::from(pick & 1)]);
        let copy = self.copy_one_in > 0 && (pick >> 1) % self.copy_one_in == 0;
        let pick = usize::from(pick >> 1);
        let participant = place % self.participants.len();
        let index = (place >> 1) % self.pairs.len();
        let (pair, tally) = (&mut self.pairs[index], &mut self.tally);
        match event {
            Event::Work => pair.work(side, tally),
            Event::Complete => pair.sides[side].complete(false),
            Event::Check => pair.sides[side].check(),
            Event::Deliver => drop(pair.deliver(side, route, copy, tally)),
            Event::DeliverCandidate => drop(pair.deliver_candidate(side, route, pick, copy, tally)),
            Event::DeliverCopy => drop(pair.deliver_copy(side, route, pick)),
            Event::OpenControl => drop(pair.open_control()),
            Event::Notice => pair.notice(side),
            Event::AnswerTimeout => drop(pair.time_out_answer(side, tally)),
            Event::RestartIce => pair.restart_ice(side, tally),
            Event::CutPath => pair.set_path(false, tally),
            Event::RestorePath => pair.set_path(true, tally),
            Event::ReplaceConnection => pair.replace_connection(side, tally),
            Event::AddTrack => self.add_track(participant),
            Event::CutSignaling => self.set_signaling(participant, false),
            Event::RestoreSignaling => self.set_signaling(participant, true),
            Event::StopServer => self.set_server(false),
            Event::StartServer => self.set_server(true),
            Event::Leave if self.participants.len() > 2 => self.leave(participant),
            Event::Join if self.participants.len() < MAX_PARTICIPANTS && self.server => {
                self.tally.joined += 1;
                self.enter(pick % 3);
            }
            Event::Leave | Event::Join => {}
        }
    }

    /// All present participants offer to the newcomer.
    fn enter(&mut self, tracks: usize) {
        let number = self.entered;
        self.entered += 1;
        self.tally.participants += 1;
        for present in &self.participants {
            let signaling = self.server && present.signaling;
            self.pairs.push(Pair::new([present.number, number], [present.tracks, tracks], signaling, self.same_role));
        }
        self.participants.push(Participant { number, signaling: true, tracks });
    }

    fn leave(&mut self, index: usize) {
        let number = self.participants.remove(index).number;
        self.tally.left += 1;
        let (gone, stay): (Vec<Pair>, _) = self.pairs.drain(..).partition(|pair| pair.members.contains(&number));
        self.pairs = stay;
        gone.iter().for_each(|pair| pair.account(&mut self.tally));
    }

    fn add_track(&mut self, index: usize) {
        let participant = &mut self.participants[index];
        if participant.tracks == MAX_TRACKS {
            return;
        }
        participant.tracks += 1;
        for pair in &mut self.pairs {
            for (member, side) in pair.members.iter().zip(&mut pair.sides) {
                if *member == participant.number {
                    side.browser.add_track();
                }
            }
        }
    }

    fn set_signaling(&mut self, index: usize, up: bool) {
        self.tally.cuts += u64::from(self.participants[index].signaling && !up);
        self.participants[index].signaling = up;
        self.signaling_changed();
    }

    fn set_server(&mut self, up: bool) {
        self.tally.cuts += u64::from(self.server && !up);
        self.server = up;
        self.signaling_changed();
    }

    fn signaling_changed(&mut self) {
        for pair in &mut self.pairs {
            let cut = self.participants.iter().any(|it| !it.signaling && pair.members.contains(&it.number));
            pair.set_signaling(self.server && !cut, &mut self.tally);
        }
    }

    fn heal(&mut self) {
        self.participants.iter_mut().for_each(|participant| participant.signaling = true);
        self.set_server(true);
        self.pairs.iter_mut().for_each(|pair| pair.set_path(true, &mut self.tally));
    }

    /// Completes everything in transit. Repeats unanswered offers.
    fn settle(&mut self) {
        for pair in &mut self.pairs {
            let mut repeats = 0;
            loop {
                settle(pair, self.reversed, &mut self.tally);
                pair.assert_answered_if_undisturbed();
                let opened = pair.open_control();
                let again = [0, 1].map(|side| pair.time_out_answer(side, &mut self.tally));
                if !opened && again == [false, false] {
                    break;
                }
                repeats += 1;
                assert!(repeats < MAX_REPEATS, "offers stay unanswered");
            }
        }
    }
}

/// If `reversed`, the second side and the second route go first.
fn settle(pair: &mut Pair, reversed: bool, tally: &mut Tally) {
    for _ in 0..MAX_ROUNDS {
        if pair.is_quiet() {
            return;
        }
        tally.steps += 1;
        for side in if reversed { [1, 0] } else { [0, 1] } {
            for route in if reversed { [ROUTES[1], ROUTES[0]] } else { ROUTES } {
                while pair.deliver_candidate(side, route, 0, false, tally) {}
                pair.deliver(side, route, false, tally);
                pair.deliver_copy(side, route, 0);
            }
            pair.work(side, tally);
            pair.sides[side].complete(false);
            pair.sides[side].check();
        }
    }
    panic!("a pair never settles");
}
