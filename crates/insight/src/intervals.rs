//! The time between two samples of a recorded connection, and which of these times are gaps, in which the page slept and
//! nothing was measured.

use std::sync::Arc;

use crate::{
    reports::{self, Stream},
    trace::Sample,
};

/// Shortest gap between two samples in which the page is taken to have slept, in milliseconds, and how many usual intervals
/// it has to be longer than (ObserveRTC's StatsGapDetector).
const GAP: f64 = 5_000.0;
const GAP_INTERVALS: f64 = 2.0;
/// With so few samples, no interval is usual.
const FEW_SAMPLES: usize = 3;

/// Two samples in a row.
#[derive(Clone, Copy)]
pub(crate) struct Interval<'a> {
    /// The earlier one.
    pub before: &'a Sample,
    /// The later one.
    pub after: &'a Sample,
    /// The page slept in between.
    pub is_gap: bool,
}

impl<'a> Interval<'a> {
    /// Its length, in milliseconds.
    pub fn length(&self) -> f64 {
        self.after.time - self.before.time
    }

    /// The stream of this id before and after.
    pub fn stream<T: Stream + 'static>(&self, id: &str) -> Option<(&'a T, &'a T)> {
        Some((reports::stream(&self.before.reports, id)?, reports::stream(&self.after.reports, id)?))
    }
}

/// The intervals between samples, gaps included. Samples of one time have none.
pub(crate) fn intervals(samples: &[Arc<Sample>]) -> impl Iterator<Item = Interval<'_>> {
    let usual = usual_length(samples).filter(|_| samples.len() > FEW_SAMPLES);
    samples.windows(2).filter(|pair| pair[1].time > pair[0].time).map(move |pair| {
        let interval = Interval { before: &pair[0], after: &pair[1], is_gap: false };
        Interval { is_gap: usual.is_some_and(|usual| interval.length() > GAP.max(usual * GAP_INTERVALS)), ..interval }
    })
}

/// The usual time between two samples, in milliseconds: the median.
fn usual_length(samples: &[Arc<Sample>]) -> Option<f64> {
    let mut lengths: Vec<_> = samples.windows(2).map(|pair| pair[1].time - pair[0].time).collect();
    lengths.sort_by(f64::total_cmp);
    lengths.get(lengths.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gap_is_much_longer_than_usual() {
        let gaps = |times: &[f64]| {
            let samples: Vec<_> =
                times.iter().map(|time| Arc::new(Sample { time: *time, reports: Vec::new() })).collect();
            intervals(&samples).map(|interval| interval.is_gap).collect::<Vec<_>>()
        };
        assert_eq!(gaps(&[0.0, 1_000.0, 2_000.0, 3_000.0, 12_000.0, 13_000.0]), [false, false, false, true, false]);
        assert_eq!(gaps(&[0.0, 10_000.0, 20_000.0, 30_000.0]), [false, false, false]);
    }
}
