//! Properties of two negotiations over a channel of arbitrary timing: whatever the order of events, both sides settle in
//! agreement.

use proptest::prelude::*;
use vitrine_negotiation::{Action, Input, Negotiation, Role};
use vitrine_protocol::signaling::{IceCandidate, SdpType, SessionDescription};

use crate::browser::RollbackOrder;
use crate::two_sided::{Garbage, Step, World};

fn rollback_order() -> impl Strategy<Value = RollbackOrder> {
    prop_oneof![Just(RollbackOrder::ReadsFirst), Just(RollbackOrder::RollsBackFirst)]
}

/// The steps of an honest call, weighted by their number.
fn honest_steps() -> Vec<Step> {
    let mut steps = Vec::new();
    for side in [0, 1] {
        steps.extend([Step::AddTrack(side); 2]);
        steps.push(Step::Restart(side));
        steps.extend([Step::Deliver(side); 6]);
        steps.extend([Step::Work(side); 8]);
        steps.extend([Step::Complete(side); 6]);
        steps.extend([Step::Check(side); 4]);
    }
    steps
}

fn honest() -> impl Strategy<Value = Step> {
    prop::sample::select(honest_steps())
}

/// The steps of a call in which the other side, the browser or the network misbehaves.
fn hostile() -> impl Strategy<Value = Step> {
    let mut steps = honest_steps();
    for side in [0, 1] {
        steps.extend([Step::Fail(side); 2]);
        steps.extend(
            [
                Garbage::AnswerAgain,
                Garbage::UnreadableOffer,
                Garbage::UnreadableAnswer,
                Garbage::Pranswer,
                Garbage::Rollback,
                Garbage::UnknownCandidate,
            ]
            .map(|garbage| Step::Garbage(side, garbage)),
        );
    }
    prop::sample::select(steps)
}

fn steps(step: impl Strategy<Value = Step>) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step, 0..250)
}

fn run(world: &mut World, steps: Vec<Step>) {
    steps.into_iter().for_each(|step| world.step(step));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The model asserts on every step: one operation at a time, candidates of the current generation only, no answer
    /// without its offer.
    #[test]
    fn both_sides_agree_whatever_the_timing(steps in steps(honest()), rollback_order in rollback_order()) {
        let mut world = World::new(rollback_order);
        run(&mut world, steps);
        world.settle();
        world.assert_converged();
        world.assert_candidates_complete();
        world.assert_offers_bounded();
        world.assert_no_unexpected_notes();
    }

    /// Candidates lost with the old channel are not sent again. After a restart on both sides, the candidates of the new
    /// generation are complete.
    #[test]
    fn both_sides_agree_after_the_channel_is_replaced(
        before in steps(honest()),
        after in steps(honest()),
        rollback_order in rollback_order(),
        restart in any::<bool>(),
    ) {
        let mut world = World::new(rollback_order);
        run(&mut world, before);
        world.step(Step::Cut { restart });
        run(&mut world, after);
        world.settle();
        world.assert_converged();
        if restart {
            world.assert_candidates_complete();
        }
        world.assert_offers_bounded();
        world.assert_no_unexpected_notes();
    }

    #[test]
    fn both_sides_agree_again_after_garbage_and_failures(
        before in steps(hostile()),
        after in steps(honest()),
        rollback_order in rollback_order(),
    ) {
        let mut world = World::new(rollback_order);
        run(&mut world, before);
        world.settle();
        world.step(Step::Cut { restart: true });
        run(&mut world, after);
        world.settle();
        world.assert_converged();
        world.assert_offers_bounded();
    }

    #[test]
    fn no_sequence_of_inputs_panics_or_overlaps_operations(
        inputs in prop::collection::vec(input(), 0..200),
        polite in any::<bool>(),
    ) {
        let mut machine = Negotiation::new(if polite { Role::Polite } else { Role::Impolite });
        for input in inputs {
            let before = machine.operation();
            let completes = ends_operation(&input);
            let started = machine.handle(input).iter().filter(|action| starts_operation(action)).count();
            prop_assert!(started <= 1);
            if started == 1 {
                prop_assert!(before.is_none() || completes, "an operation started while {before:?} was in flight");
                prop_assert!(machine.operation().is_some());
            }
        }
    }
}

fn starts_operation(action: &Action) -> bool {
    matches!(action, Action::SetLocalDescription(_) | Action::SetRemoteDescription(_))
}

fn ends_operation(input: &Input) -> bool {
    matches!(input, Input::LocalDescriptionSet(_) | Input::RemoteDescriptionSet | Input::DescriptionFailed(_))
}

fn input() -> impl Strategy<Value = Input> {
    let kind = prop_oneof![
        4 => Just(SdpType::Offer),
        4 => Just(SdpType::Answer),
        1 => Just(SdpType::Pranswer),
        1 => Just(SdpType::Rollback),
    ];
    let sdp = prop_oneof!["(a=ice-ufrag:[a-c]\r\n){0,3}", "\\PC{0,40}"];
    let description = (kind, sdp).prop_map(|(kind, sdp)| SessionDescription::new(kind, sdp));
    let candidate = ("(candidate:1 ufrag [a-c]|\\PC{0,20})", prop::option::of("[a-c]?")).prop_map(
        |(candidate, username_fragment)| IceCandidate { candidate, username_fragment, ..IceCandidate::default() },
    );
    prop_oneof![
        Just(Input::NegotiationNeeded),
        Just(Input::RestartIce),
        Just(Input::RemoteDescriptionSet),
        Just(Input::DescriptionFailed("rejected".to_owned())),
        description.clone().prop_map(Input::RemoteDescription),
        description.prop_map(Input::LocalDescriptionSet),
        candidate.prop_map(Input::RemoteCandidate),
    ]
}
