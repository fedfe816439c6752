//! An HTTP proxy that lets no WebSocket through, as they are met between pages and servers.

use std::net::Ipv4Addr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{Result, error::Doing};

/// Largest head of a request that is waited for, in bytes.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// What becomes of the handshake of a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshakes {
    /// Its connection is cut, as a firewall or an extension does.
    Cut,
    /// It is passed on without its hop-by-hop headers, as proxies do that nobody told of WebSockets (RFC 9110 §7.6.1).
    PassedOnPlain,
}

/// The proxy; ends when it is dropped.
pub struct StrictProxy {
    task: JoinHandle<()>,
    port: u16,
}

impl StrictProxy {
    /// Opens a proxy to the server on `upstream`, a port of this machine.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start(upstream: u16, handshakes: Handshakes) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.doing(|| "open a port".to_owned())?;
        let port = listener.local_addr().doing(|| "read a port's number".to_owned())?.port();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A connection that breaks breaks for both ends, by being dropped.
                tokio::spawn(relay(client, upstream, handshakes));
            }
        });
        Ok(Self { task, port })
    }

    /// Its address, with a `/` at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

impl Drop for StrictProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Relays one request and its answer.
async fn relay(mut client: TcpStream, upstream: u16, handshakes: Handshakes) -> Option<()> {
    let mut received = Vec::new();
    let end = loop {
        if let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
        let read = client.read_buf(&mut received).await.ok()?;
        if read == 0 || received.len() > MAX_HEAD_BYTES {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let is = |line: &&str, name: &str| line.split(':').next().is_some_and(|key| key.eq_ignore_ascii_case(name));
    if handshakes == Handshakes::Cut && head.lines().any(|line| is(&line, "upgrade")) {
        return None;
    }
    let mut request: String = head
        .lines()
        .filter(|line| !is(line, "upgrade") && !is(line, "connection"))
        .flat_map(|line| [line, "\r\n"])
        .collect();
    request.push_str("connection: close\r\n\r\n");
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream)).await.ok()?;
    server.write_all(request.as_bytes()).await.ok()?;
    server.write_all(&received[end + 4..]).await.ok()?;
    copy_bidirectional(&mut client, &mut server).await.ok().map(drop)
}
