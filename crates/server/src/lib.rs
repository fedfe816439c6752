//! `vitrine-server` as a library: one HTTP server that serves the built app and carries its signaling. Tests and tools
//! start it in-process on a port of their choice and stop it when they like. Media never passes through here.
//!
//! - [`config`]: what can be configured, as command-line flags and environment variables.
//! - `static_files` and `headers`: the files of `dist/`, with caching and security headers.
//! - `engine_io` and `socket_io`: the transports, and the connections and events that they carry.
//! - `signaling`, `rooms` and `payload`: what the events do, who is in which room, and what is forwarded.
//! - `gate`: which pages may open a Socket.IO connection.
//! - `door`: how many connections an address may have, and how much each may do.
//! - `metrics`: what is counted, and who may read it.

pub mod config;
mod door;
mod engine_io;
mod gate;
mod headers;
mod html;
mod id;
mod metrics;
mod payload;
mod rooms;
mod signaling;
mod socket_io;
mod static_files;

use std::{future::Future, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{extract::ConnectInfo, http::HeaderMap, middleware, routing::get, serve::ListenerExt as _};
use thiserror::Error;
use tokio::{net::TcpListener, sync::oneshot};

pub use config::Config;
pub use door::DoorOptions;

use crate::{door::Door, engine_io::EngineIo, gate::Gate, metrics::Metrics, signaling::Signaling};

/// What reads the network: reached by the fuzz targets, and by nobody else.
#[doc(hidden)]
pub mod parsers {
    pub use crate::{
        door::client_address,
        payload::{Relay, event_name, first_argument, string},
        socket_io::Packet,
    };
}

/// How long open connections may take to end once the server was told to stop.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// Why the server could not start or go on.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The directory of the built app is not there.
    #[error("there is no directory {}: build the app first, or name its directory with --dist", .0.display())]
    DistMissing(PathBuf),
    /// The listening socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Serves the app and its signaling on `listener` until `shutdown` completes; then closes every connection and returns
/// within a few seconds. Participants who are cut off that way are not reported to the others as having left, because
/// their calls go on without the server.
///
/// # Errors
/// [`ServeError::DistMissing`] before anything is served, [`ServeError::Io`] when the listener fails.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    config.check()?;
    let metrics = Arc::new(Metrics::default());
    let signaling = Arc::new(Signaling::new(&config, metrics.clone()));
    let gate = Arc::new(Gate::new(&config, metrics.clone()));
    let door = Arc::new(Door::new(&config, metrics.clone()));
    let engine = Arc::new(EngineIo::new(&config, door, signaling.clone()));
    let figures = {
        let (options, signaling) = (config.door.clone(), signaling.clone());
        async move |ConnectInfo(peer): ConnectInfo<SocketAddr>, headers: HeaderMap| {
            metrics::respond(options.readers(), peer, &headers, || {
                let (rooms, participants) = signaling.census();
                metrics.expose(rooms, participants)
            })
        }
    };
    let app = engine
        .router()
        .layer(middleware::from_fn_with_state(gate.clone(), gate::guard))
        .layer(gate.cors())
        .route("/healthz", get(async || "ok"))
        .route("/metrics", get(figures))
        .merge(static_files::router(config.dist.as_deref()))
        .into_make_service_with_connect_info::<SocketAddr>();

    // Signaling is many small frames, each of which somebody waits for.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY refused");
        }
    });
    let (stop, stopped) = oneshot::channel::<()>();
    let server = axum::serve(listener, app).with_graceful_shutdown(async {
        // Either it is told to stop, or nobody is left who could tell.
        let _ = stopped.await;
    });
    let mut server = std::pin::pin!(server.into_future());
    tokio::select! {
        result = &mut server => return Ok(result?),
        () = shutdown => {}
    }
    tracing::info!("shutting down");
    signaling.stop();
    let _ = stop.send(());
    let drained = async { tokio::join!(engine.close_all(), &mut server).1 };
    match tokio::time::timeout(SHUTDOWN_GRACE, drained).await {
        Ok(result) => Ok(result?),
        Err(_) => {
            tracing::warn!("some connections did not end in time");
            Ok(())
        }
    }
}
