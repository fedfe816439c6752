//! Compares the processor time of this relay and coturn under the same load, in turns: `cargo xtask bench turn`. Every
//! client exchanges packets with its own peer at a fixed rate. In "both relayed", two clients exchange packets, each
//! through an allocation.
//!
//! `load [SECONDS [ROUNDS [RATE]]]`: seconds per measurement (5), rounds (3), packets per second of each sender (2000).

mod flows;
#[path = "../../tests/relay/message.rs"]
#[allow(dead_code, clippy::unwrap_used, missing_docs)]
mod message;
mod servers;

use std::{error::Error, time::Duration};

use flows::{Load, Scenario};
use servers::{Kind, Server};

/// Any error ends the program with its message.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// Largest allowed ratio of processor time to coturn's.
const BUDGET: f64 = 1.5;

/// The result of a measurement.
#[derive(Clone, Copy, Default)]
struct Figures {
    sent: u64,
    received: u64,
    seconds: f64,
    cpu_seconds: f64,
}

impl Figures {
    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.received += other.received;
        self.seconds += other.seconds;
        self.cpu_seconds += other.cpu_seconds;
    }

    #[allow(clippy::cast_precision_loss)]
    fn gigabits(&self) -> f64 {
        (self.received * flows::PAYLOAD as u64 * 8) as f64 / 1e9
    }

    fn cpu_per_gigabit(&self) -> f64 {
        self.cpu_seconds / self.gigabits()
    }

    #[allow(clippy::cast_precision_loss)]
    fn arrived(&self) -> f64 {
        self.received as f64 / self.sent as f64
    }

    fn json(&self) -> String {
        format!(
            r#"{{"gbit_per_second":{:.4},"arrived":{:.4},"cpu_seconds_per_gbit":{:.4}}}"#,
            self.gigabits() / self.seconds,
            self.arrived(),
            self.cpu_per_gigabit()
        )
    }
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.peek().is_some_and(|first| first == servers::SERVE) {
        return servers::serve();
    }
    let mut number = |default: u64| arguments.next().map_or(Ok(default), |text| text.parse());
    let (seconds, rounds, rate) = (number(5)?, number(3)?, number(2000)?);
    let load = Load { duration: Duration::from_secs(seconds), rate };

    println!(
        "{} pairs, {} bytes, {rate} packets/s each way, {rounds} rounds of {seconds} s",
        flows::PAIRS,
        flows::PAYLOAD
    );
    println!("{:<16} {:<8} {:>9} {:>9} {:>10} {:>12}", "", "", "Gbit/s", "arrived", "CPU s", "CPU s/Gbit");
    let mut json = Vec::new();
    let mut within = true;
    for scenario in Scenario::ALL {
        let mut sums = [Figures::default(); 2];
        for _ in 0..rounds {
            for (kind, sum) in Kind::ALL.into_iter().zip(&mut sums) {
                let server = Server::start(kind)?;
                sum.add(load.run(&server, scenario)?);
            }
        }
        for (kind, sum) in Kind::ALL.into_iter().zip(&sums) {
            let rate = sum.gigabits() / sum.seconds;
            println!(
                "{:<16} {:<8} {rate:>9.3} {:>8.2}% {:>10.2} {:>12.3}",
                scenario.name(),
                kind.name(),
                sum.arrived() * 100.0,
                sum.cpu_seconds,
                sum.cpu_per_gigabit()
            );
        }
        let ratio = sums[0].cpu_per_gigabit() / sums[1].cpu_per_gigabit();
        println!("{:<16} ratio {ratio:.2}", scenario.name());
        within &= ratio <= BUDGET;
        json.push(format!(
            r#""{}":{{"vitrine":{},"coturn":{},"ratio":{ratio:.3}}}"#,
            scenario.name(),
            sums[0].json(),
            sums[1].json()
        ));
    }
    println!("{} {BUDGET} times coturn's\n", if within { "within" } else { "OVER" });
    println!(r#"{{"bench":"turn",{},"budget":{BUDGET},"within_budget":{within}}}"#, json.join(","));
    if within { Ok(()) } else { Err("over the budget".into()) }
}
