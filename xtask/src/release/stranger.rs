//! A stranger's first hour: does what docs/getting-started.md says, with what a release has.
//!
//! The page is the script. Its blocks ([`blocks`]) are run one after another, in a folder with
//! nothing but the archive, and with a `PATH` of Node.js, curl and a few programs that every system
//! has: no cargo, no compiler, nothing of the checkout. A block that the page has in another
//! terminal goes on until the end of its section, and the next one waits for its port.
//!
//! The half at Cloudflare is played with the lab's [`Account`]: the page's own hosts are ports of
//! loopback there, and nothing else of the blocks is changed. What only a person can do, in the
//! dashboard or with an account of its own, is not played.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::account::Account;
use super::made::Made;
use super::owned::{Owned, guarded, swept};
use super::page::{Block, Kind, blocks, with_routes};
use crate::checkout::Checkout;
use crate::core_only::printed;
use crate::process;
use crate::setup::node;

/// The page, and its two halves.
const PAGE: &str = "docs/getting-started.md";
const LOCAL: &str = "## On your own machine";
const CLOUDFLARE: &str = "## At Cloudflare";
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
/// Longest wait for what a block is repeated for: three minutes, says the page.
const UNTIL_WAIT: Duration = Duration::from_mins(3);
/// Between two repeats.
const REPEAT_EACH: Duration = Duration::from_secs(5);
/// What the first half promises, and the blocks have to print.
const PROMISED: [&str; 7] = [
    "proof holds",
    "comes into use",
    "api: eu-west is up",
    "x-pointsman: region=eu-west",
    "SUCCEEDED \u{b7} decision",
    "api: eu-west is down",
    "x-pointsman: region=us-east",
];
/// And the second half: wrangler names all bindings and the cron trigger, and the account has what
/// the page says in the end. wrangler keeps a namespace that it has made.
const PROMISED_AT_CLOUDFLARE: [&str; 14] = [
    "--dry-run: exiting now.",
    "env.CONTROLLER (Controller) ",
    "env.VANTAGE (Vantage) ",
    "env.KV (inherited) ",
    "env.CLOUDFLARE_API_BASE (\"https://api.cloudflare.com/client/v4\") ",
    "env.CONTROLLER_JURISDICTION (\"\") ",
    "schedule: * * * * *",
    "comes into use",
    "x-pointsman: region=eu-west",
    "SUCCEEDED \u{b7} decision",
    "\"crons\":[\"* * * * *\"]",
    "\"routes\":[\"ops.example.com/*\",\"api.example.com/*\"]",
    "\"secrets\":[\"ADMIN_TOKEN\",\"SLACK_WEBHOOK\"]",
    "\"served\":{\"chat\":1,\"eu-west\":1,\"us-east\":0}",
];
/// What wrangler says of a config that it does not wholly understand.
const WARNING: &str = "WARNING";

/// Plays the page, and prints what a stranger would see.
///
/// **Errors**: a block fails, or what the page promises is not printed.
pub(super) fn play(checkout: &Checkout, made: &Made) -> Result<()> {
    let page = fs::read_to_string(checkout.root().join(PAGE)).context(PAGE)?;
    let place = tempfile::Builder::new().prefix("pointsman-stranger-").tempdir()?;
    let _swept = swept(Path::new("sh"), place.path())?;
    let stranger = Stranger::new(checkout, made, place.path())?;
    kept_promises(&PROMISED, &stranger.plays_here(&blocks(&page, LOCAL)?)?)?;
    let account = Account::start(checkout, &place.path().join("account.log"))?;
    let seen = stranger.plays_there(&blocks(&page, CLOUDFLARE)?, &account)?;
    kept_promises(&PROMISED_AT_CLOUDFLARE, &seen)?;
    ensure!(!seen.contains(WARNING), "wrangler warns");
    println!("\nThe page was played from {}.", made.archive.display());
    Ok(())
}

fn kept_promises(promised: &[&str], seen: &str) -> Result<()> {
    for promised in promised {
        ensure!(seen.contains(promised), "the page promises `{promised}`, and nothing printed it");
    }
    Ok(())
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
    /// The folder that the archive unpacks to.
    unpacked: PathBuf,
}

impl Stranger {
    fn new(checkout: &Checkout, made: &Made, place: &Path) -> Result<Self> {
        let stranger = Self {
            home: place.join("home"),
            programs: place.join("programs"),
            timeout: found("timeout")?,
            state: place.join("state"),
            kept: kept(checkout)?,
            unpacked: place.join("home").join(&made.name),
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

    /// Plays the half that needs no account, and returns what it printed. Its other terminals are
    /// closed at the end.
    fn plays_here(&self, blocks: &[Block]) -> Result<String> {
        let ports = blocks.iter().filter_map(|block| match block.kind {
            Kind::Opens(port) => Some(port),
            _ => None,
        });
        for port in ports {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port))
                .with_context(|| format!("the page needs port {port} of this machine"))?;
        }
        let mut terminals = Vec::new();
        let mut seen = String::new();
        for Block { text, kind } in blocks {
            println!("\n{}", text.trim_end());
            match kind {
                Kind::Opens(port) => {
                    let log = self.home.with_file_name(format!("terminal-{port}.log"));
                    terminals.push(self.opens(text, &log)?);
                    wait_for(*port)
                        .with_context(|| fs::read_to_string(&log).unwrap_or_default())?;
                }
                _ => seen.push_str(&self.finishes(text, kind)?),
            }
        }
        Ok(seen)
    }

    /// Plays the half at Cloudflare against an account, and returns what it printed and what the
    /// account shows then.
    fn plays_there(&self, blocks: &[Block], account: &Account) -> Result<String> {
        let mut exports = String::new();
        for (name, value) in &account.variables {
            exports = exports + "export " + name + "='" + value + "'\n";
        }
        let mut seen = self.types(&exports)?;
        for Block { text, kind } in blocks {
            println!("\n{}", text.trim_end());
            seen.push_str(&self.finishes(&account.here(text), kind)?);
        }
        Ok(seen + &self.types(&format!("curl --silent '{}'\n", account.shown))?)
    }

    /// Plays a block that ends.
    fn finishes(&self, text: &str, kind: &Kind) -> Result<String> {
        match kind {
            Kind::Typed => self.types(text),
            Kind::Until(wanted) => self.repeats(text, wanted),
            Kind::Routes => {
                let deployed = self.unpacked.join("wrangler.toml");
                fs::write(&deployed, with_routes(&fs::read_to_string(&deployed)?, text)?)?;
                Ok(String::new())
            }
            Kind::Opens(port) => bail!("port {port} of another terminal, at Cloudflare"),
        }
    }

    /// Runs a block until it prints what is wanted.
    fn repeats(&self, text: &str, wanted: &str) -> Result<String> {
        let begun = Instant::now();
        loop {
            let seen = self.types(text)?;
            if seen.contains(wanted) {
                return Ok(seen);
            }
            ensure!(begun.elapsed() < UNTIL_WAIT, "`{wanted}` is not printed by\n{text}");
            sleep(REPEAT_EACH);
        }
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

    fn page() -> String {
        fs::read_to_string(Checkout::locate().unwrap().root().join(PAGE)).unwrap()
    }

    #[test]
    fn the_page_has_the_section_and_begins_with_the_archive_of_this_version() {
        let blocks = blocks(&page(), LOCAL).unwrap();
        let archive = format!("pointsman-{}-linux-x64.tar.gz", env!("CARGO_PKG_VERSION"));
        assert!(blocks[0].text.contains(&archive), "{}", blocks[0].text);
        assert!(blocks.iter().all(|block| !block.text.contains("cargo")));
        let opens = |block: &&Block| matches!(block.kind, Kind::Opens(_));
        assert_eq!(blocks.iter().filter(opens).count(), 2);
    }

    #[test]
    fn the_half_at_cloudflare_deploys_without_routes_then_with_one_then_with_two() {
        let blocks = blocks(&page(), CLOUDFLARE).unwrap();
        let mut routes = 0;
        let mut deployed = Vec::new();
        for block in &blocks {
            if block.kind == Kind::Routes {
                routes = block.text.matches("pattern").count();
            }
            let deploys = block.text.lines().filter(|line| line.starts_with("npx wrangler deploy"));
            deployed.extend(deploys.map(|line| (line.contains("--dry-run"), routes)));
        }
        assert_eq!(deployed, [(true, 0), (false, 0), (false, 1), (false, 2)]);
    }
}
