//! Puts our own entry before the shim that `worker-build` writes.
//!
//! The shim makes an object and two proxies for each request, which costs more than deciding it
//! (ADR-0010). `src/shell/entry.js` takes requests itself and leaves everything else to the shim.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::checkout::Checkout;
use crate::process;
use crate::setup::Tools;

/// The entry, and what stands beside it.
pub(super) const SOURCES: [&str; 2] = ["src/shell/entry.js", "src/shell/carry.js"];

/// Makes one script of entry and shim, under the name that the shim had.
pub(super) fn put_before(checkout: &Checkout, tools: &Tools, bundle: &Path) -> Result<()> {
    let (script, shim) = (bundle.join("index.js"), bundle.join("shim.js"));
    fs::rename(&script, &shim).with_context(|| format!("cannot move {}", script.display()))?;
    let mut command = process::command(&tools.esbuild, checkout.root());
    command
        .arg(SOURCES[0])
        .args(["--bundle", "--minify", "--format=esm", "--log-level=warning"])
        .args(["--external:./index_bg.wasm", "--external:cloudflare:workers"])
        .arg(format!("--alias:pointsman-shim={}", shim.display()))
        .arg(format!("--outfile={}", script.display()));
    process::run(&mut command)?;
    fs::remove_file(&shim).with_context(|| format!("cannot remove {}", shim.display()))
}
