//! The servers of the tests: Vitrine's own, the guide's on Node.js, and a plain file server.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::Command,
    sync::atomic::{AtomicU16, Ordering},
};

use axum::{
    Router,
    http::{HeaderValue, StatusCode, header::CONTENT_SECURITY_POLICY},
    middleware,
    response::Response,
};
use tokio::task::JoinHandle;
use tower_http::services::ServeDir;

use crate::{Result, error::Doing, needs, process::Process};

/// `vitrine-server`; killed without a warning when dropped.
pub struct VitrineServer {
    process: Process,
    port: u16,
}

impl VitrineServer {
    /// Starts the server on a free port, serving `directory`; `none` is signaling only.
    ///
    /// # Errors
    /// When it is not built, or does not start.
    pub async fn start(directory: &Path) -> Result<Self> {
        Self::start_with(directory, 0, &[]).await
    }

    /// Starts the server on `port` with more arguments.
    ///
    /// # Errors
    /// When it is not built, or does not start.
    pub async fn start_with(directory: &Path, port: u16, arguments: &[&str]) -> Result<Self> {
        Self::listen_on(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), directory, arguments).await
    }

    /// Starts the server on a free port of all of this machine's addresses.
    ///
    /// # Errors
    /// When it is not built, or does not start.
    pub async fn start_for_everybody(directory: &Path) -> Result<Self> {
        Self::listen_on(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), directory, &[]).await
    }

    async fn listen_on(address: SocketAddr, directory: &Path, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(needs::server()?);
        command.arg("--listen").arg(address.to_string()).arg("--dist").arg(directory).args(arguments);
        // The tests need no network but the machine's own; and the relay's usual port is one for all of them.
        for (flag, value) in [("--ice-server", "none"), ("--turn-listen", "none")] {
            if !arguments.contains(&flag) {
                command.args([flag, value]);
            }
        }
        let (process, port) = Process::start(command, listening_port).await?;
        Ok(Self { process, port })
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The id of its process.
    pub fn program(&self) -> u32 {
        self.process.id()
    }

    /// Its address, with a `/` at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

/// The guide's signaling server, section 6, on Node.js and npm's `socket.io`.
pub struct NodeServer {
    process: Process,
    port: u16,
}

impl NodeServer {
    /// Starts the server on a free port, serving `directory`.
    ///
    /// # Errors
    /// When Node.js or its packages are missing, or the server does not start.
    pub async fn start(directory: &Path) -> Result<Self> {
        let mut command = Command::new(needs::node()?);
        command.arg(needs::directory().join("interop").join("server.cjs")).arg(directory);
        Self::run(command).await
    }

    /// Starts the server on a free port, as quick as it can be: it writes nothing about what it does.
    ///
    /// # Errors
    /// When Node.js or its packages are missing, or the server does not start.
    pub async fn start_bare() -> Result<Self> {
        let mut command = Command::new(needs::node()?);
        command.arg("--expose-gc").arg(needs::directory().join("interop").join("server.cjs")).args([".", "bare"]);
        Self::run(command).await
    }

    async fn run(mut command: Command) -> Result<Self> {
        command.env("NODE_PATH", needs::node_modules()?);
        let (process, port) = Process::start(command, listening_port).await?;
        Ok(Self { process, port })
    }

    /// Tells a bare server to collect its garbage; it does so soon.
    ///
    /// # Errors
    /// When it is not there any more.
    pub fn collect_garbage(&self) -> Result<()> {
        self.process.signal("USR2")
    }

    /// The id of its process.
    pub fn program(&self) -> u32 {
        self.process.id()
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address, with a `/` at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

/// A file server that knows nothing of Vitrine.
pub struct StaticServer {
    task: JoinHandle<()>,
    url: String,
}

impl StaticServer {
    /// Serves `directory` under `path`, which is `/` or begins with one and ends without, on a free port.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start(directory: &Path, path: &str) -> Result<Self> {
        let files = ServeDir::new(directory);
        let router = match path {
            "/" => Router::new().fallback_service(files),
            path => Router::new().nest_service(path, files).fallback(|| async { StatusCode::NOT_FOUND }),
        };
        Self::serve(router, path).await
    }

    /// Serves `directory` with this Content Security Policy, as behind a proxy that adds it.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start_with_policy(directory: &Path, policy: &'static str) -> Result<Self> {
        let add_policy = async move |mut response: Response| {
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
            response
        };
        let files = Router::new().fallback_service(ServeDir::new(directory));
        Self::serve(files.layer(middleware::map_response(add_policy)), "/").await
    }

    async fn serve(router: Router, path: &str) -> Result<Self> {
        let listener =
            tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.doing(|| "open a port".to_owned())?;
        let address = listener.local_addr().doing(|| "read a port's number".to_owned())?;
        let task = tokio::spawn(async move {
            // Ends when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { task, url: format!("http://{address}{}/", path.trim_end_matches('/')) })
    }

    /// Its address, with a `/` at the end.
    pub fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for StaticServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A port on which nothing listens. It stays free until the caller binds it: no other call in this program returns it,
/// and the system assigns higher ones to sockets that ask for any (from 32768 on Linux, 49152 elsewhere).
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    static RETURNED: AtomicU16 = AtomicU16::new(0);
    // Another program of these tests starts elsewhere.
    let start = std::process::id() % u32::from(COUNT);
    loop {
        let returned = RETURNED.fetch_add(1, Ordering::Relaxed);
        let offset = (start + u32::from(returned)) % u32::from(COUNT);
        let port = FIRST + u16::try_from(offset).unwrap_or_default();
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(_) if returned < COUNT => {}
            Err(error) => return Err(error).doing(|| "find a free port".to_owned()),
        }
    }
}

/// The port in a line like `listening on http://127.0.0.1:8080`.
fn listening_port(line: &str) -> Option<u16> {
    let address = line.strip_prefix("listening on http://")?;
    address.trim_end_matches('/').parse::<SocketAddr>().ok().map(|address| address.port())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_port_is_read_from_what_a_server_prints() {
        assert_eq!(super::listening_port("listening on http://127.0.0.1:4321"), Some(4321));
        assert_eq!(super::listening_port("listening"), None);
    }
}
