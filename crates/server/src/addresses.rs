//! The names and addresses of this machine: what a certificate of its own is for, where others reach it, and what it
//! calls itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _, UdpSocket};

use tokio_rustls::rustls::pki_types::ServerName;

/// Reads `ADDRESS:PORT` or `NAME:PORT`. Of a name's addresses it takes the first of IPv4: not every machine has IPv6.
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

/// Addresses at which other machines may reach this one, best first: the one that it uses itself to reach others, then
/// IPv4 before IPv6, which is longer to type. Without those that only this machine (loopback) or only a program that
/// names the interface (link-local) can use.
pub fn of_interfaces() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot list this machine's addresses");
        Vec::new()
    });
    let mut addresses: Vec<IpAddr> = interfaces
        .iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(if_addrs::Interface::ip)
        .collect();
    let used = [used_for(Ipv4Addr::UNSPECIFIED.into()), used_for(Ipv6Addr::UNSPECIFIED.into())];
    addresses.sort_by_key(|address| (address.is_ipv6(), !used.contains(&Some(*address))));
    addresses.dedup();
    addresses
}

/// localhost, the host name, also as multicast DNS has it (RFC 6762), and every address.
pub fn own_names() -> Vec<String> {
    let mut names = vec!["localhost".to_owned()];
    if let Ok(host) = gethostname::gethostname().into_string() {
        if !host.contains('.') {
            names.push(format!("{host}.local"));
        }
        names.push(host);
    }
    // A host name may be anything; a certificate names only what can be looked up.
    names.retain(|name| ServerName::try_from(name.as_str()).is_ok());
    let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    names.extend(loopback.into_iter().chain(of_interfaces()).map(|address| address.to_string()));
    names
}

/// Whether the host of a URL, an IPv6 address in brackets, is this machine to whoever uses it.
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The address that this machine would send from to reach the internet. Nothing is sent: the destination is one of those
/// for documentation (RFC 5737, RFC 3849), and only looked up in the routes.
fn used_for(unspecified: IpAddr) -> Option<IpAddr> {
    let destination = match unspecified {
        IpAddr::V4(_) => IpAddr::from(Ipv4Addr::new(192, 0, 2, 1)),
        IpAddr::V6(_) => IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
    };
    let socket = UdpSocket::bind((unspecified, 0)).ok()?;
    socket.connect((destination, 9)).ok()?;
    socket.local_addr().ok().as_ref().map(SocketAddr::ip)
}
