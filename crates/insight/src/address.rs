//! IP addresses as far as a verdict needs them. Read by hand for the sake of the download: the standard library's reader
//! is several times this.

/// What matters of an IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub is_v6: bool,
    /// It can be reached from anywhere: it is not private (RFC 1918), unique local (RFC 4193), link-local or loopback.
    pub public: bool,
    /// All of an IPv4 address, an octet each; of an IPv6 address the first 64 bits, which a link has to itself.
    network: [u16; 4],
}

impl Address {
    /// Reads an address as browsers write it; none if it is something else.
    pub fn read(text: &str) -> Option<Self> {
        if !text.contains(':') {
            let mut network = [0; 4];
            let mut octets = text.split('.');
            for octet in &mut network {
                *octet = octets.next()?.parse().ok().filter(|octet| *octet < 256)?;
            }
            let public = !matches!(network, [10 | 127, ..] | [169, 254, ..] | [172, 16..=31, ..] | [192, 168, ..]);
            return octets.next().is_none().then_some(Self { is_v6: false, public, network });
        }
        let mut groups = Vec::new();
        let mut gap = None;
        for digits in text.split(':') {
            if digits.is_empty() {
                gap = gap.or(Some(groups.len()));
            } else {
                groups.push(u16::from_str_radix(digits, 16).ok()?);
            }
        }
        // `::` stands for as many zeros as are missing.
        while let Some(gap) = gap
            && groups.len() < 8
        {
            groups.insert(gap, 0);
        }
        let groups: [u16; 8] = groups.try_into().ok()?;
        let public = !matches!(groups, [0xfc00..=0xfdff | 0xfe80..=0xfebf, ..] | [0, 0, 0, 0, 0, 0, 0, 1]);
        let [network @ .., _, _, _, _] = groups;
        Some(Self { is_v6: true, public, network })
    }

    /// Whether two addresses are one, or on one link.
    pub fn is_near(&self, other: &Self) -> bool {
        self.is_v6 == other.is_v6 && self.network == other.network
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr};

    use super::*;

    #[test]
    fn addresses_are_read_as_the_standard_library_reads_them() {
        for text in [
            "192.168.1.2",
            "10.0.0.1",
            "172.15.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "172.32.0.1",
            "169.254.0.1",
            "127.0.0.1",
            "8.8.8.8",
            "100.64.0.1",
            "203.0.113.1",
            "::",
            "::1",
            "::2",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "fc00::1",
            "fdff::1",
            "fe00::1",
            "2001:db8::1",
            "2001:db8:1:2:3:4:5:6",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "1::3:4:5:6:7:8",
            "2001:DB8::A",
        ] {
            let (ours, address): (_, IpAddr) = (Address::read(text).unwrap(), text.parse().unwrap());
            let (public, network) = match address {
                IpAddr::V4(v4) => {
                    (!(v4.is_private() || v4.is_link_local() || v4.is_loopback()), v4.octets().map(u16::from))
                }
                IpAddr::V6(v6) => (
                    !(v6.is_unique_local() || v6.is_unicast_link_local() || v6 == Ipv6Addr::LOCALHOST),
                    v6.segments()[..4].try_into().unwrap(),
                ),
            };
            assert_eq!(ours, Address { is_v6: address.is_ipv6(), public, network }, "{text}");
        }
    }

    #[test]
    fn names_and_nonsense_are_no_addresses() {
        for text in [
            "",
            "host.local",
            "2b5dc8c1-7d0f-4c1b-a1fc-7c2f6f4c2f60.local",
            "redacted-ip.invalid",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.256",
            "1.2.3.x",
            "x::1",
            "::12345",
            "::ffff:1.2.3.4",
        ] {
            assert_eq!(Address::read(text), None, "{text}");
        }
    }
}
