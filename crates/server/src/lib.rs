//! `vitrine-server` as a library: one HTTP server that serves the built app and carries its signaling. Tests and tools
//! start it in-process on a port of their choice and stop it when they like.
//!
//! - [`config`]: the configuration, as command-line flags and environment variables.
//! - `accept`, `opening_connections`, `http_connections`, `write_timeout` and `tls`: accepting connections, their limits
//!   and timeouts, and HTTPS.
//! - `static_files`, `embedded`, `headers` and `html`: the files of the app, with caching and security headers.
//! - `engine_io` and `socket_io`: the transports, and the connections and events that they carry.
//! - `signaling`, `rooms` and `payload`: handling of events, the participants of each room, and forwarding.
//! - `origin_check`: which pages may open a Socket.IO connection.
//! - `connection_limiter`: limits on connections and events, per address and per connection.
//! - `client_address`: the client behind trusted proxies, and the key under which its address is counted.
//! - `refusal_log` and `refusal_reason`: refused connections, for the operator.
//! - `metrics`: counters, and access to them.
//! - `access_options`: the flags for limits, trusted proxies and access to the metrics.
//! - `turn` and `ice_servers`: the STUN server and TURN relay in the program, and the ICE servers of participants.
//! - `announce` and `addresses`: the start-up message, and the addresses of this machine.

mod accept;
mod access_options;
mod addresses;
mod announce;
mod announce_options;
mod client_address;
pub mod config;
mod connection_limiter;
mod embedded;
mod engine_io;
mod headers;
mod html;
mod http_connections;
mod ice_servers;
mod id;
mod metrics;
mod opening_connections;
mod origin_check;
mod payload;
mod refusal_log;
mod refusal_reason;
mod rooms;
mod signaling;
mod socket_io;
mod static_files;
mod tls;
mod turn;
mod write_timeout;

use std::{future::Future, io, net::SocketAddr, path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use axum::{extract::ConnectInfo, http::HeaderMap, middleware, routing::get};
use thiserror::Error;
use tokio::{net::TcpListener, sync::oneshot};
use tower_http::timeout::RequestBodyDeadlineLayer;

pub use accept::{AcceptLimits, ByteStream, StunStream, StunStreams};
pub use access_options::AccessOptions;
pub use announce::announce;
pub use announce_options::{AnnounceOptions, When};
pub use config::{Config, Dist};
pub use embedded::{EmbeddedApp, EmbeddedFile};
pub use tls::{SelfSigned, TlsError, TlsOptions};
pub use turn::{TurnListen, TurnOptions};

use crate::{
    accept::Acceptor,
    connection_limiter::ConnectionLimiter,
    engine_io::EngineIo,
    ice_servers::IceServers,
    metrics::Metrics,
    origin_check::{OriginCheck, check_origin},
    refusal_log::RefusalLog,
    signaling::Signaling,
    tls::Tls,
};

/// Parsers of network input, public for the fuzz targets only.
#[doc(hidden)]
pub mod parsers {
    pub use crate::{
        client_address::client_address,
        payload::{ForwardedEvent, event_name, first_argument, string},
        socket_io::Packet,
    };
}

/// How long open connections may take to close when the server stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// Why the server could not start.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The directory of the built app does not exist.
    #[error("there is no directory {}: build the app first, or name its directory with --dist", .0.display())]
    DistMissing(PathBuf),
    /// The directory of the built app has no `index.html`.
    #[error("there is no index.html in {}: build the app first, name its directory with --dist, or carry signaling only with --dist none", .0.display())]
    DistEmpty(PathBuf),
    /// The relay could not start.
    #[error("{0}; --turn-listen names another address and port for STUN and TURN, or \"none\"")]
    Turn(#[from] vitrine_turn::Error),
    /// No certificate can be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The listening socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The system gave no random bytes.
    #[error("no random bytes from the system: {0}")]
    Random(#[from] getrandom::Error),
}

/// A server with all sockets bound. It accepts connections in [`Server::run`] only.
pub struct Server {
    listener: TcpListener,
    acceptor: Acceptor,
    certificate: Pin<Box<dyn Future<Output = ()> + Send>>,
    engine: Arc<EngineIo>,
    signaling: Arc<Signaling>,
}

impl Server {
    /// Checks the configuration and binds the sockets of the relay.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn bind(config: Config, listener: TcpListener) -> Result<Self, ServeError> {
        config.check()?;
        let metrics = Arc::new(Metrics::default());
        let tls = Tls::new(&config.tls)?;
        // A user can make the browser accept a self-signed certificate for pages, but not for TURN.
        let turn_over_tls = tls.is_some() && config.tls.tls_self_signed.is_none();
        let (relay, turn) = config.turn.start(listener.local_addr()?, turn_over_tls).await?;
        let relay = relay.map(Arc::new);
        let ice_servers = IceServers { configured: config.configured_ice_servers(), turn };
        let signaling = Arc::new(Signaling::new(&config, ice_servers, metrics.clone()));
        let refusals = Arc::new(RefusalLog::new(config.access.trusted_proxies.clone(), metrics.clone()));
        let origin_check = Arc::new(OriginCheck::new(&config, refusals.clone()));
        let limiter = Arc::new(ConnectionLimiter::new(&config, metrics.clone(), refusals.clone()));
        let engine = Arc::new(EngineIo::new(&config, limiter, refusals.clone(), signaling.clone()));
        let metrics_page = {
            let (options, signaling, relay) = (config.access.clone(), signaling.clone(), relay.clone());
            async move |ConnectInfo(peer): ConnectInfo<SocketAddr>, headers: HeaderMap| {
                metrics::respond(options.metrics_access(), peer, &headers, || {
                    let (rooms, participants) = signaling.room_counts();
                    metrics.expose(rooms, participants, relay.as_ref().map(|relay| relay.metrics()).as_ref())
                })
            }
        };
        let app = engine
            .router()
            .layer(middleware::from_fn_with_state(origin_check.clone(), check_origin))
            .layer(origin_check.cors_layer())
            .layer(RequestBodyDeadlineLayer::new(config.limits.request_time))
            .route("/healthz", get(async || "ok"))
            .route("/metrics", get(metrics_page))
            .merge(static_files::router(&config.dist, &config.allow_embedding));
        let certificate = Box::pin(tls::keep_current(tls.as_ref()));
        if let Some(tls) = tls.as_ref().filter(|_| config.tls.tls_self_signed.is_some()) {
            tracing::info!(fingerprint = tls.fingerprint(), "self-signed certificate");
        }
        let stun_streams = config.stun_streams.or_else(|| relay.map(streams_to));
        let acceptor = Acceptor::new(app, tls, stun_streams, config.limits, config.access.trusted_proxies, refusals);
        Ok(Self { listener, acceptor, certificate, engine, signaling })
    }

    /// Serves until `shutdown` completes, then closes every connection and returns within a few seconds. No `user-left`
    /// is sent for these participants, because their calls go on without the server.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self { listener, acceptor, certificate, engine, signaling } = self;
        let (stop, stopped) = oneshot::channel::<()>();
        let mut accepting = std::pin::pin!(acceptor.run(listener, async {
            // An error means that the sender is gone, which is the same.
            let _ = stopped.await;
        }));
        tokio::select! {
            () = &mut accepting => return,
            () = certificate => {}
            () = shutdown => {}
        }
        tracing::info!("shutting down");
        signaling.stop();
        let _ = stop.send(());
        let drained = async { tokio::join!(engine.close_all(), &mut accepting) };
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, drained).await.is_err() {
            tracing::warn!("some connections did not close in time");
        }
    }
}

/// [`Server::bind`] and [`Server::run`].
///
/// # Errors
/// [`ServeError`], before anything is served.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    Server::bind(config, listener).await?.run(shutdown).await;
    Ok(())
}

/// Passes the connections that speak STUN to the relay.
fn streams_to(relay: Arc<vitrine_turn::Relay>) -> StunStreams {
    StunStreams::new(move |StunStream { stream, local, remote, .. }| {
        relay.serve_stream(stream, local, remote, Vec::new())
    })
}
