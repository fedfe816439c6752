//! What a screen reader is told without being asked: people coming and going, connections lost and mended. One
//! polite live region; problems have their own alerts.

use super::Ui;
use super::element::{Element, classed, live_text};
use super::reactive::{Value, effect};
use super::text::{self, Locale, fill, text};
use crate::call::{CallState, ConnectionState, Departure, SignalingState, Stage, Trouble};
use vitrine_protocol::signaling::UserId;

/// What is compared between two states.
#[derive(Clone, PartialEq)]
struct Snapshot {
    room: Option<String>,
    signaling: SignalingState,
    /// Told apart by key: an id changes when the server was lost and found.
    peers: Vec<Person>,
    departures: Vec<(u64, Departure)>,
}

#[derive(Clone, PartialEq)]
struct Person {
    key: u64,
    id: UserId,
    name: Option<String>,
    connection: ConnectionState,
    unanswered: bool,
}

impl Snapshot {
    fn of(state: &CallState) -> Self {
        Self {
            room: state.room.clone().filter(|_| state.stage == Stage::InCall),
            signaling: state.signaling,
            peers: state
                .peers
                .iter()
                .map(|peer| Person {
                    key: peer.key,
                    id: peer.id.clone(),
                    name: peer.name.clone(),
                    connection: peer.shown(),
                    unanswered: peer.trouble == Some(Trouble::Unanswered),
                })
                .collect(),
            departures: state.departures.clone(),
        }
    }

    fn person(&self, key: u64) -> Option<&Person> {
        self.peers.iter().find(|person| person.key == key)
    }

    /// Why a participant is not there any more.
    fn departure(&self, person: &Person) -> Departure {
        let told = self.departures.iter().rev().find(|(key, _)| *key == person.key);
        told.map_or(Departure::Left, |(_, departure)| *departure)
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
    let named =
        |words, person: &Person| fill(words, "name", &text::name_or_guest(locale, person.name.as_deref(), &person.id));
    for person in &now.peers {
        use ConnectionState::{Connected, Disconnected, Failed};
        let Some(known) = before.person(person.key) else {
            // Somebody of whom no name is known yet; the name follows with the connection.
            if before.peers.iter().all(|known| known.id != person.id) {
                news.push(text!(locale, live.joining).to_owned());
            }
            continue;
        };
        let (was, connected) = (known.connection, person.connection == Connected);
        let told = if connected && person.name.is_some() && (known.name.is_none() || was != Connected) {
            if matches!(was, Disconnected | Failed) {
                text!(locale, live.connected)
            } else {
                text!(locale, live.joined)
            }
        } else if was == person.connection {
            continue;
        } else {
            match person.connection {
                Disconnected => text!(locale, live.disconnected),
                Failed if person.unanswered => text!(locale, live.unanswered),
                Failed => text!(locale, live.failed),
                _ => continue,
            }
        };
        news.push(named(told, person));
    }
    for person in before.peers.iter().filter(|person| now.person(person.key).is_none()) {
        news.push(named(
            match now.departure(person) {
                Departure::Left => text!(locale, live.left),
                Departure::Lost => text!(locale, live.lost),
                Departure::Unanswered => text!(locale, live.gave_up),
                Departure::Replaced => continue,
            },
            person,
        ));
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
