//! `bench NAME`: figures of real browsers and of servers. Each benchmark prints a table and, last, one JSON line. Run by
//! `cargo xtask bench NAME`, which builds what is measured.

mod idle;
mod join;
mod kind;
mod memory;
mod mesh;
mod recover;
mod relay;
mod spread;
mod verdict;

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let result = match name.as_str() {
        "idle" => idle::run().await,
        "join" => join::run().await,
        "memory" => memory::run(arguments.next()).await,
        "mesh" => mesh::run(arguments.next(), arguments.next()).await,
        "recover" => recover::run(arguments.next(), arguments.next()).await,
        "relay" => relay::run().await,
        "verdict" => verdict::run(arguments.next(), arguments.next()).await,
        _ => {
            eprintln!(
                "usage: bench idle | bench join | bench memory [ROUNDS] | bench mesh [PEOPLE [RUNS]] | \
                 bench recover [RUNS [FAULT]] | bench relay | bench verdict [RUNS [TROUBLE]]"
            );
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
