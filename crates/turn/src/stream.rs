//! Clients on streams: TCP, TLS, or any other byte stream. Each stream has a task. Their idle time and their send queues
//! are limited here, their number in [`crate::stream_limiter`].

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::{
    client::{Client, Scratch, Sink},
    framer::Framer,
    outbox::Outbox,
    session::{Now, Transport, canonical},
    shared::{Change, Shared, Source},
    stream_limiter::StreamPermit,
};

/// Pause after the system failed to accept a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Bytes of replies that may be queued for a client without an allocation before its next request is read.
const UNAUTHENTICATED_REPLIES: usize = 4096;

/// The task of a listening TCP socket. Never completes.
pub(crate) async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                let serve = serve_tcp(shared.clone(), stream, remote);
                shared.tasks.spawn(serve);
            }
            Err(error) => {
                tracing::debug!(%error, "cannot accept a TURN connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve_tcp(shared: Arc<Shared>, stream: TcpStream, remote: SocketAddr) {
    // Media packets must not wait for one another.
    if let (Ok(local), Ok(())) = (stream.local_addr(), stream.set_nodelay(true)) {
        serve(shared, stream, local, remote, &[]).await;
    }
}

/// Serves one stream until either side closes it or it idles. `received` are the bytes already read from it.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    stream: impl AsyncRead + AsyncWrite,
    local: SocketAddr,
    remote: SocketAddr,
    received: &[u8],
) {
    let Some(permit) = shared.stream_limiter.try_acquire(remote.ip()) else {
        shared.counters.streams_refused.fetch_add(1, Relaxed);
        return;
    };
    let evicted = permit.evicted.clone();
    let limits = &shared.rules.limits;
    let outbox = Arc::new(Outbox::new(limits.stream_queue));
    let mut connection = Connection {
        shared: shared.clone(),
        permit,
        local: local.ip().to_canonical(),
        remote: canonical(remote),
        outbox: outbox.clone(),
        framer: Framer::default(),
        current: None,
        without_since: Instant::now(),
    };
    let (reader, writer) = tokio::io::split(stream);
    tokio::select! {
        () = connection.read(reader, received) => {}
        () = write(writer, &outbox, limits.stream_stall) => {}
        () = shared.stop.cancelled() => {}
        () = evicted.cancelled() => {
            shared.counters.streams_refused.fetch_add(1, Relaxed);
            tracing::debug!(%remote, "evicted a TURN stream without an allocation");
        }
    }
}

/// The state of one stream.
struct Connection<'a> {
    shared: Arc<Shared>,
    permit: StreamPermit<'a>,
    local: IpAddr,
    remote: SocketAddr,
    outbox: Arc<Outbox>,
    framer: Framer,
    current: Option<Arc<Client>>,
    /// When the stream was last known to have an allocation, or was opened.
    without_since: Instant,
}

impl Connection<'_> {
    /// Reads and handles messages until the stream closes, cannot be framed, or idles.
    async fn read(&mut self, mut reader: impl AsyncRead + Unpin, mut received: &[u8]) {
        while !received.is_empty() {
            let space = self.framer.space();
            let (now, later) = received.split_at(received.len().min(space.len()));
            space[..now.len()].copy_from_slice(now);
            received = later;
            if !self.take(now.len()).await {
                return;
            }
        }
        let idle = self.shared.rules.limits.stream_idle;
        loop {
            if self.current.as_ref().is_some_and(|client| !client.closed.is_cancelled()) {
                self.without_since = Instant::now();
            }
            match timeout_at(self.without_since + idle, reader.read(self.framer.space())).await {
                Ok(Ok(count @ 1..)) => {
                    if !self.take(count).await {
                        return;
                    }
                }
                Ok(_) => return,
                Err(_) if self.current.as_ref().is_some_and(|client| !client.closed.is_cancelled()) => {}
                Err(_) => return,
            }
        }
    }

    /// Handles `count` more bytes. Returns false if the stream cannot be framed.
    async fn take(&mut self, count: usize) -> bool {
        self.framer.received(count);
        let intact = Scratch::with(|scratch| {
            let Scratch { out, tally, .. } = scratch;
            let now = Now::read();
            let sink = || Sink::Stream(self.outbox.clone());
            let source = Source { client: self.remote, transport: Transport::Stream, local: self.local, sink: &sink };
            let intact = loop {
                let message = match self.framer.next_message() {
                    Ok(Some(message)) => message,
                    Ok(None) => break true,
                    Err(error) => {
                        tracing::debug!(%error, remote = %self.remote, "closed a TURN stream");
                        break false;
                    }
                };
                let current = self.current.as_ref();
                let (reply, change) = self.shared.receive(now, &source, current, message, out, tally);
                match change {
                    Change::Opened(client) => {
                        self.permit.set_allocation(client.closed.clone());
                        self.current = Some(client);
                    }
                    Change::Closed => self.current = None,
                    Change::None => {}
                }
                if let Some(reply) = reply {
                    self.outbox.reply(&reply);
                }
            };
            self.shared.counters.add(tally);
            intact
        });
        self.outbox.room(if self.current.is_some() { usize::MAX } else { UNAUTHENTICATED_REPLIES }).await;
        intact
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        if let Some(client) = &self.current {
            self.shared.close(client);
        }
    }
}

/// Writes queued bytes until a write takes longer than `stall` or the client closes the stream.
async fn write(mut writer: impl AsyncWrite + Unpin, outbox: &Outbox, stall: Duration) {
    let mut bytes = Vec::new();
    loop {
        outbox.take(&mut bytes).await;
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            match timeout(stall, writer.write(rest)).await {
                Ok(Ok(count @ 1..)) => rest = &rest[count..],
                _ => return,
            }
        }
        if !matches!(timeout(stall, writer.flush()).await, Ok(Ok(()))) {
            return;
        }
    }
}
