//! A mesh: participants, a pair of connections for each two of them, one signaling server for all. It takes the steps
//! of a schedule, then heals everything, lets it come to rest, and asserts that all pairs agree.

use crate::pair::{Pair, WAYS};
use crate::schedule::{Event, Schedule, Step};
use crate::tally::Tally;

/// Most participants at a time.
const MOST: usize = 8;
/// Most tracks of a participant.
const MOST_TRACKS: usize = 4;
/// Rounds in which a pair may come to rest before it counts as an endless loop.
const PATIENCE: usize = 2_000;
/// Times that unanswered offers may have to be made again at the end.
const REPEATS: usize = 8;

struct Participant {
    number: u32,
    /// Whether it reaches the signaling server, if that runs.
    signaling: bool,
    tracks: usize,
}

pub struct Mesh {
    participants: Vec<Participant>,
    pairs: Vec<Pair>,
    server: bool,
    entered: u32,
    copied: u16,
    alike: bool,
    /// In which order it comes to rest.
    turned: bool,
    /// Whether it comes to rest before the first step, too.
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
            copied: schedule.copied,
            alike: schedule.alike,
            turned: schedule.turned,
            established: schedule.established,
            tally: Tally::default(),
        };
        schedule.tracks.iter().take(schedule.participants).for_each(|tracks| mesh.enter(usize::from(*tracks)));
        mesh
    }

    /// All steps, then rest, then the verdict: a panic if the mesh does not converge.
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
        let (side, way) = (place & 1, WAYS[usize::from(pick & 1)]);
        let copy = self.copied > 0 && (pick >> 1) % self.copied == 0;
        let pick = usize::from(pick >> 1);
        let who = place % self.participants.len();
        let index = (place >> 1) % self.pairs.len();
        let (pair, tally) = (&mut self.pairs[index], &mut self.tally);
        match event {
            Event::Work => pair.work(side, tally),
            Event::Complete => pair.sides[side].complete(false),
            Event::Check => pair.sides[side].check(),
            Event::Deliver => drop(pair.deliver(side, way, copy, tally)),
            Event::DeliverCandidate => drop(pair.deliver_candidate(side, way, pick, copy, tally)),
            Event::DeliverCopy => drop(pair.deliver_copy(side, way, pick)),
            Event::OpenControl => drop(pair.open_control()),
            Event::Notice => pair.notice(side),
            Event::LosePatience => drop(pair.lose_patience(side, tally)),
            Event::RestartIce => pair.restart_ice(side, tally),
            Event::CutPath => pair.set_path(false, tally),
            Event::RestorePath => pair.set_path(true, tally),
            Event::StartAnew => pair.start_anew(side, tally),
            Event::AddTrack => self.add_track(who),
            Event::CutSignaling => self.set_signaling(who, false),
            Event::RestoreSignaling => self.set_signaling(who, true),
            Event::StopServer => self.set_server(false),
            Event::StartServer => self.set_server(true),
            Event::Leave if self.participants.len() > 2 => self.leave(who),
            Event::Join if self.participants.len() < MOST && self.server => {
                self.tally.joined += 1;
                self.enter(pick % 3);
            }
            Event::Leave | Event::Join => {}
        }
    }

    /// Those who are there offer to the newcomer.
    fn enter(&mut self, tracks: usize) {
        let number = self.entered;
        self.entered += 1;
        self.tally.participants += 1;
        for present in &self.participants {
            let signaling = self.server && present.signaling;
            self.pairs.push(Pair::new([present.number, number], [present.tracks, tracks], signaling, self.alike));
        }
        self.participants.push(Participant { number, signaling: true, tracks });
    }

    fn leave(&mut self, who: usize) {
        let number = self.participants.remove(who).number;
        self.tally.left += 1;
        let (gone, stay): (Vec<Pair>, _) = self.pairs.drain(..).partition(|pair| pair.members.contains(&number));
        self.pairs = stay;
        gone.iter().for_each(|pair| pair.account(&mut self.tally));
    }

    fn add_track(&mut self, who: usize) {
        let participant = &mut self.participants[who];
        if participant.tracks == MOST_TRACKS {
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

    fn set_signaling(&mut self, who: usize, up: bool) {
        self.tally.cuts += u64::from(self.participants[who].signaling && !up);
        self.participants[who].signaling = up;
        self.signaling_changed();
    }

    fn set_server(&mut self, up: bool) {
        self.tally.cuts += u64::from(self.server && !up);
        self.server = up;
        self.signaling_changed();
    }

    fn signaling_changed(&mut self) {
        for pair in &mut self.pairs {
            let cut = self.participants.iter().any(|one| !one.signaling && pair.members.contains(&one.number));
            pair.set_signaling(self.server && !cut, &mut self.tally);
        }
    }

    fn heal(&mut self) {
        self.participants.iter_mut().for_each(|participant| participant.signaling = true);
        self.set_server(true);
        self.pairs.iter_mut().for_each(|pair| pair.set_path(true, &mut self.tally));
    }

    /// Lets everything happen that is under way; offers that nobody answers are made again.
    fn settle(&mut self) {
        for pair in &mut self.pairs {
            let mut repeats = 0;
            loop {
                settle(pair, self.turned, &mut self.tally);
                pair.assert_answered_if_calm();
                let opened = pair.open_control();
                let again = [0, 1].map(|side| pair.lose_patience(side, &mut self.tally));
                if !opened && again == [false, false] {
                    break;
                }
                repeats += 1;
                assert!(repeats < REPEATS, "offers go unanswered for ever");
            }
        }
    }
}

/// `turned`: the second side and the second way come first.
fn settle(pair: &mut Pair, turned: bool, tally: &mut Tally) {
    for _ in 0..PATIENCE {
        if pair.is_quiet() {
            return;
        }
        tally.steps += 1;
        for side in if turned { [1, 0] } else { [0, 1] } {
            for way in if turned { [WAYS[1], WAYS[0]] } else { WAYS } {
                while pair.deliver_candidate(side, way, 0, false, tally) {}
                pair.deliver(side, way, false, tally);
                pair.deliver_copy(side, way, 0);
            }
            pair.work(side, tally);
            pair.sides[side].complete(false);
            pair.sides[side].check();
        }
    }
    panic!("a pair never comes to rest");
}
