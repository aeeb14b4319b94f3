//! A stranger's first hour: does what docs/getting-started.md says, with what a release has.
//!
//! The page is the script. Its blocks of `sh` under [`SECTION`] are run one after another, in a
//! folder with nothing but the archive, and with a `PATH` of Node.js, curl and a few programs that
//! every system has: no cargo, no compiler, nothing of the checkout. A block that the page has in
//! another terminal (`sh terminal=2 port=9001`) goes on until the end, and the next one waits for
//! its port.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::made::Made;
use super::owned::{Owned, guarded};
use crate::checkout::Checkout;
use crate::core_only::printed;
use crate::process;
use crate::setup::node;

/// The page, and its part that needs no account.
const PAGE: &str = "docs/getting-started.md";
const SECTION: &str = "## On your own machine";
/// What a stranger has beside Node.js.
const PROGRAMS: [&str; 29] = [
    "basename",
    "cat",
    "chmod",
    "cp",
    "curl",
    "cut",
    "date",
    "dirname",
    "env",
    "grep",
    "gzip",
    "head",
    "ls",
    "mkdir",
    "mv",
    "readlink",
    "rm",
    "sed",
    "sh",
    "sha256sum",
    "sleep",
    "sort",
    "tail",
    "tar",
    "tee",
    "touch",
    "tr",
    "uname",
    "wc",
];
/// Longest that one block may take; a run of the Worker takes 55 s.
const BLOCK_S_MAX: u64 = 300;
/// Longest that another terminal is open.
const TERMINAL_S_MAX: u64 = 1_200;
/// Longest wait for the port of another terminal.
const PORT_WAIT: Duration = Duration::from_mins(1);
/// Between two looks at a port.
const LOOK_EACH: Duration = Duration::from_millis(100);
/// What the page promises, and the blocks have to print.
const PROMISED: [&str; 7] = [
    "proof holds",
    "comes into use",
    "api: eu-west is up",
    "x-pointsman: region=eu-west",
    "SUCCEEDED \u{b7} decision",
    "api: eu-west is down",
    "x-pointsman: region=us-east",
];

/// A block of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    text: String,
    /// The port that it opens in another terminal; absent in the first.
    port: Option<u16>,
}

/// Plays the page, and prints what a stranger would see.
///
/// **Errors**: a block fails, or what the page promises is not printed.
pub(super) fn play(checkout: &Checkout, made: &Made) -> Result<()> {
    let page = fs::read_to_string(checkout.root().join(PAGE)).context(PAGE)?;
    let blocks = blocks(&page)?;
    for port in blocks.iter().filter_map(|block| block.port) {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .with_context(|| format!("the page needs port {port} of this machine"))?;
    }
    let place = tempfile::Builder::new().prefix("pointsman-stranger-").tempdir()?;
    let stranger = Stranger::new(checkout, made, place.path())?;
    let mut terminals = Vec::new();
    let mut seen = String::new();
    for block in &blocks {
        println!("\n{}", block.text.trim_end());
        match block.port {
            None => seen.push_str(&stranger.types(&block.text)?),
            Some(port) => {
                let log = place.path().join(format!("terminal-{port}.log"));
                terminals.push(stranger.opens(&block.text, &log)?);
                wait_for(port).with_context(|| fs::read_to_string(&log).unwrap_or_default())?;
            }
        }
    }
    drop(terminals);
    for promised in PROMISED {
        ensure!(seen.contains(promised), "the page promises `{promised}`, and nothing printed it");
    }
    println!("\nThe page was played from {}.", made.archive.display());
    Ok(())
}

/// The blocks of the section.
fn blocks(page: &str) -> Result<Vec<Block>> {
    let (_, section) = page.split_once(SECTION).with_context(|| format!("no `{SECTION}`"))?;
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut blocks = Vec::new();
    for fenced in section.split("\n```sh").skip(1) {
        let (head, rest) = fenced.split_once('\n').context("a block without lines")?;
        let (text, _) = rest.split_once("\n```").context("a block without an end")?;
        let port = head.split_whitespace().find_map(|word| word.strip_prefix("port="));
        let port = port.map(str::parse).transpose().context("the port of a block")?;
        blocks.push(Block { text: format!("{text}\n"), port });
    }
    ensure!(!blocks.is_empty(), "no blocks of sh under `{SECTION}`");
    Ok(blocks)
}

/// Somebody with an archive, and a shell.
struct Stranger {
    /// Where the archive is, and all work is done.
    home: PathBuf,
    /// The whole of the `PATH`.
    programs: PathBuf,
    /// The system's own program that ends what takes too long. A shell does not do that.
    timeout: PathBuf,
    /// The variables and the folder that the last block left.
    state: PathBuf,
    /// What npm and TLS need of this machine.
    kept: BTreeMap<String, String>,
}

impl Stranger {
    fn new(checkout: &Checkout, made: &Made, place: &Path) -> Result<Self> {
        let stranger = Self {
            home: place.join("home"),
            programs: place.join("programs"),
            timeout: found("timeout")?,
            state: place.join("state"),
            kept: kept(checkout)?,
        };
        fs::create_dir(&stranger.home)?;
        fs::create_dir(&stranger.programs)?;
        let archive = made.archive.file_name().context("no archive")?;
        fs::copy(&made.archive, stranger.home.join(archive))?;
        fs::write(&stranger.state, format!("cd '{}'\n", stranger.home.display()))?;
        for program in PROGRAMS.iter().chain(&["npm", "npx"]) {
            symlink(found(program)?, stranger.programs.join(program))?;
        }
        let node = node::for_wrangler(checkout)?;
        let node = if node.is_absolute() { node } else { found("node")? };
        symlink(node, stranger.programs.join("node"))?;
        Ok(stranger)
    }

    /// A shell that begins where the last block ended, runs `text`, and then `after`. It ends when
    /// its input does.
    fn shell(&self, text: &str, after: &str, seconds_max: u64) -> Command {
        let state = self.state.display();
        let sh = self.programs.join("sh");
        let mut shell = guarded(&sh, &self.timeout);
        // In the foreground it leaves all in one process group.
        shell.args(["--foreground", "--kill-after=10", &seconds_max.to_string()]);
        shell.arg(sh).args(["-euc", &format!(". '{state}'\n{text}{after}")]);
        shell.current_dir(&self.home).env_clear();
        shell.env("HOME", &self.home).env("PATH", &self.programs).envs(&self.kept);
        shell
    }

    /// Runs a block to its end and returns what it printed, which is printed too.
    ///
    /// **Errors**: it fails.
    fn types(&self, text: &str) -> Result<String> {
        let state = self.state.display();
        let after = format!("{{ export -p; echo \"cd '$PWD'\"; }} > '{state}'\n");
        let mut shell = self.shell(text, &after, BLOCK_S_MAX);
        let mut block = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        // The pipe is held until the end, which `wait_with_output` would not do.
        let held = block.stdin.take();
        let ended = block.wait_with_output()?;
        drop(held);
        let read = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let written = read(&ended.stdout) + &read(&ended.stderr);
        println!("{written}");
        ensure!(ended.status.success(), "the block ended with {}:\n{text}", ended.status);
        Ok(written)
    }

    /// Starts a block that goes on until what is returned is dropped.
    fn opens(&self, text: &str, log: &Path) -> Result<Owned> {
        let log = File::create(log)?;
        let mut shell = self.shell(text, "", TERMINAL_S_MAX);
        Owned::start(shell.stdout(log.try_clone()?).stderr(log))
    }
}

/// Where a program of this machine is.
fn found(program: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(program));
    places.find(|place| place.is_file()).with_context(|| format!("no `{program}` on the PATH"))
}

/// The variables that stay: where npm has its packages from, and whom TLS trusts.
fn kept(checkout: &Checkout) -> Result<BTreeMap<String, String>> {
    let is_kept = |name: &str| {
        name.starts_with("SSL_CERT_") || name == "NODE_EXTRA_CA_CERTS" || name == "CURL_CA_BUNDLE"
    };
    let mut kept: BTreeMap<_, _> = std::env::vars().filter(|(name, _)| is_kept(name)).collect();
    let mut npm = process::command("npm", checkout.root());
    let settings = printed(npm.args(["config", "get", "userconfig"]))?;
    kept.insert("npm_config_userconfig".to_owned(), settings.trim().to_owned());
    kept.insert("npm_config_update_notifier".to_owned(), "false".to_owned());
    Ok(kept)
}

fn wait_for(port: u16) -> Result<()> {
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() {
        if begun.elapsed() > PORT_WAIT {
            bail!("nothing listens on port {port} after {} s", PORT_WAIT.as_secs());
        }
        sleep(LOOK_EACH);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_blocks_of_the_section_are_taken_and_each_with_its_port() {
        let page = format!(
            "```sh\nbefore\n```\n{SECTION}\n\ntext\n\n```sh\none\ntwo\n```\n\n\
             ```text\nsaid\n```\n\n```sh terminal=2 port=9001\nserve\n```\n\n\
             ## Deploy\n\n```sh\nafter\n```\n"
        );
        let block = |text: &str, port| Block { text: text.to_owned(), port };
        let expected = [block("one\ntwo\n", None), block("serve\n", Some(9001))];
        assert_eq!(blocks(&page).unwrap(), expected);
    }

    #[test]
    fn the_page_has_the_section_and_begins_with_the_archive_of_this_version() {
        let checkout = Checkout::locate().unwrap();
        let page = fs::read_to_string(checkout.root().join(PAGE)).unwrap();
        let blocks = blocks(&page).unwrap();
        let archive = format!("pointsman-{}-linux-x64.tar.gz", env!("CARGO_PKG_VERSION"));
        assert!(blocks[0].text.contains(&archive), "{}", blocks[0].text);
        assert!(blocks.iter().all(|block| !block.text.contains("cargo")));
        assert_eq!(blocks.iter().filter(|block| block.port.is_some()).count(), 2);
    }
}
