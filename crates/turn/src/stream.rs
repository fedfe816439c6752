//! Clients on streams: TCP, TLS, or whatever carries bytes both ways. Each has a task of its own; how many there may be,
//! how long one may idle, and how much may wait for one that reads slowly is bounded. Who has an allocation has shown
//! credentials; who has none makes way when there are too many.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

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
    /// By the number that each is given, so the oldest comes first.
    streams: BTreeMap<u64, Stream>,
    by_address: Counts<IpAddr>,
    next: u64,
}

/// What is known of an open stream.
struct Stream {
    network: IpAddr,
    /// Ends it.
    end: CancellationToken,
    /// Done when its allocation is closed; `None` while it has had none.
    allocation: Option<CancellationToken>,
}

impl Open {
    /// Ends the oldest that has no allocation, if there is one.
    fn make_way(&mut self) -> bool {
        let is_idle = |stream: &Stream| stream.allocation.as_ref().is_none_or(CancellationToken::is_cancelled);
        let Some(number) = self.streams.iter().find(|(_, stream)| is_idle(stream)).map(|(number, _)| *number) else {
            return false;
        };
        self.remove(number);
        true
    }

    fn remove(&mut self, number: u64) {
        // It may have made way already.
        if let Some(stream) = self.streams.remove(&number) {
            self.by_address.remove(&stream.network);
            stream.end.cancel();
        }
    }
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
    number: u64,
    /// It has to make way for another.
    superseded: CancellationToken,
}

impl Admission {
    pub(crate) fn new(most: usize, most_by_address: usize) -> Self {
        Self { most, most_by_address, open: Mutex::default() }
    }

    pub(crate) fn count(&self) -> usize {
        self.open().streams.len()
    }

    /// Lets a stream in, if need be for the oldest that has no allocation. `None` where its address has too many, or
    /// all have an allocation.
    fn admit(&self, remote: IpAddr) -> Option<Admitted<'_>> {
        let network = network_of(remote);
        let mut open = self.open();
        if open.by_address.of(&network) >= self.most_by_address {
            return None;
        }
        if open.streams.len() >= self.most && !open.make_way() {
            return None;
        }
        let number = open.next;
        let superseded = CancellationToken::new();
        open.next += 1;
        open.by_address.add(&network);
        open.streams.insert(number, Stream { network, end: superseded.clone(), allocation: None });
        Some(Admitted { admission: self, number, superseded })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admitted<'_> {
    /// The stream has an allocation from now on, until it is `closed`.
    fn has_allocation(&self, closed: CancellationToken) {
        if let Some(stream) = self.admission.open().streams.get_mut(&self.number) {
            stream.allocation = Some(closed);
        }
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.admission.open().remove(self.number);
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
    let Some(admitted) = shared.admission.admit(remote.ip()) else {
        shared.counters.streams_refused.fetch_add(1, Relaxed);
        return;
    };
    let superseded = admitted.superseded.clone();
    let limits = &shared.rules.limits;
    let outbox = Arc::new(Outbox::new(limits.stream_queue));
    let mut connection = Connection {
        shared: shared.clone(),
        admitted,
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
        () = superseded.cancelled() => {
            shared.counters.streams_refused.fetch_add(1, Relaxed);
            tracing::debug!(%remote, "a TURN stream without an allocation made way for another");
        }
    }
}

/// What one stream has.
struct Connection<'a> {
    shared: Arc<Shared>,
    admitted: Admitted<'a>,
    local: IpAddr,
    remote: SocketAddr,
    outbox: Arc<Outbox>,
    framer: Framer,
    current: Option<Arc<Client>>,
    /// Since when there has been no allocation; while there is one, it does not count.
    without_since: Instant,
}

impl Connection<'_> {
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
                    Change::Opened(client) => {
                        self.admitted.has_allocation(client.closed.clone());
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
        self.outbox.room(if self.current.is_some() { usize::MAX } else { STRANGERS_REPLIES }).await;
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

    fn admit<'a>(admission: &'a Admission, ip: &str) -> Option<Admitted<'a>> {
        admission.admit(ip.parse().unwrap())
    }

    /// One that has an allocation, and what closes that.
    fn allocated<'a>(admission: &'a Admission, ip: &str) -> (Admitted<'a>, CancellationToken) {
        let (admitted, closed) = (admit(admission, ip).unwrap(), CancellationToken::new());
        admitted.has_allocation(closed.clone());
        (admitted, closed)
    }

    #[test]
    fn streams_are_counted_in_all_and_by_address() {
        let admission = Admission::new(3, 2);
        let first = allocated(&admission, "192.0.2.1");
        let _second = allocated(&admission, "::ffff:192.0.2.1");
        assert!(admit(&admission, "192.0.2.1").is_none());
        let _third = allocated(&admission, "192.0.2.2");
        assert!(admit(&admission, "192.0.2.3").is_none());
        drop(first);
        assert_eq!(admission.count(), 2);
        assert!(admit(&admission, "192.0.2.1").is_some());
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        let admission = Admission::new(9, 1);
        let _first = admit(&admission, "2001:db8:0:1::1").unwrap();
        assert!(admit(&admission, "2001:db8:0:1:ffff::2").is_none());
        assert!(admit(&admission, "2001:db8:0:2::1").is_some());
    }

    #[test]
    fn the_oldest_without_an_allocation_makes_way() {
        let admission = Admission::new(3, 3);
        let (first, closed) = allocated(&admission, "192.0.2.1");
        let second = admit(&admission, "192.0.2.2").unwrap();
        let third = admit(&admission, "192.0.2.3").unwrap();
        let (fourth, _) = allocated(&admission, "192.0.2.4");
        let superseded = |all: &[&Admitted<'_>]| -> Vec<bool> {
            all.iter().map(|admitted| admitted.superseded.is_cancelled()).collect()
        };
        assert_eq!(superseded(&[&first, &second, &third, &fourth]), [false, true, false, false]);
        // What has made way counts no more, and not twice.
        drop(second);
        assert_eq!(admission.count(), 3);
        // An allocation that has ended protects no longer.
        closed.cancel();
        let _fifth = allocated(&admission, "192.0.2.5");
        assert_eq!(superseded(&[&first, &third, &fourth]), [true, false, false]);
        let _sixth = allocated(&admission, "192.0.2.6");
        assert_eq!(superseded(&[&third, &fourth]), [true, false]);
        assert!(admit(&admission, "192.0.2.7").is_none());
    }
}
