//! The deployment's settings, read once from `index.html`'s `<meta>` elements: the signaling server's address, and the
//! ICE servers for a signaling server that names none. The server's own configuration is not read here.

use vitrine_protocol::signaling::{IceServer, IceServerEntries};

use crate::browser::{json, meta, resolve_url, warn};

/// The STUN server that is used if neither the page nor the signaling server names an ICE server.
const DEFAULT_STUN: &str = "stun:stun.l.google.com:19302";

/// The deployment's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `ws:` or `wss:` address of the signaling server's Socket.IO endpoint.
    pub signaling_url: String,
    /// ICE servers for a signaling server that names none.
    pub ice_servers: Vec<IceServer>,
}

impl Config {
    /// Reads `<meta name="signaling-server">` (empty: the server that serves the page, below the same path) and
    /// `<meta name="ice-servers">` (JSON, as in `RTCConfiguration.iceServers`; empty: one public STUN server).
    pub fn from_page() -> Self {
        let server = meta("signaling-server").unwrap_or_else(|| "./".to_owned());
        let server = resolve_url(&server).unwrap_or(server);
        let named = meta("ice-servers").and_then(|text| {
            // The parser's reason is not logged: it may quote a credential.
            let servers = json::parse(&text).ok().map(|IceServerEntries(servers)| servers);
            if servers.is_none() {
                warn("<meta name=ice-servers> is ignored: it must be a JSON list, as in RTCConfiguration.iceServers");
            }
            servers
        });
        Self { signaling_url: socket_io_url(&server), ice_servers: named.unwrap_or_else(default_ice_servers) }
    }
}

fn default_ice_servers() -> Vec<IceServer> {
    vec![IceServer { urls: vec![DEFAULT_STUN.to_owned()], username: None, credential: None }]
}

/// The WebSocket address of the Socket.IO endpoint (Engine.IO v4) of the server at the absolute URL `server`.
fn socket_io_url(server: &str) -> String {
    let base = server.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let base = match base.split_once("://") {
        Some(("https", rest)) => format!("wss://{rest}"),
        Some(("http", rest)) => format!("ws://{rest}"),
        _ => base.to_owned(),
    };
    format!("{base}/socket.io/?EIO=4&transport=websocket")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_is_derived_from_server_url() {
        let endpoint = "/socket.io/?EIO=4&transport=websocket";
        for (server, base) in [
            ("http://localhost:8080/", "ws://localhost:8080"),
            ("https://call.example", "wss://call.example"),
            ("https://call.example/under/here/", "wss://call.example/under/here"),
            ("wss://call.example/?old#x", "wss://call.example"),
        ] {
            assert_eq!(socket_io_url(server), format!("{base}{endpoint}"));
        }
    }
}
