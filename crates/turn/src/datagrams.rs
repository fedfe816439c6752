//! A UDP socket that receives datagrams in batches and knows the local address of each, so that responses leave from
//! that address: on a machine with several, the system would choose by itself. Sending never waits; a datagram that
//! cannot be sent now is dropped.

use std::{
    io::{self, ErrorKind, IoSliceMut},
    net::{IpAddr, SocketAddr},
};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use tokio::{io::Interest, net::UdpSocket};

use crate::session::{Dropped, canonical};

/// Batches that a socket's task receives before it yields.
const BURST: usize = 4;

/// The longest datagram, or group of datagrams that the system has joined.
const BUFFER: usize = 64 * 1024;

/// A receive buffer.
pub(crate) struct Batch(Box<[u8]>);

impl Default for Batch {
    fn default() -> Self {
        Self(vec![0; BATCH_SIZE * BUFFER].into_boxed_slice())
    }
}

/// A UDP socket.
pub(crate) struct Datagrams {
    socket: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
}

impl Datagrams {
    /// Wraps a non-blocking socket.
    ///
    /// # Errors
    /// The system's error.
    pub(crate) fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        let socket = UdpSocket::from_std(socket)?;
        let state = UdpSocketState::new((&socket).into())?;
        let local = socket.local_addr()?;
        Ok(Self { socket, state, local })
    }

    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Waits until the socket is readable.
    async fn ready(&self) {
        // Receiving returns the same error.
        let _ = std::future::poll_fn(|context| self.socket.poll_recv_ready(context)).await;
    }

    /// Calls `receive` whenever the socket is readable. Yields to other tasks if `receive` returns false: not drained.
    pub(crate) async fn serve(&self, mut receive: impl FnMut() -> bool) {
        loop {
            self.ready().await;
            if !receive() {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Sends to `to`; from the local address `from` if the socket is bound to all addresses.
    pub(crate) fn send(&self, contents: &[u8], to: SocketAddr, from: Option<IpAddr>) -> Result<(), Dropped> {
        // A dual-stack socket takes IPv4 addresses in their mapped form.
        let destination = match (to.ip(), self.local.is_ipv6()) {
            (IpAddr::V4(ip), true) => SocketAddr::new(ip.to_ipv6_mapped().into(), to.port()),
            _ => to,
        };
        let src_ip = from.filter(|_| self.local.ip().is_unspecified());
        let transmit = Transmit { destination, ecn: None, contents, segment_size: None, src_ip };
        let send = || self.state.try_send((&self.socket).into(), &transmit);
        match self.socket.try_io(Interest::WRITABLE, send) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err(Dropped::Slow),
            Err(_) => Err(Dropped::Failed),
        }
    }

    /// Receives datagrams and calls `each` with the sender, the local address and the data. Returns whether the socket
    /// is drained.
    pub(crate) fn receive(&self, batch: &mut Batch, mut each: impl FnMut(SocketAddr, IpAddr, &[u8])) -> bool {
        for _ in 0..BURST {
            let mut metas = [RecvMeta::default(); BATCH_SIZE];
            let mut chunks = batch.0.chunks_mut(BUFFER);
            let mut buffers =
                std::array::from_fn::<_, BATCH_SIZE, _>(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
            let receive = || self.state.recv((&self.socket).into(), &mut buffers, &mut metas);
            let count = match self.socket.try_io(Interest::READABLE, receive) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                // The error concerns an earlier packet that could not be delivered.
                Err(_) => continue,
            };
            for (meta, buffer) in metas.iter().zip(&buffers).take(count) {
                let local = meta.dst_ip.unwrap_or_else(|| self.local.ip()).to_canonical();
                let from = canonical(meta.addr);
                // The system may join datagrams of one sender (GRO).
                buffer[..meta.len].chunks(meta.stride.max(1)).for_each(|data| each(from, local, data));
            }
        }
        false
    }
}
