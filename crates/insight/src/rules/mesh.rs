//! Findings that only several connections together show: one broken pair in a working room, and an upload that all of them
//! share.

use super::{
    ConnectionReport,
    facts::Facts,
    runs::{self, runs},
};
use crate::{
    finding::{Cause, Evidence, Finding, FindingCode, Severity},
    intervals::Interval,
    rates::per_second,
    reports::all,
    stats::{CandidatePairStats, OutboundRtpStats, TransportStats},
    trace::Sample,
};

/// The share of the estimated upload from which on it counts as full.
const FULL: f64 = 0.9;
/// How long it has to be full, in milliseconds.
const FULL_FOR: f64 = 5_000.0;
/// How far apart samples of two connections may be that count as of one time, in milliseconds.
const TOGETHER: f64 = 2_500.0;

/// The findings on all connections together. A broken pair's own report gets the finding, too.
pub fn find(facts: &[Facts<'_>], reports: &mut [ConnectionReport]) -> Vec<Finding> {
    let mut findings = pair_broken(facts, reports);
    findings.extend(uplink_shared(facts));
    findings
}

/// R21: most connections of the room work at the time at which this one does not.
fn pair_broken(facts: &[Facts<'_>], reports: &mut [ConnectionReport]) -> Vec<Finding> {
    use crate::verdict::Verdict::{Lost, NeverConnected};
    let mut findings = Vec::new();
    for (broken, report) in facts.iter().zip(reports) {
        let Some((since, verdict)) =
            broken.history.last().filter(|(_, verdict)| matches!(verdict, NeverConnected | Lost))
        else {
            continue;
        };
        let at_that_time = |other: &&Facts<'_>| other.start <= *since && other.end >= *since;
        let others: Vec<_> = facts.iter().filter(|other| !std::ptr::eq(*other, broken)).filter(at_that_time).collect();
        let working: Vec<_> = others.iter().filter(|other| other.is_connected_during(*since, *since + 1.0)).collect();
        let failing = others.len() - working.len() + 1;
        if working.len() < 2 || working.len() <= failing {
            continue;
        }
        let finding = Finding::new(FindingCode::PairBroken, Severity::Error, Cause::Between, *since, broken.end)
            .because(*since, &broken.connection.id, verdict.name())
            .because_all(working.iter().map(|other| Evidence {
                time: *since,
                name: other.connection.id.clone(),
                value: "connected".to_owned(),
            }));
        report.findings.push(finding.clone());
        report.findings = crate::finding::order(std::mem::take(&mut report.findings));
        findings.push(finding);
    }
    findings
}

/// R22: what all connections send together is near what each of them believes the upload to bear, and the encoders are held back
/// by it.
fn uplink_shared(facts: &[Facts<'_>]) -> Vec<Finding> {
    let Some(first) = facts.iter().max_by_key(|facts| facts.intervals.len()).filter(|_| facts.len() > 1) else {
        return Vec::new();
    };
    let bytes_sent = |sample: &Sample| {
        let transports = all::<TransportStats>(&sample.reports).filter_map(|transport| transport.bytes_sent);
        transports.reduce(|one, other| one + other)
    };
    let is_limited = |stream: &OutboundRtpStats| stream.quality_limitation_reason.as_deref() == Some("bandwidth");
    let full = runs(&first.intervals, FULL_FOR, |interval| {
        let is_near = |other: &&Interval<'_>| (other.after.time - interval.after.time).abs() <= TOGETHER;
        let (mut sent, mut estimated, mut limited) = (0.0, 0.0, 0);
        for near in facts.iter().filter_map(|one| one.intervals.iter().find(is_near)) {
            let reports = &near.after.reports;
            sent += per_second(bytes_sent(near.before), bytes_sent(near.after), near.length()).unwrap_or(0.0) * 8.0;
            estimated +=
                all(reports).filter_map(|pair: &CandidatePairStats| pair.available_outgoing_bitrate).sum::<f64>();
            limited += usize::from(all(reports).any(is_limited));
        }
        (limited >= 2 && estimated > 0.0 && sent >= FULL * estimated).then_some((sent, estimated))
    });
    runs::findings(full, FindingCode::UplinkShared, Severity::Warning, Cause::Ours, |(sent, estimated)| {
        let kilobits = |bits: &f64| (bits / 1_000.0).round();
        ("bytesSent of all connections", format!("{} of {} kbit/s", kilobits(sent), kilobits(estimated)))
    })
}
