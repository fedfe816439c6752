//! A running relay: binding, serving streams that the caller accepted, metrics, and shutdown.

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
    client::Listener,
    config::{Config, Error},
    metrics::Metrics,
    ports::{RelayAddresses, tcp_socket},
    session::Rules,
    shared::Shared,
    stream, udp,
};

/// How often the addresses of this machine are listed.
const INTERFACES_INTERVAL: Duration = Duration::from_secs(30);

/// A running STUN server and TURN relay. Dropping it stops it.
pub struct Relay {
    shared: Arc<Shared>,
    udp: Vec<SocketAddr>,
    tcp: Vec<SocketAddr>,
}

impl Relay {
    /// Starts a relay on the current tokio runtime.
    ///
    /// # Errors
    /// [`Error`]: the configuration is invalid, an address cannot be listened on, or a system call fails.
    pub async fn bind(config: Config) -> Result<Self, Error> {
        config.check()?;
        let rules = Rules::new(&config)?;
        rules.policy.set_interfaces(interfaces().map_err(Error::Interfaces)?);
        let shared = Arc::new(Shared::new(rules, RelayAddresses::new(&config)));
        // On an error below, dropping the relay stops the tasks started so far.
        let mut relay = Self { shared, udp: Vec::new(), tcp: Vec::new() };
        for &address in &config.udp {
            let failed = |source| Error::Listen { transport: "UDP", address, source };
            let listener = Listener::bind(address, only_v6(address, &config.udp)).map_err(failed)?;
            relay.udp.push(listener.local());
            relay.spawn(udp::serve(relay.shared.clone(), Arc::new(listener)));
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

    /// The UDP addresses listened on, with their actual ports.
    pub fn udp_addresses(&self) -> &[SocketAddr] {
        &self.udp
    }

    /// The TCP addresses listened on, with their actual ports.
    pub fn tcp_addresses(&self) -> &[SocketAddr] {
        &self.tcp
    }

    /// Serves a client on a stream that the caller accepted, from `remote` on `local`. `received` are the bytes already
    /// read from it. The future completes when the stream closes or the relay stops; dropping it closes the stream.
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

    /// The current counters.
    pub fn metrics(&self) -> Metrics {
        self.shared.counters.read(self.shared.stream_limiter.count())
    }

    /// Closes every allocation, connection and socket, and waits for them. Streams that the caller accepted close soon
    /// after.
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

/// Whether to set IPV6_V6ONLY: on every address except `[::]` without a listener on `0.0.0.0`.
fn only_v6(address: SocketAddr, all: &[SocketAddr]) -> bool {
    let any_v4 = |each: &SocketAddr| each.is_ipv4() && each.ip().is_unspecified() && each.port() == address.port();
    !address.ip().is_unspecified() || all.iter().any(any_v4)
}

async fn watch_interfaces(shared: Arc<Shared>) {
    loop {
        sleep(INTERFACES_INTERVAL).await;
        match interfaces() {
            Ok(addresses) => shared.rules.policy.set_interfaces(addresses),
            Err(error) => tracing::warn!(%error, "cannot list the addresses of this machine; keeping the known ones"),
        }
    }
}

fn interfaces() -> std::io::Result<Vec<IpAddr>> {
    Ok(if_addrs::get_if_addrs()?.iter().map(|interface| interface.ip().to_canonical()).collect())
}
