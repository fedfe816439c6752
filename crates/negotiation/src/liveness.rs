//! Whether a peer is still there, and when a connection in trouble is tried again: facts with their times go in,
//! [`Decision`]s come out. It holds no timer, sends nothing, and knows nothing of offers but whether one is unanswered.
//!
//! Times are milliseconds of any clock that does not go back, and that stands still while this side cannot listen: a
//! silence that it slept through is nobody's fault. One [`Liveness::tick`] every quarter of a second is meant.

use crate::Role;

/// How often a sign of life is asked for.
const PING_EVERY: f64 = 500.0;
/// Silence on the control channel after which it is worth a look whether anything else comes.
const LISTEN_AFTER: f64 = 750.0;
/// Silence after which a path that nothing comes over counts as dead, whatever the browser says. (A browser takes five
/// seconds and more.)
const SUSPECT_AFTER: f64 = 1_000.0;
/// Silence of a peer whom the signaling server does not list, after which it is gone.
const GONE_AFTER_UNLISTED: f64 = 2_000.0;
/// Silence of a peer without a connection, after which it is gone.
const GONE_AFTER: f64 = 7_500.0;
/// Silence of a listed peer that never had a connection, after which it is asked for one; and asked again.
const ASK_ANEW_AFTER: f64 = 30_000.0;
/// Silence of a listed peer that never had a connection, after which it is given up. Not every server tells who has left.
const GIVEN_UP_AFTER: f64 = 600_000.0;
/// How long a peer is kept while the signaling server cannot say whether it is still there.
const GONE_AFTER_OFFLINE: f64 = 60_000.0;
/// How long an answer may take before the offer is made again.
const ANSWER_WITHIN: f64 = 4_000.0;
/// How often that time is doubled: who has no time to answer has it less for each offer more.
const MOST_PATIENCE: u32 = 2;
/// How long there may be no connection before the person is told. Further attempts go on.
const CONNECTED_WITHIN: f64 = 15_000.0;
/// How long `disconnected` may last before ICE is restarted. The browser may yet find another path by itself.
const DISCONNECTED_FOR: f64 = 500.0;
/// The polite side waits longer, so that as a rule only one side restarts.
const POLITE_DELAY: f64 = 1_000.0;
/// How long the checks of a restart are left to themselves.
const CHECKS_FOR: f64 = 8_000.0;
/// First and longest pause between two restarts of one connection.
const COOL_DOWN: f64 = 2_500.0;
const LONGEST_COOL_DOWN: f64 = 10_000.0;
/// The pause before a restart that something calls for: networks tell of changes in bursts.
const URGENT_COOL_DOWN: f64 = 1_000.0;

/// `RTCPeerConnectionState`, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// `new` or `connecting`.
    Trying,
    /// `connected`.
    Connected,
    /// `disconnected`.
    Disconnected,
    /// `failed`.
    Failed,
}

/// What the rest of the call knows at a tick.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The time.
    pub now: f64,
    /// This side is connected to the signaling server, and in the room.
    pub online: bool,
    /// The signaling server lists the peer in the room.
    pub listed: bool,
    /// The control channel is open, or was when the path was lost.
    pub control: bool,
    /// An own offer waits for its answer.
    pub awaits_answer: bool,
    /// It was looked, since the control channel fell silent, and nothing comes through the connection at all. A page
    /// that has no time answers nothing, and its sound and picture may come all the same.
    pub standstill: bool,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Ask for a sign of life over the control channel.
    Ping,
    /// Restart ICE.
    RestartIce,
    /// The offer, or its answer, is lost: offer again.
    OfferAgain,
    /// There is no connection, and it is time to say so. Said once for as long as there is none.
    TellOfFailure,
    /// Nothing has come from the peer for long, and there was never a connection: ask it to begin one.
    AskAnew,
    /// The peer is gone.
    Gone,
}

/// The signs of life of one peer.
#[derive(Clone, Debug)]
pub struct Liveness {
    role: Role,
    path: Path,
    /// When the path took its present state.
    since: f64,
    was_connected: bool,
    /// When the peer was heard last, by any way.
    heard: f64,
    /// When the peer was heard last through the connection itself.
    heard_directly: f64,
    pinged: f64,
    /// When ICE was restarted last, by either side.
    restarted: Option<f64>,
    /// Restarts since the path stood last.
    restarts: u32,
    /// A restart is wanted without waiting for the usual time.
    urgent: bool,
    /// Since when an answer is due.
    awaiting: Option<f64>,
    /// How often the offer was made again.
    asked_again: u32,
    /// When the peer was asked last to begin a connection.
    asked_anew: f64,
    /// Since when there has been no connection.
    without: f64,
    told: bool,
}

impl Liveness {
    /// Of a peer met at `now`.
    pub fn new(role: Role, now: f64) -> Self {
        Self {
            role,
            path: Path::Trying,
            since: now,
            was_connected: false,
            heard: now,
            heard_directly: now,
            pinged: now,
            restarted: None,
            restarts: 0,
            urgent: false,
            awaiting: None,
            asked_again: 0,
            asked_anew: now,
            without: now,
            told: false,
        }
    }

    /// The peer said something through a server: it is there, and its connection may be dead all the same.
    pub fn heard(&mut self, now: f64) {
        self.heard = now;
    }

    /// The peer said something over the control channel.
    pub fn heard_directly(&mut self, now: f64) {
        self.heard = now;
        self.heard_directly = now;
    }

    /// The state of the connection changed.
    pub fn path(&mut self, path: Path, now: f64) {
        if path == self.path {
            return;
        }
        if self.path == Path::Connected {
            self.without = now;
        }
        if path == Path::Connected {
            self.told = false;
            self.was_connected = true;
            self.restarts = 0;
            self.urgent = false;
            self.heard_directly(now);
        }
        self.path = path;
        self.since = now;
    }

    /// The other side restarts ICE, or offers anew: time for that to work.
    pub fn restarted_by_peer(&mut self, now: f64) {
        if self.path != Path::Connected || self.is_silent(now) {
            self.restarted = Some(now);
        }
    }

    /// There may be another path now, or the person wants another try: the next tick restarts ICE unless the path stands.
    pub fn try_again(&mut self) {
        self.urgent = true;
    }

    /// Whether the peer was heard so recently over the control channel that what is sent over it arrives.
    pub fn is_fresh(&self, now: f64) -> bool {
        self.path == Path::Connected && now - self.heard_directly < SUSPECT_AFTER
    }

    /// Whether the peer was heard just now over the control channel of a connection that stands.
    pub fn is_lively(&self, now: f64) -> bool {
        self.path == Path::Connected && now - self.heard_directly < LISTEN_AFTER
    }

    /// Whether the connection is said to stand, and its control channel is silent: whoever has sound or picture of the
    /// peer has heard it directly.
    pub fn is_silent(&self, now: f64) -> bool {
        self.path == Path::Connected && !self.is_lively(now)
    }

    /// Decides, by the time and the facts.
    pub fn tick(&mut self, facts: Facts) -> Vec<Decision> {
        let now = facts.now;
        if self.is_gone(facts) {
            return vec![Decision::Gone];
        }
        let mut decisions = Vec::new();
        if facts.control && now - self.pinged >= PING_EVERY {
            self.pinged = now;
            decisions.push(Decision::Ping);
        }
        if self.wants_restart(facts) {
            self.urgent = false;
            self.restarted = Some(now);
            self.restarts += 1;
            decisions.push(Decision::RestartIce);
        }
        self.watch_answer(facts, &mut decisions);
        let is_unheard = facts.online && facts.listed && !facts.control && !self.was_connected;
        // An own offer is made again before this, and ICE is restarted with a peer that has said anything.
        let urgent = self.urgent && self.told && !facts.awaits_answer && self.heard <= self.without;
        if is_unheard && (urgent || now - self.heard.max(self.asked_anew) >= ASK_ANEW_AFTER) {
            self.urgent = false;
            self.asked_anew = now;
            decisions.push(Decision::AskAnew);
        }
        if self.path != Path::Connected && !self.told && now - self.without >= CONNECTED_WITHIN {
            self.told = true;
            decisions.push(Decision::TellOfFailure);
        }
        decisions
    }

    fn is_gone(&self, facts: Facts) -> bool {
        let silence = facts.now - self.heard;
        let stands = self.path == Path::Connected;
        if !facts.online {
            return !stands && self.was_connected && silence.min(facts.now - self.since) >= GONE_AFTER_OFFLINE;
        }
        match (facts.listed, facts.control) {
            (true, true) => !stands && silence >= GONE_AFTER,
            (false, true) => silence >= GONE_AFTER_UNLISTED,
            // A plain client gives no signs of life: while its connection stands, or it says anything at all, the server
            // answers for it. But not every server tells who has left.
            (true, false) => {
                let patience = if self.was_connected { GONE_AFTER_OFFLINE } else { GIVEN_UP_AFTER };
                !stands && silence.min(facts.now - self.without) >= patience
            }
            (false, false) => {
                matches!(self.path, Path::Disconnected | Path::Failed) || !self.was_connected && silence >= GONE_AFTER
            }
        }
    }

    fn wants_restart(&self, facts: Facts) -> bool {
        let now = facts.now;
        let delay = if self.role == Role::Polite { POLITE_DELAY } else { 0.0 };
        let silence = now - self.heard_directly;
        let suspect = facts.control
            && if self.path == Path::Connected {
                facts.standstill && silence >= SUSPECT_AFTER + delay
            } else {
                silence >= SUSPECT_AFTER
            };
        if self.path == Path::Connected && !suspect {
            return false;
        }
        // Without a way to the peer the offer would be lost.
        if !(facts.online && facts.listed) && (!facts.control || suspect) {
            return false;
        }
        if self.urgent && self.was_connected {
            return self.restarted.is_none_or(|restarted| now - restarted >= URGENT_COOL_DOWN);
        }
        let lasted = now - self.since;
        let due = match self.path {
            Path::Connected => true,
            Path::Failed => self.urgent || lasted >= delay,
            Path::Disconnected => lasted >= DISCONNECTED_FOR + delay,
            Path::Trying => self.restarted.is_some_and(|restarted| now - restarted >= CHECKS_FOR + delay),
        };
        due && self.restarted.is_none_or(|restarted| self.urgent || now - restarted >= self.cool_down())
    }

    fn cool_down(&self) -> f64 {
        (COOL_DOWN * f64::from(1 << self.restarts.saturating_sub(1).min(8))).min(LONGEST_COOL_DOWN)
    }

    fn watch_answer(&mut self, facts: Facts, decisions: &mut Vec<Decision>) {
        if !facts.awaits_answer {
            self.awaiting = None;
            self.asked_again = 0;
            return;
        }
        let awaiting = *self.awaiting.get_or_insert(facts.now);
        let urgent = self.path == Path::Trying && std::mem::take(&mut self.urgent);
        let patience = ANSWER_WITHIN * f64::from(1 << self.asked_again);
        if urgent || facts.now - awaiting >= patience {
            self.awaiting = Some(facts.now);
            self.asked_again = (self.asked_again + 1).min(MOST_PATIENCE);
            decisions.push(Decision::OfferAgain);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::{Deref, DerefMut};

    use super::*;

    const ONLINE: Facts =
        Facts { now: 0.0, online: true, listed: true, control: true, awaits_answer: false, standstill: true };

    /// With the time of its last tick.
    struct Timed {
        liveness: Liveness,
        ticked: f64,
    }

    impl Timed {
        fn new(role: Role) -> Self {
            Self { liveness: Liveness::new(role, 0.0), ticked: 0.0 }
        }

        fn tick(&mut self, facts: Facts) -> Vec<Decision> {
            self.ticked = facts.now;
            self.liveness.tick(facts)
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

    /// A peer that was heard last, and connected, at 0.
    fn connected(role: Role) -> Timed {
        let mut liveness = Timed::new(role);
        liveness.path(Path::Connected, 0.0);
        liveness
    }

    /// Ticks every quarter of a second until `until`; what was decided, with the times in milliseconds.
    fn run(liveness: &mut Timed, facts: Facts, until: u32) -> Vec<(u32, Decision)> {
        let ticks = liveness.ticked as u32 / 250 + 1..=until / 250;
        let mut decided = Vec::new();
        for tick in ticks.map(|tick| tick * 250) {
            let decisions = liveness.tick(Facts { now: f64::from(tick), ..facts });
            decided.extend(decisions.into_iter().filter(|it| *it != Decision::Ping).map(|it| (tick, it)));
            if decided.last().is_some_and(|(_, decision)| *decision == Decision::Gone) {
                break;
            }
        }
        decided
    }

    #[test]
    fn signs_of_life_are_asked_for_over_an_open_control_channel() {
        let mut liveness = connected(Role::Polite);
        let mut pings = |control| {
            let now = liveness.ticked;
            let ticks = (1..=12).map(|tick| now + f64::from(tick) * 250.0);
            ticks.filter(|now| liveness.tick(Facts { now: *now, control, ..ONLINE }).contains(&Decision::Ping)).count()
        };
        assert_eq!(pings(true), 6);
        assert_eq!(pings(false), 0);
    }

    #[test]
    fn a_machine_that_vanishes_is_tried_again_and_then_gone_within_ten_seconds() {
        let mut liveness = connected(Role::Impolite);
        let restarts = [1_000, 3_500].map(|time| (time, Decision::RestartIce));
        assert_eq!(run(&mut liveness, ONLINE, 5_000), restarts);
        liveness.path(Path::Disconnected, 5_000.0);
        let decided = run(&mut liveness, ONLINE, 60_000);
        assert_eq!(decided.last(), Some(&(7_500, Decision::Gone)));
    }

    #[test]
    fn who_answers_a_restart_is_kept() {
        let mut liveness = connected(Role::Impolite);
        liveness.path(Path::Disconnected, 0.0);
        for second in 1..60 {
            let decided = run(&mut liveness, ONLINE, second * 1_000);
            assert!(decided.iter().all(|(_, decision)| *decision != Decision::Gone), "{decided:?}");
            liveness.heard(f64::from(second) * 1_000.0);
        }
    }

    #[test]
    fn what_a_server_carries_says_nothing_of_the_path() {
        let mut liveness = connected(Role::Impolite);
        liveness.heard(900.0);
        assert!(liveness.is_fresh(900.0));
        assert_eq!(run(&mut liveness, ONLINE, 1_000), [(1_000, Decision::RestartIce)]);
        assert!(!liveness.is_fresh(1_000.0));
        liveness.heard_directly(1_300.0);
        assert!(liveness.is_fresh(1_300.0));
    }

    #[test]
    fn restarts_of_a_lost_path_are_never_a_storm() {
        let mut liveness = connected(Role::Impolite);
        liveness.path(Path::Failed, 0.0);
        let mut restarts = Vec::new();
        for half in 1..=120 {
            restarts
                .extend(run(&mut liveness, ONLINE, half * 500).into_iter().filter(|it| it.1 == Decision::RestartIce));
            liveness.heard(f64::from(half) * 500.0);
        }
        let times: Vec<u32> = restarts.iter().map(|(time, _)| *time).collect();
        assert_eq!(times, [250, 2_750, 7_750, 17_750, 27_750, 37_750, 47_750, 57_750]);
    }

    #[test]
    fn a_network_that_changes_all_the_time_restarts_no_more_than_once_a_second() {
        let mut liveness = connected(Role::Impolite);
        liveness.path(Path::Disconnected, 0.0);
        let mut restarts = 0;
        for tick in 1..=20 {
            liveness.try_again();
            restarts += run(&mut liveness, ONLINE, tick * 250).len();
        }
        assert_eq!(restarts, 5);
    }

    #[test]
    fn the_polite_side_leaves_the_first_restart_to_the_other() {
        let mut liveness = connected(Role::Polite);
        liveness.path(Path::Disconnected, 100.0);
        assert_eq!(run(&mut liveness, ONLINE, 1_500), []);
        liveness.restarted_by_peer(1_500.0);
        liveness.heard(1_500.0);
        assert_eq!(run(&mut liveness, ONLINE, 3_000), []);

        assert_eq!(run(&mut connected(Role::Polite), ONLINE, 2_000), [(2_000, Decision::RestartIce)]);
        let mut liveness = connected(Role::Polite);
        liveness.restarted_by_peer(1_300.0);
        assert_eq!(run(&mut liveness, ONLINE, 3_750), []);
    }

    #[test]
    fn a_change_of_network_ends_the_waiting_of_a_path_that_does_not_stand() {
        let mut liveness = connected(Role::Polite);
        liveness.try_again();
        assert_eq!(run(&mut liveness, ONLINE, 500), []);
        liveness.path(Path::Disconnected, 500.0);
        assert_eq!(run(&mut liveness, ONLINE, 1_000), [(750, Decision::RestartIce)]);
    }

    #[test]
    fn without_a_way_to_the_peer_nothing_is_restarted_and_nobody_is_gone_for_a_minute() {
        let offline = Facts { online: false, ..ONLINE };
        let mut liveness = connected(Role::Impolite);
        liveness.path(Path::Disconnected, 5_000.0);
        let told = (20_000, Decision::TellOfFailure);
        assert_eq!(run(&mut liveness, offline, 3_000_000), [told, (65_000, Decision::Gone)]);
    }

    #[test]
    fn who_left_the_servers_list_is_gone_once_silent() {
        let unlisted = Facts { listed: false, ..ONLINE };
        assert_eq!(run(&mut connected(Role::Polite), unlisted, 60_000), [(2_000, Decision::Gone)]);
    }

    #[test]
    fn a_plain_client_is_there_as_long_as_the_server_or_the_path_says_so() {
        let plain = Facts { control: false, ..ONLINE };
        assert_eq!(run(&mut connected(Role::Polite), plain, 60_000), []);
        let unlisted = Facts { listed: false, ..plain };
        let mut liveness = connected(Role::Polite);
        assert_eq!(run(&mut liveness, unlisted, 60_000), []);
        liveness.path(Path::Failed, 60_000.0);
        assert_eq!(run(&mut liveness, unlisted, 90_000), [(60_250, Decision::Gone)]);
    }

    #[test]
    fn a_peer_that_never_said_anything_goes_once_the_server_does_not_list_it() {
        let unlisted = Facts { control: false, listed: false, ..ONLINE };
        assert_eq!(run(&mut Timed::new(Role::Polite), unlisted, 60_000), [(7_500, Decision::Gone)]);
    }

    #[test]
    fn a_plain_client_that_is_gone_goes_though_the_server_does_not_say_so() {
        let plain = Facts { control: false, ..ONLINE };
        let mut liveness = connected(Role::Polite);
        assert_eq!(run(&mut liveness, plain, 100_000), []);
        liveness.path(Path::Failed, 100_000.0);
        let gone = run(&mut liveness, plain, 200_000).pop();
        assert_eq!(gone, Some((160_000, Decision::Gone)));
    }

    #[test]
    fn a_connection_that_does_not_come_about_is_told_of_once_until_it_stands_again() {
        let plain = Facts { control: false, ..ONLINE };
        let mut liveness = Timed::new(Role::Polite);
        let mut told = |path, until| {
            let now = liveness.ticked;
            liveness.path(path, now);
            liveness.heard(now);
            let decided = run(&mut liveness, plain, until);
            decided.iter().filter(|it| it.1 == Decision::TellOfFailure).count()
        };
        assert_eq!(told(Path::Trying, 29_000), 1);
        assert_eq!(told(Path::Failed, 58_000), 0);
        assert_eq!(told(Path::Connected, 59_000), 0);
        assert_eq!(told(Path::Disconnected, 118_000), 1);
    }

    #[test]
    fn an_offer_that_nobody_answers_is_made_again_and_told_of_once() {
        let waiting = Facts { awaits_answer: true, control: false, ..ONLINE };
        let decided = run(&mut Timed::new(Role::Impolite), waiting, 44_250);
        let again = [4_250, 12_250, 28_250, 44_250].map(|time| (time, Decision::OfferAgain));
        let (told, asked) = ((15_000, Decision::TellOfFailure), (30_000, Decision::AskAnew));
        assert_eq!(decided, [again[0], again[1], told, again[2], asked, again[3]], "nothing ever came");
    }

    #[test]
    fn a_peer_that_answers_nothing_is_kept_and_asked_again_for_ten_minutes() {
        for awaits_answer in [true, false] {
            let waiting = Facts { awaits_answer, control: false, ..ONLINE };
            let decided = run(&mut Timed::new(Role::Polite), waiting, 3_000_000);
            assert_eq!(decided.last(), Some(&(600_000, Decision::Gone)), "a server may not tell who has left");
            let count = |wanted| decided.iter().filter(|(_, decision)| *decision == wanted).count();
            assert_eq!((count(Decision::TellOfFailure), count(Decision::AskAnew)), (1, 19));
        }
    }

    #[test]
    fn a_peer_that_was_to_offer_and_did_not_is_asked_at_once_when_the_person_tries_again() {
        let plain = Facts { control: false, ..ONLINE };
        let mut liveness = Timed::new(Role::Polite);
        run(&mut liveness, plain, 16_000);
        liveness.try_again();
        assert_eq!(run(&mut liveness, plain, 20_000), [(16_250, Decision::AskAnew)]);
    }

    #[test]
    fn a_peer_that_was_heard_is_tried_again_by_a_restart_and_not_asked_for_a_connection() {
        let plain = Facts { control: false, ..ONLINE };
        let mut liveness = Timed::new(Role::Impolite);
        liveness.heard(100.0);
        run(&mut liveness, plain, 16_000);
        liveness.try_again();
        assert_eq!(run(&mut liveness, plain, 17_000), []);
        liveness.path(Path::Failed, 17_000.0);
        assert_eq!(run(&mut liveness, plain, 17_250), [(17_250, Decision::RestartIce)]);
    }

    #[test]
    fn a_peer_that_says_anything_is_not_asked_for_a_connection() {
        let mut liveness = Timed::new(Role::Impolite);
        for second in 1..120 {
            let decided = run(&mut liveness, Facts { control: false, ..ONLINE }, second * 1_000);
            assert!(decided.iter().all(|(_, decision)| *decision == Decision::TellOfFailure), "{decided:?}");
            liveness.heard(f64::from(second) * 1_000.0);
        }
    }

    #[test]
    fn a_peer_that_answers_nothing_and_is_seen_and_heard_is_left_alone() {
        let mut liveness = connected(Role::Impolite);
        assert!(!liveness.is_silent(500.0) && liveness.is_silent(1_000.0));
        assert_eq!(run(&mut liveness, Facts { standstill: false, ..ONLINE }, 60_000), []);
        assert_eq!(run(&mut liveness, ONLINE, 60_500), [(60_250, Decision::RestartIce)]);
    }
}
