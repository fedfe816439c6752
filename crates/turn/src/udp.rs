//! A UDP socket that clients come to, and who of them has an allocation. Strangers leave nothing behind.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::net::UdpSocket;

use crate::{
    client::{BURST, Client, Scratch, Sink, sent},
    ports::udp_socket,
    session::{Dropped, Now, Transport, canonical},
    shared::{Change, Origin, Shared},
};

/// What the socket of all clients may hold of a burst, in bytes.
const BUFFER: usize = 4 * 1024 * 1024;

/// A UDP socket that clients come to.
pub(crate) struct Listener {
    socket: UdpSocket,
    local: SocketAddr,
    clients: Mutex<HashMap<SocketAddr, Arc<Client>>>,
}

impl Listener {
    pub(crate) fn bind(address: SocketAddr, only_v6: bool) -> io::Result<Self> {
        let socket = UdpSocket::from_std(udp_socket(address, only_v6, BUFFER)?)?;
        let local = socket.local_addr()?;
        Ok(Self { socket, local, clients: Mutex::default() })
    }

    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Sends to a client.
    pub(crate) fn send(&self, message: &[u8], client: SocketAddr) -> Result<(), Dropped> {
        // A socket of both families takes IPv4 addresses in their IPv6 form.
        let client = match (client.ip(), self.local.is_ipv6()) {
            (IpAddr::V4(ip), true) => SocketAddr::new(ip.to_ipv6_mapped().into(), client.port()),
            _ => client,
        };
        sent(self.socket.try_send_to(message, client))
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
        loop {
            // Its errors come back from receiving.
            let _ = std::future::poll_fn(|context| self.socket.poll_recv_ready(context)).await;
            Scratch::with(|scratch| {
                self.receive(&shared, scratch);
                shared.counters.add(&mut scratch.tally);
            });
        }
    }

    fn receive(self: &Arc<Self>, shared: &Arc<Shared>, scratch: &mut Scratch) {
        let now = Now::read();
        let Scratch { buffer, out, tally } = scratch;
        for _ in 0..BURST {
            let (length, client) = match self.socket.try_recv_from(buffer) {
                Ok((length, client)) => (length, canonical(client)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // An earlier packet could not be delivered, which is no fault of the next.
                Err(_) => continue,
            };
            let current = self.clients().get(&client).cloned();
            let sink = || Sink::Datagrams { listener: self.clone(), client };
            let origin = Origin { client, transport: Transport::Datagram, local: self.local.ip(), sink: &sink };
            let (reply, change) = shared.receive(now, &origin, current.as_ref(), &buffer[..length], out, tally);
            if let Change::Opened(opened) = change {
                self.clients().insert(client, opened);
            }
            if let Some(reply) = reply
                && let Err(reason) = self.send(&reply, client)
            {
                tally.drop(reason);
            }
        }
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<SocketAddr, Arc<Client>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
