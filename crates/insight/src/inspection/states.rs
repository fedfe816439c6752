//! The states of a connection's machines over time.

use std::sync::Arc;

use crate::{
    reports::all,
    stats::TransportStats,
    trace::{ConnectionTrace, Event, EventKind, Sample, StateMachine},
};

/// One machine's states.
#[derive(Clone, Debug, PartialEq)]
pub struct Strip {
    /// Which machine.
    pub machine: StateMachine,
    /// The states, in the order of time, without gaps.
    pub spans: Vec<Span>,
}

/// A state, and how long it lasted.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// When it began.
    pub from: f64,
    /// When it ended; the end of the trace if it did not.
    pub to: f64,
    /// The browser's name of it.
    pub state: String,
}

const MACHINES: [StateMachine; 5] =
    [StateMachine::Signaling, StateMachine::Gathering, StateMachine::Ice, StateMachine::Connection, StateMachine::Dtls];

/// The strips of those machines of which something was recorded.
pub fn of(connection: &ConnectionTrace) -> Vec<Strip> {
    let end = connection.end().unwrap_or_default();
    let strip = |machine| {
        let mut changes = recorded(connection, machine);
        if machine == StateMachine::Dtls && changes.is_empty() {
            changes = dtls_in_samples(connection);
        }
        changes.dedup_by(|later, earlier| later.1 == earlier.1);
        let ends = changes.iter().skip(1).map(|(time, _)| *time).chain([end]).collect::<Vec<_>>();
        let spans = changes.into_iter().zip(ends).map(|((from, state), to)| Span { from, to: to.max(from), state });
        Strip { machine, spans: spans.collect() }
    };
    MACHINES.into_iter().map(strip).filter(|strip| !strip.spans.is_empty()).collect()
}

fn recorded(connection: &ConnectionTrace, machine: StateMachine) -> Vec<(f64, String)> {
    let change = |event: &Arc<Event>| match &event.kind {
        EventKind::State(of, state) if *of == machine => Some((event.time, state.clone())),
        _ => None,
    };
    connection.events.iter().filter_map(change).collect()
}

/// Chromium fires no event of the connection for the state of its encryption; statistics have it.
fn dtls_in_samples(connection: &ConnectionTrace) -> Vec<(f64, String)> {
    let state = |sample: &Arc<Sample>| {
        let state = all::<TransportStats>(&sample.reports).find_map(|transport| transport.dtls_state.clone())?;
        Some((sample.time, state))
    };
    connection.samples.iter().filter_map(state).collect()
}
