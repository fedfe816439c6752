//! Running other programs: finding them, starting them, and saying what went wrong in a sentence. It knows nothing
//! of what the programs are for.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// Why a chore stopped, in words for the person at the terminal. No code decides anything by it, so it is text.
#[derive(Debug)]
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Failure {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// What a chore returns.
pub type Outcome<T = ()> = Result<T, Failure>;

/// Turns an I/O error into a [`Failure`] that says what was being attempted.
pub fn io_failure(attempt: impl fmt::Display) -> impl FnOnce(io::Error) -> Failure {
    move |error| Failure(format!("{attempt}: {error}"))
}

/// Announces a step. Standard error, so that a command's own figures stay alone on standard output.
pub fn say(text: impl fmt::Display) {
    eprintln!("==> {text}");
}

/// The `cargo` that runs this program, at the root of the project, as if a person had started it: what it tells this
/// program of its package is not for the builds of others, which take it for a change and compile anew.
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// The command line as a person would type it.
pub fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Runs to the end with the terminal as its output. Fails when it cannot start or exits with an error.
pub fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(io_failure(format!("cannot start `{}`", describe(command))))?;
    if status.success() { Ok(()) } else { Err(Failure(format!("`{}` failed ({status})", describe(command)))) }
}

/// What it prints on standard output, or `None` if it cannot start or exits with an error.
pub fn capture(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Hands the terminal over to a long-running program: on Unix this process becomes it, so that ctrl-c and signals
/// reach it and nothing is left behind.
pub fn become_program(command: &mut Command) -> Outcome<ExitCode> {
    let name = describe(command);
    #[cfg(unix)]
    let error = std::os::unix::process::CommandExt::exec(command);
    #[cfg(not(unix))]
    let error = match command.status() {
        Ok(status) if status.success() => return Ok(ExitCode::SUCCESS),
        Ok(_) => return Ok(ExitCode::FAILURE),
        Err(error) => error,
    };
    Err(io_failure(format!("cannot start `{name}`"))(error))
}

/// The first of `names` that is on PATH.
pub fn find_on_path(names: &[&str]) -> Option<PathBuf> {
    let directories: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    let suffixes: &[&str] = if cfg!(windows) { &[".exe", ".cmd"] } else { &[""] };
    let files = |name: &&str| suffixes.iter().map(|suffix| format!("{name}{suffix}")).collect::<Vec<_>>();
    names
        .iter()
        .flat_map(files)
        .find_map(|file| directories.iter().map(|directory| directory.join(&file)).find(|path| path.is_file()))
}

/// PATH with `directories` before it.
pub fn path_with(directories: &[PathBuf]) -> Outcome<std::ffi::OsString> {
    let rest = env::var_os("PATH").unwrap_or_default();
    env::join_paths(directories.iter().cloned().chain(env::split_paths(&rest)))
        .map_err(|error| Failure(format!("cannot put the tools on PATH: {error}")))
}
