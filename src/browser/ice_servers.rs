//! Sorts out the ICE servers that this browser rejects: a single rejected URL makes `RTCPeerConnection` throw. Whether
//! the servers answer is not tested here.

use vitrine_protocol::signaling::IceServer;
use web_sys::{RtcConfiguration, RtcPeerConnection};

use super::{JsError, json, page::warn};

/// Most URLs that are tried one by one; the rest is left out.
const MAX_TRIED: usize = 64;

/// Runs `attempt` with `servers`. If it throws, runs it again with those that the browser accepts, and warns of the
/// others in the console.
///
/// # Errors
/// The error of `attempt` that has nothing to do with the servers.
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
            warn(&format!("the browser rejects the ICE server {url}, so calls do not use it: {error}"));
        }
        attempt(&usable)
    })
}

/// Whether the browser accepts every URL of `server`.
pub fn accepts_ice_server(server: &IceServer) -> bool {
    usable_ice_servers(std::slice::from_ref(server)).1.is_empty()
}

/// The URLs of `servers` that the browser accepts, in their order, each with its server's credentials; and those that
/// it rejects, with its exception.
fn usable_ice_servers(servers: &[IceServer]) -> (Vec<IceServer>, Vec<(String, JsError)>) {
    let (mut usable, mut refused) = (Vec::new(), Vec::new());
    let Ok(probe) = RtcPeerConnection::new() else {
        // The browser creates no connection at all, so nothing is known about the servers.
        return (servers.to_vec(), refused);
    };
    let configuration = RtcConfiguration::new();
    let attempt = |servers: &[IceServer]| -> Result<(), JsError> {
        configuration.set_ice_servers(&json::to_js(servers)?);
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
