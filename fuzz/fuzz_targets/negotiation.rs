//! What another participant sends about its connection: descriptions and candidates of any text, in any order. They are
//! added, kept or dropped, and never more of them kept than there may be.
#![no_main]

use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use vitrine_negotiation::{Action, Input, Negotiation, Role};
use vitrine_protocol::signaling::{IceCandidate, SdpType, SessionDescription};

#[derive(Debug, Arbitrary)]
enum Event<'a> {
    Offer(&'a str),
    Answer(&'a str),
    Candidate(&'a str, Option<&'a str>),
    Needed,
    Restart,
    Done,
    Failed,
}

fuzz_target!(|input: (bool, Vec<Event<'_>>)| {
    let (polite, events) = input;
    let mut machine = Negotiation::new(if polite { Role::Polite } else { Role::Impolite });
    let mut local = None;
    let mut remote = false;
    for event in events {
        let input = match event {
            Event::Offer(sdp) => Input::RemoteDescription(SessionDescription::new(SdpType::Offer, sdp)),
            Event::Answer(sdp) => Input::RemoteDescription(SessionDescription::new(SdpType::Answer, sdp)),
            Event::Candidate(text, fragment) => Input::RemoteCandidate(IceCandidate {
                candidate: text.to_owned(),
                username_fragment: fragment.map(str::to_owned),
                ..IceCandidate::default()
            }),
            Event::Needed => Input::NegotiationNeeded,
            Event::Restart => Input::RestartIce,
            Event::Failed => Input::DescriptionFailed("for a reason".to_owned()),
            Event::Done => match (local.take(), std::mem::take(&mut remote)) {
                (Some(kind), _) => Input::LocalDescriptionSet(SessionDescription::new(kind, "a=ice-ufrag:own")),
                (None, true) => Input::RemoteDescriptionSet,
                (None, false) => continue,
            },
        };
        for action in machine.handle(input) {
            match action {
                Action::SetLocalDescription(kind) => local = Some(kind),
                Action::SetRemoteDescription(_) => remote = true,
                _ => {}
            }
        }
    }
});
