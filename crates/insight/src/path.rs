//! Which way the media goes, judged by the pair of candidates that the browser has selected and by nothing else: which
//! candidates were gathered says what was possible, not what is.
//!
//! **The pair.** Chromium and Safari name it in the `transport` report (`selectedCandidatePairId`), Firefox marks it as
//! `selected`. Of a browser that does neither, the last pair that is `nominated` and `succeeded` is taken.
//!
//! **Relays.** One's own side relays if the local candidate is a `relay`, or has a `relayProtocol`: a candidate that was
//! found through a relay and seen by the other side under another address is `prflx` and keeps that protocol. A browser
//! that has no `relayProtocol` has the `url` of the relay; one that has neither leaves the protocol unknown. The other
//! side relays if the remote candidate is a `relay`, or is `prflx` (under that type hides whatever arrived before it was
//! announced) and the other side says so. How it speaks with its relay only the other side knows, and says over the
//! control channel. Where both relay, the path is called after the costlier protocol of the two.
//!
//! **Direct paths** are told apart by the addresses of the two ends. The local candidate of a pair that works has the
//! address under which the other side sees us (RFC 8445 §7.2.5.3.1): behind a NAT that is the NAT's, and the candidate
//! `srflx` or `prflx`.
//!
//! | own end | other end | verdict, and why |
//! | --- | --- | --- |
//! | any | `host`, hidden | this network: browsers hide a host's address behind an mDNS name, which nobody outside the network could have resolved |
//! | known | the same, or in the same IPv6 /64 | this network: the same machine, the same NAT, or the same link |
//! | known | known, at least one of the two public | the internet |
//! | private | private, or hidden | this network: who sees us under a private address, or is seen under one, is inside the same network, a VPN included |
//! | hidden | private | this network, for the same reason |
//! | `prflx`, hidden | public, or hidden | the internet: a NAT lies between |
//! | `host`, hidden | public, IPv4 | the internet |
//! | public, IPv4 | hidden | the internet |
//! | public, IPv6 | hidden, or the other way round | not known: both may be on one link |
//! | `host`, hidden | `prflx`, hidden | this network: no NAT lies between, and hosts without a NAT are rare |
//!
//! Private are RFC 1918's addresses, link-local ones, loopback and IPv6 unique local ones (RFC 4193). A carrier's shared
//! addresses (100.64.0.0/10, RFC 6598) count as public: who meets there is a customer of the same carrier, and not in the
//! same network as people mean it.

//!
//! **While a candidate is on its way.** Checks of the other side may come before its candidates do. The pair that they
//! make has a remote candidate of type `prflx`, whose address browsers do not tell, and the verdict is about one's own
//! end alone: with a public address, two pages of one machine would be an internet apart. The browser gives the pair its
//! real candidate once that has come, and resolved. So a `prflx` that says "the internet" is waited out
//! ([`Verdict`]): some peers stay `prflx`, behind a symmetric NAT.

use vitrine_protocol::{control::RelayProtocol, json::Json};

use crate::address::Address;

/// The way that media takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// From browser to browser, without leaving the network that both are in.
    Local,
    /// From browser to browser, across the internet.
    Internet,
    /// Through a relay, or two.
    Relayed(RelayProtocol, Side),
}

/// Whose relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// One's own.
    Own,
    /// The other side's.
    Peer,
    /// One of each.
    Both,
}

impl Path {
    /// Stable name: `direct-local`, `direct-internet`, `relay-udp`, `relay-tcp`, `relay-tls`; `relay` while the protocol
    /// is not known.
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

    /// Stable name of the side that relays, for a path that is relayed: `own`, `peer`, `both`.
    pub fn side(self) -> Option<&'static str> {
        match self {
            Self::Relayed(_, Side::Own) => Some("own"),
            Self::Relayed(_, Side::Peer) => Some("peer"),
            Self::Relayed(_, Side::Both) => Some("both"),
            Self::Local | Self::Internet => None,
        }
    }
}

/// What one browser knows of the pair that it has selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectedPair {
    /// How one's own side speaks with its relay, if it has one in the path. The other side wants to be told.
    pub relay: Option<RelayProtocol>,
    /// The other side relays; not known of a candidate that arrived before it was announced.
    peer_relays: Option<bool>,
    /// Where a path goes that nobody relays, if that can be known.
    direct: Option<Path>,
    /// Bytes that came over it, or over the transport that it serves: media and messages, but no connectivity checks.
    pub received: Option<u64>,
    /// Connectivity checks of this side that the other side's browser has answered (RFC 8445 §7.2.5, RFC 7675).
    pub responses: Option<u64>,
}

impl SelectedPair {
    /// Whether a report of this `type` is needed to find the pair.
    pub fn needs(report_type: &str) -> bool {
        ["transport", "candidate-pair", "local-candidate", "remote-candidate"].contains(&report_type)
    }

    /// Finds the pair among the `reports` of `RTCPeerConnection.getStats()`; none while there is none.
    pub fn find(reports: &[Json]) -> Option<Self> {
        let named = |id: &Json| {
            let id = id.text()?;
            reports.iter().find(|report| report.field("id").text() == Some(id))
        };
        let all = |kind| reports.iter().filter(move |report| text(report, "type") == kind);
        let is = |report: &Json, field| report.field(field).to_bool() == Some(true);
        let pair = all("transport")
            .find_map(|transport| named(transport.field("selectedCandidatePairId")))
            .or_else(|| all("candidate-pair").find(|pair| is(pair, "selected")))
            .or_else(|| {
                let succeeded = |pair: &&Json| is(pair, "nominated") && text(pair, "state") == "succeeded";
                all("candidate-pair").rfind(succeeded)
            })?;
        let own = named(pair.field("localCandidateId"))?;
        let peer = named(pair.field("remoteCandidateId"))?;
        let bytes = |report: &Json| report.field("bytesReceived").to_count();
        Some(Self {
            received: all("transport").find_map(bytes).or_else(|| bytes(pair)),
            responses: pair.field("responsesReceived").to_count(),
            relay: relay(own),
            peer_relays: match text(peer, "candidateType") {
                "relay" => Some(true),
                "prflx" => None,
                _ => Some(false),
            },
            direct: direct(own, peer),
        })
    }

    /// The way that media takes, if it is known. `told` is what the other side says of its own relay: none where it has
    /// none, or has not said anything.
    pub fn path(&self, told: Option<RelayProtocol>) -> Option<Path> {
        let peer = match self.peer_relays {
            Some(true) => Some(told.unwrap_or(RelayProtocol::Unknown)),
            Some(false) => None,
            None => told,
        };
        match (self.relay, peer) {
            (None, None) => self.direct,
            (Some(own), None) => Some(Path::Relayed(own, Side::Own)),
            (None, Some(peer)) => Some(Path::Relayed(peer, Side::Peer)),
            (Some(own), Some(peer)) => Some(Path::Relayed(own.max(peer), Side::Both)),
        }
    }
}

/// How long a candidate may take to be announced, in milliseconds: signaling, and an mDNS name that has to be resolved.
const ANNOUNCED_WITHIN: f64 = 6_000.0;

/// What is said of a connection's path, by what was read of it so far. Nothing is said before it is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verdict {
    pair: Option<SelectedPair>,
    /// Since when the other side's candidate is one that was not announced; by the reader's clock, in milliseconds.
    unannounced: Option<f64>,
    /// For long enough.
    waited: bool,
}

impl Verdict {
    /// Takes a reading.
    pub fn read(&mut self, pair: Option<SelectedPair>, now: f64) {
        self.unannounced = pair.filter(|pair| pair.peer_relays.is_none()).map(|_| self.unannounced.unwrap_or(now));
        self.waited = self.unannounced.is_some_and(|since| now - since >= ANNOUNCED_WITHIN);
        self.pair = pair;
    }

    /// The pair that was read last.
    pub fn pair(&self) -> Option<SelectedPair> {
        self.pair
    }

    /// The path, if it is known; `told` as in [`SelectedPair::path`].
    pub fn path(&self, told: Option<RelayProtocol>) -> Option<Path> {
        self.pair?.path(told).filter(|path| !self.may_change(*path))
    }

    /// Whether the path is not known yet, and will be soon.
    pub fn is_awaited(&self, told: Option<RelayProtocol>) -> bool {
        self.pair.and_then(|pair| pair.path(told)).is_some_and(|path| self.may_change(path))
    }

    fn may_change(&self, path: Path) -> bool {
        path == Path::Internet && self.unannounced.is_some() && !self.waited
    }
}

fn text<'a>(report: &'a Json, field: &str) -> &'a str {
    report.field(field).text().unwrap_or_default()
}

fn relay(own: &Json) -> Option<RelayProtocol> {
    let protocol = text(own, "relayProtocol");
    if !protocol.is_empty() {
        return Some(RelayProtocol::named(protocol));
    }
    (text(own, "candidateType") == "relay").then(|| url_protocol(text(own, "url")).unwrap_or(RelayProtocol::Unknown))
}

/// How the relay at this `turn:` or `turns:` URL (RFC 7065) is spoken with; none for another URL.
pub(crate) fn url_protocol(url: &str) -> Option<RelayProtocol> {
    match url.split_once(':')?.0 {
        "turns" => Some(RelayProtocol::Tls),
        "turn" if url.ends_with("?transport=tcp") => Some(RelayProtocol::Tcp),
        "turn" => Some(RelayProtocol::Udp),
        _ => None,
    }
}

fn direct(own: &Json, peer: &Json) -> Option<Path> {
    let is_host = |candidate| text(candidate, "candidateType") == "host";
    let near = match (address(own), address(peer)) {
        (_, None) if is_host(peer) => true,
        (Some(own), Some(peer)) => own.is_near(&peer) || !(own.public || peer.public),
        (Some(known), None) | (None, Some(known)) if !known.public => true,
        (None, _) if !is_host(own) => false,
        (Some(known), None) | (None, Some(known)) if known.is_v6 => return None,
        (Some(_), None) | (None, Some(_)) => false,
        (None, None) => true,
    };
    Some(if near { Path::Local } else { Path::Internet })
}

/// None where the browser hides it: it is empty, null or a name then.
fn address(candidate: &Json) -> Option<Address> {
    // What is `address` now was `ip` once.
    ["address", "ip"].iter().find_map(|field| Address::read(text(candidate, field)))
}
