//! The databases' programs, and processes that can be frozen.

use anyhow::{Context as _, Result, bail, ensure};
use pointsman_lab::packages;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// The user and group that databases run as if we are root, which they refuse: `nobody`.
const NOBODY: &str = "65534";
/// Below the ports that the system gives away by itself.
const FIRST_PORT: u16 = 21_000;
/// Longest time in which the processes of a tree are found and stopped.
const STOP_BOUND: Duration = Duration::from_secs(5);

/// Where `install.sh` has put the programs.
#[derive(Clone, Debug)]
pub struct Tools {
    root: PathBuf,
    is_root: bool,
}

impl Tools {
    /// Fetches what is missing. `None` with the reason printed if the packages cannot be had.
    pub fn fetch(with_patroni: bool) -> Result<Option<Tools>> {
        let with: &[&str] = if with_patroni { &["patroni"] } else { &[] };
        let Some(root) = packages::fetch("real", with)? else { return Ok(None) };
        let id = Command::new("id").arg("-u").output()?;
        Ok(Some(Tools { root, is_root: id.stdout == b"0\n" }))
    }

    /// A program of a package, or of this machine, as the databases' user.
    pub fn command(&self, program: &str) -> Result<Command> {
        let packed = ["root/usr/lib/postgresql/15/bin", "root/usr/bin", "root/usr/sbin"]
            .map(|folder| self.root.join(folder).join(program));
        let found = packed.into_iter().find(|file| file.exists());
        let program = found.unwrap_or_else(|| program.into());
        let mut command = if self.is_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.env("LD_LIBRARY_PATH", self.libraries()?);
        Ok(command)
    }

    /// The folder of PostgreSQL's programs.
    pub fn postgresql(&self) -> PathBuf {
        self.root.join("root/usr/lib/postgresql/15/bin")
    }

    /// The folders of Patroni and what it imports, as `PYTHONPATH` has them.
    pub fn python(&self) -> String {
        let folders = ["python", "root/usr/lib/python3/dist-packages"];
        folders.map(|folder| self.root.join(folder).display().to_string()).join(":")
    }

    /// The folder of shared libraries, which has the name of the machine's architecture.
    pub fn libraries(&self) -> Result<PathBuf> {
        for entry in fs::read_dir(self.root.join("root/usr/lib"))? {
            let path = entry?.path();
            if path.to_string_lossy().ends_with("-linux-gnu") {
                return Ok(path);
            }
        }
        bail!("no shared libraries below {}", self.root.display())
    }

    /// Runs a program to its end.
    pub fn run(&self, program: &str, words: &[&str]) -> Result<String> {
        let done = self.command(program)?.args(words).output()?;
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        ensure!(done.status.success(), "{program} {words:?}: {said}");
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }
}

/// A port that nobody listens on, and that this program has not given away before.
pub fn free_port() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two programs at once begin at different ports.
    let start = FIRST_PORT + u16::try_from(std::process::id() % 64)? * 128;
    loop {
        let port = start + NEXT.fetch_add(1, Ordering::Relaxed);
        ensure!(port < 32_000, "no free port");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
}

/// A process and all that it started. Killed when dropped.
#[derive(Debug)]
pub struct Tree {
    command: Command,
    child: Child,
    /// Where a process writes its id that was started from here and has left the tree.
    left: Option<PathBuf>,
}

impl Tree {
    /// Starts a program whose output goes to a file.
    pub fn start(mut command: Command, log: &Path) -> Result<Tree> {
        let file = File::create(log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        Ok(Tree { command, child, left: None })
    }

    /// Starts it again after it has ended.
    pub fn start_again(&mut self) -> Result<()> {
        self.child.wait()?;
        self.child = self.command.spawn()?;
        Ok(())
    }

    /// The same with a process that leaves the tree and writes its id into a file.
    pub fn with_left(mut self, file: PathBuf) -> Tree {
        self.left = Some(file);
        self
    }

    /// The processes that nothing here has started: the top, and who has left.
    pub fn roots(&self) -> Vec<u32> {
        let left = self.left.as_ref().and_then(|file| fs::read_to_string(file).ok());
        let left = left.and_then(|text| text.lines().next()?.parse().ok());
        [self.child.id()].into_iter().chain(left).collect()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = kill(&self.roots());
        let _ = self.child.wait();
    }
}

/// Stops the trees below these processes: none of their processes runs when this returns.
pub fn freeze(roots: &[u32]) -> Result<BTreeSet<u32>> {
    let began = Instant::now();
    let mut stopped = BTreeSet::new();
    loop {
        let tree = below(roots)?;
        let new: Vec<u32> = tree.difference(&stopped).copied().collect();
        // A process that is still running may start another one until it is stopped.
        if new.is_empty() && tree.iter().all(|id| is_stopped(*id)) {
            return Ok(tree);
        }
        signal("STOP", &new);
        stopped.extend(new);
        ensure!(began.elapsed() < STOP_BOUND, "processes that do not stop: {tree:?}");
    }
}

/// Lets them run again.
pub fn thaw(tree: &BTreeSet<u32>) {
    signal("CONT", &tree.iter().copied().collect::<Vec<_>>());
}

/// Kills the trees below these processes, frozen or not, and waits until they are gone.
pub fn kill(roots: &[u32]) -> Result<()> {
    let tree = freeze(roots)?;
    signal("KILL", &tree.iter().copied().collect::<Vec<_>>());
    let began = Instant::now();
    while tree.iter().any(|id| state(*id).is_some_and(|(state, _)| state != 'Z')) {
        ensure!(began.elapsed() < STOP_BOUND, "processes that do not end: {tree:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn signal(name: &str, ids: &[u32]) {
    if ids.is_empty() {
        return;
    }
    let ids = ids.iter().map(ToString::to_string);
    // One of them may have ended since it was seen.
    let _ = Command::new("kill").arg(format!("-{name}")).args(ids).stderr(Stdio::null()).status();
}

fn below(roots: &[u32]) -> Result<BTreeSet<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if let Some((state, parent)) = state(id)
            && state != 'Z'
        {
            parents.push((id, parent));
        }
    }
    let mut tree: BTreeSet<u32> =
        parents.iter().map(|(id, _)| *id).filter(|id| roots.contains(id)).collect();
    loop {
        let more =
            parents.iter().filter(|(id, parent)| tree.contains(parent) && !tree.contains(id));
        let more: Vec<u32> = more.map(|(id, _)| *id).collect();
        if more.is_empty() {
            return Ok(tree);
        }
        tree.extend(more);
    }
}

fn is_stopped(id: u32) -> bool {
    state(id).is_none_or(|(state, _)| matches!(state, 'T' | 't' | 'Z'))
}

/// State and parent of a process; none if it is gone.
fn state(id: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in parentheses may have spaces.
    let mut words = stat.rsplit_once(')')?.1.split_whitespace();
    Some((words.next()?.chars().next()?, words.next()?.parse().ok()?))
}
