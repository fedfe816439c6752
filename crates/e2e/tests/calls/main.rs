//! Calls between real browsers against the real server. Each test brings its own servers and browsers and needs nothing
//! but this machine; `cargo xtask test e2e` installs and builds what they run.

mod alive;
mod bad_luck;
mod browsers;
mod candidates;
mod coming_and_going;
mod devices;
mod embedding;
mod frozen;
mod heard;
mod hostile;
mod insight;
mod interop;
mod laboratory;
mod long_descriptions;
mod memory;
mod other_rooms;
mod people;
mod proxies;
mod refusals;
mod server_loss;
mod signaling_loss;
mod sleeping;
mod slow;
mod static_hosting;
mod vanishing;

use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use vitrine_e2e::{Connection, PATIENCE, Page, Result};

/// The longest time without a frame, in milliseconds, that a busy machine may be the reason for.
const LONGEST_GAP: f64 = 2000.0;

/// One test at a time, also without `--test-threads=1`: each fills a small machine with browsers.
async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

/// The page's one connection.
async fn connection(page: &Page) -> Result<Connection> {
    page.wait_until("there is one connection", Duration::from_secs(5), async || {
        let connections = page.connections().await?;
        Ok(<[Connection; 1]>::try_from(connections).map(|[only]| only).map_err(|all| format!("{all:?}")))
    })
    .await
}

/// The id of the page's one connection.
async fn connection_id(page: &Page) -> Result<u64> {
    Ok(connection(page).await?.id)
}

/// Restarts ICE from the first one's side, and waits until both ends have connected anew.
async fn restart_ice(one: (&Page, u64), other: (&Page, u64)) -> Result<()> {
    let old = one.0.negotiation(one.1).await?;
    one.0.restart_ice(one.1).await?;
    for (page, id) in [one, other] {
        page.wait_until("ICE has restarted on both ends", PATIENCE, async || {
            let state = page.negotiation(id).await?;
            let known = [&old.local_fragment, &old.remote_fragment];
            let new = !known.contains(&&state.local_fragment) && !known.contains(&&state.remote_fragment);
            let good = new && state.signaling == "stable" && ["connected", "completed"].contains(&&*state.ice);
            Ok(if good { Ok(()) } else { Err(format!("{state:?}, before {old:?}")) })
        })
        .await?;
    }
    Ok(())
}
