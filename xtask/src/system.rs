//! Programs from the system's package manager: browsers, drivers, Node.js, servers. Only tests and benchmarks need
//! them. As root on Debian or Ubuntu, missing programs are installed, with a message. Elsewhere, the message says what
//! to install.

use crate::process::{Failure, Outcome, capture, find_on_path, run, say};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program that the tests start, with its file names and its package names.
#[derive(Clone, Copy)]
pub struct Program {
    names: &'static [&'static str],
    /// The name for messages, and for systems with an unknown package manager.
    description: &'static str,
    debian: &'static str,
    ubuntu: &'static str,
    homebrew: &'static str,
}

/// Chromium or Chrome.
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

/// Firefox. Its driver, geckodriver, is a [`crate::tools::Tool`].
pub const FIREFOX: Program = Program {
    names: &["firefox", "firefox-esr"],
    description: "Firefox",
    debian: "firefox-esr",
    ubuntu: "firefox",
    homebrew: "--cask firefox",
};

/// Node.js, for the Socket.IO clients of the interoperability tests.
pub const NODE: Program = Program {
    names: &["node", "nodejs"],
    description: "Node.js 18 or later",
    debian: "nodejs",
    ubuntu: "nodejs",
    homebrew: "node",
};

/// The package manager of Node.js.
pub const NPM: Program =
    Program { names: &["npm"], description: "npm", debian: "npm", ubuntu: "npm", homebrew: "node" };

/// A TURN server for comparison. The tests also use the client programs of its package.
pub const COTURN: Program =
    Program { names: &["turnserver"], description: "coturn", debian: "coturn", ubuntu: "coturn", homebrew: "coturn" };

/// A reverse proxy in front of the server.
pub const NGINX: Program =
    Program { names: &["nginx"], description: "nginx", debian: "nginx", ubuntu: "nginx", homebrew: "nginx" };

/// Creates the network namespaces of the network laboratory.
pub const IP: Program = Program {
    names: &["ip"],
    description: "iproute2",
    debian: "iproute2",
    ubuntu: "iproute2",
    homebrew: "iproute2mac",
};

/// Cuts the paths in the network laboratory, with firewall rules.
pub const NFT: Program = Program {
    names: &["nft"],
    description: "nftables",
    debian: "nftables",
    ubuntu: "nftables",
    // nftables is for Linux only.
    homebrew: "",
};

impl Program {
    /// The path of the program, if it is on PATH or in `/usr/sbin`, where Debian has programs for administrators.
    pub fn find(&self) -> Option<PathBuf> {
        let in_sbin = || self.names.iter().map(|name| Path::new("/usr/sbin").join(name)).find(|path| path.is_file());
        find_on_path(self.names).or_else(in_sbin)
    }

    /// The path of the program.
    ///
    /// # Errors
    /// If the program is not found.
    pub fn require(&self) -> Outcome<PathBuf> {
        self.find().ok_or_else(|| Failure(format!("{} is not on PATH", self.description)))
    }
}

/// Installs the missing ones of `programs`.
///
/// # Errors
/// If a program is missing and cannot be installed from here. The message has the command that installs it.
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
                    "missing: {names}. Run this and try again:\n    sudo apt-get update && sudo apt-get {}",
                    arguments.join(" ")
                )));
            }
            say(format!("missing: {names}. Installing with apt-get"));
            run(&mut apt_get(&["update"]))?;
            run(&mut apt_get(&arguments))?;
            for service in [COTURN, NGINX].map(|program| program.debian) {
                if missing.iter().any(|program| program.debian == service) {
                    disable_service(service)?;
                }
            }
        }
        PackageManager::Homebrew => {
            let lines = missing.iter().map(|program| format!("\n    brew install {}", program.homebrew));
            return Err(Failure(format!("missing: {names}. Run this and try again:{}", lines.collect::<String>())));
        }
        PackageManager::Unknown => {
            return Err(Failure(format!(
                "missing: {names}. Install them with the system's package manager and try again; they must be on PATH."
            )));
        }
    }
    programs.iter().try_for_each(|program| program.require().map(drop))
}

/// Disables a service that Debian starts on installation. The tests start the program themselves.
fn disable_service(service: &str) -> Outcome {
    if !Path::new("/run/systemd/system").exists() {
        return Ok(());
    }
    say(format!("disabling the service of the package {service}; the tests start the program themselves"));
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

/// Whether [`ensure`] can install missing programs.
pub fn may_install() -> bool {
    matches!(package_manager(), PackageManager::Apt { .. }) && is_root()
}

/// Why a network laboratory is impossible on this system; `None` if it is possible. Installs its programs if that is
/// allowed.
pub fn no_laboratory() -> Outcome<Option<String>> {
    if !cfg!(target_os = "linux") {
        return Ok(Some("it needs network namespaces, which only Linux has".to_owned()));
    }
    if !is_root() {
        return Ok(Some("it needs root".to_owned()));
    }
    match ensure(&[IP, NFT]) {
        Ok(()) => {}
        Err(failure) if may_install() => return Err(failure),
        Err(failure) => return Ok(Some(failure.to_string())),
    }
    // In a container, root may lack the privilege to create namespaces.
    let name = format!("vitrine-trial-{}", std::process::id());
    let ip = |arguments: &[&str]| capture(Command::new("ip").args(arguments));
    let works = ip(&["netns", "add", &name]).is_some()
        && ip(&["netns", "exec", &name, "nft", "add", "table", "inet", "trial"]).is_some();
    let _ = ip(&["netns", "del", &name]);
    Ok((!works).then(|| "this system does not allow network namespaces, or nftables in them".to_owned()))
}

fn is_root() -> bool {
    capture(Command::new("id").arg("-u")).as_deref() == Some("0")
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    // No questions: there is no terminal to answer them.
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    command
}
