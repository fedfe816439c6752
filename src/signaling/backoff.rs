//! How long to wait before the next attempt: hardly at all after a loss, then doubling from a quarter of a second to five
//! seconds, each with jitter, so that a server that comes back is not met by everybody at once. No clock and no
//! randomness of its own.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
/// The longest wait after a loss: the server may be there all the same.
const AT_ONCE: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// The waits of one run of failures.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next wait, for a `random` number in `0.0..1.0`: after the first, between half and all of the doubled time.
    pub fn next(&mut self, random: f64) -> Duration {
        let random = random.clamp(0.0, 1.0);
        self.failures += 1;
        match self.failures {
            1 => AT_ONCE.mul_f64(random),
            failures => FIRST.saturating_mul(1 << (failures - 2).min(8)).min(LONGEST).mul_f64(0.5 + random / 2.0),
        }
    }

    /// A connection was made: the next run of failures starts anew.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_start_anew_after_a_success() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..8).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(waits, [100, 250, 500, 1000, 2000, 4000, 5000, 5000]);
        backoff.reset();
        assert_eq!(backoff.next(1.0), AT_ONCE);
    }

    #[test]
    fn jitter_takes_up_to_half() {
        let mut backoff = Backoff::default();
        assert_eq!([backoff.next(0.0), backoff.next(0.0)], [Duration::ZERO, FIRST / 2]);
    }
}
