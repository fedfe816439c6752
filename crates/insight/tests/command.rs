//! `vitrine-explain`, as a person calls it.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helpers fail by panicking")]

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use flate2::{Compression, write::GzEncoder};

fn explain(arguments: &[&str]) -> Output {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rtcstats");
    Command::new(env!("CARGO_BIN_EXE_vitrine-explain")).current_dir(directory).args(arguments).output().unwrap()
}

fn words(output: &[u8]) -> &str {
    std::str::from_utf8(output).unwrap()
}

#[test]
fn exit_status_says_whether_a_connection_failed() {
    assert_eq!(explain(&["chrome-relay.jsonl"]).status.code(), Some(0));
    assert_eq!(explain(&["chrome-standard-pc-failed.jsonl"]).status.code(), Some(1));
    assert_eq!(explain(&["chrome-relay.jsonl", "chrome-standard-pc-failed.jsonl"]).status.code(), Some(1));
}

#[test]
fn file_that_cannot_be_read_is_named_and_the_others_are_explained() {
    let output = explain(&["missing.jsonl", "chrome-relay.jsonl"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(words(&output.stderr).contains("missing.jsonl"));
    assert!(words(&output.stdout).contains("Through a relay, over TLS."));
    let none = explain(&[concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    assert_eq!(none.status.code(), Some(2));
    assert!(words(&none.stderr).contains("no recorded call"), "{}", words(&none.stderr));
}

#[test]
fn packed_file_is_explained_too() {
    let plain = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rtcstats/chrome-relay.jsonl")).unwrap();
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&plain).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_vitrine-explain"));
    let mut program = program.arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    program.stdin.take().unwrap().write_all(&packer.finish().unwrap()).unwrap();
    let output = program.wait_with_output().unwrap();
    assert_eq!(words(&output.stdout), words(&explain(&["chrome-relay.jsonl"]).stdout));
}

#[test]
fn report_is_one_line_of_json_for_each_file() {
    let output = explain(&["--json", "chrome-relay.jsonl", "safari-relay.jsonl"]);
    let lines: Vec<serde_json::Value> =
        words(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["connections"][0]["verdict"], "relay-tls");
}

#[test]
fn arguments_that_make_no_sense_are_told() {
    for arguments in [&[][..], &["--what", "x"]] {
        let output = explain(arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(words(&output.stderr).contains("Usage"), "{arguments:?}");
    }
    let help = explain(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(words(&help.stdout).contains("Exit status"));
}
