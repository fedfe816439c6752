//! Why media takes a relay and not a direct way, as far as the trace tells.

use std::sync::Arc;

use crate::{
    candidate::CandidateKind,
    finding::{Finding, FindingCode},
    reports::{all, candidate},
    stats::CandidatePairStats,
    trace::{ConnectionTrace, EventKind, Sample, Side},
    verdict::Verdict,
    words::Language,
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

    /// Why media does not go directly, and what would change that.
    pub fn words(self, language: Language) -> (&'static str, &'static str) {
        match self {
            Self::RelayOnlyHere => language.pick(
                (
                    "Not directly, because this side hides its address from the others.",
                    "To go directly, switch “Do not show my address to the others” off in the lobby, and join again.",
                ),
                (
                    "이쪽이 주소를 숨기고 있어서 바로 연결하지 않아요.",
                    "바로 연결하려면 로비에서 “내 주소를 다른 사람에게 보이지 않기”를 끄고 다시 들어오세요.",
                ),
            ),
            Self::RelayOnlyThere => language.pick(
                (
                    "Not directly, because the other side offers its relay alone: it hides its address, or its network lets nothing else out.",
                    "Only the other side can change that: by not hiding its address, or by another network.",
                ),
                (
                    "상대가 중계 주소만 알려 줘서 바로 연결하지 못해요. 주소를 숨기고 있거나, 상대 네트워크가 다른 길을 막아요.",
                    "상대 쪽에서만 바꿀 수 있어요. 주소 숨기기를 끄거나 다른 네트워크를 써야 해요.",
                ),
            ),
            Self::UdpBlocked => language.pick(
                (
                    "Not directly, because this side’s network lets no UDP out.",
                    "Another network would change it, or its administrator, by letting UDP out.",
                ),
                (
                    "이쪽 네트워크가 UDP를 내보내지 않아서 바로 연결하지 못해요.",
                    "다른 네트워크를 쓰거나, 관리자가 UDP를 허용하면 달라져요.",
                ),
            ),
            Self::SymmetricNat => language.pick(
                (
                    "Not directly, because this side’s router gives another port for each destination, so the address that STUN found is of no use to the other side.",
                    "Another network, or IPv6 on both sides, would change it.",
                ),
                (
                    "이쪽 공유기가 상대마다 다른 포트를 줘서, STUN으로 찾은 주소를 상대가 쓸 수 없어요.",
                    "다른 네트워크를 쓰거나, 양쪽에 IPv6가 있으면 달라져요.",
                ),
            ),
            Self::NoPublicAddress => language.pick(
                (
                    "Not directly, because no STUN server told this side its public address.",
                    "A STUN server that this network reaches would change it.",
                ),
                (
                    "STUN 서버가 이쪽의 공인 주소를 알려 주지 않아서 바로 연결하지 못해요.",
                    "이 네트워크에서 닿는 STUN 서버가 있으면 달라져요.",
                ),
            ),
            Self::NothingAnswered => language.pick(
                (
                    "Not directly: direct ways were tried, and none was answered. A router or firewall on one of the sides lets nothing in that it does not expect.",
                    "Another network on one of the sides would change it, or IPv6 on both.",
                ),
                (
                    "바로 가는 길을 시도했지만 응답이 없었어요. 어느 한쪽의 공유기나 방화벽이 모르는 연결을 막아요.",
                    "한쪽이 다른 네트워크를 쓰거나, 양쪽에 IPv6가 있으면 달라져요.",
                ),
            ),
            Self::Unknown => language.pick(
                (
                    "Why not directly is not recorded.",
                    "The list of candidate pairs shows which ways were tried.",
                ),
                ("왜 바로 연결하지 못하는지는 기록에 없어요.", "후보 쌍 목록에서 어떤 길을 시도했는지 볼 수 있어요."),
            ),
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
