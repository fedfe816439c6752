//! What the check before a call finds out about STUN and TURN servers. One attempt with one URL collects [`Evidence`];
//! that gives an [`Outcome`] as soon as there is enough of it; all outcomes together tell whether it is the network that
//! blocks UDP. How the attempt is made is not decided here: with a STUN URL a connection gathers candidates, with a TURN
//! URL two connections that may use nothing but its relay open a data channel to each other.

use std::net::IpAddr;

use vitrine_protocol::{control::RelayProtocol, signaling::IceServer};

use crate::path::{is_public, url_protocol};

/// Most URLs that are checked. Each costs up to two connections at a time.
pub const MAX_URLS: usize = 12;

/// What a server is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// To tell a browser its address as others see it.
    Stun,
    /// To relay what goes no other way, spoken with over this protocol; [`RelayProtocol::Unknown`] stands for all of
    /// them where there is none.
    Turn(RelayProtocol),
}

impl Service {
    /// Stable name: `stun`, `relay-udp`, `relay-tcp`, `relay-tls`; `relay` where there is none.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stun => "stun",
            Self::Turn(RelayProtocol::Unknown) => "relay",
            Self::Turn(RelayProtocol::Udp) => "relay-udp",
            Self::Turn(RelayProtocol::Tcp) => "relay-tcp",
            Self::Turn(RelayProtocol::Tls) => "relay-tls",
        }
    }

    fn over_udp(self) -> bool {
        matches!(self, Self::Stun | Self::Turn(RelayProtocol::Udp))
    }
}

/// One service at one URL, and how its check stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What is checked.
    pub service: Service,
    /// Host and port.
    pub server: String,
    /// None while the check is under way.
    pub outcome: Option<Outcome>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service was had.
    Works,
    /// No server is configured for it.
    NotConfigured,
    /// The server cannot be reached (701 of webrtc-pc §4.8.3).
    Unreachable,
    /// Nothing works over UDP, and a relay works over something else.
    UdpBlocked,
    /// Nothing came, and the browser does not say why.
    Silent,
    /// The server refuses the credentials: wrong, or expired (401, 403, 438 and 441 of RFC 8656 §17 and RFC 8489 §14.8).
    Credentials,
    /// The relay has nothing left for this user, or at all (486 and 508 of RFC 8656 §19).
    Quota,
    /// The server refuses for another reason, with this code.
    Refused(u16),
    /// There is a relayed address, but nothing passes through it.
    NotCarried,
    /// The browser does not accept the URL.
    Unusable,
}

impl Outcome {
    /// Stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::NotConfigured => "not-configured",
            Self::Unreachable => "unreachable",
            Self::UdpBlocked => "udp-blocked",
            Self::Silent => "silent",
            Self::Credentials => "credentials",
            Self::Quota => "quota",
            Self::Refused(_) => "refused",
            Self::NotCarried => "not-carried",
            Self::Unusable => "unusable",
        }
    }
}

/// A line for every URL of `servers`, up to [`MAX_URLS`], with the server that this URL alone makes; and a line without
/// a server for each of the two services that none of them offers.
pub fn plan(servers: &[IceServer]) -> Vec<(Line, Option<IceServer>)> {
    let mut plan = Vec::new();
    for server in servers {
        for url in &server.urls {
            let (scheme, rest) = url.split_once(':').unwrap_or_default();
            let service = match url_protocol(url) {
                Some(protocol) => Service::Turn(protocol),
                None if matches!(scheme, "stun" | "stuns") => Service::Stun,
                None => continue,
            };
            let at = rest.split('?').next().unwrap_or_default().to_owned();
            let alone = IceServer { urls: vec![url.clone()], ..server.clone() };
            plan.push((Line { service, server: at, outcome: None }, Some(alone)));
        }
    }
    plan.truncate(MAX_URLS);
    for (service, is_offered) in [
        (Service::Stun, plan.iter().any(|(line, _)| line.service == Service::Stun)),
        (Service::Turn(RelayProtocol::Unknown), plan.iter().any(|(line, _)| line.service != Service::Stun)),
    ] {
        if !is_offered {
            plan.push((Line { service, server: String::new(), outcome: Some(Outcome::NotConfigured) }, None));
        }
    }
    plan
}

/// Takes what has failed over UDP for the network's doing where a relay works over something else and nothing over UDP.
pub fn blame_network(lines: &mut [Line]) {
    let works = |line: &Line| line.outcome == Some(Outcome::Works);
    let may_work = |line: &Line| line.service.over_udp() && (works(line) || line.outcome.is_none());
    if lines.iter().any(may_work) || !lines.iter().any(works) {
        return;
    }
    for line in lines.iter_mut().filter(|line| line.service.over_udp()) {
        if let Some(outcome @ (Outcome::Unreachable | Outcome::Silent)) = &mut line.outcome {
            *outcome = Outcome::UdpBlocked;
        }
    }
}

/// When an outcome is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Candidates are being gathered.
    Gathering,
    /// Every connection has gathered all its candidates.
    Gathered,
    /// Time is up.
    Late,
}

/// What has happened in one attempt with one URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The browser says so when a server cannot be used.
    tells_errors: bool,
    /// Interfaces that UDP was tried from.
    hosts: u32,
    /// One of them has a public address, which STUN would only repeat.
    public: bool,
    /// The server gave an address.
    found: bool,
    /// Interfaces from which the server was not reached.
    unreachable: u32,
    refusal: Option<u16>,
    carried: bool,
}

impl Evidence {
    /// None yet, in a browser that fires `icecandidateerror` or does not.
    pub fn new(tells_errors: bool) -> Self {
        Self { tells_errors, ..Self::default() }
    }

    /// A local candidate was found (`candidate-attribute`, RFC 8839 §5.1).
    pub fn candidate(&mut self, candidate: &str) {
        let mut words = candidate.split(' ');
        let (transport, address, kind) = (words.nth(2), words.nth(1), words.nth(2));
        match kind {
            Some("host") if transport.is_some_and(|transport| transport.eq_ignore_ascii_case("udp")) => {
                self.hosts += 1;
                self.public |=
                    address.and_then(|address| address.parse().ok()).is_some_and(|address: IpAddr| is_public(address));
            }
            Some("srflx" | "relay") => self.found = true,
            _ => {}
        }
    }

    /// `icecandidateerror` with this code.
    pub fn error(&mut self, code: u16) {
        if code == 701 {
            self.unreachable += 1;
        } else {
            self.refusal = Some(code);
        }
    }

    /// The data channel through the relay is open.
    pub fn carried(&mut self) {
        self.carried = true;
    }

    /// The outcome, if it is certain or `moment` is the last.
    ///
    /// That one interface does not reach a server is no failure while another does. A STUN server that sees nothing but
    /// what the browser knows already adds no candidate: it has answered if it was not unreachable from everywhere, or,
    /// where browsers keep errors to themselves, if the known address is public.
    pub fn outcome(&self, service: Service, moment: Moment) -> Option<Outcome> {
        let works = match service {
            Service::Stun => self.found || moment == Moment::Gathered && (self.public || self.was_answered()),
            Service::Turn(_) => self.carried,
        };
        if works {
            return Some(Outcome::Works);
        }
        match (self.refusal, moment) {
            (Some(401 | 403 | 438 | 441), _) => Some(Outcome::Credentials),
            (Some(486 | 508), _) => Some(Outcome::Quota),
            (Some(code), _) => Some(Outcome::Refused(code)),
            (None, Moment::Gathering) => None,
            (None, Moment::Gathered) if self.found => None,
            (None, Moment::Late) if self.found => Some(Outcome::NotCarried),
            _ if self.unreachable > 0 => Some(Outcome::Unreachable),
            _ => Some(Outcome::Silent),
        }
    }

    fn was_answered(&self) -> bool {
        self.tells_errors && self.unreachable < self.hosts
    }
}
