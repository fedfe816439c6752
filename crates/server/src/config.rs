//! The configuration: every field is a command-line flag and an environment variable. Nothing is read from files.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use axum::http::Uri;
use clap::Parser;
use vitrine_protocol::{ice_url, signaling::IceServer};

use crate::{
    ServeError,
    accept::{AcceptLimits, StunStreams},
    access_options::AccessOptions,
    addresses,
    announce_options::AnnounceOptions,
    embedded::{self, EmbeddedApp},
    tls::{Tls, TlsOptions},
    turn::TurnOptions,
};

const NONE: &str = "none";
const EMBEDDED: &str = "embedded";
const DEFAULT_DIST: &str = if embedded::APP.is_some() { EMBEDDED } else { "dist" };

/// With [`PING_TIMEOUT`], a participant that lost its network leaves the room in less than 20 s.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(8);

const EXAMPLES: &str = "\
Examples:
  vitrine-server
      serve the app on http://localhost:8080
  vitrine-server --listen 0.0.0.0:8443 --tls-self-signed
      try it from a phone on the same network
  vitrine-server --listen 0.0.0.0:443 --tls-cert fullchain.pem --tls-key privkey.pem
      serve the internet
  vitrine-server --listen 0.0.0.0:443 --tls-cert fullchain.pem --tls-key privkey.pem --external-ip 203.0.113.9
      the same in a cloud, where the machine itself has a private address
  vitrine-server --listen 127.0.0.1:8080 --trusted-proxy 127.0.0.1 --turn-listen 0.0.0.0:3478
      behind a proxy on the same machine that adds HTTPS
  VITRINE_TURN_SECRET=... vitrine-server --turn-url turn:turn.example.com:3478
      with coturn, or another TURN server that shares a secret with this one
  vitrine-server --turn-listen none --ice-server none
      one local network, no helpers
  vitrine-server --dist none --allowed-origin https://calls.example
      signaling only, for an app that is hosted on https://calls.example
  VITRINE_LISTEN=127.0.0.1:0 VITRINE_LOG=debug vitrine-server
      any free port, everything logged";

/// Serves the Vitrine app, carries its signaling, and answers STUN and TURN.
///
/// Browsers fetch the app from this server, meet in a room through its Socket.IO endpoint at /socket.io/, and then talk
/// to each other directly. Where no direct path exists, it relays packets that it cannot read. GET /healthz answers
/// "ok", GET /metrics with counts.
#[derive(Clone, Debug, Parser)]
#[command(version, after_long_help = EXAMPLES)]
// The comments are the text of --help, where links have no brackets.
#[allow(rustdoc::bare_urls)]
pub struct Config {
    /// Address and port to listen on.
    ///
    /// A name such as localhost is looked up once. Port 0 takes any free port; the first line on standard output,
    /// "listening on http://ADDRESS:PORT", tells which.
    /// Browsers give camera and microphone only to http://localhost and to HTTPS: to serve other machines, use
    /// --tls-cert or --tls-self-signed, or put a TLS proxy in front.
    #[arg(
        long, env = "VITRINE_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080",
        value_parser = addresses::resolve
    )]
    pub listen: SocketAddr,

    /// Directory of the built app, "embedded" for the one inside this program, or "none" to carry signaling only.
    ///
    /// The pages of a directory can be edited: in its index.html, <meta name="signaling-server"> names another
    /// signaling server and <meta name="ice-servers"> the STUN and TURN servers for one that names none. "cargo xtask
    /// dist" makes both, the directory and the program with the app inside.
    #[arg(long, env = "VITRINE_DIST", value_name = "DIRECTORY", default_value = DEFAULT_DIST)]
    pub dist: Dist,

    /// HTTPS.
    #[command(flatten)]
    pub tls: TlsOptions,

    /// The start-up message.
    #[command(flatten)]
    pub announce: AnnounceOptions,

    /// Most participants in one room.
    #[arg(
        long, env = "VITRINE_MAX_PARTICIPANTS", value_name = "COUNT", default_value_t = 12,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub max_participants: u16,

    /// More STUN or TURN servers for the browsers, or "none"; may be given several times.
    ///
    /// A TURN server takes a user name and a password after commas; for one that shares a secret with this server, see
    /// --turn-url. Without the flag, browsers that cannot reach STUN on this server get Google's public STUN server;
    /// "none" prevents that. In the environment variable, several are separated by spaces.
    #[arg(
        long = "ice-server", env = "VITRINE_ICE_SERVER", value_name = "URL[,USERNAME,CREDENTIAL]",
        value_delimiter = ' ', value_parser = parse_ice_server
    )]
    pub ice_servers: Vec<IceServer>,

    /// Origin of a page that may use the signaling, such as https://calls.example; may be given several times.
    ///
    /// Without it, pages of every origin may: the app can then be hosted anywhere, and the name of a room is what
    /// protects it. With it, requests of pages of other origins are refused, except pages that this server serves
    /// itself. In the environment variable, several are separated by spaces.
    #[arg(
        long = "allowed-origin", env = "VITRINE_ALLOWED_ORIGIN", value_name = "ORIGIN",
        value_delimiter = ' ', value_parser = parse_origin
    )]
    pub allowed_origins: Vec<String>,

    /// Origin of a site that may show the app in a frame, such as https://intranet.example; may be given several times.
    ///
    /// Without it, no site can, because a frame makes clickjacking possible. The frame itself has to
    /// pass camera and microphone on, with allow="camera; microphone; display-capture; autoplay". In the environment
    /// variable, several are separated by spaces.
    #[arg(
        long = "allow-embedding", env = "VITRINE_ALLOW_EMBEDDING", value_name = "ORIGIN",
        value_delimiter = ' ', value_parser = parse_origin
    )]
    pub allow_embedding: Vec<String>,

    #[allow(missing_docs)] // clap would take a comment for the program's description.
    #[command(flatten)]
    pub turn: TurnOptions,

    #[allow(missing_docs)] // The same.
    #[command(flatten)]
    pub access: AccessOptions,

    /// Level of the log on standard error: error, warn, info, debug, trace, or a filter.
    ///
    /// A filter looks like "warn,vitrine_server=debug". RUST_LOG is read where neither the flag nor VITRINE_LOG is
    /// given. No level shows the contents of messages or the names of rooms.
    #[arg(long, env = "VITRINE_LOG", value_name = "FILTER", default_value_t = default_log())]
    pub log: String,

    /// Seconds between two pings of a connection. Choose fewer behind a proxy that closes idle connections sooner.
    #[arg(
        long, env = "VITRINE_PING_INTERVAL", value_name = "SECONDS", default_value = "10", value_parser = parse_seconds
    )]
    pub ping_interval: Duration,

    /// Seconds that a connection has to answer a ping. After that its participant leaves the room.
    #[arg(
        long, env = "VITRINE_PING_TIMEOUT", value_name = "SECONDS", default_value = "8", value_parser = parse_seconds
    )]
    pub ping_timeout: Duration,

    /// Limits on connections before and between requests.
    #[arg(skip)]
    pub limits: AcceptLimits,

    /// The handler of connections that speak STUN instead of HTTP.
    #[arg(skip)]
    pub stun_streams: Option<StunStreams>,
}

/// Where the app comes from.
#[derive(Clone, Debug)]
pub enum Dist {
    /// No app: signaling only.
    None,
    /// A directory that the app was built into.
    Directory(PathBuf),
    /// The files inside the program.
    Embedded(EmbeddedApp),
}

impl FromStr for Dist {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            NONE => Ok(Self::None),
            EMBEDDED => embedded::APP.map(Self::Embedded).ok_or("this program was built without the app"),
            directory => Ok(Self::Directory(directory.into())),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            dist: embedded::APP.map_or_else(|| Dist::Directory("dist".into()), Dist::Embedded),
            tls: TlsOptions::default(),
            announce: AnnounceOptions::default(),
            max_participants: 12,
            ice_servers: Vec::new(),
            allowed_origins: Vec::new(),
            allow_embedding: Vec::new(),
            turn: TurnOptions::default(),
            access: AccessOptions::default(),
            log: default_log(),
            ping_interval: PING_INTERVAL,
            ping_timeout: PING_TIMEOUT,
            limits: AcceptLimits::default(),
            stun_streams: None,
        }
    }
}

impl Config {
    /// Checks what can be checked before the server starts.
    ///
    /// # Errors
    /// [`ServeError::DistMissing`] when `dist` is not a directory, [`ServeError::DistEmpty`] when it has no
    /// `index.html`, [`ServeError::Tls`] when the certificate cannot be used.
    pub fn check(&self) -> Result<(), ServeError> {
        match &self.dist {
            Dist::Directory(directory) if !directory.is_dir() => {
                return Err(ServeError::DistMissing(directory.clone()));
            }
            Dist::Directory(directory) if !directory.join("index.html").is_file() => {
                return Err(ServeError::DistEmpty(directory.clone()));
            }
            _ => {}
        }
        Tls::new(&self.tls)?;
        Ok(())
    }

    /// The ICE servers of `--ice-server`: empty for "none", `None` without the flag.
    pub(crate) fn configured_ice_servers(&self) -> Option<Vec<IceServer>> {
        let named = self.ice_servers.iter().filter(|server| !server.urls.is_empty()).cloned();
        (!self.ice_servers.is_empty()).then(|| named.collect())
    }
}

fn default_log() -> String {
    std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned())
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (1..=3600).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| "it must be a number of seconds from 1 to 3600".to_owned())
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
    // Browsers throw on an entry that they cannot parse, and the call would fail.
    ice_url::check(url).map_err(|error| {
        format!("{error}; it must look like stun:HOST:PORT or turn:HOST:PORT?transport=udp,USERNAME,CREDENTIAL")
    })?;
    match (username, credential) {
        (None, None) if url.starts_with("stun") => Ok(ice_server(url)),
        _ if url.starts_with("stun") => Err("a STUN server takes no user name".into()),
        (Some(username), Some(credential)) if !username.is_empty() && !credential.is_empty() => Ok(IceServer {
            username: Some(username.to_owned()),
            credential: Some(credential.to_owned()),
            ..ice_server(url)
        }),
        _ => Err("a TURN server needs both: turn:HOST:PORT,USERNAME,CREDENTIAL".into()),
    }
}

/// Normalizes an origin as browsers write it in the `Origin` header (RFC 6454 section 6.1).
fn parse_origin(text: &str) -> Result<String, String> {
    let wrong = || "an origin must look like https://calls.example or http://localhost:8080".to_owned();
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    match (uri.scheme_str(), uri.authority(), uri.path(), uri.query()) {
        (Some(scheme @ ("http" | "https")), Some(authority), "/" | "", None) if !authority.as_str().contains('@') => {
            Ok(format!("{scheme}://{authority}").to_ascii_lowercase())
        }
        _ => Err(wrong()),
    }
}
