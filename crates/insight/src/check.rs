//! What the check before a call finds out about STUN and TURN servers. One attempt with one URL collects [`Evidence`];
//! that gives an [`Outcome`] as soon as there is enough of it; all outcomes together tell whether it is the network that
//! blocks UDP. How the attempt is made is not decided here: with a STUN URL a connection gathers candidates, with a TURN
//! URL two connections that may use nothing but its relay open a data channel to each other.

use vitrine_protocol::{control::RelayProtocol, signaling::IceServer};

use crate::{
    address::Address,
    path::{Path, Side, url_protocol},
};

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
    /// Unknown: the URL has neither a scheme of STUN nor one of TURN.
    Unknown,
}

impl Service {
    /// Stable name: `stun`, `relay-udp`, `relay-tcp`, `relay-tls`; `relay` where there is none, `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stun => "stun",
            Self::Turn(protocol) => Path::Relayed(protocol, Side::Own).name(),
            Self::Unknown => "unknown",
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
    /// The URL; empty where there is none.
    pub url: String,
    /// None while the check is under way.
    pub outcome: Option<Outcome>,
}

impl Line {
    /// The server: what the URL says between its scheme and its query.
    pub fn server(&self) -> &str {
        let rest = self.url.split_once(':').map_or("", |(_, rest)| rest);
        rest.split_once('?').map_or(rest, |(server, _)| server)
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service was had.
    Works,
    /// No server is configured for it.
    NotConfigured,
    /// The server cannot be reached, or not in time.
    Unreachable,
    /// Nothing works over UDP, and a relay works over something else.
    UdpBlocked,
    /// Nothing came, and this browser would not say if it was refused.
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
    /// Whether something should have worked and did not.
    pub fn is_failure(self) -> bool {
        !matches!(self, Self::Works | Self::NotConfigured)
    }

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

/// A line for every URL of `servers`, up to [`MAX_URLS`], with the number of the server that the URL is of; and a line
/// without an URL for each of the two services that none of them offers.
pub fn plan(servers: &[IceServer]) -> Vec<(Line, usize)> {
    let mut plan = Vec::new();
    let (mut stun, mut turn) = (false, false);
    for (number, server) in servers.iter().enumerate() {
        for url in &server.urls {
            let service = match url_protocol(url) {
                Some(protocol) => Service::Turn(protocol),
                None if url.starts_with("stun") => Service::Stun,
                None => Service::Unknown,
            };
            if plan.len() < MAX_URLS {
                stun |= service == Service::Stun;
                turn |= matches!(service, Service::Turn(_));
                let outcome = (service == Service::Unknown).then_some(Outcome::Unusable);
                plan.push((Line { service, url: url.clone(), outcome }, number));
            }
        }
    }
    for (service, is_offered) in [(Service::Stun, stun), (Service::Turn(RelayProtocol::Unknown), turn)] {
        if !is_offered {
            plan.push((Line { service, url: String::new(), outcome: Some(Outcome::NotConfigured) }, 0));
        }
    }
    plan
}

/// How far calls reach with the servers that work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every network: a relay works.
    Everywhere,
    /// Networks with a direct path only: no relay works.
    Direct,
    /// This network only: no server tells this page its public address.
    Local,
}

/// How far calls reach, judged by the outcomes of a check.
pub fn reach(lines: &[Line]) -> Reach {
    let mut working = lines.iter().filter(|line| line.outcome == Some(Outcome::Works)).map(|line| line.service);
    // A relay also tells a browser its address.
    if working.clone().any(|service| matches!(service, Service::Turn(_))) {
        Reach::Everywhere
    } else if working.any(|service| service == Service::Stun) {
        Reach::Direct
    } else {
        Reach::Local
    }
}

/// What the outcomes tell about each other. A STUN server adds no candidate to what is known already, so that whether it
/// answered may stay open; where its port relays, it does. And it is the network that blocks UDP where a relay works over
/// something else and nothing over UDP.
pub fn compare(lines: &mut [Line]) {
    let works = |line: &Line| line.outcome == Some(Outcome::Works);
    let relays = |server: &str| {
        let udp = Service::Turn(RelayProtocol::Udp);
        lines.iter().any(|line| line.service == udp && works(line) && line.server() == server)
    };
    let answers: Vec<bool> = lines.iter().map(|line| line.service == Service::Stun && relays(line.server())).collect();
    let may_work = |line: &Line| line.service.over_udp() && (works(line) || line.outcome.is_none());
    let is_blocked = lines.iter().any(works) && !lines.iter().any(may_work);
    for (line, answers) in lines.iter_mut().zip(answers) {
        if let Some(outcome @ (Outcome::Unreachable | Outcome::Silent)) = &mut line.outcome {
            if answers {
                *outcome = Outcome::Works;
            } else if is_blocked && line.service.over_udp() {
                *outcome = Outcome::UdpBlocked;
            }
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
    /// There is a network.
    host: bool,
    /// One's own address is public: STUN would only repeat it.
    public: bool,
    /// The server gave an address.
    found: bool,
    /// The server was not reached, from one interface at least.
    unreachable: bool,
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
                self.host = true;
                self.public |= address.and_then(Address::read).is_some_and(|address| address.public);
            }
            Some("srflx" | "relay") => self.found = true,
            _ => {}
        }
    }

    /// `icecandidateerror` with this code.
    pub fn error(&mut self, code: u16) {
        if code == 701 {
            self.unreachable = true;
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
    /// That one interface does not reach a server is no failure while another may. A STUN server that sees nothing but
    /// what the browser knows already adds no candidate: it has answered if gathering ended without an error, or, in a
    /// browser that keeps errors to itself, if the known address is public.
    pub fn outcome(&self, service: Service, moment: Moment) -> Option<Outcome> {
        let works = match service {
            Service::Stun => {
                let adds_nothing = moment == Moment::Gathered && self.host && !self.unreachable;
                self.found || adds_nothing && (self.tells_errors || self.public)
            }
            Service::Turn(_) => self.carried,
            Service::Unknown => false,
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
            _ if self.tells_errors => Some(Outcome::Unreachable),
            _ => Some(Outcome::Silent),
        }
    }
}
