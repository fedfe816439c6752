//! What can go wrong in the harness, in words that say what was awaited and what was there instead.

use std::{fmt, io, path::PathBuf, time::Duration};

/// The harness's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a test or benchmark cannot go on.
#[derive(thiserror::Error)]
pub enum Error {
    /// Something that the tests run is not there.
    #[error(
        "{what} is missing: looked for {looked_for}. Set {variable}, or run `cargo xtask test --only e2e`, which installs and \
         builds what the tests need"
    )]
    Missing {
        /// What it is.
        what: &'static str,
        /// Where it was looked for.
        looked_for: String,
        /// The environment variable that names it.
        variable: &'static str,
    },
    /// A file or a socket.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// The system's words.
        source: io::Error,
    },
    /// A program did not get ready.
    #[error("{program} did not say where it listens within {} s. Its output:\n{output}", .waited.as_secs())]
    NotReady {
        /// Which.
        program: String,
        /// For how long it was waited.
        waited: Duration,
        /// What it printed.
        output: String,
    },
    /// A program ended before it was ready.
    #[error("{program} ended before it said where it listens. Its output:\n{output}")]
    Ended {
        /// Which.
        program: String,
        /// What it printed.
        output: String,
    },
    /// A browser could not be started.
    #[error("cannot start {browser}: {source}")]
    NoSession {
        /// Which.
        browser: String,
        /// The driver's words.
        source: Box<fantoccini::error::NewSessionError>,
    },
    /// The driver refused a command, or the page threw.
    #[error("{page}: cannot {doing}: {source}{report}")]
    Command {
        /// Which page.
        page: String,
        /// What was being done.
        doing: String,
        /// The driver's words.
        source: Box<fantoccini::error::CmdError>,
        /// What the page looks like.
        report: Box<Report>,
    },
    /// What was awaited did not come.
    #[error("{page}: waited {} s in vain until {awaited}. Last seen: {seen}{report}", .waited.as_secs())]
    TimedOut {
        /// Which page.
        page: String,
        /// What was awaited.
        awaited: String,
        /// For how long.
        waited: Duration,
        /// The value last read.
        seen: String,
        /// What the page looks like.
        report: Box<Report>,
    },
    /// A signaling connection failed.
    #[error("the signaling connection failed: {0}")]
    Socket(#[from] Box<tokio_tungstenite::tungstenite::Error>),
    /// A server, or the system, said something else than was expected.
    #[error("unexpected: {0}")]
    Signaling(String),
    /// A page answered a question in an unknown form.
    #[error("{page}: cannot understand the answer {answer}: {source}")]
    Answer {
        /// Which page.
        page: String,
        /// What it said.
        answer: String,
        /// Why it is not understood.
        source: serde_json::Error,
    },
}

// A test that returns an error has it printed in this form, which is meant for people.
impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

/// What a page looks like when something went wrong on it.
#[derive(Default)]
pub struct Report {
    /// Its text, states and console.
    pub text: String,
    /// Where its picture was saved.
    pub screenshot: Option<PathBuf>,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.text.is_empty() {
            write!(formatter, "\n--- the page ---\n{}", self.text)?;
        }
        if let Some(path) = &self.screenshot {
            write!(formatter, "\n--- its picture: {} ---", path.display())?;
        }
        Ok(())
    }
}

/// Names what was being done when the system refused.
pub(crate) trait Doing<T> {
    /// `doing` completes "cannot …".
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Error::Io { doing: doing(), source })
    }
}
