//! The names and addresses of this machine: for a self-signed certificate, and for the URLs that the program prints.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _, UdpSocket};

use tokio_rustls::rustls::pki_types::ServerName;

/// Parses `ADDRESS:PORT`, or resolves `NAME:PORT`. An IPv4 address is preferred: not every machine has IPv6.
pub fn resolve(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let name = text.rsplit_once(':').filter(|(name, port)| !name.is_empty() && port.parse::<u16>().is_ok());
    let (name, _) = name.ok_or("it must look like 127.0.0.1:8080, [::]:8080 or localhost:8080")?;
    let found = text.to_socket_addrs().map_err(|error| format!("cannot look up {name}: {error}"))?;
    let found = found.min_by_key(SocketAddr::is_ipv6);
    found.ok_or_else(|| format!("{name} has no address"))
}

/// Addresses at which other machines may reach this one, best first: IPv4 before IPv6, which is longer to type, and in
/// each family the source address of outgoing connections first. Loopback and link-local addresses are left out.
pub fn interface_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot list this machine's addresses");
        Vec::new()
    });
    let mut addresses: Vec<IpAddr> = interfaces
        .iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(if_addrs::Interface::ip)
        .collect();
    let used = [source_address(Ipv4Addr::UNSPECIFIED.into()), source_address(Ipv6Addr::UNSPECIFIED.into())];
    addresses.sort_by_key(|address| (address.is_ipv6(), !used.contains(&Some(*address))));
    addresses.dedup();
    addresses
}

/// localhost, the host name, its multicast DNS name (RFC 6762), and every address.
pub fn local_names() -> Vec<String> {
    let mut names = vec!["localhost".to_owned()];
    if let Ok(host) = gethostname::gethostname().into_string() {
        if !host.contains('.') {
            names.push(format!("{host}.local"));
        }
        names.push(host);
    }
    // A host name may be any text; a certificate takes valid DNS names only.
    names.retain(|name| ServerName::try_from(name.as_str()).is_ok());
    let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    names.extend(loopback.into_iter().chain(interface_addresses()).map(|address| address.to_string()));
    names
}

/// Whether the host of a URL is localhost or a loopback address. IPv6 addresses are in brackets.
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The source address for connections to the internet. Nothing is sent: the destination is reserved for documentation
/// (RFC 5737, RFC 3849), and `connect` on a UDP socket only looks up the route.
fn source_address(unspecified: IpAddr) -> Option<IpAddr> {
    let destination = match unspecified {
        IpAddr::V4(_) => IpAddr::from(Ipv4Addr::new(192, 0, 2, 1)),
        IpAddr::V6(_) => IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
    };
    let socket = UdpSocket::bind((unspecified, 0)).ok()?;
    socket.connect((destination, 9)).ok()?;
    socket.local_addr().ok().as_ref().map(SocketAddr::ip)
}
