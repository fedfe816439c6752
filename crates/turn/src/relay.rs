//! A running relay: binding, the way in for streams that others accepted, figures, and the end.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    time::sleep,
};

use crate::{
    config::{Config, Error},
    metrics::Metrics,
    ports::{Places, tcp_socket},
    session::Rules,
    shared::Shared,
    stream,
    udp::Listener,
};

/// How often the addresses of this machine are read again.
const INTERFACES_EVERY: Duration = Duration::from_secs(30);

/// A running STUN server and TURN relay. It ends when it is dropped.
pub struct Relay {
    shared: Arc<Shared>,
    udp: Vec<SocketAddr>,
    tcp: Vec<SocketAddr>,
}

impl Relay {
    /// Starts a relay on the current tokio runtime.
    ///
    /// # Errors
    /// When the configuration makes no sense, an address cannot be listened on, or the system does not tell what the
    /// relay has to know.
    pub async fn bind(config: Config) -> Result<Self, Error> {
        config.check()?;
        let rules = Rules::new(&config)?;
        rules.policy.set_interfaces(interfaces().map_err(Error::Interfaces)?);
        let shared = Arc::new(Shared::new(rules, Places::new(&config)));
        // From here on, whatever was started ends if something else cannot start.
        let mut relay = Self { shared, udp: Vec::new(), tcp: Vec::new() };
        for &address in &config.udp {
            let failed = |source| Error::Listen { transport: "UDP", address, source };
            let listener = Listener::bind(address, only_v6(address, &config.udp)).map_err(failed)?;
            relay.udp.push(listener.local());
            relay.spawn(Arc::new(listener).serve(relay.shared.clone()));
        }
        for &address in &config.tcp {
            let failed = |source| Error::Listen { transport: "TCP", address, source };
            let socket = tcp_socket(address, only_v6(address, &config.tcp)).map_err(failed)?;
            let listener = TcpListener::from_std(socket).map_err(failed)?;
            relay.tcp.push(listener.local_addr().map_err(failed)?);
            relay.spawn(stream::accept(relay.shared.clone(), listener));
        }
        relay.spawn(watch_interfaces(relay.shared.clone()));
        Ok(relay)
    }

    /// The addresses that are answered on over UDP, with the ports that were free.
    pub fn udp_addresses(&self) -> &[SocketAddr] {
        &self.udp
    }

    /// The addresses that are answered on over TCP, with the ports that were free.
    pub fn tcp_addresses(&self) -> &[SocketAddr] {
        &self.tcp
    }

    /// Serves a client on a stream that was accepted elsewhere, from `remote` on `local`; `received` are the bytes that
    /// were read from it before it was known what they are. The future ends with the stream, at the latest with the
    /// relay; dropping it closes the stream.
    pub fn serve_stream<S>(
        &self,
        stream: S,
        local: SocketAddr,
        remote: SocketAddr,
        received: Vec<u8>,
    ) -> impl Future<Output = ()> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Send,
    {
        let shared = self.shared.clone();
        async move { stream::serve(shared, stream, local, remote, &received).await }
    }

    /// What has been done so far.
    pub fn metrics(&self) -> Metrics {
        self.shared.counters.read(self.shared.admission.count())
    }

    /// Ends every allocation, connection and socket, and returns when they are gone. Streams that others accepted end
    /// as well, soon after.
    pub async fn shutdown(self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.shared.stop.clone();
        self.shared.tasks.spawn(async move { stop.run_until_cancelled(task).await });
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

/// Whether a socket leaves IPv4 to another: all but `[::]` where `0.0.0.0` is not listened on.
fn only_v6(address: SocketAddr, all: &[SocketAddr]) -> bool {
    let any_v4 = |each: &SocketAddr| each.is_ipv4() && each.ip().is_unspecified() && each.port() == address.port();
    !address.ip().is_unspecified() || all.iter().any(any_v4)
}

async fn watch_interfaces(shared: Arc<Shared>) {
    loop {
        sleep(INTERFACES_EVERY).await;
        match interfaces() {
            Ok(addresses) => shared.rules.policy.set_interfaces(addresses),
            Err(error) => tracing::warn!(%error, "cannot list the addresses of this machine; those known stay"),
        }
    }
}

fn interfaces() -> std::io::Result<Vec<IpAddr>> {
    Ok(if_addrs::get_if_addrs()?.iter().map(|interface| interface.ip().to_canonical()).collect())
}
