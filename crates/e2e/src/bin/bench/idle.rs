//! `bench idle`: ten thousand connections that do nothing but answer pings, held by one server, and how long joining
//! takes meanwhile: from the TCP connection to the acknowledgement of `join-room`.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::json;
use vitrine_e2e::{
    Result, VitrineServer,
    load::{SignalingSocket, allow_many_connections, cpu_seconds, memory_bytes},
};

use crate::{
    relay::{UNLIMITED, open},
    spread::Spread,
};

const CONNECTIONS: usize = 10_000;
/// Joins, and the time between two. Together longer than the server's ping interval, so that all are pinged meanwhile.
const JOINS: usize = 300;
const BETWEEN: Duration = Duration::from_millis(100);
/// The most that a join may take.
const LIMIT: Duration = Duration::from_secs(1);

/// Prints the figures; whether all connections were held and every join was answered in time.
pub async fn run() -> Result<bool> {
    let files = allow_many_connections()?;
    let server = VitrineServer::start_with(Path::new("none"), 0, &UNLIMITED).await?;
    let (port, program) = (server.port(), server.program());
    let empty = memory_bytes(program)?;
    let started = Instant::now();
    let sockets = open(port, CONNECTIONS).await?;
    let opening = started.elapsed();
    let tasks: Vec<_> = sockets.into_iter().map(|socket| tokio::spawn(socket.idle())).collect();
    let (started, cpu) = (Instant::now(), cpu_seconds(program)?);
    let mut times = Vec::new();
    for number in 0..JOINS {
        tokio::time::sleep(BETWEEN).await;
        let started = Instant::now();
        let mut socket = SignalingSocket::connect(port).await?;
        socket.join(&format!("join-{number}")).await?;
        times.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    let load = (cpu_seconds(program)? - cpu) / started.elapsed().as_secs_f64();
    let full = memory_bytes(program)?;
    let held = tasks.iter().filter(|task| !task.is_finished()).count();
    let joins = Spread::of(times.iter().copied());
    let within = held == CONNECTIONS && joins.max <= LIMIT.as_secs_f64() * 1000.0;
    println!("idle connections held     {held} of {CONNECTIONS}, opened in {:.1} s", opening.as_secs_f64());
    println!("joins meanwhile           {JOINS}, in ms: {joins}");
    println!("server's memory           {:.1} MB, empty {:.1} MB", full as f64 / 1e6, empty as f64 / 1e6);
    println!("server's processor        {:.1} % of one core", load * 100.0);
    println!("{}", if within { "within the limits" } else { "OVER: a connection was lost, or a join took too long" });
    println!();
    println!(
        "{}",
        json!({
            "bench": "idle", "connections": CONNECTIONS, "held": held, "opening_s": opening.as_secs_f64(),
            "joins": JOINS, "join": joins.json(), "limit_ms": LIMIT.as_millis() as u64, "memory_bytes": full,
            "memory_bytes_empty": empty, "cpu": load, "open_files_limit": files, "within_limits": within,
        })
    );
    Ok(within)
}
