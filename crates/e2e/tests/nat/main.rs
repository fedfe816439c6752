//! Calls between browsers in networks of every kind: which way media goes is what the networks dictate, and the page
//! says so; before a call, its check says what of each server the network leaves. One laboratory with its browsers serves
//! all tests, which therefore run one after another, and is gone when the last one has ended. `cargo xtask test nat`
//! installs and builds what they run.

mod calls;
mod changes;
mod check;

mod stage;
mod topology;

use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Arguments, Failed, Trial};
use stage::Stage;
use tokio::runtime::{Builder, Runtime};

/// Made when the first test asks for it; the browsers' connections live on this runtime from test to test.
struct Shared {
    stage: Mutex<Option<Stage>>,
    runtime: Runtime,
}

impl Shared {
    fn with(&self, test: impl FnOnce(&mut Stage, &Runtime) -> Result<(), Failed>) -> Result<(), Failed> {
        // A test that panicked has left nothing half done that the next one minds.
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let stage = match &mut *stage {
            Some(stage) => stage,
            none => none.insert(Stage::set().map_err(|error| error.to_string())?),
        };
        test(stage, &self.runtime)
    }
}

fn main() -> std::io::Result<()> {
    let arguments = Arguments::from_args();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let shared = Arc::new(Shared { stage: Mutex::new(None), runtime });
    let topology = topology::TESTS.into_iter().map(|(name, test)| {
        let shared = shared.clone();
        Trial::test(name, move || {
            shared.with(|stage, _| test(&stage.laboratory, &stage.probes).map_err(|error| error.to_string().into()))
        })
    });
    let calls = calls::tests().into_iter().chain(check::tests()).chain(changes::tests()).map(|(name, test)| {
        let shared = shared.clone();
        Trial::test(name, move || {
            shared.with(|stage, runtime| runtime.block_on(test(stage)).map_err(|error| error.to_string().into()))
        })
    });
    let trials = topology.chain(calls).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Leaving does not drop what is shared.
    drop(shared.stage.lock().unwrap_or_else(PoisonError::into_inner).take());
    conclusion.exit()
}
