//! How long to wait before the next attempt: at most 0.1 s after a loss, then doubling from 0.25 s to 5 s. Jitter keeps
//! the clients of a restarted server from reconnecting all at once. No clock and no randomness of its own.

use std::time::Duration;

const FIRST_BACKOFF: Duration = Duration::from_millis(250);
/// The longest wait right after a loss: the server may well be up.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// The waits for a run of failures.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next wait, for a `random` number in `0.0..1.0`. The first wait lies between 0 and 0.1 s, each later one
    /// between half and all of the doubled time.
    pub fn next(&mut self, random: f64) -> Duration {
        let random = random.clamp(0.0, 1.0);
        self.failures += 1;
        match self.failures {
            1 => FIRST_RETRY.mul_f64(random),
            failures => {
                FIRST_BACKOFF.saturating_mul(1 << (failures - 2).min(8)).min(MAX_BACKOFF).mul_f64(0.5 + random / 2.0)
            }
        }
    }

    /// Starts again with the shortest wait, after a successful connection.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_limit_and_reset_after_success() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..8).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(waits, [100, 250, 500, 1000, 2000, 4000, 5000, 5000]);
        backoff.reset();
        assert_eq!(backoff.next(1.0), FIRST_RETRY);
    }

    #[test]
    fn jitter_shortens_later_waits_by_up_to_half() {
        let mut backoff = Backoff::default();
        assert_eq!([backoff.next(0.0), backoff.next(0.0)], [Duration::ZERO, FIRST_BACKOFF / 2]);
    }
}
