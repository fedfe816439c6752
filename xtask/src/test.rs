//! `cargo xtask test`: runs every check in order, and prints how long each took and how many tests passed. Only the
//! list of checks is here: how a check is made is its own tool's business.

use crate::browsers::{self, Browser};
use crate::process::{Failure, Outcome, cargo, describe, io_failure, run, say};
use crate::tools::WASM_TARGET;
use crate::{dist, server, system, tools};
use std::io::{Read, Write};
use std::iter::zip;
use std::panic::resume_unwind;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Instant;

/// What the stages share.
struct Context<'a> {
    root: &'a Path,
    target: &'a Path,
    /// Passed on to the test programs: names to filter by, and their flags.
    extra: &'a [String],
    /// Why there is no Firefox to test in, if there is none.
    no_firefox: Option<String>,
    /// Why there is no network laboratory, if there can be none.
    no_laboratory: Option<String>,
}

impl Context<'_> {
    /// The flag for this many tests at a time, unless the user gives it: it may be given only once.
    fn at_a_time(&self, tests: usize) -> Option<String> {
        let given = self.extra.iter().any(|word| word.starts_with("--test-threads"));
        (!given).then(|| format!("--test-threads={tests}"))
    }
}

struct Stage {
    name: &'static str,
    does: &'static str,
    /// Whether a run that counts no test is a failure.
    has_tests: bool,
    run: fn(&Context<'_>, &mut Tally) -> Outcome,
}

/// Stages that run beside each other. The first two wait for their browsers more than they compute, and share a build; most
/// of the last one computes on one core, with another profile, whose files cargo locks apart.
const BESIDE: [&str; 3] = ["wasm-chromium", "wasm-firefox", "dist"];

const STAGES: [Stage; 12] = [
    Stage { name: "fmt", does: "the code is formatted", has_tests: false, run: fmt },
    Stage { name: "clippy-native", does: "no lint in what runs natively", has_tests: false, run: clippy_native },
    Stage { name: "clippy-wasm", does: "no lint in the app", has_tests: false, run: clippy_wasm },
    Stage { name: "clippy-fuzz", does: "no lint in the fuzz targets", has_tests: false, run: clippy_fuzz },
    Stage { name: "doc", does: "the documentation builds without a warning", has_tests: false, run: doc },
    Stage { name: "native", does: "tests without a browser", has_tests: true, run: native },
    Stage { name: "simulation", does: "the negotiation, in many seeded meshes", has_tests: true, run: simulation },
    Stage { name: "wasm-chromium", does: "the app's parts in Chromium", has_tests: true, run: wasm_chromium },
    Stage { name: "wasm-firefox", does: "the app's parts in Firefox", has_tests: true, run: wasm_firefox },
    Stage {
        name: "dist",
        does: "the app builds for release, and into one program that serves it",
        has_tests: false,
        run: build_dist,
    },
    Stage { name: "e2e", does: "calls between real browsers", has_tests: true, run: end_to_end },
    Stage { name: "nat", does: "calls through networks of every kind", has_tests: true, run: nat },
];

impl Stage {
    /// Returns the tests counted, whether all is well, and the seconds it took.
    fn run(&self, context: &Context<'_>) -> (Tally, Outcome, f32) {
        let started = Instant::now();
        let mut tally = Tally::default();
        let mut outcome = (self.run)(context, &mut tally);
        if outcome.is_ok() && self.has_tests && tally == Tally::default() {
            outcome = Err("it ran no test".into());
        }
        if outcome.is_err() {
            // A stage that fails without a failed test, by not compiling or by crashing, must not count as none.
            tally.failed = tally.failed.max(1);
        }
        (tally, outcome, started.elapsed().as_secs_f32())
    }
}

/// The stages by name, a line each.
pub fn stage_list() -> String {
    STAGES.iter().map(|stage| format!("    {:<14} {}\n", stage.name, stage.does)).collect()
}

/// Runs the stages named in `only`, by name or by a part of it, or all of them.
pub fn test(root: &Path, target: &Path, only: &[String], extra: &[String]) -> Outcome<ExitCode> {
    let wanted = |stage: &&Stage| only.is_empty() || only.iter().any(|part| is_meant(stage.name, part));
    let stages: Vec<&Stage> = STAGES.iter().filter(wanted).collect();
    if stages.is_empty() {
        return Err(Failure(format!("no stage is named so. There are:\n{}", stage_list())));
    }
    let (no_firefox, no_laboratory) = set_up(root, &stages)?;
    let context = Context { root, target, extra, no_firefox, no_laboratory };
    let started = Instant::now();
    let mut total = Tally::default();
    let (mut remarks, mut times) = (Vec::new(), Vec::new());
    let mut number = 0;
    for group in stages.chunk_by(|one, next| BESIDE.contains(&one.name) && BESIDE.contains(&next.name)) {
        for stage in group {
            number += 1;
            say(format!("[{number}/{}] {}: {}", stages.len(), stage.name, stage.does));
        }
        let results: Vec<_> = thread::scope(|scope| {
            let running: Vec<_> = group.iter().map(|stage| scope.spawn(|| stage.run(&context))).collect();
            running.into_iter().map(|stage| stage.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        });
        for (stage, (tally, outcome, seconds)) in zip(group, results) {
            match outcome {
                Ok(()) => say(format!("{}: ok, {seconds:.0} s", stage.name)),
                Err(failure) => {
                    say(format!("{}: FAILED, {seconds:.0} s: {failure}", stage.name));
                    remarks.push(format!("FAILED {}: {failure}", stage.name));
                }
            }
            times.push((stage.name, seconds));
            total.add(tally);
        }
    }
    if let Some(reason) = context.no_firefox.filter(|_| total.skipped > 0) {
        remarks.push(format!("SKIPPED all that runs in Firefox. {reason}"));
    }
    if let Some(reason) = context.no_laboratory {
        remarks.push(format!(
            "SKIPPED the network laboratories: paths that die, addresses that change, calls through NATs. {reason}"
        ));
    }
    println!();
    times.push(("all", started.elapsed().as_secs_f32()));
    for (name, seconds) in times {
        println!("{name:<14}{seconds:>6.0} s");
    }
    for remark in &remarks {
        println!("{remark}");
    }
    println!("{}", total.line());
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `native` means that stage alone; `wasm`, no stage's name, means all that have it in theirs.
fn is_meant(name: &str, part: &str) -> bool {
    if STAGES.iter().any(|stage| stage.name == part) { name == part } else { name.contains(part) }
}

/// Installs what the stages need, before any of them runs: what is missing is known at once, not after minutes.
/// Returns why there is no Firefox and why no network laboratory, which alone the tests can do without, if so.
fn set_up(root: &Path, stages: &[&Stage]) -> Outcome<(Option<String>, Option<String>)> {
    let any = |names: &[&str]| stages.iter().any(|stage| names.contains(&stage.name));
    let (mut no_firefox, mut no_laboratory) = (None, None);
    if any(&["native"]) {
        system::ensure(&[system::COTURN])?;
    }
    if any(&["wasm-chromium"]) {
        system::ensure(&[system::CHROMIUM, system::CHROMEDRIVER])?;
    }
    if any(&["e2e", "nat"]) {
        browsers::ensure_end_to_end(root)?;
        no_laboratory = system::no_laboratory()?;
    }
    if any(&["wasm-firefox", "e2e", "nat"]) {
        match system::ensure(&[system::FIREFOX]) {
            Ok(()) => drop(tools::geckodriver().ensure()?),
            Err(failure) if system::may_install() => return Err(failure),
            Err(failure) => no_firefox = Some(failure.to_string()),
        }
    }
    if any(&["fmt", "clippy-native", "clippy-wasm", "clippy-fuzz"]) {
        tools::ensure_components()?;
    }
    if any(&["clippy-wasm", "doc", "wasm-chromium", "wasm-firefox", "dist", "e2e", "nat"]) {
        tools::ensure_wasm_target()?;
    }
    if any(&["wasm-chromium", "wasm-firefox", "dist", "e2e", "nat"]) {
        tools::wasm_bindgen(root)?.ensure()?;
    }
    if any(&["wasm-chromium", "wasm-firefox"]) {
        tools::wasm_pack().ensure()?;
    }
    if any(&["dist", "e2e", "nat"]) {
        tools::trunk().ensure()?;
    }
    Ok((no_firefox, no_laboratory))
}

fn fmt(context: &Context<'_>, _: &mut Tally) -> Outcome {
    run(cargo(context.root).args(["fmt", "--all", "--check"]))
}

fn clippy_native(context: &Context<'_>, _: &mut Tally) -> Outcome {
    let arguments = ["clippy", "--workspace", "--exclude", "vitrine", "--all-targets", "--", "-D", "warnings"];
    run(cargo(context.root).args(arguments))
}

fn clippy_wasm(context: &Context<'_>, _: &mut Tally) -> Outcome {
    let package = ["clippy", "--package", "vitrine", "--target", WASM_TARGET];
    run(cargo(context.root).args(package).args(["--all-targets", "--", "-D", "warnings"]))
}

/// The fuzz targets are a workspace of their own. Nothing is linked here, so that libFuzzer need not be compiled.
fn clippy_fuzz(context: &Context<'_>, _: &mut Tally) -> Outcome {
    let workspace = ["--locked", "--manifest-path", "fuzz/Cargo.toml", "--target-dir"];
    let command = &mut cargo(context.root);
    command.arg("clippy").args(workspace).arg(context.target).args(["--", "-D", "warnings"]);
    run(command.env("CUSTOM_LIBFUZZER_PATH", "/none/libfuzzer.a"))
}

fn doc(context: &Context<'_>, _: &mut Tally) -> Outcome {
    let native = ["--workspace", "--exclude", "vitrine"].as_slice();
    let app = ["--package", "vitrine", "--lib", "--target", WASM_TARGET].as_slice();
    for packages in [native, app] {
        run(cargo(context.root).args(["doc", "--no-deps"]).args(packages).env("RUSTDOCFLAGS", "-D warnings"))?;
    }
    Ok(())
}

fn native(context: &Context<'_>, tally: &mut Tally) -> Outcome {
    let mut command = cargo(context.root);
    // `--no-fail-fast`: one failing program must not hide what the others would say. Many at a time, because these tests
    // wait for timeouts more than they compute.
    command.args(["test", "--no-fail-fast", "--workspace"]);
    for elsewhere in ["vitrine", "vitrine-e2e", "vitrine-negotiation"] {
        command.args(["--exclude", elsewhere]);
    }
    count(command.arg("--").args(context.at_a_time(8)).args(context.extra), tally)?;
    // What the app decides without a browser. Alone, so that its features do not mix with the server's.
    for part in ["--lib", "--doc"] {
        count(cargo(context.root).args(["test", "--package", "vitrine", part, "--"]).args(context.extra), tally)?;
    }
    Ok(())
}

fn simulation(context: &Context<'_>, tally: &mut Tally) -> Outcome {
    let mut command = cargo(context.root);
    command.args(["test", "--no-fail-fast", "--package", "vitrine-negotiation", "--"]);
    // Its report is worth seeing when all is well, too. The flag may be given only once.
    if !context.extra.iter().any(|word| word == "--nocapture") {
        command.arg("--nocapture");
    }
    count(command.args(context.extra), tally)
}

fn wasm_chromium(context: &Context<'_>, tally: &mut Tally) -> Outcome {
    count(&mut browsers::wasm_test_command(context.root, Browser::Chromium, context.extra)?, tally)
}

fn wasm_firefox(context: &Context<'_>, tally: &mut Tally) -> Outcome {
    if let Some(reason) = &context.no_firefox {
        say(format!("skipped: {reason}"));
        tally.skipped += 1;
        return Ok(());
    }
    count(&mut browsers::wasm_test_command(context.root, Browser::Firefox, context.extra)?, tally)
}

fn build_dist(context: &Context<'_>, _: &mut Tally) -> Outcome {
    // Most of the app's build runs on one core.
    let server = server::start_build(context.root, context.target)?;
    let dist = dist::build(context.root, context.target)?;
    server.finish()?;
    server::try_out(&server::build_with_app(context.root, context.target, &dist)?)
}

fn end_to_end(context: &Context<'_>, tally: &mut Tally) -> Outcome {
    let mut command = cargo(context.root);
    browsers::prepare_end_to_end(context.root, context.target, &mut command)?;
    command.args(["test", "--no-fail-fast", "--package", "vitrine-e2e", "--lib", "--bins", "--test", "calls"]);
    // Many at a time: the tests themselves decide which of these run beside each other, and the others wait.
    command.arg("--").args(context.at_a_time(12));
    skip_firefox(context, &mut command, tally);
    if let Some(reason) = &context.no_laboratory {
        say(format!("skipping the tests with `laboratory` in their name: {reason}"));
        command.args(["--skip", "laboratory"]);
        tally.skipped += 1;
    }
    count(command.args(context.extra), tally)
}

fn skip_firefox(context: &Context<'_>, command: &mut Command, tally: &mut Tally) {
    if let Some(reason) = &context.no_firefox {
        say(format!("skipping the tests with `firefox` in their name: {reason}"));
        command.args(["--skip", "firefox"]);
        tally.skipped += 1;
    }
}

fn nat(context: &Context<'_>, tally: &mut Tally) -> Outcome {
    if let Some(reason) = &context.no_laboratory {
        say(format!("skipping all of it: {reason}"));
        tally.skipped += 1;
        return Ok(());
    }
    let mut command = cargo(context.root);
    browsers::prepare_end_to_end(context.root, context.target, &mut command)?;
    // One at a time: beside another call, a relay over UDP may answer later than one over TCP, and that path is kept.
    command.args(["test", "--package", "vitrine-e2e", "--test", "nat", "--"]).args(context.at_a_time(1));
    skip_firefox(context, &mut command, tally);
    count(command.args(context.extra), tally)
}

/// Runs `command`, passing its output on as it comes, and adds what its test runners report.
fn count(command: &mut Command, tally: &mut Tally) -> Outcome {
    count_into(command, tally, &mut std::io::stdout())
}

fn count_into(command: &mut Command, tally: &mut Tally, terminal: &mut dyn Write) -> Outcome {
    let name = describe(command);
    let cannot = || io_failure(format!("cannot run `{name}`"));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(cannot())?;
    let mut output = child.stdout.take().ok_or_else(|| Failure(format!("`{name}` has no output")))?;
    let mut line = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let length = output.read(&mut chunk).map_err(cannot())?;
        if length == 0 {
            break;
        }
        // Not by line: a test's name is worth seeing while it runs.
        terminal.write_all(&chunk[..length]).and_then(|()| terminal.flush()).map_err(cannot())?;
        for &byte in &chunk[..length] {
            if byte == b'\n' {
                tally.add_line(&String::from_utf8_lossy(&line));
                line.clear();
            } else {
                line.push(byte);
            }
        }
    }
    tally.add_line(&String::from_utf8_lossy(&line));
    let status = child.wait().map_err(cannot())?;
    if status.success() { Ok(()) } else { Err(Failure(format!("`{name}` failed ({status})"))) }
}

/// Tests counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Tally {
    passed: u32,
    failed: u32,
    skipped: u32,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Adds the counts of a `test result: …` line, which libtest and wasm-bindgen-test write alike.
    fn add_line(&mut self, line: &str) {
        let Some((_, counts)) = line.trim().strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for part in counts.split(';') {
            match part.trim().split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                Some((number, "ignored")) => self.skipped += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    /// The closing line. Programs read it: keep its form.
    fn line(self) -> String {
        let Tally { passed, failed, skipped } = self;
        let tail = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
        format!("{passed} passed, {failed} failed{tail}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(text: &str) -> Tally {
        let mut tally = Tally::default();
        text.lines().for_each(|line| tally.add_line(line));
        tally
    }

    #[test]
    fn both_runners_are_counted() {
        let text = "running 3 tests\ntest a ... ok\n\
            test result: FAILED. 2 passed; 1 failed; 4 ignored; 0 measured; 7 filtered out; finished in 0.01s\n\
            \ntest result: ok. 5 passed; 0 failed; 1 ignored; 0 filtered out; finished in 0.43s\n\
            a line about test result: ok. 9 passed; 9 failed\n";
        assert_eq!(tally(text), Tally { passed: 7, failed: 1, skipped: 5 });
    }

    #[test]
    fn other_output_counts_nothing() {
        assert_eq!(tally("test result: \n12 passed; 3 failed\ntest result ok"), Tally::default());
    }

    #[test]
    fn a_stage_is_meant_by_its_name_or_by_a_part_that_is_no_name() {
        let meant = |part: &str| -> Vec<&str> {
            STAGES.iter().map(|stage| stage.name).filter(|name| is_meant(name, part)).collect()
        };
        assert_eq!(meant("native"), ["native"]);
        assert_eq!(meant("clippy"), ["clippy-native", "clippy-wasm", "clippy-fuzz"]);
    }

    #[test]
    fn users_number_of_threads_wins() {
        let at_a_time = |extra: &[String]| {
            let path = Path::new("");
            Context { root: path, target: path, extra, no_firefox: None, no_laboratory: None }.at_a_time(3)
        };
        assert_eq!(at_a_time(&[]).as_deref(), Some("--test-threads=3"));
        assert_eq!(at_a_time(&["--test-threads".to_owned(), "1".to_owned()]), None);
    }

    #[test]
    fn the_closing_line_has_its_form() {
        assert_eq!(Tally { passed: 12, failed: 0, skipped: 0 }.line(), "12 passed, 0 failed");
        assert_eq!(Tally { passed: 12, failed: 3, skipped: 1 }.line(), "12 passed, 3 failed, 1 skipped");
    }

    #[cfg(unix)]
    #[test]
    fn a_program_is_counted_passed_on_and_its_exit_matters() {
        let (mut counted, mut terminal) = (Tally::default(), Vec::new());
        let mut shell = Command::new("sh");
        shell.args(["-c", "printf 'test result: ok. 4 passed; 0 failed; 0 ignored'; exit 3"]);
        assert!(count_into(&mut shell, &mut counted, &mut terminal).is_err());
        assert_eq!(counted, Tally { passed: 4, failed: 0, skipped: 0 });
        assert_eq!(terminal, b"test result: ok. 4 passed; 0 failed; 0 ignored");
    }
}
