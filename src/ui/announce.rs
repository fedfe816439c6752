//! Announcements for screen readers: participants joining and leaving, connections lost and restored. One polite live
//! region; problems have their own alerts.

use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_protocol::signaling::UserId;

use super::context::Ui;
use super::text::{self, Locale, fill};
use crate::call::{
    CallStateStoreFields as _, CallStore, ConnectionState, Departure, HandOf, PeerState, Sharing, SignalingState,
    Stage, Trouble,
};

/// The part of the state whose changes are announced.
#[derive(Clone, PartialEq)]
struct Snapshot {
    room: Option<String>,
    signaling: SignalingState,
    /// Compared by key: a participant's id changes when it reconnects to the server.
    peers: Vec<Participant>,
    departures: Vec<(u64, Departure)>,
    is_sharing: bool,
}

#[derive(Clone, PartialEq)]
struct Participant {
    key: u64,
    id: UserId,
    name: Option<String>,
    connection: ConnectionState,
    unanswered: bool,
    shares_screen: bool,
    has_hand_raised: bool,
}

impl Snapshot {
    /// The snapshot of the current state. Subscribes the running effect to it.
    fn of(state: CallStore) -> Self {
        let hands = state.hands().get();
        let participant = |peer: &PeerState| Participant {
            key: peer.key,
            id: peer.id.clone(),
            name: peer.name.clone(),
            connection: peer.connection,
            shares_screen: peer.screen_stream.is_some(),
            unanswered: peer.trouble == Some(Trouble::Unanswered),
            has_hand_raised: hands.contains(&HandOf::Peer(peer.key)),
        };
        Self {
            room: state.room().get().filter(|_| state.stage().get() == Stage::InCall),
            signaling: state.signaling().get(),
            peers: state.peers().with(|peers| peers.iter().map(participant).collect()),
            departures: state.departures().get(),
            is_sharing: state.screen().with(|screen| matches!(screen.sharing, Sharing::On { .. })),
        }
    }

    fn participant(&self, key: u64) -> Option<&Participant> {
        self.peers.iter().find(|participant| participant.key == key)
    }

    /// Why a participant is gone; `Left` if nothing is known.
    fn departure(&self, participant: &Participant) -> Departure {
        let known = self.departures.iter().rev().find(|(key, _)| *key == participant.key);
        known.map_or(Departure::Left, |(_, departure)| *departure)
    }
}

/// The live region.
#[component]
pub fn Announcements() -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let announcement = RwSignal::new(String::new());
    Effect::new(move |before: Option<Snapshot>| {
        let now = Snapshot::of(state);
        if let Some(before) = before.filter(|before| *before != now) {
            let sentences = changes(locale, &before, &now);
            if !sentences.is_empty() {
                announcement.set(sentences.join(". "));
            }
        }
        now
    });
    view! { <p class="visually-hidden" role="status" data-testid="announcements" prop:textContent=announcement></p> }
}

/// One sentence for each change from `before` to `now`.
fn changes(locale: Locale, before: &Snapshot, now: &Snapshot) -> Vec<String> {
    let mut sentences = Vec::new();
    match (&before.room, &now.room) {
        (None, Some(room)) => sentences.push(fill(td_string!(locale, live.entered), "room", room)),
        (Some(_), None) => return vec![td_string!(locale, live.left_call).to_owned()],
        (None, None) => return sentences,
        (Some(_), Some(_)) => {}
    }
    let name = |participant: &Participant| text::name_or_guest(locale, participant.name.as_deref(), &participant.id);
    for participant in &now.peers {
        use ConnectionState::{Connected, Disconnected, Failed};
        let Some(known) = before.participant(participant.key) else {
            // The name is not known yet; it is announced once connected.
            if before.peers.iter().all(|known| known.id != participant.id) {
                sentences.push(td_string!(locale, live.joining).to_owned());
            }
            continue;
        };
        if let (Some(old), Some(new)) = (&known.name, &participant.name)
            && old != new
        {
            let renamed = fill(td_string!(locale, live.renamed), "old", old);
            sentences.push(fill(&renamed, "name", new));
        }
        if participant.has_hand_raised && !known.has_hand_raised {
            sentences.push(fill(td_string!(locale, live.hand), "name", &name(participant)));
        }
        let (was, is_connected) = (known.connection, participant.connection == Connected);
        let name = name(participant);
        if is_connected && participant.name.is_some() && (known.name.is_none() || was != Connected) {
            sentences.push(if matches!(was, Disconnected | Failed) {
                fill(td_string!(locale, live.connected), "name", &name)
            } else {
                fill(td_string!(locale, live.joined), "name", &name)
            });
        } else if was != participant.connection {
            match participant.connection {
                Disconnected => sentences.push(fill(td_string!(locale, live.disconnected), "name", &name)),
                Failed if participant.unanswered => {
                    sentences.push(fill(td_string!(locale, live.unanswered), "name", &name))
                }
                Failed => sentences.push(fill(td_string!(locale, live.failed), "name", &name)),
                _ => {}
            }
        }
    }
    for participant in &now.peers {
        let shared = before.participant(participant.key).is_some_and(|before| before.shares_screen);
        match (shared, participant.shares_screen) {
            (false, true) => sentences.push(fill(td_string!(locale, screen.began), "name", &name(participant))),
            (true, false) => sentences.push(fill(td_string!(locale, screen.ended), "name", &name(participant))),
            _ => {}
        }
    }
    match (before.is_sharing, now.is_sharing) {
        (false, true) => sentences.push(td_string!(locale, screen.own_began).to_owned()),
        (true, false) => sentences.push(td_string!(locale, screen.own_ended).to_owned()),
        _ => {}
    }
    for participant in before.peers.iter().filter(|participant| now.participant(participant.key).is_none()) {
        let name = name(participant);
        match now.departure(participant) {
            Departure::Left => sentences.push(fill(td_string!(locale, live.left), "name", &name)),
            Departure::Lost => sentences.push(fill(td_string!(locale, live.lost), "name", &name)),
            Departure::Unanswered => sentences.push(fill(td_string!(locale, live.gave_up), "name", &name)),
            Departure::Replaced => {}
        }
    }
    match (before.signaling, now.signaling) {
        (SignalingState::Online, SignalingState::Connecting | SignalingState::Offline) => {
            sentences.push(td_string!(locale, signaling.offline_call).to_owned());
        }
        (SignalingState::Connecting | SignalingState::Offline, SignalingState::Online) => {
            sentences.push(td_string!(locale, live.server_back).to_owned());
        }
        _ => {}
    }
    sentences
}
