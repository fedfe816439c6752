//! Findings about paths: servers, NATs, checks, encryption, and what became of the path. The numbers of the rules are those of
//! the field (webrtchacks, rtcstats' knowledge base, ObserveRTC); STUN's error codes are those of RFC 8489 and RFC 8656.

use std::sync::Arc;

use vitrine_protocol::control::RelayProtocol;

use super::facts::Facts;
use crate::{
    candidate::CandidateKind,
    finding::{Cause, Evidence, Finding, FindingCode, Severity},
    intervals::intervals,
    reports::{all, candidate, selected_pair},
    stats::{CandidatePairStats, TransportStats},
    trace::{EventKind, Sample, StateMachine},
    verdict::{self, Verdict},
};

/// A server that takes longer for its first candidate is slow, in milliseconds (rtcstats).
const SLOW_SERVER: f64 = 500.0;
/// The same, so slow that people notice.
const VERY_SLOW_SERVER: f64 = 2_000.0;
/// How long DTLS may take once there is a path, in milliseconds (ObserveRTC).
const DTLS_WITHIN: f64 = 5_000.0;
/// How long a server has to answer before its silence counts, in milliseconds.
const ANSWER_WITHIN: f64 = 5_000.0;
/// So many changes of the pair, or losses of the path, within so many milliseconds are unstable (ObserveRTC).
const UNSTABLE_CHANGES: usize = 3;
const UNSTABLE_WITHIN: f64 = 30_000.0;
const UNSTABLE_LOSSES: usize = 2;
const LOSSES_WITHIN: f64 = 60_000.0;
/// How long after the connection the first change of the pair means nothing, in milliseconds.
const SETTLED_AFTER: f64 = 3_000.0;
/// A first check that failed before there were more than hosts, and what came soon after.
const WARM_UP: f64 = 30_000.0;

/// The findings on one connection.
pub fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(server_errors(facts));
    findings.extend(unreachable(facts, &findings));
    findings.extend(udp_blocked(facts));
    findings.extend(symmetric_nat(facts));
    findings.extend(slow_gathering(facts));
    let is_explained = findings.iter().any(|finding| {
        use FindingCode::{TurnCredentials, TurnQuota, TurnUnreachable};
        matches!(finding.code, TurnCredentials | TurnQuota | TurnUnreachable)
    });
    let dtls = dtls_failed(facts);
    if dtls.is_none() && !is_explained {
        findings.extend(turn_needed(facts));
        findings.extend(peer_permission(facts));
    }
    findings.extend(dtls);
    findings.extend(warm_up(facts));
    findings.extend(losses(facts));
    findings.extend(changes(facts));
    findings.extend(sleep(facts));
    findings
}

/// How bad something is that may or may not have kept the connection from coming about.
fn severity(facts: &Facts<'_>) -> Severity {
    if facts.connected_at().is_some() { Severity::Info } else { Severity::Error }
}

/// R1: what servers said.
fn server_errors(facts: &Facts<'_>) -> Vec<Finding> {
    let of = |code: FindingCode, cause: Cause, is_meant: fn(u16) -> bool| {
        let meant: Vec<_> = facts.errors.iter().filter(|(_, _, number, _)| is_meant(*number)).collect();
        let (first, last) = (meant.first()?, meant.last()?);
        let evidence = meant.iter().map(|(time, url, number, text)| Evidence {
            time: *time,
            name: (*url).to_owned(),
            value: format!("{number} {text}").trim_end().to_owned(),
        });
        let severity = if facts.connected_at().is_some() { Severity::Warning } else { Severity::Error };
        Some(Finding::new(code, severity, cause, first.0, last.0).because_all(evidence))
    };
    let credentials =
        of(FindingCode::TurnCredentials, Cause::Operator, |code| matches!(code, 401 | 403 | 437 | 438 | 441));
    let quota = of(FindingCode::TurnQuota, Cause::Operator, |code| matches!(code, 486 | 508));
    credentials.into_iter().chain(quota).collect()
}

/// R1: servers of which nothing came. A relay that is missing proves nothing once connected, because the search ends then.
/// An error 701 on one interface is harmless if the same server answered on another.
fn unreachable(facts: &Facts<'_>, known: &[Finding]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(since) = facts.gathering_since() else { return findings };
    // The search ends with the connection.
    let had_time = facts.has_gathered() || facts.connected_at().is_none() && facts.end - since >= ANSWER_WITHIN;
    let errors = |is_meant: &dyn Fn(&str) -> bool| -> Vec<Evidence> {
        let meant = facts.errors.iter().filter(|(_, url, code, _)| *code == 701 && is_meant(url));
        meant
            .map(|(time, url, _, text)| Evidence { time: *time, name: (*url).to_owned(), value: format!("701 {text}") })
            .collect()
    };
    let is_turn = |url: &str| url.starts_with("turn");
    let has_relay = facts.has_local(CandidateKind::Relay);
    let is_refused =
        known.iter().any(|finding| matches!(finding.code, FindingCode::TurnCredentials | FindingCode::TurnQuota));
    if facts.has_server(|server| server.is_turn()) && !has_relay && !is_refused {
        let evidence = errors(&is_turn);
        // While ICE is restarted again and again, the search never ends.
        if !evidence.is_empty() || facts.connected_at().is_none() && had_time {
            findings.push(
                Finding::new(FindingCode::TurnUnreachable, severity(facts), Cause::Between, since, facts.end)
                    .because(since, "icecandidate", "no relay candidate")
                    .because_all(evidence),
            );
        }
    }
    // A machine with a public address has no other one to find; a relay's answer tells of the address, too.
    let is_reflexive = facts.has_local(CandidateKind::ServerReflexive) || facts.has_local(CandidateKind::PeerReflexive);
    let is_public = facts.local.iter().any(|(_, candidate, _)| {
        candidate.kind == CandidateKind::Host
            && !candidate.is_private()
            && candidate.family() != crate::candidate::Family::Name
    });
    let has_stun = facts.has_server(|server| !server.is_turn());
    let has_hosts = facts.has_local(CandidateKind::Host);
    if has_stun && has_hosts && !is_reflexive && !is_public && !facts.is_relay_only && had_time && !has_relay {
        findings.push(
            Finding::new(FindingCode::StunUnreachable, severity(facts), Cause::Between, since, facts.end)
                .because(since, "icecandidate", "host candidates only")
                .because_all(errors(&|url| !is_turn(url))),
        );
    }
    findings
}

/// R3: a relay over TCP or TLS, though one over UDP, or STUN, was to be had. With TLS alone configured, nothing is known of UDP.
fn udp_blocked(facts: &Facts<'_>) -> Option<Finding> {
    use RelayProtocol::{Tcp, Tls, Udp};
    let since = facts.gathering_since()?;
    let is_udp_turn = |url: &str| url.starts_with("turn:") && !url.ends_with("transport=tcp");
    let wanted_udp = facts.has_server(|server| is_udp_turn(&server.0) || server.0.starts_with("stun:"));
    let has_udp = facts.has_relay_over(&[Udp]) || facts.has_local(CandidateKind::ServerReflexive);
    if !wanted_udp || has_udp || !facts.has_relay_over(&[Tcp, Tls]) || !facts.has_gathered() {
        return None;
    }
    // The search for candidates ends with the connection; a fast one may have cut it short.
    let errors: Vec<_> =
        facts.errors.iter().filter(|(_, url, code, _)| *code == 701 && !url.starts_with("turns:")).collect();
    if errors.is_empty() && facts.connected_at().is_some_and(|time| time - since < ANSWER_WITHIN) {
        return None;
    }
    let evidence = errors.iter().map(|(time, url, _, text)| Evidence {
        time: *time,
        name: (*url).to_owned(),
        value: format!("701 {text}"),
    });
    Some(
        Finding::new(FindingCode::UdpBlocked, Severity::Warning, Cause::Ours, since, facts.end)
            .because(since, "icecandidate", "relayed over TCP or TLS only")
            .because_all(evidence),
    )
}

/// R2: one local port, seen under different ports by two servers.
fn symmetric_nat(facts: &Facts<'_>) -> Option<Finding> {
    let reflexive: Vec<_> = facts
        .local
        .iter()
        .filter(|(_, candidate, _)| candidate.kind == CandidateKind::ServerReflexive && candidate.transport == "udp")
        .collect();
    let pair = reflexive.iter().enumerate().find_map(|(index, one)| {
        let other = reflexive[index + 1..].iter().find(|other| {
            let same_base = one.1.related.is_some() && one.1.related == other.1.related;
            let is_real = one.1.related.as_ref().is_some_and(|(_, port)| *port != 0);
            let same_generation = one.1.fragment == other.1.fragment;
            same_base && is_real && same_generation && one.1.address == other.1.address && one.1.port != other.1.port
        })?;
        Some((*one, *other))
    })?;
    let severity = if facts.verdict().is_connected() { Severity::Info } else { Severity::Warning };
    let shown = |(time, candidate, url): &(f64, &crate::candidate::Candidate, Option<&str>)| Evidence {
        time: *time,
        name: url.unwrap_or("icecandidate").to_owned(),
        value: format!(
            "port {} for local port {}",
            candidate.port,
            candidate.related.as_ref().map_or(0, |(_, port)| *port)
        ),
    };
    Some(
        Finding::new(FindingCode::SymmetricNat, severity, Cause::Ours, pair.0.0, facts.end)
            .because_all([shown(pair.0), shown(pair.1)]),
    )
}

/// R7: the first candidate of STUN or TURN came late.
fn slow_gathering(facts: &Facts<'_>) -> Option<Finding> {
    let since = facts.gathering_since()?;
    let first =
        |kind| facts.local.iter().find(|(_, candidate, _)| candidate.kind == kind).map(|(time, ..)| (*time, kind));
    let late = [first(CandidateKind::ServerReflexive), first(CandidateKind::Relay)];
    let slow: Vec<_> = late.into_iter().flatten().filter(|(time, _)| time - since > SLOW_SERVER).collect();
    let end = slow.iter().map(|(time, _)| *time).reduce(f64::max)?;
    let severity = if end - since > VERY_SLOW_SERVER { Severity::Warning } else { Severity::Info };
    let evidence = slow.iter().map(|(time, kind)| Evidence {
        time: *time,
        name: format!("icecandidate {}", kind.name()),
        value: format!("{} ms after the search began", (time - since).round()),
    });
    Some(Finding::new(FindingCode::SlowGathering, severity, Cause::Between, since, end).because_all(evidence))
}

/// The last sample that has candidate pairs.
fn last_with_pairs<'a>(facts: &Facts<'a>) -> Option<&'a Sample> {
    let has_pairs = |sample: &&Sample| all::<CandidatePairStats>(&sample.reports).next().is_some();
    facts.connection.samples.iter().map(Arc::as_ref).rfind(has_pairs)
}

/// The checks of all pairs in the last sample that has any: sent, and answered.
fn checks(facts: &Facts<'_>) -> Option<(f64, f64, f64)> {
    let sample = last_with_pairs(facts)?;
    let sum = |of: fn(&CandidatePairStats) -> Option<f64>| all(&sample.reports).filter_map(of).sum::<f64>();
    Some((sample.time, sum(|pair| pair.requests_sent), sum(|pair| pair.responses_received)))
}

/// R4: nothing answered, and no relay could.
fn turn_needed(facts: &Facts<'_>) -> Option<Finding> {
    let never = facts.history.iter().find(|(_, verdict)| *verdict == Verdict::NeverConnected)?;
    let has_turn = facts.has_server(|server| server.is_turn()) || facts.has_local(CandidateKind::Relay);
    // Without an answer, nothing was tried.
    let is_tried = facts.has_remote_description()
        || facts.states(verdict::machine(facts.connection)).any(|(_, state)| state == "failed");
    if facts.connected_at().is_some() || !facts.knows_servers() || has_turn || !is_tried {
        return None;
    }
    let checks = checks(facts);
    // Without a check, or with an answer, something else is wrong.
    if checks.is_some_and(|(_, sent, answered)| sent == 0.0 || answered > 0.0) {
        return None;
    }
    let since = facts.gathering_since().unwrap_or(facts.start);
    let finding = Finding::new(FindingCode::TurnNeeded, Severity::Error, Cause::Operator, since, facts.end)
        .because(facts.start, "iceServers", "no TURN server")
        .because(never.0, "connectionState", "failed");
    Some(match checks {
        Some((time, sent, answered)) => {
            finding.because(time, "requestsSent", sent).because(time, "responsesReceived", answered)
        }
        None => finding,
    })
}

/// R4: a relay was there, and its checks were sent and not answered.
fn peer_permission(facts: &Facts<'_>) -> Option<Finding> {
    let never = facts.history.iter().find(|(_, verdict)| *verdict == Verdict::NeverConnected)?;
    if facts.connected_at().is_some() || !facts.has_local(CandidateKind::Relay) {
        return None;
    }
    let sample = last_with_pairs(facts)?;
    let is_relayed = |pair: &&CandidatePairStats| {
        candidate(&sample.reports, pair.local_candidate_id.as_ref())
            .is_some_and(|local| local.candidate_type.as_deref() == Some("relay"))
    };
    let (sent, answered) =
        all::<CandidatePairStats>(&sample.reports).filter(is_relayed).fold((0.0, 0.0), |(sent, answered), pair| {
            (sent + pair.requests_sent.unwrap_or(0.0), answered + pair.responses_received.unwrap_or(0.0))
        });
    (sent > 0.0 && answered == 0.0).then(|| {
        Finding::new(FindingCode::PeerPermission, Severity::Error, Cause::Between, never.0, facts.end)
            .because(sample.time, "relayed requestsSent", sent)
            .because(sample.time, "relayed responsesReceived", answered)
    })
}

/// R5: there is a path, and DTLS does not come about over it.
fn dtls_failed(facts: &Facts<'_>) -> Option<Finding> {
    if facts.connected_at().is_some() && facts.states(StateMachine::Connection).any(|(_, state)| state == "connected") {
        return None;
    }
    if let Some((time, _)) = facts.states(StateMachine::Dtls).find(|(_, state)| *state == "failed") {
        let finding = Finding::new(FindingCode::DtlsFailed, Severity::Error, Cause::Between, time, facts.end);
        return Some(finding.because(time, "dtlsState", "failed"));
    }
    let has_failed = |transport: &TransportStats| transport.dtls_state.as_deref() == Some("failed");
    let failed = facts.connection.samples.iter().find(|sample| all(&sample.reports).any(has_failed));
    if let Some(sample) = failed {
        let finding = Finding::new(FindingCode::DtlsFailed, Severity::Error, Cause::Between, sample.time, facts.end);
        return Some(finding.because(sample.time, "dtlsState", "failed"));
    }
    let (ice, _) = facts.states(StateMachine::Ice).find(|(_, state)| matches!(*state, "connected" | "completed"))?;
    let lasted = facts
        .states(StateMachine::Ice)
        .find(|(time, state)| *time > ice && !matches!(*state, "connected" | "completed"));
    let until = lasted.map_or(facts.end, |(time, _)| time);
    // Only where DTLS is recorded: old traces have nothing but ICE.
    let is_recorded = facts.states(StateMachine::Connection).next().is_some();
    (is_recorded && until - ice > DTLS_WITHIN).then(|| {
        Finding::new(FindingCode::DtlsFailed, Severity::Error, Cause::Between, ice, facts.end)
            .because(ice, "iceConnectionState", "connected")
            .because(until, "connectionState", "not connected")
    })
}

/// R8: the first attempt had hosts only, and failed; then more candidates came, and it connected.
fn warm_up(facts: &Facts<'_>) -> Option<Finding> {
    let (failed, _) = facts.history.iter().find(|(_, verdict)| *verdict == Verdict::NeverConnected)?;
    let connected = facts.connected_at().filter(|time| time > failed)?;
    let is_more = |candidate: &crate::candidate::Candidate| {
        matches!(candidate.kind, CandidateKind::ServerReflexive | CandidateKind::Relay)
    };
    let (first, candidate, _) = facts.local.iter().find(|(_, candidate, _)| is_more(candidate))?;
    (first > failed && connected - failed < WARM_UP).then(|| {
        Finding::new(FindingCode::IceWarmUp, Severity::Info, Cause::Ours, *failed, connected)
            .because(*failed, "connectionState", "failed")
            .because(*first, "icecandidate", candidate.kind.name())
    })
}

/// R10: the path was lost, for a while or for good; and lost again and again.
fn losses(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut lost: Vec<f64> = Vec::new();
    let history = &facts.history;
    let mut index = 0;
    while index < history.len() {
        let (from, verdict) = history[index];
        if !matches!(verdict, Verdict::Reconnecting | Verdict::Lost) {
            index += 1;
            continue;
        }
        let rest = &history[index..];
        let length =
            rest.iter().take_while(|(_, verdict)| matches!(verdict, Verdict::Reconnecting | Verdict::Lost)).count();
        let back = rest.get(length).map(|(time, _)| *time);
        let is_lost = back.is_none() && rest[..length].iter().any(|(_, verdict)| *verdict == Verdict::Lost);
        let severity = if back.is_some() { Severity::Warning } else { Severity::Error };
        lost.push(from);
        let finding = Finding::new(FindingCode::PathLost, severity, Cause::Between, from, back.unwrap_or(facts.end))
            .because(from, "connectionState", if verdict == Verdict::Lost { "failed" } else { "disconnected" });
        findings.push(match back {
            Some(back) => finding.because(back, "connectionState", "connected"),
            None if is_lost && verdict != Verdict::Lost => finding.because(facts.end, "connectionState", "failed"),
            None => finding,
        });
        index += length;
    }
    let unstable = lost.windows(UNSTABLE_LOSSES).find(|times| times[UNSTABLE_LOSSES - 1] - times[0] <= LOSSES_WITHIN);
    if let (Some(_), Some(first), Some(last)) = (unstable, lost.first(), lost.last()) {
        let evidence = lost.iter().map(|time| Evidence {
            time: *time,
            name: "connectionState".to_owned(),
            value: "disconnected".to_owned(),
        });
        findings.push(
            Finding::new(FindingCode::PathUnstable, Severity::Warning, Cause::Between, *first, *last)
                .because_all(evidence),
        );
    }
    findings
}

/// R10: media moved to another pair; three times in half a minute is unstable.
fn changes(facts: &Facts<'_>) -> Vec<Finding> {
    let mut changes: Vec<Evidence> = Vec::new();
    let mut before: Option<(String, String)> = None;
    for sample in &facts.connection.samples {
        let Some(pair) = selected_pair(&sample.reports) else { continue };
        let local = candidate(&sample.reports, pair.local_candidate_id.as_ref());
        let kind = local.and_then(|local| local.candidate_type.clone()).unwrap_or_default();
        let now = (pair.id.clone().unwrap_or_default(), kind);
        // The first pairs that work come and go before the best one is found.
        let is_settled = facts.connected_at().is_some_and(|connected| sample.time - connected > SETTLED_AFTER);
        if let Some(old) = before.replace(now.clone()).filter(|old| *old != now && is_settled) {
            let value =
                if old.1 == now.1 { format!("another pair, {}", now.1) } else { format!("{} to {}", old.1, now.1) };
            changes.push(Evidence { time: sample.time, name: "selectedCandidatePairId".to_owned(), value });
        }
    }
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else { return Vec::new() };
    let (first, last) = (first.time, last.time);
    let is_unstable = changes
        .windows(UNSTABLE_CHANGES)
        .any(|three| three[UNSTABLE_CHANGES - 1].time - three[0].time <= UNSTABLE_WITHIN);
    let (code, severity) = if is_unstable {
        (FindingCode::PathUnstable, Severity::Warning)
    } else {
        (FindingCode::PathChanged, Severity::Info)
    };
    vec![Finding::new(code, severity, Cause::Between, first, last).because_all(changes)]
}

/// R19: no samples for long, and the connection was not closed.
fn sleep(facts: &Facts<'_>) -> Vec<Finding> {
    let is_closed =
        |time: f64| facts.connection.events.iter().any(|event| event.kind == EventKind::Closed && event.time <= time);
    intervals(&facts.connection.samples)
        .filter(|interval| interval.is_gap && !is_closed(interval.after.time))
        .map(|gap| {
            Finding::new(FindingCode::PageSlept, Severity::Info, Cause::Ours, gap.before.time, gap.after.time).because(
                gap.after.time,
                "getStats",
                format!("no sample for {} s", (gap.length() / 1_000.0).round()),
            )
        })
        .collect()
}
