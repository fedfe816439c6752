//! Finds or installs the pinned build tools. They are in a per-user cache, with a directory for each tool and version,
//! so that all clones on a machine share them. Browsers and other system packages are in [`crate::system`].

use crate::process::{Failure, Outcome, capture, find_on_path, forget_package, io_failure, path_with, run, say};
use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The target the app is compiled to.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// A tool that `cargo install` can build, at the version that the project pins.
pub struct Tool {
    package: &'static str,
    version: String,
    /// The first one is run with `--version`.
    binaries: &'static [&'static str],
    purpose: &'static str,
    /// `opt-level` for compiling it here. Optimising takes longer than it saves when the tool runs.
    opt_level: &'static str,
    /// Time to compile it on two cores.
    minutes: u32,
    extra_arguments: &'static [&'static str],
}

/// Builds and bundles the app. Built without TLS: it downloads nothing here.
pub fn trunk() -> Tool {
    Tool {
        package: "trunk",
        version: "0.21.14".to_owned(),
        binaries: &["trunk"],
        purpose: "builds the app",
        opt_level: "0",
        minutes: 3,
        extra_arguments: &["--locked", "--no-default-features"],
    }
}

/// Generates the JavaScript around the wasm, and runs wasm tests. Its version must be exactly that of the
/// `wasm-bindgen` library in `Cargo.lock`.
pub fn wasm_bindgen(root: &Path) -> Outcome<Tool> {
    let lock = fs::read_to_string(root.join("Cargo.lock")).map_err(io_failure("cannot read Cargo.lock"))?;
    let version = locked_version(&lock, "wasm-bindgen").ok_or("Cargo.lock has no package `wasm-bindgen`")?;
    Ok(Tool {
        package: "wasm-bindgen-cli",
        version: version.to_owned(),
        binaries: &["wasm-bindgen", "wasm-bindgen-test-runner"],
        purpose: "connects the app's wasm to the browser",
        opt_level: "1",
        minutes: 2,
        // Not `--locked`: its lock file names a dependency that has been withdrawn since. Without TLS: it only speaks
        // HTTP with a browser's driver on this machine.
        extra_arguments: &["--no-default-features"],
    })
}

/// Runs the app's tests in real browsers.
pub fn wasm_pack() -> Tool {
    Tool {
        package: "wasm-pack",
        version: "0.15.1".to_owned(),
        binaries: &["wasm-pack"],
        purpose: "runs the app's tests in browsers",
        opt_level: "0",
        minutes: 2,
        extra_arguments: &["--locked"],
    }
}

/// The WebDriver server for Firefox.
pub fn geckodriver() -> Tool {
    Tool {
        package: "geckodriver",
        version: "0.37.1".to_owned(),
        binaries: &["geckodriver"],
        purpose: "drives Firefox in tests",
        opt_level: "0",
        minutes: 2,
        extra_arguments: &["--locked"],
    }
}

/// The version of `package` in the text of a `Cargo.lock`; the first one, if it has several.
fn locked_version<'lock>(lock: &'lock str, package: &str) -> Option<&'lock str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.next()?;
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')
}

impl Tool {
    /// The directory of the tool's programs. Installs them if they are missing.
    pub fn ensure(&self) -> Outcome<PathBuf> {
        if let Some(directory) = self.on_path() {
            return Ok(directory);
        }
        let tools = cache_directory()?.join("tools");
        let home = tools.join(format!("{}-{}", self.package, self.version));
        install_once(&home, |partial| self.install(partial))?;
        Ok(home.join("bin"))
    }

    /// The path of the tool's first program. Installs it if it is missing.
    pub fn ensure_program(&self) -> Outcome<PathBuf> {
        Ok(self.ensure()?.join(file_name(self.binaries[0])))
    }

    /// Package and version, for the fingerprint of a build.
    pub fn identity(&self) -> String {
        format!("{} {}", self.package, self.version)
    }

    fn on_path(&self) -> Option<PathBuf> {
        let program = find_on_path(&[self.binaries[0]])?;
        let directory = program.parent()?.to_owned();
        let complete = self.binaries.iter().all(|binary| directory.join(file_name(binary)).is_file());
        (complete && self.is_right_version(&program)).then_some(directory)
    }

    /// All these tools answer `--version` with a line `NAME VERSION …`.
    fn is_right_version(&self, program: &Path) -> bool {
        let output = capture(Command::new(program).arg("--version"));
        output.is_some_and(|text| text.split_whitespace().nth(1) == Some(self.version.as_str()))
    }

    /// Installs into `partial/bin`.
    fn install(&self, partial: &Path) -> Outcome {
        if find_on_path(&["cargo-binstall"]).is_some() {
            match self.install_prebuilt(partial) {
                Ok(()) => return Ok(()),
                Err(failure) => say(format!("no prebuilt {} ({failure}); compiling it", self.package)),
            }
        }
        self.compile(partial)
    }

    fn install_prebuilt(&self, partial: &Path) -> Outcome {
        say(format!("installing {} {} ({}), prebuilt", self.package, self.version, self.purpose));
        let mut command = Command::new("cargo");
        command.args(["binstall", "--no-confirm", "--disable-strategies", "compile", "--root"]);
        run(command.arg(partial).arg(format!("{}@{}", self.package, self.version)))?;
        let program = partial.join("bin").join(file_name(self.binaries[0]));
        if self.is_right_version(&program) { Ok(()) } else { Err("it does not run on this system".into()) }
    }

    fn compile(&self, partial: &Path) -> Outcome {
        say(format!(
            "installing {} {} ({}): once per machine, about {} min on two cores",
            self.package, self.version, self.purpose, self.minutes
        ));
        let mut command = Command::new("cargo");
        // Outside of the project: its cargo configuration is not for other packages.
        command.current_dir(partial).args(["install", "--root"]).arg(partial).args(self.extra_arguments);
        command.arg(format!("{}@{}", self.package, self.version));
        // Without this, cargo advises to put the directory on PATH.
        command.env("PATH", path_with(&[partial.join("bin")])?);
        command.env("CARGO_TARGET_DIR", partial.join("build")).env_remove("CARGO_BUILD_TARGET");
        command.env("CARGO_PROFILE_RELEASE_LTO", "off");
        command.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", self.opt_level);
        command.env("CARGO_PROFILE_RELEASE_DEBUG", "0");
        command.env("CARGO_PROFILE_RELEASE_STRIP", "true");
        command.env("CARGO_PROFILE_RELEASE_PANIC", "unwind");
        run(&mut command).map_err(|failure| {
            Failure(format!(
                "{failure}\nIf the cause is not shown above, install the tool by hand and try again:\n    \
                 cargo install {} {}@{}",
                self.extra_arguments.join(" "),
                self.package,
                self.version
            ))
        })
    }
}

fn file_name(binary: &str) -> String {
    format!("{binary}{}", env::consts::EXE_SUFFIX)
}

/// The cache that all clones share: `VITRINE_CACHE`, or else the platform's cache directory for the user.
pub fn cache_directory() -> Outcome<PathBuf> {
    let directory_in = |variable: &str| env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let platform = if cfg!(windows) {
        directory_in("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        directory_in("HOME").map(|home| home.join("Library/Caches"))
    } else {
        directory_in("XDG_CACHE_HOME").or_else(|| directory_in("HOME").map(|home| home.join(".cache")))
    };
    directory_in("VITRINE_CACHE")
        .or_else(|| platform.map(|directory| directory.join("vitrine")))
        .ok_or_else(|| "no home directory for the build tools; set VITRINE_CACHE to a directory".into())
}

/// Fills the directory `home` with `install`, unless `home` exists.
///
/// `install` works in a directory beside `home` that is renamed at the end, so an interrupted installation never counts
/// as complete. A lock keeps two processes apart. `install` may find files of an interrupted run. Its subdirectory
/// `build` is removed before the renaming.
pub fn install_once(home: &Path, install: impl FnOnce(&Path) -> Outcome) -> Outcome {
    if home.is_dir() {
        return Ok(());
    }
    let cannot = |path: &Path| io_failure(format!("cannot write {}", path.display()));
    let partial = home.with_added_extension("partial");
    let lock_path = home.with_added_extension("lock");
    let parent = home.parent().unwrap_or(home);
    fs::create_dir_all(parent).map_err(cannot(parent))?;
    let lock = File::create(&lock_path).map_err(cannot(&lock_path))?;
    if lock.try_lock().is_err() {
        say(format!("waiting for another process that is filling {}", home.display()));
        lock.lock().map_err(cannot(&lock_path))?;
    }
    if home.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(&partial).map_err(cannot(&partial))?;
    install(&partial)?;
    let build = partial.join("build");
    if build.is_dir() {
        fs::remove_dir_all(&build).map_err(cannot(&build))?;
    }
    fs::rename(&partial, home).map_err(cannot(home))
}

/// Adds the standard library for [`WASM_TARGET`] to the toolchain in use, if it is missing.
pub fn ensure_wasm_target() -> Outcome {
    let query = capture(Command::new("rustc").args(["--print", "target-libdir", "--target", WASM_TARGET]));
    if query.is_some_and(|directory| Path::new(&directory).is_dir()) {
        return Ok(());
    }
    say(format!("adding the target {WASM_TARGET} to the Rust toolchain (seconds)"));
    rustup(&["target", "add", WASM_TARGET])
}

/// Adds rustfmt and clippy to the toolchain in use, if they are missing.
pub fn ensure_components() -> Outcome {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if capture(Command::new("cargo").args([subcommand, "--version"])).is_none() {
            say(format!("adding {component} to the Rust toolchain (seconds)"));
            rustup(&["component", "add", component])?;
        }
    }
    Ok(())
}

fn rustup(arguments: &[&str]) -> Outcome {
    if find_on_path(&["rustup"]).is_none() {
        return Err(Failure(format!(
            "the Rust toolchain needs `rustup {}`, and rustup is not on PATH.\n\
             Install rustup from https://rustup.rs, or the missing part with the system's package manager.",
            arguments.join(" ")
        )));
    }
    run(Command::new("rustup").args(arguments))
}

/// Trunk, with the pinned `wasm-bindgen` first on its PATH. Installs what is missing.
pub fn trunk_command(root: &Path) -> Outcome<Command> {
    ensure_wasm_target()?;
    let wasm_bindgen = wasm_bindgen(root)?.ensure()?;
    let mut command = Command::new(trunk().ensure_program()?);
    command.current_dir(root).env("PATH", path_with(&[wasm_bindgen])?);
    forget_package(&mut command);
    // With RUST_BACKTRACE set for another program, Trunk would print its own backtrace after every compile error.
    command.env("RUST_LIB_BACKTRACE", "0");
    // Trunk takes only `true` and `false` in NO_COLOR; by convention, any value is allowed.
    if env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        command.env("NO_COLOR", "true");
    } else {
        command.env_remove("NO_COLOR");
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.80\"\n\n\
                        [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\nsource = \"somewhere\"\n";

    #[test]
    fn locked_version_is_found_by_exact_name() {
        assert_eq!(locked_version(LOCK, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked_version(LOCK, "wasm-bindgen-futures"), Some("0.4.80"));
        assert_eq!(locked_version(LOCK, "wasm"), None);
    }

    #[test]
    fn wasm_bindgen_version_comes_from_cargo_lock() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert!(wasm_bindgen(root).unwrap().version.starts_with("0.2."));
    }

    #[test]
    fn only_interrupted_installation_is_repeated() {
        let directory = env::temp_dir().join(format!("vitrine-install-{}", std::process::id()));
        let home = directory.join("tool-1");
        assert!(install_once(&home, |_| Err("interrupted".into())).is_err());
        assert!(!home.exists());
        let fill = |partial: &Path| {
            fs::create_dir_all(partial.join("build")).unwrap();
            fs::create_dir_all(partial.join("bin")).map_err(io_failure("bin"))
        };
        install_once(&home, fill).unwrap();
        assert!(home.join("bin").is_dir() && !home.join("build").exists());
        install_once(&home, |_| Err("installed twice".into())).unwrap();
        fs::remove_dir_all(&directory).unwrap();
    }
}
