//! Where a server is: on the internet under its own address, or in a cloud that translates a public one to it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Internet, Line, forward, network::ipv6};
use crate::{Namespace, Result};

/// The server's address behind a cloud's NAT, and that of the gateway.
const PRIVATE: (Ipv4Addr, Ipv4Addr) = (Ipv4Addr::new(10, 0, 0, 2), Ipv4Addr::new(10, 0, 0, 1));

/// A place for a server.
#[derive(Clone, Debug)]
pub struct ServerPlace {
    /// Where it is.
    pub namespace: Namespace,
    /// The IPv4 address that everybody reaches it at.
    pub public: Ipv4Addr,
    /// The address that it has itself; differs from the public one in a cloud.
    pub own: Ipv4Addr,
    /// Its IPv6 address, except in a cloud.
    pub ipv6: Option<Ipv6Addr>,
}

impl ServerPlace {
    /// The address that a server listens on to be reached at all of its addresses.
    pub(super) fn listens_on(&self) -> IpAddr {
        if self.ipv6.is_some() { IpAddr::from(Ipv6Addr::UNSPECIFIED) } else { IpAddr::from(self.own) }
    }

    pub(super) fn public(internet: &Internet, number: u8) -> Result<Self> {
        let namespace = internet.namespaces.add(&format!("server{number}"))?;
        let (gateway, public) = addresses(number);
        let (gateway6, public6) = (ipv6(2, number)(1), ipv6(2, number)(2));
        let name = format!("server{number}");
        let line = Line { name, ipv4: Some((gateway, public)), ipv6: Some((gateway6, public6)) };
        internet.connect(&namespace, &line)?;
        Ok(Self { namespace, public, own: public, ipv6: Some(public6) })
    }

    pub(super) fn in_a_cloud(internet: &Internet, number: u8) -> Result<Self> {
        let cloud = internet.namespaces.add(&format!("cloud{number}"))?;
        let namespace = internet.namespaces.add(&format!("server{number}"))?;
        let (gateway, public) = addresses(number);
        let line = Line { name: format!("server{number}"), ipv4: Some((gateway, public)), ipv6: None };
        internet.connect(&cloud, &line)?;
        forward(&cloud)?;
        let (own, gateway) = PRIVATE;
        cloud.join("inside", &namespace, "eth")?;
        cloud.ip(&format!("link set inside up\naddr add {gateway}/30 dev inside"))?;
        namespace.ip(&format!("link set eth up\naddr add {own}/30 dev eth\nroute add default via {gateway}"))?;
        // One to one, and only for what crosses it: the server does not reach itself by its public address.
        cloud.nft(&format!(
            "add table ip cloud
            add chain ip cloud coming {{ type nat hook prerouting priority -100; }}
            add chain ip cloud going {{ type nat hook postrouting priority 100; }}
            add chain ip cloud arriving {{ type filter hook input priority 0; }}
            add rule ip cloud coming iifname wan ip daddr {public} dnat to {own}
            add rule ip cloud going oifname wan ip saddr {own} snat to {public}
            add rule ip cloud arriving drop"
        ))?;
        Ok(Self { namespace, public, own, ipv6: None })
    }
}

/// The addresses of a server's gateway and of the server.
fn addresses(number: u8) -> (Ipv4Addr, Ipv4Addr) {
    (Ipv4Addr::new(198, 51, 100, 4 * number + 1), Ipv4Addr::new(198, 51, 100, 4 * number + 2))
}
