//! Puts our own entry before the shim that `worker-build` writes.
//!
//! The shim makes an object and two proxies for each request, which costs more than deciding it
//! (ADR-0010). `src/shell/entry.js` takes requests itself and leaves everything else to the shim.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Kind;
use crate::checkout::Checkout;
use crate::process;
use crate::setup::Tools;

/// Where the entries are.
const FOLDER: &str = "src/shell";
/// The entry of the whole Worker.
const ENTRY: &str = "src/shell/entry.js";
/// The entry of the Worker for requests alone.
const ENTRY_OF_EDGE: &str = "src/shell/entry_of_edge.js";

/// Every script of the shell, sorted: the entry may import any of them.
pub(super) fn sources(checkout: &Checkout) -> Result<Vec<PathBuf>> {
    let folder = checkout.root().join(FOLDER);
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {FOLDER}"))?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let is_script = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "js");
    let mut scripts: Vec<PathBuf> = paths.into_iter().filter(is_script).collect();
    scripts.sort();
    Ok(scripts)
}

/// Makes one script of entry and shim, under the name that the shim had.
pub(super) fn put_before(
    checkout: &Checkout,
    tools: &Tools,
    kind: Kind,
    bundle: &Path,
) -> Result<()> {
    let entry = if matches!(kind, Kind::Edge) { ENTRY_OF_EDGE } else { ENTRY };
    let (script, shim) = (bundle.join("index.js"), bundle.join("shim.js"));
    fs::rename(&script, &shim).with_context(|| format!("cannot move {}", script.display()))?;
    let mut command = process::command(&tools.esbuild, checkout.root());
    command
        .arg(entry)
        .args(["--bundle", "--minify", "--format=esm", "--log-level=warning"])
        .args([
            "--external:./index_bg.wasm",
            "--external:cloudflare:workers",
            "--external:cloudflare:sockets",
        ])
        .arg(format!("--alias:pointsman-shim={}", shim.display()))
        .arg(format!("--outfile={}", script.display()));
    process::run(&mut command)?;
    fs::remove_file(&shim).with_context(|| format!("cannot remove {}", shim.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_are_all_scripts_of_the_shell_and_the_entry_is_one_of_them() {
        let checkout = Checkout::locate().unwrap();
        let sources = sources(&checkout).unwrap();
        assert!([ENTRY, ENTRY_OF_EDGE].iter().all(|e| sources.contains(&checkout.root().join(e))));
        assert!(sources.contains(&checkout.root().join("src/shell/wire.js")));
        assert!(sources.iter().all(|source| source.extension().unwrap() == "js"));
    }
}
