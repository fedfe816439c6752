//! `vitrine-server` as a library: one HTTP server that serves the built app and carries its signaling. Tests and tools
//! start it in-process on a port of their choice and stop it when they like.
//!
//! - [`config`]: what can be configured, as command-line flags and environment variables.
//! - `accept`, `crowd`, `impatient` and `tls`: connections, how many and for how long, encrypted where that is
//!   configured, and what is spoken on them.
//! - `static_files`, `embedded` and `headers`: the files of the app, with caching and security headers.
//! - `engine_io` and `socket_io`: the transports, and the connections and events that they carry.
//! - `signaling`, `rooms` and `payload`: what the events do, who is in which room, and what is forwarded.
//! - `gate`: which pages may open a Socket.IO connection.
//! - `door`: how many connections an address may have, and how much each may do.
//! - `refusals`: which connections were refused, for the log.
//! - `metrics`: what is counted, and who may read it.
//! - `turn` and `ice_servers`: the STUN server and TURN relay in the program, and what participants are told of it.
//! - `announce` and `addresses`: what the program says when it starts.

mod accept;
mod addresses;
mod announce;
pub mod config;
mod crowd;
mod door;
mod embedded;
mod engine_io;
mod gate;
mod headers;
mod html;
mod ice_servers;
mod id;
mod impatient;
mod metrics;
mod payload;
mod refusals;
mod rooms;
mod signaling;
mod socket_io;
mod static_files;
mod tls;
mod turn;

use std::{future::Future, io, net::SocketAddr, path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use axum::{extract::ConnectInfo, http::HeaderMap, middleware, routing::get};
use thiserror::Error;
use tokio::{net::TcpListener, sync::oneshot};
use tower_http::timeout::RequestBodyDeadlineLayer;

pub use accept::{ByteStream, Limits, StunStream, StunStreams};
pub use announce::{AnnounceOptions, When, announce};
pub use config::{Config, Dist};
pub use door::DoorOptions;
pub use embedded::{EmbeddedApp, EmbeddedFile};
pub use tls::{SelfSigned, TlsError, TlsOptions};
pub use turn::{TurnListen, TurnOptions};

use crate::{
    accept::Acceptor, door::Door, engine_io::EngineIo, gate::Gate, ice_servers::IceServers, metrics::Metrics,
    refusals::Refusals, signaling::Signaling, tls::Tls,
};

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
    /// The directory of the built app has no app in it.
    #[error("there is no index.html in {}: build the app first, name its directory with --dist, or carry signaling only with --dist none", .0.display())]
    DistEmpty(PathBuf),
    /// The relay could not start.
    #[error("{0}; --turn-listen names another address and port for STUN and TURN, or \"none\"")]
    Turn(#[from] vitrine_turn::Error),
    /// There is no certificate that could be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The listening socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The system gave no random bytes.
    #[error("no random bytes from the system: {0}")]
    Random(#[from] getrandom::Error),
}

/// A server whose sockets are all bound. Nothing is accepted before [`Server::run`].
pub struct Server {
    listener: TcpListener,
    acceptor: Acceptor,
    certificate: Pin<Box<dyn Future<Output = ()> + Send>>,
    engine: Arc<EngineIo>,
    signaling: Arc<Signaling>,
}

impl Server {
    /// Checks the configuration and binds what it asks for beside `listener`.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn bind(config: Config, listener: TcpListener) -> Result<Self, ServeError> {
        config.check()?;
        let metrics = Arc::new(Metrics::default());
        let tls = Tls::new(&config.tls)?;
        // Browsers take a certificate that they have warned of for pages, not for TURN.
        let turn_over_tls = tls.is_some() && config.tls.tls_self_signed.is_none();
        let (relay, turn) = config.turn.start(listener.local_addr()?, turn_over_tls).await?;
        let relay = relay.map(Arc::new);
        let ice_servers = IceServers { named: config.named_ice_servers(), turn };
        let signaling = Arc::new(Signaling::new(&config, ice_servers, metrics.clone()));
        let refusals = Arc::new(Refusals::new(config.door.trusted_proxies.clone(), metrics.clone()));
        let gate = Arc::new(Gate::new(&config, refusals.clone()));
        let door = Arc::new(Door::new(&config, metrics.clone(), refusals.clone()));
        let engine = Arc::new(EngineIo::new(&config, door, refusals.clone(), signaling.clone()));
        let figures = {
            let (options, signaling, relay) = (config.door.clone(), signaling.clone(), relay.clone());
            async move |ConnectInfo(peer): ConnectInfo<SocketAddr>, headers: HeaderMap| {
                metrics::respond(options.readers(), peer, &headers, || {
                    let (rooms, participants) = signaling.census();
                    metrics.expose(rooms, participants, relay.as_ref().map(|relay| relay.metrics()).as_ref())
                })
            }
        };
        let app = engine
            .router()
            .layer(middleware::from_fn_with_state(gate.clone(), gate::guard))
            .layer(gate.cors())
            .layer(RequestBodyDeadlineLayer::new(config.limits.request_time))
            .route("/healthz", get(async || "ok"))
            .route("/metrics", get(figures))
            .merge(static_files::router(&config.dist, &config.allow_embedding));
        let certificate = Box::pin(tls::keep_current(tls.as_ref()));
        if let Some(tls) = tls.as_ref().filter(|_| config.tls.tls_self_signed.is_some()) {
            tracing::info!(fingerprint = tls.fingerprint(), "self-signed certificate");
        }
        let stun_streams = config.stun_streams.or_else(|| relay.map(streams_to));
        let acceptor = Acceptor::new(app, tls, stun_streams, config.limits, config.door.trusted_proxies, refusals);
        Ok(Self { listener, acceptor, certificate, engine, signaling })
    }

    /// Serves until `shutdown` completes; then closes every connection and returns within a few seconds. Participants who
    /// are cut off that way are not reported to the others as having left, because their calls go on without the server.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self { listener, acceptor, certificate, engine, signaling } = self;
        let (stop, stopped) = oneshot::channel::<()>();
        let mut accepting = std::pin::pin!(acceptor.run(listener, async {
            // Either it is told to stop, or nobody is left who could tell.
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
        if tokio::time::timeout(SHUTDOWN_GRACE, drained).await.is_err() {
            tracing::warn!("some connections did not end in time");
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

/// Hands the connections that speak STUN to the relay.
fn streams_to(relay: Arc<vitrine_turn::Relay>) -> StunStreams {
    StunStreams::new(move |StunStream { stream, local, remote, .. }| {
        relay.serve_stream(stream, local, remote, Vec::new())
    })
}
