//! `GET /metrics`: the server's counters in Prometheus' text format, with access control. They contain no room names,
//! no ids and no addresses.

use std::{
    fmt::Write as _,
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use axum::{
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, FORWARDED, HOST, VIA, WWW_AUTHENTICATE},
        uri::Authority,
    },
    response::{IntoResponse as _, Response},
};
use sha2::{Digest as _, Sha256};
use vitrine_protocol::signaling::{ErrorCode, event};

use crate::{access_options::MetricsAccess, addresses::is_loopback, refusal_reason::Reason};

/// The version of the text format (Prometheus, "Exposition formats").
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Headers that proxies add.
const PROXY_HEADERS: [HeaderName; 4] =
    [FORWARDED, VIA, HeaderName::from_static("x-forwarded-for"), HeaderName::from_static("x-real-ip")];

/// Counters of the signaling.
#[derive(Debug)]
pub struct Metrics {
    /// Open Engine.IO sessions.
    pub sockets: Counter,
    /// Sessions closed because they sent far too much.
    pub floods: Counter,
    /// Messages forwarded between participants, by event.
    pub forwarded: LabelledCounters,
    /// Requests refused, by code.
    pub refusals: LabelledCounters,
    /// Connections refused, by reason.
    pub connections_refused: LabelledCounters,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            sockets: Counter::default(),
            floods: Counter::default(),
            forwarded: LabelledCounters::new([event::OFFER, event::ANSWER, event::ICE_CANDIDATE]),
            refusals: LabelledCounters::new(ErrorCode::ALL.map(|code| code.to_string())),
            connections_refused: LabelledCounters::new(Reason::ALL.map(Reason::name)),
        }
    }
}

impl Metrics {
    /// The counters as text, with the number of `rooms` that have participants, and of `participants` in all rooms.
    pub fn expose(&self, rooms: usize, participants: usize, turn: Option<&vitrine_turn::Metrics>) -> Exposition {
        let mut text = Exposition::default();
        text.gauge("vitrine_sockets", "Open signaling connections.", self.sockets.get());
        text.gauge("vitrine_rooms", "Rooms with participants.", rooms as u64);
        text.gauge("vitrine_participants", "Participants in all rooms.", participants as u64);
        text.counters(
            "vitrine_signaling_relayed_total",
            "Signaling messages forwarded to another participant.",
            "event",
            self.forwarded.all(),
        );
        text.counters("vitrine_refusals_total", "Requests refused.", "code", self.refusals.all());
        text.counters(
            "vitrine_connections_refused_total",
            "Signaling connections refused.",
            "reason",
            self.connections_refused.all(),
        );
        text.counter(
            "vitrine_flooders_disconnected_total",
            "Signaling connections closed because they sent far too much.",
            self.floods.get(),
        );
        if let Some(turn) = turn {
            text.turn(turn);
        }
        text
    }
}

/// A counter or gauge.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `more`.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Subtracts `fewer`.
    pub fn sub(&self, fewer: u64) {
        self.0.fetch_sub(fewer, Ordering::Relaxed);
    }

    /// The value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One counter for each value of a label.
#[derive(Debug)]
pub struct LabelledCounters(Vec<(String, Counter)>);

impl LabelledCounters {
    /// A counter at zero for each of `names`.
    pub fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(names.into_iter().map(|name| (name.into(), Counter::default())).collect())
    }

    /// Adds one to the counter of `name`; unknown names are ignored.
    pub fn add(&self, name: &str) {
        if let Some((_, count)) = self.0.iter().find(|(known, _)| known == name) {
            count.add(1);
        }
    }

    /// Name and value of each counter.
    pub fn all(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, count)| (name.as_str(), count.get()))
    }
}

/// Metrics in Prometheus' text format. All names and help texts are constants of the program, so nothing needs
/// escaping.
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// Adds a gauge.
    pub fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, help, "gauge");
        self.line(format_args!("{name} {value}"));
    }

    /// Adds a counter; `name` ends in `_total`.
    pub fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, help, "counter");
        self.line(format_args!("{name} {value}"));
    }

    /// Adds a counter with one sample for each value of `label`.
    pub fn counters<'a>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'a str, u64)>,
    ) {
        self.family(name, help, "counter");
        for (label_value, value) in values {
            self.line(format_args!("{name}{{{label}=\"{label_value}\"}} {value}"));
        }
    }

    fn turn(&mut self, turn: &vitrine_turn::Metrics) {
        self.gauge("vitrine_turn_allocations", "Open TURN allocations.", turn.allocations);
        self.counter("vitrine_turn_allocations_total", "TURN allocations made.", turn.allocations_made);
        self.gauge("vitrine_turn_streams", "Connections to the relay over TCP and TLS.", turn.streams);
        self.counter(
            "vitrine_turn_streams_refused_total",
            "Connections to the relay over TCP and TLS refused because of their number.",
            turn.streams_refused,
        );
        let traffic = [("to-peers", turn.to_peers), ("to-clients", turn.to_clients)];
        self.counters(
            "vitrine_turn_relayed_bytes_total",
            "Bytes of payload relayed, without headers.",
            "direction",
            traffic.map(|(direction, traffic)| (direction, traffic.bytes)),
        );
        self.counters(
            "vitrine_turn_relayed_packets_total",
            "Packets relayed.",
            "direction",
            traffic.map(|(direction, traffic)| (direction, traffic.packets)),
        );
        let codes = turn.refused.map(|(code, count)| (code.to_string(), count));
        self.counters(
            "vitrine_turn_refusals_total",
            "Requests to the relay refused, by STUN error code.",
            "code",
            codes.iter().map(|(code, count)| (code.as_str(), *count)),
        );
        self.counters(
            "vitrine_turn_dropped_total",
            "Packets that the relay dropped.",
            "reason",
            turn.dropped.map(|(reason, count)| (reason.label(), count)),
        );
    }

    fn family(&mut self, name: &str, help: &str, kind: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{line}");
    }
}

/// Responds to `GET /metrics`, or refuses it according to `access`.
pub fn respond(
    access: MetricsAccess<'_>,
    peer: SocketAddr,
    headers: &HeaderMap,
    text: impl FnOnce() -> Exposition,
) -> Response {
    // Some proxies add no header. But a proxy that keeps Host passes on a request for another host.
    let not_proxied = || {
        PROXY_HEADERS.iter().all(|name| !headers.contains_key(name)) && headers.get_all(HOST).iter().all(is_local_host)
    };
    match access {
        MetricsAccess::Local if peer.ip().to_canonical().is_loopback() && not_proxied() => {}
        MetricsAccess::Token(token) if bearer_token(headers).is_some_and(|shown| are_equal(shown, token)) => {}
        MetricsAccess::Local => {
            let words = "only programs on the server's machine may read this; see --metrics-token";
            return (StatusCode::FORBIDDEN, words).into_response();
        }
        MetricsAccess::Token(_) => {
            let challenge = [(WWW_AUTHENTICATE, "Bearer")];
            return (StatusCode::UNAUTHORIZED, challenge, "a bearer token is needed").into_response();
        }
        MetricsAccess::Off => return StatusCode::NOT_FOUND.into_response(),
    }
    ([(CONTENT_TYPE, FORMAT)], text().0).into_response()
}

/// Whether a `Host` header names localhost or a loopback address.
fn is_local_host(host: &HeaderValue) -> bool {
    let authority = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    authority.is_some_and(|authority| is_loopback(authority.host()))
}

/// The bearer token of a request (RFC 6750 section 2.1).
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Compares without leaking by its timing how many bytes match: a client cannot choose the digests.
fn are_equal(shown: &str, token: &str) -> bool {
    Sha256::digest(shown) == Sha256::digest(token)
}
