//! The standard library for wasm, for the toolchain of `rust-toolchain.toml`.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::checkout::Checkout;
use crate::process;

const TARGET: &str = "wasm32-unknown-unknown";

/// Adds the target to the toolchain in use unless it has it.
pub(super) fn ensure(checkout: &Checkout) -> Result<()> {
    if is_installed(checkout)? {
        return Ok(());
    }
    eprintln!("setup: adding the target {TARGET} to the Rust toolchain");
    process::prepare(process::command("rustup", checkout.root()).args(["target", "add", TARGET]))
        .with_context(|| format!("the Rust toolchain needs the target {TARGET}"))
}

/// Asks the compiler and not rustup, which is not how everyone installs Rust.
fn is_installed(checkout: &Checkout) -> Result<bool> {
    let output = process::command("rustc", checkout.root())
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("cannot start `rustc`")?;
    ensure!(output.status.success(), "`rustc` does not know the target {TARGET}");
    Ok(Path::new(String::from_utf8(output.stdout)?.trim_end()).is_dir())
}
