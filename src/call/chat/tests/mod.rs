//! The chat between made-up participants: a world of machines with connections that are cut, replaced, full, or full of lies.

mod delivery;
mod history;
mod hostile;

use std::{cell::RefCell, collections::VecDeque};

use vitrine_protocol::chat::{MAX_BYTES, MAX_MESSAGES, MAX_TEXT_UNITS};

use super::*;

const START: f64 = 1_700_000_000_000.0;

/// One end of the connections of a participant.
#[derive(Default)]
struct Ends {
    peers: Vec<ChatPeer>,
    /// Connections that take nothing now.
    full: Vec<u64>,
    sent: RefCell<Vec<(u64, ControlMessage)>>,
}

impl Network for Ends {
    fn chat_peers(&self) -> Vec<ChatPeer> {
        self.peers.clone()
    }

    fn send_to(&self, key: u64, message: &ControlMessage) -> bool {
        let takes = !self.full.contains(&key) && self.peers.iter().any(|peer| peer.key == key && peer.has_channel);
        if takes {
            self.sent.borrow_mut().push((key, message.clone()));
        }
        takes
    }
}

#[derive(Default)]
struct Side {
    name: &'static str,
    chat: Chat,
    ends: Ends,
}

struct World {
    now: f64,
    sides: Vec<Side>,
    /// The key, and the two participants.
    connections: Vec<(u64, usize, usize)>,
    last_key: u64,
    /// Those who left.
    gone: Vec<usize>,
    queue: VecDeque<(u64, usize, ControlMessage)>,
    /// How many chat messages and pieces of a history were sent.
    carried: usize,
}

fn session(side: usize) -> String {
    format!("session-{side}")
}

impl World {
    /// Participants who entered one after the other, all connected.
    fn new(names: &[&'static str]) -> Self {
        let mut world = Self {
            now: START,
            sides: Vec::new(),
            connections: Vec::new(),
            last_key: 0,
            gone: Vec::new(),
            queue: VecDeque::new(),
            carried: 0,
        };
        for name in names {
            world.join(name);
        }
        world
    }

    /// Another participant enters, and is connected with all others.
    fn join(&mut self, name: &'static str) -> usize {
        let side = self.enter(name);
        for other in self.others(side) {
            self.connect(other, side);
        }
        self.settle();
        side
    }

    /// Another participant enters, knows of the others, and has no channel yet.
    fn enter(&mut self, name: &'static str) -> usize {
        let side = self.sides.len();
        self.sides.push(Side { name, ..Side::default() });
        for other in self.others(side) {
            self.begin(other, side);
        }
        self.tell(side, Input::EntryAnswered { session: Some(session(side)) });
        side
    }

    fn others(&self, newcomer: usize) -> Vec<usize> {
        (0..newcomer).filter(|other| !self.gone.contains(other)).collect()
    }

    /// Begins a connection. Returns its key.
    fn begin(&mut self, left: usize, right: usize) -> u64 {
        self.last_key += 1;
        let key = self.last_key;
        for (side, other) in [(left, right), (right, left)] {
            let id = UserId(format!("id-{other}"));
            self.sides[side].ends.peers.push(ChatPeer {
                key,
                id,
                session: None,
                name: None,
                is_heard: true,
                is_connected: false,
                has_channel: false,
            });
        }
        self.connections.push((key, left, right));
        key
    }

    /// Opens the channel of the last connection between the two, or of a new one.
    fn connect(&mut self, left: usize, right: usize) -> u64 {
        let between = |connection: &&(u64, usize, usize)| {
            (connection.1, connection.2) == (left, right) || (connection.2, connection.1) == (left, right)
        };
        let begun = self.connections.iter().rev().find(between).map(|connection| connection.0);
        let is_open = |key| self.sides[left].ends.peers.iter().any(|peer| peer.key == key && peer.has_channel);
        let key = begun.filter(|key| !is_open(*key)).unwrap_or_else(|| self.begin(left, right));
        for (side, other) in [(left, right), (right, left)] {
            let name = self.sides[other].name.to_owned();
            self.change(side, key, |peer| {
                peer.session = Some(session(other));
                peer.name = Some(name);
                (peer.is_connected, peer.has_channel) = (true, true);
            });
            self.tell(side, Input::Tick);
        }
        key
    }

    fn change(&mut self, side: usize, key: u64, change: impl FnOnce(&mut ChatPeer)) {
        self.sides[side].ends.peers.iter_mut().filter(|peer| peer.key == key).for_each(change_once(change));
    }

    /// Ends a connection on both sides. What is on its way is lost.
    fn cut(&mut self, key: u64) {
        self.queue.retain(|(other, ..)| *other != key);
        self.connections.retain(|connection| connection.0 != key);
        for side in 0..self.sides.len() {
            self.sides[side].ends.peers.retain(|peer| peer.key != key);
            self.tell(side, Input::Tick);
        }
    }

    /// All connections of a participant end.
    fn leave(&mut self, side: usize) {
        let keys: Vec<_> = self
            .connections
            .iter()
            .filter(|(_, left, right)| *left == side || *right == side)
            .map(|all| all.0)
            .collect();
        keys.into_iter().for_each(|key| self.cut(key));
        self.gone.push(side);
    }

    fn tell(&mut self, side: usize, input: Input) {
        let Side { chat, ends, .. } = &mut self.sides[side];
        chat.handle(input, self.now, ends);
        for (key, message) in ends.sent.take() {
            let is_carried = matches!(message, ControlMessage::Chat { .. } | ControlMessage::ChatHistory { .. });
            self.carried += usize::from(is_carried);
            let (_, left, right) = *self.connections.iter().find(|connection| connection.0 == key).unwrap();
            self.queue.push_back((key, if left == side { right } else { left }, message));
        }
    }

    /// Lets everything arrive that is on its way.
    fn settle(&mut self) {
        while let Some((key, to, message)) = self.queue.pop_front() {
            self.tell(to, Input::Received { key, message });
        }
    }

    /// Lets time pass.
    fn wait(&mut self, milliseconds: f64) {
        let until = self.now + milliseconds;
        while self.now < until {
            self.now += 250.0;
            for side in 0..self.sides.len() {
                self.tell(side, Input::Tick);
            }
            self.settle();
        }
    }

    fn write(&mut self, side: usize, text: &str) {
        let name = self.sides[side].name.to_owned();
        self.tell(side, Input::Write { to: None, text: text.to_owned(), name });
    }

    fn write_to(&mut self, side: usize, other: usize, text: &str) {
        let name = self.sides[other].name;
        let people = self.sides[side].chat.view().people;
        let to = people.iter().find(|person| person.name.name.as_deref() == Some(name)).map(|person| person.number);
        let name = self.sides[side].name.to_owned();
        self.tell(side, Input::Write { to: Some(to.unwrap()), text: text.to_owned(), name });
    }

    /// A participant receives this from another one, whatever its own machine would do.
    fn forge(&mut self, from: usize, to: usize, message: ControlMessage) {
        let between = |one: &&(u64, usize, usize)| [(one.1, one.2), (one.2, one.1)].contains(&(from, to));
        let key = self.connections.iter().rev().find(between).unwrap().0;
        self.tell(to, Input::Received { key, message });
    }

    /// The texts that a participant sees.
    fn texts(&mut self, side: usize) -> Vec<String> {
        self.sides[side].chat.view().messages.iter().map(|message| message.text.clone()).collect()
    }

    /// What a participant is told of its messages that have not arrived.
    fn missing(&mut self, side: usize) -> Vec<(String, Vec<Missing>)> {
        let state = self.sides[side].chat.view();
        let receipt = |message: &ChatMessage| Some((message.text.clone(), state.receipts.get(&message.key)?.clone()));
        state.messages.iter().filter_map(receipt).collect()
    }

    fn all_see(&mut self, sides: &[usize], texts: &[&str]) {
        for side in sides {
            assert_eq!(self.texts(*side), texts, "{}", self.sides[*side].name);
        }
    }
}

fn change_once(change: impl FnOnce(&mut ChatPeer)) -> impl FnMut(&mut ChatPeer) {
    let mut change = Some(change);
    move |peer| change.take().into_iter().for_each(|change| change(peer))
}

fn called(name: &str, side: usize) -> ChatName {
    ChatName { name: Some(name.to_owned()), id: UserId(format!("id-{side}")) }
}

fn chat(number: u32, previous: u32, text: &str) -> ControlMessage {
    ControlMessage::Chat { number, previous, age: 0, text: text.to_owned(), private: false }
}

fn record(author: usize, number: u32, age: u32, text: &str) -> ChatRecord {
    ChatRecord { author: session(author), name: "Forged".to_owned(), number, age, text: text.to_owned() }
}
