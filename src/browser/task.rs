//! A spawned future with an owner: dropping its [`Task`] stops it.

use std::future::Future;

use futures_util::future::{AbortHandle, abortable};

/// A running future; aborted on drop.
#[must_use = "the future is aborted when this is dropped"]
pub struct Task(AbortHandle);

impl Task {
    /// Runs `future` on the page's event loop.
    pub fn spawn(future: impl Future<Output = ()> + 'static) -> Self {
        let (future, handle) = abortable(future);
        wasm_bindgen_futures::spawn_local(async move {
            let _ = future.await;
        });
        Self(handle)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
