//! Local address, port and advertised address of relay sockets. It creates sockets and keeps none.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    ops::RangeInclusive,
};

use socket2::{Domain, Protocol, Socket, Type};

use crate::config::Config;

/// Buffer of a relay socket, in bytes.
const RELAY_BUFFER: usize = 512 * 1024;

/// The addresses and ports available for relay sockets.
pub(crate) struct RelayAddresses {
    listening: Vec<IpAddr>,
    external: Vec<IpAddr>,
    ports: RangeInclusive<u16>,
}

/// The address of a relay socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RelayAddress {
    /// The address that the socket is bound to.
    pub(crate) local: IpAddr,
    /// The address that clients and peers see.
    pub(crate) advertised: IpAddr,
}

impl RelayAddresses {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            listening: config.udp.iter().chain(&config.tcp).map(SocketAddr::ip).collect(),
            external: config.external.iter().map(IpAddr::to_canonical).collect(),
            ports: config.relay_ports.clone(),
        }
    }

    /// Chooses the address for the relay socket of `client`, which sent to `local`; `None` if there is no address of
    /// the family.
    pub(crate) fn choose(&self, local: IpAddr, client: SocketAddr, ipv6: bool) -> Option<RelayAddress> {
        let of_family = |ip: &&IpAddr| ip.is_ipv6() == ipv6;
        let any: IpAddr = if ipv6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        let external = self.external.iter().find(of_family).copied();
        // `[::]` takes both families.
        let listens_on_any = self.listening.iter().any(|ip| ip.is_unspecified() && (ip.is_ipv6() || !ipv6));
        // Behind a proxy on this machine, clients arrive at the loopback address, which no peer can reach.
        let proxied = local.is_loopback() && external.is_some_and(|ip| !ip.is_loopback());
        let local = if local.is_ipv6() == ipv6 && !local.is_unspecified() && !proxied {
            local
        } else if listens_on_any || proxied {
            any
        } else {
            self.listening.iter().find(of_family).copied().or(external.map(|_| any))?
        };
        let advertised = match external {
            Some(external) => external,
            None if local.is_unspecified() => source_towards(client, ipv6)?,
            None => local,
        };
        Some(RelayAddress { local, advertised })
    }

    /// Binds a relay socket to a random port that is free and not `taken`; `None` if there is none.
    ///
    /// # Errors
    /// When the system refuses for another reason than the port being taken.
    pub(crate) fn bind(
        &self,
        local: IpAddr,
        even: bool,
        taken: impl Fn(u16) -> bool,
    ) -> io::Result<Option<(UdpSocket, u16)>> {
        let (first, last) = (u32::from(*self.ports.start()), u32::from(*self.ports.end()));
        let count = last - first + 1;
        let start = getrandom::u32().map_err(io::Error::from)? % count;
        for step in 0..count {
            let Ok(port) = u16::try_from(first + (start + step) % count) else { continue };
            if even && port % 2 != 0 || taken(port) {
                continue;
            }
            match udp_socket(SocketAddr::new(local, port), true, RELAY_BUFFER) {
                Ok(socket) => return Ok(Some((socket, port))),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// The source address of packets to `client`, or to the internet if `client` has the other family. Connecting a UDP
/// socket sends nothing.
fn source_towards(client: SocketAddr, ipv6: bool) -> Option<IpAddr> {
    let target = match (client.is_ipv6() == ipv6, ipv6) {
        (true, _) => client,
        // Documentation addresses, which are routed like the internet.
        (false, true) => SocketAddr::new(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(), 9),
        (false, false) => SocketAddr::new(Ipv4Addr::new(192, 0, 2, 1).into(), 9),
    };
    let any: IpAddr = if ipv6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(target).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_unspecified())
}

/// A bound UDP socket for use with tokio, with buffers of `buffer` bytes if the system allows it.
///
/// # Errors
/// The system's error.
pub(crate) fn udp_socket(address: SocketAddr, only_v6: bool, buffer: usize) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(only_v6)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    // A smaller buffer works as well, and loses more packets in a burst.
    let _ = socket.set_recv_buffer_size(buffer);
    let _ = socket.set_send_buffer_size(buffer);
    Ok(socket.into())
}

/// A listening TCP socket for use with tokio.
///
/// # Errors
/// The system's error.
pub(crate) fn tcp_socket(address: SocketAddr, only_v6: bool) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(only_v6)?;
    }
    // On Windows, SO_REUSEADDR would let two programs listen on one port.
    if cfg!(unix) {
        socket.set_reuse_address(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Secret;

    fn relay_addresses(listening: &[&str], external: &[&str], ports: RangeInclusive<u16>) -> RelayAddresses {
        let udp = listening.iter().map(|address| address.parse().unwrap()).collect();
        let external = external.iter().map(|ip| ip.parse().unwrap()).collect();
        RelayAddresses::new(&Config { udp, external, relay_ports: ports, ..Config::new(Secret::from("s")) })
    }

    fn chosen(relay_addresses: &RelayAddresses, local: &str, client: &str, ipv6: bool) -> Option<[String; 2]> {
        let address = relay_addresses.choose(local.parse().unwrap(), client.parse().unwrap(), ipv6)?;
        Some([address.local.to_string(), address.advertised.to_string()])
    }

    #[test]
    fn relay_socket_uses_the_address_that_the_client_sent_to() {
        let relay_addresses =
            relay_addresses(&["192.0.2.1:3478", "192.0.2.2:3478", "[2001:db8::1]:3478"], &[], 1024..=65535);
        let client = "198.51.100.1:1";
        assert_eq!(chosen(&relay_addresses, "192.0.2.2", client, false).unwrap(), ["192.0.2.2", "192.0.2.2"]);
        assert_eq!(chosen(&relay_addresses, "192.0.2.2", client, true).unwrap(), ["2001:db8::1", "2001:db8::1"]);
        assert_eq!(
            chosen(&relay_addresses, "2001:db8::1", "[2001:db8::9]:1", false).unwrap(),
            ["192.0.2.1", "192.0.2.1"]
        );
    }

    #[test]
    fn family_without_an_address_is_not_available() {
        assert_eq!(chosen(&relay_addresses(&["192.0.2.1:1"], &[], 1..=1), "192.0.2.1", "198.51.100.1:1", true), None);
        assert_eq!(
            chosen(&relay_addresses(&["[2001:db8::1]:1"], &[], 1..=1), "2001:db8::1", "[2001:db8::9]:1", false),
            None
        );
    }

    #[test]
    fn external_address_is_advertised_instead_of_the_bound_one() {
        let relay_addresses = relay_addresses(&["10.0.0.5:3478"], &["203.0.113.1", "2001:db8::5"], 1..=1);
        assert_eq!(chosen(&relay_addresses, "10.0.0.5", "198.51.100.1:1", false).unwrap(), ["10.0.0.5", "203.0.113.1"]);
        assert_eq!(chosen(&relay_addresses, "10.0.0.5", "198.51.100.1:1", true).unwrap(), ["::", "2001:db8::5"]);
        // A stream through a proxy on this machine.
        assert_eq!(chosen(&relay_addresses, "127.0.0.1", "127.0.0.1:1", false).unwrap(), ["0.0.0.0", "203.0.113.1"]);
    }

    #[test]
    fn source_address_towards_the_client_is_advertised_when_listening_on_all() {
        let all = relay_addresses(&["[::]:3478"], &[], 1..=1);
        assert_eq!(chosen(&all, "::", "127.0.0.1:1", false).unwrap(), ["0.0.0.0", "127.0.0.1"]);
        assert_eq!(chosen(&all, "127.0.0.1", "127.0.0.1:1", false).unwrap(), ["127.0.0.1", "127.0.0.1"]);
        let v4 = relay_addresses(&["0.0.0.0:3478"], &[], 1..=1);
        assert_eq!(chosen(&v4, "0.0.0.0", "127.0.0.1:1", false).unwrap(), ["0.0.0.0", "127.0.0.1"]);
        assert_eq!(chosen(&v4, "0.0.0.0", "127.0.0.1:1", true), None);
    }

    #[test]
    fn ports_are_free_in_range_and_even_on_request() {
        let holder = UdpSocket::bind("127.0.0.1:0").unwrap();
        let held = holder.local_addr().unwrap().port();
        let local: IpAddr = "127.0.0.1".parse().unwrap();
        assert!(relay_addresses(&[], &[], held..=held).bind(local, false, |_| false).unwrap().is_none());
        let relay_addresses = relay_addresses(&[], &[], 20_001..=60_000);
        for _ in 0..20 {
            let (socket, port) = relay_addresses.bind(local, true, |_| false).unwrap().unwrap();
            assert_eq!(socket.local_addr().unwrap().port(), port);
            assert!(port % 2 == 0 && relay_addresses.ports.contains(&port));
        }
        assert!(relay_addresses.bind(local, false, |_| true).unwrap().is_none());
    }
}
