//! The results of the connection check before a call. One attempt with one URL collects [`Observations`], which give an
//! [`Outcome`] once there are enough. All outcomes together tell whether the network blocks UDP. The attempt itself is not
//! made here: for a STUN URL, a connection gathers candidates; for a TURN URL, two connections restricted to its relay open
//! a data channel to each other.

use vitrine_protocol::{control::RelayProtocol, signaling::IceServer};

use crate::{
    address::Address,
    path::{MediaPath, RelaySide, url_protocol},
};

/// Most URLs that are checked. Each takes up to two simultaneous connections.
pub const MAX_URLS: usize = 12;

/// The service of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// STUN: tells a browser its public address.
    Stun,
    /// TURN: a relay reached over this protocol. [`RelayProtocol::Unknown`] stands for any relay if none is configured.
    Turn(RelayProtocol),
    /// The URL's scheme is neither STUN's nor TURN's.
    Unknown,
}

impl Service {
    /// Stable name: `stun`, `relay-udp`, `relay-tcp`, `relay-tls`; `relay` if none is configured, `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stun => "stun",
            Self::Turn(protocol) => MediaPath::Relayed(protocol, RelaySide::Own).name(),
            Self::Unknown => "unknown",
        }
    }

    fn over_udp(self) -> bool {
        matches!(self, Self::Stun | Self::Turn(RelayProtocol::Udp))
    }
}

/// The check of one service at one URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerCheck {
    /// The service.
    pub service: Service,
    /// The URL; empty if none is configured.
    pub url: String,
    /// `None` while the check is in progress.
    pub outcome: Option<Outcome>,
}

impl ServerCheck {
    /// The host and port: the URL without its scheme and query.
    pub fn server(&self) -> &str {
        let rest = self.url.split_once(':').map_or("", |(_, rest)| rest);
        rest.split_once('?').map_or(rest, |(server, _)| server)
    }
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service works.
    Works,
    /// No server is configured for the service.
    NotConfigured,
    /// The server cannot be reached in time.
    Unreachable,
    /// Nothing works over UDP, but a relay works over another protocol.
    UdpBlocked,
    /// No response, in a browser that reports no errors.
    Silent,
    /// The server rejects the credentials as wrong or expired (401, 403, 438 and 441 of RFC 8656 §17 and RFC 8489 §14.8).
    Credentials,
    /// The relay has no capacity left for this user, or at all (486 and 508 of RFC 8656 §19).
    Quota,
    /// The server refuses with another code.
    Refused(u16),
    /// The relay allocated an address but carries no data.
    NotCarried,
    /// The browser does not accept the URL.
    Unusable,
}

impl Outcome {
    /// Whether a configured service does not work.
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

/// One check for each URL of `servers`, up to [`MAX_URLS`], with the index of its server. STUN and TURN each get a check
/// without a URL if no server offers them.
pub fn plan(servers: &[IceServer]) -> Vec<(ServerCheck, usize)> {
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
                plan.push((ServerCheck { service, url: url.clone(), outcome }, number));
            }
        }
    }
    for (service, is_offered) in [(Service::Stun, stun), (Service::Turn(RelayProtocol::Unknown), turn)] {
        if !is_offered {
            plan.push((ServerCheck { service, url: String::new(), outcome: Some(Outcome::NotConfigured) }, 0));
        }
    }
    plan
}

/// The networks that a call can reach with the working servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reachability {
    /// Any network: a relay works.
    AnyNetwork,
    /// Only networks with a direct path: no relay works.
    DirectOnly,
    /// Only the local network: no server tells this page its public address.
    LocalOnly,
}

/// The networks that a call can reach, by the outcomes of the checks.
pub fn reachability(checks: &[ServerCheck]) -> Reachability {
    let mut working = checks.iter().filter(|check| check.outcome == Some(Outcome::Works)).map(|check| check.service);
    // A relay also tells a browser its public address.
    if working.clone().any(|service| matches!(service, Service::Turn(_))) {
        Reachability::AnyNetwork
    } else if working.any(|service| service == Service::Stun) {
        Reachability::DirectOnly
    } else {
        Reachability::LocalOnly
    }
}

/// Corrects the outcomes by each other. A STUN server that repeats a known address adds no candidate, so its response may
/// go unseen; but if a relay works over UDP at the same host and port, the server responds. If a relay works over another
/// protocol and nothing works over UDP, the network blocks UDP.
pub fn reconcile(checks: &mut [ServerCheck]) {
    let works = |check: &ServerCheck| check.outcome == Some(Outcome::Works);
    let relays = |server: &str| {
        let udp = Service::Turn(RelayProtocol::Udp);
        checks.iter().any(|check| check.service == udp && works(check) && check.server() == server)
    };
    let responds: Vec<bool> =
        checks.iter().map(|check| check.service == Service::Stun && relays(check.server())).collect();
    let may_work = |check: &ServerCheck| check.service.over_udp() && (works(check) || check.outcome.is_none());
    let is_blocked = checks.iter().any(works) && !checks.iter().any(may_work);
    for (check, responds) in checks.iter_mut().zip(responds) {
        if let Some(outcome @ (Outcome::Unreachable | Outcome::Silent)) = &mut check.outcome {
            if responds {
                *outcome = Outcome::Works;
            } else if is_blocked && check.service.over_udp() {
                *outcome = Outcome::UdpBlocked;
            }
        }
    }
}

/// The progress of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckProgress {
    /// Candidates are still being gathered.
    Gathering,
    /// All connections have gathered all candidates.
    Gathered,
    /// The timeout has passed.
    TimedOut,
}

/// The events of one attempt with one URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observations {
    /// The browser fires `icecandidateerror`.
    reports_errors: bool,
    /// There is a host candidate, hence a network.
    has_host: bool,
    /// A host address is public: STUN would only repeat it.
    has_public_host: bool,
    /// The server gave an address.
    has_address: bool,
    /// At least one interface could not reach the server.
    unreachable: bool,
    /// The server refused with this code.
    refusal: Option<u16>,
    /// The data channel opened through the relay.
    channel_opened: bool,
}

impl Observations {
    /// No events yet. `reports_errors` says whether this browser fires `icecandidateerror`.
    pub fn new(reports_errors: bool) -> Self {
        Self { reports_errors, ..Self::default() }
    }

    /// A local candidate was gathered (`candidate-attribute`, RFC 8839 §5.1).
    pub fn on_candidate(&mut self, candidate: &str) {
        let mut words = candidate.split(' ');
        let (transport, address, kind) = (words.nth(2), words.nth(1), words.nth(2));
        match kind {
            Some("host") if transport.is_some_and(|transport| transport.eq_ignore_ascii_case("udp")) => {
                self.has_host = true;
                self.has_public_host |= address.and_then(Address::parse).is_some_and(|address| address.is_public());
            }
            Some("srflx" | "relay") => self.has_address = true,
            _ => {}
        }
    }

    /// `icecandidateerror` fired with this code; 701 means that the server cannot be reached.
    pub fn on_candidate_error(&mut self, code: u16) {
        if code == 701 {
            self.unreachable = true;
        } else {
            self.refusal = Some(code);
        }
    }

    /// The data channel through the relay opened.
    pub fn on_channel_open(&mut self) {
        self.channel_opened = true;
    }

    /// The outcome, if it is certain at this `progress`. It always is at [`CheckProgress::TimedOut`].
    ///
    /// One interface that cannot reach a server is no failure while another may. A STUN server that repeats a known address
    /// adds no candidate. It has responded if gathering ended without an error, or, in a browser that reports no errors, if
    /// a host address is public.
    pub fn outcome(&self, service: Service, progress: CheckProgress) -> Option<Outcome> {
        let works = match service {
            Service::Stun => {
                let adds_nothing = progress == CheckProgress::Gathered && self.has_host && !self.unreachable;
                self.has_address || adds_nothing && (self.reports_errors || self.has_public_host)
            }
            Service::Turn(_) => self.channel_opened,
            Service::Unknown => false,
        };
        if works {
            return Some(Outcome::Works);
        }
        match (self.refusal, progress) {
            (Some(401 | 403 | 438 | 441), _) => Some(Outcome::Credentials),
            (Some(486 | 508), _) => Some(Outcome::Quota),
            (Some(code), _) => Some(Outcome::Refused(code)),
            (None, CheckProgress::Gathering) => None,
            (None, CheckProgress::Gathered) if self.has_address => None,
            (None, CheckProgress::TimedOut) if self.has_address => Some(Outcome::NotCarried),
            _ if self.reports_errors => Some(Outcome::Unreachable),
            _ => Some(Outcome::Silent),
        }
    }
}
