//! The participants as the chat knows them: one for each session, over all its connections, and for each connection how far
//! the chat over it has come. A participant who left is remembered for a while, because many come back.

use std::collections::{BTreeMap, VecDeque};

use vitrine_protocol::{
    chat::MAX_SESSION_BYTES,
    control::ControlMessage,
    rate_limiter::{RateLimit, RateLimiter},
    signaling::UserId,
};

use super::state::{ChatName, ChatPerson, Reach};

/// Most participants that are remembered, those who left included.
const MAX_PEOPLE: usize = 200;
/// How long a connection may stand without a control channel before its participant counts as one without chat, in
/// milliseconds.
const NO_CHAT_AFTER: f64 = 5_000.0;
/// What is read of a participant's messages. Senders keep to half of it. A message costs one token, and one more for each
/// [`BYTES_PER_TOKEN`].
const RECEIVED: RateLimit = RateLimit { burst: 60.0, per_second: 8.0 };
/// What is sent to a participant.
const SENT: RateLimit = RateLimit { burst: 30.0, per_second: 4.0 };
/// See [`RECEIVED`].
const BYTES_PER_TOKEN: usize = 2_000;
/// Requests for a history that are answered.
const REQUESTS: RateLimit = RateLimit { burst: 3.0, per_second: 0.05 };

/// What the chat has to know of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatPeer {
    /// Names the connection. Newer connections have larger keys.
    pub key: u64,
    /// The server's id of the participant.
    pub id: UserId,
    /// The session id that the participant told.
    pub session: Option<String>,
    /// The participant's name.
    pub name: Option<String>,
    /// Something is heard over the connection.
    pub is_heard: bool,
    /// The connection is established.
    pub is_connected: bool,
    /// The control channel is open, or was when the path was lost.
    pub has_channel: bool,
}

impl ChatPeer {
    /// What the participant is called.
    fn name(&self) -> ChatName {
        ChatName { name: self.name.clone(), id: self.id.clone() }
    }
}

/// How far the chat over one connection has come.
#[derive(Debug)]
pub struct Link {
    /// Since when the connection has stood, if it stands.
    pub connected_since: Option<f64>,
    /// The control channel is open.
    pub has_channel: bool,
    /// This side has told what it has received: the participant may send.
    pub is_greeted: bool,
    /// What the participant said it has received; none before the first time: nothing is sent until then.
    pub received: Option<u32>,
    /// The last message sent.
    pub sent: u32,
    /// When what was not acknowledged is sent again.
    pub retry_at: f64,
    /// How long to wait for the next acknowledgement, in milliseconds.
    pub retry_after: f64,
    /// Pieces of a history that wait to be sent.
    pub pieces: VecDeque<ControlMessage>,
    limiter: RateLimiter,
}

impl Link {
    /// Whether a message of this length may be sent at `now`.
    pub fn may_send(&mut self, bytes: usize, now: f64) -> bool {
        self.limiter.try_take(now, cost(bytes))
    }
}

/// A participant.
#[derive(Debug)]
pub struct Person {
    /// The session id, once it was told.
    pub session: Option<String>,
    /// What the participant is called.
    pub name: ChatName,
    /// The connection that counts; none if the participant is not here.
    pub key: Option<u64>,
    /// The last message received from the participant.
    pub last: u32,
    received: RateLimiter,
    requests: RateLimiter,
}

impl Person {
    /// Whether a message of this length is read at `now`.
    pub fn may_write(&mut self, bytes: usize, now: f64) -> bool {
        self.received.try_take(now, cost(bytes))
    }

    /// Whether a request for a history is answered at `now`.
    pub fn may_request(&mut self, now: f64) -> bool {
        self.requests.try_take(now, 1.0)
    }
}

fn cost(bytes: usize) -> f64 {
    (1 + bytes / BYTES_PER_TOKEN) as f64
}

/// All participants. One who has not told a session id goes by the key of the connection; the number stays the same.
#[derive(Debug, Default)]
pub struct People {
    people: BTreeMap<u64, Person>,
    links: BTreeMap<u64, Link>,
}

impl People {
    /// Takes what is known of the connections. Returns the participants who turned out to be others: from which number, to
    /// which. `me` is the session of the user.
    pub fn update(&mut self, peers: &[ChatPeer], me: &str, now: f64) -> Vec<(u64, u64)> {
        self.links.retain(|key, _| peers.iter().any(|peer| peer.key == *key));
        self.people.values_mut().for_each(|person| person.key = None);
        let mut merged = Vec::new();
        for peer in peers {
            let link = self.links.entry(peer.key).or_insert_with(|| Link {
                connected_since: None,
                has_channel: false,
                is_greeted: false,
                received: None,
                sent: 0,
                retry_at: 0.0,
                retry_after: 0.0,
                pieces: VecDeque::new(),
                limiter: RateLimiter::full(SENT, now),
            });
            link.has_channel = peer.has_channel;
            link.connected_since = peer.is_connected.then(|| link.connected_since.unwrap_or(now));
            let session = session_of(peer, me);
            if session.is_some() && !is_holder(peer, peers) {
                // Two connections in one name: the other one counts.
                continue;
            }
            let known = session.and_then(|session| self.by_session(session));
            let number = known.unwrap_or(peer.key);
            if known.is_some_and(|known| known != peer.key) && self.people.remove(&peer.key).is_some() {
                merged.push((peer.key, number));
            }
            let person = self.people.entry(number).or_insert_with(|| Person {
                session: None,
                name: peer.name(),
                key: None,
                last: 0,
                received: RateLimiter::full(RECEIVED, now),
                requests: RateLimiter::full(REQUESTS, now),
            });
            person.key = Some(peer.key);
            if peer.name.is_some() || person.session.is_none() {
                person.name = peer.name();
            }
            person.session = session.map(str::to_owned).or(person.session.take());
        }
        while self.people.len() > MAX_PEOPLE {
            let Some(oldest) = self.people.iter().find(|(_, person)| person.key.is_none()) else { break };
            let oldest = *oldest.0;
            self.people.remove(&oldest);
        }
        merged
    }

    fn by_session(&self, session: &str) -> Option<u64> {
        self.people.iter().find(|(_, person)| person.session.as_deref() == Some(session)).map(|(number, _)| *number)
    }

    /// The participant with this session id.
    pub fn of_session(&self, session: &str) -> Option<&Person> {
        self.people.get(&self.by_session(session)?)
    }

    /// The participant with this number.
    pub fn get(&self, number: u64) -> Option<&Person> {
        self.people.get(&number)
    }

    /// The participant whose connection with this key counts, if a session id was told.
    pub fn by_key(&mut self, key: u64) -> Option<(u64, &mut Person)> {
        let mut people = self.people.iter_mut();
        let (number, person) = people.find(|(_, person)| person.key == Some(key) && person.session.is_some())?;
        Some((*number, person))
    }

    /// How far the chat over the connection with this key has come.
    pub fn link_mut(&mut self, key: u64) -> Option<&mut Link> {
        self.links.get_mut(&key)
    }

    /// The participants who are here, each with its number.
    pub fn here(&self) -> impl Iterator<Item = (u64, &Person)> {
        self.people.iter().filter(|(_, person)| person.key.is_some()).map(|(number, person)| (*number, person))
    }

    /// The participants who can chat now: number, connection, last message received.
    pub fn reachable(&self) -> Vec<(u64, u64, u32)> {
        let open = |(number, person): (u64, &Person)| {
            let key = person.key.filter(|key| self.links.get(key).is_some_and(|link| link.has_channel))?;
            person.session.as_ref().map(|_| (number, key, person.last))
        };
        self.here().filter_map(open).collect()
    }

    /// Whether messages reach a participant who is here.
    pub fn reach(&self, person: &Person, now: f64) -> Reach {
        let link = person.key.and_then(|key| self.links.get(&key));
        let since = link.filter(|link| !link.has_channel).and_then(|link| link.connected_since);
        if since.is_some_and(|since| now - since >= NO_CHAT_AFTER) { Reach::NoChat } else { Reach::Open }
    }

    /// The participants who are here, as they are shown.
    pub fn shown(&self, now: f64) -> Vec<ChatPerson> {
        let shown = |(number, person): (u64, &Person)| ChatPerson {
            number,
            name: person.name.clone(),
            reach: self.reach(person, now),
        };
        self.here().map(shown).collect()
    }
}

/// The session id that a peer told, if it may be the participant's.
fn session_of<'a>(peer: &'a ChatPeer, me: &str) -> Option<&'a str> {
    peer.session
        .as_deref()
        .filter(|session| !session.is_empty() && session.len() <= MAX_SESSION_BYTES && *session != me)
}

/// Whether this connection counts among those of its session. The oldest that is heard does: session ids are not secret, and
/// nobody takes the place of a participant who is there. If none is heard, the newest does.
fn is_holder(peer: &ChatPeer, peers: &[ChatPeer]) -> bool {
    let same = || peers.iter().filter(|other| other.session == peer.session);
    let oldest_heard = same().filter(|other| other.is_heard).map(|other| other.key).min();
    oldest_heard.or_else(|| same().map(|other| other.key).max()) == Some(peer.key)
}
