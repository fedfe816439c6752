//! What the user wants to hear and see of each participant, for itself alone. Nobody is told. It stays with the participant
//! over a new connection.

use std::collections::HashMap;

use leptos::prelude::*;

use crate::call::PeerField;

/// What the user wants of one participant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Personal {
    /// How loud, in 0..=1. Some systems have one volume for all and ignore this.
    pub volume: f64,
    /// Not heard.
    pub is_muted: bool,
    /// Not seen.
    pub is_hidden: bool,
}

impl Default for Personal {
    fn default() -> Self {
        Self { volume: 1.0, is_muted: false, is_hidden: false }
    }
}

/// What the user wants of all participants.
#[derive(Clone, Copy)]
pub struct PersonalUi(RwSignal<HashMap<String, Personal>>);

impl PersonalUi {
    /// Everybody is heard and seen.
    pub fn new() -> Self {
        Self(RwSignal::new(HashMap::new()))
    }

    /// What the user wants of `peer`.
    pub fn of(self, peer: PeerField) -> Memo<Personal> {
        let person = Memo::new(move |_| peer.try_with(|peer| peer.person()));
        Memo::new(move |_| {
            let person = person.get();
            self.0.with(|all| person.and_then(|person| all.get(&person).copied()).unwrap_or_default())
        })
    }

    /// Changes what the user wants of `peer`.
    pub fn change(self, peer: PeerField, change: impl FnOnce(&mut Personal)) {
        if let Some(person) = untrack(|| peer.try_with(|peer| peer.person())) {
            self.0.update(|all| change(all.entry(person).or_default()));
        }
    }
}
