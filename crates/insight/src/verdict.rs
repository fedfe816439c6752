//! How a connection stands, in one word, at each time of a trace.

use serde::{Serialize, Serializer};
use vitrine_protocol::control::RelayProtocol;

use crate::{
    path::{MediaPath, SelectedPair},
    trace::{ConnectionTrace, EventKind, Side, StateMachine},
};

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Direct, inside one network.
    DirectLocal,
    /// Direct, across the internet.
    DirectInternet,
    /// Through a relay over UDP.
    RelayUdp,
    /// Through a relay over TCP.
    RelayTcp,
    /// Through a relay over TLS.
    RelayTls,
    /// Through a relay, over a protocol that the browser does not tell.
    Relay,
    /// Connected; which way is not recorded.
    Connected,
    /// On its way for the first time.
    Connecting,
    /// Was connected, and is on its way again.
    Reconnecting,
    /// No attempt succeeded.
    NeverConnected,
    /// Was connected, and attempts to connect again failed.
    Lost,
    /// Closed before anything was tried.
    Closed,
}

impl Verdict {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::DirectLocal => "direct-local",
            Self::DirectInternet => "direct-internet",
            Self::RelayUdp => "relay-udp",
            Self::RelayTcp => "relay-tcp",
            Self::RelayTls => "relay-tls",
            Self::Relay => "relay",
            Self::Connected => "connected",
            Self::Connecting => "connecting",
            Self::Reconnecting => "reconnecting",
            Self::NeverConnected => "never-connected",
            Self::Lost => "lost",
            Self::Closed => "closed",
        }
    }

    /// Whether media can flow.
    pub fn is_connected(self) -> bool {
        !matches!(self, Self::Connecting | Self::Reconnecting | Self::NeverConnected | Self::Lost | Self::Closed)
    }
}

impl From<MediaPath> for Verdict {
    fn from(path: MediaPath) -> Self {
        match path {
            MediaPath::Local => Self::DirectLocal,
            MediaPath::Internet => Self::DirectInternet,
            MediaPath::Relayed(RelayProtocol::Udp, _) => Self::RelayUdp,
            MediaPath::Relayed(RelayProtocol::Tcp, _) => Self::RelayTcp,
            MediaPath::Relayed(RelayProtocol::Tls, _) => Self::RelayTls,
            MediaPath::Relayed(RelayProtocol::Unknown, _) => Self::Relay,
        }
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// How long a first attempt may take, in milliseconds: browsers give up after 15 s or more (libwebrtc). A trace that ends
/// earlier does not tell.
const PATIENCE: f64 = 15_000.0;

/// The verdicts on a connection, each with the time from which on it held.
pub fn history(connection: &ConnectionTrace) -> Vec<(f64, Verdict)> {
    let mut history: Vec<(f64, Verdict)> = Vec::new();
    let mut is = Standing::default();
    for moment in moments(connection) {
        match moment {
            Moment::Tried(time) => {
                is.tried.get_or_insert(time);
            }
            Moment::State(_, "closed") => {}
            Moment::State(_, state) => is.enter(state),
            Moment::Path(_, path) => is.path = Some(path),
            // What follows is no longer about this connection.
            Moment::Closed(_) => break,
        }
        let verdict = is.verdict();
        if history.last().is_none_or(|(_, last)| *last != verdict) {
            history.push((moment.time(), verdict));
        }
    }
    let end = connection.end().unwrap_or_default();
    if let Some((_, Verdict::Connecting)) = history.last()
        && let Some(tried) = is.tried
        && end - tried >= PATIENCE
        && !was_closed_within(connection, tried + PATIENCE)
    {
        history.push((tried + PATIENCE, Verdict::NeverConnected));
    }
    history
}

/// How a connection stood last, before it was closed.
pub fn last(connection: &ConnectionTrace) -> Verdict {
    history(connection).last().map_or(Verdict::Closed, |(_, verdict)| *verdict)
}

fn was_closed_within(connection: &ConnectionTrace, time: f64) -> bool {
    connection.events.iter().any(|event| event.kind == EventKind::Closed && event.time < time)
}

#[derive(Default)]
struct Standing {
    tried: Option<f64>,
    has_connected: bool,
    is_connected: bool,
    has_failed: bool,
    path: Option<Verdict>,
}

impl Standing {
    fn enter(&mut self, state: &str) {
        match state {
            "connected" | "completed" => {
                (self.has_connected, self.is_connected, self.has_failed) = (true, true, false);
            }
            "failed" => (self.is_connected, self.has_failed) = (false, true),
            "disconnected" => self.is_connected = false,
            "connecting" | "checking" => {
                (self.is_connected, self.has_failed) = (false, false);
                self.tried.get_or_insert(0.0);
            }
            _ => {}
        }
    }

    fn verdict(&self) -> Verdict {
        match (self.is_connected, self.has_connected, self.has_failed) {
            (true, ..) => self.path.unwrap_or(Verdict::Connected),
            (_, true, true) => Verdict::Lost,
            (_, true, false) => Verdict::Reconnecting,
            (_, false, true) => Verdict::NeverConnected,
            _ if self.tried.is_some() => Verdict::Connecting,
            _ => Verdict::Closed,
        }
    }
}

enum Moment<'a> {
    Tried(f64),
    State(f64, &'a str),
    Path(f64, Verdict),
    Closed(f64),
}

impl Moment<'_> {
    fn time(&self) -> f64 {
        match self {
            Self::Tried(time) | Self::State(time, _) | Self::Path(time, _) | Self::Closed(time) => *time,
        }
    }
}

/// What the verdict follows from, in the order of time.
fn moments(connection: &ConnectionTrace) -> Vec<Moment<'_>> {
    let machine = machine(connection);
    let mut moments: Vec<_> = connection
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::State(of, state) if *of == machine => Some(Moment::State(event.time, state)),
            EventKind::SetDescription { side: Side::Local, .. } => Some(Moment::Tried(event.time)),
            EventKind::Closed => Some(Moment::Closed(event.time)),
            _ => None,
        })
        .collect();
    // A path is known from its first sample on; the time before it, since the last state, is taken to be on it too.
    let told = told_relay(connection);
    let mut paths = Vec::new();
    for sample in &connection.samples {
        let path = SelectedPair::find(&sample.reports).and_then(|pair| pair.path(told));
        if let Some(verdict) = path.map(Verdict::from)
            && paths.last().is_none_or(|(_, last)| *last != verdict)
        {
            paths.push((sample.time, verdict));
        }
    }
    let connected = moments.iter().find_map(|moment| match moment {
        Moment::State(time, "connected" | "completed") => Some(*time),
        _ => None,
    });
    if let (Some(first), Some(connected)) = (paths.first_mut(), connected) {
        first.0 = first.0.min(connected);
    }
    moments.extend(paths.into_iter().map(|(time, verdict)| Moment::Path(time, verdict)));
    // At one time, the path is known before the state says that it works.
    let rank = |moment: &Moment<'_>| match moment {
        Moment::Path(..) => 0,
        _ => 1,
    };
    moments.sort_by(|one, other| one.time().total_cmp(&other.time()).then(rank(one).cmp(&rank(other))));
    moments
}

/// The protocol to the other side's relay, as that side told last. Its own browser alone knows it.
pub(crate) fn told_relay(connection: &ConnectionTrace) -> Option<RelayProtocol> {
    let told = connection.events.iter().rev().find_map(|event| match event.kind {
        EventKind::PeerRelay(relay) => Some(relay),
        _ => None,
    });
    told.flatten()
}

/// The state machine that tells whether the connection works: `connectionState`, or `iceConnectionState` where the first
/// was not recorded.
pub(crate) fn machine(connection: &ConnectionTrace) -> StateMachine {
    let has = |wanted| {
        connection.events.iter().any(|event| matches!(&event.kind, EventKind::State(machine, _) if *machine == wanted))
    };
    if has(StateMachine::Connection) { StateMachine::Connection } else { StateMachine::Ice }
}
