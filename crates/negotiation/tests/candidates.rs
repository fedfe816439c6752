//! When a remote candidate is added, queued and dropped: one rule per test.

mod support;

use support::*;
use vitrine_negotiation::Action::{AddCandidate, Note as Noted, SetLocalDescription};
use vitrine_negotiation::Input::{
    CandidateFailed, DescriptionFailed, LocalDescriptionSet, NegotiationNeeded, RemoteCandidate, RemoteDescription,
    RemoteDescriptionSet,
};
use vitrine_negotiation::Role::{Impolite, Polite};
use vitrine_negotiation::{Action, DropReason, Negotiation, Note, Role};
use vitrine_protocol::signaling::{IceCandidate, SdpType, SessionDescription};

#[test]
fn candidate_of_the_current_description_is_added_at_once() {
    assert_eq!(connected(Polite).handle(RemoteCandidate(candidate("b1", 1))), [AddCandidate(candidate("b1", 1))]);
}

#[test]
fn early_candidates_wait_unchanged_and_in_order() {
    let mut machine = Negotiation::new(Polite);
    assert_eq!(machine.handle(RemoteCandidate(candidate("b1", 1))), []);
    assert_eq!(machine.handle(RemoteDescription(offer("b1"))), [set_remote(offer("b1"))]);
    assert_eq!(machine.handle(RemoteCandidate(candidate("b1", 2))), []);
    let added = [AddCandidate(candidate("b1", 1)), AddCandidate(candidate("b1", 2))];
    let actions = machine.handle(RemoteDescriptionSet);
    assert_eq!(actions[0], SetLocalDescription(SdpType::Answer));
    assert_eq!(actions[1..], added);
}

#[test]
fn candidates_wait_for_the_answer_that_they_overtake() {
    let mut machine = Negotiation::new(Impolite);
    machine.handle(NegotiationNeeded);
    machine.handle(LocalDescriptionSet(offer("a1")));
    assert_eq!(machine.handle(RemoteCandidate(candidate("b1", 1))), []);
    machine.handle(RemoteDescription(answer("b1")));
    assert_eq!(machine.handle(RemoteDescriptionSet), [AddCandidate(candidate("b1", 1))]);
}

#[test]
fn candidates_of_a_restart_wait_until_the_restart_is_set() {
    let mut machine = connected(Polite);
    assert_eq!(machine.handle(RemoteCandidate(candidate("b2", 1))), []);
    assert_eq!(machine.handle(RemoteCandidate(candidate("b1", 2))), [AddCandidate(candidate("b1", 2))]);
    machine.handle(RemoteDescription(offer("b2")));
    assert_eq!(machine.handle(RemoteDescriptionSet)[1..], [AddCandidate(candidate("b2", 1))]);
}

#[test]
fn candidate_that_arrives_while_a_description_is_set_waits_for_it() {
    let mut machine = connected(Polite);
    machine.handle(RemoteDescription(offer("b2")));
    assert_eq!(machine.handle(RemoteCandidate(candidate("b1", 1))), []);
    assert_eq!(machine.handle(RemoteDescriptionSet)[1..], [dropped("b1", 1, DropReason::OldGeneration)]);
}

#[test]
fn late_candidate_of_a_replaced_generation_is_dropped() {
    let mut machine = connected(Polite);
    machine.handle(RemoteDescription(offer("b2")));
    machine.handle(RemoteDescriptionSet);
    assert_eq!(machine.handle(RemoteCandidate(candidate("b1", 1))), [dropped("b1", 1, DropReason::OldGeneration)]);
}

#[test]
fn only_the_candidates_of_an_ignored_offer_are_dropped() {
    let mut machine = reoffering(Impolite);
    machine.handle(RemoteDescription(offer("b2")));
    assert_eq!(machine.handle(RemoteCandidate(candidate("b2", 1))), []);
    assert_eq!(machine.handle(RemoteCandidate(candidate("b1", 2))), [AddCandidate(candidate("b1", 2))]);
    machine.handle(RemoteDescription(answer("b1")));
    let actions = machine.handle(RemoteDescriptionSet);
    assert_eq!(actions, [dropped("b2", 1, DropReason::IgnoredDescription)]);
    assert_eq!(machine.handle(RemoteCandidate(candidate("b2", 3))), [dropped("b2", 3, DropReason::IgnoredDescription)]);
}

#[test]
fn candidates_of_an_ignored_offer_are_added_if_the_answer_names_their_fragment() {
    let mut machine = Negotiation::new(Impolite);
    machine.handle(NegotiationNeeded);
    machine.handle(LocalDescriptionSet(offer("a1")));
    machine.handle(RemoteDescription(offer("b1")));
    machine.handle(RemoteCandidate(candidate("b1", 1)));
    machine.handle(RemoteDescription(answer("b1")));
    assert_eq!(machine.handle(RemoteDescriptionSet), [AddCandidate(candidate("b1", 1))]);
}

#[test]
fn fragment_is_read_from_the_candidate_text_too() {
    let only_text = |fragment| IceCandidate { username_fragment: None, ..candidate(fragment, 1) };
    let mut machine = connected(Polite);
    assert_eq!(machine.handle(RemoteCandidate(only_text("b2"))), []);
    assert_eq!(machine.handle(RemoteCandidate(only_text("b1"))), [AddCandidate(only_text("b1"))]);
}

#[test]
fn candidate_without_fragment_belongs_to_the_latest_description() {
    let mut machine = reoffering(Impolite);
    assert_eq!(machine.handle(RemoteCandidate(without_fragment())), [AddCandidate(without_fragment())]);
    machine.handle(RemoteDescription(offer("b2")));
    assert_eq!(machine.handle(RemoteCandidate(without_fragment())), []);
    machine.handle(RemoteDescription(answer("b1")));
    let reason = DropReason::IgnoredDescription;
    let expected = Noted(Note::CandidateDropped { candidate: without_fragment(), reason });
    assert_eq!(machine.handle(RemoteDescriptionSet), [expected]);
}

#[test]
fn early_candidate_without_fragment_belongs_to_the_first_description() {
    let mut machine = Negotiation::new(Polite);
    machine.handle(RemoteCandidate(without_fragment()));
    machine.handle(RemoteDescription(offer("b1")));
    assert_eq!(machine.handle(RemoteDescriptionSet)[1..], [AddCandidate(without_fragment())]);
}

#[test]
fn end_of_candidates_is_passed_on() {
    let end = IceCandidate { candidate: String::new(), ..candidate("b1", 0) };
    assert_eq!(connected(Polite).handle(RemoteCandidate(end.clone())), [AddCandidate(end)]);
}

#[test]
fn description_without_fragments_takes_every_candidate() {
    let mut machine = Negotiation::new(Polite);
    machine.handle(RemoteDescription(SessionDescription::new(SdpType::Offer, "v=0\r\n")));
    machine.handle(RemoteDescriptionSet);
    assert_eq!(machine.handle(RemoteCandidate(candidate("b1", 1))), [AddCandidate(candidate("b1", 1))]);
}

#[test]
fn every_section_of_an_unbundled_description_counts() {
    let mut machine = Negotiation::new(Polite);
    let sdp = format!("{}{}", offer("b1").sdp, offer("b2").sdp);
    machine.handle(RemoteDescription(SessionDescription::new(SdpType::Offer, sdp)));
    machine.handle(RemoteDescriptionSet);
    for fragment in ["b1", "b2"] {
        let actions = machine.handle(RemoteCandidate(candidate(fragment, 1)));
        assert_eq!(actions, [AddCandidate(candidate(fragment, 1))]);
    }
}

#[test]
fn candidates_of_a_failed_offer_are_dropped_with_the_next_description() {
    let mut machine = connected(Polite);
    machine.handle(RemoteDescription(offer("b2")));
    machine.handle(RemoteCandidate(candidate("b2", 1)));
    machine.handle(DescriptionFailed("no".to_owned()));
    machine.handle(RemoteDescription(offer("b3")));
    let actions = machine.handle(RemoteDescriptionSet);
    assert_eq!(actions[1..], [dropped("b2", 1, DropReason::IgnoredDescription)]);
}

#[test]
fn candidates_of_the_previous_generation_are_added_after_a_rollback() {
    let mut machine = connected(Polite);
    machine.handle(RemoteDescription(offer("b2")));
    machine.handle(RemoteDescriptionSet);
    machine.handle(DescriptionFailed("no".to_owned()));
    machine.handle(RemoteDescriptionSet);
    assert_eq!(machine.handle(RemoteCandidate(candidate("b1", 1))), [AddCandidate(candidate("b1", 1))]);
}

#[test]
fn candidates_of_a_restart_rank_above_older_ones_of_their_type() {
    // Priorities that Chromium and Firefox give to two networks, and to two NATs.
    for (rising, preferences) in [
        (["2122194687 198.51.100.1 1 typ host generation 0", "2122260223 192.0.2.1 1 typ host generation 0"], 111..126),
        (["2122187007 198.51.100.1 1 typ host", "2122252543 192.0.2.1 1 typ host"], 103..110),
        (["1685987071 192.0.2.2 1 typ srflx", "1686052607 192.0.2.1 1 typ srflx raddr 0.0.0.0 rport 0"], 91..110),
    ] {
        let mut machine = connected(Polite);
        let mut priorities = Vec::new();
        for fragment in ["b1", "b2", "b3"] {
            restart(&mut machine, fragment);
            priorities.extend(rising.iter().map(|rest| priority(&mut machine, fragment, rest)));
        }
        assert!(priorities.is_sorted_by(|one, next| one < next), "{priorities:?}");
        assert!(priorities.iter().all(|priority| preferences.contains(&(priority >> 24))), "{priorities:?}");
    }
}

#[test]
fn relay_of_a_restart_ranks_between_its_and_the_previous_server_reflexive_candidates() {
    let (nat, relay) = ("1685987071 192.0.2.2 1 typ srflx", "8331007 192.0.2.9 1 typ relay");
    let mut machine = connected(Polite);
    let mut before = priority(&mut machine, "b1", nat);
    assert_eq!(priority(&mut machine, "b1", relay), 8_331_007, "the first generation's relay is unchanged");
    for fragment in ["b2", "b3"] {
        restart(&mut machine, fragment);
        let (nat, relay) = (priority(&mut machine, fragment, nat), priority(&mut machine, fragment, relay));
        assert!(before < relay && relay < nat, "{before} {relay} {nat}");
        before = nat;
    }
}

#[test]
fn any_number_of_restarts_keeps_the_order_of_types() {
    let mut machine = connected(Polite);
    for number in 0..300 {
        let fragment = format!("c{number}");
        restart(&mut machine, &fragment);
        for (rest, preferences) in [
            ("2147483647 ::1 1 typ host generation 0", 111..126),
            ("2147483647 ::1 1 typ host", 103..110),
            ("4294967295 ::1 1 typ srflx", 91..110),
            ("1 ::1 1 typ relay", 0..110),
        ] {
            let priority = priority(&mut machine, &fragment, rest);
            assert!(preferences.contains(&(priority >> 24)), "{priority}");
        }
    }
}

#[test]
fn unknown_candidate_text_is_not_rewritten() {
    for text in [
        "candidate:1 1 udp 1853759231 192.0.2.1 1 typ prflx raddr 0.0.0.0 rport 0",
        "candidate:1 1 udp 41885695 192.0.2.1 1 typ relay raddr 0.0.0.0 rport 0",
        "candidate:1 1 udp 99999999999 192.0.2.1 1 typ host",
        "candidate:1 1 udp -1 192.0.2.1 1 typ host",
        "candidate:1 1 udp 2122260223 192.0.2.1 1 typ",
        "candidate:",
        "nonsense",
    ] {
        let candidate = IceCandidate { candidate: text.to_owned(), ..candidate("b1", 1) };
        assert_eq!(connected(Polite).handle(RemoteCandidate(candidate.clone())), [AddCandidate(candidate)]);
    }
}

#[test]
fn oldest_waiting_candidate_is_dropped_when_the_queue_is_full() {
    let mut machine = Negotiation::new(Polite);
    for number in 0..256 {
        assert_eq!(machine.handle(RemoteCandidate(candidate("b1", number))), []);
    }
    let actions = machine.handle(RemoteCandidate(candidate("b1", 256)));
    assert_eq!(actions, [dropped("b1", 0, DropReason::QueueFull)]);
    machine.handle(RemoteDescription(offer("b1")));
    let added: Vec<Action> = (1..=256).map(|number| AddCandidate(candidate("b1", number))).collect();
    assert_eq!(machine.handle(RemoteDescriptionSet)[1..], added);
}

#[test]
fn candidate_that_the_browser_rejects_is_noted() {
    let (candidate, reason) = (candidate("b1", 1), "no".to_owned());
    let actions = connected(Polite).handle(CandidateFailed { candidate: candidate.clone(), reason: reason.clone() });
    assert_eq!(actions, [Noted(Note::CandidateFailed { candidate, reason })]);
}

fn dropped(fragment: &str, number: u16, reason: DropReason) -> Action {
    Noted(Note::CandidateDropped { candidate: candidate(fragment, number), reason })
}

/// The peer restarts ICE.
fn restart(machine: &mut Negotiation, fragment: &str) {
    machine.handle(RemoteDescription(offer(fragment)));
    machine.handle(RemoteDescriptionSet);
    machine.handle(LocalDescriptionSet(answer("a1")));
}

/// The priority of the added candidate. Nothing else of the candidate may change.
fn priority(machine: &mut Negotiation, fragment: &str, rest: &str) -> u32 {
    let sent = format!("candidate:1 1 udp {rest}");
    let actions = machine.handle(RemoteCandidate(IceCandidate { candidate: sent.clone(), ..candidate(fragment, 1) }));
    let [AddCandidate(added)] = &actions[..] else { panic!("{actions:?}") };
    let word = |text: &str| text.split(' ').nth(3).map(str::to_owned).unwrap_or_default();
    assert_eq!(added.candidate.replacen(&word(&added.candidate), &word(&sent), 1), sent);
    word(&added.candidate).parse().unwrap_or_else(|error| panic!("{sent}: {error}"))
}

/// A candidate from a client that forwards only some members.
fn without_fragment() -> IceCandidate {
    IceCandidate {
        candidate: "candidate:1 1 tcp 1518280447 192.0.2.1 1 typ host tcptype passive".to_owned(),
        sdp_mid: Some("0".to_owned()),
        ..IceCandidate::default()
    }
}

/// A connected machine whose second offer awaits its answer.
fn reoffering(role: Role) -> Negotiation {
    let mut machine = connected(role);
    machine.handle(NegotiationNeeded);
    machine.handle(LocalDescriptionSet(offer("a1")));
    machine
}
