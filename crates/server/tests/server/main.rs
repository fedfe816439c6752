//! The server from outside: real sockets, real Socket.IO frames written out by hand, and the real program.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod client;
mod door;
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
