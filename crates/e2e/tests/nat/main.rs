//! Calls between browsers in networks of every kind: which way media goes is what the networks dictate, and the page
//! says so; before a call, its check says what of each server the network leaves. One laboratory with its browsers serves
//! all tests, and is gone when the last one has ended. Tests whose browsers differ run beside each other.
//! `cargo xtask test --only nat` installs and builds what they run.

mod calls;
mod changes;
mod check;

mod stage;
mod topology;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use libtest_mimic::{Arguments, Failed, Trial};
use stage::Stage;
use tokio::runtime::{Builder, Runtime};

/// What the tests share; the browsers' connections live on this runtime from test to test.
struct Shared {
    /// Made when the first test asks for it.
    stage: Mutex<Option<Arc<Stage>>>,
    /// Locked by a test of the networks themselves: these tests use the same ports.
    ports: Mutex<()>,
    runtime: Runtime,
}

impl Shared {
    fn stage(&self) -> Result<Arc<Stage>, Failed> {
        let mut stage = lock(&self.stage);
        if let Some(stage) = &*stage {
            return Ok(stage.clone());
        }
        let new = Arc::new(Stage::set().map_err(|error| error.to_string())?);
        Ok(stage.insert(new).clone())
    }
}

/// A test that panicked leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn main() -> std::io::Result<()> {
    let arguments = Arguments::from_args();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let shared = Arc::new(Shared { stage: Mutex::new(None), ports: Mutex::new(()), runtime });
    let topology = topology::TESTS.into_iter().map(|(name, test)| {
        let shared = shared.clone();
        Trial::test(name, move || {
            let stage = shared.stage()?;
            let _ports = lock(&shared.ports);
            test(&stage.laboratory, &stage.probes).map_err(|error| error.to_string().into())
        })
    });
    let calls = calls::tests().into_iter().chain(check::tests()).chain(changes::tests()).map(|(name, test)| {
        let shared = shared.clone();
        Trial::test(name, move || {
            let stage = shared.stage()?;
            shared.runtime.block_on(test(&stage)).map_err(|error| error.to_string().into())
        })
    });
    let trials = topology.chain(calls).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Leaving does not drop what is shared.
    drop(lock(&shared.stage).take());
    conclusion.exit()
}
