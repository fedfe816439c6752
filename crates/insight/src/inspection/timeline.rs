//! How a connection came to be, in the thirteen steps of the guide, and what happened to it later: restarts, rollbacks,
//! further negotiations, losses. What the other page does is not recorded here; when it does it follows from the messages.

use crate::{
    trace::{ConnectionTrace, EventKind, Side, StateMachine},
    words::Language,
};

/// How many steps there are.
pub const STEPS: u8 = 13;

/// Where a step happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// In this page.
    Here,
    /// Between the pages, through the signaling server.
    Signaling,
    /// In the other page.
    There,
    /// In both pages at once.
    Both,
}

/// A step of the guide.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepBar {
    /// Its number, from 1 to 13.
    pub number: u8,
    /// Where it happens.
    pub lane: Lane,
    /// When it began and ended, if it was reached. Both are the same for what takes no time.
    pub time: Option<(f64, f64)>,
    /// It happened at some time within these: the other page does it.
    pub is_estimated: bool,
}

/// How a connection came to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// This side made the first offer.
    pub is_offerer: bool,
    /// When the first step began.
    pub start: f64,
    /// When the last step that was reached ended.
    pub end: f64,
    /// The steps in the guide's order.
    pub steps: Vec<StepBar>,
    /// What happened to the negotiation and the path beside that.
    pub incidents: Vec<Incident>,
}

/// Something that happened to a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// What.
    pub kind: IncidentKind,
    /// When it began.
    pub from: f64,
    /// When it was over, if it is.
    pub to: Option<f64>,
}

/// What can happen to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IncidentKind {
    /// ICE was restarted: a new search for a path, without a new connection.
    IceRestart,
    /// Both sides offered at once, and this one took its offer back.
    Rollback,
    /// Another offer and answer, for other media or another path.
    Renegotiation,
    /// A description was refused by the browser.
    Refused,
    /// The path was lost.
    PathLost,
    /// The signaling server was away.
    SignalingLost,
}

impl IncidentKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::IceRestart, Self::Rollback, Self::Renegotiation, Self::Refused, Self::PathLost, Self::SignalingLost];

    /// Stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::IceRestart => "ice-restart",
            Self::Rollback => "rollback",
            Self::Renegotiation => "renegotiation",
            Self::Refused => "refused",
            Self::PathLost => "path-lost",
            Self::SignalingLost => "signaling-lost",
        }
    }

    /// What happened, in a few words.
    pub fn words(self, language: Language) -> &'static str {
        match self {
            Self::IceRestart => language.pick(
                "ICE restarted: a new search for a path, over the same connection.",
                "ICE를 다시 시작했어요. 같은 연결에서 새 길을 찾아요.",
            ),
            Self::Rollback => language.pick(
                "Both sides offered at once. The polite one took its offer back, as it should.",
                "양쪽이 동시에 Offer를 보냈어요. 양보하는 쪽이 자기 Offer를 거두었어요. 정상이에요.",
            ),
            Self::Renegotiation => language.pick(
                "Another offer and answer, for other media or another path.",
                "미디어나 길을 바꾸려고 Offer와 Answer를 다시 주고받았어요.",
            ),
            Self::Refused => language.pick("The browser refused a description.", "브라우저가 설명(SDP)을 거절했어요."),
            Self::PathLost => language.pick("The path was lost.", "길이 끊겼어요."),
            Self::SignalingLost => language.pick(
                "The signaling server was away. The call goes on without it.",
                "시그널링 서버와 끊겼어요. 통화는 서버 없이도 이어져요.",
            ),
        }
    }
}

/// The times of the events that the steps consist of.
struct Times<'a> {
    connection: &'a ConnectionTrace,
}

impl Times<'_> {
    fn first(&self, is_wanted: impl Fn(&EventKind) -> bool) -> Option<f64> {
        self.after(f64::NEG_INFINITY, is_wanted)
    }

    /// The first one at `time` or later.
    fn after(&self, time: f64, is_wanted: impl Fn(&EventKind) -> bool) -> Option<f64> {
        let events = self.connection.events.iter().filter(|event| event.time >= time);
        events.map(|event| (event.time, &event.kind)).find(|(_, kind)| is_wanted(kind)).map(|(time, _)| time)
    }

    /// From the beginning of the description's setting to its end.
    fn set(&self, side: Side, wanted: &str) -> Option<(f64, f64)> {
        let is = |kind: &EventKind| is_description(kind, side, wanted);
        let started = self.first(|kind| is(kind) && matches!(kind, EventKind::SetDescription { .. }));
        let ended = self.first(|kind| is(kind) && matches!(kind, EventKind::DescriptionSet { .. }));
        // Chromium records the call without a kind where the page leaves the description to the browser.
        let untyped =
            |kind: &EventKind| matches!(kind, EventKind::SetDescription { side: of, kind: None, .. } if *of == side);
        let from = started.or_else(|| {
            let earlier = self.connection.events.iter().filter(|event| ended.is_some_and(|end| event.time <= end));
            earlier.rev().find(|event| untyped(&event.kind)).map(|event| event.time)
        });
        match (from, ended) {
            (Some(from), Some(to)) => Some((from, to.max(from))),
            (Some(time), None) | (None, Some(time)) => Some((time, time)),
            (None, None) => self.set_by_state(side, wanted),
        }
    }

    /// The same from `signalingState`, for recordings that leave descriptions out.
    fn set_by_state(&self, side: Side, wanted: &str) -> Option<(f64, f64)> {
        let state = |wanted: &'static str| move |kind: &EventKind| matches!(kind, EventKind::State(StateMachine::Signaling, state) if state == wanted);
        let [local, remote] = ["have-local-offer", "have-remote-offer"].map(state);
        let time = match (side, wanted) {
            (Side::Local, "offer") => self.first(local),
            (Side::Remote, "offer") => self.first(remote),
            (Side::Local, _) => self.first(remote).and_then(|offered| self.after(offered, state("stable"))),
            (Side::Remote, _) => self.first(local).and_then(|offered| self.after(offered, state("stable"))),
        };
        time.map(|time| (time, time))
    }

    fn message(&self, side: Side, wanted: &str) -> Option<f64> {
        self.first(|kind| matches!(kind, EventKind::Message { side: of, name, .. } if *of == side && name == wanted))
    }
}

fn is_description(kind: &EventKind, side: Side, wanted: &str) -> bool {
    match kind {
        EventKind::SetDescription { side: of, kind: Some(kind), .. }
        | EventKind::DescriptionSet { side: of, kind: Some(kind), .. } => *of == side && kind == wanted,
        _ => false,
    }
}

fn is_up(kind: &EventKind) -> bool {
    match kind {
        EventKind::State(StateMachine::Connection, state) => state == "connected",
        EventKind::State(StateMachine::Ice, state) => state == "connected" || state == "completed",
        _ => false,
    }
}

/// The timeline of a connection.
pub fn of(connection: &ConnectionTrace) -> Timeline {
    let times = Times { connection };
    let offered = times.set(Side::Local, "offer");
    let received = times.set(Side::Remote, "offer");
    let is_offerer = match (offered, received) {
        (Some((ours, _)), Some((theirs, _))) => ours <= theirs,
        (ours, _) => ours.is_some(),
    };
    let steps = steps(&times, is_offerer);
    let moments = steps.iter().filter(|step| !step.is_estimated).filter_map(|step| step.time);
    let start = connection.start().unwrap_or_default();
    let end = moments.map(|(_, to)| to).fold(start, f64::max);
    Timeline { is_offerer, start, end, steps, incidents: incidents(connection) }
}

fn steps(times: &Times<'_>, is_offerer: bool) -> Vec<StepBar> {
    let instant = |time: Option<f64>| time.map(|time| (time, time));
    let created = times.first(|kind| matches!(kind, EventKind::Created { .. })).or(times.connection.start());
    let media = instant(times.first(|kind| match kind {
        EventKind::Other(name) => name == "addTransceiver",
        other => matches!(other, EventKind::TrackAdded { .. }),
    }));
    // An event that came has its listener.
    let listens =
        times.first(|kind| matches!(kind, EventKind::Other(name) if name == "addEventListener")).or_else(|| {
            times
                .first(|kind| matches!(kind, EventKind::State(..) | EventKind::Candidate { side: Side::Local, .. }))
                .and(created)
        });
    let connected = times.first(is_up);
    let tracks = times.first(|kind| matches!(kind, EventKind::TrackReceived { .. }));
    let up = connected.zip(tracks).map(|(connected, track)| connected.max(track));
    let checking = times.first(|kind| match kind {
        EventKind::State(StateMachine::Ice, state) => state == "checking",
        EventKind::State(StateMachine::Connection, state) => state == "connecting",
        _ => false,
    });
    let first_candidate = times.first(|kind| matches!(kind, EventKind::Candidate { candidate: Some(_), .. }));
    let until = connected.unwrap_or(f64::INFINITY);
    let before_connected = times.connection.events.iter().filter(|event| event.time <= until);
    let last_candidate = before_connected
        .rev()
        .find(|event| matches!(event.kind, EventKind::Candidate { candidate: Some(_), .. }))
        .map(|event| event.time);
    let candidates = first_candidate.map(|first| (first, last_candidate.unwrap_or(first).max(first)));
    let bar = |number, lane, time| StepBar { number, lane, time, is_estimated: false };
    let guess = |number, time| StepBar { number, lane: Lane::There, time, is_estimated: true };
    let span = |from: Option<f64>, to: Option<f64>| from.map(|from| (from, to.unwrap_or(from).max(from)));
    let mut steps = if is_offerer {
        let offer = times.set(Side::Local, "offer");
        let answer = times.set(Side::Remote, "answer");
        let sent = times.message(Side::Local, "offer").or(offer.map(|(_, to)| to));
        let came = times.message(Side::Remote, "answer").or(answer.map(|(from, _)| from));
        // The other page has answered only when its answer is here.
        let theirs = came.and_then(|came| span(sent, Some(came)));
        vec![
            bar(1, Lane::Here, instant(created)),
            bar(2, Lane::Here, media),
            bar(3, Lane::Here, instant(listens)),
            bar(4, Lane::Here, span(offer.map(|(from, _)| from), sent)),
            guess(5, theirs),
            guess(6, theirs),
            guess(7, theirs),
            guess(8, theirs),
            bar(9, Lane::Here, span(came, answer.map(|(_, to)| to))),
        ]
    } else {
        let offer = times.set(Side::Remote, "offer");
        let answer = times.set(Side::Local, "answer");
        let came = times.message(Side::Remote, "offer").or(offer.map(|(from, _)| from));
        let sent = times.message(Side::Local, "answer").or(answer.map(|(_, to)| to));
        let earlier = came.and_then(|came| span(created.map(|created| created.min(came)), Some(came)));
        vec![
            guess(1, earlier),
            guess(2, earlier),
            bar(3, Lane::Here, instant(listens)),
            guess(4, earlier),
            bar(5, Lane::Here, span(came, offer.map(|(_, to)| to))),
            bar(6, Lane::Here, instant(created)),
            bar(7, Lane::Here, media),
            bar(8, Lane::Here, span(answer.map(|(from, _)| from), sent)),
            // It took the answer before it could connect.
            guess(9, connected.and_then(|connected| span(sent, Some(connected)))),
        ]
    };
    steps.extend([
        bar(10, Lane::Signaling, candidates),
        bar(11, Lane::Both, connected.map(|connected| (checking.unwrap_or(connected).min(connected), connected))),
        bar(12, Lane::Here, instant(tracks)),
        bar(13, Lane::Both, instant(up)),
    ]);
    steps
}

fn incidents(connection: &ConnectionTrace) -> Vec<Incident> {
    let mut incidents: Vec<Incident> = Vec::new();
    let (mut signaling, mut negotiations, mut has_connected) = ("stable", 0_u32, false);
    let open = |incidents: &mut Vec<Incident>, kind, from| incidents.push(Incident { kind, from, to: None });
    let close = |incidents: &mut Vec<Incident>, kind, to: f64| {
        if let Some(last) = incidents.iter_mut().rev().find(|one| one.kind == kind && one.to.is_none()) {
            last.to = Some(to);
        }
    };
    for rollback in connection.rollbacks() {
        incidents.push(Incident { kind: IncidentKind::Rollback, from: rollback.time, to: Some(rollback.time) });
    }
    for event in &connection.events {
        let time = event.time;
        match &event.kind {
            EventKind::RestartIce => open(&mut incidents, IncidentKind::IceRestart, time),
            EventKind::State(StateMachine::Signaling, state) => {
                if signaling == "stable" && state.starts_with("have-") {
                    negotiations += 1;
                    if negotiations > 1 {
                        open(&mut incidents, IncidentKind::Renegotiation, time);
                    }
                } else if state == "stable" {
                    close(&mut incidents, IncidentKind::Renegotiation, time);
                }
                signaling = state;
            }
            EventKind::Failed { method, .. } if method.ends_with("Description") => {
                incidents.push(Incident { kind: IncidentKind::Refused, from: time, to: Some(time) });
            }
            EventKind::State(StateMachine::Connection | StateMachine::Ice, state) => match &**state {
                "connected" | "completed" => {
                    has_connected = true;
                    close(&mut incidents, IncidentKind::PathLost, time);
                    close(&mut incidents, IncidentKind::IceRestart, time);
                }
                "disconnected" | "failed" if has_connected => {
                    let is_known = |one: &Incident| one.kind == IncidentKind::PathLost && one.to.is_none();
                    if !incidents.iter().any(is_known) {
                        open(&mut incidents, IncidentKind::PathLost, time);
                    }
                }
                _ => {}
            },
            EventKind::SignalingServer(false) => open(&mut incidents, IncidentKind::SignalingLost, time),
            EventKind::SignalingServer(true) => close(&mut incidents, IncidentKind::SignalingLost, time),
            _ => {}
        }
    }
    incidents.sort_by(|one, other| one.from.total_cmp(&other.from));
    incidents
}
