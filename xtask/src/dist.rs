//! Building `dist/`, the app as a web server hands it out: Trunk's release build with a brotli and a gzip sibling
//! beside every file that compresses. Skipped when nothing that feeds it has changed.

use crate::process::{Outcome, io_failure, run, say};
use crate::{shrink, tools};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What never feeds the app, by path from the root. All else does: a new folder costs a rebuild, not a stale app.
const NOT_INPUTS: [&str; 10] =
    ["target", "dist", "tests", "examples", "docs", "fuzz", "xtask", "crates/server", "crates/e2e", "node_modules"];

/// Files that are worth compressing; images and fonts are compressed by nature.
const COMPRESSIBLE: [&str; 8] = ["html", "js", "css", "wasm", "svg", "json", "webmanifest", "txt"];

/// Makes `dist/` current. `target` is cargo's target directory, which remembers what `dist/` was built from.
pub fn build(root: &Path, target: &Path) -> Outcome<PathBuf> {
    let dist = root.join("dist");
    let stamp = target.join("xtask").join("dist-stamp");
    let inputs = fingerprint_inputs(root)?;
    let current = || -> Outcome<String> { Ok(format!("{inputs:016x} {:016x}\n", fingerprint_outputs(&dist)?)) };
    if dist.join("index.html").is_file()
        && fs::read_to_string(&stamp).is_ok_and(|built| current().is_ok_and(|now| now == built))
    {
        say("dist/ is up to date");
        return Ok(dist);
    }
    let mut trunk = tools::trunk_command(root)?;
    say("building the app into dist/ (the first time takes a few minutes)");
    trunk.env(tools::APP_FLAGS_VARIABLE, tools::app_flags());
    run(trunk.args(["build", "--release"]))?;
    shrink::shrink(&dist)?;
    compress(&dist)?;
    let directory = target.join("xtask");
    fs::create_dir_all(&directory).map_err(io_failure(format!("cannot create {}", directory.display())))?;
    fs::write(&stamp, current()?).map_err(io_failure(format!("cannot write {}", stamp.display())))?;
    Ok(dist)
}

/// Every file under `directory`, sorted, without those that `skip` refuses.
pub fn files_under(directory: &Path, skip: &dyn Fn(&Path) -> bool) -> Outcome<Vec<PathBuf>> {
    let cannot = || io_failure(format!("cannot read {}", directory.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(cannot())? {
        let entry = entry.map_err(cannot())?;
        let path = entry.path();
        if skip(&path) {
            continue;
        }
        if entry.file_type().map_err(cannot())?.is_dir() {
            files.extend(files_under(&path, skip)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The sibling of `file` that holds it compressed, `extension` being `br` or `gz`.
pub fn compressed_sibling(file: &Path, extension: &str) -> PathBuf {
    file.with_added_extension(extension)
}

/// By content, so that a checkout or a touch does not count as a change, with the tools that do the building.
fn fingerprint_inputs(root: &Path) -> Outcome<u64> {
    let skip = |path: &Path| {
        let relative = path.strip_prefix(root).unwrap_or(path);
        let hidden = relative.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let text = relative.extension().is_some_and(|extension| extension == "md");
        hidden || text || NOT_INPUTS.iter().any(|path| relative == Path::new(path))
    };
    let mut hasher = DefaultHasher::new();
    for file in files_under(root, &skip)? {
        file.strip_prefix(root).unwrap_or(&file).hash(&mut hasher);
        fs::read(&file).map_err(io_failure(format!("cannot read {}", file.display())))?.hash(&mut hasher);
    }
    include_str!("shrink.rs").hash(&mut hasher);
    tools::trunk().identity().hash(&mut hasher);
    crate::process::capture(Command::new("rustc").arg("-Vv")).hash(&mut hasher);
    std::env::var_os("RUSTFLAGS").hash(&mut hasher);
    Ok(hasher.finish())
}

/// By name, size and time: notices that something else, such as `trunk serve`, has written to `dist/` since.
fn fingerprint_outputs(dist: &Path) -> Outcome<u64> {
    let mut hasher = DefaultHasher::new();
    for file in files_under(dist, &|_| false)? {
        let metadata = fs::metadata(&file).map_err(io_failure(format!("cannot read {}", file.display())))?;
        (&file, metadata.len(), metadata.modified().ok()).hash(&mut hasher);
    }
    Ok(hasher.finish())
}

fn compress(dist: &Path) -> Outcome {
    let started = Instant::now();
    let compressible =
        |path: &PathBuf| path.extension().is_some_and(|extension| COMPRESSIBLE.iter().any(|known| extension == *known));
    let files: Vec<PathBuf> = files_under(dist, &|_| false)?.into_iter().filter(compressible).collect();
    for file in &files {
        let cannot = |path: &Path| io_failure(format!("cannot compress {}", path.display()));
        let raw = fs::read(file).map_err(cannot(file))?;
        for (extension, compressed) in [("br", brotli_11(&raw)), ("gz", gzip_9(&raw))] {
            let compressed = compressed.map_err(cannot(file))?;
            if compressed.len() < raw.len() {
                let sibling = compressed_sibling(file, extension);
                fs::write(&sibling, compressed).map_err(cannot(&sibling))?;
            }
        }
    }
    say(format!("compressed {} files in {:.1} s", files.len(), started.elapsed().as_secs_f32()));
    Ok(())
}

fn brotli_11(raw: &[u8]) -> io::Result<Vec<u8>> {
    // 24: the largest window that every browser's `br` decodes.
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 64 * 1024, 11, 24);
    encoder.write_all(raw)?;
    Ok(encoder.into_inner())
}

fn gzip_9(raw: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(raw)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_is_compressed_reads_back_the_same() {
        let raw: Vec<u8> = (0..200_000u32).flat_map(|number| (number % 1000).to_le_bytes()).collect();
        let (brotli, gzip) = (brotli_11(&raw).unwrap(), gzip_9(&raw).unwrap());
        assert!(brotli.len() < gzip.len() && gzip.len() < raw.len());
        let mut back = Vec::new();
        brotli::Decompressor::new(brotli.as_slice(), 4096).read_to_end(&mut back).unwrap();
        assert!(back == raw);
        back.clear();
        flate2::read::GzDecoder::new(gzip.as_slice()).read_to_end(&mut back).unwrap();
        assert!(back == raw);
    }

    #[test]
    fn dist_is_stale_when_an_input_changes_and_not_when_something_else_does() {
        let root = std::env::temp_dir().join(format!("vitrine-fingerprint-{}", std::process::id()));
        fs::create_dir_all(root.join("src")).unwrap();
        fs::create_dir_all(root.join("crates/server")).unwrap();
        let fingerprint = || fingerprint_inputs(&root).unwrap();
        fs::write(root.join("src/main.rs"), "fn main() {}").unwrap();
        let before = fingerprint();
        fs::write(root.join("crates/server/main.rs"), "fn main() {}").unwrap();
        fs::write(root.join("src/main.rs"), "fn main() {}").unwrap();
        assert_eq!(before, fingerprint());
        fs::write(root.join("src/style.css"), "").unwrap();
        assert_ne!(before, fingerprint());
        fs::remove_dir_all(&root).unwrap();
    }
}
