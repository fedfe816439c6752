//! The accept loop and the first moments of every connection: TLS where it is spoken, then the first byte, which tells
//! STUN from HTTP on one port (RFC 7983 section 7), then the task that speaks the protocol until one side ends it. What
//! HTTP requests are answered with is the router's business, what STUN messages are, that of [`StunStreams`].

use std::{
    collections::VecDeque, convert::Infallible, fmt, future::Future, io, net::SocketAddr, pin::Pin, sync::Arc,
    time::Duration,
};

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
    crowd::Crowd,
    impatient::Impatient,
    refusals::{Reason, Refusals},
    tls::{self, Tls},
};

/// Largest head of a request, in bytes; browsers send less than a tenth of it.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Pause after an error that will not go away by itself at once, such as too many open files.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// First byte of a TLS handshake (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// A connection, encrypted or not.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// A connection whose first byte, not yet read, is that of a STUN message (RFC 7983 section 7).
pub struct StunStream {
    /// What the client sends, decrypted.
    pub stream: Box<dyn ByteStream>,
    /// The server's address on this connection.
    pub local: SocketAddr,
    /// The client's address.
    pub remote: SocketAddr,
    /// Whether the client speaks TLS.
    pub is_tls: bool,
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Takes the connections that speak STUN. What it returns is run until it ends or the server stops.
#[derive(Clone)]
pub struct StunStreams(Arc<dyn Fn(StunStream) -> Task + Send + Sync>);

impl StunStreams {
    /// Connections go to `serve`.
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

/// What a client may cost before it has asked for anything.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Time for the TLS handshake and the first byte after it.
    pub opening_time: Duration,
    /// Most connections that are in that state; one more ends the oldest of them. A client that means it is through
    /// within a few round trips, so those that are cut off in a flood are those of the flood.
    pub opening_connections: usize,
    /// Time for the head of a request, and again for its body; also how long a connection may idle between two, and how
    /// long it may take nothing of an answer.
    pub request_time: Duration,
    /// Most connections that speak HTTP at a time from one address; a /64 of IPv6 counts as one address. Those from
    /// this machine or a trusted proxy do not count, nor does one that has become a WebSocket. One more is closed.
    pub connections_per_address: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            opening_time: Duration::from_secs(15),
            opening_connections: 1024,
            request_time: Duration::from_secs(30),
            connections_per_address: 512,
        }
    }
}

/// Speaks with every client that a listener accepts.
pub struct Acceptor {
    app: Router,
    /// Answers plain HTTP where TLS is spoken.
    redirect: Router,
    tls: Option<Tls>,
    stun: Option<StunStreams>,
    limits: Limits,
    crowd: Crowd,
    refusals: Arc<Refusals>,
    http: http1::Builder,
}

/// What a client turned out to speak.
enum Protocol {
    Http(Box<dyn ByteStream>),
    /// HTTP where it should be HTTPS.
    PlainHttp(Box<dyn ByteStream>),
    Stun(StunStream, StunStreams),
}

impl Acceptor {
    /// Requests go to `app`, STUN to `stun`; without it, all is HTTP. With `tls`, nothing is HTTP without TLS. Clients
    /// at addresses of `proxies` come for many.
    pub fn new(
        app: Router,
        tls: Option<Tls>,
        stun: Option<StunStreams>,
        limits: Limits,
        proxies: Vec<IpNet>,
        refusals: Arc<Refusals>,
    ) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(limits.request_time).max_header_size(MAX_HEAD_BYTES);
        let crowd = Crowd::new(limits.connections_per_address, proxies);
        Self { app, redirect: tls::redirect(), tls, stun, limits, crowd, refusals, http }
    }

    /// Accepts until `stop` completes, then ends what is idle and returns when all connections have ended. Dropped
    /// before that, it ends them at once. Connections that were upgraded to a WebSocket are the upgrade's business.
    pub async fn run(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let acceptor = Arc::new(self);
        let mut stop = std::pin::pin!(stop);
        let (stopping, stopped) = watch::channel(false);
        let mut opening = Opening::new(acceptor.limits.opening_connections);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, remote)) => {
                        let (acceptor, remote) = (acceptor.clone(), canonical(remote));
                        let connection = acceptor.connection(stream, remote, opening.add(), stopped.clone());
                        connections.spawn(connection);
                    }
                    // The client went away while it waited.
                    Err(error) if is_of_one_connection(&error) => {}
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

    /// The whole life of a connection. `superseded` ends when others need its place before it is open.
    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        remote: SocketAddr,
        superseded: oneshot::Receiver<Infallible>,
        stopped: watch::Receiver<bool>,
    ) {
        let protocol = tokio::select! {
            protocol = timeout(self.limits.opening_time, self.open(stream, remote)) => protocol,
            _ = superseded => {
                tracing::debug!("a connection that did not open made way for others");
                return;
            }
            () = told(stopped.clone()) => return,
        };
        match protocol {
            Ok(Ok(Protocol::Http(stream))) => self.speak_http(stream, &self.app, remote, stopped).await,
            Ok(Ok(Protocol::PlainHttp(stream))) => {
                self.speak_http(stream, &self.redirect, remote, stopped).await;
            }
            Ok(Ok(Protocol::Stun(stream, StunStreams(serve)))) => tokio::select! {
                () = serve(stream) => {}
                () = told(stopped) => {}
            },
            Ok(Err(error)) => tracing::debug!(%error, "a connection did not open"),
            Err(_) => tracing::debug!("a connection did not open in time"),
        }
    }

    /// Waits for the first byte and, where that is one of TLS, for the first one inside; takes neither.
    async fn open(&self, stream: TcpStream, remote: SocketAddr) -> io::Result<Protocol> {
        // Signaling is many small frames, each of which somebody waits for.
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
                let mut stream = tls.accept(self.impatient(stream)).await?;
                let first = *stream.fill_buf().await?.first().ok_or(io::ErrorKind::UnexpectedEof)?;
                let stream = Box::new(stream);
                Ok(match stun {
                    Some(stun) if is_stun(first) => {
                        Protocol::Stun(StunStream { stream, local, remote, is_tls: true }, stun.clone())
                    }
                    _ => Protocol::Http(stream),
                })
            }
            (_, Some(_), _) => Ok(Protocol::PlainHttp(Box::new(self.impatient(stream)))),
            (_, None, _) => Ok(Protocol::Http(Box::new(self.impatient(stream)))),
        }
    }

    /// Beneath TLS, where every byte that the client takes can be seen.
    fn impatient(&self, stream: TcpStream) -> Impatient<TcpStream> {
        Impatient::new(stream, self.limits.request_time)
    }

    async fn speak_http(
        &self,
        stream: Box<dyn ByteStream>,
        app: &Router,
        remote: SocketAddr,
        stopped: watch::Receiver<bool>,
    ) {
        let Some(_place) = self.crowd.enter(remote.ip()) else {
            self.refusals.connection(Reason::Http, remote.ip());
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
            () = told(stopped) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, "a connection ended with an error");
        }
    }
}

/// Completes when the server is told to stop.
async fn told(mut stopped: watch::Receiver<bool>) {
    // An error means that nobody is left who could tell.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// The two top bits of a STUN message are zero, and so are, of those that begin a connection, all bits of the first
/// byte but the last (RFC 8489 section 5).
fn is_stun(first: u8) -> bool {
    first <= 1
}

/// An IPv4 address is one also where the socket is an IPv6 one (RFC 4291 section 2.5.5.2).
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// The connections that have not opened, oldest first. Each ends when its sender is dropped; those that have opened have
/// dropped their receiver and are cleared out when the place is needed.
struct Opening {
    connections: VecDeque<oneshot::Sender<Infallible>>,
    limit: usize,
}

impl Opening {
    fn new(limit: usize) -> Self {
        Self { connections: VecDeque::new(), limit }
    }

    fn add(&mut self) -> oneshot::Receiver<Infallible> {
        if self.connections.len() >= self.limit {
            self.connections.retain(|connection| !connection.is_closed());
        }
        if self.connections.len() >= self.limit {
            self.connections.pop_front();
        }
        let (sender, receiver) = oneshot::channel();
        self.connections.push_back(sender);
        receiver
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        extract::WebSocketUpgrade,
        routing::{any, get},
    };
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// An acceptor, and connections to it that come from where they like.
    struct Clients {
        acceptor: Arc<Acceptor>,
        listener: TcpListener,
        stopping: watch::Sender<bool>,
    }

    impl Clients {
        async fn new(limits: Limits) -> Self {
            let upgrade = any(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(|_| std::future::pending()));
            let app = Router::new().route("/", get(async || "ok")).route("/upgrade", upgrade);
            let acceptor = Arc::new(Acceptor::new(app, None, None, limits, Vec::new(), Arc::default()));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            Self { acceptor, listener, stopping: watch::channel(false).0 }
        }

        /// A connection on which something was asked, and what was answered first.
        async fn ask(&self, from: &str, path: &str, headers: &str) -> (TcpStream, String) {
            let mut client = TcpStream::connect(self.listener.local_addr().unwrap()).await.unwrap();
            let (stream, _) = self.listener.accept().await.unwrap();
            let (opening, superseded) = oneshot::channel();
            let remote = SocketAddr::new(from.parse().unwrap(), 5000);
            let connection = self.acceptor.clone().connection(stream, remote, superseded, self.stopping.subscribe());
            tokio::spawn(async move {
                connection.await;
                drop(opening);
            });
            let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
            client.write_all(request.as_bytes()).await.unwrap();
            let mut answer = vec![0; 1000];
            let read = timeout(PATIENCE, client.read(&mut answer)).await.expect("an answer or an end in time");
            // A reset is an end, too.
            answer.truncate(read.unwrap_or_default());
            (client, String::from_utf8(answer).unwrap())
        }
    }

    #[tokio::test]
    async fn an_address_has_so_many_connections_that_speak_http() {
        let clients = Clients::new(Limits { connections_per_address: 2, ..Limits::default() }).await;
        let ask = async |from: &str| clients.ask(from, "/", "").await;
        let mut kept = Vec::new();
        for _ in 0..2 {
            let (stream, answer) = ask("192.0.2.1").await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            kept.push(stream);
        }
        assert_eq!(ask("192.0.2.1").await.1, "");
        assert!(ask("192.0.2.2").await.1.starts_with("HTTP/1.1 200 "));
        assert!(ask("127.0.0.1").await.1.starts_with("HTTP/1.1 200 "));
        // Until one has gone and the server has noticed.
        kept.pop();
        let again = async { while ask("192.0.2.1").await.1.is_empty() {} };
        timeout(PATIENCE, again).await.expect("a place again");
    }

    #[tokio::test]
    async fn what_has_become_a_websocket_counts_no_more() {
        let clients = Clients::new(Limits { connections_per_address: 1, ..Limits::default() }).await;
        let headers = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let mut kept = Vec::new();
        let upgrades = async {
            while kept.len() < 3 {
                let (stream, answer) = clients.ask("192.0.2.1", "/upgrade", headers).await;
                // The one before may have its answer and not have become one yet.
                if !answer.is_empty() {
                    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
                    kept.push(stream);
                }
            }
        };
        timeout(PATIENCE, upgrades).await.expect("three at a time");
    }

    #[test]
    fn the_oldest_that_has_not_opened_makes_way() {
        let mut opening = Opening::new(2);
        let (mut a, b, mut c) = (opening.add(), opening.add(), {
            drop(opening.add());
            opening.add()
        });
        let ended = |receiver: &mut oneshot::Receiver<Infallible>| {
            matches!(receiver.try_recv(), Err(oneshot::error::TryRecvError::Closed))
        };
        assert!(ended(&mut a));
        drop(b);
        let mut d = opening.add();
        assert!(!ended(&mut c) && !ended(&mut d));
        assert_eq!(opening.connections.len(), 2);
    }
}
