//! Which ICE servers this browser takes: one URL that it does not take makes its `RTCPeerConnection` throw.

use vitrine_protocol::signaling::IceServer;
use web_sys::{RtcConfiguration, RtcPeerConnection};

use super::{JsError, peer_connection::to_js_servers};

/// Most URLs that are tried one by one.
const MAX_TRIED: usize = 64;

/// The URLs of `servers` that the browser takes, in their order, each with its server's credentials; and those that it
/// does not, with what it says. No other connection is touched.
pub fn usable_ice_servers(servers: &[IceServer]) -> (Vec<IceServer>, Vec<(String, JsError)>) {
    let Ok(probe) = RtcPeerConnection::new() else {
        // It takes no connection at all: that is said where one is needed.
        return (servers.to_vec(), Vec::new());
    };
    let configuration = RtcConfiguration::new();
    let attempt = |servers: &[IceServer]| -> Result<(), JsError> {
        configuration.set_ice_servers(&to_js_servers(servers)?);
        Ok(probe.set_configuration_with_configuration(&configuration)?)
    };
    let (mut usable, mut refused) = (servers.to_vec(), Vec::new());
    if attempt(&usable).is_err() {
        usable.clear();
        let urls = servers.iter().flat_map(|server| server.urls.iter().map(move |url| (server, url)));
        for (server, url) in urls.take(MAX_TRIED) {
            usable.push(IceServer { urls: vec![url.clone()], ..server.clone() });
            if let Err(error) = attempt(&usable) {
                usable.pop();
                refused.push((url.clone(), error));
            }
        }
    }
    probe.close();
    (usable, refused)
}
