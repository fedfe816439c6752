//! The ICE servers of the call, and the check of them before it: asked of the signaling server, handed to whoever waits for
//! them. It connects nobody.

use vitrine_insight::connection_check::ServerCheck;
use vitrine_protocol::signaling::{IceServer, IceServersAck};
use wasm_bindgen::JsValue;

use super::{connection_check::ConnectionCheck, event::Events, ice_servers::IceServerList};
use crate::{
    browser::{PeerConnectionEvent, now},
    signaling::{RequestError, Signaling},
};

/// The list of servers, and the check of them while there is one.
pub struct IceService {
    list: IceServerList,
    check: Option<ConnectionCheck>,
}

/// Servers that the signaling server names, and for how many seconds their credentials are good.
pub type NamedServers = (Option<Vec<IceServer>>, Option<u64>);

impl IceService {
    /// Of the servers that the page is configured with.
    pub fn new(configured: Vec<IceServer>) -> Self {
        Self { list: IceServerList::new(configured), check: None }
    }

    /// The list.
    pub fn list(&self) -> &IceServerList {
        &self.list
    }

    /// The list, to be changed.
    pub fn list_mut(&mut self) -> &mut IceServerList {
        &mut self.list
    }

    /// Begins a check.
    pub fn start_check(&mut self, signaling: &Signaling, events: &Events) {
        self.check = Some(ConnectionCheck::default());
        self.list.request(signaling, events.clone());
    }

    /// Ends the check, if there is one.
    pub fn end_check(&mut self) {
        self.check = None;
    }

    /// Whether a check is under way, or shows what it found.
    pub fn is_checking(&self) -> bool {
        self.check.is_some()
    }

    /// What the check has found so far.
    pub fn view(&self) -> Option<Vec<ServerCheck>> {
        self.check.as_ref().and_then(ConnectionCheck::view)
    }

    /// Something happened on the check's connection with this key.
    pub fn check_event(&mut self, key: u64, event: PeerConnectionEvent) {
        if let Some(check) = &mut self.check {
            check.handle(key, event);
        }
    }

    /// 250 ms have passed.
    pub fn tick(&mut self, is_listed: bool, signaling: &Signaling, certificate: Option<&JsValue>, events: &Events) {
        if is_listed && self.list.is_refresh_due(now()) {
            self.list.request(signaling, events.clone());
        }
        if self.check.as_mut().is_some_and(ConnectionCheck::tick) {
            self.begin_check(None, certificate, events);
        }
    }

    /// Takes the answer of the signaling server. Returns the servers that the call is to use, if they are for the call.
    pub fn answered(
        &mut self,
        answer: Result<IceServersAck, RequestError>,
        certificate: Option<&JsValue>,
        events: &Events,
    ) -> Option<NamedServers> {
        let ack = self.list.take_answer(answer)?;
        if self.check.as_ref().is_some_and(ConnectionCheck::awaits_servers) {
            self.begin_check(ack.ice_servers, certificate, events);
        } else if ack.ice_servers.is_some() {
            return Some((ack.ice_servers, ack.ice_servers_lifetime));
        } else {
            self.list.refresh_failed(now());
        }
        None
    }

    fn begin_check(&mut self, named: Option<Vec<IceServer>>, certificate: Option<&JsValue>, events: &Events) {
        if let Some(check) = &mut self.check {
            check.begin(named.as_deref().unwrap_or_else(|| self.list.configured()), certificate, events);
        }
    }
}
