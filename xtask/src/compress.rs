//! Writes the compressed siblings of the files in `dist/`: `app.wasm.br` and `app.wasm.gz` beside `app.wasm`. A web
//! server sends them instead of compressing on every request. Trunk runs this as a hook (`Trunk.toml`), so
//! `trunk build --release` writes the same files as `cargo xtask dist`.

use crate::process::{Outcome, io_failure, say};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The text of this file, which is an input of `dist/` and so part of its fingerprint.
pub const SOURCE: &str = include_str!("compress.rs");

/// Extensions of files worth compressing. Images and fonts are compressed already.
const COMPRESSIBLE: [&str; 8] = ["html", "js", "css", "wasm", "svg", "json", "webmanifest", "txt"];

/// Trunk's `post_build` hook: compresses the files that Trunk is about to move into `dist/`. Does so only in release: a
/// development build is never deployed, and has to be fast.
pub fn trunk_hook() -> Outcome {
    let staging = env::var_os("TRUNK_STAGING_DIR")
        .ok_or("only Trunk can run `cargo xtask compress`; run `cargo xtask dist` instead")?;
    if env::var_os("TRUNK_PROFILE").is_some_and(|profile| profile == "release") {
        compress(Path::new(&staging))?;
    }
    Ok(())
}

/// The path of the compressed sibling of `file`; `extension` is `br` or `gz`.
pub fn compressed_sibling(file: &Path, extension: &str) -> PathBuf {
    file.with_added_extension(extension)
}

/// Writes the compressed siblings of all files under `directory`. A file that would not shrink gets none.
fn compress(directory: &Path) -> Outcome {
    let started = Instant::now();
    let compressible =
        |path: &PathBuf| path.extension().is_some_and(|extension| COMPRESSIBLE.iter().any(|known| extension == *known));
    let files: Vec<PathBuf> = files_under(directory, &|_| false)?.into_iter().filter(compressible).collect();
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

/// Every file under `directory`, sorted, except the files and folders for which `skip` is true.
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

fn brotli_11(raw: &[u8]) -> io::Result<Vec<u8>> {
    // 24 is the largest window that the `br` decoder of every browser accepts.
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
    fn compressed_data_decompresses_to_the_original() {
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
    fn only_compressible_files_get_siblings() {
        let directory = env::temp_dir().join(format!("vitrine-compress-{}", std::process::id()));
        fs::create_dir_all(directory.join("snippets")).unwrap();
        fs::write(directory.join("snippets/a.js"), "a".repeat(1000)).unwrap();
        fs::write(directory.join("tiny.txt"), "a").unwrap();
        fs::write(directory.join("font.woff2"), "a".repeat(1000)).unwrap();
        compress(&directory).unwrap();
        let files = files_under(&directory, &|_| false).unwrap();
        let names = files.iter().map(|file| file.strip_prefix(&directory).unwrap().to_str().unwrap());
        assert!(names.eq(["font.woff2", "snippets/a.js", "snippets/a.js.br", "snippets/a.js.gz", "tiny.txt"]));
        fs::remove_dir_all(&directory).unwrap();
    }
}
