//! `vitrine-server` at its place: HTTPS, signaling and TURN over TLS on port 443, STUN and TURN on port 3478.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
};

use super::{Certificate, ServerPlace};
use crate::{Result, needs, process::Process};

/// RFC 8489, section 18.6.
const STUN_PORT: u16 = 3478;

/// A running server; killed without a warning when dropped.
pub struct Service {
    place: ServerPlace,
    _process: Process,
}

/// What the server gives the browsers to find paths with.
#[derive(Clone, Copy, Debug)]
pub enum Help<'a> {
    /// It answers STUN and relays.
    Relay,
    /// As [`Help::Relay`], and names its relay once more, with credentials that the relay refuses.
    RelayAndWrongCredentials,
    /// It does neither; STUN is answered at another place.
    StunAt(&'a ServerPlace),
    /// It does neither; it names a relay at another place, with credentials that no relay accepts.
    UnusableRelayAt(&'a ServerPlace),
}

impl Service {
    /// Starts one that serves the pages of `directory`.
    ///
    /// # Errors
    /// When the server is not built or does not start.
    pub async fn start(
        place: &ServerPlace,
        directory: &Path,
        certificate: &Certificate,
        help: Help<'_>,
    ) -> Result<Self> {
        let mut command = place.namespace.command(needs::server()?);
        command.arg("--listen").arg(SocketAddr::new(place.listens_on(), 443).to_string());
        command.arg("--dist").arg(directory);
        command.arg("--tls-cert").arg(certificate.path()).arg("--tls-key").arg(certificate.key_path());
        // Nothing more is said than an operator has to say.
        if place.public != place.own {
            command.arg("--external-ip").arg(place.public.to_string());
        }
        let at = |place: &ServerPlace| SocketAddr::from((place.public, STUN_PORT));
        match help {
            Help::Relay => {}
            Help::RelayAndWrongCredentials => {
                command.args(["--ice-server", &format!("turn:{},nobody,wrong", at(place))]);
            }
            Help::StunAt(other) => {
                command.args(["--turn-listen", "none", "--ice-server", &format!("stun:{}", at(other))]);
            }
            Help::UnusableRelayAt(other) => {
                command.args(["--turn-listen", "none", "--ice-server", &format!("turn:{},nobody,wrong", at(other))]);
            }
        }
        let ready = |line: &str| line.starts_with("listening on ").then_some(());
        let (process, ()) = Process::start(command, ready).await?;
        Ok(Self { place: place.clone(), _process: process })
    }

    /// Its address for a host with this address, with a `/` at the end.
    pub fn url(&self, host: IpAddr) -> String {
        match self.place.ipv6.filter(|_| host.is_ipv6()) {
            Some(address) => format!("https://[{address}]/"),
            None => format!("https://{}/", self.place.public),
        }
    }

    /// Where it is.
    pub fn place(&self) -> &ServerPlace {
        &self.place
    }
}
