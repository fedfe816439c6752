//! Makes the peer connections: all with one certificate and one transport policy, the first from a spare that was made
//! before the server was asked for entry. It does not know for whom they are.

use vitrine_protocol::signaling::IceServer;
use wasm_bindgen::JsValue;

use super::event::{Event, Events};
use crate::browser::{
    JsError, PeerConnection, PeerConnectionEvent, SpareConnection, Task, make_certificate, store, stored,
};

/// Under which the choice of [`Connector::set_relay_only`] is remembered. To forget it would show the address unasked.
const RELAY_ONLY_KEY: &str = "relay-only";

/// Makes peer connections.
pub struct Connector {
    /// What the connections identify themselves with. Without one, each makes its own.
    certificate: Option<JsValue>,
    spare: Option<SpareConnection>,
    relay_only: bool,
    _certificate_task: Task,
}

impl Connector {
    /// Asks the browser for a certificate, which arrives as [`Event::Certificate`].
    pub fn new(events: Events) -> Self {
        let task = Task::spawn(async move { events.send(Event::Certificate(make_certificate().await)) });
        let relay_only = stored(RELAY_ONLY_KEY).as_deref() == Some("true");
        Self { certificate: None, spare: None, relay_only, _certificate_task: task }
    }

    /// The browser answered.
    pub fn set_certificate(&mut self, certificate: Option<JsValue>) {
        self.certificate = certificate;
    }

    /// The certificate, if there is one by now.
    pub fn certificate(&self) -> Option<&JsValue> {
        self.certificate.as_ref()
    }

    /// Whether the connections go through relays only, so that the peers do not learn this side's address.
    pub fn is_relay_only(&self) -> bool {
        self.relay_only
    }

    /// Makes the next connections go through relays only, or not; remembered for the next visit.
    pub fn set_relay_only(&mut self, relay_only: bool) {
        self.relay_only = relay_only;
        store(RELAY_ONLY_KEY, if relay_only { "true" } else { "false" });
    }

    /// Makes the spare connection. A page that can make none would be a tile to the others that shows nothing, ever.
    ///
    /// # Errors
    /// What the browser's constructor throws.
    pub fn prepare(&mut self) -> Result<(), JsError> {
        self.spare = Some(SpareConnection::new(self.relay_only, self.certificate())?);
        Ok(())
    }

    /// Closes the spare connection.
    pub fn release(&mut self) {
        self.spare = None;
    }

    /// Makes a connection that uses these ICE servers, and gives its events to `sink`.
    ///
    /// # Errors
    /// What the browser's constructor throws.
    pub fn connect(
        &mut self,
        ice_servers: &[IceServer],
        sink: impl Fn(PeerConnectionEvent) + Clone + 'static,
    ) -> Result<PeerConnection, JsError> {
        let spare = self.spare.take().and_then(|spare| spare.into_connection(ice_servers, sink.clone()));
        spare.map_or_else(|| PeerConnection::new(ice_servers, self.relay_only, self.certificate(), sink), Ok)
    }
}
