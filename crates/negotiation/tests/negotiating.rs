//! Which side offers, which gives way, and how failed operations are handled: one rule per test.

mod support;

use support::*;
use vitrine_negotiation::Action::{Note as Noted, RestartIce, Send, SetLocalDescription};
use vitrine_negotiation::Input::{
    DescriptionFailed, LocalDescriptionSet, NegotiationNeeded, OfferAgain, RemoteDescription, RemoteDescriptionSet,
};
use vitrine_negotiation::Role::{Impolite, Polite};
use vitrine_negotiation::{Action, Input, Negotiation, Note, Operation, Recovery, Role, SignalingState};
use vitrine_protocol::signaling::{SdpType, SessionDescription};

const MAKE_OFFER: Action = SetLocalDescription(SdpType::Offer);
const MAKE_ANSWER: Action = SetLocalDescription(SdpType::Answer);

#[test]
fn offer_is_made_sent_and_answered() {
    let mut machine = Negotiation::new(Impolite);
    assert_eq!(machine.handle(NegotiationNeeded), [MAKE_OFFER]);
    assert!(machine.making_offer());
    assert_eq!(machine.handle(LocalDescriptionSet(offer("a1"))), [Send(offer("a1"))]);
    assert_eq!(machine.signaling_state(), SignalingState::HaveLocalOffer);
    assert_eq!(machine.handle(RemoteDescription(answer("b1"))), [set_remote(answer("b1"))]);
    assert!(machine.is_setting_remote_answer_pending());
    assert_eq!(machine.handle(RemoteDescriptionSet), []);
    assert!(machine.is_idle());
}

#[test]
fn remote_offer_is_answered() {
    let mut machine = Negotiation::new(Polite);
    assert_eq!(machine.handle(RemoteDescription(offer("b1"))), [set_remote(offer("b1"))]);
    assert_eq!(machine.handle(RemoteDescriptionSet), [MAKE_ANSWER]);
    assert_eq!(machine.signaling_state(), SignalingState::HaveRemoteOffer);
    assert_eq!(machine.handle(LocalDescriptionSet(answer("a1"))), [Send(answer("a1"))]);
    assert!(machine.is_idle());
}

#[test]
fn need_while_remote_offer_is_set_is_left_to_the_answer() {
    let mut machine = Negotiation::new(Polite);
    machine.handle(RemoteDescription(offer("b1")));
    assert_eq!(machine.handle(NegotiationNeeded), []);
    assert_eq!(machine.handle(RemoteDescriptionSet), [MAKE_ANSWER]);
    assert_eq!(machine.handle(LocalDescriptionSet(answer("a1"))), [Send(answer("a1"))]);
    assert!(machine.is_idle());
}

#[test]
fn need_while_offer_is_made_is_in_that_offer() {
    let mut machine = Negotiation::new(Impolite);
    machine.handle(NegotiationNeeded);
    assert_eq!(machine.handle(NegotiationNeeded), []);
    machine.handle(LocalDescriptionSet(offer("a1")));
    machine.handle(RemoteDescription(answer("b1")));
    assert_eq!(machine.handle(RemoteDescriptionSet), []);
    assert!(machine.is_idle());
}

#[test]
fn needs_while_awaiting_answer_become_one_offer_once_stable() {
    let mut machine = awaiting_answer(Impolite);
    assert_eq!(machine.handle(NegotiationNeeded), []);
    assert_eq!(machine.handle(NegotiationNeeded), []);
    machine.handle(RemoteDescription(answer("b1")));
    assert_eq!(machine.handle(RemoteDescriptionSet), [MAKE_OFFER]);
    machine.handle(LocalDescriptionSet(offer("a1")));
    machine.handle(RemoteDescription(answer("b1")));
    assert_eq!(machine.handle(RemoteDescriptionSet), []);
}

#[test]
fn need_while_answer_is_made_is_offered_after_it() {
    let mut machine = Negotiation::new(Polite);
    machine.handle(RemoteDescription(offer("b1")));
    machine.handle(RemoteDescriptionSet);
    assert_eq!(machine.handle(NegotiationNeeded), []);
    assert_eq!(machine.handle(LocalDescriptionSet(answer("a1"))), [Send(answer("a1")), MAKE_OFFER]);
}

#[test]
fn impolite_side_ignores_colliding_offer_and_takes_the_answer() {
    let mut machine = awaiting_answer(Impolite);
    assert_eq!(machine.handle(RemoteDescription(offer("b1"))), [Noted(Note::OfferIgnored)]);
    assert!(machine.ignore_offer());
    assert_eq!(machine.handle(RemoteDescription(answer("b2"))), [set_remote(answer("b2"))]);
    assert!(!machine.ignore_offer());
}

#[test]
fn impolite_side_ignores_offer_that_arrives_while_it_makes_its_own() {
    let mut machine = Negotiation::new(Impolite);
    machine.handle(NegotiationNeeded);
    assert_eq!(machine.handle(RemoteDescription(offer("b1"))), []);
    let actions = machine.handle(LocalDescriptionSet(offer("a1")));
    assert_eq!(actions, [Send(offer("a1")), Noted(Note::OfferIgnored)]);
}

#[test]
fn offer_that_arrives_while_own_offer_fails_is_no_glare() {
    let mut machine = Negotiation::new(Impolite);
    machine.handle(NegotiationNeeded);
    machine.handle(RemoteDescription(offer("b1")));
    let actions = machine.handle(DescriptionFailed("no".to_owned()));
    assert_eq!(actions, [failed(Operation::LocalOffer, Recovery::None), set_remote(offer("b1"))]);
}

#[test]
fn polite_side_rolls_back_and_offers_again_if_the_browser_needs_it() {
    let mut machine = awaiting_answer(Polite);
    let actions = machine.handle(RemoteDescription(offer("b1")));
    assert_eq!(actions, [Noted(Note::OfferRolledBack), set_remote(offer("b1"))]);
    assert_eq!(machine.handle(RemoteDescriptionSet), [MAKE_ANSWER]);
    assert_eq!(machine.handle(LocalDescriptionSet(answer("a2"))), [Send(answer("a2"))]);
    assert_eq!(machine.handle(NegotiationNeeded), [MAKE_OFFER]);
}

#[test]
fn polite_side_does_not_send_offer_that_will_be_rolled_back() {
    let mut machine = Negotiation::new(Polite);
    machine.handle(NegotiationNeeded);
    machine.handle(RemoteDescription(offer("b1")));
    let actions = machine.handle(LocalDescriptionSet(offer("a1")));
    assert_eq!(actions, [Noted(Note::OfferRolledBack), set_remote(offer("b1"))]);
}

#[test]
fn answer_to_an_unsent_offer_is_ignored() {
    let mut machine = Negotiation::new(Polite);
    machine.handle(NegotiationNeeded);
    machine.handle(RemoteDescription(offer("b9")));
    machine.handle(LocalDescriptionSet(offer("a1")));
    machine.handle(RemoteDescription(answer("b1")));
    let actions = machine.handle(DescriptionFailed("no".to_owned()));
    let failed = failed(Operation::RemoteOffer, Recovery::OfferAgain);
    assert_eq!(actions, [failed, Noted(Note::StaleAnswer), MAKE_OFFER]);
}

#[test]
fn offer_right_after_answer_is_no_glare() {
    let mut machine = awaiting_answer(Impolite);
    machine.handle(RemoteDescription(answer("b1")));
    assert_eq!(machine.handle(RemoteDescription(offer("b1"))), []);
    assert_eq!(machine.handle(RemoteDescriptionSet), [set_remote(offer("b1"))]);
}

#[test]
fn remote_offer_goes_before_own_need() {
    let mut machine = awaiting_answer(Impolite);
    machine.handle(NegotiationNeeded);
    machine.handle(RemoteDescription(answer("b1")));
    machine.handle(RemoteDescription(offer("b1")));
    assert_eq!(machine.handle(RemoteDescriptionSet), [set_remote(offer("b1"))]);
}

#[test]
fn consecutive_offers_are_answered_in_order() {
    let mut machine = Negotiation::new(Polite);
    machine.handle(RemoteDescription(offer("b1")));
    assert_eq!(machine.handle(RemoteDescription(offer("b2"))), []);
    assert_eq!(machine.handle(RemoteDescriptionSet), [MAKE_ANSWER]);
    let actions = machine.handle(LocalDescriptionSet(answer("a1")));
    assert_eq!(actions, [Send(answer("a1")), set_remote(offer("b2"))]);
}

#[test]
fn stale_answer_is_ignored() {
    let mut machine = connected(Polite);
    assert_eq!(machine.handle(RemoteDescription(answer("b9"))), [Noted(Note::StaleAnswer)]);
    assert!(machine.is_idle());
}

#[test]
fn remote_pranswer_and_rollback_are_rejected() {
    for kind in [SdpType::Pranswer, SdpType::Rollback] {
        let mut machine = awaiting_answer(Polite);
        let actions = machine.handle(RemoteDescription(description(kind, "b1")));
        assert_eq!(actions, [Noted(Note::UnsupportedType(kind))]);
        assert_eq!(machine.operation(), None);
    }
}

#[test]
fn queue_of_descriptions_is_bounded() {
    let mut machine = Negotiation::new(Polite);
    machine.handle(NegotiationNeeded);
    let dropped = (0..1000).filter(|_| {
        machine.handle(RemoteDescription(offer("b1"))) == [Noted(Note::DescriptionDropped(SdpType::Offer))]
    });
    assert_eq!(dropped.count(), 1000 - 16);
}

#[test]
fn ice_restart_is_offered_at_once_when_stable() {
    for role in [Polite, Impolite] {
        assert_eq!(connected(role).handle(Input::RestartIce), [RestartIce, MAKE_OFFER]);
    }
}

#[test]
fn ice_restart_while_awaiting_answer_is_offered_after_it() {
    let mut machine = awaiting_answer(Impolite);
    assert_eq!(machine.handle(Input::RestartIce), [RestartIce]);
    machine.handle(RemoteDescription(answer("b1")));
    assert_eq!(machine.handle(RemoteDescriptionSet), [MAKE_OFFER]);
}

#[test]
fn ice_restart_while_answering_is_left_to_the_browser() {
    let mut machine = connected(Polite);
    machine.handle(RemoteDescription(offer("b2")));
    machine.handle(RemoteDescriptionSet);
    assert_eq!(machine.handle(Input::RestartIce), [RestartIce]);
    assert_eq!(machine.handle(LocalDescriptionSet(answer("a2"))), [Send(answer("a2"))]);
    assert_eq!(machine.handle(NegotiationNeeded), [MAKE_OFFER]);
}

#[test]
fn unanswered_offer_is_repeated() {
    let mut machine = awaiting_answer(Impolite);
    assert_eq!(machine.handle(OfferAgain), [MAKE_OFFER]);
    assert_eq!(machine.handle(LocalDescriptionSet(offer("a1"))), [Send(offer("a1"))]);
    assert_eq!(machine.handle(RemoteDescription(answer("b1"))), [set_remote(answer("b1"))]);
}

#[test]
fn offer_in_the_making_is_not_repeated() {
    let mut machine = Negotiation::new(Impolite);
    machine.handle(NegotiationNeeded);
    assert_eq!(machine.handle(OfferAgain), []);
    assert_eq!(machine.handle(LocalDescriptionSet(offer("a1"))), [Send(offer("a1"))]);
}

#[test]
fn unsent_offer_awaits_no_answer_and_gives_way() {
    for role in [Polite, Impolite] {
        let mut machine = awaiting_answer(role);
        assert!(machine.awaits_answer());
        assert_eq!(machine.handle(unsent(SdpType::Offer)), [Noted(note(SdpType::Offer))]);
        assert!(!machine.awaits_answer());
        assert_eq!(machine.operation(), None, "another offer would be as long");
        let actions = machine.handle(RemoteDescription(offer("b1")));
        assert_eq!(actions, [Noted(Note::OfferRolledBack), set_remote(offer("b1"))]);
        assert_eq!(machine.handle(RemoteDescriptionSet), [MAKE_ANSWER]);
        machine.handle(LocalDescriptionSet(answer("a1")));
        assert!(machine.is_idle());
    }
}

#[test]
fn new_need_after_unsent_offer_is_offered() {
    for input in [NegotiationNeeded, OfferAgain, Input::RestartIce] {
        let mut machine = awaiting_answer(Impolite);
        machine.handle(unsent(SdpType::Offer));
        assert!(machine.handle(input).contains(&MAKE_OFFER));
        assert_eq!(machine.handle(LocalDescriptionSet(offer("a1"))), [Send(offer("a1"))]);
        assert!(machine.awaits_answer());
    }
}

#[test]
fn unsent_answer_is_noted_and_leaves_the_state_stable() {
    let mut machine = Negotiation::new(Polite);
    machine.handle(RemoteDescription(offer("b1")));
    machine.handle(RemoteDescriptionSet);
    machine.handle(LocalDescriptionSet(answer("a1")));
    assert_eq!(machine.handle(unsent(SdpType::Answer)), [Noted(note(SdpType::Answer))]);
    assert!(machine.is_idle());
    // The next offer of the peer is answered.
    assert_eq!(machine.handle(RemoteDescription(offer("b1"))), [set_remote(offer("b1"))]);
}

#[test]
fn nothing_is_repeated_when_stable() {
    assert_eq!(connected(Impolite).handle(OfferAgain), []);
}

#[test]
fn remote_offer_that_cannot_be_set_changes_nothing() {
    let mut machine = connected(Polite);
    machine.handle(RemoteDescription(offer("b9")));
    let actions = machine.handle(DescriptionFailed("no".to_owned()));
    assert_eq!(actions, [failed(Operation::RemoteOffer, Recovery::None)]);
    assert!(machine.is_idle());
    assert_eq!(machine.handle(NegotiationNeeded), [MAKE_OFFER]);
}

#[test]
fn own_offer_is_repeated_after_colliding_offer_that_cannot_be_set() {
    let mut machine = awaiting_answer(Polite);
    machine.handle(RemoteDescription(offer("b9")));
    let actions = machine.handle(DescriptionFailed("no".to_owned()));
    assert_eq!(actions, [failed(Operation::RemoteOffer, Recovery::OfferAgain), MAKE_OFFER]);
    assert_eq!(machine.handle(LocalDescriptionSet(offer("a1"))), [Send(offer("a1"))]);
}

#[test]
fn second_answer_that_cannot_be_set_ends_the_offers() {
    let mut machine = given_up();
    assert_eq!(machine.operation(), None);
    assert_eq!(machine.handle(RemoteDescription(answer("b1"))), [Noted(Note::StaleAnswer)]);
    assert_eq!(machine.handle(NegotiationNeeded), [MAKE_OFFER]);
}

#[test]
fn impolite_side_that_gave_up_takes_remote_offer() {
    let mut machine = given_up();
    let actions = machine.handle(RemoteDescription(offer("b1")));
    assert_eq!(actions, [Noted(Note::OfferRolledBack), set_remote(offer("b1"))]);
}

#[test]
fn offer_that_cannot_be_answered_is_rolled_back() {
    let mut machine = connected(Polite);
    machine.handle(RemoteDescription(offer("b1")));
    machine.handle(RemoteDescriptionSet);
    let actions = machine.handle(DescriptionFailed("no".to_owned()));
    assert_eq!(actions, [failed(Operation::LocalAnswer, Recovery::Rollback), set_remote(rollback())]);
    assert_eq!(machine.handle(RemoteDescriptionSet), []);
    assert!(machine.is_idle());
    assert_eq!(machine.handle(NegotiationNeeded), [MAKE_OFFER]);
}

#[test]
fn own_offer_can_be_tried_again_after_it_failed() {
    let mut machine = connected(Polite);
    machine.handle(NegotiationNeeded);
    let actions = machine.handle(DescriptionFailed("no".to_owned()));
    assert_eq!(actions, [failed(Operation::LocalOffer, Recovery::None)]);
    assert!(machine.is_idle());
    assert_eq!(machine.handle(NegotiationNeeded), [MAKE_OFFER]);
}

#[test]
fn unexpected_completion_is_ignored() {
    let unexpected = [Noted(Note::UnexpectedCompletion)];
    let mut machine = connected(Impolite);
    assert_eq!(machine.handle(RemoteDescriptionSet), unexpected);
    assert_eq!(machine.handle(LocalDescriptionSet(offer("a1"))), unexpected);
    assert_eq!(machine.handle(DescriptionFailed("no".to_owned())), unexpected);
    machine.handle(NegotiationNeeded);
    assert_eq!(machine.handle(RemoteDescriptionSet), unexpected);
    assert_eq!(machine.handle(LocalDescriptionSet(answer("a1"))), unexpected);
    assert_eq!(machine.handle(LocalDescriptionSet(offer("a1"))), [Send(offer("a1"))]);
}

fn unsent(kind: SdpType) -> Input {
    Input::DescriptionUnsent { kind, reason: "too long".to_owned() }
}

fn note(kind: SdpType) -> Note {
    Note::DescriptionUnsent { kind, reason: "too long".to_owned() }
}

fn failed(operation: Operation, recovery: Recovery) -> Action {
    Noted(Note::OperationFailed { operation, reason: "no".to_owned(), recovery })
}

fn awaiting_answer(role: Role) -> Negotiation {
    let mut machine = Negotiation::new(role);
    machine.handle(NegotiationNeeded);
    machine.handle(LocalDescriptionSet(offer("a1")));
    machine
}

/// An impolite machine whose offers got two answers that could not be set.
fn given_up() -> Negotiation {
    let mut machine = awaiting_answer(Impolite);
    machine.handle(RemoteDescription(answer("b1")));
    let actions = machine.handle(DescriptionFailed("no".to_owned()));
    assert_eq!(actions, [failed(Operation::RemoteAnswer, Recovery::OfferAgain), MAKE_OFFER]);
    machine.handle(LocalDescriptionSet(offer("a1")));
    machine.handle(RemoteDescription(answer("b1")));
    let actions = machine.handle(DescriptionFailed("no".to_owned()));
    assert_eq!(actions, [failed(Operation::RemoteAnswer, Recovery::GiveUp)]);
    machine
}

#[test]
fn later_offers_name_the_dtls_role() {
    let with_setup = |kind, setup| SessionDescription::new(kind, format!("a=ice-ufrag:a\r\na=setup:{setup}\r\n"));
    for (answer_setup, own_setup) in [("active", "passive"), ("passive", "active")] {
        let mut machine = Negotiation::new(Role::Impolite);
        let offers = |machine: &mut Negotiation| -> String {
            let actions = machine.handle(Input::LocalDescriptionSet(with_setup(SdpType::Offer, "actpass")));
            let sent = actions.into_iter().find_map(|action| match action {
                Action::Send(description) => Some(description.sdp),
                _ => None,
            });
            sent.expect("an offer is sent")
        };
        machine.handle(NegotiationNeeded);
        assert!(offers(&mut machine).contains("a=setup:actpass"));
        machine.handle(RemoteDescription(with_setup(SdpType::Answer, answer_setup)));
        machine.handle(RemoteDescriptionSet);
        machine.handle(Input::RestartIce);
        assert!(offers(&mut machine).contains(&format!("a=setup:{own_setup}\r\n")));
    }
    let mut machine = Negotiation::new(Role::Polite);
    machine.handle(RemoteDescription(with_setup(SdpType::Offer, "actpass")));
    machine.handle(RemoteDescriptionSet);
    machine.handle(Input::LocalDescriptionSet(with_setup(SdpType::Answer, "active")));
    machine.handle(Input::RestartIce);
    let actions = machine.handle(Input::LocalDescriptionSet(with_setup(SdpType::Offer, "actpass")));
    let active = |action: &Action| matches!(action, Action::Send(offer) if offer.sdp.contains("a=setup:active\r\n"));
    assert!(actions.iter().any(active), "{actions:?}");
}
