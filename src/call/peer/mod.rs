//! One remote participant: its connection, and what is known of both. [`Peer`] in `remote.rs` holds the parts together, and is
//! the only one that the rest of the call sees. Nothing in here knows the room or another peer.

mod context;
mod control;
mod ear;
mod flood_guard;
mod listing;
mod negotiator;
mod progress;
mod received;
mod recorder;
mod remote;
mod route;
mod sending;
mod stats;
mod told;
mod view;
mod vitals;

pub use self::{
    context::{Context, PeerEvent, SharedScreen},
    remote::Peer,
    route::Way,
};
