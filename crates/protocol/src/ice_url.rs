//! Checks the URLs of STUN and TURN servers (RFC 7064 §3.1, RFC 7065 §3.1). A single malformed URL makes the constructor
//! of `RTCPeerConnection` throw, so the server checks every URL at start, and the page before use. No name is resolved.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr as _,
};

/// Why a URL is not one of a STUN or TURN server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IceUrlError {
    /// No scheme, or an unknown one. Chromium accepts lower case only.
    #[error("it must begin with stun:, stuns:, turn: or turns:")]
    Scheme,
    /// `//` after the scheme, as in other URLs.
    #[error("// must not follow {0}:")]
    Slashes(String),
    /// No host between the scheme and the port.
    #[error("the host is missing")]
    NoHost,
    /// The host is neither a name nor an address.
    #[error("{0:?} is neither a host name nor an IP address")]
    Host(String),
    /// An IPv6 address without brackets.
    #[error("an IPv6 address needs brackets: [{0}]")]
    Brackets(String),
    /// The port is not a number from 1 to 65535.
    #[error("{0:?} is not a port: use a number from 1 to 65535")]
    Port(String),
    /// A STUN URL with a query. RFC 7064 has none.
    #[error("a STUN URL takes no ?{0}")]
    StunQuery(String),
    /// A query other than `transport=udp` or `transport=tcp`. RFC 7065 allows others; browsers do not.
    #[error("?{0} is neither ?transport=udp nor ?transport=tcp")]
    TurnQuery(String),
}

/// Checks one URL of `RTCIceServer.urls`.
///
/// # Errors
/// The first fault of the URL, in words for the operator.
pub fn check(url: &str) -> Result<(), IceUrlError> {
    let (scheme, rest) = url.split_once(':').ok_or(IceUrlError::Scheme)?;
    let is_turn = match scheme {
        "stun" | "stuns" => false,
        "turn" | "turns" => true,
        _ => return Err(IceUrlError::Scheme),
    };
    if rest.starts_with("//") {
        return Err(IceUrlError::Slashes(scheme.to_owned()));
    }
    let (server, query) = rest.split_once('?').map_or((rest, None), |(server, query)| (server, Some(query)));
    check_server(server)?;
    match query {
        None => Ok(()),
        Some(query) if !is_turn => Err(IceUrlError::StunQuery(query.to_owned())),
        Some("transport=udp" | "transport=tcp") => Ok(()),
        Some(query) => Err(IceUrlError::TurnQuery(query.to_owned())),
    }
}

/// Checks `HOST` or `HOST:PORT`.
fn check_server(server: &str) -> Result<(), IceUrlError> {
    let wrong_host = || IceUrlError::Host(server.to_owned());
    if let Some(rest) = server.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or_else(wrong_host)?;
        Ipv6Addr::from_str(address).map_err(|_| wrong_host())?;
        return match port.strip_prefix(':') {
            Some(port) => check_port(port),
            None if port.is_empty() => Ok(()),
            None => Err(wrong_host()),
        };
    }
    if Ipv6Addr::from_str(server).is_ok() {
        return Err(IceUrlError::Brackets(server.to_owned()));
    }
    let (host, port) = server.split_once(':').map_or((server, None), |(host, port)| (host, Some(port)));
    if host.is_empty() {
        return Err(IceUrlError::NoHost);
    }
    if !is_host(host) {
        return Err(IceUrlError::Host(host.to_owned()));
    }
    port.map_or(Ok(()), check_port)
}

/// Stricter than RFC 3986 §3.2.2, which allows names that DNS cannot resolve. Names in other scripts have an ASCII form
/// (`xn--…`).
fn is_host(host: &str) -> bool {
    let labels = host.strip_suffix('.').unwrap_or(host).split('.');
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    // No top-level domain is numeric, so such a host is meant as an IPv4 address.
    let is_number = labels.clone().next_back().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    if is_number { Ipv4Addr::from_str(host).is_ok() } else { labels.clone().all(is_label) }
}

fn check_port(port: &str) -> Result<(), IceUrlError> {
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    if is_port { Ok(()) } else { Err(IceUrlError::Port(port.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_the_rfcs_are_accepted() {
        // RFC 7064 §3.3 and RFC 7065 appendix, without `transport-ext`.
        for url in [
            "stun:example.org",
            "stuns:example.org",
            "stun:example.org:8000",
            "turn:example.org",
            "turns:example.org:8000",
            "turn:example.org?transport=udp",
            "turn:example.org:8000?transport=tcp",
            "turns:example.org?transport=tcp",
            "turn:192.0.2.1:3478",
            "stun:[2001:db8::1]",
            "turn:[2001:db8::1]:65535?transport=udp",
            "stun:localhost:1",
            "stun:my_host.xn--bcher-kva.example.",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn each_fault_has_its_error() {
        use IceUrlError::{Brackets, Host, NoHost, Port, Scheme, Slashes, StunQuery, TurnQuery};
        for (url, error) in [
            ("", Scheme),
            ("example.org", Scheme),
            ("http:example.org", Scheme),
            ("STUN:example.org", Scheme),
            (" stun:example.org", Scheme),
            ("turn://example.org", Slashes("turn".into())),
            ("stun:", NoHost),
            ("stun::3478", NoHost),
            ("turn:?transport=udp", NoHost),
            ("turn:h:notaport", Port("notaport".into())),
            ("turn:h:", Port(String::new())),
            ("turn:h:0", Port("0".into())),
            ("turn:h:65536", Port("65536".into())),
            ("turn:h:+1", Port("+1".into())),
            ("turn:h:1:2", Port("1:2".into())),
            ("turn:h:3478/", Port("3478/".into())),
            ("turn:h/path", Host("h/path".into())),
            ("turn:user@h", Host("user@h".into())),
            ("turn:a b", Host("a b".into())),
            ("turn:a..b", Host("a..b".into())),
            ("turn:bücher.example", Host("bücher.example".into())),
            ("turn:192.0.2.256", Host("192.0.2.256".into())),
            ("turn:192.0.2", Host("192.0.2".into())),
            ("turn:[2001:db8::1", Host("[2001:db8::1".into())),
            ("turn:[2001:db8::g]:1", Host("[2001:db8::g]:1".into())),
            ("turn:[2001:db8::1]3478", Host("[2001:db8::1]3478".into())),
            ("turn:2001:db8::1", Brackets("2001:db8::1".into())),
            ("stun:h?transport=udp", StunQuery("transport=udp".into())),
            ("stun:h?", StunQuery(String::new())),
            ("turn:h?", TurnQuery(String::new())),
            ("turn:h?transport=", TurnQuery("transport=".into())),
            ("turn:h?transport=sctp", TurnQuery("transport=sctp".into())),
            ("turn:h?transport=udp&x", TurnQuery("transport=udp&x".into())),
            ("turn:h?transport=UDP", TurnQuery("transport=UDP".into())),
        ] {
            assert_eq!(check(url), Err(error), "{url}");
        }
    }
}
