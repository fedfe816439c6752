//! The published [`CallState`] as a store, in which the interface follows single fields and peers.

use leptos::prelude::{LocalStorage, Notify, Set, WithUntracked};
use reactive_stores::{AtKeyed, Store};

use super::state::{CallState, CallStateStoreFields, PeerState};

/// The state as the interface follows it, field by field and peer by peer.
pub type CallStore = Store<CallState, LocalStorage>;

/// One peer in the [`CallStore`]. Reading one that has left gives nothing.
pub type PeerField = AtKeyed<CallStore, CallState, u64, Vec<PeerState>>;

/// Writes `new` into `store`. Only what differs is told to its readers.
///
/// When components go, every field is told, changed or not: a field remembers all that have read it, those of removed
/// components too, until it tells them of a change. Some fields never change in a session, so entering and leaving again and
/// again would fill the memory.
pub fn publish(store: CallStore, new: CallState) {
    let has_moved = store.stage().with_untracked(|stage| *stage != new.stage);
    let is_gone = |peer: &&PeerState| new.peers.iter().all(|other| other.key != peer.key);
    let gone: Vec<_> =
        store.peers().with_untracked(|peers| peers.iter().filter(is_gone).map(|peer| peer.key).collect());
    let tell_all = has_moved || !gone.is_empty();
    for key in gone {
        PeerField::new(store.peers(), key).notify();
    }
    // A derived `Patch` of the whole panics, because it looks for the keys of `peers` in the wrong place (0.4.4).
    let CallState {
        stage,
        room,
        signaling,
        refusal,
        local,
        devices,
        screen,
        peers,
        departures,
        relay_only,
        problem,
        chat,
        hands,
        own_reactions,
        speaker,
        check,
        inspection,
    } = new;
    set(store.stage(), stage, tell_all);
    set(store.room(), room, tell_all);
    set(store.signaling(), signaling, tell_all);
    set(store.refusal(), refusal, tell_all);
    set(store.local(), local, tell_all);
    set(store.devices(), devices, tell_all);
    set(store.screen(), screen, tell_all);
    set(store.departures(), departures, tell_all);
    set(store.relay_only(), relay_only, tell_all);
    set(store.problem(), problem, tell_all);
    set(store.hands(), hands, tell_all);
    set(store.own_reactions(), own_reactions, tell_all);
    set(store.speaker(), speaker, tell_all);
    set(store.chat(), chat, tell_all);
    set(store.check(), check, tell_all);
    set(store.inspection(), inspection, tell_all);
    store.peers().patch(peers);
    if tell_all {
        store.peers().notify();
        store.notify();
    }
}

fn set<T: PartialEq>(field: impl Set<Value = T> + WithUntracked<Value = T> + Notify, new: T, tell: bool) {
    if field.with_untracked(|old| *old != new) {
        field.set(new);
    } else if tell {
        field.notify();
    }
}
