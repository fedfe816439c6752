//! What the program says when it starts: the line that programs read, the addresses to open in a browser, and a QR code of
//! one of them for a phone.

use std::{
    io::{self, Write},
    net::{IpAddr, SocketAddr},
};

use clap::{Args, ValueEnum};
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

use crate::{Config, Dist, addresses, tls::SelfSigned};

/// Black on white whatever the colours of the terminal are: many scanners take no other. Of the 256 colours, these two
/// are the same everywhere.
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
const RESET: &str = "\x1b[0m";

const LOCALHOST: &str = "localhost";

/// What can be configured of what is said at the start.
#[derive(Args, Clone, Debug, Default)]
pub struct AnnounceOptions {
    /// When to draw a QR code of the address to open, for a phone on the same network.
    ///
    /// "auto" draws it on a terminal, where the server listens for other machines.
    #[arg(long = "qr-code", env = "VITRINE_QR_CODE", value_name = "WHEN", value_enum, default_value_t)]
    pub qr_code: When,
}

/// When to do something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// When it is of use.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Writes to standard output, `out`, what there is to know about a server that listens on `bound`. The first line is
/// always "listening on http://ADDRESS:PORT", with https where that is spoken.
///
/// # Errors
/// Those of writing.
#[allow(rustdoc::bare_urls)]
pub fn announce(config: &Config, bound: SocketAddr, out: &mut impl Write, is_terminal: bool) -> io::Result<()> {
    let scheme = if config.tls.is_on() { "https" } else { "http" };
    writeln!(out, "listening on {scheme}://{bound}")?;
    // Without the app there is nothing to open.
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

/// The hosts at which a browser finds the server, as they are written in an address: the best for other machines first.
fn hosts(config: &Config, bound: SocketAddr) -> Vec<String> {
    // The names in a real certificate are the only ones that browsers accept with it.
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
    // A socket of all IPv6 addresses takes IPv4 as well, but on systems that were told otherwise.
    let mut addresses = addresses::of_interfaces();
    addresses.retain(|interface| address.is_ipv6() || interface.is_ipv4());
    addresses.into_iter().map(host).chain([LOCALHOST.to_owned()]).collect()
}

fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// A QR code in lines of half blocks; nothing in the case that the text is too long for one.
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

    fn said(config: &Config, bound: &str, is_terminal: bool) -> String {
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
    fn on_one_machine_the_name_is_one_that_browsers_trust_with_a_camera() {
        assert_eq!(
            said(&with_files(), "127.0.0.1:8080", true),
            "listening on http://127.0.0.1:8080\nopen http://localhost:8080/\n"
        );
        assert_eq!(
            said(&self_signed(), "[::1]:8443", true),
            "listening on https://[::1]:8443\nopen https://localhost:8443/\n"
        );
    }

    #[test]
    fn other_machines_are_told_that_plain_http_gives_no_camera() {
        let said = said(&with_files(), "192.0.2.7:8080", false);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[..2], ["listening on http://192.0.2.7:8080", "open http://192.0.2.7:8080/"]);
        assert!(lines[2].contains("--tls-self-signed"), "{said}");
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn a_qr_code_is_drawn_on_a_terminal_or_when_asked() {
        let drawn = |config: &Config, is_terminal| said(config, "[2001:db8::7]:8443", is_terminal).contains('▀');
        let asking = |qr_code| Config { announce: AnnounceOptions { qr_code }, ..self_signed() };
        assert!(drawn(&self_signed(), true) && drawn(&asking(When::Always), false));
        assert!(!drawn(&self_signed(), false) && !drawn(&asking(When::Never), true));
        let said = said(&self_signed(), "[2001:db8::7]:8443", true);
        assert!(said.contains("open https://[2001:db8::7]:8443/\n") && said.contains("DIRECTORY"), "{said}");
    }

    #[test]
    fn all_addresses_end_with_this_machine_itself() {
        let said = said(&self_signed(), "0.0.0.0:8443", false);
        let opened: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("open ")).collect();
        assert_eq!(opened.last(), Some(&"https://localhost:8443/"));
        assert!(!said.contains("open https://0.0.0.0"), "{said}");
    }

    #[test]
    fn the_port_that_browsers_take_anyway_is_left_out() {
        assert!(said(&self_signed(), "192.0.2.7:443", false).contains("open https://192.0.2.7/\n"));
        assert!(said(&with_files(), "192.0.2.7:80", false).contains("open http://192.0.2.7/\n"));
    }

    #[test]
    fn without_the_app_there_is_nothing_to_open() {
        let config = Config { dist: Dist::None, ..Config::default() };
        assert_eq!(said(&config, "0.0.0.0:80", true), "listening on http://0.0.0.0:80\n");
    }
}
