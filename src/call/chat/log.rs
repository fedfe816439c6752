//! The messages that are kept: in order, none twice, and no more than the limits. Where they come from and whom they reach
//! is not decided here.

use std::sync::Arc;

use vitrine_protocol::chat::{MAX_BYTES, MAX_MESSAGES};

use super::state::{Audience, ChatMessage, ChatName};

/// A message that took no longer than this to arrive, in milliseconds, is new: it goes to the end.
const NEW_FOR: f64 = 2_000.0;

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// The user.
    Me,
    /// The participant with this session id.
    Session(String),
}

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// Everybody.
    Everybody,
    /// The user alone.
    Me,
    /// This participant alone.
    Person(u64, ChatName),
}

/// A participant who was there when the user wrote a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The participant's number.
    pub person: u64,
    /// What the participant was called then.
    pub name: ChatName,
    /// The participant has it.
    pub has_arrived: bool,
}

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Names it on this page; given by [`Log::insert`].
    pub key: u64,
    /// The author.
    pub author: Author,
    /// The author's number of it.
    pub number: u32,
    /// What the author was called.
    pub name: ChatName,
    /// Whom it is for.
    pub to: To,
    /// When it was written, in milliseconds.
    pub time: f64,
    /// The text, cleaned.
    pub text: String,
    /// Who passed it on, unless it came from its author.
    pub via: Option<ChatName>,
    /// Of a message of the user: who was there.
    pub recipients: Vec<Recipient>,
}

impl Entry {
    /// Whether this participant may read it.
    pub fn is_for(&self, person: u64) -> bool {
        match &self.to {
            To::Everybody => true,
            To::Person(only, _) => *only == person,
            To::Me => false,
        }
    }
}

/// The messages.
#[derive(Debug, Default)]
pub struct Log {
    entries: Vec<Entry>,
    last_key: u64,
    bytes: usize,
    /// Older messages were dropped.
    is_shortened: bool,
    shown: Option<Arc<Vec<ChatMessage>>>,
}

impl Log {
    /// All messages, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The user's messages, in order, for what is known of their recipients to be changed.
    pub fn mine_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut().filter(|entry| entry.author == Author::Me)
    }

    /// The user's messages, in order.
    pub fn mine(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.author == Author::Me)
    }

    /// Whether older messages were dropped.
    pub fn is_shortened(&self) -> bool {
        self.is_shortened
    }

    /// Adds a message that is not there yet, at `now`. What came from its author takes the place of what was passed on.
    pub fn insert(&mut self, mut entry: Entry, now: f64) {
        let same = |other: &Entry| other.author == entry.author && other.number == entry.number;
        if let Some(known) = self.entries.iter_mut().find(|other| same(other)) {
            if known.via.is_none() || entry.via.is_some() {
                return;
            }
            self.shown = None;
            if known.text == entry.text {
                (known.via, known.name) = (None, entry.name);
                return;
            }
            let key = known.key;
            self.remove(|entry| entry.key == key);
        }
        let earlier = |other: &&Entry| other.author == entry.author && other.number < entry.number;
        let after = self.entries.iter().filter(earlier).map(|other| other.time).fold(entry.time, f64::max);
        let is_new = now - entry.time <= NEW_FOR;
        entry.time = self.entries.last().filter(|_| is_new).map_or(after, |last| last.time.max(after));
        self.last_key += 1;
        entry.key = self.last_key;
        self.bytes += entry.text.len();
        let position = self.entries.partition_point(|other| other.time <= entry.time);
        self.entries.insert(position, entry);
        self.shown = None;
        self.shorten();
    }

    /// Drops the messages that `is_gone` names.
    pub fn remove(&mut self, is_gone: impl Fn(&Entry) -> bool) {
        let before = self.entries.len();
        self.entries.retain(|entry| !is_gone(entry));
        if self.entries.len() != before {
            self.bytes = self.entries.iter().map(|entry| entry.text.len()).sum();
            self.shown = None;
        }
    }

    /// Keeps the limits. A participant who wrote more than half of it loses its own oldest message, so that a flood does not
    /// wash away what the others wrote.
    fn shorten(&mut self) {
        while self.entries.len() > MAX_MESSAGES || self.bytes > MAX_BYTES {
            let Some(newest) = self.entries.iter().max_by_key(|entry| entry.key) else { return };
            let author = &newest.author;
            let own = self.entries.iter().filter(|entry| entry.author == *author);
            let (count, bytes) = own.fold((0, 0), |(count, bytes), entry| (count + 1, bytes + entry.text.len()));
            let is_flood = count > MAX_MESSAGES / 2 || bytes > MAX_BYTES / 2;
            let oldest = self.entries.iter().position(|entry| !is_flood || entry.author == *author).unwrap_or(0);
            self.bytes -= self.entries.remove(oldest).text.len();
            self.is_shortened = true;
        }
    }

    /// The messages as they are shown to a user who came at `entered`.
    pub fn shown(&mut self, entered: f64) -> Arc<Vec<ChatMessage>> {
        let entries = &self.entries;
        let shown = self.shown.get_or_insert_with(|| {
            let message = |entry: &Entry| ChatMessage {
                key: entry.key,
                author: entry.name.clone(),
                is_mine: entry.author == Author::Me,
                audience: match &entry.to {
                    To::Everybody => Audience::Everybody,
                    To::Me => Audience::Me,
                    To::Person(_, name) => Audience::Person(name.clone()),
                },
                time: entry.time.max(0.0) as u64,
                text: entry.text.clone(),
                is_old: entry.time < entered,
                via: entry.via.clone(),
            };
            Arc::new(entries.iter().map(message).collect())
        });
        Arc::clone(shown)
    }
}
