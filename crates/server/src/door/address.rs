//! Whose connection it is: the address of the peer, or, where the peer is a proxy that is trusted, the one that the
//! proxy names. And which addresses are counted as one.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;
use ipnet::IpNet;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Addresses that are counted together: one of IPv4, or a /64 of IPv6, which is what a single household gets
/// (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Party(IpAddr);

impl From<IpAddr> for Party {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        })
    }
}

/// The address that a request of `peer` comes from. Of the addresses in `X-Forwarded-For`, each proxy has added the one
/// that spoke to it; so, from the end, those of trusted proxies are passed over, and the first other one counts. What
/// comes before it anybody may have written. Without a trusted proxy that is the peer itself.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut client = peer.to_canonical();
    let lines: Vec<&str> =
        headers.get_all(X_FORWARDED_FOR).iter().map(|line| line.to_str().unwrap_or_default()).collect();
    let mut hops = lines.iter().flat_map(|line| line.split(',')).rev();
    while is_trusted(client) {
        // What cannot be read was not written by a proxy to be trusted: the last one that could be is to blame.
        let Some(hop) = hops.next().and_then(read_hop) else { break };
        client = hop;
    }
    client
}

/// An address, perhaps with a port, as some proxies write it.
fn read_hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse().map(|address: std::net::SocketAddr| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, line.parse().unwrap());
        }
        let trusted = ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client("::ffff:192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
    }

    #[test]
    fn of_what_a_trusted_proxy_says_the_last_address_that_is_no_proxy_counts() {
        assert_eq!(client("127.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("127.0.0.1", &["203.0.113.1, 198.51.100.7, 10.1.2.3"]), "198.51.100.7");
        assert_eq!(client("127.0.0.1", &["203.0.113.1", "198.51.100.7 ,10.1.2.3", "10.0.0.1"]), "198.51.100.7");
        assert_eq!(client("::ffff:127.0.0.1", &["::ffff:198.51.100.7"]), "198.51.100.7");
    }

    #[test]
    fn ports_and_brackets_are_understood() {
        assert_eq!(client("127.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(client("fd00::1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(client("fd00::1", &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(client("fd00::1", &["2001:db8::7"]), "2001:db8::7");
    }

    #[test]
    fn where_nothing_can_be_read_the_proxy_counts() {
        assert_eq!(client("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &[""]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &["198.51.100.7, unknown"]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &["198.51.100.7, unknown, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client("127.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    }

    #[test]
    fn an_ipv6_network_is_one_party_and_an_ipv4_address_is_one_however_it_is_written() {
        let party = |text: &str| Party::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(party("2001:db8:1:2:3::4"), party("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(party("2001:db8:1:2::1"), party("2001:db8:1:3::1"));
        assert_eq!(party("::ffff:192.0.2.1"), party("192.0.2.1"));
        assert_ne!(party("192.0.2.1"), party("192.0.2.2"));
    }
}
