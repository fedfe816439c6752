//! The words for each kind of finding: what it means, and what to do. English first, then Korean.

use crate::finding::{Cause, Finding, FindingCode};

/// The words for one kind of finding.
pub struct Words {
    /// What it means.
    pub meaning: (&'static str, &'static str),
    /// What to do.
    pub advice: (&'static str, &'static str),
}

const fn say(meaning: &'static str, meaning_ko: &'static str, advice: &'static str, advice_ko: &'static str) -> Words {
    Words { meaning: (meaning, meaning_ko), advice: (advice, advice_ko) }
}

/// The words for this finding.
#[expect(clippy::too_many_lines, reason = "one text after the other")]
pub fn words(finding: &Finding) -> Words {
    use FindingCode as Code;
    match finding.code {
        Code::Malformed => say(
            "A part of the file cannot be read. The rest was.",
            "파일의 일부를 읽을 수 없어요. 나머지는 읽었어요.",
            "Record the call again, or check whether the file was edited.",
            "다시 기록하거나, 파일이 편집되지 않았는지 확인해 주세요.",
        ),
        Code::Truncated => say(
            "The file ends in the middle, or is longer than what is read. What came before was read.",
            "파일이 중간에 끝나거나 읽을 수 있는 것보다 길어요. 앞부분은 읽었어요.",
            "Copy the file again, whole.",
            "파일을 끝까지 다시 복사해 주세요.",
        ),
        Code::LegacyStats => say(
            "The statistics are those of the browser’s old callback API. They mean something else, so they were not read.",
            "브라우저의 옛 콜백 API로 얻은 통계예요. 뜻이 달라서 읽지 않았어요.",
            "Record with getStats() as a promise. Events and states are explained all the same.",
            "프라미스 방식 getStats()로 기록해 주세요. 이벤트와 상태는 그대로 설명해요.",
        ),
        Code::DeviceRefused => say(
            "The browser did not get permission for the camera or the microphone.",
            "카메라나 마이크 사용을 허락받지 못했어요.",
            "Allow it with the icon next to the page’s address, or in the system’s settings for privacy.",
            "주소창 옆 아이콘이나 시스템의 개인정보 설정에서 허용해 주세요.",
        ),
        Code::DeviceBusy => say(
            "The camera or microphone could not be started: another program holds it, or its driver failed.",
            "카메라나 마이크를 켤 수 없었어요. 다른 프로그램이 쓰고 있거나 드라이버에 문제가 있어요.",
            "Close other programs that use it, or plug it in again.",
            "그 장치를 쓰는 다른 프로그램을 닫거나, 장치를 다시 연결해 주세요.",
        ),
        Code::DeviceMissing => say(
            "There is no such camera or microphone.",
            "카메라나 마이크를 찾지 못했어요.",
            "Plug it in, or choose another one.",
            "장치를 연결하거나 다른 장치를 골라 주세요.",
        ),
        Code::CaptureEnded => say(
            "The camera, microphone or screen ended by itself in the call: it was unplugged, or permission was withdrawn.",
            "통화 중에 카메라, 마이크 또는 화면 공유가 저절로 끝났어요. 장치가 빠졌거나 허락이 취소됐어요.",
            "Plug it in again, and switch it on again.",
            "장치를 다시 연결하고 켜 주세요.",
        ),
        Code::PageSlept if finding.cause == Cause::Theirs => say(
            "The other side’s page does nothing: its device sleeps, or its browser froze the tab. What its browser does by itself goes on.",
            "상대방 페이지가 멈춰 있어요. 기기가 잠들었거나 브라우저가 탭을 얼렸어요. 브라우저가 스스로 하는 일은 이어져요.",
            "Ask them to bring the tab to the front, or to wake the device.",
            "상대방에게 탭을 앞으로 가져오거나 기기를 깨워 달라고 하세요.",
        ),
        Code::PageSlept => say(
            "The page did nothing for a while: the device slept, or the browser froze the tab. What was measured over that time means nothing.",
            "한동안 페이지가 멈춰 있었어요. 기기가 잠들었거나 브라우저가 탭을 얼렸어요. 그동안의 측정값은 뜻이 없어요.",
            "Keep the tab in front, or the device awake, during a call.",
            "통화 중에는 탭을 앞에 두거나 기기가 잠들지 않게 해 주세요.",
        ),
        Code::SignalingDown => say(
            "The connection to the signaling server was lost. Calls that are connected go on without it.",
            "시그널링 서버와의 연결이 끊겼어요. 이미 연결된 통화는 서버 없이 이어져요.",
            "Nobody can join meanwhile. Check the server if it lasts.",
            "그동안은 새로 들어올 수 없어요. 오래가면 서버를 확인해 주세요.",
        ),
        Code::AnswerMissing => say(
            "An offer was sent, and its answer did not come for long. The peer is gone, or the message was lost.",
            "제안을 보냈는데 답이 오래 오지 않았어요. 상대가 나갔거나 메시지가 사라졌어요.",
            "Check that signaling delivers to the peer, and that the peer’s page is awake.",
            "시그널링이 상대에게 닿는지, 상대의 페이지가 깨어 있는지 확인해 주세요.",
        ),
        Code::TurnCredentials => say(
            "A TURN server refuses the user name or the password: they are wrong, or have expired.",
            "TURN 서버가 사용자 이름이나 비밀번호를 거절해요. 틀렸거나 기한이 지났어요.",
            "Whoever runs the service has to compare the secret of the server with that of the TURN server, and both clocks.",
            "운영자가 두 서버의 비밀 값과 시계를 비교해 봐야 해요.",
        ),
        Code::TurnQuota => say(
            "A TURN server has no room left for this user: a quota is used up.",
            "TURN 서버에 남은 자리가 없어요. 할당량을 다 썼어요.",
            "Whoever runs the service has to raise the quota. Each participant of a mesh needs one allocation for each other.",
            "운영자가 할당량을 늘려야 해요. 메시 통화에서는 상대마다 할당이 하나씩 필요해요.",
        ),
        Code::TurnUnreachable => say(
            "A TURN server is configured and gave no relay address: it is down, or this network does not let the way to it through.",
            "설정된 TURN 서버에서 중계 주소를 받지 못했어요. 서버가 꺼졌거나 이 네트워크가 길을 막아요.",
            "Try another network. Whoever runs the service should offer TURN over TLS on port 443 too.",
            "다른 네트워크에서 시도해 보세요. 운영자는 443번 포트의 TLS로도 TURN을 제공하는 것이 좋아요.",
        ),
        Code::StunUnreachable => say(
            "No STUN server answered, so this side does not know its own public address.",
            "STUN 서버가 답하지 않아서 이쪽의 공인 주소를 알 수 없어요.",
            "Check whether the network lets UDP out, and whether the server’s address is right.",
            "네트워크가 UDP를 내보내는지, 서버 주소가 맞는지 확인해 주세요.",
        ),
        Code::UdpBlocked => say(
            "This network lets no UDP out. Media has to go through a relay over TCP or TLS, with more delay.",
            "이 네트워크는 UDP를 내보내지 않아요. 미디어가 TCP나 TLS로 중계 서버를 거치므로 더 늦어요.",
            "Try another network, or ask its administrator to let UDP out.",
            "다른 네트워크를 쓰거나, 관리자에게 UDP를 허용해 달라고 하세요.",
        ),
        Code::SymmetricNat => say(
            "The router gives another port for each destination (symmetric NAT). A direct way exists only to peers without such a router.",
            "공유기가 상대마다 다른 포트를 줘요(대칭형 NAT). 상대도 이런 공유기면 바로 연결할 수 없어요.",
            "A TURN server is needed for such networks.",
            "이런 네트워크에는 TURN 서버가 필요해요.",
        ),
        Code::TurnNeeded => say(
            "No direct way between the two networks exists, and no TURN server is configured that could relay.",
            "두 네트워크를 바로 잇는 길이 없고, 중계해 줄 TURN 서버도 설정되어 있지 않아요.",
            "Whoever runs the service has to configure a TURN server.",
            "운영자가 TURN 서버를 설정해야 해요.",
        ),
        Code::PeerPermission => say(
            "The relay was there, and what was sent through it was never answered: it may not pass on to the peer, or the peer is not reached.",
            "중계 서버는 있었지만 보낸 것에 답이 없었어요. 중계 서버가 상대에게 전달하지 못했거나 상대에게 닿지 않아요.",
            "Check which peers the TURN server allows, its firewall, and its announced address.",
            "TURN 서버가 허용하는 상대, 방화벽, 알리는 주소를 확인해 주세요.",
        ),
        Code::PairBroken => say(
            "Two of the room do not connect with each other, though both connect with the others. Something stands between just these two networks.",
            "다른 사람들과는 연결되는데 두 사람끼리만 연결되지 않아요. 그 두 네트워크 사이에 문제가 있어요.",
            "A relay for this pair helps. Leaving and entering again may move the problem, and does not mend it.",
            "이 두 사람에게는 중계 서버가 도움이 돼요. 나갔다 들어와도 고쳐지지 않아요.",
        ),
        Code::DtlsFailed => say(
            "A path was found, and the encrypted connection (DTLS) did not come about over it: a firewall drops its packets, or a fingerprint is wrong.",
            "길은 찾았지만 그 위에서 암호화 연결(DTLS)이 이루어지지 않았어요. 방화벽이 패킷을 버리거나 지문이 틀려요.",
            "Try another network. If it happens everywhere, check that signaling passes descriptions on unchanged.",
            "다른 네트워크에서 시도해 보세요. 어디서나 그렇다면 시그널링이 설명을 그대로 전달하는지 확인해 주세요.",
        ),
        Code::IceWarmUp => say(
            "The first attempt knew only the addresses of this machine and failed; a later one had more and connected.",
            "첫 시도에는 이 기기의 주소만 있어서 실패했고, 나중에 후보가 더 생겨 연결됐어요.",
            "Nothing to do. If it happens often, wait for STUN and TURN before giving up.",
            "할 일은 없어요. 자주 그렇다면 포기하기 전에 STUN과 TURN을 기다리게 하세요.",
        ),
        Code::SlowGathering => say(
            "A STUN or TURN server took long for its first answer, which delays the connection.",
            "STUN이나 TURN 서버의 첫 답이 늦어서 연결도 늦어졌어요.",
            "Use servers that are nearer, and fewer of them.",
            "더 가까운 서버를, 더 적게 쓰세요.",
        ),
        Code::StaleCandidate => say(
            "A candidate of an earlier attempt came late, or belongs to no description. It is ignored.",
            "이전 시도의 후보가 늦게 왔거나 어느 설명에도 속하지 않아요. 무시해요.",
            "Nothing to do.",
            "할 일은 없어요.",
        ),
        Code::Glare => say(
            "Both sides made an offer at once. One gave way; nothing is lost.",
            "양쪽이 동시에 제안을 보냈어요. 한쪽이 양보했고 잃은 것은 없어요.",
            "Nothing to do, unless the application reports an error.",
            "앱이 오류를 알리지 않는 한 할 일은 없어요.",
        ),
        Code::PathLost => say(
            "The path was lost: nothing got through any more.",
            "길이 끊겨서 아무것도 닿지 않았어요.",
            "Check the network of both sides: Wi-Fi, a change of network, a sleeping device.",
            "양쪽의 네트워크를 확인해 주세요. 와이파이, 네트워크 변경, 잠든 기기가 흔한 까닭이에요.",
        ),
        Code::PathUnstable => say(
            "The path was lost or changed again and again within a short time.",
            "짧은 사이에 길이 여러 번 끊기거나 바뀌었어요.",
            "Use a cable, or come nearer to the access point.",
            "유선으로 연결하거나 공유기에 더 가까이 가세요.",
        ),
        Code::PathChanged => say(
            "Media took another path than before: a better one was found, or the old one was lost.",
            "미디어가 전과 다른 길로 갔어요. 더 나은 길을 찾았거나 옛길이 끊겼어요.",
            "Nothing to do.",
            "할 일은 없어요.",
        ),
        Code::UplinkShared => say(
            "The upload of this side is full: everything is sent once for each participant.",
            "이쪽의 업로드가 가득 찼어요. 참가자마다 따로 보내기 때문이에요.",
            "Switch the camera off or choose a smaller picture, or use a faster connection.",
            "카메라를 끄거나 화면을 줄이거나 더 빠른 연결을 쓰세요.",
        ),
        Code::Congestion => say(
            "The path is full: the delay rises and the picture is made smaller to fit.",
            "길이 가득 찼어요. 지연이 늘고, 맞추려고 화질을 낮추고 있어요.",
            "Stop other transfers on this network, or use a faster connection.",
            "이 네트워크의 다른 전송을 멈추거나 더 빠른 연결을 쓰세요.",
        ),
        Code::PacketLoss => say(
            "More than one of twenty packets is lost on the way.",
            "패킷이 스무 개에 하나 넘게 사라져요.",
            "Use a cable, or come nearer to the access point.",
            "유선으로 연결하거나 공유기에 더 가까이 가세요.",
        ),
        Code::HighLatency => say(
            "What is said arrives so late that people interrupt each other.",
            "말이 늦게 도착해서 서로 말이 겹쳐요.",
            "Leave the VPN, use a cable, or a relay that is nearer.",
            "VPN을 끄거나, 유선을 쓰거나, 더 가까운 중계 서버를 쓰세요.",
        ),
        Code::CpuLimited => say(
            "This device does not keep up with encoding the picture.",
            "이 기기가 영상 인코딩을 따라가지 못해요.",
            "Close other programs and tabs, or choose a smaller picture.",
            "다른 프로그램과 탭을 닫거나 화면을 줄이세요.",
        ),
        Code::DecodeLimited => say(
            "This device does not keep up with showing the pictures that arrive. The network is not the reason.",
            "이 기기가 도착한 영상을 보여 주는 속도를 따라가지 못해요. 네트워크 탓이 아니에요.",
            "Close other programs and tabs, or show fewer pictures.",
            "다른 프로그램과 탭을 닫거나 보이는 영상을 줄이세요.",
        ),
        Code::CameraLimited => say(
            "The camera delivers fewer frames than it did: in the dark it exposes longer, or another program shares it.",
            "카메라가 전보다 적은 프레임을 줘요. 어두우면 노출이 길어지고, 다른 프로그램과 함께 쓰면 줄어들어요.",
            "Make more light, or close other programs that use the camera.",
            "더 밝게 하거나, 카메라를 쓰는 다른 프로그램을 닫으세요.",
        ),
        Code::SilentMicrophone => say(
            "The microphone delivers complete silence: it is muted in the system or by its own switch, or it is the wrong one.",
            "마이크에서 아무 소리도 들어오지 않아요. 시스템이나 마이크 자체에서 꺼졌거나 다른 마이크예요.",
            "Check the switch on the microphone, the system’s input level, or choose another one.",
            "마이크의 스위치와 시스템의 입력 음량을 확인하거나 다른 마이크를 고르세요.",
        ),
        Code::NoMediaSent => say(
            "A track is there and nothing of it is sent, though the path works.",
            "길은 멀쩡한데 트랙이 전혀 보내지지 않아요.",
            "Switch the device off and on again.",
            "장치를 껐다가 다시 켜 보세요.",
        ),
        Code::MutedRemote => say(
            "The other side sends nothing over a track: it is muted there.",
            "상대가 그 트랙으로 아무것도 보내지 않아요. 상대 쪽에서 꺼져 있어요.",
            "Ask them to switch it on.",
            "상대에게 켜 달라고 하세요.",
        ),
        Code::NoMediaReceived => say(
            "Nothing arrives, though the connection is said to work.",
            "연결됐다고 하는데 아무것도 도착하지 않아요.",
            "Ask the other side whether its device is on. If it is, connect again.",
            "상대의 장치가 켜져 있는지 물어보고, 켜져 있다면 다시 연결해 보세요.",
        ),
        Code::StuckDecoder => say(
            "A picture arrives and none of it can be shown: whole frames are asked for and do not come.",
            "영상이 도착하는데 하나도 보여 줄 수 없어요. 전체 화면을 요청해도 오지 않아요.",
            "Ask the other side to switch the camera off and on again.",
            "상대에게 카메라를 껐다가 켜 달라고 하세요.",
        ),
        Code::AudibleConcealment => say(
            "So much sound is lost that people hear it: words are cut or sound metallic.",
            "소리가 많이 사라져서 들릴 정도예요. 말이 끊기거나 금속성으로 들려요.",
            "See to the loss of packets, or switch the cameras off.",
            "패킷 손실을 줄이거나 카메라를 꺼 보세요.",
        ),
    }
}
