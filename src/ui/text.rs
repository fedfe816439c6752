//! Words: the translations of `locales/`, checked at compile time, and which of them says what the engine reports.
//! Placeholders are `{name}`, filled by [`fill`]. Text only; where it is shown is the components' business.

use std::borrow::Cow;

use crate::call::{ConnectionState, DeviceProblem, Problem, Refusal, SignalingState, Step, Steps, Trouble};
use vitrine_insight::{
    check::{Outcome, Reach, Service},
    path::{Path, Side},
};
use vitrine_protocol::{
    control::RelayProtocol,
    signaling::{ErrorCode, UserId},
};

// The build-script form that the deprecation points to compiles all of ICU into that script; this form does not.
#[allow(deprecated, missing_docs, clippy::all)]
mod generated {
    leptos_i18n::load_locales!();
    pub use i18n::Locale;
}

pub use generated::Locale;

/// The text under a key of `locales/*.json`, as `&'static str`.
macro_rules! text {
    ($locale:expr, $($key:tt)+) => {
        leptos_i18n::td_string!($locale, $($key)+)
    };
}
pub(crate) use text;

/// The first of the browser's languages that we speak; English if it lists none of ours.
pub fn browser_locale() -> Locale {
    let languages = web_sys::window().map(|window| window.navigator().languages());
    languages
        .iter()
        .flat_map(|languages| languages.iter())
        .find_map(|language| match language.as_string()?.split('-').next()? {
            "ko" => Some(Locale::ko),
            "en" => Some(Locale::en),
            _ => None,
        })
        .unwrap_or(Locale::en)
}

/// BCP 47 tag, for `<html lang>`.
pub fn tag(locale: Locale) -> &'static str {
    match locale {
        Locale::en => "en",
        Locale::ko => "ko",
    }
}

/// `text` with every `{key}` replaced by `value`.
pub fn fill(text: &str, key: &str, value: &str) -> String {
    let value = &*isolated(value);
    let (mut filled, mut rest) = (String::with_capacity(text.len() + value.len()), text);
    while let Some((before, tail)) = rest.split_once('{') {
        filled.push_str(before);
        rest = match tail.strip_prefix(key).and_then(|tail| tail.strip_prefix('}')) {
            Some(tail) => {
                filled.push_str(value);
                tail
            }
            None => {
                filled.push('{');
                tail
            }
        };
    }
    filled.push_str(rest);
    filled
}

/// A value that is written from right to left would turn what stands around it in the sentence around, too, so it is
/// isolated (UAX #9 §2.4): FSI and PDI.
fn isolated(value: &str) -> Cow<'_, str> {
    let is_right_to_left = |char| {
        matches!(char, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    };
    if value.contains(is_right_to_left) { format!("\u{2068}{value}\u{2069}").into() } else { value.into() }
}

/// What a participant is called when no name was told: enough of the id to tell two apart.
pub fn name_or_guest(locale: Locale, name: Option<&str>, id: &UserId) -> String {
    match name.map(str::trim) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => fill(text!(locale, call.guest), "id", &id.0.chars().take(4).collect::<String>()),
    }
}

/// What happened, and what to do next.
pub struct Words {
    /// What happened.
    pub title: String,
    /// What to do next.
    pub help: String,
}

/// Words for a problem.
pub fn problem(locale: Locale, problem: &Problem) -> Words {
    let (title, help) = match problem {
        Problem::NoWebRtc => (text!(locale, problem.no_webrtc), text!(locale, problem.no_webrtc_help)),
        Problem::WebRtcRefused(_) => {
            (text!(locale, problem.webrtc_refused), text!(locale, problem.webrtc_refused_help))
        }
        Problem::InsecurePage => (text!(locale, problem.insecure), text!(locale, problem.insecure_help)),
        Problem::LinkMalformed => (text!(locale, problem.link), text!(locale, problem.link_help)),
        Problem::ServerUnreachable => (text!(locale, problem.unreachable), text!(locale, problem.unreachable_help)),
        Problem::NotConnected(refusal) => match refusal {
            Refusal::Offline => (text!(locale, problem.offline), text!(locale, problem.offline_help)),
            Refusal::WebSocketBlocked => (text!(locale, problem.blocked), text!(locale, problem.blocked_help)),
            Refusal::UpgradeDropped => (text!(locale, problem.upgrade), text!(locale, problem.upgrade_help)),
            Refusal::TooManyConnections => (text!(locale, problem.crowded), text!(locale, problem.crowded_help)),
            Refusal::OriginNotAllowed => (text!(locale, problem.origin), text!(locale, problem.origin_help)),
            Refusal::NoSignalingServer => (text!(locale, problem.elsewhere), text!(locale, problem.elsewhere_help)),
        },
        Problem::RequestTimedOut => (text!(locale, problem.timed_out), text!(locale, problem.timed_out_help)),
        Problem::RefusedWithoutReason => (text!(locale, problem.refused), text!(locale, problem.refused_help)),
        Problem::NoConnection(_) => (text!(locale, problem.no_connection), text!(locale, problem.no_connection_help)),
        Problem::Refused(code) => match code {
            ErrorCode::InvalidRoomName => (text!(locale, problem.room_name), text!(locale, problem.room_name_help)),
            ErrorCode::RoomExists => (text!(locale, problem.room_exists), text!(locale, problem.room_exists_help)),
            ErrorCode::RoomFull => (text!(locale, problem.room_full), text!(locale, problem.room_full_help)),
            ErrorCode::AlreadyInRoom => (text!(locale, problem.already), text!(locale, problem.already_help)),
            ErrorCode::NotInRoom => (text!(locale, problem.not_in_room), text!(locale, problem.not_in_room_help)),
            ErrorCode::TargetNotInRoom => (text!(locale, problem.target_gone), text!(locale, problem.target_gone_help)),
            ErrorCode::PayloadTooLarge => (text!(locale, problem.too_large), text!(locale, problem.too_large_help)),
            ErrorCode::MalformedPayload => (text!(locale, problem.malformed), text!(locale, problem.malformed_help)),
            ErrorCode::ShuttingDown => {
                (text!(locale, problem.shutting_down), text!(locale, problem.shutting_down_help))
            }
            ErrorCode::RateLimited => (text!(locale, problem.rate_limited), text!(locale, problem.rate_limited_help)),
        },
    };
    let reason = match problem {
        Problem::NoConnection(reason) | Problem::WebRtcRefused(reason) => reason.as_str(),
        _ => "",
    };
    Words { title: title.to_owned(), help: fill(help, "reason", reason) }
}

/// Words for a device that cannot be used; `device` is its name in this language.
pub fn device_problem(locale: Locale, problem: &DeviceProblem, device: &str) -> Words {
    let (title, help) = match problem {
        DeviceProblem::Refused => (text!(locale, device.refused), text!(locale, device.refused_help)),
        DeviceProblem::NotFound => (text!(locale, device.missing), text!(locale, device.missing_help)),
        DeviceProblem::Busy => (text!(locale, device.busy), text!(locale, device.busy_help)),
        DeviceProblem::Lost => (text!(locale, device.lost), text!(locale, device.lost_help)),
        DeviceProblem::InsecurePage => (text!(locale, device.insecure), text!(locale, device.insecure_help)),
        DeviceProblem::Other(_) => (text!(locale, device.other), text!(locale, device.other_help)),
    };
    let reason = if let DeviceProblem::Other(reason) = problem { reason.as_str() } else { "" };
    Words { title: fill(title, "device", device), help: fill(help, "reason", reason) }
}

/// Words for the connection to the signaling server.
pub fn signaling(locale: Locale, state: SignalingState, refusal: Option<Refusal>, in_call: bool) -> Cow<'static, str> {
    let words = match (state, refusal) {
        (SignalingState::Connecting, _) => text!(locale, signaling.connecting),
        (SignalingState::Online, _) => text!(locale, signaling.online),
        (SignalingState::Offline, Some(refusal)) if in_call => {
            let reason = problem(locale, &Problem::NotConnected(refusal)).title;
            return fill(text!(locale, signaling.refused_call), "reason", &reason).into();
        }
        (SignalingState::Offline, _) if in_call => text!(locale, signaling.offline_call),
        (SignalingState::Offline, _) => text!(locale, signaling.offline_lobby),
    };
    words.into()
}

/// Words for a connection's state.
pub fn connection(locale: Locale, state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::New => text!(locale, state.new),
        ConnectionState::Connecting => text!(locale, state.connecting),
        ConnectionState::Connected => text!(locale, state.connected),
        ConnectionState::Disconnected => text!(locale, state.disconnected),
        ConnectionState::Failed => text!(locale, state.failed),
        ConnectionState::Closed => text!(locale, state.closed),
    }
}

/// Words for what is wrong with a connection.
pub fn trouble(locale: Locale, trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Unanswered => text!(locale, state.unanswered),
        Trouble::TooLong => text!(locale, state.too_long),
        Trouble::Refused => text!(locale, state.refused),
    }
}

/// Words for a step, by whether this side offered.
pub fn step(locale: Locale, step: Step, offerer: bool) -> &'static str {
    match (step, offerer) {
        (Step::ConnectionCreated, _) => text!(locale, steps.created),
        (Step::ListenersAttached, _) => text!(locale, steps.listeners),
        (Step::MediaAdded, _) => text!(locale, steps.media_added),
        (Step::Offer, true) => text!(locale, steps.offer_sent),
        (Step::Offer, false) => text!(locale, steps.offer_received),
        (Step::Answer, true) => text!(locale, steps.answer_received),
        (Step::Answer, false) => text!(locale, steps.answer_sent),
        (Step::Candidates, _) => text!(locale, steps.candidates),
        (Step::Connected, _) => text!(locale, steps.connected),
        (Step::MediaReceived, _) => text!(locale, steps.media_received),
        (Step::Direct, _) => text!(locale, steps.direct),
    }
}

/// What the connection is waiting for, judged by the farthest step reached.
pub fn waiting(locale: Locale, steps: &Steps) -> &'static str {
    let reached = |step| steps.reached.iter().any(|(reached, _)| *reached == step);
    if reached(Step::Connected) {
        text!(locale, steps.waiting_media)
    } else if reached(Step::Answer) {
        if reached(Step::Candidates) { text!(locale, steps.waiting_connect) } else { text!(locale, steps.waiting_path) }
    } else if reached(Step::Offer) {
        if steps.offerer { text!(locale, steps.waiting_answer) } else { text!(locale, steps.sending_answer) }
    } else if reached(Step::ConnectionCreated) {
        if steps.offerer { text!(locale, steps.waiting_offer) } else { text!(locale, steps.waiting_peer_offer) }
    } else {
        text!(locale, steps.waiting_start)
    }
}

/// Of whatever is relayed it can be said that it is TURN.
fn relay_protocol(protocol: RelayProtocol) -> &'static str {
    match protocol {
        RelayProtocol::Unknown => "TURN",
        RelayProtocol::Udp => "UDP",
        RelayProtocol::Tcp => "TCP",
        RelayProtocol::Tls => "TLS",
    }
}

/// Words for the way that media takes.
pub fn path(locale: Locale, path: Path) -> String {
    let (words, protocol) = match path {
        Path::Local => (text!(locale, path.local), RelayProtocol::Unknown),
        Path::Internet => (text!(locale, path.internet), RelayProtocol::Unknown),
        Path::Relayed(protocol, Side::Own) => (text!(locale, path.own), protocol),
        Path::Relayed(protocol, Side::Peer) => (text!(locale, path.peer), protocol),
        Path::Relayed(protocol, Side::Both) => (text!(locale, path.both), protocol),
    };
    fill(words, "protocol", relay_protocol(protocol))
}

/// What a check is about.
pub fn service(locale: Locale, service: Service) -> String {
    match service {
        Service::Stun => text!(locale, check.stun).to_owned(),
        Service::Turn(protocol) => fill(text!(locale, check.relay), "protocol", relay_protocol(protocol)),
        Service::Unknown => text!(locale, check.unknown).to_owned(),
    }
}

/// How the check of a service ended, and what to do about it.
pub fn outcome(locale: Locale, outcome: Outcome) -> Words {
    let (title, help) = match outcome {
        Outcome::Works => (text!(locale, check.works), ""),
        Outcome::NotConfigured => (text!(locale, check.none), text!(locale, check.none_help)),
        Outcome::Unreachable => (text!(locale, check.unreachable), text!(locale, check.unreachable_help)),
        Outcome::UdpBlocked => (text!(locale, check.udp), text!(locale, check.udp_help)),
        Outcome::Silent => (text!(locale, check.silent), text!(locale, check.unreachable_help)),
        Outcome::Credentials => (text!(locale, check.credentials), text!(locale, check.tell_help)),
        Outcome::Quota => (text!(locale, check.quota), text!(locale, check.tell_help)),
        Outcome::Refused(_) => (text!(locale, check.refused), text!(locale, check.tell_help)),
        Outcome::NotCarried => (text!(locale, check.not_carried), text!(locale, check.tell_help)),
        Outcome::Unusable => (text!(locale, check.unusable), text!(locale, check.unusable_help)),
    };
    let code = if let Outcome::Refused(code) = outcome { code.to_string() } else { String::new() };
    Words { title: fill(title, "code", &code), help: help.to_owned() }
}

/// What a check comes to in one sentence, when nothing failed or when a part of the internet is out of reach.
pub fn reach(locale: Locale, reach: Reach) -> &'static str {
    match reach {
        Reach::Everywhere => text!(locale, check.good),
        Reach::Direct => text!(locale, check.direct),
        Reach::Local => text!(locale, check.local),
    }
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn a_placeholder_is_filled_wherever_it_stands_and_others_are_left() {
        assert_eq!(fill("{name} and {name}, {other}", "name", "Mina"), "Mina and Mina, {other}");
        assert_eq!(fill("no placeholder { here", "name", "x"), "no placeholder { here");
        assert_eq!(fill("{name}", "name", "{name}"), "{name}");
    }

    #[test]
    fn a_value_from_right_to_left_turns_nothing_around_it() {
        assert_eq!(fill("{name}: 3", "name", "מינה"), "\u{2068}מינה\u{2069}: 3");
    }
}
