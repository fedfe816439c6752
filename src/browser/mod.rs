//! Thin owners of the browser's objects: whatever registers a listener removes it on drop, every JS call that can
//! throw returns a typed error. No decisions are taken here.

mod clock;
mod data_channel;
mod devices;
mod error;
mod externs;
mod ice_servers;
mod listener;
mod operations;
mod page;
mod peer_connection;
mod task;

pub use clock::{listening_now, wait_listening};
pub use data_channel::{ControlChannel, ControlChannelEvent};
pub use devices::{
    Capture, CaptureError, Kind, LocalTrack, Picture, Stream, TrackChange, asks_for_permission, capture,
    capture_quietly, follow_default_microphone, stream_of, watch_devices,
};
pub use error::JsError;
pub use ice_servers::takes_ice_server;
pub use listener::Listener;
pub use page::{
    describe, has_devices, has_webrtc, install_panic_screen, is_secure, meta, network_information, now, random_id,
    resolve_url, warn,
};
pub use peer_connection::{LocalMedia, PeerConnection, PeerConnectionEvent, SpareConnection, make_certificate};
pub use task::Task;
