//! From a fault until it is confirmed, beside other monitors: by the lab's program for that.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::checkout::Checkout;
use crate::core_only::printed;
use crate::{bundle, process, setup};

/// The options of `cargo xtask bench detection`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Puts the table into docs/benchmarks.md
    #[arg(long)]
    pub(crate) write: bool,
    /// Prints one JSON document in place of the table
    #[arg(long)]
    pub(crate) json: bool,
    /// All that follows goes to the lab's program: --phases, --parallel, --back
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

/// Builds the Worker, measures, and returns the table. Where `POINTSMAN_BUNDLE` names a built
/// Worker, that one is measured.
pub(crate) fn measure(checkout: &Checkout, options: &Options) -> Result<String> {
    let worker = built(checkout)?;
    let mut cargo = process::command("cargo", checkout.root());
    cargo.args(["run", "--quiet", "--example", "detection", "--"]);
    cargo.args(&options.words).arg("--json").arg(figures_file(checkout));
    let table = printed(cargo.env("POINTSMAN_BUNDLE", worker).stderr(Stdio::inherit()))?;
    ensure!(!table.is_empty(), "nothing was measured");
    Ok(table)
}

fn built(checkout: &Checkout) -> Result<OsString> {
    if let Some(named) = std::env::var_os("POINTSMAN_BUNDLE") {
        return Ok(named);
    }
    bundle::release(checkout, &setup::run(checkout)?)?;
    Ok(checkout.bundle().into())
}

/// The figures of the last measurement, as JSON.
pub(crate) fn figures(checkout: &Checkout) -> Result<String> {
    let file = figures_file(checkout);
    std::fs::read_to_string(&file).with_context(|| format!("no figures in {}", file.display()))
}

fn figures_file(checkout: &Checkout) -> PathBuf {
    checkout.target().join("detection.json")
}
