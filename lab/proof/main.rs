//! `cargo run --profile native --example proof`: what `pointsman check` takes for a large config.
//!
//! It makes a config at the bounds of `docs/config.md`, or smaller, checks it in this process as
//! the tool does, and prints the time, the most memory that the process had, and the bytes of the
//! result. A routing table has at most 4 MiB, so not all bounds are reached at once: with many
//! services each has fewer regions.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program that measures and prints figures"
)]
#![allow(clippy::indexing_slicing, reason = "a program of the lab")]
#![expect(unreachable_pub, reason = "the modules of a program")]

mod config;

use anyhow::{Result, bail};
use clap::Parser;
use pointsman::time::Timestamp;
use pointsman::tool::{Exit, Terminal};
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::time::Instant;

#[derive(Parser)]
struct Arguments {
    #[arg(long, default_value_t = 100)]
    regions: usize,
    #[arg(long, default_value_t = 1_000)]
    rules: usize,
    #[arg(long, default_value_t = 5_000)]
    tenants: usize,
    #[arg(long, default_value_t = 10)]
    services: usize,
    /// Checks to text, not to JSON
    #[arg(long)]
    text: bool,
    /// Prints the config, and checks nothing
    #[arg(long)]
    print: bool,
}

/// Counts the bytes, and keeps the first lines.
#[derive(Default)]
struct Counter {
    bytes: usize,
    head: Vec<u8>,
}

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len();
        let room = 2_000_usize.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend(bytes.iter().take(room));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let Arguments { regions, rules, tenants, services, .. } = arguments;
    let config = config::of(config::Size { regions, rules, tenants, services }).to_string();
    if arguments.print {
        println!("{config}");
        return Ok(());
    }
    let (mut out, mut err) = (Counter::default(), Counter::default());
    let began = Instant::now();
    let exit = check(&config, !arguments.text, &mut out, &mut err);
    let took = began.elapsed().as_millis();
    println!(
        "{regions} regions, {rules} rules, {tenants} tenants, {services} services: {} KB of config",
        config.len() / 1_000
    );
    println!("  took {took} ms, {} MB at most, {} KB of output", memory()?, out.bytes / 1_000);
    if arguments.text {
        println!("{}", String::from_utf8_lossy(&out.head));
    }
    if exit != Exit::Fine {
        bail!(
            "{}",
            String::from_utf8_lossy(if out.head.is_empty() { &err.head } else { &out.head })
        );
    }
    Ok(())
}

fn check(config: &str, in_json: bool, out: &mut Counter, err: &mut Counter) -> Exit {
    let mut terminal = Terminal {
        input: &mut config.as_bytes(),
        out,
        err,
        colour: false,
        clock: &now,
        variable: &|_| None,
    };
    let json = in_json.then_some("--json");
    let args = ["pointsman", "check", "-"].into_iter().chain(json).map(OsString::from);
    pointsman::tool::run(args, &mut terminal)
}

#[allow(clippy::disallowed_methods, reason = "a program of the host is where a clock is read")]
fn now() -> Timestamp {
    let since_epoch = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}

/// The most memory that this process had, in MB.
fn memory() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kilobytes.unwrap_or("0").parse::<u64>()? / 1_000)
}
