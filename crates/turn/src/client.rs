//! A client with an allocation: its session, its relay socket, and the way back to it. Everything here ends at once and
//! never waits: what cannot be sent now is dropped, as networks do.

use std::{
    cell::RefCell,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

use crate::{
    datagrams::{Batch, Datagrams},
    metrics::Tally,
    outbox::Outbox,
    session::{Dropped, Now, Session},
    udp::{Listener, Route},
};

/// What the handling of packets needs of memory: one for each thread, whatever the number of clients.
pub(crate) struct Scratch {
    /// Where datagrams are received.
    pub(crate) batch: Batch,
    /// Where messages to clients are written.
    pub(crate) out: Vec<u8>,
    /// What has been counted and not yet been added up.
    pub(crate) tally: Tally,
}

impl Scratch {
    /// Lends this thread's to `use_it`, which must not ask for it again.
    pub(crate) fn with<T>(use_it: impl FnOnce(&mut Self) -> T) -> T {
        thread_local! {
            static SCRATCH_OF_THREAD: RefCell<Scratch> = RefCell::new(Scratch {
                batch: Batch::default(),
                out: Vec::new(),
                tally: Tally::default(),
            });
        }
        SCRATCH_OF_THREAD.with_borrow_mut(use_it)
    }
}

/// The way to a client.
pub(crate) enum Sink {
    /// Datagrams of the socket that it came to.
    Datagrams { listener: Arc<Listener>, route: Route },
    /// Its stream.
    Stream(Arc<Outbox>),
}

impl Sink {
    fn send(&self, message: &[u8]) -> Result<(), Dropped> {
        match self {
            Self::Datagrams { listener, route } => listener.send(message, *route),
            Self::Stream(outbox) => outbox.push(message),
        }
    }
}

/// Whom an allocation counts for.
pub(crate) struct Owner {
    pub(crate) user: String,
    /// The client's, as [`crate::counts::network_of`] has it.
    pub(crate) network: IpAddr,
}

/// A client with an allocation.
pub(crate) struct Client {
    session: Mutex<Session>,
    pub(crate) socket: Datagrams,
    pub(crate) relayed: SocketAddr,
    pub(crate) owner: Owner,
    pub(crate) sink: Sink,
    pub(crate) closed: CancellationToken,
}

impl Client {
    pub(crate) fn new(
        session: Session,
        socket: Datagrams,
        relayed: SocketAddr,
        owner: Owner,
        sink: Sink,
        closed: CancellationToken,
    ) -> Self {
        Self { session: Mutex::new(session), socket, relayed, owner, sink, closed }
    }

    pub(crate) fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends from the relayed address into the network.
    pub(crate) fn send_to_peer(&self, peer: SocketAddr, data: &[u8], tally: &mut Tally) {
        match self.socket.send(data, peer, None) {
            Ok(()) => tally.to_peers.add(data.len()),
            Err(reason) => tally.drop(reason),
        }
    }

    /// Passes on what `peer` sent to the relayed address, if it may.
    pub(crate) fn deliver(&self, now: Now, peer: SocketAddr, data: &[u8], out: &mut Vec<u8>, tally: &mut Tally) {
        let message = self.session().deliver(now, peer, data, out);
        match message.and_then(|()| self.sink.send(out)) {
            Ok(()) => tally.to_clients.add(data.len()),
            Err(reason) => tally.drop(reason),
        }
    }

    /// Takes what has arrived at the relayed address. Returns whether that was all.
    pub(crate) fn receive(&self, scratch: &mut Scratch) -> bool {
        let now = Now::read();
        let Scratch { batch, out, tally } = scratch;
        self.socket.receive(batch, |peer, _, data| self.deliver(now, peer, data, out, tally))
    }
}
