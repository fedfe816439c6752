//! A laboratory of networks as people have them: an internet, on it servers, and behind a router each the networks
//! that the browsers are in. What a router does to what passes is its [`Kind`]. All of it is made of network
//! namespaces; nothing leads out of them, a browser has the one interface to its router, and its driver is reached from
//! within the browser's own namespace. Linux, root, `ip` and `nft`.
//!
//! The addresses are those for documentation (RFC 5737, RFC 3849), so that nothing real can be meant:
//!
//! | | IPv4 | IPv6 |
//! | --- | --- | --- |
//! | outer side of network N | 203.0.113.(4N + 2) | 2001:db8:0:N::2 |
//! | inside a network | 192.168.1.0/24, the same in all | 2001:db8:1:N::/64 |
//! | server N | 198.51.100.(4N + 2) | 2001:db8:2:N::2 |
//! | server behind a cloud's NAT, inside | 10.0.0.2 | |

mod certificate;
mod network;
mod place;
mod service;

use std::net::{Ipv4Addr, Ipv6Addr};

pub use self::{
    certificate::Certificate,
    network::{Host, Kind, Network},
    place::ServerPlace,
    service::{Help, Service},
};
use crate::{
    Result,
    namespaces::{Namespace, Namespaces},
};

/// A laboratory; nothing of it is left when it is dropped.
pub struct NatLaboratory {
    networks: Vec<Network>,
    // After what was made with it.
    internet: Internet,
}

/// What lies between the routers: it carries public addresses only, and drops nothing else but what is [`Cut`].
struct Internet {
    namespaces: Namespaces,
    namespace: Namespace,
}

/// Nothing passes between two networks while this is there; each still reaches everything else.
pub struct Cut {
    internet: Namespace,
}

/// A line from the internet to a router or a server, by the addresses of its two ends.
struct Line {
    name: String,
    ipv4: Option<(Ipv4Addr, Ipv4Addr)>,
    ipv6: Option<(Ipv6Addr, Ipv6Addr)>,
}

impl NatLaboratory {
    /// Builds one with a network of each of these kinds, two hosts in each. Removes what an earlier one, whose program
    /// was killed, has left.
    ///
    /// # Errors
    /// When this user or this system cannot.
    pub fn build(kinds: &[Kind]) -> Result<Self> {
        let internet = Internet::build()?;
        let networks = (0..).zip(kinds).map(|(number, kind)| Network::build(&internet, number, *kind));
        Ok(Self { networks: networks.collect::<Result<_>>()?, internet })
    }

    /// The network of this number, in the order of the kinds that the laboratory was built with.
    pub fn network(&self, number: usize) -> &Network {
        &self.networks[number]
    }

    /// A place for a server on the internet. Every place has its own `number`.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn public_place(&self, number: u8) -> Result<ServerPlace> {
        ServerPlace::public(&self.internet, number)
    }

    /// A place for a server with a private address, to which a cloud's NAT translates a public one. Every place has its
    /// own `number`.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn place_in_a_cloud(&self, number: u8) -> Result<ServerPlace> {
        ServerPlace::in_a_cloud(&self.internet, number)
    }

    /// Lets nothing pass between two networks, of which nobody is told. There is one cut at a time.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn cut_between(&self, one: usize, other: usize) -> Result<Cut> {
        let cut = Cut { internet: self.internet.namespace.clone() };
        for (here, there) in [(one, other), (other, one)] {
            let rule = format!("iifname network{here} oifname network{there} drop");
            cut.internet.nft(&format!("add rule inet internet cut {rule}"))?;
        }
        Ok(cut)
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        let _ = self.internet.nft("flush chain inet internet cut");
    }
}

impl Internet {
    fn build() -> Result<Self> {
        let namespaces = Namespaces::claim()?;
        let namespace = namespaces.add("internet")?;
        forward(&namespace)?;
        namespace.nft(
            "add table inet internet
            add chain inet internet forwarded { type filter hook forward priority 0; }
            add chain inet internet cut { type filter hook forward priority 0; }
            add rule inet internet forwarded ip saddr { 10.0.0.0/8, 192.168.0.0/16 } drop
            add rule inet internet forwarded ip daddr { 10.0.0.0/8, 192.168.0.0/16 } drop",
        )?;
        Ok(Self { namespaces, namespace })
    }

    /// Connects a namespace, whose end of the line is called `wan` and leads everywhere.
    fn connect(&self, namespace: &Namespace, line: &Line) -> Result<()> {
        let name = &line.name;
        self.namespace.join(name, namespace, "wan")?;
        self.namespace.ip(&format!("link set {name} up"))?;
        namespace.ip("link set wan up")?;
        if let Some((here, there)) = line.ipv4 {
            self.namespace.ip(&format!("addr add {here}/30 dev {name}"))?;
            namespace.ip(&format!("addr add {there}/30 dev wan\nroute add default via {here}"))?;
        }
        if let Some((here, there)) = line.ipv6 {
            // Nobody else can have the address, and the line is of use at once.
            self.namespace.ip(&format!("addr add {here}/64 dev {name} nodad"))?;
            namespace.ip(&format!("addr add {there}/64 dev wan nodad\nroute add ::/0 via {here}"))?;
        }
        Ok(())
    }
}

/// Makes a router of a namespace.
fn forward(namespace: &Namespace) -> Result<()> {
    namespace.sysctl("ipv4/ip_forward", "1")?;
    namespace.sysctl("ipv6/conf/all/forwarding", "1")
}
