//! Descriptions that come late, twice, or from another connection: one named case a test.

mod support;

use support::*;
use vitrine_negotiation::Action::{Note as Noted, Send, SetLocalDescription};
use vitrine_negotiation::Input::{
    LocalDescriptionSet, NegotiationNeeded, OfferAgain, RemoteDescription, RemoteDescriptionSet,
};
use vitrine_negotiation::Role::{Impolite, Polite};
use vitrine_negotiation::{Action, Misplaced, Negotiation, Note, Role};
use vitrine_protocol::signaling::{DescriptionTag, SdpType, SessionDescription};

fn tagged(description: SessionDescription, tag: DescriptionTag) -> SessionDescription {
    SessionDescription { tag: Some(tag), ..description }
}

fn from(connection: &str, serial: u32) -> DescriptionTag {
    DescriptionTag { connection: connection.to_owned(), serial, ..DescriptionTag::default() }
}

fn polite(tag: DescriptionTag) -> DescriptionTag {
    DescriptionTag { polite: true, ..tag }
}

fn machine(role: Role) -> Negotiation {
    Negotiation::tagged(role, "here".to_owned())
}

/// Makes an offer; returns it as it is sent.
fn offer_of(machine: &mut Negotiation) -> SessionDescription {
    match machine.handle(LocalDescriptionSet(offer("a1"))).as_slice() {
        [Send(description)] => description.clone(),
        other => panic!("no offer was sent, but {other:?}"),
    }
}

fn misplaced(kind: SdpType, why: Misplaced) -> Vec<Action> {
    vec![Noted(Note::DescriptionMisplaced { kind, why })]
}

#[test]
fn offers_are_numbered_and_an_answer_names_the_offer_it_is_for() {
    let mut here = machine(Polite);
    here.handle(RemoteDescription(tagged(offer("b1"), from("there", 7))));
    here.handle(RemoteDescriptionSet);
    let tag = DescriptionTag { to: Some("there".to_owned()), answers: Some(7), ..from("here", 1) };
    assert_eq!(here.handle(LocalDescriptionSet(answer("a1"))), [Send(tagged(answer("a1"), polite(tag)))]);
    here.handle(NegotiationNeeded);
    let tag = DescriptionTag { to: Some("there".to_owned()), ..from("here", 2) };
    assert_eq!(offer_of(&mut here), tagged(offer("a1"), polite(tag)));
}

#[test]
fn an_answer_to_an_offer_that_was_made_again_is_stale() {
    let mut here = machine(Impolite);
    here.handle(NegotiationNeeded);
    assert_eq!(offer_of(&mut here).tag, Some(from("here", 1)));
    here.handle(OfferAgain);
    assert_eq!(offer_of(&mut here).tag, Some(from("here", 2)));
    let answers = |offer| tagged(answer("b1"), polite(DescriptionTag { answers: Some(offer), ..from("there", offer) }));
    assert_eq!(here.handle(RemoteDescription(answers(1))), [Noted(Note::StaleAnswer)]);
    assert_eq!(here.handle(RemoteDescription(answers(2))), [set_remote(answers(2))]);
}

#[test]
fn an_offer_that_comes_twice_is_answered_once() {
    let mut here = machine(Polite);
    let first = tagged(offer("b1"), from("there", 1));
    here.handle(RemoteDescription(first.clone()));
    here.handle(RemoteDescriptionSet);
    here.handle(LocalDescriptionSet(answer("a1")));
    assert_eq!(here.handle(RemoteDescription(first)), misplaced(SdpType::Offer, Misplaced::Repeated));
}

#[test]
fn a_description_of_another_connection_is_told_apart_and_dropped() {
    let mut here = machine(Impolite);
    here.handle(NegotiationNeeded);
    offer_of(&mut here);
    let of_theirs = tagged(answer("b1"), polite(DescriptionTag { answers: Some(1), ..from("there", 1) }));
    here.handle(RemoteDescription(of_theirs));
    here.handle(RemoteDescriptionSet);
    let anew = tagged(offer("c1"), from("there anew", 1));
    assert!(here.is_from_another_connection(&anew));
    assert_eq!(here.handle(RemoteDescription(anew)), misplaced(SdpType::Offer, Misplaced::AnotherConnection));
    let for_another = DescriptionTag { to: Some("here before".to_owned()), ..from("there", 2) };
    let actions = here.handle(RemoteDescription(tagged(offer("b2"), for_another)));
    assert_eq!(actions, misplaced(SdpType::Offer, Misplaced::AnotherConnection));
}

#[test]
fn a_plain_client_without_tags_is_negotiated_with_all_the_same() {
    let mut here = machine(Impolite);
    here.handle(NegotiationNeeded);
    offer_of(&mut here);
    assert_eq!(here.handle(RemoteDescription(answer("b1"))), [set_remote(answer("b1"))]);
    here.handle(RemoteDescriptionSet);
    assert_eq!(here.handle(RemoteDescription(offer("b1"))), [set_remote(offer("b1"))]);
    here.handle(RemoteDescriptionSet);
    here.handle(LocalDescriptionSet(answer("a1")));
    assert_eq!(here.handle(RemoteDescription(offer("b1"))), [set_remote(offer("b1"))]);
    assert_eq!(here.handle(RemoteDescriptionSet), [SetLocalDescription(SdpType::Answer)]);
}

#[test]
fn two_that_began_with_the_same_role_settle_on_different_ones() {
    for role in [Polite, Impolite] {
        let mut here = Negotiation::tagged(role, "here".to_owned());
        let mut there = Negotiation::tagged(role, "there".to_owned());
        here.handle(NegotiationNeeded);
        there.handle(NegotiationNeeded);
        let (of_here, of_there) = (offer_of(&mut here), offer_of(&mut there));
        here.handle(RemoteDescription(of_there));
        there.handle(RemoteDescription(of_here));
        assert_eq!((here.role(), there.role()), (Impolite, Polite));
    }
}
