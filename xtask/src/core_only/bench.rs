//! The measurements. Here is what a decision costs: nanoseconds on the host and as wasm, and
//! instructions, which no other program on the machine can disturb.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use super::table::{Row, markdown, replace};
use super::{Builds, printed};
use crate::checkout::Checkout;
use crate::{bundle, detection, process, proxies, setup};

/// Regions, rules, tenants.
const SIZES: [[u32; 3]; 7] = [
    [10, 10, 0],
    [100, 10, 0],
    [1_000, 10, 0],
    [10, 100, 0],
    [10, 1_000, 0],
    [10, 10, 1_000],
    [10, 10, 100_000],
];
/// Rounds of which the fastest counts: what disturbs a round only ever makes it slower.
const ROUNDS: &str = "9";
/// Decisions in a round, for tables of ten regions.
const TIMES: u32 = 50_000;
/// Decisions that are counted, on top of as many that are not.
const COUNTED: u32 = 1_000;

/// The options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// One decision, by the size of the table
    Decide {
        /// Puts the table into docs/benchmarks.md
        #[arg(long)]
        write: bool,
    },
    /// A failover of many services: calls of the API and seconds
    Actuation {
        /// Puts the table into docs/benchmarks.md
        #[arg(long)]
        write: bool,
        /// Measures the bundle in this folder in turn with this build, and prints both
        #[arg(long)]
        against: Option<PathBuf>,
    },
    /// A request through the Worker, beside other proxies on the same runtime
    Proxy(proxies::Options),
    /// A cold start of the Worker, beside other proxies on the same runtime
    Cold(proxies::Common),
    /// From a fault until it is confirmed, beside gdnsd, `PowerDNS` and `HAProxy`: seconds
    Detection(detection::Options),
}

/// Measures and prints a table.
pub(crate) fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    let (name, write, table) = match &options.what {
        What::Decide { write } => ("decide", *write, decide(checkout)?),
        What::Actuation { write, against: None } => {
            ("actuation", *write, actuation(checkout, &[])?)
        }
        What::Actuation { write, against: Some(theirs) } => {
            let options = [OsStr::new("--against"), theirs.as_os_str()];
            ("actuation-beside", *write, actuation(checkout, &options)?)
        }
        What::Proxy(options) => {
            ("proxy", options.common.write, proxies::measure(checkout, options)?)
        }
        What::Cold(options) => ("cold", options.write, proxies::measure_cold(checkout, options)?),
        What::Detection(options) => {
            ("detection", options.write, detection::measure(checkout, options)?)
        }
    };
    match &options.what {
        What::Proxy(proxies::Options { common, .. }) | What::Cold(common) if common.json => {
            print!("{}", proxies::figures(checkout)?);
        }
        What::Detection(options) if options.json => print!("{}", detection::figures(checkout)?),
        _ => print!("{table}"),
    }
    if write {
        let path = checkout.root().join("docs/benchmarks.md");
        let page = std::fs::read_to_string(&path)?;
        std::fs::write(&path, replace(&page, name, &table)?)?;
    }
    Ok(())
}

/// The built Worker on workerd, against the lab's API: the lab measures and prints its table.
fn actuation(checkout: &Checkout, options: &[&OsStr]) -> Result<String> {
    let tools = setup::run(checkout)?;
    bundle::release(checkout, &tools)?;
    let mut lab = process::command("cargo", checkout.root());
    lab.args(["run", "--package", "pointsman-lab", "--bin", "lab", "--", "failovers"]);
    lab.args(options);
    lab.env("POINTSMAN_BUNDLE", checkout.bundle());
    printed(&mut lab)
}

fn decide(checkout: &Checkout) -> Result<String> {
    let builds = Builds::make(checkout, &setup::run(checkout)?)?;
    let counter = Command::new("valgrind").arg("--version").output().is_ok();
    if !counter {
        eprintln!("bench: no valgrind on this machine, so instructions are not counted");
    }
    let mut rows = Vec::new();
    for size in SIZES {
        let [regions, rules, tenants] = size;
        eprintln!("bench: {regions} regions, {rules} rules, {tenants} tenants");
        rows.push(Row {
            size,
            host_ns: fastest(&mut builds.on_host(), size)?,
            wasm_ns: fastest(&mut builds.on_wasm(), size)?,
            instructions: counter.then(|| instructions(&builds, size)).transpose()?,
        });
    }
    Ok(markdown(&rows))
}

/// Nanoseconds for a decision in the fastest round.
fn fastest(command: &mut Command, size: [u32; 3]) -> Result<u64> {
    let times = (TIMES * 10 / size[0]).to_string();
    command.arg("time").args(size.map(|number| number.to_string())).args([ROUNDS, &times]);
    let rounds = printed(command)?;
    let rounds: Result<Vec<u64>, _> = rounds.lines().map(str::parse).collect();
    rounds?.into_iter().min().context("no round was measured")
}

/// Instructions for a decision: twice as many decisions less the same once, so that what it takes
/// to make the table is in neither.
fn instructions(builds: &Builds, size: [u32; 3]) -> Result<u64> {
    let total = |times: u32| -> Result<u64> {
        let program = builds.on_host();
        let mut valgrind = Command::new("valgrind");
        valgrind
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(program.get_program())
            .arg("count")
            .args(size.map(|number| number.to_string()))
            .arg(times.to_string());
        let output = valgrind.output().context("cannot start valgrind")?;
        let told = String::from_utf8_lossy(&output.stderr);
        counted(&told).with_context(|| format!("valgrind told no count: {told}"))
    };
    let difference = total(2 * COUNTED)?.saturating_sub(total(COUNTED)?);
    Ok(difference / u64::from(COUNTED))
}

/// The number in callgrind's line `Collected : …`.
fn counted(told: &str) -> Option<u64> {
    let line = told.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(':').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_of_callgrind_is_read() {
        let told = "==1== Events    : Ir\n==1== Collected : 123456\n==1==\n";
        assert_eq!(counted(told), Some(123_456));
        assert_eq!(counted("==1== no such line"), None);
    }
}
