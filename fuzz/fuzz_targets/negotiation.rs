//! A peer's descriptions and candidates of any text, tag and order, with connections replaced in between. Every candidate
//! is added, queued or dropped, and the queue stays bounded.
#![no_main]

use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use vitrine_negotiation::{Action, Input, Negotiation, Note, Role};
use vitrine_protocol::signaling::{DescriptionTag, IceCandidate, SdpType, SessionDescription};

/// The machine's bound of the queue.
const MAX_WAITING: usize = 256;

/// A tag of one of few connections, so that some descriptions belong to this one.
#[derive(Debug, Arbitrary)]
struct Tag {
    connection: u8,
    to: Option<u8>,
    serial: u8,
    polite: bool,
    answers: Option<u8>,
}

impl From<Tag> for DescriptionTag {
    fn from(tag: Tag) -> Self {
        Self {
            connection: connection(tag.connection),
            to: tag.to.map(connection),
            serial: tag.serial.into(),
            polite: tag.polite,
            answers: tag.answers.map(u32::from),
        }
    }
}

fn connection(number: u8) -> String {
    format!("connection {}", number % 4)
}

#[derive(Debug, Arbitrary)]
enum Event<'a> {
    Offer(&'a str, Option<Tag>),
    Answer(&'a str, Option<Tag>),
    Candidate(&'a str, Option<&'a str>),
    Needed,
    Restart,
    Done,
    Failed,
    Unsent(bool),
    ReplaceConnection(u8),
}

fn remote_description(kind: SdpType, sdp: &str, tag: Option<Tag>) -> Input {
    Input::RemoteDescription(SessionDescription { tag: tag.map(Into::into), ..SessionDescription::new(kind, sdp) })
}

fuzz_target!(|input: (bool, Vec<Event<'_>>)| {
    let (polite, events) = input;
    let mut machine = Negotiation::tagged(if polite { Role::Polite } else { Role::Impolite }, connection(0));
    let mut local = None;
    let mut remote = false;
    let (mut received, mut settled) = (0, 0);
    for event in events {
        let input = match event {
            Event::Offer(sdp, tag) => remote_description(SdpType::Offer, sdp, tag),
            Event::Answer(sdp, tag) => remote_description(SdpType::Answer, sdp, tag),
            Event::Candidate(text, fragment) => {
                received += 1;
                Input::RemoteCandidate(IceCandidate {
                    candidate: text.to_owned(),
                    username_fragment: fragment.map(str::to_owned),
                    ..IceCandidate::default()
                })
            }
            Event::ReplaceConnection(number) => {
                machine = machine.next_connection(connection(number));
                (local, remote, received, settled) = (None, false, 0, 0);
                continue;
            }
            Event::Needed => Input::NegotiationNeeded,
            Event::Restart => Input::RestartIce,
            Event::Failed => Input::DescriptionFailed("rejected".to_owned()),
            Event::Unsent(offer) => {
                let kind = if offer { SdpType::Offer } else { SdpType::Answer };
                Input::DescriptionUnsent { kind, reason: "too long".to_owned() }
            }
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
                Action::AddCandidate(_) | Action::Note(Note::CandidateDropped { .. }) => settled += 1,
                _ => {}
            }
        }
        assert!(received <= settled + MAX_WAITING, "{received} candidates received, only {settled} added or dropped");
    }
});
