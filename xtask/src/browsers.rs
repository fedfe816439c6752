//! Finds or installs what tests and benchmarks in real browsers need: browsers, drivers, wasm tools, and the npm
//! packages of the interoperability tests. Passes their paths on as environment variables. Runs no test itself.

use crate::process::{Outcome, forget_package, io_failure, path_with, run, say};
use crate::system::{CHROMEDRIVER, CHROMIUM, COTURN, FIREFOX, NGINX, NODE, NPM, ensure};
use crate::tools::{cache_directory, geckodriver, install_once, wasm_bindgen, wasm_pack};
use crate::{dist, server};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A browser that the app's own tests run in.
#[derive(Clone, Copy, PartialEq)]
pub enum Browser {
    /// Chromium or Chrome, through chromedriver.
    Chromium,
    /// Firefox, through geckodriver.
    Firefox,
}

/// `wasm-pack test` for the app in `browser`. `extra` is passed on to the test runner.
pub fn wasm_test_command(root: &Path, browser: Browser, extra: &[String]) -> Outcome<Command> {
    let mut command = Command::new(wasm_pack().ensure_program()?);
    command.current_dir(root).args(["test", "--headless", "--mode", "no-install"]);
    match browser {
        Browser::Chromium => {
            command.args(["--chrome", "--chromedriver"]).arg(CHROMEDRIVER.require()?);
        }
        Browser::Firefox => {
            command.args(["--firefox", "--geckodriver"]).arg(geckodriver().ensure_program()?);
        }
    }
    command.args(["--", "--"]).args(extra);
    command.env("PATH", path_with(&[wasm_bindgen(root)?.ensure()?])?);
    forget_package(&mut command);
    Ok(command)
}

/// Prepares `command`, a program of `crates/e2e`: builds what it tests and sets the variables with the paths.
pub fn prepare_end_to_end(root: &Path, target: &Path, command: &mut Command) -> Outcome {
    command.env("VITRINE_E2E_DIST", dist::build(root, target)?);
    prepare_servers(root, target, command)?;
    command.env("VITRINE_E2E_CHROMIUM", CHROMIUM.require()?);
    command.env("VITRINE_E2E_CHROMEDRIVER", CHROMEDRIVER.require()?);
    command.env("VITRINE_E2E_NGINX", NGINX.require()?);
    if let Some(firefox) = FIREFOX.find() {
        command.env("VITRINE_E2E_FIREFOX", firefox);
        command.env("VITRINE_E2E_GECKODRIVER", geckodriver().ensure_program()?);
    }
    Ok(())
}

/// Like [`prepare_end_to_end`], for a program that needs no browser and no app.
pub fn prepare_servers(root: &Path, target: &Path, command: &mut Command) -> Outcome {
    command.env("VITRINE_E2E_SERVER", server::build(root, target)?);
    command.env("VITRINE_E2E_NODE", NODE.require()?);
    command.env("VITRINE_E2E_NODE_MODULES", ensure_node_modules(root)?);
    Ok(())
}

/// Installs the system packages and npm packages that [`prepare_servers`] needs.
pub fn ensure_servers(root: &Path) -> Outcome {
    ensure(&[NODE, NPM, COTURN])?;
    ensure_node_modules(root).map(drop)
}

/// Installs the system packages and npm packages that [`prepare_end_to_end`] needs, except Firefox.
pub fn ensure_end_to_end(root: &Path) -> Outcome {
    ensure(&[CHROMIUM, CHROMEDRIVER, NGINX])?;
    ensure_servers(root)
}

/// The `node_modules` in the per-user cache with the packages of `crates/e2e/interop/package-lock.json`.
fn ensure_node_modules(root: &Path) -> Outcome<PathBuf> {
    let interop = root.join("crates").join("e2e").join("interop");
    let manifests = ["package.json", "package-lock.json"].map(|name| (name, interop.join(name)));
    let mut hasher = DefaultHasher::new();
    for (_, path) in &manifests {
        fs::read(path).map_err(io_failure(format!("cannot read {}", path.display())))?.hash(&mut hasher);
    }
    let home = cache_directory()?.join("npm").join(format!("interop-{:016x}", hasher.finish()));
    install_once(&home, |partial| {
        say("installing the npm packages of the interoperability tests (seconds)");
        for (name, path) in &manifests {
            fs::copy(path, partial.join(name)).map_err(io_failure(format!("cannot copy {name}")))?;
        }
        let mut command = Command::new(NPM.require()?);
        command.current_dir(partial).stdin(Stdio::null());
        run(command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]))
    })?;
    Ok(home.join("node_modules"))
}
