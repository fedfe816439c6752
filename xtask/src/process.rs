//! Finds, starts and runs other programs, and reports their failures in one sentence. The purpose of a program is the
//! caller's matter.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// Why a command failed, as a message for the terminal. No code branches on the reason, so it is text.
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

/// The result of a command or of a step of it.
pub type Outcome<T = ()> = Result<T, Failure>;

/// Turns an I/O error into a [`Failure`] that names the attempt, such as "cannot read Cargo.lock".
pub fn io_failure(attempt: impl fmt::Display) -> impl FnOnce(io::Error) -> Failure {
    move |error| Failure(format!("{attempt}: {error}"))
}

/// Prints a step to standard error. Standard output is for a command's results.
pub fn say(text: impl fmt::Display) {
    eprintln!("==> {text}");
}

/// The `cargo` that runs this program, at the root of the project, without the variables of this package.
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    forget_package(&mut command);
    command
}

/// Removes the variables in which cargo describes this program's package. Other builds would see changed inputs and
/// compile again.
pub fn forget_package(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}

/// The command line as a user would type it.
pub fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Runs the program to its end, with the terminal as its output.
///
/// # Errors
/// If the program cannot start or exits with an error.
pub fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(io_failure(format!("cannot start `{}`", describe(command))))?;
    if status.success() { Ok(()) } else { Err(Failure(format!("`{}` failed ({status})", describe(command)))) }
}

/// What the program prints on standard output, or `None` if it cannot start or exits with an error.
pub fn capture(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Hands the terminal over to a program. On Unix, this process becomes the program, so that ctrl-c and signals reach it
/// and no process is left behind.
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

/// The path of the first of `names` that is on PATH.
pub fn find_on_path(names: &[&str]) -> Option<PathBuf> {
    let directories: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    let suffixes: &[&str] = if cfg!(windows) { &[".exe", ".cmd"] } else { &[""] };
    let files = |name: &&str| suffixes.iter().map(|suffix| format!("{name}{suffix}")).collect::<Vec<_>>();
    names
        .iter()
        .flat_map(files)
        .find_map(|file| directories.iter().map(|directory| directory.join(&file)).find(|path| path.is_file()))
}

/// PATH with `directories` in front.
pub fn path_with(directories: &[PathBuf]) -> Outcome<std::ffi::OsString> {
    let rest = env::var_os("PATH").unwrap_or_default();
    env::join_paths(directories.iter().cloned().chain(env::split_paths(&rest)))
        .map_err(|error| Failure(format!("cannot put a tool's directory on PATH: {error}")))
}
