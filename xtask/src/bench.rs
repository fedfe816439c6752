//! `cargo xtask bench NAME`: runs one benchmark. A benchmark prints a table and then one JSON line. Only `size`, the
//! download of a first visit, is measured here. `turn` is an example of `crates/turn`; the rest is in `crates/e2e`.

use crate::compress::{compressed_sibling, files_under};
use crate::process::{Failure, Outcome, become_program, cargo, io_failure, say};
use crate::{browsers, dist, system};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Size budget of a first visit: bytes to download, compressed with brotli-11.
const BUDGET: u64 = 330_000;

/// The benchmarks: a line for each name.
pub const BENCHMARKS: &str = "    size      download of a first visit, per file\n    \
     join      time from entering a room to the first remote frame, against plain JavaScript\n    \
     relay     signaling messages per CPU second and memory per connection, against Node.js\n    \
     idle      cost of ten thousand idle signaling connections, and joining among them\n    \
     recover   how long a fault shows in a call, against plain JavaScript\n    \
     mesh      a call of N people on one machine, against plain JavaScript\n    \
     verdict   how often the inspector names the right trouble first, of thirteen\n    \
     memory    memory left after joining and leaving fifty times\n    \
     turn      CPU time of relaying, against coturn\n";

/// Runs the benchmark `name`. `extra` is passed on to a benchmark that is a program of its own.
pub fn bench(root: &Path, target: &Path, name: &str, extra: &[String]) -> Outcome<ExitCode> {
    match name {
        "size" => size(&dist::build(root, target)?),
        "join" | "memory" | "mesh" | "recover" | "verdict" => {
            browsers::ensure_end_to_end(root)?;
            if matches!(name, "recover" | "verdict")
                && let Some(reason) = system::no_laboratory()?
            {
                say(format!("no network laboratory, so no path can be cut: {reason}"));
            }
            let mut command = cargo(root);
            browsers::prepare_end_to_end(root, target, &mut command)?;
            run_end_to_end(&mut command, name, extra)
        }
        "relay" | "idle" => {
            browsers::ensure_servers(root)?;
            let mut command = cargo(root);
            browsers::prepare_servers(root, target, &mut command)?;
            run_end_to_end(&mut command, name, extra)
        }
        "turn" => {
            system::ensure(&[system::COTURN])?;
            let mut command = cargo(root);
            command.args(["run", "--release", "--package", "vitrine-turn", "--example", "load", "--"]).args(extra);
            become_program(&mut command)
        }
        _ => Err(Failure(format!("unknown benchmark `{name}`. Benchmarks:\n{BENCHMARKS}"))),
    }
}

fn run_end_to_end(command: &mut Command, name: &str, extra: &[String]) -> Outcome<ExitCode> {
    command.args(["run", "--release", "--package", "vitrine-e2e", "--bin", "bench", "--", name]).args(extra);
    become_program(command)
}

/// Bytes of one file, raw and compressed.
#[derive(Clone, Copy, Default)]
struct Size {
    raw: u64,
    gzip: u64,
    brotli: u64,
}

fn size(dist: &Path) -> Outcome<ExitCode> {
    let mut total = Size::default();
    let mut json = Vec::new();
    println!("{:<44} {:>9} {:>9} {:>9}", "first visit", "raw", "gzip-9", "brotli-11");
    let row = |name: &str, size: Size| println!("{name:<44} {:>9} {:>9} {:>9}", size.raw, size.gzip, size.brotli);
    for file in first_visit(dist)? {
        let size = measure(&file)?;
        let name = relative(dist, &file);
        row(&name, size);
        json.push(format!(r#"{{"name":"{name}","raw":{},"gzip":{},"brotli":{}}}"#, size.raw, size.gzip, size.brotli));
        total.raw += size.raw;
        total.gzip += size.gzip;
        total.brotli += size.brotli;
    }
    row("total", total);
    let within = total.brotli <= BUDGET;
    let verdict = if within { "within" } else { "OVER" };
    println!("{verdict} the budget of {BUDGET} bytes, brotli-11\n");
    println!(
        r#"{{"bench":"size","files":[{}],"raw":{},"gzip":{},"brotli":{},"budget":{BUDGET},"within_budget":{within}}}"#,
        json.join(","),
        total.raw,
        total.gzip,
        total.brotli
    );
    Ok(if within { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `index.html` and every file named by it or by a file it reaches.
fn first_visit(dist: &Path) -> Outcome<Vec<PathBuf>> {
    let compressed = |path: &Path| path.extension().is_some_and(|extension| extension == "br" || extension == "gz");
    let mut unreached = files_under(dist, &compressed)?;
    let mut reached = vec![dist.join("index.html")];
    unreached.retain(|path| *path != reached[0]);
    let mut next = 0;
    while next < reached.len() {
        let content = read(&reached[next])?;
        let named = |path: &PathBuf| {
            let name = relative(dist, path);
            content.windows(name.len()).any(|window| window == name.as_bytes())
        };
        let (found, others) = unreached.into_iter().partition::<Vec<_>, _>(named);
        reached.extend(found);
        unreached = others;
        next += 1;
    }
    Ok(reached)
}

/// A file that compression does not shrink has no compressed sibling, so the server sends it raw.
fn measure(file: &Path) -> Outcome<Size> {
    let length = |path: &Path| fs::metadata(path).map(|metadata| metadata.len());
    let raw = length(file).map_err(io_failure(format!("cannot read {}", file.display())))?;
    let compressed = |extension| length(&compressed_sibling(file, extension)).unwrap_or(raw);
    Ok(Size { raw, gzip: compressed("gz"), brotli: compressed("br") })
}

fn relative(dist: &Path, file: &Path) -> String {
    file.strip_prefix(dist).unwrap_or(file).to_string_lossy().replace('\\', "/")
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    fs::read(path).map_err(io_failure(format!("cannot read {}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_visit_is_every_file_the_page_reaches() {
        let dist = std::env::temp_dir().join(format!("vitrine-first-visit-{}", std::process::id()));
        fs::create_dir_all(dist.join("fonts")).unwrap();
        let write = |name: &str, content: &str| fs::write(dist.join(name), content).unwrap();
        write("index.html", "<link href=./style-1.css><script>import './app-1.js'</script>");
        write("index.html.br", "");
        write("style-1.css", "src: url(fonts/a.woff2)");
        write("fonts/a.woff2", "");
        write("app-1.js", "");
        write("unused.svg", "");
        let names: Vec<String> = first_visit(&dist).unwrap().iter().map(|file| relative(&dist, file)).collect();
        assert_eq!(names, ["index.html", "app-1.js", "style-1.css", "fonts/a.woff2"]);
        fs::remove_dir_all(&dist).unwrap();
    }
}
