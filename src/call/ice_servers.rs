//! The ICE servers of the call: those that the signaling server names, else those of the page's configuration. Named
//! servers may carry credentials that expire, so the signaling server is asked for new ones in time.

use vitrine_protocol::{
    client_event::ClientEvent,
    signaling::{IceServer, IceServersAck},
};

use super::event::{Event, Events};
use crate::{browser::Task, signaling::Signaling};

/// The shortest time from an answer to the next request, in milliseconds, whatever a server says.
const SHORTEST_WAIT: f64 = 1_000.0;
/// The same after a request without an answer.
const WAIT_AFTER_FAILURE: f64 = 30_000.0;

/// How long a URL is left out whose host no name server knows, in milliseconds.
const LEFT_OUT_FOR: f64 = 60_000.0;
/// Most URLs that are left out at a time.
const MAX_LEFT_OUT: usize = 64;

/// The ICE servers. All times are in milliseconds of the caller's clock.
pub struct IceServerList {
    /// Those of the page's configuration.
    configured: Vec<IceServer>,
    /// Those that the signaling server named.
    named: Option<Vec<IceServer>>,
    expiry: Option<Expiry>,
    request: Option<Task>,
    /// URLs whose host no name server knows, each with the time until when it is left out.
    unresolved: Vec<(String, f64)>,
}

/// When the named servers expire.
#[derive(Clone, Copy)]
struct Expiry {
    at: f64,
    refresh_at: f64,
}

impl IceServerList {
    /// The servers of the page's configuration.
    pub fn new(configured: Vec<IceServer>) -> Self {
        Self { configured, named: None, expiry: None, request: None, unresolved: Vec::new() }
    }

    /// Those of the page's configuration, whatever was named.
    pub fn configured(&self) -> &[IceServer] {
        &self.configured
    }

    /// The servers that a new connection uses.
    pub fn current(&self, now: f64) -> Vec<IceServer> {
        let is_left_out = |url: &String| self.unresolved.iter().any(|(other, until)| other == url && now < *until);
        let mut servers = self.named.as_ref().unwrap_or(&self.configured).clone();
        servers.iter_mut().for_each(|server| server.urls.retain(|url| !is_left_out(url)));
        servers.retain(|server| !server.urls.is_empty());
        servers
    }

    /// Whether a TURN server is among them. Whether it works is not known.
    pub fn has_relay(&self) -> bool {
        let is_relay = |url: &String| {
            let scheme = url.split(':').next().unwrap_or_default();
            scheme.eq_ignore_ascii_case("turn") || scheme.eq_ignore_ascii_case("turns")
        };
        let servers = self.named.as_ref().unwrap_or(&self.configured);
        servers.iter().any(|server| server.credential.is_some() && server.urls.iter().any(is_relay))
    }

    /// The signaling server named these, for `lifetime` seconds; or none. What was asked for before does not count.
    pub fn set_named(&mut self, named: Option<Vec<IceServer>>, lifetime: Option<u64>, now: f64) {
        self.named = named;
        self.expiry = None;
        self.request = None;
        if let Some(seconds) = lifetime {
            self.schedule(now + seconds as f64 * 1000.0, SHORTEST_WAIT, now);
        }
    }

    /// Forgets what was named. The stay in the room is over.
    pub fn reset(&mut self) {
        *self = Self::new(std::mem::take(&mut self.configured));
    }

    /// Whether it is time to ask for new servers.
    pub fn is_refresh_due(&self, now: f64) -> bool {
        self.request.is_none() && self.expiry.is_some_and(|expiry| expiry.refresh_at <= now)
    }

    /// Asks the signaling server to name its ICE servers. The answer is an [`Event::IceServers`]; a plain server sends
    /// none.
    pub fn request(&mut self, signaling: &Signaling, events: Events) {
        let answer = signaling.request(ClientEvent::IceServers);
        self.request = Some(Task::spawn(async move { events.send(Event::IceServers(answer.await)) }));
    }

    /// Takes the answer to the request, if it is still wanted.
    pub fn take_answer<E>(&mut self, answer: Result<IceServersAck, E>) -> Option<IceServersAck> {
        self.request.take().map(|_| answer.unwrap_or_default())
    }

    /// The signaling server did not answer.
    pub fn refresh_failed(&mut self, now: f64) {
        if let Some(expiry) = self.expiry {
            self.schedule(expiry.at, WAIT_AFTER_FAILURE, now);
        }
    }

    /// No name server knows the host of `url`. Every connection would ask again, and gather candidates for as long.
    pub fn leave_out(&mut self, url: String, now: f64) {
        self.unresolved.retain(|(other, _)| *other != url);
        self.unresolved.truncate(MAX_LEFT_OUT - 1);
        self.unresolved.insert(0, (url, now + LEFT_OUT_FOR));
    }

    /// Another network may have other name servers.
    pub fn network_changed(&mut self) {
        self.unresolved.clear();
    }

    /// The next request is after half of the time that is left.
    fn schedule(&mut self, at: f64, shortest: f64, now: f64) {
        self.expiry = Some(Expiry { at, refresh_at: now + ((at - now) / 2.0).max(shortest) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unresolved_host_is_left_out_for_a_minute_or_until_the_network_changes() {
        let server = |urls: &[&str]| IceServer {
            urls: urls.iter().map(|url| (*url).to_owned()).collect(),
            username: None,
            credential: None,
        };
        let all = [server(&["stun:unknown:1", "stun:known:1"]), server(&["stun:unknown:1"])];
        let mut list = IceServerList::new(all.to_vec());
        assert_eq!(list.current(0.0), all);
        list.leave_out("stun:unknown:1".to_owned(), 0.0);
        assert_eq!(list.current(59_000.0), [server(&["stun:known:1"])]);
        assert_eq!(list.current(60_000.0), all);
        list.leave_out("stun:unknown:1".to_owned(), 60_000.0);
        list.network_changed();
        assert_eq!(list.current(61_000.0), all);
    }

    #[test]
    fn only_a_turn_server_with_credentials_is_a_relay() {
        let server = |url: &str, credential: Option<&str>| IceServer {
            urls: vec!["stun:here".to_owned(), url.to_owned()],
            username: credential.map(str::to_owned),
            credential: credential.map(str::to_owned),
        };
        let has_relay = |server| IceServerList::new(vec![server]).has_relay();
        assert!(has_relay(server("turn:here?transport=tcp", Some("secret"))));
        assert!(has_relay(server("TURNS:here", Some("secret"))));
        assert!(!has_relay(server("turn:here", None)));
        assert!(!has_relay(server("stun:turn.here", Some("secret"))));
        let mut list = IceServerList::new(vec![server("turn:here", Some("secret"))]);
        list.set_named(Some(Vec::new()), None, 0.0);
        assert!(!list.has_relay(), "the page's own servers do not count once the server names some");
    }

    #[test]
    fn named_servers_are_asked_for_again_after_half_of_their_lifetime() {
        let mut list = IceServerList::new(Vec::new());
        list.set_named(Some(Vec::new()), Some(600), 0.0);
        assert!(!list.is_refresh_due(299_000.0));
        assert!(list.is_refresh_due(300_000.0));
        list.refresh_failed(300_000.0);
        assert!(!list.is_refresh_due(449_000.0));
        assert!(list.is_refresh_due(450_000.0));
    }

    #[test]
    fn servers_without_a_lifetime_are_not_asked_for_again() {
        let mut list = IceServerList::new(Vec::new());
        list.set_named(None, None, 0.0);
        assert!(!list.is_refresh_due(f64::MAX));
    }
}
