//! Builds `vitrine-server`, alone or with the app inside, and checks that the result serves the app. The app is built
//! in [`crate::dist`].

use crate::process::{Failure, Outcome, cargo, io_failure, run, say};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::{env, fs};

/// Builds the server in release and returns its path.
pub fn build(root: &Path, target: &Path) -> Outcome<PathBuf> {
    say("building vitrine-server");
    compile(root, target, None)
}

/// A build of the server in the background. Dropping it stops the build.
pub struct Build {
    cargo: Child,
    executable: PathBuf,
}

/// Starts a release build of the server in the background. The build prints only warnings and errors: its progress
/// would mix with that of another build.
pub fn start_build(root: &Path, target: &Path) -> Outcome<Build> {
    say("building vitrine-server in the background");
    let mut command = build_command(root);
    let cargo = command.arg("--quiet").spawn().map_err(io_failure("cannot start cargo"))?;
    Ok(Build { cargo, executable: executable(target) })
}

impl Build {
    /// Waits for the end of the build and returns the path of the server.
    pub fn finish(mut self) -> Outcome<PathBuf> {
        let cannot = || io_failure("cannot wait for the build of vitrine-server");
        if self.cargo.try_wait().map_err(cannot())?.is_none() {
            say("waiting for the build of vitrine-server");
        }
        let status = self.cargo.wait().map_err(cannot())?;
        if !status.success() {
            return Err(Failure(format!("the build of vitrine-server failed ({status})")));
        }
        Ok(std::mem::take(&mut self.executable))
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        // An error means that cargo has ended already.
        let _ = self.cargo.kill();
        let _ = self.cargo.wait();
    }
}

/// Builds the server with `dist` inside, the only file that a deployment needs. Returns its path.
pub fn build_with_app(root: &Path, target: &Path, dist: &Path) -> Outcome<PathBuf> {
    say("building vitrine-server with the app inside");
    let built = compile(root, target, Some(dist))?;
    // A path of its own: the next `serve` overwrites `built` with the server without the app.
    let executable = target.join("dist").join(built.file_name().ok_or("the server has no name")?);
    let directory = target.join("dist");
    let partial = executable.with_added_extension("partial");
    fs::create_dir_all(&directory)
        .and_then(|()| fs::copy(&built, &partial))
        .and_then(|_| fs::rename(&partial, &executable))
        .map_err(io_failure(format!("cannot write {}", executable.display())))?;
    Ok(executable)
}

fn compile(root: &Path, target: &Path, embedded: Option<&Path>) -> Outcome<PathBuf> {
    let mut command = build_command(root);
    if let Some(dist) = embedded {
        command.args(["--features", "embed"]).env("VITRINE_EMBED_DIST", dist);
    }
    run(&mut command)?;
    Ok(executable(target))
}

fn build_command(root: &Path) -> Command {
    let mut command = cargo(root);
    command.args(["build", "--release", "--package", "vitrine-server"]);
    command
}

fn executable(target: &Path) -> PathBuf {
    target.join("release").join(format!("vitrine-server{}", env::consts::EXE_SUFFIX))
}

/// Starts the executable in a directory without the app, and requests the page.
pub fn try_out(executable: &Path) -> Outcome {
    let cannot = || io_failure(format!("cannot test {}", executable.display()));
    let mut command = Command::new(executable);
    command
        .args(["--listen", "127.0.0.1:0", "--turn-listen", "none"])
        .current_dir(env::temp_dir())
        .stdout(Stdio::piped());
    let mut child = command.spawn().map_err(cannot())?;
    let answer = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe.into()).and_then(request_page);
    child.kill().and_then(|()| child.wait()).map_err(cannot())?;
    let answer = answer.map_err(cannot())?;
    if answer.starts_with("HTTP/1.1 200 ") && answer.contains("<script") {
        return Ok(());
    }
    Err(Failure(format!("{} does not serve the app. Its answer:\n{answer}", executable.display())))
}

/// Reads the server's address from its output and requests the page. Returns the HTTP response.
fn request_page(output: ChildStdout) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let address = line.trim().strip_prefix("listening on http://").ok_or(io::ErrorKind::InvalidData)?;
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
