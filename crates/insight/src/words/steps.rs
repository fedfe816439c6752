//! The words for the steps of a connection, after the guide, and for the states of its machines.

use super::Language;
use crate::trace::StateMachine;

/// The words for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepWords {
    /// What happens, in a few words.
    pub title: &'static str,
    /// What it is for.
    pub explanation: &'static str,
}

/// The step of this number, from 1 to 13; `None` for other numbers.
#[expect(clippy::too_many_lines, reason = "one text after the other")]
pub fn step(number: u8, language: Language) -> Option<StepWords> {
    let (title, explanation) = match number {
        1 => language.pick(
            (
                "Connection created",
                "new RTCPeerConnection(): the object that is in charge of the connection. It is given the STUN and TURN \
                 servers that help to find a way through routers.",
            ),
            (
                "연결 객체 생성",
                "new RTCPeerConnection()이에요. WebRTC 연결을 담당하는 객체예요. 공유기 너머의 길을 찾도록 STUN과 TURN 서버를 \
                 알려 줘요.",
            ),
        ),
        2 => language.pick(
            (
                "Media added",
                "addTrack(): camera and microphone are added to the connection, so that the offer can name them. From the \
                 offer, the other side learns what it will receive.",
            ),
            (
                "미디어 추가",
                "addTrack()으로 카메라와 마이크를 연결에 넣어요. 이 트랙들이 Offer에 들어가서, 상대는 어떤 미디어를 받을지 알게 돼요.",
            ),
        ),
        3 => language.pick(
            (
                "Listeners attached",
                "The page listens for icecandidate and other events. Each address at which this side may be reached is \
                 sent to the other side as soon as it is found: host addresses at once, the public address after an answer of \
                 STUN, a relay’s address after one of TURN.",
            ),
            (
                "이벤트 리스너 등록",
                "icecandidate 같은 이벤트를 들어요. 후보 주소를 찾을 때마다 바로 상대에게 보내요. Host는 즉시, 공인 주소는 STUN의 \
                 응답 뒤에, 중계 주소는 TURN의 응답 뒤에 나와요.",
            ),
        ),
        4 => language.pick(
            (
                "Offer made and sent",
                "createOffer() and setLocalDescription(): “this is the media that I can send”. The offer holds codecs, \
                 encryption keys’ fingerprints and ICE’s credentials, and goes through the signaling server.",
            ),
            (
                "Offer 생성과 전달",
                "createOffer()와 setLocalDescription()이에요. “나는 이런 미디어를 보낼 수 있어!”라는 제안서예요. 코덱, 암호화 지문, \
                 ICE 정보를 담아 시그널링 서버로 보내요.",
            ),
        ),
        5 => language.pick(
            (
                "Offer received",
                "setRemoteDescription(): the other browser reads the offer, and knows now which media will come. It can make \
                 an answer.",
            ),
            (
                "Offer 수신",
                "setRemoteDescription()으로 Offer를 읽어요. 이제 상대의 미디어 정보를 알게 되어 Answer를 만들 수 있어요.",
            ),
        ),
        6 => language.pick(
            (
                "Connection created there",
                "The browser that answers has an RTCPeerConnection of its own, with the same servers.",
            ),
            ("연결 객체 생성 (Answer 쪽)", "Answer를 보내는 브라우저도 RTCPeerConnection을 만들어요. 서버 설정은 같아요."),
        ),
        7 => language.pick(
            (
                "Media added there",
                "It adds its own camera and microphone, so that the answer can name them.",
            ),
            ("미디어 추가 (Answer 쪽)", "Answer를 보내는 쪽도 자기 카메라와 마이크를 넣어요. 그래야 Answer에 담겨요."),
        ),
        8 => language.pick(
            (
                "Answer made and sent",
                "createAnswer() and setLocalDescription(): “good, I support this too”. The answer holds what both sides can \
                 do, and goes back through the signaling server.",
            ),
            (
                "Answer 생성과 전달",
                "createAnswer()와 setLocalDescription()이에요. “좋아, 나도 이걸 지원해!”라는 응답서예요. 양쪽이 합의한 내용만 담아 \
                 시그널링 서버로 돌려보내요.",
            ),
        ),
        9 => language.pick(
            (
                "Answer received",
                "setRemoteDescription(): both sides know each other’s media now. ICE begins to connect.",
            ),
            ("Answer 수신", "setRemoteDescription()으로 Answer를 읽어요. 이제 양쪽이 서로의 정보를 알고, ICE가 연결을 시작해요."),
        ),
        10 => language.pick(
            (
                "Candidates exchanged",
                "Candidates are addresses: “to reach me, come here”. They go both ways as they are found, and each side adds \
                 the other’s with addIceCandidate().",
            ),
            (
                "ICE 후보 교환",
                "후보는 주소예요. “나한테 연결하려면 이 주소로 와!” 찾는 대로 양방향으로 보내고, 받은 쪽은 addIceCandidate()로 추가해요.",
            ),
        ),
        11 => language.pick(
            (
                "Connected",
                "ICE tried pairs of candidates until one worked in both directions, and DTLS agreed on keys over it. \
                 connectionState is “connected”.",
            ),
            (
                "연결 성공",
                "ICE가 후보 쌍을 하나씩 확인해서 양방향으로 통하는 길을 찾았고, 그 위에서 DTLS가 암호 키를 정했어요. connectionState가 \
                 “connected”예요.",
            ),
        ),
        12 => language.pick(
            (
                "Their media received",
                "The track event: the other side’s sound and picture are here, and are played.",
            ),
            ("미디어 수신", "track 이벤트예요. 상대의 소리와 영상이 도착해서 재생돼요."),
        ),
        13 => language.pick(
            (
                "Signaling no longer needed",
                "The browsers talk to each other. The signaling server was the postman: before the connection it carried \
                 offers, answers and candidates; now nothing of the call depends on it.",
            ),
            (
                "시그널링 서버 없이 직접 통신",
                "이제 브라우저끼리 직접 이야기해요. 시그널링 서버는 우체부였어요. 연결 전에는 Offer, Answer, 후보를 전달했지만, 이제 \
                 통화에는 필요 없어요.",
            ),
        ),
        _ => return None,
    };
    Some(StepWords { title, explanation })
}

/// What a state machine of the connection is about, in a few words.
pub fn machine(machine: StateMachine, language: Language) -> &'static str {
    match machine {
        StateMachine::Signaling => language.pick("Offer and answer", "Offer와 Answer"),
        StateMachine::Gathering => language.pick("Search for candidates", "후보 수집"),
        StateMachine::Ice => language.pick("Path (ICE)", "길 찾기 (ICE)"),
        StateMachine::Connection => language.pick("The whole connection", "연결 전체"),
        StateMachine::Dtls => language.pick("Encryption (DTLS)", "암호화 (DTLS)"),
    }
}

/// What a state means; `None` for one that the specifications do not name.
pub fn state(machine: StateMachine, state: &str, language: Language) -> Option<&'static str> {
    let pick = |english, korean| Some(language.pick(english, korean));
    match (machine, state) {
        (StateMachine::Signaling, "stable") => pick("no offer is open", "열린 Offer가 없어요"),
        (StateMachine::Signaling, "have-local-offer") => {
            pick("this side’s offer waits for its answer", "이쪽 Offer가 Answer를 기다려요")
        }
        (StateMachine::Signaling, "have-remote-offer") => {
            pick("the other side’s offer is being answered", "상대의 Offer에 답하고 있어요")
        }
        (StateMachine::Signaling, "have-local-pranswer" | "have-remote-pranswer") => {
            pick("a provisional answer is set", "임시 Answer가 설정됐어요")
        }
        (_, "closed") => pick("closed", "닫혔어요"),
        (_, "new") => pick("nothing tried yet", "아직 시작하지 않았어요"),
        (StateMachine::Gathering, "gathering") => pick("servers are asked", "서버에 묻고 있어요"),
        (StateMachine::Gathering, "complete") => pick("all candidates are known", "후보를 모두 찾았어요"),
        (StateMachine::Ice, "checking") => pick("pairs of candidates are tried", "후보 쌍을 확인하고 있어요"),
        (StateMachine::Ice, "connected") => pick("a pair works", "통하는 쌍을 찾았어요"),
        (StateMachine::Ice, "completed") => pick("the best pair is chosen", "가장 좋은 쌍을 골랐어요"),
        (StateMachine::Ice | StateMachine::Connection, "disconnected") => {
            pick("lost, perhaps for a moment", "끊겼어요. 잠깐일 수 있어요")
        }
        (StateMachine::Ice, "failed") => pick("no pair works", "통하는 쌍이 없어요"),
        (StateMachine::Connection | StateMachine::Dtls, "connecting") => pick("on its way", "연결하는 중이에요"),
        (StateMachine::Connection, "connected") => pick("media can flow", "미디어가 흐를 수 있어요"),
        (StateMachine::Connection, "failed") => pick("no path, or no encryption", "길이나 암호화가 실패했어요"),
        (StateMachine::Dtls, "connected") => pick("keys are agreed", "암호 키를 정했어요"),
        (StateMachine::Dtls, "failed") => pick("no keys could be agreed", "암호 키를 정하지 못했어요"),
        _ => None,
    }
}
