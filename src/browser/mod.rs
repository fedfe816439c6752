//! Thin owners of the browser's objects. A type that registers a listener removes it on drop; a JS call that can throw
//! returns a typed error. Nothing about the call is decided here.

mod audio_meter;
mod capture;
mod clock;
mod constraints;
mod data_channel;
mod device_list;
mod devices;
mod error;
mod externs;
mod file;
mod ice_servers;
pub mod json;
mod listener;
mod media_session;
mod operations;
mod page;
mod peer_connection;
mod peer_connection_event;
mod peer_connection_listeners;
mod received_level;
mod save;
mod screen;
mod screen_sections;
mod send_limits;
mod share;
mod showing;
mod speaker;
pub mod statistics;
mod storage;
mod task;
mod tone;
mod wake_lock;

pub use audio_meter::AudioMeter;
pub use capture::{
    CameraWish, CaptureResults, CaptureWish, MicrophoneWish, Which, capture, capture_without_prompt,
    follow_default_microphone,
};
pub use clock::{awake_now, wait_awake};
pub use constraints::{CameraSettings, CaptureSize, Processing};
pub use data_channel::{ControlChannel, ControlChannelEvent};
pub use device_list::{DeviceInfo, DeviceKind, DeviceList, Facing, knows_constraint, list_devices};
pub use devices::{
    CaptureError, LocalTrack, MediaKind, Stream, TrackChange, apply_processing, needs_permission_prompt, stream_of,
    watch_devices,
};
pub use error::JsError;
pub use file::{FileContent, read_file};
pub use ice_servers::accepts_ice_server;
pub use json::JsonError;
pub use listener::Listener;
pub use media_session::{MediaSession, SessionAction};
pub use page::{
    has_devices, has_webrtc, install_panic_hook, is_hidden, is_secure, log, meta, network_information, now, random_id,
    resolve_url, wall_now, warn,
};
pub use peer_connection::{OutgoingMedia, PeerConnection, SpareConnection, make_certificate};
pub use peer_connection_event::{NegotiationEvent, PeerConnectionEvent, ReceivedTrack};
pub use received_level::ReceivedLevel;
pub use save::{save_file, user_agent};
pub use screen::{
    ScreenCapture, ScreenContent, ScreenError, ScreenRequest, Surface, can_capture_screen, request_screen,
};
pub use screen_sections::OutgoingScreen;
pub use send_limits::SendLimits;
pub use share::{can_share, share};
pub use showing::{
    end_picture_in_picture, has_fullscreen, has_picture_in_picture, is_fullscreen, toggle_fullscreen,
    toggle_picture_in_picture,
};
pub use speaker::{CHIME_LENGTH, Chime, can_choose_speaker, play_on};
pub use storage::{store, stored};
pub use task::Task;
pub use tone::play_tone;
pub use wake_lock::WakeLock;
