//! A network laboratory: every browser on a machine of its own (a network namespace), any two of them joined by two
//! paths, and a third line to each on which the server and the browser's driver are reached. Paths and pairs are cut
//! by dropping what arrives (nftables), so that nobody is told; addresses come and go. Linux, root, `ip` and `nft`.

use std::{
    fs::{File, TryLockError},
    io,
    net::Ipv4Addr,
    process::{Command, Stdio},
};

use crate::{Error, Result, error::Doing};

/// How many laboratories there can be on one machine at a time.
const MOST: u8 = 200;

/// The paths between any two machines.
pub const PATHS: usize = 2;

/// A laboratory; nothing of it is left when it is dropped.
pub struct Laboratory {
    index: u8,
    machines: usize,
    // The claim on the index, given up last and by the system also when this program dies.
    _claim: File,
}

/// A machine of the laboratory, for a browser to run on.
#[derive(Clone, Debug)]
pub struct Machine {
    pub(crate) namespace: String,
    /// Its address on the third line.
    pub(crate) address: Ipv4Addr,
    /// The server's address on that line.
    server: Ipv4Addr,
}

impl Machine {
    /// The address, with a `/` at the end, of the server that listens on `port` of every address.
    pub fn url(&self, port: u16) -> String {
        format!("http://{}:{port}/", self.server)
    }
}

impl Laboratory {
    /// Builds one of this many machines. Removes what an earlier one, whose program was killed, has left.
    ///
    /// # Errors
    /// When this user or this system cannot.
    pub fn build(machines: usize) -> Result<Self> {
        let (index, claim) = claim()?;
        let laboratory = Self { index, machines, _claim: claim };
        laboratory.clear();
        let switch = laboratory.namespace("switch");
        ip(&format!("netns add {switch}"))?;
        for path in 0..PATHS {
            ip(&format!("-n {switch} link add path{path} type bridge"))?;
            ip(&format!("-n {switch} link set path{path} up"))?;
        }
        for number in 0..machines {
            laboratory.add_machine(number)?;
        }
        Ok(laboratory)
    }

    fn add_machine(&self, number: usize) -> Result<()> {
        let (switch, machine, outside) = (self.namespace("switch"), self.machine(number), self.outside(number));
        let namespace = &machine.namespace;
        ip(&format!("netns add {namespace}"))?;
        ip(&format!("-n {namespace} link set lo up"))?;
        ip(&format!("link add {outside} type veth peer name third netns {namespace}"))?;
        ip(&format!("addr add {}/30 dev {outside}", machine.server))?;
        ip(&format!("link set {outside} up"))?;
        ip(&format!("-n {namespace} addr add {}/30 dev third", machine.address))?;
        ip(&format!("-n {namespace} link set third up"))?;
        for path in 0..PATHS {
            let port = format!("path{path}-{number}");
            ip(&format!("-n {switch} link add {port} type veth peer name path{path} netns {namespace}"))?;
            ip(&format!("-n {switch} link set {port} master path{path} up"))?;
            ip(&format!("-n {namespace} link set path{path} up"))?;
            self.give_address(number, path)?;
        }
        self.nft(number, "add table inet faults")?;
        self.nft(number, "add chain inet faults arriving { type filter hook input priority 0; }")
    }

    /// The machine of this number, from 0.
    pub fn machine(&self, number: usize) -> Machine {
        let base = u8::try_from(4 * number).unwrap_or(u8::MAX - 2);
        Machine {
            namespace: self.namespace(&number.to_string()),
            address: Ipv4Addr::new(10, 77, self.index, base + 2),
            server: Ipv4Addr::new(10, 77, self.index, base + 1),
        }
    }

    /// The address of a machine on a path, at first.
    pub fn address(&self, machine: usize, path: usize) -> Ipv4Addr {
        let [a, b, c, _] = self.subnet(path).octets();
        Ipv4Addr::new(a, b, c, 10 + u8::try_from(machine).unwrap_or_default())
    }

    /// The path that an address is on.
    pub fn path_of(&self, address: &str) -> Option<usize> {
        let address: Ipv4Addr = address.parse().ok()?;
        (0..PATHS).find(|path| self.subnet(*path).octets()[..3] == address.octets()[..3])
    }

    /// Kills a path for everybody.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn cut_path(&self, path: usize) -> Result<()> {
        let subnet = self.subnet(path);
        (0..self.machines).try_for_each(|machine| self.drop_from(machine, &format!("{subnet}/24")))
    }

    /// Lets nothing pass between two machines, on any path.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn cut_pair(&self, one: usize, other: usize) -> Result<()> {
        for (here, there) in [(one, other), (other, one)] {
            for path in 0..PATHS {
                self.drop_from(here, &self.address(there, path).to_string())?;
            }
        }
        Ok(())
    }

    /// Mends all that was cut.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn mend(&self) -> Result<()> {
        (0..self.machines).try_for_each(|machine| self.nft(machine, "flush chain inet faults arriving"))
    }

    /// Takes a machine's address on a path away.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn take_address(&self, machine: usize, path: usize) -> Result<()> {
        ip(&format!("-n {} addr flush dev path{path}", self.machine(machine).namespace))
    }

    /// Gives a machine the address on a path that it had at first.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn give_address(&self, machine: usize, path: usize) -> Result<()> {
        let (namespace, address) = (self.machine(machine).namespace, self.address(machine, path));
        ip(&format!("-n {namespace} addr add {address}/24 dev path{path}"))
    }

    /// Gives a machine a new address on a path.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn give_new_address(&self, machine: usize, path: usize) -> Result<()> {
        let [a, b, c, d] = self.address(machine, path).octets();
        let address = Ipv4Addr::new(a, b, c, d + 100);
        ip(&format!("-n {} addr add {address}/24 dev path{path}", self.machine(machine).namespace))
    }

    fn drop_from(&self, machine: usize, source: &str) -> Result<()> {
        self.nft(machine, &format!("add rule inet faults arriving ip saddr {source} drop"))
    }

    fn nft(&self, machine: usize, rule: &str) -> Result<()> {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.machine(machine).namespace, "nft"]).args(rule.split(' '));
        run(command)
    }

    fn subnet(&self, path: usize) -> Ipv4Addr {
        Ipv4Addr::new(10, 78 + u8::try_from(path).unwrap_or_default(), self.index, 0)
    }

    fn namespace(&self, name: &str) -> String {
        format!("vitrine-{}-{name}", self.index)
    }

    /// The outer end of a machine's third line; the system allows 15 characters.
    fn outside(&self, machine: usize) -> String {
        format!("vitrine{}-{machine}", self.index)
    }

    /// Removes the namespaces of this index, and with them every line that ends in one.
    fn clear(&self) {
        let listed = Command::new("ip").args(["netns", "list"]).output();
        let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        let prefix = self.namespace("");
        for name in listed.lines().filter_map(|line| line.split_whitespace().next()) {
            if name.starts_with(&prefix) {
                // The lines first: a browser that is still ending holds on to its namespace.
                if let Some(Ok(machine)) = name.strip_prefix(&prefix).map(str::parse) {
                    let _ = quietly(&format!("link del {}", self.outside(machine)));
                }
                let _ = quietly(&format!("netns del {name}"));
            }
        }
    }
}

impl Drop for Laboratory {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Claims the first index that no running program has.
fn claim() -> Result<(u8, File)> {
    for index in 0..MOST {
        let path = std::env::temp_dir().join(format!("vitrine-laboratory-{index}.lock"));
        let file = File::create(&path).doing(|| format!("create {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => return Ok((index, file)),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error).doing(|| format!("lock {}", path.display())),
        }
    }
    Err(io::Error::from(io::ErrorKind::QuotaExceeded)).doing(|| "build one laboratory more".to_owned())
}

fn ip(arguments: &str) -> Result<()> {
    let mut command = Command::new("ip");
    command.args(arguments.split(' '));
    run(command)
}

fn quietly(arguments: &str) -> io::Result<()> {
    let mut command = Command::new("ip");
    command.args(arguments.split(' ')).stdout(Stdio::null()).stderr(Stdio::null()).status().map(drop)
}

fn run(mut command: Command) -> Result<()> {
    let words = format!("{command:?}").replace('"', "");
    let doing = || format!("run `{words}` (the network laboratory needs Linux, root, iproute2 and nftables)");
    let output = command.stdin(Stdio::null()).output().doing(doing)?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Io { doing: doing(), source: io::Error::other(text) })
}
