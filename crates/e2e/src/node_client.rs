//! npm's `socket.io-client` on Node.js, without a page around it.

use std::{process::Command, time::Duration};

use crate::{Result, needs, process::Process};

/// Connects to the server at `url` with each transport setting, for three of its ping intervals and a half.
///
/// # Errors
/// When a client is disconnected, or gets fewer pings than the server announced; or Node.js or its packages are missing.
pub async fn clients_stay_connected(url: &str, ping_interval: Duration) -> Result<()> {
    let mut command = Command::new(needs::node()?);
    command.arg(needs::directory().join("interop").join("stay.cjs")).arg(url);
    command.arg(ping_interval.as_millis().to_string()).env("NODE_PATH", needs::node_modules()?);
    Process::start(command, |line| (line == "all stayed connected").then_some(())).await.map(drop)
}
