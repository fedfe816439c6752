//! Counts what happened in the runs, and reports it.

use std::fmt;

/// The counts of one or more runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub participants: u64,
    pub pairs: u64,
    pub steps: u64,
    pub cuts: u64,
    pub restarts: u64,
    pub replaced: u64,
    pub left: u64,
    pub joined: u64,
    pub duplicated: u64,
    pub lost: u64,
    pub offers: u64,
    pub offered_again: u64,
    pub glares: u64,
    /// Sides that lost no candidate, whose peer has them all.
    pub complete: u64,
    /// Sides at the end.
    pub sides: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.participants += other.participants;
        self.pairs += other.pairs;
        self.steps += other.steps;
        self.cuts += other.cuts;
        self.restarts += other.restarts;
        self.replaced += other.replaced;
        self.left += other.left;
        self.joined += other.joined;
        self.duplicated += other.duplicated;
        self.lost += other.lost;
        self.offers += other.offers;
        self.offered_again += other.offered_again;
        self.glares += other.glares;
        self.complete += other.complete;
        self.sides += other.sides;
    }
}

impl fmt::Display for Tally {
    /// For runs that all converged.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { participants, pairs, steps, offers, offered_again, replaced, left, joined, .. } = self;
        let Tally { cuts, lost, duplicated, restarts, glares, complete, sides, .. } = self;
        writeln!(
            formatter,
            "{participants} participants ({joined} joined later, {left} left), {pairs} pairs, {steps} steps"
        )?;
        writeln!(formatter, "{cuts} cuts, {lost} messages lost, {duplicated} duplicated")?;
        writeln!(formatter, "{offers} offers, {offered_again} repeated without an answer; {glares} glares resolved")?;
        writeln!(formatter, "{restarts} ICE restarts, {replaced} connections replaced")?;
        write!(formatter, "converged: all; candidates complete on {complete} sides, some lost on {}", sides - complete)
    }
}
