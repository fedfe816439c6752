//! What can be configured: every field is a command-line flag and an environment variable. Nothing is read from files.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use axum::http::Uri;
use clap::Parser;
use vitrine_protocol::signaling::IceServer;

use crate::{ServeError, door::DoorOptions};

const DEFAULT_ICE_SERVER: &str = "stun:stun.l.google.com:19302";
const NONE: &str = "none";

/// With [`PING_TIMEOUT`], a participant whose network vanished is gone from the room in less than 20 s.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(8);

const EXAMPLES: &str = "\
Examples:
  vitrine-server
      serve ./dist on http://localhost:8080
  vitrine-server --listen 0.0.0.0:80 --dist /srv/vitrine
      serve a network, behind a proxy that adds HTTPS
  vitrine-server --ice-server stun:stun.cloudflare.com:3478 --ice-server turn:turn.example.com:3478,alice,secret
      name one's own STUN and TURN servers
  vitrine-server --ice-server none
      one local network, no helpers on the internet
  vitrine-server --dist none --allowed-origin https://calls.example
      signaling only, for an app that is hosted on https://calls.example
  VITRINE_LISTEN=127.0.0.1:0 VITRINE_LOG=debug vitrine-server
      any free port, everything logged";

/// Serves the Vitrine app and carries its signaling.
///
/// Browsers fetch the app from this server, meet in a room through its Socket.IO endpoint at /socket.io/, and then talk
/// to each other directly: sound and picture never pass through here. GET /healthz answers "ok".
#[derive(Clone, Debug, Parser)]
#[command(version, after_long_help = EXAMPLES)]
// The comments are the text of --help, where links have no brackets.
#[allow(rustdoc::bare_urls)]
pub struct Config {
    /// Address and port to listen on.
    ///
    /// Port 0 takes any free port; the line "listening on http://ADDRESS:PORT" on standard output tells which.
    /// Browsers give camera and microphone only to http://localhost and to HTTPS: put a TLS proxy in front to serve
    /// other machines.
    #[arg(long, env = "VITRINE_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Directory of the built app, or "none" to carry signaling only.
    #[arg(long, env = "VITRINE_DIST", value_name = "DIRECTORY", default_value = "dist", value_parser = parse_dist)]
    pub dist: std::option::Option<PathBuf>,

    /// Most participants in one room.
    #[arg(
        long, env = "VITRINE_MAX_PARTICIPANTS", value_name = "COUNT", default_value_t = 12,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub max_participants: u16,

    /// STUN or TURN server that the browsers are told to use, or "none"; may be given several times.
    ///
    /// A TURN server takes a user name and a password after commas. In the environment variable, several are separated
    /// by spaces.
    #[arg(
        long = "ice-server", env = "VITRINE_ICE_SERVER", value_name = "URL[,USERNAME,CREDENTIAL]",
        default_value = DEFAULT_ICE_SERVER, value_delimiter = ' ', value_parser = parse_ice_server
    )]
    pub ice_servers: Vec<IceServer>,

    /// Origin of a page that may use the signaling, such as https://calls.example; may be given several times.
    ///
    /// Without it, pages of every origin may: the app can then be hosted anywhere, and only who knows a room's name can
    /// enter it. With it, requests of pages of other origins are refused, except pages that this server serves itself.
    /// In the environment variable, several are separated by spaces.
    #[arg(
        long = "allowed-origin", env = "VITRINE_ALLOWED_ORIGIN", value_name = "ORIGIN",
        value_delimiter = ' ', value_parser = parse_origin
    )]
    pub allowed_origins: Vec<String>,

    #[allow(missing_docs)] // It would be taken for the program's own description.
    #[command(flatten)]
    pub door: DoorOptions,

    /// What is logged to standard error: error, warn, info, debug, trace, or a filter.
    ///
    /// A filter looks like "warn,vitrine_server=debug". RUST_LOG is read where neither the flag nor VITRINE_LOG is
    /// given. No level shows what participants say to each other, or the names of rooms.
    #[arg(long, env = "VITRINE_LOG", value_name = "FILTER", default_value_t = default_log())]
    pub log: String,

    /// Time between two pings of a connection.
    #[arg(skip = PING_INTERVAL)]
    pub ping_interval: Duration,

    /// Time that a connection has to answer a ping.
    #[arg(skip = PING_TIMEOUT)]
    pub ping_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            dist: Some(PathBuf::from("dist")),
            max_participants: 12,
            ice_servers: vec![ice_server(DEFAULT_ICE_SERVER)],
            allowed_origins: Vec::new(),
            door: DoorOptions::default(),
            log: default_log(),
            ping_interval: PING_INTERVAL,
            ping_timeout: PING_TIMEOUT,
        }
    }
}

impl Config {
    /// Finds what would stop the server from being of use before it starts.
    ///
    /// # Errors
    /// [`ServeError::DistMissing`] when `dist` is not a directory. One without `index.html` is no error: the server
    /// then says how to build it.
    pub fn check(&self) -> Result<(), ServeError> {
        match &self.dist {
            Some(directory) if !directory.is_dir() => Err(ServeError::DistMissing(directory.clone())),
            _ => Ok(()),
        }
    }

    /// The ICE servers that browsers are told to use; none where the one entry is "none".
    pub(crate) fn named_ice_servers(&self) -> Vec<IceServer> {
        self.ice_servers.iter().filter(|server| !server.urls.is_empty()).cloned().collect()
    }
}

fn default_log() -> String {
    std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned())
}

fn parse_dist(text: &str) -> Result<Option<PathBuf>, std::convert::Infallible> {
    Ok((text != NONE).then(|| PathBuf::from(text)))
}

fn ice_server(url: &str) -> IceServer {
    IceServer { urls: vec![url.to_owned()], username: None, credential: None }
}

/// An entry without URLs stands for "none".
fn parse_ice_server(text: &str) -> Result<IceServer, String> {
    if text == NONE {
        return Ok(IceServer { urls: Vec::new(), username: None, credential: None });
    }
    // A password may hold commas; the URL and the user name may not.
    let mut parts = text.splitn(3, ',');
    let url = parts.next().unwrap_or_default();
    let username = parts.next();
    let credential = parts.next();
    let (scheme, host) = url.split_once(':').unwrap_or_default();
    if host.is_empty() {
        return Err("it must look like stun:HOST:PORT or turn:HOST:PORT,USERNAME,CREDENTIAL".into());
    }
    match (scheme, username, credential) {
        ("stun" | "stuns", None, None) => Ok(ice_server(url)),
        ("stun" | "stuns", ..) => Err("a STUN server takes no user name".into()),
        ("turn" | "turns", Some(username), Some(credential)) if !username.is_empty() && !credential.is_empty() => {
            Ok(IceServer {
                username: Some(username.to_owned()),
                credential: Some(credential.to_owned()),
                ..ice_server(url)
            })
        }
        // Browsers throw at such an entry, and the call would fail for everybody.
        ("turn" | "turns", ..) => Err("a TURN server needs both: turn:HOST:PORT,USERNAME,CREDENTIAL".into()),
        _ => Err(format!("{scheme:?} is none of stun, stuns, turn, turns")),
    }
}

/// Reduces to what a browser puts into its `Origin` header (RFC 6454 section 6.1).
fn parse_origin(text: &str) -> Result<String, String> {
    let wrong = || "an origin looks like https://calls.example or http://localhost:8080".to_owned();
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    match (uri.scheme_str(), uri.authority(), uri.path(), uri.query()) {
        (Some(scheme @ ("http" | "https")), Some(authority), "/" | "", None) if !authority.as_str().contains('@') => {
            Ok(format!("{scheme}://{authority}").to_ascii_lowercase())
        }
        _ => Err(wrong()),
    }
}
