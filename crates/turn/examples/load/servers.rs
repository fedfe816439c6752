//! The two relays, each as a process, and their processor time.

use std::{
    fs,
    io::Read as _,
    net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use vitrine_turn::{Config, Credentials, Relay, Secret, credentials};

use crate::{Outcome, message::REALM};

/// The argument that makes this program the relay.
pub const SERVE: &str = "serve";

const SECRET: &str = "a secret between the load and the relays";

/// Timeout for the start of a relay.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The kind of relay.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Vitrine,
    Coturn,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Vitrine, Self::Coturn];

    pub fn name(self) -> &'static str {
        match self {
            Self::Vitrine => "vitrine",
            Self::Coturn => "coturn",
        }
    }
}

/// A running relay. Dropping it stops it.
pub struct Server {
    process: Child,
    pub address: SocketAddr,
}

impl Server {
    pub fn start(kind: Kind) -> Outcome<Self> {
        let address = free_address()?;
        let port = address.port().to_string();
        let mut command = match kind {
            Kind::Vitrine => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args([SERVE, &port]);
                command
            }
            Kind::Coturn => {
                let mut command = Command::new("turnserver");
                command.args([
                    "-n",
                    "--no-cli",
                    "--no-tls",
                    "--no-dtls",
                    "--use-auth-secret",
                    "--allow-loopback-peers",
                ]);
                command.args(["--no-stdout-log", "--log-file", "/dev/null", "--pidfile", "/dev/null"]);
                command.args(["--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--listening-port", &port]);
                command.args(["--realm", REALM, "--static-auth-secret", SECRET]);
                command
            }
        };
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().map_err(|error| format!("{} does not start: {error}", kind.name()))?;
        let server = Self { process, address };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            if started.elapsed() > TIMEOUT {
                return Err(format!("{} does not listen", kind.name()).into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// Processor time in seconds, user and system.
    pub fn cpu_seconds(&self) -> Outcome<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The process name before ')' may contain spaces. Fields 14 and 15 of proc_pid_stat(5), in ticks of 10 ms.
        let fields = stat.rsplit_once(')').ok_or("no process statistics")?.1;
        let mut times = fields.split_whitespace().skip(11).map(str::parse::<u32>);
        let [user, system] = [times.next(), times.next()].map(|time| time.ok_or("no process times"));
        Ok(f64::from(user?? + system??) / 100.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn credentials() -> Credentials {
    credentials::issue(&Secret::from(SECRET), "load", SystemTime::now() + Duration::from_secs(3600))
}

/// Runs this relay until its standard input is closed.
pub fn serve() -> Outcome<()> {
    let port = std::env::args().nth(2).ok_or("no port")?.parse()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut config = Config::new(Secret::from(SECRET));
    config.udp = vec![address];
    config.tcp = vec![address];
    config.allow_peers = vec!["127.0.0.0/8".parse()?];
    config.limits.bandwidth = None;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let _relay = runtime.block_on(Relay::bind(config))?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// A free UDP port, with TCP assumed free too. Another program could still take it first.
fn free_address() -> Outcome<SocketAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(socket.local_addr()?)
}
