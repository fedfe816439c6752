//! Calls between real browsers against the real server. Each test brings its own servers and browsers and needs nothing
//! but this machine; `cargo xtask test e2e` installs and builds what they run.

mod bad_luck;
mod browsers;
mod coming_and_going;
mod interop;
mod memory;
mod people;
mod server_loss;
mod static_hosting;

use tokio::sync::{Mutex, MutexGuard};

/// One test at a time, also without `--test-threads=1`: each fills a small machine with browsers.
async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}
