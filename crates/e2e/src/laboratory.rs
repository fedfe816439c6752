//! A network laboratory: every browser on a machine of its own (a network namespace), any two of them joined by two
//! paths, and a third line to each on which the server is reached. Paths and pairs are cut by dropping what arrives
//! (nftables), so that nobody is told; paths get narrow; addresses come and go. Linux, root, `ip`, `tc` and `nft`.

use std::net::Ipv4Addr;

use crate::{
    Result,
    namespaces::{Namespace, Namespaces, ip},
};

/// The paths between any two machines.
pub const PATHS: usize = 2;

/// A laboratory; nothing of it is left when it is dropped.
pub struct Laboratory {
    namespaces: Namespaces,
    switch: Namespace,
    machines: usize,
}

/// A machine of the laboratory, for a browser to run on.
#[derive(Clone, Debug)]
pub struct Machine {
    pub(crate) namespace: Namespace,
    /// Its address on the third line.
    address: Ipv4Addr,
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
        let namespaces = Namespaces::claim()?;
        let switch = namespaces.add("switch")?;
        for path in 0..PATHS {
            switch.ip(&format!("link add path{path} type bridge\nlink set path{path} up"))?;
        }
        let laboratory = Self { namespaces, switch, machines };
        for number in 0..machines {
            laboratory.add_machine(number)?;
        }
        Ok(laboratory)
    }

    fn add_machine(&self, number: usize) -> Result<()> {
        let name = number.to_string();
        let (machine, outside) = (self.machine(number), self.namespaces.outside(&name));
        let namespace = self.namespaces.add(&name)?;
        namespace.join_outside("third", &outside)?;
        ip(&format!("addr add {}/29 dev {outside}", machine.server))?;
        ip(&format!("link set {outside} up"))?;
        namespace.ip(&format!("addr add {}/29 dev third\nlink set third up", machine.address))?;
        for path in 0..PATHS {
            let port = format!("path{path}-{number}");
            self.switch.join(&port, &namespace, &format!("path{path}"))?;
            self.switch.ip(&format!("link set {port} master path{path} up"))?;
            namespace.ip(&format!("link set path{path} up"))?;
            self.give_address(number, path)?;
        }
        namespace.nft("add table inet faults\nadd chain inet faults arriving { type filter hook input priority 0; }")
    }

    /// The machine of this number, from 0.
    pub fn machine(&self, number: usize) -> Machine {
        let base = u8::try_from(8 * number).unwrap_or(u8::MAX - 6);
        Machine {
            namespace: self.namespaces.named(&number.to_string()),
            address: Ipv4Addr::new(10, 77, self.namespaces.index(), base + 2),
            server: Ipv4Addr::new(10, 77, self.namespaces.index(), base + 1),
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

    /// Lets no UDP through between any two machines.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn cut_udp(&self) -> Result<()> {
        (0..self.machines).try_for_each(|machine| self.drop_arriving(machine, "meta l4proto udp"))
    }

    /// Loses so many of a hundred packets of UDP, at random.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn lose_packets(&self, percent: u8) -> Result<()> {
        let some = format!("meta l4proto udp numgen random mod 100 < {percent}");
        (0..self.machines).try_for_each(|machine| self.drop_arriving(machine, &some))
    }

    /// Lets a machine send so much on each path, in kbit/s. What is more waits in a queue, as in a router.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn narrow(&self, machine: usize, kilobits: u32) -> Result<()> {
        (0..PATHS).try_for_each(|path| {
            let queue = format!("tbf rate {kilobits}kbit burst 4kb latency 600ms");
            self.machine(machine).namespace.tc(&format!("qdisc replace dev path{path} root {queue}"))
        })
    }

    /// Mends all that was cut.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn mend(&self) -> Result<()> {
        (0..self.machines)
            .try_for_each(|machine| self.machine(machine).namespace.nft("flush chain inet faults arriving"))
    }

    /// Takes a machine's address on a path away.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn take_address(&self, machine: usize, path: usize) -> Result<()> {
        self.machine(machine).namespace.ip(&format!("addr flush dev path{path}"))
    }

    /// Gives a machine the address on a path that it had at first.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn give_address(&self, machine: usize, path: usize) -> Result<()> {
        self.add_address(machine, path, self.address(machine, path))
    }

    /// Gives a machine a new address on a path.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn give_new_address(&self, machine: usize, path: usize) -> Result<()> {
        let [a, b, c, d] = self.address(machine, path).octets();
        self.add_address(machine, path, Ipv4Addr::new(a, b, c, d + 100))
    }

    /// Gives a machine another address on its line to the server, in place of the one that it had: what is connected
    /// through that falls silent, and the server is not told.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn move_line(&self, machine: usize) -> Result<()> {
        let Machine { namespace, address, .. } = self.machine(machine);
        let [a, b, c, d] = address.octets();
        let new = Ipv4Addr::new(a, b, c, d + 1);
        namespace.ip(&format!("addr flush dev third\naddr add {new}/29 dev third"))
    }

    fn add_address(&self, machine: usize, path: usize, address: Ipv4Addr) -> Result<()> {
        self.machine(machine).namespace.ip(&format!("addr add {address}/24 dev path{path}"))
    }

    fn drop_from(&self, machine: usize, source: &str) -> Result<()> {
        self.drop_arriving(machine, &format!("ip saddr {source}"))
    }

    /// Drops what arrives at a machine and matches: nftables statements.
    fn drop_arriving(&self, machine: usize, matching: &str) -> Result<()> {
        self.machine(machine).namespace.nft(&format!("add rule inet faults arriving {matching} drop"))
    }

    fn subnet(&self, path: usize) -> Ipv4Addr {
        Ipv4Addr::new(10, 78 + u8::try_from(path).unwrap_or_default(), self.namespaces.index(), 0)
    }
}
