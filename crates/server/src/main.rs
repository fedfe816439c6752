//! The `vitrine-server` program: reads its configuration, listens, and serves until a signal stops it.

use std::{io::IsTerminal as _, process::ExitCode};

use clap::Parser as _;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;
use vitrine_server::{Config, Server, announce};

fn main() -> ExitCode {
    let config = Config::parse();
    match run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(config: Config) -> Result<(), String> {
    let filter = EnvFilter::try_new(&config.log).map_err(|error| format!("--log {}: {error}", config.log))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    // Each connection needs a file descriptor, and the default soft limit is low.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "cannot raise the limit on open files");
    }
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {error}"))?
        .block_on(listen_and_serve(config))
}

async fn listen_and_serve(config: Config) -> Result<(), String> {
    config.check().map_err(|error| error.to_string())?;
    let address = config.listen;
    let cannot_listen = |error| format!("cannot listen on {address}: {error}");
    // Signals are caught before the address is printed, so that none is missed.
    let shutdown = shutdown_signal().map_err(|error| format!("cannot catch signals: {error}"))?;
    let listener = TcpListener::bind(address).await.map_err(cannot_listen)?;
    let bound = listener.local_addr().map_err(cannot_listen)?;
    // Bound first, printed last: an address on standard output accepts connections.
    let server = Server::bind(config.clone(), listener).await.map_err(|error| error.to_string())?;
    // Writing fails if the parent process has closed the pipe, which is no reason to stop.
    let mut out = std::io::stdout();
    let is_terminal = out.is_terminal();
    let _ = announce(&config, bound, &mut out, is_terminal);
    server.run(shutdown).await;
    Ok(())
}

/// Completes at ctrl-c or, on Unix, at SIGTERM.
#[cfg(unix)]
fn shutdown_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Completes at ctrl-c.
#[cfg(not(unix))]
fn shutdown_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!(%error, "ctrl-c cannot be caught");
            std::future::pending::<()>().await;
        }
    })
}
