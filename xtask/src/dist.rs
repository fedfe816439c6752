//! Builds `dist/`, the app as a web server sends it, with `trunk build --release` and the pinned tools. Skips the build
//! if no input has changed. The server is built in [`crate::server`].

use crate::compress::{self, files_under};
use crate::process::{Outcome, capture, io_failure, run, say};
use crate::tools;
use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Paths from the root that are no input of the app. Any other path is one: a new folder costs a rebuild, and never
/// leaves a stale app.
const NOT_INPUTS: [&str; 10] =
    ["target", "dist", "tests", "examples", "docs", "fuzz", "xtask", "crates/server", "crates/e2e", "node_modules"];

/// Variables with flags for the app's compiler, in addition to `.cargo/config.toml`.
const FLAG_VARIABLES: [&str; 3] =
    ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS"];

/// Builds `dist/` if it is out of date. The stamp of the last build is in `target`, cargo's target directory.
pub fn build(root: &Path, target: &Path) -> Outcome<PathBuf> {
    let dist = root.join("dist");
    if is_current(root, target)? {
        say("dist/ is up to date");
        return Ok(dist);
    }
    let inputs = fingerprint_inputs(root)?;
    let mut trunk = tools::trunk_command(root)?;
    say("building the app into dist/ (the first time takes a few minutes)");
    run(trunk.args(["build", "--release"]))?;
    let stamp = stamp_path(target);
    let directory = stamp.parent().unwrap_or(target);
    fs::create_dir_all(directory).map_err(io_failure(format!("cannot create {}", directory.display())))?;
    fs::write(&stamp, stamp_text(inputs, &dist)?).map_err(io_failure(format!("cannot write {}", stamp.display())))?;
    Ok(dist)
}

/// Installs the tools for [`build`], unless `dist/` is up to date.
pub fn ensure_tools(root: &Path, target: &Path) -> Outcome {
    if is_current(root, target)? { Ok(()) } else { tools::trunk_command(root).map(drop) }
}

fn is_current(root: &Path, target: &Path) -> Outcome<bool> {
    let dist = root.join("dist");
    let Ok(stamp) = fs::read_to_string(stamp_path(target)) else { return Ok(false) };
    let inputs = fingerprint_inputs(root)?;
    Ok(dist.join("index.html").is_file() && stamp_text(inputs, &dist).is_ok_and(|text| text == stamp))
}

fn stamp_path(target: &Path) -> PathBuf {
    target.join("xtask").join("dist-stamp")
}

fn stamp_text(inputs: u64, dist: &Path) -> Outcome<String> {
    Ok(format!("{inputs:016x} {:016x}\n", fingerprint_outputs(dist)?))
}

/// Hashes the content of the inputs, so that a checkout or a touch is no change, and the versions of the build tools.
fn fingerprint_inputs(root: &Path) -> Outcome<u64> {
    let skip = |path: &Path| {
        let relative = path.strip_prefix(root).unwrap_or(path);
        // `.cargo` has flags for the app's compiler.
        let hidden =
            relative.file_name().is_some_and(|name| name != ".cargo" && name.to_string_lossy().starts_with('.'));
        let text = relative.extension().is_some_and(|extension| extension == "md");
        hidden || text || NOT_INPUTS.iter().any(|path| relative == Path::new(path))
    };
    let mut hasher = DefaultHasher::new();
    for file in files_under(root, &skip)? {
        file.strip_prefix(root).unwrap_or(&file).hash(&mut hasher);
        fs::read(&file).map_err(io_failure(format!("cannot read {}", file.display())))?.hash(&mut hasher);
    }
    compress::SOURCE.hash(&mut hasher);
    tools::trunk().identity().hash(&mut hasher);
    capture(Command::new("rustc").arg("-Vv")).hash(&mut hasher);
    FLAG_VARIABLES.map(env::var_os).hash(&mut hasher);
    Ok(hasher.finish())
}

/// Hashes names, sizes and times, to notice that another program, such as `trunk serve`, has written to `dist/`.
fn fingerprint_outputs(dist: &Path) -> Outcome<u64> {
    let mut hasher = DefaultHasher::new();
    for file in files_under(dist, &|_| false)? {
        let metadata = fs::metadata(&file).map_err(io_failure(format!("cannot read {}", file.display())))?;
        (&file, metadata.len(), metadata.modified().ok()).hash(&mut hasher);
    }
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dist_is_stale_only_when_an_input_changes() {
        let root = env::temp_dir().join(format!("vitrine-fingerprint-{}", std::process::id()));
        fs::create_dir_all(root.join("src")).unwrap();
        fs::create_dir_all(root.join("crates/server")).unwrap();
        let fingerprint = || fingerprint_inputs(&root).unwrap();
        fs::write(root.join("src/main.rs"), "fn main() {}").unwrap();
        let before = fingerprint();
        fs::write(root.join("crates/server/main.rs"), "fn main() {}").unwrap();
        fs::write(root.join("src/main.rs"), "fn main() {}").unwrap();
        assert_eq!(before, fingerprint());
        fs::write(root.join("src/style.css"), "").unwrap();
        let with_style = fingerprint();
        assert_ne!(before, with_style);
        fs::create_dir_all(root.join(".cargo")).unwrap();
        fs::write(root.join(".cargo/config.toml"), "[build]").unwrap();
        assert_ne!(with_style, fingerprint());
        fs::remove_dir_all(&root).unwrap();
    }
}
