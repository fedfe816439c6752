//! `vitrine-server` as a library: one HTTP server that serves the built app and carries its signaling. Tests and tools
//! start it in-process on a port of their choice and stop it when they like. Media never passes through here.
//!
//! - [`config`]: what can be configured, as command-line flags and environment variables.
//! - `accept` and `tls`: connections, encrypted where that is configured, and what is spoken on them.
//! - `static_files`, `embedded` and `headers`: the files of the app, with caching and security headers.
//! - `connection`, `signaling`, `rooms` and `payload`: the Socket.IO events in their order, what they do, who is in which
//!   room, and what is forwarded.
//! - `gate`: who may open a Socket.IO connection, and who may speak on it.
//! - `announce` and `addresses`: what the program says when it starts.

mod accept;
mod addresses;
mod announce;
pub mod config;
mod connection;
mod embedded;
mod gate;
mod headers;
mod html;
mod payload;
mod rooms;
mod signaling;
mod static_files;
mod tls;

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use axum::{Router, middleware, routing::get};
use socketioxide::SocketIo;
use thiserror::Error;
use tokio::{net::TcpListener, sync::oneshot};
use tower_http::timeout::RequestBodyDeadlineLayer;

pub use accept::{ByteStream, Limits, StunStream, StunStreams};
pub use announce::{AnnounceOptions, When, announce};
pub use config::{Config, Dist};
pub use embedded::{EmbeddedApp, EmbeddedFile};
pub use tls::{SelfSigned, TlsError, TlsOptions};

use crate::{accept::Acceptor, connection::Connections, gate::Gate, signaling::Signaling, tls::Tls};

/// Largest message that a connection survives, in bytes. Anything past `MAX_PAYLOAD_BYTES` is refused in words; anything
/// past this ends the connection, so that nobody can fill the server's memory.
const HARD_LIMIT_BYTES: usize = 1024 * 1024;

/// Packets that may wait for one slow connection. A full room's burst of offers and candidates fits several times.
const SEND_QUEUE_PACKETS: usize = 1024;

/// How long open connections may take to end once the server was told to stop.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// Why the server could not start or go on.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The directory of the built app is not there.
    #[error("there is no directory {}: build the app first, or name its directory with --dist", .0.display())]
    DistMissing(PathBuf),
    /// There is no certificate that could be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The system gave no random bytes.
    #[error("no random bytes from the system: {0}")]
    Random(#[from] getrandom::Error),
}

/// Serves the app and its signaling on `listener` until `shutdown` completes; then closes every connection and returns
/// within a few seconds. Participants who are cut off that way are not reported to the others as having left, because
/// their calls go on without the server.
///
/// # Errors
/// [`ServeError::DistMissing`] and [`ServeError::Tls`] before anything is served.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    config.check()?;
    let signaling = Arc::new(Signaling::new(&config));
    let (socket_io_service, io) = SocketIo::builder()
        .ping_interval(config.ping_interval)
        .ping_timeout(config.ping_timeout)
        .max_payload(HARD_LIMIT_BYTES as u64)
        .ws_max_message_size(HARD_LIMIT_BYTES)
        .ws_max_frame_size(HARD_LIMIT_BYTES)
        .max_buffer_size(SEND_QUEUE_PACKETS)
        .build_svc();
    io.ns("/", Connections(signaling.clone()));

    let gate = Arc::new(Gate::new(&config)?);
    let app = Router::new()
        .route_service("/socket.io", socket_io_service.clone())
        .route_service("/socket.io/", socket_io_service)
        .layer(middleware::from_fn_with_state(gate.clone(), gate::guard))
        .layer(gate.cors())
        .layer(RequestBodyDeadlineLayer::new(config.limits.request_time))
        .route("/healthz", get(async || "ok"))
        .merge(static_files::router(&config.dist));

    let tls = Tls::new(&config.tls)?;
    let keep_current = tls::keep_current(tls.as_ref());
    if let Some(tls) = tls.as_ref().filter(|_| config.tls.tls_self_signed.is_some()) {
        tracing::info!(fingerprint = tls.fingerprint(), "self-signed certificate");
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let acceptor = Acceptor::new(app, tls, config.stun_streams, config.limits);
    let mut accepting = std::pin::pin!(acceptor.run(listener, async {
        // Either it is told to stop, or nobody is left who could tell.
        let _ = stopped.await;
    }));
    tokio::select! {
        () = &mut accepting => return Ok(()),
        () = keep_current => {}
        () = shutdown => {}
    }
    tracing::info!("shutting down");
    signaling.stop();
    let _ = stop.send(());
    let drained = async { tokio::join!(io.close(), &mut accepting) };
    if tokio::time::timeout(SHUTDOWN_GRACE, drained).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
    Ok(())
}
