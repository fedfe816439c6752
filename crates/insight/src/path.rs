//! Determines the path of media from the candidate pair that the browser selected. The gathered candidates do not count:
//! they say what was possible, not what is used.
//!
//! **The pair.** Chromium and Safari name it in the `transport` report (`selectedCandidatePairId`). Firefox marks it
//! `selected`. For a browser that does neither, it is the last pair that is `nominated` and `succeeded`.
//!
//! **Relays.** The own side relays if the local candidate is a `relay` or has a `relayProtocol`. A candidate that was
//! allocated on a relay, but seen by the peer under another address, is `prflx` and keeps that protocol. Browsers without
//! `relayProtocol` report the relay's `url`; without either, the protocol is unknown. The peer relays if the remote
//! candidate is a `relay`, or if it is `prflx` and the peer reports a relay: `prflx` hides the type of any candidate whose
//! checks arrive before it is announced. Only the peer knows the protocol to its relay, and reports it over the control
//! channel. If both sides relay, the costlier protocol names the path.
//!
//! **Direct paths** differ by the addresses of both ends. The local candidate of a working pair has the address that the
//! peer sees (RFC 8445 §7.2.5.3.1). Behind a NAT, that is the NAT's address, and the candidate is `srflx` or `prflx`.
//!
//! | own end | other end | path, and why |
//! | --- | --- | --- |
//! | any | `host`, hidden | local: browsers hide a host's address behind an mDNS name, which resolves only inside its network |
//! | known | the same, or in the same IPv6 /64 | local: the same machine, NAT or link |
//! | known | known, at least one public | internet |
//! | private | private or hidden | local: an end seen under a private address is inside the same network, or its VPN |
//! | hidden | private | local, for the same reason |
//! | `prflx`, hidden | public or hidden | internet: there is a NAT in between |
//! | `host`, hidden | public, IPv4 | internet |
//! | public, IPv4 | hidden | internet |
//! | public, IPv6 | hidden, or the other way round | unknown: both may be on one link |
//! | `host`, hidden | `prflx`, hidden | local: there is no NAT in between, and hosts without a NAT are rare |
//!
//! Private addresses are those of RFC 1918, link-local, loopback and IPv6 unique local ones (RFC 4193). A carrier's shared
//! addresses (100.64.0.0/10, RFC 6598) count as public: two customers of a carrier are not in one local network.
//!
//! **Candidates in transit.** The peer's checks may arrive before its candidates. The resulting pair has a remote `prflx`
//! candidate whose address browsers hide, so only the own address counts. With a public one, two pages on one machine
//! would seem to be on the internet. The browser replaces the candidate once the real one has arrived and is resolved. So
//! [`PathTracker`] waits before it accepts "internet" for a `prflx` candidate. It does not wait for ever: behind a
//! symmetric NAT a peer stays `prflx`.

use vitrine_protocol::control::RelayProtocol;

use crate::{
    address::Address,
    reports::{all, candidate, selected_pair},
    stats::{CandidateStats, Stats, TransportStats},
};

/// The path of a connection's media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaPath {
    /// Direct, inside one network.
    Local,
    /// Direct, across the internet.
    Internet,
    /// Through one relay or two.
    Relayed(RelayProtocol, RelaySide),
}

/// The side whose relay is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelaySide {
    /// The own side.
    Own,
    /// The peer.
    Peer,
    /// Both sides.
    Both,
}

impl MediaPath {
    /// Stable name: `direct-local`, `direct-internet`, `relay-udp`, `relay-tcp`, `relay-tls`; `relay` if the protocol
    /// is unknown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "direct-local",
            Self::Internet => "direct-internet",
            Self::Relayed(RelayProtocol::Unknown, _) => "relay",
            Self::Relayed(RelayProtocol::Udp, _) => "relay-udp",
            Self::Relayed(RelayProtocol::Tcp, _) => "relay-tcp",
            Self::Relayed(RelayProtocol::Tls, _) => "relay-tls",
        }
    }

    /// Stable name of the relaying side: `own`, `peer`, `both`. `None` for a direct path.
    pub fn relay_side(self) -> Option<&'static str> {
        match self {
            Self::Relayed(_, RelaySide::Own) => Some("own"),
            Self::Relayed(_, RelaySide::Peer) => Some("peer"),
            Self::Relayed(_, RelaySide::Both) => Some("both"),
            Self::Local | Self::Internet => None,
        }
    }
}

/// The candidate pair that the browser selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectedPair {
    /// The protocol to the own relay, if there is one in the path. The peer needs it: send it over the control channel.
    pub own_relay: Option<RelayProtocol>,
    /// Whether the peer relays; unknown for a candidate whose checks arrived before it was announced.
    peer_relays: Option<bool>,
    /// The path if neither side relays; `None` if it cannot be known.
    direct: Option<MediaPath>,
    /// Bytes received over the pair or its transport: media and messages, but no connectivity checks.
    pub bytes_received: Option<u64>,
    /// Own connectivity checks that the peer's browser answered (RFC 8445 §7.2.5, RFC 7675).
    pub check_responses: Option<u64>,
}

impl SelectedPair {
    /// Whether [`Self::find`] needs reports of this `type`.
    pub fn needs(report_type: &str) -> bool {
        ["transport", "candidate-pair", "local-candidate", "remote-candidate"].contains(&report_type)
    }

    /// Finds the pair among the `reports` of `RTCPeerConnection.getStats()`. `None` while no pair is selected.
    pub fn find(reports: &[Stats]) -> Option<Self> {
        let pair = selected_pair(reports)?;
        let own = candidate(reports, pair.local_candidate_id.as_ref())?;
        let peer = candidate(reports, pair.remote_candidate_id.as_ref())?;
        let bytes_received =
            all(reports).find_map(|transport: &TransportStats| transport.bytes_received).or(pair.bytes_received);
        Some(Self {
            bytes_received: bytes_received.map(|bytes| bytes as u64),
            check_responses: pair.responses_received.map(|responses| responses as u64),
            own_relay: relay(own),
            peer_relays: match peer.candidate_type.as_deref() {
                Some("relay") => Some(true),
                Some("prflx") => None,
                _ => Some(false),
            },
            direct: direct(own, peer),
        })
    }

    /// The path of media, if it is known. `reported_relay` is the protocol to the peer's relay that the peer reported;
    /// `None` if it has no relay or reported nothing yet.
    pub fn path(&self, reported_relay: Option<RelayProtocol>) -> Option<MediaPath> {
        let peer = match self.peer_relays {
            Some(true) => Some(reported_relay.unwrap_or(RelayProtocol::Unknown)),
            Some(false) => None,
            None => reported_relay,
        };
        match (self.own_relay, peer) {
            (None, None) => self.direct,
            (Some(own), None) => Some(MediaPath::Relayed(own, RelaySide::Own)),
            (None, Some(peer)) => Some(MediaPath::Relayed(peer, RelaySide::Peer)),
            (Some(own), Some(peer)) => Some(MediaPath::Relayed(own.max(peer), RelaySide::Both)),
        }
    }
}

/// How long an announcement of a candidate may take, in milliseconds: signaling and the resolution of an mDNS name.
const ANNOUNCEMENT_TIMEOUT: f64 = 6_000.0;

/// Follows the path of a connection over successive readings of its statistics. A path that may still change is withheld.
#[derive(Clone, Copy, Debug, Default)]
pub struct PathTracker {
    pair: Option<SelectedPair>,
    /// Since when the peer's candidate has been unannounced, in milliseconds of the caller's clock.
    unannounced_since: Option<f64>,
    /// The announcement timed out.
    timed_out: bool,
}

impl PathTracker {
    /// Takes the pair of a new reading, at `now` in milliseconds.
    pub fn update(&mut self, pair: Option<SelectedPair>, now: f64) {
        self.unannounced_since =
            pair.filter(|pair| pair.peer_relays.is_none()).map(|_| self.unannounced_since.unwrap_or(now));
        self.timed_out = self.unannounced_since.is_some_and(|since| now - since >= ANNOUNCEMENT_TIMEOUT);
        self.pair = pair;
    }

    /// The pair of the latest reading.
    pub fn pair(&self) -> Option<SelectedPair> {
        self.pair
    }

    /// The path, if it is known and final. `reported_relay` as in [`SelectedPair::path`].
    pub fn path(&self, reported_relay: Option<RelayProtocol>) -> Option<MediaPath> {
        self.pair?.path(reported_relay).filter(|path| !self.may_change(*path))
    }

    /// Whether the path is withheld, and will be known within seconds.
    pub fn is_pending(&self, reported_relay: Option<RelayProtocol>) -> bool {
        self.pair.and_then(|pair| pair.path(reported_relay)).is_some_and(|path| self.may_change(path))
    }

    fn may_change(&self, path: MediaPath) -> bool {
        path == MediaPath::Internet && self.unannounced_since.is_some() && !self.timed_out
    }
}

fn relay(own: &CandidateStats) -> Option<RelayProtocol> {
    let of_url = || own.url.as_deref().and_then(url_protocol).unwrap_or(RelayProtocol::Unknown);
    own.relay_protocol.or_else(|| (own.candidate_type.as_deref() == Some("relay")).then(of_url))
}

/// The protocol to the relay at this `turn:` or `turns:` URL (RFC 7065); `None` for other URLs.
pub(crate) fn url_protocol(url: &str) -> Option<RelayProtocol> {
    match url.split_once(':')?.0 {
        "turns" => Some(RelayProtocol::Tls),
        "turn" if url.ends_with("?transport=tcp") => Some(RelayProtocol::Tcp),
        "turn" => Some(RelayProtocol::Udp),
        _ => None,
    }
}

fn direct(own: &CandidateStats, peer: &CandidateStats) -> Option<MediaPath> {
    let is_host = |candidate: &CandidateStats| candidate.candidate_type.as_deref() == Some("host");
    let local = match (address(own), address(peer)) {
        // A recording that leaves addresses out: only the types tell.
        (End::LeftOut, _) | (_, End::LeftOut) if is_host(own) && is_host(peer) => return None,
        (End::LeftOut, _) | (_, End::LeftOut) => false,
        (_, End::Hidden) if is_host(peer) => true,
        (End::At(own), End::At(peer)) => own.is_near(&peer) || !(own.is_public() || peer.is_public()),
        (End::At(known), End::Hidden) | (End::Hidden, End::At(known)) if !known.is_public() => true,
        (End::Hidden, _) if !is_host(own) => false,
        (End::At(known), End::Hidden) | (End::Hidden, End::At(known)) if known.is_v6() => return None,
        (End::At(_), End::Hidden) | (End::Hidden, End::At(_)) => false,
        (End::Hidden, End::Hidden) => true,
    };
    Some(if local { MediaPath::Local } else { MediaPath::Internet })
}

/// What is known of the address of one end.
enum End {
    At(Address),
    /// The browser hides it, as an empty text, null, or an mDNS name.
    Hidden,
    /// The recording has something else in its place.
    LeftOut,
}

fn address(candidate: &CandidateStats) -> End {
    let texts = || [&candidate.address, &candidate.ip].into_iter().flatten().filter(|text| !text.is_empty());
    if let Some(address) = texts().find_map(|text| Address::parse(text)) {
        return End::At(address);
    }
    // Firefox and old browsers give a hidden address as "(redacted)" or a name in a reserved domain.
    let is_hidden = |text: &String| text.ends_with(".local") || text.ends_with(".invalid") || text.starts_with('(');
    if texts().all(is_hidden) { End::Hidden } else { End::LeftOut }
}
