//! Calls between real browsers against the real server, driven over WebDriver: the harness that `tests/calls`, `tests/nat`
//! and the `bench` program share. It starts servers and browsers, opens pages with a probe in them, and waits on their state.
//! It knows the app by its test hooks and by what any page can see; it links none of the app's code.

mod accessibility;
mod browser;
mod error;
mod faults;
mod inspector;
mod laboratory;
pub mod load;
mod namespaces;
pub mod nat;
mod needs;
mod nginx;
mod node_client;
mod page;
mod process;
mod proxy;
pub mod rounds;
mod screens;
mod seed_page;
mod server;
mod site;
mod stats;
mod strict_proxy;
mod stun;
mod tab;
mod trouble;
mod venue;
mod viewport;
mod vitrine_page;

pub use browser::Browser;
pub use error::{Error, Result};
pub use faults::{
    AddedCandidate, FrameClock, Frames, Identity, NegotiationState, Path, PathEnd, Scene, TileNode, Transceiver,
};
pub use inspector::{Explained, MeshCell};
pub use laboratory::{Laboratory, Machine, PATHS};
pub use namespaces::Namespace;
pub use needs::baseline_directory;
pub use nginx::Nginx;
pub use node_client::clients_stay_connected;
pub use page::{PATIENCE, Page};
pub use proxy::{Direction, FaultProxy};
pub use screens::{Screen, SharedTrack};
pub use seed_page::{SeedPage, seed_site};
pub use server::{NodeServer, StaticServer, VitrineServer, free_port};
pub use site::Site;
pub use stats::{Alive, Connection, Counts, Flow, Shown, Timeline, media_flows};
pub use strict_proxy::{Handshakes, StrictProxy};
pub use stun::StunServer;
pub use tab::{Metrics, Tab, TabbedBrowser};
pub use trouble::Trouble;
pub use venue::{Make, Venue};
pub use viewport::{Colors, SIZES};
pub use vitrine_page::{ChatMessage, Choice, Tile, VitrinePage, link};
