//! The npm packages of `package-lock.json`: wrangler, workerd, esbuild and wasm-opt; and for a test
//! of the lab, Cloudflare's own client and a TypeScript compiler.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::checkout::Checkout;
use crate::process;

/// Below `node_modules`: the lock file that was installed. Its loss or a difference means: install
/// again.
const STAMP: &str = ".pointsman-installed-lock.json";

/// Below `node_modules`; exists only on Linux x64.
const WORKERD: &str = "@cloudflare/workerd-linux-64/bin/workerd";

/// Installs the packages unless those of the present lock file are there.
pub(super) fn ensure(checkout: &Checkout) -> Result<()> {
    let lock = fs::read(checkout.root().join("package-lock.json"))
        .context("cannot read package-lock.json")?;
    let stamp = checkout.node_modules().join(STAMP);
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    eprintln!("setup: installing the npm packages of package-lock.json");
    process::run(process::command("npm", checkout.root()).arg("ci"))
        .context("npm packages are missing; Node.js 20 or newer brings npm")?;
    if !checkout.node_modules().join(WORKERD).exists() {
        eprintln!("setup: this machine is not Linux x64: no demo and no end-to-end tests here");
    }
    // Last, so that an install which was interrupted is done again.
    fs::write(stamp, lock).context("cannot write into node_modules")
}

/// The path of a program in an installed package.
pub(super) fn program(checkout: &Checkout, path: &str) -> Result<PathBuf> {
    let program = checkout.node_modules().join(path);
    ensure!(program.exists(), "{path} is not in node_modules; delete that folder and try again");
    Ok(program)
}
