//! How many messages one peer may send us: a bucket that refills with time, so that a flood costs the flooder and
//! nobody else. No clock of its own.

/// Messages that may come at once. A connection with many networks trickles a few dozen candidates.
const BURST: f64 = 300.0;
/// Messages a second in the long run.
const PER_SECOND: f64 = 60.0;

/// What is left of a peer's allowance.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    left: f64,
    /// Milliseconds of the caller's clock.
    at: f64,
}

impl Budget {
    /// A full allowance.
    pub fn new(now: f64) -> Self {
        Self { left: BURST, at: now }
    }

    /// Takes `messages` from the allowance at `now`, if there are so many left; whether there were.
    pub fn spend(&mut self, now: f64, messages: f64) -> bool {
        self.left = (self.left + (now - self.at) / 1000.0 * PER_SECOND).min(BURST);
        self.at = now;
        let enough = self.left >= messages;
        if enough {
            self.left -= messages;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_a_flood_does_not_and_time_mends_it() {
        let mut budget = Budget::new(0.0);
        let passed = (0..10_000).filter(|_| budget.spend(0.0, 1.0)).count();
        assert_eq!(passed, BURST as usize);
        assert_eq!((0..100).filter(|_| budget.spend(500.0, 1.0)).count(), (PER_SECOND / 2.0) as usize);
        assert_eq!((0..10_000).filter(|_| budget.spend(3_600_000.0, 1.0)).count(), BURST as usize);
    }
}
