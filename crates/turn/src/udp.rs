//! A UDP socket that clients come to, and who of them has an allocation. Strangers leave nothing behind.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    client::{Client, Scratch, Sink},
    datagrams::Datagrams,
    metrics::Tally,
    ports::udp_socket,
    session::{Dropped, Now, Transport},
    shared::{Change, Origin, Shared},
};

/// What the socket of all clients may hold of a burst, in bytes.
const BUFFER: usize = 4 * 1024 * 1024;

/// Where a client is, and the address of this machine that it came to.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    pub(crate) client: SocketAddr,
    pub(crate) local: IpAddr,
}

/// A UDP socket that clients come to.
pub(crate) struct Listener {
    socket: Datagrams,
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

    /// Sends to a client.
    pub(crate) fn send(&self, message: &[u8], route: Route) -> Result<(), Dropped> {
        self.socket.send(message, route.client, Some(route.local))
    }

    /// `client` has no allocation any more.
    pub(crate) fn forget(&self, address: SocketAddr, client: &Arc<Client>) {
        let mut clients = self.clients();
        if clients.get(&address).is_some_and(|each| Arc::ptr_eq(each, client)) {
            clients.remove(&address);
        }
    }

    /// The socket's task, which never ends.
    pub(crate) async fn serve(self: Arc<Self>, shared: Arc<Shared>) {
        let receive = || {
            Scratch::with(|scratch| {
                let Scratch { batch, out, tally } = scratch;
                let now = Now::read();
                let all = self.socket.receive(batch, |client, local, message| {
                    self.take(&shared, now, Route { client, local }, message, out, tally);
                });
                shared.counters.add(tally);
                all
            })
        };
        self.socket.serve(receive).await;
    }

    fn take(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        now: Now,
        route: Route,
        message: &[u8],
        out: &mut Vec<u8>,
        tally: &mut Tally,
    ) {
        let Route { client, local } = route;
        let current = self.clients().get(&client).cloned();
        let sink = || Sink::Datagrams { listener: self.clone(), route };
        let origin = Origin { client, transport: Transport::Datagram, local, sink: &sink };
        let (reply, change) = shared.receive(now, &origin, current.as_ref(), message, out, tally);
        if let Change::Opened(opened) = change {
            self.clients().insert(client, opened);
        }
        if let Some(reply) = reply
            && let Err(reason) = self.send(&reply, route)
        {
            tally.drop(reason);
        }
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<SocketAddr, Arc<Client>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
