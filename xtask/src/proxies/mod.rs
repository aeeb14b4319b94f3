//! What a request through the Worker costs, and a cold start of it, beside other proxies on the
//! same runtime.
//!
//! Here the Workers are built, each by the tools that the product is built with; the lab measures
//! and prints.

mod workers;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::str::FromStr;

use anyhow::{Context, Result, anyhow};
use clap::Args;

use crate::checkout::Checkout;
use crate::core_only::printed;
use crate::{bundle, process, setup};

/// The options of `cargo xtask bench proxy`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Measures memory over 200,000 requests as well
    #[arg(long)]
    soak: bool,
    /// Measures in these cells alone, separated by commas
    #[arg(long, value_name = "CELLS")]
    cells: Option<String>,
    /// Rounds; the ratios are taken in each
    #[arg(long, default_value_t = 15)]
    rounds: u32,
    /// Seconds of each target in each cell of each round
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
}

/// The options of `cargo xtask bench cold`, which those of `proxy` have as well.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Puts the tables into docs/benchmarks.md
    #[arg(long)]
    pub(crate) write: bool,
    /// Prints one JSON document in place of the tables
    #[arg(long)]
    pub(crate) json: bool,
    /// Measures these targets alone, separated by commas
    #[arg(long, value_name = "TARGETS", value_delimiter = ',', default_values = workers::ALL)]
    only: Vec<String>,
    /// Measures another build of the Worker as well, as `us_NAME`; may be given several times
    #[arg(long, value_name = "NAME=FOLDER")]
    beside: Vec<Beside>,
}

/// A folder with a built Worker, and what to call it.
#[derive(Debug, Clone, PartialEq)]
struct Beside {
    name: String,
    folder: PathBuf,
}

impl FromStr for Beside {
    type Err = anyhow::Error;
    fn from_str(text: &str) -> Result<Self> {
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric());
        let parts = text.split_once('=').filter(|(name, _)| is_name(name));
        let (name, folder) =
            parts.ok_or_else(|| anyhow!("use NAME=FOLDER, with letters and digits in NAME"))?;
        Ok(Self { name: format!("us_{name}"), folder: folder.into() })
    }
}

/// Builds all targets and measures; returns the tables.
pub(crate) fn measure(checkout: &Checkout, options: &Options) -> Result<String> {
    let mut lab = lab(checkout, "proxies", &options.common)?;
    lab.args(["--rounds", &options.rounds.to_string()]);
    lab.args(["--seconds", &options.seconds.to_string()]);
    lab.args(["--wasm-gzip-bytes", &bundle::weighed(checkout)?.to_string()]);
    lab.args(options.cells.iter().flat_map(|cells| ["--cells", cells]));
    if options.soak {
        lab.arg("--soak");
    }
    printed(&mut lab)
}

/// Builds all targets and measures cold starts alone; returns the table.
pub(crate) fn measure_cold(checkout: &Checkout, options: &Common) -> Result<String> {
    printed(&mut lab(checkout, "cold", options)?)
}

/// A command of the lab, for which all that is to be measured has been built.
fn lab(checkout: &Checkout, command: &str, options: &Common) -> Result<Command> {
    let tools = setup::run(checkout)?;
    let with_edge = options.only.iter().any(|name| name == workers::EDGE);
    bundle::unlimited(checkout, &tools, with_edge)?;
    let workers = workers::build(checkout, &tools, &options.only)?;
    for Beside { name, folder } in &options.beside {
        workers::take(folder, &workers.join(name))?;
    }
    let mut cargo = process::command("cargo", checkout.root());
    cargo.args(["build", "--profile", "native", "--package", "pointsman-lab", "--bin", "lab"]);
    process::prepare(&mut cargo)?;
    let mut lab = process::command(checkout.target().join("native/lab"), checkout.root());
    lab.arg(command).arg("--workers").arg(workers).arg("--only").arg(options.only.join(","));
    let beside: Vec<&str> = options.beside.iter().map(|beside| beside.name.as_str()).collect();
    if !beside.is_empty() {
        lab.arg("--also").arg(beside.join(","));
    }
    lab.arg("--json").arg(figures_file(checkout)).stderr(Stdio::inherit());
    Ok(lab)
}

/// The figures of the last measurement, as JSON.
pub(crate) fn figures(checkout: &Checkout) -> Result<String> {
    let file = figures_file(checkout);
    fs::read_to_string(&file).with_context(|| format!("no figures in {}", file.display()))
}

fn figures_file(checkout: &Checkout) -> PathBuf {
    workers::folder(checkout).join("figures.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_build_has_a_name_and_a_folder() {
        let folder = PathBuf::from("../a=b/build");
        let beside = Beside { name: "us_before".to_owned(), folder };
        assert_eq!("before=../a=b/build".parse::<Beside>().unwrap(), beside);
        for bad in ["../build", "=../build", "a,b=../build", "a/b=../build"] {
            assert!(bad.parse::<Beside>().is_err(), "{bad}");
        }
    }
}
