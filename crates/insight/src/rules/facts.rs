//! What the rules need to know of a connection, gathered once from its trace. Nothing is judged here.

use vitrine_protocol::control::RelayProtocol;

use crate::{
    candidate::{Candidate, CandidateKind},
    intervals::{Interval, intervals},
    path::url_protocol,
    reports::{self, Stream},
    stats::Stats,
    trace::{ConnectionTrace, EventKind, IceServerUrl, Side, StateMachine},
    verdict::{self, Verdict},
};

/// See the module.
pub struct Facts<'a> {
    /// The trace.
    pub connection: &'a ConnectionTrace,
    /// When the first thing was recorded.
    pub start: f64,
    /// When the last thing was recorded, or the connection was closed.
    pub end: f64,
    /// The configured servers.
    pub servers: Vec<&'a IceServerUrl>,
    /// Only relayed candidates are wanted.
    pub is_relay_only: bool,
    /// The candidates found here, each with its time and its server.
    pub local: Vec<(f64, &'a Candidate, Option<&'a str>)>,
    /// Kinds of local candidates that statistics name, with the protocol to the relay.
    pub local_kinds: Vec<(CandidateKind, Option<RelayProtocol>)>,
    /// The errors of servers: time, URL, code, words.
    pub errors: Vec<(f64, &'a str, u16, &'a str)>,
    /// How the connection stood.
    pub history: Vec<(f64, Verdict)>,
    /// The intervals between samples in which the page was awake.
    pub intervals: Vec<Interval<'a>>,
}

impl<'a> Facts<'a> {
    /// Of this trace.
    pub fn of(connection: &'a ConnectionTrace) -> Self {
        let mut servers = Vec::new();
        let mut is_relay_only = false;
        let (mut local, mut errors) = (Vec::new(), Vec::new());
        let mut closed = None;
        for event in &connection.events {
            match &event.kind {
                EventKind::Created { ice_servers, is_relay_only: only } => {
                    servers = ice_servers.iter().collect();
                    is_relay_only = *only;
                }
                EventKind::Candidate { side: Side::Local, candidate: Some(candidate), url } => {
                    local.push((event.time, candidate, url.as_deref()));
                }
                EventKind::CandidateError { url, code, text, .. } => errors.push((event.time, &**url, *code, &**text)),
                EventKind::Closed => closed = Some(event.time),
                _ => {}
            }
        }
        let start = connection.start().unwrap_or_default();
        Self {
            connection,
            start,
            end: closed.or(connection.end()).unwrap_or(start),
            servers,
            is_relay_only,
            local,
            local_kinds: local_kinds(connection),
            errors,
            history: verdict::history(connection),
            intervals: intervals(&connection.samples).filter(|interval| !interval.is_gap).collect(),
        }
    }

    /// Whether a candidate of this kind was found here.
    pub fn has_local(&self, kind: CandidateKind) -> bool {
        self.local.iter().any(|(_, candidate, _)| candidate.kind == kind)
            || self.local_kinds.iter().any(|(known, _)| *known == kind)
    }

    /// Whether a candidate was relayed over this protocol.
    pub fn has_relay_over(&self, protocols: &[RelayProtocol]) -> bool {
        let of_url = |url: &Option<&str>| url.and_then(url_protocol);
        let by_event = self.local.iter().filter(|(_, candidate, _)| candidate.kind == CandidateKind::Relay);
        let by_stats = self.local_kinds.iter().filter(|(kind, _)| *kind == CandidateKind::Relay);
        by_event
            .filter_map(|(_, _, url)| of_url(url))
            .chain(by_stats.filter_map(|(_, protocol)| *protocol))
            .any(|protocol| protocols.contains(&protocol))
    }

    /// Whether a server of this kind is configured.
    pub fn has_server(&self, is_wanted: impl Fn(&IceServerUrl) -> bool) -> bool {
        self.servers.iter().any(|server| is_wanted(server))
    }

    /// Whether the configuration was recorded.
    pub fn knows_servers(&self) -> bool {
        self.connection.events.iter().any(|event| matches!(event.kind, EventKind::Created { .. }))
    }

    /// Whether the other side's description came.
    pub fn has_remote_description(&self) -> bool {
        self.connection.events.iter().any(|event| {
            matches!(
                event.kind,
                EventKind::SetDescription { side: Side::Remote, .. }
                    | EventKind::DescriptionSet { side: Side::Remote, .. }
            )
        })
    }

    /// The last verdict.
    pub fn verdict(&self) -> Verdict {
        self.history.last().map_or(Verdict::Closed, |(_, verdict)| *verdict)
    }

    /// When it was connected for the first time.
    pub fn connected_at(&self) -> Option<f64> {
        self.history.iter().find(|(_, verdict)| verdict.is_connected()).map(|(time, _)| *time)
    }

    /// Whether it was connected during all of this time.
    pub fn is_connected_during(&self, from: f64, to: f64) -> bool {
        let before = self.history.iter().rfind(|(time, _)| *time <= from);
        let within = self.history.iter().filter(|(time, _)| *time > from && *time < to);
        before.is_some_and(|(_, verdict)| verdict.is_connected())
            && within.into_iter().all(|(_, verdict)| verdict.is_connected())
    }

    /// When a state machine entered each of its states.
    pub fn states(&self, machine: StateMachine) -> impl Iterator<Item = (f64, &'a str)> {
        self.connection.events.iter().filter_map(move |event| match &event.kind {
            EventKind::State(of, state) if *of == machine => Some((event.time, &**state)),
            _ => None,
        })
    }

    /// The ids of all streams of this kind.
    pub fn stream_ids<T: Stream + 'static>(&self, kind: &str) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        let streams = self.connection.samples.iter().flat_map(|sample| reports::streams::<T>(&sample.reports, kind));
        for id in streams.filter_map(Stream::id) {
            if !ids.iter().any(|known| known == id) {
                ids.push(id.to_owned());
            }
        }
        ids
    }

    /// When the search for candidates began.
    pub fn gathering_since(&self) -> Option<f64> {
        let gathering = self.states(StateMachine::Gathering).find(|(_, state)| *state == "gathering");
        let described = || {
            self.connection
                .events
                .iter()
                .find(|event| matches!(event.kind, EventKind::SetDescription { side: Side::Local, .. }))
        };
        // Callbacks of states come after those of the first candidates.
        let first = self.local.first().map(|(time, ..)| *time);
        let known = gathering.map(|(time, _)| time).or_else(|| described().map(|event| event.time));
        match (known, first) {
            (Some(known), Some(first)) => Some(known.min(first)),
            (known, first) => known.or(first),
        }
    }

    /// Whether the search for candidates ended.
    pub fn has_gathered(&self) -> bool {
        self.states(StateMachine::Gathering).any(|(_, state)| state == "complete")
            || self
                .connection
                .events
                .iter()
                .any(|event| matches!(event.kind, EventKind::Candidate { side: Side::Local, candidate: None, .. }))
    }
}

fn local_kinds(connection: &ConnectionTrace) -> Vec<(CandidateKind, Option<RelayProtocol>)> {
    let mut kinds = Vec::new();
    for report in connection.samples.iter().flat_map(|sample| &sample.reports) {
        if let Stats::LocalCandidate(candidate) = report
            && let Some(kind) = candidate.candidate_type.as_deref().and_then(CandidateKind::from_name)
        {
            let protocol = candidate.relay_protocol.or_else(|| candidate.url.as_deref().and_then(url_protocol));
            if !kinds.contains(&(kind, protocol)) {
                kinds.push((kind, protocol));
            }
        }
    }
    kinds
}
