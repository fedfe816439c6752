//! What the interface shows of the chat. Plain data; the long parts are shared, so that a copy costs nothing.

use std::{collections::BTreeMap, sync::Arc};

use vitrine_protocol::signaling::UserId;

/// The chat as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatState {
    /// The messages, in order.
    pub messages: Arc<Vec<ChatMessage>>,
    /// Whom messages of the user have not reached, by the message's key. A message that has arrived is not listed.
    pub receipts: Arc<BTreeMap<u64, Vec<Missing>>>,
    /// The other participants.
    pub people: Arc<Vec<ChatPerson>>,
    /// Older messages were dropped.
    pub is_shortened: bool,
}

/// What a participant is called: by name, or else as a guest with this id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatName {
    /// The name, if the participant has one.
    pub name: Option<String>,
    /// The id.
    pub id: UserId,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatMessage {
    /// Names the message on this page. Messages that came later have larger keys, wherever they stand.
    pub key: u64,
    /// The author, as called then.
    pub author: ChatName,
    /// The user wrote it.
    pub is_mine: bool,
    /// For whom it is.
    pub audience: Audience,
    /// When it was written, in milliseconds since 1970 by this machine's clock.
    pub time: u64,
    /// The text, cleaned.
    pub text: String,
    /// It was written before the user came.
    pub is_old: bool,
    /// The participant who passed it on, unless it came from its author.
    pub via: Option<ChatName>,
}

/// For whom a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody in the call, and those who join later.
    Everybody,
    /// The user alone.
    Me,
    /// This participant alone.
    Person(ChatName),
}

/// For whom a message has not arrived, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is on its way.
    Waiting(ChatName),
    /// The participant left before.
    Left(ChatName),
    /// The participant's client has no chat.
    NoChat(ChatName),
    /// Nobody else was in the call.
    Nobody,
}

/// A participant to write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatPerson {
    /// Names the participant, over all its connections.
    pub number: u64,
    /// What the participant is called.
    pub name: ChatName,
    /// Whether messages reach the participant.
    pub reach: Reach,
}

/// Whether messages reach a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// They do, or will.
    Open,
    /// They never will: the participant's client has no chat.
    NoChat,
}
