//! The start-up message: the line that programs read, the URLs to open in a browser, and a QR code of one of them for a
//! phone.

use std::{
    io::{self, Write},
    net::{IpAddr, SocketAddr},
};

use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

use crate::{Config, Dist, When, addresses, tls::SelfSigned};

/// Black on white whatever the terminal's theme: many scanners read nothing else. Of the 256 colours, these two are the
/// same in every terminal.
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
const RESET: &str = "\x1b[0m";

const LOCALHOST: &str = "localhost";

/// Writes the start-up message of a server that listens on `bound` to `out`. The first line is always
/// "listening on http://ADDRESS:PORT", or https with TLS.
///
/// # Errors
/// The errors of writing to `out`.
#[allow(rustdoc::bare_urls)]
pub fn announce(config: &Config, bound: SocketAddr, out: &mut impl Write, is_terminal: bool) -> io::Result<()> {
    let scheme = if config.tls.is_on() { "https" } else { "http" };
    writeln!(out, "listening on {scheme}://{bound}")?;
    // Without the app there is no page to open.
    if matches!(config.dist, Dist::None) {
        return out.flush();
    }
    let hosts = hosts(config, bound);
    let port = match (scheme, bound.port()) {
        ("http", 80) | ("https", 443) => String::new(),
        (_, port) => format!(":{port}"),
    };
    for host in &hosts {
        writeln!(out, "open {scheme}://{host}{port}/")?;
    }
    let for_others = hosts.iter().find(|host| *host != LOCALHOST);
    if let Some(host) = for_others {
        if !config.tls.is_on() {
            writeln!(
                out,
                "Browsers give camera and microphone to https:// and to localhost only. For other machines, \
                 --tls-self-signed makes this server speak HTTPS."
            )?;
        }
        let is_wanted = match config.announce.qr_code {
            When::Auto => is_terminal,
            When::Always => true,
            When::Never => false,
        };
        if is_wanted {
            write!(out, "{}", qr_code(&format!("{scheme}://{host}{port}/")))?;
        }
        match &config.tls.tls_self_signed {
            Some(SelfSigned::Memory) => writeln!(
                out,
                "Browsers warn of the self-signed certificate, a new one at every start; \
                 --tls-self-signed=DIRECTORY keeps it."
            )?,
            Some(SelfSigned::Directory(_)) => {
                writeln!(out, "Browsers warn of the self-signed certificate once.")?;
            }
            None => {}
        }
    }
    out.flush()
}

/// The hosts for URLs of the server, the best for other machines first.
fn hosts(config: &Config, bound: SocketAddr) -> Vec<String> {
    // Browsers accept a real certificate for its own names only.
    let certified = config.tls.certified_names();
    if !certified.is_empty() {
        return certified;
    }
    let address = bound.ip().to_canonical();
    if address.is_loopback() {
        return vec![LOCALHOST.to_owned()];
    }
    if !address.is_unspecified() {
        return vec![host(address)];
    }
    // A socket on [::] accepts IPv4 as well, unless the system is configured otherwise.
    let mut addresses = addresses::interface_addresses();
    addresses.retain(|interface| address.is_ipv6() || interface.is_ipv4());
    addresses.into_iter().map(host).chain([LOCALHOST.to_owned()]).collect()
}

fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// A QR code in lines of half blocks; empty if the text is too long for one.
fn qr_code(text: &str) -> String {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::L) else {
        return String::new();
    };
    let drawing = code.render::<Dense1x2>().build();
    drawing.lines().map(|line| format!("{BLACK_ON_WHITE}{line}{RESET}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TlsOptions;

    fn announced(config: &Config, bound: &str, is_terminal: bool) -> String {
        let mut out = Vec::new();
        announce(config, bound.parse().unwrap(), &mut out, is_terminal).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn with_files() -> Config {
        Config { dist: Dist::Directory("dist".into()), ..Config::default() }
    }

    fn self_signed() -> Config {
        let tls = TlsOptions { tls_self_signed: Some(SelfSigned::Memory), ..TlsOptions::default() };
        Config { tls, ..with_files() }
    }

    #[test]
    fn loopback_is_announced_as_localhost() {
        assert_eq!(
            announced(&with_files(), "127.0.0.1:8080", true),
            "listening on http://127.0.0.1:8080\nopen http://localhost:8080/\n"
        );
        assert_eq!(
            announced(&self_signed(), "[::1]:8443", true),
            "listening on https://[::1]:8443\nopen https://localhost:8443/\n"
        );
    }

    #[test]
    fn plain_http_for_other_machines_is_announced_with_a_warning() {
        let text = announced(&with_files(), "192.0.2.7:8080", false);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["listening on http://192.0.2.7:8080", "open http://192.0.2.7:8080/"]);
        assert!(lines[2].contains("--tls-self-signed"), "{text}");
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn qr_code_is_drawn_on_a_terminal_or_on_request() {
        let drawn = |config: &Config, is_terminal| announced(config, "[2001:db8::7]:8443", is_terminal).contains('▀');
        let asking = |qr_code| Config { announce: crate::AnnounceOptions { qr_code }, ..self_signed() };
        assert!(drawn(&self_signed(), true) && drawn(&asking(When::Always), false));
        assert!(!drawn(&self_signed(), false) && !drawn(&asking(When::Never), true));
        let text = announced(&self_signed(), "[2001:db8::7]:8443", true);
        assert!(text.contains("open https://[2001:db8::7]:8443/\n") && text.contains("DIRECTORY"), "{text}");
    }

    #[test]
    fn unspecified_address_is_announced_with_localhost_last() {
        let text = announced(&self_signed(), "0.0.0.0:8443", false);
        let opened: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("open ")).collect();
        assert_eq!(opened.last(), Some(&"https://localhost:8443/"));
        assert!(!text.contains("open https://0.0.0.0"), "{text}");
    }

    #[test]
    fn default_port_is_left_out() {
        assert!(announced(&self_signed(), "192.0.2.7:443", false).contains("open https://192.0.2.7/\n"));
        assert!(announced(&with_files(), "192.0.2.7:80", false).contains("open http://192.0.2.7/\n"));
    }

    #[test]
    fn without_the_app_no_url_is_announced() {
        let config = Config { dist: Dist::None, ..Config::default() };
        assert_eq!(announced(&config, "0.0.0.0:80", true), "listening on http://0.0.0.0:80\n");
    }
}
