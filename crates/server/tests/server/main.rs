//! Tests of the server from outside: real sockets, handwritten Socket.IO frames, and the program itself.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod client;
mod connection_limits;
mod engine_io;
mod forwarding;
mod http;
mod https;
mod metrics;
mod opening;
mod polling;
mod program;
mod refusals;
mod rooms;
mod static_files;
mod turn;
