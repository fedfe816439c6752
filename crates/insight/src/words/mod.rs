//! What findings and verdicts mean, in plain words, and what to do about them. Where a text is shown is decided by the users
//! of this crate.

mod findings;
mod steps;

use crate::{
    finding::{Cause, Finding},
    trace::TraceError,
    verdict::Verdict,
};

pub use self::steps::{StepWords, machine, state, step};

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
    let words = findings::words(finding);
    language.pick(words.meaning.0, words.meaning.1)
}

/// What to do about a finding.
pub fn advice(finding: &Finding, language: Language) -> &'static str {
    let words = findings::words(finding);
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

/// Why nothing of a file can be read.
pub fn trace_error(error: &TraceError, language: Language) -> String {
    let korean = match error {
        TraceError::Empty => "파일이 비어 있어요.".to_owned(),
        TraceError::TooLarge(bytes) => format!("파일이 {bytes}바이트로 너무 커요."),
        TraceError::Damaged(reason) => format!("압축 파일이 손상됐어요. ({reason})"),
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
