//! `vitrine-explain`: says what is wrong with recorded calls, from files. Nothing leaves the machine.

use std::{
    fmt::Write as _,
    io::{self, Read, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use vitrine_insight::{
    Language,
    finding::Finding,
    rules::{Report, explain},
    trace::{MAX_BYTES, Trace},
    verdict::Verdict,
    words::{advice, meaning, verdict},
};

const HELP: &str = "\
Says what is wrong with recorded calls.

Usage: vitrine-explain [--json] [--korean] FILE…

Each FILE is a webrtc-internals dump of Chromium, an rtcstats dump (format 3), or lines of events in JSON, packed with
gzip or not; `-` reads the standard input.

  --json     print a report for each file as JSON, one on a line, with times in milliseconds of the trace
  --korean   print it in Korean
  --help     print this

Exit status: 0 if every connection came about, 1 if one failed or was lost, 2 if a file cannot be read.";

/// One of the connections failed.
const FAILED: u8 = 1;
/// A file could not be read, or the arguments make no sense.
const UNREAD: u8 = 2;

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("{0}\n\n{HELP}")]
    Usage(String),
    #[error("cannot read {0}: {1}")]
    Unreadable(String, io::Error),
    #[error("{0}: {1}")]
    NoTrace(String, vitrine_insight::trace::TraceError),
    #[error("cannot write the report: {0}")]
    Unwritable(#[from] io::Error),
}

/// What was asked for.
struct Arguments {
    json: bool,
    language: Language,
    files: Vec<String>,
}

fn main() -> ExitCode {
    let arguments = match arguments(std::env::args().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(UNREAD);
        }
    };
    let mut worst = 0;
    for file in &arguments.files {
        worst = worst.max(match explain_file(file, &arguments) {
            Ok(report) if has_failed(&report) => FAILED,
            Ok(_) => 0,
            // A reader that has enough, such as `head`, is no failure.
            Err(Error::Unwritable(error)) if error.kind() == io::ErrorKind::BrokenPipe => break,
            Err(error) => {
                eprintln!("{error}");
                UNREAD
            }
        });
    }
    ExitCode::from(worst)
}

/// Reads the command line; `None` if the help is wanted.
fn arguments(words: impl Iterator<Item = String>) -> Result<Option<Arguments>, Error> {
    let mut arguments = Arguments { json: false, language: Language::English, files: Vec::new() };
    for word in words {
        match &*word {
            "--help" | "-h" => return Ok(None),
            "--json" => arguments.json = true,
            "--korean" => arguments.language = Language::Korean,
            flag if flag.starts_with("--") => return Err(Error::Usage(format!("there is no option {flag}"))),
            _ => arguments.files.push(word),
        }
    }
    if arguments.files.is_empty() { Err(Error::Usage("which file?".to_owned())) } else { Ok(Some(arguments)) }
}

fn has_failed(report: &Report) -> bool {
    report.connections.iter().any(|connection| matches!(connection.verdict, Verdict::NeverConnected | Verdict::Lost))
}

fn explain_file(file: &str, arguments: &Arguments) -> Result<Report, Error> {
    let bytes = read(file).map_err(|error| Error::Unreadable(file.to_owned(), error))?;
    let trace = Trace::read_file(bytes).map_err(|error| Error::NoTrace(file.to_owned(), error))?;
    let report = explain(&trace);
    let mut out = io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string(&report).map_err(io::Error::other)?)?;
    } else {
        if arguments.files.len() > 1 {
            writeln!(out, "{file}")?;
        }
        write!(out, "{}", in_words(&trace, &report, arguments.language))?;
    }
    Ok(report)
}

/// Reads a file, no more than is used.
fn read(file: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = MAX_BYTES as u64 + 1;
    if file == "-" {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(PathBuf::from(file))?.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn in_words(trace: &Trace, report: &Report, language: Language) -> String {
    let start = trace.start().unwrap_or_default();
    let mut text = String::new();
    for connection in &report.connections {
        let _ = writeln!(text, "{}: {}", connection.pc, verdict(connection.verdict, language));
        for finding in &connection.findings {
            tell(&mut text, finding, start, language);
        }
        text.push('\n');
    }
    if !report.findings.is_empty() {
        let _ = writeln!(text, "{}", if language == Language::Korean { "통화 전체" } else { "The whole call" });
        for finding in &report.findings {
            tell(&mut text, finding, start, language);
        }
    }
    text
}

fn tell(text: &mut String, finding: &Finding, start: f64, language: Language) {
    let seconds = |time: f64| format!("{:.1} s", (time - start) / 1_000.0);
    let (from, to) = (seconds(finding.from), seconds(finding.to));
    let _ = writeln!(text, "  {} ({from} - {to})", finding.code.name());
    let _ = writeln!(text, "    {}", meaning(finding, language));
    let _ = writeln!(text, "    {}", advice(finding, language));
    for evidence in &finding.evidence {
        let _ = writeln!(text, "    {} {}: {}", seconds(evidence.time), evidence.name, evidence.value);
    }
}
