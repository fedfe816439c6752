//! Clients on streams: TCP, TLS, or whatever carries bytes both ways. Each has a task of its own; how many there may be,
//! how long one may idle, and how much may wait for one that reads slowly is bounded.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::{
    client::{Client, Scratch, Sink},
    counts::{Counts, network_of},
    framer::Framer,
    outbox::Outbox,
    session::{Now, Transport, canonical},
    shared::{Change, Origin, Shared},
};

/// Until the next attempt to accept a connection, where the system had no means for one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Bytes of replies that may wait for who has no allocation before its next question is read.
const STRANGERS_REPLIES: usize = 4096;

#[derive(Default)]
struct Open {
    total: usize,
    by_address: Counts<IpAddr>,
}

/// How many streams are open, and from where.
pub(crate) struct Admission {
    most: usize,
    most_by_address: usize,
    open: Mutex<Open>,
}

/// One stream that was let in, as long as it lives.
struct Admitted<'a> {
    admission: &'a Admission,
    address: IpAddr,
}

impl Admission {
    pub(crate) fn new(most: usize, most_by_address: usize) -> Self {
        Self { most, most_by_address, open: Mutex::default() }
    }

    pub(crate) fn count(&self) -> usize {
        self.open().total
    }

    fn admit(&self, remote: IpAddr) -> Option<Admitted<'_>> {
        let address = network_of(remote);
        let mut open = self.open();
        if open.total >= self.most || open.by_address.of(&address) >= self.most_by_address {
            return None;
        }
        open.total += 1;
        open.by_address.add(&address);
        Some(Admitted { admission: self, address })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let mut open = self.admission.open();
        open.total -= 1;
        open.by_address.remove(&self.address);
    }
}

/// The task of a TCP socket that clients come to, which never ends.
pub(crate) async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                let serve = serve_tcp(shared.clone(), stream, remote);
                shared.tasks.spawn(serve);
            }
            Err(error) => {
                tracing::debug!(%error, "a TURN connection was not accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve_tcp(shared: Arc<Shared>, stream: TcpStream, remote: SocketAddr) {
    // Packets of a call do not wait for one another.
    if let (Ok(local), Ok(())) = (stream.local_addr(), stream.set_nodelay(true)) {
        serve(shared, stream, local, remote, &[]).await;
    }
}

/// Serves one stream until either side ends it or it idles. `received` was read from it already.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    stream: impl AsyncRead + AsyncWrite,
    local: SocketAddr,
    remote: SocketAddr,
    received: &[u8],
) {
    let Some(_admitted) = shared.admission.admit(remote.ip()) else {
        shared.counters.streams_refused.fetch_add(1, Relaxed);
        return;
    };
    let limits = &shared.rules.limits;
    let outbox = Arc::new(Outbox::new(limits.stream_queue));
    let mut connection = Connection {
        shared: shared.clone(),
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
    }
}

/// What one stream has.
struct Connection {
    shared: Arc<Shared>,
    local: IpAddr,
    remote: SocketAddr,
    outbox: Arc<Outbox>,
    framer: Framer,
    current: Option<Arc<Client>>,
    /// Since when there has been no allocation; while there is one, it does not count.
    without_since: Instant,
}

impl Connection {
    /// Reads and does what is asked until the stream ends, is no stream of messages, or idles.
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

    /// Does what `count` more bytes ask for. Returns whether more can follow.
    async fn take(&mut self, count: usize) -> bool {
        self.framer.received(count);
        let intact = Scratch::with(|scratch| {
            let Scratch { out, tally, .. } = scratch;
            let now = Now::read();
            let sink = || Sink::Stream(self.outbox.clone());
            let origin = Origin { client: self.remote, transport: Transport::Stream, local: self.local, sink: &sink };
            let intact = loop {
                let message = match self.framer.next_message() {
                    Ok(Some(message)) => message,
                    Ok(None) => break true,
                    Err(error) => {
                        tracing::debug!(%error, remote = %self.remote, "a TURN stream was closed");
                        break false;
                    }
                };
                let current = self.current.as_ref();
                let (reply, change) = self.shared.receive(now, &origin, current, message, out, tally);
                match change {
                    Change::Opened(client) => self.current = Some(client),
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
        self.outbox.room(if self.current.is_some() { usize::MAX } else { STRANGERS_REPLIES }).await;
        intact
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(client) = &self.current {
            self.shared.close(client);
        }
    }
}

/// Writes what waits until the client takes nothing for `stall`, or its side of the stream is gone.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_counted_in_all_and_by_address() {
        let admission = Admission::new(3, 2);
        let admit = |ip: &str| admission.admit(ip.parse().unwrap());
        let first = admit("192.0.2.1");
        let _second = admit("::ffff:192.0.2.1").unwrap();
        assert!(admit("192.0.2.1").is_none());
        let _third = admit("192.0.2.2").unwrap();
        assert!(admit("192.0.2.3").is_none());
        drop(first);
        assert_eq!(admission.count(), 2);
        assert!(admit("192.0.2.1").is_some());
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        let admission = Admission::new(9, 1);
        let _first = admission.admit("2001:db8:0:1::1".parse().unwrap()).unwrap();
        assert!(admission.admit("2001:db8:0:1:ffff::2".parse().unwrap()).is_none());
        assert!(admission.admit("2001:db8:0:2::1".parse().unwrap()).is_some());
    }
}
