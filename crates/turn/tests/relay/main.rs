//! What the relay promises, rule by rule: first without I/O, then over sockets, then to coturn's own client programs.

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
