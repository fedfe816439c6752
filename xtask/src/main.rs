//! The project's chores, `cargo xtask NAME`: each installs what it needs at the versions the project pins, then does
//! its work. This file reads the command line and nothing more.

mod bench;
mod browsers;
mod dist;

mod process;
mod serve;
mod server;
mod shrink;
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the project has no root")?;
    let target = target_directory()?;
    match command {
        "trunk" => become_program(tools::trunk_command(root)?.args(rest)),
        _ if rest.iter().take_while(|word| *word != "--").any(|word| word == "--help" || word == "-h") => help(),
        "serve" => {
            let (options, extra) = split(rest, "--listen")?;
            serve::serve(root, &target, options.last().map(String::as_str), extra)
        }
        "dist" => {
            split(rest, "")?;
            let dist = dist::build(root, &target)?;
            let executable = server::build_with_app(root, &target, &dist)?;
            say(format!("ready: {} is all there is to deploy; dist/ for any static host", executable.display()));
            Ok(ExitCode::SUCCESS)
        }
        "test" => {
            let (only, extra) = split(rest, "--only")?;
            test::test(root, &target, &only, extra)
        }
        "bench" => match rest.split_first() {
            Some((name, extra)) => bench::bench(root, &target, name, extra),
            None => {
                print!("Benchmarks, run by `cargo xtask bench NAME`:\n{}", bench::BENCHMARKS);
                Ok(ExitCode::SUCCESS)
            }
        },
        "help" | "--help" | "-h" => help(),
        _ => Err(Failure(format!("no command `{command}`; `cargo xtask` lists them"))),
    }
}

/// Cargo's target directory, wherever it was configured to be: this program is in its `debug` or `release`.
fn target_directory() -> Outcome<PathBuf> {
    let program = env::current_exe().map_err(process::io_failure("cannot find this program"))?;
    Ok(program.ancestors().nth(2).ok_or("this program is not in a target directory")?.to_owned())
}

/// The values given to `option`, which may be repeated, and what follows `--`.
fn split<'a>(arguments: &'a [String], option: &str) -> Outcome<(Vec<String>, &'a [String])> {
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
                return Err(Failure(format!("`{word}` is not understood; `cargo xtask` says what is")));
            }
        }
    }
    Ok((values, words.as_slice()))
}

fn help() -> Outcome<ExitCode> {
    print!(
        "Chores of the project. Each installs what it needs first.\n\n\
         cargo xtask serve [--listen {}] [-- FLAGS OF vitrine-server]\n    \
             builds everything in release, serves it, prints the link; with `-- --tls-self-signed\n    \
             --listen 0.0.0.0:8443` for a phone on the same network, too\n\
         cargo xtask trunk ARGUMENTS\n    \
             Trunk at the pinned version; `trunk serve` is development with hot reload, on\n    \
             http://localhost:8000, with signaling from a `cargo xtask serve` beside it\n\
         cargo xtask dist\n    \
             builds for deployment: one program with the app inside, and dist/ for a static host\n\
         cargo xtask bench NAME\n    \
             prints figures; without a name, lists the benchmarks\n\
         cargo xtask test [--only PART OF A STAGE'S NAME]… [-- FILTER AND FLAGS OF THE TESTS]\n    \
             runs every check, in these stages:\n{}\n\
         Build tools are kept in a per-user cache; VITRINE_CACHE names another place for it.\n",
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
    fn options_and_what_follows_the_dashes_are_told_apart() {
        let arguments = words("--only fmt --only=wasm -- --only e2e");
        let (values, extra) = split(&arguments, "--only").unwrap();
        assert_eq!((values, extra), (words("fmt wasm"), words("--only e2e").as_slice()));
    }

    #[test]
    fn what_is_not_an_option_is_refused() {
        assert!(split(&words("--only"), "--only").is_err());
        assert!(split(&words("fmt"), "--only").is_err());
        assert!(split(&words("--listen=1"), "--only").is_err());
    }
}
