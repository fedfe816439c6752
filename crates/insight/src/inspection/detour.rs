//! Why media takes a relay and not a direct way, as far as the trace tells.

use std::sync::Arc;

use crate::{
    candidate::CandidateKind,
    finding::{Finding, FindingCode},
    reports::{all, candidate},
    stats::CandidatePairStats,
    trace::{ConnectionTrace, EventKind, Sample, Side},
    verdict::Verdict,
};

/// Why media does not go directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Detour {
    /// This side wants relays only, so that its address stays hidden.
    RelayOnlyHere,
    /// The other side offers nothing but relays.
    RelayOnlyThere,
    /// UDP does not get out of this side's network.
    UdpBlocked,
    /// This side's router gives another port for each destination.
    SymmetricNat,
    /// No address of this side can be reached from outside its network.
    NoPublicAddress,
    /// Direct ways were tried, and none was answered.
    NothingAnswered,
    /// Nothing tells.
    Unknown,
}

impl Detour {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::RelayOnlyHere,
        Self::RelayOnlyThere,
        Self::UdpBlocked,
        Self::SymmetricNat,
        Self::NoPublicAddress,
        Self::NothingAnswered,
        Self::Unknown,
    ];

    /// Stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::RelayOnlyHere => "relay-only-here",
            Self::RelayOnlyThere => "relay-only-there",
            Self::UdpBlocked => "udp-blocked",
            Self::SymmetricNat => "symmetric-nat",
            Self::NoPublicAddress => "no-public-address",
            Self::NothingAnswered => "nothing-answered",
            Self::Unknown => "unknown",
        }
    }
}

/// Why the media of a connection with this verdict and these findings is relayed; `None` if it is not.
pub fn of(connection: &ConnectionTrace, verdict: Verdict, findings: &[Finding]) -> Option<Detour> {
    let is_relayed = matches!(verdict, Verdict::RelayUdp | Verdict::RelayTcp | Verdict::RelayTls | Verdict::Relay);
    if !is_relayed {
        return None;
    }
    let is_relay_only =
        connection.events.iter().any(|event| matches!(event.kind, EventKind::Created { is_relay_only: true, .. }));
    let kinds = |wanted| {
        connection.events.iter().filter_map(move |event| match &event.kind {
            EventKind::Candidate { side, candidate: Some(candidate), .. } if *side == wanted => Some(candidate.kind),
            _ => None,
        })
    };
    let is_found = |code| findings.iter().any(|finding| finding.code == code);
    let has_relay_alone = |side| {
        let mut kinds = kinds(side).peekable();
        kinds.peek().is_some() && kinds.all(|kind| kind == CandidateKind::Relay)
    };
    Some(if is_relay_only {
        Detour::RelayOnlyHere
    } else if is_found(FindingCode::UdpBlocked) {
        Detour::UdpBlocked
    } else if has_relay_alone(Side::Remote) {
        Detour::RelayOnlyThere
    } else if is_found(FindingCode::SymmetricNat) {
        Detour::SymmetricNat
    } else if direct_checks(connection).is_some_and(|(sent, answered)| sent > 0.0 && answered == 0.0) {
        Detour::NothingAnswered
    } else if kinds(Side::Local).next().is_some()
        && kinds(Side::Local).all(|kind| kind != CandidateKind::ServerReflexive)
    {
        Detour::NoPublicAddress
    } else {
        Detour::Unknown
    })
}

/// Connectivity checks over pairs without a relay, and how many were answered, as of the last sample that has pairs.
fn direct_checks(connection: &ConnectionTrace) -> Option<(f64, f64)> {
    let has_pairs = |sample: &&Arc<Sample>| all::<CandidatePairStats>(&sample.reports).next().is_some();
    let sample = connection.samples.iter().rev().find(has_pairs)?;
    let is_relay = |id: Option<&String>| {
        candidate(&sample.reports, id).is_some_and(|end| end.candidate_type.as_deref() == Some("relay"))
    };
    let direct = all::<CandidatePairStats>(&sample.reports)
        .filter(|pair| !is_relay(pair.local_candidate_id.as_ref()) && !is_relay(pair.remote_candidate_id.as_ref()));
    let checks = direct.map(|pair| (pair.requests_sent.unwrap_or(0.0), pair.responses_received.unwrap_or(0.0)));
    checks.reduce(|one, other| (one.0 + other.0, one.1 + other.1))
}
