//! The texts: the translations of `locales/`, checked at compile time by `leptos_i18n`, and the choice of text for each
//! state. Where a text is shown is the components' business. Placeholders are `{name}`, filled by [`fill`]:
//! `leptos_i18n` fills its own placeholders only in projects that compile all of ICU into a build script.

use std::borrow::Cow;

use leptos_i18n::td_string;

use crate::call::{ConnectionState, DeviceProblem, Problem, Refusal, SignalingState, Step, Steps, Trouble};
use vitrine_insight::{
    connection_check::{Outcome, Reachability, Service},
    path::{MediaPath, RelaySide},
    quality::Weakness,
};
use vitrine_protocol::{
    control::RelayProtocol,
    signaling::{ErrorCode, UserId},
};

// The replacement that the deprecation names compiles all of ICU into a build script.
#[allow(deprecated, missing_docs, clippy::all)]
mod generated {
    leptos_i18n::load_locales!();
    pub use i18n::Locale;
}

pub use generated::Locale;

/// The first of the browser's languages that has a translation, or else English.
pub fn browser_locale() -> Locale {
    let languages = web_sys::window().map(|window| window.navigator().languages());
    languages
        .iter()
        .flat_map(|languages| languages.iter())
        .find_map(|language| locale_of(&language.as_string()?))
        .unwrap_or(Locale::en)
}

/// The locale for a BCP 47 tag, if there is a translation.
pub fn locale_of(tag: &str) -> Option<Locale> {
    match tag.split('-').next()? {
        "ko" => Some(Locale::ko),
        "en" => Some(Locale::en),
        _ => None,
    }
}

/// The BCP 47 tag, for `<html lang>`.
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

/// Isolates a right-to-left value with FSI and PDI (UAX #9 §2.4): otherwise it would reorder the text around it.
fn isolated(value: &str) -> Cow<'_, str> {
    let is_right_to_left = |char| {
        matches!(char, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    };
    if value.contains(is_right_to_left) { format!("\u{2068}{value}\u{2069}").into() } else { value.into() }
}

/// A participant's name, or "guest" with enough of the id to tell two guests apart.
pub fn name_or_guest(locale: Locale, name: Option<&str>, id: &UserId) -> String {
    match name.map(str::trim) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => fill(td_string!(locale, call.guest), "id", &id.0.chars().take(4).collect::<String>()),
    }
}

/// The text for a problem.
pub struct Words {
    /// What happened.
    pub title: String,
    /// What to do next.
    pub help: String,
}

/// The text for a problem.
pub fn problem(locale: Locale, problem: &Problem) -> Words {
    let (title, help) = match problem {
        Problem::NoWebRtc => (td_string!(locale, problem.no_webrtc), td_string!(locale, problem.no_webrtc_help)),
        Problem::WebRtcRefused(reason) => {
            let help = fill(td_string!(locale, problem.webrtc_refused_help), "reason", reason);
            return Words { title: td_string!(locale, problem.webrtc_refused).to_owned(), help };
        }
        Problem::InsecurePage => (td_string!(locale, problem.insecure), td_string!(locale, problem.insecure_help)),
        Problem::LinkMalformed => (td_string!(locale, problem.link), td_string!(locale, problem.link_help)),
        Problem::ServerUnreachable => {
            (td_string!(locale, problem.unreachable), td_string!(locale, problem.unreachable_help))
        }
        Problem::NotConnected(refusal) => match refusal {
            Refusal::Offline => (td_string!(locale, problem.offline), td_string!(locale, problem.offline_help)),
            Refusal::WebSocketBlocked => {
                (td_string!(locale, problem.blocked), td_string!(locale, problem.blocked_help))
            }
            Refusal::UpgradeDropped => (td_string!(locale, problem.upgrade), td_string!(locale, problem.upgrade_help)),
            Refusal::TooManyConnections => {
                (td_string!(locale, problem.crowded), td_string!(locale, problem.crowded_help))
            }
            Refusal::OriginNotAllowed => (td_string!(locale, problem.origin), td_string!(locale, problem.origin_help)),
            Refusal::NoSignalingServer => {
                (td_string!(locale, problem.elsewhere), td_string!(locale, problem.elsewhere_help))
            }
        },
        Problem::RequestTimedOut => (td_string!(locale, problem.timed_out), td_string!(locale, problem.timed_out_help)),
        Problem::RefusedWithoutReason => {
            (td_string!(locale, problem.refused), td_string!(locale, problem.refused_help))
        }
        Problem::NoRelay => (td_string!(locale, problem.no_relay), td_string!(locale, problem.no_relay_help)),
        Problem::NoConnection(reason) => {
            let help = fill(td_string!(locale, problem.no_connection_help), "reason", reason);
            return Words { title: td_string!(locale, problem.no_connection).to_owned(), help };
        }
        Problem::Refused(code) => match code {
            ErrorCode::InvalidRoomName => {
                (td_string!(locale, problem.room_name), td_string!(locale, problem.room_name_help))
            }
            ErrorCode::RoomExists => {
                (td_string!(locale, problem.room_exists), td_string!(locale, problem.room_exists_help))
            }
            ErrorCode::RoomFull => (td_string!(locale, problem.room_full), td_string!(locale, problem.room_full_help)),
            ErrorCode::AlreadyInRoom => (td_string!(locale, problem.already), td_string!(locale, problem.already_help)),
            ErrorCode::NotInRoom => {
                (td_string!(locale, problem.not_in_room), td_string!(locale, problem.not_in_room_help))
            }
            ErrorCode::TargetNotInRoom => {
                (td_string!(locale, problem.target_gone), td_string!(locale, problem.target_gone_help))
            }
            ErrorCode::PayloadTooLarge => {
                (td_string!(locale, problem.too_large), td_string!(locale, problem.too_large_help))
            }
            ErrorCode::MalformedPayload => {
                (td_string!(locale, problem.malformed), td_string!(locale, problem.malformed_help))
            }
            ErrorCode::ShuttingDown => {
                (td_string!(locale, problem.shutting_down), td_string!(locale, problem.shutting_down_help))
            }
            ErrorCode::RateLimited => {
                (td_string!(locale, problem.rate_limited), td_string!(locale, problem.rate_limited_help))
            }
        },
    };
    Words { title: title.to_owned(), help: help.to_owned() }
}

/// The text for a device that cannot be used; `device` is its name in this language.
pub fn device_problem(locale: Locale, problem: &DeviceProblem, device: &str) -> Words {
    let (title, help) = match problem {
        DeviceProblem::Refused => {
            (fill(td_string!(locale, device.refused), "device", device), td_string!(locale, device.refused_help))
        }
        DeviceProblem::NotFound => {
            (fill(td_string!(locale, device.missing), "device", device), td_string!(locale, device.missing_help))
        }
        DeviceProblem::Busy => {
            (fill(td_string!(locale, device.busy), "device", device), td_string!(locale, device.busy_help))
        }
        DeviceProblem::Lost => {
            (fill(td_string!(locale, device.lost), "device", device), td_string!(locale, device.lost_help))
        }
        DeviceProblem::InsecurePage => {
            (td_string!(locale, device.insecure).to_owned(), td_string!(locale, device.insecure_help))
        }
        DeviceProblem::Other(reason) => {
            let help = fill(td_string!(locale, device.other_help), "reason", reason);
            return Words { title: fill(td_string!(locale, device.other), "device", device), help };
        }
    };
    Words { title, help: help.to_owned() }
}

/// The text for the state of the signaling connection.
pub fn signaling(locale: Locale, state: SignalingState, refusal: Option<Refusal>, in_call: bool) -> String {
    match (state, refusal) {
        (SignalingState::Connecting, _) => td_string!(locale, signaling.connecting).to_owned(),
        (SignalingState::Online, _) => td_string!(locale, signaling.online).to_owned(),
        (SignalingState::Offline, Some(refusal)) if in_call => {
            let reason = problem(locale, &Problem::NotConnected(refusal)).title;
            fill(td_string!(locale, signaling.refused_call), "reason", &reason)
        }
        (SignalingState::Offline, _) if in_call => td_string!(locale, signaling.offline_call).to_owned(),
        (SignalingState::Offline, _) => td_string!(locale, signaling.offline_lobby).to_owned(),
    }
}

/// The text for the state of a peer connection.
pub fn connection(locale: Locale, state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::New => td_string!(locale, state.new),
        ConnectionState::Connecting => td_string!(locale, state.connecting),
        ConnectionState::Connected => td_string!(locale, state.connected),
        ConnectionState::Disconnected => td_string!(locale, state.disconnected),
        ConnectionState::Failed => td_string!(locale, state.failed),
        ConnectionState::Closed => td_string!(locale, state.closed),
    }
}

/// The text for a peer connection's trouble.
pub fn trouble(locale: Locale, trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Unanswered => td_string!(locale, state.unanswered),
        Trouble::TooLong => td_string!(locale, state.too_long),
        Trouble::Refused => td_string!(locale, state.refused),
        Trouble::NoRelay => td_string!(locale, state.no_relay),
    }
}

/// The text for why a connection is poor.
pub fn weakness(locale: Locale, weakness: Weakness) -> &'static str {
    match weakness {
        Weakness::OwnMachine => td_string!(locale, weakness.own_machine),
        Weakness::TheirMachine => td_string!(locale, weakness.their_machine),
        Weakness::OwnLoss => td_string!(locale, weakness.own_loss),
        Weakness::TheirLoss => td_string!(locale, weakness.their_loss),
        Weakness::Loss => td_string!(locale, weakness.loss),
        Weakness::OwnUpload => td_string!(locale, weakness.own_upload),
        Weakness::TheirUpload => td_string!(locale, weakness.their_upload),
        Weakness::TheirNetwork => td_string!(locale, weakness.their_network),
        Weakness::OwnNetwork => td_string!(locale, weakness.own_network),
    }
}

/// The next thing that a connection waits for, from the farthest step reached.
pub fn waiting(locale: Locale, steps: &Steps) -> &'static str {
    let reached = |step| steps.reached.iter().any(|(reached, _)| *reached == step);
    if reached(Step::Connected) {
        td_string!(locale, steps.waiting_media)
    } else if reached(Step::Answer) {
        if reached(Step::Candidates) {
            td_string!(locale, steps.waiting_connect)
        } else {
            td_string!(locale, steps.waiting_path)
        }
    } else if reached(Step::Offer) {
        if steps.offerer { td_string!(locale, steps.waiting_answer) } else { td_string!(locale, steps.sending_answer) }
    } else if reached(Step::ConnectionCreated) {
        if steps.offerer {
            td_string!(locale, steps.waiting_offer)
        } else {
            td_string!(locale, steps.waiting_peer_offer)
        }
    } else {
        td_string!(locale, steps.waiting_start)
    }
}

/// The name of a relay's protocol; "TURN" if only that is known.
fn relay_protocol(protocol: RelayProtocol) -> &'static str {
    match protocol {
        RelayProtocol::Unknown => "TURN",
        RelayProtocol::Udp => "UDP",
        RelayProtocol::Tcp => "TCP",
        RelayProtocol::Tls => "TLS",
    }
}

/// The text for a media path.
pub fn path(locale: Locale, path: MediaPath) -> String {
    match path {
        MediaPath::Local => td_string!(locale, path.local).to_owned(),
        MediaPath::Internet => td_string!(locale, path.internet).to_owned(),
        MediaPath::Relayed(protocol, side) => {
            let protocol = relay_protocol(protocol);
            match side {
                RelaySide::Own => fill(td_string!(locale, path.own), "protocol", protocol),
                RelaySide::Peer => fill(td_string!(locale, path.peer), "protocol", protocol),
                RelaySide::Both => fill(td_string!(locale, path.both), "protocol", protocol),
            }
        }
    }
}

/// The name of a checked service.
pub fn service(locale: Locale, service: Service) -> String {
    match service {
        Service::Stun => td_string!(locale, check.stun).to_owned(),
        Service::Turn(protocol) => fill(td_string!(locale, check.relay), "protocol", relay_protocol(protocol)),
        Service::Unknown => td_string!(locale, check.unknown).to_owned(),
    }
}

/// The text for a service's result, and what to do about it.
pub fn outcome(locale: Locale, outcome: Outcome) -> Words {
    let (title, help) = match outcome {
        Outcome::Works => (td_string!(locale, check.works), ""),
        Outcome::NotConfigured => (td_string!(locale, check.none), td_string!(locale, check.none_help)),
        Outcome::Unreachable => (td_string!(locale, check.unreachable), td_string!(locale, check.unreachable_help)),
        Outcome::UdpBlocked => (td_string!(locale, check.udp), td_string!(locale, check.udp_help)),
        Outcome::Silent => (td_string!(locale, check.silent), td_string!(locale, check.unreachable_help)),
        Outcome::Credentials => (td_string!(locale, check.credentials), td_string!(locale, check.tell_help)),
        Outcome::Quota => (td_string!(locale, check.quota), td_string!(locale, check.tell_help)),
        Outcome::Refused(code) => {
            let help = td_string!(locale, check.tell_help).to_owned();
            return Words { title: fill(td_string!(locale, check.refused), "code", &code.to_string()), help };
        }
        Outcome::NotCarried => (td_string!(locale, check.not_carried), td_string!(locale, check.tell_help)),
        Outcome::Unusable => (td_string!(locale, check.unusable), td_string!(locale, check.unusable_help)),
    };
    Words { title: title.to_owned(), help: help.to_owned() }
}

/// The check's summary in one sentence: how far this user's calls reach.
pub fn reach(locale: Locale, reach: Reachability) -> &'static str {
    match reach {
        Reachability::AnyNetwork => td_string!(locale, check.good),
        Reachability::DirectOnly => td_string!(locale, check.direct),
        Reachability::LocalOnly => td_string!(locale, check.local),
    }
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn every_placeholder_of_the_key_is_filled_and_others_stay() {
        assert_eq!(fill("{name} and {name}, {other}", "name", "Mina"), "Mina and Mina, {other}");
        assert_eq!(fill("no placeholder { here", "name", "x"), "no placeholder { here");
        assert_eq!(fill("{name}", "name", "{name}"), "{name}");
    }

    #[test]
    fn right_to_left_value_is_isolated() {
        assert_eq!(fill("{name}: 3", "name", "מינה"), "\u{2068}מינה\u{2069}: 3");
    }
}
