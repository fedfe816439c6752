//! A network behind its router, and the router's manners: how it translates addresses, what it lets in and what out.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::{Internet, Line, forward};
use crate::{Namespace, Result};

/// Hosts in each network.
const HOSTS: u8 = 2;

/// The router's address inside.
const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);

/// There are no names here. A browser asks for some all the same when it starts, and would wait for what a router drops.
const NO_NAMES: &str = "
    add table inet host
    add chain inet host leaving { type filter hook output priority 0; }
    add rule inet host leaving meta l4proto { tcp, udp } th dport 53 reject";

/// What a router does to what passes. Every one drops, without an answer, what nobody inside has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As at home: keeps ports, so that a host's socket has one address outside whomever it talks to, and lets in what
    /// comes from where that socket has sent to (RFC 4787: endpoint-independent mapping, address and port-dependent
    /// filtering; once "port-restricted cone").
    Home,
    /// As in many companies and mobile networks: takes another port for every destination (RFC 4787: address and
    /// port-dependent mapping; once "symmetric"), so that what STUN tells is of no use to others.
    Symmetric,
    /// As [`Kind::Home`], and drops all UDP.
    UdpBlocked,
    /// As [`Kind::Home`], and lets out TCP to port 443 alone.
    Only443,
    /// Has no IPv4, and so nothing to translate.
    Ipv6Only,
}

/// A network.
pub struct Network {
    kind: Kind,
    hosts: Vec<Host>,
    public: Option<Ipv4Addr>,
}

/// A machine in a network, for a browser to run on.
#[derive(Clone, Debug)]
pub struct Host {
    /// Where it is.
    pub namespace: Namespace,
    /// Its address inside.
    pub address: IpAddr,
}

impl Kind {
    fn has_ipv4(self) -> bool {
        self != Self::Ipv6Only
    }

    /// The router's rules on what goes out: nftables statements after a match on the outer interface.
    fn lets_out(self) -> &'static [&'static str] {
        match self {
            Self::Home | Self::Symmetric | Self::Ipv6Only => &[],
            Self::UdpBlocked => &["meta l4proto udp drop"],
            Self::Only443 => &["tcp dport 443 accept", "drop"],
        }
    }

    /// How the router translates sources: an nftables statement.
    fn translates(self) -> Option<&'static str> {
        match self {
            Self::Home | Self::UdpBlocked | Self::Only443 => Some("masquerade"),
            Self::Symmetric => Some("masquerade random,fully-random"),
            Self::Ipv6Only => None,
        }
    }

    fn rules(self) -> String {
        let mut rules = String::from(
            "add table inet router
            add chain inet router forwarded { type filter hook forward priority 0; }
            add chain inet router arriving { type filter hook input priority 0; }
            add chain inet router translated { type nat hook postrouting priority 100; }
            add rule inet router forwarded iifname wan ct state new drop
            add rule inet router arriving iifname wan ct state new drop\n",
        );
        for rule in self.lets_out() {
            rules += &format!("add rule inet router forwarded oifname wan {rule}\n");
        }
        if let Some(translation) = self.translates() {
            rules += &format!("add rule inet router translated oifname wan {translation}\n");
        }
        rules
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Home => "home",
            Self::Symmetric => "symmetric",
            Self::UdpBlocked => "udp-blocked",
            Self::Only443 => "only-443",
            Self::Ipv6Only => "ipv6-only",
        })
    }
}

impl Network {
    pub(super) fn build(internet: &Internet, number: u8, kind: Kind) -> Result<Self> {
        let router = internet.namespaces.add(&format!("router{number}"))?;
        forward(&router)?;
        router.nft(&kind.rules())?;
        let public = Ipv4Addr::new(203, 0, 113, 4 * number + 2);
        let (outside, inside) = (ipv6(0, number), ipv6(1, number));
        let line = Line {
            name: format!("network{number}"),
            ipv4: kind.has_ipv4().then_some((Ipv4Addr::new(203, 0, 113, 4 * number + 1), public)),
            ipv6: (!kind.has_ipv4()).then_some((outside(1), outside(2))),
        };
        internet.connect(&router, &line)?;
        router.ip("link add lan type bridge\nlink set lan up")?;
        if kind.has_ipv4() {
            router.ip(&format!("addr add {GATEWAY}/24 dev lan"))?;
        } else {
            router.ip(&format!("addr add {}/64 dev lan nodad", inside(1)))?;
            internet.namespace.ip(&format!("route add {}/64 via {}", inside(0), outside(2)))?;
        }
        let mut hosts = Vec::new();
        for place in 0..HOSTS {
            let namespace = internet.namespaces.add(&format!("host{number}-{place}"))?;
            let port = format!("host{place}");
            router.join(&port, &namespace, "lan")?;
            router.ip(&format!("link set {port} master lan up"))?;
            let address = if kind.has_ipv4() {
                namespace.sysctl("ipv6/conf/lan/disable_ipv6", "1")?;
                let address = Ipv4Addr::new(192, 168, 1, 10 + place);
                namespace
                    .ip(&format!("link set lan up\naddr add {address}/24 dev lan\nroute add default via {GATEWAY}"))?;
                IpAddr::from(address)
            } else {
                let address = inside(10 + u16::from(place));
                namespace.ip(&format!(
                    "link set lan up\naddr add {address}/64 dev lan nodad\nroute add ::/0 via {}",
                    inside(1)
                ))?;
                IpAddr::from(address)
            };
            namespace.nft(NO_NAMES)?;
            hosts.push(Host { namespace, address });
        }
        Ok(Self { kind, hosts, public: kind.has_ipv4().then_some(public) })
    }

    /// What kind it is of.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// One of its two hosts.
    pub fn host(&self, number: usize) -> &Host {
        &self.hosts[number]
    }

    /// The address that its hosts have outside: the router's, or with IPv6 the host's own.
    pub fn public_address(&self, host: usize) -> IpAddr {
        self.public.map_or(self.hosts[host].address, IpAddr::from)
    }
}

/// Addresses of 2001:db8:AREA:NUMBER::/64.
pub(super) fn ipv6(area: u16, number: u8) -> impl Fn(u16) -> Ipv6Addr {
    move |host| Ipv6Addr::new(0x2001, 0xdb8, area, u16::from(number), 0, 0, 0, host)
}
