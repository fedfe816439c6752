//! Rates from counters that may start again, stand still, or be missing: what happened between two samples.

/// What a counter gained between two samples; `None` if either is missing, or the counter started again.
///
/// ```
/// use vitrine_insight::rates::gain;
///
/// assert_eq!(gain(Some(100.0), Some(250.0)), Some(150.0));
/// assert_eq!(gain(Some(100.0), Some(20.0)), None);
/// assert_eq!(gain(None, Some(20.0)), None);
/// ```
pub fn gain(before: Option<f64>, after: Option<f64>) -> Option<f64> {
    let gain = after? - before?;
    (gain.is_finite() && gain >= 0.0).then_some(gain)
}

/// What a counter gained for each second; `None` as of [`gain`], or if no time passed.
pub fn per_second(before: Option<f64>, after: Option<f64>, milliseconds: f64) -> Option<f64> {
    (milliseconds > 0.0).then_some(gain(before, after)? * 1_000.0 / milliseconds)
}

/// What one counter gained for each unit that another gained; `None` if either started again, or the other stood still.
pub fn ratio(part: (Option<f64>, Option<f64>), whole: (Option<f64>, Option<f64>)) -> Option<f64> {
    let whole = gain(whole.0, whole.1).filter(|whole| *whole > 0.0)?;
    Some(gain(part.0, part.1)? / whole)
}

/// The share of packets that were lost between two samples, from 0 to 1. The count of lost packets may fall: late packets
/// are taken back (RFC 3550 §6.4.1).
pub fn loss(lost: (Option<f64>, Option<f64>), received: (Option<f64>, Option<f64>)) -> Option<f64> {
    let received = gain(received.0, received.1)?;
    let lost = (lost.1? - lost.0?).max(0.0);
    let expected = received + lost;
    (expected > 0.0 && expected.is_finite()).then_some(lost / expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counter_that_started_again_has_no_rate() {
        assert_eq!(per_second(Some(9_000.0), Some(10.0), 1_000.0), None);
        assert_eq!(per_second(Some(0.0), Some(10.0), 0.0), None);
        assert_eq!(per_second(Some(0.0), Some(10.0), 500.0), Some(20.0));
    }

    #[test]
    fn ratio_needs_the_whole_to_grow() {
        assert_eq!(ratio((Some(0.0), Some(5.0)), (Some(0.0), Some(0.0))), None);
        assert_eq!(ratio((Some(0.0), Some(5.0)), (Some(0.0), Some(10.0))), Some(0.5));
    }

    #[test]
    fn packets_that_come_late_after_all_are_no_loss() {
        assert_eq!(loss((Some(10.0), Some(8.0)), (Some(0.0), Some(100.0))), Some(0.0));
        assert_eq!(loss((Some(0.0), Some(25.0)), (Some(0.0), Some(75.0))), Some(0.25));
        assert_eq!(loss((Some(0.0), Some(0.0)), (Some(0.0), Some(0.0))), None);
    }
}
