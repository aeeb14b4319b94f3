//! The standard library for another target, for the toolchain of `rust-toolchain.toml`.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::checkout::Checkout;
use crate::process;

/// Adds the target to the toolchain in use unless it has it.
pub(crate) fn ensure(checkout: &Checkout, target: &str) -> Result<()> {
    if is_installed(checkout, target)? {
        return Ok(());
    }
    eprintln!("setup: adding the target {target} to the Rust toolchain");
    process::prepare(process::command("rustup", checkout.root()).args(["target", "add", target]))
        .with_context(|| format!("the Rust toolchain needs the target {target}"))
}

/// Asks the compiler and not rustup, which is not how everyone installs Rust.
fn is_installed(checkout: &Checkout, target: &str) -> Result<bool> {
    let output = process::command("rustc", checkout.root())
        .args(["--print", "target-libdir", "--target", target])
        .output()
        .context("cannot start `rustc`")?;
    ensure!(output.status.success(), "`rustc` does not know the target {target}");
    Ok(Path::new(String::from_utf8(output.stdout)?.trim_end()).is_dir())
}
