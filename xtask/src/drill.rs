//! Failovers of real databases, by the lab's program for them.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Result, ensure};
use clap::Args;

use crate::checkout::Checkout;
use crate::{bundle, process, setup};

/// What follows `--real` is for that program.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// With `PostgreSQL`, Redis and NATS of Debian's packages, which are fetched into a folder
    #[arg(long)]
    real: bool,
    /// Passed on as they are: `--runs N`, `--system NAME`, `--fault freeze|cut|kill`,
    /// `--json FILE`, `--parallel N`, `--decider worker|own`, `--fence power|none`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Builds the Worker, then plays the drills against it.
pub(crate) fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    ensure!(
        options.real,
        "say `--real`: there are no other drills here; `pointsman drill` has them"
    );
    let tools = setup::run(checkout)?;
    bundle::release(checkout, &tools)?;
    process::run(program(checkout).args(&options.arguments))
}

/// One run of each fault on `PostgreSQL`, with the Worker that is built. It fails where a row was
/// acknowledged on two primaries, or more was lost than the gate said.
pub(crate) fn once(checkout: &Checkout) -> Result<()> {
    process::run(program(checkout).args(["--system", "postgresql", "--parallel", "3"]))
}

fn program(checkout: &Checkout) -> Command {
    let mut cargo = process::command("cargo", checkout.root());
    cargo.args(["run", "--quiet", "--example", "real", "--"]);
    cargo.env("POINTSMAN_BUNDLE", checkout.bundle());
    cargo
}
