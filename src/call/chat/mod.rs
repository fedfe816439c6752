//! The chat as a state machine without a browser: who gets which message, what has arrived, and what was written before the
//! user came. It takes an [`Input`], and sends over a [`Network`]. It does not decide how messages look.
//!
//! A participant numbers its messages and gives each other participant those that it may read, in order, until they are
//! acknowledged. Numbers and acknowledgements belong to a session, not to a connection, so a message that was lost with a
//! connection comes again over the next one. No participant's clock is believed: a message tells its age.
//!
//! One participant tells a newcomer what was written to everybody before. What authors who are still there send themselves
//! takes the place of what was told of them.

mod log;
mod people;
mod search;
mod state;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use vitrine_protocol::{
    chat::{MAX_PIECE_BYTES, MAX_SESSION_BYTES, message_text},
    control::{ChatRecord, ControlMessage},
    name::display_name,
    signaling::UserId,
};

use self::{
    log::{Author, Entry, Log, Recipient, To},
    people::People,
    search::Search,
};

pub use self::{
    people::ChatPeer,
    state::{Audience, ChatMessage, ChatName, ChatPerson, ChatState, Missing, Reach},
};

/// How long a message may take before it is said that it has not arrived, in milliseconds.
const WAIT: f64 = 1_500.0;
/// How long an acknowledgement may take at first, in milliseconds. The wait doubles each time.
const RETRY_AFTER: f64 = 5_000.0;
/// The longest wait for an acknowledgement, in milliseconds.
const MAX_RETRY_AFTER: f64 = 60_000.0;
/// Most messages to a participant that are not acknowledged.
const WINDOW: usize = 16;
/// Most messages in a piece of a history.
const PIECE: usize = 40;
/// The largest age that is believed, in milliseconds: a day.
const MAX_AGE: u32 = 24 * 3_600_000;
/// How much of what came before a loss is asked for again, in milliseconds.
const OVERLAP: f64 = 60_000.0;

/// The connections, as the chat uses them.
pub trait Network {
    /// All connections, the oldest first.
    fn chat_peers(&self) -> Vec<ChatPeer>;
    /// Sends over the connection with this key; false if that cannot be done now.
    fn send_to(&self, key: u64, message: &ControlMessage) -> bool;
}

/// What happened.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the text of a variant tells what its fields are")]
pub enum Input {
    /// The server answered a request for entry. This is the session of the stay, if this side is in the room.
    EntryAnswered { session: Option<String> },
    /// The user wrote this to everybody, or to the participant with this number.
    Write { to: Option<u64>, text: String, name: String },
    /// This came over the connection with this key.
    Received { key: u64, message: ControlMessage },
    /// Time has passed, or a connection has changed.
    Tick,
}

/// The chat of a stay in a room.
#[derive(Debug, Default)]
pub struct Chat {
    me: String,
    entered: f64,
    /// The time of the last input.
    now: f64,
    /// When somebody was last heard.
    heard: Option<f64>,
    people: People,
    log: Log,
    /// The number of the user's last message.
    number: u32,
    search: Option<Search>,
    /// What was written before is known, as far as it can be.
    is_complete: bool,
    receipts: Arc<BTreeMap<u64, Vec<Missing>>>,
    shown_people: Arc<Vec<ChatPerson>>,
}

impl Chat {
    /// Takes an input at `now`, in milliseconds since 1970.
    pub fn handle(&mut self, input: Input, now: f64, network: &impl Network) {
        self.now = now;
        let peers = network.chat_peers();
        if let Input::EntryAnswered { session: Some(session) } = &input {
            self.me.clone_from(session);
        }
        for (from, to) in self.people.update(&peers, &self.me, now) {
            self.renumber(from, to);
        }
        match input {
            Input::EntryAnswered { session: Some(_) } => self.entered(&peers),
            Input::Write { to, text, name } => self.write(to, &text, name),
            Input::Received { key, message } => self.receive(key, message, network),
            Input::Tick | Input::EntryAnswered { session: None } => {}
        }
        self.greet(network);
        self.search(network);
        self.deliver(network);
        if peers.iter().any(|peer| peer.is_heard && peer.has_channel) {
            self.heard = Some(now);
        }
        self.update_view();
    }

    /// What the interface shows.
    pub fn view(&mut self) -> ChatState {
        ChatState {
            messages: self.log.shown(self.entered),
            receipts: Arc::clone(&self.receipts),
            people: Arc::clone(&self.shown_people),
            is_shortened: self.log.is_shortened(),
        }
    }

    /// A participant has turned out to be another one.
    fn renumber(&mut self, from: u64, to: u64) {
        for entry in self.log.mine_mut() {
            if let To::Person(person, _) = &mut entry.to
                && *person == from
            {
                *person = to;
            }
            if entry.recipients.iter().any(|one| one.person == to) {
                entry.recipients.retain(|one| one.person != from);
            }
            entry.recipients.iter_mut().filter(|one| one.person == from).for_each(|one| one.person = to);
        }
    }

    /// Those who are there know what was written before. After a loss of all others, they know what was missed.
    fn entered(&mut self, peers: &[ChatPeer]) {
        let is_first = self.entered == 0.0;
        if is_first {
            self.entered = self.now;
        }
        if peers.is_empty() {
            self.is_complete |= self.search.is_none();
        } else if is_first || !peers.iter().any(|peer| peer.is_heard && peer.has_channel) {
            let since = self.heard.filter(|_| self.is_complete).map(|heard| heard - OVERLAP);
            self.search = Some(Search::new(since, self.now));
        }
    }

    fn write(&mut self, to: Option<u64>, text: &str, name: String) {
        let Some(text) = message_text(text) else { return };
        let name_of = |number| self.people.get(number).map(|person| person.name.clone());
        let recipient = |person: u64, name| Recipient { person, name, has_arrived: false };
        let (to, recipients) = match to {
            None => {
                let here = self.people.here().map(|(number, person)| recipient(number, person.name.clone()));
                (To::Everybody, here.collect())
            }
            Some(person) => {
                let Some(name) = name_of(person) else { return };
                (To::Person(person, name.clone()), vec![recipient(person, name)])
            }
        };
        self.number += 1;
        let name = ChatName { name: display_name(&name), id: UserId(self.me.clone()) };
        let entry = Entry {
            key: 0,
            author: Author::Me,
            number: self.number,
            name,
            to,
            time: self.now,
            text,
            via: None,
            recipients,
        };
        self.log.insert(entry, self.now);
    }

    fn receive(&mut self, key: u64, message: ControlMessage, network: &impl Network) {
        let now = self.now;
        match message {
            ControlMessage::Chat { number, previous, age, text, private } => {
                let Some((_, person)) = self.people.by_key(key) else { return };
                if !person.may_write(text.len(), now) {
                    return;
                }
                if number > person.last && previous <= person.last {
                    person.last = number;
                    let name = person.name.clone();
                    let Some(author) = person.session.clone() else { return };
                    let to = if private { To::Me } else { To::Everybody };
                    self.take(author, name, number, previous, age, to, &text);
                }
                let Some((_, person)) = self.people.by_key(key) else { return };
                let _ = network.send_to(key, &ControlMessage::ChatReceived { number: person.last });
            }
            ControlMessage::ChatReceived { number } => self.acknowledged(key, number),
            ControlMessage::ChatHistoryRequest { since } => {
                let allowed = self.people.by_key(key).is_some_and(|(_, person)| person.may_request(now));
                let pieces = if allowed { self.pieces(since) } else { return };
                if let Some(link) = self.people.link_mut(key) {
                    link.pieces = pieces.into();
                }
            }
            ControlMessage::ChatHistory { messages, more } => {
                let via = self.people.by_key(key).map(|(_, person)| person.name.clone());
                let (Some(search), Some(via)) = (&mut self.search, via) else { return };
                let (records, is_last) = search.take(key, messages, more, now);
                for record in records {
                    self.take_told(record, &via);
                }
                if is_last {
                    self.search = None;
                    self.is_complete = true;
                }
            }
            _ => {}
        }
    }

    #[expect(clippy::too_many_arguments, reason = "they are the fields of the message")]
    fn take(&mut self, author: String, name: ChatName, number: u32, previous: u32, age: u32, to: To, text: &str) {
        // What somebody else told of this author, and the author does not: it never was.
        let author = Author::Session(author);
        if previous > 0 {
            self.log.remove(|entry| {
                entry.via.is_some() && entry.author == author && entry.number > previous && entry.number < number
            });
        }
        let Some(text) = message_text(text) else { return };
        let time = self.now - f64::from(age.min(MAX_AGE));
        let entry = Entry { key: 0, author, number, name, to, time, text, via: None, recipients: Vec::new() };
        self.log.insert(entry, self.now);
    }

    /// Takes what `via` says that somebody has written to everybody.
    fn take_told(&mut self, record: ChatRecord, via: &ChatName) {
        let ChatRecord { author, name, number, age, text } = record;
        let is_known = self.people.of_session(&author).is_some_and(|person| number <= person.last);
        if author == self.me || author.is_empty() || author.len() > MAX_SESSION_BYTES || is_known {
            return;
        }
        let Some(text) = message_text(&text) else { return };
        let entry = Entry {
            key: 0,
            name: ChatName { name: display_name(&name), id: UserId(author.clone()) },
            author: Author::Session(author),
            number,
            to: To::Everybody,
            time: self.now - f64::from(age.min(MAX_AGE)),
            text,
            via: Some(via.clone()),
            recipients: Vec::new(),
        };
        self.log.insert(entry, self.now);
    }

    /// The participant has all messages up to this one. Said for the first time on a connection, it asks for the others.
    fn acknowledged(&mut self, key: u64, number: u32) {
        let number = number.min(self.number);
        let Some(link) = self.people.link_mut(key) else { return };
        let is_progress = link.received.is_none_or(|received| number > received);
        if is_progress {
            link.sent = if link.received.is_none() { number } else { link.sent.max(number) };
            link.received = Some(number);
            (link.retry_at, link.retry_after) = (self.now + RETRY_AFTER, RETRY_AFTER);
        }
        let Some((number_of_person, person)) = self.people.by_key(key) else { return };
        for entry in self.log.mine_mut().filter(|entry| entry.number <= number && entry.is_for(number_of_person)) {
            if entry.recipients.is_empty() {
                // Nobody was there, and the first who came has it.
                let name = person.name.clone();
                entry.recipients.push(Recipient { person: number_of_person, name, has_arrived: true });
            }
            let of_person = entry.recipients.iter_mut().filter(|one| one.person == number_of_person);
            of_person.for_each(|one| one.has_arrived = true);
        }
    }

    /// Tells each participant once on each connection what has come of it, and so asks for the rest.
    fn greet(&mut self, network: &impl Network) {
        for (_, key, last) in self.people.reachable() {
            if let Some(link) = self.people.link_mut(key).filter(|link| !link.is_greeted) {
                link.is_greeted = network.send_to(key, &ControlMessage::ChatReceived { number: last });
            }
        }
    }

    fn search(&mut self, network: &impl Network) {
        let Some(search) = &mut self.search else { return };
        let keys: Vec<u64> = self.people.reachable().into_iter().map(|(_, key, _)| key).collect();
        search.tick(&keys, self.now, |key, message| network.send_to(key, message));
        if search.is_over(self.now) {
            self.search = None;
            self.is_complete = true;
        }
    }

    /// What was written to everybody, in pieces; or that this side does not know it yet.
    fn pieces(&self, since: Option<u32>) -> Vec<ControlMessage> {
        if !self.is_complete {
            return vec![ControlMessage::ChatHistory { messages: None, more: false }];
        }
        let since = since.map_or(f64::MIN, |since| self.now - f64::from(since));
        let (mut pieces, mut bytes) = (vec![Vec::new()], 0);
        for entry in self.log.iter().filter(|entry| entry.to == To::Everybody && entry.time >= since) {
            let author = match &entry.author {
                Author::Me => self.me.clone(),
                Author::Session(session) => session.clone(),
            };
            let record = ChatRecord {
                author,
                name: entry.name.name.clone().unwrap_or_default(),
                number: entry.number,
                age: (self.now - entry.time).clamp(0.0, f64::from(MAX_AGE)) as u32,
                text: entry.text.clone(),
            };
            bytes += record.text.len();
            match pieces.last_mut() {
                Some(piece) if bytes <= MAX_PIECE_BYTES && piece.len() < PIECE || piece.is_empty() => {
                    piece.push(record)
                }
                _ => {
                    bytes = record.text.len();
                    pieces.push(vec![record]);
                }
            }
        }
        let last = pieces.len() - 1;
        let piece = |(index, messages)| ControlMessage::ChatHistory { messages: Some(messages), more: index < last };
        pieces.into_iter().enumerate().map(piece).collect()
    }

    /// Sends what each participant has not got yet, as far as it can be sent now.
    fn deliver(&mut self, network: &impl Network) {
        let now = self.now;
        for (person, key, _) in self.people.reachable() {
            let Some(link) = self.people.link_mut(key) else { continue };
            while link.pieces.front().is_some_and(|piece| network.send_to(key, piece)) {
                link.pieces.pop_front();
            }
            let Some(received) = link.received else { continue };
            let mine = || self.log.mine().filter(|entry| entry.is_for(person));
            if link.sent > received && now >= link.retry_at {
                link.sent = received;
                link.retry_after = (2.0 * link.retry_after).min(MAX_RETRY_AFTER);
                link.retry_at = now + link.retry_after;
            }
            let mut under_way = mine().filter(|entry| entry.number > received && entry.number <= link.sent).count();
            while under_way < WINDOW {
                let Some(entry) = mine().find(|entry| entry.number > link.sent) else { break };
                if !link.may_send(entry.text.len(), now) {
                    break;
                }
                let message = ControlMessage::Chat {
                    number: entry.number,
                    previous: mine().rev().find(|other| other.number < entry.number).map_or(0, |other| other.number),
                    age: (now - entry.time).clamp(0.0, f64::from(MAX_AGE)) as u32,
                    text: entry.text.clone(),
                    private: entry.to != To::Everybody,
                };
                if !network.send_to(key, &message) {
                    break;
                }
                if under_way == 0 {
                    link.retry_at = now + link.retry_after;
                }
                link.sent = entry.number;
                under_way += 1;
            }
        }
    }

    fn update_view(&mut self) {
        let receipts = self.log.mine().filter_map(|entry| Some((entry.key, self.missing(entry)?))).collect();
        if *self.receipts != receipts {
            self.receipts = Arc::new(receipts);
        }
        let people = self.people.shown(self.now);
        if *self.shown_people != people {
            self.shown_people = Arc::new(people);
        }
    }

    /// Whom a message of the user has not reached.
    fn missing(&self, entry: &Entry) -> Option<Vec<Missing>> {
        if entry.recipients.is_empty() {
            return Some(vec![Missing::Nobody]);
        }
        let missing = |recipient: &Recipient| {
            let name = || recipient.name.clone();
            match self.people.get(recipient.person).filter(|person| person.key.is_some()) {
                None => Some(Missing::Left(name())),
                Some(person) if self.people.reach(person, self.now) == Reach::NoChat => Some(Missing::NoChat(name())),
                Some(_) => (self.now - entry.time >= WAIT).then(|| Missing::Waiting(name())),
            }
        };
        let missing: Vec<_> =
            entry.recipients.iter().filter(|recipient| !recipient.has_arrived).filter_map(missing).collect();
        (!missing.is_empty()).then_some(missing)
    }
}
