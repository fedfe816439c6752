//! Descriptions that come late, twice, or from another connection: one named case a test.

mod support;

use support::*;
use vitrine_negotiation::Action::{AddCandidate, Note as Noted, Send, SetLocalDescription};
use vitrine_negotiation::Input::{
    LocalDescriptionSet, NegotiationNeeded, OfferAgain, RemoteCandidate, RemoteDescription, RemoteDescriptionSet,
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

#[test]
fn a_role_settled_against_a_connection_given_up_does_not_hold_against_the_next() {
    let mut here = machine(Impolite);
    here.handle(NegotiationNeeded);
    here.handle(RemoteDescription(tagged(offer("b1"), from("before", 1))));
    assert_eq!(here.role(), Polite);
    here.handle(RemoteDescription(tagged(offer("c1"), from("there", 1))));
    assert_eq!(here.role(), Impolite);
}

fn to_here(tag: DescriptionTag) -> DescriptionTag {
    DescriptionTag { to: Some("here".to_owned()), ..tag }
}

fn answers(offer: u32, tag: DescriptionTag) -> DescriptionTag {
    to_here(DescriptionTag { answers: Some(offer), ..tag })
}

/// A machine that has answered the offer of the connection `there`.
fn answered(role: Role) -> Negotiation {
    let mut here = machine(role);
    here.handle(RemoteDescription(tagged(offer("b1"), from("there", 1))));
    here.handle(RemoteDescriptionSet);
    here.handle(LocalDescriptionSet(answer("a1")));
    here
}

/// A machine that awaits the answer to its first offer.
fn offered(role: Role) -> Negotiation {
    let mut here = machine(role);
    here.handle(NegotiationNeeded);
    offer_of(&mut here);
    here
}

#[test]
fn when_the_other_side_starts_anew_its_candidates_may_come_before_its_offer() {
    let mut before = answered(Polite);
    assert_eq!(before.handle(RemoteCandidate(candidate("c1", 1))), []);
    let anew = tagged(offer("c1"), from("there anew", 1));
    assert!(before.is_from_another_connection(&anew));
    let mut here = before.anew("here anew".to_owned());
    assert_eq!(here.role(), Polite);
    assert_eq!(here.handle(RemoteDescription(anew.clone())), [set_remote(anew)]);
    assert_eq!(here.handle(RemoteDescriptionSet)[1..], [AddCandidate(candidate("c1", 1))]);
}

#[test]
fn what_comes_late_from_a_connection_given_up_starts_nothing_anew() {
    let anew = tagged(offer("c1"), from("there anew", 1));
    let mut here = answered(Polite).anew("here anew".to_owned());
    here.handle(RemoteDescription(anew));
    let late = tagged(offer("b1"), from("there", 1));
    assert!(!here.is_from_another_connection(&late));
    assert_eq!(here.handle(RemoteDescription(late)), misplaced(SdpType::Offer, Misplaced::AnotherConnection));
}

#[test]
fn a_side_that_starts_anew_offers_on_its_first_input_unless_that_is_an_offer() {
    let mut here = answered(Impolite).anew("here anew".to_owned());
    assert_eq!(here.handle(NegotiationNeeded), [SetLocalDescription(SdpType::Offer)]);
    assert_eq!(offer_of(&mut here).tag, Some(from("here anew", 1)));
    let of_there = tagged(answer("b1"), answers(1, from("there", 1)));
    let mut here = answered(Impolite).anew("here anew".to_owned());
    let actions = here.handle(RemoteDescription(of_there));
    assert_eq!(actions.last(), Some(&SetLocalDescription(SdpType::Offer)));
}

#[test]
fn an_ignored_offer_does_not_bind_to_its_connection() {
    let mut here = offered(Impolite);
    assert_eq!(here.handle(RemoteDescription(tagged(offer("b1"), from("there", 1)))), [Noted(Note::OfferIgnored)]);
    let of_anew = tagged(answer("c1"), answers(1, from("there anew", 1)));
    assert!(!here.is_from_another_connection(&of_anew));
    assert_eq!(here.handle(RemoteDescription(of_anew.clone())), [set_remote(of_anew)]);
    let late = tagged(offer("b1"), from("there", 2));
    assert!(!here.is_from_another_connection(&late));
}

#[test]
fn an_offer_that_waits_is_dropped_when_its_connection_is_given_up() {
    let mut here = machine(Polite);
    here.handle(NegotiationNeeded);
    here.handle(RemoteDescription(tagged(offer("b1"), from("there", 1))));
    let actions = here.handle(RemoteDescription(tagged(answer("c1"), answers(1, from("there anew", 1)))));
    assert_eq!(actions, misplaced(SdpType::Offer, Misplaced::AnotherConnection));
}

#[test]
fn a_side_that_starts_anew_may_negotiate_with_a_connection_that_never_heard_of_the_old_one() {
    let mut before = answered(Polite);
    assert_eq!(before.handle(RemoteCandidate(candidate("b1", 1))), [AddCandidate(candidate("b1", 1))]);
    let mut here = before.anew("here anew".to_owned());
    let again = tagged(offer("b1"), from("there", 2));
    assert_eq!(here.handle(RemoteDescription(again.clone())), [set_remote(again)]);
    assert_eq!(here.handle(RemoteDescriptionSet)[1..], [AddCandidate(candidate("b1", 1))]);
}

#[test]
fn an_answer_shows_too_that_the_other_side_started_anew_even_one_to_a_connection_given_up_here() {
    let here = answered(Polite);
    assert!(here.is_from_another_connection(&tagged(answer("c1"), answers(1, from("there anew", 1)))));
    let to_before = DescriptionTag { to: Some("here before".to_owned()), ..from("there anew", 1) };
    assert!(here.is_from_another_connection(&tagged(answer("c1"), to_before)));
}

#[test]
fn an_offer_that_was_taken_back_before_an_answer_is_old_when_it_comes_after_it() {
    let mut here = offered(Impolite);
    here.handle(RemoteDescription(tagged(answer("b1"), answers(1, from("there", 2)))));
    here.handle(RemoteDescriptionSet);
    let taken_back = tagged(offer("b2"), from("there", 1));
    assert_eq!(here.handle(RemoteDescription(taken_back)), misplaced(SdpType::Offer, Misplaced::Repeated));
}
