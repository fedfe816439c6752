//! The rules of the relay, tested without I/O, over sockets, and with coturn's client programs.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod allocations_rules;
mod client;
mod coturn;
mod credentials_rules;
mod data_rules;
mod hostile;
mod limits;
mod message;
mod peers;
mod scene;
mod streams;
mod stun_rules;
mod transports;
