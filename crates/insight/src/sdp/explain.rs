//! What each line of a description means, in plain words. A line of an unknown kind has no explanation.

use super::Line;
use crate::{
    candidate::{Candidate, CandidateKind, Family},
    words::Language,
};

/// What the line means; `None` if it is of no kind that is known here.
pub fn explain(line: &Line, language: Language) -> Option<String> {
    let pick = |english: &str, korean: &str| Some(language.pick(english, korean).to_owned());
    match line.letter {
        'v' => pick("The version of SDP. It is always 0.", "SDP의 버전이에요. 언제나 0이에요."),
        'o' => pick(
            "Who made this description: an id of the session, and a version that grows with each new description.",
            "누가 만든 설명인지 나타내요. 세션의 번호와, 새로 만들 때마다 커지는 버전이 들어 있어요.",
        ),
        's' => {
            pick("The session's name. Browsers give it none.", "세션의 이름이에요. 브라우저는 이름을 붙이지 않아요.")
        }
        't' => pick(
            "From when to when the session lasts. 0 0: it has no end.",
            "세션의 시작과 끝이에요. 0 0은 끝이 없다는 뜻이에요.",
        ),
        'c' => pick(
            "The address for media. ICE finds the real one, so browsers write 0.0.0.0 at first.",
            "미디어를 받을 주소예요. 실제 주소는 ICE가 찾으므로 처음에는 0.0.0.0을 써요.",
        ),
        'b' => Some(bandwidth(&line.value, language)),
        'm' => media(&line.value, language),
        'a' => attribute(line, language),
        _ => None,
    }
}

fn bandwidth(value: &str, language: Language) -> String {
    let limit = value.split_once(':').map_or(value, |(_, limit)| limit);
    let unit = if value.starts_with("TIAS") { "bit/s" } else { "kbit/s" };
    language.pick(
        format!("The other side may send at most {limit} {unit}."),
        format!("상대는 {limit} {unit}까지만 보낼 수 있어요."),
    )
}

fn media(value: &str, language: Language) -> Option<String> {
    let mut words = value.split_ascii_whitespace();
    let (kind, port) = (words.next()?, words.next()?);
    let what = match kind {
        "audio" => language.pick("sound", "소리"),
        "video" => language.pick("a picture", "영상"),
        "application" => language.pick("data channels", "데이터 채널"),
        other => other,
    };
    Some(match port {
        "0" => language.pick(
            format!("A section for {what}, with port 0: it is refused, or it uses another section's transport."),
            format!("{what} 구간이에요. 포트가 0이면 거절했거나, 다른 구간의 전송로를 함께 쓴다는 뜻이에요."),
        ),
        _ => language.pick(
            format!("A section for {what}. The numbers at the end are its formats, the preferred one first."),
            format!("{what} 구간이에요. 끝의 번호들은 형식이고, 앞에 있을수록 더 좋아하는 형식이에요."),
        ),
    })
}

fn attribute(line: &Line, language: Language) -> Option<String> {
    let (name, value) = line.attribute()?;
    let pick = |english: &str, korean: &str| Some(language.pick(english, korean).to_owned());
    match name {
        "group" if value.starts_with("BUNDLE") => pick(
            "All these sections share one transport: one path, one encryption.",
            "이 구간들은 전송로 하나를 함께 써요. 경로도 암호화도 하나예요.",
        ),
        "group" => pick("These sections belong together.", "이 구간들은 서로 묶여 있어요."),
        "msid-semantic" => pick(
            "Stream ids in this description are those of WebRTC.",
            "이 설명의 스트림 번호가 WebRTC의 것이라는 뜻이에요.",
        ),
        "extmap-allow-mixed" => pick(
            "Header extensions of one and of two bytes may be mixed.",
            "한 바이트와 두 바이트 헤더 확장을 섞어 쓸 수 있어요.",
        ),
        "mid" => pick(
            "The section's name. It stays the same in later descriptions.",
            "구간의 이름이에요. 다음 설명에서도 바뀌지 않아요.",
        ),
        "ice-ufrag" => pick(
            "The user name for this side's connectivity checks. A new one means that ICE restarts.",
            "연결 확인에 쓰는 사용자 이름이에요. 새 이름이면 ICE를 다시 시작한다는 뜻이에요.",
        ),
        "ice-pwd" => pick(
            "The password for this side's connectivity checks. It proves that a check comes from the peer.",
            "연결 확인에 쓰는 비밀번호예요. 상대가 보낸 확인인지 가려 줘요.",
        ),
        "ice-options" if value.contains("trickle") => {
            pick("Candidates are sent one by one, as they are found.", "후보를 찾는 대로 하나씩 보내요.")
        }
        "ice-options" => pick("Extensions of ICE that this side knows.", "이쪽이 아는 ICE 확장이에요."),
        "ice-lite" => pick(
            "This side is a server with a public address: it answers checks and sends none.",
            "이쪽은 공인 주소를 가진 서버예요. 연결 확인에 답하기만 하고 보내지는 않아요.",
        ),
        "end-of-candidates" => pick("There are no more candidates.", "더 이상 후보가 없어요."),
        "candidate" => candidate(value, language),
        "remote-candidates" => pick("The pair that is in use.", "지금 쓰고 있는 쌍이에요."),
        "fingerprint" => pick(
            "The digest of this side's certificate. The DTLS handshake proves that the peer has it.",
            "이쪽 인증서의 지문이에요. DTLS 악수에서 상대가 그 인증서를 가졌는지 확인해요.",
        ),
        "setup" => setup(value, language),
        "tls-id" => pick("The id of the DTLS association.", "DTLS 연결의 번호예요."),
        "crypto" => pick(
            "A key of SDES, the encryption before DTLS. Browsers refuse it.",
            "DTLS 이전 방식인 SDES의 열쇠예요. 브라우저는 받아들이지 않아요.",
        ),
        "rtcp" => pick(
            "The port for reports (RTCP), where media and reports do not share one.",
            "보고(RTCP)용 포트예요. 미디어와 포트를 함께 쓰지 않을 때 필요해요.",
        ),
        "rtcp-mux" => pick("Media and reports share one port.", "미디어와 보고가 포트 하나를 함께 써요."),
        "rtcp-mux-only" => {
            pick("Media and reports share one port, and must.", "미디어와 보고가 반드시 포트 하나를 함께 써요.")
        }
        "rtcp-rsize" => pick("Reports may be short.", "보고를 짧게 보낼 수 있어요."),
        "bundle-only" => pick("The section has no transport of its own.", "이 구간은 자기 전송로가 없어요."),
        "sendrecv" => pick("Media goes both ways.", "미디어가 양쪽으로 흘러요."),
        "sendonly" => pick("This side sends and does not receive.", "이쪽은 보내기만 해요."),
        "recvonly" => pick("This side receives and does not send.", "이쪽은 받기만 해요."),
        "inactive" => pick("No media goes either way.", "미디어가 어느 쪽으로도 흐르지 않아요."),
        "msid" => pick("The stream and the track that this section sends.", "이 구간이 보내는 스트림과 트랙이에요."),
        "ssrc" => pick("A number that marks this section's packets.", "이 구간의 패킷에 붙는 번호예요."),
        "ssrc-group" if value.starts_with("FID") => {
            pick("The second number marks packets that are sent again.", "두 번째 번호는 다시 보내는 패킷에 붙어요.")
        }
        "ssrc-group" if value.starts_with("SIM") => pick(
            "These numbers mark one picture in several sizes (simulcast).",
            "같은 영상을 여러 크기로 보낼 때(사이멀캐스트) 붙는 번호들이에요.",
        ),
        "ssrc-group" => pick("These numbers belong together.", "서로 묶인 번호들이에요."),
        "rtpmap" => codec(value, language),
        "fmtp" => pick("Parameters of a format.", "형식의 세부 설정이에요."),
        "rtcp-fb" => Some(feedback(value, language)),
        "extmap" => Some(header_extension(value, language)),
        "rid" => pick(
            "The name of one of the sizes in which the picture is sent.",
            "영상을 보내는 여러 크기 가운데 하나의 이름이에요.",
        ),
        "simulcast" => pick(
            "The picture is sent in several sizes at once, for the receiver or a server to choose from.",
            "영상을 여러 크기로 동시에 보내요. 받는 쪽이나 서버가 고를 수 있어요.",
        ),
        "ptime" => pick("Milliseconds of sound in each packet.", "패킷 하나에 담는 소리의 길이(밀리초)예요."),
        "maxptime" => pick(
            "At most so many milliseconds of sound in each packet.",
            "패킷 하나에 담을 수 있는 소리의 최대 길이(밀리초)예요.",
        ),
        "sctp-port" => pick(
            "The port inside the encrypted connection that data channels use.",
            "암호화된 연결 안에서 데이터 채널이 쓰는 포트예요.",
        ),
        "sctpmap" => pick("Data channels, in the words of old browsers.", "옛 브라우저가 쓰던 데이터 채널 표기예요."),
        "max-message-size" => pick(
            "The largest message on a data channel, in bytes.",
            "데이터 채널로 받을 수 있는 가장 큰 메시지(바이트)예요.",
        ),
        "imageattr" => pick("Sizes of pictures that are wanted or sent.", "원하거나 보내는 영상의 크기예요."),
        "framerate" => pick("The largest frame rate.", "초당 프레임 수의 상한이에요."),
        _ => None,
    }
}

fn setup(value: &str, language: Language) -> Option<String> {
    let (english, korean) = match value.trim() {
        "actpass" => (
            "The answerer may choose which side opens the encrypted connection (DTLS).",
            "암호화 연결(DTLS)을 어느 쪽이 열지 답하는 쪽이 골라요.",
        ),
        "active" => ("This side opens the encrypted connection (DTLS).", "이쪽이 암호화 연결(DTLS)을 열어요."),
        "passive" => (
            "This side waits for the other to open the encrypted connection (DTLS).",
            "상대가 암호화 연결(DTLS)을 열기를 기다려요.",
        ),
        _ => ("No encrypted connection is opened.", "암호화 연결을 열지 않아요."),
    };
    Some(language.pick(english, korean).to_owned())
}

fn codec(value: &str, language: Language) -> Option<String> {
    let (payload_type, codec) = value.split_once(' ')?;
    let name = codec.split('/').next().unwrap_or(codec);
    let (english, korean) = match name.to_ascii_lowercase().as_str() {
        "rtx" => ("packets that are sent again", "다시 보내는 패킷"),
        "red" => ("redundant copies, against loss", "손실에 대비한 사본"),
        "ulpfec" | "flexfec-03" | "flexfec" => ("repair data, against loss", "손실을 메우는 복구 데이터"),
        "cn" => ("comfort noise during silence", "조용할 때의 편안한 잡음"),
        "telephone-event" => ("the tones of telephone keys", "전화 버튼 소리"),
        _ => ("", ""),
    };
    Some(if english.is_empty() {
        language.pick(format!("Format {payload_type} is {codec}."), format!("{payload_type}번 형식은 {codec}이에요."))
    } else {
        language.pick(
            format!("Format {payload_type} carries {english} ({name})."),
            format!("{payload_type}번 형식은 {korean}을 실어요({name})."),
        )
    })
}

fn feedback(value: &str, language: Language) -> String {
    let kind = value.split_once(' ').map_or(value, |(_, kind)| kind).trim();
    let (english, korean) = match kind {
        "nack" => {
            ("The receiver may ask for lost packets again.", "받는 쪽이 잃어버린 패킷을 다시 달라고 할 수 있어요.")
        }
        "nack pli" => (
            "The receiver may say that the picture is lost, and get a whole one (PLI).",
            "받는 쪽이 영상을 놓쳤다고 알리고 전체 화면을 받을 수 있어요(PLI).",
        ),
        "ccm fir" => {
            ("The receiver may ask for a whole picture (FIR).", "받는 쪽이 전체 화면을 요청할 수 있어요(FIR).")
        }
        "transport-cc" => (
            "The receiver reports when each packet arrived; the sender measures the bandwidth with it.",
            "받는 쪽이 패킷마다 도착 시각을 알려요. 보내는 쪽은 그것으로 대역폭을 재요.",
        ),
        "goog-remb" => (
            "The receiver says how much bandwidth it believes there is (REMB).",
            "받는 쪽이 짐작하는 대역폭을 알려요(REMB).",
        ),
        _ => ("A kind of report that the receiver may send.", "받는 쪽이 보낼 수 있는 보고의 한 종류예요."),
    };
    language.pick(english, korean).to_owned()
}

fn header_extension(value: &str, language: Language) -> String {
    let uri = value.split_ascii_whitespace().nth(1).unwrap_or_default();
    let name = uri.rsplit(['/', ':']).next().unwrap_or(uri);
    let (english, korean) = match name {
        "ssrc-audio-level" => ("how loud it is", "소리의 크기"),
        "toffset" => ("when the packet was really sent", "실제로 보낸 시각"),
        "abs-send-time" => ("when it was sent", "보낸 시각"),
        "abs-capture-time" => ("when it was captured", "찍거나 녹음한 시각"),
        "video-orientation" => ("how the camera is turned", "카메라가 돌아간 방향"),
        "draft-holmer-rmcat-transport-wide-cc-extensions-01" => {
            ("a number by which the receiver reports its arrival", "도착을 보고할 때 쓰는 번호")
        }
        "playout-delay" => ("how long to wait before showing it", "보여 주기 전에 기다릴 시간"),
        "video-content-type" => ("whether it shows a screen or a camera", "화면 공유인지 카메라인지"),
        "video-timing" => ("how long each step took", "단계마다 걸린 시간"),
        "color-space" => ("which colours are meant", "색 공간"),
        "mid" => ("which section it belongs to", "어느 구간의 패킷인지"),
        "rtp-stream-id" | "RtpStreamId" => ("which size of the picture it is", "영상의 어느 크기인지"),
        "repaired-rtp-stream-id" => ("which size of the picture it repairs", "영상의 어느 크기를 복구하는지"),
        _ => {
            return language
                .pick(format!("Packets carry one thing more: {uri}"), format!("패킷에 정보 하나를 더 실어요: {uri}"));
        }
    };
    language.pick(format!("Each packet says {english}."), format!("패킷마다 {korean}을(를) 알려요."))
}

fn candidate(value: &str, language: Language) -> Option<String> {
    let candidate: Candidate = value.parse().ok()?;
    let (english, korean) = match (candidate.kind, candidate.family()) {
        (CandidateKind::Host, Family::Mdns) => (
            "an address of this machine, behind a random name that only its own network resolves",
            "이 기기의 주소예요. 같은 네트워크에서만 풀리는 임의의 이름으로 가렸어요",
        ),
        (CandidateKind::Host, _) => ("an address of this machine", "이 기기의 주소예요"),
        (CandidateKind::ServerReflexive, _) => {
            ("the address under which a STUN server sees this side", "STUN 서버에 보이는 이쪽의 주소예요")
        }
        (CandidateKind::PeerReflexive, _) => {
            ("the address under which the peer sees this side", "상대에게 보이는 이쪽의 주소예요")
        }
        (CandidateKind::Relay, _) => {
            ("an address at a TURN server, which passes everything on", "모든 것을 전달해 주는 TURN 서버의 주소예요")
        }
    };
    let transport = candidate.transport.to_uppercase();
    Some(language.pick(
        format!("A way to reach this side over {transport}: {english}."),
        format!("{transport}로 이쪽에 닿는 길이에요: {korean}."),
    ))
}
