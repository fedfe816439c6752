//! A UDP socket that takes many datagrams at once from the system, and knows which of the machine's addresses each came
//! to, so that answers leave from there: on a machine with several, the system would choose by itself. Nothing here
//! waits; what cannot be sent now is dropped.

use std::{
    io::{self, ErrorKind, IoSliceMut},
    net::{IpAddr, SocketAddr},
};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use tokio::{io::Interest, net::UdpSocket};

use crate::session::{Dropped, canonical};

/// Batches that a socket's task takes before it lets others run.
const BURST: usize = 4;

/// The longest datagram, or of several that came together.
const BUFFER: usize = 64 * 1024;

/// Where datagrams are received.
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
    /// Takes over a socket that does not block.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        let socket = UdpSocket::from_std(socket)?;
        let state = UdpSocketState::new((&socket).into())?;
        let local = socket.local_addr()?;
        Ok(Self { socket, state, local })
    }

    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Waits until there is something to receive.
    async fn ready(&self) {
        // Its errors come back from receiving.
        let _ = std::future::poll_fn(|context| self.socket.poll_recv_ready(context)).await;
    }

    /// Lets `receive` take what has arrived, again and again; between bursts, others have their turn.
    pub(crate) async fn serve(&self, mut receive: impl FnMut() -> bool) {
        loop {
            self.ready().await;
            if !receive() {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Sends to `to`, from this machine's address `from` where the socket is bound to all of them.
    pub(crate) fn send(&self, contents: &[u8], to: SocketAddr, from: Option<IpAddr>) -> Result<(), Dropped> {
        // A socket of both families takes IPv4 addresses in their IPv6 form.
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

    /// Gives what has arrived to `each`: the sender, the address of this machine that it was sent to, the data. Returns
    /// whether that was all.
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
                // An earlier packet could not be delivered, which is no fault of the next.
                Err(_) => continue,
            };
            for (meta, buffer) in metas.iter().zip(&buffers).take(count) {
                let local = meta.dst_ip.unwrap_or_else(|| self.local.ip()).to_canonical();
                let from = canonical(meta.addr);
                // The system may join datagrams of one sender.
                buffer[..meta.len].chunks(meta.stride.max(1)).for_each(|data| each(from, local, data));
            }
        }
        false
    }
}
