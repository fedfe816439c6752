//! What findings and verdicts mean, in plain words, and what to do about them. Where a text is shown is decided by the users
//! of this crate.

mod findings;
mod steps;

use crate::{
    finding::{Cause, Finding},
    inspection::Detour,
    trace::TraceError,
    verdict::Verdict,
};

pub use self::steps::{StepWords, incident, machine, state, step};

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Korean.
    Korean,
}

impl Language {
    /// The text of this language.
    pub(crate) fn pick<T>(self, english: T, korean: T) -> T {
        match self {
            Self::English => english,
            Self::Korean => korean,
        }
    }
}

/// What a finding means.
pub fn meaning(finding: &Finding, language: Language) -> &'static str {
    let words = findings::words(finding.code);
    language.pick(words.meaning.0, words.meaning.1)
}

/// What to do about a finding.
pub fn advice(finding: &Finding, language: Language) -> &'static str {
    let words = findings::words(finding.code);
    language.pick(words.advice.0, words.advice.1)
}

/// A verdict in one sentence.
pub fn verdict(verdict: Verdict, language: Language) -> &'static str {
    let (english, korean) = match verdict {
        Verdict::DirectLocal => ("Direct, inside one network.", "같은 네트워크 안에서 바로 연결됐어요."),
        Verdict::DirectInternet => ("Direct, across the internet.", "인터넷을 거쳐 바로 연결됐어요."),
        Verdict::RelayUdp => ("Through a relay, over UDP.", "UDP로 중계 서버를 거쳐요."),
        Verdict::RelayTcp => ("Through a relay, over TCP.", "TCP로 중계 서버를 거쳐요."),
        Verdict::RelayTls => ("Through a relay, over TLS.", "TLS로 중계 서버를 거쳐요."),
        Verdict::Relay => (
            "Through a relay; the browser does not tell how.",
            "중계 서버를 거쳐요. 브라우저가 방식은 알려 주지 않아요.",
        ),
        Verdict::Connected => ("Connected; which way is not recorded.", "연결됐어요. 어떤 길인지는 기록에 없어요."),
        Verdict::Connecting => ("On its way.", "연결하는 중이에요."),
        Verdict::Reconnecting => ("Lost for the moment; attempts go on.", "잠시 끊겨서 다시 연결하고 있어요."),
        Verdict::NeverConnected => ("Never connected.", "한 번도 연결되지 않았어요."),
        Verdict::Lost => ("Lost.", "연결이 끊겼어요."),
        Verdict::Closed => ("Closed before anything was tried.", "시도하기 전에 닫혔어요."),
    };
    language.pick(english, korean)
}

/// On whose side the cause of a finding is, in a few words.
pub fn side(cause: Cause, language: Language) -> &'static str {
    match cause {
        Cause::Ours => language.pick("This side", "이쪽"),
        Cause::Theirs => language.pick("The other side", "상대 쪽"),
        Cause::Between => language.pick("The way between, or either side", "중간 경로나 어느 한쪽"),
        Cause::Operator => language.pick("Whoever runs the servers", "서버 운영자"),
        Cause::Recording => language.pick("The recording", "기록 파일"),
    }
}

/// Why media does not go directly, and what would change that.
pub fn detour(detour: Detour, language: Language) -> (&'static str, &'static str) {
    match detour {
        Detour::RelayOnlyHere => language.pick(
            (
                "Not directly, because this side hides its address from the others.",
                "To go directly, switch “Do not show my address to the others” off in the lobby, and join again.",
            ),
            (
                "이쪽이 주소를 숨기고 있어서 바로 연결하지 않아요.",
                "바로 연결하려면 로비에서 “내 주소를 다른 사람에게 보이지 않기”를 끄고 다시 들어오세요.",
            ),
        ),
        Detour::RelayOnlyThere => language.pick(
            (
                "Not directly, because the other side offers its relay alone: it hides its address, or its network lets nothing else out.",
                "Only the other side can change that: by not hiding its address, or by another network.",
            ),
            (
                "상대가 중계 주소만 알려 줘서 바로 연결하지 못해요. 주소를 숨기고 있거나, 상대 네트워크가 다른 길을 막아요.",
                "상대 쪽에서만 바꿀 수 있어요. 주소 숨기기를 끄거나 다른 네트워크를 써야 해요.",
            ),
        ),
        Detour::UdpBlocked => language.pick(
            (
                "Not directly, because this side’s network lets no UDP out.",
                "Another network would change it, or its administrator, by letting UDP out.",
            ),
            (
                "이쪽 네트워크가 UDP를 내보내지 않아서 바로 연결하지 못해요.",
                "다른 네트워크를 쓰거나, 관리자가 UDP를 허용하면 달라져요.",
            ),
        ),
        Detour::SymmetricNat => language.pick(
            (
                "Not directly, because this side’s router gives another port for each destination, so the address that STUN found is of no use to the other side.",
                "Another network, or IPv6 on both sides, would change it.",
            ),
            (
                "이쪽 공유기가 상대마다 다른 포트를 줘서, STUN으로 찾은 주소를 상대가 쓸 수 없어요.",
                "다른 네트워크를 쓰거나, 양쪽에 IPv6가 있으면 달라져요.",
            ),
        ),
        Detour::NoPublicAddress => language.pick(
            (
                "Not directly, because no STUN server told this side its public address.",
                "A STUN server that this network reaches would change it.",
            ),
            (
                "STUN 서버가 이쪽의 공인 주소를 알려 주지 않아서 바로 연결하지 못해요.",
                "이 네트워크에서 닿는 STUN 서버가 있으면 달라져요.",
            ),
        ),
        Detour::NothingAnswered => language.pick(
            (
                "Not directly: direct ways were tried, and none was answered. A router or firewall on one of the sides lets nothing in that it does not expect.",
                "Another network on one of the sides would change it, or IPv6 on both.",
            ),
            (
                "바로 가는 길을 시도했지만 응답이 없었어요. 어느 한쪽의 공유기나 방화벽이 모르는 연결을 막아요.",
                "한쪽이 다른 네트워크를 쓰거나, 양쪽에 IPv6가 있으면 달라져요.",
            ),
        ),
        Detour::Unknown => language.pick(
            (
                "Why not directly is not recorded.",
                "The list of candidate pairs shows which ways were tried.",
            ),
            ("왜 바로 연결하지 못하는지는 기록에 없어요.", "후보 쌍 목록에서 어떤 길을 시도했는지 볼 수 있어요."),
        ),
    }
}

/// Why nothing of a file can be read.
pub fn trace_error(error: &TraceError, language: Language) -> String {
    let korean = match error {
        TraceError::Empty => "파일이 비어 있어요.".to_owned(),
        TraceError::TooLarge(bytes) => format!("파일이 {bytes}바이트로 너무 커요."),
        TraceError::UnknownFormat => {
            "기록한 통화가 아니에요. webrtc-internals 덤프, rtcstats 덤프, JSON 줄 형식만 읽을 수 있어요.".to_owned()
        }
        TraceError::UnknownVersion(version) => format!("rtcstats 덤프의 형식이 {version}이에요. 3만 읽을 수 있어요."),
        TraceError::Malformed { line, column, reason } => {
            format!("{line}번째 줄 {column}번째 글자에서 읽을 수 없어요. ({reason})")
        }
    };
    language.pick(error.to_string(), korean)
}
