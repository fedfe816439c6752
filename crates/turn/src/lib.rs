//! A STUN server (RFC 8489) and TURN relay (RFC 8656, UDP allocations) over UDP, over TCP, and over any stream of bytes
//! that somebody else accepted, such as TLS. Codecs come from `stun-types` and `turn-types`; who may do what, and the
//! sockets, are here. It knows nothing of rooms, calls or web servers.
//!
//! - [`Config`], [`Limits`], [`Error`]: what can be configured. [`Relay`]: a running relay. [`Metrics`]: what it counts.
//! - [`credentials`]: how credentials that expire are made.
//! - [`session`]: one client, without any I/O; it goes by [`policy`] (whom is relayed to) and by what an allocation may.
//! - [`framer`]: messages on a stream.
//! - Inside: `udp` and `stream` receive from clients, `shared` does what `session` decides, `client` has the relay
//!   socket, `datagrams` is what a UDP socket can do, `outbox` what waits for slow readers, `ports` where relay sockets
//!   go, `counts` how many somebody has, `wire` how messages look.
//!
//! A ready-made server was not to be had. `medea-turn`, the maintained fork of `turn`, asks whoever embeds it for a user's
//! key and for a socket, and for nothing else: whom is relayed to and how much, which is what keeps a relay from being an
//! open door, cannot be decided from outside. `turn-server` gives out virtual ports only, and so relays between its own
//! clients alone. `stun-types` and `turn-types` are kept by one hand with a tested client and server on top of them.
//!
//! It does not offer TCP allocations (RFC 6062), mobility (RFC 8016), reserved ports, or DONT-FRAGMENT; requests that
//! need them are refused as RFC 8656 says. Packets are not fragmented either: what is longer than a path takes is lost,
//! which WebRTC reckons with.
//!
//! The fuzz targets `turn_session` and `turn_framer` feed it bytes of every kind; `fuzz/Cargo.toml` says how.

mod allocation;
mod client;
mod config;
mod counts;
pub mod credentials;
mod datagrams;
pub mod framer;
mod metrics;
mod nonce;
mod outbox;
pub mod policy;
mod ports;
mod relay;
pub mod session;
mod shared;
mod stream;
mod udp;
mod wire;

pub use config::{Config, Error, Limits};
pub use credentials::{Credentials, Secret};
pub use ipnet::IpNet;
pub use metrics::{Metrics, Traffic};
pub use relay::Relay;
pub use session::Dropped;
