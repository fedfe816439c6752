//! ICE candidates, decoded from their text (RFC 8839 §5.1): where they point to, how they were found, and what their
//! priority says. Nothing is decided about a connection here.

use std::{fmt, net::IpAddr, str::FromStr};

use crate::address::Address;

/// A decoded candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Candidates of one origin have one foundation: the checks of one tell about the others.
    pub foundation: String,
    /// 1 for RTP, 2 for RTCP.
    pub component: u16,
    /// `udp` or `tcp`, in lower case.
    pub transport: String,
    /// The priority.
    pub priority: Priority,
    /// The address: an IP address, or a name such as one of mDNS.
    pub address: String,
    /// The port. Active TCP candidates have the port 9 ("discard").
    pub port: u16,
    /// How the candidate was found.
    pub kind: CandidateKind,
    /// For a reflexive candidate, the address it was found from; for a relayed one, the address that the relay sees.
    pub related: Option<(String, u16)>,
    /// Of a TCP candidate (RFC 6544 §4.5): `active`, `passive` or `so`.
    pub tcp_type: Option<String>,
    /// The number of ICE restarts before it (an extension of libwebrtc).
    pub generation: Option<u32>,
    /// The user name fragment of the ICE generation that it belongs to.
    pub fragment: Option<String>,
}

/// How a candidate was found (RFC 8445 §5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CandidateKind {
    /// An address of the machine itself.
    Host,
    /// The address that a STUN server sees.
    ServerReflexive,
    /// The address that the peer sees.
    PeerReflexive,
    /// An address of a TURN server.
    Relay,
}

impl CandidateKind {
    /// The name in a candidate, and in statistics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::ServerReflexive => "srflx",
            Self::PeerReflexive => "prflx",
            Self::Relay => "relay",
        }
    }

    /// The kind of this name. Old browsers call them otherwise.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "host" | "local" => Some(Self::Host),
            "srflx" | "stun" | "serverreflexive" => Some(Self::ServerReflexive),
            "prflx" | "prflxive" | "peerreflexive" => Some(Self::PeerReflexive),
            "relay" | "relayed" => Some(Self::Relay),
            _ => None,
        }
    }
}

/// What an address tells of its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// An address that the browser hides behind a random name, which only the same network resolves.
    Mdns,
    /// IPv4.
    V4,
    /// IPv6.
    V6,
    /// Any other name, or nothing that can be read.
    Name,
}

/// A candidate's priority in its three parts: `2²⁴ · type + 2⁸ · local + (256 − component)` (RFC 8445 §5.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(pub u32);

impl Priority {
    /// How much candidates of this kind are preferred, from 0 to 126; 126 is usual for hosts, 0 for relays.
    pub fn type_preference(self) -> u8 {
        (self.0 >> 24) as u8
    }

    /// How much this address is preferred among those of one kind, from 0 to 65535.
    pub fn local_preference(self) -> u16 {
        (self.0 >> 8) as u16
    }

    /// The component that the last eight bits stand for.
    pub fn component(self) -> u16 {
        256 - (self.0 & 0xff) as u16
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Why a candidate cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CandidateError {
    /// One of the eight fields that every candidate has is missing.
    #[error("the candidate has no {0}")]
    Missing(&'static str),
    /// A field is not a number, or of an unknown kind.
    #[error("the candidate's {field} is \"{value}\"")]
    Unreadable {
        /// Which field.
        field: &'static str,
        /// What it holds, cut to a length that can be shown.
        value: String,
    },
}

impl FromStr for Candidate {
    type Err = CandidateError;

    /// Decodes `candidate:…`, with or without `a=` before it.
    fn from_str(text: &str) -> Result<Self, CandidateError> {
        let text = text.trim().trim_start_matches("a=").trim_start_matches("candidate:");
        let mut words = text.split_ascii_whitespace();
        let mut word = |field| words.next().ok_or(CandidateError::Missing(field));
        let foundation = word("foundation")?.to_owned();
        let component = number("component", word("component")?)?;
        let transport = word("transport")?.to_ascii_lowercase();
        let priority = Priority(number("priority", word("priority")?)?);
        let address = word("address")?.to_owned();
        let port = number("port", word("port")?)?;
        let keyword = word("type")?;
        if keyword != "typ" {
            return Err(unreadable("type", keyword));
        }
        let kind = word("type")?;
        let kind = CandidateKind::from_name(kind).ok_or_else(|| unreadable("type", kind))?;
        let mut candidate = Self {
            foundation,
            component,
            transport,
            priority,
            address,
            port,
            kind,
            related: None,
            tcp_type: None,
            generation: None,
            fragment: None,
        };
        let (mut related_address, mut related_port) = (None, None);
        // Pairs of a name and a value; unknown ones are allowed.
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            match name {
                "raddr" => related_address = Some(value.to_owned()),
                "rport" => related_port = value.parse().ok(),
                "tcptype" => candidate.tcp_type = Some(value.to_owned()),
                "generation" => candidate.generation = value.parse().ok(),
                "ufrag" => candidate.fragment = Some(value.to_owned()),
                _ => {}
            }
        }
        candidate.related = related_address.zip(related_port);
        Ok(candidate)
    }
}

impl fmt::Display for Candidate {
    /// Writes the candidate as `candidate:…`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { foundation, component, transport, priority, address, port, .. } = self;
        write!(
            formatter,
            "candidate:{foundation} {component} {transport} {priority} {address} {port} typ {}",
            self.kind.name()
        )?;
        if let Some((address, port)) = &self.related {
            write!(formatter, " raddr {address} rport {port}")?;
        }
        if let Some(tcp_type) = &self.tcp_type {
            write!(formatter, " tcptype {tcp_type}")?;
        }
        if let Some(generation) = self.generation {
            write!(formatter, " generation {generation}")?;
        }
        if let Some(fragment) = &self.fragment {
            write!(formatter, " ufrag {fragment}")?;
        }
        Ok(())
    }
}

impl Candidate {
    /// What the address tells of its network.
    pub fn family(&self) -> Family {
        family(&self.address)
    }

    /// Whether the address is reached from its own network only.
    pub fn is_private(&self) -> bool {
        self.family() == Family::Mdns || Address::parse(&self.address).is_some_and(|address| !address.is_public())
    }
}

/// What `address` tells of its network.
pub fn family(address: &str) -> Family {
    match address.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => Family::V4,
        Ok(IpAddr::V6(_)) => Family::V6,
        Err(_) if address.to_ascii_lowercase().ends_with(".local") => Family::Mdns,
        Err(_) => Family::Name,
    }
}

fn number<T: FromStr>(field: &'static str, value: &str) -> Result<T, CandidateError> {
    value.parse().map_err(|_| unreadable(field, value))
}

fn unreadable(field: &'static str, value: &str) -> CandidateError {
    CandidateError::Unreadable { field, value: value.chars().take(40).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_decoded() {
        let text = "candidate:3289912957 1 UDP 1845501695 193.84.77.194 60017 typ srflx raddr 192.168.34.75 rport 60018 \
                    generation 2 ufrag 5I2u network-cost 999";
        let candidate: Candidate = text.parse().unwrap();
        assert_eq!(candidate.transport, "udp");
        assert_eq!(candidate.kind, CandidateKind::ServerReflexive);
        assert_eq!(candidate.related, Some(("192.168.34.75".to_owned(), 60018)));
        assert_eq!((candidate.generation, candidate.fragment.as_deref()), (Some(2), Some("5I2u")));
        assert_eq!(candidate.family(), Family::V4);
        assert!(!candidate.is_private());
    }

    #[test]
    fn priority_has_three_parts() {
        // Chromium's first host candidate.
        let priority = Priority(2_122_260_223);
        assert_eq!((priority.type_preference(), priority.local_preference(), priority.component()), (126, 32542, 1));
    }

    #[test]
    fn hidden_address_is_private() {
        let text = "candidate:1 1 udp 2113937151 0b6a3f1e-1f2c-4f7a-9f4e-5d3c2b1a0f9e.local 54400 typ host";
        let candidate: Candidate = text.parse().unwrap();
        assert_eq!(candidate.family(), Family::Mdns);
        assert!(candidate.is_private());
    }

    #[test]
    fn cut_candidate_names_what_is_missing() {
        let missing = |text: &str| text.parse::<Candidate>().unwrap_err();
        assert_eq!(missing(""), CandidateError::Missing("foundation"));
        assert_eq!(missing("candidate:1 1 udp 5 10.0.0.1 9"), CandidateError::Missing("type"));
        assert_eq!(
            missing("candidate:1 1 udp x 10.0.0.1 9 typ host"),
            CandidateError::Unreadable { field: "priority", value: "x".to_owned() }
        );
    }
}
