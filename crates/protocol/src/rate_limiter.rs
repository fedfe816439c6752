//! A token bucket, the one rate limiter of the page, the signaling server and the relay. It has no clock: the caller
//! passes the time with each call. What a token stands for (a message, a connection, a byte) is the caller's choice.

/// How fast a [`RateLimiter`] lets tokens be taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateLimit {
    /// Tokens that can be taken at once after a pause; the bucket's capacity.
    pub burst: f64,
    /// Tokens added each second.
    pub per_second: f64,
}

/// A token bucket.
///
/// ```
/// use vitrine_protocol::rate_limiter::{RateLimit, RateLimiter};
///
/// let mut limiter = RateLimiter::full(RateLimit { burst: 2.0, per_second: 10.0 }, 0.0);
/// assert!(limiter.try_take(0.0, 2.0));
/// assert!(!limiter.try_take(0.0, 1.0));
/// assert!(limiter.try_take(100.0, 1.0));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RateLimiter {
    limit: RateLimit,
    tokens: f64,
    updated_ms: f64,
}

impl RateLimiter {
    /// A full bucket at `now_ms`, in milliseconds of any monotonic clock; every later call uses the same clock.
    pub fn full(limit: RateLimit, now_ms: f64) -> Self {
        Self { limit, tokens: limit.burst, updated_ms: now_ms }
    }

    /// Takes `amount` tokens and returns true, or takes none and returns false if fewer are left. An amount larger than
    /// the burst is never granted.
    #[must_use]
    pub fn try_take(&mut self, now_ms: f64, amount: f64) -> bool {
        self.tokens = self.tokens_at(now_ms);
        // A time that was read earlier and arrives later must not count the same interval twice.
        self.updated_ms = self.updated_ms.max(now_ms);
        let granted = self.tokens >= amount;
        if granted {
            self.tokens -= amount;
        }
        granted
    }

    /// Whether the bucket is as full as a new one, so that it can be dropped and created again.
    pub fn is_full(&self, now_ms: f64) -> bool {
        self.tokens_at(now_ms) >= self.limit.burst
    }

    fn tokens_at(&self, now_ms: f64) -> f64 {
        let elapsed_ms = (now_ms - self.updated_ms).max(0.0);
        (self.tokens + elapsed_ms / 1000.0 * self.limit.per_second).min(self.limit.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit { burst: 300.0, per_second: 60.0 };

    fn granted(limiter: &mut RateLimiter, now_ms: f64) -> usize {
        (0..10_000).filter(|_| limiter.try_take(now_ms, 1.0)).count()
    }

    #[test]
    fn burst_is_granted_then_the_rate_then_a_full_burst_after_a_pause() {
        let mut limiter = RateLimiter::full(LIMIT, 0.0);
        assert_eq!(granted(&mut limiter, 0.0), 300);
        assert!(!limiter.is_full(0.0));
        assert_eq!(granted(&mut limiter, 500.0), 30);
        assert!(limiter.is_full(3_600_000.0));
        assert_eq!(granted(&mut limiter, 3_600_000.0), 300);
    }

    #[test]
    fn refused_amount_costs_nothing() {
        let mut limiter = RateLimiter::full(LIMIT, 0.0);
        assert!(!limiter.try_take(0.0, 301.0));
        assert!(limiter.try_take(0.0, 300.0));
    }

    #[test]
    fn amount_above_the_burst_is_never_granted() {
        let mut limiter = RateLimiter::full(LIMIT, 0.0);
        assert!(!limiter.try_take(3_600_000.0, 300.5));
    }

    #[test]
    fn time_that_runs_backwards_adds_nothing() {
        let mut limiter = RateLimiter::full(LIMIT, 1000.0);
        assert!(limiter.try_take(1000.0, 300.0));
        assert!(!limiter.try_take(0.0, 1.0));
        assert!(!limiter.try_take(1000.0, 1.0));
    }
}
