//! With the feature `embed`, lists the files of the built app for `src/embedded.rs`, which includes them in the
//! program. `VITRINE_EMBED_DIST` names their directory; `cargo xtask dist` sets it.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

const VARIABLE: &str = "VITRINE_EMBED_DIST";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    if env::var_os("CARGO_FEATURE_EMBED").is_none() {
        return Ok(());
    }
    let needed = || format!("the feature `embed` needs the absolute path of the built app in {VARIABLE}");
    let dist = env::var_os(VARIABLE).map(PathBuf::from).filter(|dist| dist.is_absolute()).ok_or_else(needed)?;
    if !dist.join("index.html").is_file() {
        return Err(format!("there is no index.html in {}: build the app first", dist.display()).into());
    }
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut list = String::from("&[\n");
    add_files(&dist, "", &mut list)?;
    list.push(']');
    let out = env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?;
    Ok(fs::write(Path::new(&out).join("app.rs"), list)?)
}

/// Adds an entry for each file under `directory`, whose paths begin with `prefix`.
fn add_files(directory: &Path, prefix: &str, list: &mut String) -> Result<(), Box<dyn Error>> {
    let mut entries = fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let file = entry.path();
        let name = entry.file_name().into_string().map_err(|_| format!("{} is no UTF-8", file.display()))?;
        let path = format!("{prefix}{name}");
        let metadata = fs::metadata(&file)?;
        if metadata.is_dir() {
            add_files(&file, &format!("{path}/"), list)?;
            continue;
        }
        let modified = metadata.modified()?.duration_since(UNIX_EPOCH)?.as_secs();
        writeln!(
            list,
            "    EmbeddedFile {{ path: {path:?}, content: include_bytes!({file:?}), modified: {modified} }},"
        )?;
    }
    Ok(())
}
