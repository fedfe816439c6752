//! Network namespaces under a number of their own: what both laboratories build their networks of. Several programs
//! can have laboratories at a time; what a killed one has left, the next one removes. Linux, root, `ip` and `nft`.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Command, Stdio},
};

use crate::{Error, Result, error::Doing};

/// How many laboratories there can be on one machine at a time.
const MOST: u8 = 200;

/// Where `ip netns` keeps them.
const NAMED: &str = "/run/netns";

/// The namespaces of one laboratory; nothing of them is left when this is dropped.
pub(crate) struct Namespaces {
    index: u8,
    // Given up last, and by the system also when this program dies.
    _claim: File,
}

/// A network namespace: links, addresses, routes and filters of its own.
#[derive(Clone, Debug)]
pub struct Namespace {
    name: String,
}

impl Namespaces {
    /// Claims the first number that no running program has, after removing what killed programs have left.
    pub fn claim() -> Result<Self> {
        for index in indices() {
            // Whoever has the claim is still running.
            if let Some(claim) = claim(index)? {
                drop(Self { index, _claim: claim });
            }
        }
        for index in 0..MOST {
            if let Some(claim) = claim(index)? {
                return Ok(Self { index, _claim: claim });
            }
        }
        Err(io::Error::from(io::ErrorKind::QuotaExceeded)).doing(|| "build one laboratory more".to_owned())
    }

    /// The number, below 200.
    pub fn index(&self) -> u8 {
        self.index
    }

    /// Makes the namespace of this name, with a loopback interface that is up.
    pub fn add(&self, name: &str) -> Result<Namespace> {
        let namespace = self.named(name);
        ip(&format!("netns add {}", namespace.name))?;
        namespace.ip("link set lo up")?;
        Ok(namespace)
    }

    /// The namespace of this name, whether or not it was made.
    pub fn named(&self, name: &str) -> Namespace {
        Namespace { name: format!("{}{name}", prefix(self.index)) }
    }

    /// What a link of this name is called that is in no namespace; the system allows 15 characters.
    pub fn outside(&self, name: &str) -> String {
        format!("vitrine{}-{name}", self.index)
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        // The links first: a program that is still ending holds on to its namespace.
        let outside = self.outside("");
        for link in names_in("/sys/class/net").filter(|name| name.starts_with(&outside)) {
            let _ = ip(&format!("link del {link}"));
        }
        let prefix = prefix(self.index);
        for name in names_in(NAMED).filter(|name| name.starts_with(&prefix)) {
            Namespace { name: name.clone() }.end_programs();
            let _ = ip(&format!("netns del {name}"));
        }
    }
}

impl Namespace {
    /// A command that runs `program` in it.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// Does something on a thread that has entered the namespace. Sockets that are opened there stay there, whichever
    /// thread uses them.
    ///
    /// # Errors
    /// When the namespace cannot be entered, and those of `action`.
    pub fn inside<T: Send>(&self, action: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        let path = Path::new(NAMED).join(&self.name);
        let enter_and_act = || {
            enter(&File::open(path)?)?;
            action()
        };
        let result = std::thread::scope(|scope| scope.spawn(enter_and_act).join());
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Opens a TCP connection from inside.
    ///
    /// # Errors
    /// The system's.
    pub fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        self.inside(|| TcpStream::connect(address))
    }

    /// Runs lines of `ip` commands, without the word `ip`.
    pub(crate) fn ip(&self, lines: &str) -> Result<()> {
        let mut command = Command::new("ip");
        command.args(["-n", &self.name, "-batch", "-"]);
        run(command, lines)
    }

    /// Runs a `tc` command, without the word `tc`.
    pub(crate) fn tc(&self, line: &str) -> Result<()> {
        let mut command = Command::new("tc");
        command.args(["-n", &self.name, "-batch", "-"]);
        run(command, line)
    }

    /// Runs lines of `nft` commands.
    pub(crate) fn nft(&self, lines: &str) -> Result<()> {
        let mut command = self.command("nft");
        command.args(["-f", "-"]);
        run(command, lines)
    }

    /// Sets a kernel parameter, by its path under `net`.
    pub(crate) fn sysctl(&self, path: &str, value: &str) -> Result<()> {
        let file = Path::new("/proc/sys/net").join(path);
        self.inside(|| fs::write(&file, value)).doing(|| format!("write {value} to {} in {self}", file.display()))
    }

    /// Makes a link between this namespace and another one, by the name that each end has.
    pub(crate) fn join(&self, end: &str, other: &Namespace, other_end: &str) -> Result<()> {
        self.ip(&format!("link add {end} type veth peer name {other_end} netns {}", other.name))
    }

    /// Makes a link out of this namespace to where this program is.
    pub(crate) fn join_outside(&self, end: &str, outside: &str) -> Result<()> {
        ip(&format!("link add {outside} type veth peer name {end} netns {}", self.name))
    }

    /// Ends whatever still runs in it.
    fn end_programs(&self) {
        let listed = Command::new("ip").args(["netns", "pids", &self.name]).stdin(Stdio::null()).output();
        let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        for id in listed.split_whitespace() {
            let mut kill = Command::new("kill");
            kill.args(["-s", "KILL", id]);
            let _ = run(kill, "");
        }
    }
}

impl std::fmt::Display for Namespace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.name)
    }
}

fn prefix(index: u8) -> String {
    format!("vitrine-{index}-")
}

/// Claims a number, unless a running program has it.
fn claim(index: u8) -> Result<Option<File>> {
    let path = std::env::temp_dir().join(format!("vitrine-laboratory-{index}.lock"));
    let file = File::create(&path).doing(|| format!("create {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).doing(|| format!("lock {}", path.display())),
    }
}

/// The numbers under which there are namespaces.
fn indices() -> Vec<u8> {
    let number = |name: String| name.strip_prefix("vitrine-")?.split('-').next()?.parse().ok();
    let mut found: Vec<u8> = names_in(NAMED).filter_map(number).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn names_in(directory: &str) -> impl Iterator<Item = String> + use<> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned())
}

/// Moves the calling thread into the network namespace that a file stands for.
#[cfg(target_os = "linux")]
fn enter(namespace: &File) -> io::Result<()> {
    use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
    use std::os::fd::AsFd;
    Ok(move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?)
}

#[cfg(not(target_os = "linux"))]
fn enter(_: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Runs one `ip` command, given without the word `ip`, where this program is.
pub(crate) fn ip(arguments: &str) -> Result<()> {
    let mut command = Command::new("ip");
    command.args(arguments.split(' '));
    run(command, "")
}

fn run(mut command: Command, input: &str) -> Result<()> {
    let words = format!("{command:?} {input}").replace('"', "");
    let doing = || format!("run `{}` (a network laboratory needs Linux, root, iproute2 and nftables)", words.trim());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().doing(doing)?;
    if let Some(mut pipe) = child.stdin.take() {
        // A program that does not read to the end says why when it ends.
        let _ = pipe.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().doing(doing)?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Io { doing: doing(), source: io::Error::other(text) })
}
