//! Schedules: the steps of a mesh, generated from a seed alone. The kinds of incidents are drawn first, so that some
//! schedules have one kind and some have all.

/// One step of a mesh. Its place is taken modulo the number of places. An impossible step does nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub event: Event,
    /// The pair and side, or the participant.
    pub place: u16,
    /// Which of several messages, and other choices of the event.
    pub pick: u16,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?}({}, {})", self.event, self.place, self.pick)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Work,
    Complete,
    Check,
    Deliver,
    DeliverCandidate,
    DeliverCopy,
    OpenControl,
    Notice,
    AddTrack,
    AnswerTimeout,
    RestartIce,
    CutPath,
    RestorePath,
    CutSignaling,
    RestoreSignaling,
    StopServer,
    StartServer,
    ReplaceConnection,
    Leave,
    Join,
}

/// Events of every schedule, with their weights.
const ORDINARY: [(Event, u16); 8] = [
    (Event::Work, 130),
    (Event::Complete, 90),
    (Event::Check, 50),
    (Event::Deliver, 70),
    (Event::DeliverCandidate, 70),
    (Event::DeliverCopy, 12),
    (Event::OpenControl, 10),
    (Event::Notice, 12),
];

/// Groups of rarer events. Each group is in a schedule or not.
const INCIDENTS: [&[(Event, u16)]; 7] = [
    &[(Event::AddTrack, 6)],
    &[(Event::AnswerTimeout, 8)],
    &[(Event::RestartIce, 4)],
    &[(Event::CutPath, 10), (Event::RestorePath, 14)],
    &[(Event::CutSignaling, 3), (Event::RestoreSignaling, 10), (Event::StopServer, 2), (Event::StartServer, 10)],
    &[(Event::ReplaceConnection, 3)],
    &[(Event::Leave, 1), (Event::Join, 2)],
];

/// One in this many deliveries is copied; 0 for none.
const COPY_ONE_IN: [u16; 4] = [0, 4, 8, 16];

pub struct Schedule {
    pub participants: usize,
    /// Tracks of each participant at the start.
    pub tracks: [u8; 8],
    /// One in this many deliveries is copied; 0 for none.
    pub copy_one_in: u16,
    /// Whether both sides of a pair start with the same role.
    pub same_role: bool,
    /// Which of two orders the mesh settles in.
    pub reversed: bool,
    /// Whether all pairs are connected before the first step.
    pub established: bool,
    pub steps: Vec<Step>,
}

impl Schedule {
    pub fn from_seed(seed: u64) -> Self {
        let mut random = Random(seed);
        let participants = match random.below(100) {
            0..48 => 2,
            48..78 => 3,
            78..93 => 4,
            93..96 => 5,
            96..98 => 6,
            98 => 7,
            _ => 8,
        };
        let tracks = std::array::from_fn(|_| random.below(3) as u8);
        let copy_one_in = COPY_ONE_IN[random.below(COPY_ONE_IN.len())];
        let mut events = ORDINARY.to_vec();
        let chosen = random.below(1 << INCIDENTS.len());
        for (index, group) in INCIDENTS.iter().enumerate() {
            if chosen & (1 << index) != 0 {
                events.extend(*group);
            }
        }
        let weight = events.iter().map(|(_, weight)| usize::from(*weight)).sum();
        let pairs = participants * (participants - 1) / 2;
        let longest = if random.below(8) == 0 { 600 } else { 120 };
        let length = random.below(longest * pairs) + 20;
        let (same_role, reversed, established) = (random.below(4) == 0, random.below(2) == 0, random.below(2) == 0);
        let step = |_| Step {
            event: pick(&events, random.below(weight)),
            place: random.below(1 << 16) as u16,
            pick: random.below(1 << 16) as u16,
        };
        Self {
            participants,
            tracks,
            copy_one_in,
            same_role,
            reversed,
            established,
            steps: (0..length).map(step).collect(),
        }
    }
}

fn pick(events: &[(Event, u16)], mut at: usize) -> Event {
    for (event, weight) in events {
        match at.checked_sub(usize::from(*weight)) {
            Some(rest) => at = rest,
            None => return *event,
        }
    }
    Event::Work
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}
