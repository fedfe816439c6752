//! What an IP address tells of the network it belongs to. Addresses that browsers hide or redact are no IP addresses.

use std::net::{IpAddr, Ipv6Addr};

/// An IP address, as far as a media path depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address(IpAddr);

impl Address {
    /// Parses an address as browsers write it, an IPv6 address with or without brackets. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        text.trim_start_matches('[').trim_end_matches(']').parse().ok().map(Self)
    }

    /// Whether it is an IPv6 address.
    pub fn is_v6(&self) -> bool {
        self.0.is_ipv6()
    }

    /// Whether it is reachable from anywhere: not private (RFC 1918), unique local (RFC 4193), link-local or loopback.
    pub fn is_public(&self) -> bool {
        match self.0 {
            IpAddr::V4(address) => !(address.is_private() || address.is_link_local() || address.is_loopback()),
            IpAddr::V6(address) => {
                !(address.is_unique_local() || address.is_unicast_link_local() || address == Ipv6Addr::LOCALHOST)
            }
        }
    }

    /// Whether the addresses are the same IPv4 address, or on the same IPv6 link (a /64 prefix).
    pub fn is_near(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (IpAddr::V4(one), IpAddr::V4(other)) => one == other,
            (IpAddr::V6(one), IpAddr::V6(other)) => one.segments()[..4] == other.segments()[..4],
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_not_public() {
        for (text, is_public) in [
            ("192.168.1.2", false),
            ("172.15.0.1", true),
            ("172.31.255.255", false),
            ("169.254.0.1", false),
            ("127.0.0.1", false),
            ("100.64.0.1", true),
            ("::1", false),
            ("fe80::1", false),
            ("fdff::1", false),
            ("[2001:db8::1]", true),
        ] {
            assert_eq!(Address::parse(text).map(|address| address.is_public()), Some(is_public), "{text}");
        }
    }

    #[test]
    fn names_are_no_addresses() {
        for text in ["", "host.local", "redacted-ip.invalid", "1.2.3", "x::1"] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_of_one_ipv6_link_are_near() {
        let near = |one, other| Address::parse(one).unwrap().is_near(&Address::parse(other).unwrap());
        assert!(near("2001:db8:1:2::1", "2001:db8:1:2:9::9"));
        assert!(!near("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(!near("203.0.113.1", "203.0.113.2"));
    }
}
