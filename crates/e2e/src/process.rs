//! A program that runs beside the test and never outlives it: its whole process group is killed when its handle is
//! dropped, which a panic does too, and when the test program is interrupted.

use std::{
    io::{self, BufRead, BufReader},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, Once, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use crate::{Error, Result, error::Doing};

/// How long a program may take to say where it listens.
const READY_WITHIN: Duration = Duration::from_secs(45);

/// How long the killed may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(2);

/// The groups to kill when this program is interrupted.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// A running program.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts `command` and waits until `ready` finds what it looks for in a line of its standard output or error.
    pub async fn start<T>(mut command: Command, ready: impl Fn(&str) -> Option<T>) -> Result<(Self, T)> {
        kill_when_interrupted();
        let program = command.get_program().to_string_lossy().into_owned();
        // Of its own group, so that its children can be killed with it.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn_without_priority(&mut command).doing(|| format!("start {program}"))?;
        let (sender, mut lines) = mpsc::unbounded_channel();
        if let Some(output) = child.stdout.take() {
            read_lines(output, sender.clone());
        }
        if let Some(output) = child.stderr.take() {
            read_lines(output, sender);
        }
        running().push(child.id());
        let process = Self { child };
        let mut output = String::new();
        let found = tokio::time::timeout(READY_WITHIN, async {
            while let Some(line) = lines.recv().await {
                if let Some(found) = ready(&line) {
                    return Some(found);
                }
                output += &line;
                output.push('\n');
            }
            None
        });
        match found.await {
            Ok(Some(found)) => Ok((process, found)),
            Ok(None) => Err(Error::Ended { program, output }),
            Err(_) => Err(Error::NotReady { program, waited: READY_WITHIN, output }),
        }
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends the signal of this name, without `SIG`.
    ///
    /// # Errors
    /// When the program has ended.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let id = self.child.id().to_string();
        if send_signal(&id, signal) { Ok(()) } else { Err(Error::Signaling(format!("process {id} has ended"))) }
    }

    /// The programs it started, and those that these started, with their command lines. Knows Linux only.
    pub fn descendants(&self) -> Result<Vec<Descendant>> {
        let all = processes().doing(|| "list the running programs in /proc".to_owned())?;
        let mut family = vec![self.child.id()];
        let mut found = Vec::new();
        // Parents are not always listed before their children.
        loop {
            let next = all.iter().find(|(parent, one)| family.contains(parent) && !family.contains(&one.id));
            let Some((_, one)) = next else { return Ok(found) };
            family.push(one.id);
            found.push(one.clone());
        }
    }
}

/// A program that another one started.
#[derive(Clone, Debug)]
pub(crate) struct Descendant {
    id: u32,
    /// Its words, separated by spaces.
    pub command: String,
}

impl Descendant {
    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Sends the signal of this name, without `SIG`; a program that is gone hears nothing.
    pub fn signal(&self, signal: &str) {
        send_signal(&self.id.to_string(), signal);
    }
}

/// Starts `command` as it runs for anybody: root's browsers may put their threads for sound before everything else, and
/// on a small machine with many of them no script gets to run for half a minute.
fn spawn_without_priority(command: &mut Command) -> io::Result<Child> {
    // On a thread of its own, so that this program keeps what it may.
    let spawn = || {
        give_up_priority();
        command.spawn()
    };
    let result = thread::scope(|scope| scope.spawn(spawn).join());
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What this thread starts cannot raise its priority; without root it cannot anyway.
#[cfg(target_os = "linux")]
fn give_up_priority() {
    use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};
    let _ = remove_capability_from_bounding_set(CapabilitySet::SYS_NICE);
}

#[cfg(not(target_os = "linux"))]
fn give_up_priority() {}

/// Every running program with its parent.
fn processes() -> io::Result<Vec<(u32, Descendant)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let path = entry?.path();
        let Some(id) = path.file_name().and_then(|name| name.to_str()?.parse().ok()) else { continue };
        // One that has just ended is no error.
        let (Ok(status), Ok(command)) =
            (std::fs::read_to_string(path.join("status")), std::fs::read(path.join("cmdline")))
        else {
            continue;
        };
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok());
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        found.extend(parent.map(|parent| (parent, Descendant { id, command })));
    }
    Ok(found)
}

impl Drop for Process {
    fn drop(&mut self) {
        kill_group(self.child.id());
        // Fails only if it was waited for before, which nothing does.
        let _ = self.child.wait();
        // The leader's children are init's to wait for. What they write to is about to be removed.
        let deadline = Instant::now() + GONE_WITHIN;
        while signal_group(self.child.id(), "0") && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        running().retain(|id| *id != self.child.id());
    }
}

fn running() -> MutexGuard<'static, Vec<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kill_group(leader: u32) {
    // SIGKILL: what is tested includes a server that has no time to say goodbye.
    signal_group(leader, "KILL");
}

/// Whether there was somebody to signal.
fn signal_group(leader: u32, signal: &str) -> bool {
    send_signal(&format!("-{leader}"), signal)
}

fn send_signal(target: &str, signal: &str) -> bool {
    let mut kill = Command::new("kill");
    kill.args(["-s", signal, "--", target]).stdout(Stdio::null()).stderr(Stdio::null());
    kill.status().is_ok_and(|status| status.success())
}

/// Programs in groups of their own do not hear the terminal's ctrl-c.
fn kill_when_interrupted() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        thread::spawn(|| {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
            runtime.block_on(async {
                use tokio::signal::unix::{SignalKind, signal};
                let (Ok(mut interrupt), Ok(mut terminate)) =
                    (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
                else {
                    return;
                };
                tokio::select! { _ = interrupt.recv() => (), _ = terminate.recv() => () }
                running().iter().copied().for_each(kill_group);
                std::process::exit(130);
            });
        });
    });
}

/// Reads until the end, so that the program never blocks on a full pipe.
fn read_lines(output: impl io::Read + Send + 'static, lines: mpsc::UnboundedSender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
            if std::env::var_os("VITRINE_E2E_VERBOSE").is_some() {
                eprintln!("{line}");
            }
            let _ = lines.send(line);
        }
    });
}
