//! What comes from the system's package manager: browsers, their drivers, Node, servers. Only tests and benchmarks need them.
//! Installs nothing behind anyone's back: as root on Debian and its relatives it says what it installs; everywhere
//! else it says what to run.

use crate::process::{Failure, Outcome, capture, find_on_path, run, say};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program the tests start, under the names it goes by.
#[derive(Clone, Copy)]
pub struct Program {
    names: &'static [&'static str],
    /// In words, for systems whose packages are not known here.
    description: &'static str,
    debian: &'static str,
    ubuntu: &'static str,
    homebrew: &'static str,
}

/// Chromium, or Chrome.
pub const CHROMIUM: Program = Program {
    names: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    description: "Chromium or Chrome",
    debian: "chromium",
    ubuntu: "chromium-browser",
    homebrew: "--cask chromium",
};

/// The WebDriver server for [`CHROMIUM`].
pub const CHROMEDRIVER: Program = Program {
    names: &["chromedriver"],
    description: "chromedriver (of Chromium's version)",
    debian: "chromium-driver",
    ubuntu: "chromium-chromedriver",
    homebrew: "--cask chromedriver",
};

/// Firefox. Its driver is a [`crate::tools::Tool`].
pub const FIREFOX: Program = Program {
    names: &["firefox", "firefox-esr"],
    description: "Firefox",
    debian: "firefox-esr",
    ubuntu: "firefox",
    homebrew: "--cask firefox",
};

/// Node, to run the Socket.IO peers of the interoperability tests.
pub const NODE: Program = Program {
    names: &["node", "nodejs"],
    description: "Node.js 18 or later",
    debian: "nodejs",
    ubuntu: "nodejs",
    homebrew: "node",
};

/// Node's package manager.
pub const NPM: Program =
    Program { names: &["npm"], description: "npm", debian: "npm", ubuntu: "npm", homebrew: "node" };

/// A TURN server to compare with, and the client programs that come with it.
pub const COTURN: Program =
    Program { names: &["turnserver"], description: "coturn", debian: "coturn", ubuntu: "coturn", homebrew: "coturn" };

/// A reverse proxy to put before the server.
pub const NGINX: Program =
    Program { names: &["nginx"], description: "nginx", debian: "nginx", ubuntu: "nginx", homebrew: "nginx" };

/// Makes the networks of the network laboratory.
pub const IP: Program = Program {
    names: &["ip"],
    description: "iproute2",
    debian: "iproute2",
    ubuntu: "iproute2",
    homebrew: "iproute2mac",
};

/// Cuts them.
pub const NFT: Program = Program {
    names: &["nft"],
    description: "nftables",
    debian: "nftables",
    ubuntu: "nftables",
    // Linux has it alone.
    homebrew: "",
};

impl Program {
    /// Where it is, if it is on PATH or where Debian keeps programs for administrators.
    pub fn find(&self) -> Option<PathBuf> {
        let administrators =
            || self.names.iter().map(|name| Path::new("/usr/sbin").join(name)).find(|path| path.is_file());
        find_on_path(self.names).or_else(administrators)
    }

    /// Where it is, or why the tests cannot go on.
    pub fn require(&self) -> Outcome<PathBuf> {
        self.find().ok_or_else(|| Failure(format!("{} is not on PATH", self.description)))
    }
}

/// Makes sure of `programs`. Where they are missing and may not be installed from here, fails with the command that
/// would do it.
pub fn ensure(programs: &[Program]) -> Outcome {
    let missing = missing(programs);
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|program| program.description).collect::<Vec<_>>().join(", ");
    match package_manager() {
        PackageManager::Apt { ubuntu } => {
            let packages = missing.iter().map(|program| if ubuntu { program.ubuntu } else { program.debian });
            let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
            arguments.extend(packages);
            if !is_root() {
                return Err(Failure(format!(
                    "{names} missing. Run this and try again:\n    sudo apt-get update && sudo apt-get {}",
                    arguments.join(" ")
                )));
            }
            say(format!("{names} missing: installing with apt-get"));
            run(&mut apt_get(&["update"]))?;
            run(&mut apt_get(&arguments))?;
            for service in [COTURN, NGINX].map(|program| program.debian) {
                if missing.iter().any(|program| program.debian == service) {
                    keep_from_serving(service)?;
                }
            }
        }
        PackageManager::Homebrew => {
            let lines = missing.iter().map(|program| format!("\n    brew install {}", program.homebrew));
            return Err(Failure(format!("{names} missing. Run this and try again:{}", lines.collect::<String>())));
        }
        PackageManager::Unknown => {
            return Err(Failure(format!(
                "{names} missing. Install with your system's package manager, so that these are on PATH, and try again."
            )));
        }
    }
    programs.iter().try_for_each(|program| program.require().map(drop))
}

/// Debian starts a service once it is installed. The tests start the program themselves, and nobody else asked for it.
fn keep_from_serving(service: &str) -> Outcome {
    if !Path::new("/run/systemd/system").exists() {
        return Ok(());
    }
    say(format!("switching off the service that came with {service}; the tests start the program themselves"));
    run(Command::new("systemctl").args(["disable", "--now", service]))
}

fn missing(programs: &[Program]) -> Vec<Program> {
    programs.iter().filter(|program| program.find().is_none()).copied().collect()
}

enum PackageManager {
    Apt { ubuntu: bool },
    Homebrew,
    Unknown,
}

fn package_manager() -> PackageManager {
    if cfg!(target_os = "macos") {
        return PackageManager::Homebrew;
    }
    if find_on_path(&["apt-get"]).is_none() {
        return PackageManager::Unknown;
    }
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    PackageManager::Apt { ubuntu: release.lines().any(|line| line == "ID=ubuntu") }
}

/// Whether [`ensure`] installs what is missing instead of asking for it.
pub fn may_install() -> bool {
    matches!(package_manager(), PackageManager::Apt { .. }) && is_root()
}

/// Why there can be no network laboratory here, if there can be none. Installs its programs where that may be done.
pub fn no_laboratory() -> Outcome<Option<String>> {
    if !cfg!(target_os = "linux") {
        return Ok(Some("it needs network namespaces, which Linux has".to_owned()));
    }
    if !is_root() {
        return Ok(Some("it needs root".to_owned()));
    }
    match ensure(&[IP, NFT]) {
        Ok(()) => {}
        Err(failure) if may_install() => return Err(failure),
        Err(failure) => return Ok(Some(failure.to_string())),
    }
    // Root in a container may be root in name.
    let name = format!("vitrine-trial-{}", std::process::id());
    let ip = |arguments: &[&str]| capture(Command::new("ip").args(arguments));
    let works = ip(&["netns", "add", &name]).is_some()
        && ip(&["netns", "exec", &name, "nft", "add", "table", "inet", "trial"]).is_some();
    let _ = ip(&["netns", "del", &name]);
    Ok((!works).then(|| "this system refuses to make network namespaces, or nftables in them".to_owned()))
}

fn is_root() -> bool {
    capture(Command::new("id").arg("-u")).as_deref() == Some("0")
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    // Nothing to answer its questions with.
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    command
}
