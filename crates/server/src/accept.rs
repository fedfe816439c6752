//! The accept loop. Each connection gets a task: the TLS handshake if configured, then the first byte, which tells STUN
//! from HTTP on one port (RFC 7983 section 7), then the protocol until one side closes. The router handles HTTP
//! requests, [`StunStreams`] handles STUN.

use std::{convert::Infallible, fmt, future::Future, io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{oneshot, watch},
    task::JoinSet,
    time::timeout,
};
use tower::ServiceExt as _;

use crate::{
    http_connections::HttpConnectionLimiter,
    opening_connections::OpeningConnections,
    refusal_log::RefusalLog,
    refusal_reason::Reason,
    tls::{self, Tls},
    write_timeout::WriteTimeoutStream,
};

/// Largest head of a request, in bytes; browsers send less than a tenth of it.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Pause after an error that persists for a while, such as too many open files.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// First byte of a TLS handshake (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// A connection, encrypted or not.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// A connection whose first byte, not yet read, begins a STUN message (RFC 7983 section 7).
pub struct StunStream {
    /// The byte stream, decrypted.
    pub stream: Box<dyn ByteStream>,
    /// The server's address on this connection.
    pub local: SocketAddr,
    /// The client's address.
    pub remote: SocketAddr,
    /// Whether the connection is encrypted.
    pub is_tls: bool,
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The handler of connections that speak STUN. Its future runs until it completes or the server stops.
#[derive(Clone)]
pub struct StunStreams(Arc<dyn Fn(StunStream) -> Task + Send + Sync>);

impl StunStreams {
    /// Wraps `serve`, which is called for each connection.
    pub fn new<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(StunStream) -> F + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(move |stream| Box::pin(serve(stream))))
    }
}

impl fmt::Debug for StunStreams {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("StunStreams")
    }
}

/// Limits on connections before and between requests.
#[derive(Clone, Debug)]
pub struct AcceptLimits {
    /// Timeout of the TLS handshake and the first byte after it.
    pub opening_time: Duration,
    /// Most connections in that state; one more closes the oldest of them. An honest client needs a few round trips
    /// only, so a flood closes its own connections.
    pub opening_connections: usize,
    /// Timeout of a request's head, and again of its body; also the idle timeout between requests and the write timeout
    /// of responses.
    pub request_time: Duration,
    /// Most HTTP connections open at a time from one address; a /64 of IPv6 counts as one address. One more is closed.
    /// Connections from this machine or a trusted proxy do not count, nor do WebSockets.
    pub connections_per_address: usize,
}

impl Default for AcceptLimits {
    fn default() -> Self {
        Self {
            opening_time: Duration::from_secs(15),
            opening_connections: 1024,
            request_time: Duration::from_secs(30),
            connections_per_address: 512,
        }
    }
}

/// Accepts and serves the connections of a listener.
pub struct Acceptor {
    app: Router,
    /// Redirects plain HTTP to HTTPS.
    redirect: Router,
    tls: Option<Tls>,
    stun: Option<StunStreams>,
    limits: AcceptLimits,
    http_connections: HttpConnectionLimiter,
    refusals: Arc<RefusalLog>,
    http: http1::Builder,
}

/// The protocol that a connection turned out to speak.
enum Protocol {
    Http(Box<dyn ByteStream>),
    /// HTTP on the port of HTTPS.
    PlainHttp(Box<dyn ByteStream>),
    Stun(StunStream, StunStreams),
}

impl Acceptor {
    /// HTTP goes to `app` and STUN to `stun`; without `stun`, every connection is HTTP. With `tls`, HTTP is served over
    /// TLS only. Addresses in `proxies` have no connection limit.
    pub fn new(
        app: Router,
        tls: Option<Tls>,
        stun: Option<StunStreams>,
        limits: AcceptLimits,
        proxies: Vec<IpNet>,
        refusals: Arc<RefusalLog>,
    ) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(limits.request_time).max_header_size(MAX_HEAD_BYTES);
        let http_connections = HttpConnectionLimiter::new(limits.connections_per_address, proxies);
        Self { app, redirect: tls::redirect(), tls, stun, limits, http_connections, refusals, http }
    }

    /// Accepts until `stop` completes, then closes idle connections and returns when all connections have closed.
    /// Dropping the future closes them at once. Connections upgraded to a WebSocket are not waited for.
    pub async fn run(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let acceptor = Arc::new(self);
        let mut stop = std::pin::pin!(stop);
        let (stopping, stopped) = watch::channel(false);
        let mut opening = OpeningConnections::new(acceptor.limits.opening_connections);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, remote)) => {
                        let (acceptor, remote) = (acceptor.clone(), canonical(remote));
                        let connection = acceptor.serve(stream, remote, opening.add(), stopped.clone());
                        connections.spawn(connection);
                    }
                    // The client closed its connection before it was accepted.
                    Err(error) if is_connection_error(&error) => {}
                    Err(error) => {
                        tracing::error!(%error, "cannot accept connections");
                        tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                    }
                },
                Some(_) = connections.join_next() => {}
                () = &mut stop => break,
            }
        }
        drop(listener);
        stopping.send_replace(true);
        while connections.join_next().await.is_some() {}
    }

    /// Serves a connection until it closes. `evicted` resolves when newer connections need its place before it is open.
    async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        remote: SocketAddr,
        evicted: oneshot::Receiver<Infallible>,
        stopped: watch::Receiver<bool>,
    ) {
        let protocol = tokio::select! {
            protocol = timeout(self.limits.opening_time, self.detect_protocol(stream, remote)) => protocol,
            _ = evicted => {
                tracing::debug!("connection closed before it opened: too many others are opening");
                return;
            }
            () = shutdown(stopped.clone()) => return,
        };
        match protocol {
            Ok(Ok(Protocol::Http(stream))) => self.serve_http(stream, &self.app, remote, stopped).await,
            Ok(Ok(Protocol::PlainHttp(stream))) => {
                self.serve_http(stream, &self.redirect, remote, stopped).await;
            }
            Ok(Ok(Protocol::Stun(stream, StunStreams(serve)))) => tokio::select! {
                () = serve(stream) => {}
                () = shutdown(stopped) => {}
            },
            Ok(Err(error)) => tracing::debug!(%error, "connection failed to open"),
            Err(_) => tracing::debug!("connection did not open in time"),
        }
    }

    /// Peeks at the first byte. If it begins a TLS handshake, performs it and peeks at the first decrypted byte.
    async fn detect_protocol(&self, stream: TcpStream, remote: SocketAddr) -> io::Result<Protocol> {
        // Signaling is many small frames, and each is awaited by a client.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY refused");
        }
        let local = canonical(stream.local_addr()?);
        let mut first = [0];
        if stream.peek(&mut first).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match (&self.stun, &self.tls, first[0]) {
            (Some(stun), _, first) if is_stun(first) => {
                let stream = StunStream { stream: Box::new(stream), local, remote, is_tls: false };
                Ok(Protocol::Stun(stream, stun.clone()))
            }
            (stun, Some(tls), TLS_HANDSHAKE) => {
                let mut stream = tls.accept(self.with_write_timeout(stream)).await?;
                let first = *stream.fill_buf().await?.first().ok_or(io::ErrorKind::UnexpectedEof)?;
                let stream = Box::new(stream);
                Ok(match stun {
                    Some(stun) if is_stun(first) => {
                        Protocol::Stun(StunStream { stream, local, remote, is_tls: true }, stun.clone())
                    }
                    _ => Protocol::Http(stream),
                })
            }
            (_, Some(_), _) => Ok(Protocol::PlainHttp(Box::new(self.with_write_timeout(stream)))),
            (_, None, _) => Ok(Protocol::Http(Box::new(self.with_write_timeout(stream)))),
        }
    }

    /// Adds the write timeout, beneath TLS, where progress shows byte by byte.
    fn with_write_timeout(&self, stream: TcpStream) -> WriteTimeoutStream<TcpStream> {
        WriteTimeoutStream::new(stream, self.limits.request_time)
    }

    async fn serve_http(
        &self,
        stream: Box<dyn ByteStream>,
        app: &Router,
        remote: SocketAddr,
        stopped: watch::Receiver<bool>,
    ) {
        let Some(_permit) = self.http_connections.try_acquire(remote.ip()) else {
            self.refusals.log_connection(Reason::Http, remote.ip());
            return;
        };
        let remote = ConnectInfo(remote);
        let service = service_fn(|mut request: Request<Incoming>| {
            request.extensions_mut().insert(remote);
            app.clone().oneshot(request.map(Body::new))
        });
        let connection = self.http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let result = tokio::select! {
            result = &mut connection => result,
            () = shutdown(stopped) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, "connection closed with an error");
        }
    }
}

/// Completes when the server stops.
async fn shutdown(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Whether a first byte begins STUN. The two top bits of every STUN message are zero (RFC 8489 section 5), and in the
/// messages that can begin a connection all bits of the first byte except the last are.
fn is_stun(first: u8) -> bool {
    first <= 1
}

/// Maps an IPv4 address of an IPv6 socket back to IPv4 (RFC 4291 section 2.5.5.2).
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use axum::{
        extract::WebSocketUpgrade,
        routing::{any, get},
    };
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(20);

    /// An acceptor, and clients that connect to it from any address.
    struct Clients {
        acceptor: Arc<Acceptor>,
        listener: TcpListener,
        stopping: watch::Sender<bool>,
    }

    impl Clients {
        async fn new(limits: AcceptLimits) -> Self {
            let upgrade = any(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(|_| std::future::pending()));
            let app = Router::new().route("/", get(async || "ok")).route("/upgrade", upgrade);
            let acceptor = Arc::new(Acceptor::new(app, None, None, limits, Vec::new(), Arc::default()));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            Self { acceptor, listener, stopping: watch::channel(false).0 }
        }

        /// Sends a request on a new connection, and returns the connection and the first bytes of the response.
        async fn request(&self, from: &str, path: &str, headers: &str) -> (TcpStream, String) {
            let mut client = TcpStream::connect(self.listener.local_addr().unwrap()).await.unwrap();
            let (stream, _) = self.listener.accept().await.unwrap();
            let (opening, evicted) = oneshot::channel();
            let remote = SocketAddr::new(from.parse().unwrap(), 5000);
            let connection = self.acceptor.clone().serve(stream, remote, evicted, self.stopping.subscribe());
            tokio::spawn(async move {
                connection.await;
                drop(opening);
            });
            let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
            client.write_all(request.as_bytes()).await.unwrap();
            let mut answer = vec![0; 1000];
            let read = timeout(TIMEOUT, client.read(&mut answer)).await.expect("the server responds or closes in time");
            // A reset closes the connection, too.
            answer.truncate(read.unwrap_or_default());
            (client, String::from_utf8(answer).unwrap())
        }
    }

    #[tokio::test]
    async fn http_connections_are_limited_per_address() {
        let clients = Clients::new(AcceptLimits { connections_per_address: 2, ..AcceptLimits::default() }).await;
        let request = async |from: &str| clients.request(from, "/", "").await;
        let mut kept = Vec::new();
        for _ in 0..2 {
            let (stream, answer) = request("192.0.2.1").await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            kept.push(stream);
        }
        assert_eq!(request("192.0.2.1").await.1, "");
        assert!(request("192.0.2.2").await.1.starts_with("HTTP/1.1 200 "));
        assert!(request("127.0.0.1").await.1.starts_with("HTTP/1.1 200 "));
        // Until one closes and the server notices.
        kept.pop();
        let again = async { while request("192.0.2.1").await.1.is_empty() {} };
        timeout(TIMEOUT, again).await.expect("a closed connection frees its place");
    }

    #[tokio::test]
    async fn websocket_does_not_count_as_an_http_connection() {
        let clients = Clients::new(AcceptLimits { connections_per_address: 1, ..AcceptLimits::default() }).await;
        let headers = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let mut kept = Vec::new();
        let upgrades = async {
            while kept.len() < 3 {
                let (stream, answer) = clients.request("192.0.2.1", "/upgrade", headers).await;
                // The previous connection may have its response and still count.
                if !answer.is_empty() {
                    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
                    kept.push(stream);
                }
            }
        };
        timeout(TIMEOUT, upgrades).await.expect("three WebSockets are open at a time");
    }
}
