//! A directory to serve: a copy of the built app, or of a page that the tests bring along, with the probe as its first
//! script. What is changed is the copy; what is tested is the rest of it, as built.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{Result, error::Doing, needs};

const PROBE: &str = concat!(
    include_str!("../assets/probe.js"),
    include_str!("../assets/faults.js"),
    include_str!("../assets/screens.js"),
);

/// A directory with a page and its probe; removed on drop.
pub struct Site {
    directory: TempDir,
}

impl Site {
    /// A copy of the built app.
    ///
    /// # Errors
    /// When it is not built, or cannot be copied.
    pub fn of_the_app() -> Result<Self> {
        Self::copy(&needs::dist()?)
    }

    /// A copy of `source`, whose pages all get the probe.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn copy(source: &Path) -> Result<Self> {
        let site = Self::empty()?;
        site.add(source)?;
        site.write("probe.js", PROBE)?;
        Ok(site)
    }

    /// A directory with nothing in it.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn empty() -> Result<Self> {
        Ok(Self { directory: tempfile::tempdir().doing(|| "create a directory for a site".to_owned())? })
    }

    /// Adds the files of another directory, whose pages get the probe too.
    ///
    /// # Errors
    /// When they cannot be copied.
    pub fn add(&self, source: &Path) -> Result<()> {
        copy_tree(source, self.path())
    }

    /// Adds one file under a name of its own.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, contents: &str) -> Result<()> {
        let path = self.path().join(name);
        fs::write(&path, contents).doing(|| format!("write {}", path.display()))
    }

    /// Adds a file of an npm package, by its path under `node_modules`, and returns its name.
    ///
    /// # Errors
    /// When npm's packages are missing.
    pub fn add_from_npm(&self, path: &str) -> Result<()> {
        let source = needs::node_modules()?.join(path);
        let name = source.file_name().unwrap_or_default();
        fs::copy(&source, self.path().join(name)).map(drop).doing(|| format!("copy {}", source.display()))
    }

    /// Sets `<meta name="NAME" content="CONTENT">` of `index.html`, as who hosts the app does.
    ///
    /// # Errors
    /// When the page cannot be read or has no such element.
    pub fn set_meta(&self, name: &str, content: &str) -> Result<()> {
        let path = self.path().join("index.html");
        let page = fs::read_to_string(&path).doing(|| format!("read {}", path.display()))?;
        let page = replace_meta(&page, name, content)
            .ok_or(std::io::Error::from(std::io::ErrorKind::NotFound))
            .doing(|| format!("find <meta name={name}> in index.html"))?;
        self.write("index.html", &page)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

fn copy_tree(source: &Path, target: &Path) -> Result<()> {
    let reading = || format!("read {}", source.display());
    fs::create_dir_all(target).doing(|| format!("create {}", target.display()))?;
    for entry in fs::read_dir(source).doing(reading)? {
        let from = entry.doing(reading)?.path();
        let to: PathBuf = target.join(from.file_name().unwrap_or_default());
        if from.is_dir() {
            copy_tree(&from, &to)?;
        } else if from.extension().is_some_and(|extension| extension == "html") {
            let page = fs::read_to_string(&from).doing(|| format!("read {}", from.display()))?;
            fs::write(&to, with_probe(&page)).doing(|| format!("write {}", to.display()))?;
        } else if !is_compressed_page(&from) {
            fs::copy(&from, &to).doing(|| format!("copy {}", from.display()))?;
        }
    }
    Ok(())
}

/// Made from the page without the probe, a server would prefer it.
fn is_compressed_page(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.ends_with(".html.br") || path.ends_with(".html.gz"))
}

fn with_probe(page: &str) -> String {
    page.replacen("<head>", "<head><script src=\"probe.js\"></script>", 1)
}

fn replace_meta(page: &str, name: &str, content: &str) -> Option<String> {
    let at = page.find(&format!("name=\"{name}\"")).or_else(|| page.find(&format!("name={name}")))?;
    let (start, end) = (page[..at].rfind('<')?, at + page[at..].find('>')? + 1);
    Some(format!("{}<meta name=\"{name}\" content=\"{content}\">{}", &page[..start], &page[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probe_comes_before_every_other_script() {
        assert_eq!(with_probe("<head><meta x>"), "<head><script src=\"probe.js\"></script><meta x>");
    }

    #[test]
    fn a_meta_is_replaced_however_it_is_written() {
        for page in ["<a><meta name=\"x\" content=\"\" /><b>", "<a><meta content name=x><b>"] {
            assert_eq!(replace_meta(page, "x", "y").as_deref(), Some("<a><meta name=\"x\" content=\"y\"><b>"));
        }
        assert_eq!(replace_meta("<a>", "x", "y"), None);
    }
}
