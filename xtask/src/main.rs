//! `cargo xtask COMMAND`: every chore of the project. A command installs the tools it needs, at the pinned versions,
//! and then does its work. This file only parses the command line; the work is in the other modules.

mod bench;
mod browsers;
mod compress;
mod dist;
mod process;
mod serve;
mod server;
mod system;
mod test;
mod tools;

use process::{Failure, Outcome, become_program, say};
use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Outcome<ExitCode> {
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", arguments),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("cannot find the root of the project")?;
    let target = target_directory()?;
    match command {
        "compress" => compress::trunk_hook().map(|()| ExitCode::SUCCESS),
        "trunk" => become_program(tools::trunk_command(root)?.args(rest)),
        _ if rest.iter().take_while(|word| *word != "--").any(|word| word == "--help" || word == "-h") => help(),
        "serve" => {
            let (addresses, extra) = split_options(rest, "--listen")?;
            serve::serve(root, &target, addresses.last().map(String::as_str), extra)
        }
        "dist" => {
            split_options(rest, "")?;
            let dist = dist::build(root, &target)?;
            let executable = server::build_with_app(root, &target, &dist)?;
            say(format!("ready: deploy {} (the app is inside), or put dist/ on a static host", executable.display()));
            Ok(ExitCode::SUCCESS)
        }
        "test" => {
            let (only, extra) = split_options(rest, "--only")?;
            test::test(root, &target, &only, extra)
        }
        "bench" => match rest.split_first() {
            Some((name, extra)) => bench::bench(root, &target, name, extra),
            None => {
                print!("Benchmarks for `cargo xtask bench NAME`:\n{}", bench::BENCHMARKS);
                Ok(ExitCode::SUCCESS)
            }
        },
        "help" | "--help" | "-h" => help(),
        _ => Err(Failure(format!("unknown command `{command}`; see `cargo xtask help`"))),
    }
}

/// Cargo's target directory, wherever it is configured: this program runs from its `debug` or `release`.
fn target_directory() -> Outcome<PathBuf> {
    let program = env::current_exe().map_err(process::io_failure("cannot find this program"))?;
    Ok(program.ancestors().nth(2).ok_or("this program does not run from a target directory")?.to_owned())
}

/// The values of `option`, which may be repeated, and the arguments after `--`. An empty `option` allows none.
fn split_options<'a>(arguments: &'a [String], option: &str) -> Outcome<(Vec<String>, &'a [String])> {
    let mut values = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.split_once('=') {
            _ if word == "--" => break,
            Some((name, value)) if name == option => values.push(value.to_owned()),
            None if word == option => {
                values.push(words.next().ok_or_else(|| Failure(format!("{option} needs a value")))?.clone());
            }
            _ => {
                return Err(Failure(format!("unknown option `{word}`; see `cargo xtask help`")));
            }
        }
    }
    Ok((values, words.as_slice()))
}

fn help() -> Outcome<ExitCode> {
    print!(
        "Chores of the project. Each command first installs the tools it needs.\n\n\
         cargo xtask serve [--listen {}] [-- FLAGS OF vitrine-server]\n    \
             builds the app and the server in release, serves both, prints the link; for a phone on\n    \
             the same network: `-- --tls-self-signed --listen 0.0.0.0:8443`\n\
         cargo xtask trunk ARGUMENTS\n    \
             runs Trunk at the pinned version; `trunk serve` is for development with hot reload, on\n    \
             http://localhost:8000, with signaling from a `cargo xtask serve` beside it\n\
         cargo xtask dist\n    \
             builds for deployment: one program with the app inside, and dist/ for a static host\n\
         cargo xtask bench NAME\n    \
             runs a benchmark and prints its figures; without a name, lists the benchmarks\n\
         cargo xtask test [--only STAGE OR PART OF ITS NAME]… [-- FILTER AND FLAGS OF THE TESTS]\n    \
             runs every check, in these stages:\n{}\n\
         Build tools are kept in a per-user cache. VITRINE_CACHE sets another directory for it.\n",
        serve::DEFAULT_LISTEN,
        test::stage_list()
    );
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn arguments_after_dashes_are_passed_on() {
        let arguments = words("--only fmt --only=wasm -- --only e2e");
        let (values, extra) = split_options(&arguments, "--only").unwrap();
        assert_eq!((values, extra), (words("fmt wasm"), words("--only e2e").as_slice()));
    }

    #[test]
    fn unknown_or_incomplete_option_is_an_error() {
        assert!(split_options(&words("--only"), "--only").is_err());
        assert!(split_options(&words("fmt"), "--only").is_err());
        assert!(split_options(&words("--listen=1"), "--only").is_err());
    }
}
