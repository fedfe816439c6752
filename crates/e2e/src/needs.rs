//! Where the things are that the tests run: from environment variables, which `cargo xtask` sets, or else from their
//! usual places. What is missing is an error that says so; no test is left out for it.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{Error, Result};

/// This crate's directory: the pages and servers that the tests bring along.
pub(crate) fn directory() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The page that the benchmarks compare the app with.
pub fn baseline_directory() -> PathBuf {
    directory().join("bench")
}

fn root() -> PathBuf {
    directory().components().collect::<PathBuf>().ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}

/// Where pictures of failed pages go.
pub(crate) fn pictures() -> PathBuf {
    root().join("target").join("e2e")
}

/// The built app.
pub(crate) fn dist() -> Result<PathBuf> {
    const VARIABLE: &str = "VITRINE_E2E_DIST";
    let dist = env::var_os(VARIABLE).map_or_else(|| root().join("dist"), PathBuf::from);
    exists("the built app (dist/)", dist.join("index.html"), VARIABLE)?;
    Ok(dist)
}

/// `vitrine-server`, built for release.
pub(crate) fn server() -> Result<PathBuf> {
    const VARIABLE: &str = "VITRINE_E2E_SERVER";
    let program = format!("vitrine-server{}", env::consts::EXE_SUFFIX);
    let server = env::var_os(VARIABLE).map_or_else(|| root().join("target/release").join(program), PathBuf::from);
    exists("vitrine-server", server, VARIABLE)
}

/// chromedriver.
pub(crate) fn chromedriver() -> Result<PathBuf> {
    program("chromedriver", &["chromedriver"], "VITRINE_E2E_CHROMEDRIVER")
}

/// Chromium or Chrome.
pub(crate) fn chromium() -> Result<PathBuf> {
    program("Chromium", &["chromium", "chromium-browser", "google-chrome", "chrome"], "VITRINE_E2E_CHROMIUM")
}

/// geckodriver.
pub(crate) fn geckodriver() -> Result<PathBuf> {
    program("geckodriver", &["geckodriver"], "VITRINE_E2E_GECKODRIVER")
}

/// Firefox.
pub(crate) fn firefox() -> Result<PathBuf> {
    program("Firefox", &["firefox-esr", "firefox"], "VITRINE_E2E_FIREFOX")
}

/// Node.js.
pub(crate) fn node() -> Result<PathBuf> {
    program("Node.js", &["node", "nodejs"], "VITRINE_E2E_NODE")
}

/// nginx.
pub(crate) fn nginx() -> Result<PathBuf> {
    program("nginx", &["nginx"], "VITRINE_E2E_NGINX")
}

/// The project's own configuration of nginx.
pub(crate) fn nginx_configuration() -> PathBuf {
    root().join("docs").join("deploy").join("nginx.conf")
}

/// The directory that holds npm's `socket.io` and `socket.io-client`.
pub(crate) fn node_modules() -> Result<PathBuf> {
    const VARIABLE: &str = "VITRINE_E2E_NODE_MODULES";
    let modules = env::var_os(VARIABLE).map_or_else(|| directory().join("interop").join("node_modules"), PathBuf::from);
    exists("npm's socket.io", modules.join("socket.io").join("package.json"), VARIABLE)?;
    exists("npm's socket.io-client", modules.join("socket.io-client").join("package.json"), VARIABLE)?;
    Ok(modules)
}

/// npm's `axe-core`, as one script.
pub(crate) fn axe() -> Result<PathBuf> {
    let script = node_modules()?.join("axe-core").join("axe.min.js");
    exists("npm's axe-core", script, "VITRINE_E2E_NODE_MODULES")
}

fn exists(what: &'static str, path: PathBuf, variable: &'static str) -> Result<PathBuf> {
    if path.exists() {
        Ok(path)
    } else {
        Err(Error::Missing { what, looked_for: path.display().to_string(), variable })
    }
}

fn program(what: &'static str, names: &[&str], variable: &'static str) -> Result<PathBuf> {
    if let Some(path) = env::var_os(variable) {
        return exists(what, path.into(), variable);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path)
        .flat_map(|directory| {
            names.iter().map(move |name| directory.join(format!("{name}{}", env::consts::EXE_SUFFIX)))
        })
        .find(|candidate| candidate.is_file());
    found.ok_or_else(|| Error::Missing { what, looked_for: format!("{} in PATH", names.join(", ")), variable })
}
