//! Building `vitrine-server`, alone or with the app inside.

use crate::process::{Failure, Outcome, cargo, io_failure, run, say};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::{env, fs};

/// Builds the server in release and returns its path.
pub fn build(root: &Path, target: &Path) -> Outcome<PathBuf> {
    say("building vitrine-server");
    compile(root, target, None)
}

/// Builds the server with `dist` inside: the one file that a deployment needs. Returns its path.
pub fn build_with_app(root: &Path, target: &Path, dist: &Path) -> Outcome<PathBuf> {
    say("building vitrine-server with the app inside");
    let built = compile(root, target, Some(dist))?;
    // Away from the server without the app, which the next `serve` builds in the same place.
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
    let mut command = cargo(root);
    command.args(["build", "--release", "--package", "vitrine-server"]);
    if let Some(dist) = embedded {
        command.args(["--features", "embed"]).env("VITRINE_EMBED_DIST", dist);
    }
    run(&mut command)?;
    Ok(target.join("release").join(format!("vitrine-server{}", env::consts::EXE_SUFFIX)))
}

/// Starts the executable where there is nothing else, and asks it for the app.
pub fn try_out(executable: &Path) -> Outcome {
    let cannot = || io_failure(format!("cannot try {}", executable.display()));
    let mut command = Command::new(executable);
    command
        .args(["--listen", "127.0.0.1:0", "--turn-listen", "none"])
        .current_dir(env::temp_dir())
        .stdout(Stdio::piped());
    let mut child = command.spawn().map_err(cannot())?;
    let answer = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe.into()).and_then(ask_for_page);
    child.kill().and_then(|()| child.wait()).map_err(cannot())?;
    let answer = answer.map_err(cannot())?;
    if answer.starts_with("HTTP/1.1 200 ") && answer.contains("<script") {
        return Ok(());
    }
    Err(Failure(format!("{} does not serve the app, but:\n{answer}", executable.display())))
}

/// Reads the address that the server prints, and then its page.
fn ask_for_page(printed: ChildStdout) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(printed).read_line(&mut line)?;
    let address = line.trim().strip_prefix("listening on http://").ok_or(io::ErrorKind::InvalidData)?;
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
