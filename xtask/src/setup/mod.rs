//! Installs what a fresh checkout lacks, and is silent when it lacks nothing.
//!
//! Three things: the standard library for wasm ([`rust_target`]), the npm packages ([`packages`])
//! and two programs from crates ([`tools`]). All of them are pinned, and each is looked for where
//! this project puts it and nowhere else: a `wasm-bindgen` of another version on the `PATH` writes
//! glue that does not fit the wasm. Two runs at the same time take turns, as `wrangler dev` starts
//! a build whenever a file changes.

pub(crate) mod node;
pub(crate) mod packages;
pub(crate) mod rust_target;
pub(crate) mod tools;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::checkout::{self, Checkout};

/// What the Worker is compiled for.
const WASM: &str = "wasm32-unknown-unknown";

/// The programs that a build needs, each known to exist.
#[derive(Debug)]
pub(crate) struct Tools {
    /// Builds the crate for wasm and bundles it with its JavaScript.
    pub(crate) worker_build: PathBuf,
    /// Writes the JavaScript glue; of the same version as the crate in `Cargo.lock`.
    pub(crate) wasm_bindgen: PathBuf,
    /// Makes the wasm smaller.
    pub(crate) wasm_opt: PathBuf,
    /// Puts glue and shim into one file.
    pub(crate) esbuild: PathBuf,
    /// Formats JavaScript; here only asked whether something is not formatted.
    pub(crate) prettier: PathBuf,
    /// Checks the types of JavaScript.
    pub(crate) tsc: PathBuf,
    /// Deploys; here only asked what it would do. A script for the Node.js of [`node`].
    pub(crate) wrangler: PathBuf,
}

/// Installs what is missing and returns where the programs are.
pub(crate) fn run(checkout: &Checkout) -> Result<Tools> {
    let cache = checkout::cache()?;
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let _turn = take_turn(&cache.join("setup.lock"))?;
    rust_target::ensure(checkout, WASM)?;
    packages::ensure(checkout)?;
    let tools = cache.join("tools");
    Ok(Tools {
        worker_build: tools::worker_build(checkout, &tools)?,
        wasm_bindgen: tools::wasm_bindgen(checkout, &tools)?,
        wasm_opt: packages::program(checkout, "binaryen/bin/wasm-opt")?,
        esbuild: packages::program(checkout, "esbuild/bin/esbuild")?,
        prettier: packages::program(checkout, "prettier/bin/prettier.cjs")?,
        tsc: packages::program(checkout, "typescript/bin/tsc")?,
        wrangler: packages::program(checkout, "wrangler/bin/wrangler.js")?,
    })
}

/// Holds the lock until the file is dropped. The system frees it when a process dies, so it is
/// never left behind.
fn take_turn(path: &Path) -> Result<File> {
    let file = File::create(path).with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            eprintln!("setup: waiting for another one to finish");
            file.lock()?;
        }
        outcome => outcome?,
    }
    Ok(file)
}
