//! Plays the demo of the lab against a fresh build.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};
use clap::Args;

use crate::checkout::Checkout;
use crate::{bundle, process, setup};

/// What follows `cargo xtask demo` is for the lab, `--help` included.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// Passed to the lab as they are
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Sets up, builds, then becomes the lab.
///
/// The process is replaced and not waited for: the lab's exit code and a Ctrl-C for the lab need no
/// code here.
pub(crate) fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    let tools = setup::run(checkout)?;
    bundle::release(checkout, &tools)?;
    let mut lab = process::command("cargo", checkout.root());
    lab.args(["run", "--package", "pointsman-lab", "--bin", "lab", "--", "demo"])
        .args(&options.arguments)
        .env("POINTSMAN_BUNDLE", checkout.bundle());
    let error = lab.exec();
    Err(error).with_context(|| format!("cannot start {}", process::shown(&lab)))
}
