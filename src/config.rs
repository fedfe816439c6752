//! What the page was told about its deployment: where the signaling server is, and which ICE servers to use when
//! that server names none. Read once, from `index.html`'s `<meta>` elements.

use vitrine_protocol::{json::Json, signaling::IceServer, wire::ice_servers};

use crate::browser::{meta, resolve_url, warn};

/// Used where neither the page nor the signaling server names any.
const DEFAULT_STUN: &str = "stun:stun.l.google.com:19302";

/// The deployment's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `ws:` or `wss:` address of the signaling server's Socket.IO endpoint.
    pub signaling_url: String,
    /// ICE servers for a signaling server that acknowledges none.
    pub ice_servers: Vec<IceServer>,
}

impl Config {
    /// Reads `<meta name="signaling-server">` (empty: the server that serves the page, below the same path) and `<meta name="ice-servers">` (JSON,
    /// as in `RTCConfiguration.iceServers`; empty: one public STUN server).
    pub fn from_page() -> Self {
        let server = meta("signaling-server").unwrap_or_else(|| "./".to_owned());
        let server = resolve_url(&server).unwrap_or(server);
        let named = meta("ice-servers").and_then(|text| {
            let servers = Json::parse(&text).ok().and_then(|servers| ice_servers(&servers));
            if servers.is_none() {
                warn("<meta name=ice-servers> is not usable: it has to be a JSON list as in RTCConfiguration");
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
    fn the_endpoint_follows_the_server_s_address() {
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

    #[test]
    fn ice_servers_are_read_as_browsers_write_them() {
        let text = r#"[{"urls": "stun:a:1"}, {"urls": ["turn:b:2"], "username": "u", "credential": "c"}]"#;
        let servers = ice_servers(&Json::parse(text).expect("JSON")).expect("servers");
        assert_eq!(servers[0].urls, ["stun:a:1"]);
        assert_eq!(servers[1].credential.as_deref(), Some("c"));
    }
}
