//! What a screen reader is told without being asked: people coming and going, connections lost and mended. One
//! polite live region; problems have their own alerts.

use super::Ui;
use super::element::{Element, classed, live_text};
use super::reactive::{Value, effect};
use super::text::{self, Locale, fill, text};
use crate::call::{CallState, ConnectionState, SignalingState, Stage};
use vitrine_protocol::signaling::UserId;

/// What is compared between two states.
#[derive(Clone, PartialEq)]
struct Snapshot {
    room: Option<String>,
    signaling: SignalingState,
    /// Told apart by key: an id changes when the server was lost and found.
    peers: Vec<(u64, UserId, Option<String>, ConnectionState)>,
}

impl Snapshot {
    fn of(state: &CallState) -> Self {
        Self {
            room: state.room.clone().filter(|_| state.stage == Stage::InCall),
            signaling: state.signaling,
            peers: state
                .peers
                .iter()
                .map(|peer| (peer.key, peer.id.clone(), peer.name.clone(), peer.shown()))
                .collect(),
        }
    }

    fn peer(&self, key: u64) -> Option<(&Option<String>, ConnectionState)> {
        self.peers.iter().find(|(peer, ..)| *peer == key).map(|(_, _, name, connection)| (name, *connection))
    }
}

/// The live region.
pub fn announcements(ui: Ui) -> Element {
    let said = Value::new(String::new());
    let snapshot = ui.select(Snapshot::of);
    let mut before: Option<Snapshot> = None;
    effect(move || {
        let now = snapshot.get();
        if let Some(before) = before.replace(now.clone()) {
            let news = changes(ui.locale, &before, &now);
            if !news.is_empty() {
                said.set(news.join(". "));
            }
        }
    });
    let region = classed("p", "visually-hidden").attr("role", "status").test_id("announcements");
    region.child(live_text(move || said.get()))
}

/// The sentences that tell how `now` differs from `before`.
fn changes(locale: Locale, before: &Snapshot, now: &Snapshot) -> Vec<String> {
    let mut news = Vec::new();
    match (&before.room, &now.room) {
        (None, Some(room)) => news.push(fill(text!(locale, live.entered), "room", room)),
        (Some(_), None) => return vec![text!(locale, live.left_call).to_owned()],
        (None, None) => return news,
        (Some(_), Some(_)) => {}
    }
    for (key, id, name, connection) in &now.peers {
        use ConnectionState::{Connected, Disconnected, Failed};
        let Some((known_as, was)) = before.peer(*key) else {
            // Somebody of whom no name is known yet; the name follows with the connection.
            news.push(text!(locale, live.joining).to_owned());
            continue;
        };
        let connected = *connection == Connected;
        let told = if connected && name.is_some() && (known_as.is_none() || was != Connected) {
            if matches!(was, Disconnected | Failed) {
                text!(locale, live.connected)
            } else {
                text!(locale, live.joined)
            }
        } else if was == *connection {
            continue;
        } else {
            match connection {
                Disconnected => text!(locale, live.disconnected),
                Failed => text!(locale, live.failed),
                _ => continue,
            }
        };
        news.push(fill(told, "name", &text::name_or_guest(locale, name.as_deref(), id)));
    }
    for (_, id, name, _) in before.peers.iter().filter(|(key, ..)| now.peer(*key).is_none()) {
        news.push(fill(text!(locale, live.left), "name", &text::name_or_guest(locale, name.as_deref(), id)));
    }
    match (before.signaling, now.signaling) {
        (SignalingState::Online, SignalingState::Connecting | SignalingState::Offline) => {
            news.push(text!(locale, signaling.offline_call).to_owned());
        }
        (SignalingState::Connecting | SignalingState::Offline, SignalingState::Online) => {
            news.push(text!(locale, live.server_back).to_owned());
        }
        _ => {}
    }
    news
}
