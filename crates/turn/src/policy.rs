//! The peers that the relay may send to. Addresses that only the relay's own network or machine can reach are refused
//! unless allowed, so that no client looks behind a firewall through the relay. The relay's own addresses lead to its
//! allocations only. All loopback addresses lead to the relay's machine, although most belong to no interface: a
//! network that contains loopback among others does not allow it. This module decides about addresses and sends
//! nothing.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{PoisonError, RwLock},
};

use ipnet::IpNet;

use crate::counts::Counts;

/// Whether an address may be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerAccess {
    /// Yes.
    Reachable,
    /// The address is the relay's own: only to an open allocation there, without the network.
    Own,
    /// No.
    Forbidden,
}

/// The allowed networks and the relay's own addresses.
pub struct Policy {
    allowed: Vec<IpNet>,
    /// Configured addresses that are advertised or listened on.
    configured: Vec<IpAddr>,
    /// Addresses of this machine's interfaces, which change at run time.
    interfaces: RwLock<Vec<IpAddr>>,
    /// Number of open allocations with a relayed address. A machine may receive packets for addresses that no interface
    /// has, if it is configured so.
    relayed: RwLock<Counts<IpAddr>>,
}

impl Policy {
    /// Allows the networks in `allowed` beside the internet; loopback only by a network that is all loopback. `own` are
    /// the addresses that the relay advertises or listens on.
    pub fn new(allowed: Vec<IpNet>, own: impl IntoIterator<Item = IpAddr>) -> Self {
        let configured = own.into_iter().map(|ip| ip.to_canonical()).filter(|ip| !ip.is_unspecified()).collect();
        Self { allowed, configured, interfaces: RwLock::default(), relayed: RwLock::default() }
    }

    /// Sets the addresses of this machine's interfaces.
    pub fn set_interfaces(&self, addresses: Vec<IpAddr>) {
        *self.interfaces.write().unwrap_or_else(PoisonError::into_inner) = addresses;
    }

    /// Whether `ip` may be sent to.
    ///
    /// IPv6 forms that embed an IPv4 address (mapped, compatible, NAT64, 6to4) are judged by that address as well. The
    /// relay's own addresses stay its own even in an allowed network. The unspecified address, which a machine takes
    /// for itself, is always forbidden.
    pub fn access(&self, ip: IpAddr) -> PeerAccess {
        let ip = ip.to_canonical();
        if ip.is_unspecified() {
            return PeerAccess::Forbidden;
        }
        if self.is_own(ip) {
            return PeerAccess::Own;
        }
        let embedded = match ip {
            IpAddr::V4(_) => None,
            IpAddr::V6(ip) => embedded_v4(ip),
        };
        if embedded.is_some_and(|ip| ip.is_unspecified() || ip.is_loopback() || self.is_own(ip.into())) {
            return PeerAccess::Forbidden;
        }
        let reachable = self.is_allowed(ip)
            || match ip {
                IpAddr::V4(ip) => is_on_the_internet_v4(ip),
                IpAddr::V6(ip) => is_on_the_internet_v6(ip) && embedded.is_none_or(is_on_the_internet_v4),
            };
        if reachable { PeerAccess::Reachable } else { PeerAccess::Forbidden }
    }

    fn is_allowed(&self, ip: IpAddr) -> bool {
        let allows = |network: &IpNet| network.contains(&ip) && (!ip.is_loopback() || is_all_loopback(network));
        self.allowed.iter().any(allows)
    }

    /// Whether a permission for `ip` may be installed: it is reachable, or an open allocation is there.
    pub fn permits(&self, ip: IpAddr) -> bool {
        match self.access(ip) {
            PeerAccess::Reachable => true,
            PeerAccess::Forbidden => false,
            PeerAccess::Own => self.is_relayed(ip.to_canonical()),
        }
    }

    /// Counts an allocation with the relayed address `ip`.
    pub fn add_relayed(&self, ip: IpAddr) {
        self.relayed.write().unwrap_or_else(PoisonError::into_inner).add(&ip);
    }

    /// Removes an allocation with the relayed address `ip`.
    pub fn remove_relayed(&self, ip: IpAddr) {
        self.relayed.write().unwrap_or_else(PoisonError::into_inner).remove(&ip);
    }

    fn is_own(&self, ip: IpAddr) -> bool {
        self.configured.contains(&ip)
            || self.interfaces.read().unwrap_or_else(PoisonError::into_inner).contains(&ip)
            || self.is_relayed(ip)
    }

    fn is_relayed(&self, ip: IpAddr) -> bool {
        self.relayed.read().unwrap_or_else(PoisonError::into_inner).get(&ip) > 0
    }
}

/// Whether a network contains loopback addresses only. 127.0.0.0/8 is one range, so checking both ends is enough.
fn is_all_loopback(network: &IpNet) -> bool {
    network.network().is_loopback() && network.broadcast().is_loopback()
}

/// Not in a private, local, multicast or reserved range (IANA special-purpose address registry).
fn is_on_the_internet_v4(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let shared = first == 100 && second & 0xc0 == 64;
    let reserved = first == 0 || first >= 240;
    !(ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_multicast() || shared || reserved)
}

fn is_on_the_internet_v6(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    let site_local = segments[0] & 0xffc0 == 0xfec0;
    // RFC 8215: a local prefix, translated as the network behind it chooses.
    let local_nat64 = segments[..3] == [0x64, 0xff9b, 1];
    !(ip.is_unspecified()
        || ip.is_loopback()
        || ip.is_multicast()
        || ip.is_unique_local()
        || ip.is_unicast_link_local()
        || site_local
        || local_nat64)
}

/// The IPv4 address embedded in `ip`, which a packet finally reaches: IPv4-compatible (RFC 4291), NAT64 (RFC 6052),
/// 6to4 (RFC 3056). The caller has already converted the mapped form.
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = ip.octets();
    let at = |start: usize| Ipv4Addr::new(octets[start], octets[start + 1], octets[start + 2], octets[start + 3]);
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(at(12)),
        [0x2002, ..] => Some(at(2)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn policy(allowed: &[&str], own: &[&str]) -> Policy {
        Policy::new(allowed.iter().map(|network| network.parse().unwrap()).collect(), own.iter().map(|own| ip(own)))
    }

    #[test]
    fn internet_addresses_are_reachable() {
        let policy = policy(&[], &[]);
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
        ] {
            assert_eq!(policy.access(ip(address)), PeerAccess::Reachable, "{address}");
            assert!(policy.permits(ip(address)), "{address}");
        }
    }

    #[test]
    fn local_and_special_addresses_are_forbidden() {
        let policy = policy(&[], &[]);
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
        ] {
            assert_eq!(policy.access(ip(address)), PeerAccess::Forbidden, "{address}");
            assert!(!policy.permits(ip(address)), "{address}");
        }
    }

    #[test]
    fn embedded_ipv4_address_is_judged() {
        let policy = policy(&[], &[]);
        for address in [
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1.1.1.1",
            "2002:7f00:1::1",
            "2002:c0a8:101::1",
            "2002:a00:1::",
            "64:ff9b::240.0.0.1",
        ] {
            assert_eq!(policy.access(ip(address)), PeerAccess::Forbidden, "{address}");
        }
    }

    #[test]
    fn allowed_network_is_reachable_in_every_form_of_its_addresses() {
        let policy = policy(&["10.1.0.0/16", "fd00::/8"], &[]);
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1"] {
            assert_eq!(policy.access(ip(address)), PeerAccess::Reachable, "{address}");
        }
        for address in ["10.2.0.1", "fc00::1", "127.0.0.1"] {
            assert_eq!(policy.access(ip(address)), PeerAccess::Forbidden, "{address}");
        }
    }

    #[test]
    fn own_addresses_stay_own_in_an_allowed_network() {
        let policy = policy(&["10.0.0.0/8"], &["10.0.0.5", "0.0.0.0", "::"]);
        policy.set_interfaces(vec![ip("203.0.113.9"), ip("2001:db8::9")]);
        for address in ["10.0.0.5", "::ffff:10.0.0.5", "203.0.113.9", "2001:db8::9"] {
            assert_eq!(policy.access(ip(address)), PeerAccess::Own, "{address}");
        }
        assert_eq!(policy.access(ip("64:ff9b::203.0.113.9")), PeerAccess::Forbidden);
        assert_eq!(policy.access(ip("10.0.0.6")), PeerAccess::Reachable);
    }

    #[test]
    fn wide_network_does_not_open_this_machine() {
        let policy = policy(&["0.0.0.0/0", "::/0"], &["198.51.100.1"]);
        policy.set_interfaces(vec![ip("127.0.0.1"), ip("10.0.0.5")]);
        for address in [
            "0.0.0.0",
            "::",
            "::ffff:0.0.0.0",
            "127.0.0.2",
            "127.255.255.255",
            "::ffff:127.0.0.2",
            "::1",
            "64:ff9b::0.0.0.0",
            "64:ff9b::127.0.0.2",
            "64:ff9b::10.0.0.5",
            "64:ff9b::198.51.100.1",
            "2002:7f00:2::1",
            "2002:a00:5::1",
            "2002:c633:6401::1",
            "::10.0.0.5",
        ] {
            assert_eq!(policy.access(ip(address)), PeerAccess::Forbidden, "{address}");
        }
        for address in ["10.0.0.6", "192.168.0.1", "fd00::1", "64:ff9b::10.0.0.6", "2002:a00:6::1"] {
            assert_eq!(policy.access(ip(address)), PeerAccess::Reachable, "{address}");
        }
        assert_eq!(policy.access(ip("127.0.0.1")), PeerAccess::Own);
    }

    #[test]
    fn loopback_is_reachable_if_it_is_allowed_by_itself() {
        let policy = policy(&["127.0.0.0/8", "::1/128"], &[]);
        policy.set_interfaces(vec![ip("127.0.0.1")]);
        assert_eq!(policy.access(ip("127.0.0.1")), PeerAccess::Own);
        for address in ["127.0.0.2", "::ffff:127.0.0.2", "::1"] {
            assert_eq!(policy.access(ip(address)), PeerAccess::Reachable, "{address}");
        }
        for address in ["0.0.0.0", "::", "64:ff9b::127.0.0.2", "2002:7f00:2::1"] {
            assert_eq!(policy.access(ip(address)), PeerAccess::Forbidden, "{address}");
        }
    }

    #[test]
    fn own_address_is_permitted_while_an_allocation_is_there() {
        let policy = policy(&[], &["198.51.100.1"]);
        assert!(!policy.permits(ip("198.51.100.1")));
        policy.add_relayed(ip("198.51.100.1"));
        policy.add_relayed(ip("198.51.100.1"));
        policy.remove_relayed(ip("198.51.100.1"));
        assert!(policy.permits(ip("198.51.100.1")));
        policy.remove_relayed(ip("198.51.100.1"));
        assert!(!policy.permits(ip("198.51.100.1")));
    }

    #[test]
    fn relayed_address_is_own_even_without_an_interface() {
        let policy = policy(&["127.0.0.0/8"], &[]);
        assert_eq!(policy.access(ip("127.0.0.5")), PeerAccess::Reachable);
        policy.add_relayed(ip("127.0.0.5"));
        assert_eq!(policy.access(ip("127.0.0.5")), PeerAccess::Own);
    }
}
