//! The npm packages of `package-lock.json`: wrangler, workerd, esbuild and wasm-opt; for checks of
//! the JavaScript prettier, TypeScript and the runtime's types; and for a test of the lab
//! Cloudflare's own client.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::checkout::Checkout;
use crate::process;

/// Below `node_modules`: the lock file that was installed. Its loss or a difference means: install
/// again.
const STAMP: &str = ".pointsman-installed-lock.json";

/// Below `node_modules`; exists only on Linux x64.
const WORKERD: &str = "@cloudflare/workerd-linux-64/bin/workerd";

/// Installs the packages of the checkout unless those of the present lock file are there.
pub(super) fn ensure(checkout: &Checkout) -> Result<()> {
    let is_new = install(checkout.root())?;
    if is_new && !checkout.node_modules().join(WORKERD).exists() {
        eprintln!("setup: this machine is not Linux x64: no demo and no end-to-end tests here");
    }
    Ok(())
}

/// Installs the packages of the lock file in `folder`, and tells whether there was something to do.
pub(crate) fn install(folder: &Path) -> Result<bool> {
    let lock =
        fs::read(folder.join("package-lock.json")).context("cannot read package-lock.json")?;
    let modules = folder.join("node_modules");
    let stamp = modules.join(STAMP);
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(false);
    }
    // `npm ci` would empty the folder that a link leads to, which may be another checkout's.
    ensure!(!modules.is_symlink(), "{} is a link: remove it and try again", modules.display());
    eprintln!("setup: installing the npm packages of package-lock.json");
    // No package needs its install script here: each finds its program without.
    process::prepare(process::command("npm", folder).args(["ci", "--ignore-scripts"]))
        .context("npm packages are missing; Node.js 20 or newer brings npm")?;
    // Last, so that an install which was interrupted is done again.
    fs::write(stamp, lock).context("cannot write into node_modules")?;
    Ok(true)
}

/// The path of a program in an installed package.
pub(super) fn program(checkout: &Checkout, path: &str) -> Result<PathBuf> {
    let program = checkout.node_modules().join(path);
    ensure!(program.exists(), "{path} is not in node_modules; delete that folder and try again");
    Ok(program)
}
