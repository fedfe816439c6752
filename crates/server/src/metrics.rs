//! `GET /metrics`: what the server counts, in Prometheus' text format, for those who may read it. No names of rooms, no
//! ids and no addresses: nothing in it is about anybody.

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

use crate::{addresses::is_loopback, door::Readers, refusals::Reason};

/// The version of the text format (Prometheus, "Exposition formats").
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Headers by which a proxy shows.
const OF_PROXIES: [HeaderName; 4] =
    [FORWARDED, VIA, HeaderName::from_static("x-forwarded-for"), HeaderName::from_static("x-real-ip")];

/// What is counted where it happens.
#[derive(Debug)]
pub struct Metrics {
    /// Engine.IO sessions that are open.
    pub sockets: Count,
    /// Sessions that were ended because they sent far too much.
    pub flooders: Count,
    /// Messages forwarded from one participant to another, by event.
    pub relayed: Counts,
    /// Requests refused, by code.
    pub refusals: Counts,
    /// Connections refused, by reason.
    pub turned_away: Counts,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            sockets: Count::default(),
            flooders: Count::default(),
            relayed: Counts::of([event::OFFER, event::ANSWER, event::ICE_CANDIDATE]),
            refusals: Counts::of(ErrorCode::all().map(ErrorCode::name)),
            turned_away: Counts::of(Reason::ALL.map(Reason::name)),
        }
    }
}

impl Metrics {
    /// The figures as text; `rooms` that have somebody in them, with so many `participants` together.
    pub fn expose(&self, rooms: usize, participants: usize, turn: Option<&vitrine_turn::Metrics>) -> Exposition {
        let mut text = Exposition::default();
        text.gauge("vitrine_sockets", "Open signaling connections.", self.sockets.get());
        text.gauge("vitrine_rooms", "Rooms with somebody in them.", rooms as u64);
        text.gauge("vitrine_participants", "Participants in all rooms.", participants as u64);
        text.counters(
            "vitrine_signaling_relayed_total",
            "Signaling messages forwarded to another participant.",
            "event",
            self.relayed.all(),
        );
        text.counters("vitrine_refusals_total", "Requests refused.", "code", self.refusals.all());
        text.counters(
            "vitrine_connections_refused_total",
            "Signaling connections refused at the door.",
            "reason",
            self.turned_away.all(),
        );
        text.counter(
            "vitrine_flooders_disconnected_total",
            "Signaling connections ended because they sent far too much.",
            self.flooders.get(),
        );
        if let Some(turn) = turn {
            text.turn(turn);
        }
        text
    }
}

/// A number that goes up and, if it counts what is there now, down.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// So many fewer.
    pub fn sub(&self, fewer: u64) {
        self.0.fetch_sub(fewer, Ordering::Relaxed);
    }

    /// How many.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Several numbers, each with a word for what it counts.
#[derive(Debug)]
pub struct Counts(Vec<(&'static str, Count)>);

impl Counts {
    /// Nothing counted yet of these.
    pub fn of(names: impl IntoIterator<Item = &'static str>) -> Self {
        Self(names.into_iter().map(|name| (name, Count::default())).collect())
    }

    /// One more of those called `name`.
    pub fn add(&self, name: &str) {
        if let Some((_, count)) = self.0.iter().find(|(known, _)| *known == name) {
            count.add(1);
        }
    }

    /// How many there are of each.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(name, count)| (*name, count.get()))
    }
}

/// Figures in Prometheus' text format. Names and words are the program's own, so that nothing needs escaping.
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// Something that is there now.
    pub fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, help, "gauge");
        self.line(format_args!("{name} {value}"));
    }

    /// Something that has happened so often; the name ends in `_total`.
    pub fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, help, "counter");
        self.line(format_args!("{name} {value}"));
    }

    /// The same for each value that `label` can have.
    pub fn counters<'a>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'a str, u64)>,
    ) {
        self.family(name, help, "counter");
        for (word, value) in values {
            self.line(format_args!("{name}{{{label}=\"{word}\"}} {value}"));
        }
    }

    fn turn(&mut self, turn: &vitrine_turn::Metrics) {
        self.gauge("vitrine_turn_allocations", "TURN allocations that live.", turn.allocations);
        self.counter("vitrine_turn_allocations_total", "TURN allocations made.", turn.allocations_made);
        self.gauge("vitrine_turn_streams", "Connections to the relay over TCP and TLS.", turn.streams);
        self.counter(
            "vitrine_turn_streams_refused_total",
            "Connections to the relay over TCP and TLS that were one too many.",
            turn.streams_refused,
        );
        let traffic = [("to-peers", turn.to_peers), ("to-clients", turn.to_clients)];
        self.counters(
            "vitrine_turn_relayed_bytes_total",
            "Bytes of data relayed, without what carries them.",
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
            "What came to the relay and went nowhere.",
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

/// Answers `GET /metrics`, if the one who asks may know.
pub fn respond(
    readers: Readers<'_>,
    peer: SocketAddr,
    headers: &HeaderMap,
    text: impl FnOnce() -> Exposition,
) -> Response {
    // Not every proxy says that it is one; but what it passes on, if it does not change it, was asked of another host.
    let not_proxied = || {
        OF_PROXIES.iter().all(|name| !headers.contains_key(name)) && headers.get_all(HOST).iter().all(is_this_machine)
    };
    match readers {
        Readers::Local if peer.ip().to_canonical().is_loopback() && not_proxied() => {}
        Readers::Holders(token) if bearer(headers).is_some_and(|shown| are_equal(shown, token)) => {}
        Readers::Local => {
            let words = "only programs on the server's machine may read this; see --metrics-token";
            return (StatusCode::FORBIDDEN, words).into_response();
        }
        Readers::Holders(_) => {
            let challenge = [(WWW_AUTHENTICATE, "Bearer")];
            return (StatusCode::UNAUTHORIZED, challenge, "a bearer token is needed").into_response();
        }
        Readers::Nobody => return StatusCode::NOT_FOUND.into_response(),
    }
    ([(CONTENT_TYPE, FORMAT)], text().0).into_response()
}

/// Whether a `Host` header is what a program writes that asks on its own machine.
fn is_this_machine(host: &HeaderValue) -> bool {
    let authority = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    authority.is_some_and(|authority| is_loopback(authority.host()))
}

/// The token of a request (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Compares without telling by the time it takes how much is right: nobody can choose what the digests look like.
fn are_equal(shown: &str, token: &str) -> bool {
    Sha256::digest(shown) == Sha256::digest(token)
}
