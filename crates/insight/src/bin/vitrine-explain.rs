//! `vitrine-explain`: says what is wrong with a recorded call, from a file. Nothing leaves the machine.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Read, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use vitrine_insight::{
    Language,
    finding::Finding,
    rules::{Report, explain},
    trace::{MAX_BYTES, Trace},
    words::{advice, meaning, verdict},
};

const HELP: &str = "\
Says what is wrong with a recorded call.

Usage: vitrine-explain [--json] [--korean] FILE

FILE is a webrtc-internals dump of Chromium, an rtcstats dump (format 3), or lines of events in JSON; `-` reads the
standard input.

  --json     print the report as JSON, with times in milliseconds of the trace
  --korean   print it in Korean
  --help     print this";

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

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that has enough, such as `head`, is no failure.
        Err(Error::Unwritable(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: impl Iterator<Item = String>) -> Result<(), Error> {
    let (mut json, mut language, mut file) = (false, Language::English, None);
    for argument in arguments {
        match &*argument {
            "--help" | "-h" => return Ok(writeln!(io::stdout(), "{HELP}")?),
            "--json" => json = true,
            "--korean" => language = Language::Korean,
            flag if flag.starts_with("--") => return Err(Error::Usage(format!("there is no option {flag}"))),
            _ if file.is_some() => return Err(Error::Usage("one file at a time".to_owned())),
            _ => file = Some(argument),
        }
    }
    let file = file.ok_or_else(|| Error::Usage("which file?".to_owned()))?;
    let text = read(&file).map_err(|error| Error::Unreadable(file.clone(), error))?;
    let trace = Trace::read(&text).map_err(|error| Error::NoTrace(file, error))?;
    let report = explain(&trace);
    let mut out = io::stdout().lock();
    if json {
        let text =
            if out.is_terminal() { serde_json::to_string_pretty(&report) } else { serde_json::to_string(&report) };
        writeln!(out, "{}", text.map_err(io::Error::other)?)?;
    } else {
        write!(out, "{}", in_words(&trace, &report, language))?;
    }
    Ok(())
}

/// Reads a file, no more than is used. What is no UTF-8 is replaced: an error about the format says more.
fn read(file: &str) -> io::Result<String> {
    let mut bytes = Vec::new();
    let most = MAX_BYTES as u64 + 1;
    if file == "-" {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(PathBuf::from(file))?.take(most).read_to_end(&mut bytes)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
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
