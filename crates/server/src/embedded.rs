//! The built app inside the program: files in memory that [`ServeDir`](tower_http::services::ServeDir) serves like a
//! directory. The feature `embed` compiles them in; see `build.rs`.

use std::{
    fmt,
    future::{Ready, ready},
    io::{self, Cursor, SeekFrom},
    path::{Component, Path, PathBuf},
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::io::{AsyncRead, AsyncSeek, ReadBuf};
use tower_http::services::fs::{Backend, File, Metadata};

/// The app that this program was built with, if any.
#[cfg(feature = "embed")]
pub const APP: Option<EmbeddedApp> = Some(EmbeddedApp(include!(concat!(env!("OUT_DIR"), "/app.rs"))));
/// The app that this program was built with, if any.
#[cfg(not(feature = "embed"))]
pub const APP: Option<EmbeddedApp> = None;

/// A file of the app.
pub struct EmbeddedFile {
    /// The path under the app's root, with `/` as separator.
    pub path: &'static str,
    /// The content.
    pub content: &'static [u8],
    /// The modification time, in seconds since 1970.
    pub modified: u64,
}

/// A built app in memory.
#[derive(Clone, Copy)]
pub struct EmbeddedApp(pub &'static [EmbeddedFile]);

impl fmt::Debug for EmbeddedApp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} files", self.0.len())
    }
}

impl EmbeddedApp {
    /// The text of `index.html`; empty without one.
    pub(crate) fn index(&self) -> &'static str {
        self.file("index.html").and_then(|file| std::str::from_utf8(file.content).ok()).unwrap_or_default()
    }

    fn file(&self, path: &str) -> Option<&'static EmbeddedFile> {
        self.0.iter().find(|file| file.path == path)
    }

    fn find(&self, path: &Path) -> io::Result<Entry> {
        let parts = path.components().filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_string_lossy()),
            _ => None,
        });
        let path = parts.collect::<Vec<_>>().join("/");
        if let Some(file) = self.file(&path) {
            return Ok(Entry::File(file));
        }
        let is_inside = |file: &EmbeddedFile| {
            path.is_empty() || file.path.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        if self.0.iter().any(is_inside) { Ok(Entry::Directory) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

/// A file or directory of the app.
#[derive(Clone, Copy)]
pub enum Entry {
    /// A file.
    File(&'static EmbeddedFile),
    /// A path prefix of files.
    Directory,
}

impl Metadata for Entry {
    fn is_dir(&self) -> bool {
        matches!(self, Self::Directory)
    }

    fn modified(&self) -> io::Result<SystemTime> {
        match self {
            Self::File(file) => Ok(UNIX_EPOCH + Duration::from_secs(file.modified)),
            Self::Directory => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn len(&self) -> u64 {
        match self {
            Self::File(file) => file.content.len() as u64,
            Self::Directory => 0,
        }
    }
}

/// A file that is being read.
pub struct OpenFile {
    file: &'static EmbeddedFile,
    reader: Cursor<&'static [u8]>,
}

impl AsyncRead for OpenFile {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reader).poll_read(context, buffer)
    }
}

impl AsyncSeek for OpenFile {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        Pin::new(&mut self.reader).start_seek(position)
    }

    fn poll_complete(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Pin::new(&mut self.reader).poll_complete(context)
    }
}

impl File for OpenFile {
    type Metadata = Entry;
    type MetadataFuture<'a> = Ready<io::Result<Entry>>;

    fn metadata(&self) -> Self::MetadataFuture<'_> {
        ready(Ok(Entry::File(self.file)))
    }
}

impl Backend for EmbeddedApp {
    type File = OpenFile;
    type Metadata = Entry;
    type OpenFuture = Ready<io::Result<OpenFile>>;
    type MetadataFuture = Ready<io::Result<Entry>>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        ready(self.find(&path).and_then(|entry| match entry {
            Entry::File(file) => Ok(OpenFile { file, reader: Cursor::new(file.content) }),
            Entry::Directory => Err(io::ErrorKind::IsADirectory.into()),
        }))
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        ready(self.find(&path))
    }
}
