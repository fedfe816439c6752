//! Runs: stretches of time over which something held. A rule that asks for five seconds is met by one interval of ten, or by
//! five of one.

use crate::{
    finding::{Cause, Evidence, Finding, FindingCode, Severity},
    intervals::Interval,
};

/// A stretch of time over which something held, with what was measured in each of its intervals.
pub struct Run<T> {
    /// When it began, in milliseconds.
    pub from: f64,
    /// When it ended.
    pub to: f64,
    /// The measurements, each with the end of its interval.
    pub values: Vec<(f64, T)>,
}

/// The runs of at least so many milliseconds in which `measure` gives something in every interval.
pub fn runs<'a, T>(
    intervals: &[Interval<'a>],
    at_least: f64,
    mut measure: impl FnMut(&Interval<'a>) -> Option<T>,
) -> Vec<Run<T>> {
    let mut runs: Vec<Run<T>> = Vec::new();
    let mut is_open = false;
    for interval in intervals {
        let Some(value) = measure(interval) else {
            is_open = false;
            continue;
        };
        let (from, to) = (interval.before.time, interval.after.time);
        match runs.last_mut().filter(|run| is_open && run.to == from) {
            Some(run) => {
                run.to = to;
                run.values.push((to, value));
            }
            None => runs.push(Run { from, to, values: vec![(to, value)] }),
        }
        is_open = true;
    }
    runs.retain(|run| run.to - run.from >= at_least);
    runs
}

/// A finding for each run, with what was measured as evidence: its name, and its value in words.
pub fn findings<T>(
    runs: impl IntoIterator<Item = Run<T>>,
    code: FindingCode,
    severity: Severity,
    cause: Cause,
    show: impl Fn(&T) -> (&'static str, String),
) -> Vec<Finding> {
    let finding = |run: Run<T>| {
        let evidence = run.values.iter().map(|(time, value)| {
            let (name, value) = show(value);
            Evidence { time: *time, name: name.to_owned(), value }
        });
        Finding::new(code, severity, cause, run.from, run.to).because_all(evidence)
    };
    runs.into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{intervals::intervals, trace::Sample};

    fn samples(times: &[f64]) -> Vec<Arc<Sample>> {
        times.iter().map(|time| Arc::new(Sample { time: *time, reports: Vec::new() })).collect()
    }

    fn awake(samples: &[Arc<Sample>]) -> Vec<Interval<'_>> {
        intervals(samples).filter(|interval| !interval.is_gap).collect()
    }

    #[test]
    fn one_long_interval_is_as_good_as_several_short_ones() {
        let long = samples(&[0.0, 10_000.0, 20_000.0]);
        let short = samples(&[0.0, 1_000.0, 2_000.0, 3_000.0, 4_000.0, 5_000.0]);
        for samples in [long, short] {
            assert_eq!(runs(&awake(&samples), 5_000.0, |_| Some(())).len(), 1);
            assert_eq!(runs(&awake(&samples), 30_000.0, |_| Some(())).len(), 0);
        }
    }

    #[test]
    fn run_ends_where_the_condition_does() {
        let samples = samples(&[0.0, 1.0, 2.0, 3.0, 4.0]);
        let runs = runs(&awake(&samples), 1.0, |interval| (interval.after.time != 2.0).then_some(interval.after.time));
        assert_eq!(runs.iter().map(|run| (run.from, run.to)).collect::<Vec<_>>(), [(0.0, 1.0), (2.0, 4.0)]);
    }
}
