//! Calls between real browsers against the real server. Each test brings its own servers and browsers and needs nothing
//! but this machine; `cargo xtask test --only e2e` installs and builds what they run.

mod accessibility;
mod alive;
mod bad_luck;
mod browsers;
mod candidates;
mod chat;
mod choosing_devices;
mod coming_and_going;
mod devices;
mod embedding;
mod frozen;
mod heard;
mod hostile;
mod insight;
mod inspector;
mod interop;
mod laboratory;
mod long_descriptions;
mod memory;
mod other_rooms;
mod people;
mod presence;
mod proxies;
mod refusals;
mod screen;
mod server_loss;
mod shell;
mod signaling_loss;
mod sleeping;
mod slow;
mod static_hosting;
mod troubles;
mod vanishing;
mod webrtc_internals;

use std::{
    pin::pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;
use vitrine_e2e::{Connection, PATIENCE, Page, Result};

/// The longest time without a frame, in milliseconds, that a busy machine may be the reason for.
const LONGEST_GAP: f64 = 2000.0;

/// How many tests run beside each other. A call costs a small machine as much for each second that it lasts. On one that has
/// too much to do, calls last longer, cost more, and miss their deadlines.
const AT_ONCE: u32 = 2;

/// How much of the machine is free.
static FREE: Mutex<u32> = Mutex::new(AT_ONCE);

/// Told when a test has given its share back.
static GIVEN_BACK: Notify = Notify::const_new();

/// What a test takes of the machine while it runs.
struct Share(u32);

impl Share {
    /// Waits until so much is free. A small share need not wait for a large one that has asked before, so that nothing of the
    /// machine lies idle: the tests that need all of it run last.
    async fn of(share: u32) -> Self {
        loop {
            let mut given_back = pin!(GIVEN_BACK.notified());
            // Before the look, so that what is given back in between is not missed.
            given_back.as_mut().enable();
            {
                let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
                if *free >= share {
                    *free -= share;
                    return Self(share);
                }
            }
            given_back.await;
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        *FREE.lock().unwrap_or_else(PoisonError::into_inner) += self.0;
        GIVEN_BACK.notify_waiters();
    }
}

/// Half of the machine: for a test that waits for states, with two or three participants.
async fn half() -> Share {
    Share::of(1).await
}

/// All: for a test that measures times or gaps, keeps a processor busy, or has more participants.
async fn whole() -> Share {
    Share::of(AT_ONCE).await
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
