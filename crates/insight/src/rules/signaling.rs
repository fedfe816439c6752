//! Findings about negotiation and the signaling server: answers that do not come, offers that cross, candidates that come late.

use super::facts::Facts;
use crate::{
    finding::{Cause, Evidence, Finding, FindingCode, Severity},
    sdp::Sdp,
    trace::{EventKind, Side, StateMachine},
};

/// How long an answer may take, in milliseconds. A person who has to allow a camera first takes no longer: the answer does
/// not wait for it.
const ANSWER_WITHIN: f64 = 10_000.0;

/// The findings on one connection.
pub fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let found = [answer_missing(facts), glare(facts), stale_candidates(facts)];
    found.into_iter().flatten().chain(signaling_down(facts)).collect()
}

/// R11: an offer of this side waits for its answer.
fn answer_missing(facts: &Facts<'_>) -> Option<Finding> {
    let mut states = facts.states(StateMachine::Signaling).peekable();
    while let Some((time, state)) = states.next() {
        let until = states.peek().map_or(facts.end, |(time, _)| *time);
        if state != "have-local-offer" || until - time < ANSWER_WITHIN {
            continue;
        }
        let is_over = states.peek().is_some_and(|(_, state)| *state == "stable");
        let severity = if is_over { Severity::Warning } else { Severity::Error };
        return Some(
            Finding::new(FindingCode::AnswerMissing, severity, Cause::Theirs, time, until)
                .because(time, "signalingState", "have-local-offer")
                .because(until, "signalingState", if is_over { "stable" } else { "have-local-offer" }),
        );
    }
    None
}

/// R12: both sides offered at once. With perfect negotiation, one gives way, and nobody notices.
fn glare(facts: &Facts<'_>) -> Option<Finding> {
    let mut evidence = facts.connection.rollbacks();
    let refused = facts.connection.events.iter().filter_map(|event| match &event.kind {
        EventKind::Failed { method, error }
            if method == "setRemoteDescription" && error.contains("have-local-offer") =>
        {
            Some(Evidence { time: event.time, name: method.clone(), value: error.clone() })
        }
        _ => None,
    });
    let rolled_back = evidence.len();
    evidence.extend(refused);
    let severity = if evidence.len() > rolled_back { Severity::Warning } else { Severity::Info };
    evidence.sort_by(|one, other| one.time.total_cmp(&other.time));
    let (from, to) = (evidence.first()?.time, evidence.last()?.time);
    Some(Finding::new(FindingCode::Glare, severity, Cause::Between, from, to).because_all(evidence))
}

/// R12: a candidate of another ICE generation than the descriptions know.
fn stale_candidates(facts: &Facts<'_>) -> Option<Finding> {
    let mut fragments: Vec<String> = Vec::new();
    let mut evidence: Vec<Evidence> = Vec::new();
    for event in &facts.connection.events {
        match &event.kind {
            EventKind::SetDescription { side: Side::Remote, sdp: Some(sdp), .. } => {
                let sections = Sdp::parse(sdp).map(|sdp| sdp.sections).unwrap_or_default();
                fragments.extend(sections.into_iter().filter_map(|section| section.ice).map(|(fragment, _)| fragment));
            }
            EventKind::Candidate { side: Side::Remote, candidate: Some(candidate), .. } => {
                // A candidate may come before its description; one of an earlier generation comes after it.
                if let Some(fragment) = &candidate.fragment
                    && let Some(place) = fragments.iter().rposition(|known| known == fragment)
                    && fragments[place..].iter().any(|later| later != fragment)
                {
                    evidence.push(Evidence {
                        time: event.time,
                        name: "addIceCandidate".to_owned(),
                        value: format!("ufrag {fragment}, of an earlier description"),
                    });
                }
            }
            EventKind::Failed { method, error } if method == "addIceCandidate" => {
                evidence.push(Evidence { time: event.time, name: method.clone(), value: error.clone() });
            }
            _ => {}
        }
    }
    let (from, to) = (evidence.first()?.time, evidence.last()?.time);
    Some(Finding::new(FindingCode::StaleCandidate, Severity::Info, Cause::Between, from, to).because_all(evidence))
}

/// The signaling server was away. Only a running call records this.
fn signaling_down(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut down: Option<f64> = None;
    for event in &facts.connection.events {
        match (&event.kind, down) {
            (EventKind::SignalingServer(false), None) => down = Some(event.time),
            (EventKind::SignalingServer(true), Some(from)) => {
                findings.push(away(from, event.time));
                down = None;
            }
            _ => {}
        }
    }
    findings.extend(down.map(|from| away(from, facts.end)));
    findings
}

fn away(from: f64, to: f64) -> Finding {
    Finding::new(FindingCode::SignalingDown, Severity::Info, Cause::Operator, from, to).because(
        from,
        "WebSocket",
        "closed",
    )
}
