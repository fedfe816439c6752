//! How a connection is encrypted, and between which certificates.

use std::sync::Arc;

use crate::{
    reports::all,
    sdp::Sdp,
    stats::TransportStats,
    trace::{ConnectionTrace, Event, EventKind, Side},
};

/// How a connection is encrypted; what is not recorded is missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Security {
    /// The state of DTLS.
    pub dtls_state: Option<String>,
    /// The version of DTLS, such as `1.2`.
    pub dtls_version: Option<String>,
    /// Who opened it: `client` or `server`.
    pub dtls_role: Option<String>,
    /// The cipher of the handshake and of data channels.
    pub dtls_cipher: Option<String>,
    /// The cipher of media.
    pub srtp_cipher: Option<String>,
    /// Algorithm and digest of this side's certificate, as this side told it.
    pub local_fingerprint: Option<(String, String)>,
    /// Algorithm and digest of the other side's certificate, as it came here. DTLS refuses any other one (RFC 8122).
    pub remote_fingerprint: Option<(String, String)>,
}

/// Of the last sample and the last descriptions.
pub fn of(connection: &ConnectionTrace) -> Security {
    let transport = connection.samples.iter().rev().find_map(|sample| all::<TransportStats>(&sample.reports).next());
    let text = |value: Option<&String>| value.filter(|value| !value.is_empty()).cloned();
    Security {
        dtls_state: text(transport.and_then(|transport| transport.dtls_state.as_ref())),
        dtls_version: text(transport.and_then(|transport| transport.tls_version.as_ref())).map(|code| version(&code)),
        dtls_role: text(transport.and_then(|transport| transport.dtls_role.as_ref())),
        dtls_cipher: text(transport.and_then(|transport| transport.dtls_cipher.as_ref())),
        srtp_cipher: text(transport.and_then(|transport| transport.srtp_cipher.as_ref())),
        local_fingerprint: fingerprint(connection, Side::Local),
        remote_fingerprint: fingerprint(connection, Side::Remote),
    }
}

/// `tlsVersion` is the version field of the protocol in hexadecimal (webrtc-stats §8.18; RFC 6347, RFC 9147).
fn version(code: &str) -> String {
    match &*code.to_ascii_uppercase() {
        "FEFF" => "1.0".to_owned(),
        "FEFD" => "1.2".to_owned(),
        "FEFC" => "1.3".to_owned(),
        _ => code.to_owned(),
    }
}

fn fingerprint(connection: &ConnectionTrace, wanted: Side) -> Option<(String, String)> {
    let sdp = |event: &Arc<Event>| match &event.kind {
        EventKind::SetDescription { side, sdp: Some(sdp), .. }
        | EventKind::DescriptionSet { side, sdp: Some(sdp), .. }
            if *side == wanted =>
        {
            Sdp::parse(sdp).ok()?.sections.into_iter().find_map(|section| section.fingerprint)
        }
        _ => None,
    };
    connection.events.iter().rev().find_map(sdp)
}
