//! A token bucket: how often something may be done, with a burst. Time is the caller's, and so is the rate: one is
//! kept for every connection, and their rates are the same.

use std::time::Instant;

/// How often something may be done.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// How often at once, after a pause.
    pub burst: f32,
    /// How often a second in the long run.
    pub per_second: f32,
}

/// What is left of an allowance.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    left: f32,
    at: Instant,
}

impl Bucket {
    /// A whole burst.
    pub fn full(rate: Rate, now: Instant) -> Self {
        Self { left: rate.burst, at: now }
    }

    /// Takes `cost` from what is left; whether there was as much. What is not granted costs nothing.
    pub fn spend(&mut self, rate: Rate, cost: f32, now: Instant) -> bool {
        self.left = self.left_at(rate, now);
        self.at = now;
        // What costs more than a whole burst is granted after a long pause, and not never.
        let granted = self.left >= cost.min(rate.burst);
        if granted {
            self.left = (self.left - cost).max(0.0);
        }
        granted
    }

    /// Whether nothing is known of it any more: it is as full as a new one.
    pub fn is_full(&self, rate: Rate, now: Instant) -> bool {
        self.left_at(rate, now) >= rate.burst
    }

    fn left_at(&self, rate: Rate, now: Instant) -> f32 {
        (self.left + now.saturating_duration_since(self.at).as_secs_f32() * rate.per_second).min(rate.burst)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RATE: Rate = Rate { burst: 10.0, per_second: 2.0 };

    #[test]
    fn a_burst_passes_more_does_not_and_time_brings_it_back() {
        let start = Instant::now();
        let mut bucket = Bucket::full(RATE, start);
        let granted = |bucket: &mut Bucket, now| (0..100).filter(|_| bucket.spend(RATE, 1.0, now)).count();
        assert_eq!(granted(&mut bucket, start), 10);
        assert!(!bucket.is_full(RATE, start));
        assert_eq!(granted(&mut bucket, start + Duration::from_secs(3)), 6);
        let later = start + Duration::from_secs(3600);
        assert!(bucket.is_full(RATE, later));
        assert_eq!(granted(&mut bucket, later), 10);
    }

    #[test]
    fn what_costs_more_than_a_burst_takes_it_whole() {
        let now = Instant::now();
        let mut bucket = Bucket::full(RATE, now);
        assert!(bucket.spend(RATE, 1000.0, now));
        assert!(!bucket.spend(RATE, 1.0, now));
    }
}
