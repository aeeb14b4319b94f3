//! What a request through the Worker costs, beside other proxies on the same runtime.
//!
//! Here the Workers are built, each by the tools that the product is built with; the lab measures
//! and prints.

mod workers;

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};
use clap::Args;

use crate::checkout::Checkout;
use crate::core_only::printed;
use crate::{bundle, process, setup};

/// The options of `cargo xtask bench proxy`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Puts the tables into docs/benchmarks.md
    #[arg(long)]
    pub(crate) write: bool,
    /// Prints one JSON document in place of the tables
    #[arg(long)]
    pub(crate) json: bool,
    /// Measures memory over 200,000 requests as well
    #[arg(long)]
    soak: bool,
    /// Measures these targets alone, separated by commas
    #[arg(long, value_name = "TARGETS")]
    only: Option<String>,
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

/// Builds all targets and measures; returns the tables.
pub(crate) fn measure(checkout: &Checkout, options: &Options) -> Result<String> {
    let tools = setup::run(checkout)?;
    bundle::unlimited(checkout, &tools)?;
    let wasm_gzip_bytes = bundle::weighed(checkout)?;
    let workers = workers::build(checkout, &tools)?;
    let mut cargo = process::command("cargo", checkout.root());
    cargo.args(["build", "--profile", "native", "--package", "pointsman-lab", "--bin", "lab"]);
    process::prepare(&mut cargo)?;
    let mut lab = process::command(checkout.target().join("native/lab"), checkout.root());
    lab.arg("proxies").arg("--workers").arg(workers);
    lab.args(["--rounds", &options.rounds.to_string()]);
    lab.args(["--seconds", &options.seconds.to_string()]);
    lab.args(["--wasm-gzip-bytes", &wasm_gzip_bytes.to_string()]);
    lab.arg("--json").arg(figures_file(checkout));
    for (option, chosen) in [("--only", &options.only), ("--cells", &options.cells)] {
        lab.args(chosen.iter().flat_map(|chosen| [option, chosen]));
    }
    if options.soak {
        lab.arg("--soak");
    }
    printed(lab.stderr(Stdio::inherit()))
}

/// The figures of the last measurement, as JSON.
pub(crate) fn figures(checkout: &Checkout) -> Result<String> {
    let file = figures_file(checkout);
    fs::read_to_string(&file).with_context(|| format!("no figures in {}", file.display()))
}

fn figures_file(checkout: &Checkout) -> PathBuf {
    workers::folder(checkout).join("figures.json")
}
