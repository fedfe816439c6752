//! The ICE servers of the call: those that the signaling server names, else those of the page. Named ones may carry
//! credentials that expire; they are asked for anew in time, and every connection, standing or to come, uses the latest.

use vitrine_protocol::{
    json::Json,
    signaling::{IceServer, IceServers, event},
    wire::Read,
};

use super::engine::{Engine, Event};
use crate::{
    browser::{Task, now},
    signaling::RequestError,
};

/// The shortest time from an answer to the next question, in milliseconds, whatever a server says.
const SHORTEST_WAIT: f64 = 1_000.0;
/// The same after a question without an answer.
const WAIT_AFTER_FAILURE: f64 = 30_000.0;

/// How long a URL is left out whose host no name server knows, in milliseconds.
const LEFT_OUT_FOR: f64 = 60_000.0;
/// Most URLs that are left out at a time.
const MAX_LEFT_OUT: usize = 64;

/// What the signaling server has named.
#[derive(Default)]
pub struct IceServerList {
    named: Option<Vec<IceServer>>,
    /// Until when, and when to ask again, in milliseconds of the page's clock; none if they do not expire.
    expiry: Option<(f64, f64)>,
    request: Option<Task>,
    /// URLs whose host no name server knows, each with the time until when it is left out.
    unresolved: Vec<(String, f64)>,
}

impl IceServerList {
    /// No name server knows the host of `url`. Every connection would ask again, and gather candidates for as long.
    pub fn leave_out(&mut self, url: String, now: f64) {
        let until = now + LEFT_OUT_FOR;
        self.unresolved.retain(|(other, _)| *other != url);
        self.unresolved.truncate(MAX_LEFT_OUT - 1);
        self.unresolved.insert(0, (url, until));
    }

    /// Another network may have other name servers.
    pub fn network_changed(&mut self) {
        self.unresolved.clear();
    }

    /// `servers` without the URLs that are left out now.
    fn resolved(&self, servers: &[IceServer], now: f64) -> Vec<IceServer> {
        let is_left_out = |url: &String| self.unresolved.iter().any(|(other, until)| other == url && now < *until);
        let mut servers = servers.to_vec();
        servers.iter_mut().for_each(|server| server.urls.retain(|url| !is_left_out(url)));
        servers.retain(|server| !server.urls.is_empty());
        servers
    }

    /// Asks again after half of the time that is left.
    fn schedule(&mut self, until: f64, shortest: f64) {
        let now = now();
        self.expiry = Some((until, now + ((until - now) / 2.0).max(shortest)));
    }
}

impl Engine {
    /// The servers that a new connection is to use.
    pub(super) fn current_ice_servers(&self) -> Vec<IceServer> {
        self.ice_servers.resolved(self.ice_servers.named.as_ref().unwrap_or(&self.config.ice_servers), now())
    }

    /// The server named these, for so many seconds.
    pub(super) fn name_ice_servers(&mut self, named: Option<Vec<IceServer>>, lifetime: Option<u64>) {
        let list = &mut self.ice_servers;
        list.request = None;
        list.expiry = None;
        if let Some(seconds) = lifetime {
            list.schedule(now() + seconds as f64 * 1000.0, SHORTEST_WAIT);
        }
        list.named = named;
        let servers = self.current_ice_servers();
        self.peers.iter().for_each(|peer| peer.use_ice_servers(&servers));
    }

    /// Asks for them anew if it is time to; called at every tick.
    pub(super) fn refresh_ice_servers(&mut self) {
        let due = self.ice_servers.expiry.is_some_and(|(_, ask_at)| ask_at <= now());
        if due && self.ice_servers.request.is_none() && self.split().0.online {
            self.ask_for_ice_servers();
        }
    }

    /// Asks the server to name its ICE servers; a plain one never answers.
    pub(super) fn ask_for_ice_servers(&mut self) {
        let answer = self.signaling.request(event::ICE_SERVERS, None);
        let events = self.events.clone();
        self.ice_servers.request = Some(Task::spawn(async move {
            let _ = events.unbounded_send(Event::IceServers(answer.await));
        }));
    }

    /// The server answered, or did not.
    pub(super) fn ice_servers_answered(&mut self, result: Result<Json, RequestError>) {
        // What was asked for before one came into a room, or came into it again, counts no more.
        if self.ice_servers.request.take().is_none() {
            return;
        }
        let answer = result.ok().and_then(|answer| IceServers::read(&answer).ok());
        let (named, lifetime) = answer.map_or((None, None), |answer| (answer.ice_servers, answer.ice_servers_lifetime));
        if self.plans_check() {
            self.plan_check(named);
        } else if named.is_some() {
            self.name_ice_servers(named, lifetime);
        } else if let Some((until, _)) = self.ice_servers.expiry {
            self.ice_servers.schedule(until, WAIT_AFTER_FAILURE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_no_name_server_knows_is_left_out_for_a_minute_or_until_the_network_changes() {
        let server = |urls: &[&str]| IceServer {
            urls: urls.iter().map(|url| (*url).to_owned()).collect(),
            username: None,
            credential: None,
        };
        let all = [server(&["stun:unknown:1", "stun:known:1"]), server(&["stun:unknown:1"])];
        let mut list = IceServerList::default();
        assert_eq!(list.resolved(&all, 0.0), all);
        list.leave_out("stun:unknown:1".to_owned(), 0.0);
        assert_eq!(list.resolved(&all, 59_000.0), [server(&["stun:known:1"])]);
        assert_eq!(list.resolved(&all, 60_000.0), all);
        list.leave_out("stun:unknown:1".to_owned(), 60_000.0);
        list.network_changed();
        assert_eq!(list.resolved(&all, 61_000.0), all);
    }
}
