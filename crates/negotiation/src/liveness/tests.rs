use std::ops::{Deref, DerefMut};

use super::*;

const ONLINE: Snapshot =
    Snapshot { now: 0.0, online: true, listed: true, control_open: true, awaits_answer: false, stalled: true };

/// A [`Liveness`] and the time of its last tick.
struct Timed {
    liveness: Liveness,
    last_tick: f64,
}

impl Timed {
    fn new(role: Role) -> Self {
        Self { liveness: Liveness::new(role, 0.0), last_tick: 0.0 }
    }

    fn tick(&mut self, snapshot: Snapshot) -> Vec<Decision> {
        self.last_tick = snapshot.now;
        self.liveness.tick(snapshot)
    }
}

impl Deref for Timed {
    type Target = Liveness;

    fn deref(&self) -> &Liveness {
        &self.liveness
    }
}

impl DerefMut for Timed {
    fn deref_mut(&mut self) -> &mut Liveness {
        &mut self.liveness
    }
}

/// A peer that connected at 0 and was not heard since.
fn connected(role: Role) -> Timed {
    let mut liveness = Timed::new(role);
    liveness.on_path_state(PathState::Connected, 0.0);
    liveness
}

/// Ticks every 250 ms until `until`. Returns the decisions but pings, each with its time.
fn run(liveness: &mut Timed, snapshot: Snapshot, until: u32) -> Vec<(u32, Decision)> {
    let ticks = liveness.last_tick as u32 / 250 + 1..=until / 250;
    let mut decided = Vec::new();
    for tick in ticks.map(|tick| tick * 250) {
        let decisions = liveness.tick(Snapshot { now: f64::from(tick), ..snapshot });
        decided.extend(decisions.into_iter().filter(|it| *it != Decision::Ping).map(|it| (tick, it)));
        if decided.last().is_some_and(|(_, decision)| *decision == Decision::RemovePeer) {
            break;
        }
    }
    decided
}

#[test]
fn peer_is_pinged_every_half_second_while_control_channel_is_open() {
    let mut liveness = connected(Role::Polite);
    let mut pings = |control_open| {
        let now = liveness.last_tick;
        let ticks = (1..=12).map(|tick| now + f64::from(tick) * 250.0);
        ticks
            .filter(|now| liveness.tick(Snapshot { now: *now, control_open, ..ONLINE }).contains(&Decision::Ping))
            .count()
    };
    assert_eq!(pings(true), 6);
    assert_eq!(pings(false), 0);
}

#[test]
fn vanished_peer_is_restarted_and_then_removed_within_ten_seconds() {
    let mut liveness = connected(Role::Impolite);
    let restarts = [1_000, 3_500].map(|time| (time, Decision::RestartIce));
    assert_eq!(run(&mut liveness, ONLINE, 5_000), restarts);
    liveness.on_path_state(PathState::Disconnected, 5_000.0);
    let decided = run(&mut liveness, ONLINE, 60_000);
    assert_eq!(decided.last(), Some(&(7_500, Decision::RemovePeer)));
}

#[test]
fn unconnected_peer_that_sends_anything_is_kept() {
    let mut liveness = connected(Role::Impolite);
    liveness.on_path_state(PathState::Disconnected, 0.0);
    for second in 1..60 {
        let decided = run(&mut liveness, ONLINE, second * 1_000);
        assert!(decided.iter().all(|(_, decision)| *decision != Decision::RemovePeer), "{decided:?}");
        liveness.on_sign_of_life(f64::from(second) * 1_000.0);
    }
}

#[test]
fn message_through_the_server_is_no_sign_of_life_of_the_connection() {
    let mut liveness = connected(Role::Impolite);
    liveness.on_sign_of_life(900.0);
    assert!(liveness.is_reachable(900.0));
    assert_eq!(run(&mut liveness, ONLINE, 1_000), [(1_000, Decision::RestartIce)]);
    assert!(!liveness.is_reachable(1_000.0));
    liveness.on_direct_sign_of_life(1_300.0);
    assert!(liveness.is_reachable(1_300.0));
}

#[test]
fn pauses_between_restarts_double_up_to_ten_seconds() {
    let mut liveness = connected(Role::Impolite);
    liveness.on_path_state(PathState::Failed, 0.0);
    let mut restarts = Vec::new();
    for half in 1..=120 {
        restarts.extend(run(&mut liveness, ONLINE, half * 500).into_iter().filter(|it| it.1 == Decision::RestartIce));
        liveness.on_sign_of_life(f64::from(half) * 500.0);
    }
    let times: Vec<u32> = restarts.iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [250, 2_750, 7_750, 17_750, 27_750, 37_750, 47_750, 57_750]);
}

#[test]
fn repeated_network_changes_restart_at_most_once_a_second() {
    let mut liveness = connected(Role::Impolite);
    liveness.on_path_state(PathState::Disconnected, 0.0);
    let mut restarts = 0;
    for tick in 1..=20 {
        liveness.try_again();
        restarts += run(&mut liveness, ONLINE, tick * 250).len();
    }
    assert_eq!(restarts, 5);
}

#[test]
fn polite_side_waits_for_the_restart_of_the_other() {
    let mut liveness = connected(Role::Polite);
    liveness.on_path_state(PathState::Disconnected, 100.0);
    assert_eq!(run(&mut liveness, ONLINE, 1_500), []);
    liveness.on_remote_offer(1_500.0);
    liveness.on_sign_of_life(1_500.0);
    assert_eq!(run(&mut liveness, ONLINE, 3_000), []);

    assert_eq!(run(&mut connected(Role::Polite), ONLINE, 2_000), [(2_000, Decision::RestartIce)]);
    let mut liveness = connected(Role::Polite);
    liveness.on_remote_offer(1_300.0);
    assert_eq!(run(&mut liveness, ONLINE, 3_750), []);
}

#[test]
fn network_change_restarts_a_lost_connection_without_delay() {
    let mut liveness = connected(Role::Polite);
    liveness.try_again();
    assert_eq!(run(&mut liveness, ONLINE, 500), []);
    liveness.on_path_state(PathState::Disconnected, 500.0);
    assert_eq!(run(&mut liveness, ONLINE, 1_000), [(750, Decision::RestartIce)]);
}

#[test]
fn unreachable_peer_is_not_restarted_and_kept_for_a_minute() {
    let offline = Snapshot { online: false, ..ONLINE };
    let mut liveness = connected(Role::Impolite);
    liveness.on_path_state(PathState::Disconnected, 5_000.0);
    let reported = (20_000, Decision::ReportFailure);
    assert_eq!(run(&mut liveness, offline, 3_000_000), [reported, (65_000, Decision::RemovePeer)]);
}

#[test]
fn unlisted_peer_is_removed_after_two_silent_seconds() {
    let unlisted = Snapshot { listed: false, ..ONLINE };
    assert_eq!(run(&mut connected(Role::Polite), unlisted, 60_000), [(2_000, Decision::RemovePeer)]);
}

#[test]
fn plain_client_is_kept_while_listed_or_connected() {
    let plain = Snapshot { control_open: false, ..ONLINE };
    assert_eq!(run(&mut connected(Role::Polite), plain, 60_000), []);
    let unlisted = Snapshot { listed: false, ..plain };
    let mut liveness = connected(Role::Polite);
    assert_eq!(run(&mut liveness, unlisted, 60_000), []);
    liveness.on_path_state(PathState::Failed, 60_000.0);
    assert_eq!(run(&mut liveness, unlisted, 90_000), [(60_250, Decision::RemovePeer)]);
}

#[test]
fn unlisted_peer_that_never_connected_is_removed() {
    let unlisted = Snapshot { control_open: false, listed: false, ..ONLINE };
    assert_eq!(run(&mut Timed::new(Role::Polite), unlisted, 60_000), [(7_500, Decision::RemovePeer)]);
}

#[test]
fn listed_plain_client_is_removed_a_minute_after_its_connection_failed() {
    let plain = Snapshot { control_open: false, ..ONLINE };
    let mut liveness = connected(Role::Polite);
    assert_eq!(run(&mut liveness, plain, 100_000), []);
    liveness.on_path_state(PathState::Failed, 100_000.0);
    let last = run(&mut liveness, plain, 200_000).pop();
    assert_eq!(last, Some((160_000, Decision::RemovePeer)));
}

#[test]
fn failure_is_reported_once_until_the_next_connection() {
    let plain = Snapshot { control_open: false, ..ONLINE };
    let mut liveness = Timed::new(Role::Polite);
    let mut reports = |state, until| {
        let now = liveness.last_tick;
        liveness.on_path_state(state, now);
        liveness.on_sign_of_life(now);
        let decided = run(&mut liveness, plain, until);
        decided.iter().filter(|it| it.1 == Decision::ReportFailure).count()
    };
    assert_eq!(reports(PathState::Connecting, 29_000), 1);
    assert_eq!(reports(PathState::Failed, 58_000), 0);
    assert_eq!(reports(PathState::Connected, 59_000), 0);
    assert_eq!(reports(PathState::Disconnected, 118_000), 1);
}

#[test]
fn unanswered_offer_is_repeated_and_reported_once() {
    let waiting = Snapshot { awaits_answer: true, control_open: false, ..ONLINE };
    let decided = run(&mut Timed::new(Role::Impolite), waiting, 44_250);
    let again = [4_250, 12_250, 28_250, 44_250].map(|time| (time, Decision::OfferAgain));
    let (reported, requested) = ((15_000, Decision::ReportFailure), (30_000, Decision::RequestConnection));
    assert_eq!(decided, [again[0], again[1], reported, again[2], requested, again[3]]);
}

#[test]
fn silent_listed_peer_is_kept_and_asked_again_for_ten_minutes() {
    for awaits_answer in [true, false] {
        let waiting = Snapshot { awaits_answer, control_open: false, ..ONLINE };
        let decided = run(&mut Timed::new(Role::Polite), waiting, 3_000_000);
        assert_eq!(decided.last(), Some(&(600_000, Decision::RemovePeer)), "not every server reports who left");
        let count = |wanted| decided.iter().filter(|(_, decision)| *decision == wanted).count();
        assert_eq!((count(Decision::ReportFailure), count(Decision::RequestConnection)), (1, 19));
    }
}

#[test]
fn silent_peer_is_asked_for_a_connection_at_once_when_the_user_tries_again() {
    let plain = Snapshot { control_open: false, ..ONLINE };
    let mut liveness = Timed::new(Role::Polite);
    run(&mut liveness, plain, 16_000);
    liveness.try_again();
    assert_eq!(run(&mut liveness, plain, 20_000), [(16_250, Decision::RequestConnection)]);
}

#[test]
fn heard_peer_is_tried_again_by_a_restart() {
    let plain = Snapshot { control_open: false, ..ONLINE };
    let mut liveness = Timed::new(Role::Impolite);
    liveness.on_sign_of_life(100.0);
    run(&mut liveness, plain, 16_000);
    liveness.try_again();
    assert_eq!(run(&mut liveness, plain, 17_000), []);
    liveness.on_path_state(PathState::Failed, 17_000.0);
    assert_eq!(run(&mut liveness, plain, 17_250), [(17_250, Decision::RestartIce)]);
}

#[test]
fn heard_peer_is_not_asked_for_a_connection() {
    let mut liveness = Timed::new(Role::Impolite);
    for second in 1..120 {
        let decided = run(&mut liveness, Snapshot { control_open: false, ..ONLINE }, second * 1_000);
        assert!(decided.iter().all(|(_, decision)| *decision == Decision::ReportFailure), "{decided:?}");
        liveness.on_sign_of_life(f64::from(second) * 1_000.0);
    }
}

#[test]
fn peer_without_pongs_is_left_alone_while_its_media_arrives() {
    let mut liveness = connected(Role::Impolite);
    assert!(!liveness.is_control_silent(500.0) && liveness.is_control_silent(1_000.0));
    assert_eq!(run(&mut liveness, Snapshot { stalled: false, ..ONLINE }, 60_000), []);
    assert_eq!(run(&mut liveness, ONLINE, 60_500), [(60_250, Decision::RestartIce)]);
}
