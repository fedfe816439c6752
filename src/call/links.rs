//! Tells the other participants how this side's connections stand, so that each page can show the whole mesh. What the others
//! tell is kept with each peer.

use std::collections::BTreeMap;

use vitrine_protocol::control::{ControlMessage, MeshLink};

use super::mesh::Mesh;

/// Ticks between two looks.
const TICKS: u32 = 8;
/// A round-trip time that changed by less is not told again, in milliseconds and as a share.
const LITTLE: u32 = 20;
const LITTLE_SHARE: f64 = 0.3;

/// What was told to whom, by key.
#[derive(Debug, Default)]
pub struct LinkReport {
    told: BTreeMap<u64, Vec<MeshLink>>,
    wait: u32,
}

impl LinkReport {
    /// Called every 250 ms.
    pub fn tick(&mut self, mesh: &Mesh) {
        self.wait = (self.wait + 1) % TICKS;
        if self.wait != 0 {
            return;
        }
        let links = mesh.links();
        self.told.retain(|key, _| mesh.iter().any(|peer| peer.key() == *key));
        for peer in mesh.iter() {
            let is_known = self.told.get(&peer.key()).is_some_and(|told| is_about(told, &links));
            if !is_known && peer.send(&ControlMessage::Links { links: links.clone() }) {
                self.told.insert(peer.key(), links.clone());
            }
        }
    }
}

/// Whether nothing has changed that is worth a message.
fn is_about(told: &[MeshLink], now: &[MeshLink]) -> bool {
    let is_close = |one: Option<u32>, other: Option<u32>| match (one, other) {
        (Some(one), Some(other)) => {
            let change = one.abs_diff(other);
            change < LITTLE || f64::from(change) < LITTLE_SHARE * f64::from(one)
        }
        (one, other) => one == other,
    };
    let is_same = |(one, other): (&MeshLink, &MeshLink)| {
        (&one.session_id, one.state) == (&other.session_id, other.state) && is_close(one.round_trip, other.round_trip)
    };
    told.len() == now.len() && told.iter().zip(now).all(is_same)
}

#[cfg(test)]
mod tests {
    use vitrine_protocol::control::MeshLinkState;

    use super::*;

    fn link(state: MeshLinkState, round_trip: Option<u32>) -> MeshLink {
        MeshLink { session_id: "s".to_owned(), state, round_trip }
    }

    #[test]
    fn small_changes_of_the_round_trip_are_not_told() {
        let told = [link(MeshLinkState::DirectLocal, Some(100))];
        assert!(is_about(&told, &[link(MeshLinkState::DirectLocal, Some(119))]));
        assert!(is_about(&told, &[link(MeshLinkState::DirectLocal, Some(80))]));
        assert!(!is_about(&told, &[link(MeshLinkState::DirectLocal, Some(130))]));
        assert!(!is_about(&told, &[link(MeshLinkState::DirectLocal, None)]));
        assert!(!is_about(&told, &[link(MeshLinkState::RelayUdp, Some(100))]));
        assert!(!is_about(&told, &[]));
    }
}
