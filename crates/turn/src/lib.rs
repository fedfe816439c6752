//! A STUN server (RFC 8489) and TURN relay (RFC 8656, UDP allocations) over UDP, over TCP, and over any byte stream
//! that the caller accepted, such as TLS. `stun-types` and `turn-types` provide the codecs; this crate adds
//! authorization and sockets. It knows nothing of rooms, calls or web servers.
//!
//! - [`Config`], [`Limits`], [`Error`]: the configuration. [`Relay`]: a running relay. [`Metrics`]: its counters.
//! - [`credentials`]: expiring credentials.
//! - [`session`]: the state machine of one client, without I/O. [`policy`]: the peers that may be relayed to.
//! - [`framer`]: messages on a stream.
//! - Private: `udp` and `stream` receive from clients, `stream_limiter` counts streams, `shared` executes the decisions
//!   of `session`, `client` owns the relay socket and sends to clients, `datagrams` wraps UDP sockets, `outbox` queues
//!   for slow readers, `ports` chooses addresses and ports of relay sockets, `counts` counts for quotas, `nonce` issues
//!   nonces, `wire` reads and writes messages.
//!
//! No existing server crate fits. `medea-turn`, the maintained fork of `turn`, asks its caller for a user's key and for
//! a socket only: the caller cannot restrict peers and bandwidth, without which the relay is an open proxy.
//! `turn-server` hands out virtual ports, and so relays between its own clients only. `stun-types` and `turn-types` are
//! maintained together with a tested client and server on top of them.
//!
//! TCP allocations (RFC 6062), mobility (RFC 8016), reserved ports and DONT-FRAGMENT are not supported; requests that
//! need them are refused as RFC 8656 says. Packets are not fragmented either: a packet longer than the path MTU is
//! lost, which WebRTC expects.
//!
//! The fuzz targets `turn_session` and `turn_framer` cover the parsers; see `fuzz/Cargo.toml`.

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
mod stream_limiter;
mod udp;
mod wire;

pub use config::{Config, Error, Limits};
pub use credentials::{Credentials, Secret};
pub use ipnet::IpNet;
pub use metrics::{Metrics, Traffic};
pub use relay::Relay;
pub use session::Dropped;
