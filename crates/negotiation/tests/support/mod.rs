//! Short constructors for the tests of single rules.
#![allow(dead_code, reason = "each test file uses its own part")]

use vitrine_negotiation::{Action, Input, Negotiation, Role};
use vitrine_protocol::signaling::{IceCandidate, SdpType, SessionDescription};

pub fn description(kind: SdpType, fragment: &str) -> SessionDescription {
    SessionDescription::new(kind, format!("v=0\r\nm=audio\r\na=ice-ufrag:{fragment}\r\na=ice-pwd:secret\r\n"))
}

pub fn offer(fragment: &str) -> SessionDescription {
    description(SdpType::Offer, fragment)
}

pub fn answer(fragment: &str) -> SessionDescription {
    description(SdpType::Answer, fragment)
}

pub fn rollback() -> SessionDescription {
    SessionDescription::new(SdpType::Rollback, "")
}

pub fn set_remote(description: SessionDescription) -> Action {
    Action::SetRemoteDescription(description)
}

/// A complete candidate as a browser sends it. It is a TCP one: the priority of UDP candidates is rewritten.
pub fn candidate(fragment: &str, number: u16) -> IceCandidate {
    IceCandidate {
        candidate: format!(
            "candidate:{number} 1 tcp 1518280447 192.0.2.1 {number} typ host tcptype passive ufrag {fragment}"
        ),
        sdp_mid: Some("0".to_owned()),
        sdp_m_line_index: Some(0),
        username_fragment: Some(fragment.to_owned()),
        ..IceCandidate::default()
    }
}

/// A machine that has offered and got its answer. The peer's fragment is `b1`.
pub fn connected(role: Role) -> Negotiation {
    let mut machine = Negotiation::new(role);
    machine.handle(Input::NegotiationNeeded);
    machine.handle(Input::LocalDescriptionSet(offer("a1")));
    machine.handle(Input::RemoteDescription(answer("b1")));
    machine.handle(Input::RemoteDescriptionSet);
    assert!(machine.is_idle());
    machine
}
