//! An account for the half of the page that is at Cloudflare: the lab's, on loopback.
//!
//! wrangler calls it in place of Cloudflare, and what it deploys runs on workerd. It is the lab's
//! idea of Cloudflare: `lab/src/api/scripts.rs` says what that is worth.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::owned::{Owned, guarded};
use crate::checkout::Checkout;
use crate::process;

/// Hosts and origins of the page, and the receiver of its alerts.
const ARGUMENTS: [&str; 11] = [
    "account",
    "--host",
    "ops.example.com",
    "--host",
    "api.example.com",
    "--origin",
    "eu-west=eu1.origin.example.com",
    "--origin",
    "us-east=us1.origin.example.com",
    "--origin",
    "chat=hooks.slack.com",
];
/// The last line that it prints before it serves.
const READY: &str = "ready";
/// Longest wait for it.
const WAIT: Duration = Duration::from_secs(30);
/// Between two looks at what it printed.
const LOOK_EACH: Duration = Duration::from_millis(100);

/// A running account. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Account {
    /// What is exported for wrangler.
    pub(super) variables: BTreeMap<String, String>,
    /// Where it shows what it has.
    pub(super) shown: String,
    /// What stands in the page, and where it is on loopback.
    hosts: BTreeMap<String, String>,
    _program: Owned,
}

impl Account {
    /// Builds the lab and starts an account, which keeps its log at `log`.
    ///
    /// **Errors**: it does not start.
    pub(super) fn start(checkout: &Checkout, log: &Path) -> Result<Self> {
        let mut build = process::command("cargo", checkout.root());
        build.args(["build", "--quiet", "--package", "pointsman-lab", "--bin", "lab"]);
        process::prepare(&mut build)?;
        let file = File::create(log)?;
        let mut program = guarded(Path::new("sh"), checkout.target().join("debug/lab"));
        program.args(ARGUMENTS).current_dir(checkout.root());
        let program = Owned::start(program.stdout(file.try_clone()?).stderr(file))?;
        let begun = Instant::now();
        loop {
            let printed = fs::read_to_string(log)?;
            if printed.lines().any(|line| line == READY) {
                return Self::read(&printed, program);
            }
            ensure!(begun.elapsed() < WAIT, "the account does not start:\n{printed}");
            sleep(LOOK_EACH);
        }
    }

    fn read(printed: &str, program: Owned) -> Result<Self> {
        let pairs = printed.lines().filter_map(|line| line.split_once('='));
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (hosts, mut variables): (BTreeMap<_, _>, BTreeMap<_, _>) =
            pairs.partition(|(name, _)| name.starts_with("https://"));
        let shown = variables.remove("account").context("the account shows nothing")?;
        variables.insert("WRANGLER_SEND_METRICS".to_owned(), "false".to_owned());
        Ok(Self { variables, shown, hosts, _program: program })
    }

    /// A block of the page with its hosts as they are on loopback.
    pub(super) fn here(&self, text: &str) -> String {
        self.hosts.iter().fold(text.to_owned(), |text, (host, here)| text.replace(host, here))
    }
}
