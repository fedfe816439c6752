//! Whom the relay sends to. Addresses that only the relay's own network or machine reaches are refused unless they were
//! allowed, so that nobody uses the relay to look behind a firewall; the relay's own addresses stand for its own
//! allocations and for nothing else. Loopback leads to the relay's machine, too, though all but one of its addresses
//! are no interface's: a network that holds it among others does not allow it. It decides about addresses alone and
//! sends nothing.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{PoisonError, RwLock},
};

use ipnet::IpNet;

use crate::counts::Counts;

/// What may be sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Anything.
    Reachable,
    /// It is the relay's own: only what a live allocation there takes, and without the network.
    Own,
    /// Nothing.
    Forbidden,
}

/// The rules about peers, and the addresses that are the relay's own.
pub struct Policy {
    allowed: Vec<IpNet>,
    /// Advertised or listened on, as configured.
    configured: Vec<IpAddr>,
    /// Those of this machine's interfaces, which come and go.
    interfaces: RwLock<Vec<IpAddr>>,
    /// How many live allocations have an address as their relayed one. Machines take packets for addresses that no
    /// interface has, where they are told to.
    relayed: RwLock<Counts<IpAddr>>,
}

impl Policy {
    /// Allows what `allowed` holds beside the internet; of loopback, only what networks hold that are all loopback.
    /// `own` are the addresses that the relay advertises or listens on.
    pub fn new(allowed: Vec<IpNet>, own: impl IntoIterator<Item = IpAddr>) -> Self {
        let configured = own.into_iter().map(|ip| ip.to_canonical()).filter(|ip| !ip.is_unspecified()).collect();
        Self { allowed, configured, interfaces: RwLock::default(), relayed: RwLock::default() }
    }

    /// Takes note of the addresses that this machine's interfaces have now.
    pub fn set_interfaces(&self, addresses: Vec<IpAddr>) {
        *self.interfaces.write().unwrap_or_else(PoisonError::into_inner) = addresses;
    }

    /// What may be sent to `ip`. IPv6 forms that carry an IPv4 address (mapped, compatible, NAT64, 6to4) are judged by
    /// it as well; the relay's own addresses stay its own even where they are in an allowed network, and to no address
    /// at all (unspecified), which this machine takes for itself, nothing is ever sent.
    pub fn verdict(&self, ip: IpAddr) -> Verdict {
        let ip = ip.to_canonical();
        if ip.is_unspecified() {
            return Verdict::Forbidden;
        }
        if self.is_own(ip) {
            return Verdict::Own;
        }
        let embedded = match ip {
            IpAddr::V4(_) => None,
            IpAddr::V6(ip) => embedded_v4(ip),
        };
        if embedded.is_some_and(|ip| ip.is_unspecified() || ip.is_loopback() || self.is_own(ip.into())) {
            return Verdict::Forbidden;
        }
        let reachable = self.is_allowed(ip)
            || match ip {
                IpAddr::V4(ip) => is_on_the_internet_v4(ip),
                IpAddr::V6(ip) => is_on_the_internet_v6(ip) && embedded.is_none_or(is_on_the_internet_v4),
            };
        if reachable { Verdict::Reachable } else { Verdict::Forbidden }
    }

    fn is_allowed(&self, ip: IpAddr) -> bool {
        let allows = |network: &IpNet| network.contains(&ip) && (!ip.is_loopback() || is_all_loopback(network));
        self.allowed.iter().any(allows)
    }

    /// Whether a permission for `ip` may be given: it is reachable, or a live allocation is there.
    pub fn permits(&self, ip: IpAddr) -> bool {
        match self.verdict(ip) {
            Verdict::Reachable => true,
            Verdict::Forbidden => false,
            Verdict::Own => self.is_relayed(ip.to_canonical()),
        }
    }

    /// An allocation has `ip` as its relayed address from now on.
    pub fn relayed_begins(&self, ip: IpAddr) {
        self.relayed.write().unwrap_or_else(PoisonError::into_inner).add(&ip);
    }

    /// An allocation that had `ip` as its relayed address is gone.
    pub fn relayed_ends(&self, ip: IpAddr) {
        self.relayed.write().unwrap_or_else(PoisonError::into_inner).remove(&ip);
    }

    fn is_own(&self, ip: IpAddr) -> bool {
        self.configured.contains(&ip)
            || self.interfaces.read().unwrap_or_else(PoisonError::into_inner).contains(&ip)
            || self.is_relayed(ip)
    }

    fn is_relayed(&self, ip: IpAddr) -> bool {
        self.relayed.read().unwrap_or_else(PoisonError::into_inner).of(&ip) > 0
    }
}

/// Whether who named this network can only have meant loopback. In 127.0.0.0/8 both ends are loopback, so all is.
fn is_all_loopback(network: &IpNet) -> bool {
    network.network().is_loopback() && network.broadcast().is_loopback()
}

/// Not in a range that is private, local, for groups, or reserved (IANA special-purpose address registry).
fn is_on_the_internet_v4(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let shared = first == 100 && second & 0xc0 == 64;
    let reserved = first == 0 || first >= 240;
    !(ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_multicast() || shared || reserved)
}

fn is_on_the_internet_v6(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    let site_local = segments[0] & 0xffc0 == 0xfec0;
    // RFC 8215: translates to whatever the network behind it likes.
    let local_nat64 = segments[..3] == [0x64, 0xff9b, 1];
    !(ip.is_unspecified()
        || ip.is_loopback()
        || ip.is_multicast()
        || ip.is_unique_local()
        || ip.is_unicast_link_local()
        || site_local
        || local_nat64)
}

/// The IPv4 address that a packet to `ip` reaches in the end: IPv4-compatible (RFC 4291), NAT64 (RFC 6052), 6to4
/// (RFC 3056). The mapped form is made an IPv4 address before.
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
    fn the_internet_is_reachable() {
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
            assert_eq!(policy.verdict(ip(address)), Verdict::Reachable, "{address}");
            assert!(policy.permits(ip(address)), "{address}");
        }
    }

    #[test]
    fn what_only_this_machine_or_its_network_reaches_is_forbidden() {
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
            assert_eq!(policy.verdict(ip(address)), Verdict::Forbidden, "{address}");
            assert!(!policy.permits(ip(address)), "{address}");
        }
    }

    #[test]
    fn an_ipv4_address_inside_an_ipv6_address_counts() {
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
            assert_eq!(policy.verdict(ip(address)), Verdict::Forbidden, "{address}");
        }
    }

    #[test]
    fn an_allowed_network_is_reachable_in_every_form_of_its_addresses() {
        let policy = policy(&["10.1.0.0/16", "fd00::/8"], &[]);
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1"] {
            assert_eq!(policy.verdict(ip(address)), Verdict::Reachable, "{address}");
        }
        for address in ["10.2.0.1", "fc00::1", "127.0.0.1"] {
            assert_eq!(policy.verdict(ip(address)), Verdict::Forbidden, "{address}");
        }
    }

    #[test]
    fn the_relays_own_addresses_are_its_own_even_in_an_allowed_network() {
        let policy = policy(&["10.0.0.0/8"], &["10.0.0.5", "0.0.0.0", "::"]);
        policy.set_interfaces(vec![ip("203.0.113.9"), ip("2001:db8::9")]);
        for address in ["10.0.0.5", "::ffff:10.0.0.5", "203.0.113.9", "2001:db8::9"] {
            assert_eq!(policy.verdict(ip(address)), Verdict::Own, "{address}");
        }
        assert_eq!(policy.verdict(ip("64:ff9b::203.0.113.9")), Verdict::Forbidden);
        assert_eq!(policy.verdict(ip("10.0.0.6")), Verdict::Reachable);
    }

    #[test]
    fn a_network_that_holds_this_machine_among_others_does_not_open_it() {
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
            assert_eq!(policy.verdict(ip(address)), Verdict::Forbidden, "{address}");
        }
        for address in ["10.0.0.6", "192.168.0.1", "fd00::1", "64:ff9b::10.0.0.6", "2002:a00:6::1"] {
            assert_eq!(policy.verdict(ip(address)), Verdict::Reachable, "{address}");
        }
        assert_eq!(policy.verdict(ip("127.0.0.1")), Verdict::Own);
    }

    #[test]
    fn loopback_is_open_to_who_names_it() {
        let policy = policy(&["127.0.0.0/8", "::1/128"], &[]);
        policy.set_interfaces(vec![ip("127.0.0.1")]);
        assert_eq!(policy.verdict(ip("127.0.0.1")), Verdict::Own);
        for address in ["127.0.0.2", "::ffff:127.0.0.2", "::1"] {
            assert_eq!(policy.verdict(ip(address)), Verdict::Reachable, "{address}");
        }
        for address in ["0.0.0.0", "::", "64:ff9b::127.0.0.2", "2002:7f00:2::1"] {
            assert_eq!(policy.verdict(ip(address)), Verdict::Forbidden, "{address}");
        }
    }

    #[test]
    fn an_own_address_is_permitted_while_an_allocation_is_there() {
        let policy = policy(&[], &["198.51.100.1"]);
        assert!(!policy.permits(ip("198.51.100.1")));
        policy.relayed_begins(ip("198.51.100.1"));
        policy.relayed_begins(ip("198.51.100.1"));
        policy.relayed_ends(ip("198.51.100.1"));
        assert!(policy.permits(ip("198.51.100.1")));
        policy.relayed_ends(ip("198.51.100.1"));
        assert!(!policy.permits(ip("198.51.100.1")));
    }

    #[test]
    fn an_address_is_the_relays_own_while_an_allocation_is_there_though_no_interface_has_it() {
        let policy = policy(&["127.0.0.0/8"], &[]);
        assert_eq!(policy.verdict(ip("127.0.0.5")), Verdict::Reachable);
        policy.relayed_begins(ip("127.0.0.5"));
        assert_eq!(policy.verdict(ip("127.0.0.5")), Verdict::Own);
    }
}
