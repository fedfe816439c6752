//! Which ICE servers this browser takes. One URL that it does not take makes its `RTCPeerConnection` throw.

use vitrine_protocol::signaling::IceServer;
use web_sys::{RtcConfiguration, RtcPeerConnection};

use super::{JsError, page::warn, peer_connection::to_js_servers};

/// Most URLs that are tried one by one.
const MAX_TRIED: usize = 64;

/// What `attempt` makes of `servers`; if it throws, of those of them that the browser takes. The console is warned of
/// the others.
pub(super) fn with_usable<T>(
    servers: &[IceServer],
    mut attempt: impl FnMut(&[IceServer]) -> Result<T, JsError>,
) -> Result<T, JsError> {
    attempt(servers).or_else(|error| {
        let (usable, refused) = usable_ice_servers(servers);
        if refused.is_empty() {
            return Err(error);
        }
        for (url, error) in refused {
            warn(&format!("the browser does not take the ICE server {url}, so calls go on without it: {error}"));
        }
        attempt(&usable)
    })
}

/// Whether the browser takes all URLs of `server`.
pub fn takes_ice_server(server: &IceServer) -> bool {
    usable_ice_servers(std::slice::from_ref(server)).1.is_empty()
}

/// The URLs of `servers` that the browser takes, in their order, each with its server's credentials; and those that it
/// does not, with what it says.
fn usable_ice_servers(servers: &[IceServer]) -> (Vec<IceServer>, Vec<(String, JsError)>) {
    let (mut usable, mut refused) = (Vec::new(), Vec::new());
    let Ok(probe) = RtcPeerConnection::new() else {
        // It makes no connection at all: the servers are not to blame.
        return (servers.to_vec(), refused);
    };
    let configuration = RtcConfiguration::new();
    let attempt = |servers: &[IceServer]| -> Result<(), JsError> {
        configuration.set_ice_servers(&to_js_servers(servers)?);
        Ok(probe.set_configuration_with_configuration(&configuration)?)
    };
    let urls = servers.iter().flat_map(|server| server.urls.iter().map(move |url| (server, url)));
    for (server, url) in urls.take(MAX_TRIED) {
        usable.push(IceServer { urls: vec![url.clone()], ..server.clone() });
        if let Err(error) = attempt(&usable) {
            usable.pop();
            refused.push((url.clone(), error));
        }
    }
    probe.close();
    (usable, refused)
}
