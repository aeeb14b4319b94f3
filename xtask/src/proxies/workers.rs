//! The Workers that are measured, each built into a folder of its name below the target folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::checkout::Checkout;
use crate::process;
use crate::setup::{Tools, packages};

/// Where the sources of the others are.
const SOURCES: &str = "bench/proxy";
/// Our Worker for requests alone.
pub(super) const EDGE: &str = "us_edge";
/// All targets of the lab; `direct` is the origin itself.
pub(super) const ALL: [&str; 7] =
    ["direct", "js_bare", "js_equal", "rust_bare", "reflare", "us", EDGE];
/// Those that are one script.
const SCRIPTS: [&str; 2] = ["js_bare", "js_equal"];
/// What a built Worker consists of.
const BUILT: [&str; 2] = ["index.js", "index_bg.wasm"];

/// The folder that holds the built Workers.
pub(super) fn folder(checkout: &Checkout) -> PathBuf {
    checkout.target().join("proxies")
}

/// Builds those of the others that are `wanted`, and copies ours, which must be built.
/// Returns the folder of all.
pub(super) fn build(checkout: &Checkout, tools: &Tools, wanted: &[String]) -> Result<PathBuf> {
    let (sources, built) = (checkout.root().join(SOURCES), folder(checkout));
    for name in SCRIPTS {
        copy(&sources.join(name), &built.join(name), &["index.js"])?;
    }
    take(&checkout.bundle(), &built.join("us"))?;
    let is_wanted = |name| wanted.iter().any(|wanted| wanted == name);
    if is_wanted(EDGE) {
        take(&checkout.edge_bundle(), &built.join(EDGE))?;
    }
    if is_wanted("rust_bare") {
        rust_bare(checkout, tools, &sources.join("rust_bare"), &built.join("rust_bare"))?;
    }
    if is_wanted("reflare") {
        reflare(tools, &sources.join("reflare"), &built)?;
    }
    Ok(built)
}

/// Copies a built Worker.
pub(super) fn take(from: &Path, to: &Path) -> Result<()> {
    copy(from, to, &BUILT)
}

/// By the programs that build the product. Cargo's files go where a change of the product does not
/// disturb them.
fn rust_bare(checkout: &Checkout, tools: &Tools, source: &Path, built: &Path) -> Result<()> {
    let mut command = process::command(&tools.worker_build, source);
    command
        .args(["--release", "--out-dir"])
        .arg(std::path::absolute(built)?)
        .args([".", "--", "--locked"])
        .env("CARGO_TARGET_DIR", std::path::absolute(checkout.target().join("proxies-cargo"))?)
        .env("WASM_BINDGEN_BIN", &tools.wasm_bindgen)
        .env("WASM_OPT_BIN", &tools.wasm_opt)
        .env("ESBUILD_BIN", &tools.esbuild);
    process::prepare(&mut command)
}

/// A package of npm, bundled with the script that uses it. Installed outside the checkout's own
/// packages, which nothing of it belongs to.
fn reflare(tools: &Tools, source: &Path, built: &Path) -> Result<()> {
    let installed = built.join("reflare-packages");
    copy(source, &installed, &["index.js", "package.json", "package-lock.json"])?;
    packages::install(&installed)?;
    let mut esbuild = process::command(&tools.esbuild, &installed);
    esbuild.args(["index.js", "--bundle", "--format=esm", "--log-level=warning"]);
    esbuild.arg(format!(
        "--outfile={}",
        std::path::absolute(built)?.join("reflare/index.js").display()
    ));
    process::prepare(&mut esbuild)
}

fn copy(from: &Path, to: &Path, files: &[&str]) -> Result<()> {
    fs::create_dir_all(to)?;
    for file in files {
        let source = from.join(file);
        fs::copy(&source, to.join(file))
            .with_context(|| format!("cannot copy {}", source.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::tools::locked_version;

    #[test]
    fn the_other_rust_worker_has_the_wasm_bindgen_that_the_product_has() {
        let checkout = Checkout::locate().unwrap();
        let version = |lock: &str| {
            let lock = fs::read_to_string(checkout.root().join(lock)).unwrap();
            locked_version(&lock, "wasm-bindgen").unwrap().to_owned()
        };
        assert_eq!(version("bench/proxy/rust_bare/Cargo.lock"), version("Cargo.lock"));
    }
}
