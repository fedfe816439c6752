//! Descriptions that arrive late, twice, or from another connection: one rule per test.

mod support;

use support::*;
use vitrine_negotiation::Action::{AddCandidate, Note as Noted, Send, SetLocalDescription};
use vitrine_negotiation::Input::{
    LocalDescriptionSet, NegotiationNeeded, OfferAgain, RemoteCandidate, RemoteDescription, RemoteDescriptionSet,
};
use vitrine_negotiation::Role::{Impolite, Polite};
use vitrine_negotiation::{Action, Negotiation, Note, RejectReason, Role};
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

/// Completes the offer in the making. Returns the offer sent.
fn offer_of(machine: &mut Negotiation) -> SessionDescription {
    match machine.handle(LocalDescriptionSet(offer("a1"))).as_slice() {
        [Send(description)] => description.clone(),
        other => panic!("not an offer: {other:?}"),
    }
}

fn rejected(kind: SdpType, reason: RejectReason) -> Vec<Action> {
    vec![Noted(Note::DescriptionRejected { kind, reason })]
}

#[test]
fn descriptions_are_numbered_and_an_answer_names_its_offer() {
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
fn answer_to_a_repeated_offer_is_stale() {
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
fn duplicated_offer_is_answered_once() {
    let mut here = machine(Polite);
    let first = tagged(offer("b1"), from("there", 1));
    here.handle(RemoteDescription(first.clone()));
    here.handle(RemoteDescriptionSet);
    here.handle(LocalDescriptionSet(answer("a1")));
    assert_eq!(here.handle(RemoteDescription(first)), rejected(SdpType::Offer, RejectReason::Outdated));
}

#[test]
fn description_of_another_connection_is_rejected() {
    let mut here = machine(Impolite);
    here.handle(NegotiationNeeded);
    offer_of(&mut here);
    let remote_answer = tagged(answer("b1"), polite(DescriptionTag { answers: Some(1), ..from("there", 1) }));
    here.handle(RemoteDescription(remote_answer));
    here.handle(RemoteDescriptionSet);
    let new_offer = tagged(offer("c1"), from("new there", 1));
    assert!(here.is_from_another_connection(&new_offer));
    assert_eq!(here.handle(RemoteDescription(new_offer)), rejected(SdpType::Offer, RejectReason::OtherConnection));
    let for_another = DescriptionTag { to: Some("old here".to_owned()), ..from("there", 2) };
    let actions = here.handle(RemoteDescription(tagged(offer("b2"), for_another)));
    assert_eq!(actions, rejected(SdpType::Offer, RejectReason::OtherConnection));
}

#[test]
fn descriptions_without_tags_are_accepted() {
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
fn two_sides_of_the_same_role_settle_on_different_ones() {
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
fn role_is_settled_again_against_each_connection() {
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

/// A machine that answered the offer of connection `there`.
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
fn candidates_of_a_new_remote_connection_may_precede_its_offer() {
    let mut before = answered(Polite);
    assert_eq!(before.handle(RemoteCandidate(candidate("c1", 1))), []);
    let new_offer = tagged(offer("c1"), from("new there", 1));
    assert!(before.is_from_another_connection(&new_offer));
    let mut here = before.next_connection("new here".to_owned());
    assert_eq!(here.role(), Polite);
    assert_eq!(here.handle(RemoteDescription(new_offer.clone())), [set_remote(new_offer)]);
    assert_eq!(here.handle(RemoteDescriptionSet)[1..], [AddCandidate(candidate("c1", 1))]);
}

#[test]
fn late_offer_of_a_replaced_connection_is_rejected() {
    let new_offer = tagged(offer("c1"), from("new there", 1));
    let mut here = answered(Polite).next_connection("new here".to_owned());
    here.handle(RemoteDescription(new_offer));
    let late = tagged(offer("b1"), from("there", 1));
    assert!(!here.is_from_another_connection(&late));
    assert_eq!(here.handle(RemoteDescription(late)), rejected(SdpType::Offer, RejectReason::OtherConnection));
}

#[test]
fn next_connection_offers_on_its_first_input() {
    let mut here = answered(Impolite).next_connection("new here".to_owned());
    assert_eq!(here.handle(NegotiationNeeded), [SetLocalDescription(SdpType::Offer)]);
    assert_eq!(offer_of(&mut here).tag, Some(from("new here", 1)));
    let of_there = tagged(answer("b1"), answers(1, from("there", 1)));
    let mut here = answered(Impolite).next_connection("new here".to_owned());
    let actions = here.handle(RemoteDescription(of_there));
    assert_eq!(actions.last(), Some(&SetLocalDescription(SdpType::Offer)));
}

#[test]
fn ignored_offer_does_not_bind_to_its_connection() {
    let mut here = offered(Impolite);
    assert_eq!(here.handle(RemoteDescription(tagged(offer("b1"), from("there", 1)))), [Noted(Note::OfferIgnored)]);
    let new_answer = tagged(answer("c1"), answers(1, from("new there", 1)));
    assert!(!here.is_from_another_connection(&new_answer));
    assert_eq!(here.handle(RemoteDescription(new_answer.clone())), [set_remote(new_answer)]);
    let late = tagged(offer("b1"), from("there", 2));
    assert!(!here.is_from_another_connection(&late));
}

#[test]
fn queued_offer_is_dropped_when_its_connection_is_replaced() {
    let mut here = machine(Polite);
    here.handle(NegotiationNeeded);
    here.handle(RemoteDescription(tagged(offer("b1"), from("there", 1))));
    let actions = here.handle(RemoteDescription(tagged(answer("c1"), answers(1, from("new there", 1)))));
    assert_eq!(actions, rejected(SdpType::Offer, RejectReason::OtherConnection));
}

#[test]
fn next_connection_may_negotiate_with_an_unbound_remote_connection() {
    let mut before = answered(Polite);
    assert_eq!(before.handle(RemoteCandidate(candidate("b1", 1))), [AddCandidate(candidate("b1", 1))]);
    let mut here = before.next_connection("new here".to_owned());
    let again = tagged(offer("b1"), from("there", 2));
    assert_eq!(here.handle(RemoteDescription(again.clone())), [set_remote(again)]);
    assert_eq!(here.handle(RemoteDescriptionSet)[1..], [AddCandidate(candidate("b1", 1))]);
}

#[test]
fn answer_of_a_new_remote_connection_is_recognized() {
    let here = answered(Polite);
    assert!(here.is_from_another_connection(&tagged(answer("c1"), answers(1, from("new there", 1)))));
    let to_old = DescriptionTag { to: Some("old here".to_owned()), ..from("new there", 1) };
    assert!(here.is_from_another_connection(&tagged(answer("c1"), to_old)));
}

#[test]
fn offer_rolled_back_before_an_answer_is_outdated_after_it() {
    let mut here = offered(Impolite);
    here.handle(RemoteDescription(tagged(answer("b1"), answers(1, from("there", 2)))));
    here.handle(RemoteDescriptionSet);
    let rolled_back = tagged(offer("b2"), from("there", 1));
    assert_eq!(here.handle(RemoteDescription(rolled_back)), rejected(SdpType::Offer, RejectReason::Outdated));
}
