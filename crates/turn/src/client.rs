//! A client with an allocation: its session, its relay socket, and the path back to it, which is its stream or the UDP
//! socket that it sent to. Nothing here waits: a packet that cannot be sent now is dropped, as a network would. Messages
//! from clients are received in [`crate::udp`] and [`crate::stream`].

use std::{
    cell::RefCell,
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

use crate::{
    datagrams::{Batch, Datagrams},
    metrics::Tally,
    outbox::Outbox,
    ports::udp_socket,
    session::{Dropped, Now, Session},
};

/// Buffer of a UDP socket for clients, in bytes.
const BUFFER: usize = 4 * 1024 * 1024;

/// The buffers for handling packets: one set per thread, whatever the number of clients.
pub(crate) struct Scratch {
    /// The receive buffer of datagrams.
    pub(crate) batch: Batch,
    /// The buffer for messages to clients.
    pub(crate) out: Vec<u8>,
    /// Counts not yet added to the relay's counters.
    pub(crate) tally: Tally,
}

impl Scratch {
    /// Lends this thread's buffers to `use_it`, which must not call this function again.
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

/// A client's address, and the local address that it sent to.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    pub(crate) client: SocketAddr,
    pub(crate) local: IpAddr,
}

/// A UDP socket for clients, and its clients with an allocation. A client without one leaves no state.
pub(crate) struct Listener {
    pub(crate) socket: Datagrams,
    clients: Mutex<HashMap<SocketAddr, Arc<Client>>>,
}

impl Listener {
    pub(crate) fn bind(address: SocketAddr, only_v6: bool) -> io::Result<Self> {
        let socket = Datagrams::new(udp_socket(address, only_v6, BUFFER)?)?;
        Ok(Self { socket, clients: Mutex::default() })
    }

    pub(crate) fn local(&self) -> SocketAddr {
        self.socket.local()
    }

    /// Sends a message to a client.
    pub(crate) fn send(&self, message: &[u8], route: Route) -> Result<(), Dropped> {
        self.socket.send(message, route.client, Some(route.local))
    }

    /// The client at `address`, if it has an allocation.
    pub(crate) fn client(&self, address: SocketAddr) -> Option<Arc<Client>> {
        self.clients().get(&address).cloned()
    }

    /// Adds a client whose allocation is open, in place of an earlier one at `address`.
    pub(crate) fn add(&self, address: SocketAddr, client: Arc<Client>) {
        self.clients().insert(address, client);
    }

    /// Removes a client whose allocation is closed.
    pub(crate) fn remove(&self, address: SocketAddr, client: &Arc<Client>) {
        let mut clients = self.clients();
        if clients.get(&address).is_some_and(|each| Arc::ptr_eq(each, client)) {
            clients.remove(&address);
        }
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<SocketAddr, Arc<Client>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The path to a client.
pub(crate) enum Sink {
    /// Datagrams from the socket that the client sent to.
    Datagrams { listener: Arc<Listener>, route: Route },
    /// The client's stream.
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

/// The user and the address that an allocation counts for.
pub(crate) struct Owner {
    pub(crate) user: String,
    /// The client's address, as [`crate::counts::address_key`] maps it.
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

    /// Sends `data` to `peer` from the relayed address.
    pub(crate) fn send_to_peer(&self, peer: SocketAddr, data: &[u8], tally: &mut Tally) {
        match self.socket.send(data, peer, None) {
            Ok(()) => tally.to_peers.add(data.len()),
            Err(reason) => tally.drop(reason),
        }
    }

    /// Relays a packet that `peer` sent to the relayed address, if it is permitted.
    pub(crate) fn deliver(&self, now: Now, peer: SocketAddr, data: &[u8], out: &mut Vec<u8>, tally: &mut Tally) {
        let message = self.session().deliver(now, peer, data, out);
        match message.and_then(|()| self.sink.send(out)) {
            Ok(()) => tally.to_clients.add(data.len()),
            Err(reason) => tally.drop(reason),
        }
    }

    /// Receives packets at the relayed address. Returns whether the socket is drained.
    pub(crate) fn receive(&self, scratch: &mut Scratch) -> bool {
        let now = Now::read();
        let Scratch { batch, out, tally } = scratch;
        self.socket.receive(batch, |peer, _, data| self.deliver(now, peer, data, out, tally))
    }
}
